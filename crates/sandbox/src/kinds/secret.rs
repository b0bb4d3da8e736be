//! Secrets Manager: secrets, their versions and labels, and the recovery window in which a deleted one keeps its name.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use aws_sdk_secretsmanager::operation::create_secret::{CreateSecretInput, CreateSecretOutput};
use aws_sdk_secretsmanager::operation::delete_secret::{DeleteSecretInput, DeleteSecretOutput};
use aws_sdk_secretsmanager::operation::describe_secret::{DescribeSecretInput, DescribeSecretOutput};
use aws_sdk_secretsmanager::operation::list_secrets::{ListSecretsInput, ListSecretsOutput};
use aws_sdk_secretsmanager::operation::restore_secret::{RestoreSecretInput, RestoreSecretOutput};
use aws_sdk_secretsmanager::operation::tag_resource::{TagResourceInput, TagResourceOutput};
use aws_sdk_secretsmanager::operation::untag_resource::{UntagResourceInput, UntagResourceOutput};
use aws_sdk_secretsmanager::operation::update_secret::{UpdateSecretInput, UpdateSecretOutput};
use aws_sdk_secretsmanager::types::{FilterNameStringType, SecretListEntry, Tag};
use aws_smithy_types::DateTime;
use serde::{Deserialize, Serialize};

use super::secret_value;
use crate::cloud::{At, Table};
use crate::fate::{Answer, Refusal, refuse};
use crate::handlers::Handlers;
use crate::paging::{page, put_tag};

const DAY_MS: u64 = 86_400_000;

/// One secret, by its name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) arn: String,
    pub(crate) description: Option<String>,
    pub(crate) kms_key: Option<String>,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) versions: Table<Version>,
    pub(crate) created_ms: u64,
    /// When it will be gone for good, if it was deleted.
    pub(crate) gone_ms: Option<u64>,
}

/// One version of a secret's value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Version {
    pub(crate) value: Guarded,
    pub(crate) labels: BTreeSet<String>,
}

/// A secret value: it stands in the simulated AWS's own file, as in AWS, and shows itself nowhere else.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Guarded(pub(crate) String);

impl fmt::Debug for Guarded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}

impl Row {
    /// The version that bears a label.
    pub(crate) fn labelled(&self, label: &str) -> Option<(&String, &Version)> {
        self.versions.iter().find(|(_, version)| version.labels.contains(label))
    }

    /// What `bbws sandbox show` says of it beside its name.
    pub(crate) fn about(&self) -> &'static str {
        if self.gone_ms.is_some() { " (in its recovery window)" } else { "" }
    }
}

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(create_secret)
        .on(describe_secret)
        .on(list_secrets)
        .on(update_secret)
        .on(tag_resource)
        .on(untag_resource)
        .on(delete_secret)
        .on(restore_secret)
        .tick(|at| {
            let now = at.now_ms;
            at.here().secrets.retain(|_, row| row.gone_ms.is_none_or(|gone| now < gone));
        })
}

pub(crate) fn absent() -> Refusal {
    refuse(400, "ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
}

pub(crate) fn invalid(text: &str) -> Refusal {
    refuse(400, "InvalidParameterException", text)
}

/// The secret of this name or ARN, deleted or not.
pub(crate) fn the<'a>(at: &'a mut At<'_>, id: Option<&str>) -> Answer<(String, &'a mut Row)> {
    let id = id.unwrap_or_default();
    let here = at.here();
    let name =
        here.secrets.iter().find(|(name, row)| name.as_str() == id || row.arn == id).map(|(name, _)| name.clone()).ok_or_else(absent)?;
    let row = here.secrets.get_mut(&name).ok_or_else(absent)?;
    Ok((name, row))
}

/// The same, for calls that a deleted secret refuses.
pub(crate) fn the_living<'a>(at: &'a mut At<'_>, id: Option<&str>) -> Answer<(String, &'a mut Row)> {
    let (name, row) = the(at, id)?;
    if row.gone_ms.is_some() {
        let text = "You can't perform this operation on the secret because it was marked for deletion.";
        return Err(refuse(400, "InvalidRequestException", text));
    }
    Ok((name, row))
}

/// A token names a version: 32 to 64 characters.
pub(crate) fn token(given: Option<&str>) -> Answer<String> {
    let token = given.ok_or_else(|| invalid("You must provide a ClientRequestToken value."))?;
    if (32..=64).contains(&token.len()) { Ok(token.to_owned()) } else { Err(invalid("ClientRequestToken must be 32-64 characters long.")) }
}

pub(crate) fn time(ms: u64) -> DateTime {
    DateTime::from_millis(i64::try_from(ms).unwrap_or(i64::MAX))
}

fn create_secret(at: &mut At<'_>, input: &CreateSecretInput) -> Answer<CreateSecretOutput> {
    let name = input.name().unwrap_or_default();
    let allowed = |c: char| c.is_ascii_alphanumeric() || "/_+=.@-".contains(c);
    if name.is_empty() || name.len() > 512 || !name.chars().all(allowed) {
        return Err(invalid("Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!"));
    }
    if input.secret_binary().is_some() || !input.add_replica_regions().is_empty() {
        return Err(refuse(400, "InvalidRequestException", "sandbox: binary values and replicas are not simulated"));
    }
    let token = token(input.client_request_token())?;
    match at.here().secrets.get(name) {
        Some(row) if row.gone_ms.is_some() => {
            let text = "You can't create this secret because a secret with this name is already scheduled for deletion.";
            return Err(refuse(400, "InvalidRequestException", text));
        }
        Some(_) => {
            return Err(refuse(400, "ResourceExistsException", format!("The operation failed because the secret {name} already exists.")));
        }
        None => {}
    }
    let mut tags = BTreeMap::new();
    for tag in input.tags() {
        put_tag(&mut tags, tag.key().unwrap_or_default(), tag.value().unwrap_or_default()).map_err(|refusal| invalid(&refusal.message))?;
    }
    // A later secret of the same name gets other characters behind it.
    let tail = at.hex(6);
    let arn = at.arn("secretsmanager", &format!("secret:{name}-{tail}"));
    let mut row = Row {
        arn: arn.clone(),
        description: input.description().map(str::to_owned),
        kms_key: input.kms_key_id().map(str::to_owned),
        tags,
        versions: Table::new(),
        created_ms: at.now_ms,
        gone_ms: None,
    };
    let mut version_id = None;
    if let Some(value) = input.secret_string() {
        secret_value::put(&mut row, &token, value, &["AWSCURRENT".to_owned()])?;
        version_id = Some(token);
    }
    at.here().secrets.insert(name.to_owned(), row);
    Ok(CreateSecretOutput::builder().arn(arn).name(name).set_version_id(version_id).build())
}

fn as_tags(tags: &BTreeMap<String, String>) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

fn describe_secret(at: &mut At<'_>, input: &DescribeSecretInput) -> Answer<DescribeSecretOutput> {
    let (name, row) = the(at, input.secret_id())?;
    let labelled = row.versions.iter().filter(|(_, version)| !version.labels.is_empty());
    let versions = labelled.map(|(id, version)| (id.clone(), version.labels.iter().cloned().collect())).collect();
    Ok(DescribeSecretOutput::builder()
        .arn(&row.arn)
        .name(name)
        .set_description(row.description.clone())
        .set_kms_key_id(row.kms_key.clone())
        .set_tags(Some(as_tags(&row.tags)))
        .set_version_ids_to_stages(Some(versions))
        .created_date(time(row.created_ms))
        .set_deleted_date(row.gone_ms.map(time))
        .build())
}

fn list_secrets(at: &mut At<'_>, input: &ListSecretsInput) -> Answer<ListSecretsOutput> {
    let size = input.max_results().unwrap_or(100);
    if !(1..=100).contains(&size) {
        return Err(invalid("Invalid MaxResults. Must be a value from 1 to 100."));
    }
    let mut found = vec![];
    for (name, row) in &at.here().secrets {
        if row.gone_ms.is_some() && input.include_planned_deletion() != Some(true) {
            continue;
        }
        let mut holds = true;
        for filter in input.filters() {
            let have: Vec<&String> = match filter.key().map(FilterNameStringType::as_str) {
                Some("name") => vec![name],
                Some("description") => row.description.iter().collect(),
                Some("tag-key") => row.tags.keys().collect(),
                Some("tag-value") => row.tags.values().collect(),
                other => return Err(invalid(&format!("sandbox: the filter {} is not simulated", other.unwrap_or("without a key")))),
            };
            // All these filters look at the beginning; one with `!` before it excludes.
            if filter.values().iter().any(|value| value.starts_with('!')) {
                return Err(invalid("sandbox: filters that exclude are not simulated"));
            }
            holds &= filter.values().iter().any(|value| have.iter().any(|have| have.starts_with(value.as_str())));
        }
        if holds {
            let entry = SecretListEntry::builder().arn(&row.arn).name(name).set_description(row.description.clone());
            found.push(entry.set_tags(Some(as_tags(&row.tags))).set_deleted_date(row.gone_ms.map(time)).build());
        }
    }
    let (secrets, next) = page(found, usize::try_from(size).ok(), input.next_token())?;
    Ok(ListSecretsOutput::builder().set_secret_list(Some(secrets)).set_next_token(next).build())
}

fn update_secret(at: &mut At<'_>, input: &UpdateSecretInput) -> Answer<UpdateSecretOutput> {
    if input.secret_string().is_some() || input.secret_binary().is_some() {
        return Err(refuse(400, "InvalidRequestException", "sandbox: a value in UpdateSecret is not simulated"));
    }
    let (name, row) = the_living(at, input.secret_id())?;
    let kept = |given: Option<&str>, have: &mut Option<String>| {
        if let Some(text) = given {
            *have = (!text.is_empty()).then(|| text.to_owned());
        }
    };
    kept(input.description(), &mut row.description);
    kept(input.kms_key_id(), &mut row.kms_key);
    Ok(UpdateSecretOutput::builder().arn(&row.arn).name(name).build())
}

fn tag_resource(at: &mut At<'_>, input: &TagResourceInput) -> Answer<TagResourceOutput> {
    let (_, row) = the_living(at, input.secret_id())?;
    for tag in input.tags() {
        put_tag(&mut row.tags, tag.key().unwrap_or_default(), tag.value().unwrap_or_default())
            .map_err(|refusal| invalid(&refusal.message))?;
    }
    Ok(TagResourceOutput::builder().build())
}

fn untag_resource(at: &mut At<'_>, input: &UntagResourceInput) -> Answer<UntagResourceOutput> {
    let (_, row) = the_living(at, input.secret_id())?;
    for key in input.tag_keys() {
        row.tags.remove(key);
    }
    Ok(UntagResourceOutput::builder().build())
}

fn delete_secret(at: &mut At<'_>, input: &DeleteSecretInput) -> Answer<DeleteSecretOutput> {
    if input.force_delete_without_recovery() == Some(true) {
        return Err(refuse(400, "InvalidRequestException", "sandbox: ForceDeleteWithoutRecovery is not simulated"));
    }
    let days = input.recovery_window_in_days().unwrap_or(30);
    let window = u64::try_from(days).ok().filter(|days| (7..=30).contains(days));
    let window = window.ok_or_else(|| invalid("The RecoveryWindowInDays value must be between 7 and 30 days (inclusive)."))?;
    let now = at.now_ms;
    let (name, row) = the_living(at, input.secret_id())?;
    // A window is days of the calendar, however fast the sandbox plays AWS's own work.
    let gone = now + window * DAY_MS;
    row.gone_ms = Some(gone);
    Ok(DeleteSecretOutput::builder().arn(&row.arn).name(name).deletion_date(time(gone)).build())
}

fn restore_secret(at: &mut At<'_>, input: &RestoreSecretInput) -> Answer<RestoreSecretOutput> {
    let (name, row) = the(at, input.secret_id())?;
    row.gone_ms = None;
    Ok(RestoreSecretOutput::builder().arn(&row.arn).name(name).build())
}

//! The driver of `secret`. AWS knows a secret by its name until it is deleted, and by its ARN for ever.
//!
//! The container is made without a value; the first update puts the generated one in. Its version's id follows from the
//! secret's ARN alone, so that AWS itself refuses a second first value: whatever is lost or repeated, credentials are
//! generated once.

use std::sync::Arc;

use aws_sdk_secretsmanager::operation::describe_secret::DescribeSecretOutput;
use aws_sdk_secretsmanager::types::Tag;
use bbws_engine::{Attempt, Created, Driver, Progress, Reading, Sight, read_tags};
use bbws_kinds::{Secret, SecretOutputs, SecretSpec};
use bbws_model::{Arn, Class, CloudError, Digest, Locate, Name, Observed, Ownership, Phase, Secret as Hidden, Tags};
use futures::future::join_all;
use serde::Serialize;

use super::ec2::told;
use crate::{Aws, Clients, Told};

/// The label of the version with the generated credentials. A labelled version is never cleared away.
const CREDENTIALS: &str = "bbws-credentials";
/// The label that AWS gives to the version in force.
pub(crate) const CURRENT: &str = "AWSCURRENT";
/// Characters that RDS takes in no password, and some that a URL, a shell or a DSN would trip over.
const AWKWARD: &str = "/@\"'\\ :%#?&+$`";
/// RDS takes 41 characters at most.
const PASSWORD_LENGTH: i64 = 40;

impl Driver<Secret> for Aws {
    async fn observe(&self, at: &[Locate<Secret>], reading: &Reading) -> Vec<Sight<Secret>> {
        join_all(at.iter().map(|place| self.secret(place, reading))).await
    }

    async fn create(&self, want: &SecretSpec, attempt: &Attempt) -> Result<Created, CloudError> {
        // One of ours in its recovery window still has the name: it comes back, with its value and under its ARN.
        if let Some(kept) = describe(&self.read, &want.name).await?
            && kept.deleted_date().is_some()
            && is_of(&marks(kept.tags()).1, &attempt.owner)
        {
            let arn = told("secretsmanager:DescribeSecret", "ARN", kept.arn())?;
            self.write.secrets.restore_secret().secret_id(arn).send().await.told("secretsmanager:RestoreSecret")?;
            return Ok(Created { id: arn.into() });
        }
        const OPERATION: &str = "secretsmanager:CreateSecret";
        let tags = as_tags(attempt.tagged(&want.tags));
        let create = self.write.secrets.create_secret().name(&want.name).client_request_token(&attempt.token).set_tags(Some(tags));
        let description = (!want.description.is_empty()).then(|| want.description.clone());
        let answer = create.set_description(description).set_kms_key_id(want.kms_key.clone()).send().await.told(OPERATION)?;
        Ok(Created { id: told(OPERATION, "ARN", answer.arn)?.into() })
    }

    async fn update(&self, seen: &Observed<Secret>, want: &SecretSpec, attempt: &Attempt) -> Result<Progress, CloudError> {
        let (arn, have) = (seen.id.as_str(), &seen.spec);
        if want.generate && !have.generate {
            return self.put_first_value(arn, &want.username).await;
        }
        if (&have.description, &have.kms_key) != (&want.description, &want.kms_key) {
            // An empty key means the account's own.
            let key = want.kms_key.clone().unwrap_or_default();
            let update = self.write.secrets.update_secret().secret_id(arn).description(&want.description).kms_key_id(key);
            update.send().await.told("secretsmanager:UpdateSecret")?;
            return Ok(Progress::Sent);
        }
        let missing = attempt.missing(&have.tags, seen.owner.as_ref(), &want.tags);
        if !missing.is_empty() {
            let tag = self.write.secrets.tag_resource().secret_id(arn).set_tags(Some(as_tags(missing)));
            tag.send().await.told("secretsmanager:TagResource")?;
            return Ok(Progress::Sent);
        }
        let extra = Attempt::extra(&have.tags, &want.tags);
        if extra.is_empty() {
            return Ok(Progress::Nothing);
        }
        self.write.secrets.untag_resource().secret_id(arn).set_tag_keys(Some(extra)).send().await.told("secretsmanager:UntagResource")?;
        Ok(Progress::Sent)
    }

    async fn delete(&self, seen: &Observed<Secret>, _: &Attempt) -> Result<Progress, CloudError> {
        let days = i64::from(seen.spec.recovery_window_days);
        let delete = self.write.secrets.delete_secret().secret_id(seen.id.as_str()).recovery_window_in_days(days);
        delete.send().await.told("secretsmanager:DeleteSecret")?;
        Ok(Progress::Sent)
    }
}

/// Credentials on their way to Secrets Manager.
#[derive(Serialize)]
struct Credentials<'a> {
    username: &'a str,
    password: &'a str,
}

impl Aws {
    /// The description of the secret of this ARN or name, shared by all who ask. It never holds the value.
    pub(crate) async fn described_secret(&self, id: &str, reading: &Reading) -> Result<Arc<Option<DescribeSecretOutput>>, CloudError> {
        let ask = || async { describe(&self.read, id).await.map(|answer| (answer, 1)) };
        reading.once(format!("secretsmanager:DescribeSecret {id}"), ask()).await
    }

    async fn secret(&self, place: &Locate<Secret>, reading: &Reading) -> Sight<Secret> {
        const OPERATION: &str = "secretsmanager:DescribeSecret";
        let id = place.id.as_ref().map_or(place.spec.name.as_str(), |id| id.as_str());
        let described = self.described_secret(id, reading).await?;
        let Some(raw) = described.as_ref() else { return Ok(None) };
        let (tags, owner) = marks(raw.tags());
        // A deleted secret stays for its recovery window. Ours is gone all the same: `create` brings it back. Of
        // somebody else's it has to be known that it still holds the name.
        let leaving = raw.deleted_date().is_some();
        let ours = owner.as_ref().is_some_and(|o| o.lineage == place.lineage && o.address == place.address);
        if leaving && (place.id.is_some() || ours) {
            return Ok(None);
        }
        let (arn, name) = (told(OPERATION, "ARN", raw.arn())?, told(OPERATION, "Name", raw.name())?);
        let current = version_labelled(raw, CURRENT);
        Ok(Some(Observed {
            id: arn.into(),
            spec: SecretSpec {
                name: name.to_owned(),
                description: raw.description().unwrap_or_default().to_owned(),
                kms_key: raw.kms_key_id().filter(|key| *key != "alias/aws/secretsmanager").map(str::to_owned),
                generate: current.is_some(),
                // AWS shows neither with the secret.
                username: place.spec.username.clone(),
                recovery_window_days: place.spec.recovery_window_days,
                tags,
            },
            outputs: SecretOutputs {
                arn: Arn::new(arn),
                name: Name::new(name),
                version_id: version_labelled(raw, CREDENTIALS).or(current).map(str::to_owned),
            },
            phase: if leaving { Phase::Leaving } else { Phase::Ready },
            owner,
        }))
    }

    /// Puts generated credentials into a secret that has no value.
    async fn put_first_value(&self, arn: &str, username: &str) -> Result<Progress, CloudError> {
        const GENERATE: &str = "secretsmanager:GetRandomPassword";
        let ask = self.read.secrets.get_random_password().password_length(PASSWORD_LENGTH).exclude_characters(AWKWARD);
        let answer = ask.require_each_included_type(true).send().await.told(GENERATE)?;
        let password = Hidden::new(told(GENERATE, "RandomPassword", answer.random_password)?);
        const OPERATION: &str = "secretsmanager:PutSecretValue";
        let unwritten = |_| CloudError::own(OPERATION, Class::Invalid, "the credentials cannot be written as JSON");
        let value = Hidden::new(serde_json::to_string(&Credentials { username, password: password.reveal() }).map_err(unwritten)?);
        let put = self.write.secrets.put_secret_value().secret_id(arn).client_request_token(first_version(arn));
        let put = put.secret_string(value.reveal()).version_stages(CURRENT).version_stages(CREDENTIALS);
        match put.send().await.told(OPERATION) {
            Ok(_) => Ok(Progress::Sent),
            // The first value is there already; it only was not to be seen yet.
            Err(error) if error.class == Class::Exists => Ok(Progress::Nothing),
            Err(error) => Err(error),
        }
    }
}

/// The id of a secret's first version.
fn first_version(arn: &str) -> String {
    let mut digest = Digest::of(arn.as_bytes()).0;
    digest.truncate(32);
    digest
}

async fn describe(read: &Clients, id: &str) -> Result<Option<DescribeSecretOutput>, CloudError> {
    match read.secrets.describe_secret().secret_id(id).send().await.told("secretsmanager:DescribeSecret") {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.class == Class::Absent => Ok(None),
        Err(error) => Err(error),
    }
}

/// The user's tags of a secret, and our mark.
pub(crate) fn marks(tags: &[Tag]) -> (Tags, Option<Ownership>) {
    read_tags(tags.iter().filter_map(|tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned()))))
}

fn is_of(owner: &Option<Ownership>, ours: &Ownership) -> bool {
    owner.as_ref().is_some_and(|o| o.lineage == ours.lineage && o.address == ours.address)
}

/// The version that bears a label.
pub(crate) fn version_labelled<'a>(raw: &'a DescribeSecretOutput, label: &str) -> Option<&'a str> {
    let versions = raw.version_ids_to_stages()?;
    versions.iter().find(|(_, labels)| labels.iter().any(|l| l == label)).map(|(id, _)| id.as_str())
}

fn as_tags(tags: std::collections::BTreeMap<String, String>) -> Vec<Tag> {
    tags.into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

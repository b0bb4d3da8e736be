//! What the ECS kinds share: how ECS refuses, and tags of things of any sort.

use std::collections::BTreeMap;

use aws_sdk_ecs::operation::tag_resource::{TagResourceInput, TagResourceOutput};
use aws_sdk_ecs::operation::untag_resource::{UntagResourceInput, UntagResourceOutput};
use aws_sdk_ecs::types::Tag;
use aws_smithy_types::DateTime;

use super::ecs_cluster::Status;
use crate::cloud::At;
use crate::fate::{Answer, Refusal, refuse};
use crate::handlers::Handlers;
use crate::paging::put_tag;

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(tag_resource).on(untag_resource)
}

pub(crate) fn client(message: impl Into<String>) -> Refusal {
    refuse(400, "ClientException", message)
}

pub(crate) fn invalid(message: impl Into<String>) -> Refusal {
    refuse(400, "InvalidParameterException", message)
}

/// Something that AWS has and the sandbox has not.
pub(crate) fn unless_simulated(given: bool, what: &str) -> Answer<()> {
    if given { Err(client(format!("sandbox: {what} is not simulated"))) } else { Ok(()) }
}

pub(crate) fn moment(ms: u64) -> DateTime {
    DateTime::from_millis(i64::try_from(ms).unwrap_or(i64::MAX))
}

/// Whether ECS takes this as the name of a cluster, a family or a container.
pub(crate) fn is_name(name: &str) -> bool {
    (1..=255).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

/// The page size of a list: 1 to 100.
pub(crate) fn size(asked: Option<i32>, otherwise: usize) -> Answer<Option<usize>> {
    match asked {
        None => Ok(Some(otherwise)),
        Some(n) if (1..=100).contains(&n) => Ok(usize::try_from(n).ok()),
        Some(n) => Err(invalid(format!("Invalid maxResults: {n}. It must be between 1 and 100."))),
    }
}

/// Sets tags as ECS takes them.
pub(crate) fn set_tags(row: &mut BTreeMap<String, String>, tags: &[Tag]) -> Answer<()> {
    for tag in tags {
        let (key, value) = (tag.key().unwrap_or_default(), tag.value().unwrap_or_default());
        let allowed = |text: &str| text.chars().all(|c| c.is_alphanumeric() || c.is_whitespace() || "+-=._:/@".contains(c));
        if !allowed(key) || !allowed(value) {
            return Err(invalid(format!("The tag {key} holds characters that ECS does not take.")));
        }
        put_tag(row, key, value).map_err(|refusal| invalid(refusal.message))?;
    }
    Ok(())
}

/// Tags as ECS answers them.
pub(crate) fn as_tags(tags: &BTreeMap<String, String>) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// The tags of whatever has this ARN.
fn tags_of<'a>(at: &'a mut At<'_>, arn: Option<&str>) -> Answer<&'a mut BTreeMap<String, String>> {
    let arn = arn.unwrap_or_default();
    let prefix = at.arn("ecs", "");
    let rest = arn.strip_prefix(&prefix).ok_or_else(|| invalid(format!("Invalid identifier: {arn}")))?;
    let here = at.here();
    match rest.split_once('/') {
        Some(("cluster", name)) => {
            let row = here.clusters.get_mut(name).filter(|row| row.status != Status::Inactive);
            row.map(|row| &mut row.tags).ok_or_else(|| refuse(400, "ClusterNotFoundException", "Cluster not found."))
        }
        Some(("task-definition", name)) => {
            let row = here.task_definitions.get_mut(name);
            let row = row.ok_or_else(|| invalid("The specified task definition does not exist. Specify a valid task definition ARN."))?;
            if row.deregistered_ms.is_some() {
                return Err(invalid("The specified task definition is inactive. Specify an active task definition and try again."));
            }
            Ok(&mut row.tags)
        }
        _ => Err(invalid(format!("sandbox: tags of {arn} are not simulated"))),
    }
}

fn tag_resource(at: &mut At<'_>, input: &TagResourceInput) -> Answer<TagResourceOutput> {
    set_tags(tags_of(at, input.resource_arn())?, input.tags())?;
    Ok(TagResourceOutput::builder().build())
}

fn untag_resource(at: &mut At<'_>, input: &UntagResourceInput) -> Answer<UntagResourceOutput> {
    let tags = tags_of(at, input.resource_arn())?;
    for key in input.tag_keys() {
        tags.remove(key);
    }
    Ok(UntagResourceOutput::builder().build())
}

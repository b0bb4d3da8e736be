//! CloudWatch Logs groups.

use std::collections::BTreeMap;

use aws_sdk_cloudwatchlogs::operation::create_log_group::{CreateLogGroupInput, CreateLogGroupOutput};
use aws_sdk_cloudwatchlogs::operation::delete_log_group::{DeleteLogGroupInput, DeleteLogGroupOutput};
use aws_sdk_cloudwatchlogs::operation::delete_retention_policy::{DeleteRetentionPolicyInput, DeleteRetentionPolicyOutput};
use aws_sdk_cloudwatchlogs::operation::describe_log_groups::{DescribeLogGroupsInput, DescribeLogGroupsOutput};
use aws_sdk_cloudwatchlogs::operation::list_tags_for_resource::{ListTagsForResourceInput, ListTagsForResourceOutput};
use aws_sdk_cloudwatchlogs::operation::put_retention_policy::{PutRetentionPolicyInput, PutRetentionPolicyOutput};
use aws_sdk_cloudwatchlogs::operation::tag_resource::{TagResourceInput, TagResourceOutput};
use aws_sdk_cloudwatchlogs::operation::untag_resource::{UntagResourceInput, UntagResourceOutput};
use aws_sdk_cloudwatchlogs::types::LogGroup;
use bbws_kinds::RETENTION_DAYS;
use serde::{Deserialize, Serialize};

use super::log_stream;
use crate::cloud::{At, Cloud};
use crate::fate::{Answer, refuse};
use crate::handlers::Handlers;
use crate::paging::{page, put_tag};

/// One log group.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) retention_days: Option<i32>,
    pub(crate) tags: BTreeMap<String, String>,
    /// What was written to it, by stream.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) streams: BTreeMap<String, Vec<log_stream::Row>>,
}

impl Cloud {
    /// Sees to it that an account has a log group of this name.
    pub fn ensure_log_group(&mut self, account: &str, region: &str, name: &str) {
        let here = self.accounts.entry(account.to_owned()).or_default().regions.entry(region.to_owned()).or_default();
        here.log_groups.entry(name.to_owned()).or_default();
    }
}

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(create_log_group)
        .on(describe_log_groups)
        .on(put_retention_policy)
        .on(delete_retention_policy)
        .on(list_tags)
        .on(tag_resource)
        .on(untag_resource)
        .on(delete_log_group)
}

pub(super) fn the<'a>(at: &'a mut At<'_>, name: Option<&str>) -> Answer<&'a mut Row> {
    let gone = refuse(400, "ResourceNotFoundException", "The specified log group does not exist.");
    at.here().log_groups.get_mut(name.unwrap_or_default()).ok_or(gone)
}

/// The tags of a group or of a part of a delivery. The tag calls take the ARN of a group without `:*`.
fn tags_of<'a>(at: &'a mut At<'_>, arn: Option<&str>) -> Answer<&'a mut BTreeMap<String, String>> {
    let prefix = at.arn("logs", "");
    let (sort, name) = arn.and_then(|arn| arn.strip_prefix(&prefix)?.split_once(':')).unwrap_or_default();
    let gone = || refuse(400, "ResourceNotFoundException", "The specified resource does not exist.");
    if sort == "log-group" && !name.ends_with(":*") {
        return the(at, Some(name)).map(|row| &mut row.tags);
    }
    let here = at.here();
    match sort {
        "delivery" => here.deliveries.get_mut(name).map(|row| &mut row.tags).ok_or_else(gone),
        "delivery-destination" => here.delivery_destinations.get_mut(name).map(|row| &mut row.tags).ok_or_else(gone),
        "delivery-source" => here.delivery_sources.get_mut(name).map(|row| &mut row.tags).ok_or_else(gone),
        _ => Err(refuse(400, "InvalidParameterException", format!("Invalid resourceArn: {}", arn.unwrap_or_default()))),
    }
}

fn create_log_group(at: &mut At<'_>, input: &CreateLogGroupInput) -> Answer<CreateLogGroupOutput> {
    let name = input.log_group_name().unwrap_or_default();
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_-/.#".contains(c);
    if name.is_empty() || name.len() > 512 || !name.chars().all(allowed) {
        return Err(refuse(
            400,
            "InvalidParameterException",
            format!("1 validation error detected: Value '{name}' at 'logGroupName' failed to satisfy constraint"),
        ));
    }
    if at.here().log_groups.contains_key(name) {
        return Err(refuse(400, "ResourceAlreadyExistsException", "The specified log group already exists"));
    }
    let mut tags = BTreeMap::new();
    for (key, value) in input.tags().into_iter().flatten() {
        put_tag(&mut tags, key, value)?;
    }
    at.here().log_groups.insert(name.to_owned(), Row { tags, ..Row::default() });
    Ok(CreateLogGroupOutput::builder().build())
}

fn describe_log_groups(at: &mut At<'_>, input: &DescribeLogGroupsInput) -> Answer<DescribeLogGroupsOutput> {
    let size = input.limit().unwrap_or(50);
    if !(1..=50).contains(&size) {
        return Err(refuse(400, "InvalidParameterException", "limit must be between 1 and 50"));
    }
    let prefix = at.arn("logs", "log-group:");
    let named = input.log_group_identifiers();
    let beside = input.log_group_name_prefix.is_some() || input.log_group_name_pattern.is_some() || input.log_group_class.is_some();
    if named.len() > 50 || (!named.is_empty() && beside) {
        return Err(refuse(400, "InvalidParameterException", "logGroupIdentifiers takes at most 50 items and no other filter beside it"));
    }
    // By name or by ARN, whole: what does not exist is left out of the answer.
    let is_named = |name: &str| named.is_empty() || named.iter().any(|one| one == name || one.strip_prefix(&prefix) == Some(name));
    let wanted = input.log_group_name_prefix().unwrap_or_default();
    let found = at.here().log_groups.iter().filter(|(name, _)| name.starts_with(wanted) && is_named(name));
    let found = found.map(|(name, row)| {
        LogGroup::builder().log_group_name(name).arn(format!("{prefix}{name}:*")).set_retention_in_days(row.retention_days).build()
    });
    let (groups, next) = page(found.collect(), usize::try_from(size).ok(), input.next_token())?;
    Ok(DescribeLogGroupsOutput::builder().set_log_groups(Some(groups)).set_next_token(next).build())
}

fn put_retention_policy(at: &mut At<'_>, input: &PutRetentionPolicyInput) -> Answer<PutRetentionPolicyOutput> {
    let row = the(at, input.log_group_name())?;
    let days = input.retention_in_days();
    if !days.is_some_and(|days| RETENTION_DAYS.iter().any(|known| i64::from(*known) == i64::from(days))) {
        return Err(refuse(400, "InvalidParameterException", format!("retentionInDays {days:?} is not one of the allowed values")));
    }
    row.retention_days = days;
    Ok(PutRetentionPolicyOutput::builder().build())
}

fn delete_retention_policy(at: &mut At<'_>, input: &DeleteRetentionPolicyInput) -> Answer<DeleteRetentionPolicyOutput> {
    the(at, input.log_group_name())?.retention_days = None;
    Ok(DeleteRetentionPolicyOutput::builder().build())
}

fn list_tags(at: &mut At<'_>, input: &ListTagsForResourceInput) -> Answer<ListTagsForResourceOutput> {
    let tags = tags_of(at, input.resource_arn())?;
    Ok(ListTagsForResourceOutput::builder().set_tags(Some(tags.clone().into_iter().collect())).build())
}

fn tag_resource(at: &mut At<'_>, input: &TagResourceInput) -> Answer<TagResourceOutput> {
    let tags = tags_of(at, input.resource_arn())?;
    for (key, value) in input.tags().into_iter().flatten() {
        put_tag(tags, key, value)?;
    }
    Ok(TagResourceOutput::builder().build())
}

fn untag_resource(at: &mut At<'_>, input: &UntagResourceInput) -> Answer<UntagResourceOutput> {
    let tags = tags_of(at, input.resource_arn())?;
    for key in input.tag_keys() {
        tags.remove(key);
    }
    Ok(UntagResourceOutput::builder().build())
}

fn delete_log_group(at: &mut At<'_>, input: &DeleteLogGroupInput) -> Answer<DeleteLogGroupOutput> {
    the(at, input.log_group_name())?;
    at.here().log_groups.remove(input.log_group_name().unwrap_or_default());
    Ok(DeleteLogGroupOutput::builder().build())
}

//! What the kinds of Elastic Load Balancing share: how it refuses, pages, and tags of things of any sort.

use std::collections::BTreeMap;

use aws_sdk_elasticloadbalancingv2::operation::add_tags::{AddTagsInput, AddTagsOutput};
use aws_sdk_elasticloadbalancingv2::operation::describe_tags::{DescribeTagsInput, DescribeTagsOutput};
use aws_sdk_elasticloadbalancingv2::operation::remove_tags::{RemoveTagsInput, RemoveTagsOutput};
use aws_sdk_elasticloadbalancingv2::types::{Tag, TagDescription};

use crate::cloud::At;
use crate::fate::{Answer, Refusal, refuse};
use crate::handlers::Handlers;
use crate::paging::{page, put_tag};

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(describe_tags).on(add_tags).on(remove_tags)
}

pub(crate) fn invalid(message: impl Into<String>) -> Refusal {
    refuse(400, "ValidationError", message)
}

pub(crate) fn misconfigured(message: impl Into<String>) -> Refusal {
    refuse(400, "InvalidConfigurationRequest", message)
}

/// Something that AWS has and the sandbox has not.
pub(crate) fn unless_simulated(given: bool, what: &str) -> Answer<()> {
    if given { Err(invalid(format!("sandbox: {what} is not simulated"))) } else { Ok(()) }
}

/// One page of a list: 1 to 400.
pub(crate) fn listed<T>(all: Vec<T>, size: Option<i32>, marker: Option<&str>) -> Answer<(Vec<T>, Option<String>)> {
    let size = size.unwrap_or(400);
    if !(1..=400).contains(&size) {
        return Err(invalid(format!("1 validation error detected: Value '{size}' at 'pageSize' must be between 1 and 400")));
    }
    page(all, usize::try_from(size).ok(), marker).map_err(|_| invalid("The marker is invalid"))
}

/// Sets tags as ELB takes them.
pub(crate) fn set_tags(row: &mut BTreeMap<String, String>, tags: &[Tag]) -> Answer<()> {
    for tag in tags {
        let (key, value) = (tag.key().unwrap_or_default(), tag.value().unwrap_or_default());
        let allowed = |text: &str| text.chars().all(|c| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c));
        if !allowed(key) || !allowed(value) {
            return Err(invalid(format!("The tag {key} holds characters that ELB does not take")));
        }
        put_tag(row, key, value).map_err(|refusal| match refusal.code {
            "TagLimitExceeded" => refuse(400, "TooManyTags", "The maximum number of tags for a resource is 50"),
            _ => invalid(refusal.message),
        })?;
    }
    Ok(())
}

/// The tags of whatever has this ARN.
fn tags_of<'a>(at: &'a mut At<'_>, arn: &str) -> Answer<&'a mut BTreeMap<String, String>> {
    let sort = arn.strip_prefix(&at.arn("elasticloadbalancing", "")).and_then(|rest| rest.split('/').next()).map(str::to_owned);
    let here = at.here();
    let (tags, code, what) = match sort.as_deref() {
        Some("loadbalancer") => (here.load_balancers.get_mut(arn).map(|row| &mut row.tags), "LoadBalancerNotFound", "Load balancer"),
        Some("listener") => (here.listeners.get_mut(arn).map(|row| &mut row.tags), "ListenerNotFound", "Listener"),
        Some("listener-rule") => (here.listener_rules.get_mut(arn).map(|row| &mut row.tags), "RuleNotFound", "Rule"),
        Some("targetgroup") => (here.target_groups.get_mut(arn).map(|row| &mut row.tags), "TargetGroupNotFound", "Target group"),
        _ => return Err(invalid(format!("'{arn}' is not a valid ARN"))),
    };
    tags.ok_or_else(|| refuse(400, code, format!("{what} '{arn}' not found")))
}

fn describe_tags(at: &mut At<'_>, input: &DescribeTagsInput) -> Answer<DescribeTagsOutput> {
    if !(1..=20).contains(&input.resource_arns().len()) {
        return Err(invalid("The number of resources is between 1 and 20"));
    }
    let mut found = vec![];
    for arn in input.resource_arns() {
        let tags = tags_of(at, arn)?.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect();
        found.push(TagDescription::builder().resource_arn(arn).set_tags(Some(tags)).build());
    }
    Ok(DescribeTagsOutput::builder().set_tag_descriptions(Some(found)).build())
}

fn add_tags(at: &mut At<'_>, input: &AddTagsInput) -> Answer<AddTagsOutput> {
    for arn in input.resource_arns() {
        set_tags(tags_of(at, arn)?, input.tags())?;
    }
    Ok(AddTagsOutput::builder().build())
}

fn remove_tags(at: &mut At<'_>, input: &RemoveTagsInput) -> Answer<RemoveTagsOutput> {
    for arn in input.resource_arns() {
        let tags = tags_of(at, arn)?;
        for key in input.tag_keys() {
            tags.remove(key);
        }
    }
    Ok(RemoveTagsOutput::builder().build())
}

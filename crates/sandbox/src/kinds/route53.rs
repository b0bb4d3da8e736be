//! What all of Route 53 shares: changes that take a while, tags, and caller references that are never forgotten.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_route53::operation::change_tags_for_resource::{ChangeTagsForResourceInput, ChangeTagsForResourceOutput};
use aws_sdk_route53::operation::get_change::{GetChangeInput, GetChangeOutput};
use aws_sdk_route53::operation::list_tags_for_resources::{ListTagsForResourcesInput, ListTagsForResourcesOutput};
use aws_sdk_route53::types::{ChangeInfo, ChangeStatus, ResourceTagSet, Tag, TagResourceType};
use aws_smithy_types::DateTime;
use serde::{Deserialize, Serialize};

use super::{health_check, hosted_zone};
use crate::cloud::At;
use crate::fate::{Answer, Refusal, refuse};
use crate::handlers::Handlers;
use crate::paging::put_tag;

/// How long a zone is at work on one change and refuses the next.
const BUSY: Duration = Duration::from_millis(200);

/// What Route 53 remembers beside its zones and checks.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Memory {
    /// When each change was sent, and when it is everywhere.
    pub(crate) changes: BTreeMap<String, (u64, u64)>,
    /// The caller references of all zones there ever were.
    pub(crate) zone_references: BTreeSet<String>,
    /// The caller references of all health checks there ever were.
    pub(crate) check_references: BTreeSet<String>,
}

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(get_change).on(change_tags).on(list_tags)
}

/// An id without what Route 53 puts before it: `/hostedzone/`, `/change/`.
pub(crate) fn bare(id: Option<&str>) -> &str {
    id.unwrap_or_default().rsplit('/').next().unwrap_or_default()
}

pub(crate) fn invalid(message: impl Into<String>) -> Refusal {
    refuse(400, "InvalidInput", message)
}

/// Begins a change of a zone, which is everywhere after half a minute.
pub(crate) fn begin(at: &mut At<'_>, zone: &str) -> Answer<ChangeInfo> {
    let (now, busy) = (at.now_ms, at.now_ms + at.span(BUSY));
    if let Some(row) = at.global().hosted_zones.get_mut(zone) {
        if now < row.busy_ms {
            return Err(refuse(
                400,
                "PriorRequestNotComplete",
                "The request was rejected because Route 53 was still processing a prior request.",
            ));
        }
        row.busy_ms = busy;
    }
    let (id, done) = (format!("C{}", at.hex(20).to_uppercase()), at.after(30));
    let changes = &mut at.global().route53.changes;
    changes.retain(|_, (_, done)| *done + 86_400_000 > now);
    changes.insert(id.clone(), (now, done));
    info(&id, now, false)
}

fn info(id: &str, sent: u64, done: bool) -> Answer<ChangeInfo> {
    let status = if done { ChangeStatus::Insync } else { ChangeStatus::Pending };
    let at = DateTime::from_millis(i64::try_from(sent).unwrap_or(i64::MAX));
    Ok(ChangeInfo::builder().id(format!("/change/{id}")).status(status).submitted_at(at).build()?)
}

fn get_change(at: &mut At<'_>, input: &GetChangeInput) -> Answer<GetChangeOutput> {
    let (id, now) = (bare(input.id()), at.now_ms);
    let gone = || refuse(404, "NoSuchChange", format!("Could not find resource with ID: {id}"));
    let (sent, done) = *at.global().route53.changes.get(id).ok_or_else(gone)?;
    Ok(GetChangeOutput::builder().change_info(info(id, sent, now >= done)?).build())
}

fn tags_of<'a>(at: &'a mut At<'_>, of: Option<&TagResourceType>, id: &str) -> Answer<&'a mut BTreeMap<String, String>> {
    match of {
        Some(TagResourceType::Hostedzone) => hosted_zone::the(at, Some(id)).map(|row| &mut row.tags),
        Some(TagResourceType::Healthcheck) => health_check::the(at, Some(id)).map(|row| &mut row.tags),
        other => Err(invalid(format!("{other:?} is no resource type with tags"))),
    }
}

fn change_tags(at: &mut At<'_>, input: &ChangeTagsForResourceInput) -> Answer<ChangeTagsForResourceOutput> {
    let id = input.resource_id().unwrap_or_default();
    if id.contains('/') {
        return Err(invalid(format!("{id} is not a valid resource id: tag calls take it without a prefix")));
    }
    let (add, remove) = (input.add_tags(), input.remove_tag_keys());
    if (add.is_empty() && remove.is_empty()) || add.len() > 10 || remove.len() > 10 {
        return Err(invalid("between 1 and 10 tags can be added and removed"));
    }
    let tags = tags_of(at, input.resource_type(), id)?;
    for key in remove {
        tags.remove(key);
    }
    for tag in add {
        put_tag(tags, tag.key().unwrap_or_default(), tag.value().unwrap_or_default()).map_err(|refusal| invalid(refusal.message))?;
    }
    Ok(ChangeTagsForResourceOutput::builder().build())
}

fn list_tags(at: &mut At<'_>, input: &ListTagsForResourcesInput) -> Answer<ListTagsForResourcesOutput> {
    let ids = input.resource_ids();
    if ids.is_empty() || ids.len() > 10 {
        return Err(invalid("between 1 and 10 resources can be asked about"));
    }
    let mut answer = ListTagsForResourcesOutput::builder().set_resource_tag_sets(Some(vec![]));
    for id in ids {
        let tags = tags_of(at, input.resource_type(), id)?.iter().map(|(key, value)| Tag::builder().key(key).value(value).build());
        let set = ResourceTagSet::builder().set_resource_type(input.resource_type.clone()).resource_id(id).set_tags(Some(tags.collect()));
        answer = answer.resource_tag_sets(set.build());
    }
    Ok(answer.build()?)
}

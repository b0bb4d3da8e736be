//! Delivery sources of CloudWatch Logs, as far as distributions are such.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_cloudwatchlogs::operation::delete_delivery_source::{DeleteDeliverySourceInput, DeleteDeliverySourceOutput};
use aws_sdk_cloudwatchlogs::operation::describe_delivery_sources::{DescribeDeliverySourcesInput, DescribeDeliverySourcesOutput};
use aws_sdk_cloudwatchlogs::operation::get_delivery_source::{GetDeliverySourceInput, GetDeliverySourceOutput};
use aws_sdk_cloudwatchlogs::operation::put_delivery_source::{PutDeliverySourceInput, PutDeliverySourceOutput};
use aws_sdk_cloudwatchlogs::types::{DeliverySource, DeliverySourceStatus, DeliverySourceStatusReason};
use serde::{Deserialize, Serialize};

use crate::cloud::{At, GLOBAL};
use crate::fate::{Answer, Refusal, refuse};
use crate::handlers::Handlers;
use crate::paging::{page, put_tag};

/// One source, by its name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) resource: String,
    pub(crate) log_type: String,
    pub(crate) tags: BTreeMap<String, String>,
}

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(put).on(get).on(describe).on(delete)
}

pub(crate) fn invalid(message: impl Into<String>) -> Refusal {
    refuse(400, "ValidationException", message)
}

pub(crate) fn conflict(message: impl Into<String>) -> Refusal {
    refuse(400, "ConflictException", message)
}

pub(crate) fn absent(what: &str) -> Refusal {
    refuse(400, "ResourceNotFoundException", format!("Requested {what} does not exist in this account."))
}

/// Names of sources and destinations.
pub(crate) fn named(name: Option<&str>) -> Answer<String> {
    let name = name.unwrap_or_default();
    let fits = !name.is_empty() && name.len() <= 60 && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
    if fits { Ok(name.to_owned()) } else { Err(invalid(format!("Value '{name}' at 'name' failed to satisfy constraint: [\\w-]{{1,60}}"))) }
}

/// The tags of a put. They make it one that creates: what is there already takes none (Terraform provider #43572).
pub(crate) fn new_tags(given: Option<&HashMap<String, String>>, exists: bool) -> Answer<BTreeMap<String, String>> {
    if exists && given.is_some_and(|tags| !tags.is_empty()) {
        return Err(conflict("Tags can only be provided when a resource is being created, not updated."));
    }
    let mut tags = BTreeMap::new();
    given.into_iter().flatten().try_for_each(|(key, value)| put_tag(&mut tags, key, value))?;
    Ok(tags)
}

fn answered(at: &mut At<'_>, name: &str, row: &Row) -> DeliverySource {
    let lives = at.global().distributions.values().any(|of| of.arn == row.resource);
    DeliverySource::builder()
        .name(name)
        .arn(at.arn("logs", &format!("delivery-source:{name}")))
        .resource_arns(&row.resource)
        .service("cloudfront")
        .log_type(&row.log_type)
        .status(if lives { DeliverySourceStatus::Active } else { DeliverySourceStatus::Inactive })
        .set_status_reason((!lives).then_some(DeliverySourceStatusReason::ResourceDeleted))
        .build()
}

fn put(at: &mut At<'_>, input: &PutDeliverySourceInput) -> Answer<PutDeliverySourceOutput> {
    let name = named(input.name())?;
    let (resource, log_type) = (input.resource_arn().unwrap_or_default(), input.log_type().unwrap_or_default());
    if !resource.starts_with("arn:aws:cloudfront::") || input.delivery_source_configuration().is_some() {
        return Err(invalid("sandbox: only sources of CloudFront without settings are simulated"));
    }
    if at.region != GLOBAL {
        return Err(invalid("Delivery sources of CloudFront are supported in us-east-1 only."));
    }
    if log_type != "ACCESS_LOGS" {
        return Err(invalid(format!("Provided log type {log_type} is not supported for the resource.")));
    }
    if !at.global().distributions.values().any(|row| row.arn == resource) {
        return Err(absent("resource"));
    }
    let have = at.here().delivery_sources.get(&name).cloned();
    let tags = new_tags(input.tags(), have.is_some())?;
    if have.as_ref().is_some_and(|row| row.resource != resource) {
        let message = "Update to existing Delivery Source with new ResourceId is not allowed. Please create a new Delivery Source instead.";
        return Err(conflict(message));
    }
    let taken = |(other, row): (&String, &Row)| *other != name && row.resource == resource && row.log_type == log_type;
    if at.here().delivery_sources.iter().any(taken) {
        return Err(conflict("This ResourceId has already been used in another Delivery Source in this account."));
    }
    let row = have.unwrap_or(Row { resource: resource.to_owned(), log_type: log_type.to_owned(), tags });
    at.here().delivery_sources.insert(name.clone(), row.clone());
    let answer = answered(at, &name, &row);
    Ok(PutDeliverySourceOutput::builder().delivery_source(answer).build())
}

fn get(at: &mut At<'_>, input: &GetDeliverySourceInput) -> Answer<GetDeliverySourceOutput> {
    let name = named(input.name())?;
    let row = at.here().delivery_sources.get(&name).cloned().ok_or_else(|| absent("delivery source"))?;
    let answer = answered(at, &name, &row);
    Ok(GetDeliverySourceOutput::builder().delivery_source(answer).build())
}

fn describe(at: &mut At<'_>, input: &DescribeDeliverySourcesInput) -> Answer<DescribeDeliverySourcesOutput> {
    let rows: Vec<(String, Row)> = at.here().delivery_sources.iter().map(|(name, row)| (name.clone(), row.clone())).collect();
    let all = rows.iter().map(|(name, row)| answered(at, name, row)).collect();
    let (sources, next) = page(all, listed(input.limit())?, input.next_token())?;
    Ok(DescribeDeliverySourcesOutput::builder().set_delivery_sources(Some(sources)).set_next_token(next).build())
}

/// How many parts of deliveries are on a page.
pub(crate) fn listed(limit: Option<i32>) -> Answer<Option<usize>> {
    match usize::try_from(limit.unwrap_or(50)) {
        Ok(size) if (1..=50).contains(&size) => Ok(Some(size)),
        _ => Err(invalid("limit must be between 1 and 50")),
    }
}

fn delete(at: &mut At<'_>, input: &DeleteDeliverySourceInput) -> Answer<DeleteDeliverySourceOutput> {
    let name = named(input.name())?;
    if !at.here().delivery_sources.contains_key(&name) {
        return Err(absent("delivery source"));
    }
    if at.here().deliveries.values().any(|delivery| delivery.source == name) {
        return Err(conflict("The delivery source is used by a delivery: delete that first."));
    }
    at.here().delivery_sources.remove(&name);
    Ok(DeleteDeliverySourceOutput::builder().build())
}

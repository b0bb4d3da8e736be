//! Delivery destinations of CloudWatch Logs, as far as buckets are such.

use std::collections::BTreeMap;

use aws_sdk_cloudwatchlogs::operation::delete_delivery_destination::{DeleteDeliveryDestinationInput, DeleteDeliveryDestinationOutput};
use aws_sdk_cloudwatchlogs::operation::describe_delivery_destinations::{
    DescribeDeliveryDestinationsInput, DescribeDeliveryDestinationsOutput,
};
use aws_sdk_cloudwatchlogs::operation::get_delivery_destination::{GetDeliveryDestinationInput, GetDeliveryDestinationOutput};
use aws_sdk_cloudwatchlogs::operation::put_delivery_destination::{PutDeliveryDestinationInput, PutDeliveryDestinationOutput};
use aws_sdk_cloudwatchlogs::types::{DeliveryDestination, DeliveryDestinationConfiguration, DeliveryDestinationType, OutputFormat};
use serde::{Deserialize, Serialize};

use super::log_delivery_source::{absent, conflict, invalid, named, new_tags};
use super::{bucket, log_delivery_source};
use crate::cloud::At;
use crate::fate::{Answer, refuse};
use crate::handlers::Handlers;
use crate::paging::page;

/// One destination, by its name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    /// The bucket's ARN.
    pub(crate) bucket: String,
    pub(crate) format: String,
    pub(crate) tags: BTreeMap<String, String>,
}

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(put).on(get).on(describe).on(delete)
}

/// The bucket of this ARN, of the caller's account, in whichever region.
pub(crate) fn bucket_of<'a>(at: &'a mut At<'_>, arn: &str) -> Option<&'a bucket::Row> {
    let name = arn.strip_prefix("arn:aws:s3:::")?.split('/').next()?.to_owned();
    at.account().regions.values().find_map(|here| here.buckets.get(&name))
}

/// The ARN of the destination of this name.
pub(crate) fn arn(at: &At<'_>, name: &str) -> String {
    at.arn("logs", &format!("delivery-destination:{name}"))
}

fn answered(at: &At<'_>, name: &str, row: &Row) -> Answer<DeliveryDestination> {
    let to = DeliveryDestinationConfiguration::builder().destination_resource_arn(&row.bucket).build()?;
    Ok(DeliveryDestination::builder()
        .name(name)
        .arn(arn(at, name))
        .delivery_destination_type(DeliveryDestinationType::S3)
        .output_format(OutputFormat::from(row.format.as_str()))
        .delivery_destination_configuration(to)
        .build())
}

fn put(at: &mut At<'_>, input: &PutDeliveryDestinationInput) -> Answer<PutDeliveryDestinationOutput> {
    let name = named(input.name())?;
    let to = input.delivery_destination_configuration().ok_or_else(|| invalid("deliveryDestinationConfiguration is required"))?;
    let to = to.destination_resource_arn();
    if !to.starts_with("arn:aws:s3:::") {
        return Err(invalid("sandbox: only buckets are simulated as destinations"));
    }
    if bucket_of(at, to).is_none() {
        return Err(refuse(400, "ResourceNotFoundException", format!("The bucket of the destination {to} does not exist.")));
    }
    let have = at.here().delivery_destinations.get(&name).cloned();
    let tags = new_tags(input.tags(), have.is_some())?;
    let format = input.output_format().map_or("json", OutputFormat::as_str).to_owned();
    if have.as_ref().is_some_and(|row| row.format != format) {
        return Err(invalid("The output format of a delivery destination cannot be changed."));
    }
    let tags = have.map_or(tags, |row| row.tags);
    let row = Row { bucket: to.to_owned(), format, tags };
    at.here().delivery_destinations.insert(name.clone(), row.clone());
    Ok(PutDeliveryDestinationOutput::builder().delivery_destination(answered(at, &name, &row)?).build())
}

fn get(at: &mut At<'_>, input: &GetDeliveryDestinationInput) -> Answer<GetDeliveryDestinationOutput> {
    let name = log_delivery_source::named(input.name())?;
    let row = at.here().delivery_destinations.get(&name).cloned().ok_or_else(|| absent("delivery destination"))?;
    Ok(GetDeliveryDestinationOutput::builder().delivery_destination(answered(at, &name, &row)?).build())
}

fn describe(at: &mut At<'_>, input: &DescribeDeliveryDestinationsInput) -> Answer<DescribeDeliveryDestinationsOutput> {
    let rows: Vec<(String, Row)> = at.here().delivery_destinations.iter().map(|(name, row)| (name.clone(), row.clone())).collect();
    let all = rows.iter().map(|(name, row)| answered(at, name, row)).collect::<Answer<Vec<_>>>()?;
    let (found, next) = page(all, log_delivery_source::listed(input.limit())?, input.next_token())?;
    Ok(DescribeDeliveryDestinationsOutput::builder().set_delivery_destinations(Some(found)).set_next_token(next).build())
}

fn delete(at: &mut At<'_>, input: &DeleteDeliveryDestinationInput) -> Answer<DeleteDeliveryDestinationOutput> {
    let name = named(input.name())?;
    let arn = arn(at, &name);
    if !at.here().delivery_destinations.contains_key(&name) {
        return Err(absent("delivery destination"));
    }
    if at.here().deliveries.values().any(|delivery| delivery.destination == arn) {
        return Err(conflict("The delivery destination is used by a delivery: delete that first."));
    }
    at.here().delivery_destinations.remove(&name);
    Ok(DeleteDeliveryDestinationOutput::builder().build())
}

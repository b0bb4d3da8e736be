//! Deliveries of CloudWatch Logs: from a distribution into a bucket whose policy lets them in.

use std::collections::BTreeMap;

use aws_sdk_cloudwatchlogs::operation::create_delivery::{CreateDeliveryInput, CreateDeliveryOutput};
use aws_sdk_cloudwatchlogs::operation::delete_delivery::{DeleteDeliveryInput, DeleteDeliveryOutput};
use aws_sdk_cloudwatchlogs::operation::describe_deliveries::{DescribeDeliveriesInput, DescribeDeliveriesOutput};
use aws_sdk_cloudwatchlogs::operation::get_delivery::{GetDeliveryInput, GetDeliveryOutput};
use aws_sdk_cloudwatchlogs::operation::update_delivery_configuration::{
    UpdateDeliveryConfigurationInput, UpdateDeliveryConfigurationOutput,
};
use aws_sdk_cloudwatchlogs::types::{Delivery, DeliveryDestinationType, S3DeliveryConfiguration};
use bbws_kinds::CLOUDFRONT_LOG_FIELDS;
use bbws_model::PolicyDocument;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::log_delivery_destination::{arn as destination_arn, bucket_of};
use super::log_delivery_source::{absent, conflict, invalid, new_tags};
use crate::cloud::At;
use crate::fate::{Answer, refuse};
use crate::handlers::Handlers;
use crate::paging::page;

/// What a new delivery's path gets before it, and a changed one's does not (CloudFormation roadmap #2274).
const PREFIX: &str = "AWSLogs/{account-id}/CloudFront/";
/// What may stand in a path.
const VARIABLES: [&str; 7] = ["{account-id}", "{DistributionId}", "{distributionid}", "{yyyy}", "{MM}", "{dd}", "{HH}"];
/// Fields that may be delivered beside those that bbws takes by itself.
const MORE_FIELDS: [&str; 8] =
    ["cs(Cookie)", "timestamp(ms)", "origin-fbl", "origin-lbl", "asn", "c-country", "cache-behavior-path-pattern", "distributionid"];

/// One delivery, by its id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) source: String,
    pub(crate) destination: String,
    pub(crate) fields: Vec<String>,
    pub(crate) delimiter: String,
    pub(crate) path: String,
    pub(crate) hive: bool,
    pub(crate) tags: BTreeMap<String, String>,
}

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(create).on(get).on(describe).on(update).on(delete)
}

fn answered(at: &At<'_>, id: &str, row: &Row) -> Delivery {
    let s3 = S3DeliveryConfiguration::builder().suffix_path(&row.path).enable_hive_compatible_path(row.hive).build();
    Delivery::builder()
        .id(id)
        .arn(at.arn("logs", &format!("delivery:{id}")))
        .delivery_source_name(&row.source)
        .delivery_destination_arn(&row.destination)
        .delivery_destination_type(DeliveryDestinationType::S3)
        .set_record_fields(Some(row.fields.clone()))
        .field_delimiter(&row.delimiter)
        .s3_delivery_configuration(s3)
        .build()
}

/// The format of the destination of this ARN, and its bucket.
fn destination(at: &mut At<'_>, arn: &str) -> Answer<(String, String)> {
    let name = arn.rsplit(':').next().unwrap_or_default().to_owned();
    let known = destination_arn(at, &name) == arn;
    let row = at.here().delivery_destinations.get(&name).filter(|_| known).ok_or_else(|| absent("delivery destination"))?;
    Ok((row.format.clone(), row.bucket.clone()))
}

/// Whether a bucket lets CloudWatch Logs write the logs of this account.
fn lets_in(policy: Option<&str>, bucket: &str, account: &str) -> bool {
    let Some(policy) = policy.and_then(|text| PolicyDocument::parse(text).ok()) else { return false };
    let has = |value: &Value, what: &str| value == what || value.as_array().is_some_and(|all| all.iter().any(|one| one == what));
    let wanted = format!("{bucket}/AWSLogs/{account}/*");
    policy.value()["Statement"].as_array().into_iter().flatten().any(|of| {
        of["Effect"] == "Allow"
            && has(&of["Principal"]["Service"], "delivery.logs.amazonaws.com")
            && has(&of["Action"], "s3:putobject")
            && has(&of["Resource"], &wanted)
    })
}

/// What a request says of fields, delimiter and path, if AWS takes it.
fn checked(format: &str, row: &mut Row, fields: &[String], delimiter: Option<&str>, s3: Option<&S3DeliveryConfiguration>) -> Answer<()> {
    if let Some(unknown) =
        fields.iter().find(|field| !CLOUDFRONT_LOG_FIELDS.contains(&field.as_str()) && !MORE_FIELDS.contains(&field.as_str()))
    {
        return Err(invalid(format!("Provided recordFields are invalid: {unknown}")));
    }
    if !fields.is_empty() {
        row.fields = fields.to_vec();
    }
    if let Some(delimiter) = delimiter {
        if !["plain", "w3c", "raw"].contains(&format) {
            return Err(invalid("Provided delivery configuration is invalid for the destination type."));
        }
        row.delimiter = delimiter.to_owned();
    }
    if let Some(s3) = s3 {
        row.hive = s3.enable_hive_compatible_path().unwrap_or(false);
        if let Some(path) = s3.suffix_path() {
            let bare = VARIABLES.iter().fold(path.to_owned(), |path, variable| path.replace(variable, ""));
            if path.is_empty() || path.len() > 256 || bare.contains(['{', '}']) || (row.hive && path.contains('=')) {
                return Err(invalid("Provided suffixPath is invalid"));
            }
            row.path = path.to_owned();
        }
    }
    Ok(())
}

fn create(at: &mut At<'_>, input: &CreateDeliveryInput) -> Answer<CreateDeliveryOutput> {
    let source = input.delivery_source_name().unwrap_or_default().to_owned();
    let to = input.delivery_destination_arn().unwrap_or_default().to_owned();
    if !at.here().delivery_sources.contains_key(&source) {
        return Err(absent("delivery source"));
    }
    let (format, bucket) = destination(at, &to)?;
    if at.here().deliveries.values().any(|row| row.source == source) {
        return Err(conflict("A delivery from this source to a destination of this type already exists."));
    }
    let account = at.account.to_owned();
    let policy = bucket_of(at, &bucket).and_then(|row| row.policy.clone());
    if !lets_in(policy.as_deref(), &bucket, &account) {
        // Whoever may change the bucket's policy gets the statement added. bbws never asks for that.
        let message = "Access denied to the delivery destination: its bucket policy does not allow delivery.logs.amazonaws.com to write.";
        return Err(refuse(400, "AccessDeniedException", message));
    }
    let tags = new_tags(input.tags(), false)?;
    let delimiter = if ["plain", "w3c"].contains(&format.as_str()) { "\t" } else { "" };
    let fields = CLOUDFRONT_LOG_FIELDS.map(str::to_owned).to_vec();
    let path = "{DistributionId}.{yyyy}-{MM}-{dd}-{HH}".to_owned();
    let mut row = Row { source, destination: to, fields, delimiter: delimiter.into(), path, hive: false, tags };
    checked(&format, &mut row, input.record_fields(), input.field_delimiter(), input.s3_delivery_configuration())?;
    row.path.insert_str(0, PREFIX);
    let id = at.hex(16);
    let answer = answered(at, &id, &row);
    at.here().deliveries.insert(id, row);
    Ok(CreateDeliveryOutput::builder().delivery(answer).build())
}

fn get(at: &mut At<'_>, input: &GetDeliveryInput) -> Answer<GetDeliveryOutput> {
    let id = input.id().unwrap_or_default();
    let row = at.here().deliveries.get(id).cloned().ok_or_else(|| absent("delivery"))?;
    Ok(GetDeliveryOutput::builder().delivery(answered(at, id, &row)).build())
}

/// The list tells what each joins, and no more (boto3 #4680).
fn listed(at: &At<'_>, id: &str, row: &Row) -> Delivery {
    let whole = answered(at, id, row);
    Delivery::builder()
        .set_id(whole.id)
        .set_arn(whole.arn)
        .set_delivery_source_name(whole.delivery_source_name)
        .set_delivery_destination_arn(whole.delivery_destination_arn)
        .build()
}

fn describe(at: &mut At<'_>, input: &DescribeDeliveriesInput) -> Answer<DescribeDeliveriesOutput> {
    let size = usize::try_from(input.limit().unwrap_or(50)).ok().filter(|size| (1..=50).contains(size));
    let size = size.ok_or_else(|| invalid("limit must be between 1 and 50"))?;
    let rows = at.here().deliveries.clone();
    let all = rows.iter().map(|(id, row)| listed(at, id, row)).collect();
    let (deliveries, next) = page(all, Some(size), input.next_token())?;
    Ok(DescribeDeliveriesOutput::builder().set_deliveries(Some(deliveries)).set_next_token(next).build())
}

fn update(at: &mut At<'_>, input: &UpdateDeliveryConfigurationInput) -> Answer<UpdateDeliveryConfigurationOutput> {
    let id = input.id().unwrap_or_default();
    let mut row = at.here().deliveries.get(id).cloned().ok_or_else(|| absent("delivery"))?;
    let (format, _) = destination(at, &row.destination)?;
    checked(&format, &mut row, input.record_fields(), input.field_delimiter(), input.s3_delivery_configuration())?;
    at.here().deliveries.insert(id.to_owned(), row);
    Ok(UpdateDeliveryConfigurationOutput::builder().build())
}

fn delete(at: &mut At<'_>, input: &DeleteDeliveryInput) -> Answer<DeleteDeliveryOutput> {
    let gone = at.here().deliveries.remove(input.id().unwrap_or_default());
    gone.map(|_| DeleteDeliveryOutput::builder().build()).ok_or_else(|| absent("delivery"))
}

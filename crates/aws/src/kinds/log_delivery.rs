//! The driver of `log-delivery`, in us-east-1. A refresh makes two calls per delivery: what it is, and its tags. The list of
//! all deliveries tells no more of each than what it joins (boto3 #4680, AWS CLI #10002), so only what is not recorded yet
//! is looked for in it.

use std::collections::HashMap;

use aws_sdk_cloudwatchlogs::types::{Delivery as Raw, S3DeliveryConfiguration};
use bbws_engine::{Attempt, Created, Driver, Progress, Reading, Sight};
use bbws_kinds::{LogDelivery, LogDeliveryOutputs, LogDeliverySpec};
use bbws_model::{Arn, Class, CloudError, Id, Locate, Name, Observed, Phase, Ready};
use futures::future::join_all;

use super::ec2::told;
use super::route53::not_yet;
use crate::{Aws, Told};

const GET: &str = "logs:GetDelivery";
const LIST: &str = "logs:DescribeDeliveries";
/// What AWS puts before the path of a new delivery of CloudFront's logs, and does not put before a changed one
/// (CloudFormation roadmap #2274, Terraform provider #46328). The bucket lets logs in below it only.
const PREFIX: &str = "AWSLogs/{account-id}/CloudFront/";

impl Driver<LogDelivery> for Aws {
    async fn observe(&self, at: &[Locate<LogDelivery>], reading: &Reading) -> Vec<Sight<LogDelivery>> {
        join_all(at.iter().map(|place| self.delivery(place, reading))).await
    }

    async fn create(&self, want: &LogDeliverySpec<Ready>, attempt: &Attempt) -> Result<Created, CloudError> {
        const OPERATION: &str = "logs:CreateDelivery";
        let tags: HashMap<String, String> = attempt.tagged(&want.tags).into_iter().collect();
        let create = self.deliveries().1.logs.create_delivery().delivery_source_name(want.source.as_str());
        let answer = create
            .delivery_destination_arn(want.destination.as_str())
            .set_record_fields(Some(want.fields.clone()))
            .set_field_delimiter(want.delimiter.clone())
            .s3_delivery_configuration(to_s3(&want.path, want.hive))
            .set_tags(Some(tags))
            .send()
            .await
            .told(OPERATION)
            .map_err(not_yet)?;
        let made = told(OPERATION, "delivery", answer.delivery)?;
        Ok(Created { id: told(OPERATION, "id", made.id)?.into() })
    }

    async fn update(&self, seen: &Observed<LogDelivery>, want: &LogDeliverySpec<Ready>, attempt: &Attempt) -> Result<Progress, CloudError> {
        let have = &seen.spec;
        let delimiter = want.delimiter.is_some() && want.delimiter != have.delimiter;
        if delimiter || (&have.fields, &have.path, have.hive) != (&want.fields, &want.path, want.hive) {
            let update = self.deliveries().1.logs.update_delivery_configuration().id(seen.id.as_str());
            update
                .set_record_fields(Some(want.fields.clone()))
                .set_field_delimiter(want.delimiter.clone())
                .s3_delivery_configuration(to_s3(&format!("{PREFIX}{}", want.path), want.hive))
                .send()
                .await
                .told("logs:UpdateDeliveryConfiguration")
                .map_err(not_yet)?;
            return Ok(Progress::Sent);
        }
        self.retag_delivery(seen.outputs.arn.as_str(), (&have.tags, seen.owner.as_ref()), &want.tags, attempt).await
    }

    async fn delete(&self, seen: &Observed<LogDelivery>, _: &Attempt) -> Result<Progress, CloudError> {
        self.deliveries().1.logs.delete_delivery().id(seen.id.as_str()).send().await.told("logs:DeleteDelivery")?;
        Ok(Progress::Sent)
    }
}

fn to_s3(path: &str, hive: bool) -> S3DeliveryConfiguration {
    S3DeliveryConfiguration::builder().suffix_path(path).enable_hive_compatible_path(hive).build()
}

/// A source delivers to a destination once.
fn joins(place: &Locate<LogDelivery>, raw: &Raw) -> bool {
    let ends = (raw.delivery_source_name(), raw.delivery_destination_arn());
    ends == (Some(place.spec.source.as_str()), Some(place.spec.destination.as_str()))
}

/// The path as a spec has it. One outside of what the bucket lets in begins with `/`, which no spec may.
fn path(raw: &str) -> String {
    raw.strip_prefix(PREFIX).map_or_else(|| format!("/{raw}"), str::to_owned)
}

impl Aws {
    pub(crate) async fn describe_deliveries(&self) -> Result<(Vec<Raw>, usize), CloudError> {
        let (mut all, mut calls) = (vec![], 0);
        let mut pages = self.deliveries().0.logs.describe_deliveries().into_paginator().send();
        while let Some(page) = pages.next().await {
            calls += 1;
            all.extend(page.told(LIST)?.deliveries.unwrap_or_default());
        }
        Ok((all, calls))
    }

    async fn delivery(&self, place: &Locate<LogDelivery>, reading: &Reading) -> Sight<LogDelivery> {
        let id = match &place.id {
            Some(id) => id.to_string(),
            None => {
                let all = reading.once(LIST.into(), self.describe_deliveries()).await?;
                let Some(raw) = all.iter().find(|raw| joins(place, raw)) else { return Ok(None) };
                told(LIST, "id", raw.id())?.to_owned()
            }
        };
        let logs = self.deliveries().0.logs;
        let ask = async {
            match logs.get_delivery().id(&id).send().await.told(GET) {
                Ok(answer) => Ok((Some(told(GET, "delivery", answer.delivery)?), 1)),
                Err(error) if error.class == Class::Absent => Ok((None, 1)),
                Err(error) => Err(error),
            }
        };
        let got = reading.once(format!("{GET} {id}"), ask).await?;
        let Some(raw) = got.as_ref() else { return Ok(None) };
        let arn = told(GET, "arn", raw.arn())?;
        let Some((tags, owner)) = self.delivery_tags(arn, reading).await? else { return Ok(None) };
        let s3 = raw.s3_delivery_configuration();
        Ok(Some(Observed {
            id: id.as_str().into(),
            spec: LogDeliverySpec {
                source: Name::new(told(GET, "deliverySourceName", raw.delivery_source_name())?),
                destination: Arn::new(told(GET, "deliveryDestinationArn", raw.delivery_destination_arn())?),
                fields: raw.record_fields().to_vec(),
                delimiter: raw.field_delimiter().filter(|text| !text.is_empty()).map(str::to_owned),
                path: path(s3.and_then(S3DeliveryConfiguration::suffix_path).unwrap_or_default()),
                hive: s3.and_then(S3DeliveryConfiguration::enable_hive_compatible_path).unwrap_or(false),
                tags,
            },
            outputs: LogDeliveryOutputs { id: Id::new(id.as_str()), arn: Arn::new(arn) },
            phase: Phase::Ready,
            owner,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_seen_without_what_aws_puts_before_it() {
        assert_eq!(path("AWSLogs/{account-id}/CloudFront/{DistributionId}"), "{DistributionId}");
        assert_eq!(path("{DistributionId}"), "/{DistributionId}");
    }
}

//! The driver of `log-delivery-source`, in us-east-1. A refresh makes two calls per source: what it is, and its tags,
//! which the first does not tell.

use std::collections::HashMap;

use aws_sdk_cloudwatchlogs::types::{DeliverySource as Raw, DeliverySourceStatus};
use bbws_engine::{Attempt, Created, Driver, Progress, Reading, Sight, read_tags};
use bbws_kinds::{CLOUDFRONT_LOGS_REGION, LogDeliverySource, LogDeliverySourceOutputs, LogDeliverySourceSpec};
use bbws_model::{Arn, Class, CloudError, Locate, Name, Observed, Ownership, Phase, Ready, Tags};
use futures::future::join_all;

use super::ec2::told;
use super::route53::{Marked, not_yet};
use crate::{Aws, Clients, Told};

const GET: &str = "logs:GetDeliverySource";

impl Driver<LogDeliverySource> for Aws {
    async fn observe(&self, at: &[Locate<LogDeliverySource>], reading: &Reading) -> Vec<Sight<LogDeliverySource>> {
        join_all(at.iter().map(|place| self.delivery_source(place, reading))).await
    }

    /// With tags, AWS takes it for a new one only: it refuses tags where there is one of the name.
    async fn create(&self, want: &LogDeliverySourceSpec<Ready>, attempt: &Attempt) -> Result<Created, CloudError> {
        let tags: HashMap<String, String> = attempt.tagged(&want.tags).into_iter().collect();
        let put = self.deliveries().1.logs.put_delivery_source().name(&want.name).resource_arn(want.distribution.as_str());
        put.log_type(&want.log_type).set_tags(Some(tags)).send().await.told("logs:PutDeliverySource").map_err(not_yet)?;
        Ok(Created { id: want.name.as_str().into() })
    }

    async fn update(
        &self,
        seen: &Observed<LogDeliverySource>,
        want: &LogDeliverySourceSpec<Ready>,
        attempt: &Attempt,
    ) -> Result<Progress, CloudError> {
        self.retag_delivery(seen.outputs.arn.as_str(), (&seen.spec.tags, seen.owner.as_ref()), &want.tags, attempt).await
    }

    async fn delete(&self, seen: &Observed<LogDeliverySource>, _: &Attempt) -> Result<Progress, CloudError> {
        let delete = self.deliveries().1.logs.delete_delivery_source().name(seen.id.as_str());
        delete.send().await.told("logs:DeleteDeliverySource").map_err(still_delivers)?;
        Ok(Progress::Sent)
    }
}

/// Logs says `ConflictException` both of what is being changed and of what a delivery still holds.
pub(crate) fn still_delivers(error: CloudError) -> CloudError {
    let held = error.class == Class::Conflict && error.message.to_lowercase().contains("deliver");
    if held { CloudError { class: Class::Dependency, ..error } } else { error }
}

impl Aws {
    /// The clients that read and that write deliveries of CloudFront's logs.
    pub(crate) fn deliveries(&self) -> (Clients, Clients) {
        self.at(CLOUDFRONT_LOGS_REGION)
    }

    async fn delivery_source(&self, place: &Locate<LogDeliverySource>, reading: &Reading) -> Sight<LogDeliverySource> {
        let name = place.id.as_ref().map_or(place.spec.name.as_str(), |id| id.as_str());
        let clients = self.deliveries().0;
        let ask = async {
            match clients.logs.get_delivery_source().name(name).send().await.told(GET) {
                Ok(answer) => Ok((Some(told(GET, "deliverySource", answer.delivery_source)?), 1)),
                Err(error) if error.class == Class::Absent => Ok((None, 1)),
                Err(error) => Err(error),
            }
        };
        let got = reading.once(format!("{GET} {name}"), ask).await?;
        let Some(raw) = got.as_ref() else { return Ok(None) };
        let arn = told(GET, "arn", raw.arn())?;
        let Some((tags, owner)) = self.delivery_tags(arn, reading).await? else { return Ok(None) };
        Ok(Some(Observed {
            id: name.into(),
            spec: LogDeliverySourceSpec {
                name: name.to_owned(),
                distribution: Arn::new(told(GET, "resourceArns", raw.resource_arns().first())?),
                log_type: told(GET, "logType", raw.log_type())?.to_owned(),
                tags,
            },
            outputs: LogDeliverySourceOutputs { arn: Arn::new(arn), name: Name::new(name) },
            phase: phase(raw),
            owner,
        }))
    }

    /// The tags of a source, destination or delivery; none where it went in the meantime. The answers about the things
    /// themselves have none (Terraform provider, `delivery_destination.go`).
    pub(crate) async fn delivery_tags(&self, arn: &str, reading: &Reading) -> Result<Option<Marked>, CloudError> {
        const OPERATION: &str = "logs:ListTagsForResource";
        let clients = self.deliveries().0;
        let ask = async {
            let answer = clients.logs.list_tags_for_resource().resource_arn(arn).send().await.told(OPERATION)?;
            Ok((read_tags(answer.tags.unwrap_or_default()), 1))
        };
        match reading.once(format!("{OPERATION} {arn}"), ask).await {
            Ok(marked) => Ok(Some(marked.as_ref().clone())),
            Err(error) if error.class == Class::Absent => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sends the one request, if any, that brings the tags of a source, destination or delivery nearer to what is wanted.
    pub(crate) async fn retag_delivery(
        &self,
        arn: &str,
        have: (&Tags, Option<&Ownership>),
        want: &Tags,
        attempt: &Attempt,
    ) -> Result<Progress, CloudError> {
        let logs = self.deliveries().1.logs;
        let missing = attempt.missing(have.0, have.1, want);
        if !missing.is_empty() {
            let tag = logs.tag_resource().resource_arn(arn).set_tags(Some(missing.into_iter().collect()));
            tag.send().await.told("logs:TagResource").map_err(not_yet)?;
            return Ok(Progress::Sent);
        }
        let extra = Attempt::extra(have.0, want);
        if extra.is_empty() {
            return Ok(Progress::Nothing);
        }
        logs.untag_resource().resource_arn(arn).set_tag_keys(Some(extra)).send().await.told("logs:UntagResource").map_err(not_yet)?;
        Ok(Progress::Sent)
    }
}

fn phase(raw: &Raw) -> Phase {
    match raw.status() {
        Some(DeliverySourceStatus::Inactive) => {
            let reason = raw.status_reason().map_or("no reason given", |reason| reason.as_str());
            Phase::Failed(format!("AWS delivers nothing any more ({reason}): the distribution is gone; replace the source"))
        }
        _ => Phase::Ready,
    }
}

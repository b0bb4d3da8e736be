//! The driver of `log-delivery-destination`, in us-east-1. A refresh makes two calls per destination: what it is, and its
//! tags. Its own policy, which matters to other accounts only, is not read.

use std::collections::HashMap;

use aws_sdk_cloudwatchlogs::types::{DeliveryDestinationConfiguration, OutputFormat};
use bbws_engine::{Attempt, Created, Driver, Progress, Reading, Sight};
use bbws_kinds::{LogDeliveryDestination, LogDeliveryDestinationOutputs, LogDeliveryDestinationSpec, LogFormat};
use bbws_model::{Arn, Class, CloudError, Locate, Name, Observed, Phase, Ready};
use futures::future::join_all;

use super::ec2::told;
use super::log_delivery_source::still_delivers;
use super::route53::{built, not_yet};
use crate::{Aws, Told};

const GET: &str = "logs:GetDeliveryDestination";
const PUT: &str = "logs:PutDeliveryDestination";
const FORMATS: [LogFormat; 5] = [LogFormat::Json, LogFormat::Plain, LogFormat::W3c, LogFormat::Raw, LogFormat::Parquet];

impl Driver<LogDeliveryDestination> for Aws {
    async fn observe(&self, at: &[Locate<LogDeliveryDestination>], reading: &Reading) -> Vec<Sight<LogDeliveryDestination>> {
        join_all(at.iter().map(|place| self.delivery_destination(place, reading))).await
    }

    /// With tags, AWS takes it for a new one only: it refuses tags where there is one of the name.
    async fn create(&self, want: &LogDeliveryDestinationSpec<Ready>, attempt: &Attempt) -> Result<Created, CloudError> {
        self.put_destination(want, Some(attempt.tagged(&want.tags).into_iter().collect())).await?;
        Ok(Created { id: want.name.as_str().into() })
    }

    async fn update(
        &self,
        seen: &Observed<LogDeliveryDestination>,
        want: &LogDeliveryDestinationSpec<Ready>,
        attempt: &Attempt,
    ) -> Result<Progress, CloudError> {
        if seen.spec.bucket != want.bucket {
            self.put_destination(want, None).await?;
            return Ok(Progress::Sent);
        }
        self.retag_delivery(seen.outputs.arn.as_str(), (&seen.spec.tags, seen.owner.as_ref()), &want.tags, attempt).await
    }

    async fn delete(&self, seen: &Observed<LogDeliveryDestination>, _: &Attempt) -> Result<Progress, CloudError> {
        let delete = self.deliveries().1.logs.delete_delivery_destination().name(seen.id.as_str());
        delete.send().await.told("logs:DeleteDeliveryDestination").map_err(still_delivers)?;
        Ok(Progress::Sent)
    }
}

fn raw_format(format: LogFormat) -> OutputFormat {
    match format {
        LogFormat::Json => OutputFormat::Json,
        LogFormat::Plain => OutputFormat::Plain,
        LogFormat::W3c => OutputFormat::W3C,
        LogFormat::Raw => OutputFormat::Raw,
        LogFormat::Parquet => OutputFormat::Parquet,
    }
}

impl Aws {
    async fn put_destination(
        &self,
        want: &LogDeliveryDestinationSpec<Ready>,
        tags: Option<HashMap<String, String>>,
    ) -> Result<(), CloudError> {
        let to = DeliveryDestinationConfiguration::builder().destination_resource_arn(want.bucket.as_str()).build();
        let put = self.deliveries().1.logs.put_delivery_destination().name(&want.name).output_format(raw_format(want.format));
        put.delivery_destination_configuration(built(PUT, to)?).set_tags(tags).send().await.told(PUT).map_err(not_yet)?;
        Ok(())
    }

    async fn delivery_destination(&self, place: &Locate<LogDeliveryDestination>, reading: &Reading) -> Sight<LogDeliveryDestination> {
        let name = place.id.as_ref().map_or(place.spec.name.as_str(), |id| id.as_str());
        let clients = self.deliveries().0;
        let ask = async {
            match clients.logs.get_delivery_destination().name(name).send().await.told(GET) {
                Ok(answer) => Ok((Some(told(GET, "deliveryDestination", answer.delivery_destination)?), 1)),
                Err(error) if error.class == Class::Absent => Ok((None, 1)),
                Err(error) => Err(error),
            }
        };
        let got = reading.once(format!("{GET} {name}"), ask).await?;
        let Some(raw) = got.as_ref() else { return Ok(None) };
        let arn = told(GET, "arn", raw.arn())?;
        let Some((tags, owner)) = self.delivery_tags(arn, reading).await? else { return Ok(None) };
        let format = told(GET, "outputFormat", raw.output_format())?;
        let known = FORMATS.into_iter().find(|known| raw_format(*known) == *format);
        let unknown = || CloudError::own(GET, Class::Invalid, format!("{name} has the format `{format}`, which bbws does not know"));
        let bucket = raw.delivery_destination_configuration().map(|to| to.destination_resource_arn.clone()).unwrap_or_default();
        Ok(Some(Observed {
            id: name.into(),
            spec: LogDeliveryDestinationSpec { name: name.to_owned(), bucket: Arn::new(bucket), format: known.ok_or_else(unknown)?, tags },
            outputs: LogDeliveryDestinationOutputs { arn: Arn::new(arn), name: Name::new(name) },
            phase: Phase::Ready,
            owner,
        }))
    }
}

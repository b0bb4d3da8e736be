//! The driver of `dashboard`. CloudWatch knows a dashboard by its name, in all regions alike. PutDashboard overwrites
//! whatever has the name, so it is looked for before; it takes tags only when the dashboard is new.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::types::Tag;
use bbws_engine::{Attempt, Created, Driver, Progress, Reading, Sight, read_tags};
use bbws_kinds::{Dashboard, DashboardBody, DashboardOutputs, DashboardSpec};
use bbws_model::{Arn, Class, CloudError, Locate, Name, Observed, Phase};
use futures::future::join_all;

use super::ec2::told;
use crate::{Aws, Told};

const GET: &str = "cloudwatch:GetDashboard";
const PUT: &str = "cloudwatch:PutDashboard";
const TAGS: &str = "cloudwatch:ListTagsForResource";

impl Driver<Dashboard> for Aws {
    async fn observe(&self, at: &[Locate<Dashboard>], reading: &Reading) -> Vec<Sight<Dashboard>> {
        join_all(at.iter().map(|place| self.dashboard(place, reading))).await
    }

    async fn create(&self, want: &DashboardSpec, attempt: &Attempt) -> Result<Created, CloudError> {
        let put = self.write.cloudwatch.put_dashboard().dashboard_name(&want.name).dashboard_body(want.body.to_text());
        put.set_tags(Some(as_tags(attempt.tagged(&want.tags)))).send().await.told(PUT)?;
        Ok(Created { id: want.name.as_str().into() })
    }

    async fn update(&self, seen: &Observed<Dashboard>, want: &DashboardSpec, attempt: &Attempt) -> Result<Progress, CloudError> {
        let (have, cloudwatch) = (&seen.spec, &self.write.cloudwatch);
        if have.body != want.body {
            let put = cloudwatch.put_dashboard().dashboard_name(seen.id.as_str()).dashboard_body(want.body.to_text());
            put.send().await.told(PUT)?;
            return Ok(Progress::Sent);
        }
        let arn = seen.outputs.arn.as_str();
        let missing = attempt.missing(&have.tags, seen.owner.as_ref(), &want.tags);
        if !missing.is_empty() {
            let tag = cloudwatch.tag_resource().resource_arn(arn).set_tags(Some(as_tags(missing)));
            tag.send().await.told("cloudwatch:TagResource")?;
            return Ok(Progress::Sent);
        }
        let extra = Attempt::extra(&have.tags, &want.tags);
        if extra.is_empty() {
            return Ok(Progress::Nothing);
        }
        cloudwatch.untag_resource().resource_arn(arn).set_tag_keys(Some(extra)).send().await.told("cloudwatch:UntagResource")?;
        Ok(Progress::Sent)
    }

    async fn delete(&self, seen: &Observed<Dashboard>, _: &Attempt) -> Result<Progress, CloudError> {
        let delete = self.write.cloudwatch.delete_dashboards().dashboard_names(seen.id.as_str());
        delete.send().await.told("cloudwatch:DeleteDashboards")?;
        Ok(Progress::Sent)
    }
}

fn as_tags(tags: BTreeMap<String, String>) -> Vec<Tag> {
    tags.into_iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

impl Aws {
    async fn dashboard(&self, place: &Locate<Dashboard>, reading: &Reading) -> Sight<Dashboard> {
        let name = place.id.as_ref().map_or(place.spec.name.as_str(), |id| id.as_str());
        let cloudwatch = &self.read.cloudwatch;
        let ask = async {
            match cloudwatch.get_dashboard().dashboard_name(name).send().await.told(GET) {
                Ok(answer) => Ok((Some(answer), 1)),
                Err(error) if error.class == Class::Absent => Ok((None, 1)),
                Err(error) => Err(error),
            }
        };
        let got = reading.once(format!("{GET} {name}"), ask).await?;
        let Some(raw) = got.as_ref() else { return Ok(None) };
        let arn = told(GET, "DashboardArn", raw.dashboard_arn())?;
        let ask = async {
            let answer = cloudwatch.list_tags_for_resource().resource_arn(arn).send().await.told(TAGS)?;
            let pair = |tag: Tag| Some((tag.key?, tag.value.unwrap_or_default()));
            Ok((read_tags(answer.tags.unwrap_or_default().into_iter().filter_map(pair)), 1))
        };
        let (tags, owner) = match reading.once(format!("{TAGS} {arn}"), ask).await {
            Ok(marked) => marked.as_ref().clone(),
            // It went between the two calls.
            Err(error) if error.class == Class::Absent => return Ok(None),
            Err(error) => return Err(error),
        };
        let body = DashboardBody::parse(told(GET, "DashboardBody", raw.dashboard_body())?);
        Ok(Some(Observed {
            id: name.into(),
            spec: DashboardSpec { name: name.to_owned(), body, tags },
            outputs: DashboardOutputs { arn: Arn::new(arn), name: Name::new(name) },
            phase: Phase::Ready,
            owner,
        }))
    }
}

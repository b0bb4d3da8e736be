//! What has a name of its own, listed for those that bear another than the file gives: where each stands, or what it watches.

use std::collections::BTreeSet;

use aws_sdk_secretsmanager::types::SecretListEntry;
use bbws_engine::{Candidate, Listing, Reading, read_tags};
use bbws_kinds::{Bucket, DbInstance, DbSubnetGroup, EcsCluster, GLOBAL, MetricAlarm, Secret, SecurityGroup};
use bbws_model::CloudError;
use futures::future::try_join_all;
use serde_json::Value;

use super::super::census::{each, is_leaving};
use super::super::ecs;
use super::super::metric_alarm::{alarm_tags, describe_alarms};
use super::super::rds::from_rds_tags;
use super::super::{s3, secret};
use super::{Facts, candidate, fact, of_ec2};
use crate::Aws;

impl Listing<SecurityGroup> for Aws {
    async fn all(&self, _: &[Value], _: &Reading) -> Result<Vec<Candidate>, CloudError> {
        let (all, _) = self.describe_groups(None).await?;
        // What AWS makes with each VPC is nobody's to take.
        let own = all.iter().filter(|(_, raw)| raw.group_name() != Some("default"));
        let facts = |raw: &aws_sdk_ec2::types::SecurityGroup| {
            [fact("vpc", raw.vpc_id()), fact("name", raw.group_name())].into_iter().flatten().collect()
        };
        Ok(own.map(|(id, raw)| of_ec2(id, raw.tags(), facts(raw))).collect())
    }
}

impl Listing<DbInstance> for Aws {
    async fn all(&self, _: &[Value], reading: &Reading) -> Result<Vec<Candidate>, CloudError> {
        let all = self.db_instances(reading).await?;
        let stays = all.iter().filter(|(_, raw)| !raw.db_instance_status().is_some_and(is_leaving));
        let facts = |raw: &aws_sdk_rds::types::DbInstance| {
            let vpc = raw.db_subnet_group().and_then(|group| group.vpc_id());
            [fact("vpc", vpc), fact("engine", raw.engine())].into_iter().flatten().collect()
        };
        Ok(stays.map(|(name, raw)| candidate(name, from_rds_tags(raw.tag_list()), facts(raw))).collect())
    }
}

impl Listing<DbSubnetGroup> for Aws {
    async fn all(&self, _: &[Value], reading: &Reading) -> Result<Vec<Candidate>, CloudError> {
        let all = self.db_subnet_groups(reading).await?;
        let arn = |raw: &aws_sdk_rds::types::DbSubnetGroup| raw.db_subnet_group_arn().map(str::to_owned);
        let told = all.iter().filter_map(|(name, raw)| Some((name.clone(), raw.vpc_id().map(str::to_owned), arn(raw)?)));
        each(told.collect(), |(name, vpc, arn): (String, Option<String>, String)| async move {
            let tags = self.rds_tags(&arn, reading).await?.as_ref().clone();
            Ok(Some(candidate(&name, tags, fact("vpc", vpc.as_deref()).into_iter().collect())))
        })
        .await
    }
}

impl Listing<EcsCluster> for Aws {
    async fn all(&self, _: &[Value], _: &Reading) -> Result<Vec<Candidate>, CloudError> {
        let mut found = vec![];
        for raw in self.all_clusters().await? {
            let facts = |name: Option<&str>| fact("name", name).into_iter().collect();
            found.extend(raw.cluster_arn().map(|arn| candidate(arn, ecs::from_tags(raw.tags()), facts(raw.cluster_name()))));
        }
        Ok(found)
    }
}

impl Listing<Bucket> for Aws {
    async fn all(&self, _: &[Value], _: &Reading) -> Result<Vec<Candidate>, CloudError> {
        each(self.buckets().await?, |name: String| async move {
            let tags = s3::tags(&self.read.s3, &name).await?;
            Ok(Some(candidate(&name, read_tags(tags), vec![])))
        })
        .await
    }
}

impl Listing<Secret> for Aws {
    async fn all(&self, _: &[Value], _: &Reading) -> Result<Vec<Candidate>, CloudError> {
        let all = self.secrets().await?;
        let named =
            |raw: &SecretListEntry| Some(candidate(raw.arn()?, secret::marks(raw.tags()), fact("name", raw.name()).into_iter().collect()));
        Ok(all.iter().filter_map(named).collect())
    }
}

/// Those that watch a metric of the file: of others nobody asks whose they are.
impl Listing<MetricAlarm> for Aws {
    async fn all(&self, wanted: &[Value], _: &Reading) -> Result<Vec<Candidate>, CloudError> {
        let text = |spec: &Value, field: &str| spec.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        let metrics: BTreeSet<(String, String)> = wanted.iter().map(|spec| (text(spec, "namespace"), text(spec, "metric"))).collect();
        let metrics = &metrics;
        let regions = BTreeSet::from([self.region_of(None), GLOBAL]);
        let of_region = |region: &str| {
            let (clients, region) = (self.at(region).0, region.to_owned());
            async move {
                let (all, _) = describe_alarms(&clients, &[]).await?;
                let (clients, region) = (&clients, &region);
                each(all.into_iter().collect(), |(name, raw)| async move {
                    let (namespace, metric) = (raw.namespace().unwrap_or_default(), raw.metric_name().unwrap_or_default());
                    let wanted = metrics.contains(&(namespace.to_owned(), metric.to_owned()));
                    let Some(arn) = raw.alarm_arn().filter(|_| wanted) else { return Ok(None) };
                    let of = raw.dimensions().iter().filter_map(|of| Some(("dimension", format!("{}={}", of.name()?, of.value()?))));
                    let comparison = fact("comparison", raw.comparison_operator().map(|how| how.as_str()));
                    let mut facts: Facts = of.chain(comparison).chain([("region", region.clone())]).collect();
                    facts.extend([fact("namespace", Some(namespace)), fact("metric", Some(metric))].into_iter().flatten());
                    Ok(Some(candidate(&name, alarm_tags(clients, arn).await?, facts)))
                })
                .await
            }
        };
        Ok(try_join_all(regions.into_iter().map(of_region)).await?.concat())
    }
}

//! What bears a mark among clusters, roles, topics, and what AWS's index of tags is asked for: log groups, alarms and
//! task definitions.

use std::collections::BTreeSet;

use aws_sdk_ecs::types::{Cluster, ClusterField};
use bbws_engine::{Census, Marked, Reading, read_tags};
use bbws_kinds::{EcsCluster, GLOBAL, LogGroup, MetricAlarm, Role, TaskDefinition, Topic};
use bbws_model::CloudError;
use futures::future::try_join_all;

use super::super::ecs::from_tags;
use super::super::metric_alarm::alarm_tags;
use super::super::tag_index::indexed;
use super::super::topic::topic_arns;
use super::{bears, each};
use crate::{Aws, Told};

/// So many clusters are described by one call.
const CLUSTERS: usize = 100;

impl Aws {
    /// All clusters that live, with their tags.
    pub(in super::super) async fn all_clusters(&self) -> Result<Vec<Cluster>, CloudError> {
        let mut arns = vec![];
        let mut pages = self.read.ecs.list_clusters().into_paginator().send();
        while let Some(page) = pages.next().await {
            arns.extend(page.told("ecs:ListClusters")?.cluster_arns.unwrap_or_default());
        }
        let mut found = vec![];
        for arns in arns.chunks(CLUSTERS) {
            let describe = self.read.ecs.describe_clusters().set_clusters(Some(arns.to_vec())).include(ClusterField::Tags);
            let all = describe.send().await.told("ecs:DescribeClusters")?.clusters.unwrap_or_default();
            found.extend(all.into_iter().filter(|raw| raw.status() == Some("ACTIVE")));
        }
        Ok(found)
    }
}

impl Census<EcsCluster> for Aws {
    async fn marked(&self, _: &Reading) -> Result<Vec<Marked>, CloudError> {
        let all = self.all_clusters().await?;
        Ok(all.iter().filter_map(|raw| bears(raw.cluster_arn()?, from_tags(raw.tags()))).collect())
    }
}

/// The list of roles tells no tags. Those that AWS made for its services are none of ours.
impl Census<Role> for Aws {
    async fn marked(&self, _: &Reading) -> Result<Vec<Marked>, CloudError> {
        let mut names = vec![];
        let mut pages = self.read.iam.list_roles().into_paginator().page_size(1000).send();
        while let Some(page) = pages.next().await {
            let own = page.told("iam:ListRoles")?.roles.into_iter().filter(|role| !role.path.starts_with("/aws-"));
            names.extend(own.map(|role| role.role_name));
        }
        each(names, |name: String| async move {
            let answer = self.read.iam.list_role_tags().role_name(&name).max_items(100).send().await.told("iam:ListRoleTags")?;
            Ok(bears(&name, read_tags(answer.tags.into_iter().map(|tag| (tag.key, tag.value)))))
        })
        .await
    }
}

impl Census<Topic> for Aws {
    async fn marked(&self, _: &Reading) -> Result<Vec<Marked>, CloudError> {
        let regions = BTreeSet::from([self.region_of(None), GLOBAL]);
        let of_region = |region: &str| {
            let clients = self.at(region).0;
            async move {
                let ((arns, _), clients) = (topic_arns(&clients).await?, &clients);
                each(arns, |arn: String| async move {
                    let answer = clients.sns.list_tags_for_resource().resource_arn(&arn).send().await.told("sns:ListTagsForResource")?;
                    Ok(bears(&arn, read_tags(answer.tags.unwrap_or_default().into_iter().map(|tag| (tag.key, tag.value)))))
                })
                .await
            }
        };
        Ok(try_join_all(regions.into_iter().map(of_region)).await?.concat())
    }
}

impl Census<LogGroup> for Aws {
    async fn marked(&self, _: &Reading) -> Result<Vec<Marked>, CloudError> {
        let arns = indexed(&self.read, "logs:log-group").await?;
        each(arns, |arn: String| async move {
            let arn = arn.trim_end_matches(":*");
            let Some((_, name)) = arn.split_once(":log-group:") else { return Ok(None) };
            let answer = self.read.logs.list_tags_for_resource().resource_arn(arn).send().await.told("logs:ListTagsForResource")?;
            Ok(bears(name, read_tags(answer.tags.unwrap_or_default())))
        })
        .await
    }
}

impl Census<MetricAlarm> for Aws {
    async fn marked(&self, _: &Reading) -> Result<Vec<Marked>, CloudError> {
        let regions = BTreeSet::from([self.region_of(None), GLOBAL]);
        let of_region = |region: &str| {
            let clients = self.at(region).0;
            async move {
                let (arns, clients) = (indexed(&clients, "cloudwatch:alarm").await?, &clients);
                each(arns, |arn: String| async move {
                    let Some((_, name)) = arn.split_once(":alarm:") else { return Ok(None) };
                    Ok(bears(name, alarm_tags(clients, &arn).await?))
                })
                .await
            }
        };
        Ok(try_join_all(regions.into_iter().map(of_region)).await?.concat())
    }
}

impl Census<TaskDefinition> for Aws {
    async fn marked(&self, reading: &Reading) -> Result<Vec<Marked>, CloudError> {
        let arns = indexed(&self.read, "ecs:task-definition").await?;
        each(arns, |arn: String| async move {
            let seen = self.revision(&arn, reading).await?;
            Ok(seen.and_then(|seen| bears(&arn, (seen.spec.tags, seen.owner))))
        })
        .await
    }
}

//! The driver of `ecs-cluster`.

use std::collections::BTreeMap;

use aws_sdk_ecs::types::{
    CapacityProviderStrategyItem, Cluster as Raw, ClusterConfiguration, ClusterField, ClusterSetting, ClusterSettingName,
    ExecuteCommandConfiguration, ExecuteCommandLogConfiguration, ExecuteCommandLogging,
};
use bbws_engine::{Attempt, Created, Driver, Progress, Reading, Sight};
use bbws_kinds::{CapacityShare, ContainerInsights, EcsCluster, EcsClusterOutputs, EcsClusterSpec, ExecLogging};
use bbws_model::{Arn, Class, CloudError, Locate, Name, Observed, Phase, Ready};

use super::ec2::told;
use super::ecs::{as_tags, from_tags};
use crate::scan::all_failed;
use crate::{Aws, Told};

/// So many clusters are described by one call.
const PER_CALL: usize = 100;
const DESCRIBE: &str = "ecs:DescribeClusters";

impl Driver<EcsCluster> for Aws {
    async fn observe(&self, at: &[Locate<EcsCluster>], reading: &Reading) -> Vec<Sight<EcsCluster>> {
        let all = match self.clusters(at, reading).await {
            Ok(all) => all,
            Err(error) => return all_failed(at, &error),
        };
        at.iter()
            .map(|place| {
                let is_it = |raw: &&Raw| match &place.id {
                    Some(id) => raw.cluster_arn() == Some(id.as_str()),
                    None => raw.cluster_name() == Some(place.spec.name.as_str()),
                };
                // AWS shows a deleted cluster for a while; its name is free.
                let gone = |raw: &&Raw| raw.status() == Some("INACTIVE");
                all.iter().find(is_it).filter(|raw| !gone(raw)).map(observed).transpose()
            })
            .collect()
    }

    async fn create(&self, want: &EcsClusterSpec<Ready>, attempt: &Attempt) -> Result<Created, CloudError> {
        const OPERATION: &str = "ecs:CreateCluster";
        // AWS answers a second create of the same name with the cluster that is there: the mark on it tells whose it is.
        let answer = self
            .write
            .ecs
            .create_cluster()
            .cluster_name(&want.name)
            .settings(insights(want.container_insights))
            .set_capacity_providers(Some(want.capacity_providers.iter().cloned().collect()))
            .set_default_capacity_provider_strategy(Some(strategy(OPERATION, &want.default_strategy)?))
            .configuration(configuration(want))
            .set_tags(Some(as_tags(attempt.tagged(&want.tags))))
            .send()
            .await
            .told(OPERATION)?;
        let arn = told(OPERATION, "clusterArn", answer.cluster.and_then(|cluster| cluster.cluster_arn))?;
        Ok(Created { id: arn.into() })
    }

    async fn update(&self, seen: &Observed<EcsCluster>, want: &EcsClusterSpec<Ready>, attempt: &Attempt) -> Result<Progress, CloudError> {
        let (arn, have, ecs) = (seen.id.as_str(), &seen.spec, &self.write.ecs);
        if have.container_insights != want.container_insights {
            let update = ecs.update_cluster_settings().cluster(arn).settings(insights(want.container_insights));
            update.send().await.told("ecs:UpdateClusterSettings")?;
            return Ok(Progress::Sent);
        }
        if (have.exec_logging, &have.exec_log_group) != (want.exec_logging, &want.exec_log_group) {
            ecs.update_cluster().cluster(arn).configuration(configuration(want)).send().await.told("ecs:UpdateCluster")?;
            return Ok(Progress::Sent);
        }
        if (&have.capacity_providers, &have.default_strategy) != (&want.capacity_providers, &want.default_strategy) {
            const OPERATION: &str = "ecs:PutClusterCapacityProviders";
            ecs.put_cluster_capacity_providers()
                .cluster(arn)
                .set_capacity_providers(Some(want.capacity_providers.iter().cloned().collect()))
                .set_default_capacity_provider_strategy(Some(strategy(OPERATION, &want.default_strategy)?))
                .send()
                .await
                .told(OPERATION)?;
            return Ok(Progress::Sent);
        }
        self.retag_ecs(arn, (&have.tags, seen.owner.as_ref()), &want.tags, attempt).await
    }

    async fn delete(&self, seen: &Observed<EcsCluster>, _: &Attempt) -> Result<Progress, CloudError> {
        self.write.ecs.delete_cluster().cluster(seen.id.as_str()).send().await.told("ecs:DeleteCluster")?;
        Ok(Progress::Sent)
    }
}

impl Aws {
    async fn clusters(&self, at: &[Locate<EcsCluster>], reading: &Reading) -> Result<Vec<Raw>, CloudError> {
        let mut names: Vec<&str> = at.iter().map(|place| place.id.as_ref().map_or(place.spec.name.as_str(), |id| id.as_str())).collect();
        names.sort_unstable();
        names.dedup();
        let mut all = vec![];
        // A call without names would describe the cluster `default`.
        for names in names.chunks(PER_CALL) {
            let ask = || async {
                let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
                let include = [ClusterField::Settings, ClusterField::Tags, ClusterField::Configurations, ClusterField::Attachments];
                let describe = self.read.ecs.describe_clusters().set_clusters(Some(names)).set_include(Some(include.to_vec()));
                let answer = describe.send().await.told(DESCRIBE)?;
                if let Some(failure) = answer.failures().iter().find(|failure| failure.reason() != Some("MISSING")) {
                    let (arn, reason) = (failure.arn().unwrap_or_default(), failure.reason().unwrap_or("no reason given"));
                    return Err(CloudError::own(DESCRIBE, Class::Transient, format!("ECS could not describe {arn}: {reason}")));
                }
                Ok((answer.clusters.unwrap_or_default(), 1))
            };
            all.extend(reading.once(format!("{DESCRIBE} {}", names.join(",")), ask()).await?.iter().cloned());
        }
        Ok(all)
    }
}

fn insights(value: ContainerInsights) -> ClusterSetting {
    let value = match value {
        ContainerInsights::Disabled => "disabled",
        ContainerInsights::Enabled => "enabled",
        ContainerInsights::Enhanced => "enhanced",
    };
    ClusterSetting::builder().name(ClusterSettingName::ContainerInsights).value(value).build()
}

fn strategy(operation: &str, shares: &BTreeMap<String, CapacityShare>) -> Result<Vec<CapacityProviderStrategyItem>, CloudError> {
    let invalid = |error: String| CloudError::own(operation, Class::Invalid, error);
    let number = |value: u32| i32::try_from(value).map_err(|error| invalid(error.to_string()));
    let item = |(provider, share): (&String, &CapacityShare)| {
        // AWS's own weight is 0, which starts no task, so both numbers are always sent.
        let item =
            CapacityProviderStrategyItem::builder().capacity_provider(provider).base(number(share.base)?).weight(number(share.weight)?);
        item.build().map_err(|error| invalid(error.to_string()))
    };
    shares.iter().map(item).collect()
}

fn configuration(want: &EcsClusterSpec<Ready>) -> ClusterConfiguration {
    let logging = match want.exec_logging {
        ExecLogging::Task => ExecuteCommandLogging::Default,
        ExecLogging::None => ExecuteCommandLogging::None,
        ExecLogging::Group => ExecuteCommandLogging::Override,
    };
    let group = want.exec_log_group.as_ref();
    let to = group.map(|group| ExecuteCommandLogConfiguration::builder().cloud_watch_log_group_name(group.as_str()).build());
    let exec = ExecuteCommandConfiguration::builder().logging(logging).set_log_configuration(to).build();
    ClusterConfiguration::builder().execute_command_configuration(exec).build()
}

fn observed(raw: &Raw) -> Result<Observed<EcsCluster>, CloudError> {
    let arn = told(DESCRIBE, "clusterArn", raw.cluster_arn())?;
    let name = told(DESCRIBE, "clusterName", raw.cluster_name())?;
    let setting = raw.settings().iter().find(|setting| setting.name() == Some(&ClusterSettingName::ContainerInsights));
    let container_insights = match setting.and_then(ClusterSetting::value) {
        Some("enabled") => ContainerInsights::Enabled,
        Some("enhanced") => ContainerInsights::Enhanced,
        _ => ContainerInsights::Disabled,
    };
    let number = |value: i32| u32::try_from(value).unwrap_or(0);
    let share = |item: &CapacityProviderStrategyItem| {
        (item.capacity_provider().to_owned(), CapacityShare { base: number(item.base()), weight: number(item.weight()) })
    };
    let exec = raw.configuration().and_then(|configuration| configuration.execute_command_configuration());
    let exec_logging = match exec.and_then(|exec| exec.logging()) {
        Some(ExecuteCommandLogging::None) => ExecLogging::None,
        Some(ExecuteCommandLogging::Override) => ExecLogging::Group,
        _ => ExecLogging::Task,
    };
    let group = exec.and_then(|exec| exec.log_configuration()).and_then(|to| to.cloud_watch_log_group_name());
    let (tags, owner) = from_tags(raw.tags());
    let phase = match (raw.status().unwrap_or_default(), raw.attachments_status()) {
        ("ACTIVE", Some("UPDATE_IN_PROGRESS")) => Phase::Pending("ECS brings the capacity providers in".into()),
        ("ACTIVE", Some("UPDATE_FAILED")) => Phase::Failed("ECS could not bring the capacity providers in".into()),
        ("ACTIVE", _) => Phase::Ready,
        ("FAILED", _) => Phase::Failed("ECS says the cluster has failed".into()),
        ("DEPROVISIONING", _) => Phase::Leaving,
        (status, _) => Phase::Pending(format!("ECS says the cluster is {status}")),
    };
    Ok(Observed {
        id: arn.into(),
        spec: EcsClusterSpec {
            name: name.to_owned(),
            container_insights,
            capacity_providers: raw.capacity_providers().iter().cloned().collect(),
            default_strategy: raw.default_capacity_provider_strategy().iter().map(share).collect(),
            exec_logging,
            exec_log_group: group.map(Name::new),
            tags,
        },
        outputs: EcsClusterOutputs { arn: Arn::new(arn), name: Name::new(name) },
        phase,
        owner,
    })
}

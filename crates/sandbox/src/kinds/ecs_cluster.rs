//! ECS clusters. To create one that exists is to be handed it.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ecs::operation::create_cluster::{CreateClusterInput, CreateClusterOutput};
use aws_sdk_ecs::operation::delete_cluster::{DeleteClusterInput, DeleteClusterOutput};
use aws_sdk_ecs::operation::describe_clusters::{DescribeClustersInput, DescribeClustersOutput};
use aws_sdk_ecs::operation::list_clusters::{ListClustersInput, ListClustersOutput};
use aws_sdk_ecs::operation::put_cluster_capacity_providers::{PutClusterCapacityProvidersInput, PutClusterCapacityProvidersOutput};
use aws_sdk_ecs::operation::update_cluster::{UpdateClusterInput, UpdateClusterOutput};
use aws_sdk_ecs::operation::update_cluster_settings::{UpdateClusterSettingsInput, UpdateClusterSettingsOutput};
use aws_sdk_ecs::types::{
    CapacityProviderStrategyItem, Cluster, ClusterConfiguration, ClusterField, ClusterSetting, ClusterSettingName,
    ExecuteCommandConfiguration, ExecuteCommandLogConfiguration, ExecuteCommandLogging, Failure,
};
use serde::{Deserialize, Serialize};

use super::ecs::{as_tags, client, invalid, is_name, set_tags, size, unless_simulated};
use super::quota;
use super::role::ensure_service_linked;
use crate::cloud::{At, Region};
use crate::fate::{Answer, Refusal, refuse};
use crate::handlers::Handlers;
use crate::paging::page;

/// For how long AWS shows a cluster that was deleted.
const SHOWN_MS: u64 = 3_600_000;

/// One cluster, by its name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) status: Status,
    /// When the status it is on its way to is reached.
    pub(crate) status_ms: u64,
    /// Until when its capacity providers are brought in.
    pub(crate) providers_ms: u64,
    pub(crate) settings: Settings,
    pub(crate) tags: BTreeMap<String, String>,
}

/// What a repeated create has to say again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Settings {
    pub(crate) insights: String,
    pub(crate) providers: BTreeSet<String>,
    /// Weight and base, by provider.
    pub(crate) strategy: BTreeMap<String, (i32, i32)>,
    pub(crate) exec_logging: String,
    pub(crate) exec_log_group: Option<String>,
}

/// Where a cluster is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Status {
    Provisioning,
    Active,
    Deprovisioning,
    Inactive,
}

impl Status {
    fn text(self) -> &'static str {
        match self {
            Self::Provisioning => "PROVISIONING",
            Self::Active => "ACTIVE",
            Self::Deprovisioning => "DEPROVISIONING",
            Self::Inactive => "INACTIVE",
        }
    }
}

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(create).on(describe).on(list).on(update).on(update_settings).on(put_providers).on(delete).tick(|at| {
        let now = at.now_ms;
        let clusters = &mut at.here().clusters;
        for row in clusters.values_mut().filter(|row| row.status_ms <= now) {
            match row.status {
                Status::Provisioning => row.status = Status::Active,
                Status::Deprovisioning => row.status = Status::Inactive,
                Status::Active | Status::Inactive => {}
            }
        }
        clusters.retain(|_, row| row.status != Status::Inactive || now < row.status_ms + SHOWN_MS);
    })
}

/// The name in a name or an ARN.
fn name_of(at: &At<'_>, given: &str) -> Option<String> {
    match given.strip_prefix("arn:") {
        None => Some(given.to_owned()),
        Some(_) => given.strip_prefix(&at.arn("ecs", "cluster/")).map(str::to_owned),
    }
}

fn gone() -> Refusal {
    refuse(400, "ClusterNotFoundException", "Cluster not found.")
}

/// The active cluster of this name or ARN; without either, the one called `default`.
pub(crate) fn the(at: &mut At<'_>, given: Option<&str>) -> Answer<String> {
    let name =
        name_of(at, given.unwrap_or("default")).ok_or_else(|| invalid("The specified cluster is not of this account and region."))?;
    let row = at.here().clusters.get(&name).filter(|row| row.status != Status::Inactive);
    row.map(|_| name).ok_or_else(gone)
}

/// The same, for calls that change it.
fn the_active<'a>(at: &'a mut At<'_>, given: Option<&str>) -> Answer<(String, &'a mut Row)> {
    let (name, now) = (the(at, given)?, at.now_ms);
    let row = at.here().clusters.get_mut(&name).ok_or_else(gone)?;
    if row.status != Status::Active {
        return Err(client("The specified cluster is inactive. Cluster was not ACTIVE."));
    }
    if now < row.providers_ms {
        return Err(refuse(
            400,
            "UpdateInProgressException",
            "The specified cluster is in a busy state. Cluster attachments are being updated.",
        ));
    }
    Ok((name, row))
}

fn insights(settings: &[ClusterSetting]) -> Answer<Option<String>> {
    let mut found = None;
    for setting in settings {
        let value = setting.value().unwrap_or_default();
        if setting.name() != Some(&ClusterSettingName::ContainerInsights) || !["enabled", "disabled", "enhanced"].contains(&value) {
            return Err(invalid(format!("Invalid cluster setting {:?} with the value '{value}'.", setting.name())));
        }
        found = Some(value.to_owned());
    }
    Ok(found)
}

fn strategy(items: &[CapacityProviderStrategyItem], providers: &BTreeSet<String>) -> Answer<BTreeMap<String, (i32, i32)>> {
    let mut strategy = BTreeMap::new();
    for item in items {
        let (provider, weight, base) = (item.capacity_provider(), item.weight(), item.base());
        if !providers.contains(provider) {
            return Err(invalid(format!("The specified capacity provider '{provider}' is not associated with the cluster.")));
        }
        if !(0..=1000).contains(&weight) || !(0..=100_000).contains(&base) {
            return Err(invalid("A weight is between 0 and 1000, and a base between 0 and 100000."));
        }
        if strategy.insert(provider.to_owned(), (weight, base)).is_some() {
            return Err(invalid("A capacity provider may stand once in a strategy."));
        }
    }
    if strategy.values().filter(|(_, base)| *base > 0).count() > 1 {
        return Err(invalid("Only one capacity provider in a capacity provider strategy can have a base defined."));
    }
    if !strategy.is_empty() && strategy.values().all(|(weight, _)| *weight == 0) {
        return Err(invalid("A capacity provider strategy must contain at least one capacity provider with a weight greater than 0."));
    }
    Ok(strategy)
}

fn known(providers: &[String]) -> Answer<BTreeSet<String>> {
    match providers.iter().find(|provider| !["FARGATE", "FARGATE_SPOT"].contains(&provider.as_str())) {
        Some(unknown) => Err(invalid(format!("The specified capacity provider '{unknown}' was not found."))),
        None => Ok(providers.iter().cloned().collect()),
    }
}

/// How the sessions of ECS Exec are logged, and where to.
fn exec(configuration: Option<&ClusterConfiguration>) -> Answer<(String, Option<String>)> {
    let default = (ExecuteCommandLogging::Default.as_str().to_owned(), None);
    let Some(configuration) = configuration else { return Ok(default) };
    unless_simulated(configuration.managed_storage_configuration().is_some(), "managed storage of a cluster")?;
    let Some(exec) = configuration.execute_command_configuration() else { return Ok(default) };
    unless_simulated(exec.kms_key_id().is_some(), "a key for ECS Exec")?;
    let to = exec.log_configuration();
    let elsewhere =
        to.is_some_and(|to| to.s3_bucket_name().is_some() || to.s3_key_prefix().is_some() || to.cloud_watch_encryption_enabled());
    unless_simulated(elsewhere, "a log of ECS Exec in S3, or an encrypted one")?;
    let group = to.and_then(|to| to.cloud_watch_log_group_name()).map(str::to_owned);
    match exec.logging() {
        Some(ExecuteCommandLogging::Override) if group.is_none() => {
            Err(invalid("The log configuration must be specified when the logging is set to OVERRIDE."))
        }
        Some(ExecuteCommandLogging::Override) => Ok((ExecuteCommandLogging::Override.as_str().to_owned(), group)),
        _ if group.is_some() => Err(invalid("The log configuration may only be specified when the logging is set to OVERRIDE.")),
        logging => Ok((logging.unwrap_or(&ExecuteCommandLogging::Default).as_str().to_owned(), None)),
    }
}

fn create(at: &mut At<'_>, input: &CreateClusterInput) -> Answer<CreateClusterOutput> {
    let name = input.cluster_name().unwrap_or("default").to_owned();
    if !is_name(&name) {
        return Err(invalid("Invalid cluster name."));
    }
    unless_simulated(input.service_connect_defaults().is_some(), "a default namespace of Service Connect")?;
    let providers = known(input.capacity_providers())?;
    let (exec_logging, exec_log_group) = exec(input.configuration())?;
    let settings = Settings {
        insights: insights(input.settings())?.unwrap_or_else(|| "disabled".into()),
        strategy: strategy(input.default_capacity_provider_strategy(), &providers)?,
        providers,
        exec_logging,
        exec_log_group,
    };
    match at.here().clusters.get(&name).filter(|row| row.status != Status::Inactive) {
        Some(row) if row.status == Status::Deprovisioning => {
            return Err(refuse(400, "UpdateInProgressException", "The specified cluster is being deleted."));
        }
        Some(row) if row.settings != settings => {
            return Err(invalid("Arguments on this idempotent request are inconsistent with arguments used in previous request(s)."));
        }
        // Whoever made it, and whatever its tags: it is handed out as if it were new.
        Some(row) => {
            let row = row.clone();
            return Ok(CreateClusterOutput::builder().cluster(answer(at, &name, &row, None)?).build());
        }
        None => {}
    }
    let most = quota::CLUSTERS.most(at);
    if at.here().clusters.len() >= most {
        return Err(refuse(400, "LimitExceededException", format!("The limit of {most} clusters has been reached.")));
    }
    let mut tags = BTreeMap::new();
    set_tags(&mut tags, input.tags())?;
    ensure_service_linked(at, "AWSServiceRoleForECS", "ecs.amazonaws.com");
    let status_ms = at.after(3);
    let providers_ms = if settings.providers.is_empty() { status_ms } else { at.after(6) };
    let row = Row { status: Status::Provisioning, status_ms, providers_ms, settings, tags };
    at.here().clusters.insert(name.clone(), row.clone());
    Ok(CreateClusterOutput::builder().cluster(answer(at, &name, &row, None)?).build())
}

/// How many services and tasks a cluster runs.
fn at_work(here: &Region, name: &str) -> (usize, usize) {
    let services = here.services.values().filter(|row| row.cluster == name && row.status != "INACTIVE").count();
    (services, here.tasks.values().filter(|row| row.cluster == name && row.last_status != "STOPPED").count())
}

fn answer(at: &mut At<'_>, name: &str, row: &Row, include: Option<&[ClusterField]>) -> Answer<Cluster> {
    let (services, tasks) = at_work(at.here(), name);
    let count = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
    let shown = |field: &ClusterField| include.is_none_or(|include| include.contains(field));
    let item = |(provider, (weight, base)): (&String, &(i32, i32))| {
        CapacityProviderStrategyItem::builder().capacity_provider(provider).weight(*weight).base(*base).build()
    };
    let Settings { insights, providers, strategy, exec_logging, exec_log_group } = &row.settings;
    let strategy = strategy.iter().map(item).collect::<Result<Vec<_>, _>>()?;
    let mut cluster = Cluster::builder()
        .cluster_arn(at.arn("ecs", &format!("cluster/{name}")))
        .cluster_name(name)
        .status(row.status.text())
        .registered_container_instances_count(0)
        .running_tasks_count(count(tasks))
        .pending_tasks_count(0)
        .active_services_count(count(services))
        .set_capacity_providers(Some(providers.iter().cloned().collect()))
        .set_default_capacity_provider_strategy(Some(strategy));
    if shown(&ClusterField::Attachments) {
        let status = if at.now_ms < row.providers_ms { "UPDATE_IN_PROGRESS" } else { "UPDATE_COMPLETE" };
        cluster = cluster.attachments_status(status);
    }
    if shown(&ClusterField::Settings) {
        let setting = ClusterSetting::builder().name(ClusterSettingName::ContainerInsights).value(insights);
        cluster = cluster.settings(setting.build());
    }
    if shown(&ClusterField::Configurations) && exec_logging != ExecuteCommandLogging::Default.as_str() {
        let to = exec_log_group.as_ref().map(|group| ExecuteCommandLogConfiguration::builder().cloud_watch_log_group_name(group).build());
        let exec = ExecuteCommandConfiguration::builder().logging(exec_logging.as_str().into()).set_log_configuration(to).build();
        cluster = cluster.configuration(ClusterConfiguration::builder().execute_command_configuration(exec).build());
    }
    if shown(&ClusterField::Tags) {
        cluster = cluster.set_tags(Some(as_tags(&row.tags)));
    }
    Ok(cluster.build())
}

fn describe(at: &mut At<'_>, input: &DescribeClustersInput) -> Answer<DescribeClustersOutput> {
    let mut wanted = input.clusters().to_vec();
    if wanted.len() > 100 {
        return Err(invalid("Clusters cannot be more than 100."));
    }
    if wanted.is_empty() {
        wanted.push("default".into());
    }
    let (mut found, mut failures) = (vec![], vec![]);
    for given in wanted {
        let name = name_of(at, &given).unwrap_or_default();
        match at.here().clusters.get(&name).cloned() {
            Some(row) => found.push(answer(at, &name, &row, Some(input.include()))?),
            None => {
                let arn = if given.starts_with("arn:") { given } else { at.arn("ecs", &format!("cluster/{given}")) };
                failures.push(Failure::builder().arn(arn).reason("MISSING").build());
            }
        }
    }
    Ok(DescribeClustersOutput::builder().set_clusters(Some(found)).set_failures(Some(failures)).build())
}

fn list(at: &mut At<'_>, input: &ListClustersInput) -> Answer<ListClustersOutput> {
    let living = at.here().clusters.iter().filter(|(_, row)| row.status != Status::Inactive);
    let names: Vec<String> = living.map(|(name, _)| name.clone()).collect();
    let arns = names.iter().map(|name| at.arn("ecs", &format!("cluster/{name}"))).collect();
    let (arns, next) = page(arns, size(input.max_results(), 100)?, input.next_token())?;
    Ok(ListClustersOutput::builder().set_cluster_arns(Some(arns)).set_next_token(next).build())
}

fn update(at: &mut At<'_>, input: &UpdateClusterInput) -> Answer<UpdateClusterOutput> {
    unless_simulated(input.service_connect_defaults().is_some(), "a default namespace of Service Connect")?;
    let (insights, exec) = (insights(input.settings())?, input.configuration().map(|given| exec(Some(given))).transpose()?);
    let (name, row) = the_active(at, input.cluster())?;
    if let Some(value) = insights {
        row.settings.insights = value;
    }
    if let Some((logging, group)) = exec {
        (row.settings.exec_logging, row.settings.exec_log_group) = (logging, group);
    }
    let row = row.clone();
    Ok(UpdateClusterOutput::builder().cluster(answer(at, &name, &row, None)?).build())
}

fn update_settings(at: &mut At<'_>, input: &UpdateClusterSettingsInput) -> Answer<UpdateClusterSettingsOutput> {
    let value = insights(input.settings())?.ok_or_else(|| invalid("Settings cannot be empty."))?;
    let (name, row) = the_active(at, input.cluster())?;
    row.settings.insights = value;
    let row = row.clone();
    Ok(UpdateClusterSettingsOutput::builder().cluster(answer(at, &name, &row, None)?).build())
}

fn put_providers(at: &mut At<'_>, input: &PutClusterCapacityProvidersInput) -> Answer<PutClusterCapacityProvidersOutput> {
    if input.capacity_providers.is_none() || input.default_capacity_provider_strategy.is_none() {
        return Err(invalid("The capacity providers and the default strategy must both be specified."));
    }
    let providers = known(input.capacity_providers())?;
    let strategy = strategy(input.default_capacity_provider_strategy(), &providers)?;
    let until = at.after(6);
    let (name, row) = the_active(at, input.cluster())?;
    (row.settings.providers, row.settings.strategy, row.providers_ms) = (providers, strategy, until);
    let row = row.clone();
    Ok(PutClusterCapacityProvidersOutput::builder().cluster(answer(at, &name, &row, None)?).build())
}

fn delete(at: &mut At<'_>, input: &DeleteClusterInput) -> Answer<DeleteClusterOutput> {
    let until = at.after(4);
    let name = the_active(at, input.cluster())?.0;
    let (services, tasks) = at_work(at.here(), &name);
    if services > 0 {
        return Err(refuse(400, "ClusterContainsServicesException", "The Cluster cannot be deleted while Services are active."));
    }
    if tasks > 0 {
        return Err(refuse(400, "ClusterContainsTasksException", "The Cluster cannot be deleted while Tasks are active."));
    }
    let (_, row) = the_active(at, Some(&name))?;
    (row.status, row.status_ms) = (Status::Deprovisioning, until);
    let row = row.clone();
    Ok(DeleteClusterOutput::builder().cluster(answer(at, &name, &row, None)?).build())
}

//! Task definitions of Fargate: numbered revisions that never change, and that stay to be seen when they are inactive.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ecs::operation::deregister_task_definition::{DeregisterTaskDefinitionInput, DeregisterTaskDefinitionOutput};
use aws_sdk_ecs::operation::describe_task_definition::{DescribeTaskDefinitionInput, DescribeTaskDefinitionOutput};
use aws_sdk_ecs::operation::list_task_definitions::{ListTaskDefinitionsInput, ListTaskDefinitionsOutput};
use aws_sdk_ecs::operation::register_task_definition::{RegisterTaskDefinitionInput, RegisterTaskDefinitionOutput};
use aws_sdk_ecs::types::{
    Compatibility, CpuArchitecture, EphemeralStorage, NetworkMode, OsFamily, RuntimePlatform, SortOrder, TaskDefinition,
    TaskDefinitionField, TaskDefinitionStatus,
};
use bbws_kinds::fargate_size_problem;
use serde::{Deserialize, Serialize};

use super::container::{Container, Volume};
use super::ecs::{as_tags, client, invalid, is_name, moment, set_tags, size, unless_simulated};
use crate::cloud::At;
use crate::fate::{Answer, Refusal};
use crate::handlers::Handlers;
use crate::paging::page;

/// One revision, by `family:revision`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) family: String,
    pub(crate) revision: i32,
    pub(crate) cpu: u32,
    pub(crate) memory: u32,
    /// None where nothing was said: Linux on Intel and AMD.
    pub(crate) architecture: Option<String>,
    pub(crate) storage_gib: Option<i32>,
    pub(crate) execution_role: Option<String>,
    pub(crate) task_role: Option<String>,
    pub(crate) containers: Vec<Container>,
    pub(crate) volumes: Vec<Volume>,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) registered_ms: u64,
    /// By whom.
    #[serde(default)]
    pub(crate) registered_by: String,
    /// Since when it is inactive, if it is.
    pub(crate) deregistered_ms: Option<u64>,
}

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(register).on(describe).on(list).on(deregister)
}

/// What AWS says of a revision that it does not know.
fn unknown() -> Refusal {
    client("Unable to describe task definition.")
}

/// A number in a text, as ECS reads `1 vCPU` and `2GB`.
fn units(text: &str, unit: &str, factor: f64) -> Option<u32> {
    let text = text.trim();
    let whole = text.parse::<u32>().ok();
    whole.or_else(|| {
        let number: f64 = text.to_lowercase().strip_suffix(&unit.to_lowercase())?.trim().parse().ok()?;
        // Exact for all sizes there are, which are far below 2^24.
        format!("{:.0}", number * factor).parse().ok()
    })
}

fn role(arn: Option<&str>) -> Answer<Option<String>> {
    let sound = |arn: &str| {
        let account = arn.strip_prefix("arn:aws:iam::").and_then(|rest| rest.split_once(":role/")).map(|(account, _)| account);
        account.is_some_and(|account| account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit()))
    };
    match arn {
        Some(arn) if !sound(arn) => Err(client("Role is not valid")),
        arn => Ok(arn.map(str::to_owned)),
    }
}

fn register(at: &mut At<'_>, input: &RegisterTaskDefinitionInput) -> Answer<RegisterTaskDefinitionOutput> {
    let family = input.family().unwrap_or_default();
    if !is_name(family) {
        return Err(client("Invalid family name."));
    }
    if input.requires_compatibilities() != [Compatibility::Fargate] {
        return Err(client("sandbox: only task definitions of Fargate are simulated"));
    }
    if input.network_mode() != Some(&NetworkMode::Awsvpc) {
        return Err(client("Fargate only supports network mode 'awsvpc'."));
    }
    let other = input.pid_mode().is_some()
        || input.ipc_mode().is_some()
        || input.proxy_configuration().is_some()
        || !input.placement_constraints().is_empty()
        || input.enable_fault_injection().is_some();
    unless_simulated(other, "a process or IPC mode, a proxy, a placement constraint or fault injection")?;
    let (cpu, memory) = (input.cpu().unwrap_or_default(), input.memory().unwrap_or_default());
    let sizes = (units(cpu, "vcpu", 1024.0), units(memory, "gb", 1024.0));
    let (Some(cpu), Some(memory)) = sizes else {
        return Err(client(format!("Invalid 'cpu' or 'memory' setting for task: '{cpu}', '{memory}'.")));
    };
    if fargate_size_problem(cpu, memory).is_some() {
        return Err(client(format!(
            "No Fargate configuration exists for given values: {cpu} CPU, {memory} memory. See the Amazon ECS documentation for the valid values."
        )));
    }
    let storage_gib = input.ephemeral_storage().map(EphemeralStorage::size_in_gib);
    if storage_gib.is_some_and(|gib| !(21..=200).contains(&gib)) {
        return Err(client("Ephemeral storage size must be between 21 and 200 GiB."));
    }
    let (execution_role, task_role) = (role(input.execution_role_arn())?, role(input.task_role_arn())?);
    let volumes = input.volumes().iter().map(Volume::read).collect::<Answer<Vec<_>>>()?;
    let containers = containers(input, &volumes, execution_role.is_some(), (cpu, memory))?;
    let mut tags = BTreeMap::new();
    set_tags(&mut tags, input.tags())?;
    let (now, registered_by) = (at.now_ms, at.principal.arn(at.account));
    let here = at.here();
    // Numbers never come again, whatever became of the revisions.
    let revision = here.task_families.get(family).copied().unwrap_or(0) + 1;
    here.task_families.insert(family.to_owned(), revision);
    let row = Row {
        family: family.to_owned(),
        revision,
        cpu,
        memory,
        architecture: architecture(input.runtime_platform())?,
        storage_gib,
        execution_role,
        task_role,
        containers,
        volumes,
        tags,
        registered_ms: now,
        registered_by,
        deregistered_ms: None,
    };
    here.task_definitions.insert(format!("{family}:{revision}"), row.clone());
    Ok(RegisterTaskDefinitionOutput::builder().task_definition(answer(at, &row)?).set_tags(Some(as_tags(&row.tags))).build())
}

fn architecture(platform: Option<&RuntimePlatform>) -> Answer<Option<String>> {
    let Some(platform) = platform else { return Ok(None) };
    unless_simulated(platform.operating_system_family().is_some_and(|family| *family != OsFamily::Linux), "Windows")?;
    match platform.cpu_architecture() {
        Some(known @ (CpuArchitecture::X8664 | CpuArchitecture::Arm64)) => Ok(Some(known.as_str().to_owned())),
        Some(other) => Err(client(format!("Invalid cpuArchitecture '{other}'."))),
        None => Ok(None),
    }
}

fn containers(
    input: &RegisterTaskDefinitionInput,
    volumes: &[Volume],
    execution_role: bool,
    (cpu, memory): (u32, u32),
) -> Answer<Vec<Container>> {
    if input.container_definitions().is_empty() {
        return Err(client("Container list cannot be empty."));
    }
    let read = |raw| Container::read(raw, volumes, execution_role);
    let all = input.container_definitions().iter().map(read).collect::<Answer<Vec<_>>>()?;
    let names: BTreeSet<&str> = all.iter().map(|container| container.name.as_str()).collect();
    if names.len() < all.len() {
        return Err(client("Container names must be unique."));
    }
    if !all.iter().any(|container| container.essential) {
        return Err(client("A task definition must have at least one essential container."));
    }
    let sum = |part: fn(&Container) -> i32| all.iter().map(|container| i64::from(part(container))).sum::<i64>();
    if sum(|container| container.cpu) > i64::from(cpu) {
        return Err(client("Invalid 'cpu' setting for task because it is less than the sum of the containers' cpu."));
    }
    if sum(Container::reserved) > i64::from(memory) || all.iter().any(|c| c.memory.is_some_and(|m| i64::from(m) > i64::from(memory))) {
        return Err(client("Invalid 'memory' setting for task because it is less than the sum of the containers' memory."));
    }
    Ok(all)
}

fn answer(at: &At<'_>, row: &Row) -> Answer<TaskDefinition> {
    let platform = row.architecture.as_ref().map(|architecture| {
        let platform = RuntimePlatform::builder().cpu_architecture(architecture.as_str().into());
        platform.operating_system_family(OsFamily::Linux).build()
    });
    let status = if row.deregistered_ms.is_some() { TaskDefinitionStatus::Inactive } else { TaskDefinitionStatus::Active };
    Ok(TaskDefinition::builder()
        .task_definition_arn(at.arn("ecs", &format!("task-definition/{}:{}", row.family, row.revision)))
        .family(&row.family)
        .revision(row.revision)
        .status(status)
        .network_mode(NetworkMode::Awsvpc)
        .requires_compatibilities(Compatibility::Fargate)
        .compatibilities(Compatibility::Ec2)
        .compatibilities(Compatibility::Fargate)
        .cpu(row.cpu.to_string())
        .memory(row.memory.to_string())
        .set_runtime_platform(platform)
        .set_ephemeral_storage(row.storage_gib.map(|gib| EphemeralStorage::builder().size_in_gib(gib).build()))
        .set_execution_role_arn(row.execution_role.clone())
        .set_task_role_arn(row.task_role.clone())
        .set_container_definitions(Some(row.containers.iter().map(Container::answer).collect::<Answer<_>>()?))
        .set_volumes(Some(row.volumes.iter().map(Volume::answer).collect::<Answer<_>>()?))
        .set_placement_constraints(Some(vec![]))
        .registered_at(moment(row.registered_ms))
        .registered_by(&row.registered_by)
        .set_deregistered_at(row.deregistered_ms.map(moment))
        .build())
}

/// The key of what was asked for: an ARN, `family:revision`, or a family, which stands for its newest active revision.
fn key(at: &mut At<'_>, given: &str) -> Option<String> {
    let name = match given.strip_prefix("arn:") {
        Some(_) => given.strip_prefix(&at.arn("ecs", "task-definition/"))?.to_owned(),
        None => given.to_owned(),
    };
    if name.contains(':') {
        return Some(name);
    }
    let active = at.here().task_definitions.values().filter(|row| row.family == name && row.deregistered_ms.is_none());
    active.map(|row| row.revision).max().map(|revision| format!("{name}:{revision}"))
}

fn describe(at: &mut At<'_>, input: &DescribeTaskDefinitionInput) -> Answer<DescribeTaskDefinitionOutput> {
    let key = key(at, input.task_definition().unwrap_or_default()).ok_or_else(unknown)?;
    let row = at.here().task_definitions.get(&key).cloned().ok_or_else(unknown)?;
    let tags = input.include().contains(&TaskDefinitionField::Tags).then(|| as_tags(&row.tags));
    Ok(DescribeTaskDefinitionOutput::builder().task_definition(answer(at, &row)?).set_tags(tags).build())
}

fn list(at: &mut At<'_>, input: &ListTaskDefinitionsInput) -> Answer<ListTaskDefinitionsOutput> {
    let active = match input.status() {
        None | Some(TaskDefinitionStatus::Active) => true,
        Some(TaskDefinitionStatus::Inactive) => false,
        Some(other) => return Err(invalid(format!("sandbox: task definitions that are {other} are not simulated"))),
    };
    let of_family = |row: &&Row| input.family_prefix().is_none_or(|prefix| row.family.starts_with(prefix));
    let rows = at.here().task_definitions.values().filter(of_family).filter(|row| row.deregistered_ms.is_none() == active);
    let mut found: Vec<(String, i32)> = rows.map(|row| (row.family.clone(), row.revision)).collect();
    found.sort();
    if input.sort() == Some(&SortOrder::Desc) {
        found.reverse();
    }
    let arns = found.into_iter().map(|(family, revision)| at.arn("ecs", &format!("task-definition/{family}:{revision}"))).collect();
    let (arns, next) = page(arns, size(input.max_results(), 100)?, input.next_token())?;
    Ok(ListTaskDefinitionsOutput::builder().set_task_definition_arns(Some(arns)).set_next_token(next).build())
}

fn deregister(at: &mut At<'_>, input: &DeregisterTaskDefinitionInput) -> Answer<DeregisterTaskDefinitionOutput> {
    let given = input.task_definition().unwrap_or_default();
    if !given.rsplit('/').next().unwrap_or_default().contains(':') {
        return Err(client("The specified task definition has no revision. Specify a family:revision or a full ARN."));
    }
    let now = at.now_ms;
    let gone = || client("The specified task definition does not exist. Specify a valid account, family, revision and try again.");
    let key = key(at, given).ok_or_else(gone)?;
    let row = at.here().task_definitions.get_mut(&key).filter(|row| row.deregistered_ms.is_none()).ok_or_else(gone)?;
    row.deregistered_ms = Some(now);
    let row = row.clone();
    Ok(DeregisterTaskDefinitionOutput::builder().task_definition(answer(at, &row)?).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_their_units() {
        assert_eq!(
            [units("256", "vcpu", 1024.0), units(".25 vCPU", "vcpu", 1024.0), units("2GB", "gb", 1024.0)],
            [Some(256), Some(256), Some(2048)]
        );
        assert_eq!(units("much", "gb", 1024.0), None);
    }
}

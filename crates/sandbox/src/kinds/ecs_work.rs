//! What runs in ECS clusters: services and tasks. They are tenants', so bbws only looks at them.

use std::collections::BTreeMap;

use aws_sdk_ecs::operation::describe_services::{DescribeServicesInput, DescribeServicesOutput};
use aws_sdk_ecs::operation::describe_tasks::{DescribeTasksInput, DescribeTasksOutput};
use aws_sdk_ecs::operation::list_services::{ListServicesInput, ListServicesOutput};
use aws_sdk_ecs::operation::list_tasks::{ListTasksInput, ListTasksOutput};
use aws_sdk_ecs::types::{DesiredStatus, Failure, LaunchType, LoadBalancer, Service, ServiceField, Task, TaskField};
use serde::{Deserialize, Serialize};

use super::ecs::{as_tags, invalid, moment, size, unless_simulated};
use super::ecs_cluster;
use crate::cloud::At;
use crate::fate::Answer;
use crate::handlers::Handlers;
use crate::paging::page;

/// One service, by its ARN.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ServiceRow {
    pub(crate) cluster: String,
    pub(crate) name: String,
    /// `ACTIVE`, `DRAINING` or `INACTIVE`.
    pub(crate) status: String,
    pub(crate) task_definition: String,
    pub(crate) desired: i32,
    pub(crate) running: i32,
    /// The ARNs of the target groups that its tasks are in.
    pub(crate) target_groups: Vec<String>,
    pub(crate) created_ms: u64,
    pub(crate) tags: BTreeMap<String, String>,
}

/// One task, by its ARN.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct TaskRow {
    pub(crate) cluster: String,
    pub(crate) task_definition: String,
    /// The service that started it, if one did.
    pub(crate) service: Option<String>,
    pub(crate) last_status: String,
    pub(crate) desired_status: String,
    pub(crate) created_ms: u64,
    pub(crate) tags: BTreeMap<String, String>,
}

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(list_services).on(describe_services).on(list_tasks).on(describe_tasks)
}

/// `family:revision` of a task definition's ARN.
fn definition(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or_default()
}

fn list_services(at: &mut At<'_>, input: &ListServicesInput) -> Answer<ListServicesOutput> {
    unless_simulated(input.scheduling_strategy().is_some() || input.resource_management_type().is_some(), "a filter of services")?;
    let cluster = ecs_cluster::the(at, input.cluster())?;
    let fits = input.launch_type().is_none_or(|launch| *launch == LaunchType::Fargate);
    let of_cluster = at.here().services.iter().filter(|(_, row)| fits && row.cluster == cluster && row.status != "INACTIVE");
    let arns = of_cluster.map(|(arn, _)| arn.clone()).collect();
    let (arns, next) = page(arns, size(input.max_results(), 10)?, input.next_token())?;
    Ok(ListServicesOutput::builder().set_service_arns(Some(arns)).set_next_token(next).build())
}

fn describe_services(at: &mut At<'_>, input: &DescribeServicesInput) -> Answer<DescribeServicesOutput> {
    if !(1..=10).contains(&input.services().len()) {
        return Err(invalid("Services cannot be empty, nor more than 10."));
    }
    let cluster = ecs_cluster::the(at, input.cluster())?;
    let cluster_arn = at.arn("ecs", &format!("cluster/{cluster}"));
    let (mut found, mut failures) = (vec![], vec![]);
    for given in input.services() {
        let own = at.arn("ecs", &format!("service/{cluster}/{given}"));
        let is_it = |(arn, row): &(&String, &ServiceRow)| row.cluster == cluster && (*arn == given || **arn == own);
        let Some((arn, row)) = at.here().services.iter().find(is_it) else {
            failures.push(Failure::builder().arn(if given.starts_with("arn:") { given } else { &own }).reason("MISSING").build());
            continue;
        };
        let to = |group: &String| LoadBalancer::builder().target_group_arn(group).build();
        let service = Service::builder()
            .service_arn(arn)
            .service_name(&row.name)
            .cluster_arn(&cluster_arn)
            .status(&row.status)
            .task_definition(&row.task_definition)
            .desired_count(row.desired)
            .running_count(row.running)
            .pending_count((row.desired - row.running).max(0))
            .launch_type(LaunchType::Fargate)
            .set_load_balancers(Some(row.target_groups.iter().map(to).collect()))
            .created_at(moment(row.created_ms));
        let tags = input.include().contains(&ServiceField::Tags).then(|| as_tags(&row.tags));
        found.push(service.set_tags(tags).build());
    }
    Ok(DescribeServicesOutput::builder().set_services(Some(found)).set_failures(Some(failures)).build())
}

fn list_tasks(at: &mut At<'_>, input: &ListTasksInput) -> Answer<ListTasksOutput> {
    let other = input.container_instance().is_some() || input.started_by().is_some() || input.daemon_name().is_some();
    unless_simulated(other, "tasks by their instance or starter")?;
    let cluster = ecs_cluster::the(at, input.cluster())?;
    // Without a wish, those are shown that are to run.
    let desired = input.desired_status().unwrap_or(&DesiredStatus::Running).as_str();
    let fits = |row: &TaskRow| {
        let family = definition(&row.task_definition).split(':').next().unwrap_or_default();
        row.cluster == cluster
            && row.desired_status == desired
            && input.family().is_none_or(|wanted| wanted == family)
            && input.service_name().is_none_or(|wanted| row.service.as_deref() == wanted.rsplit('/').next())
            && input.launch_type().is_none_or(|launch| *launch == LaunchType::Fargate)
    };
    let arns = at.here().tasks.iter().filter(|(_, row)| fits(row)).map(|(arn, _)| arn.clone()).collect();
    let (arns, next) = page(arns, size(input.max_results(), 100)?, input.next_token())?;
    Ok(ListTasksOutput::builder().set_task_arns(Some(arns)).set_next_token(next).build())
}

fn describe_tasks(at: &mut At<'_>, input: &DescribeTasksInput) -> Answer<DescribeTasksOutput> {
    if !(1..=100).contains(&input.tasks().len()) {
        return Err(invalid("Tasks cannot be empty, nor more than 100."));
    }
    let cluster = ecs_cluster::the(at, input.cluster())?;
    let cluster_arn = at.arn("ecs", &format!("cluster/{cluster}"));
    let (mut found, mut failures) = (vec![], vec![]);
    for given in input.tasks() {
        let own = at.arn("ecs", &format!("task/{cluster}/{given}"));
        let is_it = |(arn, row): &(&String, &TaskRow)| row.cluster == cluster && (*arn == given || **arn == own);
        let Some((arn, row)) = at.here().tasks.iter().find(is_it) else {
            failures.push(Failure::builder().arn(if given.starts_with("arn:") { given } else { &own }).reason("MISSING").build());
            continue;
        };
        let group = match &row.service {
            Some(service) => format!("service:{service}"),
            None => format!("family:{}", definition(&row.task_definition).split(':').next().unwrap_or_default()),
        };
        let task = Task::builder()
            .task_arn(arn)
            .cluster_arn(&cluster_arn)
            .task_definition_arn(&row.task_definition)
            .group(group)
            .last_status(&row.last_status)
            .desired_status(&row.desired_status)
            .launch_type(LaunchType::Fargate)
            .created_at(moment(row.created_ms));
        let tags = input.include().contains(&TaskField::Tags).then(|| as_tags(&row.tags));
        found.push(task.set_tags(tags).build());
    }
    Ok(DescribeTasksOutput::builder().set_tasks(Some(found)).set_failures(Some(failures)).build())
}

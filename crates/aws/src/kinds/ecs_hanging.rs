//! What others run in an ECS cluster.

use aws_sdk_ecs::types::DesiredStatus;
use bbws_engine::{Carrier, Hanging, Reading};
use bbws_kinds::EcsCluster;
use bbws_model::{Class, CloudError, Observed};

use crate::{Aws, Told};

/// So many tasks are described by one call.
const PER_CALL: usize = 100;

impl Carrier<EcsCluster> for Aws {
    async fn hung_on(&self, seen: &Observed<EcsCluster>, reading: &Reading) -> Result<Vec<Hanging>, CloudError> {
        let cluster = seen.id.as_str();
        let (services, tasks) = tokio::try_join!(
            reading.once(format!("ecs:ListServices {cluster}"), self.services_in(cluster)),
            reading.once(format!("ecs:ListTasks {cluster}"), self.lone_tasks_in(cluster))
        )?;
        Ok(services.iter().chain(tasks.iter()).cloned().collect())
    }
}

impl Aws {
    async fn services_in(&self, cluster: &str) -> Result<(Vec<Hanging>, usize), CloudError> {
        let (mut all, mut calls) = (vec![], 0);
        let mut pages = self.read.ecs.list_services().cluster(cluster).max_results(100).into_paginator().send();
        while let Some(page) = pages.next().await {
            calls += 1;
            let service = |arn: String| {
                let name = arn.rsplit('/').next().unwrap_or_default().to_owned();
                Hanging { what: "ECS service", id: arn.into(), name, owner: None, adds: None }
            };
            all.extend(page.told("ecs:ListServices")?.service_arns.unwrap_or_default().into_iter().map(service));
        }
        Ok((all, calls))
    }

    /// The tasks that no service started: those of services go with them.
    async fn lone_tasks_in(&self, cluster: &str) -> Result<(Vec<Hanging>, usize), CloudError> {
        const DESCRIBE: &str = "ecs:DescribeTasks";
        let (mut arns, mut calls) = (vec![], 0);
        let mut pages = self.read.ecs.list_tasks().cluster(cluster).desired_status(DesiredStatus::Running).into_paginator().send();
        while let Some(page) = pages.next().await {
            calls += 1;
            arns.extend(page.told("ecs:ListTasks")?.task_arns.unwrap_or_default());
        }
        let mut all = vec![];
        for arns in arns.chunks(PER_CALL) {
            calls += 1;
            let answer = self.read.ecs.describe_tasks().cluster(cluster).set_tasks(Some(arns.to_vec())).send().await.told(DESCRIBE)?;
            // One that stopped since it was listed is missing; any other reason says nothing.
            if let Some(failure) = answer.failures().iter().find(|failure| failure.reason() != Some("MISSING")) {
                let why = format!("ECS could not describe a task: {}", failure.reason().unwrap_or("no reason given"));
                return Err(CloudError::own(DESCRIBE, Class::Transient, why));
            }
            let lone = answer.tasks().iter().filter(|task| !task.group().is_some_and(|group| group.starts_with("service:")));
            all.extend(lone.filter_map(|task| {
                let name = task.group().unwrap_or_default().trim_start_matches("family:").to_owned();
                Some(Hanging { what: "ECS task", id: task.task_arn()?.into(), name, owner: None, adds: None })
            }));
        }
        Ok((all, calls))
    }
}

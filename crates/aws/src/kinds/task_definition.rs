//! The driver of `task-definition`. Its id is the ARN with the revision.

use aws_sdk_ecs::types::{
    Compatibility, CpuArchitecture, EphemeralStorage, NetworkMode, OsFamily, RuntimePlatform, SortOrder, TaskDefinition as Raw,
    TaskDefinitionField, TaskDefinitionStatus,
};
use bbws_engine::{Attempt, Created, Driver, Progress, Reading, Sight};
use bbws_kinds::{Architecture, TaskDefinition, TaskDefinitionOutputs, TaskDefinitionSpec};
use bbws_model::{Arn, Class, CloudError, Locate, Observed, Ownership, Phase, Ready, Tags};
use futures::future::join_all;

use super::container::{container, definition, raw_volume, volume};
use super::ec2::told;
use super::ecs::{as_tags, from_tags};
use crate::{Aws, Told};

const DESCRIBE: &str = "ecs:DescribeTaskDefinition";

impl Driver<TaskDefinition> for Aws {
    async fn observe(&self, at: &[Locate<TaskDefinition>], reading: &Reading) -> Vec<Sight<TaskDefinition>> {
        join_all(at.iter().map(|place| self.task_definition(place, reading))).await
    }

    async fn create(&self, want: &TaskDefinitionSpec<Ready>, attempt: &Attempt) -> Result<Created, CloudError> {
        const OPERATION: &str = "ecs:RegisterTaskDefinition";
        let TaskDefinitionSpec { family, cpu, memory, architecture, storage_gib, execution_role, task_role, containers, volumes, tags } =
            want;
        let architecture = match architecture {
            Architecture::X86 => CpuArchitecture::X8664,
            Architecture::Arm64 => CpuArchitecture::Arm64,
        };
        let containers = containers.iter().map(|(name, container)| definition(name, container, &self.region)).collect::<Result<_, _>>()?;
        let volumes: Vec<_> = volumes.iter().map(|(name, volume)| raw_volume(name, volume)).collect::<Result<_, _>>()?;
        // 20 GiB are there by themselves; ECS takes 21 and more.
        let storage = (*storage_gib > 20)
            .then(|| i32::try_from(*storage_gib).map(|gib| EphemeralStorage::builder().size_in_gib(gib).build()))
            .transpose()
            .map_err(|error| CloudError::own(OPERATION, Class::Invalid, error.to_string()))?;
        let answer = self
            .write
            .ecs
            .register_task_definition()
            .family(family)
            .cpu(cpu.to_string())
            .memory(memory.to_string())
            .network_mode(NetworkMode::Awsvpc)
            .requires_compatibilities(Compatibility::Fargate)
            .runtime_platform(RuntimePlatform::builder().cpu_architecture(architecture).operating_system_family(OsFamily::Linux).build())
            .set_ephemeral_storage(storage)
            .set_execution_role_arn(execution_role.as_ref().map(ToString::to_string))
            .set_task_role_arn(task_role.as_ref().map(ToString::to_string))
            .set_container_definitions(Some(containers))
            .set_volumes((!volumes.is_empty()).then_some(volumes))
            .set_tags(Some(as_tags(attempt.tagged(tags))))
            .send()
            .await
            .told(OPERATION)?;
        let arn = told(OPERATION, "taskDefinitionArn", answer.task_definition.and_then(|it| it.task_definition_arn))?;
        Ok(Created { id: arn.into() })
    }

    /// Only tags can be changed.
    async fn update(
        &self,
        seen: &Observed<TaskDefinition>,
        want: &TaskDefinitionSpec<Ready>,
        attempt: &Attempt,
    ) -> Result<Progress, CloudError> {
        self.retag_ecs(seen.id.as_str(), (&seen.spec.tags, seen.owner.as_ref()), &want.tags, attempt).await
    }

    /// A deregistered revision starts no more tasks; those that run go on.
    async fn delete(&self, seen: &Observed<TaskDefinition>, _: &Attempt) -> Result<Progress, CloudError> {
        let deregister = self.write.ecs.deregister_task_definition().task_definition(seen.id.as_str());
        deregister.send().await.told("ecs:DeregisterTaskDefinition")?;
        Ok(Progress::Sent)
    }
}

impl Aws {
    async fn task_definition(&self, place: &Locate<TaskDefinition>, reading: &Reading) -> Sight<TaskDefinition> {
        if let Some(id) = &place.id {
            return self.revision(id.as_str(), reading).await;
        }
        // Nothing but our mark tells one revision of a family from another. The newest is looked at first.
        for arn in self.revisions(&place.spec.family, reading).await?.iter() {
            let Some(seen) = self.revision(arn, reading).await? else { continue };
            let is_it = |mark: &Ownership| {
                mark.lineage == place.lineage
                    && mark.address == place.address
                    && place.intent.as_ref().is_none_or(|intent| *intent == mark.intent)
            };
            if seen.owner.as_ref().is_some_and(is_it) {
                return Ok(Some(seen));
            }
        }
        Ok(None)
    }

    /// The ARNs of a family's active revisions, newest first.
    pub(super) async fn revisions(&self, family: &str, reading: &Reading) -> Result<std::sync::Arc<Vec<String>>, CloudError> {
        const OPERATION: &str = "ecs:ListTaskDefinitions";
        let ask = || async {
            let (mut all, mut calls) = (vec![], 0);
            let list =
                self.read.ecs.list_task_definitions().family_prefix(family).status(TaskDefinitionStatus::Active).sort(SortOrder::Desc);
            let mut pages = list.into_paginator().send();
            while let Some(page) = pages.next().await {
                calls += 1;
                all.extend(page.told(OPERATION)?.task_definition_arns.unwrap_or_default());
            }
            // Whether the prefix has to be the whole family is not documented.
            let of_family =
                |arn: &String| arn.rsplit_once('/').and_then(|(_, name)| name.rsplit_once(':')).is_some_and(|(name, _)| name == family);
            all.retain(of_family);
            Ok((all, calls))
        };
        reading.once(format!("{OPERATION} {family}"), ask()).await
    }

    /// One revision; none where it is inactive, which AWS keeps showing.
    pub(crate) async fn revision(&self, arn: &str, reading: &Reading) -> Sight<TaskDefinition> {
        let ask = || async {
            let describe = self.read.ecs.describe_task_definition().task_definition(arn).include(TaskDefinitionField::Tags);
            match describe.send().await.told(DESCRIBE) {
                Ok(answer) => {
                    let marked = from_tags(answer.tags());
                    Ok((answer.task_definition.map(|raw| (raw, marked)), 1))
                }
                Err(error) if error.class == Class::Absent => Ok((None, 1)),
                Err(error) => Err(error),
            }
        };
        let found = reading.once(format!("{DESCRIBE} {arn}"), ask()).await?;
        let Some((raw, (tags, owner))) = found.as_ref() else { return Ok(None) };
        match raw.status() {
            Some(TaskDefinitionStatus::Active) => observed(raw, tags.clone(), owner.clone()).map(Some),
            _ => Ok(None),
        }
    }
}

fn observed(raw: &Raw, tags: Tags, owner: Option<Ownership>) -> Result<Observed<TaskDefinition>, CloudError> {
    let arn = told(DESCRIBE, "taskDefinitionArn", raw.task_definition_arn())?;
    let family = told(DESCRIBE, "family", raw.family())?.to_owned();
    let size = |member: &str, text: Option<&str>| told(DESCRIBE, member, text.and_then(|text| text.parse().ok()));
    let arm = raw.runtime_platform().and_then(|platform| platform.cpu_architecture()) == Some(&CpuArchitecture::Arm64);
    let role = |arn: Option<&str>| arn.filter(|arn| !arn.is_empty()).map(Arn::new);
    let storage = raw.ephemeral_storage().and_then(|storage| u32::try_from(storage.size_in_gib()).ok());
    Ok(Observed {
        id: arn.into(),
        spec: TaskDefinitionSpec {
            family: family.clone(),
            cpu: size("cpu", raw.cpu())?,
            memory: size("memory", raw.memory())?,
            architecture: if arm { Architecture::Arm64 } else { Architecture::X86 },
            storage_gib: storage.unwrap_or(20),
            execution_role: role(raw.execution_role_arn()),
            task_role: role(raw.task_role_arn()),
            containers: raw.container_definitions().iter().filter_map(|raw| Some((raw.name()?.to_owned(), container(raw)))).collect(),
            volumes: raw.volumes().iter().filter_map(volume).collect(),
            tags,
        },
        outputs: TaskDefinitionOutputs { arn: Arn::new(arn), family, revision: u32::try_from(raw.revision()).unwrap_or(0) },
        phase: Phase::Ready,
        owner,
    })
}

//! The driver of `mount-target`. It bears no tags: the file system's mark counts for it, and file system and subnet name it.

use std::sync::Arc;

use aws_sdk_efs::types::{LifeCycleState, MountTargetDescription as Raw};
use bbws_engine::{Attempt, Created, Driver, Progress, Reading, Sight};
use bbws_kinds::{MountTarget, MountTargetOutputs, MountTargetSpec};
use bbws_model::{Class, CloudError, Id, Locate, Observed, Ownership, Phase, Ready};
use futures::future::join_all;

use super::efs::{efs_phase, from_efs_tags};
use super::iam::unless_absent;
use crate::{Aws, Told};

const LIST: &str = "elasticfilesystem:DescribeMountTargets";

impl Driver<MountTarget> for Aws {
    async fn observe(&self, at: &[Locate<MountTarget>], reading: &Reading) -> Vec<Sight<MountTarget>> {
        join_all(at.iter().map(|place| self.mount_target(place, reading))).await
    }

    async fn create(&self, want: &MountTargetSpec<Ready>, attempt: &Attempt) -> Result<Created, CloudError> {
        const OPERATION: &str = "elasticfilesystem:CreateMountTarget";
        let file_system = want.file_system.as_str();
        // It bears the file system's mark, so the file system has to bear ours.
        let owner = self.file_system_owner(file_system, &Reading::new()).await?;
        if owner.is_none_or(|owner| owner.lineage != attempt.owner.lineage) {
            let message =
                format!("{file_system} is not managed by this environment: refer to a `file-system` of it, or import that one first");
            return Err(CloudError::own(OPERATION, Class::Invalid, message));
        }
        let create = self.write.efs.create_mount_target().file_system_id(file_system).subnet_id(want.subnet.as_str());
        let create =
            create.set_ip_address(want.ip_address.clone()).set_security_groups(Some(want.security_groups.iter().cloned().collect()));
        let answer = create.send().await.told(OPERATION)?;
        Ok(Created { id: answer.mount_target_id.into() })
    }

    async fn update(&self, seen: &Observed<MountTarget>, want: &MountTargetSpec<Ready>, _: &Attempt) -> Result<Progress, CloudError> {
        if seen.spec.security_groups == want.security_groups || matches!(seen.phase, Phase::Pending(_)) {
            return Ok(Progress::Nothing);
        }
        let groups = want.security_groups.iter().cloned().collect();
        let modify =
            self.write.efs.modify_mount_target_security_groups().mount_target_id(seen.id.as_str()).set_security_groups(Some(groups));
        modify.send().await.told("elasticfilesystem:ModifyMountTargetSecurityGroups")?;
        Ok(Progress::Sent)
    }

    async fn delete(&self, seen: &Observed<MountTarget>, _: &Attempt) -> Result<Progress, CloudError> {
        let delete = self.write.efs.delete_mount_target().mount_target_id(seen.id.as_str());
        delete.send().await.told("elasticfilesystem:DeleteMountTarget")?;
        Ok(Progress::Sent)
    }
}

impl Aws {
    async fn file_system_owner(&self, id: &str, reading: &Reading) -> Result<Option<Ownership>, CloudError> {
        Ok(self.file_systems(reading).await?.get(id).and_then(|raw| from_efs_tags(raw.tags()).1))
    }

    /// All mount targets of a file system; none where that is gone.
    pub(crate) async fn mount_targets(&self, file_system: &str, reading: &Reading) -> Result<Arc<Vec<Raw>>, CloudError> {
        let ask = || async {
            let (mut all, mut calls) = (vec![], 0);
            let mut pages = self.read.efs.describe_mount_targets().file_system_id(file_system).into_paginator().send();
            while let Some(page) = pages.next().await {
                calls += 1;
                let Some(page) = unless_absent(page.told(LIST))? else { break };
                all.extend(
                    page.mount_targets.unwrap_or_default().into_iter().filter(|raw| raw.life_cycle_state != LifeCycleState::Deleted),
                );
            }
            Ok((all, calls))
        };
        reading.once(format!("{LIST} {file_system}"), ask()).await
    }

    async fn mount_target(&self, place: &Locate<MountTarget>, reading: &Reading) -> Sight<MountTarget> {
        let file_system = place.spec.file_system.as_str();
        let all = self.mount_targets(file_system, reading).await?;
        let found = match &place.id {
            Some(id) => all.iter().find(|raw| raw.mount_target_id() == id.as_str()),
            None => all.iter().find(|raw| raw.subnet_id() == place.spec.subnet.as_str()),
        };
        let Some(raw) = found else { return Ok(None) };
        let id = raw.mount_target_id();
        const GROUPS: &str = "elasticfilesystem:DescribeMountTargetSecurityGroups";
        let ask = || async {
            let answer = self.read.efs.describe_mount_target_security_groups().mount_target_id(id).send().await.told(GROUPS);
            // One that is not finished has no groups to show, and one that is leaving no longer has any.
            match answer {
                Err(error) if matches!(error.class, Class::Absent | Class::Conflict) => Ok((None, 1)),
                other => Ok((Some(other?.security_groups), 1)),
            }
        };
        let (owner, groups) = tokio::join!(self.file_system_owner(file_system, reading), reading.once(format!("{GROUPS} {id}"), ask()));
        let groups = groups?;
        let phase = efs_phase(raw.life_cycle_state());
        let unknown = groups.is_none() && phase != Phase::Leaving;
        Ok(Some(Observed {
            id: id.into(),
            spec: MountTargetSpec {
                file_system: Id::new(raw.file_system_id()),
                subnet: Id::new(raw.subnet_id()),
                security_groups: groups.iter().flatten().cloned().collect(),
                ip_address: raw.ip_address().map(str::to_owned),
            },
            outputs: MountTargetOutputs {
                id: Id::new(id),
                ip_address: raw.ip_address().map(str::to_owned),
                network_interface: raw.network_interface_id().map(str::to_owned),
                zone: raw.availability_zone_name().map(str::to_owned),
            },
            phase: if unknown { Phase::Pending("EFS makes it".into()) } else { phase },
            // It bears no mark of its own, so nothing tells which request made it.
            owner: owner?.map(|of_file_system| Ownership { address: place.address.clone(), ..of_file_system }),
        }))
    }
}

//! The driver of `file-system`. The creation token is the intent's: a repeat of the request is refused with what the first made.

use aws_sdk_efs::types::{
    BackupPolicy, FileSystemDescription as Raw, LifecyclePolicy, PerformanceMode, ReplicationOverwriteProtection, Status, ThroughputMode,
    TransitionToArchiveRules, TransitionToIaRules, TransitionToPrimaryStorageClassRules,
};
use bbws_engine::{Attempt, Created, Driver, Progress, Reading, Sight};
use bbws_kinds::{FileLifecycle, FilePerformance, FileSystem, FileSystemOutputs, FileSystemSpec, FileThroughput};
use bbws_model::{Arn, Class, CloudError, Id, Locate, Observed, Phase, PolicyDocument};
use futures::future::join_all;

use super::ec2::told;
use super::efs::{LIST, as_efs_tags, declared_efs_policy, efs_phase, from_efs_tags, whole_efs_policy};
use super::iam::unless_absent;
use crate::scan::{ById, all_failed};
use crate::{Aws, Told};

const LIFECYCLE: &str = "elasticfilesystem:PutLifecycleConfiguration";
const BACKUP: &str = "elasticfilesystem:PutBackupPolicy";

impl Driver<FileSystem> for Aws {
    async fn observe(&self, at: &[Locate<FileSystem>], reading: &Reading) -> Vec<Sight<FileSystem>> {
        let all = match self.file_systems(reading).await {
            Ok(all) => all,
            Err(error) => return all_failed(at, &error),
        };
        join_all(at.iter().map(|place| {
            let found = find(place, &all);
            async move {
                match found {
                    Some(raw) => self.whole_file_system(raw, reading).await,
                    None => Ok(None),
                }
            }
        }))
        .await
    }

    async fn create(&self, want: &FileSystemSpec, attempt: &Attempt) -> Result<Created, CloudError> {
        const OPERATION: &str = "elasticfilesystem:CreateFileSystem";
        let create = self.write.efs.create_file_system().creation_token(&attempt.token).encrypted(want.encrypted);
        let (mode, provisioned) = throughput(want.throughput);
        let performance = match want.performance {
            FilePerformance::GeneralPurpose => PerformanceMode::GeneralPurpose,
            FilePerformance::MaxIo => PerformanceMode::MaxIo,
        };
        let create = create.performance_mode(performance).throughput_mode(mode).set_provisioned_throughput_in_mibps(provisioned);
        let create = create.set_kms_key_id(want.kms_key.clone()).backup(want.backup);
        let create = create.set_tags(Some(as_efs_tags(OPERATION, attempt.tagged(&want.tags))?));
        let answer = create.send().await.told(OPERATION)?;
        Ok(Created { id: answer.file_system_id.into() })
    }

    async fn update(&self, seen: &Observed<FileSystem>, want: &FileSystemSpec, attempt: &Attempt) -> Result<Progress, CloudError> {
        if matches!(seen.phase, Phase::Pending(_)) {
            return Ok(Progress::Nothing);
        }
        let (id, have, efs) = (seen.id.as_str(), &seen.spec, &self.write.efs);
        // Who may come in is settled before anything else.
        if (have.tls_only, &have.policy) != (want.tls_only, &want.policy) {
            match whole_efs_policy(want.policy.as_ref(), want.tls_only, seen.outputs.arn.as_str()) {
                Some(policy) => {
                    let put = efs.put_file_system_policy().file_system_id(id).policy(policy.to_text());
                    put.send().await.told("elasticfilesystem:PutFileSystemPolicy")?;
                }
                None => {
                    let delete = efs.delete_file_system_policy().file_system_id(id);
                    delete.send().await.told("elasticfilesystem:DeleteFileSystemPolicy")?;
                }
            }
        } else if have.throughput != want.throughput {
            let (mode, provisioned) = throughput(want.throughput);
            let update = efs.update_file_system().file_system_id(id).throughput_mode(mode);
            update.set_provisioned_throughput_in_mibps(provisioned).send().await.told("elasticfilesystem:UpdateFileSystem")?;
        } else if have.lifecycle != want.lifecycle {
            let put = efs.put_lifecycle_configuration().file_system_id(id).set_lifecycle_policies(Some(policies(&want.lifecycle)));
            put.send().await.told(LIFECYCLE)?;
        } else if have.backup != want.backup {
            let status = if want.backup { Status::Enabled } else { Status::Disabled };
            let policy = BackupPolicy::builder().status(status).build();
            let policy = policy.map_err(|e| CloudError::own(BACKUP, Class::Invalid, e.to_string()))?;
            efs.put_backup_policy().file_system_id(id).backup_policy(policy).send().await.told(BACKUP)?;
        } else if have.overwrite_protection != want.overwrite_protection {
            let on = want.overwrite_protection;
            let protection = if on { ReplicationOverwriteProtection::Enabled } else { ReplicationOverwriteProtection::Disabled };
            let update = efs.update_file_system_protection().file_system_id(id).replication_overwrite_protection(protection);
            update.send().await.told("elasticfilesystem:UpdateFileSystemProtection")?;
        } else {
            return self.retag_efs(id, (&have.tags, seen.owner.as_ref()), &want.tags, attempt).await;
        }
        Ok(Progress::Sent)
    }

    async fn delete(&self, seen: &Observed<FileSystem>, _: &Attempt) -> Result<Progress, CloudError> {
        let delete = self.write.efs.delete_file_system().file_system_id(seen.id.as_str());
        delete.send().await.told("elasticfilesystem:DeleteFileSystem")?;
        Ok(Progress::Sent)
    }
}

/// The file system of this id, or that bears the resource's mark: one that stays before one that is leaving.
fn find<'a>(place: &Locate<FileSystem>, all: &'a ById<Raw>) -> Option<&'a Raw> {
    if let Some(id) = &place.id {
        return all.get(id.as_str());
    }
    let is_its = |raw: &&Raw| {
        from_efs_tags(raw.tags()).1.is_some_and(|owner| {
            owner.lineage == place.lineage
                && owner.address == place.address
                && place.intent.as_ref().is_none_or(|intent| *intent == owner.intent)
        })
    };
    all.values().filter(is_its).min_by_key(|raw| efs_phase(raw.life_cycle_state()) == Phase::Leaving)
}

/// What of a file system is read apart from its description.
struct Settings {
    lifecycle: FileLifecycle,
    backup: Option<Status>,
    policy: Option<PolicyDocument>,
}

impl Aws {
    async fn whole_file_system(&self, raw: &Raw, reading: &Reading) -> Sight<FileSystem> {
        let id = raw.file_system_id();
        let ask = || async { self.file_system_settings(id).await.map(|settings| (settings, 3)) };
        let settings = match reading.once(format!("elasticfilesystem:settings {id}"), ask()).await {
            Ok(settings) => settings,
            // It went between the looks.
            Err(error) if error.class == Class::Absent && error.code == "FileSystemNotFound" => return Ok(None),
            Err(error) => return Err(error),
        };
        observed(raw, &settings, &self.region).map(Some)
    }

    async fn file_system_settings(&self, id: &str) -> Result<Settings, CloudError> {
        let efs = &self.read.efs;
        let (lifecycle, backup, policy) = tokio::join!(
            async {
                efs.describe_lifecycle_configuration()
                    .file_system_id(id)
                    .send()
                    .await
                    .told("elasticfilesystem:DescribeLifecycleConfiguration")
            },
            async { efs.describe_backup_policy().file_system_id(id).send().await.told("elasticfilesystem:DescribeBackupPolicy") },
            async { efs.describe_file_system_policy().file_system_id(id).send().await.told("elasticfilesystem:DescribeFileSystemPolicy") },
        );
        // Where there is no policy of a sort, EFS says that the policy is not found; of the file system itself it says otherwise.
        let backup = unless_never_made(backup)?.and_then(|answer| answer.backup_policy).map(|policy| policy.status);
        let text = unless_never_made(policy)?.and_then(|answer| answer.policy);
        let unread = |e: serde_json::Error| {
            CloudError::own("elasticfilesystem:DescribeFileSystemPolicy", Class::Transient, format!("the policy of {id} is no JSON: {e}"))
        };
        let policy = text.map(|text| PolicyDocument::parse(&text)).transpose().map_err(unread)?;
        Ok(Settings { lifecycle: from_policies(lifecycle?.lifecycle_policies()), backup, policy })
    }
}

fn unless_never_made<T>(answer: Result<T, CloudError>) -> Result<Option<T>, CloudError> {
    match answer {
        Err(error) if error.code == "FileSystemNotFound" => Err(error),
        other => unless_absent(other),
    }
}

fn observed(raw: &Raw, settings: &Settings, region: &str) -> Result<Observed<FileSystem>, CloudError> {
    let id = raw.file_system_id();
    let arn = told(LIST, "FileSystemArn", raw.file_system_arn())?;
    let (tls_only, policy) = settings.policy.as_ref().map_or((false, None), |whole| declared_efs_policy(whole, arn));
    let (tags, owner) = from_efs_tags(raw.tags());
    let protection = raw.file_system_protection().and_then(|protection| protection.replication_overwrite_protection());
    let backup_moves = matches!(settings.backup, Some(Status::Enabling | Status::Disabling));
    Ok(Observed {
        id: id.into(),
        spec: FileSystemSpec {
            encrypted: raw.encrypted().unwrap_or(false),
            kms_key: raw.kms_key_id().map(str::to_owned),
            one_zone: raw.availability_zone_name().map(str::to_owned),
            performance: match raw.performance_mode() {
                PerformanceMode::MaxIo => FilePerformance::MaxIo,
                _ => FilePerformance::GeneralPurpose,
            },
            throughput: match raw.throughput_mode() {
                Some(ThroughputMode::Elastic) => FileThroughput::Elastic,
                Some(ThroughputMode::Provisioned) => FileThroughput::Provisioned(raw.provisioned_throughput_in_mibps().unwrap_or_default()),
                _ => FileThroughput::Bursting,
            },
            lifecycle: settings.lifecycle.clone(),
            backup: matches!(settings.backup, Some(Status::Enabled | Status::Enabling)),
            tls_only,
            policy,
            overwrite_protection: protection != Some(&ReplicationOverwriteProtection::Disabled),
            tags,
        },
        outputs: FileSystemOutputs { id: Id::new(id), arn: Arn::new(arn), dns_name: format!("{id}.efs.{region}.amazonaws.com") },
        phase: match efs_phase(raw.life_cycle_state()) {
            Phase::Ready if backup_moves => Phase::Pending("EFS changes whether AWS Backup copies it".into()),
            phase => phase,
        },
        owner,
    })
}

fn throughput(of: FileThroughput) -> (ThroughputMode, Option<f64>) {
    match of {
        FileThroughput::Bursting => (ThroughputMode::Bursting, None),
        FileThroughput::Elastic => (ThroughputMode::Elastic, None),
        FileThroughput::Provisioned(mib) => (ThroughputMode::Provisioned, Some(mib)),
    }
}

/// EFS writes `AFTER_1_DAY` and `AFTER_30_DAYS`.
fn rule(days: u32) -> String {
    if days == 1 { "AFTER_1_DAY".into() } else { format!("AFTER_{days}_DAYS") }
}

fn days(rule: &str) -> Option<u32> {
    rule.strip_prefix("AFTER_")?.split('_').next()?.parse().ok()
}

/// One policy for each move: EFS takes no two in one.
fn policies(lifecycle: &FileLifecycle) -> Vec<LifecyclePolicy> {
    let FileLifecycle { infrequent_access_days, archive_days, back_on_access } = lifecycle;
    let policy = LifecyclePolicy::builder;
    let colder = infrequent_access_days.map(|days| policy().transition_to_ia(TransitionToIaRules::from(rule(days).as_str())).build());
    let coldest = archive_days.map(|days| policy().transition_to_archive(TransitionToArchiveRules::from(rule(days).as_str())).build());
    let back = policy().transition_to_primary_storage_class(TransitionToPrimaryStorageClassRules::After1Access).build();
    colder.into_iter().chain(coldest).chain(back_on_access.then_some(back)).collect()
}

fn from_policies(policies: &[LifecyclePolicy]) -> FileLifecycle {
    FileLifecycle {
        infrequent_access_days: policies.iter().find_map(|policy| days(policy.transition_to_ia()?.as_str())),
        archive_days: policies.iter().find_map(|policy| days(policy.transition_to_archive()?.as_str())),
        back_on_access: policies.iter().any(|policy| policy.transition_to_primary_storage_class().is_some()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifecycles_read_back_as_written() {
        for (infrequent_access_days, archive_days) in [(None, None), (Some(1), None), (Some(30), Some(90)), (None, Some(365))] {
            for back_on_access in [false, true] {
                let lifecycle = FileLifecycle { infrequent_access_days, archive_days, back_on_access };
                assert_eq!(from_policies(&policies(&lifecycle)), lifecycle);
            }
        }
        assert_eq!(rule(1), "AFTER_1_DAY");
    }
}

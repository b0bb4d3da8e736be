//! The file system, and where it is reached in each zone. Access points are the tenants'.

use std::collections::BTreeSet;

use bbws_kinds::{FileLifecycle, FilePerformance, FileSystem, FileSystemSpec, FileThroughput, MountTarget, MountTargetSpec, SecurityGroup};

use super::parts::{Parts, text, to};
use crate::Throughput;

pub(super) fn add(parts: &mut Parts<'_>) {
    let env = parts.env;
    let days = |days: u32| (days > 0).then_some(days);
    parts.add::<FileSystem>(
        "main",
        &FileSystemSpec {
            encrypted: true,
            kms_key: None,
            one_zone: None,
            performance: FilePerformance::GeneralPurpose,
            throughput: match env.efs.throughput {
                Throughput::Bursting => FileThroughput::Bursting,
                Throughput::Elastic => FileThroughput::Elastic,
            },
            lifecycle: FileLifecycle {
                infrequent_access_days: days(env.efs.infrequent_access_days),
                archive_days: days(env.efs.archive_days),
                // What never leaves the standard class has nowhere to come back from.
                back_on_access: env.efs.back_on_access && env.efs.infrequent_access_days > 0,
            },
            backup: env.efs.backup,
            tls_only: true,
            // With the statement about TLS there is a policy, so nobody mounts whom IAM does not allow to: the task role's own
            // policy lets the tasks.
            policy: None,
            overwrite_protection: true,
            tags: parts.tags(&env.names.file_system),
        },
    );
    for (name, _) in env.network.private_in_use() {
        let subnet = format!("private-{name}");
        parts.add::<MountTarget>(
            &subnet,
            &MountTargetSpec {
                file_system: to("main"),
                subnet: to(&subnet),
                security_groups: BTreeSet::from([text::<SecurityGroup>("efs", "id")]),
                ip_address: None,
            },
        );
    }
}

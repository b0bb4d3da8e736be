//! What changes of a database go together in one `ModifyDBInstance`, and in which order they go.

use aws_sdk_rds::operation::modify_db_instance::builders::ModifyDBInstanceFluentBuilder as Modify;
use aws_sdk_rds::types::CloudwatchLogsExportConfiguration;
use bbws_kinds::DbInstanceSpec;
use bbws_model::Ready;

use super::db_instance::log_names;

pub(crate) const MODIFY: &str = "rds:ModifyDBInstance";

/// From this size on gp3 is striped over several volumes, and does more by itself.
const STRIPED_GIB: u32 = 400;

/// A group of changes. RDS takes one at a time, and some members only beside others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// Settings that no client notices.
    Setting,
    /// Size, type and speed of the storage.
    Storage,
    /// The machine and what runs on it: the database is away for a while.
    Machine,
}

/// How RDS writes whether Extended Support may be charged.
pub(crate) fn lifecycle(extended_support: bool) -> &'static str {
    if extended_support { "open-source-rds-extended-support" } else { "open-source-rds-extended-support-disabled" }
}

/// Whether a version is the wanted one, or of the wanted line.
pub(crate) fn begins(version: &str, wanted: &str) -> bool {
    version.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// Whether the version has to change. A later minor version that AWS installed by itself has not.
pub(crate) fn version_differs(have: &DbInstanceSpec<Ready>, want: &DbInstanceSpec<Ready>) -> bool {
    let numbers = |version: &str| version.split('.').map(|part| part.parse().unwrap_or(0)).collect::<Vec<u32>>();
    !begins(&have.engine_version, &want.engine_version) && numbers(&want.engine_version) > numbers(&have.engine_version)
}

/// A new line of MySQL needs parameters of its own family in the same call.
fn line_differs(have: &DbInstanceSpec<Ready>, want: &DbInstanceSpec<Ready>) -> bool {
    let line = |version: &str| version.splitn(3, '.').take(2).collect::<Vec<_>>().join(".");
    version_differs(have, want) && line(&have.engine_version) != line(&want.engine_version)
}

fn unless_declared<T: PartialEq>(have: &Option<T>, want: &Option<T>) -> bool {
    want.is_some() && have != want
}

/// The next group of changes that is due; none where all is as wanted but password and tags.
pub(crate) fn next(have: &DbInstanceSpec<Ready>, want: &DbInstanceSpec<Ready>) -> Option<Change> {
    let storage = have.storage_gib < want.storage_gib
        || have.max_storage_gib != want.max_storage_gib
        || have.storage_type != want.storage_type
        || unless_declared(&have.iops, &want.iops)
        || unless_declared(&have.throughput, &want.throughput);
    // A database whose storage is full takes nothing else.
    if have.storage_gib < want.storage_gib {
        return Some(Change::Storage);
    }
    let setting = have.public != want.public
        || have.security_groups != want.security_groups
        || (have.parameter_group != want.parameter_group && !line_differs(have, want))
        || have.backup_days != want.backup_days
        || have.backup_window != want.backup_window
        || have.maintenance_window != want.maintenance_window
        || have.deletion_protection != want.deletion_protection
        || have.copy_tags_to_snapshots != want.copy_tags_to_snapshots
        || have.auto_minor_upgrade != want.auto_minor_upgrade
        || have.extended_support != want.extended_support
        || have.log_exports != want.log_exports
        || have.performance_insights != want.performance_insights
        || have.iam_sign_in != want.iam_sign_in
        || unless_declared(&have.certificate_authority, &want.certificate_authority);
    let machine = have.class != want.class || have.port != want.port || have.multi_az != want.multi_az || version_differs(have, want);
    match (setting, storage, machine) {
        (true, _, _) => Some(Change::Setting),
        (_, true, _) => Some(Change::Storage),
        (_, _, true) => Some(Change::Machine),
        _ => None,
    }
}

/// What is wanted, where it differs: RDS refuses some members that change nothing.
fn changed<T: PartialEq + Clone>(have: &T, want: &T) -> Option<T> {
    (have != want).then(|| want.clone())
}

pub(crate) fn settings(modify: Modify, have: &DbInstanceSpec<Ready>, want: &DbInstanceSpec<Ready>) -> Modify {
    let groups = changed(&have.security_groups, &want.security_groups).map(|groups| groups.into_iter().collect());
    let group = changed(&have.parameter_group, &want.parameter_group).filter(|_| !line_differs(have, want));
    let authority = changed(&have.certificate_authority, &want.certificate_authority).flatten();
    modify
        .set_publicly_accessible(changed(&have.public, &want.public))
        .set_vpc_security_group_ids(groups)
        .set_db_parameter_group_name(group.map(|group| group.to_string()))
        .set_backup_retention_period(changed(&have.backup_days, &want.backup_days).map(i32::from))
        .set_preferred_backup_window(changed(&have.backup_window, &want.backup_window))
        .set_preferred_maintenance_window(changed(&have.maintenance_window, &want.maintenance_window))
        .set_deletion_protection(changed(&have.deletion_protection, &want.deletion_protection))
        .set_copy_tags_to_snapshot(changed(&have.copy_tags_to_snapshots, &want.copy_tags_to_snapshots))
        .set_auto_minor_version_upgrade(changed(&have.auto_minor_upgrade, &want.auto_minor_upgrade))
        .set_engine_lifecycle_support(changed(&have.extended_support, &want.extended_support).map(|on| lifecycle(on).to_owned()))
        .set_cloudwatch_logs_export_configuration(log_exports(have, want))
        .set_enable_performance_insights(changed(&have.performance_insights, &want.performance_insights))
        .set_enable_iam_database_authentication(changed(&have.iam_sign_in, &want.iam_sign_in))
        .set_ca_certificate_identifier(authority)
}

/// RDS takes what is to be switched on and off, not what is to be on.
fn log_exports(have: &DbInstanceSpec<Ready>, want: &DbInstanceSpec<Ready>) -> Option<CloudwatchLogsExportConfiguration> {
    let (have, want) = (log_names(&have.log_exports), log_names(&want.log_exports));
    if have == want {
        return None;
    }
    let less = |a: &std::collections::BTreeSet<&str>, b: &std::collections::BTreeSet<&str>| {
        let names: Vec<String> = a.difference(b).map(|name| (*name).to_owned()).collect();
        (!names.is_empty()).then_some(names)
    };
    let configuration = CloudwatchLogsExportConfiguration::builder();
    Some(configuration.set_enable_log_types(less(&want, &have)).set_disable_log_types(less(&have, &want)).build())
}

pub(crate) fn storage(modify: Modify, have: &DbInstanceSpec<Ready>, want: &DbInstanceSpec<Ready>) -> Modify {
    let count = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    let size = have.storage_gib.max(want.storage_gib);
    // A change of type would bring back what the type does by itself.
    let other_type = have.storage_type != want.storage_type && size >= STRIPED_GIB;
    let faster = other_type || unless_declared(&have.iops, &want.iops) || unless_declared(&have.throughput, &want.throughput);
    let grows = size > have.storage_gib;
    // A limit equal to the size means that it does not grow by itself.
    let limit = changed(&have.max_storage_gib, &want.max_storage_gib).map(|limit| limit.unwrap_or(size));
    // Speed is only taken beside the size it is for, and from 400 GiB on a size only beside the speed it is to have.
    let striped = grows && size >= STRIPED_GIB;
    let speed = |wanted: Option<u32>, now: Option<u32>, least: u32| {
        let kept = now.map(|now| if striped { now.max(least) } else { now });
        if faster || striped { wanted.or(kept).map(count) } else { None }
    };
    modify
        .set_allocated_storage((grows || faster).then(|| count(size)))
        .set_storage_type(changed(&have.storage_type, &want.storage_type))
        .set_iops(speed(want.iops, have.iops, 12_000))
        .set_storage_throughput(speed(want.throughput, have.throughput, 500))
        .set_max_allocated_storage(limit.map(count))
}

pub(crate) fn machine(modify: Modify, have: &DbInstanceSpec<Ready>, want: &DbInstanceSpec<Ready>, version: Option<String>) -> Modify {
    let group = line_differs(have, want).then(|| want.parameter_group.to_string());
    modify
        .set_db_instance_class(changed(&have.class, &want.class))
        .set_multi_az(changed(&have.multi_az, &want.multi_az))
        .set_db_port_number(changed(&have.port, &want.port).map(i32::from))
        .set_allow_major_version_upgrade(line_differs(have, want).then_some(true))
        .set_db_parameter_group_name(group)
        .set_engine_version(version)
}

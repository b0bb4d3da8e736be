//! `ModifyDBInstance`: what takes effect at once, what RDS takes its time for, and what it refuses.

use aws_sdk_rds::operation::modify_db_instance::{ModifyDbInstanceInput, ModifyDbInstanceOutput};

use super::db_instance::{
    LOGS, Row, STRIPED_GIB, answer, available, check_class, check_groups, check_insights, check_password, check_windows, speed,
};
use super::db_work::{self, Pending};
use super::rds::{family, line, targets, unfit, wrong};
use super::secret::Guarded;
use super::{db_parameter_group, network_interface};
use crate::cloud::At;
use crate::fate::{Answer, refuse};
use crate::handlers::Handlers;

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(modify)
}

/// Sets what is given and differs; whether it did.
fn set<T: PartialEq>(to: &mut T, given: Option<T>) -> bool {
    match given {
        Some(value) if value != *to => {
            *to = value;
            true
        }
        _ => false,
    }
}

/// What is given and differs.
fn differs<T: PartialEq>(given: Option<T>, have: &T) -> Option<T> {
    given.filter(|value| value != have)
}

fn text(given: Option<&str>) -> Option<String> {
    given.map(str::to_owned)
}

fn modify(at: &mut At<'_>, input: &ModifyDbInstanceInput) -> Answer<ModifyDbInstanceOutput> {
    let id = input.db_instance_identifier().unwrap_or_default().to_lowercase();
    let mut row = available(at, &id)?;
    if input.db_subnet_group_name().is_some() {
        let told =
            format!("You cannot move DB instance {id} to subnet group. The specified DB subnet group and DB instance are in the same VPC.");
        return Err(refuse(400, "InvalidVPCNetworkStateFault", told));
    }
    if input.new_db_instance_identifier().is_some() || input.manage_master_user_password().is_some() {
        return Err(wrong("sandbox: renaming and managed passwords are not simulated"));
    }
    let mut changed = at_once(at, input, &id, &mut row)?;
    let later = pending(at, input, &row)?;
    changed |= later != Pending::default();
    if !changed {
        return Err(unfit("No modifications were requested"));
    }
    row.pending.merge(later);
    if input.apply_immediately().unwrap_or(false) {
        db_work::begin(at, &mut row);
    }
    at.here().db_instances.insert(id.clone(), row.clone());
    let instance = answer(at, &id, &row)?;
    Ok(ModifyDbInstanceOutput::builder().db_instance(instance).build())
}

/// What takes effect whatever the caller says about when.
fn at_once(at: &mut At<'_>, input: &ModifyDbInstanceInput, id: &str, row: &mut Row) -> Answer<bool> {
    let mut changed = set(&mut row.protected, input.deletion_protection());
    changed |= set(&mut row.copy_tags, input.copy_tags_to_snapshot());
    changed |= set(&mut row.auto_minor, input.auto_minor_version_upgrade());
    changed |= set(&mut row.support, text(input.engine_lifecycle_support()));
    changed |= set(&mut row.public, input.publicly_accessible());
    check_insights(input.enable_performance_insights(), &row.class)?;
    changed |= set(&mut row.insights, input.enable_performance_insights());
    changed |= set(&mut row.backup_window, input.preferred_backup_window().map(str::to_lowercase));
    changed |= set(&mut row.maintenance_window, input.preferred_maintenance_window().map(str::to_lowercase));
    check_windows(&row.backup_window, &row.maintenance_window)?;
    if let Some(max) = input.max_allocated_storage() {
        let size = input.allocated_storage().unwrap_or(row.storage);
        if max < size {
            return Err(unfit("Max storage size must be greater than storage size"));
        }
        changed |= set(&mut row.max_storage, Some((max > size).then_some(max)));
    }
    // A number of days that is not 0 becomes another such number without further ado.
    if let Some(days) = input.backup_retention_period().filter(|days| *days > 0 && row.backup_days > 0) {
        changed |= set(&mut row.backup_days, Some(days));
    }
    if !input.vpc_security_group_ids().is_empty() {
        check_groups(at, input.vpc_security_group_ids(), &row.vpc)?;
        if set(&mut row.security_groups, Some(input.vpc_security_group_ids().to_vec())) {
            changed = true;
            row.groups_active_ms = at.after(15);
            network_interface::regroup(at, id, input.vpc_security_group_ids());
        }
    }
    if let Some(group) = input.db_parameter_group_name().map(str::to_lowercase)
        && input.engine_version().is_none_or(|to| line(to) == line(&row.version))
    {
        check_family(at, &group, &row.version)?;
        if set(&mut row.parameter_group, Some(group)) {
            changed = true;
            // It is taken over at once and counts after a reboot.
            row.parameters_applied_ms = at.after(15);
            row.needs_reboot = true;
        }
    }
    Ok(changed)
}

fn check_family(at: &mut At<'_>, group: &str, version: &str) -> Answer<()> {
    if db_parameter_group::family_of(at, group)? == family(version) {
        return Ok(());
    }
    Err(unfit(format!(
        "The parameter group {group} can't be used for this instance. Please use a parameter group with DBParameterGroupFamily {}",
        family(version)
    )))
}

/// What RDS takes its time for.
fn pending(at: &mut At<'_>, input: &ModifyDbInstanceInput, row: &Row) -> Answer<Pending> {
    let mut later = Pending::default();
    if let Some(class) = differs(text(input.db_instance_class()), &row.class) {
        check_class(&class, &row.version)?;
        later.class = Some(class);
    }
    upgrade(at, input, row, &mut later)?;
    storage(at, input, row, &mut later)?;
    later.multi_az = differs(input.multi_az(), &row.multi_az);
    later.port = differs(input.db_port_number(), &row.port);
    later.backup_days = differs(input.backup_retention_period(), &row.backup_days).filter(|days| *days == 0 || row.backup_days == 0);
    later.authority = differs(text(input.ca_certificate_identifier()), &row.authority);
    later.iam = differs(input.enable_iam_database_authentication(), &row.iam);
    if let Some(password) = input.master_user_password() {
        check_password(password)?;
        later.password = Some(Guarded(password.to_owned()));
    }
    if let Some(logs) = input.cloudwatch_logs_export_configuration() {
        let (enable, disable) = (logs.enable_log_types(), logs.disable_log_types());
        if let Some(log) = enable.iter().chain(disable).find(|log| !LOGS.contains(&log.as_str())) {
            return Err(wrong(format!("You cannot use the log type '{log}' with engine version mysql {}", row.version)));
        }
        later.enable_logs = enable.iter().filter(|log| !row.logs.contains(*log)).cloned().collect();
        later.disable_logs = disable.iter().filter(|log| row.logs.contains(*log)).cloned().collect();
    }
    Ok(later)
}

fn upgrade(at: &mut At<'_>, input: &ModifyDbInstanceInput, row: &Row, later: &mut Pending) -> Answer<()> {
    let Some(version) = differs(text(input.engine_version()), &row.version) else { return Ok(()) };
    if !targets(&row.version).contains(&version.as_str()) {
        return Err(unfit(format!("Cannot upgrade mysql from {} to {version}", row.version)));
    }
    if line(&version) != line(&row.version) {
        if input.allow_major_version_upgrade() != Some(true) {
            return Err(unfit("The AllowMajorVersionUpgrade flag must be present when upgrading to a new major version."));
        }
        let group = text(input.db_parameter_group_name()).unwrap_or_else(|| row.parameter_group.clone()).to_lowercase();
        check_family(at, &group, &version)?;
        later.parameter_group = Some(group);
    }
    later.version = Some(version);
    Ok(())
}

fn storage(at: &mut At<'_>, input: &ModifyDbInstanceInput, row: &Row, later: &mut Pending) -> Answer<()> {
    let size = differs(input.allocated_storage(), &row.storage);
    let kind = differs(text(input.storage_type()), &row.storage_type);
    let (iops, throughput) = (differs(input.iops(), &row.iops), differs(input.storage_throughput(), &row.throughput));
    if size.is_none() && kind.is_none() && iops.is_none() && throughput.is_none() {
        return Ok(());
    }
    if at.now_ms < row.storage_free_ms {
        let told = "You can't currently modify the storage of this DB instance because the previous storage change is being optimized.";
        return Err(unfit(told));
    }
    if let Some(to) = size {
        if to < row.storage {
            return Err(unfit(format!("Requested storage size ({to}) cannot be less than the current storage size ({})", row.storage)));
        }
        if to * 10 < row.storage * 11 {
            return Err(unfit("Invalid storage size: it must grow by at least 10 percent"));
        }
    }
    if kind.as_ref().is_some_and(|kind| !["gp2", "gp3"].contains(&kind.as_str())) {
        return Err(refuse(400, "StorageTypeNotSupported", "sandbox: only gp2 and gp3 are simulated"));
    }
    if (iops.is_some() || throughput.is_some()) && input.allocated_storage().is_none() {
        return Err(unfit(
            "You must specify both the storage size and iops when modifying the storage size or iops on a DB instance that has iops.",
        ));
    }
    let wanted = size.unwrap_or(row.storage);
    if wanted >= STRIPED_GIB && size.is_some() && input.iops().is_none() {
        return Err(unfit(
            "You must specify both the storage size and iops when modifying the storage size or iops on a DB instance that has iops.",
        ));
    }
    let (now_iops, now_throughput) = speed(wanted, input.iops(), input.storage_throughput())?;
    later.storage = size;
    later.storage_type = kind;
    later.iops = differs(Some(now_iops), &row.iops);
    later.throughput = differs(Some(now_throughput), &row.throughput);
    Ok(())
}

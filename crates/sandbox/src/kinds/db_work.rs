//! What RDS is doing with a database, and what it has accepted and not yet applied.

use std::collections::BTreeSet;

use aws_sdk_rds::types::{PendingCloudwatchLogsExports, PendingModifiedValues};
use serde::{Deserialize, Serialize};

use super::db_instance::Row;
use super::network_interface;
use super::secret::Guarded;
use crate::cloud::At;

/// How long RDS takes until the status shows that it has begun. Until then it reads as before.
const LAG: u64 = 8;

/// One stretch of work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Work {
    pub(crate) status: String,
    pub(crate) from_ms: u64,
    pub(crate) until_ms: u64,
    /// Whether what was accepted is in force at its end.
    pub(crate) applies: bool,
}

impl Work {
    /// Work that applies nothing.
    pub(crate) fn span(status: &str, from_ms: u64, until_ms: u64) -> Self {
        Self { status: status.to_owned(), from_ms, until_ms, applies: false }
    }
}

/// What was accepted and is not yet in force.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Pending {
    pub(crate) class: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) parameter_group: Option<String>,
    pub(crate) storage: Option<i32>,
    pub(crate) storage_type: Option<String>,
    pub(crate) iops: Option<i32>,
    pub(crate) throughput: Option<i32>,
    pub(crate) multi_az: Option<bool>,
    pub(crate) port: Option<i32>,
    pub(crate) backup_days: Option<i32>,
    pub(crate) authority: Option<String>,
    pub(crate) iam: Option<bool>,
    pub(crate) password: Option<Guarded>,
    pub(crate) enable_logs: BTreeSet<String>,
    pub(crate) disable_logs: BTreeSet<String>,
}

impl Pending {
    /// Takes over what a later call asks for.
    pub(crate) fn merge(&mut self, later: Self) {
        let Self {
            class,
            version,
            parameter_group,
            storage,
            storage_type,
            iops,
            throughput,
            multi_az,
            port,
            backup_days,
            authority,
            iam,
            password,
            enable_logs,
            disable_logs,
        } = later;
        fn or<T>(to: &mut Option<T>, from: Option<T>) {
            if from.is_some() {
                *to = from;
            }
        }
        or(&mut self.class, class);
        or(&mut self.version, version);
        or(&mut self.parameter_group, parameter_group);
        or(&mut self.storage, storage);
        or(&mut self.storage_type, storage_type);
        or(&mut self.iops, iops);
        or(&mut self.throughput, throughput);
        or(&mut self.multi_az, multi_az);
        or(&mut self.port, port);
        or(&mut self.backup_days, backup_days);
        or(&mut self.authority, authority);
        or(&mut self.iam, iam);
        or(&mut self.password, password);
        self.enable_logs.extend(enable_logs);
        self.disable_logs.extend(disable_logs);
    }

    /// The stretches of work that apply it: status and seconds of each.
    fn stretches(&self) -> Vec<(&'static str, u64)> {
        let touches_storage = self.storage.is_some() || self.storage_type.is_some() || self.iops.is_some() || self.throughput.is_some();
        let all = [
            (!self.enable_logs.is_empty() || !self.disable_logs.is_empty(), "configuring-log-exports", 30),
            (self.iam.is_some(), "configuring-iam-database-auth", 30),
            (self.password.is_some(), "resetting-master-credentials", 30),
            (self.backup_days.is_some() || self.authority.is_some(), "modifying", 30),
            (self.backup_days.is_some_and(|days| days > 0), "backing-up", 60),
            (touches_storage, "modifying", 60),
            (self.class.is_some(), "modifying", 300),
            (self.multi_az.is_some(), "modifying", 360),
            (self.version.is_some(), "upgrading", 420),
            (self.port.is_some(), "rebooting", 60),
        ];
        all.into_iter().filter(|(due, ..)| *due).map(|(_, status, seconds)| (status, seconds)).collect()
    }

    /// As RDS tells it. The password itself is never told.
    pub(crate) fn answer(&self) -> PendingModifiedValues {
        let list = |names: &BTreeSet<String>| (!names.is_empty()).then(|| names.iter().cloned().collect::<Vec<_>>());
        let logs = (!self.enable_logs.is_empty() || !self.disable_logs.is_empty()).then(|| {
            PendingCloudwatchLogsExports::builder()
                .set_log_types_to_enable(list(&self.enable_logs))
                .set_log_types_to_disable(list(&self.disable_logs))
                .build()
        });
        PendingModifiedValues::builder()
            .set_db_instance_class(self.class.clone())
            .set_engine_version(self.version.clone())
            .set_allocated_storage(self.storage)
            .set_storage_type(self.storage_type.clone())
            .set_iops(self.iops)
            .set_storage_throughput(self.throughput)
            .set_multi_az(self.multi_az)
            .set_port(self.port)
            .set_backup_retention_period(self.backup_days)
            .set_ca_certificate_identifier(self.authority.clone())
            .set_iam_database_authentication_enabled(self.iam)
            .set_master_user_password(self.password.is_some().then(|| "****".to_owned()))
            .set_pending_cloudwatch_logs_exports(logs)
            .build()
    }
}

/// Begins with everything that was accepted.
pub(crate) fn begin(at: &At<'_>, row: &mut Row) {
    let stretches = row.pending.stretches();
    let mut seconds = LAG;
    let last = stretches.len().saturating_sub(1);
    for (place, (status, takes)) in stretches.into_iter().enumerate() {
        let (from_ms, until_ms) = (at.after(seconds), at.after(seconds + takes));
        row.work.push(Work { status: status.to_owned(), from_ms, until_ms, applies: place == last });
        seconds += takes;
    }
    let pending = &row.pending;
    if pending.storage.is_some() || pending.storage_type.is_some() || pending.iops.is_some() || pending.throughput.is_some() {
        // It works as usual, and takes no other change of its storage for six hours.
        row.work.push(Work::span("storage-optimization", at.after(seconds), at.after(seconds + 1800)));
        row.storage_free_ms = at.after(6 * 3600);
    }
}

/// What RDS says that a database is.
pub(crate) fn status(row: &Row, now_ms: u64) -> &str {
    if row.leaves_ms.is_some() {
        return "deleting";
    }
    if let Some(broken) = &row.broken {
        return broken;
    }
    row.work.iter().find(|work| (work.from_ms..work.until_ms).contains(&now_ms)).map_or("available", |work| work.status.as_str())
}

/// Whether RDS takes a change now: not while it works on another, even where the status does not show that yet.
pub(crate) fn takes_changes(row: &Row, now_ms: u64) -> bool {
    let busy = row.work.iter().any(|work| now_ms < work.until_ms && work.status != "storage-optimization");
    row.leaves_ms.is_none() && row.broken.is_none() && !busy
}

/// What time does to databases: work ends, what was accepted is in force, and what was deleted is gone.
pub(crate) fn tick(at: &mut At<'_>) {
    let now_ms = at.now_ms;
    let here = at.here();
    let mut logged = vec![];
    let mut gone = vec![];
    for (id, row) in &mut here.db_instances {
        let ended = row.work.iter().filter(|work| work.until_ms <= now_ms).cloned().collect::<Vec<_>>();
        row.work.retain(|work| now_ms < work.until_ms);
        for work in ended {
            if work.applies {
                apply(row);
            }
            logged.extend(row.logs.iter().map(|log| format!("/aws/rds/instance/{id}/{log}")));
        }
        if row.leaves_ms.is_some_and(|leaves| leaves <= now_ms) {
            gone.push(id.clone());
        }
    }
    for name in logged {
        // RDS makes the group that is missing, and keeps what is in it for ever.
        here.log_groups.entry(name).or_default();
    }
    for id in gone {
        at.here().db_instances.remove(&id);
        network_interface::drop_of(at, &id, 0);
    }
}

fn apply(row: &mut Row) {
    let Pending {
        class,
        version,
        parameter_group,
        storage,
        storage_type,
        iops,
        throughput,
        multi_az,
        port,
        backup_days,
        authority,
        iam,
        password,
        enable_logs,
        disable_logs,
    } = std::mem::take(&mut row.pending);
    fn set<T>(to: &mut T, from: Option<T>) {
        if let Some(value) = from {
            *to = value;
        }
    }
    // An upgrade reboots.
    row.needs_reboot &= version.is_none();
    set(&mut row.class, class);
    set(&mut row.version, version);
    set(&mut row.parameter_group, parameter_group);
    set(&mut row.storage, storage);
    set(&mut row.storage_type, storage_type);
    set(&mut row.iops, iops);
    set(&mut row.throughput, throughput);
    set(&mut row.multi_az, multi_az);
    set(&mut row.port, port);
    set(&mut row.backup_days, backup_days);
    set(&mut row.authority, authority);
    set(&mut row.iam, iam);
    set(&mut row.password, password);
    row.logs.extend(enable_logs);
    row.logs.retain(|log| !disable_logs.contains(log));
}

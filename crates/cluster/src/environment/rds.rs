//! The database.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::Tier;
use crate::RuleId;
use crate::decode::{Choice, Table};

/// A log of the database that CloudWatch receives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LogExport {
    /// Errors and start-up.
    Error,
    /// Statements that took long.
    SlowQuery,
    /// Every statement.
    General,
    /// Who did what.
    Audit,
}

impl Choice for LogExport {
    const ALL: &'static [Self] = &[Self::Error, Self::SlowQuery, Self::General, Self::Audit];
}

/// The database: RDS for MySQL, always encrypted, never public.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Rds {
    /// The instance class. By tier db.t3.micro, db.t3.small or db.r5.large.
    pub class: String,
    /// The MySQL version: 8.0 or 8.4, or one exactly (8.0.40). 8.0 has left standard support and costs extra.
    pub engine_version: String,
    /// GiB of storage (gp3). It can grow, never shrink.
    pub storage: u32,
    /// GiB up to which AWS grows the storage by itself; not at all if left out.
    pub max_storage: Option<u32>,
    /// I/O operations per second; only from 400 GiB on, else gp3's own 3000.
    pub iops: Option<u32>,
    /// Whether a standby runs in another zone. By tier no, yes, yes.
    pub multi_az: bool,
    /// Days for which backups are kept; 0 for none. By tier 0, 1 or 7.
    pub backup_days: u32,
    /// When backups are taken, UTC: `01:00-02:00`.
    pub backup_window: String,
    /// When AWS may maintain it, UTC: `sun:03:00-sun:04:00`.
    pub maintenance_window: String,
    /// Whether AWS refuses to delete it. On in production.
    pub deletion_protection: bool,
    /// Whether the file says in so many words that it is not protected: only that gives protection up.
    #[serde(skip)]
    #[schemars(skip)]
    pub unprotected: bool,
    /// The master user. Its password is generated; nobody sees it.
    pub username: String,
    /// Whether AWS installs minor versions by itself.
    pub auto_minor_version_upgrade: bool,
    /// Whether AWS may charge Extended Support for a version that has left standard support.
    pub extended_support: bool,
    /// Whether Performance Insights records what the database waits for. Not on db.t3.micro and db.t3.small.
    pub performance_insights: bool,
    /// The logs that CloudWatch receives.
    pub log_exports: Vec<LogExport>,
    /// MySQL's own parameters, beside bbws's (utf8mb4, slow_query_log, require_secure_transport).
    #[schemars(extend("additionalProperties" = {"type": ["string", "integer", "boolean"]}))]
    pub parameters: BTreeMap<String, String>,
}

impl Rds {
    /// The family of its parameter group: `mysql8.0`.
    #[must_use]
    pub fn family(&self) -> String {
        format!("mysql{}", self.engine_version.splitn(3, '.').take(2).collect::<Vec<_>>().join("."))
    }

    pub(super) fn read(t: &Table<'_, '_>, tier: Tier) -> Self {
        let protection = t.get("deletion_protection").option();
        t.fixed(
            &["encrypted", "storage_encrypted"],
            true,
            RuleId::EncryptionOff,
            "the database is always encrypted: that cannot be switched off",
        );
        t.fixed(
            &["public", "publicly_accessible"],
            false,
            RuleId::PublicDatabase,
            "the database is never public: only the cluster's tasks reach it",
        );
        let mut parameters: BTreeMap<String, String> =
            PARAMETERS.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        parameters.extend(t.texts("parameters").into_iter().map(|(name, value)| (name.to_lowercase(), value)));
        Self {
            class: t.get("class").or(tier.pick("db.t3.micro", "db.t3.small", "db.r5.large").to_owned()),
            engine_version: t.get("engine_version").or("8.0".to_owned()),
            storage: t.get("storage").within(20..=65536, "GiB").or(tier.pick(20, 20, 100)),
            max_storage: t.get("max_storage").within(20..=65536, "GiB").option(),
            iops: t.get("iops").within(3000..=64000, "").option(),
            multi_az: t.get("multi_az").or(tier.pick(false, true, true)),
            backup_days: t.get("backup_days").within(0..=35, "days").or(tier.pick(0, 1, 7)),
            backup_window: t.get("backup_window").or("01:00-02:00".to_owned()),
            maintenance_window: t.get("maintenance_window").or("sun:03:00-sun:04:00".to_owned()),
            deletion_protection: protection.unwrap_or(tier.is_prod()),
            unprotected: protection == Some(false),
            username: t.get("username").or("admin".to_owned()),
            auto_minor_version_upgrade: t.get("auto_minor_version_upgrade").or(true),
            extended_support: t.get("extended_support").or(true),
            performance_insights: t.get("performance_insights").or(false),
            log_exports: t.list("log_exports").or(vec![LogExport::Error, LogExport::SlowQuery]),
            parameters,
        }
    }
}

/// What every database gets. `log_output = FILE`: CloudWatch takes the slow-query log from a file only.
const PARAMETERS: &[(&str, &str)] = &[
    ("character_set_server", "utf8mb4"),
    ("collation_server", "utf8mb4_unicode_ci"),
    ("log_output", "FILE"),
    ("long_query_time", "2"),
    ("require_secure_transport", "1"),
    ("slow_query_log", "1"),
];

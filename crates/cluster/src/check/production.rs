//! What production demands.

use super::{Fault, Judge};
use crate::{Backend, Environment, Nat, RuleId};

pub(super) fn check(env: &Environment, judge: &mut Judge<'_>) {
    if !env.tier.is_prod() {
        return;
    }
    let mut demand = |met: bool, rule, path: &str, message: &str, fix: &str| {
        if !met {
            judge.raise(Fault::new(rule, path, message, fix).beside("tier", "production"));
        }
    };
    demand(
        env.rds.multi_az,
        RuleId::ProdMultiAz,
        "rds.multi_az",
        "production's database must have a standby in another zone",
        "write `multi_az = true`",
    );
    let days = env.rds.backup_days;
    demand(
        days >= 7,
        RuleId::ProdBackups,
        "rds.backup_days",
        &format!("production must keep backups for 7 days at least, not {days}"),
        "write `backup_days = 7` or more, up to 35",
    );
    let cannot = "production must be protected from deletion by accident";
    demand(
        env.rds.deletion_protection,
        RuleId::ProdDeletionProtection,
        "rds.deletion_protection",
        cannot,
        "write `deletion_protection = true`",
    );
    demand(
        env.alb.deletion_protection,
        RuleId::ProdDeletionProtection,
        "alb.deletion_protection",
        cannot,
        "write `deletion_protection = true`",
    );
    demand(
        env.network.nat == Nat::PerZone,
        RuleId::ProdNat,
        "network.nat",
        "with one NAT gateway the loss of its zone takes the internet from all of production",
        "write `nat = \"per-zone\"`",
    );
    let days = env.logs.retention_days;
    demand(
        days >= 30,
        RuleId::ProdLogs,
        "logs.retention_days",
        &format!("production must keep logs for 30 days at least, not {days}"),
        "write `retention_days = 30` or more",
    );
    demand(
        env.state.backend == Backend::S3,
        RuleId::ProdStore,
        "state.backend",
        "production's state must be shared, versioned and locked: a folder is none of it",
        "write `backend = \"s3\"` and a `bucket`",
    );
    demand(env.efs.backup, RuleId::ProdFileBackup, "efs.backup", "production's files must be backed up every day", "write `backup = true`");
}

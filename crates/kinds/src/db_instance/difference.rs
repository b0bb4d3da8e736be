//! What differs between a database and the wish for one.

use bbws_model::{Diff, RiskKind, Written};

use super::DbInstanceSpec;
use crate::mysql_version::{VersionStep, version_step};

/// What differs, and what each difference means.
pub(super) fn of(have: &DbInstanceSpec<Written>, want: &DbInstanceSpec<Written>) -> Diff {
    const RESTORE: &str = "take a snapshot, restore it as a database of another name that is as wanted, move the application over, and remove this one (docs/database_management_guide.md leads through it)";
    let DbInstanceSpec {
        name,
        class,
        engine_version,
        storage_gib,
        max_storage_gib,
        storage_type,
        iops,
        throughput,
        encrypted,
        kms_key,
        public,
        subnet_group,
        security_groups,
        port,
        parameter_group,
        username,
        password,
        database,
        multi_az,
        backup_days,
        backup_window,
        maintenance_window,
        deletion_protection,
        copy_tags_to_snapshots,
        auto_minor_upgrade,
        extended_support,
        log_exports,
        log_groups: _,
        performance_insights,
        iam_sign_in,
        certificate_authority,
        tags,
    } = want;
    // With a standby it is away until that has taken over, which AWS gives as 60 to 120 seconds; without one it is stopped, moved and
    // started.
    let (least, most, meanwhile) =
        if have.multi_az { (60, 120, "while the standby takes over") } else { (180, 900, "while it is moved to another machine") };
    let diff = Diff::new()
        .forbid("name", &have.name, name, RESTORE)
        .update("class", &have.class, class)
        .with_backup()
        .risks(RiskKind::Downtime, format!("the database is away {meanwhile}"))
        .away(least, most);
    let upgraded = if have.multi_az {
        "the database is away while it is upgraded, its standby too"
    } else {
        "the database is away while it is upgraded"
    };
    let diff = match version_step(&have.engine_version, engine_version, *auto_minor_upgrade) {
        // `8.0` is no version but a line of them.
        VersionStep::Met if engine_version.split('.').count() < 3 => diff,
        VersionStep::Met => diff.keeps(
            "engine_version",
            &have.engine_version,
            engine_version,
            "AWS installs minor versions by itself, and RDS never goes back to an older one",
        ),
        VersionStep::Minor => diff
            .update("engine_version", &have.engine_version, engine_version)
            .with_backup()
            .risks(RiskKind::Downtime, upgraded)
            .away(120, 600),
        VersionStep::Major => diff
            .update("engine_version", &have.engine_version, engine_version)
            .with_backup()
            .risks(RiskKind::Downtime, upgraded)
            .away(600, 2400)
            .risks(RiskKind::DataLoss, "there is no way back to the old version but the snapshot that is taken before"),
        VersionStep::Back => diff.forbid(
            "engine_version",
            &have.engine_version,
            engine_version,
            "RDS never goes back to an older version: write the one it has, or restore a snapshot of the old version under another name",
        ),
    };
    let larger = have.storage_gib > *storage_gib;
    let never = if max_storage_gib.is_some() {
        "RDS makes the storage larger by itself as it fills up, and never smaller"
    } else {
        "RDS never makes the storage of a database smaller"
    };
    let diff = if larger { diff.keeps("storage_gib", &have.storage_gib, storage_gib, never) } else { diff };
    let diff = diff
        .accepts("storage_gib", have.storage_gib >= *storage_gib, &have.storage_gib, storage_gib)
        .with_backup()
        .update("max_storage_gib", &have.max_storage_gib, max_storage_gib)
        .update("storage_type", &have.storage_type, storage_type)
        .with_backup()
        .update_if_declared("iops", &have.iops, iops)
        .update_if_declared("throughput", &have.throughput, throughput)
        .forbid("encrypted", &have.encrypted, encrypted, "only an encrypted copy of a snapshot can be restored as an encrypted database: copy a snapshot with a KMS key, restore it under another name, move over");
    let diff = if kms_key.is_some() { diff.forbid("kms_key", &have.kms_key, kms_key, RESTORE) } else { diff };
    let diff = diff
        .update("public", &have.public, public)
        .risks(RiskKind::Security, "it decides whether the internet can reach the database")
        .forbid("subnet_group", &have.subnet_group, subnet_group, RESTORE)
        .update("security_groups", &have.security_groups, security_groups)
        .risks(RiskKind::Security, "it changes who reaches the database")
        .update("port", &have.port, port)
        .risks(RiskKind::Downtime, "the database is rebooted at once, and clients have to use the new port")
        .away(60, 120)
        .update("parameter_group", &have.parameter_group, parameter_group)
        .risks(RiskKind::Downtime, "the new parameters count from its next reboot on, which is left to you and takes it away for as long")
        .away(60, 120)
        .forbid("username", &have.username, username, RESTORE)
        .write_only("password", &have.password, password)
        .risks(RiskKind::Downtime, "whoever still has the old password is refused");
    let diff = if database.is_some() {
        diff.forbid(
            "database",
            &have.database,
            database,
            "create the database with SQL: RDS makes one only at the start; then take the field out",
        )
    } else {
        diff
    };
    let diff = diff.update("multi_az", &have.multi_az, multi_az);
    let diff = if *multi_az {
        diff
    } else {
        diff.risks(RiskKind::Downtime, "without a standby, maintenance and the failure of a zone take the database away")
    };
    let diff = diff.update("backup_days", &have.backup_days, backup_days);
    let diff = match (have.backup_days, *backup_days) {
        (from, 0) if from > 0 => {
            diff.with_backup().risks(RiskKind::DataLoss, "all automatic backups are deleted; the snapshot that is taken before stays")
        }
        (from, to) if to < from => diff.risks(RiskKind::DataLoss, "automatic backups older than that are deleted"),
        (0, _) => diff.risks(RiskKind::Downtime, "I/O pauses for a moment while backups begin").away(0, 30),
        _ => diff,
    };
    let diff = diff
        .update("backup_window", &have.backup_window, backup_window)
        .update("maintenance_window", &have.maintenance_window, maintenance_window)
        .update("deletion_protection", &have.deletion_protection, deletion_protection);
    let diff = if *deletion_protection { diff } else { diff.risks(RiskKind::DataLoss, "AWS no longer refuses to delete the database") };
    let support = if *extended_support {
        "AWS charges by the processor and hour once the version has left standard support"
    } else {
        "AWS upgrades the database to another version when this one leaves standard support"
    };
    diff.update("copy_tags_to_snapshots", &have.copy_tags_to_snapshots, copy_tags_to_snapshots)
        .update("auto_minor_upgrade", &have.auto_minor_upgrade, auto_minor_upgrade)
        .update("extended_support", &have.extended_support, extended_support)
        .risks(RiskKind::Downtime, support)
        .update("log_exports", &have.log_exports, log_exports)
        .update("performance_insights", &have.performance_insights, performance_insights)
        .update("iam_sign_in", &have.iam_sign_in, iam_sign_in)
        .risks(RiskKind::Iam, "it decides whether IAM lets users into the database")
        .update_if_declared("certificate_authority", &have.certificate_authority, certificate_authority)
        .risks(RiskKind::Downtime, "the database may restart, and clients have to trust the new authority")
        .away(0, 120)
        .update("tags", &have.tags, tags)
}

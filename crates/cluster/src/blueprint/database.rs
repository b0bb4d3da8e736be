//! The database with what it needs: subnets, settings, log groups, credentials.

use std::collections::BTreeSet;

use bbws_kinds::{
    DbInstance, DbInstanceSpec, DbLog, DbParameterGroup, DbParameterGroupSpec, DbSubnetGroup, DbSubnetGroupSpec, LogGroup, LogGroupSpec,
    MasterPassword, Secret, SecretSpec, SecretValue, SecretValueSpec, SecurityGroup,
};

use super::parts::{Parts, text, to};
use crate::LogExport;
use crate::decode::name_of;

/// The port that MySQL listens on.
pub(super) const PORT: u16 = 3306;

pub(super) fn add(parts: &mut Parts<'_>) {
    subnets_and_settings(parts);
    log_groups(parts);
    credentials(parts);
    let env = parts.env;
    let rds = &env.rds;
    parts.add::<DbInstance>(
        "main",
        &DbInstanceSpec {
            name: env.names.database.clone(),
            class: rds.class.clone(),
            engine_version: rds.engine_version.clone(),
            storage_gib: rds.storage,
            max_storage_gib: rds.max_storage,
            storage_type: "gp3".to_owned(),
            iops: rds.iops,
            throughput: None,
            encrypted: true,
            kms_key: None,
            public: false,
            subnet_group: to("main"),
            security_groups: BTreeSet::from([text::<SecurityGroup>("rds", "id")]),
            port: PORT,
            parameter_group: to("main"),
            username: rds.username.clone(),
            password: MasterPassword { secret: to("rds"), version: text::<Secret>("rds", "version_id") },
            database: None,
            multi_az: rds.multi_az,
            // Validation knows no more than 35; what does not fit is refused by the kind.
            backup_days: u8::try_from(rds.backup_days).unwrap_or(u8::MAX),
            backup_window: rds.backup_window.clone(),
            maintenance_window: rds.maintenance_window.clone(),
            deletion_protection: rds.deletion_protection,
            copy_tags_to_snapshots: true,
            auto_minor_upgrade: rds.auto_minor_version_upgrade,
            extended_support: rds.extended_support,
            log_exports: rds.log_exports.iter().map(db_log).collect(),
            log_groups: rds.log_exports.iter().map(|log| to(&log_group(*log))).collect(),
            performance_insights: rds.performance_insights,
            iam_sign_in: false,
            certificate_authority: None,
            tags: parts.tags(&env.names.database),
        },
    );
    parts.add::<SecretValue>(
        "rds",
        &SecretValueSpec {
            secret: to("rds"),
            host: text::<DbInstance>("main", "address"),
            port: PORT,
            engine: "mysql".to_owned(),
            dbname: None,
        },
    );
}

fn subnets_and_settings(parts: &mut Parts<'_>) {
    let env = parts.env;
    let group = env.names.of("rds");
    parts.add::<DbSubnetGroup>(
        "main",
        &DbSubnetGroupSpec {
            tags: parts.tags(&group),
            name: group,
            description: format!("{}: the private subnets", env.names.prefix),
            vpc: Some(to("main")),
            subnets: env.network.private_in_use().map(|(name, _)| to(&format!("private-{name}"))).collect(),
        },
    );
    // The family is in the name: another major version has another group, and the two can stand side by side.
    let settings = env.names.of(&env.rds.family().replace('.', "-"));
    parts.add::<DbParameterGroup>(
        "main",
        &DbParameterGroupSpec {
            tags: parts.tags(&settings),
            name: settings,
            family: env.rds.family(),
            description: format!("{}: the settings of the database", env.names.prefix),
            parameters: env.rds.parameters.clone(),
        },
    );
}

fn db_log(log: &LogExport) -> DbLog {
    match log {
        LogExport::Error => DbLog::Error,
        LogExport::SlowQuery => DbLog::Slowquery,
        LogExport::General => DbLog::General,
        LogExport::Audit => DbLog::Audit,
    }
}

fn log_group(log: LogExport) -> String {
    format!("rds-{}", name_of(&log))
}

/// RDS writes into groups of fixed names, and makes those that are missing, which then keep their lines for ever.
fn log_groups(parts: &mut Parts<'_>) {
    let env = parts.env;
    for log in &env.rds.log_exports {
        let name = format!("/aws/rds/instance/{}/{}", env.names.database, name_of(log));
        let spec = LogGroupSpec { tags: parts.tags(&name), name, retention_days: Some(env.logs.retention_days) };
        parts.add::<LogGroup>(&log_group(*log), &spec);
    }
}

/// The master credentials: generated into the secret before there is a database, so that they are never lost.
fn credentials(parts: &mut Parts<'_>) {
    let env = parts.env;
    parts.add::<Secret>(
        "rds",
        &SecretSpec {
            name: env.names.secret.clone(),
            description: format!("{}: the master user of the database, and where it is", env.names.prefix),
            kms_key: None,
            generate: true,
            username: env.rds.username.clone(),
            recovery_window_days: 30,
            tags: parts.tags(&env.names.secret),
        },
    );
}

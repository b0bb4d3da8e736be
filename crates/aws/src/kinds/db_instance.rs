//! The driver of `db-instance`. One list serves all. Every change goes out to be applied at once; what AWS has accepted and not
//! yet applied counts as done already, so that nothing is sent twice, and the database as pending.
//!
//! Of the master password AWS shows nothing. A tag tells which version of the secret the database was given; the password
//! goes first and the tag after it, so that a lost tag only means the same password again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use aws_sdk_rds::operation::delete_db_instance::builders::DeleteDBInstanceFluentBuilder as Delete;
use aws_sdk_rds::types::DbInstance as Raw;
use bbws_engine::{Attempt, Created, Driver, Progress, Reading, Sight};
use bbws_kinds::{DbInstance, DbInstanceOutputs, DbInstanceSpec, DbLog, MasterPassword, final_snapshot};
use bbws_model::{Arn, Class, CloudError, Locate, Name, Observed, Phase, Ready};

use super::db_change::{self, Change};
use super::ec2::told;
use super::master_password::PASSWORD_TAG;
use super::rds::{PAGE, as_rds_tags, from_rds_tags};
use crate::scan::{ById, all_failed};
use crate::{Aws, Told};

const LIST: &str = "rds:DescribeDBInstances";
/// The phase of a database that has accepted a change and not begun with it.
const ACCEPTED: &str = "a change that RDS has accepted waits to be applied";
/// The phase of a database that can do nothing more until it gets more storage.
const FULL: &str = "its storage is full: give it more";

impl Driver<DbInstance> for Aws {
    async fn observe(&self, at: &[Locate<DbInstance>], reading: &Reading) -> Vec<Sight<DbInstance>> {
        match self.db_instances(reading).await {
            Err(error) => all_failed(at, &error),
            Ok(all) => at
                .iter()
                .map(|place| {
                    let raw = all.get(place.id.as_ref().map_or(place.spec.name.as_str(), |id| id.as_str()));
                    raw.map(|raw| observed(raw, &place.spec)).transpose()
                })
                .collect(),
        }
    }

    async fn create(&self, want: &DbInstanceSpec<Ready>, attempt: &Attempt) -> Result<Created, CloudError> {
        let password = self.master_password(want).await?;
        let mut tags = attempt.tagged(&want.tags);
        tags.insert(PASSWORD_TAG.to_owned(), want.password.version.clone());
        let count = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
        let create = self.write.rds.create_db_instance().db_instance_identifier(&want.name).engine("mysql");
        let create = create
            .db_instance_class(&want.class)
            .engine_version(&want.engine_version)
            .engine_lifecycle_support(db_change::lifecycle(want.extended_support))
            .auto_minor_version_upgrade(want.auto_minor_upgrade)
            .allocated_storage(count(want.storage_gib))
            .set_max_allocated_storage(want.max_storage_gib.map(count))
            .storage_type(&want.storage_type)
            .set_iops(want.iops.map(count))
            .set_storage_throughput(want.throughput.map(count))
            .storage_encrypted(want.encrypted)
            .set_kms_key_id(want.kms_key.clone());
        let create = create
            .publicly_accessible(want.public)
            .db_subnet_group_name(want.subnet_group.as_str())
            .set_vpc_security_group_ids(Some(want.security_groups.iter().cloned().collect()))
            .port(i32::from(want.port))
            .multi_az(want.multi_az)
            .db_parameter_group_name(want.parameter_group.as_str())
            .master_username(&want.username)
            .master_user_password(password.reveal())
            .set_db_name(want.database.clone())
            .enable_iam_database_authentication(want.iam_sign_in)
            .set_ca_certificate_identifier(want.certificate_authority.clone());
        let create = create
            .backup_retention_period(i32::from(want.backup_days))
            .preferred_backup_window(&want.backup_window)
            .preferred_maintenance_window(&want.maintenance_window)
            .deletion_protection(want.deletion_protection)
            .copy_tags_to_snapshot(want.copy_tags_to_snapshots)
            .enable_performance_insights(want.performance_insights)
            .set_enable_cloudwatch_logs_exports(Some(want.log_exports.iter().map(|log| log_name(*log).to_owned()).collect()))
            .set_tags(Some(as_rds_tags(tags)));
        create.send().await.told("rds:CreateDBInstance")?;
        Ok(Created { id: want.name.as_str().into() })
    }

    async fn update(&self, seen: &Observed<DbInstance>, want: &DbInstanceSpec<Ready>, attempt: &Attempt) -> Result<Progress, CloudError> {
        // While it is at work RDS refuses most changes; the next look shows when it is done.
        if matches!(&seen.phase, Phase::Pending(why) if why != ACCEPTED && why != FULL) {
            return Ok(Progress::Nothing);
        }
        let have = &seen.spec;
        if let Some(change) = db_change::next(have, want) {
            return self.change_db_instance(seen.id.as_str(), change, have, want).await;
        }
        let (arn, version) = (seen.outputs.arn.as_str(), &want.password.version);
        if have.password.version != *version {
            let given = format!("{} {version}", seen.outputs.resource_id);
            if self.remembers(&given) {
                return self.tag_rds(arn, BTreeMap::from([(PASSWORD_TAG.to_owned(), version.clone())])).await;
            }
            let password = self.master_password(want).await?;
            let modify = self.write.rds.modify_db_instance().db_instance_identifier(seen.id.as_str()).apply_immediately(true);
            modify.master_user_password(password.reveal()).send().await.told(db_change::MODIFY)?;
            self.remember(given);
            return Ok(Progress::Sent);
        }
        self.retag_rds(arn, (&have.tags, seen.owner.as_ref()), &want.tags, attempt).await
    }

    /// RDS deletes the database once its final snapshot is whole. Protection is never switched off on the way: that would make
    /// it worthless.
    async fn delete(&self, seen: &Observed<DbInstance>, _: &Attempt) -> Result<Progress, CloudError> {
        const OPERATION: &str = "rds:DeleteDBInstance";
        let name = seen.id.as_str();
        if seen.spec.deletion_protection {
            let why = format!(
                "the database `{name}` is protected against deletion: set `deletion_protection = false` on it, apply that, then delete it"
            );
            return Err(CloudError::own(OPERATION, Class::Denied, why));
        }
        let delete = self.write.rds.delete_db_instance().db_instance_identifier(name);
        with_a_last_copy(delete, seen.outputs.final_snapshot.as_deref()).send().await.told(OPERATION)?;
        Ok(Progress::Sent)
    }
}

impl Aws {
    pub(crate) async fn db_instances(&self, reading: &Reading) -> Result<Arc<ById<Raw>>, CloudError> {
        let ask = || async {
            let (mut all, mut calls) = (ById::new(), 0);
            let mut pages = self.read.rds.describe_db_instances().into_paginator().page_size(PAGE).send();
            while let Some(page) = pages.next().await {
                calls += 1;
                let instances = page.told(LIST)?.db_instances.unwrap_or_default();
                all.extend(instances.into_iter().filter_map(|raw| Some((raw.db_instance_identifier.clone()?, raw))));
            }
            Ok((all, calls))
        };
        reading.once(LIST.to_owned(), ask()).await
    }

    async fn change_db_instance(
        &self,
        name: &str,
        change: Change,
        have: &DbInstanceSpec<Ready>,
        want: &DbInstanceSpec<Ready>,
    ) -> Result<Progress, CloudError> {
        let modify = self.write.rds.modify_db_instance().db_instance_identifier(name).apply_immediately(true);
        let modify = match change {
            Change::Setting => db_change::settings(modify, have, want),
            Change::Storage => db_change::storage(modify, have, want),
            Change::Machine => {
                let version = if db_change::version_differs(have, want) { Some(self.upgrade(have, want).await?) } else { None };
                db_change::machine(modify, have, want, version)
            }
        };
        match modify.send().await.told(db_change::MODIFY) {
            Ok(_) => Ok(Progress::Sent),
            Err(error) if error.message.contains("No modifications were requested") => Ok(Progress::Nothing),
            Err(error) => Err(error),
        }
    }

    /// The version to which a database goes for the wish to be met: the latest of those that RDS upgrades it to at once.
    async fn upgrade(&self, have: &DbInstanceSpec<Ready>, want: &DbInstanceSpec<Ready>) -> Result<String, CloudError> {
        const OPERATION: &str = "rds:DescribeDBEngineVersions";
        let (from, to) = (&have.engine_version, &want.engine_version);
        let answer = self.read.rds.describe_db_engine_versions().engine("mysql").engine_version(from).send().await.told(OPERATION)?;
        let targets = answer.db_engine_versions().iter().flat_map(|version| version.valid_upgrade_target());
        let mut fitting: Vec<&str> = targets.filter_map(|target| target.engine_version()).filter(|v| db_change::begins(v, to)).collect();
        fitting.sort_by_key(|version| version.split('.').map(|part| part.parse().unwrap_or(0)).collect::<Vec<u32>>());
        let none = || {
            let told =
                format!("RDS does not upgrade MySQL {from} to {to} in one step: write a version in between first, apply that, then this");
            CloudError::own(OPERATION, Class::Invalid, told)
        };
        fitting.last().map(|version| (*version).to_owned()).ok_or_else(none)
    }
}

/// The copies that RDS makes each day go only where a last one is made: without that they are all that may be left.
fn with_a_last_copy(delete: Delete, name: Option<&str>) -> Delete {
    let delete = delete.delete_automated_backups(name.is_some()).skip_final_snapshot(name.is_none());
    delete.set_final_db_snapshot_identifier(name.map(str::to_owned))
}

/// Whether RDS could not make a database: it failed before it had an address, never held anything, and RDS cannot copy it. Others
/// lose their address later (a key that is gone, a network that no longer fits), and hold what they held.
fn never_was(raw: &Raw) -> bool {
    let addressed = raw.endpoint().and_then(|endpoint| endpoint.address()).is_some();
    matches!(raw.db_instance_status(), Some("failed" | "incompatible-create")) && !addressed
}

fn log_name(log: DbLog) -> &'static str {
    match log {
        DbLog::Audit => "audit",
        DbLog::Error => "error",
        DbLog::General => "general",
        DbLog::Slowquery => "slowquery",
        DbLog::IamDbAuthError => "iam-db-auth-error",
    }
}

pub(crate) fn log_names(logs: &BTreeSet<DbLog>) -> BTreeSet<&'static str> {
    logs.iter().map(|log| log_name(*log)).collect()
}

/// The logs that are exported, or will be once RDS has applied what it accepted. One that bbws does not know is left alone.
fn logs(raw: &Raw) -> BTreeSet<DbLog> {
    let known = [DbLog::Audit, DbLog::Error, DbLog::General, DbLog::Slowquery, DbLog::IamDbAuthError];
    let mut names: BTreeSet<&str> = raw.enabled_cloudwatch_logs_exports().iter().map(String::as_str).collect();
    if let Some(pending) = raw.pending_modified_values().and_then(|pending| pending.pending_cloudwatch_logs_exports()) {
        names.extend(pending.log_types_to_enable().iter().map(String::as_str));
        names.retain(|name| !pending.log_types_to_disable().iter().any(|gone| gone == name));
    }
    known.into_iter().filter(|log| names.contains(log_name(*log))).collect()
}

fn observed(raw: &Raw, place: &DbInstanceSpec<Ready>) -> Result<Observed<DbInstance>, CloudError> {
    let name = told(LIST, "DBInstanceIdentifier", raw.db_instance_identifier())?;
    let engine = raw.engine().unwrap_or_default();
    if engine != "mysql" {
        return Err(CloudError::own(LIST, Class::Invalid, format!("the database `{name}` is {engine}: bbws manages MySQL only")));
    }
    let resource_id = told(LIST, "DbiResourceId", raw.dbi_resource_id())?;
    let pending = raw.pending_modified_values();
    let count = |number: i32| u32::try_from(number).ok();
    let storage = pending.and_then(|p| p.allocated_storage()).or(raw.allocated_storage()).and_then(count).unwrap_or_default();
    let version_tag = raw.tag_list().iter().find(|tag| tag.key() == Some(PASSWORD_TAG)).and_then(|tag| tag.value());
    let (tags, owner) = from_rds_tags(raw.tag_list());
    let of = |later: Option<&str>, now: Option<&str>| later.or(now).unwrap_or_default().to_owned();
    // Of a database that is not a member of a cluster, the endpoint alone tells the port.
    let port = raw.endpoint().and_then(|endpoint| endpoint.port()).and_then(|port| u16::try_from(port).ok());
    let port_to_be = pending.and_then(|p| p.port()).and_then(|port| u16::try_from(port).ok());
    let address = raw.endpoint().and_then(|endpoint| endpoint.address()).map(str::to_owned);
    let group = raw.db_parameter_groups().first();
    let spec = DbInstanceSpec {
        name: name.to_owned(),
        class: of(pending.and_then(|p| p.db_instance_class()), raw.db_instance_class()),
        engine_version: of(pending.and_then(|p| p.engine_version()), raw.engine_version()),
        storage_gib: storage,
        // Equal to what it has, it means that it does not grow.
        max_storage_gib: raw.max_allocated_storage().and_then(count).filter(|max| *max > storage),
        storage_type: of(pending.and_then(|p| p.storage_type()), raw.storage_type()),
        iops: pending.and_then(|p| p.iops()).or(raw.iops()).and_then(count),
        throughput: pending.and_then(|p| p.storage_throughput()).or(raw.storage_throughput()).and_then(count),
        encrypted: raw.storage_encrypted().unwrap_or(false),
        kms_key: raw.kms_key_id().map(str::to_owned),
        public: raw.publicly_accessible().unwrap_or(false),
        subnet_group: Name::new(raw.db_subnet_group().and_then(|group| group.db_subnet_group_name()).unwrap_or_default()),
        security_groups: security_groups(raw),
        port: port_to_be.or(port).unwrap_or(place.port),
        parameter_group: Name::new(group.and_then(|group| group.db_parameter_group_name()).unwrap_or_default()),
        username: raw.master_username().unwrap_or_default().to_owned(),
        password: MasterPassword { secret: place.password.secret.clone(), version: version_tag.unwrap_or_default().to_owned() },
        database: raw.db_name().filter(|name| !name.is_empty()).map(str::to_owned),
        multi_az: pending.and_then(|p| p.multi_az()).or(raw.multi_az()).unwrap_or(false),
        backup_days: pending
            .and_then(|p| p.backup_retention_period())
            .or(raw.backup_retention_period())
            .and_then(|days| u8::try_from(days).ok())
            .unwrap_or_default(),
        backup_window: raw.preferred_backup_window().unwrap_or_default().to_lowercase(),
        maintenance_window: raw.preferred_maintenance_window().unwrap_or_default().to_lowercase(),
        deletion_protection: raw.deletion_protection().unwrap_or(false),
        copy_tags_to_snapshots: raw.copy_tags_to_snapshot().unwrap_or(false),
        auto_minor_upgrade: raw.auto_minor_version_upgrade().unwrap_or(false),
        extended_support: raw.engine_lifecycle_support() != Some(db_change::lifecycle(false)),
        log_exports: logs(raw),
        log_groups: place.log_groups.clone(),
        performance_insights: raw.performance_insights_enabled().unwrap_or(false),
        iam_sign_in: pending
            .and_then(|p| p.iam_database_authentication_enabled())
            .or(raw.iam_database_authentication_enabled())
            .unwrap_or(false),
        certificate_authority: pending.and_then(|p| p.ca_certificate_identifier()).or(raw.ca_certificate_identifier()).map(str::to_owned),
        tags,
    };
    let phase = phase(raw);
    let outputs = DbInstanceOutputs {
        name: Name::new(name),
        arn: Arn::new(told(LIST, "DBInstanceArn", raw.db_instance_arn())?),
        resource_id: resource_id.to_owned(),
        endpoint: address.as_ref().zip(port).map(|(address, port)| format!("{address}:{port}")),
        address,
        port,
        engine_version: raw.engine_version().unwrap_or_default().to_owned(),
        final_snapshot: (!never_was(raw)).then(|| final_snapshot(name, resource_id)),
        parameters: group.and_then(|group| group.parameter_apply_status()).unwrap_or("in-sync").to_owned(),
    };
    Ok(Observed { id: name.into(), spec, outputs, phase, owner })
}

/// The groups it has, or will have: one that is being taken away no longer counts.
fn security_groups(raw: &Raw) -> BTreeSet<String> {
    let stays = |status: Option<&str>| status != Some("removing");
    let groups = raw.vpc_security_groups().iter().filter(|group| stays(group.status()));
    groups.filter_map(|group| group.vpc_security_group_id()).map(str::to_owned).collect()
}

/// What a status means. RDS's page on statuses, and the handlers of its own CloudFormation types.
fn phase(raw: &Raw) -> Phase {
    match raw.db_instance_status().unwrap_or_default() {
        // Storage is put in order for hours, during which everything works.
        "available" | "storage-optimization" => unless_moving(raw),
        "storage-full" => Phase::Pending(FULL.into()),
        "deleting" | "delete-precheck" => Phase::Leaving,
        "stopped" => Phase::Failed("it is stopped: start it (`aws rds start-db-instance`); RDS does that itself after seven days".into()),
        status @ ("failed"
        | "inaccessible-encryption-credentials"
        | "inaccessible-encryption-credentials-recoverable"
        | "incompatible-create"
        | "incompatible-network"
        | "incompatible-option-group"
        | "incompatible-parameters"
        | "incompatible-restore"
        | "insufficient-capacity"
        | "restore-error"
        | "modify-failed"
        | "upgrade-failed") => Phase::Failed(format!("RDS says `{status}`")),
        status => Phase::Pending(format!("RDS says `{status}`")),
    }
}

fn unless_moving(raw: &Raw) -> Phase {
    let pending = raw.pending_modified_values();
    let nothing = aws_sdk_rds::types::PendingModifiedValues::builder().build();
    if pending.is_some_and(|pending| *pending != nothing) {
        return Phase::Pending(ACCEPTED.into());
    }
    if raw.db_parameter_groups().iter().any(|group| group.parameter_apply_status() == Some("applying")) {
        return Phase::Pending("RDS applies its parameters".into());
    }
    if raw.vpc_security_groups().iter().any(|group| group.status().is_some_and(|status| status != "active")) {
        return Phase::Pending("RDS changes its security groups".into());
    }
    if raw.endpoint().and_then(|endpoint| endpoint.address()).is_none() {
        return Phase::Pending("RDS gives it an address".into());
    }
    Phase::Ready
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_sdk_rds::types::{Endpoint, PendingModifiedValues, VpcSecurityGroupMembership};

    fn available() -> aws_sdk_rds::types::builders::DbInstanceBuilder {
        Raw::builder().db_instance_status("available").endpoint(Endpoint::builder().address("a").port(3306).build())
    }

    #[test]
    fn only_what_was_never_made_goes_without_a_last_copy() {
        let of = |status: &str, address: Option<&str>| {
            let endpoint = address.map(|address| Endpoint::builder().address(address).port(3306).build());
            never_was(&Raw::builder().db_instance_status(status).set_endpoint(endpoint).build())
        };
        assert!(of("failed", None) && of("incompatible-create", None));
        assert!(!of("failed", Some("a")));
        for status in [
            "inaccessible-encryption-credentials",
            "inaccessible-encryption-credentials-recoverable",
            "incompatible-network",
            "incompatible-option-group",
            "incompatible-parameters",
            "incompatible-restore",
            "insufficient-capacity",
            "stopped",
            "available",
        ] {
            assert!(!of(status, None), "{status}");
        }
    }

    #[test]
    fn the_daily_copies_stay_where_no_last_one_is_made() {
        let config = aws_sdk_rds::Config::builder().behavior_version(aws_sdk_rds::config::BehaviorVersion::latest()).build();
        let delete = |name| {
            let delete = with_a_last_copy(aws_sdk_rds::Client::from_conf(config.clone()).delete_db_instance(), name);
            let snapshot = delete.get_final_db_snapshot_identifier().clone();
            (*delete.get_delete_automated_backups(), *delete.get_skip_final_snapshot(), snapshot)
        };
        assert_eq!(delete(Some("last")), (Some(true), Some(false), Some("last".to_owned())));
        assert_eq!(delete(None), (Some(false), Some(true), None));
    }

    #[test]
    fn a_database_is_ready_when_nothing_moves_any_more() {
        assert_eq!(phase(&available().build()), Phase::Ready);
        assert_eq!(phase(&available().db_instance_status("storage-optimization").build()), Phase::Ready);
        let empty = PendingModifiedValues::builder().build();
        assert_eq!(phase(&available().pending_modified_values(empty).build()), Phase::Ready);
        let class = PendingModifiedValues::builder().db_instance_class("db.r5.large").build();
        let group = VpcSecurityGroupMembership::builder().vpc_security_group_id("sg-1").status("adding").build();
        for moving in [
            available().pending_modified_values(class).build(),
            available().vpc_security_groups(group).build(),
            available().db_instance_status("backing-up").build(),
            Raw::builder().db_instance_status("available").build(),
        ] {
            assert!(matches!(phase(&moving), Phase::Pending(_)), "{moving:?}");
        }
        assert!(matches!(phase(&available().db_instance_status("incompatible-network").build()), Phase::Failed(_)));
        assert_eq!(phase(&available().db_instance_status("deleting").build()), Phase::Leaving);
    }
}

//! Databases: what RDS fills in, what it checks, and how one comes and goes. How one is changed stands beside it.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_rds::operation::create_db_instance::{CreateDbInstanceInput, CreateDbInstanceOutput};
use aws_sdk_rds::operation::delete_db_instance::{DeleteDbInstanceInput, DeleteDbInstanceOutput};
use aws_sdk_rds::operation::describe_db_instances::{DescribeDbInstancesInput, DescribeDbInstancesOutput};
use aws_sdk_rds::types::{DbInstance, DbParameterGroupStatus, Endpoint, VpcSecurityGroupMembership};
use serde::{Deserialize, Serialize};

use super::db_work::{Pending, Work, status, takes_changes, tick};
use super::network_interface::{self, Wanted};
use super::rds::{created_tags, family, name as rds_name, rds_matches, rds_page, rds_tags, unfit, version, wrong};
use super::secret::{Guarded, time};
use super::{db_parameter_group, db_snapshot, db_subnet_group, quota};
use crate::cloud::At;
use crate::fate::{Answer, Refusal, refuse};
use crate::handlers::Handlers;

/// The end of standard support for MySQL 8.0: 31 July 2026.
const OLD_LINE_ENDS_MS: u64 = 1_785_456_000_000;
/// From this size on gp3 is striped over several volumes.
pub(crate) const STRIPED_GIB: i32 = 400;
pub(crate) const LOGS: [&str; 5] = ["audit", "error", "general", "slowquery", "iam-db-auth-error"];
pub(crate) const PAID_SUPPORT: &str = "open-source-rds-extended-support";
pub(crate) const NO_PAID_SUPPORT: &str = "open-source-rds-extended-support-disabled";

/// One database.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) resource_id: String,
    pub(crate) class: String,
    pub(crate) version: String,
    pub(crate) support: String,
    pub(crate) auto_minor: bool,
    pub(crate) storage: i32,
    pub(crate) max_storage: Option<i32>,
    pub(crate) storage_type: String,
    pub(crate) iops: i32,
    pub(crate) throughput: i32,
    pub(crate) encrypted: bool,
    pub(crate) kms_key: Option<String>,
    pub(crate) public: bool,
    pub(crate) vpc: String,
    pub(crate) subnet_group: String,
    pub(crate) security_groups: Vec<String>,
    pub(crate) groups_active_ms: u64,
    pub(crate) port: i32,
    pub(crate) parameter_group: String,
    pub(crate) parameters_applied_ms: u64,
    pub(crate) needs_reboot: bool,
    pub(crate) username: String,
    pub(crate) password: Guarded,
    pub(crate) database: Option<String>,
    pub(crate) multi_az: bool,
    pub(crate) backup_days: i32,
    pub(crate) backup_window: String,
    pub(crate) maintenance_window: String,
    pub(crate) protected: bool,
    pub(crate) copy_tags: bool,
    pub(crate) logs: BTreeSet<String>,
    pub(crate) insights: bool,
    pub(crate) iam: bool,
    pub(crate) authority: String,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) address_ms: u64,
    /// When its storage may be changed again.
    pub(crate) storage_free_ms: u64,
    pub(crate) work: Vec<Work>,
    pub(crate) pending: Pending,
    /// A status from which it does not recover by itself.
    pub(crate) broken: Option<String>,
    /// When it will be gone, if it was deleted.
    pub(crate) leaves_ms: Option<u64>,
}

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(create).on(describe).on(delete).tick(tick)
}

/// The database of this name, as the calls that need one demand it.
pub(crate) fn the(at: &mut At<'_>, id: &str) -> Answer<Row> {
    let gone = || refuse(404, "DBInstanceNotFound", format!("DBInstance {id} not found."));
    at.here().db_instances.get(id).cloned().ok_or_else(gone)
}

pub(crate) fn busy(id: &str) -> Refusal {
    refuse(400, "InvalidDBInstanceState", format!("Database instance {id} is not in available state."))
}

/// The same, for calls that want one that RDS is not at work on.
pub(crate) fn available(at: &mut At<'_>, id: &str) -> Answer<Row> {
    let row = the(at, id)?;
    if takes_changes(&row, at.now_ms) { Ok(row) } else { Err(busy(id)) }
}

/// The families of which the region has classes for MySQL.
const FAMILIES: [&str; 12] = ["m5", "m5d", "m6g", "m6i", "m8g", "r5", "r5d", "r6g", "r6i", "r8gd", "t3", "t4g"];

pub(crate) fn check_class(class: &str, version: &str) -> Answer<()> {
    let parts: Vec<&str> = class.split('.').collect();
    let sized = |family: &str, size: &str| {
        let burstable = family.starts_with('t');
        match size {
            "micro" | "small" | "medium" => burstable,
            "large" => true,
            "xlarge" | "2xlarge" => true,
            other => !burstable && other.strip_suffix("xlarge").is_some_and(|n| ["4", "8", "12", "16", "24"].contains(&n)),
        }
    };
    match parts.as_slice() {
        ["db", family, size] if FAMILIES.contains(family) && sized(family, size) => Ok(()),
        _ => Err(unfit(format!(
            "RDS does not support creating a DB instance with the following combination: DBInstanceClass={class}, Engine=mysql, EngineVersion={version}, LicenseModel=general-public-license."
        ))),
    }
}

pub(crate) fn check_password(password: &str) -> Answer<()> {
    let allowed = |b: u8| (b'!'..=b'~').contains(&b) && !b"/\"@".contains(&b);
    if (8..=41).contains(&password.len()) && password.bytes().all(allowed) {
        return Ok(());
    }
    Err(wrong(
        "The parameter MasterUserPassword is not a valid password. Only printable ASCII characters besides '/', '@', '\"', ' ' may be used.",
    ))
}

/// Refuses security groups that are not there, or not of the VPC.
pub(crate) fn check_groups(at: &mut At<'_>, groups: &[String], vpc: &str) -> Answer<()> {
    for id in groups {
        match at.here().security_groups.get(id) {
            None => return Err(wrong(format!("Invalid security group , groupId= {id}, groupName=."))),
            Some(group) if group.vpc != vpc => {
                let text = "The DB instance and EC2 security group are in different VPCs.";
                return Err(refuse(400, "InvalidVPCNetworkStateFault", text));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// What gp3 of this size does by itself, and whether other numbers fit it.
pub(crate) fn speed(storage: i32, iops: Option<i32>, throughput: Option<i32>) -> Answer<(i32, i32)> {
    if storage < STRIPED_GIB {
        if iops.is_some_and(|n| n != 3000) || throughput.is_some_and(|n| n != 125) {
            let text = "You can't specify IOPS or storage throughput for engine mysql and a storage size less than 400.";
            return Err(unfit(text));
        }
        return Ok((3000, 125));
    }
    let (iops, throughput) = (iops.unwrap_or(12_000), throughput.unwrap_or(500));
    if !(12_000..=64_000).contains(&iops) || iops > storage * 500 || !(500..=4000).contains(&throughput) || throughput * 4 > iops {
        return Err(unfit(format!("Invalid IOPS ({iops}) or storage throughput ({throughput}) for gp3 storage of {storage} GiB.")));
    }
    Ok((iops, throughput))
}

/// Refuses windows that are none, or shorter than half an hour.
pub(crate) fn check_windows(backup: &str, maintenance: &str) -> Answer<()> {
    let minutes = |text: &str| {
        let (hours, minutes) = text.split_once(':')?;
        Some(hours.parse::<i32>().ok()? * 60 + minutes.parse::<i32>().ok()?)
    };
    let length = |text: &str, from: usize| {
        let (start, end) = text.split_once('-')?;
        let (start, end) = (minutes(start.get(from..)?)?, minutes(end.get(from..)?)?);
        Some((start, (end - start).rem_euclid(24 * 60)))
    };
    let wrong_window = |text: &str| wrong(format!("Invalid window format or less than 30 minutes: {text}"));
    let (backup_start, backup_length) = length(backup, 0).filter(|(_, l)| *l >= 30).ok_or_else(|| wrong_window(backup))?;
    let (start, length) = length(maintenance, 4).filter(|(_, l)| *l >= 30).ok_or_else(|| wrong_window(maintenance))?;
    let meets = (start - backup_start).rem_euclid(24 * 60) < backup_length || (backup_start - start).rem_euclid(24 * 60) < length;
    if meets { Err(wrong("The backup window and maintenance window must not overlap.")) } else { Ok(()) }
}

fn create(at: &mut At<'_>, input: &CreateDbInstanceInput) -> Answer<CreateDbInstanceOutput> {
    let id = rds_name(input.db_instance_identifier(), "DBInstanceIdentifier", 63)?;
    if input.engine() != Some("mysql") {
        return Err(wrong("sandbox: only the engine mysql is simulated"));
    }
    if at.here().db_instances.contains_key(&id) {
        return Err(refuse(400, "DBInstanceAlreadyExists", "DB instance already exists"));
    }
    if at.here().db_instances.len() >= quota::DATABASES.most(at) {
        return Err(refuse(400, "InstanceQuotaExceeded", "DB Instance quota exceeded"));
    }
    let row = new_row(at, input)?;
    let group = db_subnet_group::the(at, &row.subnet_group)?;
    // A standby stands in another zone.
    let mut zones: BTreeMap<String, String> = BTreeMap::new();
    for subnet in &group.subnets {
        let zone = at.here().subnets.get(subnet).map(|row| row.zone.clone()).unwrap_or_default();
        zones.entry(zone).or_insert_with(|| subnet.clone());
    }
    let wanted = if row.multi_az { 2 } else { 1 };
    if zones.len() < wanted {
        return Err(refuse(400, "DBSubnetGroupDoesNotCoverEnoughAZs", "The DB subnet group does not cover enough Availability Zones"));
    }
    for subnet in zones.into_values().take(wanted) {
        let interface = Wanted {
            subnet: &subnet,
            groups: &row.security_groups,
            description: "RDSNetworkInterface",
            interface_type: "interface",
            requester: "amazon-rds",
            holder: &id,
        };
        network_interface::make(at, interface)?;
    }
    at.here().db_instances.insert(id.clone(), row.clone());
    let instance = answer(at, &id, &row)?;
    Ok(CreateDbInstanceOutput::builder().db_instance(instance).build())
}

fn new_row(at: &mut At<'_>, input: &CreateDbInstanceInput) -> Answer<Row> {
    let version = version(input.engine_version())?;
    let class = input.db_instance_class().unwrap_or_default().to_owned();
    check_class(&class, &version)?;
    let support = input.engine_lifecycle_support().unwrap_or(PAID_SUPPORT);
    if support == NO_PAID_SUPPORT && version.starts_with("8.0") && at.now_ms >= OLD_LINE_ENDS_MS {
        return Err(unfit(format!("Cannot create a DB instance of mysql {version}: it is past its end of standard support")));
    }
    let storage = input.allocated_storage().unwrap_or_default();
    if input.storage_type() != Some("gp3") || !(20..=65_536).contains(&storage) {
        return Err(wrong(format!("Invalid storage size for engine name mysql and storage type gp3: {storage}")));
    }
    if input.max_allocated_storage().is_some_and(|max| max < storage) {
        return Err(unfit("Max storage size must be greater than storage size"));
    }
    let (iops, throughput) = speed(storage, input.iops(), input.storage_throughput())?;
    let username = input.master_username().unwrap_or_default();
    if ["", "mysql", "rdsadmin", "rdsrepladmin", "root"].contains(&username.to_lowercase().as_str()) || username.len() > 16 {
        return Err(wrong(format!("MasterUsername {username} cannot be used as it is a reserved word used by the engine")));
    }
    let password = input.master_user_password().unwrap_or_default();
    check_password(password)?;
    let group = input.db_subnet_group_name().ok_or_else(|| wrong("sandbox: a database without a DB subnet group is not simulated"))?;
    let group = group.to_lowercase();
    let vpc = db_subnet_group::the(at, &group)?.vpc;
    check_groups(at, input.vpc_security_group_ids(), &vpc)?;
    let parameter_group = input.db_parameter_group_name().map_or_else(|| format!("default.{}", family(&version)), str::to_lowercase);
    if db_parameter_group::family_of(at, &parameter_group)? != family(&version) {
        let text = format!(
            "The parameter group {parameter_group} can't be used for this instance. Please use a parameter group with DBParameterGroupFamily {}",
            family(&version)
        );
        return Err(unfit(text));
    }
    let days = input.backup_retention_period().unwrap_or(1);
    if !(0..=35).contains(&days) {
        return Err(wrong(format!("Invalid backup retention period: {days}. Must be between 0 and 35")));
    }
    let window = |given: Option<&str>, default: &str| given.unwrap_or(default).to_lowercase();
    let backup_window = window(input.preferred_backup_window(), "01:12-01:42");
    let maintenance_window = window(input.preferred_maintenance_window(), "sun:03:00-sun:03:30");
    check_windows(&backup_window, &maintenance_window)?;
    let logs: BTreeSet<String> = input.enable_cloudwatch_logs_exports().iter().cloned().collect();
    if let Some(log) = logs.iter().find(|log| !LOGS.contains(&log.as_str())) {
        return Err(wrong(format!("You cannot use the log type '{log}' with engine version mysql {version}")));
    }
    check_insights(input.enable_performance_insights(), &class)?;
    let multi_az = input.multi_az().unwrap_or(false);
    let encrypted = input.storage_encrypted().unwrap_or(false);
    let resource_id = format!("db-{}", at.hex(26).to_uppercase());
    // With a standby RDS takes longer.
    let made = if multi_az { 600 } else { 300 };
    let mut work = vec![Work::span("creating", at.now_ms, at.after(made))];
    if days > 0 {
        work.push(Work::span("backing-up", at.after(made), at.after(made + 60)));
    }
    let own_key = at.arn("kms", "key/00000000-0000-4000-8000-0000000000d5");
    Ok(Row {
        resource_id,
        class,
        version,
        support: support.to_owned(),
        auto_minor: input.auto_minor_version_upgrade().unwrap_or(true),
        storage,
        max_storage: input.max_allocated_storage().filter(|max| *max > storage),
        storage_type: "gp3".into(),
        iops,
        throughput,
        encrypted,
        kms_key: encrypted.then(|| input.kms_key_id().map_or(own_key, str::to_owned)),
        public: input.publicly_accessible().unwrap_or(false),
        vpc,
        subnet_group: group,
        security_groups: input.vpc_security_group_ids().to_vec(),
        groups_active_ms: 0,
        port: input.port().unwrap_or(3306),
        parameter_group,
        parameters_applied_ms: 0,
        needs_reboot: false,
        username: username.to_owned(),
        password: Guarded(password.to_owned()),
        database: input.db_name().map(str::to_owned),
        multi_az,
        backup_days: days,
        backup_window,
        maintenance_window,
        protected: input.deletion_protection().unwrap_or(false),
        copy_tags: input.copy_tags_to_snapshot().unwrap_or(false),
        logs,
        insights: input.enable_performance_insights().unwrap_or(false),
        iam: input.enable_iam_database_authentication().unwrap_or(false),
        authority: input.ca_certificate_identifier().unwrap_or("rds-ca-rsa2048-g1").to_owned(),
        tags: created_tags(input.tags())?,
        address_ms: at.after(made),
        storage_free_ms: 0,
        work,
        pending: Pending::default(),
        broken: None,
        leaves_ms: None,
    })
}

pub(crate) fn check_insights(on: Option<bool>, class: &str) -> Answer<()> {
    let small = ["db.t3.micro", "db.t3.small", "db.t4g.micro", "db.t4g.small"].contains(&class);
    if on == Some(true) && small {
        return Err(unfit("Performance Insights not supported for this configuration."));
    }
    Ok(())
}

/// The address holds a part that all databases of an account and region share.
fn address(at: &At<'_>, id: &str) -> String {
    use sha2::{Digest as _, Sha256};
    let shared = hex::encode(Sha256::digest(format!("rds {} {}", at.account, at.region)));
    format!("{id}.c{}.{}.rds.amazonaws.com", &shared[..11], at.region)
}

pub(crate) fn answer(at: &mut At<'_>, id: &str, row: &Row) -> Answer<DbInstance> {
    let now_ms = at.now_ms;
    let endpoint = (row.address_ms <= now_ms).then(|| Endpoint::builder().address(address(at, id)).port(row.port).build());
    let applied = match (now_ms < row.parameters_applied_ms, row.needs_reboot) {
        (true, _) => "applying",
        (_, true) => "pending-reboot",
        _ => "in-sync",
    };
    let groups = DbParameterGroupStatus::builder().db_parameter_group_name(&row.parameter_group).parameter_apply_status(applied).build();
    let member = |group: &String| {
        let status = if now_ms < row.groups_active_ms { "adding" } else { "active" };
        VpcSecurityGroupMembership::builder().vpc_security_group_id(group).status(status).build()
    };
    let subnet_group = db_subnet_group::the(at, &row.subnet_group)?;
    let subnet_group = db_subnet_group::answer(at, &row.subnet_group, &subnet_group);
    Ok(DbInstance::builder()
        .db_instance_identifier(id)
        .dbi_resource_id(&row.resource_id)
        .db_instance_arn(at.arn("rds", &format!("db:{id}")))
        .db_instance_status(status(row, now_ms))
        .db_instance_class(&row.class)
        .engine("mysql")
        .engine_version(&row.version)
        .engine_lifecycle_support(&row.support)
        .license_model("general-public-license")
        .auto_minor_version_upgrade(row.auto_minor)
        .allocated_storage(row.storage)
        .set_max_allocated_storage(row.max_storage)
        .storage_type(&row.storage_type)
        .iops(row.iops)
        .storage_throughput(row.throughput)
        .storage_encrypted(row.encrypted)
        .set_kms_key_id(row.kms_key.clone())
        .publicly_accessible(row.public)
        .db_subnet_group(subnet_group)
        .set_vpc_security_groups(Some(row.security_groups.iter().map(member).collect()))
        .set_endpoint(endpoint)
        .db_parameter_groups(groups)
        .master_username(&row.username)
        .set_db_name(row.database.clone())
        .multi_az(row.multi_az)
        .backup_retention_period(row.backup_days)
        .preferred_backup_window(&row.backup_window)
        .preferred_maintenance_window(&row.maintenance_window)
        .deletion_protection(row.protected)
        .copy_tags_to_snapshot(row.copy_tags)
        .set_enabled_cloudwatch_logs_exports(Some(row.logs.iter().cloned().collect()))
        .performance_insights_enabled(row.insights)
        .iam_database_authentication_enabled(row.iam)
        .ca_certificate_identifier(&row.authority)
        .pending_modified_values(row.pending.answer())
        .set_instance_create_time((row.address_ms <= now_ms).then(|| time(row.address_ms)))
        .set_tag_list(Some(rds_tags(&row.tags)))
        .build())
}

fn describe(at: &mut At<'_>, input: &DescribeDbInstancesInput) -> Answer<DescribeDbInstancesOutput> {
    let asked = input.db_instance_identifier().map(str::to_lowercase);
    if let Some(id) = &asked {
        the(at, id)?;
    }
    let mut found = vec![];
    for (id, row) in at.here().db_instances.clone() {
        let field = |name: &str| match name {
            "db-instance-id" => Some(id.clone()),
            "dbi-resource-id" => Some(row.resource_id.clone()),
            "engine" => Some("mysql".to_owned()),
            _ => None,
        };
        if asked.as_ref().is_none_or(|asked| *asked == id) && rds_matches(input.filters(), field)? {
            found.push(answer(at, &id, &row)?);
        }
    }
    let (instances, marker) = rds_page(found, input.max_records(), input.marker())?;
    Ok(DescribeDbInstancesOutput::builder().set_db_instances(Some(instances)).set_marker(marker).build())
}

fn delete(at: &mut At<'_>, input: &DeleteDbInstanceInput) -> Answer<DeleteDbInstanceOutput> {
    let id = input.db_instance_identifier().unwrap_or_default().to_lowercase();
    let mut row = the(at, &id)?;
    if row.leaves_ms.is_some() {
        return Err(refuse(400, "InvalidDBInstanceState", format!("Instance {id} is already being deleted.")));
    }
    if row.protected {
        return Err(unfit("Cannot delete protected DB Instance, please disable deletion protection and try again."));
    }
    let name = input.final_db_snapshot_identifier();
    let leaves_ms = match (input.skip_final_snapshot().unwrap_or(false), name) {
        (true, Some(_)) => {
            return Err(unfit("FinalDBSnapshotIdentifier can not be specified when deleting a DB instance with SkipFinalSnapshot"));
        }
        (false, None) => return Err(unfit("FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified.")),
        (false, Some(_)) if row.broken.is_some() => {
            return Err(refuse(400, "InvalidDBInstanceState", format!("Cannot take a final snapshot of {id} in its present state")));
        }
        _ if row.broken.is_none() && !takes_changes(&row, at.now_ms) => return Err(busy(&id)),
        (true, None) => at.after(240),
        (false, Some(name)) => {
            let name = rds_name(Some(name), "FinalDBSnapshotIdentifier", 255)?;
            db_snapshot::begin(at, &name, &id, &row, BTreeMap::new())?.max(at.after(300))
        }
    };
    row.leaves_ms = Some(leaves_ms);
    at.here().db_instances.insert(id.clone(), row.clone());
    let instance = answer(at, &id, &row)?;
    Ok(DeleteDbInstanceOutput::builder().db_instance(instance).build())
}

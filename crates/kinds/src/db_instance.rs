//! `db-instance`: an RDS database of MySQL: encrypted, private, on gp3 storage.

mod difference;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use bbws_model::{
    Arn, Diff, Durations, Facts, Finding, Kind, Meters, Name, Observed, OutputFact, Permissions, Phase, Reads, Recorded, Recovery,
    Replacement, Severity, SpecProblem, Stage, Tags, Unit, Written,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::db_parameter_group::{is_rds_name, rds_name_rule};
use crate::db_window::{is_backup_window, is_maintenance_window, windows_meet};
use crate::mysql_version::{is_mysql_version, processors};
use crate::{DbParameterGroup, DbSubnetGroup, LogGroup, Secret, pace};

/// An RDS database of MySQL. It is never replaced by a plan, and deleting it leaves a final snapshot.
pub enum DbInstance {}

/// A log of the database that CloudWatch receives, in the log group `/aws/rds/instance/NAME/LOG`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DbLog {
    /// Who did what; needs an option group with MariaDB's audit plug-in.
    Audit,
    /// Errors and start-up.
    Error,
    /// Every statement.
    General,
    /// Statements that took long.
    Slowquery,
    /// Sign-ins with IAM that were refused.
    #[serde(rename = "iam-db-auth-error")]
    IamDbAuthError,
}

/// Where the master user's password stands. The password itself is read when it is sent, and goes nowhere else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "", deny_unknown_fields)]
#[schemars(bound = "")]
pub struct MasterPassword<S: Stage> {
    /// The secret, a JSON object with `username` and `password`.
    pub secret: S::Ref<Arn<Secret>>,
    /// The version of it that holds the password. A tag on the database tells which one it was given.
    pub version: S::Text,
}

/// What may be declared of a database.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "", deny_unknown_fields)]
#[schemars(bound = "")]
pub struct DbInstanceSpec<S: Stage> {
    /// Its name (identifier), up to 63 of `a-z0-9-`, a letter first; its host name begins with it.
    pub name: String,
    /// Its instance class: `db.t3.micro`.
    pub class: String,
    /// The MySQL version: a line (`8.0`), of which any version will do, or one exactly (`8.0.40`).
    pub engine_version: String,
    /// GiB of storage it has at least. It can grow, never shrink.
    pub storage_gib: u32,
    /// GiB up to which AWS grows the storage by itself. None: it does not.
    pub max_storage_gib: Option<u32>,
    /// The type of its storage: `gp3`.
    #[serde(default = "gp3")]
    pub storage_type: String,
    /// I/O operations a second, from 400 GiB on. None: what gp3 has by itself.
    pub iops: Option<u32>,
    /// MiB a second, from 400 GiB on. None: what gp3 has by itself.
    pub throughput: Option<u32>,
    /// Whether its storage is encrypted. It cannot be left off.
    #[serde(default = "yes")]
    pub encrypted: bool,
    /// The KMS key of its storage, by its ARN. None: the account's own `aws/rds`.
    pub kms_key: Option<String>,
    /// Whether it has a public address. It cannot have one.
    #[serde(default)]
    pub public: bool,
    /// The subnets it may stand in.
    pub subnet_group: S::Ref<Name<DbSubnetGroup>>,
    /// Its security groups.
    pub security_groups: BTreeSet<S::Text>,
    /// The port it listens on.
    #[serde(default = "mysql_port")]
    pub port: u16,
    /// MySQL's own settings.
    pub parameter_group: S::Ref<Name<DbParameterGroup>>,
    /// The name of the master user.
    #[serde(default = "admin")]
    pub username: String,
    /// Where the master user's password stands.
    pub password: MasterPassword<S>,
    /// The database that is created in it at the start. None: none is.
    pub database: Option<String>,
    /// Whether a standby runs in another zone.
    #[serde(default)]
    pub multi_az: bool,
    /// For how many days backups are kept; 0 for none.
    #[serde(default = "day")]
    pub backup_days: u8,
    /// When backups are taken, UTC: `01:00-02:00`.
    #[serde(default = "backup_window")]
    pub backup_window: String,
    /// When AWS may maintain it, UTC: `sun:03:00-sun:04:00`.
    #[serde(default = "maintenance_window")]
    pub maintenance_window: String,
    /// Whether AWS refuses to delete it.
    #[serde(default)]
    pub deletion_protection: bool,
    /// Whether snapshots get its tags.
    #[serde(default = "yes")]
    pub copy_tags_to_snapshots: bool,
    /// Whether AWS installs minor versions by itself.
    #[serde(default = "yes")]
    pub auto_minor_upgrade: bool,
    /// Whether AWS may charge Extended Support for a version that has left standard support.
    #[serde(default = "yes")]
    pub extended_support: bool,
    /// The logs that CloudWatch receives.
    #[serde(default)]
    pub log_exports: BTreeSet<DbLog>,
    /// The log groups that have to exist before, or RDS makes them itself, without a retention. For the order only; AWS
    /// keeps no such link, so it is not read back and never differs.
    #[serde(default)]
    pub log_groups: BTreeSet<S::Ref<Name<LogGroup>>>,
    /// Whether Performance Insights records what it waits for. Small classes have none.
    #[serde(default)]
    pub performance_insights: bool,
    /// Whether users may sign in with IAM in place of a password.
    #[serde(default)]
    pub iam_sign_in: bool,
    /// The authority of its TLS certificate: `rds-ca-rsa2048-g1`. None: as AWS chooses.
    pub certificate_authority: Option<String>,
    /// Its tags.
    #[serde(default)]
    pub tags: Tags,
}

/// What a database offers others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DbInstanceOutputs {
    /// Its name.
    pub name: Name<DbInstance>,
    /// Its ARN. It holds the name, so a renamed database has another.
    pub arn: Arn<DbInstance>,
    /// What RDS calls it whatever its name is: `db-ABC…`.
    pub resource_id: String,
    /// Its host name, known once it is available.
    pub address: Option<String>,
    /// The port it listens on, known once it is available.
    pub port: Option<u16>,
    /// Host name and port: `NAME.….rds.amazonaws.com:3306`, known once it is available.
    pub endpoint: Option<String>,
    /// Its full MySQL version: `8.0.40`.
    pub engine_version: String,
    /// The name of the snapshot that deleting it will leave. None of a database that failed before it came to be.
    pub final_snapshot: Option<String>,
    /// How far its parameters count: `in-sync`, or `pending-reboot` where some wait for that.
    pub parameters: String,
}

/// The name of the snapshot that deleting a database leaves. No two databases share it, even where one has the name of
/// another that is gone: RDS refuses a name that is taken.
#[must_use]
pub fn final_snapshot(name: &str, resource_id: &str) -> String {
    let unique = resource_id.strip_prefix("db-").unwrap_or(resource_id).to_lowercase();
    format!("{name}-final-{unique}")
}

fn gp3() -> String {
    "gp3".into()
}

fn yes() -> bool {
    true
}

fn mysql_port() -> u16 {
    3306
}

fn admin() -> String {
    "admin".into()
}

fn day() -> u8 {
    1
}

fn backup_window() -> String {
    "01:00-02:00".into()
}

fn maintenance_window() -> String {
    "sun:03:00-sun:04:00".into()
}

/// From this size on gp3 is striped: it has more of everything, and takes other numbers.
const STRIPED_GIB: u32 = 400;

impl Kind for DbInstance {
    const NAME: &'static str = "db-instance";
    const FACTS: Facts = Facts {
        service: "rds",
        id_prefix: "",
        holds_data: true,
        loses: None,
        backbone: false,
        carries: true,
        name: None,
        soft_on: &["log-group", "secret"],
        recovery: Recovery::NaturalKey,
        // With a standby AWS takes twice as long.
        durations: Durations::secs(600, 420, 540, 180),
        pace: pace::RDS,
    };
    const PERMISSIONS: Permissions = Permissions {
        observe: &["rds:DescribeDBInstances"],
        create: &["rds:CreateDBInstance", "rds:AddTagsToResource", "secretsmanager:GetSecretValue", "iam:CreateServiceLinkedRole"],
        update: &[
            "rds:ModifyDBInstance",
            "rds:DescribeDBEngineVersions",
            "rds:AddTagsToResource",
            "rds:RemoveTagsFromResource",
            "secretsmanager:GetSecretValue",
        ],
        delete: &["rds:DeleteDBInstance", "rds:CreateDBSnapshot", "rds:AddTagsToResource"],
    };
    const OUTPUTS: &'static [OutputFact] = &[
        OutputFact::created("name"),
        OutputFact::created("arn"),
        OutputFact::created("resource_id"),
        OutputFact::ready("address"),
        OutputFact::ready("port"),
        OutputFact::ready("endpoint"),
        OutputFact::ready("engine_version"),
        OutputFact::created("final_snapshot"),
        OutputFact::created("parameters"),
    ];
    type Spec<S: Stage> = DbInstanceSpec<S>;
    type Outputs = DbInstanceOutputs;

    fn check(want: &DbInstanceSpec<Written>) -> Vec<SpecProblem> {
        let mut problems = vec![];
        let mut wrong = |field: &str, message: String| problems.push(SpecProblem::new(field, message));
        if !is_rds_name(&want.name, 63) {
            wrong("name", format!("`{}` is no database's name: {}", want.name, rds_name_rule(63)));
        }
        if want.class.split('.').count() != 3 || !want.class.starts_with("db.") {
            wrong("class", format!("`{}` is no instance class: write one such as `db.t3.micro`", want.class));
        }
        if !is_mysql_version(&want.engine_version) {
            wrong("engine_version", format!("`{}` is no version of MySQL: write `8.0`, `8.4`, or one exactly", want.engine_version));
        }
        let small = want.storage_gib < STRIPED_GIB;
        if !(20..=65_536).contains(&want.storage_gib) {
            wrong("storage_gib", format!("gp3 storage has 20 to 65536 GiB, not {}", want.storage_gib));
        }
        if want.max_storage_gib.is_some_and(|max| u64::from(max) * 10 < u64::from(want.storage_gib) * 11) {
            wrong("max_storage_gib", "RDS wants room to grow by a tenth at least; leave it out for storage that does not grow".into());
        }
        if want.storage_type != "gp3" {
            wrong("storage_type", format!("it is `gp3`, not `{}`", want.storage_type));
        }
        if want.iops.is_some_and(|iops| small || !(12_000..=64_000).contains(&iops) || iops / 500 > want.storage_gib) {
            wrong(
                "iops",
                "gp3 takes 12000 to 64000 operations a second, 500 a GiB at most, from 400 GiB on; below that it has 3000".into(),
            );
        }
        if want.throughput.is_some_and(|mib| small || !(500..=4000).contains(&mib) || mib * 4 > want.iops.unwrap_or(12_000)) {
            wrong("throughput", "gp3 takes 500 to 4000 MiB a second, one for four operations at most, from 400 GiB on".into());
        }
        if !want.encrypted {
            wrong("encrypted", "a database is always encrypted: that cannot be switched off".into());
        }
        if want.kms_key.as_ref().is_some_and(|key| !key.starts_with("arn:")) {
            wrong("kms_key", "give the KMS key by its full ARN; AWS answers with that".into());
        }
        if want.public {
            wrong("public", "a database is never public".into());
        }
        if want.security_groups.is_empty() {
            wrong("security_groups", "name a security group, or AWS gives it the VPC's default one".into());
        }
        if want.port < 1150 {
            wrong("port", format!("RDS takes ports from 1150 on, not {}", want.port));
        }
        if !crate::secret::is_master_name(&want.username) {
            wrong("username", format!("RDS does not take `{}` for the master user: up to 16 letters, digits or `_`", want.username));
        }
        if want.backup_days > 35 {
            wrong("backup_days", format!("RDS keeps backups for 0 to 35 days, not {}", want.backup_days));
        }
        if !is_backup_window(&want.backup_window) {
            wrong("backup_window", format!("`{}` is no half hour or more of the day, such as `01:00-02:00`", want.backup_window));
        }
        if !is_maintenance_window(&want.maintenance_window) {
            let told =
                format!("`{}` is no span of the week from half an hour to a day, such as `sun:03:00-sun:04:00`", want.maintenance_window);
            wrong("maintenance_window", told);
        } else if windows_meet(&want.backup_window, &want.maintenance_window) {
            wrong("maintenance_window", format!("it meets the backups in `{}`: RDS refuses that", want.backup_window));
        }
        let tiny = ["db.t3.micro", "db.t3.small", "db.t4g.micro", "db.t4g.small"].contains(&want.class.as_str());
        if want.performance_insights && tiny {
            wrong("performance_insights", format!("`{}` has none: take `db.t3.medium` or larger", want.class));
        }
        problems
    }

    fn diff(have: &DbInstanceSpec<Written>, want: &DbInstanceSpec<Written>) -> Diff {
        difference::of(have, want)
    }

    /// Only ever by request. The name is taken until the old one is gone.
    fn replacement(have: &DbInstanceSpec<Written>, want: &DbInstanceSpec<Written>) -> Replacement {
        if have.name == want.name { Replacement::DELETE_FIRST } else { Replacement::CREATE_FIRST }
    }

    fn meters(want: &DbInstanceSpec<Written>) -> Meters {
        let (zones, copies) = if want.multi_az { ("multi-az", 2.0) } else { ("single-az", 1.0) };
        let mut meters = Meters::free().and(format!("rds.instance.{}.{zones}", want.class), 730.0, Unit::Hours).and(
            format!("rds.storage.gp3.{zones}"),
            f64::from(want.storage_gib),
            Unit::GbMonth,
        );
        let iops = want.iops.unwrap_or_default().saturating_sub(12_000);
        if iops > 0 {
            meters = meters.and(format!("rds.iops.gp3.{zones}"), f64::from(iops), Unit::Month);
        }
        let throughput = want.throughput.unwrap_or_default().saturating_sub(500);
        if throughput > 0 {
            meters = meters.and(format!("rds.throughput.gp3.{zones}"), f64::from(throughput), Unit::Month);
        }
        if want.backup_days > 0 {
            meters = meters.and("rds.backup.gb-month", 0.0, Unit::Usage);
        }
        if want.extended_support && want.engine_version.starts_with("8.0") {
            let hours = 730.0 * processors(&want.class) * copies;
            meters = meters.and("rds.extended-support.mysql8.0.vcpu", hours, Unit::Hours);
        }
        meters
    }

    /// The list has the tags.
    fn reads(_: &[Recorded<Self>]) -> Reads {
        Reads::none().shared("rds:DescribeDBInstances")
    }

    fn health(seen: &Observed<Self>) -> Vec<Finding> {
        let name = &seen.spec.name;
        let mut findings = vec![];
        if let Phase::Failed(why) = &seen.phase {
            let told = Finding::new(Severity::Error, format!("the database {name} cannot be used")).seen(why);
            findings.push(told.advise(format!(
                "read what RDS says: `aws rds describe-events --source-type db-instance --source-identifier {name} --duration 1440`"
            )));
        }
        if seen.outputs.parameters == "pending-reboot" {
            let told = Finding::new(Severity::Warning, format!("parameters of the database {name} wait for a reboot"));
            findings.push(told.advise(format!(
                "reboot it when a minute or two without it do no harm: `aws rds reboot-db-instance --db-instance-identifier {name}`"
            )));
        }
        findings
    }
}

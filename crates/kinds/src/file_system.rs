//! `file-system`: an EFS file system over all zones, with its lifecycle, backups and policy. It is always encrypted.

use bbws_model::{
    Arn, Diff, Durations, Facts, Finding, Id, Kind, Meters, Observed, OutputFact, Permissions, Phase, PolicyDocument, Reads, Recorded,
    Recovery, Replacement, RiskKind, Severity, SpecProblem, Stage, Tags, Unit,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::pace;

/// An EFS file system. Tenants hang their access points on it; they are not bbws's.
pub enum FileSystem {}

/// How the throughput of a file system is measured out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum FileThroughput {
    /// By size, with credits for bursts.
    #[default]
    Bursting,
    /// As needed, paid by use.
    Elastic,
    /// This many MiB a second, paid by the month.
    Provisioned(f64),
}

/// What a file system is built for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FilePerformance {
    /// Short waits.
    #[default]
    GeneralPurpose,
    /// Many machines at once, and longer waits. AWS advises against it.
    MaxIo,
}

/// When files move to cheaper storage, and whether they come back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileLifecycle {
    /// Days without access after which a file moves to Infrequent Access. None: never.
    pub infrequent_access_days: Option<u32>,
    /// Days without access after which a file moves to the archive. None: never.
    pub archive_days: Option<u32>,
    /// Whether a file comes back to the standard class when it is read.
    #[serde(default)]
    pub back_on_access: bool,
}

/// The days after which EFS can move a file.
pub const FILE_LIFECYCLE_DAYS: [u32; 9] = [1, 7, 14, 30, 60, 90, 180, 270, 365];

/// What may be declared of a file system. AWS gives it no name but its tag `Name`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileSystemSpec {
    /// Whether it is encrypted. It cannot be left off.
    #[serde(default = "yes")]
    pub encrypted: bool,
    /// The KMS key that encrypts it, by its ARN. None: the account's own `aws/elasticfilesystem`.
    pub kms_key: Option<String>,
    /// The one zone it stands in. None: all zones of the region. Seen only: one zone cannot be declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub one_zone: Option<String>,
    /// What it is built for: `general-purpose`.
    #[serde(default)]
    pub performance: FilePerformance,
    /// How its throughput is measured out: `bursting`, `elastic` or `{ provisioned = MiB a second }`.
    #[serde(default)]
    pub throughput: FileThroughput,
    /// When files move to cheaper storage, and whether they come back.
    #[serde(default)]
    pub lifecycle: FileLifecycle,
    /// Whether AWS Backup copies it every day and keeps the copies for 35 days.
    #[serde(default)]
    pub backup: bool,
    /// Whether clients without TLS are refused, by a statement that is added to the policy.
    #[serde(default = "yes")]
    pub tls_only: bool,
    /// Who may do what with it, beside that statement. Statements have no `Resource`: it is this file system. As soon as there is
    /// any policy, only those whom it or IAM allows to can mount; without any, everybody whom the network lets through.
    pub policy: Option<PolicyDocument>,
    /// Whether AWS refuses to overwrite it with a replica of another.
    #[serde(default = "yes")]
    pub overwrite_protection: bool,
    /// Its tags.
    #[serde(default)]
    pub tags: Tags,
}

/// What a file system offers others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FileSystemOutputs {
    /// Its id, known once it is available and has its policy, so that nobody mounts it before.
    pub id: Id<FileSystem>,
    /// Its ARN.
    pub arn: Arn<FileSystem>,
    /// Its host name; it resolves where a mount target stands.
    pub dns_name: String,
}

fn yes() -> bool {
    true
}

impl Kind for FileSystem {
    const NAME: &'static str = "file-system";
    const FACTS: Facts = Facts {
        service: "elasticfilesystem",
        id_prefix: "fs-",
        holds_data: true,
        loses: None,
        backbone: false,
        carries: true,
        name: None,
        soft_on: &[],
        recovery: Recovery::Token,
        durations: Durations::secs(15, 15, 15, 20),
        pace: pace::EFS,
    };
    const PERMISSIONS: Permissions = Permissions {
        observe: &[
            "elasticfilesystem:DescribeFileSystems",
            "elasticfilesystem:DescribeLifecycleConfiguration",
            "elasticfilesystem:DescribeBackupPolicy",
            "elasticfilesystem:DescribeFileSystemPolicy",
        ],
        create: &["elasticfilesystem:CreateFileSystem", "elasticfilesystem:TagResource", "iam:CreateServiceLinkedRole"],
        update: &[
            "elasticfilesystem:UpdateFileSystem",
            "elasticfilesystem:UpdateFileSystemProtection",
            "elasticfilesystem:PutLifecycleConfiguration",
            "elasticfilesystem:PutBackupPolicy",
            "elasticfilesystem:PutFileSystemPolicy",
            "elasticfilesystem:DeleteFileSystemPolicy",
            "elasticfilesystem:TagResource",
            "elasticfilesystem:UntagResource",
        ],
        // Nothing is deleted before what tenants hung on it was looked for.
        delete: &["elasticfilesystem:DeleteFileSystem", "elasticfilesystem:DescribeAccessPoints", "elasticfilesystem:DescribeMountTargets"],
    };
    const OUTPUTS: &'static [OutputFact] = &[OutputFact::ready("id"), OutputFact::created("arn"), OutputFact::created("dns_name")];
    type Spec<S: Stage> = FileSystemSpec;
    type Outputs = FileSystemOutputs;

    fn check(want: &FileSystemSpec) -> Vec<SpecProblem> {
        let FileSystemSpec {
            encrypted,
            kms_key,
            one_zone,
            performance,
            throughput,
            lifecycle,
            backup: _,
            tls_only: _,
            policy,
            overwrite_protection: _,
            tags: _,
        } = want;
        let mut problems = vec![];
        let mut wrong = |field: &str, message: String| problems.push(SpecProblem::new(field, message));
        if !encrypted {
            wrong("encrypted", "a file system is always encrypted: that cannot be switched off".into());
        }
        if kms_key.as_ref().is_some_and(|key| !key.starts_with("arn:")) {
            wrong("kms_key", "give the KMS key by its full ARN; AWS answers with that".into());
        }
        if one_zone.is_some() {
            wrong("one_zone", "it only shows what others made: a file system stands in all zones; leave it out".into());
        }
        if let FileThroughput::Provisioned(mib) = throughput
            && !(1.0..=3414.0).contains(mib)
        {
            wrong("throughput", format!("EFS takes 1 to 3414 MiB a second, not {mib}"));
        }
        if *performance == FilePerformance::MaxIo && *throughput == FileThroughput::Elastic {
            wrong("throughput", "EFS has no elastic throughput with `max-io`".into());
        }
        let FileLifecycle { infrequent_access_days, archive_days, back_on_access: _ } = lifecycle;
        for (field, days) in [("infrequent_access_days", infrequent_access_days), ("archive_days", archive_days)] {
            if days.is_some_and(|days| !FILE_LIFECYCLE_DAYS.contains(&days)) {
                let known = FILE_LIFECYCLE_DAYS.map(|d| d.to_string()).join(", ");
                wrong(&format!("lifecycle.{field}"), format!("EFS knows {known} days, or none at all"));
            }
        }
        if let Some(archive) = archive_days {
            if *throughput != FileThroughput::Elastic {
                wrong("lifecycle.archive_days", "EFS has an archive with elastic throughput only".into());
            }
            if infrequent_access_days.is_some_and(|days| *archive <= days) {
                wrong("lifecycle.archive_days", "a file is archived after it has moved to Infrequent Access: give more days".into());
            }
        }
        let statements = policy.as_ref().map(|policy| policy.value()["Statement"].as_array().cloned().unwrap_or_default());
        if statements.as_ref().is_some_and(Vec::is_empty) {
            wrong("policy", "a policy without a statement allows nobody anything: leave the field out".into());
        }
        let names_one = |statement: &serde_json::Value| statement.get("Resource").or(statement.get("NotResource")).is_some();
        if statements.iter().flatten().any(names_one) {
            wrong("policy", "a statement here has no `Resource`: it is this file system, and EFS writes that in itself".into());
        }
        if statements.iter().flatten().any(|statement| statement["Principal"] == "*") {
            wrong("policy", "EFS keeps everybody as `{\"AWS\": \"*\"}`: write the principal so".into());
        }
        // A reference takes the room of what it stands for; only what is certainly too long is refused.
        if policy.as_ref().is_some_and(|policy| policy.to_text().len() > 20_000) {
            wrong("policy", "a file system policy has at most 20,000 characters".into());
        }
        problems
    }

    fn diff(have: &FileSystemSpec, want: &FileSystemSpec) -> Diff {
        const COPY: &str =
            "declare a second file system, copy the files over (AWS DataSync, or rsync in a task), move the mounts, then remove this one";
        let FileSystemSpec {
            encrypted,
            kms_key,
            one_zone,
            performance,
            throughput,
            lifecycle,
            backup,
            tls_only,
            policy,
            overwrite_protection,
            tags,
        } = want;
        let diff = Diff::new().forbid("encrypted", &have.encrypted, encrypted, COPY);
        let diff = if kms_key.is_some() { diff.forbid("kms_key", &have.kms_key, kms_key, COPY) } else { diff };
        let diff = diff
            .forbid("one_zone", &have.one_zone, one_zone, COPY)
            .forbid("performance", &have.performance, performance, COPY)
            .update("throughput", &have.throughput, throughput)
            .update("lifecycle", &have.lifecycle, lifecycle)
            .update("backup", &have.backup, backup);
        let diff =
            if *backup { diff } else { diff.risks(RiskKind::DataLoss, "no new copies are made, and the last one goes after 35 days") };
        let diff = diff.update("tls_only", &have.tls_only, tls_only).risks(
            RiskKind::Security,
            if *tls_only { "clients without TLS are refused from now on" } else { "clients without TLS are let in" },
        );
        let diff = diff
            .update("policy", &have.policy, policy)
            .risks(RiskKind::Iam, "it changes who may mount the file system, and do what in it")
            .update("overwrite_protection", &have.overwrite_protection, overwrite_protection);
        let diff = if *overwrite_protection { diff } else { diff.risks(RiskKind::DataLoss, "a replication may overwrite what is in it") };
        diff.update("tags", &have.tags, tags)
    }

    /// Only ever by request. It has no name that could be taken.
    fn replacement(_: &FileSystemSpec, _: &FileSystemSpec) -> Replacement {
        Replacement::CREATE_FIRST
    }

    fn meters(want: &FileSystemSpec) -> Meters {
        let mut meters = Meters::usage_only("efs.storage.standard");
        if want.lifecycle.infrequent_access_days.is_some() {
            meters = meters.and("efs.storage.infrequent-access", 0.0, Unit::Usage);
        }
        if want.lifecycle.archive_days.is_some() {
            meters = meters.and("efs.storage.archive", 0.0, Unit::Usage);
        }
        if want.backup {
            meters = meters.and("efs.backup", 0.0, Unit::Usage);
        }
        match want.throughput {
            FileThroughput::Bursting => meters,
            FileThroughput::Elastic => meters.and("efs.throughput.elastic", 0.0, Unit::Usage),
            FileThroughput::Provisioned(mib) => meters.and("efs.throughput.provisioned", mib, Unit::Month),
        }
    }

    /// The list lacks three settings, each of which EFS tells one file system at a time.
    fn reads(of: &[Recorded<Self>]) -> Reads {
        let ids = || of.iter().map(|it| it.id.as_str());
        Reads::none()
            .shared("elasticfilesystem:DescribeFileSystems")
            .each("elasticfilesystem:DescribeLifecycleConfiguration", ids())
            .each("elasticfilesystem:DescribeBackupPolicy", ids())
            .each("elasticfilesystem:DescribeFileSystemPolicy", ids())
    }

    fn health(seen: &Observed<Self>) -> Vec<Finding> {
        match &seen.phase {
            Phase::Failed(why) => vec![Finding::new(Severity::Error, format!("the file system {} has failed", seen.id)).seen(why)],
            Phase::Ready | Phase::Pending(_) | Phase::Leaving => vec![],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bbws_model::{Verb, typed};
    use serde_json::{Value, json};

    fn spec(edit: Value) -> FileSystemSpec {
        let mut whole = json!({"kms_key": "arn:aws:kms:af-south-1:1:key/a", "backup": true});
        whole.as_object_mut().unwrap().extend(edit.as_object().unwrap().clone());
        typed(&whole).unwrap()
    }

    fn allow(effect: &str) -> Value {
        json!({"Version": "2012-10-17", "Statement": [{"Effect": effect, "Principal": {"AWS": "*"}, "Action": "elasticfilesystem:ClientMount"}]})
    }

    #[test]
    fn each_field_has_its_verb() {
        let table = [
            (json!({"encrypted": false}), "forbid", 0),
            (json!({"kms_key": "arn:aws:kms:af-south-1:1:key/b"}), "forbid", 0),
            (json!({"one_zone": "af-south-1a"}), "forbid", 0),
            (json!({"performance": "max-io"}), "forbid", 0),
            (json!({"throughput": "elastic"}), "update", 0),
            (json!({"throughput": {"provisioned": 10.0}}), "update", 0),
            (json!({"lifecycle": {"infrequent_access_days": 30}}), "update", 0),
            (json!({"lifecycle": {"back_on_access": true}}), "update", 0),
            (json!({"backup": false}), "update", 1),
            (json!({"tls_only": false}), "update", 1),
            (json!({"policy": allow("Allow")}), "update", 1),
            (json!({"overwrite_protection": false}), "update", 1),
            (json!({"tags": {"a": "b"}}), "update", 0),
        ];
        for (edit, verb, risks) in table {
            let diff = FileSystem::diff(&spec(json!({})), &spec(edit.clone()));
            let told: Vec<_> = diff
                .changes()
                .iter()
                .map(|c| (if matches!(c.verb, Verb::Forbid(_)) { "forbid" } else { "update" }, c.risks.len(), c.verb == Verb::Replace))
                .collect();
            assert_eq!(told, [(verb, risks, false)], "{edit}");
        }
        assert!(FileSystem::diff(&spec(json!({})), &spec(json!({"kms_key": null}))).is_empty(), "no key declared: no opinion");
    }

    #[test]
    fn what_efs_would_refuse_is_told() {
        let fields = |edit| FileSystem::check(&spec(edit)).into_iter().map(|p| p.field).collect::<Vec<_>>();
        assert_eq!(fields(json!({"encrypted": false})), ["encrypted"]);
        assert_eq!(fields(json!({"kms_key": "alias/efs"})), ["kms_key"]);
        assert_eq!(fields(json!({"one_zone": "af-south-1a"})), ["one_zone"]);
        assert_eq!(fields(json!({"throughput": {"provisioned": 0.5}})), ["throughput"]);
        assert_eq!(fields(json!({"throughput": "elastic", "performance": "max-io"})), ["throughput"]);
        assert_eq!(fields(json!({"lifecycle": {"infrequent_access_days": 2}})), ["lifecycle.infrequent_access_days"]);
        assert_eq!(fields(json!({"lifecycle": {"archive_days": 90}})), ["lifecycle.archive_days"]);
        let early = json!({"throughput": "elastic", "lifecycle": {"infrequent_access_days": 90, "archive_days": 90}});
        assert_eq!(fields(early), ["lifecycle.archive_days"]);
        assert_eq!(fields(json!({"policy": {"Statement": []}})), ["policy"]);
        assert_eq!(fields(json!({"policy": {"Statement": [{"Effect": "Allow", "Resource": "*"}]}})), ["policy"]);
        assert_eq!(fields(json!({"policy": {"Statement": [{"Effect": "Allow", "Principal": "*"}]}})), ["policy"]);
        assert!(fields(json!({"policy": allow("Deny")})).is_empty());
    }
}

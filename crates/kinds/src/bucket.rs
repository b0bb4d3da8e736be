//! `bucket`: an S3 bucket with its settings. Access from the public is always blocked, and it is always encrypted.

use std::collections::BTreeSet;

use bbws_model::{
    Arn, Diff, Durations, Facts, Finding, Kind, Meters, Name, Observed, OutputFact, Permissions, PolicyDocument, Reads, Recorded, Recovery,
    Replacement, RiskKind, SpecProblem, Stage, Tags,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::pace;

/// An S3 bucket.
pub enum Bucket {}

/// What may be declared of a bucket.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BucketSpec {
    /// Its name: 3 to 63 lower-case letters, digits and `-`. No other account in the world may have one of the same name.
    pub name: String,
    /// The region it stands in. None: the environment's.
    pub region: Option<String>,
    /// Whether former versions of its objects are kept. Once on, it can only be suspended.
    #[serde(default)]
    pub versioning: bool,
    /// How its objects are encrypted.
    #[serde(default)]
    pub encryption: BucketEncryption,
    /// Who owns what is put into it.
    #[serde(default)]
    pub ownership: BucketOwnership,
    /// Whether all four blocks against public access are on. They cannot be switched off.
    #[serde(default = "yes")]
    pub public_access_blocked: bool,
    /// Whether requests without TLS are refused, by a statement that is added to the policy.
    #[serde(default = "yes")]
    pub tls_only: bool,
    /// Who may do what with it, beside that statement.
    pub policy: Option<PolicyDocument>,
    /// When its objects are deleted.
    #[serde(default)]
    pub lifecycle: BucketLifecycle,
    /// Whether all that it holds is deleted before it is deleted itself, every version. Otherwise AWS deletes it only empty.
    /// It is said for buckets of logs, which are never empty; nothing in AWS keeps it.
    #[serde(default)]
    pub empty_before_delete: bool,
    /// Its tags.
    #[serde(default)]
    pub tags: Tags,
}

/// How the objects of a bucket are encrypted. S3 has encrypted each new object since January 2023.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum BucketEncryption {
    /// With keys of S3's own. Load balancers can write their logs only so.
    #[default]
    #[serde(rename = "AES256")]
    S3,
    /// With this KMS key, by its ARN.
    #[serde(rename = "kms")]
    Kms(String),
    /// In a way that cannot be declared; seen only.
    #[serde(rename = "other")]
    Other(String),
}

/// Who owns the objects of a bucket, as S3 writes it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum BucketOwnership {
    /// The bucket's owner; access control lists are off.
    #[default]
    BucketOwnerEnforced,
    /// The bucket's owner, where the writer says so; access control lists are on. Only CloudFront's old logging needs it.
    BucketOwnerPreferred,
    /// Who wrote them; seen only.
    ObjectWriter,
}

/// When the objects of a bucket are deleted. It is one rule over the whole bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BucketLifecycle {
    /// How many days after they were written. None: never.
    pub expire_days: Option<u32>,
    /// How many days after a newer version took their place. None: never.
    pub expire_noncurrent_days: Option<u32>,
    /// How many days after its beginning an upload in parts that was never finished. 0: never.
    #[serde(default = "week")]
    pub abort_uploads_days: u32,
    /// Rules that others made; seen only.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub foreign_rules: BTreeSet<String>,
}

impl Default for BucketLifecycle {
    fn default() -> Self {
        Self { expire_days: None, expire_noncurrent_days: None, abort_uploads_days: week(), foreign_rules: BTreeSet::new() }
    }
}

/// What a bucket offers others. All of it is known once the bucket has its settings, so that nobody writes before its
/// policy lets him.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BucketOutputs {
    /// Its name.
    pub name: Name<Bucket>,
    /// Its ARN; it has neither region nor account.
    pub arn: Arn<Bucket>,
    /// Its name in the DNS, with its region: buckets of newer regions do not answer under the global one.
    pub domain_name: String,
}

fn yes() -> bool {
    true
}

fn week() -> u32 {
    7
}

impl Kind for Bucket {
    const NAME: &'static str = "bucket";
    const FACTS: Facts = Facts {
        service: "s3",
        id_prefix: "",
        holds_data: true,
        loses: None,
        backbone: false,
        carries: false,
        name: None,
        soft_on: &[],
        recovery: Recovery::NaturalKey,
        durations: Durations::secs(6, 3, 3, 20),
        pace: pace::S3,
    };
    const PERMISSIONS: Permissions = Permissions {
        observe: &[
            "s3:GetBucketTagging",
            "s3:GetBucketVersioning",
            "s3:GetEncryptionConfiguration",
            "s3:GetBucketOwnershipControls",
            "s3:GetBucketPublicAccessBlock",
            "s3:GetBucketPolicy",
            "s3:GetLifecycleConfiguration",
        ],
        create: &["s3:CreateBucket", "s3:TagResource"],
        update: &[
            "s3:PutBucketTagging",
            "s3:PutBucketVersioning",
            "s3:PutEncryptionConfiguration",
            "s3:PutBucketOwnershipControls",
            "s3:PutBucketPublicAccessBlock",
            "s3:PutBucketPolicy",
            "s3:DeleteBucketPolicy",
            "s3:PutLifecycleConfiguration",
        ],
        delete: &["s3:DeleteBucket", "s3:ListBucketVersions", "s3:DeleteObjectVersion"],
    };
    const OUTPUTS: &'static [OutputFact] = &[OutputFact::ready("name"), OutputFact::ready("arn"), OutputFact::ready("domain_name")];
    type Spec<S: Stage> = BucketSpec;
    type Outputs = BucketOutputs;

    fn check(want: &BucketSpec) -> Vec<SpecProblem> {
        let BucketSpec {
            name,
            region,
            versioning: _,
            encryption,
            ownership,
            public_access_blocked,
            tls_only: _,
            policy,
            lifecycle,
            empty_before_delete: _,
            tags: _,
        } = want;
        let mut problems = vec![];
        let mut wrong = |field: &str, message: String| problems.push(SpecProblem::new(field, message));
        if let Some(why) = wrong_name(name) {
            wrong("name", format!("`{name}` is no bucket name: {why}"));
        }
        if region.as_ref().is_some_and(String::is_empty) {
            wrong("region", "name a region such as `us-east-1`, or leave the field out for the environment's".into());
        }
        match encryption {
            BucketEncryption::S3 => {}
            BucketEncryption::Kms(key) if key.starts_with("arn:") => {}
            BucketEncryption::Kms(key) => wrong(
                "encryption",
                format!("`{key}` is not the ARN of a KMS key: S3 answers with what it was given, so only the full ARN compares"),
            ),
            BucketEncryption::Other(_) => {
                wrong("encryption", "it is `AES256` or `{ kms = \"arn:aws:kms:…\" }`; encryption cannot be switched off".into())
            }
        }
        if *ownership == BucketOwnership::ObjectWriter {
            wrong("ownership", "objects that others own cannot be guarded: it is `BucketOwnerEnforced` or `BucketOwnerPreferred`".into());
        }
        if !public_access_blocked {
            wrong("public_access_blocked", "a bucket cannot be opened to the public; put CloudFront before it".into());
        }
        // A reference takes the room of what it stands for; only what is certainly too long is refused.
        if policy.as_ref().is_some_and(|policy| policy.to_text().len() > 20 * 1024) {
            wrong("policy", "a bucket policy has at most 20 KB".into());
        }
        if policy.as_ref().is_some_and(|policy| policy.value()["Statement"].as_array().is_none_or(Vec::is_empty)) {
            wrong("policy", "a policy without a statement allows nobody anything: leave the field out".into());
        }
        let BucketLifecycle { expire_days, expire_noncurrent_days, abort_uploads_days: _, foreign_rules } = lifecycle;
        for (field, days) in [("lifecycle.expire_days", expire_days), ("lifecycle.expire_noncurrent_days", expire_noncurrent_days)] {
            if *days == Some(0) {
                wrong(field, "at least one day; leave the field out for never".into());
            }
        }
        if !foreign_rules.is_empty() {
            wrong("lifecycle.foreign_rules", "it only shows rules that others made: leave it out".into());
        }
        problems
    }

    fn diff(have: &BucketSpec, want: &BucketSpec) -> Diff {
        let BucketSpec {
            name,
            region,
            versioning,
            encryption,
            ownership,
            public_access_blocked,
            tls_only,
            policy,
            lifecycle,
            empty_before_delete,
            tags,
        } = want;
        let sooner = |have: Option<u32>, want: Option<u32>| want.is_some_and(|want| have.is_none_or(|have| want < have));
        let diff = Diff::new()
            .replace("name", &have.name, name)
            .risks(RiskKind::DataLoss, "what is in the old bucket does not move to the new one; AWS refuses to delete it until it is empty")
            .forbid(
                "region",
                &have.region,
                region,
                "a bucket does not move: declare a second one with another name, copy what it holds, then remove this one",
            )
            .update("versioning", &have.versioning, versioning)
            .update("encryption", &have.encryption, encryption)
            .update("ownership", &have.ownership, ownership)
            .risks(RiskKind::Security, "it decides whether access control lists count")
            .update("public_access_blocked", &have.public_access_blocked, public_access_blocked)
            .risks(RiskKind::Security, "public access is blocked")
            .update("tls_only", &have.tls_only, tls_only)
            .risks(
                RiskKind::Security,
                if *tls_only { "requests without TLS are refused from now on" } else { "requests without TLS are let through" },
            )
            .update("policy", &have.policy, policy)
            .risks(RiskKind::Security, "it changes who may do what with the bucket")
            .update("lifecycle", &have.lifecycle, lifecycle);
        let diff = if sooner(have.lifecycle.expire_days, lifecycle.expire_days)
            || sooner(have.lifecycle.expire_noncurrent_days, lifecycle.expire_noncurrent_days)
        {
            diff.risks(RiskKind::DataLoss, "objects or versions older than the new time are deleted")
        } else {
            diff
        };
        let diff = diff.update("empty_before_delete", &have.empty_before_delete, empty_before_delete);
        let diff = if *empty_before_delete {
            diff.risks(RiskKind::DataLoss, "from now on its end takes all that it holds along, every version")
        } else {
            diff
        };
        diff.update("tags", &have.tags, tags)
    }

    /// A name is taken until the old bucket is gone.
    fn replacement(have: &BucketSpec, want: &BucketSpec) -> Replacement {
        if have.name == want.name { Replacement::DELETE_FIRST } else { Replacement::CREATE_FIRST }
    }

    fn meters(_: &BucketSpec) -> Meters {
        Meters::usage_only("s3.stored").and("s3.requests", 0.0, bbws_model::Unit::Usage)
    }

    /// S3 has one API for each setting, and each answers about one bucket.
    fn reads(of: &[Recorded<Self>]) -> Reads {
        let apis = [
            "s3:GetBucketTagging",
            "s3:GetBucketVersioning",
            "s3:GetBucketEncryption",
            "s3:GetBucketOwnershipControls",
            "s3:GetPublicAccessBlock",
            "s3:GetBucketPolicy",
            "s3:GetBucketLifecycleConfiguration",
        ];
        apis.into_iter().fold(Reads::none(), |reads, api| reads.each(api, of.iter().map(|it| it.id.as_str())))
    }

    fn health(_: &Observed<Self>) -> Vec<Finding> {
        vec![]
    }
}

/// Why S3 takes no bucket of this name; none if it does.
fn wrong_name(name: &str) -> Option<&'static str> {
    let edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if !(3..=63).contains(&name.len()) {
        return Some("it has 3 to 63 characters");
    }
    if !name.chars().all(|c| edge(c) || c == '-') {
        return Some("only lower-case letters, digits and `-` may stand in it (a dot breaks TLS)");
    }
    if !name.starts_with(edge) || !name.ends_with(edge) {
        return Some("it begins and ends with a letter or digit");
    }
    let reserved = ["xn--", "sthree-", "amzn-s3-demo-"].iter().any(|p| name.starts_with(p))
        || ["-s3alias", "--ol-s3", "--x-s3", "--table-s3"].iter().any(|s| name.ends_with(s));
    reserved.then_some("AWS keeps this beginning or end for itself")
}

#[cfg(test)]
mod tests {
    use super::*;
    use bbws_model::{Verb, typed};
    use serde_json::json;

    fn spec(edit: serde_json::Value) -> BucketSpec {
        let mut whole = json!({"name": "dev-logs-1"});
        whole.as_object_mut().unwrap().extend(edit.as_object().unwrap().clone());
        typed(&whole).unwrap()
    }

    #[test]
    fn each_field_has_its_verb() {
        let table = [
            (json!({"name": "dev-logs-2"}), "replace", 1),
            (json!({"region": "us-east-1"}), "forbid", 0),
            (json!({"versioning": true}), "update", 0),
            (json!({"encryption": {"kms": "arn:aws:kms:af-south-1:1:key/k"}}), "update", 0),
            (json!({"ownership": "BucketOwnerPreferred"}), "update", 1),
            (json!({"tls_only": false}), "update", 1),
            (json!({"policy": {"Statement": []}}), "update", 1),
            (json!({"lifecycle": {"expire_days": 90}}), "update", 1),
            (json!({"lifecycle": {"abort_uploads_days": 1}}), "update", 0),
            (json!({"empty_before_delete": true}), "update", 1),
            (json!({"tags": {"a": "b"}}), "update", 0),
        ];
        for (edit, verb, risks) in table {
            let diff = Bucket::diff(&spec(json!({})), &spec(edit.clone()));
            let told: Vec<_> = diff
                .changes()
                .iter()
                .map(|c| match &c.verb {
                    Verb::Replace => ("replace", c.risks.len()),
                    Verb::Forbid(_) => ("forbid", c.risks.len()),
                    Verb::Update => ("update", c.risks.len()),
                    Verb::WriteOnly => ("write-only", c.risks.len()),
                })
                .collect();
            assert_eq!(told, [(verb, risks)], "{edit}");
        }
        assert!(Bucket::diff(&spec(json!({})), &spec(json!({}))).is_empty());
    }

    #[test]
    fn keeping_objects_longer_loses_nothing() {
        let risks = |from: serde_json::Value, to: serde_json::Value| {
            Bucket::diff(&spec(json!({"lifecycle": from})), &spec(json!({"lifecycle": to}))).changes()[0].risks.len()
        };
        assert_eq!(risks(json!({"expire_days": 30}), json!({"expire_days": 90})), 0);
        assert_eq!(risks(json!({"expire_noncurrent_days": 90}), json!({"expire_noncurrent_days": 30})), 1);
    }

    #[test]
    fn nothing_is_emptied_that_was_not_said_to_be() {
        assert!(!spec(json!({})).empty_before_delete);
        let diff = Bucket::diff(&spec(json!({"empty_before_delete": true})), &spec(json!({})));
        assert!(diff.changes()[0].risks.is_empty(), "keeping what it holds loses nothing");
    }

    #[test]
    fn an_open_bucket_cannot_be_declared() {
        let fields = |edit| Bucket::check(&spec(edit)).into_iter().map(|p| p.field).collect::<Vec<_>>();
        assert_eq!(fields(json!({"public_access_blocked": false})), ["public_access_blocked"]);
        assert_eq!(fields(json!({"encryption": {"other": "none"}})), ["encryption"]);
        assert_eq!(fields(json!({"encryption": {"kms": "alias/logs"}})), ["encryption"]);
        assert_eq!(fields(json!({"ownership": "ObjectWriter"})), ["ownership"]);
        assert_eq!(fields(json!({"lifecycle": {"expire_days": 0}})), ["lifecycle.expire_days"]);
        assert_eq!(fields(json!({"policy": {"Statement": []}})), ["policy"]);
        assert!(fields(json!({})).is_empty());
    }

    #[test]
    fn names_that_s3_refuses_are_told() {
        for (name, part) in [("ab", "3 to 63"), ("Logs", "lower-case"), ("my.logs", "dot"), ("-logs", "begins"), ("logs-s3alias", "keeps")]
        {
            let told = Bucket::check(&spec(json!({"name": name}))).remove(0);
            assert!(told.message.contains(part), "{}", told.message);
        }
    }
}

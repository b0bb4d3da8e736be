//! Where bbws keeps its state, what it writes beside it, who approves.

use bbws_model::Account;
use schemars::JsonSchema;
use serde::Serialize;

use crate::decode::{Choice, Table};

/// Which store holds the state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// A folder on this machine; for one person.
    Local,
    /// An S3 bucket, shared and locked; production demands it.
    S3,
}

impl Choice for Backend {
    const ALL: &'static [Self] = &[Self::Local, Self::S3];
}

/// Where bbws keeps its state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Store {
    /// Which store.
    pub backend: Backend,
    /// The folder of the local store.
    pub path: String,
    /// The bucket of the S3 store, in the environment's own account.
    pub bucket: Option<String>,
    /// The region of the bucket; the environment's if left out.
    pub region: String,
    /// The profile whose credentials reach the bucket; the environment's if left out.
    pub profile: Option<String>,
    /// The ARN of the KMS key that the state is encrypted with; the bucket's default if left out.
    pub kms_key: Option<String>,
}

impl Store {
    pub(super) fn read(t: &Table<'_, '_>, region: &str) -> Self {
        Self {
            backend: t.get("backend").or(Backend::Local),
            path: t.get("path").or("state".to_owned()),
            bucket: t.get("bucket").option(),
            region: t.get("region").or(region.to_owned()),
            profile: t.get("profile").option(),
            kms_key: t.get("kms_key").option(),
        }
    }
}

/// Where every run event is written beside the state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Audit {
    /// A CloudWatch log group; none if left out.
    pub log_group: Option<String>,
}

impl Audit {
    pub(super) fn read(t: &Table<'_, '_>) -> Self {
        Self { log_group: t.get("log_group").option() }
    }
}

/// Who may approve a change of production.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Approval {
    /// The ARN of the KMS key that signs approvals: the approver may Sign, the applier only Verify.
    pub kms_key: Option<String>,
    /// The ARNs of the roles and users that may approve, as IAM has them, path included; all that may sign if left out. Without a
    /// key the state's bucket lets only these write approvals.
    pub roles: Vec<String>,
    /// For how many hours an approval holds.
    pub valid_hours: u32,
}

impl Approval {
    pub(super) fn read(t: &Table<'_, '_>) -> Self {
        Self { kms_key: t.get("kms_key").option(), roles: t.list("roles").or(vec![]), valid_hours: t.get("valid_hours").or(24) }
    }
}

/// Stands in for an account id that could not be read.
pub(super) fn no_account() -> Account {
    "000000000000".parse().expect("twelve digits")
}

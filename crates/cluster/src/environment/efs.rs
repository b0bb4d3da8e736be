//! The file system.

use schemars::JsonSchema;
use serde::Serialize;

use super::Tier;
use crate::RuleId;
use crate::decode::{Choice, Table};

/// How the file system's throughput is measured out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Throughput {
    /// By size, with credits for bursts.
    Bursting,
    /// As needed, paid by use.
    Elastic,
}

impl Choice for Throughput {
    const ALL: &'static [Self] = &[Self::Bursting, Self::Elastic];
}

/// The file system: always encrypted, mounted over TLS only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Efs {
    /// How throughput is measured out.
    pub throughput: Throughput,
    /// Days without access after which a file moves to Infrequent Access; 0 for never.
    pub infrequent_access_days: u32,
    /// Days without access after which a file moves to the archive; 0 for never. Needs elastic throughput.
    pub archive_days: u32,
    /// Whether a file comes back to the standard class when it is read.
    pub back_on_access: bool,
    /// Whether AWS Backup copies it every day. By tier no, yes, yes.
    pub backup: bool,
}

impl Efs {
    pub(super) fn read(t: &Table<'_, '_>, tier: Tier) -> Self {
        t.fixed(&["encrypted"], true, RuleId::EncryptionOff, "the file system is always encrypted: that cannot be switched off");
        Self {
            throughput: t.get("throughput").or(Throughput::Bursting),
            infrequent_access_days: t.get("infrequent_access_days").or(30),
            archive_days: t.get("archive_days").or(0),
            back_on_access: t.get("back_on_access").or(true),
            backup: t.get("backup").or(tier.pick(false, true, true)),
        }
    }
}

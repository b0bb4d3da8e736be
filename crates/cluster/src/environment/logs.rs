//! How long logs are kept.

use schemars::JsonSchema;
use serde::Serialize;

use super::Tier;
use crate::decode::Table;

/// How long logs are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Logs {
    /// Days after which CloudWatch deletes log lines, and S3 access logs. By tier 7, 14 or 30.
    pub retention_days: u32,
}

impl Logs {
    pub(super) fn read(t: &Table<'_, '_>, tier: Tier) -> Self {
        Self { retention_days: t.get("retention_days").or(tier.pick(7, 14, 30)) }
    }
}

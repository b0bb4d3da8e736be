//! The tier, and what it makes the default.

use schemars::JsonSchema;
use serde::Serialize;

use crate::decode::Choice;

/// How much care an environment needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// For building: small and cheap; one NAT gateway, no backups.
    Dev,
    /// For testing: like production in shape, smaller in size.
    Sit,
    /// For users: redundant, backed up, protected; read-only without an approval.
    Prod,
}

impl Choice for Tier {
    const ALL: &'static [Self] = &[Self::Dev, Self::Sit, Self::Prod];
}

impl Tier {
    /// Whether it is production.
    #[must_use]
    pub fn is_prod(self) -> bool {
        self == Self::Prod
    }

    /// The one of three values that belongs to this tier.
    pub(crate) fn pick<T>(self, dev: T, sit: T, prod: T) -> T {
        match self {
            Self::Dev => dev,
            Self::Sit => sit,
            Self::Prod => prod,
        }
    }
}

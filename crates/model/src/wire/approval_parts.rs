//! What approvals, slots and the state have in common.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Digest, RunId};

/// Who acts in AWS.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Principal {
    /// The role or user.
    arn: String,
    /// The name of the session.
    session: Option<String>,
    /// The source identity, where it is known.
    source_identity: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Approved {
    plan: Digest,
    by: Principal,
    at: Timestamp,
    expires: Timestamp,
    signed_by: Option<String>,
    fingerprint: Digest,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Spent {
    run: RunId,
    at: Timestamp,
    expires: Timestamp,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BrokenGlass {
    run: RunId,
    at: Timestamp,
    by: Principal,
    reason: String,
}

impl From<crate::Principal> for Principal {
    fn from(one: crate::Principal) -> Self {
        let crate::Principal { arn, session, source_identity } = one;
        Self { arn, session, source_identity }
    }
}

impl From<Principal> for crate::Principal {
    fn from(one: Principal) -> Self {
        let Principal { arn, session, source_identity } = one;
        Self { arn, session, source_identity }
    }
}

impl From<crate::Approved> for Approved {
    fn from(approved: crate::Approved) -> Self {
        let crate::Approved { plan, by, at, expires, signed_by, fingerprint } = approved;
        Self { plan, by: by.into(), at, expires, signed_by, fingerprint }
    }
}

impl From<Approved> for crate::Approved {
    fn from(approved: Approved) -> Self {
        let Approved { plan, by, at, expires, signed_by, fingerprint } = approved;
        Self { plan, by: by.into(), at, expires, signed_by, fingerprint }
    }
}

impl From<crate::Spent> for Spent {
    fn from(spent: crate::Spent) -> Self {
        let crate::Spent { run, at, expires } = spent;
        Self { run, at, expires }
    }
}

impl From<Spent> for crate::Spent {
    fn from(spent: Spent) -> Self {
        let Spent { run, at, expires } = spent;
        Self { run, at, expires }
    }
}

impl From<crate::BrokenGlass> for BrokenGlass {
    fn from(glass: crate::BrokenGlass) -> Self {
        let crate::BrokenGlass { run, at, by, reason } = glass;
        Self { run, at, by: by.into(), reason }
    }
}

impl From<BrokenGlass> for crate::BrokenGlass {
    fn from(glass: BrokenGlass) -> Self {
        let BrokenGlass { run, at, by, reason } = glass;
        Self { run, at, by: by.into(), reason }
    }
}

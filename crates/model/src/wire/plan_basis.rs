//! What a plan rests on, and what it was asked for with; format 1.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::approval_parts::Principal;
use crate::{Account, Address, Digest, PhysicalId, RunId, World};

/// What a plan rests on. It is refused where any of it has moved.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Basis {
    /// The environment's name.
    environment: String,
    /// The lineage of its state.
    lineage: String,
    /// The state's serial.
    serial: u64,
    /// The digest of the log's last slot.
    head: Digest,
    /// The digest of all that is wanted.
    configuration: Digest,
    /// The digest of what was seen.
    observed: Digest,
    /// The account.
    account: Account,
    /// The region.
    region: String,
    /// `aws`, `sandbox`, or `endpoint` and a URL.
    #[serde(with = "super::world_text")]
    #[schemars(with = "String")]
    world: World,
    /// The version of bbws that made it.
    engine: String,
    /// Who made it; missing where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    by: Option<Principal>,
    /// The run to whose configuration it leads back; missing where it leads to what the file says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    back_to: Option<RunId>,
    /// For each resource of the file, the digest of what is wanted of it.
    wanted: BTreeMap<Address, Digest>,
    /// What was seen of each resource that the steps touch or refer to; null where there was no object.
    seen: BTreeMap<Address, Option<SeenAs>>,
}

/// An object as it was seen.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SeenAs {
    /// What AWS calls it.
    id: PhysicalId,
    /// Its spec.
    spec: Value,
}

impl From<crate::Basis> for Basis {
    fn from(basis: crate::Basis) -> Self {
        let crate::Basis {
            environment,
            lineage,
            serial,
            head,
            configuration,
            observed,
            account,
            region,
            world,
            engine,
            by,
            back_to,
            wanted,
            seen,
        } = basis;
        let seen = seen.into_iter().map(|(at, seen)| (at, seen.map(|crate::SeenAs { id, spec }| SeenAs { id, spec }))).collect();
        let by = by.map(Into::into);
        Self { environment, lineage, serial, head, configuration, observed, account, region, world, engine, by, back_to, wanted, seen }
    }
}

impl From<Basis> for crate::Basis {
    fn from(basis: Basis) -> Self {
        let Basis {
            environment,
            lineage,
            serial,
            head,
            configuration,
            observed,
            account,
            region,
            world,
            engine,
            by,
            back_to,
            wanted,
            seen,
        } = basis;
        let seen = seen.into_iter().map(|(at, seen)| (at, seen.map(|SeenAs { id, spec }| crate::SeenAs { id, spec }))).collect();
        let by = by.map(Into::into);
        Self { environment, lineage, serial, head, configuration, observed, account, region, world, engine, by, back_to, wanted, seen }
    }
}

/// What a plan was asked for with.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Scope {
    /// What was to be replaced although nothing forces it.
    replace: BTreeSet<Address>,
    /// If not empty: only these, and what goes with them.
    target: BTreeSet<Address>,
    /// All but these, and what comes after them.
    exclude: BTreeSet<Address>,
}

impl From<crate::Scope> for Scope {
    fn from(crate::Scope { replace, target, exclude }: crate::Scope) -> Self {
        Self { replace, target, exclude }
    }
}

impl From<Scope> for crate::Scope {
    fn from(Scope { replace, target, exclude }: Scope) -> Self {
        Self { replace, target, exclude }
    }
}

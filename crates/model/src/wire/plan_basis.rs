//! What a plan rests on, and what it was asked for with; format 1.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Account, Address, Digest, PhysicalId, World};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Basis {
    environment: String,
    lineage: String,
    serial: u64,
    head: Digest,
    configuration: Digest,
    observed: Digest,
    account: Account,
    region: String,
    #[serde(with = "super::world_text")]
    world: World,
    engine: String,
    wanted: BTreeMap<Address, Digest>,
    seen: BTreeMap<Address, Option<SeenAs>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SeenAs {
    id: PhysicalId,
    spec: Value,
}

impl From<crate::Basis> for Basis {
    fn from(basis: crate::Basis) -> Self {
        let crate::Basis { environment, lineage, serial, head, configuration, observed, account, region, world, engine, wanted, seen } =
            basis;
        let seen = seen.into_iter().map(|(at, seen)| (at, seen.map(|crate::SeenAs { id, spec }| SeenAs { id, spec }))).collect();
        Self { environment, lineage, serial, head, configuration, observed, account, region, world, engine, wanted, seen }
    }
}

impl From<Basis> for crate::Basis {
    fn from(basis: Basis) -> Self {
        let Basis { environment, lineage, serial, head, configuration, observed, account, region, world, engine, wanted, seen } = basis;
        let seen = seen.into_iter().map(|(at, seen)| (at, seen.map(|SeenAs { id, spec }| crate::SeenAs { id, spec }))).collect();
        Self { environment, lineage, serial, head, configuration, observed, account, region, world, engine, wanted, seen }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scope {
    replace: BTreeSet<Address>,
    target: BTreeSet<Address>,
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

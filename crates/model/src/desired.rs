//! What is wanted: every resource that the environment's file and the blueprint add up to.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::Address;

/// One wanted resource.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// Its written spec, with defaults filled in; references stand as such.
    pub spec: Value,
    /// Whether it exists already: it is found and adopted, never created and never deleted.
    pub existing: bool,
}

impl Wanted {
    /// A resource that bbws creates.
    #[must_use]
    pub fn new(spec: Value) -> Self {
        Self { spec, existing: false }
    }
}

/// All that is wanted of one environment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Desired {
    /// The resources.
    pub resources: BTreeMap<Address, Wanted>,
    /// The published outputs, as written: references and literals; null where a name does not apply.
    pub outputs: BTreeMap<String, Value>,
}

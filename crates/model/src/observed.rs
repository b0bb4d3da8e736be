//! What is there, and where to look for it.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Address, IntentId, Kind, PhysicalId, Ready};

/// The mark by which an object is known to be ours: its tags `bbws:lineage`, `bbws:address` and `bbws:intent`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ownership {
    /// Whose state it belongs to.
    pub lineage: String,
    /// The resource it is.
    pub address: Address,
    /// The intent that made it. Two live objects of one address, old and new, differ in it.
    pub intent: IntentId,
}

/// How far an object is on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "phase", content = "why", rename_all = "lowercase")]
pub enum Phase {
    /// It can be used.
    Ready,
    /// AWS is still at work on it; the text says what it waits for.
    Pending(String),
    /// It will not become ready; the text says why.
    Failed(String),
    /// It is on its way out.
    Leaving,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready => f.write_str("ready"),
            Self::Pending(why) => write!(f, "pending: {why}"),
            Self::Failed(why) => write!(f, "failed: {why}"),
            Self::Leaving => f.write_str("leaving"),
        }
    }
}

/// An object as AWS shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct Observed<K: Kind> {
    /// What AWS calls it.
    pub id: PhysicalId,
    /// The same struct that the user declares.
    pub spec: K::Spec<Ready>,
    /// What it offers others; what is not known yet is null.
    pub outputs: K::Outputs,
    /// How far it is.
    pub phase: Phase,
    /// Whose it is, where its tags say so.
    pub owner: Option<Ownership>,
}

/// Where to look for an object: by its id if it is known, else by its natural key, else by our tags.
#[derive(Debug, Clone, PartialEq)]
pub struct Locate<K: Kind> {
    /// The resource.
    pub address: Address,
    /// What AWS calls it, if that is known.
    pub id: Option<PhysicalId>,
    /// The spec it is wanted with or was last seen with: its natural key and its parents stand in it.
    pub spec: K::Spec<Ready>,
    /// Our lineage: the tag to look for where there is no id.
    pub lineage: String,
    /// The intent to look for, where one object of the address is to be told from another.
    pub intent: Option<IntentId>,
}

/// [`Observed`] with the kind forgotten.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// What AWS calls it.
    pub id: PhysicalId,
    /// Its spec, as a document.
    pub spec: Value,
    /// Its outputs, as a document; what is not known yet is null.
    pub outputs: Value,
    /// How far it is.
    pub phase: Phase,
    /// Whose it is.
    pub owner: Option<Ownership>,
}

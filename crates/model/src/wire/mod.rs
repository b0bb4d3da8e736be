//! The formats that leave the process: files and lines that another version of bbws, or another program, may read.
//!
//! Each is a module with types of its own and conversions both ways, so that a change of the model never changes a
//! format by accident. Golden files show each as it is written.

pub mod approval;
mod approval_parts;
pub mod event;
pub mod line;
pub mod log;
mod log_parts;
pub mod plan;
pub mod run;
pub mod spool;
pub mod state;
pub mod strict;

mod plan_basis;
mod plan_bill;
mod plan_parts;
mod plan_risk;

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod plan_any;

/// Why bytes are not what they should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// They are damaged, or something else.
    #[error("it is no {what} of bbws: {cause}")]
    Damaged {
        /// What it should be.
        what: &'static str,
        /// What the parser says.
        cause: String,
    },
    /// A newer bbws wrote them.
    #[error("the {what} has format {found}, this bbws knows format {known}: use the newer bbws that wrote it")]
    Newer {
        /// What it is.
        what: &'static str,
        /// The format found.
        found: u64,
        /// The newest format known.
        known: u64,
    },
}

/// Reads a document that says its format first, and refuses one of another format before anything in it is believed.
pub(crate) fn read<T: serde::de::DeserializeOwned>(what: &'static str, known: u64, bytes: &[u8]) -> Result<T, WireError> {
    let document = serde_json::from_slice(bytes).map_err(|e| WireError::Damaged { what, cause: e.to_string() })?;
    of_format(what, known, document)
}

/// The same, of a document that is parsed already.
fn of_format<T: serde::de::DeserializeOwned>(what: &'static str, known: u64, document: serde_json::Value) -> Result<T, WireError> {
    let damaged = |cause: String| WireError::Damaged { what, cause };
    match document.get("format").and_then(serde_json::Value::as_u64) {
        Some(found) if found > known => Err(WireError::Newer { what, found, known }),
        Some(_) => serde_path_to_error::deserialize(document).map_err(|e| damaged(format!("at `{}`: {}", e.path(), e.inner()))),
        None => Err(damaged("it does not say its format".into())),
    }
}

/// A world as text.
mod world_text {
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::World;

    pub(super) fn serialize<S: Serializer>(world: &World, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(world)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<World, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

//! Which outputs are known.

use std::collections::BTreeMap;

use bbws_model::{Pointer, State, resolve};
use serde_json::Value;

/// The value of a reference as the state records it.
#[must_use]
pub fn recorded(state: &State, pointer: &Pointer) -> Option<Value> {
    known_in(&state.entries.get(&pointer.to)?.outputs, &pointer.output)
}

/// An output of an outputs document, where it is known.
pub(crate) fn known_in(outputs: &Value, name: &str) -> Option<Value> {
    outputs.get(name).filter(|value| !value.is_null()).cloned()
}

/// The published outputs: each reference replaced by its value, or null where that is not known.
#[must_use]
pub fn publish(written: &BTreeMap<String, Value>, state: &State) -> BTreeMap<String, Value> {
    let value = |document: &Value| resolve(document, &|pointer| Some(recorded(state, pointer).unwrap_or(Value::Null)));
    written.iter().map(|(name, document)| (name.clone(), value(document))).collect()
}

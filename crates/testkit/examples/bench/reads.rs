//! What one look at a recorded environment takes, kind by kind, by the kinds' own read formulas.

use std::collections::BTreeMap;

use bbws_engine::read_formula;
use bbws_model::{PhysicalId, wire};
use serde_json::Value;

/// The lines of a table: the kind, how many objects of it are recorded, and the calls that a look at them takes. What two kinds
/// ask alike is asked once, so that the whole is less than its parts.
pub(crate) fn per_kind(state: &str, mut tell: impl FnMut(String)) {
    let (kinds, state) = (bbws_kinds::all(), wire::state::read(&std::fs::read(state).unwrap()).unwrap());
    let mut recorded: BTreeMap<&str, Vec<(&PhysicalId, &Value)>> = BTreeMap::new();
    for (address, entry) in &state.entries {
        recorded.entry(address.kind()).or_default().push((&entry.id, &entry.spec));
    }
    for (name, of) in &recorded {
        let reads = kinds.get(name).unwrap().reads(of).unwrap();
        let apis: Vec<String> = reads.by_api().iter().map(|(api, calls)| format!("{calls} {api}")).collect();
        tell(format!("{name:26} {:3} objects {:3} reads: {}", of.len(), reads.total(), apis.join(", ")));
    }
    let whole = read_formula(&kinds, &state).unwrap().total();
    tell(format!("{} kinds, {} objects: {whole} reads by the formulas", recorded.len(), state.entries.len()));
}

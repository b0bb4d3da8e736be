//! The entry of an object that was found, and not made by a step.

use std::collections::BTreeSet;

use bbws_model::{Address, Desired, Entry, Kinds, NameRule, Phase, Renamed, Seen, is_protected, pointers};
use serde_json::Value;

use crate::Place;

/// The entry of what was seen at a place, with all that the file says of it.
pub(crate) fn entry(kinds: &Kinds, desired: &Desired, place: &Place, seen: &Seen) -> Entry {
    let wanted = desired.resources.get(&place.address);
    let refers = wanted.map(|wanted| pointers(&wanted.spec)).unwrap_or_default();
    let dependencies: BTreeSet<Address> = refers.into_iter().map(|pointer| pointer.to).collect();
    let rule = kinds.get(place.address.kind()).and_then(|kind| kind.facts().name);
    Entry {
        id: seen.id.clone(),
        spec: seen.spec.clone(),
        outputs: seen.outputs.clone(),
        dependencies: dependencies.into_iter().collect(),
        reached: seen.phase == Phase::Ready,
        intent: seen.owner.as_ref().map(|owner| owner.intent.clone()).filter(|intent| !intent.0.is_empty()),
        existing: wanted.is_some_and(|wanted| wanted.existing),
        protected: is_protected(&seen.spec),
        renamed: rule.and_then(|rule| renamed(rule, &place.spec, &seen.spec)),
        deposed: vec![],
    }
}

/// The name that an object keeps, where the file declares another: for a name alone nothing is replaced.
fn renamed(rule: NameRule, declared: &Value, has: &Value) -> Option<Renamed> {
    let text = |of: &Value| of.get(rule.field)?.as_str().map(str::to_owned);
    let (from, to) = (text(declared)?, text(has)?);
    (from != to).then_some(Renamed { from, to })
}

//! Whether what a run has changed is well, and what stands on it. A plan that is empty says that all is as declared; a route to a
//! gateway that is gone is as declared too.

use std::collections::BTreeSet;

use bbws_engine::Picture;
use bbws_model::{Action, Address, Finding, Kinds, Plan, State};

/// What a plan has changed, and all that refers to it.
#[must_use]
pub fn concerned(plan: &Plan, state: &State) -> BTreeSet<Address> {
    let changed = |action: &Action| match action {
        Action::Create { .. } | Action::Update { .. } | Action::Adopt { .. } | Action::Rename { .. } => true,
        Action::Delete { .. } | Action::Forget { .. } | Action::Backup { .. } => false,
    };
    let changed: BTreeSet<&Address> = plan.steps.iter().filter(|step| changed(&step.action)).map(|step| &step.address).collect();
    let refers = |address: &Address| state.entries[address].dependencies.iter().any(|to| changed.contains(to));
    let on_it = state.entries.keys().filter(|address| changed.contains(address) || refers(address));
    on_it.cloned().collect()
}

/// What their kinds say of them, by a look that was taken afterwards. What could not be read is a finding of the plan made then.
#[must_use]
pub fn health(concerned: &BTreeSet<Address>, picture: &Picture, kinds: &Kinds) -> Vec<Finding> {
    let seen = concerned.iter().filter_map(|address| match picture.recorded.get(address) {
        Some(Ok(Some(seen))) => Some((address, seen)),
        Some(Ok(None) | Err(_)) | None => None,
    });
    seen.flat_map(|(address, seen)| {
        let found = kinds.get(address.kind()).and_then(|kind| kind.health(seen).ok()).unwrap_or_default();
        found.into_iter().map(|finding| finding.at(address))
    })
    .collect()
}

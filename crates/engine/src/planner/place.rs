//! Places that one object can have at a time (a range of addresses in a VPC, a name): what is made where another still stands waits
//! until that is gone, whatever addresses the two have.

use std::collections::{BTreeMap, BTreeSet};

use bbws_model::{Action, Address, AnyKind, Finding, Kinds, Order, PhysicalId, Severity, Step, pointers, resolve};
use serde_json::Value;

use super::classify::Verdict;
use crate::outputs::known_in;

/// That one step makes something where an object stands that another step removes; by their numbers.
#[derive(Debug)]
pub(super) struct Clash {
    pub(super) makes: usize,
    pub(super) removes: usize,
    /// What stands there.
    id: PhysicalId,
}

/// The outputs that are known while the plan is made.
pub(super) fn outputs(verdicts: &BTreeMap<Address, Verdict>) -> BTreeMap<Address, Value> {
    verdicts.iter().filter_map(|(address, verdict)| Some((address.clone(), verdict.outputs()?.clone()))).collect()
}

/// All clashes among the steps. The two halves of a replacement have their order from their kind. What refers to something that is
/// yet to be made stands elsewhere.
pub(super) fn clashes(kinds: &Kinds, steps: &[Step], outputs: &BTreeMap<Address, Value>) -> Vec<Clash> {
    let mut going: BTreeMap<&str, Vec<(&Step, &PhysicalId, &Value)>> = BTreeMap::new();
    for step in steps {
        if let Action::Delete { id, have, .. } = &step.action {
            going.entry(step.address.kind()).or_default().push((step, id, have));
        }
    }
    let mut found = vec![];
    for (makes, step) in steps.iter().enumerate() {
        let (Action::Create { want, .. }, Some(going)) = (&step.action, going.get(step.address.kind())) else { continue };
        let mut others = going.iter().filter(|(other, ..)| step.pair != Some(other.id)).peekable();
        if others.peek().is_none() {
            continue;
        }
        let want = resolve(want, &|pointer| known_in(outputs.get(&pointer.to)?, &pointer.output));
        let Some(kind) = kinds.get(step.address.kind()).filter(|_| pointers(&want).is_empty()) else { continue };
        let there = others.filter(|(.., have)| same_place(kind, have, &want));
        found.extend(there.map(|(other, id, _)| Clash { makes, removes: other.id.0, id: (*id).clone() }));
    }
    found
}

/// Whether the one must be gone before the other can be made.
fn same_place(kind: &dyn AnyKind, have: &Value, want: &Value) -> bool {
    let name = |spec: &Value| kind.facts().name.and_then(|rule| spec.get(rule.field).cloned());
    let same_name = name(want).is_some_and(|wanted| Some(wanted) == name(have));
    same_name || kind.replacement(have, want).is_ok_and(|replacement| replacement.order == Order::DeleteFirst)
}

/// Why steps wait for each other that would not without these clashes.
pub(super) fn cramped(clashes: &[Clash], steps: &[Step], stuck: &BTreeSet<usize>) -> Vec<Finding> {
    let among = clashes.iter().filter(|clash| stuck.contains(&clash.makes) && stuck.contains(&clash.removes));
    let told = among.map(|clash| {
        let (to, other) = (&steps[clash.makes].address, &steps[clash.removes].address);
        let id = &clash.id;
        let finding = |what: String| Finding::new(Severity::Error, what).at(to);
        if to == other {
            finding(format!("{id}, which it replaced before, still has the place that is wanted"))
                .seen("it goes only when everything has moved over to its successor")
                .advise("finish that change first: apply the file as it was; then go back in an apply of its own")
        } else {
            finding(format!("{other} ({id}) still has the place that is wanted, and goes only after everything has moved over"))
                .advise(format!("change {other} first, in an apply of its own; if each is to get the other's place, by way of a third"))
        }
    });
    told.collect()
}

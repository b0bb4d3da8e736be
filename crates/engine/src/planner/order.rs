//! In what order the steps go.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use bbws_model::{
    Action, Address, After, Finding, MeterDelta, Order, PhysicalId, Reason, Risk, RiskKind, Severity, State, Step, StepId, Until,
};
use serde_json::Value;

use super::classify::Verdict;
use super::{Sources, place};
use crate::Graph;

/// The steps that one address got: the one after which its new form is known, and the one that removes an object.
#[derive(Debug, Default, Clone, Copy)]
struct Halves {
    makes: Option<usize>,
    changes: Option<usize>,
    removes: Option<usize>,
    backs_up: Option<usize>,
}

/// Turns verdicts into steps, each after all it depends on.
pub(super) fn arrange(from: Sources<'_>, graph: &Graph, mut verdicts: BTreeMap<Address, Verdict>) -> Result<Vec<Step>, Vec<Finding>> {
    spread_delete_first(graph, &mut verdicts);
    let outputs = place::outputs(&verdicts);
    let mut made =
        Making { from, graph, steps: vec![], halves: BTreeMap::new(), former: vec![], holders: holders(from.state), held: BTreeMap::new() };
    let goes_first = |verdict: &Verdict| matches!(verdict, Verdict::Replace { order: Order::DeleteFirst, .. });
    let delete_first = verdicts.iter().filter(|(_, verdict)| goes_first(verdict)).map(|(address, _)| address.clone()).collect();
    for (address, verdict) in verdicts {
        made.add(&address, verdict);
    }
    let mut wrong = made.deposed();
    wrong.extend(made.connect(&delete_first));
    if let Err(stuck) = places(&made.steps) {
        wrong.push(circle(&made.steps, &stuck));
        return Err(wrong);
    }
    let clashes = place::clashes(from.kinds, &made.steps, &outputs);
    for clash in &clashes {
        made.after(clash.makes, clash.removes, Until::Done);
    }
    match places(&made.steps) {
        Ok(places) if wrong.is_empty() => return Ok(in_order(made.steps, &places)),
        Ok(_) => {}
        Err(stuck) => wrong.extend(place::cramped(&clashes, &made.steps, &stuck)),
    }
    Err(wrong)
}

/// What is replaced and stands on something whose old object goes first must itself go first.
fn spread_delete_first(graph: &Graph, verdicts: &mut BTreeMap<Address, Verdict>) {
    for address in graph.order() {
        let first = |v: &Verdict| matches!(v, Verdict::Replace { order: Order::DeleteFirst, .. });
        let under = graph.needs(address).any(|p| verdicts.get(&p.to).is_some_and(first));
        if under && let Some(Verdict::Replace { order, .. }) = verdicts.get_mut(address) {
            *order = Order::DeleteFirst;
        }
    }
}

struct Making<'a> {
    from: Sources<'a>,
    graph: &'a Graph,
    steps: Vec<Step>,
    halves: BTreeMap<Address, Halves>,
    /// The steps that remove former objects.
    former: Vec<usize>,
    /// What holds each recorded object.
    holders: BTreeMap<&'a Address, Vec<&'a Address>>,
    /// The steps that remove the former objects that hold it.
    held: BTreeMap<&'a Address, Vec<usize>>,
}

/// Who refers to each recorded resource, by the state.
fn holders(state: &State) -> BTreeMap<&Address, Vec<&Address>> {
    let mut holders: BTreeMap<&Address, Vec<&Address>> = BTreeMap::new();
    for (holder, entry) in &state.entries {
        for other in entry.dependencies.iter().collect::<BTreeSet<_>>() {
            holders.entry(other).or_default().push(holder);
        }
    }
    holders
}

impl Making<'_> {
    fn push(&mut self, address: &Address, action: Action, reason: Reason, risks: Vec<Risk>, dependencies: Vec<Address>) -> usize {
        let number = self.steps.len();
        let meters = self.meters(address, &action);
        let (id, address) = (StepId(number), address.clone());
        self.steps.push(Step { id, address, action, reason, risks, after: vec![], dependencies, pair: None, meters });
        number
    }

    fn meters(&self, address: &Address, action: &Action) -> MeterDelta {
        let of = |spec: &Value| self.from.kinds.get(address.kind()).and_then(|k| k.meters(spec).ok()).unwrap_or_default().0;
        match action {
            Action::Create { want, .. } => MeterDelta { less: vec![], more: of(want) },
            Action::Update { have, want, .. } if of(have) != of(want) => MeterDelta { less: of(have), more: of(want) },
            Action::Delete { have, .. } => MeterDelta { less: of(have), more: vec![] },
            Action::Update { .. } | Action::Adopt { .. } | Action::Forget { .. } | Action::Rename { .. } | Action::Backup { .. } => {
                MeterDelta::default()
            }
        }
    }

    fn add(&mut self, address: &Address, verdict: Verdict) {
        // Whatever name it gets, what is wanted refers to the same.
        let graph = self.graph;
        let needs = || graph.resources_needed(address).cloned().collect::<Vec<_>>();
        let entries = &self.from.state.entries;
        let recorded = || entries.get(address).map(|e| e.dependencies.clone()).unwrap_or_default();
        let mut halves = Halves::default();
        match verdict {
            Verdict::Stays { .. } => return,
            Verdict::Make { want, renamed, reason } => {
                halves.makes = Some(self.push(address, Action::Create { want, renamed }, reason, vec![], needs()));
            }
            Verdict::Adopt { id, have, want, existing, .. } => {
                let reason = if existing { Reason::Declared } else { Reason::Ours };
                let adopt = Action::Adopt { id, have, want, existing, asked: false, renamed: None };
                halves.makes = Some(self.push(address, adopt, reason, vec![], needs()));
            }
            Verdict::Change { id, have, want, reason, .. } => {
                let (risks, backup) = match &reason {
                    Reason::Changed(changes) => (changes.iter().flat_map(|c| c.risks.clone()).collect(), changes.iter().any(|c| c.backup)),
                    _ => (vec![], false),
                };
                halves.backs_up = if backup { self.backup(address, &id) } else { None };
                halves.changes = Some(self.push(address, Action::Update { id, have, want }, reason, risks, needs()));
            }
            Verdict::Replace { id, have, want, renamed, order: _, why } => {
                let backbone = self.from.kinds.get(address.kind()).is_some_and(|kind| kind.facts().backbone);
                let risks = match &why {
                    Reason::Replacing(changes) => changes.iter().flat_map(|c| c.risks.clone()).collect(),
                    // No field says what that means.
                    _ if backbone => vec![Risk::new(RiskKind::Downtime, "the cluster stands on it, and moves over to another object")],
                    _ => vec![],
                };
                halves.backs_up = self.backup_before_delete(address, &id);
                let makes = self.push(address, Action::Create { want, renamed }, why.clone(), risks, needs());
                let loss = self.loss(address, halves.backs_up);
                let removes = self.push(address, Action::Delete { id, have, deposed: true }, why, loss, recorded());
                self.steps[makes].pair = Some(StepId(removes));
                self.steps[removes].pair = Some(StepId(makes));
                (halves.makes, halves.removes) = (Some(makes), Some(removes));
            }
            Verdict::Remove { id, have } => {
                halves.backs_up = self.backup_before_delete(address, &id);
                let loss = self.loss(address, halves.backs_up);
                let delete = Action::Delete { id, have, deposed: false };
                halves.removes = Some(self.push(address, delete, Reason::Undeclared, loss, recorded()));
            }
            Verdict::Forget { reason } => {
                halves.removes = Some(self.push(address, Action::Forget { reason }, Reason::Undeclared, vec![], recorded()));
            }
        }
        self.halves.insert(address.clone(), halves);
    }

    /// What goes with an object.
    fn loss(&self, address: &Address, backup: Option<usize>) -> Vec<Risk> {
        let facts = self.from.kinds.get(address.kind()).map(|kind| kind.facts());
        if !facts.as_ref().is_some_and(|facts| facts.holds_data) {
            let loses = facts.and_then(|facts| facts.loses);
            return loses.map(|text| Risk::new(RiskKind::DataLoss, text)).into_iter().collect();
        }
        let leaves = self.from.kinds.backup(address.kind()).is_some_and(|rule| rule.left_by_delete.is_some());
        let text = match (backup, leaves) {
            (Some(_), _) => "what is stored in it goes; the copy made first stays",
            (None, true) => "what is stored in it goes; a last copy of it stays",
            (None, false) => "what is stored in it goes with it",
        };
        vec![Risk::new(RiskKind::DataLoss, text)]
    }

    /// The step that copies an object's data, for kinds whose data can be copied.
    fn backup(&mut self, address: &Address, id: &PhysicalId) -> Option<usize> {
        let rule = self.from.kinds.backup(address.kind())?;
        let want = (rule.spec)(id.as_str(), &copy_name(id, self.from.state));
        Some(self.push(address, Action::Backup { kind: rule.kind.to_owned(), want }, Reason::Precaution, vec![], vec![]))
    }

    /// The same where the object is to be deleted: none where deleting it leaves a copy by itself, a later one.
    fn backup_before_delete(&mut self, address: &Address, id: &PhysicalId) -> Option<usize> {
        let left = self.from.kinds.backup(address.kind())?.left_by_delete.is_some();
        if left { None } else { self.backup(address, id) }
    }

    /// Former objects that an earlier run left over. One that is gone already is still to be recorded as gone.
    fn deposed(&mut self) -> Vec<Finding> {
        let mut wrong = vec![];
        for (address, entry) in &self.from.state.entries {
            for old in &entry.deposed {
                if let Some(Err(error)) = self.from.picture.deposed.get(&(address.clone(), old.id.clone())) {
                    let told = format!("{}, which it replaced, could not be read", old.id);
                    wrong.push(
                        Finding::new(Severity::Error, told).at(address).seen(error.to_string()).advise("mend the cause and plan again"),
                    );
                    continue;
                }
                let action = Action::Delete { id: old.id.clone(), have: old.spec.clone(), deposed: true };
                let loss = self.loss(address, None);
                let step = self.push(address, action, Reason::Unfinished, loss, old.dependencies.clone());
                self.former.push(step);
                for other in old.dependencies.iter().collect::<BTreeSet<_>>() {
                    self.held.entry(other).or_default().push(step);
                }
            }
        }
        wrong
    }

    fn after(&mut self, step: usize, first: usize, until: Until) {
        // Sorted, and each once, when all are drawn: see `in_order`.
        if step != first {
            self.steps[step].after.push(After { step: StepId(first), until });
        }
    }

    /// Draws every edge, and tells which orders AWS would refuse.
    fn connect(&mut self, delete_first: &BTreeSet<Address>) -> Vec<Finding> {
        let all: Vec<(Address, Halves)> = self.halves.iter().map(|(a, h)| (a.clone(), *h)).collect();
        let mut wrong = vec![];
        for (address, halves) in &all {
            for step in [halves.makes, halves.changes].into_iter().flatten() {
                self.after_what_it_needs(address, step);
            }
            if let Some(backup) = halves.backs_up {
                for step in [halves.changes, halves.removes].into_iter().flatten() {
                    self.after(step, backup, Until::Done);
                }
            }
            let delete_first = delete_first.contains(address);
            if let (Some(makes), Some(removes)) = (halves.makes, halves.removes) {
                if delete_first { self.after(makes, removes, Until::Done) } else { self.after(removes, makes, Until::Done) }
            }
            if let Some(removes) = halves.removes {
                wrong.extend(self.after_all_let_go(address, removes, delete_first));
            }
        }
        let former: Vec<(Address, usize)> = self.former.iter().map(|step| (self.steps[*step].address.clone(), *step)).collect();
        for (address, removes) in former {
            wrong.extend(self.after_all_let_go(&address, removes, false));
        }
        wrong
    }

    fn after_what_it_needs(&mut self, address: &Address, step: usize) {
        let graph = self.graph;
        for pointer in graph.needs(address) {
            // An object that an earlier run left unfinished shows its outputs as it is brought to its form.
            if let Some(first) = self.halves.get(&pointer.to).and_then(|h| h.makes.or(h.changes)) {
                self.after(step, first, Until::Known(pointer.output.clone()));
            }
        }
    }

    /// An object goes only after all that hold it are gone or have let go of it.
    fn after_all_let_go(&mut self, address: &Address, removes: usize, delete_first: bool) -> Option<Finding> {
        for first in self.held.get(address).cloned().unwrap_or_default() {
            self.after(removes, first, Until::Done);
        }
        for holder in self.holders.get(address).cloned().unwrap_or_default() {
            let halves = self.halves.get(holder).copied().unwrap_or_default();
            if let Some(first) = halves.removes {
                self.after(removes, first, Until::Done);
            } else if let Some(first) = halves.changes {
                if !delete_first {
                    self.after(removes, first, Until::Done);
                    continue;
                }
                let soft = self.from.kinds.get(holder.kind()).is_some_and(|k| k.facts().soft_on.contains(&address.kind()));
                if !soft {
                    let told =
                        format!("it must be deleted before its successor can be made, but {holder} holds it and can only be updated");
                    return Some(
                        Finding::new(Severity::Error, told)
                            .at(address)
                            .advise(format!("let {holder} go of it first, in an apply of its own")),
                    );
                }
            }
        }
        None
    }
}

/// The name of a copy: no other state's, though its serial is the same, and none of an earlier copy. The end of a lineage is
/// chance; its beginning is only the time.
fn copy_name(id: &PhysicalId, state: &State) -> String {
    let letters: Vec<char> = state.lineage.chars().filter(char::is_ascii_alphanumeric).collect();
    let end: String = letters[letters.len().saturating_sub(8)..].iter().map(char::to_ascii_lowercase).collect();
    if end.is_empty() { format!("{id}-bbws-{}", state.serial) } else { format!("{id}-bbws-{end}-{}", state.serial) }
}

/// The place of each step in an order in which it stands after all it comes after; or those that wait for each other.
fn places(steps: &[Step]) -> Result<Vec<usize>, BTreeSet<usize>> {
    // A step that comes after another for two reasons waits for both of them at once.
    let mut waits_for: Vec<usize> = steps.iter().map(|step| step.after.len()).collect();
    let mut followers: Vec<Vec<usize>> = vec![vec![]; steps.len()];
    for (number, step) in steps.iter().enumerate() {
        for first in step.after.iter().map(|a| a.step.0) {
            followers[first].push(number);
        }
    }
    let mut ready: BinaryHeap<Reverse<usize>> = (0..steps.len()).filter(|n| waits_for[*n] == 0).map(Reverse).collect();
    let mut places: BTreeMap<usize, usize> = BTreeMap::new();
    while let Some(Reverse(number)) = ready.pop() {
        places.insert(number, places.len());
        for follower in &followers[number] {
            waits_for[*follower] -= 1;
            if waits_for[*follower] == 0 {
                ready.push(Reverse(*follower));
            }
        }
    }
    if places.len() < steps.len() {
        Err((0..steps.len()).filter(|n| !places.contains_key(n)).collect())
    } else {
        Ok(places.into_values().collect())
    }
}

/// Steps that wait for each other.
fn circle(steps: &[Step], stuck: &BTreeSet<usize>) -> Finding {
    let names: BTreeSet<String> = stuck.iter().map(|number| steps[*number].address.to_string()).collect();
    let finding = Finding::new(Severity::Error, "these steps wait for each other").seen(Vec::from_iter(names).join(", "));
    finding.advise("plan some of them apart")
}

/// The steps numbered anew by their places.
fn in_order(steps: Vec<Step>, places: &[usize]) -> Vec<Step> {
    let moved = |id: StepId| StepId(places[id.0]);
    let mut sorted: Vec<Option<Step>> = vec![None; steps.len()];
    for mut step in steps {
        step.id = moved(step.id);
        step.after.iter_mut().for_each(|after| after.step = moved(after.step));
        step.after.sort();
        step.after.dedup();
        step.pair = step.pair.map(moved);
        let place = step.id.0;
        sorted[place] = Some(step);
    }
    sorted.into_iter().flatten().collect()
}

//! A checker that is not the planner: it reads a plan's steps against the state, shares no code with the planner, and
//! must find nothing wrong.

use std::collections::{BTreeMap, BTreeSet};

use bbws_model::{Action, Address, Finding, Kinds, PhysicalId, Reason, Severity, State, Step, pointers};

/// Everything that is wrong with a plan's steps. Empty for every plan that may be executed.
#[must_use]
pub fn check(steps: &[Step], state: &State, kinds: &Kinds) -> Vec<Finding> {
    let mut wrong = vec![];
    let mut say = |step: &Step, summary: String| {
        wrong.push(
            Finding::new(Severity::Error, format!("step {}: {summary}", step.id))
                .at(&step.address)
                .advise("this is a bug in bbws: nothing was changed"),
        );
    };
    let before = all_before(steps);
    let mut acted: BTreeSet<(&Address, &str)> = BTreeSet::new();
    for (place, step) in steps.iter().enumerate() {
        if step.id.0 != place {
            say(step, format!("it stands at place {place}"));
        }
        if let Some(after) = step.after.iter().find(|a| a.step.0 >= place) {
            say(step, format!("it comes after step {}, which stands behind it", after.step));
        }
        if let Reason::Changed(changes) | Reason::Replacing(changes) = &step.reason
            && changes.is_empty()
        {
            say(step, "it gives no reason".into());
        }
        let entry = state.entries.get(&step.address);
        match &step.action {
            Action::Create { want, .. } | Action::Update { want, .. } | Action::Adopt { want, .. } => {
                for pointer in pointers(want) {
                    let made =
                        steps[..place].iter().any(|s| s.address == pointer.to && makes(&s.action) && before[place].contains(&s.id.0));
                    let stays = state.entries.contains_key(&pointer.to)
                        && !steps.iter().any(|s| s.address == pointer.to && (makes(&s.action) || leaves(s)));
                    if !made && !stays {
                        say(step, format!("it refers to `{pointer}`, which no step before it makes and the state does not keep"));
                    }
                }
            }
            Action::Delete { id, .. } => {
                let known = entry.is_some_and(|e| e.id == *id || e.deposed.iter().any(|d| d.id == *id));
                if !known {
                    say(step, format!("it deletes {id}, which is not recorded for this address"));
                }
                if entry.is_some_and(|e| e.existing) {
                    say(step, "it deletes what existed before bbws".into());
                }
                let copied = steps
                    .iter()
                    .any(|s| s.address == step.address && matches!(s.action, Action::Backup { .. }) && before[place].contains(&s.id.0));
                let current = entry.is_some_and(|e| e.id == *id);
                if current && kinds.backup(step.address.kind()).is_some_and(|rule| rule.left_by_delete.is_none()) && !copied {
                    say(step, "it deletes data without copying it first".into());
                }
                for (holder, _) in state.entries.iter().filter(|(_, e)| current && e.dependencies.contains(&step.address)) {
                    if !lets_go(steps, holder, step, &before, state, kinds) {
                        say(step, format!("it deletes what {holder} still holds"));
                    }
                }
            }
            Action::Forget { .. } | Action::Rename { .. } | Action::Backup { .. } => {}
        }
        if matches!(step.action, Action::Delete { .. }) {
            for (holder, old) in state.entries.iter().flat_map(|(a, e)| e.deposed.iter().map(move |old| (a, old))) {
                let ends = |s: &Step| matches!(&s.action, Action::Delete { id, .. } if *id == old.id);
                let first = steps.iter().any(|s| ends(s) && before[place].contains(&s.id.0));
                if old.dependencies.contains(&step.address) && !ends(step) && !first {
                    say(step, format!("it deletes what the former {holder} ({}) still holds", old.id));
                }
            }
        }
        let sort = match &step.action {
            Action::Create { .. } | Action::Update { .. } | Action::Adopt { .. } => "makes or changes it",
            Action::Backup { .. } => "copies it",
            Action::Delete { id, .. } if entry.is_some_and(|e| e.id == *id) => "removes it",
            Action::Delete { .. } | Action::Rename { .. } => continue,
            Action::Forget { .. } => "removes it",
        };
        if !acted.insert((&step.address, sort)) {
            say(step, format!("another step {sort} already"));
        }
    }
    wrong
}

fn makes(action: &Action) -> bool {
    matches!(action, Action::Create { .. } | Action::Adopt { .. })
}

fn leaves(step: &Step) -> bool {
    matches!(step.action, Action::Delete { deposed: false, .. } | Action::Forget { .. })
}

/// For each step, all that come before it, at any distance.
fn all_before(steps: &[Step]) -> Vec<BTreeSet<usize>> {
    let mut before: Vec<BTreeSet<usize>> = vec![];
    for step in steps {
        let mut mine = BTreeSet::new();
        for first in step.after.iter().map(|a| a.step.0).filter(|first| *first < before.len()) {
            mine.insert(first);
            mine.extend(before[first].iter().copied());
        }
        before.push(mine);
    }
    before
}

/// Whether a holder is gone, or no longer holds the object, before that is deleted; or AWS does not mind.
fn lets_go(steps: &[Step], holder: &Address, delete: &Step, before: &[BTreeSet<usize>], state: &State, kinds: &Kinds) -> bool {
    let soft = kinds.get(holder.kind()).is_some_and(|k| k.facts().soft_on.contains(&delete.address.kind()));
    let current: BTreeMap<&Address, &PhysicalId> = state.entries.iter().map(|(a, e)| (a, &e.id)).collect();
    let goes = steps.iter().filter(|s| s.address == *holder && before[delete.id.0].contains(&s.id.0)).any(|s| match &s.action {
        Action::Delete { id, .. } => current.get(holder) == Some(&id),
        Action::Update { .. } | Action::Forget { .. } => true,
        Action::Create { .. } | Action::Adopt { .. } | Action::Rename { .. } | Action::Backup { .. } => false,
    });
    // What is no longer there holds nothing.
    let missing = steps.iter().any(|s| s.address == *holder && s.reason == Reason::Missing);
    goes || soft || missing
}

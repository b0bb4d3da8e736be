//! A checker that is not the planner: it reads a plan's steps against the state, shares no code with the planner, and
//! must find nothing wrong.

use std::collections::{BTreeSet, HashMap, HashSet};

use bbws_model::{Action, Address, Deposed, Finding, Kinds, Reason, Severity, State, Step, pointers};

/// Everything that is wrong with a plan's steps. Empty for every plan that may be executed.
#[must_use]
pub fn check(steps: &[Step], state: &State, kinds: &Kinds) -> Vec<Finding> {
    let paths = Paths::of(steps);
    check_along(&paths, steps, state, kinds)
}

fn check_along(paths: &Paths, steps: &[Step], state: &State, kinds: &Kinds) -> Vec<Finding> {
    let mut wrong = vec![];
    let mut say = |step: &Step, summary: String| {
        wrong.push(
            Finding::new(Severity::Error, format!("step {}: {summary}", step.id))
                .at(&step.address)
                .advise("this is a bug in bbws: nothing was changed"),
        );
    };
    let held = Held::of(steps, state);
    let mut acted: HashSet<(&Address, &str)> = HashSet::new();
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
        if let Action::Adopt { have, want, asked: true, .. } = &step.action
            && (have != want || entry.is_some())
        {
            say(step, "it takes an object that somebody asked for, and does more to it than that".into());
        }
        if let Action::Adopt { id, have, .. } = &step.action
            && let Some(other) = state.recorded_elsewhere(step.address.kind(), (id, have), &step.address)
        {
            say(step, format!("it takes {id}, which is recorded as {other}"));
        }
        match &step.action {
            Action::Create { want, .. } | Action::Update { want, .. } | Action::Adopt { want, .. } => {
                for pointer in pointers(want) {
                    let made = held.steps_of(&pointer.to).any(|(at, s)| makes(&s.action) && paths.lead(at, place));
                    let stays =
                        state.entries.contains_key(&pointer.to) && !held.steps_of(&pointer.to).any(|(_, s)| makes(&s.action) || leaves(s));
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
                let copies = |s: &Step| matches!(s.action, Action::Backup { .. });
                let copied = held.steps_of(&step.address).any(|(at, s)| copies(s) && paths.lead(at, place));
                let current = entry.is_some_and(|e| e.id == *id);
                if current && kinds.backup(step.address.kind()).is_some_and(|rule| rule.left_by_delete.is_none()) && !copied {
                    say(step, "it deletes data without copying it first".into());
                }
                for holder in held.holders(&step.address).iter().filter(|_| current) {
                    let goes = held.steps_of(holder).any(|(at, s)| lets_go(s, state) && paths.lead(at, place));
                    // What is no longer there holds nothing.
                    let missing = held.steps_of(holder).any(|(_, s)| s.reason == Reason::Missing);
                    let soft = kinds.get(holder.kind()).is_some_and(|k| k.facts().soft_on.contains(&step.address.kind()));
                    if !(goes || missing || soft) {
                        say(step, format!("it deletes what {holder} still holds"));
                    }
                }
                for (holder, old) in held.former_holders(&step.address) {
                    let ends = |s: &Step| matches!(&s.action, Action::Delete { id, .. } if *id == old.id);
                    let first = held.steps_of(holder).any(|(at, s)| ends(s) && paths.lead(at, place));
                    if !ends(step) && !first {
                        say(step, format!("it deletes what the former {holder} ({}) still holds", old.id));
                    }
                }
            }
            Action::Forget { .. } | Action::Rename { .. } | Action::Backup { .. } => {}
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

/// Whether a step ends the object that the state records, or lets it go of what it refers to.
fn lets_go(step: &Step, state: &State) -> bool {
    match &step.action {
        Action::Delete { id, .. } => state.entries.get(&step.address).is_some_and(|entry| entry.id == *id),
        Action::Update { .. } | Action::Forget { .. } => true,
        Action::Create { .. } | Action::Adopt { .. } | Action::Rename { .. } | Action::Backup { .. } => false,
    }
}

/// Who holds whom by the state, and what is done to each: put together once, for questions about single resources.
/// Looked up only, never walked: nothing depends on the order of a hash map.
struct Held<'a> {
    steps: HashMap<&'a Address, Vec<(usize, &'a Step)>>,
    holders: HashMap<&'a Address, Vec<&'a Address>>,
    former: HashMap<&'a Address, Vec<(&'a Address, &'a Deposed)>>,
}

impl<'a> Held<'a> {
    fn of(steps: &'a [Step], state: &'a State) -> Self {
        let mut held = Self { steps: HashMap::new(), holders: HashMap::new(), former: HashMap::new() };
        for (place, step) in steps.iter().enumerate() {
            held.steps.entry(&step.address).or_default().push((place, step));
        }
        for (holder, entry) in &state.entries {
            for other in entry.dependencies.iter().collect::<BTreeSet<_>>() {
                held.holders.entry(other).or_default().push(holder);
            }
            for old in &entry.deposed {
                for other in old.dependencies.iter().collect::<BTreeSet<_>>() {
                    held.former.entry(other).or_default().push((holder, old));
                }
            }
        }
        held
    }

    fn steps_of(&self, address: &Address) -> impl Iterator<Item = (usize, &'a Step)> {
        self.steps.get(address).into_iter().flatten().copied()
    }

    fn holders(&self, address: &Address) -> &[&'a Address] {
        self.holders.get(address).map(Vec::as_slice).unwrap_or_default()
    }

    fn former_holders(&self, address: &Address) -> &[(&'a Address, &'a Deposed)] {
        self.former.get(address).map(Vec::as_slice).unwrap_or_default()
    }
}

/// Which steps come before which, at any distance. Nothing is worked out before it is asked: almost every question is
/// about neighbours.
struct Paths {
    firsts: Vec<Vec<usize>>,
    #[cfg(test)]
    looks: std::cell::Cell<usize>,
}

impl Paths {
    /// Only what stands before a step counts as coming before it.
    fn of(steps: &[Step]) -> Self {
        let before = |(place, step): (usize, &Step)| {
            let firsts: BTreeSet<usize> = step.after.iter().map(|a| a.step.0).filter(|first| *first < place).collect();
            firsts.into_iter().collect()
        };
        Self::among(steps.iter().enumerate().map(before).collect())
    }

    /// `firsts` holds the neighbours before each step, in order.
    fn among(firsts: Vec<Vec<usize>>) -> Self {
        Self {
            firsts,
            #[cfg(test)]
            looks: std::cell::Cell::default(),
        }
    }

    /// The neighbours before a step.
    fn firsts(&self, step: usize) -> &[usize] {
        #[cfg(test)]
        self.looks.set(self.looks.get() + 1);
        &self.firsts[step]
    }

    /// Whether the step at `first` comes before the one at `then`.
    fn lead(&self, first: usize, then: usize) -> bool {
        if first >= then {
            return false;
        }
        if self.firsts(then).binary_search(&first).is_ok() {
            return true;
        }
        let (mut seen, mut left) = (BTreeSet::new(), vec![then]);
        while let Some(here) = left.pop() {
            // Nothing at a place before `first` can come after it.
            for next in self.firsts(here).iter().copied().filter(|next| *next >= first) {
                if next == first {
                    return true;
                }
                if seen.insert(next) {
                    left.push(next);
                }
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bbws_model::{After, MeterDelta, StepId, Until};
    use proptest::prelude::*;
    use serde_json::json;

    /// Everything made on one ground, each on the one before it too; and how often the check looked at a step's neighbours.
    fn looks(count: usize) -> usize {
        let to = |n: usize| json!({"$ref": format!("a.n{n}"), "output": "id"});
        let firsts = |n: usize| if n == 0 { BTreeSet::new() } else { BTreeSet::from([0, n - 1]) };
        let step = |n: usize| Step {
            id: StepId(n),
            address: Address::new("a", &format!("n{n}")).unwrap(),
            action: Action::Create { want: firsts(n).into_iter().map(to).collect(), renamed: None },
            reason: Reason::Declared,
            risks: vec![],
            after: firsts(n).into_iter().map(|first| After { step: StepId(first), until: Until::Done }).collect(),
            dependencies: vec![],
            pair: None,
            meters: MeterDelta::default(),
        };
        let steps: Vec<Step> = (0..count).map(step).collect();
        let paths = Paths::of(&steps);
        assert_eq!(check_along(&paths, &steps, &State::empty("l"), &Kinds::new()), vec![]);
        paths.looks.get()
    }

    #[test]
    fn twice_as_much_is_checked_with_twice_as_many_looks() {
        let (one, two) = (looks(1_000), looks(2_000));
        assert!(one >= 1_000 && two * 10 <= one * 23, "{one} looks, then {two}");
    }

    proptest! {
        /// The question of one pair is answered as by the closure of all.
        #[test]
        fn a_path_is_found_where_there_is_one(edges in proptest::collection::vec((0usize..12, 0usize..12), 0..30)) {
            let mut firsts = vec![vec![]; 12];
            for (first, then) in edges.iter().filter(|(first, then)| first < then) {
                firsts[*then].push(*first);
            }
            firsts.iter_mut().for_each(|firsts| firsts.sort());
            let mut all: Vec<BTreeSet<usize>> = vec![];
            for firsts in &firsts {
                all.push(firsts.iter().flat_map(|first| all[*first].iter().copied().chain([*first])).collect());
            }
            let paths = Paths::among(firsts);
            for (then, before) in all.iter().enumerate() {
                for first in 0..12 {
                    prop_assert_eq!(paths.lead(first, then), before.contains(&first));
                }
            }
        }
    }
}

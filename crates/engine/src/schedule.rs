//! Which steps may start now: a state machine without I/O, fed with what has become known, finished or failed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bbws_model::{Action, After, Kinds, Step, StepId, Until};

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Waiting,
    Running,
    Done,
    Failed,
    Skipped,
}

/// Which steps may start, which were skipped, and whether all is over.
#[derive(Debug)]
pub struct Schedule {
    after: Vec<Vec<After>>,
    dependants: Vec<Vec<StepId>>,
    places: Vec<Place>,
    known: BTreeMap<StepId, BTreeSet<String>>,
    /// The longest expected way from a step to the end, itself included.
    remaining: Vec<Duration>,
    stopped: bool,
}

impl Schedule {
    /// A schedule of these steps, of which none has begun. Each stands after all it comes after.
    #[must_use]
    pub fn new(steps: &[Step], kinds: &Kinds) -> Self {
        let mut dependants = vec![vec![]; steps.len()];
        for step in steps {
            for first in step.after.iter().map(|a| a.step).collect::<BTreeSet<_>>() {
                dependants[first.0].push(step.id);
            }
        }
        let mut remaining = vec![Duration::ZERO; steps.len()];
        for step in steps.iter().rev() {
            let longest = dependants[step.id.0].iter().map(|d| remaining[d.0]).max().unwrap_or_default();
            remaining[step.id.0] = longest + expected(step, kinds);
        }
        Self {
            after: steps.iter().map(|s| s.after.clone()).collect(),
            dependants,
            places: vec![Place::Waiting; steps.len()],
            known: BTreeMap::new(),
            remaining,
            stopped: false,
        }
    }

    /// The steps that may start now, the one with the longest way ahead first. They count as started.
    pub fn start(&mut self) -> Vec<StepId> {
        if self.stopped {
            return vec![];
        }
        let may = |step: &StepId| self.places[step.0] == Place::Waiting && self.after[step.0].iter().all(|a| self.is_met(a));
        let mut ready: Vec<StepId> = (0..self.places.len()).map(StepId).filter(may).collect();
        ready.sort_by_key(|step| (std::cmp::Reverse(self.remaining[step.0]), *step));
        for step in &ready {
            self.places[step.0] = Place::Running;
        }
        ready
    }

    fn is_met(&self, after: &After) -> bool {
        match (&after.until, self.places[after.step.0]) {
            (_, Place::Done) => true,
            (Until::Known(output), Place::Running) => self.known.get(&after.step).is_some_and(|known| known.contains(output)),
            (_, Place::Waiting | Place::Running | Place::Failed | Place::Skipped) => false,
        }
    }

    /// An output of a running step is known.
    pub fn known(&mut self, step: StepId, output: &str) {
        self.known.entry(step).or_default().insert(output.to_owned());
    }

    /// A step is finished.
    pub fn finished(&mut self, step: StepId) {
        self.places[step.0] = Place::Done;
    }

    /// A step has failed. Answers all that will not begin because of it; what is running goes on.
    pub fn failed(&mut self, step: StepId) -> Vec<StepId> {
        self.places[step.0] = Place::Failed;
        let (mut skipped, mut left) = (vec![], vec![step]);
        while let Some(failed) = left.pop() {
            for dependant in &self.dependants[failed.0] {
                if self.places[dependant.0] == Place::Waiting {
                    self.places[dependant.0] = Place::Skipped;
                    skipped.push(*dependant);
                    left.push(*dependant);
                }
            }
        }
        skipped.sort();
        skipped
    }

    /// Starts nothing new from now on. Answers all that will not begin.
    pub fn stop(&mut self) -> Vec<StepId> {
        self.stopped = true;
        (0..self.places.len()).map(StepId).filter(|s| self.places[s.0] == Place::Waiting).collect()
    }

    /// Whether nothing runs and nothing may start.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        let over = |place: &Place| *place != Place::Running && (self.stopped || *place != Place::Waiting);
        self.places.iter().all(over)
    }

    /// The expected length of the whole: its critical path.
    #[must_use]
    pub fn critical_path(&self) -> Duration {
        self.remaining.iter().max().copied().unwrap_or_default()
    }
}

/// How long a step is expected to take, by its kind's own account.
#[must_use]
pub fn expected(step: &Step, kinds: &Kinds) -> Duration {
    let durations = |kind: &str| kinds.get(kind).map(|k| k.facts().durations);
    let of = durations(step.address.kind());
    match &step.action {
        Action::Create { .. } => of.map(|d| d.create),
        Action::Update { .. } | Action::Adopt { .. } => of.map(|d| d.update),
        Action::Delete { .. } => of.map(|d| d.delete),
        Action::Backup { kind, .. } => durations(kind).map(|d| d.create),
        Action::Forget { .. } | Action::Rename { .. } => None,
    }
    .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bbws_model::{Address, MeterDelta, Reason};
    use proptest::prelude::*;
    use serde_json::json;

    fn step(id: usize, after: &[(usize, Until)]) -> Step {
        Step {
            id: StepId(id),
            address: Address::new("toy", &format!("s{id}")).unwrap(),
            action: Action::Create { want: json!({}), renamed: None },
            reason: Reason::Declared,
            risks: vec![],
            after: after.iter().map(|(first, until)| After { step: StepId(*first), until: until.clone() }).collect(),
            dependencies: vec![],
            pair: None,
            meters: MeterDelta::default(),
        }
    }

    fn known(output: &str) -> Until {
        Until::Known(output.into())
    }

    #[test]
    fn a_dependant_starts_when_its_output_is_known() {
        let mut schedule = Schedule::new(&[step(0, &[]), step(1, &[(0, known("id"))]), step(2, &[(0, Until::Done)])], &Kinds::new());
        assert_eq!(schedule.start(), [StepId(0)]);
        assert_eq!(schedule.start(), []);
        schedule.known(StepId(0), "id");
        assert_eq!(schedule.start(), [StepId(1)]);
        schedule.finished(StepId(0));
        assert_eq!(schedule.start(), [StepId(2)]);
        schedule.finished(StepId(1));
        assert!(!schedule.is_settled());
        schedule.finished(StepId(2));
        assert!(schedule.is_settled());
    }

    #[test]
    fn what_stands_on_a_failure_is_skipped_and_the_rest_goes_on() {
        let steps = [step(0, &[]), step(1, &[(0, Until::Done)]), step(2, &[(1, Until::Done)]), step(3, &[])];
        let mut schedule = Schedule::new(&steps, &Kinds::new());
        schedule.start();
        assert_eq!(schedule.failed(StepId(0)), [StepId(1), StepId(2)]);
        assert!(!schedule.is_settled(), "an independent step still runs");
        schedule.finished(StepId(3));
        assert!(schedule.is_settled());
    }

    #[test]
    fn after_a_stop_nothing_new_begins() {
        let mut schedule = Schedule::new(&[step(0, &[]), step(1, &[(0, Until::Done)])], &Kinds::new());
        schedule.start();
        assert_eq!(schedule.stop(), [StepId(1)]);
        schedule.finished(StepId(0));
        assert_eq!(schedule.start(), []);
        assert!(schedule.is_settled());
    }

    proptest! {
        /// Whatever fails, every step ends exactly once, and none begins before all it comes after is done.
        #[test]
        fn every_step_ends_once(edges in proptest::collection::vec((0usize..20, 0usize..20), 0..60), fails in proptest::collection::btree_set(0usize..20, 0..6)) {
            let steps: Vec<Step> = (0..20)
                .map(|id| step(id, &edges.iter().filter(|(_, to)| *to == id).filter(|(from, _)| *from < id).map(|(from, _)| (*from, Until::Done)).collect::<Vec<_>>()))
                .collect();
            let mut schedule = Schedule::new(&steps, &Kinds::new());
            let (mut done, mut ended) = (BTreeSet::new(), BTreeSet::new());
            loop {
                let ready = schedule.start();
                if ready.is_empty() { break }
                for id in ready {
                    prop_assert!(steps[id.0].after.iter().all(|a| done.contains(&a.step)));
                    prop_assert!(ended.insert(id));
                    if fails.contains(&id.0) {
                        for skipped in schedule.failed(id) { prop_assert!(ended.insert(skipped)); }
                    } else {
                        schedule.finished(id);
                        done.insert(id);
                    }
                }
            }
            prop_assert!(schedule.is_settled());
            prop_assert_eq!(ended.len(), 20);
        }
    }
}

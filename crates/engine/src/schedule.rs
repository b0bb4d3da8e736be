//! Which steps may start now: a state machine without I/O, fed with what has become known, finished or failed.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bbws_model::{Action, Kinds, Step, StepId, Until};

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Waiting,
    Running,
    Done,
    Failed,
    Skipped,
}

/// Which steps may start, which were skipped, and whether all is over. Each thing that happens costs as much as there are
/// steps that wait for it, not as there are steps.
#[derive(Debug)]
pub struct Schedule {
    /// The steps that wait for each step, and for what of it.
    waiting: Vec<Vec<(StepId, Until)>>,
    /// How much each step still waits for.
    unmet: Vec<usize>,
    places: Vec<Place>,
    known: BTreeMap<StepId, BTreeSet<String>>,
    /// The longest expected way from a step to the end, itself included.
    remaining: Vec<Duration>,
    /// What waits for nothing more, the longest way ahead first.
    ready: BTreeSet<(Reverse<Duration>, StepId)>,
    stopped: bool,
    running: usize,
    to_begin: usize,
}

impl Schedule {
    /// A schedule of these steps, of which none has begun. Each stands after all it comes after.
    #[must_use]
    pub fn new(steps: &[Step], kinds: &Kinds) -> Self {
        let mut waiting = vec![vec![]; steps.len()];
        for step in steps {
            for after in &step.after {
                waiting[after.step.0].push((step.id, after.until.clone()));
            }
        }
        let mut remaining = vec![Duration::ZERO; steps.len()];
        for step in steps.iter().rev() {
            let longest = waiting[step.id.0].iter().map(|(then, _)| remaining[then.0]).max().unwrap_or_default();
            remaining[step.id.0] = longest + expected(step, kinds);
        }
        let first = steps.iter().filter(|step| step.after.is_empty()).map(|step| (Reverse(remaining[step.id.0]), step.id));
        Self {
            ready: first.collect(),
            unmet: steps.iter().map(|step| step.after.len()).collect(),
            waiting,
            places: vec![Place::Waiting; steps.len()],
            known: BTreeMap::new(),
            remaining,
            stopped: false,
            running: 0,
            to_begin: steps.len(),
        }
    }

    /// The steps that may start now, the one with the longest way ahead first. They count as started.
    pub fn start(&mut self) -> Vec<StepId> {
        if self.stopped {
            return vec![];
        }
        let ready = std::mem::take(&mut self.ready).into_iter().map(|(_, step)| step);
        let ready: Vec<StepId> = ready.filter(|step| self.places[step.0] == Place::Waiting).collect();
        for step in &ready {
            self.places[step.0] = Place::Running;
        }
        self.running += ready.len();
        self.to_begin -= ready.len();
        ready
    }

    /// One thing less that a step waits for.
    fn met(&mut self, step: StepId) {
        self.unmet[step.0] -= 1;
        if self.unmet[step.0] == 0 {
            self.ready.insert((Reverse(self.remaining[step.0]), step));
        }
    }

    /// An output of a running step is known. Of a step that does not run it says nothing.
    pub fn known(&mut self, step: StepId, output: &str) {
        if self.places[step.0] != Place::Running || !self.known.entry(step).or_default().insert(output.to_owned()) {
            return;
        }
        let now = |(then, until): &(StepId, Until)| (*until == Until::Known(output.to_owned())).then_some(*then);
        for then in self.waiting[step.0].iter().filter_map(now).collect::<Vec<_>>() {
            self.met(then);
        }
    }

    /// A running step is finished.
    pub fn finished(&mut self, step: StepId) {
        if self.places[step.0] != Place::Running {
            return;
        }
        (self.places[step.0], self.running) = (Place::Done, self.running - 1);
        let known = self.known.remove(&step).unwrap_or_default();
        let unmet = |until: &Until| !matches!(until, Until::Known(output) if known.contains(output));
        for (then, until) in std::mem::take(&mut self.waiting[step.0]) {
            if unmet(&until) {
                self.met(then);
            }
        }
    }

    /// A running step has failed. Answers all that will not begin because of it; what is running goes on.
    pub fn failed(&mut self, step: StepId) -> Vec<StepId> {
        if self.places[step.0] != Place::Running {
            return vec![];
        }
        (self.places[step.0], self.running) = (Place::Failed, self.running - 1);
        let (mut skipped, mut left) = (vec![], vec![step]);
        while let Some(failed) = left.pop() {
            for (then, _) in &self.waiting[failed.0] {
                if self.places[then.0] == Place::Waiting {
                    self.places[then.0] = Place::Skipped;
                    skipped.push(*then);
                    left.push(*then);
                }
            }
        }
        self.to_begin -= skipped.len();
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
        self.running == 0 && (self.stopped || self.to_begin == 0)
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
    use bbws_model::{Address, After, MeterDelta, Reason};
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
        assert_eq!(schedule.start(), [StepId(0), StepId(3)]);
        assert_eq!(schedule.failed(StepId(0)), [StepId(1), StepId(2)]);
        assert!(!schedule.is_settled(), "an independent step still runs");
        schedule.finished(StepId(3));
        assert!(schedule.is_settled());
    }

    #[test]
    fn what_is_known_and_then_finished_counts_once() {
        let two = [(0, known("id")), (0, known("arn")), (1, Until::Done)];
        let mut schedule = Schedule::new(&[step(0, &[]), step(1, &[]), step(2, &two)], &Kinds::new());
        schedule.start();
        schedule.known(StepId(0), "id");
        schedule.known(StepId(0), "id");
        schedule.finished(StepId(0));
        assert_eq!(schedule.start(), [], "it waits for the other still");
        schedule.finished(StepId(1));
        assert_eq!(schedule.start(), [StepId(2)]);
    }

    #[test]
    fn what_was_free_to_start_is_skipped_when_what_it_stands_on_fails() {
        let mut schedule = Schedule::new(&[step(0, &[]), step(1, &[(0, known("id"))])], &Kinds::new());
        schedule.start();
        schedule.known(StepId(0), "id");
        assert_eq!(schedule.failed(StepId(0)), [StepId(1)]);
        assert_eq!(schedule.start(), []);
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

//! What is known of a run so far.

use std::collections::BTreeMap;
use std::time::Duration;

use bbws_engine::expected;
use bbws_model::{Address, Event, Kinds, Phase, Plan, Stamped, StepId, Why};

use super::ahead::Ahead;
use crate::part::Part;
use crate::words::span;

/// What is known of a run so far. Fold every event into it, and ask for a frame as often as the screen is drawn.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    pub(super) total: usize,
    pub(super) tasks: BTreeMap<StepId, Task>,
    pub(super) stopping: Option<Why>,
    pub(super) settling: Option<(usize, Duration)>,
    /// What has failed, each with what AWS calls it.
    pub(super) failures: Vec<(Address, String)>,
    planned: bool,
    finished: bool,
}

/// One step of the plan.
#[derive(Debug, Clone)]
pub(super) struct Task {
    pub(super) address: Address,
    pub(super) part: Part,
    pub(super) verb: String,
    pub(super) expected: Duration,
    pub(super) after: Vec<StepId>,
    pub(super) place: Place,
}

/// How far a step is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Waiting,
    Running { since: Duration, now: String },
    Done,
    Failed,
    Skipped,
}

impl Place {
    pub(super) fn is_running(&self) -> bool {
        matches!(self, Self::Running { .. })
    }
}

impl Task {
    /// When it began.
    pub(super) fn since(&self) -> Duration {
        match self.place {
            Place::Running { since, .. } => since,
            Place::Waiting | Place::Done | Place::Failed | Place::Skipped => Duration::ZERO,
        }
    }
}

impl Progress {
    /// Nothing has happened yet; so many steps are to be taken. What they are, and in what order, is not known: no parts are told,
    /// and not how long it will take.
    #[must_use]
    pub fn new(steps: usize) -> Self {
        Self { total: steps, ..Self::default() }
    }

    /// Nothing of this plan has happened yet.
    #[must_use]
    pub fn of(plan: &Plan, kinds: &Kinds) -> Self {
        let task = |step: &bbws_model::Step| Task {
            address: step.address.clone(),
            part: Part::of(step.address.kind(), kinds),
            verb: step.action.verb().into(),
            expected: expected(step, kinds),
            after: step.after.iter().map(|after| after.step).collect(),
            place: Place::Waiting,
        };
        let tasks = plan.steps.iter().map(|step| (step.id, task(step))).collect();
        Self { total: plan.steps.len(), tasks, planned: true, ..Self::default() }
    }

    /// Takes one event in.
    pub fn fold(&mut self, stamped: &Stamped) {
        match &stamped.event {
            Event::StepStarted { step, address, verb, expected } => {
                let task = self.task(*step, address);
                (task.verb, task.expected) = (verb.clone(), *expected);
                task.place = Place::Running { since: stamped.elapsed, now: String::new() };
            }
            Event::StepWaiting { step, phase, .. } => self.says(*step, || match phase {
                Phase::Pending(why) => why.clone(),
                Phase::Ready => "completing".into(),
                Phase::Leaving => "going".into(),
                Phase::Failed(why) => format!("failed: {why}"),
            }),
            Event::StepRetrying { step, error, after, .. } => {
                self.says(*step, || format!("{}, again in {}", error.code_or_class(), span(*after)));
            }
            Event::StepFinished { step, address, .. } => self.task(*step, address).place = Place::Done,
            Event::StepFailed { step, address, error } => {
                self.task(*step, address).place = Place::Failed;
                self.failures.push((address.clone(), error.code_or_class()));
            }
            Event::StepSkipped { step, address, .. } => self.task(*step, address).place = Place::Skipped,
            Event::Settling { requests, left } => self.settling = Some((*requests, stamped.elapsed + *left)),
            Event::Stopping { why } => self.stopping = Some(*why),
            Event::RunFinished { .. } => self.finished = true,
            Event::RunStarted { .. } | Event::Observed { .. } | Event::Planned { .. } | Event::StateSaved { .. } => {}
        }
    }

    fn task(&mut self, step: StepId, address: &Address) -> &mut Task {
        self.tasks.entry(step).or_insert_with(|| Task {
            address: address.clone(),
            part: Part::Other,
            verb: String::new(),
            expected: Duration::ZERO,
            after: vec![],
            place: Place::Waiting,
        })
    }

    fn says(&mut self, step: StepId, what: impl FnOnce() -> String) {
        if let Some(Task { place: Place::Running { now, .. }, .. }) = self.tasks.get_mut(&step) {
            *now = what();
        }
    }

    /// Whether the run is over: nothing needs to be drawn any more.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.finished
    }

    /// Whether all steps are known from the start.
    pub(super) fn is_planned(&self) -> bool {
        self.planned
    }

    pub(super) fn ahead(&self, elapsed: Duration) -> Ahead {
        if self.planned { Ahead::of(&self.tasks, elapsed) } else { Ahead::default() }
    }

    pub(super) fn running(&self) -> impl Iterator<Item = &Task> {
        self.tasks.values().filter(|task| task.place.is_running())
    }

    pub(super) fn count(&self, place: Place) -> usize {
        self.tasks.values().filter(|task| task.place == place).count()
    }
}

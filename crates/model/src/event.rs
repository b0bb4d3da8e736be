//! What happens during a run, in order. Observers cannot steer.

use std::time::Duration;

use crate::{Address, CloudError, Mode, Phase, RunId, StepId};

/// How many of each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Objects to be or being made.
    pub add: usize,
    /// Objects changed in place.
    pub change: usize,
    /// Objects replaced by new ones.
    pub replace: usize,
    /// Objects removed.
    pub destroy: usize,
    /// Objects taken under management.
    pub adopt: usize,
    /// Resources no longer managed, their objects left alone.
    pub forget: usize,
    /// Copies of data.
    pub backup: usize,
    /// How many steps can lose data.
    pub data_loss: usize,
    /// How many steps can cause downtime.
    pub downtime: usize,
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq)]
pub enum StepOutcome {
    /// As wanted.
    Done,
    /// With an error.
    Failed(CloudError),
    /// Not begun, because of another step.
    Skipped(StepId),
    /// Not begun or not finished, because the run was stopped.
    Stopped,
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Every step was done.
    Done,
    /// Some step failed; what exists is recorded.
    Failed,
    /// It was told to stop; what exists is recorded.
    Stopped,
    /// Another run has taken the environment.
    Fenced,
}

impl Outcome {
    /// How it ended, in one word, as the log's last slot has it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
            Self::Fenced => "fenced",
        }
    }
}

/// Why a run is stopping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// Told to finish what is in flight and start nothing new.
    Drain,
    /// Told to leave at once.
    Abort,
    /// Another run has taken the environment.
    Fenced,
    /// The credentials have expired.
    Credentials,
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A run has begun.
    RunStarted {
        /// The environment.
        environment: String,
        /// The run.
        run: RunId,
        /// What it is for.
        mode: Mode,
    },
    /// The account has been looked at.
    Observed {
        /// How many resources were looked for.
        resources: usize,
        /// With how many calls.
        calls: usize,
    },
    /// A plan has been made.
    Planned {
        /// What it would do.
        counts: Counts,
    },
    /// A step has begun.
    StepStarted {
        /// Which.
        step: StepId,
        /// The resource.
        address: Address,
        /// What is done to it, in one word: create, update, delete, adopt, forget, rename, backup.
        verb: String,
        /// How long it is expected to take.
        expected: Duration,
    },
    /// A step waits for AWS.
    StepWaiting {
        /// Which.
        step: StepId,
        /// The resource.
        address: Address,
        /// How far the object is.
        phase: Phase,
        /// How long it has waited.
        waited: Duration,
    },
    /// A step's call failed and will be repeated.
    StepRetrying {
        /// Which.
        step: StepId,
        /// The resource.
        address: Address,
        /// Why it failed.
        error: CloudError,
        /// When it is repeated.
        after: Duration,
    },
    /// A step is done.
    StepFinished {
        /// Which.
        step: StepId,
        /// The resource.
        address: Address,
        /// How long it took.
        took: Duration,
        /// How much of that AWS took: calls in flight and waiting.
        aws: Duration,
    },
    /// A step has failed.
    StepFailed {
        /// Which.
        step: StepId,
        /// The resource.
        address: Address,
        /// Why.
        error: CloudError,
    },
    /// A step was not begun.
    StepSkipped {
        /// Which.
        step: StepId,
        /// The resource.
        address: Address,
        /// The step that failed; none when the run was stopped.
        because: Option<StepId>,
    },
    /// The log has grown.
    StateSaved {
        /// Up to which slot.
        seq: u64,
        /// How often the resources have changed.
        serial: u64,
    },
    /// All steps are done; requests of earlier runs, at addresses without a step, may still arrive.
    Settling {
        /// How many.
        requests: usize,
        /// After how long none of them can arrive any more.
        left: Duration,
    },
    /// The run begins to stop.
    Stopping {
        /// Why.
        why: Why,
    },
    /// The run is over.
    RunFinished {
        /// How.
        outcome: Outcome,
        /// What was done.
        counts: Counts,
        /// How long it took.
        took: Duration,
        /// How much of that was spent with no call in flight and nothing to wait for: bbws's own share.
        own: Duration,
    },
}

/// An event with its time.
#[derive(Debug, Clone, PartialEq)]
pub struct Stamped {
    /// When it happened.
    pub at: jiff::Timestamp,
    /// How long after the run began.
    pub elapsed: Duration,
    /// What happened.
    pub event: Event,
}

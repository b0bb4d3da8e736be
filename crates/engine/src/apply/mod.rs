//! Apply: executes a plan, and decides nothing but when to try again.
//!
//! One task runs all steps side by side; dropping it is a crash, and loses nothing that the log needs.

mod busy;
mod credentials;
mod delete;
mod earlier;
mod flight;
mod form;
mod hub;
mod make;
mod pace;
mod retry;
mod send;
mod settle;
mod work;

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bbws_model::{Class, CloudError, Counts, Event, Kinds, Outcome, Owner, Plan, Step, StepId, Why};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::sync::{mpsc, watch};

use crate::schedule::{Schedule, expected};
use crate::{Clock, Credentials, Drivers, Ids, Log, LogError, Reporter, publish};

pub use settle::{look_back, looking_back, may_be_doubled};
use work::Work;

/// What somebody outside asks of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// To go on.
    Go,
    /// To finish the requests in flight and start nothing new; waits are left.
    Drain,
    /// To leave everything at once. What was in flight is settled by the next run.
    Abort,
}

impl Control {
    /// Waits until a run is asked for anything but to go on. Never comes where nobody is left to ask.
    pub async fn stopped(asked: &mut watch::Receiver<Self>) {
        if asked.wait_for(|asked| *asked != Self::Go).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// The code of a request that was written down and then needed not be sent: nobody has refused it.
pub(crate) const NOTHING_TO_SEND: &str = "nothing-to-send";

/// How long a look may show what was before a request that AWS has accepted.
const STALE: Duration = Duration::from_secs(30);

/// Whether the process of a run is known to be gone.
pub type Gone<'a> = dyn Fn(&Owner) -> bool + Sync + 'a;

/// All that a run needs.
pub struct Run<'a> {
    /// What to do.
    pub plan: &'a Plan,
    /// The environment, which this run holds.
    pub log: &'a Log,
    /// How things are done.
    pub drivers: &'a Arc<Drivers>,
    /// What things are.
    pub kinds: &'a Kinds,
    /// Time.
    pub clock: &'a dyn Clock,
    /// Unique ids.
    pub ids: &'a dyn Ids,
    /// Whether the process of an earlier run is known to be gone: its requests can arrive for a shorter time.
    pub gone: &'a Gone<'a>,
    /// What requests are signed with.
    pub credentials: &'a dyn Credentials,
    /// What somebody outside asks.
    pub control: watch::Receiver<Control>,
    /// Who is told.
    pub reporter: Reporter<'a>,
}

impl std::fmt::Debug for Run<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run").field("log", &self.log).finish_non_exhaustive()
    }
}

/// Why a step did not come to its end.
#[derive(Debug, Clone, PartialEq)]
pub enum StepFailure {
    /// The cloud would not, or not in time.
    Cloud(CloudError),
    /// The log could not be written; nothing more is sent.
    Log(LogError),
    /// The run was told to stop.
    Stopped,
}

/// How a run went.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// How it ended.
    pub outcome: Outcome,
    /// What was done.
    pub done: Counts,
    /// The steps that failed.
    pub failed: BTreeMap<StepId, CloudError>,
    /// The steps that were not begun, each with the failed one that is to blame; none where the run was stopped.
    pub skipped: BTreeMap<StepId, Option<StepId>>,
    /// The steps that were begun and left because the run was stopped.
    pub left: Vec<StepId>,
    /// Why the log could not be written, if it could not.
    pub log: Option<LogError>,
    /// How long it took.
    pub took: Duration,
    /// How much of that no call was in flight and nothing was waited for: bbws's own share.
    pub own: Duration,
}

/// Executes a plan. The environment stays held: the caller closes the log.
pub async fn apply(run: Run<'_>) -> Report {
    let Run { plan, log, drivers, kinds, clock, ids, gone, credentials, mut control, reporter } = run;
    let (known, mut learned) = mpsc::unbounded_channel();
    let work = Work::new(plan, log, drivers, kinds, (clock, ids), (gone, credentials), control.clone(), reporter, known);
    let mut schedule = Schedule::new(&plan.steps, kinds);
    let mut running = FuturesUnordered::new();
    let mut tally = Tally::default();
    let mut kept = Some(Box::pin(log.keep()));
    while !schedule.is_settled() {
        // Somebody else holds the environment: whatever was sent is for them to settle, and waiting only keeps a person waiting.
        if matches!(tally.log, Some(LogError::Fenced { .. })) {
            break;
        }
        if tally.log.is_some() {
            // It may hold the writer's turn, or be next, and nobody polls it any more.
            kept = None;
        }
        for id in schedule.start() {
            if let Some(step) = plan.step(id) {
                tally.running.push(id);
                work.tell(started(step, kinds));
                let work = &work;
                running.push(async move { (id, work.step(step).await) });
            }
        }
        tokio::select! {
            biased;
            asked = changed(&mut control) => {
                let why = if asked == Control::Abort { Why::Abort } else { Why::Drain };
                if tally.stopping != Some(why) {
                    tally.stopping = Some(why);
                    work.tell(Event::Stopping { why });
                    tally.stop(schedule.stop(), plan, &work);
                }
                if asked == Control::Abort {
                    break;
                }
            }
            lost = lost(&mut kept) => tally.lost(lost, &mut schedule, plan, &work),
            Some((step, output)) = learned.recv() => schedule.known(step, &output),
            Some((id, ended)) = running.next() => {
                // What it has learned before it ended counts first.
                while let Ok((step, output)) = learned.try_recv() {
                    schedule.known(step, &output);
                }
                tally.running.retain(|running| *running != id);
                tally.ended(id, ended, &mut schedule, plan, &work);
            }
        }
    }
    tally.left.append(&mut tally.running);
    // An abort, or fenced: dropped where they stand. What they have sent is open in the log.
    drop(running);
    // After a failure the next run does it.
    if tally.stopping.is_none() && tally.log.is_none() && tally.failed.is_empty() {
        tokio::select! {
            biased;
            lost = lost(&mut kept) => tally.lost(lost, &mut schedule, plan, &work),
            rest = work.settle_rest() => match rest {
                Ok(()) => {}
                Err(StepFailure::Log(error)) => tally.lost(error, &mut schedule, plan, &work),
                Err(StepFailure::Stopped) => tally.stopping = Some(Why::Drain),
                // What cannot be read now is still open for the next run.
                Err(StepFailure::Cloud(_)) => {}
            }
        }
    }
    // The same as above.
    drop(kept);
    tally.finish(plan, &work).await
}

/// Why what keeps the environment has ended; never, where nothing keeps it.
async fn lost(kept: &mut Option<Pin<Box<impl Future<Output = LogError>>>>) -> LogError {
    match kept {
        Some(kept) => kept.as_mut().await,
        None => std::future::pending().await,
    }
}

/// Waits until something else than to go on is asked, or more than before.
async fn changed(control: &mut watch::Receiver<Control>) -> Control {
    loop {
        if control.changed().await.is_err() {
            return std::future::pending().await;
        }
        let asked = *control.borrow_and_update();
        if asked != Control::Go {
            return asked;
        }
    }
}

fn started(step: &Step, kinds: &Kinds) -> Event {
    Event::StepStarted {
        step: step.id,
        address: step.address.clone(),
        verb: step.action.verb().to_owned(),
        expected: expected(step, kinds),
    }
}

/// What became of the steps so far.
#[derive(Default)]
struct Tally {
    running: Vec<StepId>,
    done: Vec<StepId>,
    failed: BTreeMap<StepId, CloudError>,
    skipped: BTreeMap<StepId, Option<StepId>>,
    left: Vec<StepId>,
    log: Option<LogError>,
    stopping: Option<Why>,
}

impl Tally {
    fn ended(&mut self, id: StepId, ended: Result<(), StepFailure>, schedule: &mut Schedule, plan: &Plan, work: &Work<'_>) {
        match ended {
            Ok(()) => {
                self.done.push(id);
                schedule.finished(id);
            }
            Err(StepFailure::Stopped) => {
                self.left.push(id);
                // Not a failure: nobody is skipped because of it, all is stopping anyway.
                schedule.finished(id);
            }
            Err(StepFailure::Cloud(error)) => {
                // Nothing else would fare better: it is stopped as if somebody had asked for it.
                if error.class == Class::Credentials && self.stopping.is_none() {
                    self.stopping = Some(Why::Credentials);
                    work.tell(Event::Stopping { why: Why::Credentials });
                    self.stop(schedule.stop(), plan, work);
                }
                self.failed.insert(id, error);
                for skipped in schedule.failed(id) {
                    self.skip(skipped, Some(id), plan, work);
                }
            }
            Err(StepFailure::Log(error)) => {
                self.left.push(id);
                schedule.finished(id);
                self.lost(error, schedule, plan, work);
            }
        }
    }

    /// The environment is lost, or cannot be written to: nothing more is begun.
    fn lost(&mut self, error: LogError, schedule: &mut Schedule, plan: &Plan, work: &Work<'_>) {
        if self.log.is_none() {
            self.log = Some(error);
            self.stopping = Some(Why::Fenced);
            work.tell(Event::Stopping { why: Why::Fenced });
            self.stop(schedule.stop(), plan, work);
        }
    }

    fn stop(&mut self, steps: Vec<StepId>, plan: &Plan, work: &Work<'_>) {
        for step in steps {
            self.skip(step, None, plan, work);
        }
    }

    fn skip(&mut self, id: StepId, because: Option<StepId>, plan: &Plan, work: &Work<'_>) {
        let (Some(step), None) = (plan.step(id), self.skipped.insert(id, because)) else { return };
        work.tell(Event::StepSkipped { step: id, address: step.address.clone(), because });
    }

    async fn finish(mut self, plan: &Plan, work: &Work<'_>) -> Report {
        let outputs = work.log.state(|state| {
            let outputs = publish(&plan.outputs, state);
            (outputs != state.outputs).then_some(outputs)
        });
        if let (Some(outputs), None) = (outputs, &self.log)
            && let Err(error) = work.log.append(vec![bbws_model::Record::Outputs(outputs)]).await
        {
            self.log = Some(error);
        }
        let done = counted(self.done.iter().filter_map(|id| plan.step(*id)));
        let outcome = match (&self.log, self.stopping, self.failed.is_empty() && self.left.is_empty()) {
            (Some(LogError::Fenced { .. }), ..) => Outcome::Fenced,
            (Some(_), ..) => Outcome::Failed,
            (None, Some(_), _) => Outcome::Stopped,
            (None, None, true) => Outcome::Done,
            (None, None, false) => Outcome::Failed,
        };
        let (took, own) = work.times();
        work.tell(Event::RunFinished { outcome, counts: done, took, own });
        let Self { failed, skipped, left, log, .. } = self;
        Report { outcome, done, failed, skipped, left, log, took, own }
    }
}

/// How many of each these steps are. A replacement counts once, by its create.
#[must_use]
pub fn counted<'a>(steps: impl Iterator<Item = &'a Step>) -> Counts {
    Counts::of(steps)
}

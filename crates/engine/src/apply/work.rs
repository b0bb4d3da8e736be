//! What all steps of a run share, and how one step goes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bbws_model::{
    Action, Address, AnyKind, Class, CloudError, Event, IntentId, Kinds, Known, Phase, PhysicalId, Plan, Pointer, Record, Seen, Step,
    StepId, pointers, resolve,
};
use serde_json::Value;
use tokio::sync::{OwnedMutexGuard, mpsc, watch};

use super::busy::Busy;
use super::credentials::Seal;
use super::flight::Flights;
use super::hub::Hub;
use super::pace::Buckets;
use super::send::Attempts;
use super::{Control, Gone, StepFailure};
use crate::lock::locked;
use crate::outputs::{known_in, recorded};
use crate::{Clock, Credentials, Drivers, Ids, Log, Place, Reporter};

/// For how long a read that fails for a passing reason is tried again.
const READ_PATIENCE: Duration = Duration::from_secs(120);
/// How often a step says again what it waits for.
const SAY_AGAIN: Duration = Duration::from_secs(30);
/// Nobody is polled more rarely: readiness is seen at most this much late.
const SLOWEST_POLL: Duration = Duration::from_secs(5);
/// Nobody is polled more often.
const FASTEST_POLL: Duration = Duration::from_secs(1);

/// What all steps of a run share.
pub(super) struct Work<'a> {
    pub(super) log: &'a Log,
    pub(super) drivers: &'a Drivers,
    pub(super) kinds: &'a Kinds,
    pub(super) clock: &'a dyn Clock,
    pub(super) ids: &'a dyn Ids,
    pub(super) buckets: Buckets,
    pub(super) busy: Busy<'a>,
    /// Until when requests may arrive of which it is not known what became.
    pub(super) flights: Flights,
    /// Whether requests can be signed.
    pub(super) sealed: Seal<'a>,
    /// Whose turn it is to settle what earlier runs left open at an address.
    pub(super) settling: Mutex<BTreeMap<Address, Arc<tokio::sync::Mutex<()>>>>,
    /// What requests of earlier runs have turned out to have made.
    pub(super) made: Mutex<BTreeMap<Address, PhysicalId>>,
    hub: Hub<'a>,
    control: watch::Receiver<Control>,
    reporter: Mutex<Reporter<'a>>,
    /// The addresses whose outputs this run brings forth: what the state records of them may be out of date.
    brings: BTreeSet<Address>,
    live: Mutex<BTreeMap<Address, BTreeMap<String, Value>>>,
    known: mpsc::UnboundedSender<(StepId, String)>,
    began: Duration,
}

impl<'a> Work<'a> {
    #[expect(clippy::too_many_arguments, reason = "the run's parts, taken over one by one")]
    pub(super) fn new(
        plan: &'a Plan,
        log: &'a Log,
        drivers: &'a Drivers,
        kinds: &'a Kinds,
        (clock, ids): (&'a dyn Clock, &'a dyn Ids),
        (gone, credentials): (&'a Gone<'a>, &'a dyn Credentials),
        control: watch::Receiver<Control>,
        reporter: Reporter<'a>,
        known: mpsc::UnboundedSender<(StepId, String)>,
    ) -> Self {
        let brings = plan.steps.iter().filter(|step| step.wants().is_some()).map(|step| step.address.clone()).collect();
        Self {
            log,
            drivers,
            kinds,
            clock,
            ids,
            buckets: Buckets::default(),
            busy: Busy::new(clock),
            flights: Flights::new(log, gone),
            sealed: Seal::new(credentials),
            settling: Mutex::default(),
            made: Mutex::default(),
            hub: Hub::new(drivers),
            control,
            reporter: Mutex::new(reporter),
            brings,
            live: Mutex::default(),
            known,
            began: clock.elapsed(),
        }
    }

    /// Takes one step.
    pub(super) async fn step(&self, step: &Step) -> Result<(), StepFailure> {
        let began = self.clock.elapsed();
        let busy = Mutex::new(Duration::ZERO);
        let mut task = Task { work: self, step, began, cloud: &busy, attempts: Attempts::default(), turn: None, own: began, said: None };
        let ended = task.take().await;
        // A failed step leaves no refusal open; what is ambiguous stays open for the next run.
        let ended = match (ended, task.attempts.give_up()) {
            (Err(failure), refusals) if !refusals.is_empty() && !matches!(failure, StepFailure::Log(_)) => {
                self.append(refusals).await.and(Err(failure))
            }
            (ended, _) => ended,
        };
        let address = step.address.clone();
        match &ended {
            Ok(()) => {
                let (took, aws) = (self.clock.elapsed().saturating_sub(began), *locked(&busy));
                self.tell(Event::StepFinished { step: step.id, address, took, aws });
            }
            Err(StepFailure::Cloud(error)) => self.tell(Event::StepFailed { step: step.id, address, error: error.clone() }),
            Err(StepFailure::Log(_) | StepFailure::Stopped) => {}
        }
        ended
    }

    /// When no request of an intent can arrive any more, by what is known now.
    pub(super) fn drained(&self, intent: &IntentId) -> Duration {
        self.flights.drained(intent, self.clock.elapsed())
    }

    pub(super) fn tell(&self, event: Event) {
        locked(&self.reporter).tell(event);
    }

    /// Writes records, where there are any, and tells that the log has grown.
    pub(super) async fn append(&self, records: Vec<Record>) -> Result<(), StepFailure> {
        if records.is_empty() {
            return Ok(());
        }
        self.log.append(records).await.map_err(StepFailure::Log)?;
        let (seq, serial) = self.log.state(|state| (state.seq, state.serial));
        self.tell(Event::StateSaved { seq, serial });
        Ok(())
    }

    /// How long the run has taken, and how much of that was bbws's own.
    pub(super) fn times(&self) -> (Duration, Duration) {
        let took = self.clock.elapsed().saturating_sub(self.began);
        (took, took.saturating_sub(self.busy.total()))
    }

    /// Whether new requests may leave.
    pub(super) fn may_send(&self) -> Result<(), StepFailure> {
        if *self.control.borrow() == Control::Go { Ok(()) } else { Err(StepFailure::Stopped) }
    }

    /// Waits, unless the run is told to stop.
    pub(super) async fn pause(&self, time: Duration) -> Result<(), StepFailure> {
        self.unless_stopped(self.clock.sleep(time)).await
    }

    /// Waits for something, unless the run is told to stop.
    pub(super) async fn unless_stopped<T>(&self, awaited: impl Future<Output = T>) -> Result<T, StepFailure> {
        let mut control = self.control.clone();
        tokio::select! {
            biased;
            () = Control::stopped(&mut control) => Err(StepFailure::Stopped),
            came = awaited => Ok(came),
        }
    }

    pub(super) fn kind(&self, name: &str) -> Result<&dyn AnyKind, StepFailure> {
        self.kinds.get(name).ok_or_else(|| invalid(name, format!("bbws knows no kind `{name}`")))
    }

    /// The value of a reference: of this run if it brings the resource forth, else as the state records it.
    fn value(&self, pointer: &Pointer) -> Option<Value> {
        if let Some(known) = locked(&self.live).get(&pointer.to) {
            return known.get(&pointer.output).cloned();
        }
        if self.brings.contains(&pointer.to) { None } else { self.log.state(|state| recorded(state, pointer)) }
    }

    /// A spec with every reference replaced by its value.
    pub(super) fn resolved(&self, want: &Value) -> Result<Value, StepFailure> {
        let resolved = resolve(want, &|pointer| self.value(pointer));
        match pointers(&resolved).first() {
            None => Ok(resolved),
            Some(open) => Err(invalid(open.to.kind(), format!("`{open}` is not known: {} has not brought it forth; plan again", open.to))),
        }
    }
}

/// A failure that is bbws's own finding.
pub(super) fn invalid(operation: &str, message: String) -> StepFailure {
    StepFailure::Cloud(CloudError::own(operation, Class::Invalid, message))
}

/// One step on its way.
pub(super) struct Task<'w, 'a> {
    pub(super) work: &'w Work<'a>,
    pub(super) step: &'w Step,
    pub(super) began: Duration,
    /// How much of its time the cloud took.
    pub(super) cloud: &'w Mutex<Duration>,
    pub(super) attempts: Attempts,
    /// Its turn at the address, where it goes on with a request that an earlier run left open there: until it is over, nobody else may
    /// end that.
    pub(super) turn: Option<OwnedMutexGuard<()>>,
    /// Since when it waits for its own object alone.
    own: Duration,
    /// What it said last that it waits for, and when.
    said: Option<(Phase, Duration)>,
}

impl Task<'_, '_> {
    async fn take(&mut self) -> Result<(), StepFailure> {
        let step = self.step;
        self.settle_earlier().await?;
        match &step.action {
            Action::Create { want, renamed } => self.create(want, renamed.clone()).await,
            Action::Update { id, want, .. } => self.bring(id.clone(), want, None).await,
            Action::Adopt { id, have, want, existing, asked, renamed } => {
                self.adopt(id, (have, want), (*existing, *asked), renamed.clone()).await
            }
            Action::Delete { id, have, .. } => self.delete(id, have).await,
            Action::Backup { kind, want } => self.back_up(kind, want).await,
            Action::Forget { reason } => self.forget(reason).await,
            Action::Rename { from } => {
                self.record(Record::Rename { from: from.clone(), to: step.address.clone(), reason: String::new() }).await
            }
        }
    }

    pub(super) async fn record(&mut self, record: Record) -> Result<(), StepFailure> {
        self.work.append(vec![record]).await
    }

    /// Runs something that the cloud takes its time for.
    pub(super) async fn in_cloud<T>(&self, call: impl Future<Output = T>) -> T {
        let _waiting = self.work.busy.wait();
        let began = self.work.clock.elapsed();
        let answer = call.await;
        *locked(self.cloud) += self.work.clock.elapsed().saturating_sub(began);
        answer
    }

    pub(super) async fn pause(&self, time: Duration) -> Result<(), StepFailure> {
        self.in_cloud(self.work.pause(time)).await
    }

    /// Looks at one place. A read that fails for a passing reason is tried again for a while.
    pub(super) async fn look(&mut self, kind: &str, place: &Place) -> Result<Option<Seen>, StepFailure> {
        let began = self.work.clock.elapsed();
        loop {
            match self.in_cloud(self.work.hub.look(kind, place.clone())).await {
                Ok(seen) => {
                    self.work.sealed.holds();
                    return Ok(seen);
                }
                Err(error) if self.work.sealed.is_broken_by(&error) => self.wait_for_credentials(error).await?,
                Err(error) if matches!(error.class, Class::Transient | Class::Throttled | Class::NotVisibleYet) => {
                    if self.work.clock.elapsed().saturating_sub(began) > READ_PATIENCE {
                        self.work.sealed.holds();
                        return Err(StepFailure::Cloud(error));
                    }
                    let after = Duration::from_secs(2);
                    self.work.tell(Event::StepRetrying { step: self.step.id, address: self.step.address.clone(), error, after });
                    self.pause(after).await?;
                }
                Err(error) => {
                    self.work.sealed.holds();
                    return Err(StepFailure::Cloud(error));
                }
            }
        }
    }

    pub(super) fn place(&self, id: Option<&PhysicalId>, spec: &Value) -> Place {
        let lineage = self.work.log.state(|state| state.lineage.clone());
        Place { address: self.step.address.clone(), id: id.cloned(), spec: spec.clone(), lineage, intent: None }
    }

    /// Waits for something that says nothing of the step's own object, and has an end of its own: the kind's time begins after it.
    pub(super) async fn aside<T>(&mut self, awaited: impl Future<Output = T>) -> Result<T, StepFailure> {
        let came = self.in_cloud(self.work.unless_stopped(awaited)).await;
        self.own = self.work.clock.elapsed();
        came
    }

    /// Waits until the next look is due, and gives up when the kind's own time is over. All who wait at one pace look at
    /// the same moments, so that one call serves them.
    pub(super) async fn wait(&mut self, phase: Phase) -> Result<(), StepFailure> {
        let waited = self.work.clock.elapsed().saturating_sub(self.own);
        let timeout = self.timeout()?;
        if waited > timeout {
            let minutes = timeout.as_secs() / 60;
            let told = format!("it is still `{phase}` after {minutes} minutes");
            let error = CloudError::own(self.step.address.kind(), Class::Transient, told);
            return Err(StepFailure::Cloud(CloudError { code: CloudError::STILL_PENDING.to_owned(), ..error }));
        }
        self.say(phase);
        let pace = (crate::schedule::expected(self.step, self.work.kinds) / 20).clamp(FASTEST_POLL, SLOWEST_POLL).as_secs().max(1);
        let now = self.work.clock.elapsed();
        let due = Duration::from_secs((now.as_secs() / pace + 1) * pace);
        self.pause(due.saturating_sub(now)).await
    }

    /// Tells what is waited for, if that is news or was not told for a while.
    pub(super) fn say(&mut self, phase: Phase) {
        let waited = self.work.clock.elapsed().saturating_sub(self.began);
        // A text that only counts up (per cent done) is no news by itself.
        let news = self.said.as_ref().is_none_or(|(last, _)| std::mem::discriminant(last) != std::mem::discriminant(&phase));
        if news || self.said.as_ref().is_some_and(|(_, at)| waited.saturating_sub(*at) >= SAY_AGAIN) {
            self.said = Some((phase.clone(), waited));
            self.work.tell(Event::StepWaiting { step: self.step.id, address: self.step.address.clone(), phase, waited });
        }
    }

    pub(super) fn timeout(&self) -> Result<Duration, StepFailure> {
        Ok(self.work.kind(self.step.address.kind())?.facts().durations.timeout)
    }

    /// Takes note of what an object offers by now, and lets those start who waited for it. Some of it counts only once the object
    /// is ready and has its wanted form: nobody mounts a file system before its policy is on it.
    pub(super) fn learn(&self, kind: &dyn AnyKind, seen: &Seen, complete: bool) {
        for output in kind.outputs() {
            if output.known == Known::Ready && !(complete && seen.phase == Phase::Ready) {
                continue;
            }
            let Some(value) = known_in(&seen.outputs, output.name) else { continue };
            let before =
                locked(&self.work.live).entry(self.step.address.clone()).or_default().insert(output.name.to_owned(), value.clone());
            if before != Some(value) {
                // The run may be over: then nobody waits.
                drop(self.work.known.send((self.step.id, output.name.to_owned())));
            }
        }
    }

    /// Whether an object bears our mark for this address.
    pub(super) fn is_ours(&self, seen: &Seen) -> bool {
        let lineage = self.work.log.state(|state| state.lineage.clone());
        seen.owner.as_ref().is_some_and(|owner| owner.lineage == lineage && owner.address == self.step.address)
    }

    /// Stops before anything is done to an object that bears somebody else's mark.
    pub(super) fn refuse_foreign(&self, seen: &Seen) -> Result<(), StepFailure> {
        let lineage = self.work.log.state(|state| state.lineage.clone());
        match &seen.owner {
            Some(owner) if owner.lineage != lineage => {
                let told = format!("{} belongs to {} of the state {}: bbws does not touch it", seen.id, owner.address, owner.lineage);
                Err(StepFailure::Cloud(CloudError::own(self.step.address.kind(), Class::Exists, told)))
            }
            _ => Ok(()),
        }
    }
}

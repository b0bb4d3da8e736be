//! One mutating request: its intent first, then the call, then what became of it.

use std::time::Duration;

use bbws_model::{Class, CloudError, Event, Intent, IntentId, Op, Ownership, PhysicalId, Record, Renamed, ResultOutcome};

use super::StepFailure;
use super::retry::budget;
use super::work::Task;
use crate::log::LEASE;
use crate::{AnyDriver, Attempt};

/// How often a request that the lease held back is signed again.
const WITHHELD: u32 = 5;

/// For how long requests of a step may go without an answer before it is given up. Each is waited out until it can no longer arrive,
/// which takes eleven minutes where nothing else tells: two are waited out, and the next one's silence is the end.
const SILENCE: Duration = Duration::from_secs(20 * 60);

/// The requests of a step of which the log does not know the end.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    /// Refused for a passing reason: the same request may be sent again under the same intent.
    refused: Option<Refused>,
    /// Of these it is not known whether they took effect, or no look shows it yet.
    ambiguous: Vec<IntentId>,
    /// Which of them AWS has said to have taken.
    taken: Vec<IntentId>,
    /// Since when nothing was answered but by failures of AWS's own, or nothing at all.
    silent: Option<Duration>,
}

#[derive(Debug)]
struct Refused {
    intent: Intent,
    code: String,
    class: Class,
    tries: u32,
    since: Duration,
    /// It was sent before, and that may have taken effect: no refusal ends it.
    repeated: bool,
}

impl Attempts {
    /// The records that end what was refused, when it is not sent again.
    pub(super) fn give_up(&mut self) -> Vec<Record> {
        let refused =
            self.refused.take().filter(|refused| !refused.repeated).map(|r| (r.intent.id, ResultOutcome::Refused { code: r.code }));
        refused.into_iter().map(|(intent, outcome)| Record::Result { intent, outcome, request_id: None }).collect()
    }

    /// The next request is this one again, which was looked for at this time.
    pub(super) fn repeat(&mut self, intent: Intent, looked: Duration) {
        self.refused = Some(Refused { intent, code: String::new(), class: Class::Throttled, tries: 0, since: looked, repeated: true });
    }

    /// A repeated request is not sent again.
    pub(super) fn drop_repeat(&mut self) {
        self.refused.take_if(|refused| refused.repeated);
    }

    /// An open request of an earlier run asks for what this step does: it ends with it.
    pub(super) fn goes_on(&mut self, intent: IntentId) {
        if !self.ambiguous.contains(&intent) {
            self.ambiguous.push(intent);
        }
    }

    /// AWS has taken a request whose end is what a look shows of it.
    pub(super) fn is_taken(&mut self, intent: IntentId) {
        self.taken.push(intent.clone());
        self.goes_on(intent);
    }

    /// What became of a request is recorded: it is not sent again.
    pub(super) fn is_settled(&mut self, intent: &IntentId) {
        self.ambiguous.retain(|open| open != intent);
        self.refused.take_if(|refused| refused.intent.id == *intent);
    }

    /// Those without an end.
    pub(super) fn unanswered(&self) -> impl Iterator<Item = &IntentId> {
        self.ambiguous.iter()
    }

    /// Whether AWS has said of all those without an end to have taken them.
    pub(super) fn are_taken(&self) -> bool {
        self.may_arrive() && self.ambiguous.iter().all(|intent| self.taken.contains(intent))
    }

    /// Whether the answer to a request is the end of it: no other of the same is without one.
    pub(super) fn is_over(&self, intent: &IntentId) -> bool {
        !self.ambiguous.contains(intent)
    }

    /// Whether a request is the next to be sent again.
    pub(super) fn is_due(&self, intent: &IntentId) -> bool {
        self.refused.as_ref().is_some_and(|refused| refused.intent.id == *intent)
    }

    /// Whether some of its requests may still arrive.
    pub(super) fn may_arrive(&self) -> bool {
        !self.ambiguous.is_empty()
    }

    /// The records that end everything: a look has shown that the object is as wanted, or gone.
    pub(super) fn settled(&mut self) -> Vec<Record> {
        let mut records = self.give_up();
        let taken = std::mem::take(&mut self.taken);
        let ended = self.ambiguous.drain(..).map(|intent| {
            let outcome = if taken.contains(&intent) { ResultOutcome::Done { id: None } } else { ResultOutcome::Settled { id: None } };
            Record::Result { intent, outcome, request_id: None }
        });
        records.extend(ended);
        records
    }
}

/// How a request ended that was sent.
#[derive(Debug)]
pub(super) enum Sent<T> {
    /// AWS answered. The caller records what.
    Answered(IntentId, T),
    /// It was refused for a passing reason, and that was waited out: look again, then send again if it is still due.
    Again,
    /// The answer was lost. It stays open in the log.
    Ambiguous(IntentId, CloudError),
}

/// Whether it may be that a request was executed although it failed so.
fn is_without_answer(error: &CloudError) -> bool {
    matches!(error.class, Class::Ambiguous | Class::Transient)
}

/// A request that is due.
pub(super) struct Due {
    pub(super) kind: String,
    pub(super) op: Op,
    pub(super) replaces: bool,
    pub(super) renamed: Option<Renamed>,
    /// Records that go into the log with the intent.
    pub(super) before: Vec<Record>,
}

impl Task<'_, '_> {
    /// Sends one request. A throttled one is sent again at once when its time has come, for a while; other passing refusals are
    /// waited out, and then the caller looks again.
    pub(super) async fn send<T>(
        &mut self,
        due: Due,
        call: impl AsyncFn(&dyn AnyDriver, &Attempt) -> Result<T, CloudError>,
    ) -> Result<Sent<T>, StepFailure> {
        let (kind, deletes) = (due.kind.clone(), matches!(due.op, Op::Delete { .. }));
        let mut open = self.intend(due).await?;
        let pace = self.work.kind(&kind)?.facts().pace;
        let driver = self.work.drivers.get(&kind).map_err(StepFailure::Cloud)?;
        let lineage = self.work.log.state(|state| state.lineage.clone());
        let owner = Ownership { lineage, address: self.step.address.clone(), intent: open.intent.id.clone() };
        let attempt = Attempt { owner, token: open.intent.token.clone() };
        let mut withheld = 0;
        loop {
            let turn = self.work.buckets.take(pace, self.work.clock.elapsed());
            if !turn.is_zero()
                && let Err(stopped) = self.pause(turn).await
            {
                self.attempts.refused = Some(open);
                return Err(stopped);
            }
            if let Err(stopped) = self.work.may_send() {
                self.attempts.refused = Some(open);
                return Err(stopped);
            }
            // It stood still since it was looked for: a token may have lapsed, and the first request may show by now.
            if open.repeated && !deletes && self.work.clock.elapsed().saturating_sub(open.since) > LEASE {
                return Ok(Sent::Again);
            }
            self.work.flights.leaves(&open.intent.id);
            let answer = self.in_cloud(call(driver, &attempt)).await;
            match &answer {
                Err(error) if is_without_answer(error) => self.work.flights.is_lost(&open.intent.id, self.work.clock.elapsed()),
                _ => self.work.flights.is_answered(&open.intent.id),
            }
            let error = match answer {
                Ok(answer) => {
                    self.work.sealed.holds();
                    self.attempts.silent = None;
                    return Ok(Sent::Answered(open.intent.id, answer));
                }
                // Certain as well: AWS took the request for nobody's.
                Err(error) if self.work.sealed.is_broken_by(&error) => {
                    if let Err(stopped) = self.wait_for_credentials(error).await {
                        self.attempts.refused = Some(open);
                        return Err(stopped);
                    }
                    continue;
                }
                Err(error) if is_without_answer(&error) => {
                    let (intent, why) = (open.intent.id.clone(), error.to_string());
                    self.attempts.goes_on(intent.clone());
                    self.work.append(vec![Record::Ambiguous { intent: intent.clone(), why }]).await?;
                    let now = self.work.clock.elapsed();
                    let since = *self.attempts.silent.get_or_insert(now);
                    // A service that is down is not asked for ever: what is open the next run settles.
                    if now.saturating_sub(since) >= SILENCE {
                        return Err(StepFailure::Cloud(error));
                    }
                    return Ok(Sent::Ambiguous(intent, error));
                }
                // Certain: nothing was sent. A slot that the store takes in renews the lease; then it is signed again.
                Err(error) if error.class == Class::Withheld && withheld < WITHHELD => {
                    withheld += 1;
                    self.work.append(vec![Record::Heartbeat]).await?;
                    // It stood still for so long that a token may have lapsed, and the first request may show by now.
                    if open.repeated && !deletes {
                        return Ok(Sent::Again);
                    }
                    continue;
                }
                Err(error) => error,
            };
            self.work.sealed.holds();
            self.attempts.silent = None;
            let now = self.work.clock.elapsed();
            if open.class != error.class {
                (open.class, open.tries, open.since) = (error.class, 0, now);
            }
            open.tries += 1;
            open.code = error.code_or_class();
            let spent = now.saturating_sub(open.since);
            let wait = budget(error.class, deletes, self.timeout()?)
                .and_then(|budget| budget.wait(open.tries, spent, &self.step.address.to_string()));
            // After so long the caller looks again first.
            let again = error.class == Class::Throttled && spent <= LEASE;
            let Some(after) = wait else {
                self.attempts.refused = Some(open);
                return Err(StepFailure::Cloud(error));
            };
            self.work.tell(Event::StepRetrying { step: self.step.id, address: self.step.address.clone(), error, after });
            let paused = self.pause(after).await;
            if paused.is_err() || !again {
                self.attempts.refused = Some(open);
                return paused.map(|()| Sent::Again);
            }
        }
    }

    /// The intent of a request, durable: the one of the same request that was refused before, or a new one.
    async fn intend(&mut self, due: Due) -> Result<Refused, StepFailure> {
        let Due { kind, op, replaces, renamed, before } = due;
        match self.attempts.refused.take() {
            Some(refused) if refused.intent.op == op && refused.intent.kind == kind => return Ok(refused),
            other => self.attempts.refused = other,
        }
        self.work.may_send()?;
        // Nothing new is begun that could not be signed.
        self.wait_until_signed().await?;
        let id = IntentId(self.work.ids.next());
        let token = self.token(&id);
        let intent = Intent {
            id,
            address: self.step.address.clone(),
            kind,
            op,
            token,
            dependencies: self.step.dependencies.clone(),
            replaces,
            renamed,
        };
        let mut records = self.attempts.give_up();
        records.extend(before);
        records.push(Record::Intent(intent.clone()));
        self.work.append(records).await?;
        let since = self.work.clock.elapsed();
        Ok(Refused { intent, code: String::new(), class: Class::Throttled, tries: 0, since, repeated: false })
    }

    /// The idempotency token of an intent: 32 hex digits, the same whenever it is made.
    fn token(&self, intent: &IntentId) -> String {
        let lineage = self.work.log.state(|state| state.lineage.clone());
        let mut text = bbws_model::Digest::of(format!("{lineage}|{}|{intent}", self.step.address).as_bytes()).0;
        text.truncate(32);
        text
    }

    /// Records that AWS did what an intent was about.
    pub(super) async fn done(&mut self, intent: IntentId, id: Option<PhysicalId>) -> Result<(), StepFailure> {
        self.record(Record::Result { intent, outcome: ResultOutcome::Done { id }, request_id: None }).await
    }

    /// Records that nothing was sent, or that nothing came of it.
    pub(super) async fn refused(&mut self, intent: IntentId, code: &str) -> Result<(), StepFailure> {
        self.record(Record::Result { intent, outcome: ResultOutcome::Refused { code: code.to_owned() }, request_id: None }).await
    }
}

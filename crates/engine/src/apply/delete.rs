//! Removing an object, and seeing that it is gone.

use std::time::Duration;

use bbws_model::{Class, IntentId, Op, Phase, PhysicalId, Record, Seen};
use serde_json::Value;

use super::send::{Due, Sent};
use super::work::Task;
use super::{NOTHING_TO_SEND, STALE, StepFailure};
use crate::Progress;

/// For how long it is looked whether a delete without an answer has had its effect, before it is sent again.
const UNANSWERED: Duration = Duration::from_secs(10);

impl Task<'_, '_> {
    /// Removes an object, and waits until it is gone.
    pub(super) async fn delete(&mut self, id: &PhysicalId, have: &Value) -> Result<(), StepFailure> {
        let name = self.step.address.kind().to_owned();
        // What was seen when the last request was sent, and until when it may not show what that did.
        let mut asked: Option<(Seen, Duration)> = None;
        let mut left: Option<Record> = None;
        let mut leaving: Option<Seen> = None;
        if self.is_unseen(id) {
            self.comes_in_sight(&name, id, have).await?;
        }
        let keyed = self.work.kind(&name)?.facts().recovery.is_keyed();
        loop {
            let (place, looked) = (self.place(Some(id), have), self.work.clock.elapsed());
            let Some(seen) = self.look(&name, &place).await? else {
                // A request that is still on its way would remove what is made in its place, where that has the same key. One that
                // was sent once has had its effect, unless something is to be made at once.
                if keyed && self.attempts.may_arrive() && (self.step.pair.is_some() || self.was_repeated()) {
                    let drained = self.attempts.unanswered().map(|intent| self.work.drained(intent)).max().unwrap_or_default();
                    if !self.over(drained) {
                        self.wait_for_drain(drained).await?;
                        continue;
                    }
                }
                // An earlier run may have sent the request, and was killed before it saw the end.
                if left.is_none() {
                    left = self.left_behind(&name, id, leaving.as_ref()).await?;
                }
                let mut records = self.attempts.settled();
                records.push(Record::Gone { address: self.step.address.clone(), id: id.clone() });
                records.extend(left);
                return self.work.append(records).await;
            };
            self.refuse_foreign(&seen)?;
            let stale = asked.as_ref().is_some_and(|(before, until)| *before == seen && self.work.clock.elapsed() < *until);
            if stale || seen.phase == Phase::Leaving {
                // What AWS has taken is seen to work. Of what has no answer that says nothing: it may still come.
                if seen.phase == Phase::Leaving && self.attempts.are_taken() && !self.was_repeated() {
                    let records = self.attempts.settled();
                    self.work.append(records).await?;
                }
                leaving = Some(seen);
                self.wait(Phase::Leaving).await?;
                continue;
            }
            if keyed {
                self.repeats_delete(id, looked).await?;
            }
            let due = Due { kind: name.clone(), op: Op::Delete { id: id.clone() }, replaces: false, renamed: None, before: vec![] };
            let copy = self.left_by_delete(&name, &seen);
            match self.send(due, async |driver, attempt| driver.delete(&seen, attempt).await).await {
                Ok(Sent::Answered(intent, Progress::Sent)) => {
                    // Before a look shows it, another one may be sent; and that would be the second of two for one name.
                    if keyed {
                        self.attempts.is_taken(intent)
                    } else {
                        self.answered(intent).await?
                    }
                    left = copy;
                    asked = Some((seen, self.work.clock.elapsed() + STALE));
                }
                Ok(Sent::Answered(intent, Progress::Part)) => self.answered(intent).await?,
                Ok(Sent::Answered(intent, Progress::Nothing)) => {
                    if self.attempts.is_over(&intent) {
                        self.refused(intent, NOTHING_TO_SEND).await?;
                    }
                    self.wait(seen.phase).await?;
                }
                Ok(Sent::Again) => {}
                Ok(Sent::Ambiguous(..)) => {
                    left = copy;
                    asked = Some((seen, self.work.clock.elapsed() + UNANSWERED));
                    self.wait(Phase::Pending("an answer was lost: AWS shows what became of the request".into())).await?
                }
                // It is gone already; the next look confirms it.
                Err(StepFailure::Cloud(error)) if error.class == Class::Absent => {
                    let refusals = self.attempts.give_up();
                    self.work.append(refusals).await?;
                    self.wait(Phase::Leaving).await?;
                }
                Err(failure) => return Err(failure),
            }
        }
    }

    /// Sends a delete of which the answer was lost under its own intent again, and says so. Of two requests for one name the first
    /// that arrives removes the object; the other would remove whatever has the name by then. So what was repeated is over only
    /// when it has lapsed, for later runs too.
    async fn repeats_delete(&mut self, id: &PhysicalId, looked: Duration) -> Result<(), StepFailure> {
        let lost = self.work.log.state(|state| {
            let open = self.attempts.unanswered().filter_map(|intent| state.open.get(intent));
            open.map(|open| &open.intent).find(|intent| matches!(&intent.op, Op::Delete { id: of } if of == id)).cloned()
        });
        match lost {
            Some(intent) if !self.attempts.is_due(&intent.id) => {
                self.tell_repeat(&intent.id).await?;
                self.attempts.repeat(intent, looked);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Whether one of the requests without an answer was sent more than once.
    fn was_repeated(&self) -> bool {
        self.work.log.state(|state| self.attempts.unanswered().any(|intent| state.open.get(intent).is_some_and(|open| open.repeated)))
    }

    /// AWS has answered: that is the end of a request that was sent once.
    async fn answered(&mut self, intent: IntentId) -> Result<(), StepFailure> {
        if self.attempts.is_over(&intent) { self.done(intent, None).await } else { Ok(()) }
    }

    /// The copy that AWS makes of an object's data while it deletes it, for kinds of which it does.
    fn left_by_delete(&self, kind: &str, seen: &Seen) -> Option<Record> {
        let output = self.work.kinds.backup(kind)?.left_by_delete?;
        let id = seen.outputs.get(output)?.as_str()?;
        Some(Record::Backup { address: self.step.address.clone(), id: id.into() })
    }

    /// The copy that an object left which is gone without this run having asked for it: only where it is there.
    pub(super) async fn left_behind(&mut self, kind: &str, id: &PhysicalId, last: Option<&Seen>) -> Result<Option<Record>, StepFailure> {
        let Some(rule) = self.work.kinds.backup(kind) else { return Ok(None) };
        let Some(output) = rule.left_by_delete else { return Ok(None) };
        let recorded = self.work.log.state(|state| {
            let entry = state.entries.get(&self.step.address).filter(|entry| entry.id == *id)?;
            entry.outputs.get(output)?.as_str().map(str::to_owned)
        });
        let seen = last.and_then(|seen| seen.outputs.get(output)?.as_str().map(str::to_owned));
        let Some(copy) = recorded.or(seen).map(|name| PhysicalId::from(name.as_str())) else { return Ok(None) };
        let place = self.place(Some(&copy), &(rule.spec)(id.as_str(), copy.as_str()));
        let found = self.look(rule.kind, &place).await?.filter(|seen| !matches!(seen.phase, Phase::Failed(_) | Phase::Leaving));
        Ok(found.map(|seen| Record::Backup { address: self.step.address.clone(), id: seen.id }))
    }

    /// Manages an object no longer. One that is gone may have left a copy.
    pub(super) async fn forget(&mut self, reason: &str) -> Result<(), StepFailure> {
        let name = self.step.address.kind().to_owned();
        let gone = self.work.log.state(|state| {
            let entry = state.entries.get(&self.step.address)?;
            (!entry.existing).then(|| entry.id.clone())
        });
        let stays = gone.is_none();
        let left = match gone {
            Some(id) => self.left_behind(&name, &id, None).await?,
            None => None,
        };
        let forget = Record::Forget { address: self.step.address.clone(), reason: reason.to_owned(), stays };
        self.work.append(left.into_iter().chain([forget]).collect()).await
    }
}

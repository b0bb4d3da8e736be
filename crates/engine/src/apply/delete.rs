//! Removing an object, and seeing that it is gone.

use std::time::Duration;

use bbws_model::{Class, Op, Phase, PhysicalId, Record, Seen};
use serde_json::Value;

use super::send::{Due, Sent};
use super::work::Task;
use super::{NOTHING_TO_SEND, STALE, StepFailure};
use crate::Progress;

impl Task<'_, '_> {
    /// Removes an object, and waits until it is gone.
    pub(super) async fn delete(&mut self, id: &PhysicalId, have: &Value) -> Result<(), StepFailure> {
        let name = self.step.address.kind().to_owned();
        let mut answered: Option<(Seen, Duration)> = None;
        let mut left: Option<Record> = None;
        let mut leaving: Option<Seen> = None;
        let mut lapses: Option<Duration> = None;
        if self.is_unseen(id) {
            self.comes_in_sight(&name, id, have).await?;
        }
        loop {
            let place = self.place(Some(id), have);
            let Some(seen) = self.look(&name, &place).await? else {
                // A request that is still on its way would remove what is made in its place, where that has the same key.
                if self.attempts.may_arrive() && self.step.pair.is_some() && self.work.kind(&name)?.facts().recovery.is_keyed() {
                    let drained = *lapses.get_or_insert_with(|| self.lapses());
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
            let stale =
                answered.as_ref().is_some_and(|(before, at)| *before == seen && self.work.clock.elapsed().saturating_sub(*at) < STALE);
            if stale || seen.phase == Phase::Leaving {
                leaving = Some(seen);
                self.wait(Phase::Leaving).await?;
                continue;
            }
            let due = Due { kind: name.clone(), op: Op::Delete { id: id.clone() }, replaces: false, renamed: None, before: vec![] };
            let copy = self.left_by_delete(&name, &seen);
            match self.send(due, async |driver, attempt| driver.delete(&seen, attempt).await).await {
                Ok(Sent::Answered(intent, Progress::Sent)) => {
                    self.done(intent, None).await?;
                    left = copy;
                    answered = Some((seen, self.work.clock.elapsed()));
                }
                Ok(Sent::Answered(intent, Progress::Part)) => self.done(intent, None).await?,
                Ok(Sent::Answered(intent, Progress::Nothing)) => {
                    self.refused(intent, NOTHING_TO_SEND).await?;
                    self.wait(seen.phase).await?;
                }
                Ok(Sent::Again) => {}
                Ok(Sent::Ambiguous(..)) => {
                    left = copy;
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

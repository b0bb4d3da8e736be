//! Bringing an object to its wanted form: look, send the next request that brings it nearer, look again.

use std::time::Duration;

use bbws_model::{Class, CloudError, Entry, Op, Phase, PhysicalId, Record, Renamed, Seen, is_protected};
use serde_json::Value;

use super::send::{Due, Sent};
use super::work::{Task, invalid};
use super::{NOTHING_TO_SEND, STALE, StepFailure};
use crate::Progress;

/// For how long an object that was there, or was just made, may be out of sight.
pub(super) const OUT_OF_SIGHT: Duration = Duration::from_secs(120);

impl Task<'_, '_> {
    /// Whether it may be that AWS has never shown an object yet: one that was made, and an earlier run was over before it was
    /// ready; or a former one, which may have come late or twice. Only then can it be there and out of sight.
    pub(super) fn is_unseen(&self, id: &PhysicalId) -> bool {
        let unseen = |entry: &Entry| if entry.id == *id { !entry.reached } else { entry.deposed.iter().any(|old| old.id == *id) };
        self.work.log.state(|state| state.entries.get(&self.step.address).is_some_and(unseen))
    }

    /// Waits until AWS shows such an object; answers no where it does not: then it is gone.
    pub(super) async fn comes_in_sight(&mut self, name: &str, id: &PhysicalId, spec: &Value) -> Result<bool, StepFailure> {
        let began = self.work.clock.elapsed();
        let place = self.place(Some(id), spec);
        while self.look(name, &place).await?.is_none() {
            if self.work.clock.elapsed().saturating_sub(began) > OUT_OF_SIGHT {
                return Ok(false);
            }
            self.wait(Phase::Pending("AWS shows it everywhere".into())).await?;
        }
        Ok(true)
    }

    /// Brings an object to its wanted form, waits until it is ready, and records what was observed.
    pub(super) async fn bring(&mut self, id: PhysicalId, want: &Value, renamed: Option<Renamed>) -> Result<(), StepFailure> {
        let name = self.step.address.kind().to_owned();
        let existing = self.work.log.state(|s| s.entries.get(&self.step.address).is_some_and(|e| e.existing));
        let mut sought: Option<Duration> = None;
        // What was seen when the last request was accepted, and when; or when the driver had nothing to send.
        let mut answered: Option<(Seen, Option<Duration>)> = None;
        loop {
            let wanted = self.work.resolved(want)?;
            let place = self.place(Some(&id), &wanted);
            let Some(seen) = self.look(&name, &place).await? else {
                let now = self.work.clock.elapsed();
                if now.saturating_sub(*sought.get_or_insert(now)) > OUT_OF_SIGHT {
                    let told = format!("{id} is not there; plan again");
                    return Err(StepFailure::Cloud(CloudError::own(&name, Class::Absent, told)));
                }
                self.wait(Phase::Pending("AWS shows it everywhere".into())).await?;
                continue;
            };
            self.refuse_foreign(&seen)?;
            let kind = self.work.kind(&name)?;
            if let Phase::Failed(why) = &seen.phase {
                return Err(StepFailure::Cloud(CloudError::own(&name, Class::Invalid, format!("{id} has failed: {why}"))));
            }
            let diff = kind.diff(&seen.spec, &wanted).map_err(|p| invalid(&name, format!("{}: {}", p.field, p.message)))?;
            if diff.replaces() || diff.forbids() {
                let fields: Vec<&str> = diff.changes().iter().map(|change| change.field.as_str()).collect();
                return Err(invalid(&name, format!("{id} can no longer become what the plan says ({}); plan again", fields.join(", "))));
            }
            let complete = diff.is_empty() && (existing || self.is_ours(&seen));
            self.learn(kind, &seen, complete);
            if complete && seen.phase == Phase::Ready {
                return self.reached(id, seen, renamed).await;
            }
            let stale = answered
                .as_ref()
                .is_some_and(|(before, at)| *before == seen && at.is_none_or(|at| self.work.clock.elapsed().saturating_sub(at) < STALE));
            if complete || stale || seen.phase == Phase::Leaving {
                self.wait(waits_for(&seen, complete)).await?;
                continue;
            }
            let due = Due {
                kind: name.clone(),
                op: Op::Update { id: id.clone(), spec: wanted.clone() },
                replaces: false,
                renamed: None,
                before: vec![],
            };
            match self.send(due, async |driver, attempt| driver.update(&seen, &wanted, attempt).await).await? {
                Sent::Answered(intent, Progress::Sent | Progress::Part) => {
                    self.done(intent, None).await?;
                    answered = Some((seen.clone(), Some(self.work.clock.elapsed())));
                }
                Sent::Answered(intent, Progress::Nothing) => {
                    self.refused(intent, NOTHING_TO_SEND).await?;
                    answered = Some((seen.clone(), None));
                }
                Sent::Again => {}
                // Whatever it did, the next look shows what is still to be done; a late arrival would do no more than that.
                Sent::Ambiguous(..) => self.wait(Phase::Pending("an answer was lost: AWS shows what became of the request".into())).await?,
            }
        }
    }

    async fn reached(&mut self, id: PhysicalId, seen: Seen, renamed: Option<Renamed>) -> Result<(), StepFailure> {
        let address = self.step.address.clone();
        let mut records = self.attempts.settled();
        // An update keeps the name that an earlier replacement gave.
        let renamed = renamed.or_else(|| self.work.log.state(|s| s.entries.get(&address).and_then(|e| e.renamed.clone())));
        let dependencies = self.step.dependencies.clone();
        // The plan says that it is protected no longer, and now it is not: before that, what is recorded keeps it.
        let given_up = !is_protected(&seen.spec) && self.work.log.state(|s| s.entries.get(&address).is_some_and(|e| e.protected));
        records.push(Record::Reached { address: address.clone(), id, spec: seen.spec, outputs: seen.outputs, dependencies, renamed });
        if given_up {
            records.push(Record::Unprotect { address });
        }
        self.work.append(records).await
    }
}

/// What an object that is not finished waits for.
fn waits_for(seen: &Seen, complete: bool) -> Phase {
    match &seen.phase {
        Phase::Ready if complete => Phase::Ready,
        Phase::Ready => Phase::Pending("AWS shows the change".into()),
        other => other.clone(),
    }
}

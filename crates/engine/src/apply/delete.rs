//! Removing an object, and seeing that it is gone.

use std::time::Duration;

use bbws_model::{Class, Op, Phase, PhysicalId, Record, Seen};
use serde_json::Value;

use super::StepFailure;
use super::send::{Due, Sent};
use super::work::Task;
use crate::Progress;

/// For how long a look may show an object as before, after AWS has accepted its end.
const STALE: Duration = Duration::from_secs(30);

impl Task<'_, '_> {
    /// Removes an object, and waits until it is gone.
    pub(super) async fn delete(&mut self, id: &PhysicalId, have: &Value) -> Result<(), StepFailure> {
        let name = self.step.address.kind().to_owned();
        let mut answered: Option<(Seen, Duration)> = None;
        let mut left: Option<Record> = None;
        loop {
            let place = self.place(Some(id), have);
            let Some(seen) = self.look(&name, &place).await? else {
                let mut records = self.attempts.settled();
                records.push(Record::Gone { address: self.step.address.clone(), id: id.clone() });
                records.extend(left);
                return self.work.append(records).await;
            };
            self.refuse_foreign(&seen)?;
            let stale =
                answered.as_ref().is_some_and(|(before, at)| *before == seen && self.work.clock.elapsed().saturating_sub(*at) < STALE);
            if stale || seen.phase == Phase::Leaving {
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
                    self.refused(intent, "nothing-to-send").await?;
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
}

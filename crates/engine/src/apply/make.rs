//! Making an object, taking one over, and copying one's data.

use bbws_model::{Address, Class, CloudError, IntentId, Op, Ownership, Phase, PhysicalId, Record, Recovery, Renamed, ResultOutcome, Seen};
use serde_json::Value;

use super::StepFailure;
use super::earlier::Fate;
use super::form::OUT_OF_SIGHT;
use super::send::{Due, Sent};
use super::settle::LOOK;
use super::work::{Task, invalid};
use crate::lock::locked;

/// Whether an object takes another's place, and under which name.
struct Successor {
    replaces: bool,
    renamed: Option<Renamed>,
}

impl Task<'_, '_> {
    /// Makes an object and brings it to its wanted form.
    pub(super) async fn create(&mut self, want: &Value, renamed: Option<Renamed>) -> Result<(), StepFailure> {
        let made = locked(&self.work.made).get(&self.step.address).cloned();
        if let Some(id) = made {
            return self.bring(id, want, renamed).await;
        }
        let name = self.step.address.kind().to_owned();
        let recorded = self.work.log.state(|state| state.entries.get(&self.step.address).map(|entry| entry.id.clone()));
        let replaces = recorded.is_some() && self.step.pair.is_some();
        if let Some(id) = recorded.as_ref().filter(|id| !replaces && self.is_unseen(id)) {
            let wanted = self.work.resolved(want)?;
            if self.comes_in_sight(&name, id, &wanted).await? {
                return self.bring(id.clone(), want, renamed).await;
            }
        }
        // A recorded object that is no longer there makes room for the new one.
        let mut before: Vec<Record> =
            recorded.iter().filter(|_| !replaces).map(|id| Record::Gone { address: self.step.address.clone(), id: id.clone() }).collect();
        if let Some(id) = recorded.as_ref().filter(|_| !replaces) {
            before.extend(self.left_behind(&name, id, None).await?);
        }
        let wanted = self.work.resolved(want)?;
        if self.work.kind(&name)?.facts().recovery.is_keyed() {
            self.outwait_deletes(&name).await?;
        }
        if self.work.kind(&name)?.facts().recovery != Recovery::TagOnly
            && let Some(seen) = self.there_already(&name, &wanted).await?
        {
            if !before.is_empty() {
                self.work.append(before).await?;
            }
            self.take_over(&seen, false).await?;
            return self.bring(seen.id, want, renamed).await;
        }
        let successor = Successor { replaces, renamed: renamed.clone() };
        let id = self.make(&name, wanted, &successor, before).await?;
        self.bring(id, want, renamed).await
    }

    /// What is there already under the natural key of what is to be made: ours, of an earlier run. Somebody else's stops
    /// the step.
    pub(super) async fn there_already(&mut self, name: &str, wanted: &Value) -> Result<Option<Seen>, StepFailure> {
        let place = self.place(None, wanted);
        let found = self.look(name, &place).await?;
        // What is to be replaced, or has been, is not what is to be made.
        let old = self.work.log.state(|state| {
            let entry = state.entries.get(&self.step.address)?;
            let mut ids = std::iter::once(&entry.id).filter(|_| self.step.pair.is_some()).chain(entry.deposed.iter().map(|old| &old.id));
            found.as_ref().and_then(|seen| ids.find(|id| **id == seen.id).cloned())
        });
        let Some(seen) = found.filter(|_| old.is_none()) else { return Ok(None) };
        if let Some(other) = self.recorded_elsewhere(name, &seen.id, &seen.spec) {
            // It was found by its mark, which a move has not reached yet; or it has the key that is wanted.
            let keyed = self.work.kind(name)?.facts().recovery.is_keyed();
            return if keyed { Err(self.is_the_others(name, &seen.id, &other)) } else { Ok(None) };
        }
        if self.is_ours(&seen) {
            return Ok((seen.phase != Phase::Leaving).then_some(seen));
        }
        Err(self.not_ours(name, &seen))
    }

    /// The other address under which the state knows an object.
    fn recorded_elsewhere(&self, name: &str, id: &PhysicalId, spec: &Value) -> Option<Address> {
        self.work.log.state(|state| state.recorded_elsewhere(name, (id, spec), &self.step.address).cloned())
    }

    fn is_the_others(&self, name: &str, id: &PhysicalId, other: &Address) -> StepFailure {
        StepFailure::Cloud(CloudError::own(name, Class::Exists, format!("{id} is recorded as {other} already: plan again")))
    }

    fn not_ours(&self, name: &str, seen: &Seen) -> StepFailure {
        let told = format!("{} exists already and {}: import it, or choose another name", seen.id, whose(seen));
        StepFailure::Cloud(CloudError::own(name, Class::Exists, told))
    }

    /// Sends the create request until AWS answers, and records what it made.
    async fn make(&mut self, name: &str, wanted: Value, of: &Successor, mut before: Vec<Record>) -> Result<PhysicalId, StepFailure> {
        loop {
            let due = Due {
                kind: name.to_owned(),
                op: Op::Create { spec: wanted.clone() },
                replaces: of.replaces,
                renamed: of.renamed.clone(),
                before: std::mem::take(&mut before),
            };
            match self.send(due, async |driver, attempt| driver.create(&wanted, attempt).await).await {
                Ok(Sent::Answered(intent, made)) => {
                    self.refuse_made_by_others(name, &wanted, &made.id, &intent).await?;
                    self.done(intent, Some(made.id.clone())).await?;
                    return Ok(made.id);
                }
                // Somebody may have made one under its key meanwhile, and some APIs would answer with that.
                Ok(Sent::Again) if self.work.kind(name)?.facts().recovery != Recovery::TagOnly => {
                    if let Some(id) = self.came_meanwhile(name, &wanted).await? {
                        return Ok(id);
                    }
                }
                Ok(Sent::Again) => {}
                Ok(Sent::Ambiguous(intent, error)) => {
                    if let Fate::Made(id) = self.made_in_the_dark(&intent, &wanted, error).await? {
                        return Ok(id);
                    }
                }
                Err(StepFailure::Cloud(error)) if error.class == Class::Exists => {
                    // Ours, if an earlier request of this step took effect after all.
                    let came = self.came_meanwhile(name, &wanted).await?;
                    return came.ok_or(StepFailure::Cloud(error));
                }
                Err(failure) => return Err(failure),
            }
        }
    }

    /// What is there by now although no answer told of it: ours is taken over, somebody else's stops the step.
    async fn came_meanwhile(&mut self, name: &str, wanted: &Value) -> Result<Option<PhysicalId>, StepFailure> {
        let Some(seen) = self.there_already(name, wanted).await? else { return Ok(None) };
        let refusals = self.attempts.give_up();
        self.work.append(refusals).await?;
        self.take_over(&seen, false).await?;
        Ok(Some(seen.id))
    }

    /// Some APIs answer a create with what somebody else made under the same name.
    pub(super) async fn refuse_made_by_others(
        &mut self,
        name: &str,
        wanted: &Value,
        id: &PhysicalId,
        intent: &IntentId,
    ) -> Result<(), StepFailure> {
        let known = self.work.log.state(|state| {
            let entry = state.entries.get(&self.step.address);
            entry.is_some_and(|entry| entry.ids().any(|known| known == id))
        });
        if known {
            self.refused(intent.clone(), "exists").await?;
            let told = format!("AWS answered with {id}, which is to be replaced, instead of making another");
            return Err(StepFailure::Cloud(CloudError::own(name, Class::Exists, told)));
        }
        if let Some(other) = self.recorded_elsewhere(name, id, wanted) {
            self.refused(intent.clone(), "exists").await?;
            return Err(self.is_the_others(name, id, &other));
        }
        if !self.work.kind(name)?.facts().recovery.is_keyed() {
            return Ok(());
        }
        let (place, began) = (self.place(Some(id), wanted), self.work.clock.elapsed());
        loop {
            // What is not shown yet is new.
            let Some(seen) = self.look(name, &place).await?.filter(|seen| !self.is_ours(seen)) else { return Ok(()) };
            if seen.owner.is_some() {
                self.refused(intent.clone(), "exists").await?;
                return Err(self.not_ours(name, &seen));
            }
            // The create was to put our mark on it. Should it be ours after all, that shows in the week in which it is looked for.
            if self.work.clock.elapsed().saturating_sub(began) > OUT_OF_SIGHT {
                self.attempts.is_settled(intent);
                let evidence = format!("AWS answered with {id}, which bears no mark");
                self.record(Record::Abandon { intent: intent.clone(), evidence }).await?;
                return Err(self.not_ours(name, &seen));
            }
            self.say(Phase::Pending("AWS shows whose it is".into()));
            self.pause(LOOK).await?;
        }
    }

    /// The answer to a create was lost. What became of it is found out as that of an earlier run's would be.
    async fn made_in_the_dark(&mut self, intent: &IntentId, wanted: &Value, error: CloudError) -> Result<Fate, StepFailure> {
        let open = self.work.log.state(|state| state.open.get(intent).map(|open| open.intent.clone()));
        let Some(intent) = open else { return Err(StepFailure::Cloud(error)) };
        self.fate(&intent, wanted, true).await
    }

    /// Takes an existing object under management, and brings it to its wanted form.
    pub(super) async fn adopt(
        &mut self,
        id: &PhysicalId,
        (have, want): (&Value, &Value),
        (existing, asked): (bool, bool),
        renamed: Option<Renamed>,
    ) -> Result<(), StepFailure> {
        let name = self.step.address.kind().to_owned();
        let place = self.place(Some(id), have);
        let Some(seen) = self.look(&name, &place).await? else {
            return Err(StepFailure::Cloud(CloudError::own(&name, Class::Absent, format!("{id} is no longer there; plan again"))));
        };
        if asked {
            self.refuse_foreign(&seen)?;
            if seen.spec != *have {
                let told = format!("{id} is no longer as it was when it was looked at; import it again");
                return Err(StepFailure::Cloud(CloudError::own(&name, Class::Conflict, told)));
            }
        } else if !existing && !self.is_ours(&seen) {
            return Err(self.not_ours(&name, &seen));
        }
        if let Some(other) = self.recorded_elsewhere(&name, id, &seen.spec) {
            return Err(self.is_the_others(&name, id, &other));
        }
        self.take_over(&seen, existing).await?;
        self.bring(id.clone(), want, renamed).await
    }

    /// Records an object that is there: as the result of the open intent that made it, else as taken over.
    async fn take_over(&mut self, seen: &Seen, existing: bool) -> Result<(), StepFailure> {
        let (address, intent) = (self.step.address.clone(), seen.owner.as_ref().map(|owner| owner.intent.clone()));
        let open = self.work.log.state(|state| {
            let open = intent.as_ref().and_then(|intent| state.open.get(intent))?;
            (open.intent.address == address && matches!(open.intent.op, Op::Create { .. })).then(|| open.intent.id.clone())
        });
        let record = match open {
            Some(intent) => Record::Result { intent, outcome: ResultOutcome::Settled { id: Some(seen.id.clone()) }, request_id: None },
            None => Record::Import {
                address,
                id: seen.id.clone(),
                spec: seen.spec.clone(),
                outputs: seen.outputs.clone(),
                dependencies: self.step.dependencies.clone(),
                existing,
            },
        };
        self.record(record).await
    }

    /// Copies an object's data, and waits until the copy can be used.
    pub(super) async fn back_up(&mut self, kind: &str, want: &Value) -> Result<(), StepFailure> {
        let wanted = self.work.resolved(want)?;
        let place = self.place(None, &wanted);
        let found = self.look(kind, &place).await?;
        // A copy that somebody else made under the name is none to rely on.
        if let Some(seen) = found.as_ref().filter(|seen| !self.is_ours(seen)) {
            let told = format!(
                "{} exists already and {}, so it is not taken for the copy: delete it or copy it to another name",
                seen.id,
                whose(seen)
            );
            return Err(StepFailure::Cloud(CloudError::own(kind, Class::Exists, told)));
        }
        let mut id = found.map(|seen| seen.id);
        if id.is_none() {
            id = Some(self.copy(kind, &wanted).await?);
        }
        loop {
            let place = self.place(id.as_ref(), &wanted);
            let seen = self.look(kind, &place).await?;
            match seen.map(|seen| (seen.id, seen.phase)) {
                Some((id, Phase::Ready)) => {
                    let mut records = self.attempts.settled();
                    records.push(Record::Backup { address: self.step.address.clone(), id });
                    return self.work.append(records).await;
                }
                Some((id, Phase::Failed(why))) => return Err(invalid(kind, format!("the copy {id} has failed: {why}"))),
                Some((_, phase)) => self.wait(phase).await?,
                None => self.wait(Phase::Pending("AWS shows the copy".into())).await?,
            }
        }
    }

    /// Sends the request for a copy until AWS answers. The name of a copy is its own: a repeat finds the first.
    async fn copy(&mut self, kind: &str, wanted: &Value) -> Result<PhysicalId, StepFailure> {
        loop {
            let due =
                Due { kind: kind.to_owned(), op: Op::Create { spec: wanted.clone() }, replaces: false, renamed: None, before: vec![] };
            match self.send(due, async |driver, attempt| driver.create(wanted, attempt).await).await {
                Ok(Sent::Answered(intent, made)) => {
                    self.done(intent, Some(made.id.clone())).await?;
                    return Ok(made.id);
                }
                Ok(Sent::Again) => {}
                Ok(Sent::Ambiguous(intent, error)) => {
                    if let Fate::Made(id) = self.made_in_the_dark(&intent, wanted, error).await? {
                        return Ok(id);
                    }
                }
                Err(failure) => return Err(failure),
            }
        }
    }
}

/// Whose mark an object bears.
fn whose(seen: &Seen) -> String {
    let theirs = |owner: &Ownership| format!("belongs to {} of the state {}", owner.address, owner.lineage);
    seen.owner.as_ref().map_or_else(|| "bears no mark of bbws".to_owned(), theirs)
}

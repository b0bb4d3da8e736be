//! What a slot's records would make of a state: an overlay, so that a refused slot leaves no trace and a slot costs as
//! much as it touches.

use std::collections::BTreeMap;

use serde_json::Value;

use super::FoldError;
use crate::{
    Account, Address, Approved, Backup, BrokenGlass, Deposed, Digest, Entry, Intent, IntentId, Op, OpenIntent, Owner, PhysicalId, Record,
    ResultOutcome, RunId, Spent, State, World, is_protected,
};

/// What differs from the state underneath; none stands for removed.
#[derive(Default)]
pub(super) struct Edits {
    place: Option<(World, Account, String)>,
    holder: Option<Option<(Owner, jiff::Timestamp)>>,
    entries: BTreeMap<Address, Option<Entry>>,
    open: BTreeMap<IntentId, Option<OpenIntent>>,
    pub(super) echoes: BTreeMap<IntentId, Option<OpenIntent>>,
    pub(super) abandoned: BTreeMap<IntentId, Option<OpenIntent>>,
    backups: Option<Vec<Backup>>,
    outputs: Option<BTreeMap<String, Value>>,
    spent: Option<BTreeMap<Digest, Spent>>,
    glass: Vec<BrokenGlass>,
}

impl Edits {
    pub(super) fn apply(self, state: &mut State) {
        if let Some((world, account, region)) = self.place {
            (state.world, state.account, state.region) = (Some(world), Some(account), Some(region));
        }
        if let Some(holder) = self.holder {
            (state.holder, state.since) = holder.unzip();
        }
        overlay(&mut state.entries, self.entries);
        overlay(&mut state.open, self.open);
        overlay(&mut state.echoes, self.echoes);
        overlay(&mut state.abandoned, self.abandoned);
        state.backups = self.backups.unwrap_or_else(|| std::mem::take(&mut state.backups));
        state.outputs = self.outputs.unwrap_or_else(|| std::mem::take(&mut state.outputs));
        state.spent = self.spent.unwrap_or_else(|| std::mem::take(&mut state.spent));
        state.glass.extend(self.glass);
    }
}

fn overlay<K: Ord, V>(map: &mut BTreeMap<K, V>, edits: BTreeMap<K, Option<V>>) {
    for (key, value) in edits {
        match value {
            Some(value) => drop(map.insert(key, value)),
            None => drop(map.remove(&key)),
        }
    }
}

/// A state with the records of its next slot laid over it.
pub(super) struct Draft<'a> {
    pub(super) base: &'a State,
    at: jiff::Timestamp,
    pub(super) edits: Edits,
}

impl<'a> Draft<'a> {
    pub(super) fn new(base: &'a State, at: jiff::Timestamp) -> Self {
        Self { base, at, edits: Edits::default() }
    }

    pub(super) fn with(mut self, records: &[Record]) -> Result<Self, FoldError> {
        for record in records {
            self.record(record)?;
        }
        Ok(self)
    }

    /// Whether the serial rises.
    pub(super) fn changes(&self) -> bool {
        self.edits.entries.iter().any(|(address, entry)| entry.as_ref() != self.base.entries.get(address))
            || self.edits.backups.as_ref().is_some_and(|b| *b != self.base.backups)
            || self.edits.outputs.as_ref().is_some_and(|o| *o != self.base.outputs)
    }

    pub(super) fn into_edits(self) -> Edits {
        self.edits
    }

    fn seq(&self) -> u64 {
        self.base.seq.saturating_add(1)
    }

    pub(super) fn misfit<T>(&self, why: String) -> Result<T, FoldError> {
        Err(FoldError::Misfit { seq: self.seq(), why })
    }

    fn entry(&self, address: &Address) -> Option<&Entry> {
        match self.edits.entries.get(address) {
            Some(entry) => entry.as_ref(),
            None => self.base.entries.get(address),
        }
    }

    pub(super) fn entry_mut(&mut self, address: &Address) -> Option<&mut Entry> {
        let base = self.base;
        self.edits.entries.entry(address.clone()).or_insert_with(|| base.entries.get(address).cloned()).as_mut()
    }

    fn take_entry(&mut self, address: &Address) -> Option<Entry> {
        let entry = self.entry(address).cloned();
        self.edits.entries.insert(address.clone(), None);
        entry
    }

    pub(super) fn put_entry(&mut self, address: Address, entry: Entry) {
        self.edits.entries.insert(address, Some(entry));
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = (&Address, &Entry)> {
        let untouched = self.base.entries.iter().filter(|(address, _)| !self.edits.entries.contains_key(*address));
        untouched.chain(self.edits.entries.iter().filter_map(|(address, entry)| Some((address, entry.as_ref()?))))
    }

    fn open(&self, id: &IntentId) -> Option<&OpenIntent> {
        match self.edits.open.get(id) {
            Some(open) => open.as_ref(),
            None => self.base.open.get(id),
        }
    }

    fn opened(&self) -> impl Iterator<Item = &OpenIntent> {
        let untouched = self.base.open.iter().filter(|(id, _)| !self.edits.open.contains_key(*id)).map(|(_, open)| open);
        untouched.chain(self.edits.open.values().flatten())
    }

    pub(super) fn backups_mut(&mut self) -> &mut Vec<Backup> {
        self.edits.backups.get_or_insert_with(|| self.base.backups.clone())
    }

    fn record(&mut self, record: &Record) -> Result<(), FoldError> {
        match record {
            Record::Open { owner, world, account, region, mode: _, plan: _ } => {
                self.opens(world, account, region)?;
                self.edits.holder = Some(Some((owner.clone(), self.at)));
            }
            Record::Close { outcome: _ } => self.edits.holder = Some(None),
            Record::Approved(approved) => self.approved(approved)?,
            Record::BrokenGlass { by, reason } => {
                let (run, at) = (self.writer()?, self.at);
                self.edits.glass.push(BrokenGlass { run, at, by: by.clone(), reason: reason.clone() });
            }
            Record::Unprotect { address } => {
                let Some(entry) = self.entry_mut(address) else {
                    return self.misfit(format!("{address} is protected no longer, but is not recorded"));
                };
                entry.protected = false;
            }
            Record::Heartbeat | Record::Checkpoint { seq: _, digest: _ } => {}
            Record::Intent(intent) => self.intends(intent)?,
            Record::Result { intent, outcome, request_id: _ } => self.result(intent, outcome)?,
            Record::Ambiguous { intent, why: _ } => {
                if self.open(intent).is_none() {
                    return Err(FoldError::NotOpen { seq: self.seq(), intent: intent.clone() });
                }
            }
            Record::Abandon { intent, evidence: _ } => {
                let open = self.close(intent, None)?;
                if let Op::Create { .. } = open.intent.op {
                    self.edits.abandoned.insert(intent.clone(), Some(open));
                }
            }
            Record::Repeat { intent } => {
                let Some(open) = self.open(intent) else {
                    return Err(FoldError::NotOpen { seq: self.seq(), intent: intent.clone() });
                };
                // Two processes may have it on its way now: that one of them is gone tells nothing of the other.
                let writer = open.writer.clone().filter(|writer| self.holder().is_some_and(|holder| holder.run == writer.run));
                let repeated = OpenIntent { repeated: true, writer, ..open.clone() };
                self.edits.open.insert(intent.clone(), Some(repeated));
            }
            Record::Late { intent, id } => match self.recorded_of(intent) {
                Some(address) => self.came_twice(&address, intent, id)?,
                None => {
                    let open = self.swept(intent)?;
                    self.came_late(&open.intent, id)?;
                    // Another of its requests may still come, once this object is gone.
                    self.may_resound(open);
                }
            },
            Record::Swept { intent } => drop(self.swept(intent)?),
            Record::Reached { address, id, spec, outputs, dependencies, renamed } => {
                let Some(entry) = self.entry_mut(address).filter(|entry| entry.id == *id) else {
                    return self.misfit(format!("{address} reached its form as {id}, which is not recorded"));
                };
                (entry.spec, entry.outputs, entry.dependencies) = (spec.clone(), outputs.clone(), dependencies.clone());
                (entry.renamed, entry.reached) = (renamed.clone(), true);
                // What is seen to be unprotected may have been made so behind our back.
                entry.protected |= is_protected(spec);
            }
            Record::Gone { address, id } => self.gone(address, id)?,
            Record::Import { address, id, spec, outputs, dependencies, existing } => {
                if let Some(entry) = self.entry(address) {
                    return self.misfit(format!("{address} is imported as {id}, but is recorded already as {}", entry.id));
                }
                let mut entry = Entry::made(id.clone(), spec.clone(), dependencies.clone(), None);
                (entry.outputs, entry.reached, entry.existing) = (outputs.clone(), true, *existing);
                entry.protected = is_protected(spec);
                self.put_entry(address.clone(), entry);
            }
            Record::Forget { address, reason: _, stays } => {
                let Some(entry) = self.take_entry(address) else {
                    return self.misfit(format!("{address} is forgotten, but is not recorded"));
                };
                match stays {
                    true => entry.intents().for_each(|intent| self.is_let_go(intent)),
                    false => self.resounds(entry.intent.as_ref()),
                }
            }
            Record::Rename { from, to, reason: _ } => self.rename(from, to)?,
            Record::Backup { address, id } => self.copied(address, id),
            Record::Restore { reason: _, entries, outputs } => self.restore(entries, outputs)?,
            Record::Outputs(outputs) => self.edits.outputs = Some(outputs.clone()),
        }
        Ok(())
    }

    /// Who holds the environment now.
    fn holder(&self) -> Option<&Owner> {
        match &self.edits.holder {
            Some(holder) => holder.as_ref().map(|(owner, _)| owner),
            None => self.base.holder.as_ref(),
        }
    }

    /// The run at hand.
    fn writer(&self) -> Result<RunId, FoldError> {
        let why = || "a run is allowed to change production, but none holds the environment".to_owned();
        self.holder().map(|owner| owner.run.clone()).ok_or_else(|| FoldError::Misfit { seq: self.seq(), why: why() })
    }

    /// A plan is applied once. What has expired need not be remembered: nobody takes it any more.
    fn approved(&mut self, approved: &Approved) -> Result<(), FoldError> {
        let Approved { plan, expires, .. } = approved;
        let mut spent = self.edits.spent.take().unwrap_or_else(|| self.base.spent.clone());
        if let Some(before) = spent.get(plan) {
            return self.misfit(format!("the plan {plan} was approved once, and the run {} has used that", before.run));
        }
        spent.retain(|_, one| one.expires > self.at);
        spent.insert(plan.clone(), Spent { run: self.writer()?, at: self.at, expires: *expires });
        self.edits.spent = Some(spent);
        Ok(())
    }

    fn opens(&mut self, world: &World, account: &Account, region: &str) -> Result<(), FoldError> {
        let text = |part: Option<String>, found: String| part.filter(|expected| *expected != found).map(|expected| (expected, found));
        let other = [
            ("the world", text(self.base.world.as_ref().map(ToString::to_string), world.to_string())),
            ("the account", text(self.base.account.as_ref().map(ToString::to_string), account.to_string())),
            ("the region", text(self.base.region.clone(), region.to_owned())),
        ];
        if let Some((what, Some((expected, found)))) = other.into_iter().find(|(_, other)| other.is_some()) {
            return Err(FoldError::Elsewhere { seq: self.seq(), what, expected, found });
        }
        self.edits.place = Some((world.clone(), account.clone(), region.to_owned()));
        Ok(())
    }

    fn intends(&mut self, intent: &Intent) -> Result<(), FoldError> {
        if self.open(&intent.id).is_some() {
            return self.misfit(format!("the intent {} is recorded twice", intent.id));
        }
        self.allows(intent)?;
        let writer = self.holder().cloned();
        let open = OpenIntent { intent: intent.clone(), seq: self.seq(), at: self.at, writer, repeated: false };
        self.edits.open.insert(intent.id.clone(), Some(open));
        Ok(())
    }

    /// Refuses, before the request leaves, what could not be recorded afterwards or must never be done.
    fn allows(&self, intent: &Intent) -> Result<(), FoldError> {
        let Some(entry) = self.entry(&intent.address).filter(|_| !intent.is_backup()) else { return Ok(()) };
        let (address, id) = (&intent.address, &entry.id);
        match &intent.op {
            Op::Create { spec: _ } if !intent.replaces => {
                self.misfit(format!("{address} is created, but is recorded already as {id}: replace it, or record first that it is gone"))
            }
            Op::Create { spec: _ } if entry.existing => {
                self.misfit(format!("{address} is replaced, but {id} existed before bbws and is never deleted by it: forget it first"))
            }
            Op::Delete { id: deleted } if entry.existing && deleted == id => {
                self.misfit(format!("{address} is deleted, but {id} existed before bbws and is never deleted by it: forget it"))
            }
            Op::Create { .. } | Op::Update { .. } | Op::Delete { .. } => Ok(()),
        }
    }

    /// Takes an intent out of those that are open; `made` is what its result says it made.
    fn close(&mut self, id: &IntentId, made: Option<&PhysicalId>) -> Result<OpenIntent, FoldError> {
        if let Some(open) = self.open(id).cloned() {
            self.edits.open.insert(id.clone(), None);
            return Ok(open);
        }
        let first = self.entries().find_map(|(_, entry)| {
            let own = (entry.intent.as_ref(), &entry.id);
            let mut all = std::iter::once(own).chain(entry.deposed.iter().map(|old| (old.intent.as_ref(), &old.id)));
            all.find(|(intent, _)| *intent == Some(id)).map(|(_, made)| made.clone())
        });
        let (seq, intent) = (self.seq(), id.clone());
        Err(match (first, made.cloned()) {
            (Some(first), Some(second)) => FoldError::SecondResult { seq, intent, first, second },
            _ => FoldError::NotOpen { seq, intent },
        })
    }

    /// Of the results only that of a create changes the resources: an update is followed by `Reached`, a delete by `Gone`,
    /// a copy of data by `Backup`.
    fn result(&mut self, id: &IntentId, outcome: &ResultOutcome) -> Result<(), FoldError> {
        let made = match outcome {
            ResultOutcome::Refused { code: _ } => return self.close(id, None).map(drop),
            ResultOutcome::Done { id } | ResultOutcome::Settled { id } => id.as_ref(),
        };
        let open = self.close(id, made)?;
        // Where the answer was lost, what is seen may be the work of an earlier request for the same name.
        let seen_only = matches!(outcome, ResultOutcome::Settled { .. });
        if open.repeated || seen_only {
            self.may_resound(open.clone());
        }
        let intent = open.intent;
        match &intent.op {
            Op::Create { spec } if !intent.is_backup() => self.made(&intent, spec, made),
            Op::Create { .. } => {
                // It exists from now on, also where nobody lives to see it become whole.
                made.into_iter().for_each(|id| self.copied(&intent.address, id));
                Ok(())
            }
            Op::Update { .. } | Op::Delete { .. } => Ok(()),
        }
    }

    fn copied(&mut self, address: &Address, id: &PhysicalId) {
        let backup = Backup { address: address.clone(), id: id.clone() };
        let backups = self.backups_mut();
        if !backups.contains(&backup) {
            backups.push(backup);
        }
    }

    fn made(&mut self, intent: &Intent, spec: &Value, id: Option<&PhysicalId>) -> Result<(), FoldError> {
        let address = &intent.address;
        let Some(id) = id else { return self.misfit(format!("{address} was made by the intent {}, but no id is recorded", intent.id)) };
        let mut entry = Entry::made(id.clone(), spec.clone(), intent.dependencies.clone(), Some(intent.id.clone()));
        entry.renamed.clone_from(&intent.renamed);
        if let Some(old) = self.take_entry(address) {
            if old.id == *id || old.deposed.iter().any(|former| former.id == *id) {
                return self.misfit(format!("{address} was made as {id}, but that is what it was to replace"));
            }
            if !intent.replaces {
                return self.misfit(format!("{address} was made as {id}, but is recorded already as {}", old.id));
            }
            entry.deposed = old.deposed;
            entry.deposed.push(Deposed { id: old.id, spec: old.spec, dependencies: old.dependencies, intent: old.intent });
        }
        self.put_entry(address.clone(), entry);
        Ok(())
    }

    /// Where the current object is gone and former ones remain, the newest of these becomes the current one: what exists
    /// stays recorded.
    fn gone(&mut self, address: &Address, id: &PhysicalId) -> Result<(), FoldError> {
        let Some(mut entry) = self.entry(address).filter(|entry| entry.ids().any(|known| known == id)).cloned() else {
            return self.misfit(format!("{address} is gone as {id}, which is not recorded"));
        };
        let deposed = entry.deposed.iter().find(|old| old.id == *id);
        let made_by = if entry.id == *id { entry.intent.clone() } else { deposed.and_then(|old| old.intent.clone()) };
        self.resounds(made_by.as_ref());
        let left = if entry.id != *id {
            entry.deposed.retain(|old| old.id != *id);
            Some(entry)
        } else {
            entry.deposed.pop().map(|old| Entry { deposed: entry.deposed, ..Entry::made(old.id, old.spec, old.dependencies, old.intent) })
        };
        self.edits.entries.insert(address.clone(), left);
        Ok(())
    }

    /// What a request may have made meanwhile would be lost to a state that knows nothing of it.
    fn restore(&mut self, entries: &BTreeMap<Address, Option<Entry>>, outputs: &BTreeMap<String, Value>) -> Result<(), FoldError> {
        if let Some(open) = self.opened().next() {
            return self.misfit(format!("the state cannot be set while the intent {} is open: settle it first", open.intent.id));
        }
        self.edits.entries.extend(entries.iter().map(|(address, entry)| (address.clone(), entry.clone())));
        self.edits.outputs = Some(outputs.clone());
        Ok(())
    }

    /// Whoever refers to the resource, or holds a copy of its data, follows: dependencies order deletes when the
    /// declaration is gone.
    fn rename(&mut self, from: &Address, to: &Address) -> Result<(), FoldError> {
        if from.kind() != to.kind() {
            return self.misfit(format!("{from} cannot become {to}: that is another kind"));
        }
        if self.entry(to).is_some() {
            return self.misfit(format!("{from} cannot become {to}: that is recorded already"));
        }
        if let Some(open) = self.opened().find(|open| open.intent.address == *from || open.intent.address == *to) {
            return self.misfit(format!("{from} cannot become {to} while the intent {} is open: settle it first", open.intent.id));
        }
        let Some(entry) = self.take_entry(from) else {
            return self.misfit(format!("{from} becomes {to}, but is not recorded"));
        };
        self.put_entry(to.clone(), entry);
        let refers = |list: &[Address]| list.contains(from);
        let referring = |entry: &Entry| refers(&entry.dependencies) || entry.deposed.iter().any(|old| refers(&old.dependencies));
        let holders: Vec<Address> = self.entries().filter(|(_, entry)| referring(entry)).map(|(address, _)| address.clone()).collect();
        for holder in holders {
            if let Some(entry) = self.entry_mut(&holder) {
                replace(&mut entry.dependencies, from, to);
                entry.deposed.iter_mut().for_each(|old| replace(&mut old.dependencies, from, to));
            }
        }
        let waiting: Vec<OpenIntent> = self.opened().filter(|open| refers(&open.intent.dependencies)).cloned().collect();
        for mut open in waiting {
            replace(&mut open.intent.dependencies, from, to);
            self.edits.open.insert(open.intent.id.clone(), Some(open));
        }
        if self.base.backups.iter().chain(self.edits.backups.iter().flatten()).any(|backup| backup.address == *from) {
            self.backups_mut().iter_mut().filter(|backup| backup.address == *from).for_each(|backup| backup.address = to.clone());
        }
        Ok(())
    }
}

/// What an object refers to stands in order, so that a plan finds it as it would write it.
fn replace(list: &mut Vec<Address>, from: &Address, to: &Address) {
    list.iter_mut().filter(|address| *address == from).for_each(|address| *address = to.clone());
    list.sort();
    list.dedup();
}

impl Entry {
    /// An object that exists and of which nothing has been observed.
    pub(super) fn made(id: PhysicalId, spec: Value, dependencies: Vec<Address>, intent: Option<IntentId>) -> Self {
        let (outputs, reached, existing, protected) = (Value::Null, false, false, false);
        Self { id, spec, outputs, dependencies, reached, intent, existing, protected, renamed: None, deposed: vec![] }
    }
}

impl Intent {
    /// Whether it copies the data of its address instead of being about the object itself.
    pub(super) fn is_backup(&self) -> bool {
        self.kind != self.address.kind()
    }
}

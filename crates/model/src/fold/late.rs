//! What came of a request after it was given up, or when the network delivered it twice.

use super::FoldError;
use super::draft::Draft;
use crate::{Address, Backup, Deposed, Entry, Intent, IntentId, Op, OpenIntent, PhysicalId};

impl Draft<'_> {
    pub(super) fn echo(&self, id: &IntentId) -> Option<&OpenIntent> {
        match self.edits.echoes.get(id) {
            Some(open) => open.as_ref(),
            None => self.base.echoes.get(id),
        }
    }

    /// Takes an intent out of those of which something may come yet.
    pub(super) fn swept(&mut self, id: &IntentId) -> Result<OpenIntent, FoldError> {
        let abandoned = match self.edits.abandoned.get(id) {
            Some(open) => open.as_ref(),
            None => self.base.abandoned.get(id),
        };
        if let Some(open) = abandoned.cloned() {
            self.edits.abandoned.insert(id.clone(), None);
            return Ok(open);
        }
        let Some(open) = self.echo(id).cloned() else {
            return self.misfit(format!("nothing is to come of the intent {id}, which was neither abandoned nor repeated"));
        };
        self.edits.echoes.insert(id.clone(), None);
        Ok(open)
    }

    /// A create of which more may come than its recorded object: a request of it may still be on its way.
    pub(super) fn may_resound(&mut self, open: OpenIntent) {
        if let (Op::Create { .. }, false) = (&open.intent.op, open.intent.is_backup()) {
            self.edits.echoes.insert(open.intent.id.clone(), Some(open));
        }
    }

    /// What an object that went was made by: where more may come of that, it may be made again.
    pub(super) fn resounds(&mut self, made_by: Option<&IntentId>) {
        if let Some(open) = made_by.and_then(|intent| self.echo(intent)).cloned() {
            self.edits.echoes.insert(open.intent.id.clone(), None);
            self.edits.abandoned.insert(open.intent.id.clone(), Some(open));
        }
    }

    /// What an intent made is managed no longer, and that is meant so: whatever bears its mark is not taken back for it.
    pub(super) fn is_let_go(&mut self, intent: &IntentId) {
        self.edits.echoes.insert(intent.clone(), None);
        self.edits.abandoned.insert(intent.clone(), None);
    }

    /// The resource whose object this intent made, where nothing else is expected of the intent.
    pub(super) fn recorded_of(&self, intent: &IntentId) -> Option<Address> {
        if self.echo(intent).is_some() {
            return None;
        }
        let made = self.entries().find(|(_, entry)| entry.intents().any(|made_by| made_by == intent));
        made.map(|(address, _)| address.clone())
    }

    /// The network delivered a create twice, and that made a second object: it has to go, the recorded one is as it was.
    pub(super) fn came_twice(&mut self, address: &Address, intent: &IntentId, made: &PhysicalId) -> Result<(), FoldError> {
        let Some(entry) = self.entry_mut(address) else { return Ok(()) };
        if entry.ids().any(|known| known == made) {
            return self.misfit(format!("{made} came a second time for {address}, but is recorded already"));
        }
        let first = entry.deposed.iter().find(|old| old.intent.as_ref() == Some(intent)).filter(|_| entry.intent.as_ref() != Some(intent));
        let (spec, dependencies) = match first {
            Some(old) => (old.spec.clone(), old.dependencies.clone()),
            None => (entry.spec.clone(), entry.dependencies.clone()),
        };
        entry.deposed.push(Deposed { id: made.clone(), spec, dependencies, intent: Some(intent.clone()) });
        Ok(())
    }

    /// What an abandoned create made after all: it is too much where its address has another object by now, and is
    /// recorded as one that has to go.
    pub(super) fn came_late(&mut self, intent: &Intent, made: &PhysicalId) -> Result<(), FoldError> {
        let address = &intent.address;
        if intent.is_backup() {
            let backup = Backup { address: address.clone(), id: made.clone() };
            let backups = self.backups_mut();
            if !backups.contains(&backup) {
                backups.push(backup);
            }
            return Ok(());
        }
        let Op::Create { spec } = &intent.op else { return Ok(()) };
        let Some(entry) = self.entry_mut(address) else {
            let entry = Entry::made(made.clone(), spec.clone(), intent.dependencies.clone(), Some(intent.id.clone()));
            self.put_entry(address.clone(), entry);
            return Ok(());
        };
        if entry.ids().any(|known| known == made) {
            return self.misfit(format!("{made} came late for {address}, but is recorded already"));
        }
        let (spec, dependencies) = (spec.clone(), intent.dependencies.clone());
        entry.deposed.push(Deposed { id: made.clone(), spec, dependencies, intent: Some(intent.id.clone()) });
        Ok(())
    }
}

//! What each run did and when, as far as the log alone tells: also of a run that was killed.

use std::collections::{BTreeMap, BTreeSet};

use bbws_model::{Address, Digest, IntentId, Mode, Op, Owner, PhysicalId, Record, ResultOutcome, RunId, Slot};
use jiff::Timestamp;

use crate::Store;
use crate::apply::NOTHING_TO_SEND;
use crate::history::in_words;
use crate::log::{Depth, LogError, Met, follow};

/// What was done to one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// The resource.
    pub address: Address,
    /// What was done: `create`, `update`, `delete`, `backup`.
    pub verb: &'static str,
    /// When its first request was written down.
    pub began: Timestamp,
    /// When it was seen to be as wanted, or gone; none where that was not written.
    pub ended: Option<Timestamp>,
    /// AWS's code, where it refused.
    pub refused: Option<String>,
}

/// One run, as the log tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// Which.
    pub run: RunId,
    /// Who ran it; unknown where the slot that says so was collected.
    pub owner: Option<Owner>,
    /// What for.
    pub mode: Option<Mode>,
    /// The digest of the plan that it executed; none where it executed none.
    pub plan: Option<Digest>,
    /// When its first slot was written.
    pub began: Timestamp,
    /// When its last one was.
    pub last: Timestamp,
    /// How it ended; none where it has not given the environment back.
    pub outcome: Option<String>,
    /// What it did, in the order in which it began.
    pub deeds: Vec<Deed>,
    /// What else it wrote down, in a few words each: approvals, imports, renames.
    pub remarks: Vec<String>,
}

/// All runs that the log still tells of, the oldest first.
///
/// # Errors
/// When the store fails, or what the state needs is lost.
pub async fn traces(store: &dyn Store) -> Result<Vec<Trace>, LogError> {
    // The requests of the run that is read, and the deed that each belongs to.
    let (mut all, mut intents): (Vec<Trace>, BTreeMap<IntentId, usize>) = (vec![], BTreeMap::new());
    follow(store, Depth::Needed, &mut |met| {
        let Met::Slot(slot, _) = met else { return };
        if all.last().is_none_or(|trace| trace.run != slot.run) {
            all.push(Trace::new(slot));
            intents.clear();
        }
        if let Some(trace) = all.last_mut() {
            trace.last = slot.at;
            for record in &slot.records {
                trace.take(record, slot, &mut intents);
            }
        }
    })
    .await?
    .sound()?;
    Ok(all)
}

impl Trace {
    fn new(slot: &Slot) -> Self {
        Self {
            run: slot.run.clone(),
            owner: None,
            mode: None,
            plan: None,
            began: slot.at,
            last: slot.at,
            outcome: None,
            deeds: vec![],
            remarks: vec![],
        }
    }

    fn take(&mut self, record: &Record, slot: &Slot, intents: &mut BTreeMap<IntentId, usize>) {
        match record {
            Record::Open { owner, mode, plan, .. } => (self.owner, self.mode, self.plan) = (Some(owner.clone()), Some(*mode), plan.clone()),
            Record::Close { outcome } => self.outcome = Some(outcome.clone()),
            Record::Intent(intent) => {
                let verb = match &intent.op {
                    Op::Create { .. } if intent.kind != intent.address.kind() => "backup",
                    op => op.verb(),
                };
                let place = self.begin(&intent.address, verb, slot.at);
                intents.insert(intent.id.clone(), place);
            }
            Record::Result { intent, outcome: ResultOutcome::Refused { code }, .. } if code != NOTHING_TO_SEND => {
                // What another run had begun is that one's.
                if let Some(place) = intents.get(intent) {
                    self.deeds[*place].refused = Some(code.clone());
                }
            }
            Record::Reached { address, .. } => self.end(address, &["create", "update"], slot.at),
            Record::Gone { address, .. } => self.end(address, &["delete"], slot.at),
            Record::Backup { address, .. } => self.end(address, &["backup"], slot.at),
            Record::Heartbeat
            | Record::Result { .. }
            | Record::Ambiguous { .. }
            | Record::Abandon { .. }
            | Record::Repeat { .. }
            | Record::Late { .. }
            | Record::Swept { .. }
            | Record::Outputs(_)
            | Record::Checkpoint { .. } => {}
            // Whatever else is written down is worth a word: who approved it, what was taken over, forgotten, renamed or set.
            _ => self.remarks.push(in_words(record, &mut BTreeMap::new())),
        }
    }

    /// The deed that a request belongs to: an object is made and completed by several.
    fn begin(&mut self, address: &Address, verb: &'static str, at: Timestamp) -> usize {
        let goes_on = |deed: &Deed| deed.address == *address && deed.ended.is_none() && (deed.verb == verb || verb == "update");
        if let Some(place) = self.deeds.iter().position(goes_on) {
            self.deeds[place].refused = None;
            return place;
        }
        self.deeds.push(Deed { address: address.clone(), verb, began: at, ended: None, refused: None });
        self.deeds.len() - 1
    }

    fn end(&mut self, address: &Address, verbs: &[&str], at: Timestamp) {
        let it = |deed: &&mut Deed| deed.address == *address && deed.ended.is_none() && verbs.contains(&deed.verb);
        if let Some(deed) = self.deeds.iter_mut().find(it) {
            (deed.ended, deed.refused) = (Some(at), None);
        }
    }
}

/// What has come in between since a run ended, as far as going back has to know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Meanwhile {
    /// Objects that were taken under management, and still are.
    pub imported: BTreeMap<Address, PhysicalId>,
    /// Resources that got another address, in order.
    pub renamed: Vec<(Address, Address)>,
    /// Objects that are gone, of resources that were recorded when the run ended.
    pub gone: BTreeSet<(Address, PhysicalId)>,
}

/// What has come in between since a run ended.
///
/// # Errors
/// When the store fails, or what the state needs is lost.
pub async fn meanwhile(store: &dyn Store, run: &RunId) -> Result<Meanwhile, LogError> {
    let mut found = Meanwhile::default();
    let mut after = false;
    follow(store, Depth::Needed, &mut |met| {
        let Met::Slot(slot, _) = met else { return };
        if slot.run == *run {
            after = true;
            return;
        }
        // The ids of runs sort by the time they were made: where its own slots were collected, all that is left came after.
        if !after && slot.run < *run {
            return;
        }
        for record in &slot.records {
            match record {
                Record::Import { address, id, .. } => drop(found.imported.insert(address.clone(), id.clone())),
                Record::Forget { address, .. } => drop(found.imported.remove(address)),
                Record::Gone { address, id } => {
                    if found.imported.get(address) == Some(id) {
                        found.imported.remove(address);
                    }
                    found.gone.insert((address.clone(), id.clone()));
                }
                Record::Rename { from, to, .. } => {
                    if let Some(id) = found.imported.remove(from) {
                        found.imported.insert(to.clone(), id);
                    }
                    found.renamed.push((from.clone(), to.clone()));
                }
                _ => {}
            }
        }
    })
    .await?
    .sound()?;
    Ok(found)
}

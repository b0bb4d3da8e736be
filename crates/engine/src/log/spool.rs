//! The spool: what became of requests, put down on this machine while the store is out of reach.
//!
//! A request that was answered is no longer a question, but as long as the log cannot take the answer the next run would
//! have to find it out anew. The spool can only add knowledge about intents that the log holds as open; whatever else it
//! says is left out, and what does not fit the log is set aside for a person.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use bbws_model::wire::{log, spool as wire};
use bbws_model::{Digest, IntentId, PhysicalId, Record, ResultOutcome, RunId, Spooled, State};

use super::{Log, LogError};
use crate::lock::locked;
use crate::{Store, StoreError};

/// Where a run puts down what its log does not take.
pub(super) struct Spool {
    shelf: Arc<dyn Store>,
    /// The files of this run that say what the log may not know yet, with the intents of each.
    files: Mutex<BTreeMap<String, BTreeSet<IntentId>>>,
    count: AtomicU64,
    /// The store has failed since it last took a slot.
    in_trouble: AtomicBool,
    /// The intents of what could not be put down here either, and why the last of it could not.
    failed: Mutex<Option<(BTreeSet<IntentId>, StoreError)>>,
}

impl Spool {
    pub(super) fn new(shelf: Arc<dyn Store>) -> Self {
        let (files, count, in_trouble, failed) = Default::default();
        Self { shelf, files, count, in_trouble, failed }
    }

    /// The store does not take a slot: from now on results are put down here too.
    pub(super) fn fails(&self) {
        self.in_trouble.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_in_trouble(&self) -> bool {
        self.in_trouble.load(Ordering::Relaxed)
    }

    /// Whether there is anything to see to once the log has taken a slot.
    pub(super) fn is_used(&self) -> bool {
        self.is_in_trouble() || !locked(&self.files).is_empty()
    }

    /// Puts down those of the records that say what became of a request. `at` is the run's newest slot.
    pub(super) async fn keep(&self, at: (&State, &RunId, jiff::Timestamp), records: &[Record]) {
        let (state, run, now) = at;
        let known: BTreeSet<IntentId> = locked(&self.files).values().flatten().cloned().collect();
        let new = |record: &&Record| matches!(record, Record::Result { intent, .. } if !known.contains(intent));
        let results: Vec<Record> = records.iter().filter(new).cloned().collect();
        if results.is_empty() {
            return;
        }
        let intents: BTreeSet<IntentId> = results.iter().filter_map(about).cloned().collect();
        let spooled =
            Spooled { lineage: state.lineage.clone(), seq: state.seq, head: state.head.clone(), run: run.clone(), at: now, results };
        let key = wire::key(run, self.count.fetch_add(1, Ordering::Relaxed));
        // Known at once: while this is written the same records may come by again.
        locked(&self.files).insert(key.clone(), intents.clone());
        let written = match wire::write(&spooled) {
            Ok(bytes) => self.shelf.create(&key, &bytes).await.map(drop),
            Err(error) => Err(StoreError::Failed { key: key.clone(), cause: error.to_string() }),
        };
        match written {
            Ok(()) => self.has(|intent| intents.contains(intent)),
            Err(error) => {
                locked(&self.files).remove(&key);
                let mut failed = locked(&self.failed);
                let before = failed.take().map(|(lost, _)| lost).unwrap_or_default();
                *failed = Some((before.union(&intents).cloned().collect(), error));
            }
        }
    }

    /// What is known by now, here or in the log, is not lost.
    fn has(&self, known: impl Fn(&IntentId) -> bool) {
        let mut failed = locked(&self.failed);
        if let Some((lost, _)) = &mut *failed {
            lost.retain(|intent| !known(intent));
            if lost.is_empty() {
                *failed = None;
            }
        }
    }

    /// The log has taken a slot: what it knows by now need not be kept.
    pub(super) async fn over(&self, state: &State) {
        self.in_trouble.store(false, Ordering::Relaxed);
        self.has(|intent| !state.open.contains_key(intent));
        let done: Vec<String> = {
            let files = locked(&self.files);
            let over = files.iter().filter(|(_, intents)| !intents.iter().any(|intent| state.open.contains_key(intent)));
            over.map(|(key, _)| key.clone()).collect()
        };
        for key in done {
            // One that stays says nothing new, and the next run removes it.
            drop(self.shelf.delete(&key).await);
            locked(&self.files).remove(&key);
        }
    }

    /// How many ends of requests are here and not in the log; and why others are not here either.
    pub(super) fn held(&self) -> (usize, Option<StoreError>) {
        (locked(&self.files).values().map(BTreeSet::len).sum(), locked(&self.failed).as_ref().map(|(_, error)| error.clone()))
    }
}

fn about(record: &Record) -> Option<&IntentId> {
    match record {
        Record::Result { intent, .. } => Some(intent),
        _ => None,
    }
}

/// Whether a request was executed, and what it made.
fn made(record: &Record) -> Option<Option<&PhysicalId>> {
    match record {
        Record::Result { outcome: ResultOutcome::Done { id } | ResultOutcome::Settled { id }, .. } => Some(id.as_ref()),
        _ => None,
    }
}

/// What became of the files that earlier runs left in the spool.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unspooled {
    /// How many requests the log knows the end of by them.
    pub settled: usize,
    /// Files that do not fit this log, each with why: they are under [`wire::ASIDE`] now, and nothing of them was believed.
    pub aside: Vec<(String, String)>,
}

/// The files in a spool that wait for a run.
///
/// # Errors
/// When it cannot be read.
pub async fn spooled(shelf: &dyn Store) -> Result<Vec<String>, StoreError> {
    let mut keys = shelf.list_after("", "").await?;
    keys.retain(|key| !key.starts_with(wire::ASIDE));
    Ok(keys)
}

/// Puts what earlier runs of this machine left in the spool into the log, as far as the log holds it as open. The environment
/// is held: nobody else settles the same meanwhile.
///
/// # Errors
/// When the spool cannot be read, or the log cannot be written: then the files stay.
pub async fn unspool(log: &Log, shelf: &dyn Store) -> Result<Unspooled, LogError> {
    let (mut records, mut used, mut found) = (vec![], vec![], Unspooled::default());
    for key in spooled(shelf).await? {
        let Some(bytes) = shelf.get(&key).await? else { continue };
        match fitting(log, &bytes, &records).await? {
            Ok(new) => {
                records.extend(new);
                used.push(key);
            }
            Err(why) => {
                shelf.create(&format!("{}{key}", wire::ASIDE), &bytes).await?;
                shelf.delete(&key).await?;
                found.aside.push((key, why));
            }
        }
    }
    found.settled = records.len();
    if !records.is_empty() {
        log.append(records).await?;
    }
    for key in used {
        shelf.delete(&key).await?;
    }
    Ok(found)
}

/// The results of one file that the log lacks; or why the file is not of this log.
async fn fitting(log: &Log, bytes: &[u8], before: &[Record]) -> Result<Result<Vec<Record>, String>, LogError> {
    let spooled = match wire::read(bytes) {
        Ok(spooled) => spooled,
        Err(error) => return Ok(Err(error.to_string())),
    };
    let state = log.state(State::clone);
    if spooled.lineage != state.lineage {
        return Ok(Err(format!("it is of the state {}, this is the state {}", spooled.lineage, state.lineage)));
    }
    if spooled.seq > state.seq {
        return Ok(Err(format!("it follows slot {}, and the log ends at slot {}: the log was set back", spooled.seq, state.seq)));
    }
    match log.stored(&log::key(spooled.seq)).await? {
        Some(slot) if Digest::of(&slot) == spooled.head => {}
        Some(_) => return Ok(Err(format!("it follows another slot {} than the log has", spooled.seq))),
        None => return Ok(Err(format!("it follows slot {}, which is no longer in the log", spooled.seq))),
    }
    let mut new: Vec<Record> = vec![];
    for record in spooled.results {
        // A run that could not put a file into the log has left what it says in one of its own.
        let said = before.iter().chain(&new).any(|other| about(other) == about(&record) && made(other) == made(&record));
        if said || !is_news(&state, &record) {
            continue;
        }
        let with: Vec<Record> = before.iter().chain(&new).chain([&record]).cloned().collect();
        if let Err(misfit) = state.next_serial(&with) {
            return Ok(Err(misfit.to_string()));
        }
        new.push(record);
    }
    Ok(Ok(new))
}

/// Whether the log holds as open what a result ends. A refusal does not end a request that was sent again since.
fn is_news(state: &State, record: &Record) -> bool {
    let Record::Result { intent, outcome, .. } = record else { return false };
    let refused = matches!(outcome, ResultOutcome::Refused { .. });
    state.open.get(intent).is_some_and(|open| !(refused && open.repeated))
}

//! What became of the state over time: which run changed what, and how two states differ.

use std::collections::{BTreeMap, BTreeSet};

use bbws_model::{Address, Approved, Backup, Digest, Entry, IntentId, Mode, Owner, PhysicalId, Principal, Record, RunId, Slot, State};
use serde_json::{Map, Value, json};

use crate::Store;
use crate::log::{Depth, LogError, Met, follow};

/// How one field differs.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldDifference {
    /// Its path: `spec.cidr`.
    pub field: String,
    /// As it was; null where there was none.
    pub from: Value,
    /// As it is; null where there is none.
    pub to: Value,
}

/// How one resource's entry differs.
#[derive(Debug, Clone, PartialEq)]
pub enum EntryDifference {
    /// It came.
    Added(PhysicalId),
    /// It went.
    Removed(PhysicalId),
    /// It is another than it was.
    Changed(Vec<FieldDifference>),
}

/// How two states differ.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Difference {
    /// The resources that differ.
    pub entries: BTreeMap<Address, EntryDifference>,
    /// The outputs that differ.
    pub outputs: Vec<FieldDifference>,
    /// Copies of data that came.
    pub backups: Vec<Backup>,
}

impl Difference {
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.outputs.is_empty() && self.backups.is_empty()
    }

    /// How many resources came, changed and went.
    #[must_use]
    pub fn counts(&self) -> (usize, usize, usize) {
        let count = |what: fn(&EntryDifference) -> bool| self.entries.values().filter(|one| what(one)).count();
        (
            count(|one| matches!(one, EntryDifference::Added(_))),
            count(|one| matches!(one, EntryDifference::Changed(_))),
            count(|one| matches!(one, EntryDifference::Removed(_))),
        )
    }
}

/// How `new` differs from `old`.
#[must_use]
pub fn difference(old: &State, new: &State) -> Difference {
    let addresses: BTreeSet<&Address> = old.entries.keys().chain(new.entries.keys()).collect();
    let differs = |address: &Address| match (old.entries.get(address), new.entries.get(address)) {
        (None, Some(entry)) => Some(EntryDifference::Added(entry.id.clone())),
        (Some(entry), None) => Some(EntryDifference::Removed(entry.id.clone())),
        (Some(before), Some(after)) if before != after => Some(EntryDifference::Changed(fields(&shown(before), &shown(after)))),
        _ => None,
    };
    let entries = addresses.into_iter().filter_map(|address| Some((address.clone(), differs(address)?))).collect();
    let object = |outputs: &BTreeMap<String, Value>| Value::Object(outputs.iter().map(|(k, v)| (k.clone(), v.clone())).collect());
    Difference {
        entries,
        outputs: fields(&object(&old.outputs), &object(&new.outputs)),
        backups: new.backups.iter().filter(|backup| !old.backups.contains(backup)).cloned().collect(),
    }
}

/// An entry as a document, for comparing.
fn shown(entry: &Entry) -> Value {
    let Entry { id, spec, outputs, dependencies, reached, intent, existing, protected, renamed, deposed } = entry;
    json!({
        "id": id,
        "spec": spec,
        "outputs": outputs,
        "dependencies": dependencies,
        "reached": reached,
        "intent": intent,
        "existing": existing,
        "protected": protected,
        "renamed": renamed,
        "deposed": deposed.iter().map(|old| &old.id).collect::<Vec<_>>(),
    })
}

/// The leaves that differ; what is no object on both sides is a leaf.
pub(crate) fn fields(old: &Value, new: &Value) -> Vec<FieldDifference> {
    let mut all = vec![];
    differ(String::new(), old, new, &mut all);
    all
}

fn differ(path: String, old: &Value, new: &Value, all: &mut Vec<FieldDifference>) {
    let nothing = Map::new();
    let (before, after) = match (old, new) {
        (Value::Object(before), Value::Object(after)) => (before, after),
        // All of it came, or went.
        (Value::Null, Value::Object(after)) if !after.is_empty() => (&nothing, after),
        (Value::Object(before), Value::Null) if !before.is_empty() => (before, &nothing),
        _ if old == new => return,
        _ => {
            all.push(FieldDifference { field: path, from: old.clone(), to: new.clone() });
            return;
        }
    };
    let at = |map: &Map<String, Value>, key: &str| map.get(key).cloned().unwrap_or_default();
    for key in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
        let below = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        differ(below, &at(before, key), &at(after, key), all);
    }
}

/// What one slot says, and what that changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Entered {
    /// Its number.
    pub seq: u64,
    /// The serial after it.
    pub serial: u64,
    /// When it was written.
    pub at: jiff::Timestamp,
    /// Its records, each in a few words.
    pub records: Vec<String>,
    /// What it changed.
    pub changed: Difference,
}

/// One run, as the log tells it.
#[derive(Debug, Clone, PartialEq)]
pub struct Past {
    /// Which.
    pub run: RunId,
    /// Who ran it; unknown where the slot that says so was collected.
    pub owner: Option<Owner>,
    /// What for.
    pub mode: Option<Mode>,
    /// The digest of the plan it executes, where it executes one.
    pub plan: Option<Digest>,
    /// What the state was set to, where a person did that.
    pub set: Option<String>,
    /// The approval that it rests on, where it changed production.
    pub approved: Option<Approved>,
    /// Who changed production without one, and why.
    pub glass: Option<(Principal, String)>,
    /// How it ended; none where it has not given the environment back.
    pub outcome: Option<String>,
    /// The serial before it.
    pub serial_before: u64,
    /// Its slots.
    pub slots: Vec<Entered>,
    /// What it changed, all in all.
    pub changed: Difference,
}

/// All runs that the log still tells of, the oldest first.
///
/// # Errors
/// When the store fails, or what the state needs is lost.
pub async fn history(store: &dyn Store) -> Result<Vec<Past>, LogError> {
    let mut teller = Teller::default();
    follow(store, Depth::Needed, &mut |met| teller.meet(&met)).await?.sound()?;
    Ok(teller.all)
}

/// What each run did after the moment at which the log's head had this digest; none where the log no longer tells of that moment.
///
/// # Errors
/// As [`history`].
pub async fn since(store: &dyn Store, head: &Digest) -> Result<Option<Vec<Past>>, LogError> {
    let mut teller: Option<Teller> = None;
    follow(store, Depth::Needed, &mut |met| {
        let (Met::Base(state) | Met::Slot(_, state)) = met;
        match &mut teller {
            Some(teller) => teller.meet(&met),
            None if state.head == *head => teller.insert(Teller::default()).meet(&Met::Base(state)),
            None => {}
        }
    })
    .await?
    .sound()?;
    Ok(teller.map(|teller| teller.all))
}

/// Puts slots together to runs.
#[derive(Default)]
struct Teller {
    all: Vec<Past>,
    /// Before the run at hand, and before the slot at hand.
    before: Option<(State, State)>,
    /// What each intent was about.
    intents: BTreeMap<IntentId, String>,
}

impl Teller {
    fn meet(&mut self, met: &Met<'_>) {
        let (slot, state) = match met {
            Met::Base(state) => {
                self.before = Some(((*state).clone(), (*state).clone()));
                return;
            }
            Met::Slot(slot, state) => (*slot, *state),
        };
        let Some((before_run, before_slot)) = self.before.as_mut() else { return };
        if self.all.last().is_none_or(|past| past.run != slot.run) {
            *before_run = before_slot.clone();
            let (run, serial_before) = (slot.run.clone(), before_run.serial);
            let (slots, changed) = (vec![], Difference::default());
            let past = Past {
                run,
                owner: None,
                mode: None,
                plan: None,
                set: None,
                approved: None,
                glass: None,
                outcome: None,
                serial_before,
                slots,
                changed,
            };
            self.all.push(past);
        }
        let (mut changed, mut all) = (Difference::default(), None);
        // Only then are the resources others than before.
        if state.serial != before_slot.serial {
            (changed, all) = (difference(before_slot, state), Some(difference(before_run, state)));
            before_slot.clone_from(state);
        }
        let records = slot.records.iter().map(|record| in_words(record, &mut self.intents)).collect();
        let Some(past) = self.all.last_mut() else { return };
        past.changed = all.unwrap_or_else(|| std::mem::take(&mut past.changed));
        for record in &slot.records {
            match record {
                Record::Open { owner, mode, plan, .. } => {
                    (past.owner, past.mode, past.plan) = (Some(owner.clone()), Some(*mode), plan.clone());
                }
                Record::Approved(approved) => past.approved = Some(approved.clone()),
                Record::BrokenGlass { by, reason } => past.glass = Some((by.clone(), reason.clone())),
                Record::Restore { reason, .. } => past.set = Some(reason.clone()),
                Record::Close { outcome } => past.outcome = Some(outcome.clone()),
                _ => {}
            }
        }
        past.slots.push(Entered { seq: slot.seq, serial: slot.serial, at: slot.at, records, changed });
    }
}

/// A record in a few words, without any value.
pub(crate) fn in_words(record: &Record, intents: &mut BTreeMap<IntentId, String>) -> String {
    let of = |intents: &BTreeMap<IntentId, String>, id: &IntentId| intents.get(id).cloned().unwrap_or_else(|| format!("the intent {id}"));
    match record {
        Record::Open { .. } => "takes the environment".to_owned(),
        Record::Approved(approved) => format!("its plan was approved by {}", approved.by),
        Record::BrokenGlass { by, .. } => format!("{by} breaks the glass: no approval"),
        Record::Unprotect { address } => format!("{address} is protected against deletion no longer"),
        Record::Heartbeat => "is alive".to_owned(),
        Record::Intent(intent) => {
            let about = format!("{} {}", intent.op.verb(), intent.address);
            intents.insert(intent.id.clone(), about.clone());
            format!("is about to {about}")
        }
        Record::Result { intent, outcome, .. } => {
            let how = match outcome {
                bbws_model::ResultOutcome::Done { .. } => "done".to_owned(),
                bbws_model::ResultOutcome::Refused { code } => format!("refused ({code})"),
                bbws_model::ResultOutcome::Settled { .. } => "found done".to_owned(),
            };
            format!("{}: {how}", of(intents, intent))
        }
        Record::Ambiguous { intent, .. } => format!("{}: the answer was lost", of(intents, intent)),
        Record::Abandon { intent, .. } => format!("{}: had no effect", of(intents, intent)),
        Record::Repeat { intent } => format!("{}: is sent again", of(intents, intent)),
        Record::Late { intent, id } => format!("{}: has come late, as {id}", of(intents, intent)),
        Record::Swept { intent } => format!("{}: nothing had come late", of(intents, intent)),
        Record::Reached { address, .. } => format!("{address} is as wanted"),
        Record::Gone { address, id } => format!("{address} ({id}) is gone"),
        Record::Import { address, id, .. } => format!("takes {id} under management as {address}"),
        Record::Forget { address, reason, .. } => because(format!("forgets {address}"), reason),
        Record::Rename { from, to, reason } => because(format!("renames {from} to {to}"), reason),
        Record::Backup { address, id } => format!("the data of {address} is copied to {id}"),
        Record::Outputs(_) => "publishes the outputs".to_owned(),
        Record::Checkpoint { seq, .. } => format!("a checkpoint of slot {seq} exists"),
        Record::Restore { reason, .. } => format!("sets the state: {reason}"),
        Record::Close { outcome } => format!("gives the environment back: {outcome}"),
    }
}

fn because(what: String, reason: &str) -> String {
    if reason.is_empty() { what } else { format!("{what}: {reason}") }
}

/// A moment of the past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moment {
    /// Right after a slot.
    Slot(u64),
    /// The last with this serial.
    Serial(u64),
    /// After the last slot of the run whose id begins so.
    After(String),
    /// Before the first slot of the run whose id begins so.
    Before(String),
}

/// The states at some moments, in their order; none for a moment that the log does not tell of any more, or never did.
///
/// # Errors
/// When the store fails, or what the state needs is lost.
pub async fn states(store: &dyn Store, moments: &[Moment]) -> Result<Vec<Option<State>>, LogError> {
    let mut found: Vec<Option<State>> = vec![None; moments.len()];
    let mut before: Option<State> = None;
    let mut runs: BTreeMap<&str, BTreeSet<RunId>> = BTreeMap::new();
    follow(store, Depth::Needed, &mut |met| {
        let (slot, state) = match met {
            Met::Base(state) => (None, state),
            Met::Slot(slot, state) => (Some(slot), state),
        };
        for (moment, found) in moments.iter().zip(&mut found) {
            let is_it = match moment {
                Moment::Slot(seq) => state.seq == *seq,
                Moment::Serial(serial) => state.serial == *serial,
                Moment::After(run) => of_run(slot, run, &mut runs),
                Moment::Before(run) => {
                    if found.is_none() && of_run(slot, run, &mut runs) {
                        found.clone_from(&before);
                    }
                    false
                }
            };
            if is_it {
                *found = Some(state.clone());
            }
        }
        before = Some(state.clone());
    })
    .await?
    .sound()?;
    // A beginning that several runs share names none of them.
    for (moment, found) in moments.iter().zip(&mut found) {
        if let Moment::After(run) | Moment::Before(run) = moment
            && runs.get(run.as_str()).is_some_and(|runs| runs.len() > 1)
        {
            *found = None;
        }
    }
    Ok(found)
}

fn of_run<'a>(slot: Option<&Slot>, begins: &'a str, runs: &mut BTreeMap<&'a str, BTreeSet<RunId>>) -> bool {
    let Some(slot) = slot.filter(|slot| slot.run.0.starts_with(begins)) else { return false };
    runs.entry(begins).or_default().insert(slot.run.clone());
    true
}

/// What a restore is made of: the entries that differ, as they were; none for those that were not there.
#[must_use]
pub fn restoring(now: &State, then: &State) -> BTreeMap<Address, Option<Entry>> {
    let addresses: BTreeSet<&Address> = now.entries.keys().chain(then.entries.keys()).collect();
    let differing = addresses.into_iter().filter(|address| now.entries.get(*address) != then.entries.get(*address));
    differing.map(|address| (address.clone(), then.entries.get(address).cloned())).collect()
}

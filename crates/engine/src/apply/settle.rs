//! Settling: what became of the requests that earlier runs left open.
//!
//! A request is sent once. What a look shows of it is the end of it; as long as it shows nothing, the request may still
//! arrive, until its signature has lapsed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bbws_model::{
    Address, Diff, Entry, Event, Intent, IntentId, Kinds, Op, OpenIntent, Ownership, PhysicalId, Record, Recovery, ResultOutcome, Seen,
    State,
};
use futures::future::join_all;
use serde_json::Value;

use super::StepFailure;
use super::flight::left_open;
use super::work::Work;
use crate::observe::{Asked, look};
use crate::{Drivers, Log, Place, Reading};

/// Looks, once, at what became of every open request, and at what was given up: records what is seen of it. Nothing is waited
/// for and nothing is sent. Answers how many requests are settled by it.
///
/// # Errors
/// When something cannot be read, or the log cannot be written.
pub async fn look_back(log: &Log, drivers: &Drivers, kinds: &Kinds) -> Result<usize, StepFailure> {
    let open = log.state(|state| state.open.len());
    let records = looking_back(&log.state(State::clone), drivers, kinds, log.now()).await?;
    if !records.is_empty() {
        log.append(records).await.map_err(StepFailure::Log)?;
    }
    Ok(open.saturating_sub(log.state(|state| state.open.len())))
}

/// What [`look_back`] would record: nothing is written, and nobody needs to hold the environment.
///
/// # Errors
/// When something cannot be read.
pub async fn looking_back(state: &State, drivers: &Drivers, kinds: &Kinds, now: jiff::Timestamp) -> Result<Vec<Record>, StepFailure> {
    let open: Vec<OpenIntent> = state.open.values().cloned().collect();
    let mut records: Vec<Record> = seen_of(state, drivers, kinds, &open).await?.into_values().collect();
    // One object is recorded once: what an open request for its name is settled by did not come late as well.
    let taken: BTreeSet<PhysicalId> = records.iter().filter_map(made).cloned().collect();
    let late = sweep(state, drivers, now).await?;
    records.extend(late.into_iter().filter(|record| made(record).is_none_or(|id| !taken.contains(id))));
    let sought = keyless(state, &records, kinds);
    if !sought.is_empty() && was_changed_lately(state, now) {
        records.extend(doubles(state, &records, &sought, drivers).await);
    }
    Ok(records)
}

/// The records that end those of the open requests of which something is to be seen.
pub(super) async fn seen_of(
    state: &State,
    drivers: &Drivers,
    kinds: &Kinds,
    open: &[OpenIntent],
) -> Result<BTreeMap<IntentId, Record>, StepFailure> {
    let asked = open.iter().filter_map(|open| Some((&open.intent, place(state, &open.intent)?))).collect();
    let mut records = BTreeMap::new();
    // What two requests seem to have made is the first one's.
    let mut made: Vec<PhysicalId> = vec![];
    for (intent, seen) in looked(drivers, asked).await? {
        let Some(record) = trace(state, kinds, intent, seen.as_ref()) else { continue };
        if let (Record::Result { outcome: ResultOutcome::Settled { id: Some(id) }, .. }, Op::Create { .. }) = (&record, &intent.op) {
            if made.contains(id) {
                continue;
            }
            made.push(id.clone());
        }
        records.insert(intent.id.clone(), record);
    }
    Ok(records)
}

/// How often it is looked for what requests did.
pub(super) const LOOK: Duration = Duration::from_secs(5);
/// How often it is told that this is waited for.
const SAY_AGAIN: Duration = Duration::from_secs(30);

impl Work<'_> {
    /// Settles what earlier runs left open at addresses that have no step, when all steps are done.
    pub(super) async fn settle_rest(&self) -> Result<(), StepFailure> {
        let mut said: Option<Duration> = None;
        loop {
            let open = left_open(self.log, None);
            if open.is_empty() {
                return Ok(());
            }
            let state = self.log.state(State::clone);
            let mut records = seen_of(&state, self.drivers, self.kinds, &open).await?;
            let (now, mut last) = (self.clock.elapsed(), Duration::ZERO);
            let mut left = 0;
            for open in &open {
                if records.contains_key(&open.intent.id) {
                    continue;
                }
                let drained = self.drained(&open.intent.id);
                if now >= drained {
                    records.insert(open.intent.id.clone(), abandoned(&open.intent.id));
                } else {
                    (left, last) = (left + 1, last.max(drained.saturating_sub(now)));
                }
            }
            if !records.is_empty() {
                self.append(records.into_values().collect()).await?;
            }
            if left == 0 {
                return Ok(());
            }
            if said.is_none_or(|at| now.saturating_sub(at) >= SAY_AGAIN) {
                said = Some(now);
                self.tell(Event::Settling { requests: left, left: last });
            }
            self.pause(LOOK).await?;
        }
    }
}

/// After so long nothing comes of a request any more, whatever the clocks of two machines say. Only how often it is looked for
/// depends on them.
const FORGOTTEN: jiff::SignedDuration = jiff::SignedDuration::from_hours(7 * 24);

/// What came of creates that may make something yet: made after all, or nothing and never again.
async fn sweep(state: &State, drivers: &Drivers, now: jiff::Timestamp) -> Result<Vec<Record>, StepFailure> {
    let lapsed = |open: &OpenIntent| now.duration_since(open.at) >= FORGOTTEN;
    let mut records: Vec<Record> =
        state.echoes.values().filter(|open| lapsed(open)).map(|open| Record::Swept { intent: open.intent.id.clone() }).collect();
    let asked = state.abandoned.values().filter_map(|open| Some((&open.intent, place(state, &open.intent)?))).collect();
    for (intent, seen) in looked(drivers, asked).await? {
        let late = seen.filter(|seen| owner_of(state, seen, intent).is_some_and(|owner| owner.intent == intent.id));
        match late.filter(|seen| !is_recorded(state, intent, seen)) {
            Some(seen) => records.push(Record::Late { intent: intent.id.clone(), id: seen.id }),
            None if state.abandoned.get(&intent.id).is_some_and(lapsed) => records.push(Record::Swept { intent: intent.id.clone() }),
            None => {}
        }
    }
    Ok(records)
}

/// Whether there is anything of which the network may have made a second object lately: its API knows neither token nor key, so
/// that a create which is delivered twice is executed twice.
#[must_use]
pub fn may_be_doubled(state: &State, kinds: &Kinds, now: jiff::Timestamp) -> bool {
    was_changed_lately(state, now) && !keyless(state, &[], kinds).is_empty()
}

fn was_changed_lately(state: &State, now: jiff::Timestamp) -> bool {
    state.at.is_some_and(|at| now.duration_since(at) < FORGOTTEN)
}

/// The creates of such kinds that have made something which is still recorded, or which these records say to have made it, and
/// of which address each is.
fn keyless<'s>(state: &'s State, records: &'s [Record], kinds: &Kinds) -> BTreeMap<&'s IntentId, &'s Address> {
    let is = |address: &Address| kinds.get(address.kind()).is_some_and(|kind| kind.facts().recovery == Recovery::TagOnly);
    let recorded = state
        .entries
        .iter()
        .filter(|(address, _)| is(address))
        .flat_map(|(address, entry)| entry.intents().map(move |intent| (intent, address)));
    let settled = records.iter().filter_map(|record| {
        let Record::Result { intent, outcome: ResultOutcome::Settled { id: Some(_) }, .. } = record else { return None };
        let made = &state.open.get(intent)?.intent;
        (is(&made.address) && made.kind == made.address.kind()).then_some((intent, &made.address))
    });
    recorded.chain(settled).collect()
}

/// The object that a record of a look tells of.
fn made(record: &Record) -> Option<&PhysicalId> {
    match record {
        Record::Result { outcome: ResultOutcome::Settled { id }, .. } => id.as_ref(),
        Record::Late { id, .. } => Some(id),
        _ => None,
    }
}

/// Second objects: they bear the mark of the very request that made the recorded one. What cannot be listed now is left to a
/// later run: it is in nobody's way.
async fn doubles(state: &State, records: &[Record], sought: &BTreeMap<&IntentId, &Address>, drivers: &Drivers) -> Vec<Record> {
    let known: BTreeSet<&PhysicalId> = state.ids().chain(records.iter().filter_map(made)).collect();
    let kinds: BTreeSet<&str> = sought.values().map(|address| address.kind()).collect();
    let reading = Reading::new();
    let reading = &reading;
    let lists = drivers.censuses().filter(|(kind, _)| kinds.contains(kind)).map(|(_, census)| census.marked(reading));
    let marked = join_all(lists).await.into_iter().flatten().flatten();
    let second = marked.filter(|one| {
        let of = sought.get(&one.owner.intent).filter(|address| one.owner.lineage == state.lineage && ***address == one.owner.address);
        of.is_some() && !known.contains(&one.id)
    });
    second.map(|one| Record::Late { intent: one.owner.intent, id: one.id }).collect()
}

/// Looks at what requests did.
async fn looked<'i>(drivers: &Drivers, requests: Vec<(&'i Intent, Place)>) -> Result<Vec<(&'i Intent, Option<Seen>)>, StepFailure> {
    let mut asked: Asked<&Intent> = BTreeMap::new();
    for (intent, place) in requests {
        asked.entry(intent.kind.clone()).or_default().push((intent, place));
    }
    let looks = look(drivers, asked, &Reading::new()).await.into_iter();
    looks.map(|(intent, _, found)| Ok((intent, found.map_err(StepFailure::Cloud)?))).collect()
}

/// Where to look for what a request did; none where too little is known of its object.
pub(super) fn place(state: &State, intent: &Intent) -> Option<Place> {
    let known = |id: &PhysicalId| -> Option<Value> {
        let entry = state.entries.get(&intent.address)?;
        let current = (entry.id == *id).then(|| entry.spec.clone());
        current.or_else(|| entry.deposed.iter().find(|old| old.id == *id).map(|old| old.spec.clone()))
    };
    let (id, spec, made_by) = match &intent.op {
        Op::Create { spec } => (None, spec.clone(), Some(intent.id.clone())),
        Op::Update { id, spec } => (Some(id.clone()), spec.clone(), None),
        Op::Delete { id } => (Some(id.clone()), known(id)?, None),
    };
    Some(Place { address: intent.address.clone(), id, spec, lineage: state.lineage.clone(), intent: made_by })
}

/// What a look shows of a request: the record that ends it; none where it may still arrive.
pub(super) fn trace(state: &State, kinds: &Kinds, intent: &Intent, seen: Option<&Seen>) -> Option<Record> {
    match (&intent.op, seen) {
        (Op::Create { .. }, Some(seen)) => {
            let owner = owner_of(state, seen, intent)?;
            // What can bear no mark of its own, or has a name that nothing else can have, is known by that.
            let keyed = kinds.get(&intent.kind).is_some_and(|kind| kind.facts().recovery.is_keyed());
            if owner.intent != intent.id && !keyed {
                return None;
            }
            if is_recorded(state, intent, seen) {
                let evidence = format!("{} was recorded before the intent", seen.id);
                return Some(Record::Abandon { intent: intent.id.clone(), evidence });
            }
            Some(settled(intent, Some(seen.id.clone())))
        }
        (Op::Update { spec, .. }, Some(seen)) => {
            let done = kinds.get(&intent.kind).and_then(|kind| kind.diff(&seen.spec, spec).ok()).is_some_and(|diff: Diff| diff.is_empty());
            done.then(|| settled(intent, None))
        }
        // Of two requests for one name the other may still come for whatever has the name next.
        (Op::Delete { .. }, _) if state.open.get(&intent.id).is_some_and(|open| open.repeated) => None,
        (Op::Delete { .. }, None) => Some(settled(intent, None)),
        (Op::Delete { .. }, Some(seen)) => (seen.phase == bbws_model::Phase::Leaving).then(|| settled(intent, None)),
        (Op::Create { .. } | Op::Update { .. }, None) => None,
    }
}

/// The mark of an object, where it is ours and of the intent's address.
fn owner_of<'s>(state: &State, seen: &'s Seen, intent: &Intent) -> Option<&'s Ownership> {
    seen.owner.as_ref().filter(|owner| owner.lineage == state.lineage && owner.address == intent.address)
}

/// Whether an object is known already: to the intent's address or, since it was moved there, to another one.
fn is_recorded(state: &State, intent: &Intent, seen: &Seen) -> bool {
    let is = |entry: &Entry| entry.ids().any(|known| *known == seen.id);
    state.entries.get(&intent.address).is_some_and(is)
        || state.backups.iter().any(|backup| backup.id == seen.id)
        || state.recorded_elsewhere(&intent.kind, (&seen.id, &seen.spec), &intent.address).is_some()
}

/// The record of a request of which nothing can come any more.
pub(super) fn abandoned(intent: &IntentId) -> Record {
    let evidence = "looked for until its signature had lapsed: nothing shows that it arrived".to_owned();
    Record::Abandon { intent: intent.clone(), evidence }
}

/// The record of a request of which a look shows that it was executed, and what it made.
pub(super) fn settled(intent: &Intent, id: Option<PhysicalId>) -> Record {
    Record::Result { intent: intent.id.clone(), outcome: ResultOutcome::Settled { id }, request_id: None }
}

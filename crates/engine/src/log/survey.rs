//! A look at the whole log: each slot in its place, whole, chained and folded; what is damaged, why, and what mends it.
//!
//! Three things mend. The store's first version of a slot is the true one, because a slot is only ever created. A state
//! that was folded beyond a damaged slot holds what it said. And what is derived from the log is written anew from it.

use std::collections::{BTreeMap, BTreeSet};

use bbws_model::wire::{WireError, log, state as wire};
use bbws_model::{Digest, Slot, State};

use super::LogError;
use super::aside::CLAIMS;
use super::derived::late;
use super::read::fetch;
use crate::Store;

/// How closely the log is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Versions are asked for where a slot does not fit.
    Needed,
    /// Versions are asked for of every slot: one that was replaced is found even where its successor fits.
    Whole,
}

/// What mends something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cure {
    /// The store's first version of it, which fits the chain.
    Version(Vec<u8>),
    /// A state that was folded beyond it.
    Covered {
        /// The key of that state.
        by: String,
    },
    /// It is derived: it is ignored, and written anew from the log; or removed, where the log does not say what stood there.
    Derived(Option<Vec<u8>>),
    /// It is derived, and does not say what the log adds up to: it is written anew by a run's end, and by the next apply.
    Late(Vec<u8>),
    /// Nothing in the store.
    Lost,
}

/// One thing that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The key within the environment.
    pub key: String,
    /// What is wrong with it.
    pub cause: String,
    /// What mends it.
    pub cure: Cure,
}

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Survey {
    /// What the log adds up to, as far as it could be followed; none where nothing was ever written.
    pub state: Option<State>,
    /// How many slots are there.
    pub slots: usize,
    /// The number of the first slot that is there.
    pub first: u64,
    /// How many checkpoints are whole and say what the log adds up to.
    pub checkpoints: usize,
    /// All damage, by key.
    pub damage: Vec<Damage>,
}

impl Survey {
    /// The state, if nothing that it needs is lost.
    ///
    /// # Errors
    /// With the first thing that is lost.
    pub fn sound(self) -> Result<Option<State>, LogError> {
        match self.damage.into_iter().find(|damage| damage.cure == Cure::Lost) {
            Some(Damage { key, cause, cure: _ }) => Err(LogError::Damaged { key, cause }),
            None => Ok(self.state),
        }
    }
}

/// Looks at the whole log.
///
/// # Errors
/// When the store fails, or a newer bbws wrote something. Damage is part of the answer.
pub async fn survey(store: &dyn Store, depth: Depth) -> Result<Survey, LogError> {
    follow(store, depth, &mut |_| {}).await
}

/// What is met on the way through the log.
pub(crate) enum Met<'a> {
    /// A state that the way begins at, or goes on from where slots are lost.
    Base(&'a State),
    /// A slot, and the state that it makes.
    Slot(&'a Slot, &'a State),
}

/// The same; tells what it meets.
pub(crate) async fn follow(store: &dyn Store, depth: Depth, told: &mut (dyn FnMut(Met<'_>) + Send)) -> Result<Survey, LogError> {
    let mut walk = Walk { store, depth, slots: BTreeMap::new(), bases: BTreeMap::new(), derived: vec![], damage: vec![], last: 0 };
    walk.gather().await?;
    let state = walk.follow(told).await?;
    let lost = walk.damage.iter().any(|damage| damage.cure == Cure::Lost);
    walk.judge_derived(state.as_ref().filter(|_| !lost));
    if let Some(state) = state.as_ref().filter(|_| !lost) {
        walk.judge_late(state).await?;
    }
    let sound = walk.bases.keys().filter(|key| key.as_str() != wire::KEY).count();
    let first = walk.slots.keys().next().copied().unwrap_or(0);
    let mut damage = walk.damage;
    damage.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(Survey { state, slots: walk.slots.len(), first, checkpoints: sound, damage })
}

struct Walk<'a> {
    store: &'a dyn Store,
    depth: Depth,
    /// The slots that are there, as they are.
    slots: BTreeMap<u64, Vec<u8>>,
    /// The derived states that are whole, by key.
    bases: BTreeMap<String, State>,
    /// The derived states that are not, and why.
    derived: Vec<(String, String)>,
    damage: Vec<Damage>,
    /// The number of the newest slot that is known of.
    last: u64,
}

impl Walk<'_> {
    async fn gather(&mut self) -> Result<(), LogError> {
        for (key, bytes) in fetch(self.store, self.store.list_after(log::PREFIX, "").await?).await? {
            match log::seq_of(&key) {
                Some(seq) => drop(self.slots.insert(seq, bytes)),
                None => self.damaged(key, "its name is not that of a slot".into(), Cure::Derived(None)),
            }
        }
        let mut keys = self.store.list_after(wire::CHECKPOINTS, "").await?;
        keys.push(wire::KEY.to_owned());
        for key in keys {
            let Some(bytes) = self.store.get(&key).await? else { continue };
            match wire::read(&bytes) {
                Ok(state) if key != wire::KEY && wire::checkpoint_of(&key) != Some(state.seq) => {
                    self.derived.push((key, format!("it is the state up to slot {}", state.seq)));
                }
                Ok(state) => drop(self.bases.insert(key, state)),
                Err(error @ WireError::Newer { .. }) => return Err(LogError::wire(&key, &error)),
                Err(error) => self.derived.push((key, error.to_string())),
            }
        }
        let known = self.bases.values().map(|state| state.seq).chain(self.slots.keys().copied());
        self.last = known.max().unwrap_or(0);
        while !self.store.earlier(&log::key(self.last.saturating_add(1))).await?.is_empty() {
            self.last += 1;
        }
        Ok(())
    }

    fn damaged(&mut self, key: String, cause: String, cure: Cure) {
        self.damage.push(Damage { key, cause, cure });
    }

    /// Folds slot after slot. Where one is damaged it goes on with what mends it, and ends where nothing does.
    async fn follow(&mut self, told: &mut (dyn FnMut(Met<'_>) + Send)) -> Result<Option<State>, LogError> {
        // What versions of it tell is the old log, of which something was lost.
        if self.slots.is_empty() && self.bases.is_empty() && !self.store.list_after(CLAIMS, "").await?.is_empty() {
            let cause = "a rebuild has put the log aside, and was stopped before it began a new one";
            self.damaged(log::key(1), cause.to_owned(), Cure::Lost);
            return Ok(None);
        }
        if self.last == 0 {
            return Ok(None);
        }
        let mut state = match self.begin().await? {
            Ok(state) => state,
            Err(cause) => {
                self.damaged(log::key(1), cause, Cure::Lost);
                return Ok(None);
            }
        };
        told(Met::Base(&state));
        while state.seq < self.last {
            let seq = state.seq + 1;
            let cause = match self.step(&mut state).await? {
                Ok(slot) => {
                    self.compare(&state);
                    told(Met::Slot(&slot, &state));
                    continue;
                }
                Err(cause) => cause,
            };
            let Some((by, base)) = self.base_from(seq) else {
                self.damaged(log::key(seq), cause, Cure::Lost);
                return Ok(Some(state));
            };
            self.damaged(log::key(seq), cause, Cure::Covered { by: by.clone() });
            self.skim(seq + 1, base.seq, &by);
            state = base;
            told(Met::Base(&state));
        }
        Ok(Some(state))
    }

    /// Where folding begins: at the first slot or, where old ones were collected, at the oldest state beyond these.
    async fn begin(&mut self) -> Result<Result<State, String>, LogError> {
        let first = self.slots.keys().next().copied().unwrap_or(self.last);
        if first > 1
            && let Some((by, base)) = self.base_from(first - 1)
        {
            self.skim(first, base.seq, &by);
            return Ok(Ok(base));
        }
        let all = self.bodies(1, true).await?;
        let lineage = all.iter().find_map(|body| log::read(body).ok()).map(|slot| slot.lineage);
        let lineage = lineage.or_else(|| self.bases.values().next().map(|base| base.lineage.clone()));
        let missing = "it is missing, and no state that was folded beyond it is whole";
        Ok(lineage.map(State::empty).ok_or_else(|| match self.slots.get(&1).map(|bytes| log::read(bytes)) {
            Some(Err(error)) => error.to_string(),
            _ => missing.to_owned(),
        }))
    }

    /// What was ever at a slot's key, the first version first.
    async fn bodies(&self, seq: u64, versions: bool) -> Result<Vec<Vec<u8>>, LogError> {
        let mut all = if versions { self.store.earlier(&log::key(seq)).await? } else { vec![] };
        all.extend(self.slots.get(&seq).cloned());
        Ok(all)
    }

    /// Takes the next slot into the state. Otherwise why it does not fit.
    async fn step(&mut self, state: &mut State) -> Result<Result<Slot, String>, LogError> {
        let (seq, key) = (state.seq + 1, log::key(state.seq + 1));
        let current = self.slots.get(&seq).cloned();
        let why_not = match &current {
            Some(bytes) if self.depth == Depth::Needed => match take(state, bytes)? {
                Ok(slot) => return Ok(Ok(slot)),
                Err(cause) => cause,
            },
            Some(bytes) => match take(&mut state.clone(), bytes)? {
                Ok(_) => "it was replaced: the store has an earlier version of it, and a slot has but one".to_owned(),
                Err(cause) => cause,
            },
            None => "it is missing".to_owned(),
        };
        for bytes in self.bodies(seq, true).await? {
            if let Ok(slot) = take(state, &bytes)? {
                if Some(&bytes) != current.as_ref() {
                    self.damaged(key, why_not, Cure::Version(bytes));
                }
                return Ok(Ok(slot));
            }
        }
        Ok(Err(why_not))
    }

    /// The oldest whole state that was folded at least up to this slot and that the log continues.
    fn base_from(&self, seq: u64) -> Option<(String, State)> {
        let mut bases: Vec<(&String, &State)> = self.bases.iter().filter(|(_, base)| base.seq >= seq && self.continues(base)).collect();
        bases.sort_by_key(|(_, base)| base.seq);
        bases.first().map(|(key, base)| ((*key).clone(), (*base).clone()))
    }

    /// Whether the log vouches for a state: its own slot is there as it was, or the next one follows it. A slot that is there
    /// and damaged, and is the last one, contradicts nothing.
    fn continues(&self, base: &State) -> bool {
        if let Some(next) = self.slots.get(&(base.seq + 1)) {
            return log::read(next).is_ok_and(|slot| slot.prev == base.head);
        }
        let own = self.slots.get(&base.seq);
        base.seq == self.last && own.is_some_and(|own| Digest::of(own) == base.head || log::read(own).is_err())
    }

    /// Looks at slots that nothing depends on.
    fn skim(&mut self, from: u64, to: u64, by: &str) {
        for seq in from..=to {
            let cause = match self.slots.get(&seq).map(|bytes| log::read(bytes)) {
                None => "it is missing".to_owned(),
                Some(Err(error)) => error.to_string(),
                Some(Ok(slot)) if slot.seq != seq => format!("it holds slot {}", slot.seq),
                Some(Ok(_)) => continue,
            };
            self.damaged(log::key(seq), cause, Cure::Covered { by: by.to_owned() });
        }
    }

    /// Holds the derived states of this slot against what the log adds up to.
    fn compare(&mut self, state: &State) {
        let wrong: BTreeSet<String> =
            self.bases.iter().filter(|(_, base)| base.seq == state.seq && *base != state).map(|(key, _)| key.clone()).collect();
        for key in wrong {
            self.bases.remove(&key);
            self.derived.push((key, "it is not what the log adds up to".into()));
        }
        for (key, cause) in std::mem::take(&mut self.derived) {
            if wire::checkpoint_of(&key) == Some(state.seq) {
                self.damaged(key, cause, Cure::Derived(wire::write(state).ok()));
            } else {
                self.derived.push((key, cause));
            }
        }
    }

    /// What is derived and damaged, and was not met on the way.
    fn judge_derived(&mut self, state: Option<&State>) {
        for (key, cause) in std::mem::take(&mut self.derived) {
            let anew = state.filter(|_| key == wire::KEY).and_then(|state| wire::write(state).ok());
            self.damaged(key, cause, Cure::Derived(anew));
        }
    }

    /// What is derived and whole, and says something else than the log.
    async fn judge_late(&mut self, state: &State) -> Result<(), LogError> {
        for one in late(self.store, state).await? {
            if !self.damage.iter().any(|damage| damage.key == one.key) {
                self.damaged(one.key.to_owned(), one.cause.to_owned(), Cure::Late(one.bytes));
            }
        }
        Ok(())
    }
}

/// Reads the state of a log of which something is damaged.
///
/// # Errors
/// When what it needs is lost.
pub(super) async fn recovered(store: &dyn Store, depth: Depth) -> Result<Option<State>, LogError> {
    match survey(store, depth).await?.sound() {
        // A slot that was replaced shows only where the next one does not follow it.
        Err(LogError::Damaged { .. }) if depth == Depth::Needed => survey(store, Depth::Whole).await?.sound(),
        other => other,
    }
}

/// Puts right what the store's versions and the log itself can put right; answers the keys. What a later state covers
/// stays as it is: nothing needs it.
///
/// # Errors
/// When the store fails. Nothing is touched where something is lost.
pub async fn mend(store: &dyn Store, survey: &Survey) -> Result<Vec<String>, LogError> {
    let mut mended = vec![];
    if survey.damage.iter().any(|damage| damage.cure == Cure::Lost) {
        return Ok(mended);
    }
    for Damage { key, cause: _, cure } in &survey.damage {
        match cure {
            Cure::Late(bytes) => store.overwrite(key, bytes).await?,
            Cure::Derived(Some(bytes)) if key == wire::KEY => store.overwrite(key, bytes).await?,
            Cure::Version(bytes) | Cure::Derived(Some(bytes)) => {
                store.delete(key).await?;
                store.create(key, bytes).await?;
            }
            Cure::Derived(None) => store.delete(key).await?,
            Cure::Covered { by: _ } | Cure::Lost => continue,
        }
        mended.push(key.clone());
    }
    Ok(mended)
}

/// Takes a slot's bytes into a state; otherwise why they do not fit. One that a newer bbws wrote is an error.
fn take(state: &mut State, bytes: &[u8]) -> Result<Result<Slot, String>, LogError> {
    let seq = state.seq + 1;
    match log::read(bytes) {
        Err(error @ WireError::Newer { .. }) => Err(LogError::wire(&log::key(seq), &error)),
        Err(error) => Ok(Err(error.to_string())),
        Ok(slot) if slot.seq != seq => Ok(Err(format!("it holds slot {}", slot.seq))),
        Ok(slot) => Ok(state.take(&slot, bytes).map(|()| slot).map_err(|error| error.to_string())),
    }
}

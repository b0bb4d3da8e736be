//! Reading: the newest derived state that fits, then every slot after it.

use bbws_model::wire::{log, state as wire};
use bbws_model::{Digest, State};
use futures::{StreamExt, TryStreamExt, stream};

use super::aside::CLAIMS;
use super::survey::recovered;
use super::{Depth, LogError};
use crate::Store;

/// How many slots are fetched side by side.
const SIDE_BY_SIDE: usize = 16;

/// What the log of an environment adds up to; none where nothing was ever written.
///
/// `state.json` saves the way from the first slot, if its chain fits; a checkpoint does if it does not. Neither is
/// believed over the log.
///
/// A damaged or removed slot is recovered from the store's versions of it, where it keeps any.
///
/// # Errors
/// When the store fails, or the log is damaged beyond that; never a state that is older than the log.
pub async fn read(store: &dyn Store) -> Result<Option<State>, LogError> {
    let mut doubtful = false;
    match straight(store, &mut doubtful).await {
        // The slot after this one may have been removed. Where the last run has given the environment back none is missing.
        Ok(Some(state)) if state.holder.is_some() && !store.earlier(&log::key(state.seq + 1)).await?.is_empty() => {
            recovered(store, Depth::Needed).await
        }
        // Where nothing is, there may have been something.
        Ok(None) if !store.earlier(&log::key(1)).await?.is_empty() || !store.list_after(CLAIMS, "").await?.is_empty() => {
            recovered(store, Depth::Whole).await
        }
        Ok(_) if doubtful => recovered(store, Depth::Whole).await,
        Err(LogError::Damaged { .. }) => recovered(store, Depth::Needed).await,
        other => other,
    }
}

/// The same, where nothing is damaged. It is `doubtful` where a whole state contradicts the log: one of the two was replaced.
async fn straight(store: &dyn Store, doubtful: &mut bool) -> Result<Option<State>, LogError> {
    if let Some(base) = derived(store, wire::KEY).await? {
        if let Some(state) = continued(store, base).await? {
            return Ok(Some(state));
        }
        *doubtful = true;
    }
    let mut checkpoints = store.list_after(wire::CHECKPOINTS, "").await?;
    while let Some(key) = checkpoints.pop() {
        if let Some(base) = derived(store, &key).await? {
            if let Some(state) = continued(store, base).await? {
                return Ok(Some(state));
            }
            *doubtful = true;
        }
    }
    from_the_first_slot(store).await
}

/// A derived state, if there is one and it is whole. One that a newer bbws wrote is an error.
async fn derived(store: &dyn Store, key: &str) -> Result<Option<State>, LogError> {
    let Some(bytes) = store.get(key).await? else { return Ok(None) };
    match wire::read(&bytes) {
        Ok(state) => Ok(Some(state)),
        Err(error @ bbws_model::wire::WireError::Newer { .. }) => Err(LogError::wire(key, &error)),
        Err(bbws_model::wire::WireError::Damaged { .. }) => Ok(None),
    }
}

/// The state with all slots after it; none where its chain does not fit the log.
async fn continued(store: &dyn Store, base: State) -> Result<Option<State>, LogError> {
    let keys = store.list_after(log::PREFIX, &log::key(base.seq)).await?;
    if keys.is_empty() {
        // The slot it was folded up to is the log's last: it must be there, and be the same.
        let key = log::key(base.seq);
        let last = store.get(&key).await?;
        return match last {
            Some(bytes) if Digest::of(&bytes) == base.head => Ok(Some(base)),
            Some(_) => Ok(None),
            None => {
                let cause = format!("it is missing, but a state that was folded up to it exists; restore {key} from the store's history");
                Err(LogError::Damaged { key, cause })
            }
        };
    }
    let slots = fetch(store, keys).await?;
    let fits = slots.first().is_some_and(|(_, bytes)| log::read(bytes).is_ok_and(|slot| slot.prev == base.head));
    if fits { fold(base, slots).map(Some) } else { Ok(None) }
}

async fn from_the_first_slot(store: &dyn Store) -> Result<Option<State>, LogError> {
    let slots = fetch(store, store.list_after(log::PREFIX, "").await?).await?;
    let Some((key, bytes)) = slots.first() else { return Ok(None) };
    let first = log::read(bytes).map_err(|e| LogError::wire(key, &e))?;
    fold(State::empty(first.lineage), slots).map(Some)
}

pub(super) async fn fetch(store: &dyn Store, keys: Vec<String>) -> Result<Vec<(String, Vec<u8>)>, LogError> {
    let get = |key: String| async move {
        match store.get(&key).await? {
            Some(bytes) => Ok((key, bytes)),
            None => Err(LogError::Damaged { cause: "it was listed, but is not there".into(), key }),
        }
    };
    stream::iter(keys.into_iter().map(get)).buffered(SIDE_BY_SIDE).try_collect().await
}

fn fold(mut state: State, slots: Vec<(String, Vec<u8>)>) -> Result<State, LogError> {
    for (key, bytes) in slots {
        let slot = log::read(&bytes).map_err(|e| LogError::wire(&key, &e))?;
        if log::seq_of(&key) != Some(slot.seq) {
            return Err(LogError::Damaged { cause: format!("it holds slot {}", slot.seq), key });
        }
        state.take(&slot, &bytes).map_err(|e| LogError::Damaged { key, cause: e.to_string() })?;
    }
    Ok(state)
}

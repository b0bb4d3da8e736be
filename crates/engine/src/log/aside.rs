//! What is left of a lost log, and how it is put out of the way of a new one.
//!
//! Nobody can hold a log that does not add up. So one of those who would put the same remains aside claims them first, by
//! create-if-absent; and each puts aside what it has looked at, and nothing that came since: that is somebody's new log.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bbws_model::wire::{log, state as wire};
use bbws_model::{Digest, RunId};
use serde_json::json;

use super::LogError;
use super::read::fetch;
use super::watch::is_still;
use crate::{Clock, PutOutcome, Store};

/// Where everything is put that was left of lost logs.
const ASIDE: &str = "lost/";
/// Where it stands who puts which remains aside.
pub(super) const CLAIMS: &str = "lost/claims/";
/// What was looked at longer ago than this may have been put aside by others, and be somebody's new slot by now.
const FRESH: Duration = Duration::from_secs(30);

/// What is left of a log, as somebody has looked at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remains {
    files: BTreeMap<String, Digest>,
    last: u64,
}

impl Remains {
    /// The number of the newest slot that there ever was, as far as anything tells; 0 where nothing does.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.last
    }

    fn digest(&self) -> Digest {
        let all: Vec<String> = self.files.iter().map(|(key, digest)| format!("{key} {}\n", digest.0)).collect();
        Digest::of(all.concat().as_bytes())
    }
}

/// The keys of the slots and of the checkpoints.
async fn keys(store: &dyn Store) -> Result<Vec<String>, LogError> {
    let mut keys = store.list_after(log::PREFIX, "").await?;
    keys.extend(store.list_after(wire::CHECKPOINTS, "").await?);
    Ok(keys)
}

/// Looks at what is left of a log.
///
/// # Errors
/// When the store fails.
pub async fn remains(store: &dyn Store) -> Result<Remains, LogError> {
    let (mut files, mut last) = (BTreeMap::new(), 0);
    let mut all = fetch(store, keys(store).await?).await?;
    all.extend(store.get(wire::KEY).await?.map(|bytes| (wire::KEY.to_owned(), bytes)));
    for (key, bytes) in all {
        let folded = wire::read(&bytes).ok().filter(|_| key == wire::KEY).map(|state| state.seq);
        last = last.max(numbered(&key).or(folded).unwrap_or(0));
        files.insert(key, Digest::of(&bytes));
    }
    for key in store.list_after(ASIDE, "").await? {
        let name = [log::PREFIX, wire::CHECKPOINTS].iter().find_map(|prefix| key.find(prefix).map(|at| &key[at..]));
        last = last.max(name.and_then(numbered).unwrap_or(0));
    }
    while !store.earlier(&log::key(last.saturating_add(1))).await?.is_empty() {
        last += 1;
    }
    Ok(Remains { files, last })
}

/// The number of the slot, or of the slot that a checkpoint was folded up to.
fn numbered(key: &str) -> Option<u64> {
    log::seq_of(key).or_else(|| wire::checkpoint_of(key))
}

/// Puts what is left of a log under another name, so that a new one can begin, and answers how many files that were. Nothing is
/// thrown away.
///
/// # Errors
/// [`LogError::Fenced`] when another run is at it, or was and has begun a new log. When the store fails: what was copied by then
/// is there twice.
pub async fn set_aside(store: &dyn Store, clock: &dyn Clock, under: &str, remains: &Remains, run: &RunId) -> Result<usize, LogError> {
    if remains.files.is_empty() {
        return Ok(0);
    }
    claim(store, clock, remains, run).await?;
    for (key, digest) in &remains.files {
        let looked = clock.elapsed();
        let Some(bytes) = store.get(key).await? else { return Err(LogError::Fenced { seq: 1 }) };
        if Digest::of(&bytes) != *digest {
            return Err(LogError::Fenced { seq: 1 });
        }
        store.create(&format!("{under}/{key}"), &bytes).await?;
        if clock.elapsed().saturating_sub(looked) > FRESH {
            return Err(LogError::Fenced { seq: 1 });
        }
        store.delete(key).await?;
    }
    Ok(remains.files.len())
}

/// Claims remains. Whoever has claimed them and does not touch them for a minute has stopped.
async fn claim(store: &dyn Store, clock: &dyn Clock, remains: &Remains, run: &RunId) -> Result<(), LogError> {
    let said = json!({ "format": 1, "run": run.0, "at": clock.now().to_string() }).to_string();
    let digest = remains.digest().0;
    for turn in 1_u64.. {
        let key = format!("{CLAIMS}{digest}-{turn:04}.json");
        if store.create(&key, said.as_bytes()).await? == PutOutcome::Created {
            return Ok(());
        }
        // An answer may have been lost.
        if store.get(&key).await?.is_some_and(|found| found == said.as_bytes()) {
            return Ok(());
        }
        if !lie_untouched(store, clock, remains).await? {
            break;
        }
    }
    Err(LogError::Fenced { seq: 1 })
}

/// Whether nobody touches remains for a minute.
async fn lie_untouched(store: &dyn Store, clock: &dyn Clock, remains: &Remains) -> Result<bool, LogError> {
    let there: BTreeSet<&String> = remains.files.keys().filter(|key| *key != wire::KEY).collect();
    is_still(clock, async || Ok(keys(store).await?.iter().collect::<BTreeSet<_>>() == there)).await
}

//! Watching: whether the run that holds an environment still lives, as seen from outside.

use std::time::Duration;

use bbws_model::wire::log;
use bbws_model::{Owner, Record, State};

use super::{LogError, TTL};
use crate::{Clock, Store};

/// How often a log is looked at while it is watched.
const LOOK: Duration = Duration::from_secs(2);

/// An environment that a run holds, as its log says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The run.
    pub owner: Owner,
    /// When it took the environment, by its own clock.
    pub since: Option<jiff::Timestamp>,
    /// When it last wrote, by its own clock.
    pub last: Option<jiff::Timestamp>,
    /// The newest slot.
    pub seq: u64,
}

impl Held {
    /// Who holds an environment; none where it was given back.
    #[must_use]
    pub fn of(state: &State) -> Option<Self> {
        let State { holder, since, at, seq, .. } = state;
        Some(Self { owner: holder.clone()?, since: *since, last: *at, seq: *seq })
    }
}

/// Who holds a log that need not add up, by its newest slots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LastHeld {
    /// It was given back, or nobody ever took it.
    Nobody,
    /// This run, as far as its slots tell.
    By(Box<Held>),
    /// A slot that may say it cannot be read: somebody may be at work.
    Unknown {
        /// The newest slot.
        seq: u64,
    },
}

/// Who wrote last in a log, whether or not it adds up. A slot that cannot be read may be the one that took the environment, or
/// gave it back: what older ones say is no longer sure then.
///
/// # Errors
/// When the store fails.
pub async fn last_held(store: &dyn Store) -> Result<LastHeld, LogError> {
    let keys = store.list_after(log::PREFIX, "").await?;
    let Some(seq) = keys.last().and_then(|key| log::seq_of(key)) else { return Ok(LastHeld::Nobody) };
    let mut last = None;
    for key in keys.iter().rev() {
        let Some(slot) = store.get(key).await?.and_then(|bytes| log::read(&bytes).ok()) else { return Ok(LastHeld::Unknown { seq }) };
        last = last.or(Some(slot.at));
        for record in slot.records.iter().rev() {
            match record {
                Record::Close { .. } => return Ok(LastHeld::Nobody),
                Record::Open { owner, .. } => {
                    let held = Held { owner: owner.clone(), since: Some(slot.at), last, seq };
                    return Ok(LastHeld::By(Box::new(held)));
                }
                _ => {}
            }
        }
    }
    // Whoever took it did so in a slot that is gone.
    Ok(LastHeld::Unknown { seq })
}

/// Watches a log whose newest slot is `seq`: whether it stands still for [`TTL`] by the observer's own clock, so that its
/// holder has stopped. Comes back as soon as it moves. Nothing that another machine's clock says is believed.
///
/// # Errors
/// When the store fails.
pub async fn stands_still(store: &dyn Store, clock: &dyn Clock, seq: u64) -> Result<bool, LogError> {
    is_still(clock, async || Ok(store.list_after(log::PREFIX, &log::key(seq)).await?.is_empty())).await
}

/// Whether a look shows for [`TTL`] that something stays as it is. Comes back as soon as one does not.
pub(super) async fn is_still(clock: &dyn Clock, look: impl AsyncFn() -> Result<bool, LogError>) -> Result<bool, LogError> {
    let began = clock.elapsed();
    loop {
        // The look comes after the wait: one that was slept through together with the machine counts for nothing.
        if !look().await? {
            return Ok(false);
        }
        let watched = clock.elapsed().saturating_sub(began);
        if watched >= TTL {
            return Ok(true);
        }
        clock.sleep(LOOK.min(TTL.saturating_sub(watched))).await;
    }
}

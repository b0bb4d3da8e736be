//! Garbage collection: slots that no reader needs any more.

use std::time::Duration;

use bbws_model::wire::{log, state as wire};

use super::{Cure, Damage, Depth, LogError, survey};
use crate::Store;

/// Nothing younger is collected: a writer that woke up after a long pause must not find its slot free.
pub const KEPT_FOR: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The slots, oldest first, that the oldest kept checkpoint makes needless and that are older than [`KEPT_FOR`]. The newest
/// slots are never among them: they come after every checkpoint but the last.
///
/// # Errors
/// When the store fails, or anything is damaged: then every slot may be what mends it.
pub async fn collectable(store: &dyn Store, now: jiff::Timestamp) -> Result<Vec<String>, LogError> {
    // What only people read mends nothing.
    let needed = |damage: &Damage| !matches!(damage.cure, Cure::Late(_));
    if let Some(damage) = survey(store, Depth::Needed).await?.damage.into_iter().find(needed) {
        return Err(LogError::Damaged { key: damage.key, cause: damage.cause });
    }
    let checkpoints = store.list_after(wire::CHECKPOINTS, "").await?;
    let Some(oldest) = checkpoints.first().and_then(|key| wire::checkpoint_of(key)) else { return Ok(vec![]) };
    let mut all = vec![];
    for key in store.list_after(log::PREFIX, "").await? {
        // The checkpoint's own slot stays: it is what vouches for the checkpoint.
        if log::seq_of(&key).is_none_or(|seq| seq >= oldest) {
            break;
        }
        let Some(bytes) = store.get(&key).await? else { break };
        let written = log::read(&bytes).map_err(|error| LogError::wire(&key, &error))?.at;
        if Duration::try_from(now.duration_since(written)).unwrap_or_default() < KEPT_FOR {
            break;
        }
        all.push(key);
    }
    Ok(all)
}

/// Removes them, the oldest first: whatever interrupts it, no gap is left.
///
/// # Errors
/// When the store fails.
pub async fn collect(store: &dyn Store, keys: &[String]) -> Result<(), LogError> {
    for key in keys {
        store.delete(key).await?;
    }
    Ok(())
}

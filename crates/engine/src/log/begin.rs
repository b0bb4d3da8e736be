//! A log that begins with a state that was made again from the account.

use std::collections::BTreeMap;

use bbws_model::wire::{log, state as wire};
use bbws_model::{Address, Entry, Record, Slot, State};

use super::derived::derive;
use super::{LogError, Opening};
use crate::{Clock, Ids, PutOutcome, Store};

/// Begins the log of an environment that has none. One slot says all, so that it is there whole or not at all.
///
/// # Errors
/// When the store fails, or a log is there.
pub async fn begin(
    store: &dyn Store,
    clock: &dyn Clock,
    ids: &dyn Ids,
    opening: Opening,
    reason: &str,
    state: &State,
) -> Result<State, LogError> {
    let run = opening.owner.run.clone();
    let entries: BTreeMap<Address, Option<Entry>> = state.entries.iter().map(|(address, e)| (address.clone(), Some(e.clone()))).collect();
    let restore = Record::Restore { reason: reason.to_owned(), entries, outputs: state.outputs.clone() };
    let copies = state.backups.iter().map(|copy| Record::Backup { address: copy.address.clone(), id: copy.id.clone() });
    let close = Record::Close { outcome: "done".to_owned() };
    let records: Vec<Record> = opening.records().into_iter().chain([restore]).chain(copies).chain([close]).collect();
    let mut begun = State::empty(&state.lineage);
    let serial = begun.next_serial(&records)?;
    let (lineage, prev) = (begun.lineage.clone(), begun.head.clone());
    let slot = Slot { lineage, seq: 1, generation: 1, serial, prev, put_id: ids.next(), run, at: clock.now(), records };
    let key = log::key(slot.seq);
    let bytes = log::write(&slot).map_err(|error| LogError::wire(&key, &error))?;
    begun.take(&slot, &bytes)?;
    if store.create(&key, &bytes).await? == PutOutcome::Exists {
        return Err(LogError::Fenced { seq: slot.seq });
    }
    derive(store, &begun).await?;
    Ok(begun)
}

/// Puts what is left of a log under another name, so that a new one can begin. Nothing is thrown away.
///
/// # Errors
/// When the store fails: what was copied by then is there twice.
pub async fn set_aside(store: &dyn Store, under: &str) -> Result<usize, LogError> {
    let mut keys = store.list_after(log::PREFIX, "").await?;
    keys.extend(store.list_after(wire::CHECKPOINTS, "").await?);
    keys.push(wire::KEY.to_owned());
    let mut count = 0;
    for key in keys {
        let Some(bytes) = store.get(&key).await? else { continue };
        store.create(&format!("{under}/{key}"), &bytes).await?;
        store.delete(&key).await?;
        count += 1;
    }
    Ok(count)
}

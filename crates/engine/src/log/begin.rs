//! A log that begins with a state that was made again from the account.

use std::collections::BTreeMap;

use bbws_model::wire::log;
use bbws_model::wire::state::{checkpoint_key, write};
use bbws_model::{Address, Digest, Entry, Record, Slot, State};

use super::derived::derive;
use super::{LogError, Opening};
use crate::{Clock, Ids, PutOutcome, Store};

/// Begins the log of an environment that has none. One slot says all, so that it is there whole or not at all.
///
/// Where there was a log up to slot `after`, it begins beyond that, as one of which the older slots were collected: a store that
/// keeps versions would take the old log's first slot for the true one.
///
/// # Errors
/// When the store fails, or a log is there.
pub async fn begin(
    store: &dyn Store,
    clock: &dyn Clock,
    ids: &dyn Ids,
    opening: Opening,
    reason: &str,
    (state, after): (&State, u64),
) -> Result<State, LogError> {
    let run = opening.owner.run.clone();
    let entries: BTreeMap<Address, Option<Entry>> = state.entries.iter().map(|(address, e)| (address.clone(), Some(e.clone()))).collect();
    let restore = Record::Restore { reason: reason.to_owned(), entries, outputs: state.outputs.clone() };
    let copies = state.backups.iter().map(|copy| Record::Backup { address: copy.address.clone(), id: copy.id.clone() });
    let close = Record::Close { outcome: "done".to_owned() };
    let records: Vec<Record> = opening.records().into_iter().chain([restore]).chain(copies).chain([close]).collect();
    let mut begun = State::empty(&state.lineage);
    if after > 0 {
        (begun.seq, begun.head) = (after, Digest::of(format!("{run} begins after slot {after}").as_bytes()));
        let key = checkpoint_key(after);
        let bytes = write(&begun).map_err(|error| LogError::wire(&key, &error))?;
        if store.create(&key, &bytes).await? == PutOutcome::Exists {
            return Err(LogError::Fenced { seq: after });
        }
    }
    let serial = begun.next_serial(&records)?;
    let (lineage, prev) = (begun.lineage.clone(), begun.head.clone());
    let slot = Slot { lineage, seq: after + 1, generation: 1, serial, prev, put_id: ids.next(), run, at: clock.now(), records };
    let key = log::key(slot.seq);
    let bytes = log::write(&slot).map_err(|error| LogError::wire(&key, &error))?;
    begun.take(&slot, &bytes)?;
    if store.create(&key, &bytes).await? == PutOutcome::Exists {
        return Err(LogError::Fenced { seq: slot.seq });
    }
    // The log has begun, whatever becomes of what is derived from it: the next look tells what is missing.
    drop(derive(store, clock, &begun).await);
    Ok(begun)
}

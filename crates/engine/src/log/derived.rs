//! What is derived from the log for people, jq and other tools: the log has all of it.
//!
//! It is written while the environment is held, so that nothing of a run that is over comes late over what a later one has
//! published; and what a failing store has not taken is seen by the next look, and written anew.

use std::collections::BTreeMap;
use std::time::Duration;

use bbws_model::wire::state as wire;
use bbws_model::{State, net};
use serde_json::Value;

use super::LogError;
use crate::{Clock, Store, StoreError};

/// The key of the published outputs.
pub const OUTPUTS: &str = "outputs.json";
/// How often a document is tried while the store does not say whether it has it.
const TRIES: u32 = 4;
/// How long is waited before the second try; before each further one twice as long.
const WAIT: Duration = Duration::from_millis(200);

/// A derived document that does not say what the log adds up to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Late {
    /// Its key within the environment.
    pub key: &'static str,
    /// What is wrong with it.
    pub cause: &'static str,
    /// What belongs there.
    pub bytes: Vec<u8>,
}

/// What belongs into `state.json`.
fn state_json(state: &State) -> Result<Vec<u8>, LogError> {
    wire::write(state).map_err(|error| LogError::wire(wire::KEY, &error))
}

/// What belongs into `outputs.json`. No secret that is known gets into it.
fn outputs_json(state: &State) -> Vec<u8> {
    net::catch(&serde_json::to_string_pretty(&state.outputs).unwrap_or_default()).into_owned().into_bytes()
}

/// Writes `outputs.json` and `state.json` anew. A store that does not say whether it has taken one is asked again a few times.
///
/// # Errors
/// When the store fails: the log has all of it.
pub(super) async fn derive(store: &dyn Store, clock: &dyn Clock, state: &State) -> Result<(), LogError> {
    insist(store, clock, OUTPUTS, &outputs_json(state)).await?;
    insist(store, clock, wire::KEY, &state_json(state)?).await?;
    Ok(())
}

async fn insist(store: &dyn Store, clock: &dyn Clock, key: &str, bytes: &[u8]) -> Result<(), StoreError> {
    let (mut wait, mut tries) = (WAIT, 1);
    loop {
        match store.overwrite(key, bytes).await {
            Err(StoreError::Unknown { .. }) if tries < TRIES => {}
            done => return done,
        }
        clock.sleep(wait).await;
        (wait, tries) = (wait * 2, tries + 1);
    }
}

/// Writes `state.json` alone, once.
pub(super) async fn derive_state(store: &dyn Store, state: &State) -> Result<Vec<u8>, LogError> {
    let bytes = state_json(state)?;
    store.overwrite(wire::KEY, &bytes).await?;
    Ok(bytes)
}

/// The derived documents that do not say what the log adds up to; none while a run holds the environment, which writes them at
/// its end.
///
/// # Errors
/// When the store fails.
pub async fn late(store: &dyn Store, state: &State) -> Result<Vec<Late>, LogError> {
    let mut late = vec![];
    if state.holder.is_some() || state.seq == 0 {
        return Ok(late);
    }
    let there = store.get(wire::KEY).await?;
    let cause = match there.as_deref().map(wire::read) {
        None => Some("it is missing"),
        Some(Err(_)) => Some("it cannot be read"),
        Some(Ok(there)) => (!says_the_same(there, state)).then_some("it is older than the log"),
    };
    if let Some(cause) = cause {
        late.push(Late { key: wire::KEY, cause, bytes: state_json(state)? });
    }
    let bytes = outputs_json(state);
    let outputs = |bytes: &[u8]| serde_json::from_slice::<BTreeMap<String, Value>>(bytes).ok();
    let cause = match store.get(OUTPUTS).await? {
        None => Some("it is missing"),
        Some(there) => (outputs(&there) != outputs(&bytes)).then_some("it is not what the log says was published"),
    };
    if let Some(cause) = cause {
        late.push(Late { key: OUTPUTS, cause, bytes });
    }
    Ok(late)
}

/// Whether an older state differs only in who held the environment, and when: a run that was killed right behind its last slot
/// leaves such a one.
fn says_the_same(there: State, state: &State) -> bool {
    let State { seq, generation, at, since, .. } = *state;
    State { seq, generation, at, since, head: state.head.clone(), holder: state.holder.clone(), ..there } == *state
}

//! What is derived from the log for people, jq and other tools: the log has all of it.

use bbws_model::wire::state as wire;
use bbws_model::{State, net};

use super::LogError;
use crate::Store;

/// The key of the published outputs.
pub const OUTPUTS: &str = "outputs.json";

/// Writes `state.json` and `outputs.json` anew; answers the first one's bytes. No secret that is known gets into either.
///
/// # Errors
/// When the store fails.
pub(super) async fn derive(store: &dyn Store, state: &State) -> Result<Vec<u8>, LogError> {
    let bytes = wire::write(state).map_err(|error| LogError::wire(wire::KEY, &error))?;
    store.overwrite(wire::KEY, &bytes).await?;
    let outputs = serde_json::to_string_pretty(&state.outputs).unwrap_or_default();
    store.overwrite(OUTPUTS, net::catch(&outputs).as_bytes()).await?;
    Ok(bytes)
}

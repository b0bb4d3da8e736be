//! Addresses as a command line says them.

use bbws_model::{Address, State};
use bbws_render::ErrorId;

use crate::{Exit, Failure};

/// Reads an address.
///
/// # Errors
/// When the text is none.
pub(crate) fn address(text: &str) -> Result<Address, Failure> {
    text.parse().map_err(|error| {
        let failure = Failure::new(Exit::Usage, format!("{error}"));
        failure.advise("an address is KIND.NAME, such as vpc.main; `bbws state list ENV` lists those there are")
    })
}

/// Nothing is recorded under this address.
pub(crate) fn not_recorded(address: &Address, state: &State) -> Failure {
    let known: Vec<String> = state.entries.keys().map(ToString::to_string).collect();
    Failure::error(ErrorId::Unknown, format!("nothing is recorded as {address}"))
        .or_meant(&address.to_string(), known.iter().map(String::as_str))
        .advise("`bbws state list ENV` lists all there is")
}

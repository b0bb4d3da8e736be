//! What a run learned and could not put into the log, because the store was out of reach.

use crate::{Digest, Record, RunId};

/// Ends of requests that wait on the machine of their run until the log can take them.
#[derive(Debug, Clone, PartialEq)]
pub struct Spooled {
    /// Whose log they belong to.
    pub lineage: String,
    /// The newest slot that the run knew to be written.
    pub seq: u64,
    /// That slot's digest: a log that has another one there is not the log they belong to.
    pub head: Digest,
    /// The run.
    pub run: RunId,
    /// When they were put down, for people only.
    pub at: jiff::Timestamp,
    /// Results, and nothing else: what they say is of intents that the log holds as open.
    pub results: Vec<Record>,
}

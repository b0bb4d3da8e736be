//! What a checker, a health check or a diagnosis has to say.

use serde::{Deserialize, Serialize};

use crate::Address;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know.
    Note,
    /// Worth a look before going on.
    Warning,
    /// Stops what was asked for.
    Error,
}

/// One thing found, with what it rests on and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The resource it is about, where it is about one.
    pub address: Option<Address>,
    /// What is so, in one sentence without a full stop.
    pub summary: String,
    /// What was seen that says so; empty where the summary says it all.
    pub evidence: String,
    /// What to do about it; empty where nothing is to be done.
    pub advice: String,
}

impl Finding {
    /// A finding of this severity with its summary only.
    #[must_use]
    pub fn new(severity: Severity, summary: impl Into<String>) -> Self {
        Self { severity, address: None, summary: summary.into(), evidence: String::new(), advice: String::new() }
    }

    /// Says which resource it is about.
    #[must_use]
    pub fn at(mut self, address: &Address) -> Self {
        self.address = Some(address.clone());
        self
    }

    /// Says what it rests on.
    #[must_use]
    pub fn seen(mut self, evidence: impl Into<String>) -> Self {
        self.evidence = evidence.into();
        self
    }

    /// Says what to do.
    #[must_use]
    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = advice.into();
        self
    }
}

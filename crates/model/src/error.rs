//! What a cloud says when it does not do what was asked.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What kind of failure it was, and so what the engine does about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Too many requests; refused before any effect.
    Throttled,
    /// A read failed for a passing reason.
    Transient,
    /// A mutating request may or may not have taken effect.
    Ambiguous,
    /// bbws itself held a mutating request back, right before it would have left: nothing was sent.
    Withheld,
    /// Something that this run made is not seen everywhere yet.
    NotVisibleYet,
    /// The object does not exist.
    Absent,
    /// An object of that name or key exists already.
    Exists,
    /// Something else is changing the same object.
    Conflict,
    /// Something still uses the object.
    Dependency,
    /// A quota is used up.
    Limit,
    /// The caller may not do this.
    Denied,
    /// The credentials are missing, wrong or expired.
    Credentials,
    /// The account or region is not in a state to do this.
    AccountState,
    /// AWS has no capacity for it.
    Capacity,
    /// The request itself is wrong.
    Invalid,
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Throttled => "throttled",
            Self::Transient => "transient",
            Self::Ambiguous => "ambiguous",
            Self::Withheld => "withheld",
            Self::NotVisibleYet => "not visible yet",
            Self::Absent => "absent",
            Self::Exists => "exists",
            Self::Conflict => "conflict",
            Self::Dependency => "dependency",
            Self::Limit => "limit",
            Self::Denied => "denied",
            Self::Credentials => "credentials",
            Self::AccountState => "account state",
            Self::Capacity => "capacity",
            Self::Invalid => "invalid",
        })
    }
}

/// One failed call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{operation}: {}{}", if code.is_empty() { String::new() } else { format!("{code}: ") }, self.plain())]
pub struct CloudError {
    /// The call, as AWS writes it: `ec2:CreateVpc`.
    pub operation: String,
    /// What the engine may conclude.
    pub class: Class,
    /// AWS's error code; empty where there was none.
    pub code: String,
    /// AWS's message, or ours where the request was never answered.
    pub message: String,
    /// The request's id, to be given to AWS support.
    pub request_id: Option<String>,
}

impl CloudError {
    /// AWS's code or, where there is none, the class in words.
    #[must_use]
    pub fn code_or_class(&self) -> String {
        if self.code.is_empty() { self.class.to_string() } else { self.code.clone() }
    }

    /// What stands before the part of a denial that only AWS can read.
    pub const ENCODED: &'static str = "Encoded authorization failure message:";

    /// The message without that part, which is meant to be private and fills a screen.
    #[must_use]
    pub fn plain(&self) -> &str {
        self.message.split_once(Self::ENCODED).map_or(self.message.as_str(), |(before, _)| before.trim_end())
    }

    /// Our own code where AWS has not finished within a kind's time.
    pub const STILL_PENDING: &'static str = "StillPending";

    /// An error that is our own finding, not an answer of AWS.
    #[must_use]
    pub fn own(operation: &str, class: Class, message: impl Into<String>) -> Self {
        Self { operation: operation.to_owned(), class, code: String::new(), message: message.into(), request_id: None }
    }
}

//! What is always true of a kind.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How an interrupted create of a kind is settled (protocol §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recovery {
    /// Executing the request again is harmless.
    Idempotent,
    /// A unique natural key finds what an earlier request made.
    NaturalKey,
    /// A client token makes AWS answer a repeat with the first object.
    Token,
    /// Only our tags tell: look up, drain, look up again.
    TagOnly,
}

impl Recovery {
    /// Whether nothing else of a kind can have the same key: executing a create again makes no second object.
    #[must_use]
    pub fn is_keyed(self) -> bool {
        match self {
            Self::Idempotent | Self::NaturalKey => true,
            Self::Token | Self::TagOnly => false,
        }
    }
}

/// When an output is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Known {
    /// As soon as the object exists.
    Created,
    /// Only once the object is ready.
    Ready,
}

/// One output: its name in the outputs document, and when it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutputFact {
    /// The field of the outputs document.
    pub name: &'static str,
    /// When it is known.
    pub known: Known,
}

impl OutputFact {
    /// An output known as soon as the object exists.
    #[must_use]
    pub const fn created(name: &'static str) -> Self {
        Self { name, known: Known::Created }
    }

    /// An output known only once the object is ready.
    #[must_use]
    pub const fn ready(name: &'static str) -> Self {
        Self { name, known: Known::Ready }
    }
}

/// Expected durations: weights for the scheduler, and what the progress display says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Durations {
    /// From the create call to ready.
    pub create: Duration,
    /// From an update call to ready again.
    pub update: Duration,
    /// From the delete call to gone.
    pub delete: Duration,
    /// When waiting is given up: twice AWS's worst known case or more.
    pub timeout: Duration,
}

impl Durations {
    /// Expected seconds of create, update and delete, and the minutes after which waiting is given up.
    #[must_use]
    pub const fn secs(create: u64, update: u64, delete: u64, timeout_minutes: u64) -> Self {
        Self {
            create: Duration::from_secs(create),
            update: Duration::from_secs(update),
            delete: Duration::from_secs(delete),
            timeout: Duration::from_secs(timeout_minutes * 60),
        }
    }
}

/// The published rate of the mutating calls of one API family: a token bucket.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// The bucket's name; kinds of one name share it.
    pub bucket: &'static str,
    /// How many may leave at once.
    pub burst: u32,
    /// How many are refilled per second.
    pub per_second: f64,
}

/// Where a kind's name stands in its spec, for kinds whose name is unique and that others hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NameRule {
    /// The field of the spec that holds the name.
    pub field: &'static str,
    /// The longest name AWS takes, in characters.
    pub max: usize,
}

/// What is always true of a kind. Every field is written out by every kind; none has a default.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Facts {
    /// The AWS service, as IAM writes its prefix: `ec2`.
    pub service: &'static str,
    /// What an id of this kind starts with; empty where AWS has no such form.
    pub id_prefix: &'static str,
    /// Deleting it loses what users stored in it.
    pub holds_data: bool,
    /// What else is lost when it is deleted, as a sentence; it may be deleted and replaced all the same.
    pub loses: Option<&'static str>,
    /// The cluster stands on it: production never deletes or replaces it.
    pub backbone: bool,
    /// Others may hang their own things on it; these are looked for before a delete or a replacement.
    pub carries: bool,
    /// A replacement needs a fresh name, written in this field.
    pub name: Option<NameRule>,
    /// Kinds that it refers to without stopping AWS from deleting them (a route and its NAT gateway).
    pub soft_on: &'static [&'static str],
    /// How an interrupted create is settled.
    pub recovery: Recovery,
    /// How long things take.
    pub durations: Durations,
    /// How fast mutating calls may leave.
    pub pace: Pace,
}

/// The IAM actions that each verb needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permissions {
    /// To read it.
    pub observe: &'static [&'static str],
    /// To create it.
    pub create: &'static [&'static str],
    /// To update it.
    pub update: &'static [&'static str],
    /// To delete it.
    pub delete: &'static [&'static str],
}

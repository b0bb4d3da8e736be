//! The log: what is written before and after every request, in immutable numbered slots.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Account, Address, Approved, Digest, Mode, PhysicalId, Principal, World};

/// One intent's id, unique for ever: it stands in the tag `bbws:intent` of what the intent made.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct IntentId(pub String);

impl fmt::Display for IntentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One run's id: one `apply` or `destroy`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(pub String);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who holds an environment: enough to tell a living owner from a dead one on the same machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The run.
    pub run: RunId,
    /// The person or service account.
    pub user: String,
    /// The machine's name.
    pub host: String,
    /// The machine's id and that of its current boot: pids mean nothing beyond them.
    pub boot_id: String,
    /// The namespace the pid counts in: another container sees other pids.
    pub pid_namespace: String,
    /// The process.
    pub pid: u32,
    /// When the process began, in the machine's own ticks: a pid may be used again.
    pub pid_start: u64,
    /// The command line, without values that could be secret.
    pub command: String,
    /// Where its CI job shows, if it is one.
    pub ci: Option<String>,
    /// The engine's version.
    pub version: String,
}

/// What an intent is about to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Op {
    /// Make the object. The spec has every reference resolved: a replay sends the same request byte for byte.
    Create {
        /// The resolved spec.
        spec: Value,
    },
    /// Change the object towards the spec.
    Update {
        /// What AWS calls it.
        id: PhysicalId,
        /// The resolved spec.
        spec: Value,
    },
    /// Remove the object.
    Delete {
        /// What AWS calls it.
        id: PhysicalId,
    },
}

impl Op {
    /// What is done to the object, in one word.
    #[must_use]
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Create { .. } => "create",
            Self::Update { .. } => "update",
            Self::Delete { .. } => "delete",
        }
    }
}

/// The record written before a mutating request.
#[derive(Debug, Clone, PartialEq)]
pub struct Intent {
    /// Its id.
    pub id: IntentId,
    /// The resource.
    pub address: Address,
    /// The kind whose driver sends the request; a backup's differs from its address's.
    pub kind: String,
    /// What is about to be done.
    pub op: Op,
    /// The token that makes a repeat the same request, where the API takes one.
    pub token: String,
    /// The resources it refers to, for deleting in order when the declaration is gone.
    pub dependencies: Vec<Address>,
    /// Whether it makes the successor of a living object.
    pub replaces: bool,
    /// The name it gives instead of the declared one.
    pub renamed: Option<crate::Renamed>,
}

/// How an intent ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResultOutcome {
    /// AWS did it; for a create, the object's id.
    Done {
        /// What AWS calls it.
        id: Option<PhysicalId>,
    },
    /// AWS refused it for certain: nothing happened.
    Refused {
        /// AWS's error code.
        code: String,
    },
    /// Look-up showed what a lost answer hid: it had happened.
    Settled {
        /// What AWS calls it.
        id: Option<PhysicalId>,
    },
}

/// One entry of a slot.
#[derive(Debug, Clone, PartialEq)]
pub enum Record {
    /// A run takes the environment.
    Open {
        /// Who.
        owner: Owner,
        /// Where the ids belong.
        world: World,
        /// The account.
        account: Account,
        /// The region.
        region: String,
        /// What the run is for.
        mode: Mode,
        /// The digest of the plan it executes.
        plan: Option<Digest>,
    },
    /// The run changes production, and this second person approved its plan.
    Approved(Approved),
    /// The run changes production without an approval.
    BrokenGlass {
        /// Who.
        by: Principal,
        /// Why, in their own words.
        reason: String,
    },
    /// The file says in so many words that a resource is protected against deletion no longer, and that was agreed to.
    Unprotect {
        /// The resource.
        address: Address,
    },
    /// The run is alive.
    Heartbeat,
    /// A mutating request is about to leave.
    Intent(Intent),
    /// What became of an intent.
    Result {
        /// Which.
        intent: IntentId,
        /// How it ended.
        outcome: ResultOutcome,
        /// AWS's id of the request.
        request_id: Option<String>,
    },
    /// An answer was lost: the intent stays open until it is settled. Its absence already means the same.
    Ambiguous {
        /// Which.
        intent: IntentId,
        /// What was seen instead of an answer.
        why: String,
    },
    /// A create of which the answer was lost is sent again, the same request under the same intent: the first may still arrive.
    Repeat {
        /// Which.
        intent: IntentId,
    },
    /// Evidence shows that an intent had no effect. One of a create is looked for once more by a later run.
    Abandon {
        /// Which.
        intent: IntentId,
        /// What was looked at, for how long.
        evidence: String,
    },
    /// An abandoned create has made something after all, or one that was delivered twice has made a second object.
    Late {
        /// Which.
        intent: IntentId,
        /// What it made.
        id: PhysicalId,
    },
    /// What an abandoned create was to make was looked for again, and nothing had come after all.
    Swept {
        /// Which.
        intent: IntentId,
    },
    /// An object has reached its wanted form: what was observed.
    Reached {
        /// The resource.
        address: Address,
        /// What AWS calls it.
        id: PhysicalId,
        /// The spec observed.
        spec: Value,
        /// The outputs observed.
        outputs: Value,
        /// The resources it refers to.
        dependencies: Vec<Address>,
        /// The name it got instead of the declared one.
        renamed: Option<crate::Renamed>,
    },
    /// An object is gone.
    Gone {
        /// The resource.
        address: Address,
        /// Which of its objects.
        id: PhysicalId,
    },
    /// An object that exists comes under management.
    Import {
        /// The resource.
        address: Address,
        /// What AWS calls it.
        id: PhysicalId,
        /// Its spec.
        spec: Value,
        /// Its outputs.
        outputs: Value,
        /// The resources it refers to.
        dependencies: Vec<Address>,
        /// Whether it existed before bbws and is never deleted by it.
        existing: bool,
    },
    /// A resource is no longer managed.
    Forget {
        /// The resource.
        address: Address,
        /// Why.
        reason: String,
        /// Whether its object stays, and nobody looks for it any more. Otherwise it was gone already, and one of its requests may
        /// make it again.
        stays: bool,
    },
    /// A resource has another address; the object stays.
    Rename {
        /// As it was.
        from: Address,
        /// As it is.
        to: Address,
        /// Why, where somebody said so.
        reason: String,
    },
    /// A copy of an object's data is available.
    Backup {
        /// Whose data.
        address: Address,
        /// What AWS calls the copy.
        id: PhysicalId,
    },
    /// The state is set to what it was at an earlier time, or to what was found in the account. It says all that it sets: the
    /// slots that said so before may be collected.
    Restore {
        /// Which time, or what was looked at.
        reason: String,
        /// The entries that become other than they are; none for what is recorded no longer.
        entries: std::collections::BTreeMap<Address, Option<crate::Entry>>,
        /// The published outputs.
        outputs: std::collections::BTreeMap<String, Value>,
    },
    /// The published outputs.
    Outputs(std::collections::BTreeMap<String, Value>),
    /// A checkpoint of the fold up to a slot exists.
    Checkpoint {
        /// Up to which slot.
        seq: u64,
        /// The checkpoint's digest.
        digest: Digest,
    },
    /// The run gives the environment back.
    Close {
        /// How it went, in one word: done, failed, stopped.
        outcome: String,
    },
}

/// One immutable slot of the log.
#[derive(Debug, Clone, PartialEq)]
pub struct Slot {
    /// Whose log.
    pub lineage: String,
    /// Its number: gapless, from 1.
    pub seq: u64,
    /// The owner's epoch; it grows with every OPEN.
    pub generation: u64,
    /// How often the resources of the state have changed.
    pub serial: u64,
    /// The digest of the slot before: a hash chain.
    pub prev: Digest,
    /// By which its writer knows it again when an answer was lost.
    pub put_id: String,
    /// The writer.
    pub run: RunId,
    /// When it was written, for people only: nothing is decided by it.
    pub at: jiff::Timestamp,
    /// What it records.
    pub records: Vec<Record>,
}

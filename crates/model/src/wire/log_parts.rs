//! What slots and the state have in common: who holds an environment, and requests.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Address, IntentId, PhysicalId, Renamed, RunId};

/// The process that holds an environment.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Owner {
    run: RunId,
    user: String,
    host: String,
    boot_id: String,
    pid_namespace: String,
    pid: u32,
    pid_start: u64,
    command: String,
    ci: Option<String>,
    version: String,
}

/// A request that is about to leave.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Intent {
    id: IntentId,
    address: Address,
    kind: String,
    op: Op,
    token: String,
    dependencies: Vec<Address>,
    replaces: bool,
    renamed: Option<Renamed>,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "kebab-case", deny_unknown_fields)]
enum Op {
    Create { spec: Value },
    Update { id: PhysicalId, spec: Value },
    Delete { id: PhysicalId },
}

impl From<crate::Owner> for Owner {
    fn from(owner: crate::Owner) -> Self {
        let crate::Owner { run, user, host, boot_id, pid_namespace, pid, pid_start, command, ci, version } = owner;
        Self { run, user, host, boot_id, pid_namespace, pid, pid_start, command, ci, version }
    }
}

impl From<Owner> for crate::Owner {
    fn from(owner: Owner) -> Self {
        let Owner { run, user, host, boot_id, pid_namespace, pid, pid_start, command, ci, version } = owner;
        Self { run, user, host, boot_id, pid_namespace, pid, pid_start, command, ci, version }
    }
}

impl From<crate::Intent> for Intent {
    fn from(intent: crate::Intent) -> Self {
        let crate::Intent { id, address, kind, op, token, dependencies, replaces, renamed } = intent;
        let op = match op {
            crate::Op::Create { spec } => Op::Create { spec },
            crate::Op::Update { id, spec } => Op::Update { id, spec },
            crate::Op::Delete { id } => Op::Delete { id },
        };
        Self { id, address, kind, op, token, dependencies, replaces, renamed }
    }
}

impl From<Intent> for crate::Intent {
    fn from(intent: Intent) -> Self {
        let Intent { id, address, kind, op, token, dependencies, replaces, renamed } = intent;
        let op = match op {
            Op::Create { spec } => crate::Op::Create { spec },
            Op::Update { id, spec } => crate::Op::Update { id, spec },
            Op::Delete { id } => crate::Op::Delete { id },
        };
        Self { id, address, kind, op, token, dependencies, replaces, renamed }
    }
}

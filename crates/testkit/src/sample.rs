//! An owner, an entry, a step and a plan, for tests that are about something else. What a test is about it puts in their place.

use bbws_model::{Action, Basis, Digest, Entry, Mode, Owner, Plan, Reason, RunId, Step, StepId, World};
use serde_json::{Value, json};

/// A run of a process that nothing else is known of.
#[must_use]
pub fn owner(run: impl Into<String>) -> Owner {
    Owner {
        run: RunId(run.into()),
        user: "thandi".into(),
        host: "laptop".into(),
        boot_id: "boot".into(),
        pid_namespace: "1".into(),
        pid: 1,
        pid_start: 1,
        command: "bbws apply".into(),
        ci: None,
        version: "0".into(),
    }
}

/// A resource that has reached this form, and refers to nothing.
#[must_use]
pub fn entry(id: &str, spec: Value) -> Entry {
    Entry {
        id: id.into(),
        spec,
        outputs: json!({}),
        dependencies: vec![],
        reached: true,
        intent: None,
        existing: false,
        protected: false,
        renamed: None,
        deposed: vec![],
    }
}

/// A step that comes after nothing.
///
/// # Panics
/// When that is no address.
#[must_use]
#[expect(clippy::expect_used, reason = "a test that names no address is wrong")]
pub fn step(address: &str, action: Action) -> Step {
    Step {
        id: StepId(0),
        address: address.parse().expect("an address"),
        action,
        reason: Reason::Declared,
        risks: vec![],
        after: vec![],
        dependencies: vec![],
        pair: None,
        meters: Default::default(),
    }
}

/// A plan of these steps, for `dev` in the sandbox.
///
/// # Panics
/// Never: its account is one.
#[must_use]
#[expect(clippy::expect_used, reason = "what it parses is written here")]
pub fn plan(steps: Vec<Step>) -> Plan {
    let digest = Digest::of(b"");
    let basis = Basis {
        environment: "dev".into(),
        lineage: "L".into(),
        serial: 1,
        head: digest.clone(),
        configuration: digest.clone(),
        observed: digest,
        account: "536580886816".parse().expect("an account"),
        region: "af-south-1".into(),
        world: World::Sandbox,
        engine: "0".into(),
        by: None,
        back_to: None,
        wanted: Default::default(),
        seen: Default::default(),
    };
    let (scope, notes, outputs) = (Default::default(), vec![], Default::default());
    Plan { mode: Mode::Apply, scope, basis, steps, notes, outputs, open: vec![], costs: None }
}

//! The fold, tried on small logs.

use super::*;

use crate::{Address, Backup, Intent, IntentId, Mode, Op, Owner, PhysicalId, ResultOutcome, RunId, World};
use serde_json::json;

fn address() -> Address {
    "vpc.main".parse().unwrap()
}

fn intent(id: &str, op: Op, replaces: bool) -> Record {
    let (address, kind, id) = (address(), "vpc".into(), IntentId(id.into()));
    Record::Intent(Intent { id, address, kind, op, token: String::new(), dependencies: vec![], replaces, renamed: None })
}

fn create(id: &str, replaces: bool) -> Record {
    intent(id, Op::Create { spec: json!({"cidr": "10.0.0.0/16"}) }, replaces)
}

fn result(of: &str, id: &str) -> Record {
    Record::Result { intent: IntentId(of.into()), outcome: ResultOutcome::Done { id: Some(id.into()) }, request_id: None }
}

fn open(world: World) -> Record {
    let (run, user, host) = (RunId("R".into()), "u".into(), "h".into());
    let owner = Owner {
        run,
        user,
        host,
        boot_id: String::new(),
        pid_namespace: String::new(),
        pid: 1,
        pid_start: 1,
        command: String::new(),
        ci: None,
        version: String::new(),
    };
    let account = "536580886816".parse().unwrap();
    Record::Open { owner, world, account, region: "af-south-1".into(), mode: Mode::Apply, plan: None }
}

/// The slot that continues `state` with these records, its serial as due.
fn slot(state: &State, records: Vec<Record>) -> Slot {
    let opens = records.iter().any(|r| matches!(r, Record::Open { .. }));
    let mut slot = Slot {
        lineage: state.lineage.clone(),
        seq: state.seq + 1,
        generation: state.generation + u64::from(opens),
        serial: state.serial,
        prev: state.head.clone(),
        put_id: "P".into(),
        run: RunId("R".into()),
        at: jiff::Timestamp::UNIX_EPOCH,
        records,
    };
    slot.serial = state.next_serial(&slot.records).unwrap_or(slot.serial);
    slot
}

fn take(state: &mut State, records: Vec<Record>) -> Result<(), FoldError> {
    let slot = slot(state, records);
    state.take(&slot, slot.seq.to_string().as_bytes())
}

#[test]
fn a_create_is_recorded_with_its_result_and_reaches_its_form() {
    let mut state = State::empty("L");
    take(&mut state, vec![open(World::Sandbox)]).unwrap();
    take(&mut state, vec![create("I1", false)]).unwrap();
    assert_eq!((state.open.len(), state.entries.len(), state.serial), (1, 0, 0));
    take(&mut state, vec![result("I1", "vpc-1")]).unwrap();
    assert_eq!((state.open.len(), state.entries[&address()].reached, state.serial), (0, false, 1));
    let (spec, outputs) = (json!({"cidr": "10.0.0.0/16"}), json!({"id": "vpc-1"}));
    let reached = Record::Reached { address: address(), id: "vpc-1".into(), spec, outputs, dependencies: vec![], renamed: None };
    take(&mut state, vec![reached]).unwrap();
    assert!(state.entries[&address()].reached);
    take(&mut state, vec![Record::Close { outcome: "done".into() }]).unwrap();
    assert_eq!((state.holder.clone(), state.serial, state.seq), (None, 2, 5));
}

#[test]
fn a_replacement_keeps_the_old_object_until_it_is_gone() {
    let mut state = State::empty("L");
    take(&mut state, vec![create("I1", false)]).unwrap();
    take(&mut state, vec![result("I1", "vpc-1"), create("I2", true)]).unwrap();
    take(&mut state, vec![result("I2", "vpc-2")]).unwrap();
    let ids =
        |s: &State| (s.entries[&address()].id.clone(), s.entries[&address()].deposed.iter().map(|d| d.id.clone()).collect::<Vec<_>>());
    assert_eq!(ids(&state), ("vpc-2".into(), vec![PhysicalId::from("vpc-1")]));
    let mut other = state.clone();
    take(&mut state, vec![Record::Gone { address: address(), id: "vpc-1".into() }]).unwrap();
    assert_eq!(ids(&state), ("vpc-2".into(), vec![]));
    take(&mut other, vec![Record::Gone { address: address(), id: "vpc-2".into() }]).unwrap();
    assert_eq!(ids(&other), ("vpc-1".into(), vec![]), "the former object is still recorded");
}

#[test]
fn a_result_counts_once_and_only_for_an_open_intent() {
    let mut state = State::empty("L");
    take(&mut state, vec![create("I1", false)]).unwrap();
    take(&mut state, vec![result("I1", "vpc-1")]).unwrap();
    let before = state.clone();
    assert!(take(&mut state, vec![result("I1", "vpc-2")]).unwrap_err().to_string().contains("a second result"));
    assert_eq!(state, before, "a refused slot leaves the state as it was");
}

#[test]
fn a_second_object_of_one_create_has_to_go_and_the_recorded_one_stays() {
    let mut state = State::empty("L");
    take(&mut state, vec![create("I1", false), result("I1", "vpc-1")]).unwrap();
    let late = |id: &str| vec![Record::Late { intent: IntentId("I1".into()), id: id.into() }];
    take(&mut state, late("vpc-2")).unwrap();
    let entry = &state.entries[&address()];
    let old: Vec<&str> = entry.deposed.iter().map(|old| old.id.0.as_str()).collect();
    assert_eq!((entry.id.0.as_str(), old, state.serial), ("vpc-1", vec!["vpc-2"], 2));
    for recorded in ["vpc-1", "vpc-2"] {
        assert!(take(&mut state, late(recorded)).unwrap_err().to_string().contains("is recorded already"));
    }
    let other = vec![Record::Late { intent: IntentId("I9".into()), id: "vpc-3".into() }];
    assert!(take(&mut state, other).unwrap_err().to_string().contains("neither abandoned nor repeated"));
}

#[test]
fn what_is_let_go_is_not_watched_and_what_was_gone_is() {
    let settled = |id: &str, made: &str| {
        let outcome = ResultOutcome::Settled { id: Some(made.into()) };
        Record::Result { intent: IntentId(id.into()), outcome, request_id: None }
    };
    let forget = |stays| vec![Record::Forget { address: address(), reason: "asked".into(), stays }];
    let mut state = State::empty("L");
    take(&mut state, vec![create("I1", false), settled("I1", "vpc-1")]).unwrap();
    assert!(state.echoes.contains_key(&IntentId("I1".into())));
    let mut gone = state.clone();
    take(&mut gone, forget(false)).unwrap();
    assert_eq!((gone.echoes.len(), gone.abandoned.len(), gone.entries.len()), (0, 1, 0), "as every slot says that has no such field");
    // Also what made a former object.
    take(&mut state, vec![create("I2", true), settled("I2", "vpc-2")]).unwrap();
    assert_eq!(state.echoes.len(), 2);
    take(&mut state, forget(true)).unwrap();
    assert_eq!((state.echoes.len(), state.abandoned.len(), state.entries.len()), (0, 0, 0));
}

#[test]
fn a_refused_or_abandoned_intent_leaves_no_trace() {
    let mut state = State::empty("L");
    let refused = Record::Result {
        intent: IntentId("I1".into()),
        outcome: ResultOutcome::Refused { code: "VpcLimitExceeded".into() },
        request_id: None,
    };
    take(&mut state, vec![create("I1", false), refused]).unwrap();
    take(&mut state, vec![create("I2", false), Record::Abandon { intent: IntentId("I2".into()), evidence: "looked".into() }]).unwrap();
    assert_eq!((state.open.len(), state.entries.len(), state.serial), (0, 0, 0));
}

#[test]
fn a_copy_is_recorded_once_from_the_moment_it_exists() {
    let mut state = State::empty("L");
    let copy = |id: &str| match intent(id, Op::Create { spec: json!({}) }, false) {
        Record::Intent(intent) => Record::Intent(as_copy(intent)),
        other => other,
    };
    take(&mut state, vec![copy("I1"), result("I1", "copy-1")]).unwrap();
    let one = [Backup { address: address(), id: "copy-1".into() }];
    assert_eq!((state.backups.as_slice(), state.entries.len(), state.serial), (one.as_slice(), 0, 1));
    take(&mut state, vec![Record::Backup { address: address(), id: "copy-1".into() }]).unwrap();
    assert_eq!((state.backups.as_slice(), state.serial), (one.as_slice(), 1), "that it is whole adds nothing");
}

/// The same intent for a copy of the object's data.
fn as_copy(intent: Intent) -> Intent {
    Intent { kind: "snapshot".into(), ..intent }
}

#[test]
fn what_does_not_continue_the_state_is_refused_with_its_cause() {
    let mut state = State::empty("L");
    take(&mut state, vec![open(World::Sandbox)]).unwrap();
    let refused = |edit: &dyn Fn(&mut Slot)| {
        let mut slot = slot(&state, vec![Record::Heartbeat]);
        edit(&mut slot);
        state.clone().take(&slot, b"x").unwrap_err()
    };
    assert!(matches!(refused(&|s| s.seq = 9), FoldError::Gap { due: 2, found: 9 }));
    assert!(matches!(refused(&|s| s.prev = Digest::of(b"other")), FoldError::Chain { seq: 2, .. }));
    assert!(matches!(refused(&|s| s.lineage = "M".into()), FoldError::Lineage { seq: 2, .. }));
    assert!(matches!(refused(&|s| s.generation = 0), FoldError::Generation { seq: 2, due: 1, found: 0 }));
    assert!(matches!(refused(&|s| s.serial = 7), FoldError::Serial { seq: 2, due: 0, found: 7 }));
    let mut other = state.clone();
    assert!(
        take(&mut other, vec![open(World::Aws)]).unwrap_err().to_string().contains("opens the world aws"),
        "a state of one world is refused in another"
    );
}

#[test]
fn what_existed_before_bbws_is_never_deleted_or_replaced() {
    let mut state = State::empty("L");
    let (id, spec) = (PhysicalId::from("vpc-1"), json!({}));
    let outputs = json!({});
    take(&mut state, vec![Record::Import { address: address(), id: id.clone(), spec, outputs, dependencies: vec![], existing: true }])
        .unwrap();
    let told = |state: &State, record: Record| take(&mut state.clone(), vec![record]).unwrap_err().to_string();
    assert!(told(&state, intent("I1", Op::Delete { id }, false)).contains("existed before bbws"));
    assert!(told(&state, create("I2", true)).contains("existed before bbws"));
}

#[test]
fn nothing_is_created_over_what_is_recorded() {
    let mut state = State::empty("L");
    take(&mut state, vec![create("I1", false)]).unwrap();
    take(&mut state, vec![result("I1", "vpc-1")]).unwrap();
    assert!(take(&mut state, vec![create("I2", false)]).unwrap_err().to_string().contains("recorded already as vpc-1"));
    let gone = Record::Gone { address: address(), id: "vpc-1".into() };
    take(&mut state, vec![gone, create("I2", false)]).unwrap();
}

#[test]
fn a_rename_takes_along_all_that_refers_to_it() {
    let mut state = State::empty("L");
    let (old, new): (Address, Address) = (address(), "vpc.other".parse().unwrap());
    let import = |address: &Address, dependencies| Record::Import {
        address: address.clone(),
        id: "x".into(),
        spec: json!({}),
        outputs: json!({}),
        dependencies,
        existing: false,
    };
    let holder: Address = "subnet.a".parse().unwrap();
    take(&mut state, vec![import(&old, vec![]), import(&holder, vec![old.clone(), "vpc.middle".parse().unwrap()])]).unwrap();
    take(&mut state, vec![Record::Backup { address: old.clone(), id: "copy".into() }]).unwrap();
    take(&mut state, vec![Record::Rename { from: old.clone(), to: new.clone(), reason: String::new() }]).unwrap();
    assert_eq!(
        (state.entries[&holder].dependencies.as_slice(), &state.backups[0].address),
        (["vpc.middle".parse().unwrap(), new.clone()].as_slice(), &new)
    );
    assert!(!state.entries.contains_key(&old));
}

#[test]
fn a_state_is_set_as_a_whole_and_only_when_nothing_is_open() {
    let mut state = State::empty("L");
    take(&mut state, vec![create("I1", false)]).unwrap();
    take(&mut state, vec![result("I1", "vpc-1")]).unwrap();
    let then = state.clone();
    let gone = Record::Gone { address: address(), id: "vpc-1".into() };
    take(&mut state, vec![gone]).unwrap();
    let other: Address = "vpc.other".parse().unwrap();
    let entries = [(address(), then.entries.get(&address()).cloned()), (other.clone(), None)].into();
    let restore = Record::Restore { reason: "as after slot 2".into(), entries, outputs: [("a".to_owned(), json!(1))].into() };
    let mut open = state.clone();
    take(&mut open, vec![create("I2", false)]).unwrap();
    assert!(take(&mut open, vec![restore.clone()]).unwrap_err().to_string().contains("the intent I2 is open"));
    let serial = state.serial;
    take(&mut state, vec![restore]).unwrap();
    assert_eq!((&state.entries, state.outputs.len(), state.serial), (&then.entries, 1, serial + 1));
}

fn approved(plan: &[u8], expires: &str) -> Record {
    let by = crate::Principal::of("arn:aws:sts::093646564004:assumed-role/approver/jan", None);
    let (at, expires) = (jiff::Timestamp::UNIX_EPOCH, expires.parse().unwrap());
    let (signed_by, fingerprint) = (None, Digest::of(b"approval"));
    Record::Approved(crate::Approved { plan: Digest::of(plan), by, at, expires, signed_by, fingerprint })
}

#[test]
fn an_approval_is_used_once_and_remembered_until_it_expires() {
    let mut state = State::empty("L");
    let alone = take(&mut state, vec![approved(b"plan", "1970-01-02T00:00:00Z")]).unwrap_err();
    assert!(alone.to_string().contains("none holds the environment"), "{alone}");
    take(&mut state, vec![open(World::Sandbox), approved(b"plan", "1970-01-02T00:00:00Z")]).unwrap();
    assert_eq!((state.spent[&Digest::of(b"plan")].run.0.as_str(), state.serial), ("R", 0), "no resource has changed");
    let again = take(&mut state, vec![approved(b"plan", "1970-01-03T00:00:00Z")]).unwrap_err();
    assert!(again.to_string().contains("the run R has used that"), "{again}");
    // By then nobody takes the first any more: it has expired.
    let mut later = slot(&state, vec![approved(b"other", "1970-01-05T00:00:00Z")]);
    later.at = "1970-01-02T00:00:00Z".parse().unwrap();
    state.take(&later, b"later").unwrap();
    assert_eq!(state.spent.keys().collect::<Vec<_>>(), [&Digest::of(b"other")]);
}

#[test]
fn broken_glass_stays_broken() {
    let mut state = State::empty("L");
    let by = crate::Principal::of("arn:aws:iam::093646564004:user/thandi", None);
    let glass = |reason: &str| Record::BrokenGlass { by: by.clone(), reason: reason.into() };
    take(&mut state, vec![open(World::Sandbox), glass("one")]).unwrap();
    take(&mut state, vec![Record::Close { outcome: "done".into() }]).unwrap();
    assert!(take(&mut state, vec![glass("by nobody")]).is_err());
    take(&mut state, vec![open(World::Sandbox), glass("two")]).unwrap();
    let told: Vec<(&str, &str)> = state.glass.iter().map(|one| (one.run.0.as_str(), one.reason.as_str())).collect();
    assert_eq!(told, [("R", "one"), ("R", "two")]);
}

#[test]
fn protection_outlives_what_is_seen_later_until_it_is_given_up() {
    let mut state = State::empty("L");
    take(&mut state, vec![create("I1", false)]).unwrap();
    take(&mut state, vec![result("I1", "vpc-1")]).unwrap();
    let reached = |on: bool| Record::Reached {
        address: address(),
        id: "vpc-1".into(),
        spec: json!({"deletion_protection": on}),
        outputs: json!({}),
        dependencies: vec![],
        renamed: None,
    };
    for (on, protected) in [(false, false), (true, true), (false, true)] {
        take(&mut state, vec![reached(on)]).unwrap();
        assert_eq!(state.entries[&address()].protected, protected);
    }
    let serial = state.serial;
    take(&mut state, vec![Record::Unprotect { address: address() }]).unwrap();
    assert_eq!((state.entries[&address()].protected, state.serial), (false, serial + 1));
    let strange = Record::Unprotect { address: "vpc.other".parse().unwrap() };
    assert!(take(&mut state, vec![strange]).unwrap_err().to_string().contains("is not recorded"));
}

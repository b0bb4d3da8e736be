//! The state, format 1: `<env>/state.json` and `<env>/checkpoints/<seq>.json`, for the engine, for people and for jq.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::WireError;
use super::approval_parts::{BrokenGlass, Spent};
use super::log_parts::{Intent, Owner};
use crate::{Account, Address, Digest, IntentId, PhysicalId, Renamed, World, net};

/// The newest format this bbws writes and reads.
pub const FORMAT: u64 = 1;

/// The key of the state that is rewritten after each run.
pub const KEY: &str = "state.json";

/// What every checkpoint's key begins with.
pub const CHECKPOINTS: &str = "checkpoints/";

/// The key of the checkpoint of the fold up to a slot.
#[must_use]
pub fn checkpoint_key(seq: u64) -> String {
    format!("{CHECKPOINTS}{seq:020}.json")
}

/// The number in a checkpoint's key.
#[must_use]
pub fn checkpoint_of(key: &str) -> Option<u64> {
    key.strip_prefix(CHECKPOINTS)?.strip_suffix(".json")?.parse().ok()
}

/// A state as it is written: the same bytes for the same state, readable by people.
///
/// # Errors
/// Never for a state that bbws folded.
pub fn write(state: &crate::State) -> Result<Vec<u8>, WireError> {
    let damaged = |e: serde_json::Error| WireError::Damaged { what: "state", cause: e.to_string() };
    let mut document = serde_json::to_value(State::from(state.clone())).map_err(damaged)?;
    net::catch_in(&mut document);
    document[SUM] = crate::digest(&document).0.into();
    let mut bytes = serde_json::to_vec_pretty(&document).map_err(damaged)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Reads a state.
///
/// # Errors
/// When the bytes are damaged or were edited, or a newer bbws wrote them.
pub fn read(bytes: &[u8]) -> Result<crate::State, WireError> {
    let damaged = |cause: String| WireError::Damaged { what: "state", cause };
    let mut document: Value = serde_json::from_slice(bytes).map_err(|e| damaged(e.to_string()))?;
    let sum = document.as_object_mut().and_then(|fields| fields.remove(SUM));
    // Before the format is believed: a damaged one must not pass for one of a newer bbws.
    if sum.as_ref().and_then(Value::as_str) != Some(crate::digest(&document).0.as_str()) {
        return Err(damaged("its content does not fit its sum: it was edited or damaged".into()));
    }
    let state: State = super::of_format("state", FORMAT, document)?;
    Ok(state.into())
}

/// The field that holds the digest of all others.
const SUM: &str = "sum";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    format: u64,
    lineage: String,
    seq: u64,
    generation: u64,
    serial: u64,
    head: Digest,
    at: Option<jiff::Timestamp>,
    holder: Option<Owner>,
    since: Option<jiff::Timestamp>,
    world: Option<WorldText>,
    account: Option<Account>,
    region: Option<String>,
    entries: BTreeMap<Address, Entry>,
    open: BTreeMap<IntentId, OpenIntent>,
    echoes: BTreeMap<IntentId, OpenIntent>,
    abandoned: BTreeMap<IntentId, OpenIntent>,
    backups: Vec<Backup>,
    outputs: BTreeMap<String, Value>,
    /// Missing where nothing was ever approved, as in states that were written before there were approvals.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    spent: BTreeMap<Digest, Spent>,
    /// The same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    glass: Vec<BrokenGlass>,
}

#[derive(Serialize, Deserialize)]
#[serde(transparent)]
struct WorldText(#[serde(with = "super::world_text")] World);

/// One resource.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    id: PhysicalId,
    spec: Value,
    outputs: Value,
    dependencies: Vec<Address>,
    reached: bool,
    intent: Option<IntentId>,
    existing: bool,
    /// Missing in what was written before protection was remembered: then the spec says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    protected: Option<bool>,
    renamed: Option<Renamed>,
    deposed: Vec<Deposed>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Deposed {
    id: PhysicalId,
    spec: Value,
    dependencies: Vec<Address>,
    intent: Option<IntentId>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OpenIntent {
    seq: u64,
    at: jiff::Timestamp,
    writer: Option<Owner>,
    repeated: bool,
    intent: Intent,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Backup {
    address: Address,
    id: PhysicalId,
}

impl From<crate::State> for State {
    fn from(state: crate::State) -> Self {
        let crate::State { lineage, seq, generation, serial, head, at, holder, since, world, account, region, .. } = state;
        let crate::State { entries, open, echoes, abandoned, backups, outputs, spent, glass, .. } = state;
        Self {
            format: FORMAT,
            lineage,
            seq,
            generation,
            serial,
            head,
            at,
            holder: holder.map(Into::into),
            since,
            world: world.map(WorldText),
            account,
            region,
            entries: entries.into_iter().map(|(address, entry)| (address, entry.into())).collect(),
            open: open.into_iter().map(|(id, open)| (id, open.into())).collect(),
            echoes: echoes.into_iter().map(|(id, open)| (id, open.into())).collect(),
            abandoned: abandoned.into_iter().map(|(id, open)| (id, open.into())).collect(),
            backups: backups.into_iter().map(|b| Backup { address: b.address, id: b.id }).collect(),
            outputs,
            spent: spent.into_iter().map(|(plan, spent)| (plan, spent.into())).collect(),
            glass: glass.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<State> for crate::State {
    fn from(state: State) -> Self {
        let State { format: _, lineage, seq, generation, serial, head, at, holder, since, world, account, region, .. } = state;
        let State { entries, open, echoes, abandoned, backups, outputs, spent, glass, .. } = state;
        Self {
            lineage,
            seq,
            generation,
            serial,
            head,
            at,
            holder: holder.map(Into::into),
            since,
            world: world.map(|w| w.0),
            account,
            region,
            entries: entries.into_iter().map(|(address, entry)| (address, entry.into())).collect(),
            open: open.into_iter().map(|(id, open)| (id, open.into())).collect(),
            echoes: echoes.into_iter().map(|(id, open)| (id, open.into())).collect(),
            abandoned: abandoned.into_iter().map(|(id, open)| (id, open.into())).collect(),
            backups: backups.into_iter().map(|b| crate::Backup { address: b.address, id: b.id }).collect(),
            outputs,
            spent: spent.into_iter().map(|(plan, spent)| (plan, spent.into())).collect(),
            glass: glass.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<crate::OpenIntent> for OpenIntent {
    fn from(open: crate::OpenIntent) -> Self {
        let crate::OpenIntent { intent, seq, at, writer, repeated } = open;
        Self { seq, at, writer: writer.map(Into::into), repeated, intent: intent.into() }
    }
}

impl From<OpenIntent> for crate::OpenIntent {
    fn from(open: OpenIntent) -> Self {
        let OpenIntent { intent, seq, at, writer, repeated } = open;
        Self { seq, at, writer: writer.map(Into::into), repeated, intent: intent.into() }
    }
}

impl From<crate::Entry> for Entry {
    fn from(entry: crate::Entry) -> Self {
        let crate::Entry { id, spec, outputs, dependencies, reached, intent, existing, protected, renamed, deposed } = entry;
        // Only what differs from what the spec says is written: a state without protection stays as it was.
        let protected = (protected != crate::is_protected(&spec)).then_some(protected);
        let deposed =
            deposed.into_iter().map(|crate::Deposed { id, spec, dependencies, intent }| Deposed { id, spec, dependencies, intent });
        Self { id, spec, outputs, dependencies, reached, intent, existing, protected, renamed, deposed: deposed.collect() }
    }
}

impl From<Entry> for crate::Entry {
    fn from(entry: Entry) -> Self {
        let Entry { id, spec, outputs, dependencies, reached, intent, existing, protected, renamed, deposed } = entry;
        let protected = protected.unwrap_or_else(|| crate::is_protected(&spec));
        let deposed =
            deposed.into_iter().map(|Deposed { id, spec, dependencies, intent }| crate::Deposed { id, spec, dependencies, intent });
        Self { id, spec, outputs, dependencies, reached, intent, existing, protected, renamed, deposed: deposed.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_state_holds_no_known_secret() {
        net::remember("state-canary/7");
        let mut state = whole();
        state.outputs.insert("said".into(), json!(["state-canary/7", "c3RhdGUtY2FuYXJ5Lzch"]));
        let bytes = write(&state).unwrap();
        state.outputs.insert("said".into(), json!(["<secret>", "<secret>Lzch"]));
        assert_eq!(read(&bytes).unwrap(), state);
    }

    fn whole() -> crate::State {
        let mut state = crate::State::empty("01L");
        (state.seq, state.generation, state.serial) = (9, 2, 4);
        (state.world, state.account, state.region) =
            (Some(World::Sandbox), Some("093646564004".parse().unwrap()), Some("af-south-1".into()));
        let deposed = crate::Deposed { id: "vpc-0".into(), spec: json!({}), dependencies: vec![], intent: Some(IntentId("01H".into())) };
        let entry = crate::Entry {
            id: "vpc-1".into(),
            spec: json!({"cidr": "10.0.0.0/16"}),
            outputs: json!({"id": "vpc-1"}),
            dependencies: vec!["role.a".parse().unwrap()],
            reached: true,
            intent: Some(IntentId("01I".into())),
            existing: false,
            protected: true,
            renamed: Some(Renamed { from: "a".into(), to: "a-2".into() }),
            deposed: vec![deposed],
        };
        state.entries.insert("vpc.main".parse().unwrap(), entry);
        let intent = crate::Intent {
            id: IntentId("01J".into()),
            address: "vpc.other".parse().unwrap(),
            kind: "vpc".into(),
            op: crate::Op::Create { spec: json!({}) },
            token: "t".into(),
            dependencies: vec![],
            replaces: false,
            renamed: None,
        };
        let at = "2026-11-24T08:00:00Z".parse().unwrap();
        let lost = crate::Intent { id: IntentId("01K".into()), ..intent.clone() };
        let writer = crate::Owner {
            run: crate::RunId("01R".into()),
            user: "thandi".into(),
            host: "laptop".into(),
            boot_id: "boot".into(),
            pid_namespace: "pid:[1]".into(),
            pid: 7,
            pid_start: 8,
            command: "bbws apply dev".into(),
            ci: None,
            version: "0.1.0".into(),
        };
        (state.at, state.since, state.holder) = (Some(at), Some(at), Some(writer.clone()));
        let of = |intent: crate::Intent, repeated| crate::OpenIntent { intent, seq: 8, at, writer: Some(writer.clone()), repeated };
        state.abandoned.insert(lost.id.clone(), of(lost, false));
        let echo = crate::Intent { id: IntentId("01M".into()), ..intent.clone() };
        state.echoes.insert(echo.id.clone(), of(echo, true));
        state.open.insert(intent.id.clone(), of(intent, false));
        state.backups.push(crate::Backup { address: "db-instance.main".parse().unwrap(), id: "snap".into() });
        state.outputs.insert("vpc_id".into(), json!("vpc-1"));
        state.spent.insert(Digest::of(b"plan"), crate::Spent { run: crate::RunId("01R".into()), at, expires: at });
        let by = crate::Principal {
            arn: "arn:aws:iam::093646564004:role/deployer".into(),
            session: Some("thandi".into()),
            source_identity: None,
        };
        let reason = "the database is full and nobody else is awake".to_owned();
        state.glass.push(crate::BrokenGlass { run: crate::RunId("01R".into()), at, by, reason });
        state
    }

    #[test]
    fn a_state_reads_back_as_it_was_written() {
        assert_eq!(read(&write(&whole()).unwrap()).unwrap(), whole());
    }

    /// The first four are read as their neighbours by a parser that is only nearly exact; the very first is one that fuzzing met.
    #[test]
    fn a_state_with_numbers_of_many_digits_fits_its_sum() {
        let near = [99_999_999_999_991_051_659.0, 1.324_003_129_178_530_3e138, 0.2 * 0.7, 0.049_999_999_999_999_996];
        for number in near.into_iter().chain([0.1 + 0.2, 2.0 / 3.0 * 1e23, 1.0 / 3e-9]) {
            let mut state = whole();
            state.entries.values_mut().for_each(|entry| entry.spec = json!({"threshold": number}));
            assert_eq!(read(&write(&state).unwrap()), Ok(state), "{number}");
        }
    }

    #[test]
    fn format_1_stays_as_it_is() {
        insta::assert_snapshot!(String::from_utf8(write(&whole()).unwrap()).unwrap());
    }

    /// What was written before protection was remembered, and before there were approvals.
    #[test]
    fn an_older_state_is_read_with_what_its_specs_say() {
        let mut older: Value = serde_json::from_slice(&write(&whole()).unwrap()).unwrap();
        let fields = older.as_object_mut().unwrap();
        for gone in ["spent", "glass", SUM] {
            assert!(fields.remove(gone).is_some(), "{gone}");
        }
        let entry = fields["entries"]["vpc.main"].as_object_mut().unwrap();
        assert!(entry.remove("protected").is_some());
        let read_with = |protection: Option<bool>| {
            let mut older = older.clone();
            older["entries"]["vpc.main"]["spec"] = protection.map_or(json!({}), |on| json!({"deletion_protection": on}));
            older[SUM] = crate::digest(&older).0.into();
            let state = read(older.to_string().as_bytes()).unwrap();
            assert!(state.spent.is_empty() && state.glass.is_empty());
            let again = write(&state).unwrap();
            assert_eq!(serde_json::from_slice::<Value>(&again).unwrap(), older, "and is written as it was");
            state.entries.into_values().next().unwrap().protected
        };
        assert_eq!([Some(true), Some(false), None].map(read_with), [true, false, false]);
    }

    #[test]
    fn truncation_at_any_byte_is_refused() {
        let bytes = write(&whole()).unwrap();
        for length in 0..bytes.len() - 2 {
            assert!(read(&bytes[..length]).is_err(), "cut at {length}");
        }
    }

    #[test]
    fn an_edited_state_is_refused() {
        let text = String::from_utf8(write(&whole()).unwrap()).unwrap();
        let told = read(text.replace("vpc-1", "vpc-9").as_bytes()).unwrap_err().to_string();
        assert!(told.contains("does not fit its sum"), "{told}");
    }
}

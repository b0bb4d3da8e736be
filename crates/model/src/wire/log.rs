//! A slot of the log, format 1: one JSON object, `<env>/log/<seq, 20 digits>.json`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::WireError;
use super::approval_parts::{Approved, Principal};
use super::log_parts::{Intent, Owner};
use super::state::Entry;
use crate::{Account, Address, Digest, IntentId, Mode, PhysicalId, Renamed, RunId, World, net};

/// The newest format this bbws writes and reads.
pub const FORMAT: u64 = 1;

/// The key of a slot within its environment.
#[must_use]
pub fn key(seq: u64) -> String {
    format!("{PREFIX}{seq:020}.json")
}

/// What every slot's key begins with.
pub const PREFIX: &str = "log/";

/// The number in a slot's key.
#[must_use]
pub fn seq_of(key: &str) -> Option<u64> {
    let digits = key.strip_prefix(PREFIX)?.strip_suffix(".json")?;
    if digits.len() == 20 && digits.bytes().all(|b| b.is_ascii_digit()) { digits.parse().ok() } else { None }
}

/// A slot as it is written: the same bytes for the same slot. The newest slot has none after it to vouch for it, so each
/// ends with the digest of its own bytes.
///
/// # Errors
/// Never for a slot that bbws made; a document with keys that are no text would be one.
pub fn write(slot: &crate::Slot) -> Result<Vec<u8>, WireError> {
    let damaged = |e: serde_json::Error| WireError::Damaged { what: "slot", cause: e.to_string() };
    let slot = Slot::from(slot.clone());
    let text = serde_json::to_string(&slot).map_err(damaged)?;
    if matches!(net::catch(&text), Cow::Borrowed(_)) {
        return Ok(sealed(text.into_bytes()));
    }
    let mut document = serde_json::to_value(&slot).map_err(damaged)?;
    net::catch_in(&mut document);
    serde_json::to_vec(&document).map(sealed).map_err(damaged)
}

/// Reads a slot.
///
/// # Errors
/// When the bytes are damaged or were edited, or a newer bbws wrote them.
pub fn read(bytes: &[u8]) -> Result<crate::Slot, WireError> {
    let sound = unsealed(bytes);
    let slot = super::read::<Slot>("slot", FORMAT, sound.as_deref().unwrap_or(bytes));
    match (sound, slot) {
        (Some(_), slot) => slot.map(Into::into),
        // What is no JSON at all is torn, and the parser says where.
        (None, Err(error @ WireError::Damaged { .. })) if serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_err() => Err(error),
        (None, _) => {
            let cause = "its content does not fit its sum: it was edited or damaged".to_owned();
            Err(WireError::Damaged { what: "slot", cause })
        }
    }
}

/// What stands between a slot's other fields and its sum.
const SEAL: &[u8] = b",\"sum\":\"";

/// A document with the digest of its bytes as its last field. Every format to come keeps this.
pub(super) fn sealed(mut document: Vec<u8>) -> Vec<u8> {
    let sum = Digest::of(&document);
    document.pop();
    document.extend_from_slice(SEAL);
    document.extend_from_slice(sum.0.as_bytes());
    document.extend_from_slice(b"\"}");
    document
}

/// The document as it was before it was sealed; none where it does not fit its sum.
pub(super) fn unsealed(bytes: &[u8]) -> Option<Vec<u8>> {
    let (rest, sum) = bytes.strip_suffix(b"\"}")?.split_last_chunk::<64>()?;
    let mut document = rest.strip_suffix(SEAL)?.to_vec();
    document.push(b'}');
    (Digest::of(&document).0.as_bytes() == sum).then_some(document)
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Slot {
    format: u64,
    lineage: String,
    seq: u64,
    generation: u64,
    serial: u64,
    prev: Digest,
    put_id: String,
    run: RunId,
    at: jiff::Timestamp,
    records: Vec<Record>,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum Record {
    Open {
        owner: Owner,
        #[serde(with = "super::world_text")]
        world: World,
        account: Account,
        region: String,
        mode: Mode,
        plan: Option<Digest>,
    },
    Approved(Approved),
    BrokenGlass {
        by: Principal,
        reason: String,
    },
    Unprotect {
        address: Address,
    },
    Heartbeat {},
    Intent(Intent),
    Result {
        intent: IntentId,
        outcome: ResultOutcome,
        request_id: Option<String>,
    },
    Ambiguous {
        intent: IntentId,
        why: String,
    },
    Repeat {
        intent: IntentId,
    },
    Abandon {
        intent: IntentId,
        evidence: String,
    },
    Late {
        intent: IntentId,
        id: PhysicalId,
    },
    Swept {
        intent: IntentId,
    },
    Reached {
        address: Address,
        id: PhysicalId,
        spec: Value,
        outputs: Value,
        dependencies: Vec<Address>,
        renamed: Option<Renamed>,
    },
    Gone {
        address: Address,
        id: PhysicalId,
    },
    Import {
        address: Address,
        id: PhysicalId,
        spec: Value,
        outputs: Value,
        dependencies: Vec<Address>,
        existing: bool,
    },
    Forget {
        address: Address,
        reason: String,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        stays: bool,
    },
    Rename {
        from: Address,
        to: Address,
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
    },
    Backup {
        address: Address,
        id: PhysicalId,
    },
    Restore {
        reason: String,
        entries: BTreeMap<Address, Option<Entry>>,
        outputs: BTreeMap<String, Value>,
    },
    Outputs {
        outputs: BTreeMap<String, Value>,
    },
    Checkpoint {
        seq: u64,
        digest: Digest,
    },
    Close {
        outcome: String,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "kebab-case", deny_unknown_fields)]
pub(super) enum ResultOutcome {
    Done { id: Option<PhysicalId> },
    Refused { code: String },
    Settled { id: Option<PhysicalId> },
}

impl From<crate::Slot> for Slot {
    fn from(slot: crate::Slot) -> Self {
        let crate::Slot { lineage, seq, generation, serial, prev, put_id, run, at, records } = slot;
        let records = records.into_iter().map(Into::into).collect();
        Self { format: FORMAT, lineage, seq, generation, serial, prev, put_id, run, at, records }
    }
}

impl From<Slot> for crate::Slot {
    fn from(slot: Slot) -> Self {
        let Slot { format: _, lineage, seq, generation, serial, prev, put_id, run, at, records } = slot;
        let records = records.into_iter().map(Into::into).collect();
        Self { lineage, seq, generation, serial, prev, put_id, run, at, records }
    }
}

impl From<crate::Record> for Record {
    fn from(record: crate::Record) -> Self {
        use crate::Record as Of;
        match record {
            Of::Open { owner, world, account, region, mode, plan } => {
                Self::Open { owner: owner.into(), world, account, region, mode, plan }
            }
            Of::Approved(approved) => Self::Approved(approved.into()),
            Of::BrokenGlass { by, reason } => Self::BrokenGlass { by: by.into(), reason },
            Of::Unprotect { address } => Self::Unprotect { address },
            Of::Heartbeat => Self::Heartbeat {},
            Of::Intent(intent) => Self::Intent(intent.into()),
            Of::Result { intent, outcome, request_id } => {
                let outcome = match outcome {
                    crate::ResultOutcome::Done { id } => ResultOutcome::Done { id },
                    crate::ResultOutcome::Refused { code } => ResultOutcome::Refused { code },
                    crate::ResultOutcome::Settled { id } => ResultOutcome::Settled { id },
                };
                Self::Result { intent, outcome, request_id }
            }
            Of::Ambiguous { intent, why } => Self::Ambiguous { intent, why },
            Of::Repeat { intent } => Self::Repeat { intent },
            Of::Abandon { intent, evidence } => Self::Abandon { intent, evidence },
            Of::Late { intent, id } => Self::Late { intent, id },
            Of::Swept { intent } => Self::Swept { intent },
            Of::Reached { address, id, spec, outputs, dependencies, renamed } => {
                Self::Reached { address, id, spec, outputs, dependencies, renamed }
            }
            Of::Gone { address, id } => Self::Gone { address, id },
            Of::Import { address, id, spec, outputs, dependencies, existing } => {
                Self::Import { address, id, spec, outputs, dependencies, existing }
            }
            Of::Forget { address, reason, stays } => Self::Forget { address, reason, stays },
            Of::Rename { from, to, reason } => Self::Rename { from, to, reason },
            Of::Backup { address, id } => Self::Backup { address, id },
            Of::Restore { reason, entries, outputs } => Self::Restore { reason, entries: converted(entries), outputs },
            Of::Outputs(outputs) => Self::Outputs { outputs },
            Of::Checkpoint { seq, digest } => Self::Checkpoint { seq, digest },
            Of::Close { outcome } => Self::Close { outcome },
        }
    }
}

impl From<Record> for crate::Record {
    fn from(record: Record) -> Self {
        use Record as Of;
        match record {
            Of::Open { owner, world, account, region, mode, plan } => {
                Self::Open { owner: owner.into(), world, account, region, mode, plan }
            }
            Of::Approved(approved) => Self::Approved(approved.into()),
            Of::BrokenGlass { by, reason } => Self::BrokenGlass { by: by.into(), reason },
            Of::Unprotect { address } => Self::Unprotect { address },
            Of::Heartbeat {} => Self::Heartbeat,
            Of::Intent(intent) => Self::Intent(intent.into()),
            Of::Result { intent, outcome, request_id } => {
                let outcome = match outcome {
                    ResultOutcome::Done { id } => crate::ResultOutcome::Done { id },
                    ResultOutcome::Refused { code } => crate::ResultOutcome::Refused { code },
                    ResultOutcome::Settled { id } => crate::ResultOutcome::Settled { id },
                };
                Self::Result { intent, outcome, request_id }
            }
            Of::Ambiguous { intent, why } => Self::Ambiguous { intent, why },
            Of::Repeat { intent } => Self::Repeat { intent },
            Of::Abandon { intent, evidence } => Self::Abandon { intent, evidence },
            Of::Late { intent, id } => Self::Late { intent, id },
            Of::Swept { intent } => Self::Swept { intent },
            Of::Reached { address, id, spec, outputs, dependencies, renamed } => {
                Self::Reached { address, id, spec, outputs, dependencies, renamed }
            }
            Of::Gone { address, id } => Self::Gone { address, id },
            Of::Import { address, id, spec, outputs, dependencies, existing } => {
                Self::Import { address, id, spec, outputs, dependencies, existing }
            }
            Of::Forget { address, reason, stays } => Self::Forget { address, reason, stays },
            Of::Rename { from, to, reason } => Self::Rename { from, to, reason },
            Of::Backup { address, id } => Self::Backup { address, id },
            Of::Restore { reason, entries, outputs } => Self::Restore { reason, entries: converted(entries), outputs },
            Of::Outputs { outputs } => Self::Outputs(outputs),
            Of::Checkpoint { seq, digest } => Self::Checkpoint { seq, digest },
            Of::Close { outcome } => Self::Close { outcome },
        }
    }
}

fn converted<A, B: From<A>>(entries: BTreeMap<Address, Option<A>>) -> BTreeMap<Address, Option<B>> {
    entries.into_iter().map(|(address, entry)| (address, entry.map(Into::into))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Mode, Record, ResultOutcome};
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn a_slot_holds_no_known_secret() {
        net::remember("slot-canary/7");
        let evidence = "AWS said: slot-canary/7 slot-canary%2F7".to_owned();
        let slot = crate::Slot { records: vec![Record::Abandon { intent: IntentId("01I".into()), evidence }], ..whole() };
        let bytes = write(&slot).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains("canary"), "{}", String::from_utf8_lossy(&bytes));
        let evidence = "AWS said: <secret> <secret>".to_owned();
        assert_eq!(read(&bytes).unwrap().records, [Record::Abandon { intent: IntentId("01I".into()), evidence }]);
    }

    fn vpc() -> Address {
        "vpc.main".parse().unwrap()
    }

    /// One slot with every record there is.
    fn whole() -> crate::Slot {
        let intent = |op| {
            let (id, kind, token) = (IntentId("01I".into()), "vpc".to_owned(), "00112233445566778899aabbccddeeff".to_owned());
            Record::Intent(crate::Intent { id, address: vpc(), kind, op, token, dependencies: vec![], replaces: false, renamed: None })
        };
        let result = |outcome| Record::Result { intent: IntentId("01I".into()), outcome, request_id: Some("r-1".into()) };
        let owner = crate::Owner {
            run: RunId("01R".into()),
            user: "thandi".into(),
            host: "laptop".into(),
            boot_id: "b".into(),
            pid_namespace: "4026531836".into(),
            pid: 4711,
            pid_start: 12345,
            command: "bbws apply dev".into(),
            ci: Some("https://ci.example/jobs/7".into()),
            version: "0.1.0".into(),
        };
        let (spec, outputs, id) = (json!({"cidr": "10.0.0.0/16"}), json!({"id": "vpc-1"}), PhysicalId::from("vpc-1"));
        let entry = crate::Entry {
            id: id.clone(),
            spec: spec.clone(),
            outputs: outputs.clone(),
            dependencies: vec![],
            reached: true,
            intent: Some(IntentId("01I".into())),
            existing: false,
            protected: true,
            renamed: None,
            deposed: vec![],
        };
        let restored = BTreeMap::from([(vpc(), Some(entry)), ("vpc.other".parse().unwrap(), None)]);
        let renamed = Some(Renamed { from: "alb".into(), to: "alb-2".into() });
        let (account, region) = ("093646564004".parse().unwrap(), "af-south-1".to_owned());
        let by = crate::Principal {
            arn: "arn:aws:iam::093646564004:role/approver".into(),
            session: Some("jan".into()),
            source_identity: Some("jan@kimmyai.io".into()),
        };
        let approved = crate::Approved {
            plan: Digest::of(b"plan"),
            by: by.clone(),
            at: "2026-11-24T07:00:00Z".parse().unwrap(),
            expires: "2026-11-25T07:00:00Z".parse().unwrap(),
            signed_by: Some("arn:aws:kms:af-south-1:093646564004:key/k".into()),
            fingerprint: Digest::of(b"approval"),
        };
        crate::Slot {
            lineage: "01L".into(),
            seq: 7,
            generation: 2,
            serial: 3,
            prev: Digest::of(b"slot 6"),
            put_id: "01P".into(),
            run: RunId("01R".into()),
            at: "2026-11-24T08:00:00Z".parse().unwrap(),
            records: vec![
                Record::Open { owner, world: World::Endpoint("http://localhost:1".into()), account, region, mode: Mode::Apply, plan: None },
                Record::Approved(approved),
                Record::BrokenGlass { by, reason: "the database is full and nobody else is awake".into() },
                Record::Unprotect { address: "db-instance.main".parse().unwrap() },
                Record::Heartbeat,
                intent(crate::Op::Create { spec: spec.clone() }),
                intent(crate::Op::Update { id: id.clone(), spec: spec.clone() }),
                intent(crate::Op::Delete { id: id.clone() }),
                result(ResultOutcome::Done { id: Some(id.clone()) }),
                result(ResultOutcome::Refused { code: "VpcLimitExceeded".into() }),
                result(ResultOutcome::Settled { id: None }),
                Record::Ambiguous { intent: IntentId("01I".into()), why: "timed out".into() },
                Record::Repeat { intent: IntentId("01I".into()) },
                Record::Abandon { intent: IntentId("01I".into()), evidence: "looked for 105 s".into() },
                Record::Late { intent: IntentId("01I".into()), id: "vpc-2".into() },
                Record::Swept { intent: IntentId("01I".into()) },
                Record::Reached {
                    address: vpc(),
                    id: id.clone(),
                    spec: spec.clone(),
                    outputs: outputs.clone(),
                    dependencies: vec!["role.a".parse().unwrap()],
                    renamed,
                },
                Record::Gone { address: vpc(), id: id.clone() },
                Record::Import { address: vpc(), id: id.clone(), spec, outputs, dependencies: vec![], existing: true },
                Record::Forget { address: vpc(), reason: "asked".into(), stays: false },
                Record::Forget { address: vpc(), reason: "let go".into(), stays: true },
                Record::Rename { from: vpc(), to: "vpc.other".parse().unwrap(), reason: String::new() },
                Record::Backup { address: vpc(), id },
                Record::Restore { reason: "as after slot 5".into(), entries: restored, outputs: BTreeMap::new() },
                Record::Outputs(BTreeMap::from([("vpc_id".into(), json!("vpc-1"))])),
                Record::Checkpoint { seq: 5, digest: Digest::of(b"5") },
                Record::Close { outcome: "done".into() },
            ],
        }
    }

    #[test]
    fn a_slot_reads_back_as_it_was_written() {
        let slot = whole();
        assert_eq!(read(&write(&slot).unwrap()).unwrap(), slot);
    }

    #[test]
    fn format_1_stays_as_it_is() {
        let text = serde_json::to_string_pretty(&Slot::from(whole())).unwrap();
        insta::assert_snapshot!(text);
    }

    #[test]
    fn another_format_is_refused_with_its_cause() {
        let told = |text: &str| read(&sealed(text.as_bytes().to_vec())).unwrap_err().to_string();
        assert_eq!(told(r#"{"format":2}"#), "the slot has format 2, this bbws knows format 1: use the newer bbws that wrote it");
        assert!(told(r#"{"a":1}"#).contains("does not say its format"));
        assert!(read(b"").unwrap_err().to_string().contains("no slot of bbws: EOF"));
        assert!(read(br#"{"format":2}"#).unwrap_err().to_string().contains("does not fit its sum"), "no writer leaves the sum out");
        let unknown = serde_json::to_string(&Slot::from(whole())).unwrap().replace("\"heartbeat\"", "\"pulse\"");
        assert!(told(&unknown).contains("at `records[4]"), "{}", told(&unknown));
    }

    #[test]
    fn no_byte_of_a_slot_can_be_changed_or_cut_off() {
        let bytes = write(&whole()).unwrap();
        assert!(bytes.ends_with(b"\"}") && bytes.windows(SEAL.len()).any(|part| part == SEAL));
        for place in 0..bytes.len() {
            assert!(read(&bytes[..place]).is_err(), "cut at {place}");
            let mut spoilt = bytes.clone();
            spoilt[place] ^= 1 << (place % 8);
            assert!(read(&spoilt).is_err(), "byte {place}");
        }
    }

    #[test]
    fn keys_sort_as_their_numbers() {
        assert_eq!(key(42), "log/00000000000000000042.json");
        assert_eq!(seq_of(&key(u64::MAX)), Some(u64::MAX));
        assert_eq!((seq_of("log/42.json"), seq_of("log/0000000000000000004x.json"), seq_of("state.json")), (None, None, None));
    }

    proptest! {
        /// No bytes, and no spoilt slot, make the reader panic or read a slot that does not write itself back.
        #[test]
        fn spoilt_slots_are_refused_or_sound(place in 0usize..3000, byte in any::<u8>()) {
            let mut bytes = write(&whole()).unwrap();
            let place = place % bytes.len();
            bytes[place] = byte;
            if let Ok(slot) = read(&bytes) {
                prop_assert_eq!(read(&write(&slot).unwrap()).unwrap(), slot);
            }
        }
    }
}

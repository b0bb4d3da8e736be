//! A run's record, format 1: `<env>/runs/<run>.json` as it began, beside `<env>/runs/<run>.jsonl`, its events, a line each.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::WireError;
use super::log_parts::Owner;
use super::plan::Mode;
use crate::{Account, Address, Desired, Digest, RunId, World, net};

/// The newest format this bbws writes and reads.
pub const FORMAT: u64 = 1;

/// What the keys of all records begin with.
pub const PREFIX: &str = "runs/";

/// The key of a run's record.
#[must_use]
pub fn key(run: &RunId) -> String {
    format!("{PREFIX}{run}.json")
}

/// The key of a run's events.
#[must_use]
pub fn events_key(run: &RunId) -> String {
    format!("{PREFIX}{run}.jsonl")
}

/// The run whose record has this key.
#[must_use]
pub fn run_of(key: &str) -> Option<RunId> {
    key.strip_prefix(PREFIX)?.strip_suffix(".json").map(|run| RunId(run.to_owned()))
}

/// A record as it is written, readable by people.
///
/// # Errors
/// Never for a record that bbws made.
pub fn write(record: &crate::RunRecord) -> Result<Vec<u8>, WireError> {
    let damaged = |e: serde_json::Error| WireError::Damaged { what: "run record", cause: e.to_string() };
    let mut document = serde_json::to_value(Record::from(record.clone())).map_err(damaged)?;
    net::catch_in(&mut document);
    let mut bytes = serde_json::to_vec_pretty(&document).map_err(damaged)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Reads a record.
///
/// # Errors
/// When the bytes are damaged, or a newer bbws wrote them.
pub fn read(bytes: &[u8]) -> Result<crate::RunRecord, WireError> {
    super::read::<Record>("run record", FORMAT, bytes).map(Into::into)
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    format: u64,
    run: RunId,
    environment: String,
    mode: Mode,
    at: jiff::Timestamp,
    owner: Owner,
    commit: Option<Commit>,
    #[serde(with = "super::world_text")]
    world: World,
    account: Account,
    region: String,
    plan: Digest,
    configuration: Digest,
    narrowed: bool,
    back_to: Option<RunId>,
    resources: BTreeMap<Address, Wanted>,
    outputs: BTreeMap<String, Value>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Commit {
    id: String,
    branch: Option<String>,
    dirty: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    spec: Value,
    existing: bool,
}

impl From<crate::RunRecord> for Record {
    fn from(record: crate::RunRecord) -> Self {
        let crate::RunRecord {
            run,
            environment,
            mode,
            at,
            owner,
            commit,
            world,
            account,
            region,
            plan,
            configuration,
            narrowed,
            back_to,
            wanted: Desired { resources, outputs },
        } = record;
        let resources = resources.into_iter().map(|(at, crate::Wanted { spec, existing })| (at, Wanted { spec, existing })).collect();
        let commit = commit.map(|crate::Commit { id, branch, dirty }| Commit { id, branch, dirty });
        let (mode, owner) = (mode.into(), owner.into());
        Self {
            format: FORMAT,
            run,
            environment,
            mode,
            at,
            owner,
            commit,
            world,
            account,
            region,
            plan,
            configuration,
            narrowed,
            back_to,
            resources,
            outputs,
        }
    }
}

impl From<Record> for crate::RunRecord {
    fn from(record: Record) -> Self {
        let Record {
            format: _,
            run,
            environment,
            mode,
            at,
            owner,
            commit,
            world,
            account,
            region,
            plan,
            configuration,
            narrowed,
            back_to,
            resources,
            outputs,
        } = record;
        let resources = resources.into_iter().map(|(at, Wanted { spec, existing })| (at, crate::Wanted { spec, existing })).collect();
        let commit = commit.map(|Commit { id, branch, dirty }| crate::Commit { id, branch, dirty });
        let (mode, owner, wanted) = (mode.into(), owner.into(), Desired { resources, outputs });
        Self { run, environment, mode, at, owner, commit, world, account, region, plan, configuration, narrowed, back_to, wanted }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn whole() -> crate::RunRecord {
        let run = RunId("01KB2Z0000000000000000RUN2".into());
        let spec = json!({"cidr": "10.0.0.0/16", "tags": {"Name": "dev"}});
        let refers = json!({"vpc": {"$ref": "vpc.main", "output": "id"}});
        let existing = crate::Wanted { existing: true, ..crate::Wanted::new(refers) };
        crate::RunRecord {
            run: run.clone(),
            environment: "dev".into(),
            mode: crate::Mode::Apply,
            at: "2026-11-26T08:00:00Z".parse().unwrap(),
            owner: crate::Owner {
                run,
                user: "tebogo".into(),
                host: "laptop".into(),
                boot_id: "b".into(),
                pid_namespace: "n".into(),
                pid: 4711,
                pid_start: 1,
                command: "bbws apply dev".into(),
                ci: Some("https://ci.example/jobs/7".into()),
                version: "0.1.0".into(),
            },
            commit: Some(crate::Commit { id: "2a3fce0".into(), branch: Some("main".into()), dirty: true }),
            world: World::Sandbox,
            account: "536580886816".parse().unwrap(),
            region: "af-south-1".into(),
            plan: Digest::of(b"plan"),
            configuration: Digest::of(b"configuration"),
            narrowed: false,
            back_to: Some(RunId("01KB2Y0000000000000000RUN1".into())),
            wanted: Desired {
                resources: [("vpc.main".parse().unwrap(), crate::Wanted::new(spec)), ("hosted-zone.main".parse().unwrap(), existing)]
                    .into(),
                outputs: [("vpc_id".to_owned(), json!({"$ref": "vpc.main", "output": "id"}))].into(),
            },
        }
    }

    #[test]
    fn format_1_stays_as_it_is() {
        let bytes = write(&whole()).unwrap();
        insta::assert_snapshot!(String::from_utf8(bytes.clone()).unwrap());
        assert_eq!(read(&bytes).unwrap(), whole());
    }

    #[test]
    fn a_record_holds_no_known_secret() {
        net::remember("run-\"canary\"/7");
        let mut record = whole();
        record.owner.command = "bbws set dev password=run-\"canary\"/7".into();
        record.wanted.outputs.insert("x".into(), json!(["run-\"canary\"/7"]));
        let text = String::from_utf8(write(&record).unwrap()).unwrap();
        assert!(!text.contains("canary"), "{text}");
    }

    #[test]
    fn keys_lead_back_to_their_run() {
        let run = RunId("01KB".into());
        assert_eq!(run_of(&key(&run)), Some(run.clone()));
        assert_eq!(run_of(&events_key(&run)), None);
    }

    #[test]
    fn a_newer_one_is_refused() {
        let text = String::from_utf8(write(&whole()).unwrap()).unwrap().replacen("\"format\": 1", "\"format\": 2", 1);
        assert!(matches!(read(text.as_bytes()), Err(WireError::Newer { found: 2, .. })));
    }
}

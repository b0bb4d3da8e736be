//! Lines of `--json` that stand among a run's events, or end a command: one JSON object a line, told apart by `event`, format 1.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::event;
use crate::{Address, RunId};

/// What is said between the events of runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "event", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Line {
    /// The plan that is going to be executed, or is left after one was.
    Plan {
        /// The format of the line.
        format: u64,
        /// The plan, as `plan --json` prints it: see plan.schema.json.
        plan: Map<String, Value>,
    },
    /// A second look found nothing left to do.
    Verified {
        /// The format of the line.
        format: u64,
        /// With how many calls.
        calls: usize,
        /// How what serves people answers; empty where nobody could.
        fetched: Vec<Fetched>,
    },
    /// The cluster's outputs, at the end of an apply.
    Outputs {
        /// The format of the line.
        format: u64,
        /// By name; null where a name does not apply.
        outputs: BTreeMap<String, Value>,
    },
    /// Why a command failed. On the error output.
    Error {
        /// The format of the line.
        format: u64,
        /// The error's id in the catalogue, docs/errors.md.
        id: String,
        /// The exit code.
        exit: u8,
        /// What happened.
        what: String,
        /// Why; empty where `what` says it all.
        why: String,
        /// What to do, a line each.
        advice: Vec<String>,
        /// All single things that were found wrong.
        findings: Vec<Found>,
    },
    /// A call of AWS has ended: with `-v`, on the error output.
    Call {
        /// The format of the line.
        format: u64,
        /// The call, as IAM writes it.
        operation: String,
        /// The region called.
        region: String,
        /// How long it took, in milliseconds.
        took_ms: u64,
        /// The HTTP status of the answer; null where there was none.
        status: Option<u16>,
        /// AWS's word for why it refused or failed; null where it said none.
        code: Option<String>,
        /// In a word: ok, busy, refused, AWS failed, no answer.
        outcome: String,
    },
    /// Not all events of a run could be written to the log group of `[audit]`; the run's record has them. On the error output.
    Unaudited {
        /// The format of the line.
        format: u64,
        /// The log group.
        group: String,
        /// How many events are not in it.
        events: usize,
        /// Why.
        why: String,
        /// What to do, a line each.
        advice: Vec<String>,
    },
    /// `state restore` has set the state to an earlier one.
    Restored {
        /// The format of the line.
        format: u64,
        /// As after this slot.
        seq: u64,
        /// What that changed, as `state diff --json` prints it.
        changed: Value,
    },
    /// `state gc` has removed slots and what was kept of runs.
    Collected {
        /// The format of the line.
        format: u64,
        /// How many slots.
        slots: usize,
        /// Of how many runs.
        runs: usize,
    },
    /// `state rebuild` has made a lost state again.
    Rebuilt {
        /// The format of the line.
        format: u64,
        /// Its lineage.
        lineage: String,
        /// How many resources it holds.
        resources: usize,
        /// What of the file was not found.
        #[schemars(with = "Vec<String>")]
        missing: Vec<Address>,
        /// How many steps a plan would still take.
        steps: usize,
    },
    /// `state unlock` has taken an environment from a run, or found none to take it from.
    Unlocked {
        /// The format of the line.
        format: u64,
        /// Whether a run held it.
        held: bool,
        /// That run.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schemars(with = "Option<String>")]
        run: Option<RunId>,
        /// The slot with which it took the environment.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        slot: Option<u64>,
        /// Of how many of its requests it is not known what became.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        unsettled: Option<usize>,
    },
}

/// How an address that serves people answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Fetched {
    /// The resource.
    #[schemars(with = "String")]
    pub address: Address,
    /// The address.
    pub url: String,
    /// Whether it answered.
    pub reached: bool,
    /// Whether it answered as the file says.
    pub as_wanted: bool,
    /// The status of the answer.
    pub status: Option<u16>,
    /// Why it could not be reached.
    pub why: Option<String>,
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Found {
    /// How bad it is.
    pub severity: String,
    /// The resource it is about, where it is about one.
    #[schemars(with = "Option<String>")]
    pub address: Option<Address>,
    /// What is so.
    pub summary: String,
    /// What was seen that says so.
    pub evidence: String,
    /// What to do about it.
    pub advice: String,
}

/// The JSON Schema of every line that has an `event`: those of runs, derived from the wire format, and those between them.
#[must_use]
pub fn schema() -> Value {
    let mut generator = schemars::generate::SchemaSettings::draft2020_12().into_generator();
    let (head, events) = event::schemas(&mut generator);
    let head = resolved(&head, generator.definitions());
    let lines = generator.subschema_for::<Line>().to_value();
    let mut all = vec![];
    for mut event in variants(&events, generator.definitions()) {
        if let (Some(own), Some(of_head)) = (event["properties"].as_object_mut(), head["properties"].as_object()) {
            own.extend(of_head.clone());
        }
        if let (Some(own), Some(of_head)) = (event["required"].as_array_mut(), head["required"].as_array()) {
            own.extend(of_head.iter().cloned());
        }
        all.push(event);
    }
    all.extend(variants(&lines, generator.definitions()));
    for variant in &mut all {
        variant["properties"]["format"] = json!({"description": "The format of the line.", "const": event::FORMAT});
    }
    // Commands may say more: a program skips the events that it does not know.
    let known: Vec<Value> = all.iter().map(|one| one["properties"]["event"]["const"].clone()).collect();
    all.push(json!({
        "description": "Any other line. A program skips the events that it does not know.",
        "type": "object",
        "properties": {
            "format": {"description": "The format of the line.", "const": event::FORMAT},
            "event": {"type": "string", "not": {"enum": known}},
        },
        "required": ["format", "event"],
    }));
    let mut shared = generator.take_definitions(true);
    for own in ["Head", "Event", "Line"] {
        shared.remove(own);
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A line of bbws --json that has an event",
        "oneOf": all,
        "$defs": shared,
    })
}

/// What a schema refers to.
fn resolved(schema: &Value, shared: &Map<String, Value>) -> Value {
    let name = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next());
    name.and_then(|name| shared.get(name)).unwrap_or(schema).clone()
}

fn variants(schema: &Value, shared: &Map<String, Value>) -> Vec<Value> {
    resolved(schema, shared)["oneOf"].as_array().cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `cargo xtask docs` writes it.
    #[test]
    fn the_page_in_docs_is_that_of_the_types() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/schema/events.schema.json");
        let generated = format!("{:#}\n", schema());
        if std::env::var_os("BBWS_WRITE_DOCS").is_some() {
            std::fs::write(path, &generated).unwrap();
        }
        let shipped = std::fs::read_to_string(path).unwrap_or_default();
        assert!(generated == shipped, "docs/schema/events.schema.json is stale: cargo xtask docs writes it");
    }

    #[test]
    fn every_line_is_in_it_once() {
        let schema = schema();
        let (_, known) = schema["oneOf"].as_array().unwrap().split_last().unwrap();
        let mut names: Vec<&str> = known.iter().map(|one| one["properties"]["event"]["const"].as_str().unwrap()).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!((names.len(), all), (23, 23), "{names:?}");
        for one in known {
            assert_eq!(one["additionalProperties"], false, "{one:#}");
            assert!(one["required"].as_array().unwrap().contains(&"format".into()), "{one:#}");
        }
    }
}

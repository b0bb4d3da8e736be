//! What is kept of a failed run for whoever is to help: one file of lines, each a JSON object, that anybody can read. No secret
//! is in it, no account's number, and no name of a person or a machine.

use std::collections::BTreeMap;

use bbws_model::{Address, CloudError, Outcome, Plan, RunRecord, Stamped, State, net, wire};
use serde_json::{Value, json};

use crate::errors::ErrorId;

/// Names up to this length are hidden where they are a word of their own.
const SHORT: usize = 5;

/// What a bundle is made of.
#[derive(Debug)]
pub struct Bundle<'a> {
    /// The run as it began.
    pub record: &'a RunRecord,
    /// How it ended; none where the end was lost with the log.
    pub outcome: Option<Outcome>,
    /// What it was to do.
    pub plan: &'a Plan,
    /// The state at its end.
    pub state: &'a State,
    /// What failed.
    pub failed: &'a [(Address, CloudError)],
    /// How often each call was made.
    pub calls: &'a BTreeMap<String, usize>,
    /// What happened.
    pub events: &'a [Stamped],
    /// Words that name somebody, beside the account: whose credentials they were.
    pub names: &'a [String],
}

/// The bundle as text.
#[must_use]
pub fn bundle(of: &Bundle<'_>) -> String {
    let Bundle { record, outcome, plan, state, failed, calls, events, names } = of;
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for address in state.entries.keys() {
        *kinds.entry(address.kind()).or_default() += 1;
    }
    let failed = failed.iter().map(|(address, error)| {
        json!({
            "id": ErrorId::of(error).about().id,
            "address": address,
            "operation": error.operation,
            "class": error.class,
            "code": error.code,
            "message": error.message,
            "request_id": error.request_id,
        })
    });
    let written = wire::plan::write(plan).ok().and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    let digest = wire::state::write(state).ok().and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
    let mut lines = vec![
        json!({
            "bundle": "bbws",
            "format": 1,
            "run": record.run,
            "mode": record.mode,
            "outcome": outcome.map(Outcome::word),
            "began": record.at,
            "version": record.owner.version,
            "os": std::env::consts::OS,
            "arch": std::env::consts::ARCH,
            "world": record.world.to_string(),
            "region": record.region,
            "commit": record.commit.as_ref().map(|commit| json!({ "id": commit.id, "dirty": commit.dirty })),
            "configuration": record.configuration,
            "in_ci": record.owner.ci.is_some(),
        }),
        json!({ "failed": failed.collect::<Vec<_>>() }),
        json!({ "state": { "seq": state.seq, "serial": state.serial, "head": state.head, "sum": digest.map(|d| d["sum"].clone()), "kinds": kinds } }),
        json!({ "calls": calls }),
        json!({ "plan": written }),
    ];
    lines.extend(events.iter().filter_map(|event| serde_json::from_str(&wire::event::write(event).ok()?).ok()));
    let mut hidden: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "<caller>")).collect();
    hidden.push((record.account.as_str(), "<account>"));
    hidden.push((&record.owner.host, "<host>"));
    hidden.retain(|(what, _)| !what.is_empty());
    let mut text = String::new();
    for mut line in lines {
        net::catch_in(&mut line);
        in_texts(&mut line, &|text| {
            let mut text = net::catch_words(text).into_owned();
            for (what, by) in &hidden {
                // A short name stands in other words, which are nobody's.
                let without = if what.len() > SHORT { Some(text.replace(what, by)) } else { net::without_word(&text, what, by) };
                text = without.unwrap_or(text);
            }
            text
        });
        text.push_str(&line.to_string());
        text.push('\n');
    }
    text
}

/// Makes something else of every text in a document.
fn in_texts(value: &mut Value, made: &dyn Fn(&str) -> String) {
    match value {
        Value::String(text) => *text = made(text),
        Value::Array(items) => items.iter_mut().for_each(|item| in_texts(item, made)),
        Value::Object(fields) => fields.values_mut().for_each(|item| in_texts(item, made)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

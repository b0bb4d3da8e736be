//! Who changed an object and when, as far as CloudTrail tells: under which names it is asked about, and where.

use bbws_kinds::GLOBAL;
use bbws_model::{Address, Kinds, State};

/// One event that changed something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// When.
    pub at: jiff::Timestamp,
    /// By whom: the user's or role session's ARN, or what else the trail has of it.
    pub who: String,
    /// The call, as IAM writes it: `ec2:ModifySecurityGroupRules`.
    pub call: String,
    /// From where, where the trail says it.
    pub from: Option<String>,
    /// The event's own id, to look it up by.
    pub event: String,
}

/// What is known of who changed an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doer {
    /// These calls named it since bbws was last at work, newest first.
    Known(Vec<Deed>),
    /// It is not known, and why.
    Unknown(String),
}

/// How the trail is asked about an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// In which region its events are kept: those of global services are in us-east-1.
    pub region: String,
    /// The names that it may stand under, the likeliest first.
    pub names: Vec<String>,
}

/// Kinds of such services.
const GLOBAL_SERVICES: &[&str] = &["cloudfront", "iam", "route53"];

/// How the trail is asked about a recorded resource.
#[must_use]
pub fn trace(kinds: &Kinds, state: &State, address: &Address, region: &str) -> Option<Trace> {
    let entry = state.entries.get(address)?;
    let service = kinds.get(address.kind())?.facts().service;
    let id = entry.id.as_str();
    let arn = entry.outputs.get("arn").and_then(serde_json::Value::as_str).or(if id.starts_with("arn:") { Some(id) } else { None });
    let of_arn = arn.and_then(|arn| arn.split(':').nth(3)).filter(|region| !region.is_empty());
    let region = match of_arn {
        _ if GLOBAL_SERVICES.contains(&service) => GLOBAL,
        Some(named) => named,
        None => region,
    };
    let name = |field: &str| entry.spec.get(field).and_then(serde_json::Value::as_str);
    // A key that we made of parts names none of them: AWS knows the thing that it is a part of.
    let parts = || id.split(['/', '|']).filter(|part| !part.is_empty() && *part != id);
    let mut names: Vec<String> = vec![];
    let candidates = [Some(id), name("name"), arn]
        .into_iter()
        .flatten()
        .chain(["group", "role", "zone", "table"].into_iter().filter_map(name))
        .chain(parts().take(1));
    for candidate in candidates {
        if !names.iter().any(|known| known == candidate) {
            names.push(candidate.to_owned());
        }
    }
    Some(Trace { region: region.to_owned(), names })
}

//! Questions to IAM's simulation, made so that a policy of ours says yes to them.

use std::collections::{BTreeMap, BTreeSet};

use bbws_model::values_in;
use serde_json::Value;

use super::Policies;

/// What stands for a name that nobody knows yet.
const SOME: &str = "bbws-preflight";

/// Some actions on one resource, in one context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// The actions.
    pub actions: Vec<String>,
    /// The resource.
    pub resource: String,
    /// What is known of the request and the resource, by condition key.
    pub context: BTreeMap<String, Vec<String>>,
}

/// One question for each statement that allows any of these actions; each action is asked about once.
#[must_use]
pub fn probes(policies: &Policies, needed: &BTreeSet<&str>) -> Vec<Probe> {
    let (mut asked, mut left) = (vec![], needed.clone());
    for statement in policies.documents.iter().flat_map(|one| values_in(&one.policy["Statement"])) {
        let actions: Vec<String> = texts(&statement["Action"]).filter(|action| left.contains(action)).map(str::to_owned).collect();
        let Some(resource) = texts(&statement["Resource"]).next() else { continue };
        if actions.is_empty() {
            continue;
        }
        for action in &actions {
            left.remove(action.as_str());
        }
        let resource = if resource == "*" { resource.to_owned() } else { filled(resource) };
        asked.push(Probe { actions, resource, context: context(&statement["Condition"]) });
    }
    asked
}

/// What fulfils a condition.
fn context(condition: &Value) -> BTreeMap<String, Vec<String>> {
    let mut known = BTreeMap::new();
    for (operator, keys) in condition.as_object().into_iter().flatten() {
        for (key, values) in keys.as_object().into_iter().flatten() {
            let value = match operator.as_str() {
                "Null" => SOME.to_owned(),
                _ => texts(values).next().map(filled).unwrap_or_default(),
            };
            known.insert(key.clone(), vec![value]);
        }
    }
    known
}

fn filled(pattern: &str) -> String {
    pattern.replace('*', SOME).replace('?', "2")
}

fn texts(value: &Value) -> impl Iterator<Item = &str> {
    values_in(value).iter().filter_map(Value::as_str)
}

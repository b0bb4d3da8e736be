//! Grants become statements, and statements documents that IAM takes.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Map, Value, json};

/// How long a managed policy may be, in characters that are not blanks.
pub const MOST: usize = 6144;

/// What a statement allows, on what, and why it is not narrower.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ground {
    /// The statement's name.
    pub sid: String,
    /// On what.
    pub resources: BTreeSet<String>,
    /// Under which condition, as JSON text; empty for none.
    pub condition: String,
    /// Why no narrower.
    pub why: &'static str,
}

/// Statements in the making: the actions on each ground.
#[derive(Debug, Default)]
pub(super) struct Statements {
    apart: BTreeMap<Ground, BTreeSet<String>>,
    together: BTreeMap<(String, &'static str), Together>,
}

/// The actions of one statement, and what they may be done to.
type Together = (BTreeSet<String>, BTreeSet<String>);

impl Statements {
    /// Allows an action.
    pub(super) fn allow(&mut self, action: &str, sid: &str, resources: BTreeSet<String>, condition: Value, why: &'static str) {
        if resources.is_empty() {
            return;
        }
        let condition = if condition == json!({}) { String::new() } else { condition.to_string() };
        let ground = Ground { sid: sid.to_owned(), resources, condition, why };
        self.apart.entry(ground).or_default().insert(action.to_owned());
    }

    /// Allows an action in one statement with others. AWS judges each on its own types of resources only: for as long as all that
    /// any of them may be done to may be done to all of these, one statement allows no more than several.
    pub(super) fn allow_together(&mut self, action: &str, sid: &str, resources: BTreeSet<String>, why: &'static str) {
        if !resources.is_empty() {
            let (actions, on) = self.together.entry((sid.to_owned(), why)).or_default();
            actions.insert(action.to_owned());
            on.extend(resources);
        }
    }

    /// The statements, each with a name of its own, and why each is not narrower.
    pub(super) fn finish(self) -> Vec<(Value, Told)> {
        let mut used: BTreeMap<String, usize> = BTreeMap::new();
        let mut all = vec![];
        let together = self.together.into_iter().map(|((sid, why), (actions, resources))| {
            let ground = Ground { sid, resources, condition: String::new(), why };
            (ground, actions)
        });
        let grounds: BTreeMap<Ground, BTreeSet<String>> = self.apart.into_iter().chain(together).collect();
        for (Ground { sid, resources, condition, why }, actions) in grounds {
            let parts = halves(Part { actions: actions.into_iter().collect(), resources: resources.into_iter().collect(), condition });
            for Part { actions, resources, condition } in parts {
                let number = used.entry(sid.clone()).or_default();
                *number += 1;
                let sid = if *number == 1 { sid.clone() } else { format!("{sid}Part{number}") };
                let statement = statement(&sid, &actions, &resources, &condition);
                all.push((statement, Told { sid, actions: actions.len(), why }));
            }
        }
        all
    }
}

/// Why a statement is as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Its name in the document.
    pub sid: String,
    /// How many actions it allows.
    pub actions: usize,
    /// Why it is not narrower.
    pub why: &'static str,
}

#[derive(Debug, Clone)]
struct Part {
    actions: Vec<String>,
    resources: Vec<String>,
    condition: String,
}

/// A statement that no document could hold becomes several.
fn halves(part: Part) -> Vec<Part> {
    if size(&document(&[statement("x", &part.actions, &part.resources, &part.condition)])) + 20 <= MOST {
        return vec![part];
    }
    let Part { actions, resources, condition } = part;
    let longer = |list: &[String]| list.iter().map(String::len).sum::<usize>();
    let (a, b) = if resources.len() > 1 && (longer(&resources) >= longer(&actions) || actions.len() == 1) {
        let (a, b) = resources.split_at(resources.len() / 2);
        ((actions.clone(), a.to_vec()), (actions, b.to_vec()))
    } else if actions.len() > 1 {
        let (a, b) = actions.split_at(actions.len() / 2);
        ((a.to_vec(), resources.clone()), (b.to_vec(), resources))
    } else {
        return vec![Part { actions, resources, condition }];
    };
    let part = |(actions, resources)| Part { actions, resources, condition: condition.clone() };
    [part(a), part(b)].into_iter().flat_map(halves).collect()
}

fn statement(sid: &str, actions: &[String], resources: &[String], condition: &str) -> Value {
    let mut fields = Map::new();
    fields.insert("Sid".into(), sid.into());
    fields.insert("Effect".into(), "Allow".into());
    fields.insert("Action".into(), one_or_many(actions));
    fields.insert("Resource".into(), one_or_many(resources));
    if let Ok(condition) = serde_json::from_str(condition) {
        fields.insert("Condition".into(), condition);
    }
    Value::Object(fields)
}

/// One alone, several in a list, as IAM itself writes it.
pub(crate) fn one_or_many<T: Serialize>(list: &[T]) -> Value {
    if let [one] = list { json!(one) } else { json!(list) }
}

/// A policy document of these statements.
pub(super) fn document(statements: &[Value]) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// The characters that IAM counts.
pub(super) fn size(document: &Value) -> usize {
    document.to_string().chars().filter(|c| !c.is_whitespace()).count()
}

/// As few documents as it takes without tearing a statement apart: each goes into the first that has room.
pub(super) fn packed(statements: Vec<Value>) -> Vec<Vec<Value>> {
    let mut documents: Vec<Vec<Value>> = vec![];
    for statement in statements {
        let room = |one: &Vec<Value>| size(&document(&[one.as_slice(), std::slice::from_ref(&statement)].concat())) <= MOST;
        match documents.iter_mut().find(|one| room(one)) {
            Some(first) => first.push(statement),
            None => documents.push(vec![statement]),
        }
    }
    documents
}

#[cfg(test)]
mod tests {
    use super::*;

    fn many(count: usize) -> BTreeSet<String> {
        (0..count).map(|n| format!("arn:aws:sns:af-south-1:536580886816:a-topic-with-quite-a-long-name-{n:04}")).collect()
    }

    #[test]
    fn no_document_is_longer_than_iam_takes_and_nothing_gets_lost() {
        let mut statements = Statements::default();
        statements.allow("sns:CreateTopic", "Topics", many(300), json!({}), "");
        statements.allow("sns:DeleteTopic", "Topics", many(300), json!({}), "");
        statements.allow("sns:ListTopics", "Lists", ["*".to_owned()].into(), json!({"Null": {"a": "true"}}), "");
        let (statements, told): (Vec<_>, Vec<_>) = statements.finish().into_iter().unzip();
        let sids: BTreeSet<&str> = told.iter().map(|one| one.sid.as_str()).collect();
        assert_eq!(sids.len(), told.len(), "each name once");
        let documents = packed(statements);
        assert!(documents.len() > 3);
        let mut found = BTreeSet::new();
        for document in &documents {
            assert!(size(&super::document(document)) <= MOST);
            for statement in document.iter().filter(|one| one["Sid"] != "Lists") {
                assert_eq!(statement["Action"], json!(["sns:CreateTopic", "sns:DeleteTopic"]));
                found.extend(statement["Resource"].as_array().unwrap().iter().map(|arn| arn.as_str().unwrap().to_owned()));
            }
        }
        assert_eq!(found, many(300));
    }
}

//! IAM-style policy documents that compare by meaning.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

/// A policy document (trust, inline, bucket, endpoint, file system) in canonical form.
///
/// Two documents that AWS treats alike are equal: a string and a list of it, lists in any order, statements in any
/// order, action names in any case, an account id and its root ARN, an absent `Version` and `2008-10-17`.
/// References (`$ref`, `$text`) may stand in place of any string.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct PolicyDocument(Value);

impl PolicyDocument {
    /// Brings a document to its canonical form.
    #[must_use]
    pub fn new(document: Value) -> Self {
        Self(canonical_document(document))
    }

    /// Reads the JSON text that AWS keeps.
    ///
    /// # Errors
    /// When the text is not JSON.
    pub fn parse(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text).map(Self::new)
    }

    /// The document as JSON text, to be sent.
    #[must_use]
    pub fn to_text(&self) -> String {
        self.0.to_string()
    }

    /// The document.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.0
    }
}

impl<'de> Deserialize<'de> for PolicyDocument {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Value::deserialize(deserializer).map(Self::new)
    }
}

impl JsonSchema for PolicyDocument {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "PolicyDocument".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "object",
            "description": "a policy document: Version and Statement, as IAM has them",
            "required": ["Statement"]
        })
    }
}

fn canonical_document(document: Value) -> Value {
    let Value::Object(mut top) = document else { return document };
    top.entry("Version").or_insert_with(|| "2008-10-17".into());
    if let Some(statements) = top.remove("Statement") {
        let mut statements: Vec<Value> = listed(statements).into_iter().map(statement).collect();
        statements.sort_by_cached_key(|s| (s.get("Sid").map(Value::to_string), s.to_string()));
        top.insert("Statement".into(), statements.into());
    }
    Value::Object(top)
}

fn statement(value: Value) -> Value {
    let Value::Object(fields) = value else { return value };
    fields
        .into_iter()
        .map(|(key, value)| {
            let value = match key.as_str() {
                "Action" | "NotAction" => sorted(listed(value).into_iter().map(lower).collect()),
                "Resource" | "NotResource" => sorted(listed(value)),
                "Principal" | "NotPrincipal" => principal(value),
                "Condition" => condition(value),
                _ => value,
            };
            (key, value)
        })
        .collect()
}

fn principal(value: Value) -> Value {
    match value {
        Value::Object(kinds) if !is_reference(&kinds) => {
            kinds.into_iter().map(|(kind, who)| (kind, sorted(listed(who).into_iter().map(root_arn).collect()))).collect()
        }
        other => other,
    }
}

/// Services store the ARN form of a bare account id.
fn root_arn(value: Value) -> Value {
    match value.as_str() {
        Some(id) if id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit()) => format!("arn:aws:iam::{id}:root").into(),
        _ => value,
    }
}

/// Booleans and numbers come back as strings.
fn condition(value: Value) -> Value {
    let Value::Object(operators) = value else { return value };
    let text = |v: Value| match v {
        Value::Bool(_) | Value::Number(_) => v.to_string().into(),
        other => other,
    };
    let keys = |v: Value| match v {
        Value::Object(keys) => keys.into_iter().map(|(k, v)| (k, sorted(listed(v).into_iter().map(text).collect()))).collect(),
        other => other,
    };
    operators.into_iter().map(|(operator, v)| (operator, keys(v))).collect()
}

fn is_reference(map: &Map<String, Value>) -> bool {
    map.contains_key("$ref") || map.contains_key("$text")
}

fn lower(value: Value) -> Value {
    match value {
        Value::String(action) => action.to_lowercase().into(),
        other => other,
    }
}

fn listed(value: Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items,
        one => vec![one],
    }
}

/// A set of values: sorted, without repeats; one value stands for itself.
fn sorted(mut values: Vec<Value>) -> Value {
    values.sort_by_cached_key(Value::to_string);
    values.dedup();
    match values.len() {
        1 => values.remove(0),
        _ => Value::Array(values),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn documents_that_mean_the_same_are_equal() {
        let ours = PolicyDocument::new(json!({"Version": "2012-10-17", "Statement": [
            {"Sid": "B", "Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": "arn:aws:s3:::b/*", "Principal": {"AWS": "123456789012"}},
            {"Sid": "A", "Effect": "Deny", "Action": "s3:*", "Resource": ["x"], "Condition": {"Bool": {"aws:SecureTransport": false}}}]}));
        let theirs = PolicyDocument::new(json!({"Statement": [
            {"Sid": "A", "Effect": "Deny", "Action": ["S3:*"], "Resource": "x", "Condition": {"Bool": {"aws:SecureTransport": ["false"]}}},
            {"Sid": "B", "Effect": "Allow", "Action": ["s3:putobject", "s3:GetObject"], "Resource": ["arn:aws:s3:::b/*"], "Principal": {"AWS": "arn:aws:iam::123456789012:root"}}],
            "Version": "2012-10-17"}));
        assert_eq!(ours, theirs);
    }

    #[test]
    fn another_resource_is_another_document() {
        let with = |resource: &str| PolicyDocument::new(json!({"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": resource}}));
        assert_ne!(with("arn:aws:s3:::A"), with("arn:aws:s3:::a"), "resources keep their case");
    }

    #[test]
    fn references_are_left_whole() {
        let document = PolicyDocument::new(
            json!({"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": {"$ref": "role.a", "output": "arn"}}}),
        );
        assert_eq!(document.value()["Statement"][0]["Resource"], json!({"$ref": "role.a", "output": "arn"}));
    }
}

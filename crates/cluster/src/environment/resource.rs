//! Further resources of any kind.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bbws_model::{Address, Pointer};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::{Value, json};
use toml::de::DeValue;

use crate::RuleId;
use crate::decode::{Reader, Table, describe};

/// A further resource, as `[resource.<kind>.<name>]` declares it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Resource {
    /// Its spec, with `${address.output}` turned into references.
    pub spec: Value,
    /// Where in the file it stands: `resource.bucket.assets`.
    pub path: String,
}

/// The further resources by address.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Documents(pub BTreeMap<Address, Resource>);

impl JsonSchema for Documents {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Documents".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "object" })
    }
}

impl Documents {
    pub(super) fn read(reader: &Reader, t: &Table<'_, '_>) -> Self {
        let mut found = BTreeMap::new();
        t.table("resource", |kinds| {
            for (kind, span, named) in kinds.everything() {
                reader.put_key(&format!("resource.{kind}"), span);
                let DeValue::Table(named) = named.get_ref() else {
                    reader.report(
                        RuleId::WrongType,
                        span,
                        format!("`resource.{kind}` holds resources by name, not {}", describe(named.get_ref())),
                        format!("write a head `[resource.{kind}.NAME]`"),
                    );
                    continue;
                };
                for (name, spec) in named {
                    let path = format!("resource.{kind}.{}", name.get_ref());
                    kinds.put(&path, name.span().into());
                    if !matches!(spec.get_ref(), DeValue::Table(_)) {
                        reader.report(
                            RuleId::WrongType,
                            spec.span().into(),
                            format!("a resource is a table, not {}", describe(spec.get_ref())),
                            format!("write a head `[{path}]`"),
                        );
                        continue;
                    }
                    match Address::new(kind, name.get_ref()) {
                        Ok(address) => {
                            let spec = document(reader, &path, spec.get_ref());
                            found.insert(address, Resource { spec, path });
                        }
                        Err(error) => reader.report(
                            RuleId::ResourceName,
                            name.span().into(),
                            error.to_string(),
                            "use lower-case letters, digits, `-` and `_`",
                        ),
                    }
                }
            }
        });
        Self(found)
    }
}

/// The value as JSON, references read; where its parts stand is noted.
fn document(reader: &Reader, path: &str, value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => text_or_reference(text).unwrap_or_else(|(why, fix)| {
            reader.unreadable(path);
            reader.report(RuleId::ReferenceShape, reader.place(path), why, fix);
            Value::String(text.clone().into_owned())
        }),
        DeValue::Integer(number) => {
            let value = i64::from_str_radix(&number.as_str().replace('_', ""), number.radix()).map(Value::from);
            value.unwrap_or_else(|_| too_large(reader, path, number))
        }
        DeValue::Float(number) => {
            let value = number.as_str().replace('_', "").parse::<f64>().ok().and_then(serde_json::Number::from_f64);
            value.map_or_else(|| too_large(reader, path, number), Value::Number)
        }
        DeValue::Boolean(yes) => Value::Bool(*yes),
        DeValue::Datetime(date) => Value::String(date.to_string()),
        DeValue::Array(items) => {
            let items = items.iter().enumerate().map(|(at, item)| {
                let path = format!("{path}[{at}]");
                reader.put(&path, item.span().into());
                document(reader, &path, item.get_ref())
            });
            items.collect()
        }
        DeValue::Table(entries) => {
            let entries = entries.iter().map(|(key, value)| {
                let path = format!("{path}.{}", key.get_ref());
                reader.put_key(&path, key.span().into());
                reader.put(&path, value.span().into());
                (key.get_ref().to_string(), document(reader, &path, value.get_ref()))
            });
            Value::Object(entries.collect())
        }
    }
}

/// Reports a number that JSON cannot hold.
fn too_large(reader: &Reader, path: &str, number: &impl std::fmt::Display) -> Value {
    reader.unreadable(path);
    reader.report(RuleId::OutOfRange, reader.place(path), format!("`{number}` is out of range"), "give a finite number of up to 18 digits");
    Value::Null
}

/// A text, or the reference or references in it; `$${` stands for `${` itself.
fn text_or_reference(text: &str) -> Result<Value, (String, String)> {
    let mut parts: Vec<Value> = vec![];
    let mut literal = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        if rest[..at].ends_with('$') {
            literal.push_str(&rest[..at - 1]);
            literal.push_str("${");
            rest = &rest[at + 2..];
            continue;
        }
        literal.push_str(&rest[..at]);
        let (inner, after) = rest[at + 2..].split_once('}').ok_or_else(|| {
            (
                "a reference begins with `${` and has no `}`".to_owned(),
                "write `${kind.name.output}`, or `$${` for the two characters themselves".to_owned(),
            )
        })?;
        let shape = || (format!("`${{{inner}}}` is not a reference"), "write `${kind.name.output}`, as in `${vpc.main.id}`".to_owned());
        let (address, output) = inner.trim().rsplit_once('.').ok_or_else(shape)?;
        let pointer = Pointer::new(address.parse().map_err(|_| shape())?, output);
        if output.is_empty() {
            return Err(shape());
        }
        if !literal.is_empty() {
            parts.push(Value::String(std::mem::take(&mut literal)));
        }
        parts.push(pointer.to_value());
        rest = after;
    }
    literal.push_str(rest);
    Ok(match parts.as_slice() {
        [] => Value::String(literal),
        [one] if literal.is_empty() && one.is_object() => one.clone(),
        _ => {
            if !literal.is_empty() {
                parts.push(Value::String(literal));
            }
            json!({ "$text": parts })
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_out_of_texts() {
        let vpc = json!({"$ref": "vpc.main", "output": "id"});
        let table = [
            ("plain", json!("plain")),
            ("${vpc.main.id}", vpc.clone()),
            ("a-${vpc.main.id}", json!({"$text": ["a-", vpc]})),
            ("${vpc.main.id}${vpc.main.id}/*", json!({"$text": [vpc, vpc, "/*"]})),
            ("cost: $5, $${not.a.reference}", json!("cost: $5, ${not.a.reference}")),
        ];
        for (text, want) in table {
            assert_eq!(text_or_reference(text).unwrap(), want, "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_one_is_told() {
        for text in ["${vpc.main}", "${vpc.main.}", "${}", "${vpc.main.id", "${Vpc.main.id}"] {
            assert!(text_or_reference(text).is_err(), "{text}");
        }
    }
}

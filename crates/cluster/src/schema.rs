//! The JSON Schema of environment files, for editors.

use std::collections::BTreeSet;

use bbws_model::Kinds;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::Environment;
use crate::decode::{Reader, parse};

/// Every key that reading a file asks for, as a pattern, and whether the file must have it: `rule[].port`,
/// `network.public.*.cidr`. What stands in `[resource.…]` is the kinds' own.
#[must_use]
pub fn keys_read() -> BTreeSet<(String, bool)> {
    let (document, _) = parse("");
    let reader = Reader::surveying();
    reader.root(&document, |table| Environment::read("survey", &reader, table));
    let (_, _, keys) = reader.into_parts();
    keys.iter().filter(|(key, required)| *required || !keys.contains(&(key.clone(), true))).cloned().collect()
}

/// The JSON Schema of environment files: derived from the types, with what reading demands, and the specs of all kinds
/// below `resource`.
#[must_use]
pub fn schema(kinds: &Kinds) -> Value {
    let mut generator = SchemaGenerator::new(SchemaSettings::draft07().with(|s| s.inline_subschemas = true));
    let mut root = generator.root_schema_for::<Environment>().to_value();
    let required: BTreeSet<String> = keys_read().into_iter().filter(|(_, required)| *required).map(|(key, _)| key).collect();
    demand(&mut root, "", &required);
    let specs: Map<String, Value> = kinds
        .iter()
        .map(|kind| (kind.name().to_owned(), json!({ "type": "object", "additionalProperties": kind.schema(&mut generator) })))
        .collect();
    root["properties"]["resource"] = json!({
        "type": "object",
        "description": "Further resources of any kind: [resource.<kind>.<name>].",
        "properties": specs,
        "additionalProperties": false
    });
    root["title"] = json!("A bbws environment");
    let shared = generator.take_definitions(true);
    if !shared.is_empty() {
        root["definitions"] = Value::Object(shared);
    }
    root
}

/// Sets `required` to what reading demands, and closes every table.
fn demand(schema: &mut Value, path: &str, required: &BTreeSet<String>) {
    let Value::Object(schema) = schema else { return };
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        let at = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
        let wanted: Vec<String> = properties.keys().filter(|key| required.contains(&at(key))).cloned().collect();
        properties.iter_mut().for_each(|(key, inner)| demand(inner, &at(key), required));
        schema.remove("required");
        if !wanted.is_empty() {
            schema.insert("required".to_owned(), json!(wanted));
        }
        schema.insert("additionalProperties".to_owned(), json!(false));
    }
    if let Some(items) = schema.get_mut("items") {
        demand(items, &format!("{path}[]"), required);
    }
    if let Some(named @ Value::Object(_)) = schema.get_mut("additionalProperties") {
        demand(named, &format!("{path}.*"), required);
    }
}

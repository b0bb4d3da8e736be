//! The JSON Schema: what the types say, what reading asks for, and the checked-in file are one.

use std::collections::BTreeSet;

use bbws_cluster::{keys_read, schema};
use serde_json::Value;
use toml::Value as Toml;

use crate::support::SHIPPED;

/// Every key of a schema as a pattern: `rule[].port`, `network.public.*.cidr`.
fn keys_of(schema: &Value, path: &str, found: &mut BTreeSet<(String, bool)>) {
    for (key, inner) in schema["properties"].as_object().into_iter().flatten() {
        let at = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        let required = schema["required"].as_array().is_some_and(|keys| keys.iter().any(|k| k == key));
        found.insert((at.clone(), required));
        if at != "resource" {
            keys_of(inner, &at, found);
        }
    }
    keys_of_parts(schema, path, found);
}

fn keys_of_parts(schema: &Value, path: &str, found: &mut BTreeSet<(String, bool)>) {
    for (part, sign) in [("items", "[]"), ("additionalProperties", ".*")] {
        if schema[part].is_object() {
            keys_of(&schema[part], &format!("{path}{sign}"), found);
        }
    }
}

#[test]
fn the_checked_in_schema_is_the_generated_one() {
    let generated = serde_json::to_string_pretty(&schema(&bbws_kinds::all())).unwrap() + "\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../environments/schema.json");
    if std::env::var_os("INSTA_UPDATE").is_some_and(|how| how == "always") {
        std::fs::write(path, &generated).unwrap();
    }
    let checked_in = std::fs::read_to_string(path).unwrap_or_default();
    assert!(generated == checked_in, "environments/schema.json is stale: run this test with INSTA_UPDATE=always, and look at the change");
}

#[test]
fn reading_asks_for_the_keys_of_the_schema_and_no_others() {
    let mut described = BTreeSet::new();
    keys_of(&schema(&bbws_kinds::all()), "", &mut described);
    let read = keys_read();
    let only = |a: &BTreeSet<(String, bool)>, b: &BTreeSet<(String, bool)>| {
        a.difference(b).map(|(key, required)| format!("{key} (required: {required})")).collect::<Vec<_>>()
    };
    assert!(described == read, "only in the schema: {:#?}\nonly read: {:#?}", only(&described, &read), only(&read, &described));
    assert!(read.len() > 100, "{}", read.len());
}

#[test]
fn every_key_says_what_it_is() {
    fn check(schema: &Value, path: &str) {
        for (key, inner) in schema["properties"].as_object().into_iter().flatten() {
            assert!(inner["description"].is_string(), "{path}.{key}");
            if path.is_empty() && key == "resource" {
                continue;
            }
            check(inner, &format!("{path}.{key}"));
            check(&inner["items"], &format!("{path}.{key}[]"));
            check(&inner["additionalProperties"], &format!("{path}.{key}.*"));
        }
    }
    check(&schema(&bbws_kinds::all()), "");
}

/// As much of JSON Schema as the schema uses: types, properties, required, closed tables, items, enumerations.
fn fits(value: &Toml, schema: &Value, path: &str, wrong: &mut Vec<String>) {
    let kind = match value {
        Toml::String(_) | Toml::Datetime(_) => "string",
        Toml::Integer(_) => "integer",
        Toml::Float(_) => "number",
        Toml::Boolean(_) => "boolean",
        Toml::Array(_) => "array",
        Toml::Table(_) => "object",
    };
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
        _ => vec![],
    };
    if !types.is_empty() && !types.contains(&kind) {
        wrong.push(format!("{path}: {kind} is not {types:?}"));
    }
    let words: Vec<&str> = schema["oneOf"].as_array().into_iter().flatten().filter_map(|one| one["const"].as_str()).collect();
    if !words.is_empty() && !words.contains(&value.as_str().unwrap_or_default()) {
        wrong.push(format!("{path}: {value} is none of {words:?}"));
    }
    match value {
        Toml::Table(table) => {
            for key in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).filter(|key| !table.contains_key(*key))
            {
                wrong.push(format!("{path}: no {key}"));
            }
            for (key, inner) in table {
                match (&schema["properties"][key], &schema["additionalProperties"]) {
                    (known @ Value::Object(_), _) | (_, known @ Value::Object(_)) => fits(inner, known, &format!("{path}.{key}"), wrong),
                    _ => wrong.push(format!("{path}: {key} is unknown")),
                }
            }
        }
        Toml::Array(items) => items.iter().enumerate().for_each(|(at, item)| fits(item, &schema["items"], &format!("{path}[{at}]"), wrong)),
        _ => {}
    }
}

#[test]
fn the_shipped_files_fit_the_schema() {
    let schema = schema(&bbws_kinds::all());
    for (name, text) in SHIPPED {
        let mut wrong = vec![];
        fits(&Toml::Table(text.parse().unwrap()), &schema, "", &mut wrong);
        assert!(wrong.is_empty(), "{name}: {wrong:#?}");
    }
    let mut wrong = vec![];
    fits(&Toml::Table("tier = \"test\"\nacount = \"x\"\nrds.storage = \"x\"".parse().unwrap()), &schema, "", &mut wrong);
    assert_eq!(wrong.len(), 5, "tier, acount, storage, and two missing keys: {wrong:#?}");
}

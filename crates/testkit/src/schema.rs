//! Whether a document fits a JSON schema: as much of the language as the schemas of bbws use. A word that it does not know is an
//! error, so that nothing is passed over.

use serde_json::{Map, Value};

/// The one pattern of names that they use: numbers as keys.
const NUMBERS: &str = r"^\d+$";

/// What does not fit, each with its place; empty where all does.
#[must_use]
pub fn misfits(schema: &Value, document: &Value) -> Vec<String> {
    let mut wrong = vec![];
    fits(schema, schema, document, "$", &mut wrong);
    wrong
}

fn fits(root: &Value, schema: &Value, document: &Value, at: &str, wrong: &mut Vec<String>) {
    let schema = match schema {
        Value::Bool(true) => return,
        Value::Bool(false) => return wrong.push(format!("{at}: nothing may stand here")),
        Value::Object(schema) => schema,
        other => return wrong.push(format!("{at}: no schema: {other}")),
    };
    let empty = Map::new();
    let properties = schema.get("properties").and_then(Value::as_object).unwrap_or(&empty);
    for (word, what) in schema {
        let is = match word.as_str() {
            "$schema"
            | "$defs"
            | "title"
            | "description"
            | "format"
            | "default"
            | "examples"
            | "properties"
            | "additionalProperties"
            | "pattern" => true,
            "patternProperties" => what.as_object().is_some_and(|all| all.keys().all(|pattern| pattern == NUMBERS)),
            "$ref" => {
                let to = what.as_str().and_then(|to| root.pointer(to.strip_prefix('#')?));
                to.is_some_and(|to| {
                    fits(root, to, document, at, wrong);
                    true
                })
            }
            "const" => document == what,
            "enum" => what.as_array().is_some_and(|all| all.contains(document)),
            "type" => match what {
                Value::Array(all) => all.iter().any(|one| is_of(one, document)),
                one => is_of(one, document),
            },
            "minimum" => document.as_f64().is_none_or(|number| what.as_f64().is_some_and(|least| number >= least)),
            "maximum" => document.as_f64().is_none_or(|number| what.as_f64().is_some_and(|most| number <= most)),
            "uniqueItems" => document.as_array().is_none_or(|all| (1..all.len()).all(|n| !all[..n].contains(&all[n]))),
            "required" => what.as_array().is_some_and(|all| {
                let has = |name: &Value| name.as_str().is_some_and(|name| document.as_object().is_none_or(|of| of.contains_key(name)));
                all.iter().all(has)
            }),
            "items" => {
                for (n, item) in document.as_array().into_iter().flatten().enumerate() {
                    fits(root, what, item, &format!("{at}[{n}]"), wrong);
                }
                true
            }
            "not" => !fits_wholly(root, what, document),
            "oneOf" | "anyOf" => {
                let fitting = what.as_array().into_iter().flatten().filter(|one| fits_wholly(root, one, document));
                let count = fitting.count();
                if word == "oneOf" { count == 1 } else { count > 0 }
            }
            _ => false,
        };
        if !is {
            wrong.push(format!("{at}: not as `{word}` says: {}", what.to_string().chars().take(200).collect::<String>()));
        }
    }
    let further = schema.get("additionalProperties");
    let numbered = schema.get("patternProperties").and_then(|all| all.get(NUMBERS));
    for (name, value) in document.as_object().into_iter().flatten() {
        let at = format!("{at}.{name}");
        match (properties.get(name), further) {
            (Some(own), _) => fits(root, own, value, &at, wrong),
            (None, _) if numbered.is_some() && name.bytes().all(|c| c.is_ascii_digit()) => {
                fits(root, numbered.unwrap_or(&Value::Null), value, &at, wrong);
            }
            (None, Some(further)) => fits(root, further, value, &at, wrong),
            (None, None) => {}
        }
    }
}

fn fits_wholly(root: &Value, schema: &Value, document: &Value) -> bool {
    let mut wrong = vec![];
    fits(root, schema, document, "$", &mut wrong);
    wrong.is_empty()
}

fn is_of(name: &Value, document: &Value) -> bool {
    match name.as_str() {
        Some("null") => document.is_null(),
        Some("boolean") => document.is_boolean(),
        Some("integer") => document.is_i64() || document.is_u64(),
        Some("number") => document.is_number(),
        Some("string") => document.is_string(),
        Some("array") => document.is_array(),
        Some("object") => document.is_object(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_does_not_fit_is_named_with_its_place() {
        let schema = json!({
            "type": "object",
            "properties": {
                "a": {"$ref": "#/$defs/n"},
                "b": {"type": ["array", "null"], "items": {"enum": ["x", "y"]}, "uniqueItems": true},
                "c": {"oneOf": [{"const": 1}, {"type": "string"}]},
                "e": {"patternProperties": {r"^\d+$": {"type": "string"}}, "additionalProperties": false},
                "f": {"maximum": 3, "not": {"const": 2}},
            },
            "required": ["a"],
            "additionalProperties": false,
            "$defs": {"n": {"type": "integer", "minimum": 0}},
        });
        assert!(misfits(&schema, &json!({"a": 1, "b": ["x", "y"], "c": "z", "e": {"7": "x"}})).is_empty());
        let table = [
            (json!({}), "$: not as `required`"),
            (json!({"a": -1}), "$.a: not as `minimum`"),
            (json!({"a": 1.5}), "$.a: not as `type`"),
            (json!({"a": 1, "b": ["z"]}), "$.b[0]: not as `enum`"),
            (json!({"a": 1, "b": ["x", "x"]}), "$.b: not as `uniqueItems`"),
            (json!({"a": 1, "c": 2}), "$.c: not as `oneOf`"),
            (json!({"a": 1, "d": 2}), "$.d: nothing may stand here"),
            (json!([]), "$: not as `type`"),
            (json!({"a": 1, "e": {"7": 1}}), "$.e.7: not as `type`"),
            (json!({"a": 1, "e": {"x": "y"}}), "$.e.x: nothing may stand here"),
            (json!({"a": 1, "f": 4}), "$.f: not as `maximum`"),
            (json!({"a": 1, "f": 2}), "$.f: not as `not`"),
        ];
        for (document, told) in table {
            let wrong = misfits(&schema, &document);
            assert!(wrong.iter().any(|one| one.starts_with(told)), "{document}: {wrong:?}");
        }
        assert!(misfits(&json!({"unheard": 1}), &json!(1))[0].contains("unheard"));
    }
}

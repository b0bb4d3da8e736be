//! Whatever any test has a command print with `--json` is JSON, and each line with an `event` is as docs/schema/events.schema.json says.

use std::sync::LazyLock;

use serde_json::{Value, json};

static SCHEMA: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../docs/schema/events.schema.json")).expect("a schema"));

/// What is said beside what is demanded.
const ANNOTATIONS: [&str; 7] = ["description", "title", "format", "default", "$schema", "$defs", "examples"];

/// Demands that what a command printed with `--json` is one document, or lines that fit the schema; and that what it said on the error
/// output, where that is JSON, fits as well.
#[track_caller]
pub(crate) fn demand(line: &str, out: &str, err: &str) {
    if serde_json::from_str::<Value>(out).is_err() {
        for text in out.lines() {
            let value: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("`{line}` printed no JSON: {error}: {text}"));
            assert!(value["event"].is_string(), "`{line}`: one of several lines is no event: {text}");
        }
    }
    for text in out.lines().chain(err.lines()).filter(|text| text.starts_with('{')) {
        let Ok(value) = serde_json::from_str::<Value>(text) else { continue };
        if value.get("event").is_some() {
            let wrong = wrong(&SCHEMA, &value);
            assert!(wrong.is_empty(), "`{line}`: {} in {text}", wrong.join("; "));
        }
    }
}

/// All that a value does not keep to. An unknown demand is a panic: nothing is skipped.
fn wrong(schema: &Value, value: &Value) -> Vec<String> {
    let rules = match schema {
        Value::Bool(true) => return vec![],
        Value::Bool(false) => return vec!["nothing may stand here".into()],
        Value::Object(rules) => rules,
        other => panic!("no schema: {other}"),
    };
    let mut all = vec![];
    for (rule, of) in rules {
        match rule.as_str() {
            "$ref" => {
                let name = of.as_str().and_then(|path| path.strip_prefix("#/$defs/")).expect("a reference within");
                all.extend(wrong(&SCHEMA["$defs"][name], value));
            }
            "oneOf" => all.extend(alternatives(of, value, true)),
            "anyOf" => all.extend(alternatives(of, value, false)),
            "not" => all.extend(wrong(of, value).is_empty().then(|| format!("{value} is among what it must not be"))),
            "const" => all.extend((of != value).then(|| format!("{value} is not {of}"))),
            "enum" => all.extend((!list(of).contains(value)).then(|| format!("{value} is none of {of}"))),
            "type" => all.extend(wrong_type(of, value)),
            "minimum" => all.extend((value.as_f64() < of.as_f64()).then(|| format!("{value} is less than {of}"))),
            "maximum" => all.extend((value.as_f64() > of.as_f64()).then(|| format!("{value} is more than {of}"))),
            "required" => {
                let missing = list(of).iter().filter(|name| value.get(name.as_str().unwrap_or_default()).is_none());
                all.extend(missing.map(|name| format!("{name} is missing")));
            }
            "properties" => {
                for (name, inner) in of.as_object().into_iter().flatten() {
                    all.extend(value.get(name).into_iter().flat_map(|value| wrong(inner, value)).map(|why| format!("{name}: {why}")));
                }
            }
            "additionalProperties" => {
                let known = |name: &str| rules.get("properties").is_some_and(|all| all.get(name).is_some());
                for (name, inner) in value.as_object().into_iter().flatten().filter(|(name, _)| !known(name)) {
                    all.extend(wrong(of, inner).into_iter().map(|why| format!("{name}: {why}")));
                }
            }
            "items" => all.extend(value.as_array().into_iter().flatten().flat_map(|item| wrong(of, item))),
            other => assert!(ANNOTATIONS.contains(&other), "the test knows no rule `{other}`"),
        }
    }
    all
}

fn list(of: &Value) -> &[Value] {
    of.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn alternatives(of: &Value, value: &Value, once: bool) -> Option<String> {
    let tried: Vec<Vec<String>> = list(of).iter().map(|one| wrong(one, value)).collect();
    match tried.iter().filter(|wrong| wrong.is_empty()).count() {
        1 => None,
        0 => {
            // The one that is least wrong is the one that was meant.
            let least = tried.iter().min_by_key(|wrong| wrong.len()).map(|wrong| wrong.join("; ")).unwrap_or_default();
            Some(format!("it fits no alternative ({least})"))
        }
        _ if once => Some("it fits several alternatives".into()),
        _ => None,
    }
}

fn wrong_type(of: &Value, value: &Value) -> Option<String> {
    let one = [of.clone()];
    let names = of.as_array().map_or(&one[..], Vec::as_slice);
    let fits = |name: &Value| match name.as_str().unwrap_or_default() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("the test knows no type `{other}`"),
    };
    (!names.iter().any(fits)).then(|| format!("{value} is no {of}"))
}

#[test]
fn a_line_that_does_not_fit_is_found() {
    let good = json!({"format": 1, "event": "step-failed", "at": "2026-11-26T08:00:00Z", "elapsed_ms": 3, "step": 1, "address": "vpc.main",
        "error": {"operation": "ec2:CreateVpc", "class": "limit", "code": "C", "message": "m", "request_id": null}});
    assert_eq!(wrong(&SCHEMA, &good), Vec::<String>::new());
    let edits: [(&str, Value); 7] = [
        ("/format", 2.into()),
        ("/event", "step-finished".into()),
        ("/elapsed_ms", (-1).into()),
        ("/step", "one".into()),
        ("/error/class", "odd".into()),
        ("/error/request_id", 7.into()),
        ("/error", json!({"operation": "x"})),
    ];
    for (place, value) in edits {
        let mut bad = good.clone();
        *bad.pointer_mut(place).unwrap() = value;
        assert!(!wrong(&SCHEMA, &bad).is_empty(), "{place}");
    }
    for name in ["at", "error", "event"] {
        let mut bad = good.clone();
        bad.as_object_mut().unwrap().remove(name);
        assert!(!wrong(&SCHEMA, &bad).is_empty(), "without {name}");
    }
    let mut more = good;
    more["more"] = 1.into();
    assert!(!wrong(&SCHEMA, &more).is_empty(), "with more");
}

//! Whatever any test has a command print with `--json` is JSON, and each line with an `event` is as docs/schema/events.schema.json says.

use std::sync::LazyLock;

use bbws_testkit::misfits;
use serde_json::{Value, json};

static SCHEMA: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../docs/schema/events.schema.json")).expect("a schema"));

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
            let wrong = misfits(&SCHEMA, &value);
            assert!(wrong.is_empty(), "`{line}`: {} in {text}", wrong.join("; "));
        }
    }
}

#[test]
fn a_line_that_does_not_fit_is_found() {
    let good = json!({"format": 1, "event": "step-failed", "at": "2026-11-26T08:00:00Z", "elapsed_ms": 3, "step": 1, "address": "vpc.main",
        "error": {"operation": "ec2:CreateVpc", "class": "limit", "code": "C", "message": "m", "request_id": null}});
    assert_eq!(misfits(&SCHEMA, &good), Vec::<String>::new());
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
        assert!(!misfits(&SCHEMA, &bad).is_empty(), "{place}");
    }
    for name in ["at", "error", "event"] {
        let mut bad = good.clone();
        bad.as_object_mut().unwrap().remove(name);
        assert!(!misfits(&SCHEMA, &bad).is_empty(), "without {name}");
    }
    let mut more = good;
    more["more"] = 1.into();
    assert!(!misfits(&SCHEMA, &more).is_empty(), "with more");
}

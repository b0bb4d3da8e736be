//! Values of specs and outputs as text on one line.

use std::str::FromStr;

use bbws_model::{Address, pointers};
use serde_json::Value;

/// The value as people read it: texts bare where that is clear, references as `${vpc.main.id}`.
pub(crate) fn shown(value: &Value) -> String {
    match value {
        Value::Null => "none".into(),
        Value::Bool(true) => "yes".into(),
        Value::Bool(false) => "no".into(),
        // JSON keeps apart `10` and `10.0`; people do not.
        Value::Number(number) => {
            let text = number.to_string();
            text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
        }
        Value::String(text) => quoted(text),
        Value::Array(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(", ")),
        Value::Object(_) if reference(value).is_some() => {
            reference(value).map(|(to, output)| format!("${{{to}.{output}}}")).unwrap_or_default()
        }
        Value::Object(map) => match map.get("$text") {
            Some(Value::Array(parts)) => parts.iter().map(|part| part.as_str().map_or_else(|| shown(part), str::to_owned)).collect(),
            _ => format!("{{{}}}", map.iter().map(|(key, value)| format!("{key}: {}", shown(value))).collect::<Vec<_>>().join(", ")),
        },
    }
}

/// A value that has the rest of its line: a text stands bare there, unless it could be taken for something else.
pub(crate) fn alone(value: &Value) -> String {
    value.as_str().filter(|text| is_plain(text)).map_or_else(|| shown(value), str::to_owned)
}

fn quoted(text: &str) -> String {
    let clear = is_plain(text) && !text.contains(['"', ',', '{', '[']);
    if clear { text.to_owned() } else { Value::from(text).to_string() }
}

/// Whether a text is one word, and none that other values are told by.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c.is_control()) && !["none", "yes", "no"].contains(&text)
}

/// The resource and output that the value refers to, where it is one reference.
pub(crate) fn reference(value: &Value) -> Option<(Address, &str)> {
    let map = value.as_object()?;
    let to = Address::from_str(map.get("$ref")?.as_str()?).ok()?;
    Some((to, map.get("output")?.as_str()?))
}

/// Whether the value, or a part of it, will only be known once other steps are done.
pub(crate) fn unknown(value: &Value) -> bool {
    !pointers(value).is_empty()
}

/// Whether it says nothing: none, an empty list or an empty map.
pub(crate) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_bare_where_that_is_clear() {
        let value = json!({"a": [1, 2.0, 0.5, true, null, "x", "x y", "", "yes"], "b": {"$ref": "vpc.main", "output": "id"}});
        assert_eq!(shown(&value), r#"{a: [1, 2, 0.5, yes, none, x, "x y", "", "yes"], b: ${vpc.main.id}}"#);
        let text = json!({"$text": ["arn:aws:s3:::", {"$ref": "bucket.logs", "output": "name"}, "/*"]});
        assert_eq!((shown(&text).as_str(), unknown(&text)), ("arn:aws:s3:::${bucket.logs.name}/*", true));
    }
}

//! The published outputs.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::page::{Line, Page, clean, columns};
use crate::style::{Role, Style};
use crate::value::alone;

/// All outputs, one a line; lists have a line for each member.
#[must_use]
pub fn outputs(outputs: &BTreeMap<String, Value>, style: Style) -> String {
    let mut page = Page::new();
    if outputs.is_empty() {
        page.push(Line::at(0).text("There are no outputs: nothing is recorded of the cluster, which was destroyed or not applied yet."));
    }
    let widest = outputs.keys().map(|name| columns(name)).max().unwrap_or_default();
    for (name, value) in outputs {
        let start = |name: &str| Line::at(0).whole().say(Role::Bold, name).pad(widest + 2);
        match value {
            Value::Array(items) if !items.is_empty() => {
                for (place, item) in items.iter().enumerate() {
                    page.push(start(if place == 0 { name } else { "" }).text(alone(item)));
                }
            }
            Value::Null => page.push(start(name).say(Role::Dim, "none")),
            other => page.push(start(name).text(alone(other))),
        }
    }
    page.render(style)
}

/// All outputs as JSON.
#[must_use]
pub fn outputs_json(outputs: &BTreeMap<String, Value>) -> String {
    let all: Value = outputs.iter().map(|(name, value)| (name.clone(), value.clone())).collect::<serde_json::Map<_, _>>().into();
    format!("{all:#}\n")
}

/// One output for a script: a text bare, a list one member a line, nothing for null.
#[must_use]
pub fn output_value(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => clean(text),
        Value::Array(items) => items.iter().map(output_value).collect::<Vec<_>>().join("\n"),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => value.to_string(),
    }
}

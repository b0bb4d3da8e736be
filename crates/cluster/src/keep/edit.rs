//! One edit of a file's text; comments and order stay.

use std::fmt;

use serde_json::Value;
use toml_edit::{Array, InlineTable, Item, TableLike, Value as Toml};

use super::parsed;

/// One step of a path into a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// A key of a table.
    Key(String),
    /// A place in a list.
    Place(usize),
}

impl Step {
    pub(super) fn key(key: &str) -> Self {
        Self::Key(key.to_owned())
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => f.write_str(key),
            Self::Place(place) => write!(f, "[{place}]"),
        }
    }
}

/// The path as people write it: `cdn.behaviour[1].path`.
pub(super) fn path_text(path: &[Step]) -> String {
    let mut text = String::new();
    for step in path {
        if matches!(step, Step::Key(_)) && !text.is_empty() {
            text.push('.');
        }
        text.push_str(&step.to_string());
    }
    text
}

/// The text with a value at a path, or without what is there. None where the path leads through what is no table.
pub(super) fn edited(text: &str, path: &[Step], value: Option<&Value>) -> Option<String> {
    let mut document = parsed(text)?;
    let (last, before) = path.split_last()?;
    let mut at: &mut dyn TableLike = document.as_table_mut();
    let mut steps = before.iter().peekable();
    while let Some(step) = steps.next() {
        let Step::Key(key) = step else { return None };
        if at.get(key).is_none() {
            // Only to take something out is no reason to make what is around it.
            value?;
            at.insert(key, toml_edit::table());
        }
        let item = at.get_mut(key)?;
        at = match steps.peek() {
            Some(Step::Place(place)) => {
                steps.next();
                in_list(item, *place)?
            }
            _ if item.is_array_of_tables() || item.is_array() => {
                let (Step::Place(place), None) = (last, value) else { return None };
                remove_place(item, *place)?;
                return Some(document.to_string());
            }
            _ => item.as_table_like_mut()?,
        };
    }
    let Step::Key(key) = last else { return None };
    match value.filter(|value| !value.is_null()) {
        None => {
            at.remove(key)?;
        }
        Some(value) => {
            let old = at.get(key).and_then(Item::as_value);
            let mut new = like(old, value)?;
            if let Some(old) = old {
                *new.decor_mut() = old.decor().clone();
            }
            match at.get_mut(key) {
                Some(item) => *item = Item::Value(new),
                None => {
                    at.insert(key, Item::Value(new));
                }
            }
        }
    }
    Some(document.to_string())
}

fn in_list(item: &mut Item, place: usize) -> Option<&mut dyn TableLike> {
    match item {
        Item::ArrayOfTables(tables) => tables.get_mut(place).map(|table| table as &mut dyn TableLike),
        Item::Value(Toml::Array(items)) => items.get_mut(place)?.as_inline_table_mut().map(|table| table as &mut dyn TableLike),
        Item::None | Item::Value(_) | Item::Table(_) => None,
    }
}

fn remove_place(item: &mut Item, place: usize) -> Option<()> {
    match item {
        Item::ArrayOfTables(tables) if place < tables.len() => {
            tables.remove(place);
            Some(())
        }
        Item::Value(Toml::Array(items)) if place < items.len() => {
            items.remove(place);
            Some(())
        }
        _ => None,
    }
}

/// The value as TOML, of the type that stands there already where both can say it.
fn like(old: Option<&Toml>, value: &Value) -> Option<Toml> {
    Some(match (old, value) {
        (Some(Toml::Integer(_)), Value::String(text)) => text.parse::<i64>().map_or_else(|_| text.as_str().into(), Toml::from),
        (Some(Toml::String(_)), Value::Number(number)) => number.to_string().into(),
        (_, Value::Bool(yes)) => (*yes).into(),
        (_, Value::String(text)) => text.as_str().into(),
        (_, Value::Number(number)) => match number.as_i64() {
            Some(whole) => whole.into(),
            None => number.as_f64()?.into(),
        },
        (_, Value::Array(items)) => Toml::Array(items.iter().map(|item| like(None, item)).collect::<Option<Array>>()?),
        (_, Value::Object(map)) => {
            let mut table = InlineTable::new();
            for (key, inner) in map.iter().filter(|(_, inner)| !inner.is_null()) {
                table.insert(key, like(None, inner)?);
            }
            Toml::InlineTable(table)
        }
        (_, Value::Null) => return None,
    })
}

/// What stands at a path, as text.
pub(super) fn shown(text: &str, path: &[Step]) -> Option<String> {
    let document = parsed(text)?;
    let mut at: &Item = document.as_item();
    for step in path {
        at = match step {
            Step::Key(key) => at.get(key.as_str())?,
            Step::Place(place) => at.get(*place)?,
        };
    }
    let text = at.to_string();
    // What follows on the line is a comment of the file's.
    Some(match at.as_value() {
        Some(value) => {
            let mut value = value.clone();
            value.decor_mut().clear();
            value.to_string().trim().to_owned()
        }
        None => text.trim().to_owned(),
    })
}

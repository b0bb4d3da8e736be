//! Fields of a step: before and after, or all of a spec.

use bbws_model::{FieldChange, Verb, is_map, leaves};
use serde_json::Value;

use super::Detail;
use crate::page::{Line, Page, columns, cut};
use crate::style::{Role, Sign, Style};
use crate::value::{shown, unknown};

/// The widest value told in short; longer ones are cut on both sides of the arrow.
const SHORT: usize = 160;

/// The widest column of field names.
const NAMES: usize = 32;

/// The fields that differ, each with before and after.
pub(crate) fn changes(page: &mut Page, changes: &[FieldChange], indent: usize, style: Style, detail: Detail) {
    let mut rows: Vec<(String, &FieldChange, &Value, &Value)> = vec![];
    for change in changes {
        rows.extend(leaves(&change.field, &change.from, &change.to).into_iter().map(|(path, from, to)| (path, change, from, to)));
    }
    let widest = rows.iter().map(|(path, ..)| columns(path)).max().unwrap_or_default().min(NAMES);
    let mut forced = None;
    for (path, change, from, to) in rows {
        let line = Line::at(indent).hang(indent + 4).text(path).pad(indent + widest + 2);
        let line = value(line, &change.verb, from, to, style, detail);
        // Said once for a field of which several parts differ.
        let force = change.verb == Verb::Replace && forced != Some(&change.field);
        page.push(if force { line.say(Role::Replace, "  forces a new object") } else { line });
        forced = if change.verb == Verb::Replace { Some(&change.field) } else { None };
    }
}

fn value(line: Line, verb: &Verb, from: &Value, to: &Value, style: Style, detail: Detail) -> Line {
    let arrow = format!(" {} ", style.sign(Sign::Arrow));
    if *verb == Verb::WriteOnly {
        return if unknown(to) { line.text(format!("not shown{arrow}{}", shown(to))) } else { line.text("a new value, never shown") };
    }
    if let (Value::Array(old), Value::Array(new)) = (from, to)
        && let Some(line) = members(line.clone(), old, new, style, detail)
    {
        return line;
    }
    let line = line.say(Role::Dim, short(from, style, detail)).text(arrow).text(short(to, style, detail));
    if unknown(to) { line.say(Role::Dim, " (known after apply)") } else { line }
}

/// Two lists as what comes and what goes; none where only the order differs.
fn members(mut line: Line, old: &[Value], new: &[Value], style: Style, detail: Detail) -> Option<Line> {
    let come: Vec<&Value> = new.iter().filter(|v| !old.contains(v)).collect();
    let gone: Vec<&Value> = old.iter().filter(|v| !new.contains(v)).collect();
    if come.is_empty() && gone.is_empty() || old.is_empty() || new.is_empty() {
        return None;
    }
    let stay = new.len() - come.len();
    for (place, (role, sign, value)) in
        gone.iter().map(|v| (Role::Destroy, "-", *v)).chain(come.iter().map(|v| (Role::Add, "+", *v))).enumerate()
    {
        line = line.text(if place == 0 { "" } else { ", " }).say(role, format!("{sign} ")).text(short(value, style, detail));
        if unknown(value) {
            line = line.say(Role::Dim, " (known after apply)");
        }
    }
    Some(if stay == 0 { line } else { line.say(Role::Dim, format!(" ({stay} unchanged)")) })
}

fn short(value: &Value, style: Style, detail: Detail) -> String {
    let text = shown(value);
    if detail == Detail::All { text } else { cut(&text, SHORT, style) }
}

/// Every field of a spec, maps unfolded.
pub(super) fn whole(page: &mut Page, spec: &Value, indent: usize) {
    let Some(map) = spec.as_object() else { return };
    let widest = map.keys().map(|key| columns(key)).max().unwrap_or_default().min(NAMES);
    for (field, value) in map {
        if is_map(value) && value.as_object().is_some_and(|inner| inner.len() > 1) {
            page.push(Line::at(indent).text(field));
            whole(page, value, indent + 2);
        } else {
            page.push(Line::at(indent).hang(indent + 4).text(field).pad(indent + widest + 2).say(Role::Dim, shown(value)));
        }
    }
}

/// What an adopted object is, beside what the file says of it.
pub(super) fn adopted(page: &mut Page, have: &Value, want: &Value, indent: usize, style: Style) {
    let arrow = style.sign(Sign::Arrow);
    let differing = leaves("", have, want);
    let mut page_of = |path: &str, from: &Value, to: &Value| {
        let line = Line::at(indent).hang(indent + 4).text(path.trim_start_matches('.')).text("  ");
        let line = line.say(Role::Dim, shown(from)).text(format!(" {arrow} ")).text(shown(to));
        page.push(if unknown(to) { line.say(Role::Dim, " (compared once it is known)") } else { line });
    };
    for (path, from, to) in differing {
        page_of(&path, from, to);
    }
}

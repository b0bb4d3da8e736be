//! The state as people look at it: a list of resources, and one resource with all that is recorded of it.

use bbws_model::{Address, Entry, State, is_map};
use serde_json::Value;

use crate::page::{Line, Page, columns};
use crate::style::{Role, Style};
use crate::value::shown;
use crate::words::count;

/// All resources, one line each: address, id, what is special.
#[must_use]
pub fn state_list(state: &State, style: Style) -> String {
    let mut page = Page::new();
    if state.entries.is_empty() {
        page.push(Line::at(0).text("The state holds no resources."));
        return page.render(style);
    }
    let widest = state.entries.keys().map(|a| columns(&a.to_string())).max().unwrap_or_default();
    for (address, entry) in &state.entries {
        let line = Line::at(0).broad().say(Role::Bold, address.to_string()).pad(widest + 2).text(entry.id.as_str());
        let special = special(entry);
        page.push(if special.is_empty() { line } else { line.say(Role::Warning, format!("  ({})", special.join("; "))) });
    }
    page.gap();
    page.push(footer(state));
    page.render(style)
}

fn footer(state: &State) -> Line {
    let place = match (&state.account, &state.region, &state.world) {
        (Some(account), Some(region), Some(world)) => format!(" in account {account}, {region}, {world}"),
        _ => String::new(),
    };
    let open = if state.open.is_empty() { String::new() } else { format!(", {} not settled", count(state.open.len(), "request")) };
    Line::at(0).say(Role::Dim, format!("{}{place}; serial {}{open}", count(state.entries.len(), "resource"), state.serial))
}

/// What sets an entry apart from one that is simply there.
fn special(entry: &Entry) -> Vec<String> {
    let mut special = vec![];
    if !entry.reached {
        special.push("unfinished".to_owned());
    }
    if entry.existing {
        special.push("existed before, never deleted".to_owned());
    }
    if entry.protected {
        special.push("protected against deletion".to_owned());
    }
    if let Some(renamed) = &entry.renamed {
        special.push(format!("named {} instead of {}", renamed.to, renamed.from));
    }
    if !entry.deposed.is_empty() {
        special.push(format!("{} still to go", count(entry.deposed.len(), "old object")));
    }
    special
}

/// One resource with all that is recorded of it; none where the state does not hold it.
#[must_use]
pub fn state_show(state: &State, address: &Address, style: Style) -> Option<String> {
    let entry = state.entries.get(address)?;
    let mut page = Page::new();
    one(&mut page, state, address, entry);
    Some(page.render(style))
}

/// Every resource as [`state_show`] tells it.
#[must_use]
pub fn state_show_all(state: &State, style: Style) -> String {
    let mut page = Page::new();
    for (address, entry) in &state.entries {
        one(&mut page, state, address, entry);
        page.gap();
    }
    page.push(footer(state));
    page.render(style)
}

fn one(page: &mut Page, state: &State, address: &Address, entry: &Entry) {
    page.push(Line::at(0).say(Role::Bold, address.to_string()));
    let mut row = |label: &str, text: &str| page.push(Line::at(2).hang(16).say(Role::Dim, label).pad(16).text(text));
    row("id", entry.id.as_str());
    let special = special(entry);
    row("status", &if special.is_empty() { "finished".to_owned() } else { special.join("; ") });
    if let Some(intent) = &entry.intent {
        row("made by", &format!("intent {intent}"));
    }
    if !entry.dependencies.is_empty() {
        row("refers to", &names(&entry.dependencies));
    }
    let users: Vec<Address> = state.entries.iter().filter(|(_, e)| e.dependencies.contains(address)).map(|(a, _)| a.clone()).collect();
    if !users.is_empty() {
        row("used by", &names(&users));
    }
    for old in &entry.deposed {
        row("old object", old.id.as_str());
    }
    for backup in state.backups.iter().filter(|b| b.address == *address) {
        row("backup", backup.id.as_str());
    }
    for open in state.open.values().filter(|o| o.intent.address == *address) {
        row("not settled", &format!("intent {} of {}: the next run finds out what became of it", open.intent.id, open.at));
    }
    page.push(Line::at(2).text("spec"));
    document(page, &entry.spec, 4);
    page.push(Line::at(2).text("outputs"));
    document(page, &entry.outputs, 4);
}

fn names(addresses: &[Address]) -> String {
    addresses.iter().map(Address::to_string).collect::<Vec<_>>().join(", ")
}

/// Field by field, maps unfolded, long lists one member a line.
fn document(page: &mut Page, value: &Value, indent: usize) {
    let Some(map) = value.as_object().filter(|_| is_map(value)) else {
        page.push(Line::at(indent).text(shown(value)));
        return;
    };
    if map.is_empty() {
        page.push(Line::at(indent).say(Role::Dim, "none"));
    }
    let widest = map.keys().map(|key| columns(key)).max().unwrap_or_default().min(32);
    for (field, value) in map {
        let line = Line::at(indent).hang(indent + 4).say(Role::Dim, field);
        let long = columns(&shown(value)) > 60;
        match value {
            Value::Object(inner) if is_map(value) && !inner.is_empty() => {
                page.push(line);
                document(page, value, indent + 2);
            }
            Value::Array(items) if long => {
                page.push(line);
                for item in items {
                    let nested = is_map(item) && columns(&shown(item)) > 60;
                    if nested {
                        page.push(Line::at(indent + 2).text("-"));
                        document(page, item, indent + 4);
                    } else {
                        page.push(Line::at(indent + 2).hang(indent + 4).text("- ").text(shown(item)));
                    }
                }
            }
            _ => page.push(line.pad(indent + widest + 2).text(shown(value))),
        }
    }
}

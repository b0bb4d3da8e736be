//! What became of the state: runs, their slots, and how two states differ.

use bbws_engine::{Difference, EntryDifference, FieldDifference, Past};
use bbws_model::{Approved, Owner, Principal};
use serde_json::{Value, json};

use crate::page::{Line, Page};
use crate::style::{Role, Style};
use crate::value::shown;
use crate::words::{count, moment};

/// All runs, the oldest first, a few lines each.
#[must_use]
pub fn history(runs: &[Past], style: Style) -> String {
    let mut page = Page::new();
    if runs.is_empty() {
        page.push(Line::at(0).text("The log tells of no run."));
    }
    for past in runs {
        head(&mut page, past);
        let touched: Vec<String> = past.changed.entries.iter().map(|(address, one)| format!("{}{address}", sign(one))).collect();
        if !touched.is_empty() && touched.len() <= 12 {
            page.push(Line::at(2).hang(4).text(touched.join("  ")));
        }
        page.gap();
    }
    page.render(style)
}

/// One run with each of its slots.
#[must_use]
pub fn history_of_run(past: &Past, style: Style) -> String {
    let mut page = Page::new();
    head(&mut page, past);
    if let Some(owner) = &past.owner {
        page.push(Line::at(2).say(Role::Dim, format!("{} (pid {} on {}, bbws {})", owner.command, owner.pid, owner.host, owner.version)));
    }
    for slot in &past.slots {
        page.gap();
        let line = Line::at(2)
            .say(Role::Bold, format!("slot {}", slot.seq))
            .say(Role::Dim, format!("  {}  serial {}", moment(slot.at), slot.serial));
        page.push(line);
        slot.records.iter().for_each(|record| page.push(Line::at(4).hang(6).text(record)));
        differences(&mut page, &slot.changed, 6);
    }
    page.render(style)
}

fn head(page: &mut Page, past: &Past) {
    let what = match (&past.set, past.mode) {
        (Some(set), _) => format!("state set {set}"),
        (None, Some(mode)) => past.owner.as_ref().and_then(care).unwrap_or_else(|| mode.verb().to_owned()),
        (None, None) => "a run".to_owned(),
    };
    let who = past.owner.as_ref().map_or_else(|| "unknown".to_owned(), |owner| format!("{} on {}", owner.user, owner.host));
    let at = past.slots.first().map(|slot| moment(slot.at)).unwrap_or_default();
    let (role, ended) = match past.outcome.as_deref() {
        Some("done") => (Role::Good, "done"),
        Some(other) => (Role::Warning, other),
        None => (Role::Warning, "has not ended"),
    };
    page.push(Line::at(0).broad().say(Role::Bold, past.run.0.as_str()).text(format!("  {at}  {what} by {who}: ")).say(role, ended));
    if let Some(one) = &past.approved {
        page.push(Line::at(2).hang(4).say(Role::Good, "approved").text(format!(" by {} at {}", one.by, moment(one.at))));
    }
    if let Some((by, reason)) = &past.glass {
        page.push(Line::at(2).hang(4).say(Role::Warning, "without an approval").text(format!(", by {by}: {reason}")));
    }
    let (added, changed, removed) = past.changed.counts();
    let numbers = |all: Option<u64>| all.map_or_else(|| "?".to_owned(), |number| number.to_string());
    let (first, last) = (past.slots.first().map(|slot| slot.seq), past.slots.last().map(|slot| slot.seq));
    let serial = past.slots.last().map(|slot| slot.serial);
    page.push(Line::at(2).hang(4).text(format!(
        "slots {} to {}, serial {} to {}: {added} added, {changed} changed, {removed} removed",
        numbers(first),
        numbers(last),
        past.serial_before,
        numbers(serial)
    )));
}

/// The command that held the environment for something else than a plan of its own: to collect garbage is no apply.
fn care(owner: &Owner) -> Option<String> {
    let mut words = owner.command.split_whitespace().skip(1);
    match (words.next()?, words.next()) {
        ("state", Some(verb)) if !verb.starts_with('-') => Some(format!("state {verb}")),
        (word @ ("import" | "drift"), _) => Some(word.to_owned()),
        _ => None,
    }
}

/// To the second: the log knows more, people do not want it.
fn sign(difference: &EntryDifference) -> char {
    match difference {
        EntryDifference::Added(_) => '+',
        EntryDifference::Removed(_) => '-',
        EntryDifference::Changed(_) => '~',
    }
}

/// How two states differ.
#[must_use]
pub fn difference(difference: &Difference, style: Style) -> String {
    let mut page = Page::new();
    if difference.is_empty() {
        page.push(Line::at(0).text("No difference."));
        return page.render(style);
    }
    let (added, changed, removed) = difference.counts();
    let all = added + changed + removed;
    page.push(Line::at(0).text(format!("{} differ: {added} added, {changed} changed, {removed} removed.", count(all, "resource"))));
    page.gap();
    differences(&mut page, difference, 0);
    page.render(style)
}

fn differences(page: &mut Page, difference: &Difference, indent: usize) {
    for (address, one) in &difference.entries {
        let (role, id) = match one {
            EntryDifference::Added(id) => (Role::Add, Some(id)),
            EntryDifference::Removed(id) => (Role::Destroy, Some(id)),
            EntryDifference::Changed(_) => (Role::Change, None),
        };
        let line = Line::at(indent).say(role, format!("{} {address}", sign(one)));
        page.push(id.map_or(line.clone(), |id| line.say(Role::Dim, format!("  {id}"))));
        if let EntryDifference::Changed(fields) = one {
            fields.iter().for_each(|field| changed(page, field, indent + 4));
        }
    }
    if !difference.outputs.is_empty() {
        page.push(Line::at(indent).say(Role::Change, "~ outputs"));
        difference.outputs.iter().for_each(|field| changed(page, field, indent + 4));
    }
    for backup in &difference.backups {
        page.push(Line::at(indent).say(Role::Add, format!("+ copy of {}", backup.address)).say(Role::Dim, format!("  {}", backup.id)));
    }
}

fn changed(page: &mut Page, difference: &FieldDifference, indent: usize) {
    let FieldDifference { field, from, to } = difference;
    page.push(Line::at(indent).hang(indent + 4).text(format!("{field}: {} -> {}", shown(from), shown(to))));
}

fn fields_json(fields: &[FieldDifference]) -> Value {
    fields.iter().map(|one| json!({ "field": one.field, "from": one.from, "to": one.to })).collect()
}

/// The same for programs.
#[must_use]
pub fn difference_json(difference: &Difference) -> Value {
    let one = |one: &EntryDifference| match one {
        EntryDifference::Added(id) => json!({ "difference": "added", "id": id }),
        EntryDifference::Removed(id) => json!({ "difference": "removed", "id": id }),
        EntryDifference::Changed(fields) => json!({ "difference": "changed", "fields": fields_json(fields) }),
    };
    let entries: serde_json::Map<String, Value> = difference.entries.iter().map(|(address, e)| (address.to_string(), one(e))).collect();
    let backups: Vec<Value> = difference.backups.iter().map(|copy| json!({ "address": copy.address, "id": copy.id })).collect();
    json!({ "format": 1, "entries": entries, "outputs": fields_json(&difference.outputs), "backups": backups })
}

/// Who somebody is, for programs.
#[must_use]
pub fn principal_json(one: &Principal) -> Value {
    json!({ "arn": one.arn, "session": one.session, "source_identity": one.source_identity })
}

/// An approval, for programs.
#[must_use]
pub fn approved_json(one: &Approved) -> Value {
    let Approved { plan, by, at, expires, signed_by, fingerprint } = one;
    let by = principal_json(by);
    json!({ "plan": plan, "by": by, "at": at, "expires": expires, "signed_by": signed_by, "fingerprint": fingerprint })
}

/// Runs for programs, with each slot.
#[must_use]
pub fn history_json(runs: &[Past]) -> Value {
    let run = |past: &Past| {
        let slot = |slot: &bbws_engine::Entered| {
            let changed = difference_json(&slot.changed);
            json!({ "seq": slot.seq, "serial": slot.serial, "at": slot.at, "records": slot.records, "changed": changed })
        };
        let owner =
            past.owner.as_ref().map(|owner| json!({ "user": owner.user, "host": owner.host, "pid": owner.pid, "command": owner.command }));
        json!({
            "run": past.run,
            "owner": owner,
            "mode": past.mode,
            "set": past.set,
            "approved": past.approved.as_ref().map(approved_json),
            "glass": past.glass.as_ref().map(|(by, reason)| json!({ "by": principal_json(by), "reason": reason })),
            "outcome": past.outcome,
            "serial_before": past.serial_before,
            "changed": difference_json(&past.changed),
            "slots": past.slots.iter().map(slot).collect::<Vec<_>>(),
        })
    };
    json!({ "format": 1, "runs": runs.iter().map(run).collect::<Vec<_>>() })
}

//! The plan as text: what would be done, to what, why, at what risk. What stays as it is is not shown.

mod access;
mod fields;
mod html;
mod item;
mod markdown;
mod order;
mod picture;
mod remarks;
mod sheet;

pub use html::plan_html;
pub use markdown::plan_markdown;

use bbws_model::{Action, Address, Counts, FieldChange, Kinds, Mode, Plan, Reason, Verb};

use bbws_operate::told::is_kept;
use serde_json::Value;

use crate::page::{Line, Page, columns, cut};
use crate::style::{Role, Style};
use crate::telling;
use crate::words::listed;
pub(crate) use access::asked as wider_access;
pub(crate) use fields::changes as changed_fields;
use item::Item;

/// How much is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// What a person needs to say yes or no.
    Telling,
    /// Every field, and after what each step comes.
    All,
}

/// The widest column of addresses: longer ones push the rest of their line.
const ADDRESSES: usize = 44;

/// The plan as text.
#[must_use]
pub fn plan(plan: &Plan, kinds: &Kinds, style: Style, detail: Detail) -> String {
    let mut page = Page::new();
    if plan.is_empty() {
        nothing(plan, &mut page);
    } else {
        page.push(headline(&Counts::of(&plan.steps), plan.mode));
        also(&Counts::of(&plan.steps)).into_iter().for_each(|line| page.push(line));
    }
    page.push(basis(plan));
    remarks::open(&mut page, plan);
    for (part, items) in item::by_part(plan, kinds) {
        page.gap();
        page.push(Line::at(0).say(Role::Bold, part.name()));
        let widest = items.iter().map(|i| columns(&i.address().to_string())).max().unwrap_or_default().min(ADDRESSES);
        for item in &items {
            tell(&mut page, plan, item, kinds, style, detail, widest);
        }
    }
    access::warnings(&mut page, plan, detail);
    remarks::billing(&mut page, plan, detail);
    remarks::notes(&mut page, &plan.notes);
    page.render(style)
}

/// The first line: always the same four numbers, then what can harm people.
fn headline(counts: &Counts, mode: Mode) -> Line {
    let mut line = Line::at(0).say(Role::Bold, "Plan: ");
    let four = [
        (counts.add, "to add", Role::Add),
        (counts.change, "to change", Role::Change),
        (counts.replace, "to replace", Role::Replace),
        (counts.destroy, "to destroy", Role::Destroy),
    ];
    for (place, (number, what, role)) in four.into_iter().enumerate() {
        let role = if number == 0 { Role::Plain } else { role };
        line = line.text(if place == 0 { "" } else { ", " }).say(role, format!("{number} {what}"));
    }
    match (counts.data_loss, counts.downtime) {
        // No step says so by itself, and all of them together do.
        (loss, _) if mode == Mode::Destroy => {
            let role = if loss == 0 { Role::Plain } else { Role::Destroy };
            line.text(" (").say(role, format!("{loss} can lose data")).text(", ").say(Role::Warning, sheet::ENDS).text(")").broad()
        }
        (0, 0) => line.text(" (none can lose data or cause downtime)").broad(),
        (loss, down) => {
            let role = |number, role| if number == 0 { Role::Plain } else { role };
            let line = line.text(" (").say(role(loss, Role::Destroy), format!("{loss} can lose data")).text(", ");
            line.say(role(down, Role::Warning), format!("{down} can cause downtime")).text(")").broad()
        }
    }
}

/// What is done beside making, changing and removing objects.
fn also(counts: &Counts) -> Option<Line> {
    let also = [(counts.adopt, "to adopt"), (counts.forget, "to forget"), (counts.backup, "to back up first")];
    let also: Vec<String> = also.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}")).collect();
    (!also.is_empty()).then(|| Line::at(0).text(format!("Also: {}", also.join(", "))))
}

fn nothing(plan: &Plan, page: &mut Page) {
    let told = match plan.mode {
        Mode::Apply if !(plan.scope.target.is_empty() && plan.scope.exclude.is_empty()) => {
            format!("No changes: what was asked for of {} is as {}.", plan.basis.environment, wished(plan))
        }
        Mode::Apply => format!("{}.", unchanged(plan)),
        Mode::Destroy => format!("Nothing to destroy: {} has no resources.", plan.basis.environment),
    };
    page.push(Line::at(0).say(Role::Good, told));
}

/// Who says what is wanted, as in `is what its file says`.
fn wished(plan: &Plan) -> &'static str {
    if plan.basis.back_to.is_some() { "that run wanted it" } else { "its file says" }
}

/// There is nothing to do, and why.
fn unchanged(plan: &Plan) -> String {
    let name = &plan.basis.environment;
    let but = if plan.notes.iter().any(is_kept) { ", but for what is noted below" } else { "" };
    match &plan.basis.back_to {
        Some(run) => format!("No changes: {name} is what run {run} wanted{but}"),
        None => format!("No changes: {name} is what its file says{but}"),
    }
}

fn basis(plan: &Plan) -> Line {
    Line::at(0).say(Role::Dim, basis_text(plan))
}

/// What it is for, and on what it rests.
fn basis_text(plan: &Plan) -> String {
    let basis = &plan.basis;
    let place = format!("{} {}: account {}, {}, {}", plan.mode.verb(), basis.environment, basis.account, basis.region, basis.world);
    let only = |what: &str, all: &std::collections::BTreeSet<Address>| {
        let names: Vec<String> = all.iter().map(ToString::to_string).collect();
        if names.is_empty() { String::new() } else { format!("; {what} {}", listed(&names)) }
    };
    let scope = &plan.scope;
    let narrowed = [only("only", &scope.target), only("without", &scope.exclude)].concat();
    let back = basis.back_to.as_ref().map(|run| format!("; back to run {run}")).unwrap_or_default();
    format!("{place}, state serial {}{narrowed}{back}", basis.serial)
}

/// So many details of an object are told in short.
const MOST: usize = 6;

/// The column at which addresses begin.
const START: usize = 15;

/// The column at which fields begin.
const FIELDS: usize = 6;

fn tell(page: &mut Page, plan: &Plan, item: &Item<'_>, kinds: &Kinds, style: Style, detail: Detail, widest: usize) {
    let (sign, word, role) = item.verb();
    let after = START + widest + 2;
    let hang = if style.columns() >= after + 40 { after } else { START + 2 };
    let mut line = Line::at(2).hang(hang).say(role, sign).pad(6).say(role, word).pad(START);
    line = line.say(Role::Bold, item.address().to_string()).pad(after);
    if let Some(mark) = item.mark() {
        line = line.say(Role::Destroy, format!("!! {mark}")).text("  ");
    }
    let details = details(item, kinds, style, detail);
    let cost = sheet::cost_of(plan, item);
    // Where all goes, each line would say so.
    let told = plan.mode == Mode::Destroy && item.step.reason == Reason::Undeclared && !details.is_empty();
    let why = if told { String::new() } else { reason(item, plan) };
    let colon = if why.is_empty() || details.is_empty() { "" } else { ": " };
    page.push(line.text(why).text(colon).say(Role::Dim, details.join(", ")));
    match (&item.step.action, detail) {
        (Action::Create { want, .. }, Detail::All) => fields::whole(page, want, FIELDS),
        (Action::Delete { have, .. }, Detail::All) => fields::whole(page, have, FIELDS),
        (Action::Adopt { have, want, .. }, Detail::All) => fields::adopted(page, have, want, FIELDS, style),
        (Action::Update { .. } | Action::Forget { .. } | Action::Rename { .. } | Action::Backup { .. }, Detail::All)
        | (_, Detail::Telling) => {}
    }
    match &item.step.reason {
        Reason::Changed(changes) | Reason::Replacing(changes) => fields::changes(page, changes, FIELDS, style, detail),
        Reason::Declared
        | Reason::Undeclared
        | Reason::Missing
        | Reason::Asked
        | Reason::Ours
        | Reason::Unfinished
        | Reason::Settling(_)
        | Reason::Failing(_)
        | Reason::References
        | Reason::Precaution => {}
    }
    order::tell(page, plan, item, FIELDS, detail);
    for risk in item.risks() {
        let (_, role) = remarks::risk_word(risk.kind);
        page.push(Line::at(FIELDS).say(role, format!("! {}: ", sheet::what(risk.kind, risk.away))).text(&risk.text));
    }
    if let Some(cost) = cost {
        page.push(Line::at(FIELDS).say(Role::Dim, "cost: ").text(cost));
    }
}

/// What the object is called, and the fields that tell what it is.
fn details(item: &Item<'_>, kinds: &Kinds, style: Style, detail: Detail) -> Vec<String> {
    let (id, spec) = match &item.step.action {
        Action::Create { want, .. } if item.old.is_none() => (None, Some(want)),
        Action::Delete { id, have, .. } => (Some(id), Some(have)),
        Action::Adopt { id, .. } => (Some(id), None),
        Action::Create { .. } | Action::Update { .. } | Action::Forget { .. } | Action::Rename { .. } | Action::Backup { .. } => {
            (None, None)
        }
    };
    let mut details: Vec<String> = id.iter().map(ToString::to_string).collect();
    if let (Some(spec), Detail::Telling) = (spec, detail) {
        for (field, value) in telling::fields(item.address(), spec, kinds) {
            let is_id = id.is_some_and(|id| value.as_str() == Some(id.as_str()));
            // Of an object that goes, the ids of others tell nothing: its own plain fields do.
            let foreign = id.is_some()
                && item.step.dependencies.iter().any(|d| kinds.get(d.kind()).is_some_and(|k| belongs(value, k.facts().id_prefix)));
            if !is_id && !foreign {
                details.push(cut(&telling::words(field, value), 60, style));
            }
        }
        if details.len() > MOST {
            let more = details.len() - MOST;
            details.truncate(MOST);
            details.push(format!("{more} more"));
        }
    }
    details
}

/// Whether the value is an id, or a list of ids, with this prefix.
fn belongs(value: &Value, prefix: &str) -> bool {
    match value {
        Value::String(text) => !prefix.is_empty() && text.starts_with(prefix),
        Value::Array(items) => items.iter().all(|item| belongs(item, prefix)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    }
}

/// Why, in a few words.
fn reason(item: &Item<'_>, plan: &Plan) -> String {
    let (mode, back) = (plan.mode, plan.basis.back_to.is_some());
    match (&item.step.reason, &item.step.action) {
        (_, Action::Forget { reason }) => format!("{reason}; the object is left alone"),
        (_, Action::Rename { from }) => format!("was {from}; the object stays"),
        (_, Action::Backup { kind, .. }) => format!("a {kind} of its data"),
        (Reason::Declared, Action::Adopt { existing: true, .. }) => "exists already, as the file says; never deleted by bbws".into(),
        (Reason::Declared, _) => "new".into(),
        (Reason::Undeclared, _) if mode == Mode::Destroy => "goes with the cluster".into(),
        (Reason::Undeclared, _) if back => "not wanted by that run".into(),
        (Reason::Undeclared, _) => "no longer in the file".into(),
        (Reason::Missing, _) => "recorded, but gone from AWS".into(),
        (Reason::Changed(changes), _) => differing(changes, if back { "what that run wanted" } else { "the file" }),
        (Reason::Replacing(changes), _) => forcing(changes),
        (Reason::Asked, _) => "asked for".into(),
        (Reason::Ours, _) => "bears our mark, but was not recorded".into(),
        (Reason::Unfinished, Action::Delete { .. }) => "old object that an earlier replacement left".into(),
        (Reason::Unfinished, _) => "an earlier run did not finish it".into(),
        (Reason::Settling(told), _) => format!("AWS is not done with it yet ({told}): it is waited for"),
        (Reason::Failing(told), _) => format!("AWS says that it has failed: {told}"),
        (Reason::References, _) => "nothing is sent: what it refers to is recorded anew".into(),
        (Reason::Precaution, _) => "before what could lose its data".into(),
    }
}

fn differing(changes: &[FieldChange], wish: &str) -> String {
    format!("differs from {wish} in {}", listed(&changes.iter().map(|c| c.field.as_str()).collect::<Vec<_>>()))
}

fn forcing(changes: &[FieldChange]) -> String {
    let forced: Vec<&str> = changes.iter().filter(|c| c.verb == Verb::Replace).map(|c| c.field.as_str()).collect();
    if forced.is_empty() { "asked for".into() } else { format!("AWS cannot change {} in place", listed(&forced)) }
}

//! In what order the steps of one item go, and after which others.

use bbws_model::{Action, Plan, Step, Until};

use super::Detail;
use super::item::Item;
use crate::page::{Line, Page};
use crate::style::Role;

/// How a replacement goes, which copy is made first, and, where all is told, after what each step comes.
pub(super) fn tell(page: &mut Page, plan: &Plan, item: &Item<'_>, indent: usize, detail: Detail) {
    if let Some(backup) = backup(item) {
        page.push(Line::at(indent).say(Role::Adopt, "* back up first: ").text(backup));
    }
    if let Some(name) = new_name(item) {
        page.push(Line::at(indent).text("new name: ").text(name));
    }
    if let Some(order) = halves(plan, item) {
        page.push(Line::at(indent).hang(indent + 4).text("order: ").text(order));
    }
    if detail == Detail::All {
        for step in [Some(item.step), item.old].into_iter().flatten() {
            let comes: Vec<String> = step.after.iter().map(|a| after(plan, a.step, &a.until)).collect();
            let what = if comes.is_empty() { "may start at once".to_owned() } else { format!("after {}", comes.join(", ")) };
            page.push(Line::at(indent).hang(indent + 4).say(Role::Dim, format!("step {}: {what}", step.id)));
        }
    }
}

/// The same as texts, for pages.
pub(super) fn texts(plan: &Plan, item: &Item<'_>) -> Vec<String> {
    let said = |label: &str, text: Option<String>| text.map(|text| format!("{label}: {text}"));
    [said("back up first", backup(item)), said("new name", new_name(item)), said("order", halves(plan, item))]
        .into_iter()
        .flatten()
        .collect()
}

fn backup(item: &Item<'_>) -> Option<String> {
    let backup = item.backup?;
    let Action::Backup { kind, want } = &backup.action else { return None };
    let name = want.get("name").or_else(|| want.get("id")).and_then(|name| name.as_str());
    let name = name.map_or_else(|| kind.clone(), |name| format!("{kind} {name}"));
    Some(format!("{name}, waited for until it is available ({})", backup.id))
}

fn new_name(item: &Item<'_>) -> Option<String> {
    let (Some(_), Action::Create { renamed: Some(renamed), .. }) = (item.old, &item.step.action) else { return None };
    Some(format!("{} instead of {}, which the old object holds until it goes", renamed.to, renamed.from))
}

fn halves(plan: &Plan, item: &Item<'_>) -> Option<String> {
    let (Some(old), Action::Create { .. }) = (item.old, &item.step.action) else { return None };
    Some(replacement(plan, item, old))
}

/// A step that comes first, and how far it must be.
pub(super) fn after(plan: &Plan, step: bbws_model::StepId, until: &Until) -> String {
    let name = plan.step(step).map(|s| s.address.to_string()).unwrap_or_default();
    match until {
        Until::Known(output) => format!("{step} {name} (its {output})"),
        Until::Done => format!("{step} {name}"),
    }
}

fn replacement(plan: &Plan, item: &Item<'_>, old: &Step) -> String {
    let id = match &old.action {
        Action::Delete { id, .. } => id.to_string(),
        Action::Create { .. }
        | Action::Update { .. }
        | Action::Adopt { .. }
        | Action::Forget { .. }
        | Action::Rename { .. }
        | Action::Backup { .. } => "the old one".into(),
    };
    let new = item.step.id;
    if item.old_first() {
        return format!("delete {id} ({}), then make the new one ({new}); in between there is none", old.id);
    }
    let movers: Vec<String> = old
        .after
        .iter()
        .filter(|a| a.step != new && item.backup.is_none_or(|b| b.id != a.step))
        .filter_map(|a| plan.step(a.step))
        .map(|s| format!("{} ({})", s.address, s.id))
        .collect();
    let moving = match movers.len() {
        0 => String::new(),
        1..=6 => format!("then {} let go of the old one, ", crate::words::listed(&movers)),
        more => format!("then {more} others let go of the old one, "),
    };
    format!("make the new one ({new}), {moving}then delete {id} ({})", old.id)
}

//! The care of the state: whether it is whole, what bears its mark and is not in it, and what a rebuilt one would hold.

use bbws_engine::log::{Cure, Damage, Survey};
use bbws_engine::{Marked, Rebuilt};
use serde_json::{Value, json};

use crate::page::{Line, Page, columns};
use crate::style::{Role, Style};
use crate::words::count;

/// Whether the log is whole, and what is damaged.
#[must_use]
pub fn survey(survey: &Survey, style: Style) -> String {
    let mut page = Page::new();
    let last = survey.state.as_ref().map_or(0, |state| state.seq);
    let (slots, checkpoints) = (count(survey.slots, "slot"), count(survey.checkpoints, "checkpoint"));
    let from = if survey.first > 1 { format!(" (the first is slot {})", survey.first) } else { String::new() };
    if survey.damage.is_empty() {
        let line = Line::at(0).say(Role::Good, "Whole: ");
        page.push(line.text(format!("{slots}{from}, each in its place, chained and folded; {checkpoints}; up to slot {last}.")));
        return page.render(style);
    }
    let lost = survey.damage.iter().any(|damage| damage.cure == Cure::Lost);
    let (role, word) = match lost {
        true => (Role::Error, "Damaged: "),
        false if survey.damage.iter().all(|damage| matches!(damage.cure, Cure::Late(_))) => (Role::Warning, "Behind the log: "),
        false => (Role::Warning, "Damaged, and recovered: "),
    };
    page.push(Line::at(0).say(role, word).text(format!("{} of {slots}{from} and {checkpoints}.", count(survey.damage.len(), "file"))));
    page.gap();
    for Damage { key, cause, cure } in &survey.damage {
        page.push(Line::at(2).say(Role::Bold, key));
        page.push(Line::at(4).hang(12).say(Role::Dim, "why: ").text(cause));
        page.push(Line::at(4).hang(12).say(Role::Dim, "cure: ").text(cured(cure)));
    }
    if lost {
        page.gap();
        page.push(Line::at(0).text(format!("What could be followed ends at slot {last}; no state is read from a log with a gap.")));
    }
    page.render(style)
}

fn cured(cure: &Cure) -> String {
    match cure {
        Cure::Version(_) => "the store's first version of it fits and is read instead; --mend puts it back".to_owned(),
        Cure::Covered { by } => format!("not needed: {by} was folded beyond it"),
        Cure::Derived(Some(_)) => "ignored; it is derived from the log, and --mend writes it anew".to_owned(),
        Cure::Late(_) => "nobody reads it for the log's sake; the next apply or --mend writes it anew".to_owned(),
        Cure::Derived(None) => "ignored; --mend removes it".to_owned(),
        Cure::Lost => "nothing in the store mends it; restore the file from a backup, or rebuild the state from the account".to_owned(),
    }
}

/// The same for programs.
#[must_use]
pub fn survey_json(survey: &Survey) -> Value {
    let word = |cure: &Cure| match cure {
        Cure::Version(_) => "version",
        Cure::Covered { .. } => "covered",
        Cure::Derived(_) | Cure::Late(_) => "derived",
        Cure::Lost => "lost",
    };
    let damage = survey.damage.iter().map(|one| json!({ "key": one.key, "cause": one.cause, "cure": word(&one.cure) }));
    json!({
        "format": 1,
        "slots": survey.slots,
        "first": survey.first,
        "last": survey.state.as_ref().map(|state| state.seq),
        "checkpoints": survey.checkpoints,
        "damage": damage.collect::<Vec<_>>(),
    })
}

/// Objects that bear the state's mark and are not in it, by kind.
#[must_use]
pub fn orphans(found: &[(String, Marked)], unlisted: &[String], settles: Option<&str>, style: Style) -> String {
    let mut page = Page::new();
    if found.is_empty() {
        page.push(Line::at(0).text("Nothing in the account bears the mark of this state and is not in it."));
    } else {
        page.push(Line::at(0).text(format!("Bearing the mark of this state, and not in it: {}.", count(found.len(), "object"))));
        page.gap();
        listed(&mut page, found);
        page.gap();
        match settles {
            None => page.push(Line::at(0).text("Nothing was changed. Look at each: import it, or remove it in the account by hand.")),
            Some(command) => {
                let told = "Nothing was changed. An interrupted run left requests open, and these may be what they made: leave them alone, let \
                            an apply settle that, and look again. It takes over what is wanted and makes nothing twice:";
                page.push(Line::at(0).text(told));
                page.push(Line::at(2).whole().say(Role::Bold, command));
            }
        }
    }
    page.gap();
    let late = "Log groups, alarms and task definitions are looked for in AWS's index of tags, which may be minutes late.";
    page.push(Line::at(0).say(Role::Dim, late));
    if !unlisted.is_empty() {
        page.gap();
        page.push(
            Line::at(0)
                .say(Role::Dim, format!("Not looked for, because they bear no mark or AWS lists them without: {}.", unlisted.join(", "))),
        );
    }
    page.render(style)
}

fn listed(page: &mut Page, found: &[(String, Marked)]) {
    let widest = found.iter().map(|(kind, _)| columns(kind)).max().unwrap_or_default();
    for (kind, one) in found {
        let line = Line::at(2).whole().say(Role::Bold, kind).pad(widest + 4).text(one.id.as_str());
        page.push(line.say(Role::Dim, format!("  was {}, made by intent {}", one.owner.address, one.owner.intent)));
    }
}

/// The same for programs.
#[must_use]
pub fn orphans_json(found: &[(String, Marked)], unlisted: &[String]) -> Value {
    let one =
        |(kind, one): &(String, Marked)| json!({ "kind": kind, "id": one.id, "address": one.owner.address, "intent": one.owner.intent });
    json!({ "format": 1, "orphans": found.iter().map(one).collect::<Vec<_>>(), "unlisted": unlisted })
}

/// What a rebuilt state would hold.
#[must_use]
pub fn rebuilt(rebuilt: &Rebuilt, style: Style) -> String {
    let mut page = Page::new();
    let (state, missing) = (&rebuilt.state, &rebuilt.missing);
    page.push(Line::at(0).text(format!(
        "{} found in the account, for the lineage {}:",
        count(state.entries.len(), "resource"),
        state.lineage
    )));
    page.gap();
    let widest = state.entries.keys().map(|address| columns(&address.to_string())).max().unwrap_or_default();
    for (address, entry) in &state.entries {
        page.push(Line::at(2).whole().say(Role::Adopt, address.to_string()).pad(widest + 4).text(entry.id.as_str()));
    }
    if !state.backups.is_empty() {
        page.gap();
        page.push(Line::at(0).text(format!("{} of data:", count(state.backups.len(), "copy"))));
        page.gap();
        for copy in &state.backups {
            let line = Line::at(2).whole().say(Role::Adopt, copy.id.as_str());
            page.push(line.say(Role::Dim, format!("  of {}", copy.address)));
        }
    }
    if !missing.is_empty() {
        page.gap();
        page.push(Line::at(0).text(format!("{} of the file not found; a plan will make them:", count(missing.len(), "resource"))));
        page.gap();
        missing.iter().for_each(|address| page.push(Line::at(2).say(Role::Add, address.to_string())));
    }
    if !rebuilt.unplaced.is_empty() {
        page.gap();
        let many = count(rebuilt.unplaced.len(), "object");
        page.push(Line::at(0).text(format!("{many} with the same mark, and no place in the file; they stay as they are:")));
        page.gap();
        let unplaced: Vec<(String, Marked)> =
            rebuilt.unplaced.iter().map(|one| (one.owner.address.kind().to_owned(), one.clone())).collect();
        listed(&mut page, &unplaced);
    }
    page.render(style)
}

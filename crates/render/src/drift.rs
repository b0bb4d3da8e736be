//! What changed behind our back: for people, and for programs.

use std::collections::BTreeMap;

use bbws_model::{Address, FieldChange, Verb};
use bbws_operate::drift::{Deed, Doer, Drift, Drifted, Field, Mark, Standing, Stranger, Strangers};
use serde_json::{Value, json};

use crate::page::{Line, Page, columns};
use crate::plan::{Detail, changed_fields};
use crate::style::{Role, Style};
use crate::value::shown;
use crate::words::{count, listed};

/// A look at an environment, and what is told of it.
#[derive(Debug, Clone, Copy)]
pub struct Watched<'a> {
    /// The environment.
    pub environment: &'a str,
    /// When bbws last wrote its record.
    pub since: Option<jiff::Timestamp>,
    /// What has drifted.
    pub drift: &'a Drift,
    /// Who did it, by resource; empty where the trail was not asked.
    pub doers: &'a BTreeMap<Address, Doer>,
    /// What was put into ours, and what stands beside it.
    pub strangers: &'a Strangers,
    /// How many resources were asked about; none where it was all of them. Of some alone only what was put into them is told.
    pub asked: Option<usize>,
    /// What a command that is told needs, so that it leads to the same world.
    pub flag: &'a str,
}

/// So many foreign things are named of each sort.
const MOST: usize = 5;
/// So many things that bear our tags are named.
const TAGGED: usize = 10;
/// So many events are told of each resource.
const DEEDS: usize = 3;
/// Where what is told of a resource begins.
const INSIDE: usize = 6;

/// The drift as text.
#[must_use]
pub fn drift(watched: &Watched<'_>, style: Style, detail: Detail) -> String {
    let mut page = Page::new();
    let Watched { drift, doers, .. } = watched;
    headline(&mut page, watched);
    if !drift.drifted.is_empty() {
        page.gap();
    }
    for one in &drift.drifted {
        resource(&mut page, one, doers.get(&one.address), style, detail);
    }
    added(&mut page, watched);
    unread(&mut page, drift);
    if !drift.agreed.is_empty() {
        page.gap();
        page.push(Line::at(0).text("Changed too, and no drift: the file says the same, or has no opinion."));
        for one in &drift.agreed {
            let what = match one.standing {
                Standing::Missing => "is gone, and no longer in the file".to_owned(),
                _ => one.fields.iter().map(|field| format!("{} is {}", field.field, shown(&field.observed))).collect::<Vec<_>>().join(", "),
            };
            page.push(Line::at(2).say(Role::Bold, one.address.to_string()).text("  ").say(Role::Dim, what));
        }
    }
    if !drift.unsettled.is_empty() {
        page.gap();
        let many = count(drift.unsettled.len(), "resource");
        page.push(
            Line::at(0)
                .text(format!(
                    "{many} left unfinished by a run of bbws that was interrupted or is at work; what differs there is its own: "
                ))
                .say(Role::Dim, drift.unsettled.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
        );
    }
    if !drift.edited.is_empty() {
        page.gap();
        let many = count(drift.edited.len(), "resource");
        page.push(Line::at(0).say(
            Role::Dim,
            format!(
                "Edited in the file and not applied yet, which is no drift: {many}. See them: bbws plan {}{}",
                watched.environment, watched.flag
            ),
        ));
    }
    if watched.asked.is_none() {
        beside(&mut page, watched.strangers, watched.environment, detail);
    }
    for (what, error) in &watched.strangers.unlisted {
        page.push(Line::at(0).hang(2).say(Role::Warning, format!("Not listed: {what}: ")).text(error.to_string()));
    }
    advice(&mut page, watched);
    page.render(style)
}

fn headline(page: &mut Page, watched: &Watched<'_>) {
    let Watched { environment, drift, since, .. } = watched;
    let since = since.map(|at| format!(" at {}", moment(at))).unwrap_or_default();
    let looked = watched.asked.unwrap_or(drift.looked);
    let rest = drift.looked.saturating_sub(looked);
    let rest = if rest == 0 {
        String::new()
    } else {
        format!(" {} not asked about.", if rest == 1 { "One other was".to_owned() } else { format!("{rest} others were") })
    };
    let (many, added) = (drift.drifted.len(), watched.strangers.added.len());
    if many > 0 || added > 0 {
        let (are, them) = if many == 1 { ("is", "it") } else { ("are", "them") };
        let mut told: Vec<String> = vec![];
        if many > 0 {
            told.push(format!("{many} of {} {are} not as bbws left {them}{since}.", count(looked, "resource")));
        }
        if added > 0 {
            let were = if added == 1 { "1 thing was".to_owned() } else { format!("{added} things were") };
            told.push(format!("{were} put into ours by somebody else."));
        }
        let told = format!("{}{rest}", told.join(" "));
        page.push(Line::at(0).say(Role::Warning, format!("Drift in {environment}: ")).text(told));
    } else if drift.unread.is_empty() && !watched.strangers.hidden.is_empty() {
        let blind = count(watched.strangers.hidden.len(), "resource");
        let told = format!(", but whether somebody put something into {blind} could not be read.");
        page.push(Line::at(0).say(Role::Warning, format!("No drift seen in {environment}")).text(told));
    } else if drift.unread.is_empty() {
        let told = match (looked, watched.asked) {
            (1, Some(_)) => format!("the resource that was asked about is as bbws left it{since}.{rest}"),
            (_, Some(_)) => format!("the {} that were asked about are as bbws left them{since}.{rest}", count(looked, "resource")),
            (1, None) => format!("the one resource is as bbws left it{since}."),
            (_, None) => format!("all {} are as bbws left them{since}.", count(looked, "resource")),
        };
        page.push(Line::at(0).say(Role::Good, format!("No drift in {environment}: ")).text(told));
    } else {
        let read = looked.saturating_sub(drift.unread.len());
        page.push(
            Line::at(0)
                .say(Role::Warning, format!("No drift seen in {environment}"))
                .text(format!(", but only {read} of {} could be read.", count(looked, "resource"))),
        );
    }
}

fn resource(page: &mut Page, one: &Drifted, doer: Option<&Doer>, style: Style, detail: Detail) {
    let (sign, role, what) = verdict(one);
    let line = Line::at(2).hang(INSIDE).say(role, sign).text(" ").say(Role::Bold, one.address.to_string()).text("  ");
    page.push(line.say(Role::Dim, one.id.as_str()).text("  ").text(what));
    let changes: Vec<FieldChange> = one.fields.iter().map(as_change).collect();
    changed_fields(page, &changes, INSIDE, style, detail);
    for field in one.fields.iter().filter(|field| field.edited || field.declared.is_none()) {
        let told = match &field.declared {
            Some(declared) => format!("the file was edited here too: it says {}", shown(declared)),
            None => "the resource is no longer in the file: the next apply removes it".to_owned(),
        };
        page.push(Line::at(INSIDE).hang(INSIDE + 4).text(format!("{}: ", field.field)).say(Role::Warning, told));
    }
    if !one.edits.is_empty() {
        let fields: Vec<&str> = one.edits.iter().map(String::as_str).collect();
        page.push(Line::at(INSIDE).say(Role::Dim, format!("edited in the file, not applied yet: {}", listed(&fields))));
    }
    by_whom(page, doer);
}

fn by_whom(page: &mut Page, doer: Option<&Doer>) {
    match doer {
        None => {}
        Some(Doer::Unknown(why)) => page.push(Line::at(INSIDE).hang(INSIDE + 4).text("by whom is unknown: ").say(Role::Dim, why)),
        Some(Doer::Known(deeds)) => {
            for deed in deeds.iter().take(DEEDS) {
                let from = deed.from.as_ref().map(|from| format!(" from {from}")).unwrap_or_default();
                let line = Line::at(INSIDE).hang(INSIDE + 4).text("by ").say(Role::Bold, &deed.who);
                page.push(line.text(format!(" at {}", moment(deed.at))).say(Role::Dim, format!(" ({}{from})", deed.call)));
            }
            if deeds.len() > DEEDS {
                page.push(Line::at(INSIDE).say(Role::Dim, format!("and {} more", count(deeds.len() - DEEDS, "event"))));
            }
        }
    }
}

fn verdict(one: &Drifted) -> (&'static str, Role, String) {
    let fields: Vec<&str> = one.fields.iter().map(|field| field.field.as_str()).collect();
    let changed = || format!("changed in {}", listed(&fields));
    let standing = match &one.standing {
        Standing::There => None,
        Standing::Missing => Some(("-", Role::Destroy, "is gone".to_owned())),
        Standing::Replaced { by, owner } => {
            let whose = owner.as_ref().map_or_else(|| "with no mark of bbws".to_owned(), |owner| format!("marked as {}", owner.address));
            Some(("!", Role::Replace, format!("is gone; {by} stands in its place, {whose}")))
        }
        Standing::Leaving => Some(("-", Role::Destroy, "is being deleted".to_owned())),
        Standing::Failed(why) => Some(("!", Role::Error, format!("has failed: {why}"))),
    };
    let mark = match &one.mark {
        Mark::Ours => None,
        Mark::Lost => Some("bears our mark no longer: its tags were taken off, or another object was put under its name".to_owned()),
        Mark::Of(owner) => Some(format!("bears the mark of {} of the state {}", owner.address, owner.lineage)),
    };
    let fields = (!fields.is_empty()).then(changed);
    match standing {
        Some((sign, role, told)) => (sign, role, [Some(told), mark, fields].into_iter().flatten().collect::<Vec<_>>().join("; ")),
        None => ("~", Role::Change, [fields, mark].into_iter().flatten().collect::<Vec<_>>().join("; ")),
    }
}

/// Before is what was recorded, after is what is there.
fn as_change(field: &Field) -> FieldChange {
    let (from, to) = (field.recorded.clone(), field.observed.clone());
    FieldChange { field: field.field.clone(), verb: Verb::Update, from, to, risks: vec![], backup: false }
}

/// What others have put into ours, by what it was put into.
fn added(page: &mut Page, watched: &Watched<'_>) {
    let mut into: BTreeMap<&Address, Vec<&Stranger>> = BTreeMap::new();
    for one in &watched.strangers.added {
        one.on.iter().for_each(|on| into.entry(on).or_default().push(one));
    }
    for (address, all) in into {
        page.gap();
        page.push(
            Line::at(2).hang(INSIDE).say(Role::Change, "+").text(" ").say(Role::Bold, address.to_string()).text("  somebody put into it"),
        );
        for one in all {
            let line = Line::at(INSIDE).hang(INSIDE + 4).text(format!("{} ", one.what)).say(Role::Bold, known_as(one));
            let Some(adds) = &one.adds else { continue };
            page.push(if adds.danger.is_empty() { line } else { line.say(Role::Error, format!("  Warning: {}", adds.danger)) });
            page.push(Line::at(INSIDE).whole().say(Role::Dim, "take it away: ").text(&adds.undo));
        }
        // What drifted itself has told it already.
        if !watched.drift.drifted.iter().any(|one| one.address == *address) {
            by_whom(page, watched.doers.get(address));
        }
    }
}

fn unread(page: &mut Page, drift: &Drift) {
    if drift.unread.is_empty() {
        return;
    }
    page.gap();
    page.push(
        Line::at(0).say(Role::Error, format!("{} could not be read: nothing is known of them.", count(drift.unread.len(), "resource"))),
    );
    for (address, error) in &drift.unread {
        page.push(Line::at(2).hang(INSIDE).say(Role::Bold, address.to_string()).text("  ").text(error.to_string()));
    }
}

fn beside(page: &mut Page, strangers: &Strangers, environment: &str, detail: Detail) {
    if !strangers.orphans.is_empty() {
        page.gap();
        let many = count(strangers.orphans.len(), "object");
        page.push(Line::at(0).say(Role::Warning, format!("{many} with our mark, unknown to the state of {environment}:")));
        let widest = strangers.orphans.iter().map(|one| columns(&one.what)).max().unwrap_or_default();
        for one in &strangers.orphans {
            let was = one.marked.as_ref().map(|address| format!("  marked as {address}")).unwrap_or_default();
            page.push(Line::at(2).broad().say(Role::Bold, &one.what).pad(widest + 4).text(one.id.as_str()).say(Role::Dim, was));
        }
    }
    if !strangers.foreign.is_empty() {
        page.gap();
        page.push(Line::at(0).text("Not bbws's, and left alone (tenants' things are normal here):"));
        let mut sorts: BTreeMap<&str, Vec<&Stranger>> = BTreeMap::new();
        strangers.foreign.iter().for_each(|one| sorts.entry(&one.what).or_default().push(one));
        for (what, all) in sorts {
            let most = if detail == Detail::All { all.len() } else { MOST };
            let names: Vec<String> = all.iter().take(most).map(|one| known_as(one)).collect();
            let more = if all.len() > most { format!(" and {} more", all.len() - most) } else { String::new() };
            page.push(
                Line::at(2)
                    .hang(INSIDE)
                    .text(format!("{}: ", count(all.len(), what)))
                    .say(Role::Dim, format!("{}{more}", names.join(", "))),
            );
        }
    }
    if !strangers.tagged.is_empty() {
        page.gap();
        let many = count(strangers.tagged.len(), "thing");
        page.push(Line::at(0).hang(2).text(format!(
            "{many} with the tags of {environment}, not made by bbws and left alone (AWS's index of tags is minutes late):"
        )));
        let most = if detail == Detail::All { strangers.tagged.len() } else { TAGGED };
        for one in strangers.tagged.iter().take(most) {
            let name = if one.name.is_empty() { String::new() } else { format!("  {}", one.name) };
            page.push(Line::at(2).broad().say(Role::Bold, &one.what).text("  ").text(one.id.as_str()).say(Role::Dim, name));
        }
        if strangers.tagged.len() > most {
            page.push(Line::at(2).say(Role::Dim, format!("and {} more: -v lists them", strangers.tagged.len() - most)));
        }
    }
}

fn known_as(one: &Stranger) -> String {
    if one.name.is_empty() { one.id.to_string() } else { format!("{} ({})", one.name, one.id) }
}

fn advice(page: &mut Page, watched: &Watched<'_>) {
    let Watched { environment, drift, flag, .. } = watched;
    let Some(first) = drift.drifted.first().map(|one| &one.address) else { return };
    page.gap();
    page.push(Line::at(0).whole().text(format!("Put it back:    bbws drift {environment} --revert {first}{flag}")));
    page.push(Line::at(0).whole().text(format!("Keep it:        bbws drift {environment} --accept {first}{flag}")));
    page.push(Line::at(0).whole().text(format!("Put all back:   bbws apply {environment}{flag}")));
}

/// To the second, UTC.
fn moment(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// The drift for programs: format 1.
#[must_use]
pub fn drift_json(watched: &Watched<'_>) -> Value {
    let Watched { environment, since, drift, doers, strangers, .. } = watched;
    let all = watched.asked.is_none();
    let unlisted: Vec<Value> = strangers.unlisted.iter().map(|(what, error)| json!({ "what": what, "error": error.to_string() })).collect();
    let unread: Vec<Value> =
        drift.unread.iter().map(|(address, error)| json!({ "address": address, "error": error.to_string() })).collect();
    json!({
        "format": 1,
        "environment": environment,
        "since": since,
        "looked": watched.asked.unwrap_or(drift.looked),
        "drift": !(drift.drifted.is_empty() && strangers.added.is_empty()),
        "resources": drift.drifted.iter().map(|one| resource_json(one, doers.get(&one.address))).collect::<Vec<_>>(),
        "added": strangers.added.iter().map(|one| added_json(one, one.on.as_ref().and_then(|on| doers.get(on)))).collect::<Vec<_>>(),
        "agreed": drift.agreed.iter().map(|one| resource_json(one, None)).collect::<Vec<_>>(),
        "edited": drift.edited,
        "unsettled": drift.unsettled,
        "unread": unread,
        "orphans": all.then(|| strangers.orphans.iter().map(stranger_json).collect::<Vec<_>>()),
        "foreign": all.then(|| strangers.foreign.iter().map(stranger_json).collect::<Vec<_>>()),
        "tagged": all.then(|| strangers.tagged.iter().map(stranger_json).collect::<Vec<_>>()),
        "unlisted": (all || !unlisted.is_empty()).then_some(unlisted),
    })
}

fn resource_json(one: &Drifted, doer: Option<&Doer>) -> Value {
    let (standing, why, by) = match &one.standing {
        Standing::There if one.fields.is_empty() => ("there", None, None),
        Standing::There => ("changed", None, None),
        Standing::Missing => ("missing", None, None),
        Standing::Replaced { by, .. } => ("replaced", None, Some(by)),
        Standing::Leaving => ("leaving", None, None),
        Standing::Failed(why) => ("failed", Some(why), None),
    };
    let mark = match &one.mark {
        Mark::Ours => json!("ours"),
        Mark::Lost => json!("lost"),
        Mark::Of(owner) => json!({ "lineage": owner.lineage, "address": owner.address }),
    };
    let field = |field: &Field| {
        json!({
            "field": field.field,
            "declared": field.declared,
            "recorded": field.recorded,
            "observed": field.observed,
            "edited": field.edited,
        })
    };
    json!({
        "address": one.address,
        "id": one.id,
        "standing": standing,
        "why": why,
        "replaced_by": by,
        "mark": mark,
        "fields": one.fields.iter().map(field).collect::<Vec<_>>(),
        "edits": one.edits,
        "who": who_json(doer),
    })
}

fn who_json(doer: Option<&Doer>) -> Value {
    let deed = |deed: &Deed| json!({ "at": deed.at, "who": deed.who, "call": deed.call, "from": deed.from, "event": deed.event });
    match doer {
        None => Value::Null,
        Some(Doer::Known(deeds)) => json!({ "known": true, "deeds": deeds.iter().map(deed).collect::<Vec<_>>() }),
        Some(Doer::Unknown(why)) => json!({ "known": false, "why": why }),
    }
}

fn added_json(one: &Stranger, doer: Option<&Doer>) -> Value {
    let (danger, undo) = one.adds.as_ref().map(|adds| (adds.danger, adds.undo.as_str())).unwrap_or_default();
    json!({ "what": one.what, "id": one.id, "name": one.name, "on": one.on, "danger": danger, "undo": undo, "who": who_json(doer) })
}

fn stranger_json(one: &Stranger) -> Value {
    json!({ "what": one.what, "id": one.id, "name": one.name, "on": one.on, "marked": one.marked })
}

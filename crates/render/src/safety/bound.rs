//! A plan in a file that is not executed: what it rests on has moved, or it was applied already.

use std::collections::{BTreeMap, BTreeSet};

use bbws_engine::{FileMoved, Otherwise, Past, Turned};
use bbws_model::{Address, Finding, Severity};

use super::{command, row, title};
use crate::page::{Line, Page, cut};
use crate::style::{Role, Sign, Style};
use crate::value::shown;
use crate::words::{listed, moment};

/// What has moved since a plan was made.
#[derive(Debug, Clone, Copy)]
pub struct Stale<'a> {
    /// The environment.
    pub environment: &'a str,
    /// What a command needs so that it leads to the same world.
    pub flag: &'a str,
    /// The state.
    pub state: Option<StateMoved<'a>>,
    /// The file.
    pub file: Option<&'a FileMoved>,
    /// The objects.
    pub objects: &'a BTreeMap<Address, Otherwise>,
    /// The resources at which bbws would do something else, although nothing of the above has moved.
    pub steps: &'a BTreeSet<Address>,
}

/// How the state has moved.
#[derive(Debug, Clone, Copy)]
pub struct StateMoved<'a> {
    /// The serial that the plan rests on, and the one that the state is at.
    pub serials: (u64, u64),
    /// What was done since; none where the log does not tell of the plan's moment.
    pub since: Option<&'a [Past]>,
}

/// So many names are told in a line, so many runs and so many objects at all: a refusal is read as a whole.
const NAMES: usize = 4;
const RUNS: usize = 2;
const OBJECTS: usize = 3;

/// Why a plan in a file is not executed.
#[must_use]
pub fn stale_plan(stale: &Stale<'_>, style: Style) -> String {
    let mut page = Page::new();
    title(&mut page, "REFUSED: THE PLAN NO LONGER FITS");
    if let Some(file) = stale.file {
        row(&mut page, "file", &format!("environments/{}.toml {}", stale.environment, file_told(file)));
    }
    if let Some(state) = &stale.state {
        row(&mut page, "state", &state_told(state));
        for past in state.since.unwrap_or_default().iter().rev().take(RUNS).rev() {
            row(&mut page, "  run", &run_told(past));
        }
    }
    for (address, otherwise) in stale.objects.iter().take(OBJECTS) {
        row(&mut page, "in AWS", &cut(&format!("{address} {}", otherwise_told(otherwise, style)), 160, style));
    }
    if stale.objects.len() > OBJECTS {
        row(&mut page, "in AWS", &format!("{} more objects are otherwise", stale.objects.len() - OBJECTS));
    }
    if !stale.steps.is_empty() {
        row(&mut page, "steps", &format!("made anew, the plan does something else at {}", names(stale.steps.iter())));
    }
    page.push(Line::at(0).say(Role::Bold, "To go on: ").text("make a new plan, and look at it:"));
    command(&mut page, &format!("bbws plan {}{} -o FILE", stale.environment, stale.flag));
    page.push(Line::at(0).say(Role::Dim, "Nothing was changed."));
    page.render(style)
}

/// All of it, for programs: one finding for each thing that has moved.
#[must_use]
pub fn stale_findings(stale: &Stale<'_>) -> Vec<Finding> {
    let found = |what: String| Finding::new(Severity::Error, what);
    let mut all = vec![];
    if let Some(file) = stale.file {
        all.extend(file.resources.iter().map(|(address, turned)| found(format!("the file: {}", turned_word(*turned))).at(address)));
        all.extend(file.outputs.then(|| found("the file: the outputs are otherwise".into())));
    }
    if let Some(state) = &stale.state {
        all.push(found(format!("the state: {}", state_told(state))));
        for past in state.since.unwrap_or_default() {
            let by = format!("run {}", past.run);
            all.extend(past.changed.entries.keys().map(|address| found("the state: its entry has changed".into()).at(address).seen(&by)));
        }
    }
    let plain = Style::plain();
    let objects = stale.objects.iter();
    all.extend(objects.map(|(at, otherwise)| found("in AWS it is otherwise".into()).at(at).seen(otherwise_told(otherwise, plain))));
    all.extend(stale.steps.iter().map(|at| found("made anew, the plan does something else here".into()).at(at)));
    all
}

/// Why a plan is not executed that was executed before.
#[must_use]
pub fn applied_already(environment: &str, flag: &str, past: &Past, style: Style) -> String {
    let mut page = Page::new();
    title(&mut page, "REFUSED: THIS PLAN WAS APPLIED ALREADY");
    row(&mut page, "run", &past.run.0);
    if let Some(owner) = &past.owner {
        row(&mut page, "who", &format!("{} on {}: {}", owner.user, owner.host, owner.command));
    }
    if let Some(slot) = past.slots.first() {
        row(&mut page, "when", &moment(slot.at));
    }
    row(&mut page, "ended", past.outcome.as_deref().unwrap_or("it has not: it was interrupted"));
    let told = "a plan is executed once. What is still to do, a new one says:";
    page.push(Line::at(0).say(Role::Bold, "To go on: ").text(told));
    command(&mut page, &format!("bbws plan {environment}{flag}"));
    page.push(Line::at(0).say(Role::Dim, "Nothing was changed."));
    page.render(style)
}

fn names<'a>(all: impl ExactSizeIterator<Item = &'a Address>) -> String {
    let more = all.len().saturating_sub(NAMES);
    let mut told: Vec<String> = all.take(NAMES).map(ToString::to_string).collect();
    if more > 0 {
        told.push(format!("{more} more"));
    }
    listed(&told)
}

fn turned_word(turned: Turned) -> &'static str {
    match turned {
        Turned::New => "it is new in it",
        Turned::Otherwise => "it is wanted otherwise",
        Turned::Gone => "it is no longer in it",
    }
}

fn file_told(moved: &FileMoved) -> String {
    let of = |turned: Turned| moved.resources.iter().filter(|(_, t)| **t == turned).map(|(address, _)| address).collect::<Vec<_>>();
    let parts = [(Turned::Otherwise, "wants otherwise"), (Turned::New, "has new"), (Turned::Gone, "no longer has")];
    let mut told: Vec<String> = parts
        .into_iter()
        .map(|(turned, word)| (of(turned), word))
        .filter(|(at, _)| !at.is_empty())
        .map(|(at, word)| format!("{word} {}", names(at.into_iter())))
        .collect();
    if moved.outputs {
        told.push("gives other outputs".into());
    }
    format!("now {}", told.join("; "))
}

fn state_told(state: &StateMoved<'_>) -> String {
    let told = match state.serials {
        (then, now) if then == now => format!("no resource has changed since (serial {now}), but other runs have written to its log"),
        (then, now) if now < then => format!("planned on serial {then}, and it is at {now}: it is older than the plan"),
        (then, now) => format!("planned on serial {then}, and it is at {now}"),
    };
    match state.since.map(<[Past]>::len) {
        None => format!("{told}; its log does not tell of the moment of the plan: it is another state, or that part was collected"),
        Some(runs) if runs > RUNS => format!("{told}; {runs} runs came in between, the last of them:"),
        Some(_) => told,
    }
}

fn run_told(past: &Past) -> String {
    let who = past
        .owner
        .as_ref()
        .map_or_else(|| "(which had begun before the plan was made)".to_owned(), |owner| format!("of {} ({})", owner.user, owner.command));
    let changed = &past.changed.entries;
    let what = if changed.is_empty() { "changed no resource".to_owned() } else { format!("changed {}", names(changed.keys())) };
    format!("{} {who} {what}", past.run)
}

fn otherwise_told(otherwise: &Otherwise, style: Style) -> String {
    let arrow = style.sign(Sign::Arrow);
    match otherwise {
        Otherwise::Appeared(id) => format!("was not there, and {id} is there now"),
        Otherwise::Vanished(id) => format!("is gone: {id} was there"),
        Otherwise::Another(then, now) => format!("is another object: {then} {arrow} {now}"),
        Otherwise::Fields(fields) => {
            let told: Vec<String> = fields.iter().map(|f| format!("{} {} {arrow} {}", f.field, shown(&f.from), shown(&f.to))).collect();
            told.join(", ")
        }
    }
}

//! Runs: all of an environment, and one with each of its steps.

use std::collections::BTreeMap;
use std::time::Duration;

use bbws_engine::Trace;
use bbws_model::{Address, Event, Mode, Outcome, RunId, RunRecord, Stamped, StepId};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::errors::ErrorId;
use crate::page::{Line, Page, clean, cut};
use crate::style::{Role, Style};
use crate::words::{clock, count, moment, span};

/// One run, as its record, its events and the log tell it. Each of them may be missing: the log of old runs is collected, and
/// a killed run wrote no events.
#[derive(Debug, Clone)]
pub struct RunStory {
    /// Which.
    pub run: RunId,
    /// As it began.
    pub record: Option<RunRecord>,
    /// What happened.
    pub events: Vec<Stamped>,
    /// What the log tells.
    pub trace: Option<Trace>,
}

/// How a run ended that has not given the environment back.
const NOT_CLOSED: &str = "not closed";

/// One step of a run.
#[derive(Debug, Clone, PartialEq)]
struct Told {
    address: Address,
    verb: String,
    began: Duration,
    took: Option<Duration>,
    aws: Option<Duration>,
    how: String,
    error: Option<&'static str>,
}

impl RunStory {
    fn mode(&self) -> Option<Mode> {
        self.record.as_ref().map(|record| record.mode).or_else(|| self.trace.as_ref().and_then(|trace| trace.mode))
    }

    /// What it was, in a word or two.
    fn what(&self) -> &'static str {
        let planned = self.record.is_some() || self.trace.as_ref().is_some_and(|trace| trace.plan.is_some());
        match (self.mode(), planned) {
            (Some(mode), true) => mode.verb(),
            (_, true) => "a run",
            // It took the environment without a plan: it looked back, or the state was edited.
            (_, false) => "state",
        }
    }

    fn began(&self) -> Option<Timestamp> {
        self.record.as_ref().map(|record| record.at).or_else(|| self.trace.as_ref().map(|trace| trace.began))
    }

    fn end(&self) -> Option<(Outcome, Duration, Duration)> {
        self.events.iter().rev().find_map(|stamped| match &stamped.event {
            Event::RunFinished { outcome, took, own, .. } => Some((*outcome, *took, *own)),
            _ => None,
        })
    }

    /// How it ended, and whether that is well.
    fn outcome(&self) -> (String, bool) {
        if let Some((outcome, ..)) = self.end() {
            return (outcome.word().to_owned(), outcome == Outcome::Done);
        }
        match self.trace.as_ref().map(|trace| &trace.outcome) {
            Some(Some(outcome)) => (outcome.clone(), outcome == "done"),
            Some(None) => (NOT_CLOSED.to_owned(), false),
            None => ("unknown".to_owned(), false),
        }
    }

    /// The same for people.
    fn ending(&self) -> (String, bool) {
        let (outcome, well) = self.outcome();
        (if outcome == NOT_CLOSED { "has not ended".to_owned() } else { outcome }, well)
    }

    fn took(&self) -> Option<Duration> {
        let by_log = || self.trace.as_ref().and_then(|trace| between(trace.began, trace.last));
        self.end().map(|(_, took, _)| took).or_else(by_log)
    }

    fn who(&self) -> String {
        let owner = self.record.as_ref().map(|record| &record.owner).or_else(|| self.trace.as_ref().and_then(|trace| trace.owner.as_ref()));
        owner.map_or_else(|| "unknown".to_owned(), |owner| format!("{} on {}", owner.user, owner.host))
    }

    /// Its steps, in the order in which they began.
    fn steps(&self) -> Vec<Told> {
        if self.events.is_empty() { self.by_log() } else { self.by_events() }
    }

    fn by_events(&self) -> Vec<Told> {
        let mut all: BTreeMap<StepId, Told> = BTreeMap::new();
        let mut skipped = vec![];
        for Stamped { elapsed, event, .. } in &self.events {
            match event {
                Event::StepStarted { step, address, verb, .. } => {
                    let (address, verb) = (address.clone(), verb.clone());
                    let told = Told { address, verb, began: *elapsed, took: None, aws: None, how: "not finished".into(), error: None };
                    all.insert(*step, told);
                }
                Event::StepFinished { step, took, aws, .. } => {
                    if let Some(told) = all.get_mut(step) {
                        (told.took, told.aws, told.how) = (Some(*took), Some(*aws), "done".into());
                    }
                }
                Event::StepFailed { step, error, .. } => {
                    if let Some(told) = all.get_mut(step) {
                        let code = error.code_or_class();
                        (told.took, told.how) = (Some(elapsed.saturating_sub(told.began)), format!("failed: {code}"));
                        told.error = Some(ErrorId::of(error).about().id);
                    }
                }
                Event::StepSkipped { address, .. } => skipped.push(Told {
                    address: address.clone(),
                    verb: String::new(),
                    began: *elapsed,
                    took: None,
                    aws: None,
                    how: "not begun".into(),
                    error: None,
                }),
                Event::RunStarted { .. }
                | Event::Observed { .. }
                | Event::Planned { .. }
                | Event::StepWaiting { .. }
                | Event::StepRetrying { .. }
                | Event::StateSaved { .. }
                | Event::Settling { .. }
                | Event::Stopping { .. }
                | Event::RunFinished { .. } => {}
            }
        }
        let mut steps: Vec<Told> = all.into_values().collect();
        steps.sort_by_key(|told| told.began);
        steps.extend(skipped);
        steps
    }

    fn by_log(&self) -> Vec<Told> {
        let Some(trace) = &self.trace else { return vec![] };
        let told = |deed: &bbws_engine::Deed| Told {
            address: deed.address.clone(),
            verb: deed.verb.to_owned(),
            began: between(trace.began, deed.began).unwrap_or_default(),
            took: deed.ended.and_then(|ended| between(deed.began, ended)),
            aws: None,
            how: match (&deed.refused, deed.ended) {
                (Some(code), _) => format!("refused: {code}"),
                (None, Some(_)) => "done".into(),
                (None, None) => "not finished".into(),
            },
            error: None,
        };
        trace.deeds.iter().map(told).collect()
    }
}

fn between(from: Timestamp, to: Timestamp) -> Option<Duration> {
    Duration::try_from(to.duration_since(from)).ok()
}

fn short(id: &str) -> &str {
    id.get(..10).unwrap_or(id)
}

/// All runs, the newest first, two lines each.
#[must_use]
pub fn runs(stories: &[RunStory], style: Style) -> String {
    let mut page = Page::new();
    if stories.is_empty() {
        page.push(Line::at(0).text("There was no run."));
    }
    for story in stories {
        let (outcome, well) = story.ending();
        let at = story.began().map(moment).unwrap_or_default();
        let line = Line::at(0).broad().say(Role::Bold, story.run.0.as_str()).text(format!("  {at}  {}: ", story.what()));
        page.push(line.say(if well { Role::Good } else { Role::Warning }, outcome));
        let steps = story.steps();
        let mut parts = vec![tally(&steps)];
        parts.extend(story.took().map(|took| format!("took {}", span(took))));
        parts.push(format!("by {}", story.who()));
        if let Some(commit) = story.record.as_ref().and_then(|record| record.commit.as_ref()) {
            parts.push(format!("from commit {}{}", short(&commit.id), if commit.dirty { ", file edited" } else { "" }));
        }
        page.push(Line::at(2).hang(4).text(parts.join(", ")));
    }
    page.render(style)
}

/// How many of a run's steps are done, and what became of the others.
fn tally(steps: &[Told]) -> String {
    let of = |begins: &[&str]| steps.iter().filter(|told| begins.iter().any(|word| told.how.starts_with(word))).count();
    let all = count(steps.len(), "step");
    let others = [(of(&["failed", "refused"]), "failed"), (of(&["not finished"]), "not finished"), (of(&["not begun"]), "not begun")];
    let others: Vec<String> = others.iter().filter(|(number, _)| *number > 0).map(|(number, what)| format!("{number} {what}")).collect();
    match (steps.len(), others.is_empty()) {
        (0, _) => "no steps".to_owned(),
        (_, true) => format!("{all} done"),
        (_, false) => format!("{} of {all} done, {}", of(&["done"]), others.join(", ")),
    }
}

/// One run: who, when, from which commit, and each step's time. `flag` leads the commands that are told into its world.
#[must_use]
pub fn run_told(story: &RunStory, environment: &str, flag: &str, style: Style) -> String {
    let mut page = Page::new();
    let (outcome, well) = story.ending();
    let head = Line::at(0).say(Role::Bold, story.run.0.as_str()).text(format!("  {} of {environment} by {}: ", story.what(), story.who()));
    page.push(head.say(if well { Role::Good } else { Role::Warning }, &outcome));
    let mut row = |label: &str, text: String| {
        if !text.is_empty() {
            page.push(Line::at(2).hang(14).say(Role::Dim, label).pad(14).text(text));
        }
    };
    let times = match story.end() {
        Some((_, took, own)) => {
            format!(", took {}: AWS {}, bbws itself {}", span(took), span(took.saturating_sub(own)), span(own))
        }
        None => story.took().map_or_else(String::new, |took| format!(", last heard of after {}", span(took))),
    };
    row("began", format!("{}{times}", story.began().map(moment).unwrap_or_default()));
    let owner = story.record.as_ref().map(|record| &record.owner).or_else(|| story.trace.as_ref().and_then(|trace| trace.owner.as_ref()));
    if let Some(owner) = owner {
        row("command", format!("{} (bbws {}, process {})", owner.command, owner.version, owner.pid));
        row("CI job", owner.ci.clone().unwrap_or_default());
    }
    if let Some(record) = &story.record {
        row("commit", commit(record));
        row("plan", record.plan.0.clone());
        row("back to", record.back_to.as_ref().map_or_else(String::new, |run| format!("the configuration of {run}")));
        row("narrowed", if record.narrowed { "to a part, by --target, --exclude or a plan of such".into() } else { String::new() });
    } else if let Some(plan) = story.trace.as_ref().and_then(|trace| trace.plan.as_ref()) {
        row("plan", plan.0.clone());
    }
    for remark in story.trace.iter().flat_map(|trace| &trace.remarks) {
        row("recorded", remark.clone());
    }
    let steps = story.steps();
    if !steps.is_empty() {
        row("steps", tally(&steps));
        failures(&mut page, story, style);
        page.gap();
        table(&mut page, &steps);
    }
    page.gap();
    if story.events.iter().any(|stamped| matches!(stamped.event, Event::StepFailed { .. })) {
        page.push(Line::at(0).text("What can be done about what failed, as it was told then:"));
        page.push(Line::at(2).whole().say(Role::Bold, format!("bbws runs {environment}{flag} {} --replay", story.run)));
    }
    if story.events.is_empty() && story.trace.as_ref().is_some_and(|trace| trace.outcome.is_none()) {
        page.push(Line::at(0).text(
            "It has not given the environment back: it runs, or was killed. The times are the log's; what it had sent is settled by the \
             next run.",
        ));
    }
    if let Some(record) = story.record.as_ref().filter(|record| record.mode == Mode::Apply) {
        page.push(Line::at(0).text("To plan the way back to what it wanted:"));
        page.push(Line::at(2).whole().say(Role::Bold, format!("bbws plan {environment}{flag} --back-to {}", record.run)));
    }
    page.render(style)
}

fn commit(record: &RunRecord) -> String {
    let Some(commit) = &record.commit else { return "none: the files stood in no git repository".into() };
    let branch = commit.branch.as_ref().map_or_else(String::new, |branch| format!(" on {branch}"));
    let edited = if commit.dirty { "; the environment's file was edited since" } else { "" };
    format!("{}{branch}{edited}", commit.id)
}

/// So many columns of what AWS said are told.
const SAID: usize = 200;

/// What AWS said to each step that failed, above the many that did not.
fn failures(page: &mut Page, story: &RunStory, style: Style) {
    for Stamped { event, .. } in &story.events {
        if let Event::StepFailed { address, error, .. } = event {
            let said = cut(&clean(&error.message), SAID, style);
            let line = Line::at(2).hang(14).say(Role::Dim, "failed").pad(14).say(Role::Bold, address.to_string());
            page.push(line.text(format!(": {}, {}: {said}", error.operation, error.code_or_class())));
        }
    }
}

/// The steps, one below the other.
fn table(page: &mut Page, steps: &[Told]) {
    let widest = steps.iter().map(|told| told.address.to_string().len()).max().unwrap_or_default();
    let time = |time: Option<Duration>| time.map_or_else(|| "-".to_owned(), span);
    let heads = format!("  {:widest$}  {:>7}  {:>7}  {:>7}", "step", "begun", "took", "AWS");
    page.push(Line::at(2).broad().say(Role::Dim, heads));
    for told in steps {
        let sign = match told.verb.as_str() {
            "create" => "+",
            "update" => "~",
            "delete" => "-",
            "backup" => "*",
            "" => " ",
            _ => "=",
        };
        let begun = if told.verb.is_empty() { "-".to_owned() } else { clock(told.began) };
        let columns = format!("{sign} {:widest$}  {begun:>7}  {:>7}  {:>7}  ", told.address.to_string(), time(told.took), time(told.aws));
        let role = if told.how == "done" { Role::Plain } else { Role::Warning };
        page.push(Line::at(2).broad().text(columns).say(role, &told.how));
    }
}

/// All runs, for programs.
#[must_use]
pub fn runs_json(stories: &[RunStory]) -> Value {
    json!({ "format": 1, "runs": stories.iter().map(run_json).collect::<Vec<_>>() })
}

/// One run, for programs.
#[must_use]
pub fn run_json(story: &RunStory) -> Value {
    let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let steps = story.steps().into_iter().map(|told| {
        json!({
            "address": told.address,
            "verb": told.verb,
            "began_ms": millis(told.began),
            "took_ms": told.took.map(millis),
            "aws_ms": told.aws.map(millis),
            "how": told.how,
            "error": told.error,
        })
    });
    let end = story.end();
    let record = story.record.as_ref();
    let commit = record.and_then(|record| record.commit.as_ref());
    json!({
        "format": 1,
        "run": story.run,
        "what": story.what(),
        "mode": story.mode(),
        "outcome": story.outcome().0,
        "began": story.began(),
        "took_ms": story.took().map(millis),
        "aws_ms": end.map(|(_, took, own)| millis(took.saturating_sub(own))),
        "own_ms": end.map(|(_, _, own)| millis(own)),
        "who": story.who(),
        "commit": commit.map(|commit| json!({ "id": commit.id, "branch": commit.branch, "dirty": commit.dirty })),
        "plan": record.map(|record| &record.plan).or_else(|| story.trace.as_ref().and_then(|trace| trace.plan.as_ref())),
        "back_to": record.and_then(|record| record.back_to.as_ref()),
        "narrowed": record.map(|record| record.narrowed),
        "recorded": story.trace.as_ref().map(|trace| &trace.remarks),
        "steps": steps.collect::<Vec<_>>(),
    })
}

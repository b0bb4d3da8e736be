//! The end of a run: what was done, how long AWS took and how long bbws itself, what failed and how to go on.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bbws_model::{Address, CloudError, Counts, Event, Mode, Outcome, RunId, Stamped, StepId, Why};

use super::{failure, tally};
use crate::errors::{At, ErrorId, Quota};
use crate::page::{Line, Page};
use crate::style::{Role, Sign, Style};
use crate::words::{count, span};

/// So many of the resources that a run has dealt with are named when it did not get to its end.
const NAMED: usize = 5;

/// All that is told at the end of a run, gathered from its events.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Summary {
    pub(super) environment: String,
    pub(super) mode: Option<Mode>,
    verbs: BTreeMap<StepId, String>,
    names: BTreeMap<StepId, Address>,
    /// Whether the run is long over: how to go on from it is for the latest one to say.
    past: bool,
    /// What was begun and has not ended.
    at_work: BTreeSet<StepId>,
    done: Vec<Address>,
    pub(super) failed: Vec<Failed>,
    pub(super) skipped: Vec<(Address, Option<StepId>)>,
    pub(super) stopping: Option<Why>,
    /// The run to whose configuration one can go back.
    pub(super) back: Option<RunId>,
    end: Option<End>,
    at: At,
    /// The names that the file gives, of resources whose names others may have.
    called: BTreeMap<Address, String>,
    /// How much of the quota that a failed step has met is used.
    quotas: BTreeMap<Address, Quota>,
}

/// One failed step.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Failed {
    pub(super) address: Address,
    pub(super) verb: String,
    pub(super) error: CloudError,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct End {
    outcome: Outcome,
    counts: Counts,
    took: Duration,
    own: Duration,
}

impl Summary {
    /// Nothing has happened yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Says what commands need to lead to the world of the run: its options, with a blank before each.
    #[must_use]
    pub fn leading_there_by(mut self, flag: &str) -> Self {
        flag.clone_into(&mut self.at.flag);
        self
    }

    /// Says that the run is played again, and long over.
    #[must_use]
    pub fn of_the_past(mut self) -> Self {
        self.past = true;
        self
    }

    /// Says what advice needs: the region, and the names that the file gives.
    pub fn knows(&mut self, region: &str, called: BTreeMap<Address, String>) {
        (self.at.region, self.called) = (Some(region.to_owned()), called);
    }

    /// Says to which run's configuration one can go back.
    pub fn can_go_back_to(&mut self, run: RunId) {
        self.back = Some(run);
    }

    /// Says how much is used of the quota that a step has met.
    pub fn has_used(&mut self, address: Address, quota: Quota) {
        self.quotas.insert(address, quota);
    }

    /// The failed steps, each with its error.
    pub fn failures(&self) -> impl Iterator<Item = (&Address, &CloudError)> {
        self.failed.iter().map(|failed| (&failed.address, &failed.error))
    }

    /// Where the run is.
    pub(super) fn place(&self) -> At {
        At { environment: (!self.environment.is_empty()).then(|| self.environment.clone()), ..self.at.clone() }
    }

    /// Where a step of it is.
    #[must_use]
    pub fn at(&self, address: &Address) -> At {
        let (name, quota) = (self.called.get(address).cloned(), self.quotas.get(address).copied());
        At { address: Some(address.clone()), name, quota, ..self.place() }
    }

    /// Takes one event in.
    pub fn fold(&mut self, stamped: &Stamped) {
        match &stamped.event {
            Event::RunStarted { environment, mode, .. } => {
                self.environment.clone_from(environment);
                self.mode = Some(*mode);
            }
            Event::StepStarted { step, address, verb, .. } => {
                self.verbs.insert(*step, verb.clone());
                self.at_work.insert(*step);
                self.names.insert(*step, address.clone());
            }
            Event::StepFailed { step, address, error } => {
                self.at_work.remove(step);
                self.names.insert(*step, address.clone());
                let verb = self.verbs.get(step).cloned().unwrap_or_default();
                self.failed.push(Failed { address: address.clone(), verb, error: error.clone() });
            }
            Event::StepSkipped { step, address, because } => {
                self.names.insert(*step, address.clone());
                self.skipped.push((address.clone(), *because));
            }
            Event::StepFinished { step, address, .. } => {
                self.at_work.remove(step);
                if !self.done.contains(address) {
                    self.done.push(address.clone());
                }
            }
            Event::Stopping { why } => self.stopping = Some(*why),
            Event::RunFinished { outcome, counts, took, own } => {
                self.end = Some(End { outcome: *outcome, counts: *counts, took: *took, own: *own });
            }
            Event::Observed { .. }
            | Event::Settling { .. }
            | Event::Planned { .. }
            | Event::StepWaiting { .. }
            | Event::StepRetrying { .. }
            | Event::StateSaved { .. } => {}
        }
    }

    /// The step's resource, for "because of".
    pub(super) fn name(&self, step: StepId) -> String {
        self.names.get(&step).map_or_else(|| format!("step {step}"), Address::to_string)
    }

    /// The command that began the run.
    pub(super) fn command(&self) -> String {
        let verb = self.mode.unwrap_or(Mode::Apply).verb();
        self.place().fill(&format!("bbws {verb} ENV"))
    }

    /// The summary as text.
    #[must_use]
    pub fn text(&self, style: Style) -> String {
        let mut page = Page::new();
        failure::tell(&mut page, self, style);
        page.gap();
        let Some(end) = self.end else {
            page.push(
                Line::at(0)
                    .say(Role::Error, "The run ended without a word.")
                    .text(" What it did is in the log; the next run goes on from there."),
            );
            return page.render(style);
        };
        let verb = if self.mode == Some(Mode::Destroy) { "Destroy" } else { "Apply" };
        let (sign, role, how) = match end.outcome {
            Outcome::Done => (Sign::Done, Role::Good, "complete"),
            Outcome::Failed => (Sign::Failed, Role::Error, "failed in part"),
            Outcome::Stopped => (Sign::Failed, Role::Warning, "stopped"),
            Outcome::Fenced => (Sign::Failed, Role::Error, "stopped: another run has taken the environment"),
        };
        let head = Line::at(0).say(role, format!("{} {verb} {how}", style.sign(sign))).text(format!(": {}.", tally::done(&end.counts)));
        let id = match end.outcome {
            Outcome::Done => None,
            Outcome::Failed => Some(ErrorId::Partial),
            Outcome::Stopped => Some(ErrorId::Stopped),
            Outcome::Fenced => Some(ErrorId::Fenced),
        };
        page.push(match id {
            Some(id) => head.say(Role::Dim, format!(" [{id}]")),
            None => head,
        });
        let aws = end.took.saturating_sub(end.own);
        page.push(Line::at(2).text(format!("{} in all: AWS took {}, bbws itself added {}.", span(end.took), span(aws), span(end.own))));
        if !self.failed.is_empty() || !self.skipped.is_empty() {
            let parts = [(self.failed.len(), "failed"), (self.skipped.len(), "not begun")];
            let parts: Vec<String> =
                parts.iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{} {what}", count(*n, "step"))).collect();
            page.push(Line::at(2).text(format!("{}.", parts.join(", "))));
        }
        if !self.at_work.is_empty() {
            let left = count(self.at_work.len(), "step");
            page.push(
                Line::at(2).text(format!("{left} at work when it stopped: the next run looks what came of that, and goes on with it.")),
            );
        }
        if end.outcome != Outcome::Done && !self.done.is_empty() {
            let named: Vec<String> = self.done.iter().take(NAMED).map(Address::to_string).collect();
            let more = self.done.len() - named.len();
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            page.push(Line::at(2).text(format!("Done and recorded: {}{more}.", named.join(", "))));
        }
        if !self.past {
            failure::go_on(&mut page, self, end.outcome);
        }
        page.render(style)
    }
}

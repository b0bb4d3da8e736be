//! A live picture of a run: what is done, what runs, what AWS is waiting for.

use std::collections::BTreeMap;
use std::time::Duration;

use bbws_model::{Address, Event, Phase, Stamped, StepId, Why};

use super::tally;
use crate::page::{clean, columns, cut};
use crate::style::{Role, Sign, Style};
use crate::words::{clock, count, span};

/// What is known of a run so far. Fold every event into it, and ask for a frame as often as the screen is drawn.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    total: usize,
    done: usize,
    failed: usize,
    skipped: usize,
    running: BTreeMap<StepId, Running>,
    stopping: Option<Why>,
    settling: Option<(usize, Duration)>,
    finished: bool,
}

#[derive(Debug, Clone)]
struct Running {
    address: Address,
    verb: String,
    since: Duration,
    expected: Duration,
    now: String,
}

impl Progress {
    /// Nothing has happened yet; so many steps are to be taken.
    #[must_use]
    pub fn new(steps: usize) -> Self {
        Self { total: steps, ..Self::default() }
    }

    /// Takes one event in.
    pub fn fold(&mut self, stamped: &Stamped) {
        match &stamped.event {
            Event::StepStarted { step, address, verb, expected } => {
                let running = Running {
                    address: address.clone(),
                    verb: verb.clone(),
                    since: stamped.elapsed,
                    expected: *expected,
                    now: String::new(),
                };
                self.running.insert(*step, running);
            }
            Event::StepWaiting { step, phase, .. } => self.says(*step, || match phase {
                Phase::Pending(why) => why.clone(),
                Phase::Ready => "completing".into(),
                Phase::Leaving => "going".into(),
                Phase::Failed(why) => format!("failed: {why}"),
            }),
            Event::StepRetrying { step, error, after, .. } => {
                let what = if error.code.is_empty() { error.class.to_string() } else { error.code.clone() };
                self.says(*step, || format!("{what}, again in {}", span(*after)));
            }
            Event::StepFinished { step, .. } => {
                self.running.remove(step);
                self.done += 1;
            }
            Event::StepFailed { step, .. } => {
                self.running.remove(step);
                self.failed += 1;
            }
            Event::StepSkipped { .. } => self.skipped += 1,
            Event::Settling { requests, left } => self.settling = Some((*requests, stamped.elapsed + *left)),
            Event::Stopping { why } => self.stopping = Some(*why),
            Event::RunFinished { .. } => self.finished = true,
            Event::RunStarted { .. } | Event::Observed { .. } | Event::Planned { .. } | Event::StateSaved { .. } => {}
        }
    }

    fn says(&mut self, step: StepId, what: impl FnOnce() -> String) {
        if let Some(running) = self.running.get_mut(&step) {
            running.now = what();
        }
    }

    /// Whether the run is over: nothing needs to be drawn any more.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.finished
    }

    /// The picture so long after the run began: at most `height` lines, none wider than the style's width.
    #[must_use]
    pub fn frame(&self, elapsed: Duration, style: Style, height: usize) -> Vec<String> {
        let mut lines = vec![];
        if height == 0 {
            return lines;
        }
        lines.push(self.counter(elapsed, style));
        if height >= 5 {
            lines.push(self.bar(style));
        }
        if let (Some(why), true) = (self.stopping, height >= 3) {
            lines.push(style.paint(Role::Warning, &cut(tally::why(why), style.width, style)));
        }
        if let (Some((requests, until)), true) = (self.settling, height >= 3) {
            let left = span(until.saturating_sub(elapsed));
            let told = format!("waiting up to {left} to see what became of {} of an earlier run", count(requests, "request"));
            lines.push(cut(&told, style.width, style));
        }
        let mut running: Vec<&Running> = self.running.values().collect();
        running.sort_by_key(|r| (r.since, &r.address));
        let room = height - lines.len();
        let (shown, hidden) =
            if running.len() <= room { (running.len(), 0) } else { (room.saturating_sub(1), running.len() + 1 - room.max(1)) };
        let widest = running.iter().take(shown).map(|r| columns(&r.address.to_string())).max().unwrap_or_default();
        lines.extend(running.iter().take(shown).map(|r| r.line(elapsed, widest.min(style.width / 2), style)));
        if hidden > 0 && room > 0 {
            lines.push(style.paint(Role::Dim, &cut(&format!("  and {hidden} more at work"), style.width, style)));
        }
        lines
    }

    fn ended(&self) -> usize {
        self.done + self.failed + self.skipped
    }

    fn counter(&self, elapsed: Duration, style: Style) -> String {
        let total = self.total.max(self.ended() + self.running.len());
        let mut parts = vec![format!("{}/{total} done", self.done), clock(elapsed)];
        if self.failed > 0 {
            parts.push(format!("{} failed", self.failed));
        }
        if self.skipped > 0 {
            parts.push(format!("{} skipped", self.skipped));
        }
        parts.push(format!("{} at work", self.running.len()));
        let role = if self.failed > 0 { Role::Error } else { Role::Bold };
        style.paint(role, &cut(&parts.join(", "), style.width, style))
    }

    fn bar(&self, style: Style) -> String {
        let total = self.total.max(self.ended() + self.running.len()).max(1);
        let room = style.width.min(60);
        let full = room * self.ended() / total;
        let role = if self.failed > 0 { Role::Error } else { Role::Good };
        style.paint(role, &style.sign(Sign::Full).repeat(full)) + &style.paint(Role::Dim, &style.sign(Sign::Empty).repeat(room - full))
    }
}

impl Running {
    fn line(&self, elapsed: Duration, widest: usize, style: Style) -> String {
        let (role, sign) = match self.verb.as_str() {
            "create" => (Role::Add, "+"),
            "update" => (Role::Change, "~"),
            "delete" => (Role::Destroy, "-"),
            "backup" => (Role::Adopt, "*"),
            _ => (Role::Adopt, "="),
        };
        let took = elapsed.saturating_sub(self.since);
        let late = took > self.expected && took > Duration::from_secs(5);
        let address = cut(&self.address.to_string(), widest, style);
        let blanks = " ".repeat(widest.saturating_sub(columns(&address)));
        let times = format!("{} of ~{}", span(took), span(self.expected));
        let mut rest = vec![if late { format!("{times}, slow") } else { times }];
        rest.push(if self.now.is_empty() { tally::verb(&self.verb).0.to_owned() } else { clean(&self.now) });
        let room = style.width.saturating_sub(2 + columns(&address) + blanks.len() + 2);
        let rest = cut(&rest.join("  "), room, style);
        format!("{} {address}{blanks}  {}", style.paint(role, sign), style.paint(if late { Role::Warning } else { Role::Plain }, &rest))
    }
}

//! A live picture of a run: what is done, what runs, what AWS is waiting for, and how long the rest will take.

use std::time::Duration;

use bbws_model::Why;

use super::ahead::Ahead;
use super::progress::{Place, Progress, Task};
use super::tally;
use crate::page::{clean, columns, cut};
use crate::part::Part;
use crate::style::{Role, Sign, Style};
use crate::words::{clock, count, span};

/// Below so many columns only what is needed is said.
const NARROW: usize = 60;

impl Progress {
    /// The picture so long after the run began: at most `height` lines, none wider than the style's width.
    #[must_use]
    pub fn frame(&self, elapsed: Duration, style: Style, height: usize) -> Vec<String> {
        let ahead = self.ahead(elapsed);
        let mut lines = vec![self.counter(elapsed, &ahead, style)];
        if height >= 5 {
            lines.push(self.bar(style));
        }
        if height >= 3 {
            lines.extend(self.stopping(style));
            lines.extend(self.settling(elapsed, style));
        }
        if height >= 6 {
            lines.extend(self.failures(style));
            lines.extend(self.way(&ahead, style));
        }
        lines.truncate(height);
        let room = height - lines.len();
        let tree = self.tree(elapsed, style);
        if tree.len() <= room && self.is_planned() {
            lines.extend(tree);
        } else {
            lines.extend(self.at_work(elapsed, &ahead, style, room));
        }
        lines
    }

    fn counter(&self, elapsed: Duration, ahead: &Ahead, style: Style) -> String {
        let total = self.tasks.len().max(self.total);
        let mut parts = vec![format!("{}/{total} done", self.count(Place::Done)), clock(elapsed)];
        let failed = self.count(Place::Failed);
        // What has failed is said before how long it will take: the window may be small.
        if failed > 0 {
            parts.push(format!("{failed} failed"));
        }
        if ahead.left > Duration::ZERO && self.stopping.is_none() {
            parts.push(format!("about {} left", span(ahead.left)));
        }
        let skipped = self.count(Place::Skipped);
        if skipped > 0 {
            parts.push(format!("{skipped} skipped"));
        }
        parts.push(format!("{} at work", self.running().count()));
        // Whole parts only, as many as there is room for.
        while parts.len() > 1 && columns(&parts.join(", ")) > style.width {
            parts.pop();
        }
        let role = if failed > 0 { Role::Error } else { Role::Bold };
        style.paint(role, &cut(&parts.join(", "), style.width, style))
    }

    fn bar(&self, style: Style) -> String {
        let total = self.tasks.len().max(self.total).max(1);
        let room = style.width.min(60);
        let ended = self.count(Place::Done) + self.count(Place::Failed) + self.count(Place::Skipped);
        let full = room * ended / total;
        let role = if self.count(Place::Failed) > 0 { Role::Error } else { Role::Good };
        style.paint(role, &style.sign(Sign::Full).repeat(full)) + &style.paint(Role::Dim, &style.sign(Sign::Empty).repeat(room - full))
    }

    /// Why nothing new begins, and what the end of it all waits for.
    fn stopping(&self, style: Style) -> Vec<String> {
        let Some(why) = self.stopping else { return vec![] };
        let told = [tally::why(why), tally::why_short(why)].into_iter().find(|told| columns(told) <= style.width);
        let told = told.unwrap_or(tally::why_short(why));
        let mut lines = vec![style.paint(Role::Warning, &cut(told, style.width, style))];
        let names: Vec<String> = self.running().map(|task| task.address.to_string()).collect();
        if !names.is_empty() {
            let verb = if why == Why::Abort { "left" } else { "waiting for" };
            let told = format!("{verb} {}: {}", names.len(), names.join(", "));
            lines.push(cut(&told, style.width, style));
        }
        lines
    }

    fn settling(&self, elapsed: Duration, style: Style) -> Option<String> {
        let (requests, until) = self.settling?;
        let left = span(until.saturating_sub(elapsed));
        let told = format!("waiting up to {left} to see what became of {} of an earlier run", count(requests, "request"));
        Some(cut(&told, style.width, style))
    }

    /// What has failed, the latest first: its line has scrolled away, or will.
    fn failures(&self, style: Style) -> Option<String> {
        let told: Vec<String> = self.failures.iter().rev().map(|(address, code)| format!("{address} ({code})")).collect();
        let line = format!("{} {}", style.sign(Sign::Failed), clean(&told.join(", ")));
        (!told.is_empty()).then(|| style.paint(Role::Error, &cut(&line, style.width, style)))
    }

    /// The longest way to the end, which decides when it is.
    fn way(&self, ahead: &Ahead, style: Style) -> Option<String> {
        if self.stopping.is_some() || ahead.way.is_empty() {
            return None;
        }
        let arrow = format!(" {} ", style.sign(Sign::Arrow));
        let names: Vec<String> = ahead.way.iter().filter_map(|id| self.tasks.get(id)).map(|task| task.address.to_string()).collect();
        let head = if style.width < NARROW { "longest: " } else { "longest way: " };
        Some(style.paint(Role::Dim, &cut(&format!("{head}{}", names.join(&arrow)), style.width, style)))
    }

    /// The parts of the cluster that are at work, what is done in each, and in one line each those that are done or to come.
    fn tree(&self, elapsed: Duration, style: Style) -> Vec<String> {
        let (mut lines, mut done, mut to_come) = (vec![], vec![], vec![]);
        for (part, tasks) in self.parts() {
            let of = |place: fn(&Place) -> bool| tasks.iter().filter(|task| place(&task.place)).count();
            let (ended, failed) = (of(|place| *place == Place::Done), of(|place| *place == Place::Failed));
            let skipped = of(|place| *place == Place::Skipped);
            let running: Vec<&Task> = tasks.iter().copied().filter(|task| task.place.is_running()).collect();
            if ended == tasks.len() {
                done.push(part);
            } else if running.is_empty() && ended + failed + skipped == 0 {
                to_come.push(part);
            } else {
                lines.push(self.header(part, tasks.len(), (ended, failed, skipped, running.len()), style));
                let widest = running.iter().map(|task| columns(&task.address.to_string())).max().unwrap_or_default();
                lines.extend(running.iter().map(|task| task.line(elapsed, (2, widest), style)));
            }
        }
        let names = |parts: &[Part]| parts.iter().map(|part| part.name()).collect::<Vec<_>>().join(", ");
        if !to_come.is_empty() {
            lines.push(style.paint(Role::Dim, &cut(&format!("to come: {}", names(&to_come)), style.width, style)));
        }
        if !done.is_empty() {
            let told = format!("{} {}", style.sign(Sign::Done), names(&done));
            lines.push(style.paint(Role::Good, &cut(&told, style.width, style)));
        }
        lines
    }

    fn header(&self, part: Part, all: usize, (done, failed, skipped, running): (usize, usize, usize, usize), style: Style) -> String {
        let mut told = format!("{} {done}/{all}", part.name());
        if failed > 0 {
            told.push_str(&format!(", {failed} failed"));
        }
        if skipped > 0 {
            told.push_str(&format!(", {skipped} skipped"));
        }
        let waits = all - done - failed - skipped - running;
        if running == 0 && waits > 0 && self.stopping.is_none() {
            told.push_str(&format!(", {waits} wait for others"));
        }
        let role = if failed > 0 { Role::Error } else { Role::Bold };
        style.paint(role, &cut(&told, style.width, style))
    }

    /// What is at work where there is no room for the parts: what decides the end first.
    fn at_work(&self, elapsed: Duration, ahead: &Ahead, style: Style, room: usize) -> Vec<String> {
        let mut running: Vec<(&bbws_model::StepId, &Task)> = self.tasks.iter().filter(|(_, task)| task.place.is_running()).collect();
        running.sort_by_key(|(id, task)| (std::cmp::Reverse(ahead.behind.get(id).copied().unwrap_or_default()), task.since(), *id));
        let (shown, hidden) =
            if running.len() <= room { (running.len(), 0) } else { (room.saturating_sub(1), running.len() + 1 - room.max(1)) };
        let widest = running.iter().take(shown).map(|(_, task)| columns(&task.address.to_string())).max().unwrap_or_default();
        let line = |(_, task): &(_, &Task)| task.line(elapsed, (0, widest.min(style.width / 2)), style);
        let mut lines: Vec<String> = running.iter().take(shown).map(line).collect();
        if hidden > 0 && room > 0 {
            lines.push(style.paint(Role::Dim, &cut(&format!("  and {hidden} more at work"), style.width, style)));
        }
        lines
    }

    /// The parts there are, with all their steps.
    fn parts(&self) -> std::collections::BTreeMap<Part, Vec<&Task>> {
        let mut parts: std::collections::BTreeMap<Part, Vec<&Task>> = std::collections::BTreeMap::new();
        for task in self.tasks.values() {
            parts.entry(task.part).or_default().push(task);
        }
        parts
    }
}

impl Task {
    /// One line of what is at work: sign, address, how long of how long, what AWS says.
    fn line(&self, elapsed: Duration, (indent, widest): (usize, usize), style: Style) -> String {
        let (role, sign) = match self.verb.as_str() {
            "create" => (Role::Add, "+"),
            "update" => (Role::Change, "~"),
            "delete" => (Role::Destroy, "-"),
            "backup" => (Role::Adopt, "*"),
            _ => (Role::Adopt, "="),
        };
        let (since, now) = match &self.place {
            Place::Running { since, now } => (*since, now.as_str()),
            Place::Waiting | Place::Done | Place::Failed | Place::Skipped => (elapsed, ""),
        };
        let took = elapsed.saturating_sub(since);
        let late = took > self.expected && took > Duration::from_secs(5);
        let widest = widest.min(style.width / 2);
        let address = cut(&self.address.to_string(), widest, style);
        let blanks = " ".repeat(widest.saturating_sub(columns(&address)));
        let times = if style.width < NARROW {
            format!("{}/{}", clock(took), clock(self.expected))
        } else {
            format!("{} of ~{}", span(took), span(self.expected))
        };
        let mut rest = vec![if late { format!("{times}, slow") } else { times }];
        rest.push(if now.is_empty() { tally::verb(&self.verb).0.to_owned() } else { clean(now) });
        let room = style.width.saturating_sub(indent + 2 + columns(&address) + blanks.len() + 2);
        let rest = cut(&rest.join("  "), room, style);
        let line = format!(
            "{}{} {address}{blanks}  {}",
            " ".repeat(indent),
            style.paint(role, sign),
            style.paint(if late { Role::Warning } else { Role::Plain }, &rest)
        );
        line.trim_end().to_owned()
    }
}

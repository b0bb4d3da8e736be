//! A run on a terminal: what has ended scrolls away above a picture that is drawn in place.

use std::time::Duration;

use bbws_model::{Event, Stamped};

use super::{Lines, Progress};
use crate::page::{clean, cut};
use crate::style::Style;

/// The most lines that the picture takes.
const MOST_LINES: usize = 24;

/// A terminal's size now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Screen {
    /// Its columns.
    pub columns: usize,
    /// Its rows.
    pub rows: usize,
}

impl Screen {
    /// How the picture may look on it. A line as wide as the screen wraps on some terminals.
    fn style(self, style: Style) -> Style {
        Style { width: style.width.min(self.columns.saturating_sub(1)), ..style }
    }

    /// How many lines the picture may have: it never scrolls, and leaves the last lines that have ended to be seen.
    fn height(self) -> usize {
        self.rows.saturating_sub(2).clamp(1, MOST_LINES)
    }
}

/// A run on a terminal. What it answers is to be written there as it is.
#[derive(Debug, Clone)]
pub struct Live {
    progress: Progress,
    told: Lines,
    style: Style,
    /// How wide each line of the picture was that stands on the screen.
    drawn: Vec<usize>,
}

impl Live {
    /// A run of which nothing has happened yet.
    #[must_use]
    pub fn new(progress: Progress, style: Style) -> Self {
        Self { progress, told: Lines::new(), style, drawn: vec![] }
    }

    /// Whether the run is over: nothing needs to be drawn any more.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.progress.is_over()
    }

    /// Takes an event in. What has ended is written above the picture; what goes on stands in it, and is drawn by [`Self::draw`].
    /// None where nothing has to be written at once.
    pub fn take(&mut self, stamped: &Stamped, screen: Screen) -> Option<String> {
        self.progress.fold(stamped);
        let line = self.told.line(stamped);
        if self.is_over() {
            return Some(self.erase(screen));
        }
        let ended = matches!(stamped.event, Event::StepFinished { .. } | Event::StepFailed { .. } | Event::StepSkipped { .. });
        // What is stopped or fails is seen at once, however often the picture is drawn.
        let urgent = ended || matches!(stamped.event, Event::Stopping { .. } | Event::Settling { .. });
        if let (Some(line), true) = (line, ended) {
            return Some(self.note(&line, stamped.elapsed, screen));
        }
        urgent.then(|| self.draw(stamped.elapsed, screen))
    }

    /// A line above the picture, with the picture.
    pub fn note(&mut self, line: &str, elapsed: Duration, screen: Screen) -> String {
        let line = self.above(&clean(line), screen);
        self.erase(screen) + &line + &self.draw(elapsed, screen)
    }

    /// A whole line on its own: it scrolls away, and may wrap as any text does, but on a small screen it is cut.
    fn above(&self, line: &str, screen: Screen) -> String {
        let style = screen.style(self.style);
        let line = if screen.columns < 80 { cut(line, style.width, style) } else { line.to_owned() };
        format!("{line}\n")
    }

    /// The picture in place of the one before.
    pub fn draw(&mut self, elapsed: Duration, screen: Screen) -> String {
        if self.is_over() {
            return String::new();
        }
        let style = screen.style(self.style);
        let lines = self.progress.frame(elapsed, style, screen.height());
        let mut text = self.back(screen);
        for line in &lines {
            text.push_str(line);
            text.push_str("\x1b[K\n");
        }
        text.push_str("\x1b[J");
        self.drawn = lines.iter().map(|line| width(line)).collect();
        text
    }

    /// Takes the picture away.
    pub fn erase(&mut self, screen: Screen) -> String {
        if self.drawn.is_empty() {
            return String::new();
        }
        let text = self.back(screen) + "\x1b[J";
        self.drawn.clear();
        text
    }

    /// To the beginning of the picture that stands there. Where the screen has become narrower its lines may take several rows
    /// by now; where it has become lower, the first of them are gone.
    fn back(&self, screen: Screen) -> String {
        let rows: usize = self.drawn.iter().map(|wide| wide.max(&1).div_ceil(screen.columns.max(1))).sum();
        let rows = rows.min(screen.rows.saturating_sub(1));
        if rows == 0 { String::new() } else { format!("\x1b[{rows}F") }
    }
}

/// The columns of a painted line.
fn width(line: &str) -> usize {
    let mut plain = String::new();
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        if c == '\x1b' {
            rest.by_ref().find(|c| c.is_ascii_alphabetic());
        } else {
            plain.push(c);
        }
    }
    crate::page::columns(&plain)
}

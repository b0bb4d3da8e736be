//! A run as it is watched: drawn in place on a terminal, told line by line elsewhere, or as events for programs.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bbws_engine::{Clock, EventSink};
use bbws_model::{Address, CloudError, Event, RunId, Stamped, wire};
use bbws_render::{ErrorId, Lines, Progress, Style, Summary, advice};
use serde_json::{Value, json};

use super::Ui;
use crate::Exit;

/// The screen is drawn at most so often.
const REDRAW: Duration = Duration::from_millis(80);
/// The most lines that the picture takes.
const MOST_LINES: usize = 24;

/// A run that is watched. A cheap handle: one is told the events, another draws while nothing happens.
pub(crate) struct Watch<'u>(Arc<Mutex<View<'u>>>);

struct View<'u> {
    ui: &'u mut Ui,
    style: Style,
    form: Form,
    summary: Summary,
}

enum Form {
    Live { progress: Progress, told: Lines, drawn: usize, last: Option<Instant> },
    Lines(Lines),
    Events,
}

impl<'u> Watch<'u> {
    /// Watches a run of so many steps.
    pub(crate) fn new(ui: &'u mut Ui, steps: usize, sandbox: bool) -> Self {
        let form = match (ui.json, ui.live) {
            (true, _) => Form::Events,
            (false, true) => Form::Live { progress: Progress::new(steps), told: Lines::new(), drawn: 0, last: None },
            (false, false) => Form::Lines(Lines::new()),
        };
        let style = ui.style();
        Self(Arc::new(Mutex::new(View { ui, style, form, summary: Summary::new().in_sandbox(sandbox) })))
    }

    /// Says what advice needs: the region, and the names that the file gives.
    pub(crate) fn knows(&self, region: &str, called: BTreeMap<Address, String>) {
        self.view(|view| view.summary.knows(region, called));
    }

    /// Says to which run's configuration one can go back.
    pub(crate) fn can_go_back_to(&self, run: RunId) {
        self.view(|view| view.summary.can_go_back_to(run));
    }

    /// The failed steps.
    pub(crate) fn failed(&self) -> Vec<(Address, CloudError)> {
        self.view(|view| view.summary.failures().map(|(address, error)| (address.clone(), error.clone())).collect())
    }

    /// The failed steps, each as an error of its own, for programs.
    pub(crate) fn failures(&self) -> Vec<Value> {
        self.view(|view| {
            let told = |(address, error): (&Address, &CloudError)| {
                json!({
                    "format": 1,
                    "event": "error",
                    "id": ErrorId::of(error).about().id,
                    "exit": Exit::Error.code(),
                    "address": address,
                    "operation": error.operation,
                    "code": error.code,
                    "request_id": error.request_id,
                    "what": format!("{address} failed"),
                    "why": error.message,
                    "advice": advice(error, &view.summary.at(address)),
                })
            };
            view.summary.failures().map(told).collect()
        })
    }

    /// Another handle on it.
    pub(crate) fn again(&self) -> Self {
        Self(self.0.clone())
    }

    fn view<T>(&self, look: impl FnOnce(&mut View<'u>) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Draws from time to time, for ever: nothing happens while AWS works, and the clock on the screen goes on. `faster` says
    /// how many times faster than real time the run's clock is.
    pub(crate) async fn redraw(&self, clock: &dyn Clock, began: Duration, faster: f64) -> Infallible {
        loop {
            clock.sleep(REDRAW.mul_f64(faster)).await;
            self.view(|view| view.draw(clock.elapsed().saturating_sub(began), false));
        }
    }

    /// Draws what there is so long after the run began.
    pub(crate) fn draw(&self, elapsed: Duration) {
        self.view(|view| view.draw(elapsed, true));
    }

    /// What is told at the end.
    pub(crate) fn summary(&self) -> String {
        self.view(|view| view.summary.text(view.style))
    }
}

impl EventSink for Watch<'_> {
    fn on(&mut self, event: &Stamped) {
        self.view(|view| view.take(event));
    }
}

impl View<'_> {
    fn take(&mut self, stamped: &Stamped) {
        self.summary.fold(stamped);
        match &mut self.form {
            Form::Events => {
                self.ui.line(wire::event::write(stamped).unwrap_or_default());
            }
            Form::Lines(lines) => {
                if let Some(line) = lines.line(stamped) {
                    self.ui.line(line);
                }
            }
            Form::Live { progress, told, .. } => {
                progress.fold(stamped);
                let over = progress.is_over();
                // What has ended scrolls away above the picture; what goes on stands in it.
                let line = told.line(stamped);
                let ended = matches!(stamped.event, Event::StepFinished { .. } | Event::StepFailed { .. } | Event::StepSkipped { .. });
                if let (Some(line), true) = (line, ended) {
                    self.erase();
                    self.ui.line(line);
                }
                if over {
                    self.erase();
                } else {
                    self.draw(stamped.elapsed, ended);
                }
            }
        }
    }

    /// Draws the picture; unless `now`, not more often than eyes can follow.
    fn draw(&mut self, elapsed: Duration, now: bool) {
        let Form::Live { progress, drawn, last, .. } = &mut self.form else { return };
        if progress.is_over() || (!now && last.is_some_and(|last| last.elapsed() < REDRAW)) {
            return;
        }
        let (columns, rows) = terminal_size::terminal_size().map_or((80, 24), |(w, h)| (usize::from(w.0), usize::from(h.0)));
        // A line as wide as the screen wraps on some terminals.
        let style = Style { width: self.style.width.min(columns.saturating_sub(1)), ..self.style };
        let lines = progress.frame(elapsed, style, rows.saturating_sub(2).min(MOST_LINES));
        let mut text = up(*drawn);
        for line in &lines {
            text.push_str(line);
            text.push_str("\x1b[K\n");
        }
        text.push_str("\x1b[J");
        (*drawn, *last) = (lines.len(), Some(Instant::now()));
        self.ui.say(text);
    }

    fn erase(&mut self) {
        let Form::Live { drawn, .. } = &mut self.form else { return };
        if *drawn > 0 {
            let text = format!("{}\x1b[J", up(*drawn));
            *drawn = 0;
            self.ui.say(text);
        }
    }
}

/// To the beginning of the line so many lines up.
fn up(lines: usize) -> String {
    if lines == 0 { String::new() } else { format!("\x1b[{lines}F") }
}

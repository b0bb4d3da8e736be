//! A run as it is watched: drawn in place on a terminal, told line by line elsewhere, or as events for programs.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bbws_engine::{Clock, EventSink};
use bbws_model::{Address, CloudError, RunId, Stamped, wire};
use bbws_render::{ErrorId, Lines, Live, Progress, Quota, Screen, Style, Summary, advice};
use serde_json::{Value, json};

use super::Ui;
use crate::Exit;

/// The screen is drawn at most so often.
const REDRAW: Duration = Duration::from_millis(80);

/// A run that is watched. A cheap handle: one is told the events, another draws while nothing happens.
pub(crate) struct Watch<'u>(Arc<Mutex<View<'u>>>);

struct View<'u> {
    ui: &'u mut Ui,
    style: Style,
    form: Form,
    summary: Summary,
}

enum Form {
    Live { live: Live, last: Option<Instant> },
    Lines(Lines),
    Events,
}

impl<'u> Watch<'u> {
    /// Watches a run that is played again.
    pub(crate) fn of_the_past(ui: &'u mut Ui, run: Progress, flag: &str) -> Self {
        let watch = Self::new(ui, run, flag);
        watch.view(|view| view.summary = std::mem::take(&mut view.summary).of_the_past());
        watch
    }

    /// Watches a run. `flag` is what commands need to lead to its world.
    pub(crate) fn new(ui: &'u mut Ui, run: Progress, flag: &str) -> Self {
        let style = ui.style();
        let form = match (ui.json, ui.live) {
            (true, _) => Form::Events,
            (false, true) => {
                ui.calls.stand_aside();
                Form::Live { live: Live::new(run, style), last: None }
            }
            (false, false) => Form::Lines(Lines::new()),
        };
        Self(Arc::new(Mutex::new(View { ui, style, form, summary: Summary::new().leading_there_by(flag) })))
    }

    /// Says what advice needs: the region, and the names that the file gives.
    pub(crate) fn knows(&self, region: &str, called: BTreeMap<Address, String>) {
        self.view(|view| view.summary.knows(region, called));
    }

    /// Says to which run's configuration one can go back.
    pub(crate) fn can_go_back_to(&self, run: RunId) {
        self.view(|view| view.summary.can_go_back_to(run));
    }

    /// Says how much is used of the quota that a step has met.
    pub(crate) fn has_used(&self, address: Address, quota: Quota) {
        self.view(|view| view.summary.has_used(address, quota));
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
                    "event": "step-error",
                    "id": ErrorId::of(error).about().id,
                    "exit": Exit::Error.code(),
                    "address": address,
                    "operation": error.operation,
                    "code": error.code,
                    "request_id": error.request_id,
                    "what": format!("{address} failed"),
                    "why": error.plain(),
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

/// Whatever ends the run: what waited is told.
impl Drop for View<'_> {
    fn drop(&mut self) {
        self.ui.calls.go_on();
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
            Form::Live { live, last } => {
                if live.is_over() {
                    return;
                }
                if let Some(text) = live.take(stamped, screen()) {
                    *last = Some(Instant::now());
                    let over = live.is_over();
                    self.ui.say(text);
                    if over {
                        self.ui.calls.go_on();
                    }
                } else {
                    self.draw(stamped.elapsed, false);
                }
            }
        }
    }

    /// Draws the picture, not more often than eyes can follow unless it is wanted at once.
    fn draw(&mut self, elapsed: Duration, at_once: bool) {
        let Form::Live { live, last } = &mut self.form else { return };
        if !at_once && last.is_some_and(|last| last.elapsed() < REDRAW) {
            return;
        }
        *last = Some(Instant::now());
        let screen = screen();
        let mut text: String = self.ui.calls.take().iter().map(|line| live.note(line, elapsed, screen)).collect();
        text.push_str(&live.draw(elapsed, screen));
        self.ui.say(text);
    }
}

/// The terminal as it is now: it may have been resized since it was last drawn.
fn screen() -> Screen {
    let (columns, rows) = terminal_size::terminal_size().map_or((80, 24), |(w, h)| (usize::from(w.0), usize::from(h.0)));
    Screen { columns, rows }
}

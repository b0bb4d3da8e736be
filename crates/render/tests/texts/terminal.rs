//! What a person sees while a cluster is made, read back from a terminal: runs of dev as the sandbox played them, on a large window
//! and a small one.

use std::time::Duration;

use bbws_engine::Picture;
use bbws_model::{Event, Mode, Plan, Stamped, State, wire};
use bbws_render::{Live, Progress, Screen, Style};

use crate::cost::shipped;
use crate::support::{FANCY, kinds, planned};

const LARGE: Screen = Screen { columns: 80, rows: 24 };
const SMALL: Screen = Screen { columns: 40, rows: 10 };

/// The plan that makes all of dev.
fn plan() -> Plan {
    let desired = bbws_cluster::draft(&shipped("dev"), &kinds());
    planned(desired.resources, &(State::empty("3f2a9c41"), Picture::default()), Mode::Apply)
}

/// What a real run of that plan in the sandbox told, as `runs/RUN.jsonl` beside its log has it: `bbws apply dev --sandbox --yes`
/// to its end (`done`), by a policy that denies `ec2:CreateNatGateway` (`failed`), and at `--sandbox-speed 15` with Ctrl-C at a third
/// (`stopped`). Where another plan comes of dev they are recorded anew.
fn recorded(plan: &Plan, name: &str) -> Vec<Stamped> {
    let path = format!("{}/tests/texts/recorded/{name}.jsonl", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let mut events: Vec<Stamped> = text.lines().map(|line| wire::event::read(line).unwrap()).collect();
    for event in &events {
        if let Event::StepStarted { step, address, .. } = &event.event {
            assert_eq!(plan.step(*step).map(|step| &step.address), Some(address), "{name}.jsonl is of another plan: record it anew");
        }
    }
    events.sort_by_key(|event| event.elapsed);
    events
}

/// A terminal, and the run on it.
struct Seen {
    live: Live,
    terminal: vt100::Parser,
    screen: Screen,
}

impl Seen {
    fn new(plan: &Plan, screen: Screen, style: Style) -> Self {
        let size = |n: usize| u16::try_from(n).unwrap();
        let mut terminal = vt100::Parser::new(size(screen.rows), size(screen.columns), 500);
        terminal.process(b"$ bbws apply dev\r\nthe plan stands here\r\n");
        Self { live: Live::new(Progress::of(plan, &kinds()), style), terminal, screen }
    }

    fn write(&mut self, text: &str) {
        // As a terminal's driver does with line breaks.
        self.terminal.process(text.replace('\n', "\r\n").as_bytes());
        // What scrolls away above may be as long as an error is; the picture never wraps.
        let columns = u16::try_from(self.screen.columns).unwrap();
        let from = self.terminal.screen().rows(0, columns).position(|row| row.contains("/70")).unwrap_or(self.screen.rows);
        let wraps = |row| self.terminal.screen().row_wrapped(u16::try_from(row).unwrap());
        assert!(!(from..self.screen.rows).any(wraps), "a line of the picture wraps:\n{}", self.text());
    }

    /// All that happens up to a moment, drawn as often as a second.
    fn until(&mut self, events: &[Stamped], end: Duration) {
        let mut drawn = Duration::ZERO;
        for event in events.iter().filter(|event| event.elapsed <= end) {
            while drawn + Duration::from_secs(1) < event.elapsed {
                drawn += Duration::from_secs(1);
                let text = self.live.draw(drawn, self.screen);
                self.write(&text);
            }
            let text = self.live.take(event, self.screen);
            self.write(&text.unwrap_or_default());
        }
        let text = self.live.draw(end, self.screen);
        self.write(&text);
    }

    fn text(&self) -> String {
        self.terminal.screen().contents()
    }

    /// How many rows of the screen the picture takes, from its first line on.
    fn rows_of_picture(&self) -> usize {
        let text = self.text();
        let from = text.lines().position(|line| line.contains(" done, ")).unwrap_or_else(|| panic!("no picture:\n{text}"));
        text.lines().count() - from
    }
}

/// What stands on a window at a moment of a run.
fn seen(plan: &Plan, events: &[Stamped], at: Duration, screen: Screen) -> String {
    let mut seen = Seen::new(plan, screen, Style { width: screen.columns, ..FANCY });
    seen.until(events, at);
    assert!(seen.rows_of_picture() < screen.rows);
    format!("{} x {}, after {} s\n{}\n", screen.columns, screen.rows, at.as_secs(), seen.text())
}

fn both(plan: &Plan, events: &[Stamped], at: Duration) -> String {
    [LARGE, SMALL].map(|screen| seen(plan, events, at, screen)).join("\n")
}

fn whole(events: &[Stamped]) -> Duration {
    events.last().unwrap().elapsed
}

#[test]
fn at_the_start() {
    let plan = plan();
    insta::assert_snapshot!(both(&plan, &recorded(&plan, "done"), Duration::from_secs(2)));
}

#[test]
fn at_a_third() {
    let plan = plan();
    let events = recorded(&plan, "done");
    insta::assert_snapshot!(both(&plan, &events, whole(&events) / 3));
}

#[test]
fn on_failure() {
    let plan = plan();
    let events = recorded(&plan, "failed");
    let failed = events.iter().find(|event| matches!(event.event, Event::StepFailed { .. })).unwrap().elapsed;
    insta::assert_snapshot!(both(&plan, &events, failed + Duration::from_secs(1)));
}

#[test]
fn on_ctrl_c() {
    let plan = plan();
    let mut events = recorded(&plan, "stopped");
    let stopping = events.iter().find(|event| matches!(event.event, Event::Stopping { .. })).unwrap().elapsed;
    // Its end leaves no picture: this is what stands there until then.
    events.retain(|event| !matches!(event.event, Event::RunFinished { .. }));
    insta::assert_snapshot!(both(&plan, &events, stopping));
}

#[test]
fn no_window_is_too_small_and_none_too_large() {
    let plan = plan();
    let events = recorded(&plan, "failed");
    let whole = whole(&events);
    for (columns, rows) in [(200, 60), (80, 24), (61, 12), (40, 10), (40, 5), (20, 4), (11, 3)] {
        let screen = Screen { columns, rows };
        for tenth in [1, 3, 8] {
            let mut seen = Seen::new(&plan, screen, Style { width: columns, ..FANCY });
            seen.until(&events, whole * tenth / 10);
            let text = seen.text();
            assert!(text.lines().count() <= rows, "{columns} x {rows}:\n{text}");
            assert_eq!(text.matches("/70").count(), 1, "one counter on {columns} x {rows}:\n{text}");
        }
    }
}

#[test]
fn a_window_that_becomes_narrower_or_wider_has_one_picture() {
    let plan = plan();
    let events = recorded(&plan, "done");
    let mut seen = Seen::new(&plan, LARGE, FANCY);
    seen.until(&events, whole(&events) / 3);
    for columns in [60, 45, 80, 41] {
        seen.screen = Screen { columns, ..LARGE };
        seen.terminal.screen_mut().set_size(24, u16::try_from(columns).unwrap());
        let text = seen.live.draw(whole(&events) / 3, seen.screen);
        seen.write(&text);
        let text = seen.text();
        assert_eq!(text.lines().filter(|line| line.contains(" done, ")).count(), 1, "{columns} columns:\n{text}");
    }
}

#[test]
fn a_note_stands_above_the_picture_and_the_end_leaves_none() {
    let plan = plan();
    let events = recorded(&plan, "done");
    let mut seen = Seen::new(&plan, LARGE, FANCY);
    seen.until(&events, Duration::from_secs(2));
    let text = seen.live.note("     143ms  ec2:CreateVpc  af-south-1  ok 200", Duration::from_secs(2), LARGE);
    seen.write(&text);
    let text = seen.text();
    let place = |part: &str| text.lines().position(|line| line.contains(part)).unwrap_or_else(|| panic!("{part} in\n{text}"));
    assert!(place("ec2:CreateVpc") < place(" done, "), "{text}");
    seen.until(&events, whole(&events));
    assert!(seen.live.is_over() && !seen.text().contains(" done, "), "{}", seen.text());
}

#[test]
fn nothing_is_told_by_colour_alone() {
    let plan = plan();
    let events = recorded(&plan, "failed");
    let at = whole(&events) / 3;
    let text = |color| {
        let mut seen = Seen::new(&plan, LARGE, Style { color, ..FANCY });
        seen.until(&events, at);
        seen.text()
    };
    assert_eq!(text(true), text(false));
}

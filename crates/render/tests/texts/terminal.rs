//! What a person sees while a cluster is made, read back from a terminal: the plan of dev, played by the durations that its kinds
//! expect, on a large window and a small one.

use std::collections::BTreeMap;
use std::time::Duration;

use bbws_engine::{Picture, Schedule, expected};
use bbws_model::{Class, CloudError, Event, Mode, Outcome, Phase, Plan, RunId, Stamped, State, StepId, Why};
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

/// What AWS says while it makes one.
fn phase(kind: &str) -> &'static str {
    match kind {
        "certificate" => "ACM waits for its DNS record",
        "db-instance" => "RDS says `creating`",
        "distribution" => "CloudFront tells its edges (InProgress)",
        "load-balancer" => "ELB provisions the load balancer",
        "nat-gateway" => "AWS makes the NAT gateway available, which takes 1 to 3 minutes",
        "mount-target" => "EFS says `creating`",
        _ => "AWS makes it",
    }
}

/// A run of the plan in which every step takes its expected time, more or less, and one fails.
fn play(plan: &Plan, fails: Option<&str>) -> Vec<Stamped> {
    let kinds = kinds();
    let begun: jiff::Timestamp = "2026-11-26T08:00:00Z".parse().unwrap();
    let mut events = vec![];
    let mut tell = |elapsed: Duration, event| events.push(Stamped { at: begun + elapsed, elapsed, event });
    tell(Duration::ZERO, Event::RunStarted { environment: "dev".into(), run: RunId("R".into()), mode: Mode::Apply });
    let (mut schedule, mut now) = (Schedule::new(&plan.steps, &kinds), Duration::ZERO);
    let mut at_work: BTreeMap<(Duration, StepId), Duration> = BTreeMap::new();
    loop {
        for id in schedule.start() {
            let step = plan.step(id).unwrap();
            let usual = expected(step, &kinds);
            tell(now, Event::StepStarted { step: id, address: step.address.clone(), verb: "create".into(), expected: usual });
            // From 0.8 to 1.2 of it, by the step's number.
            let took = usual.mul_f64(0.8 + 0.4 * ((id.0 * 37 % 61) as f64 / 60.0)).max(Duration::from_millis(400));
            at_work.insert((now + took, id), now);
        }
        let Some(((end, id), since)) = at_work.pop_first() else { break };
        let step = plan.step(id).unwrap();
        let took = end - since;
        if took > Duration::from_secs(10) {
            let waited = Duration::from_secs(3);
            let phase = Phase::Pending(phase(step.address.kind()).into());
            tell(since + waited, Event::StepWaiting { step: id, address: step.address.clone(), phase, waited });
        }
        now = end;
        if fails == Some(step.address.to_string().as_str()) {
            let error = CloudError {
                code: "InternalError".into(),
                ..CloudError::own("ec2:CreateNatGateway", Class::Invalid, "Network interface could not be created.")
            };
            tell(now, Event::StepFailed { step: id, address: step.address.clone(), error });
            for skipped in schedule.failed(id) {
                let address = plan.step(skipped).unwrap().address.clone();
                tell(now, Event::StepSkipped { step: skipped, address, because: Some(id) });
            }
        } else {
            tell(now, Event::StepFinished { step: id, address: step.address.clone(), took, aws: took });
            schedule.finished(id);
        }
    }
    let counts = bbws_model::Counts::of(&plan.steps);
    let outcome = if fails.is_some() { Outcome::Failed } else { Outcome::Done };
    tell(now, Event::RunFinished { outcome, counts, took: now, own: Duration::ZERO });
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
        let text = self.text();
        let from = text.lines().position(|line| line.contains("/70")).unwrap_or(self.screen.rows);
        let wraps = |row| self.terminal.screen().row_wrapped(u16::try_from(row).unwrap());
        assert!(!(from..self.screen.rows).any(wraps), "a line of the picture wraps:\n{text}");
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
    insta::assert_snapshot!(both(&plan, &play(&plan, None), Duration::from_secs(2)));
}

#[test]
fn at_a_third() {
    let plan = plan();
    let events = play(&plan, None);
    insta::assert_snapshot!(both(&plan, &events, whole(&events) / 3));
}

#[test]
fn on_failure() {
    let plan = plan();
    let events = play(&plan, Some("nat-gateway.a"));
    let failed = events.iter().find(|event| matches!(event.event, Event::StepFailed { .. })).unwrap().elapsed;
    insta::assert_snapshot!(both(&plan, &events, failed + Duration::from_secs(1)));
}

#[test]
fn on_ctrl_c() {
    let plan = plan();
    let mut events = play(&plan, None);
    let third = whole(&events) / 3;
    events.retain(|event| event.elapsed <= third);
    let at = events.last().unwrap().at;
    events.push(Stamped { at, elapsed: third, event: Event::Stopping { why: Why::Drain } });
    let to_come: Vec<_> = plan.steps.iter().filter(|step| !events.iter().any(|event| started(event, step.id))).collect();
    for step in to_come {
        events.push(Stamped {
            at,
            elapsed: third,
            event: Event::StepSkipped { step: step.id, address: step.address.clone(), because: None },
        });
    }
    insta::assert_snapshot!(both(&plan, &events, third + Duration::from_millis(400)));
}

fn started(event: &Stamped, id: StepId) -> bool {
    matches!(&event.event, Event::StepStarted { step, .. } if *step == id)
}

#[test]
fn no_window_is_too_small_and_none_too_large() {
    let plan = plan();
    let events = play(&plan, Some("nat-gateway.a"));
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
    let events = play(&plan, None);
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
    let events = play(&plan, None);
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
    let events = play(&plan, Some("nat-gateway.a"));
    let at = whole(&events) / 3;
    let text = |color| {
        let mut seen = Seen::new(&plan, LARGE, Style { color, ..FANCY });
        seen.until(&events, at);
        seen.text()
    };
    assert_eq!(text(true), text(false));
}

//! Runs that are stopped, killed, or meet another.

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Place, ran};

/// A run that takes its time: AWS's minutes pass in about a second each.
fn slow(place: &Place) -> Child {
    place
        .command(["apply", "dev", "--sandbox", "--yes", "--sandbox-speed", "60", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs")
}

/// Reads the run's events until one of this type has come so often; the reader must stay, or the run would write into the void.
fn until(child: &mut Child, event: &str, times: usize) -> Lines<BufReader<ChildStdout>> {
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let mark = format!("\"event\":\"{event}\"");
    for _ in 0..times {
        lines.find(|line| line.as_ref().is_ok_and(|line| line.contains(&mark))).expect("the event comes").expect("text");
    }
    lines
}

fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").arg(format!("-{name}")).arg(child.id().to_string()).status().is_ok_and(|status| status.success()));
}

#[test]
fn a_stopped_run_keeps_what_exists_and_the_next_goes_on() {
    let place = Place::new();
    for name in ["INT", "TERM"] {
        let mut child = slow(&place);
        let reader = until(&mut child, "step-finished", 2);
        let began = Instant::now();
        signal(&child, name);
        drop(reader);
        let stopped = ran(child.wait_with_output().unwrap()).exits(130);
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}\n{}", began.elapsed(), stopped.err);
        let kept = place.bbws("state list dev --sandbox --json").exits(0).json();
        assert!(!kept["resources"].as_array().unwrap().is_empty());
    }
    place.bbws("apply dev --sandbox --yes").exits(0);
    place.bbws("plan dev --sandbox --detailed-exitcode").exits(0);
}

#[test]
fn a_killed_run_is_taken_over_by_the_next() {
    let place = Place::new();
    let mut child = slow(&place);
    let reader = until(&mut child, "step-finished", 5);
    child.kill().unwrap();
    child.wait().unwrap();
    drop(reader);
    place.bbws("apply dev --sandbox --yes").exits(0);
    place.bbws("plan dev --sandbox --detailed-exitcode").exits(0);
    place.bbws("destroy dev --sandbox --confirm wp-dev-cluster").exits(0);
}

#[test]
fn one_writer_at_a_time() {
    let place = Place::new();
    let mut child = slow(&place);
    let reader = until(&mut child, "step-finished", 1);
    let held = place.bbws("apply dev --sandbox --yes").exits(73);
    assert!(held.err.contains("another run is at work in dev") && held.err.contains(&child.id().to_string()), "{}", held.err);
    // Looking is free.
    place.bbws("plan dev --sandbox").exits(0);
    place.bbws("state list dev --sandbox").exits(0);
    child.kill().unwrap();
    child.wait().unwrap();
    drop(reader);
}

#[test]
fn a_store_that_cannot_be_written_is_74() {
    let place = Place::new();
    std::fs::create_dir_all(place.path("state/sandbox")).unwrap();
    std::fs::write(place.path("state/sandbox/dev"), "a file where a folder should be").unwrap();
    let failed = place.bbws("apply dev --sandbox --yes").exits(74);
    assert!(failed.err.contains("state store"), "{}", failed.err);
}

//! Runs that are stopped, killed, or meet another.

use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bbws_cli::{LocalStore, SystemClock};
use bbws_engine::{Log, Opening};
use bbws_model::{Mode, Record, World};
use bbws_testkit::{SeededIds, sample};
use serde_json::Value;

use crate::stand_in::{self, Weather};
use crate::support::{Place, in_a_terminal, ran};

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
    for name in ["INT", "TERM", "HUP"] {
        let mut child = slow(&place);
        let reader = until(&mut child, "step-finished", 2);
        signal(&child, name);
        let stopped = stopped(child, reader);
        assert!(stopped.took <= LONGEST, "{:?} of the run's own clock", stopped.took);
        closed(&place);
        let kept = place.bbws("state list dev --sandbox --json").exits(0).json();
        assert!(!kept["resources"].as_array().unwrap().is_empty());
    }
    place.bbws("apply dev --sandbox --yes").exits(0);
    place.at_rest("dev");
}

/// By the run's own clock, which on a busy machine is the only one that tells: 1.5 s for what is in flight, and 0.5 s for
/// the log. At this speed the clock moves by 0.6 s at a time.
const LONGEST: Duration = Duration::from_millis(2000 + 600);

/// How a run ended that was told to stop.
struct Stopped {
    /// Why it said it was stopping, each time.
    why: Vec<String>,
    /// From the first of these to its end, by its own clock.
    took: Duration,
}

/// Reads the run to its end.
fn stopped(child: Child, reader: Lines<BufReader<ChildStdout>>) -> Stopped {
    let events = reader.map(|line| serde_json::from_str(&line.expect("text")).expect("an event")).collect::<Vec<Value>>();
    ran(child.wait_with_output().expect("it ends")).exits(130);
    let at = |event: &Value| event["elapsed_ms"].as_u64().expect("a time");
    let stopping: Vec<&Value> = events.iter().filter(|event| event["event"] == "stopping").collect();
    let end = events.iter().find(|event| event["event"] == "run-finished").expect("the end");
    Stopped {
        why: stopping.iter().map(|event| event["why"].as_str().expect("why").to_owned()).collect(),
        took: Duration::from_millis(at(end) - at(stopping[0])),
    }
}

/// Demands that the log's last slot ends the run: nobody has to wait for it.
fn closed(place: &Place) {
    let mut slots: Vec<_> =
        std::fs::read_dir(place.path("state/sandbox/dev/log")).expect("a log").map(|slot| slot.expect("a slot").path()).collect();
    slots.sort();
    let last = std::fs::read_to_string(slots.last().expect("a slot")).expect("text");
    assert!(last.contains("\"close\"") && last.contains("stopped"), "{last}");
}

#[test]
fn what_never_answers_is_left_in_time_and_found_by_the_next_run() {
    let place = Place::new();
    // With one signal AWS has its moment; with two nothing is waited for.
    for signals in [1, 2] {
        let line = "apply dev --sandbox --yes --sandbox-speed 2 --json";
        let operation = if signals == 1 { "CreateVpc" } else { "CreateSubnet" };
        let mut command = stand_in::command(&place, line, Some((operation, Weather::Silent)), 1);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let kind = if signals == 1 { "\"vpc.main\"" } else { "\"subnet." };
        let mut reader = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        reader.find(|line| line.as_ref().is_ok_and(|line| line.contains("step-started") && line.contains(kind))).unwrap().unwrap();
        // The request leaves right after its intent is in the log.
        while !open(&place).iter().any(|address| format!("\"{address}").contains(kind.trim_end_matches('"'))) {
            std::thread::sleep(Duration::from_millis(20));
        }
        signal(&child, "TERM");
        if signals == 2 {
            reader.find(|line| line.as_ref().is_ok_and(|line| line.contains("\"stopping\""))).unwrap().unwrap();
            signal(&child, "TERM");
        }
        let stopped = stopped(child, reader);
        if signals == 1 {
            assert_eq!(stopped.why, ["drain", "abort"]);
            assert!((1500..=1600).contains(&stopped.took.as_millis()), "{:?}", stopped.took);
        } else {
            assert_eq!(stopped.why, ["abort"], "the first was read before");
            assert!(stopped.took.as_millis() <= 100, "{:?}", stopped.took);
        }
        closed(&place);
        assert!(!open(&place).is_empty(), "what became of the request is not known yet");
    }
    place.bbws("apply dev --sandbox --yes").exits(0);
    let cloud = place.cloud();
    let network = &cloud["accounts"]["536580886816"]["regions"]["af-south-1"];
    assert_eq!(network["vpcs"].as_object().map(|vpcs| vpcs.len()), Some(1), "{network}");
    place.at_rest("dev");
}

/// The key in a real terminal: what the person is told, and that the second one does not wait for the moment that AWS is given.
#[test]
fn ctrl_c_says_what_is_waited_for_and_a_second_one_stops_at_once() {
    let place = Place::new();
    let line = "apply dev --sandbox --yes --sandbox-speed 2";
    // The subnets never answer, and the picture shows for how long they have been asked for by the run's own clock.
    let hanging = stand_in::command(&place, line, Some(("CreateSubnet", Weather::Silent)), 1);
    // On a busy machine a second of it may be missing.
    let typing = [("3s of ~4s  creating|4s of ~4s  creating|5s of ~4s  creating|of ~4s, slow", "^C"), ("waiting for", "^C")];
    let ran = ran(in_a_terminal(&hanging, &typing).output().expect("python3 runs it")).exits(130);
    for told in ["stopping; Ctrl-C again: at once", "waiting for", "stopping at once", "at work when it stopped", "To go on: "] {
        assert!(ran.out.contains(told), "`{told}` in\n{}", ran.out);
    }
    let record = std::fs::read_dir(place.path("state/sandbox/dev/runs")).expect("records").map(|file| file.expect("a file").path());
    let events =
        record.filter(|path| path.extension().is_some_and(|end| end == "jsonl")).map(|path| std::fs::read_to_string(path).expect("text"));
    let events: Vec<Value> =
        events.flat_map(|text| text.lines().map(|line| serde_json::from_str(line).expect("an event")).collect::<Vec<_>>()).collect();
    let stopping: Vec<&Value> = events.iter().filter(|event| event["event"] == "stopping").collect();
    assert_eq!(stopping.iter().map(|event| &event["why"]).collect::<Vec<_>>(), ["drain", "abort"]);
    let end = events.iter().find(|event| event["event"] == "run-finished").expect("the end");
    let at = |event: &Value| event["elapsed_ms"].as_u64().expect("a time");
    assert!(at(end) - at(stopping[1]) < 1500, "the moment that AWS is given: {stopping:?} {end}");
    closed(&place);
    place.bbws("apply dev --sandbox --yes").exits(0);
    place.bbws("plan dev --sandbox --detailed-exitcode").exits(0);
}

/// The resources about which a request is open in the log.
fn open(place: &Place) -> Vec<String> {
    let read = place.bbws("state show dev --sandbox --json");
    let state: Value = serde_json::from_str(&read.out).unwrap_or_default();
    let open = state["open"].as_object().into_iter().flatten();
    open.filter_map(|(_, intent)| intent["intent"]["address"].as_str().or(intent["address"].as_str()).map(str::to_owned)).collect()
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
    place.at_rest("dev");
    // What a killed destroy has removed is no output any more.
    let vpc = place.bbws("output dev acm_certificate_arn --sandbox").exits(0).out;
    assert!(vpc.starts_with("arn:"), "{vpc}");
    let line = ["destroy", "dev", "--sandbox", "--confirm", "wp-dev-cluster", "--sandbox-speed", "60", "--json"];
    let mut child = place.command(line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
    let reader = until(&mut child, "step-finished", 25);
    child.kill().unwrap();
    child.wait().unwrap();
    drop(reader);
    let left = place.bbws("output dev --sandbox --json").exits(0);
    assert!(left.err.contains("has removed what these told of"), "{}", left.err);
    let entries = place.state("dev")["entries"].clone();
    for (name, value) in left.json().as_object().expect("outputs") {
        if value.is_null() && left.err.contains(&format!(" {name},")) {
            let gone = place.bbws(&format!("output dev {name} --sandbox")).exits(1);
            assert!(gone.err.contains("is gone") && gone.err.contains("[E-UNKNOWN]"), "{}", gone.err);
            break;
        }
    }
    assert_eq!(left.json()["vpc_id"].is_null(), entries.get("vpc.main").is_none());
    place.bbws("destroy dev --sandbox --confirm wp-dev-cluster").exits(0);
    let none = place.bbws("output dev --sandbox").exits(0).out;
    assert!(none.contains("destroyed or not applied yet"), "{none}");
}

#[test]
fn one_writer_at_a_time() {
    let place = Place::new();
    let mut child = slow(&place);
    let reader = until(&mut child, "step-finished", 1);
    let held = place.bbws("apply dev --sandbox --yes").exits(73);
    assert!(held.err.contains("another run is at work in dev") && held.err.contains(&child.id().to_string()), "{}", held.err);
    // Looking is free.
    let plan = place.bbws("plan dev --sandbox").exits(0);
    assert!(plan.err.contains("is at work (") && plan.err.contains("apply dev --sandbox"), "{}", plan.err);
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

#[test]
fn a_run_that_is_unlocked_is_fenced_and_the_next_goes_on() {
    let place = Place::new();
    let mut child = slow(&place);
    let reader = until(&mut child, "step-finished", 2);
    // Its owner is shown first, and nothing is done without a yes.
    let asked = place.bbws("state unlock dev --sandbox").exits(3);
    assert!(asked.err.contains(&child.id().to_string()), "{}", asked.err);
    let unlocked = place.bbws("state unlock dev --sandbox --yes").exits(0);
    assert!(unlocked.out.contains("dev is free") && unlocked.out.contains("can write nothing"), "{}", unlocked.out);
    reader.for_each(drop);
    let fenced = ran(child.wait_with_output().expect("it ends")).exits(70);
    assert!(fenced.err.contains("another run has taken dev over"), "{}", fenced.err);
    place.bbws("apply dev --sandbox --yes").exits(0);
    place.at_rest("dev");
    let history = place.bbws("state history dev --sandbox").exits(0).out;
    assert!(history.contains("  state unlock by "), "{history}");
}

/// Takes dev as a run of another machine does, whoever holds it.
fn taken_elsewhere(place: &Place, runtime: &tokio::runtime::Runtime) -> Log {
    let store = LocalStore::new(place.path("state/sandbox/dev"));
    let opening = Opening {
        owner: sample::owner("ELSEWHERE"),
        world: World::Sandbox,
        account: "536580886816".parse().expect("an account"),
        region: "af-south-1".into(),
        mode: Mode::Apply,
        plan: None,
        grounds: vec![],
    };
    let opened = Log::open(Arc::new(store), Arc::new(SystemClock::default()), Arc::new(SeededIds::default()), opening, &|_| true);
    runtime.block_on(opened).expect("it is taken")
}

#[test]
fn a_run_of_another_machine_is_watched_before_it_is_taken_over() {
    let place = Place::new();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    // A run is killed in the middle; what it left open another machine looks at.
    let mut child = slow(&place);
    let reader = until(&mut child, "step-finished", 5);
    child.kill().unwrap();
    child.wait().unwrap();
    drop(reader);
    let lives = taken_elsewhere(&place, &runtime);
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::SeqCst) {
                runtime.block_on(lives.append(vec![Record::Heartbeat])).expect("it is not taken over");
                std::thread::sleep(Duration::from_millis(100));
            }
        });
        // A minute of its clock is 12 seconds of the other's.
        let held = place.bbws("apply dev --sandbox --yes --sandbox-speed 5");
        over.store(true, Ordering::SeqCst);
        let held = held.exits(73);
        assert!(
            held.err.contains("held by a run of thandi on laptop") && held.err.contains("another run is at work in dev"),
            "{}",
            held.err
        );
    });
    // It has stopped.
    let taken = place.bbws("apply dev --sandbox --yes").exits(0);
    assert!(taken.err.contains("It has not written anything for a minute"), "{}", taken.err);
    runtime.block_on(lives.append(vec![Record::Heartbeat])).expect_err("it can write nothing any more");
    place.at_rest("dev");
    // Nothing was left to do, and it stopped before it gave the environment back.
    drop(taken_elsewhere(&place, &runtime));
    let tidied = place.bbws("apply dev --sandbox --yes").exits(0);
    assert!(tidied.err.contains("An interrupted run held the environment; it is free"), "{}", tidied.err);
    assert!(place.bbws("state unlock dev --sandbox").exits(0).out.contains("Nobody holds dev"));
}

#[test]
fn credentials_that_end_in_the_middle_leave_all_that_was_done_recorded() {
    let place = Place::new();
    let line = place.command("apply dev --sandbox --yes".split(' '));
    let expired = (400, "ExpiredToken", "The security token included in the request is expired");
    let ended = ran(stand_in::answer(&line, "CreateSubnet", expired).output().expect("a run")).exits(75);
    for told in ["the credentials for dev have run out", "there were no others for 15 minutes", "bbws apply dev --sandbox"] {
        assert!(ended.err.contains(told), "{told} in {}", ended.err);
    }
    let state = place.state("dev");
    let recorded: Vec<&String> = state["entries"].as_object().expect("entries").keys().collect();
    assert!(recorded.iter().any(|address| *address == "vpc.main"), "{recorded:?}");
    assert!(!recorded.iter().any(|address| address.starts_with("subnet.")), "{recorded:?}");
    assert!(place.bbws("state unlock dev --sandbox").exits(0).out.contains("Nobody holds dev"), "it has given it back");
    place.bbws("apply dev --sandbox --yes").exits(0);
    place.at_rest("dev");
}

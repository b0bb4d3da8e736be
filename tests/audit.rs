//! `[audit] log_group`: what a run's events are in CloudWatch Logs, and that no run depends on it.

use std::fs;

use serde_json::{Value, json};

use crate::iam::{policies, without_of};
use crate::support::Place;

const GROUP: &str = "/bbws/audit/dev";

/// The streams of a group, each with its lines.
fn streams(place: &Place, group: &str) -> Vec<(String, Vec<Value>)> {
    let streams = place.cloud()["accounts"]["536580886816"]["regions"]["af-south-1"]["log_groups"][group]["streams"].take();
    let Value::Object(streams) = streams else { return vec![] };
    streams.into_iter().map(|(name, rows)| (name, rows.as_array().expect("lines").clone())).collect()
}

/// The events of the last run, as the store has them.
fn last_run(place: &Place) -> (String, Vec<String>) {
    let run = place.bbws("runs dev --sandbox --json").exits(0).json()["runs"][0]["run"].as_str().expect("a run").to_owned();
    let kept = fs::read_to_string(place.path(&format!("state/sandbox/dev/runs/{run}.jsonl"))).expect("events");
    (run, kept.lines().map(str::to_owned).collect())
}

fn unbroken(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_runs_events_stand_in_the_group_and_a_run_goes_its_way_without_it() {
    let place = Place::new();
    let shipped = place.file("dev");
    place.write("dev", &format!("{shipped}\n[audit]\nlog_group = \"{GROUP}\"\n"));
    // The policies that are printed are enough, and are all that is used.
    let held = policies(&place, "", "whole");
    let apply = "apply dev --sandbox --yes --target log-group.ecs --target role.ecs-execution";
    let done = place.bbws(&format!("{apply}{held}")).exits(0);
    assert!(!done.out.contains("are not in the log group"), "{}", done.out);
    let (run, events) = last_run(&place);
    let all = streams(&place, GROUP);
    assert_eq!(all.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>(), [format!("dev/{run}")]);
    let lines = &all[0].1;
    assert_eq!(lines.iter().map(|line| line["message"].as_str().expect("a text")).collect::<Vec<_>>(), events, "as --json prints them");
    assert!(lines.is_sorted_by_key(|line| line["at_ms"].as_i64()) && events.len() > 5, "{lines:?}");

    // Without leave to write there the run is as good, and one warning says what lacks.
    place.edit("dev", "retention_days = 7", "retention_days = 14");
    let lacking = without_of(&place, "whole", &["logs:PutLogEvents"]);
    let done = place.bbws(&format!("{apply}{lacking}")).exits(0);
    let (run, events) = last_run(&place);
    let told = unbroken(&done.out);
    for part in [
        format!("Warning: {} events of this run are not in the log group {GROUP} that [audit] names", events.len()),
        "Allow logs:PutLogEvents to".to_owned(),
        format!("bbws runs dev {run} --sandbox"),
        "Verified".to_owned(),
    ] {
        assert!(told.contains(&part), "{part} in\n{}", done.out);
    }
    assert_eq!(done.out.matches("are not in the log").count(), 1, "{}", done.out);
    place.edit("dev", "retention_days = 14", "retention_days = 30");
    let done = place.bbws(&format!("{apply} --json{lacking}")).exits(0);
    let line = done.err.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).find(|line| line["event"] == "unaudited");
    assert_eq!(line.unwrap_or_else(|| panic!("{}", done.err))["group"], GROUP);

    // A group of the file's own: it comes while the run that makes it is at work, and goes with the one that removes it.
    let own = "[audit]\nlog_group = \"/bbws/own\"\n[resource.log-group.audit]\nname = \"/bbws/own\"\n";
    place.write("dev", &format!("{shipped}\n{own}"));
    place.bbws("apply dev --sandbox --yes --target log-group.audit").exits(0);
    let (run, events) = last_run(&place);
    let all = streams(&place, "/bbws/own");
    assert_eq!((all[0].0.as_str(), all[0].1.len()), (format!("dev/{run}").as_str(), events.len()));
    let gone = unbroken(&place.bbws("destroy dev --sandbox --confirm wp-dev-cluster").exits(0).out);
    for part in ["are not in the log group /bbws/own", "aws logs create-log-group --log-group-name /bbws/own --region af-south-1"] {
        assert!(gone.contains(part), "{part} in\n{gone}");
    }
    assert_eq!(place.state("dev")["entries"], json!({}));
}

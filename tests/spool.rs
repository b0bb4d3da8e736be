//! A state store that goes away in the middle of a run.

use std::fs;

use serde_json::Value;

use crate::stand_in::{Weather, command};
use crate::support::{Place, ran};

/// The names in a folder, without folders.
fn files(place: &Place, folder: &str) -> Vec<String> {
    let Ok(entries) = fs::read_dir(place.path(folder)) else { return vec![] };
    let files = entries.map(|entry| entry.expect("an entry")).filter(|entry| entry.path().is_file());
    files.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// A run that has sent its first requests when its store goes away, and the store back.
fn interrupted() -> (Place, crate::support::Ran) {
    let place = Place::new();
    let line = "apply dev --sandbox --yes";
    let gone = ran(command(&place, line, Some(("CreateVpc", Weather::StoreGone)), 1).output().expect("a run")).exits(74);
    let log = place.path("state/sandbox/dev/log");
    fs::remove_file(&log).expect("a file");
    fs::rename(place.path("state/sandbox/dev/log-away"), &log).expect("a log");
    (place, gone)
}

/// The results in the log, each with the run that recorded it.
fn results(place: &Place) -> Vec<(String, Value)> {
    let mut names = files(place, "state/sandbox/dev/log");
    names.sort();
    let read = |name: &String| -> Value {
        let bytes = fs::read(place.path(&format!("state/sandbox/dev/log/{name}"))).expect("a slot");
        serde_json::from_slice(&bytes).expect("JSON")
    };
    let slots: Vec<Value> = names.iter().map(read).collect();
    let of = |slot: &Value| -> Vec<(String, Value)> {
        let records = slot["records"].as_array().expect("records").iter();
        let results = records.filter(|record| record["record"] == "result");
        results.map(|record| (slot["run"].as_str().expect("a run").to_owned(), record.clone())).collect()
    };
    slots.iter().flat_map(of).collect()
}

#[test]
fn what_a_run_learned_while_its_store_was_away_is_kept_and_used() {
    let (place, gone) = interrupted();
    for told in ["is kept in", "state/sandbox/dev/spool", "bbws apply dev --sandbox"] {
        assert!(gone.err.contains(told), "{told} in {}", gone.err);
    }
    let kept = files(&place, "state/sandbox/dev/spool");
    assert!(!kept.is_empty() && results(&place).is_empty(), "{kept:?}: the log knows of no end yet");
    let plan = place.bbws("plan dev --sandbox").exits(0);
    assert!(plan.err.contains("the next apply records it"), "{}", plan.err);
    assert_eq!(files(&place, "state/sandbox/dev/spool"), kept, "a plan changes nothing");

    let again = place.bbws("apply dev --sandbox --yes").exits(0);
    assert!(again.err.contains("kept on this machine"), "{}", again.err);
    assert_eq!(files(&place, "state/sandbox/dev/spool"), Vec::<String>::new());
    let first = results(&place);
    assert_eq!(first[0].1["outcome"]["result"], "done", "what AWS answered, not what a look showed: {first:?}");
    let shown = place.bbws("sandbox show --json").exits(0).json();
    let vpcs = shown["things"].as_array().expect("things").iter().filter(|thing| thing["kind"] == "vpc").count();
    assert_eq!(vpcs, 1, "nothing is made twice");
    place.at_rest("dev");
}

#[test]
fn a_spool_of_another_state_is_set_aside_and_told() {
    let (place, _) = interrupted();
    let kept = files(&place, "state/sandbox/dev/spool");
    // The cluster and its state are given up, and made anew: another lineage.
    let spool = place.path("state/sandbox/dev/spool");
    fs::rename(&spool, place.path("spool")).expect("a spool");
    place.bbws("sandbox reset").exits(0);
    fs::create_dir_all(spool.parent().expect("a folder")).expect("a folder");
    fs::rename(place.path("spool"), &spool).expect("a spool");
    let made = place.bbws("apply dev --sandbox --yes").exits(0);
    assert!(made.err.contains("does not fit the log: it is of the state"), "{}", made.err);
    assert_eq!((files(&place, "state/sandbox/dev/spool").len(), files(&place, "state/sandbox/dev/spool/aside")), (0, kept));
    let quiet = place.bbws("apply dev --sandbox --yes").exits(0);
    assert!(!quiet.err.contains("spool"), "{}", quiet.err);
}

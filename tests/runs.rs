//! Runs: what is kept of them, how they are told and played again, and the way back to an earlier one.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::stand_in::{self, Weather};
use crate::support::{Place, edited, in_a_terminal, ran, steps};

/// The runs, the newest first.
fn runs(place: &Place) -> Vec<Value> {
    place.bbws("runs dev --sandbox --json").exits(0).json()["runs"].as_array().expect("runs").clone()
}

fn id(run: &Value) -> String {
    run["run"].as_str().expect("an id").to_owned()
}

/// Applies, and answers the run.
fn applied(place: &Place) -> String {
    place.bbws("apply dev --sandbox --yes").exits(0);
    id(&runs(place)[0])
}

fn write(place: &Place, edits: &[(&str, &str)]) {
    let text = edited(&place.file("dev"), edits);
    place.write("dev", &text);
}

#[test]
fn one_goes_back_to_what_an_earlier_run_wanted() {
    let place = Place::new();
    let shipped = place.file("dev");
    let first = applied(&place);
    write(
        &place,
        &[
            ("logs", "retention_days = 14"),
            ("rds", "storage = 40"),
            ("+", "[resource.log-group.extra]\nname = \"/extra\"\nretention_days = 7"),
        ],
    );
    let second = applied(&place);
    assert_ne!(first, second);

    let plan = place.bbws(&format!("plan dev --sandbox --json --back-to {}", first.to_lowercase())).exits(0).json();
    assert_eq!(plan["basis"]["back_to"].as_str(), Some(first.as_str()));
    let planned = steps(&plan);
    assert!(planned.contains(&"-log-group.extra".to_owned()) && planned.contains(&"~log-group.ecs".to_owned()), "{planned:?}");
    assert!(!planned.iter().any(|step| step.contains("db-instance")), "storage does not shrink: {planned:?}");
    let notes = plan["notes"].to_string();
    assert!(notes.contains("`storage_gib` stays 40: nothing takes it back to 20 [E-BACK]"), "{notes}");
    assert!(notes.contains("an apply without --back-to leads there again"), "{notes}");

    // It is agreed on like any other plan.
    let refused = place.bbws(&format!("apply dev --sandbox --back-to {first}")).exits(3);
    assert!(refused.err.contains("[E-CONSENT]"), "{}", refused.err);
    let back = place.bbws(&format!("apply dev --sandbox --yes --back-to {first}")).exits(0);
    assert!(back.err.contains("put the file back too"), "{}", back.err);
    let told = &runs(&place)[0];
    assert_eq!((told["back_to"].as_str(), told["outcome"].as_str()), (Some(first.as_str()), Some("done")));

    place.bbws("plan dev --sandbox --detailed-exitcode").exits(2);
    place.write("dev", &shipped);
    place.at_rest("dev");
    // The file is not all that is there, and no plan can change that.
    let told = place.bbws("plan dev --sandbox").exits(0).out;
    for part in [
        "is what its file says, but for what is noted below",
        "the file says 20 for `storage_gib`, AWS has 40",
        "RDS never makes the storage",
    ] {
        assert!(told.split_whitespace().collect::<Vec<_>>().join(" ").contains(part), "{part} in\n{told}");
    }

    // A plan of the way back in a file is bound to it.
    let line = format!("plan dev --sandbox --back-to {second} -o {}", place.path("back.plan").display());
    place.bbws(&line).exits(0);
    let plan = place.path("back.plan");
    place.bbws(&format!("apply dev --sandbox --yes {}", plan.display())).exits(3);
    place.bbws(&format!("apply dev --sandbox --yes {} --back-to {second}", plan.display())).exits(0);
}

#[test]
fn after_a_failed_apply_the_command_that_is_told_leads_back() {
    let place = Place::new();
    let shipped = place.file("dev");
    let first = applied(&place);
    write(&place, &[("logs", "retention_days = 14"), ("+", "[resource.vpc.other]\ncidr = \"10.9.0.0/16\"")]);
    let line = "apply dev --sandbox --yes";
    let failed = ran(stand_in::command(&place, line, Some(("CreateVpc", Weather::Limit)), 1).output().expect("the binary runs")).exits(1);
    let command = format!("{} --back-to {first}", place.told("bbws apply dev --sandbox"));
    for command in [&command, &place.told("bbws apply dev --sandbox")] {
        assert!(failed.out.lines().any(|told| told.trim() == *command), "{command} in\n{}", failed.out);
    }
    assert_eq!(runs(&place)[0]["outcome"], "failed");

    place.pasted(&command, " --yes").exits(0);
    place.write("dev", &shipped);
    place.at_rest("dev");
}

#[test]
fn what_no_plan_brings_back_is_refused_with_the_reason() {
    let place = Place::new();
    let shipped = place.file("dev");
    write(&place, &[("+", "[resource.file-system.extra]\nbackup = false")]);
    let first = applied(&place);
    write(&place, &[("rds", "engine_version = \"8.4\"")]);
    let second = applied(&place);
    let older = place.bbws(&format!("plan dev --sandbox --back-to {first}")).exits(1).err;
    for part in ["[E-BACK]", "db-instance.main", "RDS never goes back to an older version", "that run wanted"] {
        assert!(older.contains(part), "{part} in\n{older}");
    }

    place.write("dev", &edited(&shipped, &[("rds", "engine_version = \"8.4\"")]));
    place.bbws("apply dev --sandbox --yes").exits(0);
    let gone = place.bbws(&format!("apply dev --sandbox --yes --back-to {second}")).exits(1).err;
    for part in ["[E-BACK]", "file-system.extra", "it held data and is gone since", "bbws apply dev --sandbox"] {
        assert!(gone.contains(part), "{part} in\n{gone}");
    }
    // Nothing was begun for it.
    assert_eq!(runs(&place).len(), 3);
}

/// What somebody has edited in the state since, a way back keeps in mind.
#[test]
fn the_way_back_knows_what_was_imported_moved_and_forgotten_since() {
    let place = Place::new();
    let shipped = place.file("dev");
    let first = applied(&place);
    let extra = "[resource.log-group.extra]\nname = \"/extra\"\nretention_days = 7";
    write(&place, &[("+", extra)]);
    let second = applied(&place);
    let back = |verb: &str, run: &str| format!("{verb} dev --sandbox --back-to {run}");

    // Forgotten since: that run wanted it, and it is still there. It is taken again, and not made a second time.
    place.bbws("state rm dev log-group.extra --sandbox --yes --reason test").exits(0);
    place.write("dev", &shipped);
    let plan = place.bbws(&format!("{} --json", back("plan", &second))).exits(0).json();
    assert_eq!(steps(&plan), [">log-group.extra"], "{plan:#}");
    // To the run before it there is no step: what is forgotten is nobody's.
    let plan = place.bbws(&format!("{} --json", back("plan", &first))).exits(0).json();
    assert_eq!(steps(&plan), Vec::<String>::new(), "{plan:#}");

    // Imported since: the first run knew nothing of it, and going back would destroy it.
    write(&place, &[("+", extra)]);
    place.bbws("import dev log-group.extra /extra --sandbox --yes").exits(0);
    for verb in ["plan", "apply --yes"] {
        let refused = place.bbws(&back(verb, &first)).exits(1).err;
        for part in [
            "[E-BACK]",
            "log-group.extra",
            "/extra was taken under management since: going back would destroy it",
            &format!("{} log-group.extra --reason", place.told("bbws state rm dev --sandbox")),
        ] {
            assert!(refused.contains(part), "{part} in\n{refused}");
        }
        assert!(refused.lines().filter(|line| !line.trim().is_empty()).count() <= 12, "{refused}");
    }
    // To the run that made it the way is open, and as told it is let go of first.
    place.bbws(&back("plan", &second)).exits(0);
    place.bbws("state rm dev log-group.extra --sandbox --yes --reason test").exits(0);
    place.bbws(&back("apply --yes", &first)).exits(0);
    let there = place.bbws("sandbox show --json").exits(0).json();
    assert!(there.to_string().contains("\"/extra\""), "nobody has removed it");

    // Moved since: that run wanted it under its old address.
    place.bbws("import dev log-group.extra /extra --sandbox --yes").exits(0);
    let third = id(&runs(&place)[0]);
    place.bbws("state mv dev log-group.extra log-group.audit --sandbox --yes --reason test").exits(0);
    place.write("dev", &edited(&shipped, &[("+", &extra.replace("log-group.extra", "log-group.audit"))]));
    for run in [&second, &third] {
        let plan = place.bbws(&format!("{} --json", back("plan", run))).exits(0).json();
        let other: Vec<String> = steps(&plan).into_iter().filter(|step| step != "~log-group.audit").collect();
        assert_eq!(other, Vec::<String>::new(), "only its mark is put right: {plan:#}");
    }
}

#[test]
fn a_run_is_told_and_played_again() {
    let place = Place::new();
    let run = applied(&place);
    let list = place.bbws("runs dev --sandbox").exits(0).out;
    assert!(list.contains(&run) && list.contains("apply: done") && list.contains(" steps done, took "), "{list}");

    let told = place.bbws(&format!("runs dev {} --sandbox", &run[..20])).exits(0).out;
    for part in [
        "bbws itself",
        "bbws 0.1.0",
        "none: the files stood in no git repository",
        "+ vpc.main",
        "+ db-instance.main",
        &format!("--back-to {run}"),
    ] {
        assert!(told.contains(part), "{part} in\n{told}");
    }
    let json = place.bbws(&format!("runs dev {run} --sandbox --json")).exits(0).json();
    let database =
        json["steps"].as_array().expect("steps").iter().find(|step| step["address"] == "db-instance.main").expect("the database").clone();
    assert!(database["took_ms"].as_u64() >= database["aws_ms"].as_u64() && database["aws_ms"].as_u64() > Some(60_000), "{database}");
    assert_eq!((json["outcome"].as_str(), database["how"].as_str()), (Some("done"), Some("done")));

    let again = place.bbws(&format!("runs dev {run} --sandbox --replay")).exits(0).out;
    assert!(again.contains("vpc.main: created after") && again.contains("Apply complete"), "{again}");
    let events = place.bbws(&format!("runs dev {run} --sandbox --replay --json")).exits(0).out;
    let kept = fs::read_to_string(place.path(&format!("state/sandbox/dev/runs/{run}.jsonl"))).expect("the events");
    assert_eq!(events, kept);

    // On a terminal the same is played as it was drawn.
    let line = format!("runs dev {run} --sandbox --replay --speed 2000");
    let drawn = ran(in_a_terminal(&place.command(line.split_whitespace()), &[]).output().expect("python3 runs it")).exits(0).out;
    assert!(drawn.contains("\x1b[") && drawn.contains("db-instance.main") && drawn.contains("Apply complete"), "{drawn:?}");

    place.bbws("runs dev 7 --sandbox").exits(1);
    place.bbws("runs dev --sandbox --replay").exits(64);
    old_records_are_collected(&place, &run);
}

/// What is kept of runs that the log has forgotten goes after 90 days; what the log tells of stays, however old.
fn old_records_are_collected(place: &Place, run: &str) {
    let kept = |name: &str| place.path(&format!("state/sandbox/dev/runs/{name}"));
    let record = fs::read_to_string(kept(&format!("{run}.json"))).expect("a record");
    let began = record.lines().find(|line| line.trim_start().starts_with("\"at\"")).expect("when it began").to_owned();
    let (old, young) = ("01AAAAAAAAAAAAAAAAAAAAAAAA", "01BBBBBBBBBBBBBBBBBBBBBBBB");
    let aged = |name: &str, at: Option<&str>| {
        let text = at.map_or(record.clone(), |at| record.replace(&began, &format!("  \"at\": \"{at}\",")));
        fs::write(kept(&format!("{name}.json")), text.replace(run, name)).expect("a record");
    };
    aged(old, Some("2020-01-01T00:00:00Z"));
    fs::write(kept(&format!("{old}.jsonl")), "").expect("events");
    aged(young, None);
    fs::write(kept(&format!("{run}.json")), record.replace(&began, "  \"at\": \"2020-01-01T00:00:00Z\",")).expect("a record");
    let refused = place.bbws("state gc dev --sandbox").exits(3);
    assert!(refused.out.contains("the records of 1 run.") && kept(&format!("{old}.json")).exists(), "{}", refused.out);
    let done = place.bbws("state gc dev --sandbox --yes --json").exits(0).json();
    assert_eq!((done["slots"].as_u64(), done["runs"].as_u64()), (Some(0), Some(1)), "{done}");
    for (name, stays) in
        [(format!("{old}.json"), false), (format!("{old}.jsonl"), false), (format!("{young}.json"), true), (format!("{run}.json"), true)]
    {
        assert_eq!(kept(&name).exists(), stays, "{name}");
    }
    let again = place.bbws("state gc dev --sandbox").exits(0);
    assert!(again.out.contains("Nothing to collect"), "{}", again.out);
}

/// Of a run that was killed the log tells what it did and when, and its record what it wanted.
#[test]
fn a_killed_run_is_told_from_the_log() {
    let place = Place::new();
    let mut child = place
        .command(["apply", "dev", "--sandbox", "--yes", "--sandbox-speed", "60", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the binary runs");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    for _ in 0..3 {
        lines.find(|line| line.as_ref().is_ok_and(|line| line.contains("\"event\":\"step-finished\""))).expect("a step").expect("text");
    }
    child.kill().expect("it dies");
    child.wait().expect("it is gone");
    let run = runs(&place)[0].clone();
    assert_eq!((run["outcome"].as_str(), run["what"].as_str()), (Some("not closed"), Some("apply")));
    let told = place.bbws(&format!("runs dev {} --sandbox", id(&run))).exits(0).out;
    assert!(told.contains("+ vpc.main") && told.contains("It has not given the environment back"), "{told}");
    let again = place.bbws(&format!("runs dev {} --sandbox --replay", id(&run))).exits(0);
    assert!(again.out.contains("vpc.main: creating") && again.err.contains("The log tells no more"), "{}{}", again.out, again.err);
    // What it wanted is known, and the next run finds its way there.
    place.bbws(&format!("apply dev --sandbox --yes --back-to {}", id(&run))).exits(0);
    place.at_rest("dev");
}

fn git(place: &Place, line: &str) {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=t", "-c", "user.email=t@example.com"]).args(line.split_whitespace()).current_dir(place.path("."));
    let done = command.env("HOME", place.path(".")).output().expect("git runs");
    assert!(done.status.success(), "git {line}: {}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn a_run_tells_the_commit_of_its_file_and_whether_that_was_edited() {
    let place = Place::new();
    git(&place, "init -q -b main");
    git(&place, "add environments");
    git(&place, "commit -q -m first");
    let head = fs::read_to_string(place.path(".git/refs/heads/main")).expect("a commit").trim().to_owned();
    applied(&place);
    assert_eq!(runs(&place)[0]["commit"], serde_json::json!({"id": head, "branch": "main", "dirty": false}));
    write(&place, &[("logs", "retention_days = 14")]);
    applied(&place);
    assert_eq!(runs(&place)[0]["commit"]["dirty"], true);
    assert!(Path::new(&place.path("state/sandbox/dev/runs")).is_dir());
}

//! What is refused before anything is done.

use crate::server::Server;
use crate::support::{Place, ran};

const DEV: &str = "536580886816";
const SIT: &str = "815856636111";

#[test]
fn credentials_of_another_account_stop_everything() {
    for (account, owner) in
        [(SIT, "the account of sit"), ("093646564004", "the account of prod"), ("111111111111", "none of your environments")]
    {
        let place = Place::new();
        for command in ["plan dev", "apply dev --yes", "destroy dev --confirm wp-dev-cluster"] {
            let ran = place.bbws(&format!("{command} --sandbox --sandbox-account {account}")).exits(3);
            for part in ["dev", DEV, account, owner, "Tebogo-dev", "If you meant dev", "Impact:", "nothing was read or changed"] {
                assert!(ran.err.contains(part), "{command}: {part} in\n{}", ran.err);
            }
        }
        let calls = place.bbws("sandbox calls --json").exits(0).out;
        assert!(
            calls.lines().count() == 3 && calls.lines().all(|call| call.contains("GetCallerIdentity")),
            "nothing else was asked:\n{calls}"
        );
        assert!(!place.path("state/sandbox/dev").exists(), "nothing was recorded");
    }
}

#[test]
fn a_server_whose_identity_is_another_account_stops_everything() {
    let place = Place::new();
    let server = Server::of_account(SIT);
    let mut command = place.command(["apply", "dev", "--yes"]);
    command.env("AWS_ENDPOINT_URL", server.url()).env("AWS_ACCESS_KEY_ID", "AKIATEST").env("AWS_SECRET_ACCESS_KEY", "test");
    let ran = ran(command.output().unwrap()).exits(3);
    for part in [DEV, SIT, "the account of sit", "bbws apply sit", "aws sso login --profile Tebogo-dev"] {
        assert!(ran.err.contains(part), "{part} in\n{}", ran.err);
    }
    assert_eq!(server.asked(), ["GetCallerIdentity"]);
}

#[test]
fn without_credentials_it_is_told_to_try_again_with_some() {
    let place = Place::new();
    let ran = place.bbws("plan dev").exits(75);
    assert!(ran.err.contains("cannot tell which account"), "{}", ran.err);
}

/// The ids of one world mean nothing in another.
#[test]
fn a_state_of_one_world_is_refused_in_another() {
    let place = Place::new();
    place.bbws("apply dev --sandbox --yes").exits(0);
    std::fs::rename(place.path("state/sandbox/dev"), place.path("state/dev")).unwrap();
    let before = std::fs::read_dir(place.path("state/dev/log")).unwrap().count();
    for line in ["plan dev", "apply dev --yes", "destroy dev --confirm wp-dev-cluster"] {
        let server = Server::of_account(DEV);
        let mut command = place.command(line.split_whitespace());
        command.env("AWS_ENDPOINT_URL", server.url()).env("AWS_ACCESS_KEY_ID", "AKIATEST").env("AWS_SECRET_ACCESS_KEY", "test");
        let told = ran(command.output().unwrap()).exits(3).err;
        for part in
            ["THE STATE BELONGS TO ANOTHER WORLD", "its ids belong to sandbox", &server.url(), "add `--sandbox`", "Nothing was changed"]
        {
            assert!(told.contains(part), "{line}: {part} in\n{told}");
        }
        assert_eq!(server.asked(), ["GetCallerIdentity"], "{line}: nothing else was asked");
    }
    assert_eq!(std::fs::read_dir(place.path("state/dev/log")).unwrap().count(), before, "nothing was written");
}

#[test]
fn production_is_changed_in_the_sandbox_only() {
    let place = Place::new();
    for command in ["apply prod --yes", "destroy prod --confirm wp-prod-cluster"] {
        let ran = place.bbws(command).exits(3);
        assert!(ran.err.contains("production") && ran.err.contains("--sandbox"), "{}", ran.err);
    }
}

#[test]
fn a_failure_is_json_where_json_is_wanted() {
    let place = Place::new();
    let ran = place.bbws("apply prod --yes --json").exits(3);
    let failure: serde_json::Value = serde_json::from_str(&ran.err).unwrap();
    assert_eq!((failure["event"].as_str(), failure["exit"].as_u64()), (Some("error"), Some(3)));
    assert!(ran.out.is_empty());
}

/// Where there is no terminal, each command that asks ends in one way, and says how to answer beforehand.
#[test]
fn where_there_is_nobody_to_ask_each_command_says_it_in_one_way() {
    let place = Place::new();
    place.applied("dev").expect("applied");
    let alarm = place.state("dev")["entries"]["metric-alarm.rds-cpu"]["id"].as_str().expect("an id").to_owned();
    place.bbws("state rm dev metric-alarm.rds-cpu --sandbox --yes --reason test").exits(0);
    let before = place.state("dev");
    let since = before["seq"].as_u64().expect("a slot") - 3;
    for (line, option) in [
        ("destroy dev".to_owned(), "--confirm wp-dev-cluster"),
        ("state rm dev metric-alarm.rds-storage --reason test".to_owned(), "--yes"),
        ("state mv dev metric-alarm.rds-storage metric-alarm.other --reason test".to_owned(), "--yes"),
        (format!("state restore dev {since} --forget"), "--yes"),
        (format!("import dev metric-alarm.rds-cpu {alarm}"), "--yes"),
    ] {
        let failure = place.bbws(&format!("{line} --sandbox --json")).exits(3).err;
        let failure: serde_json::Value = serde_json::from_str(failure.lines().last().unwrap_or_default()).expect("a failure");
        assert_eq!(failure["id"], "E-CONSENT", "{line}: {failure}");
        let what = failure["what"].as_str().unwrap_or_default();
        assert!(what.ends_with(" needs a confirmation, and there is nobody to ask"), "{line}: {failure}");
        let advice = format!("run it in a terminal, or confirm it beforehand with {option}");
        assert_eq!(failure["advice"], serde_json::json!([advice]), "{line}");
    }
    assert_eq!(place.state("dev"), before, "nothing was recorded");
}

//! Errors as a user meets them: provoked in the sandbox, told with operation, address, cause and next command, and kept in a
//! bundle that holds no secret.

use std::fs;

use serde_json::Value;

use crate::stand_in::{self, Weather};
use crate::support::{Place, Ran, ran};

fn in_weather(place: &Place, line: &str, weather: (&str, Weather)) -> Ran {
    ran(stand_in::command(place, line, Some(weather), 1).output().expect("the binary runs"))
}

/// The part of the text that tells of a resource's failure.
fn told<'t>(text: &'t str, address: &str) -> &'t str {
    let head = format!("{address} failed while");
    text.split("\n\n").find(|part| part.contains(&head)).unwrap_or_else(|| panic!("{head} in\n{text}"))
}

#[test]
fn each_refusal_is_told_with_its_way_out() {
    let table: [(&str, Weather, &str, &[&str]); 4] = [
        (
            "CreateVpc",
            Weather::Limit,
            "vpc.main",
            &[
                "[E-LIMIT]",
                "ec2:CreateVpc, VpcLimitExceeded",
                "VPCs per region",
                "In af-south-1 0 of 5 are used.",
                "https://af-south-1.console.aws.amazon.com/servicequotas/home/services/vpc/quotas/L-F678F1CE",
                "bbws plan dev --sandbox",
            ],
        ),
        (
            "CreateVpc",
            Weather::Denied,
            "vpc.main",
            &[
                "[E-DENIED]",
                "ec2:CreateVpc, UnauthorizedOperation",
                "Allow ec2:CreateTags to arn:aws:sts::536580886816:assumed-role/ci/run",
                r#"{"Action":"ec2:CreateTags","Effect":"Allow","Resource":"arn:aws:ec2:af-south-1:536580886816:vpc/*"}"#,
            ],
        ),
        ("CreateBucket", Weather::Taken, "bucket.cdn-logs", &["[E-NAME]", "BucketAlreadyExists", "a name of its own", "`wp-dev-"]),
        ("CreateVpc", Weather::Off, "vpc.main", &["[E-REGION-OFF]", "OptInRequired", "Account settings, Regions"]),
    ];
    for (operation, weather, address, parts) in table {
        let place = Place::new();
        let run = in_weather(&place, "apply dev --sandbox --yes", (operation, weather));
        assert!(run.code == 1, "{weather:?}: {}\n{}", run.out, run.err);
        let text = told(&run.out, address);
        for part in parts {
            assert!(text.contains(part), "{weather:?}: {part} in\n{text}");
        }
        assert!(text.lines().count() <= 12 && !text.contains("4GIOHlTk"), "{text}");
        bundle(&place, &run.out, address, operation);
    }
}

/// Whichever service says that a quota is used up: how much of it is used is asked, and told with where to ask for more; whoever
/// may not ask is told all but that.
#[test]
fn a_quota_that_is_met_is_told_with_what_is_used() {
    let table = [
        ("AllocateAddress", "elastic-ip.nat-a", "In af-south-1 0 of 5 are used.", "ec2/quotas/L-0263D0A3"),
        ("CreateSecurityGroup", "security-group.alb", "of 2500 are used.", "vpc/quotas/L-E79EC296"),
        ("CreateDBInstance", "db-instance.main", "In af-south-1 0 of 40 are used.", "rds/quotas/L-7B6409FD"),
        ("CreateDBSubnetGroup", "db-subnet-group.main", "In af-south-1 0 of 50 are used.", "rds/quotas/L-48C6BF61"),
        ("CreateDBParameterGroup", "db-parameter-group.main", "In af-south-1 0 of 50 are used.", "rds/quotas/L-DE55804A"),
        ("CreateFileSystem", "file-system.main", "In af-south-1 0 of 1000 are used.", "elasticfilesystem/quotas/L-848C634D"),
        ("CreateRole", "role.ecs-task", "of 1000 are used.", "iam/quotas/L-FE177D64"),
    ];
    for (operation, address, used, page) in table {
        let place = Place::new();
        let run = in_weather(&place, "apply dev --sandbox --yes", (operation, Weather::Limit));
        assert!(run.code == 1, "{operation}: {}\n{}", run.out, run.err);
        let text = told(&run.out, address).split_whitespace().collect::<Vec<_>>().join(" ");
        for part in ["[E-LIMIT]", used, page] {
            assert!(text.contains(part), "{operation}: {part} in\n{text}");
        }
    }
    let place = Place::new();
    let policy = place.path("all-but-quotas.json");
    fs::write(&policy, r#"{"Statement": {"Effect": "Allow", "NotAction": "servicequotas:GetServiceQuota", "Resource": "*"}}"#)
        .expect("a file");
    let line = format!("apply dev --sandbox --yes --sandbox-policy {}", policy.display());
    let run = in_weather(&place, &line, ("CreateVpc", Weather::Limit));
    let text = told(&run.out, "vpc.main");
    assert!(text.contains("vpc/quotas/L-F678F1CE") && !text.contains("are used."), "{text}");
}

/// The bundle that a run tells of: what failed stands in it, and who it was does not.
fn bundle(place: &Place, out: &str, address: &str, operation: &str) {
    let path = out.lines().find_map(|line| line.trim().strip_suffix(".jsonl")).unwrap_or_else(|| panic!("a bundle in\n{out}"));
    assert!(path.contains("state/sandbox/dev/bundles/"), "{path}");
    let text = fs::read_to_string(format!("{path}.jsonl")).expect("a bundle");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("a line")).collect();
    assert_eq!(lines[0]["bundle"], "bbws");
    assert_eq!(lines[0]["os"], std::env::consts::OS);
    let failed = lines[1]["failed"].as_array().expect("what failed");
    assert!(
        failed.iter().any(|one| one["address"] == address && one["operation"].as_str().is_some_and(|o| o.ends_with(operation))),
        "{failed:?}"
    );
    assert!(failed.iter().all(|one| one["request_id"].is_string()), "{failed:?}");
    assert!(lines[2]["state"]["serial"].is_u64() && lines[3]["calls"].is_object());
    assert!(lines[4]["plan"]["steps"].as_array().is_some_and(|steps| !steps.is_empty()));
    assert!(lines.iter().any(|line| line["event"] == "step-failed"), "the events are in it");
    assert!(!text.contains("536580886816"), "an account stands in it");
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    assert!(host.trim().len() <= 3 || !text.contains(host.trim()), "the machine's name stands in it");
    let log = place.path("state/sandbox/dev/log");
    assert!(fs::read_dir(log).is_ok_and(|slots| slots.count() > 0));
}

/// Three repeats, then the service, the region and the page that tells whether AWS knows of it. Nothing ran, so nothing is kept.
#[test]
fn a_network_that_is_away_is_told_with_service_region_and_page() {
    for weather in [Weather::Unreachable, Weather::Lost] {
        let place = Place::new();
        let run = in_weather(&place, "plan dev --sandbox", ("GetCallerIdentity", weather)).exits(75);
        for part in [
            "[E-NETWORK]",
            "sts",
            "af-south-1",
            "three times more",
            "https://health.aws.amazon.com/health/status",
            "bbws doctor dev --sandbox",
        ] {
            assert!(run.err.contains(part), "{part} in\n{}", run.err);
        }
        assert!(run.err.lines().count() <= 12, "{}", run.err);
        let calls = place.bbws("sandbox calls --json").exits(0).out;
        let arrived = calls.lines().filter(|call| call.contains("GetCallerIdentity")).count();
        assert_eq!(arrived, if weather == Weather::Lost { 4 } else { 0 }, "{calls}");
        assert!(!place.path("state/sandbox/dev").exists(), "nothing ran");
    }
}

#[test]
fn for_programs_each_failed_step_is_an_error_of_its_own() {
    let place = Place::new();
    let run = in_weather(&place, "apply dev --sandbox --yes --json", ("CreateVpc", Weather::Limit)).exits(1);
    let errors: Vec<Value> = run.err.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let one = errors.iter().find(|error| error["event"] == "step-error").unwrap_or_else(|| panic!("an error in\n{}", run.err));
    assert_eq!((&one["id"], &one["address"], &one["operation"]), (&"E-LIMIT".into(), &"vpc.main".into(), &"ec2:CreateVpc".into()));
    assert!(one["request_id"].is_string() && one["advice"].as_array().is_some_and(|advice| advice.len() >= 3), "{one}");
    let bundle = run.out.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).find(|event| event["event"] == "bundle");
    assert!(bundle.is_some_and(|bundle| bundle["path"].as_str().is_some_and(|path| path.ends_with(".jsonl"))), "{}", run.out);
}

/// What stands there already under our name is neither touched nor made twice; the command that takes it over is told.
#[test]
fn what_exists_already_is_told_with_the_command_that_imports_it() {
    let place = Place::new();
    place.bbws("apply dev --sandbox --yes").exits(0);
    // The same account, and a state that knows of nothing.
    fs::remove_dir_all(place.path("state/sandbox/dev")).expect("a state");
    let run = place.bbws("plan dev --sandbox").exits(1);
    assert!(run.err.contains("[E-EXISTS]") && run.err.contains("exists already and is not ours"), "{}", run.err);
    let told = format!("{} bucket.cdn-logs wp-dev-cdn-logs-536580886816", place.told("bbws import dev --sandbox"));
    assert!(run.err.contains(&told), "{told} in\n{}", run.err);
}

/// What is recorded and gone is looked for in the other regions of the file, and a variable that differs is named.
#[test]
fn what_is_gone_is_looked_for_elsewhere_before_it_is_made_anew() {
    let place = Place::new();
    place.bbws("apply dev --sandbox --yes").exits(0);
    place.change_cloud(|cloud| {
        cloud["accounts"]["536580886816"]["regions"]["af-south-1"]["log_groups"] = serde_json::json!({});
    });
    let mut command = place.command(["plan", "dev", "--sandbox"]);
    let told = ran(command.env("AWS_REGION", "eu-west-1").output().expect("the binary runs")).exits(0).out;
    for part in ["recorded and not there [E-ABSENT]", "looked for in af-south-1: not there; nor in us-east-1", "AWS_REGION is eu-west-1"] {
        assert!(told.split_whitespace().collect::<Vec<_>>().join(" ").contains(part), "{part} in\n{told}");
    }
}

#[test]
fn every_id_that_is_shown_stands_in_the_page() {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/errors.md")).expect("docs/errors.md");
    let place = Place::new();
    for (line, id, code) in [
        ("plan dev --sandbox --sandbox-account 815856636111", "E-ACCOUNT", 3),
        ("apply prod", "E-PRODUCTION", 3),
        ("apply dev --sandbox --back-to 01K", "E-BACK", 1),
    ] {
        let told = place.bbws(line).exits(code).err;
        assert!(told.contains(id) && page.contains(&format!("`{id}`")), "{line}: {told}");
        assert!(told.lines().take(2).any(|line| line.contains(id)), "{told}");
    }
    place.edit("dev", "vpc_cidr  = \"10.0.0.0/16\"", "vpc_cidr  = \"10.0.0.0/99\"");
    let told = place.bbws("plan dev --sandbox").exits(1).err;
    assert!(told.contains("[E-CONFIG]") && told.contains("dev.toml:") && page.contains("`E-CONFIG`"), "{told}");
}

//! The pull-request flow that `docs/ci` shows, run as it stands there: in the sandbox, with two principals.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::{Place, Ran, edited, ran};

const KEY: &str = "arn:aws:kms:af-south-1:093646564004:key/approvals";

/// Long lines are broken: what is looked for may stand across two.
fn unbroken(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// One job: a step of the script with the role that the job assumes.
fn job(place: &Place, role: &str, step: &str) -> Ran {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/ci/pull-request.sh");
    let mut command = Command::new("sh");
    command.arg(script.canonicalize().expect("a script")).args(step.split_whitespace()).current_dir(place.path(""));
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", place.path(""));
    command.env("BBWS", env!("CARGO_BIN_EXE_bbws"));
    command.env("BBWS_OPTIONS", format!("--sandbox --sandbox-principal {role}"));
    // Nothing outside the sandbox may be reached from a test.
    command.env("AWS_ENDPOINT_URL", "http://127.0.0.1:9").env("AWS_EC2_METADATA_DISABLED", "true");
    ran(command.output().expect("a shell"))
}

#[test]
fn a_pull_request_goes_its_way_with_two_principals() {
    let place = Place::new();
    // The clusters as they stand.
    place.applied("dev").expect("applied");
    place.applied("sit").expect("applied");
    let approval = format!("[approval]\nkms_key = \"{KEY}\"\nroles = [\"arn:aws:iam::093646564004:role/bbws-approve\"]");
    place.write("prod", &edited(&place.file("prod"), &[("+", &approval)]));
    place.applied("prod").expect("applied");

    // The pull request: all of them keep logs for longer.
    for (name, days) in [("dev", 14), ("sit", 30), ("prod", 60)] {
        place.write(name, &edited(&place.file(name), &[("logs", &format!("retention_days = {days}"))]));
    }
    job(&place, "bbws-plan", "validate").exits(0);
    for name in ["dev", "prod"] {
        let told = job(&place, "bbws-plan", &format!("plan {name}")).exits(0).out;
        assert!(told.starts_with("Plan: 0 to add") && told.contains("log-group.ecs"), "{told}");
        // The comment is Markdown of the very plan that is approved and applied.
        let plan: Value = serde_json::from_slice(&fs::read(place.path(&format!("{name}.plan"))).expect("a plan")).expect("JSON");
        let comment = fs::read_to_string(place.path(&format!("{name}.plan.md"))).expect("a page");
        let digest = plan["digest"].as_str().expect("a digest");
        for part in [
            &format!("### bbws plan for {name}: 0 to add"),
            digest,
            "| `log-group.ecs` |",
            "| field | before | after |",
            "retention\\_days",
        ] {
            assert!(comment.contains(part), "{part} in\n{comment}");
        }
        assert!(!comment.contains("```text"), "{comment}");
    }

    // Production: the applier alone gets nowhere; the approver signs; the applier applies, once.
    let told = unbroken(&job(&place, "bbws-apply", "apply prod").exits(3).err);
    assert!(told.contains("NOBODY HAS APPROVED THIS PLAN"), "{told}");
    job(&place, "bbws-apply", "approve prod").exits(3);
    job(&place, "bbws-approve", "approve prod").exits(0);
    let told = unbroken(&job(&place, "bbws-approve", "apply prod").exits(3).err);
    assert!(told.contains("nobody approves their own change"), "{told}");
    let told = job(&place, "bbws-apply", "apply prod").exits(0).out;
    assert!(told.contains("Approved by arn:aws:iam::093646564004:role/bbws-approve") && told.contains("Verified"), "{told}");
    job(&place, "bbws-apply", "apply prod").exits(3);

    // Dev needs no approval; it is tested, and sit is planned.
    job(&place, "bbws-apply", "apply dev").exits(0);
    job(&place, "bbws-plan", "test").exits(0);
    let told = job(&place, "bbws-plan", "plan sit").exits(0).out;
    let plan: Value = serde_json::from_slice(&fs::read(place.path("sit.plan")).expect("a plan")).expect("JSON");
    assert_eq!(plan["digest"].as_str().map(str::len), Some(64), "{}", plan["digest"]);
    assert!(told.starts_with("Plan: 0 to add") && told.contains("log-group.ecs"), "{told}");
    let comment = fs::read_to_string(place.path("sit.plan.md")).expect("a page");
    assert!(comment.contains(plan["digest"].as_str().expect("a digest")), "{comment}");
    job(&place, "bbws-apply", "apply sit").exits(0);
    let told = job(&place, "bbws-plan", "plan sit").exits(0).out;
    assert!(told.contains("No changes: sit is what its file says."), "{told}");
    assert!(!place.path("sit.plan").exists(), "nothing is left to apply");
    assert!(job(&place, "bbws-apply", "apply sit").exits(0).out.contains("nothing to apply"));

    // What does not fit stops the flow with the code that says why.
    place.write("sit", &edited(&place.file("sit"), &[("logs", "retention_days = 13")]));
    job(&place, "bbws-plan", "validate").exits(1);
    job(&place, "bbws-plan", "plan sit").exits(1);
    assert_eq!(job(&place, "bbws-plan", "plan").code, 64);
}

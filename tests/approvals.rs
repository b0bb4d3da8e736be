//! Production in the sandbox, where `--sandbox-principal` says who one is: changed by plans that a second person has approved, and
//! in no other way but with a reason that stays.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::kept::{self, Kept};
use crate::support::{Place, Ran, edited};

const KEY: &str = "arn:aws:kms:af-south-1:093646564004:key/approvals";
const OTHER_KEY: &str = "arn:aws:kms:af-south-1:093646564004:key/other";
const HOUR_MS: u64 = 3_600_000;
/// An edit that would take a subnet from under the cluster.
const ELSEWHERE: &[(&str, &str)] = &[("network.private", "a = { cidr = \"10.0.14.0/24\", zone = \"af-south-1a\" }")];

/// A production cluster, made before anybody said who they are, with a key that `approver` and `ops` may sign with.
pub(crate) fn production() -> Place {
    let place = Place::new();
    let mut text = place.file("prod");
    for zone in ["wpdev", "wpsit"] {
        let servers = format!("name_servers = [\"ns-1.{zone}.example.com\", \"ns-2.{zone}.example.com\"]");
        let section = format!("dns.delegations.{zone}");
        text = edited(&text, &[(&section, "-from_environment"), (&section, &servers)]);
    }
    let roles = ["approver", "ops"].map(|role| format!("\"arn:aws:iam::093646564004:role/people/{role}\"")).join(", ");
    let approval = format!("[approval]\nkms_key = \"{KEY}\"\nroles = [{roles}]");
    place.write("prod", &edited(&text, &[("+", &approval)]));
    place.applied("prod").expect("applied");
    place
}

/// What somebody does.
fn by(place: &Place, who: &str, line: &str) -> Ran {
    // In the folder, as a user is: paths are short.
    crate::support::ran(
        place.here(format!("{line} --sandbox --sandbox-principal {who}").split_whitespace()).output().expect("the binary runs"),
    )
}

/// Makes an edit, and plans it; narrowed to some address where that is said.
pub(crate) fn planned(place: &Place, name: &str, days: u32, options: &str) -> PathBuf {
    place.write("prod", &edited(&place.file("prod"), &[("logs", &format!("retention_days = {days}"))]));
    let path = place.path(name);
    by(place, "deployer", &format!("plan prod {options} -o {}", path.display())).exits(0);
    path
}

fn approve(place: &Place, who: &str, plan: &std::path::Path) -> Ran {
    by(place, who, &format!("approve prod {} --yes", plan.display()))
}

fn apply(place: &Place, who: &str, plan: &std::path::Path) -> Ran {
    by(place, who, &format!("apply prod {} --yes", plan.display()))
}

fn digest(plan: &std::path::Path) -> String {
    let plan: Value = serde_json::from_slice(&fs::read(plan).expect("a plan")).expect("JSON");
    plan["digest"].as_str().expect("a digest").to_owned()
}

fn approvals(place: &Place, plan: &std::path::Path) -> PathBuf {
    place.path(&format!("state/sandbox/prod/approvals/{}", digest(plan)))
}

/// Puts an approval in the place of a plan's only one, after an edit.
fn put(place: &Place, plan: &std::path::Path, of: &Value, edit: impl FnOnce(&mut Value)) {
    let mut approval = of.clone();
    edit(&mut approval);
    let folder = approvals(place, plan);
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("0001.json"), approval.to_string()).expect("an approval");
}

fn given(place: &Place, plan: &std::path::Path) -> Value {
    serde_json::from_slice(&fs::read(approvals(place, plan).join("0001.json")).expect("an approval")).expect("JSON")
}

type Edit = fn(&mut Value);

fn unbroken(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A refusal that says all of this, in at most 12 lines, after which nothing was written. Answers it.
#[track_caller]
fn refused(place: &Place, ran: Ran, parts: &[&str]) -> String {
    let ran = ran.exits(3);
    let told: Vec<&str> = ran.err.lines().filter(|line| !line.contains("bbws validate")).collect();
    // Long lines are broken: what is looked for may stand across two.
    let text = unbroken(&told.join(" "));
    for part in parts {
        assert!(text.contains(part), "`{part}` in\n{}", ran.err);
    }
    assert!(told.len() <= 12, "{} lines:\n{}", told.len(), ran.err);
    let state = place.state("prod");
    assert!(state["holder"].is_null(), "{}", state["holder"]);
    told.join("\n")
}

#[test]
fn production_is_changed_by_what_a_second_person_has_approved_once() {
    let (place, mut texts) = (production(), Kept::default());
    let serial = place.state("prod")["serial"].clone();
    texts.keep(
        &place,
        "without a plan in a file",
        &refused(
            &place,
            by(&place, "deployer", "apply prod --yes"),
            &["PROD IS PRODUCTION", "read-only", "bbws approve prod --sandbox --sandbox-principal approver"],
        ),
    );
    let narrow = planned(&place, "narrow.plan", 60, "--target log-group.ecs");
    let plan = planned(&place, "prod.plan", 60, "");
    refused(&place, apply(&place, "deployer", &plan), &["NOBODY HAS APPROVED THIS PLAN", "bbws approve prod --sandbox"]);

    // Who may not approve, or is the one who applies.
    texts.keep(
        &place,
        "nobody who may approve",
        &refused(&place, approve(&place, "deployer", &plan), &["deployer (session operator) may not approve", "role/people/ops"]),
    );
    let nobody = place.bbws(&format!("approve prod {} --sandbox --yes", plan.display()));
    assert!(nobody.err.contains("--sandbox-principal approver"), "{}", nobody.exits(64).err);
    let asked = by(&place, "approver", &format!("approve prod {}", plan.display()));
    refused(&place, asked, &["needs a confirmation", "nobody to ask"]);
    approve(&place, "ops/jan", &plan).exits(0);
    texts.keep(&place, "the approver applies", &refused(&place, apply(&place, "ops/jan", &plan), &["nobody approves their own change"]));
    texts.keep(
        &place,
        "the same role with another session name",
        &refused(&place, apply(&place, "ops/piet", &plan), &["two sessions of one role count as one"]),
    );
    refused(&place, apply(&place, "ops/piet:piet", &plan), &["two sessions of one role count as one"]);

    // What is no approval of this plan, or was tampered with.
    approve(&place, "approver/jan:jan", &narrow).exits(0);
    let (good, other) = (given(&place, &plan), given(&place, &narrow));
    let table: [(&str, &Value, Edit, &str); 9] = [
        ("of another plan", &other, |_| {}, "it approves another plan"),
        ("unsigned", &good, |a| a["signature"] = Value::Null, "it is not signed, and the file demands a signature by"),
        (
            "by another key",
            &good,
            |a| a["signature"]["key"] = json!(OTHER_KEY),
            "it is signed by arn:aws:kms:af-south-1:093646564004:key/other",
        ),
        ("with another's signature", &good, |a| a["signature"]["value"] = json!("00".repeat(32)), "its signature does not fit"),
        ("made to last", &good, |a| a["statement"]["expires"] = json!("2099-01-01T00:00:00Z"), "its signature does not fit"),
        (
            "by somebody else",
            &good,
            |a| a["statement"]["by"]["arn"] = json!("arn:aws:iam::093646564004:role/approver"),
            "its signature does not fit",
        ),
        ("of another state", &good, |a| a["statement"]["lineage"] = json!("01L"), "it is of the state 01L"),
        ("of another world", &good, |a| a["statement"]["world"] = json!("aws"), "it was given in the world `aws`"),
        ("damaged", &good, |a| a["more"] = json!(1), "unknown field `more`"),
    ];
    for (what, of, edit, told) in table {
        put(&place, &plan, of, edit);
        let refusal = refused(&place, apply(&place, "deployer", &plan), &["NO APPROVAL COUNTS", told]);
        texts.keep(&place, what, &refusal);
    }
    put(&place, &plan, &good, |_| {});
    fs::remove_dir_all(approvals(&place, &plan)).expect("an approval");
    texts.keep(
        &place,
        "a deleted approval",
        &refused(&place, apply(&place, "deployer", &plan), &["NOBODY HAS APPROVED THIS PLAN", "or it was taken away"]),
    );
    assert_eq!(place.state("prod")["serial"], serial, "nothing was changed");

    // Approved, and too late; then approved again, and applied, once.
    put(&place, &plan, &good, |_| {});
    place.change_cloud(|cloud| {
        cloud["now"] = json!(cloud["now"].as_u64().expect("a time").max(now_ms(&place) / 1000) + 25 * HOUR_MS / 1000)
    });
    texts.keep(
        &place,
        "expired",
        &kept::unbroken(&refused(&place, apply(&place, "deployer", &plan), &["NO APPROVAL COUNTS", "it expired at"])),
    );
    let told = unbroken(&approve(&place, "approver/jan:jan@kimmyai.io", &plan).exits(0).out);
    for part in [
        "Approved for prod, once, until",
        "role/approver (source identity jan@kimmyai.io)",
        "approvals/",
        "0002.json",
        KEY,
        "bbws apply prod --sandbox",
    ] {
        assert!(told.contains(part), "{part} in\n{told}");
    }
    let done = unbroken(&apply(&place, "deployer/thandi", &plan).exits(0).out);
    for part in ["Approved by arn:aws:iam::093646564004:role/approver", "holds until", KEY, "fingerprint", "Apply complete"] {
        assert!(done.contains(part), "{part} in\n{done}");
    }
    let past = place.bbws("state history prod --sandbox --json").exits(0).json();
    let run = past["runs"].as_array().expect("runs").last().expect("a run").clone();
    assert_eq!(
        (run["approved"]["by"]["source_identity"].as_str(), run["approved"]["signed_by"].as_str()),
        (Some("jan@kimmyai.io"), Some(KEY))
    );
    assert_eq!(run["approved"]["plan"].as_str(), Some(digest(&plan).as_str()));
    assert!(place.bbws("state history prod --sandbox").exits(0).out.contains("approved by arn:aws:iam::093646564004:role/approver"));
    let told = unbroken(&place.bbws(&format!("runs prod {} --sandbox", run["run"].as_str().expect("a run"))).exits(0).out);
    assert!(told.contains("pproved by arn:aws:iam::093646564004:role/approver (source identity jan@kimmyai.io)"), "{told}");
    texts.keep(
        &place,
        "replayed after its apply",
        &kept::unbroken(&refused(
            &place,
            apply(&place, "deployer", &plan),
            &["THIS PLAN WAS APPLIED BEFORE", "an approval is for one time"],
        )),
    );
    refused(&place, approve(&place, "approver", &plan), &["THIS PLAN WAS APPLIED BEFORE"]);

    // Another role is no better when the key does not let it sign, and one role is two people with two source identities.
    let plan = planned(&place, "next.plan", 90, "");
    place.change_cloud(|cloud| {
        let keys = &mut cloud["accounts"]["093646564004"]["regions"]["af-south-1"]["kms_keys"];
        keys[KEY]["signers"] = json!(["ops"]);
    });
    let unsigned = approve(&place, "approver", &plan).exits(1);
    assert!(unsigned.err.contains("kms:Sign") && unsigned.err.contains("nothing was stored"), "{}", unsigned.err);
    approve(&place, "ops/jan:jan", &plan).exits(0);
    // A clock that was set back would let it hold for longer.
    let kept = place.cloud()["now"].clone();
    let calls = fs::read(place.path("state/sandbox/calls.jsonl")).expect("calls");
    fs::remove_file(place.path("state/sandbox/calls.jsonl")).expect("calls");
    place.change_cloud(|cloud| cloud["now"] = json!(0));
    let refusal = refused(
        &place,
        apply(&place, "ops/thandi:thandi", &plan),
        &["THE TIME IS NOT KNOWN", "the last record of the log says", "bbws doctor prod"],
    );
    texts.keep(&place, "a clock set back", &kept::unbroken(&refusal));
    place.change_cloud(|cloud| cloud["now"] = kept);
    fs::write(place.path("state/sandbox/calls.jsonl"), calls).expect("calls");
    apply(&place, "ops/thandi:thandi", &plan).exits(0);
    by(&place, "deployer", "plan prod --detailed-exitcode").exits(0);

    // Without a key nothing is signed, and each who approves or applies is told that this is the weaker fence.
    let keyed = place.file("prod");
    place.write("prod", &edited(&keyed, &[("approval", "-kms_key")]));
    let plan = planned(&place, "unsigned.plan", 120, "");
    let told = unbroken(&approve(&place, "approver", &plan).exits(0).out);
    assert!(told.contains("no key is named in [approval], so it is not signed") && told.contains("which is weaker"), "{told}");
    assert!(given(&place, &plan)["signature"].is_null());
    let told = unbroken(&apply(&place, "deployer", &plan).exits(0).out);
    assert!(told.contains("signed by nobody: only the store keeps others from writing approvals, which is weaker"), "{told}");
    place.write("prod", &keyed);

    // What production forbids altogether no approval allows.
    refused(&place, by(&place, "approver", "destroy prod --confirm wp-prod-cluster"), &["never destroyed"]);
    place.write("prod", &edited(&place.file("prod"), ELSEWHERE));
    let plan = place.path("subnet.plan");
    by(&place, "deployer", &format!("plan prod -o {}", plan.display())).exits(3);
    assert!(!plan.exists(), "there is nothing to approve");
    texts.demand("approvals");
}

/// The latest time that the sandbox has seen.
fn now_ms(place: &Place) -> u64 {
    let text = fs::read_to_string(place.path("state/sandbox/calls.jsonl")).expect("calls");
    let last: Value = serde_json::from_str(text.lines().last().expect("a call")).expect("JSON");
    last["at_ms"].as_u64().expect("a time")
}

/// A command as it was printed, run as it stands.
#[track_caller]
fn pasted(place: &Place, text: &str, begins: &str) -> Ran {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = &text[text.find(begins).unwrap_or_else(|| panic!("{begins} in\n{text}"))..];
    // A command ends with its file, or with the run that it leads back to.
    let words: Vec<&str> = line.split(' ').collect();
    let file = words.iter().position(|word| word.ends_with(".plan")).expect("a file");
    let end = if words.get(file + 1) == Some(&"--back-to") { file + 3 } else { file + 1 };
    println!("{}", words[..end].join(" "));
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_bbws"));
    command
        .args(&words[1..end])
        .arg("--yes")
        .env_clear()
        .env("HOME", place.path(""))
        .current_dir(place.path(""))
        .env("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
    crate::support::ran(command.output().expect("the binary runs"))
}

#[test]
fn whoever_made_a_plan_does_not_sign_it_and_what_is_told_to_come_next_can_be_pasted() {
    let place = production();
    // `ops` may approve, and could even sign: but not what it planned.
    place.write("prod", &edited(&place.file("prod"), &[("logs", "retention_days = 60")]));
    let plan = place.path("own.plan");
    let told = by(&place, "ops/jan", &format!("plan prod -o {}", plan.display())).exits(0);
    refused(
        &place,
        approve(&place, "ops/jan", &plan),
        &["may not approve this plan", "nobody approves their own change", "--sandbox-principal approver"],
    );
    refused(&place, approve(&place, "ops/piet", &plan), &["two sessions of one role count as one"]);
    assert!(!approvals(&place, &plan).exists(), "nothing was signed");

    // Somebody else approves it, and whoever made it applies it: as bbws tells it.
    let by_other = |told: &Ran| {
        let approved = pasted(&place, &told.err, "bbws approve prod").exits(0);
        assert!(unbroken(&approved.out).contains("Next, by somebody with another role: bbws apply prod"), "{}", approved.out);
        pasted(&place, &approved.out, "bbws apply prod").exits(0)
    };
    let applied = by_other(&told);
    // The key's policy names `ops` as one of those who approve.
    let told = unbroken(&applied.out);
    assert!(told.contains("whoever applies may sign approvals as well: an approval proves less"), "{told}");
    assert!(told.contains("the policy of the key arn:aws:kms:") && told.contains("out of the key's policy"), "{told}");
    let run = place.state("prod")["spent"].as_object().expect("spent").values().next().expect("a run")["run"].clone();
    let plan = planned(&place, "more.plan", 90, "");
    let approved = approve(&place, "approver", &plan).exits(0);
    let applied = pasted(&place, &approved.out, "bbws apply prod").exits(0);
    // `deployer` is not in the key's policy, which leaves nothing to IAM.
    assert!(!applied.out.contains("approvals as well") && !applied.out.contains("not known beforehand"), "{}", applied.out);

    // The way back is said with each of them.
    let back = format!("plan prod --back-to {} -o {}", run.as_str().expect("a run"), place.path("back.plan").display());
    let told = by(&place, "deployer/thandi", &back).exits(0);
    // Many grants are listed in pages, and the last one is to `deployer`.
    place.change_cloud(|cloud| {
        let others = (0..60).map(|n| format!("arn:aws:iam::093646564004:role/other-{n}"));
        let keys = &mut cloud["accounts"]["093646564004"]["regions"]["af-south-1"]["kms_keys"];
        keys[KEY]["granted"] = others.chain(["arn:aws:iam::093646564004:role/deployer".to_owned()]).collect();
    });
    let granted = unbroken(&by_other(&told).out);
    assert!(granted.contains("a grant on the key arn:aws:kms:") && granted.contains("revoke that grant"), "{granted}");
    assert!(place.bbws("state show prod --sandbox log-group.ecs").exits(0).out.contains("60"));
}

/// What stands in no plan is done on somebody's word, or not at all.
#[test]
fn what_is_recorded_of_production_is_edited_with_a_reason_that_stays() {
    const REASON: &str = "the alarm belongs to another team now and nobody else is awake";
    let place = production();
    let serial = place.state("prod")["seq"].as_u64().expect("a slot");
    let alarm = "metric-alarm.rds-cpu";
    let mut glass = 0;
    let mut edit = |line: String, confirm: bool| {
        let whole = format!("{line} --sandbox --sandbox-principal deployer/thandi");
        refused(
            &place,
            place.bbws(&format!("{whole} --yes")),
            &[
                "PROD IS PRODUCTION",
                if line.starts_with("import") { "-o FILE" } else { "this change stands in no plan" },
                "--break-glass REASON",
            ],
        );
        let with = |more: &[&str]| {
            let mut command = place.command(whole.split_whitespace());
            crate::support::ran(command.args(["--break-glass", REASON]).args(more).output().expect("the binary runs"))
        };
        if confirm {
            refused(&place, with(&["--yes"]), &["to break the glass needs a confirmation", "--confirm wp-prod-cluster"]);
            refused(&place, with(&["--confirm", "prod"]), &["not the name of the cluster"]);
        }
        let done = unbroken(&with(&["--confirm", "wp-prod-cluster"]).exits(0).out);
        assert!(done.contains("breaks the glass") && done.contains(REASON), "{line}:\n{done}");
        glass += 1;
        let kept = place.state("prod")["glass"].clone();
        assert_eq!(kept.as_array().expect("a list").len(), glass, "{line}: {kept}");
        assert_eq!((kept[glass - 1]["reason"].as_str(), kept[glass - 1]["by"]["session"].as_str()), (Some(REASON), Some("thandi")));
    };
    edit(format!("state rm prod {alarm} --reason gone"), true);
    assert!(place.state("prod")["entries"][alarm].is_null());
    edit(format!("import prod {alarm} wp-prod-rds-cpu"), false);
    assert!(place.state("prod")["entries"][alarm].is_object());
    edit(format!("state mv prod {alarm} metric-alarm.database-cpu --reason renamed"), false);
    edit(format!("state restore prod {serial} --forget"), false);
    assert!(place.state("prod")["entries"][alarm].is_object());
    let told = unbroken(&place.bbws("plan prod --sandbox").exits(0).out);
    assert!(told.contains("without an approval") && told.contains(REASON), "{told}");

    // A lost state is made again the same way; the first slot of its log holds the reason.
    fs::remove_dir_all(place.path("state/sandbox/prod")).expect("a state");
    let rebuild = ["state", "rebuild", "prod", "--sandbox", "--sandbox-principal", "deployer/thandi"];
    assert!(place.command(rebuild).arg("--yes").output().expect("runs").status.code() == Some(3));
    let rebuilt = place.command(rebuild).args(["--break-glass", REASON, "--confirm", "wp-prod-cluster"]).output().expect("runs");
    crate::support::ran(rebuilt).exits(0);
    assert_eq!(place.state("prod")["glass"][0]["reason"].as_str(), Some(REASON));
    assert!(
        place.bbws("state mv dev vpc.main vpc.core --reason x --sandbox --break-glass x").exits(64).err.contains("dev is not production")
    );
}

#[test]
fn glass_is_broken_with_a_reason_that_is_shown_ever_after() {
    const REASON: &str = "the disk of the database is full and nobody else is awake";
    let place = production();
    place.write("prod", &edited(&place.file("prod"), &[("logs", "retention_days = 60")]));
    let with = |name: &str, reason: &str, more: &[&str]| {
        let mut command = place.command(["apply", name, "--sandbox", "--sandbox-principal", "deployer/thandi", "--break-glass", reason]);
        crate::support::ran(command.args(more).output().expect("the binary runs"))
    };
    assert!(with("prod", "urgent", &["--confirm", "wp-prod-cluster"]).exits(64).err.contains("4 words and 20 letters"));
    assert!(with("dev", REASON, &[]).exits(64).err.contains("dev is not production"));
    refused(&place, with("prod", REASON, &["--yes"]), &["to break the glass needs a confirmation", "--confirm wp-prod-cluster"]);
    refused(&place, with("prod", REASON, &["--confirm", "prod"]), &["not the name of the cluster"]);
    let done = unbroken(&with("prod", REASON, &["--confirm", "wp-prod-cluster"]).exits(0).out);
    assert!(
        done.contains("No approval: arn:aws:iam::093646564004:role/deployer (session thandi) breaks the glass") && done.contains(REASON),
        "{done}"
    );
    for line in ["plan prod --sandbox", "state history prod --sandbox", "plan prod --sandbox --sandbox-principal approver"] {
        let told = unbroken(&place.bbws(line).exits(0).out);
        assert!(told.contains("without an approval") && told.contains(REASON), "{line}:\n{told}");
    }
    let glass = &place.state("prod")["glass"][0];
    assert_eq!((glass["reason"].as_str(), glass["by"]["session"].as_str()), (Some(REASON), Some("thandi")));

    // It opens nothing that is forbidden altogether.
    place.write("prod", &edited(&place.file("prod"), ELSEWHERE));
    let told = with("prod", REASON, &["--confirm", "wp-prod-cluster"]).exits(3).err;
    assert!(told.contains("subnet.private-a"), "{told}");
}

/// A file that says nothing gives no protection up, and neither does somebody who switches it off at AWS.
#[test]
fn protection_is_kept_in_the_state_and_given_up_in_two_steps() {
    let place = Place::new();
    let shipped = place.file("dev");
    let on = edited(&shipped, &[("alb", "deletion_protection = true")]);
    place.write("dev", &on);
    place.applied("dev").expect("applied");
    let protected =
        |place: &Place| place.bbws("state show dev load-balancer.main --sandbox").exits(0).out.contains("protected against deletion");
    assert!(protected(&place));
    let apply = || place.bbws("apply dev --sandbox --yes");
    let destroy = || place.bbws("destroy dev --sandbox --confirm wp-dev-cluster");
    let is_refused = |ran: Ran, parts: &[&str]| {
        let told = ran.exits(3).err;
        parts.iter().for_each(|part| assert!(told.contains(part), "{part} in\n{told}"));
    };

    place.write("dev", &edited(&on, &[("alb", "-deletion_protection")]));
    is_refused(apply(), &["load-balancer.main", "the file no longer says so", "`deletion_protection = false`"]);
    is_refused(destroy(), &["load-balancer.main", "its state remembers that", "in two steps"]);
    // Nor does a file that has lost the whole section.
    let section = on.split("\n[alb]").nth(1).and_then(|rest| rest.split("\n[").next()).expect("a section").to_owned();
    place.write("dev", &on.replace(&format!("\n[alb]{section}"), "\n"));
    is_refused(apply(), &["load-balancer.main", "the file no longer says so"]);
    place.write("dev", &edited(&on, &[("alb", "-deletion_protection")]));
    // Behind our back.
    place.change_cloud(|cloud| {
        let all = &mut cloud["accounts"]["536580886816"]["regions"]["af-south-1"]["load_balancers"];
        for row in all.as_object_mut().expect("load balancers").values_mut() {
            row["attributes"]["deletion_protection.enabled"] = json!("false");
        }
    });
    is_refused(destroy(), &["load-balancer.main", "its state remembers that"]);
    is_refused(apply(), &["the file no longer says so"]);
    // In so many words; at AWS there is nothing to do any more.
    place.write("dev", &shipped);
    assert_eq!(place.applied("dev").expect("applied"), ["~load-balancer.main"]);
    assert!(!protected(&place));
    place.at_rest("dev");
    place.bbws("plan dev --destroy --sandbox").exits(0);
}

/// What is as its file says can be unwell all the same. Sit wants to know; dev is as it was.
#[test]
fn sit_is_verified_by_the_health_of_what_was_changed_and_of_what_stands_on_it() {
    for (name, account, code) in [("sit", "815856636111", 1), ("dev", "536580886816", 0)] {
        let place = Place::new();
        place.applied(name).expect("applied");
        let gateways = |cloud: &mut Value| cloud["accounts"][account]["regions"]["af-south-1"]["nat_gateways"].take();
        // Somebody else's gateway, to which a route leads.
        place.change_cloud(|cloud| {
            let mut all = gateways(cloud);
            let one = all.as_object().and_then(|all| all.values().next()).expect("a gateway").clone();
            all["nat-0aaaaaaaaaaaaaaaa"] = one;
            all["nat-0aaaaaaaaaaaaaaaa"]["tags"] = json!({});
            cloud["accounts"][account]["regions"]["af-south-1"]["nat_gateways"] = all;
        });
        let office = "[resource.route.office]\ntable = \"${route-table.public.id}\"\ndestination = \"192.168.0.0/16\"\nnat_gateway = \"nat-0aaaaaaaaaaaaaaaa\"";
        place.write(name, &edited(&place.file(name), &[("+", office)]));
        assert_eq!(place.applied(name).expect("applied"), ["+route.office"]);
        place.change_cloud(|cloud| {
            let mut all = gateways(cloud);
            all.as_object_mut().expect("gateways").remove("nat-0aaaaaaaaaaaaaaaa");
            cloud["accounts"][account]["regions"]["af-south-1"]["nat_gateways"] = all;
        });
        place.bbws(&format!("plan {name} --sandbox --detailed-exitcode")).exits(0);
        place.write(name, &edited(&place.file(name), &[("tags", "Owner = \"platform\"")]));
        let ran = place.bbws(&format!("apply {name} --sandbox --yes")).exits(code);
        if code == 1 {
            for part in ["[E-VERIFY]", "is not healthy", "route.office", "leads nowhere", "the way back", "environments/sit.toml"] {
                assert!(ran.err.contains(part), "{part} in\n{}", ran.err);
            }
            // A run that is not what it was wanted to be has failed, and leaves a bundle.
            let bundle = ran.out.lines().find(|line| line.ends_with(".jsonl")).unwrap_or_else(|| panic!("a bundle in\n{}", ran.out));
            assert!(std::fs::read_to_string(bundle.trim()).expect("a bundle").contains("run-finished"), "{bundle}");
        }
    }
}

//! Plans in files: what was looked at is what is executed, or nothing is.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::kept::Kept;
use crate::server::Server;
use crate::stand_in;
use crate::support::{Place, Ran, edited, ran};

const DEV: &str = "536580886816";

/// In the folder, as a user is: paths are short.
fn bbws(place: &Place, line: &str) -> Ran {
    ran(place.here(line.split_whitespace()).output().expect("the binary runs"))
}

fn save(place: &Place, options: &str) -> PathBuf {
    let path = place.path("dev.plan");
    bbws(place, &format!("plan dev --sandbox {options} -o {}", path.display())).exits(0);
    path
}

fn apply(place: &Place, file: &Path) -> Ran {
    bbws(place, &format!("apply dev {} --sandbox --yes", file.display()))
}

/// What a refusal says, without the line that dev.toml has warnings.
fn told(refused: &Ran) -> String {
    refused.err.lines().filter(|line| !line.contains("bbws validate")).map(|line| format!("{line}\n")).collect()
}

/// A refusal that says all of this, and what to do, in at most 12 lines.
#[track_caller]
fn says(refused: &Ran, parts: &[&str]) {
    let text = &refused.err;
    assert_eq!(refused.code, 3, "{text}\n{}", refused.out);
    for part in parts {
        assert!(text.contains(part), "`{part}` in\n{text}");
    }
    assert!(text.contains("do:") || text.contains("To go on:"), "what to do:\n{text}");
    assert!(told(refused).lines().count() <= 12, "{text}");
}

fn document(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).expect("a plan")).expect("JSON")
}

/// A plan that was edited, with the digest made to fit.
fn forged(path: &Path, change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut plan = document(path);
    change(&mut plan);
    plan.as_object_mut().expect("an object").remove("digest");
    let digest = bbws_model::digest(&plan);
    plan["digest"] = digest.0.into();
    plan.to_string().into_bytes()
}

#[test]
fn what_is_not_a_plan_as_bbws_wrote_it_is_refused_and_the_real_one_is_executed_once() {
    let (place, mut texts) = (Place::new(), Kept::default());
    let path = save(&place, "");
    let good = fs::read(&path).expect("a plan");
    let text = String::from_utf8(good.clone()).expect("text");
    assert_eq!(fs::metadata(&path).expect("a plan").permissions().mode() & 0o777, 0o600);
    let digest = document(&path)["digest"].as_str().expect("a digest").to_owned();
    let first = document(&path)["steps"][0]["address"].as_str().expect("an address").to_owned();
    let elsewhere = ["does something else at", &first];
    let edit = |from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1).into_bytes()
    };
    let table: Vec<(&str, Vec<u8>, &[&str])> = vec![
        ("an edited step", edit("10.0.1.0/24", "10.0.9.0/24"), &["was edited", "does not fit its digest"]),
        ("an edited digest", edit(&digest, &digest.replace(['0', '1', '2', '3'], "4")), &["was edited", "does not fit its digest"]),
        ("no digest", edit("\"digest\"", "\"sum\""), &["was edited"]),
        ("a key twice", edit("\"serial\": 0", "\"serial\": 0, \"serial\": 0"), &["the key `basis.serial` stands in it twice"]),
        (
            "an unknown field",
            forged(&path, |plan| plan["basis"]["more"] = json!(1)),
            &["no bbws writes such a plan", "unknown field `more`"],
        ),
        ("cut off", good[..text[..good.len() / 2].rfind('\n').expect("lines")].to_vec(), &["is not a whole plan", "cut off"]),
        ("nothing", vec![], &["is not a whole plan"]),
        ("other JSON", b"{\"steps\": []}".to_vec(), &["is not a plan", "does not say its format"]),
        ("a newer format", forged(&path, |plan| plan["format"] = json!(2)), &["a plan of a newer bbws", "format 2", "format 1"]),
        ("a newer bbws", forged(&path, |plan| plan["basis"]["engine"] = json!("99.0.0")), &["made by bbws 99.0.0, newer than this one"]),
        ("an older bbws", forged(&path, |plan| plan["basis"]["engine"] = json!("0.0.9")), &["made by bbws 0.0.9, older than this one"]),
        ("another environment", forged(&path, |plan| plan["basis"]["environment"] = json!("sit")), &["one of sit, and not of dev"]),
        ("another account", forged(&path, |plan| plan["basis"]["account"] = json!("815856636111")), &["for account 815856636111", DEV]),
        ("another region", forged(&path, |plan| plan["basis"]["region"] = json!("eu-west-1")), &["for eu-west-1", "af-south-1"]),
        ("another world", forged(&path, |plan| plan["basis"]["world"] = json!("aws")), &["for aws, and this is sandbox"]),
        ("a step that was made up", forged(&path, |plan| plan["steps"][0]["reason"] = json!({"why": "asked"})), &elsewhere),
    ];
    for (what, bytes, parts) in table {
        fs::write(&path, bytes).expect("a file");
        let refused = apply(&place, &path);
        says(&refused, parts);
        texts.keep(&place, what, &told(&refused));
        assert!(!place.path("state/sandbox/dev").exists(), "{what}: nothing was recorded");
    }
    fs::write(&path, &good).expect("a file");

    let link = place.path("link.plan");
    symlink(&path, &link).expect("a link");
    let refused = apply(&place, &link);
    says(&refused, &["is a symbolic link", "it leads to", "dev.plan"]);
    texts.keep(&place, "a symbolic link", &told(&refused));
    let large = place.path("large.plan");
    fs::File::create(&large).and_then(|file| file.set_len(1 << 40)).expect("a sparse file");
    says(&apply(&place, &large), &["is too large for a plan", "1048576 MB"]);
    says(&apply(&place, &place.path("environments")), &["is not a file"]);
    apply(&place, &place.path("none.plan")).exits(1);
    let kept = place.bbws(&format!("plan dev --sandbox -o {}", link.display())).exits(1).err;
    assert!(kept.contains("symbolic link"), "{kept}");
    assert_eq!(fs::read(&path).expect("a plan"), good, "nothing is written through a link");

    // In AWS, or what says that it is.
    let server = Server::of_account(DEV);
    let mut command = place.command(["apply", "dev", path.to_str().expect("a path"), "--yes"]);
    command.env("AWS_ENDPOINT_URL", server.url()).env("AWS_ACCESS_KEY_ID", "AKIATEST").env("AWS_SECRET_ACCESS_KEY", "test");
    says(&ran(command.output().expect("it runs")), &["made for sandbox", &server.url(), "add `--sandbox`"]);
    assert_eq!(server.asked(), ["GetCallerIdentity"]);

    says(&place.bbws(&format!("apply sit {} --sandbox --yes", path.display())), &["one of dev, and not of sit", "bbws apply dev"]);

    apply(&place, &path).exits(0);
    let state = place.state("dev");
    place.bbws("plan dev --sandbox --detailed-exitcode").exits(0);
    let replayed = apply(&place, &path);
    let run = place.bbws("state history dev --sandbox --json").exits(0).json()["runs"][0]["run"].as_str().expect("a run").to_owned();
    says(&replayed, &["APPLIED ALREADY", &run, "apply dev", "done"]);
    // Who it was and when stands in it, and is another each time.
    let of_all = told(&replayed);
    let (head, rest) = of_all.split_once("  who ").expect("who it was");
    let of_all = format!("{head}  who …\n{}", &rest[rest.find("  ended ").expect("an end")..]);
    texts.keep(&place, "applied already", &of_all);
    assert_eq!(place.state("dev"), state);

    // The state of another cluster under the same name: what was planned on the one is nothing for the other.
    place.edit("dev", "retention_days = 7 ", "retention_days = 14 ");
    let path = save(&place, "");
    place.bbws("sandbox reset").exits(0);
    place.edit("dev", "retention_days = 14 ", "retention_days = 7 ");
    place.applied("dev").expect("another cluster");
    let refused = apply(&place, &path);
    says(&refused, &["another state of dev", state["lineage"].as_str().expect("a lineage")]);
    texts.keep(&place, "another lineage", &told(&refused));
    texts.demand("plan-files");
}

/// Copies a folder as it is.
fn copied(from: &Path, to: &Path) {
    let status = Command::new("cp").arg("-a").arg(from).arg(to).status().expect("cp");
    assert!(status.success());
}

#[test]
fn a_plan_is_refused_where_file_state_or_aws_have_moved_and_says_what_did() {
    let (place, mut texts) = (Place::new(), Kept::default());
    place.applied("dev").expect("a cluster");
    let shipped = place.file("dev");
    let edits = [("rds", "class = \"db.t3.small\""), ("network", "endpoints = []")];
    place.write("dev", &edited(&shipped, &edits));
    let path = save(&place, "");
    let planned = fs::read(&path).expect("a plan");
    let before = place.state("dev");

    // The file.
    let more = [("logs", "retention_days = 14"), ("monitoring", "dashboard = true"), ("rds", "class = \"db.t3.medium\"")];
    place.write("dev", &edited(&edited(&shipped, &edits), &more));
    let refused = apply(&place, &path);
    texts.keep(&place, "the file says something else", &told(&refused));
    says(
        &refused,
        &[
            "NO LONGER FITS",
            "file",
            "now wants otherwise",
            "db-instance.main",
            "log-group.",
            "has new dashboard.main",
            "bbws plan dev --sandbox -o FILE",
        ],
    );
    let failure: Value =
        serde_json::from_str(&place.bbws(&format!("apply dev {} --sandbox --yes --json", path.display())).exits(3).err).expect("JSON");
    assert!(failure["findings"].as_array().expect("findings").iter().any(|one| one["address"] == "dashboard.main"), "{failure:#}");
    place.write("dev", &edited(&shipped, &edits));

    // AWS: an object that a step changes, and one that is only referred to.
    let cloud = fs::read(place.path("state/sandbox/cloud.json")).expect("a cloud");
    for (change, parts) in [
        (json!({"db_instances": {"storage": 40}}), ["in AWS", "db-instance.main storage_gib 20 → 40"]),
        (json!({"vpc_endpoints": null}), ["in AWS", "vpc-endpoint.s3 is gone: vpce-"]),
    ] {
        place.change_cloud(|cloud| {
            let region = &mut cloud["accounts"][DEV]["regions"]["af-south-1"];
            for (sort, what) in change.as_object().expect("a change") {
                let all = region[sort].as_object_mut().unwrap_or_else(|| panic!("{sort}"));
                match what {
                    Value::Null => all.clear(),
                    fields => all.values_mut().for_each(|object| {
                        for (field, value) in fields.as_object().expect("fields") {
                            assert!(object.get(field).is_some(), "{field} of {object:#}");
                            object[field] = value.clone();
                        }
                    }),
                }
            }
        });
        let refused = apply(&place, &path);
        says(&refused, &parts);
        texts.keep(&place, "AWS shows something else", &told(&refused));
        fs::write(place.path("state/sandbox/cloud.json"), &cloud).expect("a cloud");
    }
    assert_eq!(place.state("dev"), before, "nothing was done");

    // The state: a run that changed nothing moves the log's head and not the serial.
    copied(&place.path("state/sandbox/dev"), &place.path("before"));
    place.write("dev", &edited(&shipped, &[("logs", "retention_days = 14")]));
    let other = place.here(["apply", "dev", "--sandbox", "--yes", "--target", "log-group.ecs"]);
    let failed = (400, "InvalidParameterException", "1 validation error detected.");
    ran(stand_in::answer(&other, "PutRetentionPolicy", failed).output().expect("it runs")).exits(1);
    assert_eq!(place.state("dev")["serial"], before["serial"]);
    place.write("dev", &edited(&shipped, &edits));
    let refused = apply(&place, &path);
    says(&refused, &["NO LONGER FITS", "no resource has changed since (serial", "but other runs have written to its log"]);
    // Which program it was, and whose, is another on each machine.
    let of_all = told(&refused);
    let (head, rest) = of_all.split_once("    run ").expect("a run");
    texts.keep(&place, "a moved head", &format!("{head}    run …\n{}", &rest[rest.find("To go on").expect("a way on")..]));
    fs::remove_dir_all(place.path("state/sandbox/dev")).expect("a state");
    fs::rename(place.path("before"), place.path("state/sandbox/dev")).expect("a state");

    // Another run, and the state as it was before that.
    copied(&place.path("state/sandbox/dev"), &place.path("kept"));
    place.write("dev", &edited(&shipped, &[("logs", "retention_days = 14")]));
    place.applied("dev").expect("another run");
    place.write("dev", &edited(&shipped, &edits));
    says(&apply(&place, &path), &["state", "planned on serial", "run", "apply dev", "log-group.ecs"]);
    let later = place.path("later.plan");
    place.bbws(&format!("plan dev --sandbox -o {}", later.display())).exits(0);
    fs::remove_dir_all(place.path("state/sandbox/dev")).expect("a state");
    fs::rename(place.path("kept"), place.path("state/sandbox/dev")).expect("a state");
    let refused = apply(&place, &later);
    says(&refused, &["state", "it is older than the plan"]);
    texts.keep(&place, "an older serial", &told(&refused));
    texts.demand("stale-plans");

    // As it was made, it is executed: no more and no less.
    fs::write(place.path("state/sandbox/cloud.json"), &cloud).expect("a cloud");
    assert_eq!(fs::read(&path).expect("a plan"), planned);
    apply(&place, &path).exits(0);
    let after = place.state("dev");
    assert_eq!(after["entries"]["db-instance.main"]["spec"]["class"], "db.t3.small");
    assert!(after["entries"].get("vpc-endpoint.s3").is_none());

    // A part of what is to be done, and nothing but it.
    place.write("dev", &edited(&shipped, &[("logs", "retention_days = 14")]));
    let path = save(&place, "--target log-group.ecs");
    assert_eq!(document(&path)["scope"]["target"], json!(["log-group.ecs"]));
    apply(&place, &path).exits(0);
    let part = place.state("dev");
    assert_eq!(part["entries"]["log-group.ecs"]["spec"]["retention_days"], 14);
    assert_eq!(part["entries"]["db-instance.main"], after["entries"]["db-instance.main"]);
}

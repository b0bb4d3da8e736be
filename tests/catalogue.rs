//! Errors of bbws's own that no other test keeps: each provoked in the binary, and told word by word as a user gets it.

use std::fs;

use crate::kept::Kept;
use crate::support::{Place, Ran};

const ACCOUNT: &str = "536580886816";
const REGION: &str = "af-south-1";

/// All policies but one action.
const DENIES: &str = r#"{"Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"},
    {"Effect": "Deny", "Action": "logs:DescribeLogGroups", "Resource": "*"}]}"#;

const EMPTY: &str = r#"{"version": 4, "terraform_version": "1.9.0", "serial": 1, "lineage": "l", "outputs": {}, "resources": []}"#;

/// The text of a failure, which names its id and what to do.
#[track_caller]
fn failure(ran: Ran, code: i32, id: &str) -> String {
    let ran = ran.exits(code);
    let told: Vec<&str> = ran.err.lines().filter(|line| !line.contains("has a warning;")).collect();
    let told = told.join("\n");
    assert!(told.contains(&format!("[{id}]")), "{id} in\n{told}");
    assert!(told.contains("do: "), "what to do, in\n{told}");
    told
}

#[test]
fn each_error_of_bbws_is_told_with_what_to_do() {
    let (place, mut texts) = (Place::new(), Kept::default());
    let mut keep = |place: &Place, line: &str, code: i32, id: &str| {
        let told = failure(place.bbws(line), code, id);
        texts.keep(place, &format!("{id}: bbws {line}").replace(&place.path("").display().to_string(), ""), &told);
    };
    let path = |name: &str| place.path(name).display().to_string();
    let nowhere = path("nowhere/file");

    // Before anything is there.
    keep(&place, "state list dev --sandbox", 1, "E-NO-STATE");
    keep(&place, "plan prod --sandbox", 1, "E-OFFER");
    keep(&place, "plan dev --sandbox --target vpc.nope", 1, "E-NO-PLAN");
    keep(&place, &format!("graph dev -o {nowhere}"), 1, "E-FILE");
    fs::write(place.path("other.json"), "{}").expect("a file");
    fs::write(place.path("empty.tfstate"), EMPTY).expect("a file");
    keep(&place, &format!("import dev --tfstate {}", path("other.json")), 1, "E-FILE");
    keep(&place, &format!("import dev --tfstate {} --sandbox", path("empty.tfstate")), 1, "E-IMPORT");

    // Somebody has the zone above, which does not refer to ours.
    place.tamper(|cloud| cloud.ensure_zone("093646564004", "kimmyai.io", 1));
    keep(&place, "plan dev --sandbox", 3, "E-DELEGATION");
    place.bbws("sandbox reset").exits(0);
    let shipped = place.file("dev");

    // A cluster, and what does not fit it.
    place.applied("dev").expect("applied");
    for line in [format!("docs dev -o {nowhere}"), format!("plan dev -o {nowhere}"), format!("state pull dev -o {nowhere}")] {
        failure(place.bbws(&format!("{line} --sandbox")), 1, "E-FILE");
    }
    keep(&place, "state show dev vpc.nope --sandbox", 1, "E-UNKNOWN");
    let told = place.bbws("state show dev nope --sandbox").exits(64).err;
    assert!(told.contains("do: an address is KIND.NAME") && !told.contains("[E-"), "{told}");
    keep(&place, "state rebuild dev --sandbox --yes", 3, "E-STATE");
    place.write("dev", &shipped.replace(ACCOUNT, "111122223333"));
    keep(&place, "plan dev --sandbox", 3, "E-WORLD");
    place.write("dev", &shipped);
    fs::write(place.path("denies.json"), DENIES).expect("a policy");
    keep(&place, &format!("drift dev --sandbox --sandbox-policy {}", path("denies.json")), 1, "E-UNREAD");
    let before = place.cloud();
    place.change_cloud(|cloud| {
        let groups = &mut cloud["accounts"][ACCOUNT]["regions"][REGION]["log_groups"];
        groups.as_object_mut().expect("groups").remove("/ecs/dev");
    });
    keep(&place, "drift dev --sandbox --accept log-group.ecs --yes", 1, "E-DRIFT");
    place.change_cloud(|cloud| *cloud = before);
    let files = place.state("dev")["entries"]["file-system.main"]["id"].as_str().expect("an id").to_owned();
    place.tamper(|cloud| cloud.tenant(ACCOUNT, REGION).access_point(&files, "banana"));
    keep(&place, "plan dev --sandbox --destroy", 3, "E-FOREIGN");

    // A store that is broken, and a log that is.
    let log = place.path("state/sandbox/dev/log");
    fs::rename(&log, place.path("log")).expect("a log");
    fs::write(&log, "").expect("a file");
    keep(&place, "state list dev --sandbox", 74, "E-STORE");
    fs::remove_file(&log).expect("a file");
    fs::rename(place.path("log"), &log).expect("a log");
    fs::remove_dir_all(place.path("state/sandbox/dev/checkpoints")).expect("checkpoints");
    fs::remove_file(place.path("state/sandbox/dev/state.json")).expect("a state");
    fs::remove_file(log.join("00000000000000000005.json")).expect("a slot");
    keep(&place, "state list dev --sandbox", 74, "E-DAMAGED");
    texts.demand("catalogue");
}

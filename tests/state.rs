//! The care of the state, as its user has it: what was done when, what was damaged, lost, or left behind.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::support::Place;

fn applied() -> Place {
    let place = Place::new();
    place.applied("dev").expect("a cluster");
    place
}

fn slots(place: &Place) -> Vec<String> {
    let dir = fs::read_dir(place.path("state/sandbox/dev/log")).expect("a log");
    let mut names: Vec<String> = dir.map(|entry| entry.expect("a slot").file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn the_past_is_told_compared_and_restored() {
    let place = applied();
    let before = place.state("dev");
    place.edit("dev", "retention_days = 7 ", "retention_days = 14 ");
    place.applied("dev").expect("a change");
    let history = place.bbws("state history dev --sandbox --json").exits(0).json();
    let runs = history["runs"].as_array().expect("runs");
    assert_eq!(runs.len(), 2);
    let (run, owner) = (runs[1]["run"].as_str().expect("a run"), &runs[1]["owner"]);
    assert!(owner["user"].is_string() && owner["command"].as_str().expect("a command").contains("apply dev"), "{owner}");
    let told = place.bbws(&format!("state diff dev {run} --sandbox")).exits(0).out;
    assert!(told.contains("~ log-group.ecs\n    spec.retention_days: 7 -> 14"), "{told}");
    let first = runs[0]["slots"].as_array().expect("slots").last().expect("a slot")["seq"].as_u64().expect("a number");
    let same = place.bbws(&format!("state diff dev {first} serial:{} --sandbox", before["serial"])).exits(0).out;
    assert_eq!(same, "No difference.\n");
    assert!(place.bbws(&format!("state history dev {run} --sandbox")).exits(0).out.contains("is about to update log-group.ecs"));
    place.bbws("state diff dev 99999 --sandbox").exits(1);
    place.bbws("state restore dev --sandbox").exits(64);
    let asked = place.bbws(&format!("state restore dev {first} --sandbox")).exits(3);
    assert!(asked.out.contains("spec.retention_days: 14 -> 7"), "it shows first:\n{}", asked.out);
    let count = slots(&place).len();
    place.bbws(&format!("state restore dev {first} --sandbox --yes")).exits(0);
    let after = place.state("dev");
    assert_eq!(after["entries"], before["entries"]);
    assert_eq!(slots(&place).len(), count + 3, "history goes on, nothing of it is rewritten");
    // What is there did not change, and the next look shows it.
    place.at_rest("dev");
    let pulled: Value = place.bbws("state pull dev --sandbox").exits(0).json();
    assert_eq!(pulled["serial"], after["serial"]);
    place.bbws(&format!("state pull dev --sandbox -o {}", place.path("copy.json").display())).exits(0);
    assert_eq!(fs::read_to_string(place.path("copy.json")).expect("a copy"), place.bbws("state pull dev --sandbox").out);
}

#[test]
fn a_lost_state_is_rebuilt_from_the_account_and_the_plan_is_empty() {
    let place = applied();
    let before = place.state("dev");
    let refused = place.bbws("state rebuild dev --sandbox --yes").exits(3);
    assert!(refused.err.contains("is not lost"), "{}", refused.err);
    fs::remove_dir_all(place.path("state/sandbox/dev")).expect("a state");
    let shown = place.bbws("state rebuild dev --sandbox").exits(3);
    assert!(shown.out.contains("vpc.main") && !place.path("state/sandbox/dev").exists(), "shown, and nothing written:\n{}", shown.out);
    let rebuilt = place.bbws("state rebuild dev --sandbox --yes").exits(0);
    assert!(rebuilt.out.contains("a plan finds nothing to do"), "{}", rebuilt.out);
    let after = place.state("dev");
    assert_eq!((&after["lineage"], &after["outputs"]), (&before["lineage"], &before["outputs"]));
    assert_eq!(after["backups"], before["backups"]);
    place.at_rest("dev");
    let ids = |state: &Value| -> Vec<(String, Value)> {
        state["entries"].as_object().expect("entries").iter().map(|(address, entry)| (address.clone(), entry["id"].clone())).collect()
    };
    assert_eq!(ids(&after), ids(&before), "every resource, under its own id");
    let whole = place.bbws("state verify dev --sandbox --account --json").exits(0).json();
    assert_eq!(whole["account"]["findings"], serde_json::json!([]), "one document: {whole:#}");
    place.bbws("destroy dev --sandbox --confirm wp-dev-cluster").exits(0);
    let left = place.bbws("sandbox show --json").out;
    assert!(!left.contains("\"vpc\""), "{left}");
}

#[test]
fn damage_is_told_refused_and_rebuilt_from() {
    let place = applied();
    place.bbws("state verify dev --sandbox").exits(0);
    let derived = place.path("state/sandbox/dev/state.json");
    let whole = fs::read(&derived).expect("a state");
    fs::write(&derived, &whole[..whole.len() / 2]).expect("a state");
    let told = place.bbws("state verify dev --sandbox --json").exits(2).json();
    assert_eq!((&told["damage"][0]["key"], &told["damage"][0]["cure"]), (&"state.json".into(), &"derived".into()));
    place.at_rest("dev");
    let before = slots(&place).len();
    place.bbws("state verify dev --sandbox --mend").exits(0);
    assert_eq!(slots(&place).len(), before + 2, "the environment was held meanwhile, and given back");
    let (was, mended): (Value, Value) = (serde_json::from_slice(&whole).expect("JSON"), place.state("dev"));
    assert_eq!((&mended["entries"], &mended["serial"]), (&was["entries"], &was["serial"]));
    place.bbws("state verify dev --sandbox --mend").exits(0);
    assert_eq!(slots(&place).len(), before + 2, "nothing is written where nothing is to be mended");
    // A byte of a slot, and nothing left that was folded beyond it.
    fs::remove_file(&derived).expect("a state");
    fs::remove_dir_all(place.path("state/sandbox/dev/checkpoints")).ok();
    let slot = place.path(&format!("state/sandbox/dev/log/{}", slots(&place)[9]));
    let mut bytes = fs::read(&slot).expect("a slot");
    bytes[40] ^= 1;
    fs::write(&slot, bytes).expect("a slot");
    let refused = place.bbws("apply dev --sandbox --yes").exits(74);
    assert!(
        refused.err.contains("log/00000000000000000010.json is damaged") && refused.err.contains("bbws state rebuild dev"),
        "{}",
        refused.err
    );
    place.bbws("state verify dev --sandbox --mend").exits(74);
    place.bbws("doctor dev --sandbox").exits(2);
    let rebuilt = place.bbws("state rebuild dev --sandbox --yes").exits(0);
    assert!(rebuilt.err.contains("put aside") && rebuilt.out.contains("nothing to do"), "{}{}", rebuilt.err, rebuilt.out);
    let doctor = place.bbws("doctor dev --sandbox --json").exits(0).json();
    assert!(doctor["checks"].as_array().expect("checks").iter().all(|check| check["verdict"] != "bad"), "{doctor:#}");
}

#[test]
fn what_others_read_is_told_where_it_is_not_what_was_published_and_written_again() {
    let place = applied();
    let (state, outputs) = (place.path("state/sandbox/dev/state.json"), place.path("state/sandbox/dev/outputs.json"));
    let whole = fs::read(&outputs).expect("outputs");
    let verified = |code: i32| {
        let told = place.bbws("state verify dev --sandbox --json").exits(code).json();
        let damage = told["damage"].as_array().expect("a list").iter().map(|one| one["key"].as_str().expect("a key").to_owned());
        damage.collect::<Vec<String>>()
    };
    assert_eq!(verified(0), Vec::<String>::new());
    fs::remove_file(&state).expect("a state");
    fs::write(&outputs, "{}").expect("outputs");
    assert_eq!(verified(2), ["outputs.json", "state.json"]);
    assert!(place.bbws("doctor dev --sandbox").exits(0).out.contains("outputs.json and state.json could not be written"));
    // An apply that has nothing to do writes it.
    let told = place.bbws("apply dev --sandbox --yes").exits(0);
    assert!(told.err.contains("could not write state.json and outputs.json; it is done now"), "{}", told.err);
    assert_eq!((verified(0), fs::read(&outputs).expect("outputs")), (vec![], whole.clone()));
    let count = slots(&place).len();
    place.bbws("apply dev --sandbox --yes").exits(0);
    assert_eq!(slots(&place).len(), count, "where nothing is late nothing is written");
    // And so does the care of the state.
    fs::remove_file(&outputs).expect("outputs");
    assert!(place.bbws("state verify dev --sandbox --mend").exits(0).out.contains("mended: outputs.json"));
    assert_eq!((verified(0), fs::read(&outputs).expect("outputs")), (vec![], whole));
    assert!(place.bbws("state history dev --sandbox").exits(0).out.contains("  state verify by "), "which is no apply");
}

#[test]
fn an_account_that_does_not_agree_with_the_state_is_told() {
    let place = applied();
    place.bbws("state verify dev --sandbox --account").exits(0);
    place.change_cloud(|cloud| {
        let here = &mut cloud["accounts"]["536580886816"]["regions"]["af-south-1"];
        here["log_groups"].as_object_mut().expect("log groups").remove("/ecs/dev").expect("it was there");
        let vpcs = here["vpcs"].as_object_mut().expect("VPCs");
        let ours = vpcs.values_mut().find(|vpc| vpc["tags"]["bbws:address"] == "vpc.main").expect("it is ours");
        ours["tags"]["bbws:lineage"] = "another".into();
        let subnets = here["subnets"].as_object_mut().expect("subnets");
        let ours = subnets.values_mut().find(|subnet| !subnet["tags"]["bbws:address"].is_null()).expect("it is ours");
        ours["tags"].as_object_mut().expect("tags").retain(|name, _| !name.starts_with("bbws:"));
    });
    let told = place.bbws("state verify dev --sandbox --account").exits(2).out;
    for part in ["/ecs/dev is recorded and does not exist", "bears the mark of another", "of the state another", "bears no mark"] {
        assert!(told.contains(part), "{part} in {told}");
    }
}

#[test]
fn what_is_ours_and_unknown_is_an_orphan_and_what_is_gone_is_told() {
    let place = applied();
    place.bbws("state orphans dev --sandbox").exits(0);
    let whole = place.state("dev");
    // The state forgets what has come late, as an older copy of it would.
    let history = place.bbws("state history dev --sandbox --json").exits(0).json();
    let slots = history["runs"][0]["slots"].as_array().expect("slots");
    let came = |address: &str| slots.iter().find(|slot| slot["changed"]["entries"][address]["difference"] == "added").expect("it came");
    let before = came("nat-gateway.a")["seq"].as_u64().expect("a number") - 1;
    let refused = place.bbws(&format!("state restore dev {before} --sandbox --yes")).exits(3);
    assert!(refused.err.contains("nat-gateway.a") && refused.err.contains("--forget"), "{}", refused.err);
    place.bbws(&format!("state restore dev {before} --sandbox --yes --forget")).exits(0);
    let found = place.bbws("state orphans dev --sandbox --json").exits(2).json();
    let addresses: Vec<&str> = found["orphans"].as_array().expect("orphans").iter().filter_map(|one| one["address"].as_str()).collect();
    assert!(addresses.contains(&"nat-gateway.a"), "{addresses:?}");
    assert!(!addresses.contains(&"vpc.main"), "what is recorded is none: {addresses:?}");
    // Forgetting all, everything is listed that bears a mark and can be listed.
    place.bbws("state restore dev 1 --sandbox --yes --forget").exits(0);
    let found = place.bbws("state orphans dev --sandbox --json").exits(2).json();
    let kinds: BTreeSet<&str> = found["orphans"].as_array().expect("orphans").iter().filter_map(|one| one["kind"].as_str()).collect();
    let unlisted: BTreeSet<&str> = found["unlisted"].as_array().expect("kinds").iter().filter_map(Value::as_str).collect();
    let had = whole["entries"].as_object().expect("entries").keys().filter_map(|address| address.split('.').next());
    let missed: BTreeSet<&str> = had.filter(|kind| !kinds.contains(kind) && !unlisted.contains(kind)).collect();
    assert!(missed.is_empty() && kinds.len() >= 25, "not listed: {missed:?}; listed: {kinds:?}");
    let bare = [
        "dashboard",
        "dns-record",
        "mount-target",
        "object",
        "role-policy",
        "role-policy-attachment",
        "route",
        "route-table-association",
        "secret-value",
    ];
    assert!(unlisted.iter().all(|kind| bare.contains(kind)), "{unlisted:?}");
    place.bbws(&format!("state restore dev {} --sandbox --yes", whole["seq"])).exits(0);
    place.bbws(&format!("state restore dev {before} --sandbox --yes --forget")).exits(0);
    // The next run takes them back: nothing is made twice.
    place.applied("dev").expect("adopted");
    place.bbws("state orphans dev --sandbox").exits(0);
}

const EXTRA: &str = "\n[resource.log-group.NAME]\nname = \"/extra\"\nretention_days = 30\n";

#[test]
fn a_resource_gets_another_address_and_is_forgotten_and_both_are_taken_back() {
    let place = Place::new();
    let shipped = place.file("dev");
    let with = |name: &str| place.write("dev", &(shipped.clone() + &EXTRA.replace("NAME", name)));
    with("extra");
    place.applied("dev").expect("a cluster");
    let before = place.state("dev");

    // In the file it is called otherwise now: without the move another would be made, and this one removed.
    with("audit");
    place.bbws("state mv dev log-group.extra log-group.audit --sandbox --yes").exits(64);
    let shown = place.bbws("state mv dev log-group.extra log-group.audit --reason renamed --sandbox").exits(3);
    assert!(shown.out.contains("> log-group.extra -> log-group.audit  /extra"), "{}", shown.out);
    assert_eq!(place.state("dev"), before, "nothing is written before a yes");
    let moved = place.bbws("state mv dev log-group.extra log-group.audit --sandbox --yes --json --reason renamed").exits(0).json();
    assert_eq!((&moved["id"], &moved["new_declared"], &moved["old_declared"]), (&"/extra".into(), &true.into(), &false.into()));
    let plan = place.bbws("plan dev --sandbox --json").exits(0).json();
    assert_eq!(crate::support::steps(&plan), ["~log-group.audit"], "the tag is corrected, and nothing else");
    let fields = plan["steps"][0]["reason"]["fields"].as_array().expect("fields");
    // Its tag `Name` follows its address.
    assert_eq!(
        fields.iter().map(|one| one["field"].as_str()).collect::<Vec<_>>(),
        [Some("tags"), Some("bbws's ownership tags")],
        "{plan:#}"
    );
    assert_eq!(place.applied("dev"), Ok(vec!["~log-group.audit".to_owned()]));
    let history = place.bbws("state history dev --sandbox --json").exits(0).json().to_string();
    assert!(history.contains("renames log-group.extra to log-group.audit: renamed"), "{history}");

    // The way back, as it was told; and the refusals.
    with("extra");
    place.pasted(moved["back"].as_str().expect("a command"), " --yes").exits(0);
    assert_eq!(place.applied("dev"), Ok(vec!["~log-group.extra".to_owned()]));
    for (line, code, why) in [
        ("log-group.none log-group.a --yes", 3, "nothing is recorded as log-group.none"),
        ("log-group.extra topic.a --yes", 3, "another kind"),
        ("log-group.extra log-group.ecs --yes", 3, "log-group.ecs is recorded already, as /ecs/dev"),
        ("log-group.extra", 64, "which resource gets which address?"),
        ("Log log-group.a", 64, "is not an address"),
    ] {
        let refused = place.bbws(&format!("state mv dev {line} --reason x --sandbox")).exits(code);
        assert!(refused.err.contains(why), "{line}: {}", refused.err);
    }

    // Forgotten: the object stays, and while the file declares it a plan takes it back.
    let before = place.state("dev");
    place.bbws("state rm dev log-group.extra --sandbox --yes").exits(64);
    let held = place.bbws("state rm dev log-group.ecs --sandbox --yes --reason test").exits(3);
    assert!(held.err.contains("add role-policy.ecs-execution"), "{}", held.err);
    let told = place.bbws("state rm dev log-group.extra --sandbox --yes --reason handed-over").exits(0);
    assert!(told.out.contains("(declared)"), "{}", told.out);
    let back = told.out.split("back again: ").nth(1).and_then(|rest| rest.lines().next()).expect("a command").to_owned();
    assert!(place.bbws("sandbox show").out.contains("/extra"), "the object stays");
    assert_eq!(crate::support::steps(&place.bbws("plan dev --sandbox --json").exits(0).json()), [">log-group.extra"]);
    let history = place.bbws("state history dev --sandbox --json").exits(0).json().to_string();
    assert!(history.contains("forgets log-group.extra: handed-over"), "{history}");
    place.pasted(&back, " --yes").exits(0);
    assert_eq!(place.state("dev")["entries"], before["entries"]);
    place.bbws("state rm dev log-group.extra --sandbox --yes --reason handed-over").exits(0);
    place.write("dev", &shipped);
    place.at_rest("dev");
    assert!(place.bbws("sandbox show").out.contains("/extra"), "neither managed nor removed");
}

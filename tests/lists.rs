//! What is listed of an account: with which reads, what is said of what may not be listed, and what is found that is called
//! otherwise than the file says.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::Arc;

use bbws_aws::{Aws, drivers, iam_action, is_read};
use bbws_engine::Reading;
use bbws_sandbox::{CloudFile, Sandbox};
use serde_json::{Value, json};

use crate::iam::{allowed, made_since, policies, without_of};
use crate::import::{certainty, proposed, things_in, unmark};
use crate::servers::{OPTIONS, RULE};
use crate::support::{Place, Ran};

const ACCOUNT: &str = "536580886816";

/// What lists all of a kind and no driver of it needs: the policies of whoever lists have it beside what the kinds declare.
const BESIDE: [(&str, &str); 13] = [
    ("bucket", "s3:ListAllMyBuckets"),
    ("cdn-function", "cloudfront:ListFunctions"),
    ("ecs-cluster", "ecs:ListClusters"),
    ("listener", "elasticloadbalancing:DescribeLoadBalancers"),
    ("log-delivery", "logs:DescribeDeliveries"),
    ("log-delivery-destination", "logs:DescribeDeliveryDestinations"),
    ("log-delivery-source", "logs:DescribeDeliverySources"),
    ("log-group", "tag:GetResources"),
    ("metric-alarm", "tag:GetResources"),
    ("role", "iam:ListRoleTags"),
    ("role", "iam:ListRoles"),
    ("secret", "secretsmanager:ListSecrets"),
    ("task-definition", "tag:GetResources"),
];

/// A function of the distribution.
const FUNCTION: &str = r#"
[cdn.default]
functions = ["hello"]

[cdn.function.hello]
code = "function handler(event) { return event.request }"
"#;

/// A cluster with every option and a function.
fn cluster() -> Place {
    let place = Place::new();
    for (from, to) in OPTIONS {
        place.edit("dev", from, to);
    }
    place.write("dev", &(place.file("dev") + RULE + FUNCTION));
    place.applied("dev").expect("a cluster");
    place
}

#[test]
fn whatever_is_listed_takes_only_reads_that_its_kind_declares() {
    let place = cluster();
    policies(&place, "--for import", "import");
    let may = allowed(&place, "import");
    let sandbox = Sandbox::in_memory(ACCOUNT);
    let cloud = CloudFile::new(place.path("state/sandbox")).load().expect("a cloud");
    sandbox.sim().tamper(|there| *there = cloud);
    let mut wanted: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for (address, entry) in place.state("dev")["entries"].as_object().expect("entries") {
        wanted.entry(address.split('.').next().expect("a kind").to_owned()).or_default().push(entry["spec"].clone());
    }
    let (aws, kinds) = (Aws::new(Arc::new(sandbox), "af-south-1"), bbws_kinds::all());
    let drivers = drivers(&aws);
    let (mut wrong, mut found) = (BTreeSet::new(), BTreeMap::new());
    let mut used: BTreeSet<&(&str, &str)> = BTreeSet::new();
    let mut judge = |kind: &'static str, how: &str, from: usize| {
        let declared = kinds.get(kind).expect("a kind").permissions();
        for call in &aws.calls().all()[from..] {
            let action = iam_action(&call.operation);
            let beside = BESIDE.iter().find(|one| **one == (kind, action));
            used.extend(beside);
            let declares = declared.observe.contains(&action) || declared.delete.contains(&action) || beside.is_some();
            if !is_read(&call.operation) || !declares || !may.contains(action) {
                wrong.insert(format!("{kind} is {how} by {action}"));
            }
        }
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime");
    runtime.block_on(async {
        for (kind, census) in drivers.censuses() {
            let from = aws.calls().all().len();
            let all = census.marked(&Reading::new()).await.expect("a census");
            assert!(from < aws.calls().all().len(), "{kind} asks somebody");
            found.insert(kind, all.len());
            judge(kind, "counted", from);
        }
        for (kind, listing) in drivers.listings() {
            let (from, none) = (aws.calls().all().len(), vec![]);
            let all = listing.all(wanted.get(kind).unwrap_or(&none), &Reading::new()).await.expect("a list");
            // What is listed is what is counted, and its marks are the same.
            let marked = all.iter().filter(|one| one.owner.as_ref().is_some_and(|owner| owner.address.kind() == kind)).count();
            assert_eq!(Some(&marked), found.get(kind), "{kind}");
            judge(kind, "listed", from);
        }
    });
    assert_eq!(wrong, BTreeSet::new());
    let idle: Vec<_> = BESIDE.iter().filter(|one| !used.contains(*one)).collect();
    assert!(idle.is_empty(), "nobody asks for {idle:?}");
    let none: Vec<&&str> = found.iter().filter(|(_, many)| **many == 0).map(|(kind, _)| kind).collect();
    assert_eq!(none, [&"db-snapshot"], "each kind had something to be read of");
}

/// Everything that a folder holds, in another.
fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    fs::create_dir_all(to).expect("a folder");
    for one in fs::read_dir(from).expect("a folder").map(|one| one.expect("a file")) {
        let to = to.join(one.file_name());
        if one.path().is_dir() {
            copy(&one.path(), &to);
        } else {
            fs::copy(one.path(), to).expect("a copy");
        }
    }
}

/// One action is taken away, of all that a command makes use of: it must be named. So many are tried, spread over all of them;
/// with `BBWS_ACTIONS` as many as that says, as the soak does. A plan goes on from nothing that it could not read: it fails, and
/// names no other.
fn each_is_named(place: &Place, task: &str, many: usize, run: impl Fn(&str) -> Ran) -> Value {
    let held = policies(place, &format!("--for {task}"), task);
    let before = crate::iam::calls(place).len();
    let whole = run(&held).exits(0);
    let many = std::env::var("BBWS_ACTIONS").ok().map_or(many, |text| text.parse().expect("a number"));
    let may = allowed(place, task);
    let used: Vec<String> = made_since(place, before).into_iter().filter(|action| may.contains(action)).collect();
    assert!(!used.is_empty(), "{}", whole.out);
    // The index of tags confirms what a plan knows, and decides nothing: a plan does without (ADR 10).
    let used: Vec<String> = used.into_iter().filter(|action| task != "plan" || action != "tag:GetResources").collect();
    let (mut wrong, mut tried) = (String::new(), 0);
    for action in used.iter().step_by(used.len().div_ceil(many).max(1)) {
        tried += 1;
        let ran = run(&without_of(place, task, &[action]));
        let told: String = (ran.out.clone() + &ran.err).split_whitespace().collect::<String>().to_lowercase();
        let says = [format!("notauthorizedtoperform:{}", action.to_lowercase()), format!("allow{}to", action.to_lowercase())];
        let fails = task != "plan" || (ran.code != 0 && named(&ran) == BTreeSet::from([action.to_lowercase()]));
        if !says.iter().any(|says| told.contains(says)) || !fails {
            wrong += &format!("{task} without {action}: exit {}\n{}\n{}\n", ran.code, ran.out, ran.err);
        }
    }
    println!("{task}: {tried} of {} actions taken away, one at a time", used.len());
    assert!(wrong.is_empty(), "{wrong}");
    json!({ "used": used.len(), "taken_away": tried })
}

/// The actions of which it is said that they are denied, and that would have to be allowed.
fn named(ran: &Ran) -> BTreeSet<String> {
    let after = |mark: &str| -> BTreeSet<String> {
        let all = ran.err.split(mark).skip(1).filter_map(|rest| rest.split_whitespace().next());
        all.map(|action| action.trim_end_matches('.').to_lowercase()).collect()
    };
    let (denied, allow) = (after("not authorized to perform: "), after("Allow "));
    denied.union(&allow).cloned().collect()
}

#[test]
fn whatever_a_look_may_not_do_is_named() {
    let place = cluster();
    let (state, kept) = (place.path("state/sandbox"), place.path("kept"));
    let cost = each_is_named(&place, "cost", 1, |held| place.bbws(&format!("cost dev --refresh --sandbox{held}")));
    let plan = each_is_named(&place, "plan", 6, |held| place.bbws(&format!("plan dev --sandbox{held}")));
    let drift = each_is_named(&place, "drift", 9, |held| place.bbws(&format!("drift dev --sandbox{held}")));
    fs::remove_dir_all(state.join("dev")).expect("a state");
    copy(&state, &kept);
    let rebuild = each_is_named(&place, "rebuild", 6, |held| {
        copy(&kept, &state);
        place.bbws(&format!("state rebuild dev --sandbox --yes{held}"))
    });
    copy(&kept, &state);
    place.change_cloud(unmark);
    copy(&state, &kept);
    let import = each_is_named(&place, "import", 6, |held| {
        copy(&kept, &state);
        place.bbws(&format!("import dev --discover --sandbox --yes{held}"))
    });
    if let Ok(path) = std::env::var("BBWS_TALLY") {
        fs::write(path, json!({ "cost": cost, "plan": plan, "drift": drift, "rebuild": rebuild, "import": import }).to_string())
            .expect("a file");
    }

    // A kind that may not be listed stops none of the others; nothing of it, and of what refers to it, passes for absent.
    copy(&kept, &state);
    let held = without_of(&place, "import", &["acm:ListCertificates"]);
    let ran = place.bbws(&format!("import dev --discover --sandbox --yes --json{held}")).exits(0);
    let import = proposed(&ran);
    assert_eq!((&import["complete"], import["unlisted"].as_array().map(Vec::len)), (&false.into(), Some(1)), "{import:#}");
    let unlisted = &import["unlisted"][0];
    assert_eq!((&unlisted["kind"], &unlisted["operation"]), (&"certificate".into(), &"acm:ListCertificates".into()), "{unlisted}");
    assert_eq!(unlisted["code"], "AccessDeniedException");
    let doubt = import["in_doubt"].as_array().expect("a list");
    assert!(doubt.contains(&"certificate.cdn".into()) && doubt.contains(&"dns-record.validation".into()), "{doubt:?}");
    let found = certainty(&import);
    assert!(found.contains_key("vpc.main") && found.contains_key("role.ecs-task") && !found.contains_key("certificate.cdn"), "{found:?}");
    copy(&kept, &state);
    let told = place.bbws(&format!("import dev --discover --sandbox{held}")).exits(3);
    let said = told.out.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in [
        "This is not all. These could not be listed",
        "certificate acm:ListCertificates: AccessDeniedException",
        "1 resource not found, and may be there, as not all could be listed: dns-record.validation",
        "Error: certificate.cdn: it could not be read",
    ] {
        assert!(said.contains(part), "{part} in\n{}", told.out);
    }
    // Whoever may list nothing at all is told so, as of any other failure.
    let nothing = place.path("nothing.json");
    fs::write(&nothing, r#"{"Statement": {"Effect": "Allow", "Action": "sts:GetCallerIdentity", "Resource": "*"}}"#).expect("a file");
    let told = place.bbws(&format!("import dev --discover --sandbox --sandbox-policy {}", nothing.display())).exits(1);
    assert!(told.err.contains("cannot be listed") && !told.out.contains("would come under"), "{}{}", told.out, told.err);
}

/// The file calls everything otherwise than it is called: under the policy of an import it is found by what refers to it, where
/// it stands or what it watches, and only what nothing tells is left.
#[test]
fn what_is_called_otherwise_is_found_by_what_refers_to_it() {
    let place = cluster();
    let before = place.state("dev");
    let entries = before["entries"].as_object().expect("entries");
    fs::remove_dir_all(place.path("state/sandbox/dev")).expect("a state");
    place.change_cloud(unmark);
    let (things, shipped) = (things_in(&place), place.file("dev"));
    place.write("dev", &(shipped.clone() + "\n[names]\nprefix = \"poc\"\n"));
    let held = policies(&place, "--for import", "import");
    let told = place.bbws(&format!("import dev --discover --sandbox --json{held}")).exits(3);
    let import = proposed(&told);
    let found = certainty(&import);
    for (address, expected) in [
        ("load-balancer.main", "likely"),
        ("security-group.alb", "likely"),
        ("security-group.rds", "likely"),
        ("db-subnet-group.main", "likely"),
        ("db-parameter-group.main", "likely"),
        ("cdn-function.hello", "likely"),
        // A plan would make these new, as their names are for ever: they are shown, and taken by nobody's yes.
        ("db-instance.main", "unsure"),
        ("metric-alarm.rds-cpu", "unsure"),
        ("topic.alarms", "unsure"),
    ] {
        let id = entries[address]["id"].as_str().expect("an id");
        assert_eq!(found.get(address), Some(&(id, expected)), "{address}: {import:#}");
    }
    for (address, (id, _)) in &found {
        assert_eq!(entries[*address]["id"], **id, "{address} is what it was");
    }
    assert!(import["edits"].to_string().contains("prefix = \\\"wp-dev\\\""), "{}", import["edits"]);
    let why = import["take"].as_array().expect("a list").iter().find(|one| one["address"] == "security-group.rds").expect("a group");
    assert!(why["why"].as_str().expect("a reason").contains("`security_groups` of db-instance.main"), "{why}");
    let text = place.bbws(&format!("import dev --discover --sandbox{held}")).exits(3).out;
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("Looked for by mark, name and place, by what refers to it"), "{text}");
    assert!(text.contains("role-policy a role tells its policies by their names alone"), "{text}");
    assert_eq!(things_in(&place), things, "nothing was made or removed");
    // With the edit that was told all of it is certain.
    place.write("dev", &shipped);
    let held = policies(&place, "--for import", "import");
    place.bbws(&format!("import dev --discover --sandbox --yes{held}")).exits(0);
    // Nobody can read whether the database has the password of its secret: it is given that.
    assert_eq!(place.applied("dev").expect("applied"), ["~db-instance.main"]);
    place.at_rest("dev");
}

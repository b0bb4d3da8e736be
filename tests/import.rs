//! Taking over what exists: one by one in the sandbox, and a whole cluster of Terraform's on servers written by others.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::servers::{ACCOUNT, Servers};
use crate::support::{Place, Ran, edited};

/// What no output, state or log may hold.
const CANARY: &str = "canary-Passw0rd-4711";

/// Takes every mark of bbws off what is in the simulated cloud, as if somebody else had made it.
pub(crate) fn unmark(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| !name.starts_with("bbws:"));
            fields.values_mut().for_each(unmark);
        }
        Value::Array(items) => {
            let marks = |item: &Value| {
                let key = item.get("key").or(item.get("Key")).and_then(Value::as_str);
                key.is_some_and(|key| key.starts_with("bbws:"))
            };
            items.retain(|item| !marks(item));
            items.iter_mut().for_each(unmark);
        }
        _ => {}
    }
}

/// Kinds to which no other refers.
const LEAVES: [&str; 5] = ["dns-record", "metric-alarm", "mount-target", "route-table-association", "security-group-rule"];

/// What a plan finds afterwards: whether the database has the password of its secret can nobody read, so it is given that.
fn password_alone() -> BTreeMap<String, Vec<String>> {
    BTreeMap::from([("update db-instance.main".to_owned(), vec!["password".to_owned()])])
}

/// What exists, by kind and id.
pub(crate) fn things_in(place: &Place) -> Vec<(String, String)> {
    let shown = place.bbws("sandbox show --json").exits(0).json();
    let text = |thing: &Value, part: &str| thing[part].as_str().expect("a text").to_owned();
    shown["things"].as_array().expect("things").iter().map(|thing| (text(thing, "kind"), text(thing, "id"))).collect()
}

/// The entries of a state, each after those it refers to.
fn in_order(entries: &serde_json::Map<String, Value>) -> Vec<(String, String)> {
    let (mut order, mut done) = (vec![], BTreeSet::new());
    while order.len() < entries.len() {
        let before = order.len();
        for (address, entry) in entries {
            let on = entry["dependencies"].as_array().expect("a list");
            if !done.contains(address.as_str()) && on.iter().all(|other| done.contains(other.as_str().expect("an address"))) {
                done.insert(address.as_str());
                order.push((address.clone(), entry["id"].as_str().expect("an id").to_owned()));
            }
        }
        assert!(order.len() > before, "the state refers in circles");
    }
    order
}

/// Files that are no Terraform state of this environment.
fn states_of_terraform(place: &Place) {
    let of = |arns: &[&str]| {
        let instances: Vec<String> = arns.iter().map(|arn| format!("{{\"attributes\": {{\"arn\": \"{arn}\"}}}}")).collect();
        let resource =
            format!("{{\"mode\": \"managed\", \"type\": \"aws_lb\", \"name\": \"a\", \"instances\": [{}]}}", instances.join(", "));
        format!("{{\"version\": 4, \"resources\": [{resource}]}}")
    };
    for (name, text) in [
        ("broken", "{\"version\": 4,\n \"resources\": [{,}]}".to_owned()),
        ("old", "{\"version\": 3, \"modules\": []}".to_owned()),
        ("empty", "{\"version\": 4, \"resources\": []}".to_owned()),
        ("account", of(&["arn:aws:iam::093646564004:role/x"])),
        ("region", of(&["arn:aws:ecs:eu-west-1:536580886816:cluster/x", "arn:aws:acm:us-east-1:536580886816:certificate/x"])),
    ] {
        fs::write(place.path(&format!("{name}.tfstate")), text).expect("a file");
    }
}

#[test]
fn each_object_of_a_cluster_is_taken_over_one_by_one_and_the_plan_is_empty() {
    let place = Place::new();
    place.applied("dev").expect("a cluster");
    let before = place.state("dev");
    let order = in_order(before["entries"].as_object().expect("entries"));
    fs::remove_dir_all(place.path("state/sandbox/dev")).expect("a state");

    let (vpc, id) = order.iter().find(|(address, _)| address == "vpc.main").expect("a VPC");
    let refused = place.bbws(&format!("import dev {vpc} {id} --sandbox --yes")).exits(3);
    assert!(refused.err.contains("belongs to another state of bbws"), "{}", refused.err);
    place.change_cloud(unmark);
    let things = things_in(&place);

    states_of_terraform(&place);
    for (line, code, why) in [
        ("vpc.main subnet-1", 1, "is the id of a subnet, not of a vpc"),
        ("vpc.main vpc-00000000000000000", 1, "there is no vpc vpc-00000000000000000"),
        ("vpc.mian vpc-1", 1, "did you mean `vpc.main`?"),
        ("vcp.main vpc-1", 1, "there is no kind `vcp`"),
        (
            "load-balancer.main arn:aws:elasticloadbalancing:eu-west-1:536580886816:loadbalancer/app/x/1",
            3,
            "is in eu-west-1, and it is to be in af-south-1",
        ),
        ("ecs-cluster.main arn:aws:ecs:af-south-1:093646564004:cluster/x", 3, "is of the account 093646564004"),
        ("role-policy.ecs-task wp-dev-ecs-task", 1, "the id of a role-policy is ROLE/POLICY"),
        ("vpc.main", 64, "an address and an id are needed"),
        ("--tfstate none.tfstate", 1, "cannot be read"),
        ("--tfstate broken.tfstate", 1, "it is not JSON at line 2, column"),
        ("--tfstate old.tfstate", 1, "the state has the format 3, and bbws reads format 4"),
        ("--tfstate empty.tfstate", 1, "the Terraform state holds no resources"),
        ("--tfstate account.tfstate", 3, "the Terraform state is of account 093646564004, and dev is in 536580886816"),
        ("--tfstate region.tfstate", 3, "the Terraform state is of eu-west-1, us-east-1, and dev is in af-south-1"),
        ("", 64, "what is to be taken under management?"),
    ] {
        let line = line.replace("--tfstate ", &format!("--tfstate {}/", place.path(".").display()));
        let refused = place.bbws(&format!("import dev {line} --sandbox --yes")).exits(code);
        assert!(refused.err.contains(why), "{line}: {}", refused.err);
        // Programs are told the same.
        let refused = place.bbws(&format!("import dev {line} --sandbox --yes --json")).exits(code);
        assert!(code == 64 || refused.err.contains("\"event\":\"error\""), "{line}: {}", refused.err);
    }
    let shown = place.bbws(&format!("import dev {vpc} {id} --sandbox")).exits(3);
    assert!(shown.out.contains("= vpc.main") && shown.err.contains("nobody to ask"), "{}{}", shown.out, shown.err);
    assert!(!place.path("state/sandbox/dev").exists(), "nothing is written before a yes");

    // One of each kind by its id, and all that others refer to; of what is left each is found by its name or place.
    let mut seen = BTreeSet::new();
    for (address, id) in &order {
        let kind = address.split('.').next().expect("a kind");
        if seen.insert(kind) || !LEAVES.contains(&kind) {
            place.bbws(&format!("import dev {address} {id} --sandbox --yes --json")).exits(0);
        }
    }
    place.bbws("import dev --discover --sandbox --yes").exits(0);
    assert_eq!(things_in(&place), things, "nothing was made or removed");
    let plan = place.bbws("plan dev --sandbox --json").exits(0).json();
    assert_eq!(differences(&plan), password_alone(), "{plan:#}");
    assert_eq!(place.state("dev")["outputs"], before["outputs"]);
    let again = place.bbws(&format!("import dev {vpc} {id} --sandbox --yes")).exits(3);
    assert!(again.err.contains("vpc.main is managed already") && again.err.contains("there is nothing to take"), "{}", again.err);
    let twice = place.bbws(&format!(
        "import dev subnet.public-b {} --sandbox --yes",
        order.iter().find(|(a, _)| a == "subnet.public-a").expect("a subnet").1
    ));
    assert!(twice.code == 3 && twice.err.contains("managed already"), "{}", twice.err);
    let history = place.bbws("state history dev --sandbox --json").exits(0).json().to_string();
    assert!(history.contains(&format!("takes {id} under management as vpc.main")), "{history}");

    // What is let go of is found again: what is as the file says is certain, what differs is not taken without a look.
    place.bbws("state rm dev metric-alarm.rds-cpu dns-record.apex-a listener.http --sandbox --yes --reason test").exits(0);
    place.edit("dev", "status = 200 ", "status = 204 ");
    let told = place.bbws("import dev --discover --sandbox --yes --json").exits(0);
    let import: Value = serde_json::from_str(told.out.lines().next().expect("an event")).expect("JSON");
    let take = import["take"].as_array().expect("a list");
    let certainty: BTreeMap<&str, &str> =
        take.iter().map(|one| (one["address"].as_str().expect("an address"), one["certainty"].as_str().expect("a word"))).collect();
    let expected = [("dns-record.apex-a", "certain"), ("listener.http", "likely"), ("metric-alarm.rds-cpu", "certain")];
    assert_eq!(certainty, expected.into(), "{import:#}");
    let managed = place.state("dev");
    assert!(managed["entries"]["metric-alarm.rds-cpu"].is_object() && managed["entries"]["listener.http"].is_null());
    let shown = place.bbws("import dev --discover --sandbox").exits(3);
    assert!(shown.out.contains("likely: found by") && shown.out.contains("default_action"), "{}", shown.out);
}

/// A second VPC like the first in all but its id and its tags.
fn copied(cloud: &mut Value, vpc: &str, copy: &str, tags: &Value) {
    match cloud {
        Value::Object(fields) => {
            if let Some(Value::Object(vpcs)) = fields.get_mut("vpcs")
                && let Some(mut row) = vpcs.get(vpc).cloned()
            {
                row["tags"] = tags.clone();
                vpcs.insert(copy.to_owned(), row);
            }
            fields.values_mut().for_each(|value| copied(value, vpc, copy, tags));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| copied(item, vpc, copy, tags)),
        _ => {}
    }
}

/// What an import said before it asked.
pub(crate) fn proposed(ran: &Ran) -> Value {
    let event = ran.out.lines().find(|line| line.contains("\"event\":\"import\"")).expect("an event");
    serde_json::from_str(event).expect("JSON")
}

/// Of each that it would take the id, and how certain that is.
pub(crate) fn certainty(import: &Value) -> BTreeMap<&str, (&str, &str)> {
    let text = |one: &'_ Value, part: &str| one[part].as_str().unwrap_or_else(|| panic!("{part} of {one}")).to_owned().leak() as &str;
    let take = import["take"].as_array().expect("a list").iter();
    take.map(|one| (text(one, "address"), (text(one, "id"), text(one, "certainty")))).collect()
}

#[test]
fn a_cluster_without_any_mark_is_discovered_in_one_go() {
    let place = Place::new();
    place.applied("dev").expect("a cluster");
    let before = place.state("dev");
    let entries = before["entries"].as_object().expect("entries");
    let vpc = entries["vpc.main"]["id"].as_str().expect("an id").to_owned();
    fs::remove_dir_all(place.path("state/sandbox/dev")).expect("a state");
    place.change_cloud(unmark);
    let things = things_in(&place);

    // Two of one CIDR, of which one has the file's Name; two of both; one that is somebody's.
    let tagged = |name: &str| serde_json::json!({ "Name": name });
    for (tags, unclear, owned) in [
        (tagged("another"), 0, 0),
        (entries["vpc.main"]["spec"]["tags"].clone(), 1, 0),
        (serde_json::json!({ "Name": "x", "bbws:lineage": "01OTHER", "bbws:address": "vpc.main", "bbws:intent": "01I" }), 0, 1),
    ] {
        place.change_cloud(|cloud| copied(cloud, &vpc, "vpc-00000000000000001", &tags));
        let told = place.bbws("import dev --discover --sandbox --json").exits(3);
        let import = proposed(&told);
        let of = |list: &str| import[list].as_array().expect("a list").len();
        assert_eq!((of("unclear"), of("owned")), (unclear, owned), "{tags}: {import:#}");
        assert_eq!(certainty(&import).contains_key("vpc.main"), unclear == 0, "{import:#}");
        assert!(!place.path("state/sandbox/dev").exists(), "nothing is written before a yes");
        if unclear == 1 {
            assert!(!certainty(&import).contains_key("nat-gateway.a"), "what stands in it waits: {import:#}");
            assert!(import["waiting"].as_array().expect("a list").contains(&"subnet.public-a".into()), "{import:#}");
            let shown = place.bbws("import dev --discover --sandbox").exits(3);
            for text in [&vpc, "vpc-00000000000000001", "vpc.main could be 2 objects, and none is proposed", "--vpc ID"] {
                let told = shown.out.split_whitespace().collect::<Vec<_>>().join(" ");
                assert!(told.contains(text), "{text}: {told}");
            }
            let named = place.bbws(&format!("import dev --discover --vpc {vpc} --sandbox --json")).exits(3);
            assert_eq!(certainty(&proposed(&named))["vpc.main"], (vpc.as_str(), "certain"));
        }
        if owned == 1 {
            let refused = place.bbws("import dev --discover --vpc vpc-00000000000000001 --sandbox --yes").exits(3);
            assert!(refused.err.contains("bears bbws's mark of vpc.main of the state 01OTHER"), "{}", refused.err);
        }
    }
    let absent = place.bbws("import dev --discover --vpc vpc-9 --sandbox --yes").exits(1);
    assert!(absent.err.contains("there is no VPC vpc-9 here"), "{}", absent.err);

    let taken = place.bbws("import dev --discover --sandbox --yes --json").exits(0);
    let import = proposed(&taken);
    let found = certainty(&import);
    for (address, entry) in entries {
        let expected = (entry["id"].as_str().expect("an id"), "certain");
        assert_eq!(found.get(address.as_str()), Some(&expected), "{address}: {import:#}");
    }
    assert_eq!(things_in(&place).len(), things.len() + 1, "nothing was made or removed");
    let plan = place.bbws("plan dev --sandbox --json").exits(0).json();
    assert_eq!(differences(&plan), password_alone(), "{plan:#}");
    assert_eq!(place.state("dev")["outputs"], before["outputs"]);
}

/// What the file says otherwise of a cluster that Terraform has made: its names, its tags, and what it never had.
const EDITS: [(&str, &str); 2] = [("tags", "ManagedBy = \"terraform\""), ("+", "[names]\nprefix = \"poc\"")];

/// What the file says otherwise of the cluster itself, each with the fields.
const DIFFERENCES: [(&str, &[&str]); 29] = [
    ("update bucket.cdn-logs", &["tls_only", "lifecycle"]),
    ("update metric-alarm.alb-5xx", &["description"]),
    ("update metric-alarm.alb-target-5xx", &["description"]),
    ("create metric-alarm.alb-unhealthy-hosts", &[]),
    ("update metric-alarm.certificate-cdn-days", &["description"]),
    ("update metric-alarm.efs-burst-credits", &["description"]),
    ("update metric-alarm.nat-a-port-errors", &["description"]),
    ("update metric-alarm.rds-connections", &["description"]),
    ("update metric-alarm.rds-cpu", &["description"]),
    ("update metric-alarm.rds-storage", &["description", "threshold"]),
    ("update db-instance.main", &["password"]),
    ("update db-subnet-group.main", &["description"]),
    ("update file-system.main", &["tls_only"]),
    ("update hosted-zone.main", &["comment"]),
    ("update log-group.ecs", &["retention_days"]),
    ("update role.ecs-execution", &["trust", "description"]),
    ("update role.ecs-task", &["trust", "description"]),
    ("create role-policy.ecs-execution", &[]),
    ("update role-policy.ecs-task", &["document"]),
    ("update secret.rds", &["description"]),
    ("update security-group-rule.ecs-out-https", &["description"]),
    ("create task-definition.db-init", &["containers"]),
    ("delete task-definition.db-init", &["containers"]),
    // moto loses the description of a rule between two groups.
    ("update security-group-rule.alb-out-ecs", &["description"]),
    ("update security-group-rule.ecs-in-alb", &["description"]),
    ("update security-group-rule.ecs-out-efs", &["description"]),
    ("update security-group-rule.ecs-out-rds", &["description"]),
    ("update security-group-rule.efs-in-ecs", &["description"]),
    ("update security-group-rule.rds-in-ecs", &["description"]),
];

/// Makes Terraform's cluster, and answers the file with its state.
fn terraform(servers: &Servers, place: &Place) -> PathBuf {
    let state = servers.script("terraform.py", &[servers.url("proxy"), ACCOUNT, CANARY]);
    let file = place.path("cluster.tfstate");
    fs::write(&file, state).expect("a file");
    file
}

fn bbws(servers: &Servers, place: &Place, line: &str) -> Ran {
    let ran = servers.bbws(place, line);
    assert!(!ran.out.contains(CANARY) && !ran.err.contains(CANARY), "a secret was told:\n{}\n{}", ran.out, ran.err);
    ran
}

/// What the steps of a plan would do, each with the fields that differ.
fn differences(plan: &Value) -> BTreeMap<String, Vec<String>> {
    let fields = |step: &Value| -> Vec<String> {
        let fields = step["reason"]["fields"].as_array().map(Vec::as_slice).unwrap_or_default();
        fields.iter().map(|field| field["field"].as_str().expect("a field").to_owned()).collect()
    };
    let all = plan["steps"].as_array().expect("steps").iter();
    all.map(|step| {
        (format!("{} {}", step["action"]["do"].as_str().expect("a verb"), step["address"].as_str().expect("an address")), fields(step))
    })
    .collect()
}

#[test]
fn a_living_cluster_leaves_terraform_without_being_touched() {
    let (servers, place) = (Servers::start(), Place::new());
    let file = terraform(&servers, &place);
    let bytes = fs::read(&file).expect("a state");
    let (before, said) = (servers.inventory(), servers.attributes());
    let line = format!("import dev --tfstate {}", file.display());

    // The file as shipped names things otherwise: that is told, with the edit, before anything is recorded.
    let told = bbws(&servers, &place, &line).exits(3);
    assert!(told.out.contains("[names] prefix = \"poc\""), "{}", told.out);
    assert!(!place.path("state/dev").exists(), "nothing is written before a yes");

    place.write("dev", &edited(&place.file("dev"), &EDITS));
    let sent = requests(&servers).len();
    let taken = bbws(&servers, &place, &format!("{line} --yes --json")).exits(0);
    let import: Value =
        serde_json::from_str(taken.out.lines().find(|line| line.contains("\"event\":\"import\"")).expect("an event")).expect("JSON");
    let rest: BTreeMap<&str, &str> = import["rest"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| (one["terraform"].as_str().expect("a name"), one["is"].as_str().expect("a word")))
        .collect();
    for (terraform, is) in [
        ("aws_kms_alias.logs", "unknown"),
        ("module.edge.aws_s3_bucket_versioning.logs", "part"),
        ("aws_ecs_cluster_capacity_providers.main", "part"),
        ("module.vpc.aws_default_security_group.this", "part"),
        ("aws_lb_target_group.tenant_banana", "left"),
        ("aws_iam_role_policy_attachment.execution", "left"),
        ("random_password.db", "left"),
        ("data.aws_caller_identity.me", "left"),
    ] {
        assert_eq!(rest.get(terraform), Some(&is), "{terraform}: {rest:#?}");
    }
    assert_eq!(servers.inventory(), before, "nothing was made or removed");
    let now = servers.attributes();
    let otherwise: Vec<_> = said.symmetric_difference(&now).collect();
    assert!(otherwise.is_empty(), "tags apart, nothing is otherwise than before: {otherwise:#?}");
    for attribute in ["\"CidrBlock\": \"10.0.11.0/24\"", "TLSv1.2_2021", "retentionInDays", "deletion_protection"] {
        assert!(now.iter().any(|line| line.contains(attribute)), "it is told by its attributes: {attribute}");
    }
    assert_eq!(fs::read(&file).expect("a state"), bytes, "the Terraform state is only read");

    let done = requests(&servers).split_off(sent);
    let changing = done.iter().filter(|name| !["Describe", "List", "Get", "Head"].iter().any(|read| action(name).starts_with(read)));
    let others: BTreeSet<&String> = changing.filter(|name| !action(name).contains("Tag")).collect();
    assert_eq!(others, BTreeSet::new(), "only tags were put on what is there");

    let plan = bbws(&servers, &place, "plan dev --json").exits(0).json();
    let expected: BTreeMap<String, Vec<String>> =
        DIFFERENCES.iter().map(|(step, fields)| ((*step).to_owned(), fields.iter().map(ToString::to_string).collect())).collect();
    assert_eq!(differences(&plan), expected, "the real differences, and nothing else");
    let told = import["afterwards"]["steps"].as_array().expect("steps");
    assert_eq!(told.len(), expected.len(), "it was told beforehand: {told:#?}");

    // Again there is nothing to take, and what a later apply makes of it is its own matter.
    let again = bbws(&servers, &place, &format!("{line} --yes")).exits(0);
    assert!(again.out.contains("Nothing is left to take"), "{}", again.out);
    for file in files(&place.path("state")) {
        let text = fs::read_to_string(&file).expect("a file of the state");
        assert!(!text.contains(CANARY), "a secret stands in {}", file.display());
    }
}

fn requests(servers: &Servers) -> Vec<String> {
    servers.requests().iter().filter_map(|request| request["name"].as_str().map(str::to_owned)).collect()
}

fn action(name: &str) -> &str {
    name.split(':').next_back().unwrap_or(name)
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

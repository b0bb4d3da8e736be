use bbws_model::{IntentId, Ownership, Wanted};
use bbws_testkit::sample;
use serde_json::json;

use super::*;

fn at(text: &str) -> Address {
    text.parse().unwrap()
}

fn to(address: &str, output: &str) -> Value {
    json!({ "$ref": address, "output": output })
}

fn desired() -> Desired {
    let name = |name: &str| json!({ "Name": name });
    let all = [
        ("vpc.main", json!({"cidr": "10.0.0.0/16"})),
        ("role.task", json!({"name": "wp-task"})),
        ("role.flow", json!({"name": "wp-flow"})),
        ("log-group.ecs", json!({"name": "/ecs/wp"})),
        ("log-group.flow", json!({"name": "/flow/wp"})),
        ("flow-log.main", json!({"role": to("role.flow", "arn"), "log_group": to("log-group.flow", "name")})),
        (
            "task-definition.init",
            json!({"task_role": to("role.task", "arn"), "containers": {"a": {"log": {"group": to("log-group.ecs", "arn")}}}}),
        ),
        ("security-group.rds", json!({"name": "wp-rds", "tags": name("wp-rds")})),
        ("security-group.alb", json!({"name": "wp-alb", "tags": name("wp-alb")})),
        ("db-parameter-group.main", json!({"name": "wp-params"})),
        ("db-subnet-group.main", json!({"name": "wp-subnets"})),
        (
            "db-instance.main",
            json!({"name": "wp-db", "parameter_group": to("db-parameter-group.main", "name"),
            "security_groups": ["sg-given", to("security-group.rds", "id")]}),
        ),
        ("load-balancer.main", json!({"name": "wp-alb"})),
        ("topic.alarms", json!({"name": "wp-alarms"})),
        (
            "metric-alarm.cpu",
            json!({"name": "wp-cpu", "namespace": "AWS/RDS", "metric": "CPUUtilization", "comparison": "GreaterThanThreshold",
            "dimensions": {"DBInstanceIdentifier": to("db-instance.main", "name")}, "alarm_actions": [to("topic.alarms", "arn")]}),
        ),
        ("ecs-cluster.main", json!({"name": "wp", "tags": name("wp")})),
        ("dashboard.main", json!({"name": "wp"})),
    ];
    let resources = all.into_iter().map(|(address, spec)| (at(address), Wanted::new(spec))).collect();
    Desired { resources, ..Desired::default() }
}

/// What was found of them, each as it is.
fn state(found: &[(&str, &str, Value, Value)]) -> State {
    let mut state = State::empty("01L");
    for (address, id, spec, outputs) in found {
        let entry = bbws_model::Entry { outputs: outputs.clone(), ..sample::entry(id, spec.clone()) };
        state.entries.insert(at(address), entry);
    }
    state
}

fn one(id: &str, name: Option<&str>, facts: &[(&'static str, &str)]) -> Candidate {
    let facts = facts.iter().map(|(fact, value)| (*fact, (*value).to_owned())).collect();
    Candidate { id: id.into(), owner: None, name: name.map(str::to_owned), facts }
}

fn look(state: &State, listed: &BTreeMap<&str, Vec<Candidate>>) -> Discovered {
    let (kinds, desired) = (bbws_kinds::all(), desired());
    let missing = desired.resources.keys().filter(|address| !state.entries.contains_key(*address)).cloned().collect();
    let ground = Ground { kinds: &kinds, account: "536580886816", region: "af-south-1", desired: &desired, state };
    elsewhere(&ground, &missing, listed)
}

fn told(found: &Discovered) -> BTreeMap<String, String> {
    found.proposals.iter().map(|(address, one)| (address.to_string(), one.id.to_string())).collect()
}

const VPC: (&str, &str) = ("vpc.main", "vpc-1");

#[test]
fn what_refers_to_a_thing_tells_what_it_is_called() {
    let group = "arn:aws:logs:af-south-1:536580886816:log-group:/poc/ecs:*";
    let state = state(&[
        (VPC.0, VPC.1, json!({}), json!({"id": VPC.1})),
        ("flow-log.main", "fl-1", json!({"role": "arn:aws:iam::536580886816:role/poc/flow", "log_group": "/poc/flow"}), json!({})),
        (
            "task-definition.init",
            "arn:td",
            json!({"task_role": "arn:aws:iam::536580886816:role/poc-task", "containers": {"a": {"log": {"group": group}}}}),
            json!({}),
        ),
        (
            "db-instance.main",
            "poc-db",
            json!({"parameter_group": "poc-params", "security_groups": ["sg-given", "sg-1"]}),
            json!({"name": "poc-db"}),
        ),
        ("metric-alarm.cpu", "poc-cpu", json!({"alarm_actions": ["arn:aws:sns:af-south-1:536580886816:poc-alarms"]}), json!({})),
    ]);
    let found = look(&state, &BTreeMap::new());
    let expected = [
        ("db-parameter-group.main", "poc-params"),
        ("log-group.ecs", "/poc/ecs"),
        ("log-group.flow", "/poc/flow"),
        ("role.flow", "flow"),
        ("role.task", "poc-task"),
        ("security-group.rds", "sg-1"),
        ("topic.alarms", "arn:aws:sns:af-south-1:536580886816:poc-alarms"),
    ];
    assert_eq!(told(&found), expected.map(|(at, id)| (at.to_owned(), id.to_owned())).into(), "{found:?}");
    assert!(found.proposals.values().all(|one| one.certainty == Certainty::Likely));
    let why = &found.proposals[&at("role.flow")].why;
    assert_eq!(why, "under another name, by `role` of flow-log.main, which names it");
}

#[test]
fn what_nothing_refers_to_is_found_where_it_stands() {
    let listed = BTreeMap::from([
        (
            "load-balancer",
            vec![
                one("arn:nlb", None, &[("vpc", "vpc-1"), ("type", "network")]),
                one("arn:alb", None, &[("vpc", "vpc-1"), ("type", "application")]),
                one("arn:theirs", None, &[("vpc", "vpc-2"), ("type", "application")]),
            ],
        ),
        ("db-instance", vec![one("poc-db", None, &[("vpc", "vpc-1"), ("engine", "mysql")])]),
        ("db-subnet-group", vec![one("poc-subnets", None, &[("vpc", "vpc-1")])]),
        (
            "security-group",
            vec![
                one("sg-1", Some("wp-rds"), &[("vpc", "vpc-1")]),
                one("sg-2", Some("wp-rds"), &[("vpc", "vpc-2")]),
                one("sg-3", Some("other"), &[("vpc", "vpc-1")]),
            ],
        ),
        ("ecs-cluster", vec![one("arn:ecs", Some("wp"), &[])]),
    ]);
    let found = look(&state(&[(VPC.0, VPC.1, json!({}), json!({}))]), &listed);
    let expected = [
        ("db-instance.main", "poc-db"),
        ("db-subnet-group.main", "poc-subnets"),
        ("ecs-cluster.main", "arn:ecs"),
        ("load-balancer.main", "arn:alb"),
        ("security-group.rds", "sg-1"),
    ];
    assert_eq!(told(&found), expected.map(|(at, id)| (at.to_owned(), id.to_owned())).into(), "{found:?}");
    assert!(found.proposals[&at("load-balancer.main")].why.contains("the only one of its kind in the VPC"));
    // Without the VPC nobody knows which of them it is.
    assert_eq!(told(&look(&state(&[]), &listed)).keys().collect::<Vec<_>>(), ["ecs-cluster.main"]);
}

#[test]
fn an_alarm_is_known_by_what_it_watches() {
    let database = ("db-instance.main", "poc-db", json!({"name": "poc-db"}), json!({"name": "poc-db"}));
    let watching = |id: &str, of: &str, comparison: &str| {
        let facts = [
            ("namespace", "AWS/RDS"),
            ("metric", "CPUUtilization"),
            ("region", "af-south-1"),
            ("dimension", of),
            ("comparison", comparison),
        ];
        one(id, None, &facts)
    };
    let this = |id: &str| watching(id, "DBInstanceIdentifier=poc-db", "GreaterThanThreshold");
    let others = [
        watching("other-db", "DBInstanceIdentifier=x", "GreaterThanThreshold"),
        watching("too-low", "DBInstanceIdentifier=poc-db", "LessThanThreshold"),
    ];
    let listed = |all: Vec<Candidate>| BTreeMap::from([("metric-alarm", all)]);
    let found = look(&state(std::slice::from_ref(&database)), &listed([vec![this("poc-cpu")], others.to_vec()].concat()));
    assert_eq!(told(&found)["metric-alarm.cpu"], "poc-cpu");
    assert!(!told(&look(&state(std::slice::from_ref(&database)), &listed(others.to_vec()))).contains_key("metric-alarm.cpu"));
    // Two that watch the same are shown, and neither is proposed; what somebody has marked never is.
    let found = look(&state(std::slice::from_ref(&database)), &listed(vec![this("a"), this("b")]));
    assert_eq!((found.proposals.len(), found.unclear[0].candidates.len()), (0, 2), "{found:?}");
    let owner = Some(Ownership { lineage: "01OTHER".into(), address: at("metric-alarm.cpu"), intent: IntentId("i".into()) });
    let found = look(&state(&[database]), &listed(vec![Candidate { owner, ..this("a") }]));
    assert_eq!((found.proposals.len(), found.owned.len()), (0, 1), "{found:?}");
}

#[test]
fn where_what_refers_to_it_names_several_none_is_proposed() {
    let mut desired = desired();
    desired.resources.insert(at("task-definition.other"), desired.resources[&at("task-definition.init")].clone());
    let role = |name: &str| json!({"task_role": format!("arn:aws:iam::536580886816:role/{name}")});
    let state = state(&[("task-definition.init", "a", role("a"), json!({})), ("task-definition.other", "b", role("b"), json!({}))]);
    let (kinds, missing) = (bbws_kinds::all(), BTreeSet::from([at("role.task")]));
    let ground = Ground { kinds: &kinds, account: "536580886816", region: "af-south-1", desired: &desired, state: &state };
    let found = elsewhere(&ground, &missing, &BTreeMap::new());
    assert_eq!((found.proposals.len(), found.unclear[0].candidates.len()), (0, 2), "{found:?}");
}

#[test]
fn each_kind_with_a_name_is_found_by_something_or_says_why_not() {
    for kind in bbws_kinds::all().iter().filter(|kind| form(kind.name()).is_some_and(|(what, _)| what.contains("name"))) {
        let listed = LISTED_BY_PLACE.contains(&kind.name());
        let referred = ["cdn-function", "db-parameter-group", "log-delivery-destination", "log-delivery-source", "log-group", "role"];
        let only = only_by_name(kind.name()).is_some();
        let by_what_it_stands_on = ["role-policy-attachment"].contains(&kind.name());
        assert!(listed || referred.contains(&kind.name()) || only || by_what_it_stands_on, "{}", kind.name());
    }
}

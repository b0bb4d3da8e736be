//! A small cluster of real kinds, as it is wanted, recorded and seen; and plans of it.

use std::collections::{BTreeMap, BTreeSet};

use bbws_engine::{Picture, planner};
use bbws_model::{
    Address, Basis, Desired, Digest, Entry, IntentId, Kinds, Mode, Ownership, Phase, Plan, Scope, Seen, State, Step, Wanted, World, digest,
    pointers, resolve,
};
use bbws_render::Style;
use serde_json::{Value, json};

pub(crate) const PLAIN: Style = Style { color: false, unicode: false, width: 110 };
pub(crate) const FANCY: Style = Style { color: false, unicode: true, width: 110 };

pub(crate) fn kinds() -> Kinds {
    bbws_kinds::all()
}

pub(crate) fn address(text: &str) -> Address {
    text.parse().unwrap()
}

pub(crate) fn to(address: &str, output: &str) -> Value {
    json!({"$ref": address, "output": output})
}

fn tags(name: &str) -> Value {
    json!({"Environment": "dev", "Project": "wp", "Name": name})
}

/// Network, load balancer, containers, a zone that exists already.
pub(crate) fn cluster() -> BTreeMap<Address, Wanted> {
    let trust = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}]});
    let mut of: BTreeMap<&str, Value> = BTreeMap::from([
        ("vpc.main", json!({"cidr": "10.0.0.0/16", "tags": tags("wp-dev-vpc")})),
        ("internet-gateway.main", json!({"vpc": to("vpc.main", "id"), "tags": tags("wp-dev-igw")})),
        ("elastic-ip.nat-a", json!({"tags": tags("wp-dev-nat-a")})),
        (
            "nat-gateway.a",
            json!({"subnet": to("subnet.public-a", "id"), "elastic_ip": to("elastic-ip.nat-a", "id"),
                "internet_gateway": to("internet-gateway.main", "id"), "tags": tags("wp-dev-nat-a")}),
        ),
        ("route-table.public", json!({"vpc": to("vpc.main", "id"), "tags": tags("wp-dev-public")})),
        ("route-table.private", json!({"vpc": to("vpc.main", "id"), "tags": tags("wp-dev-private")})),
        (
            "route.public",
            json!({"table": to("route-table.public", "id"), "destination": "0.0.0.0/0", "internet_gateway": to("internet-gateway.main", "id")}),
        ),
        (
            "route.private",
            json!({"table": to("route-table.private", "id"), "destination": "0.0.0.0/0", "nat_gateway": to("nat-gateway.a", "id")}),
        ),
        (
            "load-balancer.main",
            json!({"name": "wp-dev-alb", "subnets": [to("subnet.public-a", "id"), to("subnet.public-b", "id")], "security_groups": [],
                "internal": false, "tags": tags("wp-dev-alb")}),
        ),
        ("log-group.ecs", json!({"name": "/ecs/dev", "retention_days": 7, "tags": tags("wp-dev-logs")})),
        (
            "ecs-cluster.main",
            json!({"name": "wp-dev-cluster", "capacity_providers": ["FARGATE", "FARGATE_SPOT"], "tags": tags("wp-dev-cluster")}),
        ),
        ("role.ecs-task", json!({"name": "wp-dev-ecs-task", "trust": trust, "tags": tags("wp-dev-ecs-task")})),
        ("bucket.cdn-logs", json!({"name": "wp-dev-cdn-logs-536580886816", "tags": tags("wp-dev-cdn-logs")})),
    ]);
    let subnets = [("public-a", "10.0.1.0/24"), ("public-b", "10.0.2.0/24"), ("private-a", "10.0.11.0/24"), ("private-b", "10.0.12.0/24")];
    let named: Vec<(String, Value)> = subnets
        .iter()
        .flat_map(|(name, cidr)| {
            let (side, zone) = name.split_once('-').unwrap();
            let zone = format!("af-south-1{zone}");
            let table = to(&format!("route-table.{side}"), "id");
            [
                (
                    format!("subnet.{name}"),
                    json!({"vpc": to("vpc.main", "id"), "cidr": cidr, "zone": zone, "tags": tags(&format!("wp-dev-{name}"))}),
                ),
                (format!("route-table-association.{name}"), json!({"subnet": to(&format!("subnet.{name}"), "id"), "table": table})),
            ]
        })
        .collect();
    of.extend(named.iter().map(|(address, spec)| (address.as_str(), spec.clone())));
    let mut all: BTreeMap<Address, Wanted> = of
        .into_iter()
        .map(|(text, spec)| {
            let address = address(text);
            let spec = kinds().get(address.kind()).unwrap().normal(&spec).unwrap_or_else(|p| panic!("{text}: {}: {}", p.field, p.message));
            (address, Wanted::new(spec))
        })
        .collect();
    let zone = kinds().get("hosted-zone").unwrap().normal(&json!({"name": "wpdev.kimmyai.io", "existing": true})).unwrap();
    all.insert(address("hosted-zone.main"), Wanted { spec: zone, existing: true });
    all
}

/// The id that AWS would give.
fn id(address: &Address, spec: &Value) -> String {
    let prefix = kinds().get(address.kind()).map_or("", |k| k.facts().id_prefix).to_owned();
    let number = &digest(&json!(address.to_string())).0[..12];
    match (address.kind(), spec.get("name").and_then(Value::as_str)) {
        ("load-balancer", Some(name)) => format!("arn:aws:elasticloadbalancing:af-south-1:536580886816:loadbalancer/app/{name}/{number}"),
        ("hosted-zone", _) => format!("Z{}", number.to_uppercase()),
        (_, Some(name)) => name.to_owned(),
        _ if prefix.is_empty() => format!("{}-{number}", address.kind()),
        _ => format!("{prefix}{number}"),
    }
}

/// What an object of the cluster offers others.
fn output(address: &Address, spec: &Value, name: &str) -> Value {
    match name {
        "id" => id(address, spec).into(),
        "arn" => format!("arn:aws:{}:af-south-1:536580886816:{}", address.kind(), id(address, spec)).into(),
        field => spec.get(field).cloned().unwrap_or_else(|| format!("{field}-of-{}", address.name()).into()),
    }
}

/// The state and the picture in which all of this was applied.
pub(crate) fn applied(of: &BTreeMap<Address, Wanted>) -> (State, Picture) {
    let (mut state, mut picture) = (State::empty("3f2a9c41"), Picture::default());
    state.serial = 41;
    state.account = Some("536580886816".parse().unwrap());
    state.region = Some("af-south-1".into());
    state.world = Some(World::Sandbox);
    for (address, wanted) in of {
        let spec = resolve(&wanted.spec, &|p| Some(output(&p.to, &of[&p.to].spec, &p.output)));
        let names = kinds().get(address.kind()).unwrap().outputs();
        let outputs: Value =
            names.iter().map(|o| (o.name.to_owned(), output(address, &spec, o.name))).collect::<serde_json::Map<_, _>>().into();
        let (id, intent) = (id(address, &spec), IntentId(format!("I-{}", address.name())));
        let owner = Ownership { lineage: state.lineage.clone(), address: address.clone(), intent: intent.clone() };
        let seen = Seen { id: id.as_str().into(), spec: spec.clone(), outputs: outputs.clone(), phase: Phase::Ready, owner: Some(owner) };
        picture.recorded.insert(address.clone(), Ok(Some(seen)));
        let dependencies = pointers(&wanted.spec).into_iter().map(|p| p.to).collect::<BTreeSet<_>>().into_iter().collect();
        let entry = Entry {
            id: id.into(),
            spec,
            outputs,
            dependencies,
            reached: true,
            intent: Some(intent),
            existing: wanted.existing,
            protected: bbws_model::is_protected(&wanted.spec),
            renamed: None,
            deposed: vec![],
        };
        state.entries.insert(address.clone(), entry);
    }
    (state, picture)
}

/// A plan with these steps.
pub(crate) fn with_steps(mode: Mode, steps: Vec<Step>) -> Plan {
    Plan {
        mode,
        scope: Scope::default(),
        basis: Basis {
            environment: "dev".into(),
            lineage: "3f2a9c41".into(),
            serial: 41,
            head: Digest::of(b"head"),
            configuration: Digest::of(b"configuration"),
            observed: Digest::of(b"observed"),
            account: "536580886816".parse().unwrap(),
            region: "af-south-1".into(),
            world: World::Sandbox,
            engine: "0.1.0".into(),
            by: None,
            back_to: None,
            wanted: BTreeMap::new(),
            seen: BTreeMap::new(),
        },
        steps,
        notes: vec![],
        outputs: BTreeMap::new(),
        open: vec![],
        costs: None,
    }
}

/// What the planner makes of it.
pub(crate) fn planned(want: BTreeMap<Address, Wanted>, (state, picture): &(State, Picture), mode: Mode) -> Plan {
    let desired = Desired { resources: want, outputs: BTreeMap::new() };
    let request = planner::Request { mode, replace: BTreeSet::new() };
    let steps = planner::steps(planner::Sources { kinds: &kinds(), desired: &desired, state, picture }, &request).unwrap();
    let mut plan = with_steps(mode, steps);
    bbws_operate::told::complete(&mut plan, &kinds(), None);
    plan
}

/// The cluster with one field set.
pub(crate) fn edit(want: &mut BTreeMap<Address, Wanted>, of: &str, field: &str, value: Value) {
    want.get_mut(&address(of)).unwrap().spec[field] = value;
}

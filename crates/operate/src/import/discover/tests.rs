//! What is found, how certain it is, and what is not proposed.

use bbws_model::{IntentId, Wanted};
use serde_json::json;

use super::*;

fn at(text: &str) -> Address {
    text.parse().unwrap()
}

fn to(address: &str) -> Value {
    json!({ "$ref": address, "output": "id" })
}

fn desired() -> Desired {
    let tags = |name: &str| json!({ "Name": name });
    let all = [
        ("vpc.main", json!({"cidr": "10.0.0.0/16", "tags": tags("wp-vpc")})),
        ("subnet.a", json!({"vpc": to("vpc.main"), "cidr": "10.0.1.0/24"})),
        ("subnet.b", json!({"vpc": to("vpc.main"), "cidr": "10.0.2.0/24"})),
        ("elastic-ip.nat", json!({"tags": tags("wp-nat")})),
        ("nat-gateway.a", json!({"subnet": to("subnet.a"), "elastic_ip": to("elastic-ip.nat"), "tags": tags("wp-nat")})),
        ("route-table.public", json!({"vpc": to("vpc.main"), "tags": tags("wp-public")})),
        ("route-table-association.a", json!({"subnet": to("subnet.a"), "table": to("route-table.public")})),
        ("route-table-association.b", json!({"subnet": to("subnet.b"), "table": to("route-table.public")})),
        ("file-system.main", json!({"tags": tags("wp-efs")})),
        ("mount-target.a", json!({"file_system": to("file-system.main"), "subnet": to("subnet.a")})),
        ("mount-target.b", json!({"file_system": to("file-system.main"), "subnet": to("subnet.b")})),
        ("certificate.cdn", json!({"domain": "*.x.com", "alternative_names": ["x.com"], "region": "us-east-1"})),
        ("load-balancer.main", json!({"name": "wp-alb"})),
        (
            "distribution.main",
            json!({"aliases": ["x.com"], "origins":
            {"alb": {"domain": {"$ref": "load-balancer.main", "output": "dns_name"}}}}),
        ),
        ("task-definition.init", json!({"family": "wp-init"})),
        ("health-check.alb", json!({"domain": {"$ref": "load-balancer.main", "output": "dns_name"}, "path": "/"})),
    ];
    let resources = all.into_iter().map(|(address, spec)| (at(address), Wanted::new(spec))).collect();
    Desired { resources, ..Desired::default() }
}

type Row = (&'static str, &'static str, Option<&'static str>, &'static [(&'static str, &'static str)]);

const CLUSTER: [Row; 12] = [
    ("vpc", "vpc-1", Some("wp-vpc"), &[("cidr", "10.0.0.0/16")]),
    ("subnet", "subnet-1", None, &[("vpc", "vpc-1"), ("cidr", "10.0.1.0/24")]),
    ("subnet", "subnet-2", None, &[("vpc", "vpc-1"), ("cidr", "10.0.2.0/24")]),
    ("elastic-ip", "eip-1", None, &[("association", "x")]),
    ("nat-gateway", "nat-1", None, &[("subnet", "subnet-1"), ("elastic_ip", "eip-1")]),
    ("route-table", "rtb-1", None, &[("vpc", "vpc-1"), ("subnet", "subnet-1"), ("subnet", "subnet-2")]),
    ("file-system", "fs-1", None, &[("subnet", "subnet-1"), ("subnet", "subnet-2")]),
    ("certificate", "arn:1", None, &[("domain", "*.x.com"), ("name", "x.com"), ("region", "us-east-1"), ("status", "ISSUED")]),
    ("load-balancer", "arn:lb", None, &[("name", "wp-alb"), ("dns_name", "Wp-alb-1.elb.com")]),
    ("distribution", "E1", None, &[("alias", "x.com"), ("origin", "wp-alb-1.elb.com")]),
    ("task-definition", "arn:td:3", None, &[("family", "wp-init")]),
    ("health-check", "hc-1", None, &[("domain", "wp-alb-1.elb.com"), ("path", "/")]),
];

fn found(rows: &[Row], more: Vec<(&'static str, Candidate)>, vpc: Option<&str>) -> Result<Discovered, Misnamed> {
    let mut listed: BTreeMap<&str, Vec<Candidate>> = BTreeMap::new();
    for (kind, id, name, facts) in rows {
        let facts = facts.iter().map(|(fact, value)| (*fact, (*value).to_owned())).collect();
        let one = Candidate { id: (*id).into(), owner: None, name: name.map(str::to_owned), facts };
        listed.entry(kind).or_default().push(one);
    }
    for (kind, one) in more {
        listed.entry(kind).or_default().push(one);
    }
    discover((&desired(), &State::empty("01L")), &BTreeMap::new(), &listed, vpc)
}

/// The cluster, with one row of it otherwise and some more.
fn rows(otherwise: &[Row]) -> Vec<Row> {
    let other = |row: &&Row| !otherwise.iter().any(|one| one.1 == row.1);
    CLUSTER.iter().filter(other).chain(otherwise).copied().collect()
}

fn told(found: &Discovered) -> BTreeMap<String, String> {
    let one = |(address, proposal): (&Address, &Proposal)| (address.to_string(), format!("{} {:?}", proposal.id, proposal.certainty));
    found.proposals.iter().map(one).collect()
}

#[test]
fn all_that_hangs_on_a_vpc_is_found_from_it() {
    let all = found(&CLUSTER, vec![], None).unwrap();
    let expected = [
        ("certificate.cdn", "arn:1 Certain"),
        ("distribution.main", "E1 Certain"),
        ("elastic-ip.nat", "eip-1 Certain"),
        ("file-system.main", "fs-1 Certain"),
        ("health-check.alb", "hc-1 Certain"),
        ("nat-gateway.a", "nat-1 Certain"),
        ("route-table.public", "rtb-1 Certain"),
        ("task-definition.init", "arn:td:3 Certain"),
        ("vpc.main", "vpc-1 Certain"),
    ];
    assert_eq!(told(&all), expected.map(|(at, what)| (at.to_owned(), what.to_owned())).into());
    assert_eq!((all.unclear.len(), all.owned.len()), (0, 0));
}

#[test]
fn the_less_agrees_the_less_certain_it_is() {
    for (otherwise, address, expected) in [
        (&[("vpc", "vpc-1", Some("poc"), &[("cidr", "10.0.0.0/16")] as &[_])] as &[Row], "vpc.main", "vpc-1 Likely"),
        (&[("vpc", "vpc-1", Some("wp-vpc"), &[("cidr", "10.9.0.0/16")])], "vpc.main", "vpc-1 Unsure"),
        (&[("route-table", "rtb-1", None, &[("vpc", "vpc-1"), ("subnet", "subnet-1")])], "route-table.public", "rtb-1 Likely"),
        (
            &[("route-table", "rtb-1", None, &[("vpc", "vpc-1"), ("subnet", "subnet-1"), ("subnet", "subnet-2"), ("subnet", "s-9")])],
            "route-table.public",
            "rtb-1 Likely",
        ),
        (&[("file-system", "fs-1", None, &[("subnet", "subnet-1")])], "file-system.main", "fs-1 Likely"),
        (&[("file-system", "fs-1", Some("wp-efs"), &[])], "file-system.main", "fs-1 Likely"),
        (&[("distribution", "E1", None, &[("origin", "wp-alb-1.elb.com")])], "distribution.main", "E1 Likely"),
        (&[("certificate", "arn:1", None, &[("domain", "*.x.com"), ("region", "us-east-1")])], "certificate.cdn", "arn:1 Likely"),
        (&[("nat-gateway", "nat-1", None, &[]), ("elastic-ip", "eip-1", Some("wp-nat"), &[])], "elastic-ip.nat", "eip-1 Likely"),
    ] {
        let all = told(&found(&rows(otherwise), vec![], None).unwrap());
        assert_eq!(all.get(address).map(String::as_str), Some(expected), "{otherwise:?}: {all:?}");
    }
}

#[test]
fn what_could_be_either_is_shown_and_proposed_to_nobody() {
    for (second, address) in [
        (("vpc", "vpc-2", Some("wp-vpc"), &[("cidr", "10.0.0.0/16")] as &[_]), "vpc.main"),
        (("nat-gateway", "nat-2", None, &[("subnet", "subnet-1"), ("elastic_ip", "eip-2")]), "nat-gateway.a"),
        (("file-system", "fs-2", None, &[("subnet", "subnet-1")]), "file-system.main"),
        (("certificate", "arn:2", None, CLUSTER[7].3), "certificate.cdn"),
        (("distribution", "E2", None, &[("alias", "x.com")]), "distribution.main"),
        (("route-table", "rtb-2", None, &[("vpc", "vpc-1"), ("subnet", "subnet-2")]), "route-table.public"),
    ] {
        let all = found(&rows(&[second]), vec![], None).unwrap();
        let unclear: Vec<&Unclear> = all.unclear.iter().filter(|one| one.address == at(address)).collect();
        assert_eq!(unclear.len(), 1, "{address}: {all:?}");
        assert_eq!(unclear[0].candidates.len(), 2, "{address}: {all:?}");
        assert!(!all.proposals.contains_key(&at(address)), "{all:?}");
    }
    // Its name tells it after all, and so does whoever names it.
    let named: Row = ("file-system", "fs-2", Some("wp-efs"), &[("subnet", "subnet-1")]);
    assert_eq!(told(&found(&rows(&[named]), vec![], None).unwrap())["file-system.main"], "fs-2 Likely");
    let second: Row = ("vpc", "vpc-2", Some("wp-vpc"), &[("cidr", "10.0.0.0/16")]);
    assert_eq!(told(&found(&rows(&[second]), vec![], Some("vpc-1")).unwrap())["nat-gateway.a"], "nat-1 Certain");
    // Where the subnets use the VPC's main table, that is not proposed: it cannot be removed.
    let main: Row = ("route-table", "rtb-1", None, &[("vpc", "vpc-1"), ("main", "true")]);
    assert_eq!(found(&rows(&[main]), vec![], None).unwrap().unclear[0].candidates[0].0.as_str(), "rtb-1");
    let all = found(&rows(&[second]), vec![], None).unwrap();
    let waiting: Vec<String> = all.waiting(&desired(), &BTreeMap::new()).iter().map(ToString::to_string).collect();
    assert_eq!(
        waiting,
        [
            "elastic-ip.nat",
            "mount-target.a",
            "mount-target.b",
            "nat-gateway.a",
            "route-table.public",
            "route-table-association.a",
            "route-table-association.b",
            "subnet.a",
            "subnet.b"
        ]
    );
}

#[test]
fn what_bears_a_mark_is_never_proposed() {
    let owner = Some(Ownership { lineage: "01OTHER".into(), address: at("vpc.main"), intent: IntentId("i".into()) });
    let facts = vec![("cidr", "10.0.0.0/16".to_owned())];
    let marked = |id: &str| ("vpc", Candidate { id: id.into(), owner: owner.clone(), name: Some("wp-vpc".into()), facts: facts.clone() });
    let all = found(&CLUSTER, vec![marked("vpc-9")], None).unwrap();
    assert_eq!(told(&all)["vpc.main"], "vpc-1 Certain");
    assert_eq!(all.owned.iter().map(|one| one.id.as_str()).collect::<Vec<_>>(), ["vpc-9"]);
    let alone = found(&CLUSTER[1..], vec![marked("vpc-9")], None).unwrap();
    assert!(!alone.proposals.contains_key(&at("vpc.main")), "{alone:?}");
    let refused = found(&CLUSTER, vec![marked("vpc-9")], Some("vpc-9")).unwrap_err();
    assert_eq!(refused.to_string(), "vpc-9 bears bbws's mark of vpc.main of the state 01OTHER");
    assert_eq!(found(&CLUSTER, vec![], Some("vpc-7")).unwrap_err(), Misnamed::Absent("vpc-7".into()));
}

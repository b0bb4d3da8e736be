//! The same edits on the clusters of the other tiers: each is planned and applied exactly, on top of those before it, and a new
//! plan is empty after each.

use crate::support::{Place, edited};

type Lines = &'static [(&'static str, &'static str)];
type Marks = &'static [&'static str];

/// What is added to the file, and what that does in sit and in prod: see [`crate::support::steps`].
struct Edit {
    what: &'static str,
    lines: Lines,
    sit: Marks,
    prod: Marks,
}

const fn same(what: &'static str, lines: Lines, both: Marks) -> Edit {
    Edit { what, lines, sit: both, prod: both }
}

const THIRD_ZONE: Lines = &[
    ("network.public", "c = { cidr = \"10.0.3.0/24\", zone = \"af-south-1c\" }"),
    ("network.private", "c = { cidr = \"10.0.13.0/24\", zone = \"af-south-1c\" }"),
];

#[rustfmt::skip]
const EDITS: &[Edit] = &[
    same("a larger database, in place and after a snapshot", &[("rds", "class = \"db.m5.large\"")], &["!db-instance.main", "~db-instance.main"]),
    Edit {
        what: "logs are kept longer",
        lines: &[("logs", "retention_days = 60")],
        sit: &["~bucket.cdn-logs", "~log-group.ecs", "~log-group.rds-error", "~log-group.rds-slowquery"],
        prod: &["~bucket.alb-logs", "~bucket.cdn-logs", "~log-group.ecs", "~log-group.flow-logs", "~log-group.rds-error", "~log-group.rds-slowquery"],
    },
    same("a rule", &[("+", "[[rule]]\nname = \"office\"\ngroup = \"alb\"\nport = 443\ncidr = \"41.0.0.0/24\"\ndescription = \"the office\"")], &["+security-group-rule.rule-office"]),
    same("connections may idle longer", &[("alb", "idle_timeout = 120")], &["~load-balancer.main"]),
    Edit {
        what: "a third zone",
        lines: THIRD_ZONE,
        sit: &["+mount-target.private-c", "+route-table-association.private-c", "+route-table-association.public-c", "+subnet.private-c", "+subnet.public-c", "~db-subnet-group.main", "~load-balancer.main"],
        prod: &["+elastic-ip.nat-c", "+metric-alarm.nat-c-port-errors", "+mount-target.private-c", "+nat-gateway.c", "+route-table-association.private-c", "+route-table-association.public-c", "+route-table.private-c", "+route.private-c", "+subnet.private-c", "+subnet.public-c", "~db-subnet-group.main", "~load-balancer.main", "~vpc-endpoint.s3"],
    },
    same("a spare subnet", &[("network.public", "x = { cidr = \"10.0.9.0/24\", zone = \"af-south-1a\", spare = true }")], &["+route-table-association.public-x", "+subnet.public-x"]),
    same("another network for it: nothing stands in it", &[("network.public", "x = { cidr = \"10.0.10.0/24\", zone = \"af-south-1a\", spare = true }")], &["±route-table-association.public-x", "±subnet.public-x"]),
    same("another task definition", &[("ecs", "db_init_image = \"mysql:8.4\"")], &["±task-definition.db-init"]),
    same("a further behaviour", &[("+", "[[cdn.behaviour]]\npath = \"/static/*\"")], &["~distribution.main"]),
    same("a further resource", &[("+", "[resource.log-group.extra]\nname = \"/extra\"\nretention_days = 30")], &["+log-group.extra"]),
    same("HTTPS", &[("alb", "https = true")], &["+certificate.alb", "+listener.https", "+metric-alarm.certificate-alb-days", "+security-group-rule.alb-in-https-internet", "~distribution.main"]),
    same("other options", &[("ecs", "container_insights = false"), ("network", "endpoints = [\"s3\", \"ecr.api\"]"), ("efs", "infrequent_access_days = 0")], &["+security-group-rule.endpoints-in-ecs", "+security-group.endpoints", "+vpc-endpoint.ecr-api", "~ecs-cluster.main", "~file-system.main"]),
];

/// Makes the edits one upon the other.
fn edit(place: &Place, name: &str, shipped: &str, marks: fn(&Edit) -> Marks) {
    let mut text = shipped.to_owned();
    for each in EDITS {
        text = edited(&text, each.lines);
        place.write(name, &text);
        let done = place.applied(name).unwrap_or_else(|why| panic!("{}: {why}", each.what));
        assert_eq!(done, marks(each), "{name}: {}", each.what);
    }

    // A subnet under the database is held: the holder is named, and nothing is done.
    let before = place.state(name);
    place.write(name, &edited(&text, &[("network.private", "a = { cidr = \"10.0.14.0/24\", zone = \"af-south-1a\" }")]));
    for line in [format!("plan {name} --sandbox"), format!("apply {name} --sandbox --yes")] {
        let refused = place.bbws(&line).exits(3).err;
        assert!(refused.contains("subnet.private-a") && refused.contains("db-instance.main"), "{refused}");
    }
    assert_eq!(place.state(name), before);
    place.write(name, &text);

    // A tag goes on whatever has tags, and nothing else is changed.
    place.write(name, &edited(&text, &[("tags", "Owner = \"platform\"")]));
    let entries = before["entries"].as_object().expect("entries").iter();
    let tagged = entries.filter(|(_, entry)| entry["spec"].get("tags").is_some() && entry["existing"] != true);
    let mut tagged: Vec<String> = tagged.map(|(address, _)| format!("~{address}")).collect();
    tagged.sort();
    assert_eq!(place.applied(name).expect("applied"), tagged);
}

#[test]
fn sit_is_edited_and_goes_back_and_goes() {
    let place = Place::new();
    place.applied("sit").expect("applied");
    let shipped = place.file("sit");
    edit(&place, "sit", &shipped, |edit| edit.sit);
    place.write("sit", &shipped);
    assert!(place.applied("sit").expect("applied").contains(&"-subnet.private-c".to_owned()));
    place.at_rest("sit");
    place.bbws("destroy sit --sandbox --confirm wp-sit-cluster").exits(0);
}

#[test]
fn prod_is_edited_and_keeps_what_it_stands_on() {
    let place = Place::new();
    // The name servers of the other zones, as whoever has no sandbox of them writes them.
    let mut shipped = place.file("prod");
    for zone in ["wpdev", "wpsit"] {
        let servers = format!("name_servers = [\"ns-1.{zone}.example.com\", \"ns-2.{zone}.example.com\"]");
        let section = format!("dns.delegations.{zone}");
        shipped = edited(&shipped, &[(&section, "-from_environment"), (&section, &servers)]);
    }
    place.write("prod", &shipped);
    place.applied("prod").expect("applied");
    edit(&place, "prod", &shipped, |edit| edit.prod);

    // The way back of the third zone would take subnets from under the cluster: not in production.
    place.write("prod", &shipped);
    let before = place.state("prod");
    let refused = place.bbws("apply prod --sandbox --yes").exits(3).err;
    for part in ["PROD IS PRODUCTION", "subnet.private-c", "subnet.public-c", "take back the edit", "Nothing was changed"] {
        assert!(refused.contains(part), "{part} in\n{refused}");
    }
    assert!(!refused.contains("subnet.public-x"), "nothing stands in it:\n{refused}");
    assert_eq!(place.state("prod"), before);
    place.write("prod", &edited(&shipped, THIRD_ZONE));
    let done = place.applied("prod").expect("applied");
    assert!(done.contains(&"-subnet.public-x".to_owned()) && done.contains(&"-listener.https".to_owned()), "{done:?}");
    place.at_rest("prod");
    place.bbws("destroy prod --sandbox --confirm wp-prod-cluster").exits(3);
}

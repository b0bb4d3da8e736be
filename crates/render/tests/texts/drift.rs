//! The drift as text and as JSON.

use std::collections::BTreeMap;

use bbws_engine::Addition;
use bbws_model::{Address, Class, CloudError};
use bbws_operate::drift::{Deed, Doer, Drift, Drifted, Field, Mark, Standing, Stranger, Strangers};
use bbws_render::{Detail, Style, Watched, drift, drift_json};
use serde_json::{Value, json};

use crate::support::{FANCY, PLAIN, address};

fn at(text: &str) -> jiff::Timestamp {
    text.parse().unwrap()
}

fn field(name: &str, declared: Option<Value>, recorded: Value, observed: Value, edited: bool) -> Field {
    Field { field: name.into(), declared, recorded, observed, edited }
}

fn one(of: &str, id: &str, fields: Vec<Field>) -> Drifted {
    Drifted { address: address(of), id: id.into(), standing: Standing::There, mark: Mark::Ours, fields, edits: vec![] }
}

fn seen() -> (Drift, BTreeMap<Address, Doer>, Strangers) {
    let opened = field("peer", Some(json!({"group": "sg-1"})), json!({"group": "sg-1"}), json!({"cidr": "0.0.0.0/0"}), false);
    let both = field("class", Some(json!("db.t3.medium")), json!("db.t3.micro"), json!("db.t3.small"), true);
    let gone = Drifted { standing: Standing::Missing, ..one("metric-alarm.rds-cpu", "wp-dev-rds-cpu", vec![]) };
    let other = Drifted { standing: Standing::Replaced { by: "vpce-2".into(), owner: None }, ..one("vpc-endpoint.s3", "vpce-1", vec![]) };
    let bare = Drifted {
        mark: Mark::Lost,
        ..one("bucket.cdn-logs", "wp-dev-cdn-logs", vec![field("versioning", None, json!(false), json!(true), false)])
    };
    let drift = Drift {
        looked: 70,
        drifted: vec![
            bare,
            one("db-instance.main", "wp-dev-mysql", vec![both]),
            gone,
            one("security-group-rule.ecs-in-alb", "sgr-1", vec![opened]),
            other,
        ],
        agreed: vec![one("log-group.ecs", "/ecs/dev", vec![field("retention_days", Some(json!(30)), json!(7), json!(30), true)])],
        unread: vec![(address("role.ecs-task"), CloudError::own("iam:GetRole", Class::Denied, "not authorized to perform iam:GetRole"))],
        unsettled: vec![address("nat-gateway.a")],
        edited: vec![address("load-balancer.main")],
    };
    let deed = |who: &str, call: &str, when| Deed {
        at: at(when),
        who: who.into(),
        call: call.into(),
        from: Some("192.0.2.7".into()),
        event: "e".into(),
    };
    let who = "arn:aws:sts::536580886816:assumed-role/admin/thandi";
    let doers = BTreeMap::from([
        (
            address("security-group-rule.ecs-in-alb"),
            Doer::Known(vec![
                deed(who, "ec2:ModifySecurityGroupRules", "2026-11-26T09:12:33Z"),
                deed("rds.amazonaws.com", "ec2:ModifySecurityGroupRules", "2026-11-26T08:12:33Z"),
            ]),
        ),
        (address("metric-alarm.rds-cpu"), Doer::Unknown("CloudTrail may not be asked: cloudtrail:LookupEvents is denied".into())),
    ]);
    let stranger = |what: &str, id: &str, name: &str, marked: Option<&str>| Stranger {
        what: what.into(),
        id: id.into(),
        name: name.into(),
        on: marked.is_none().then(|| address("vpc.main")),
        marked: marked.map(address),
        adds: None,
    };
    let services = (1..8).map(|number| stranger("ECS service", &format!("arn:{number}"), &format!("tenant-{number}"), None));
    let put = |on: &str, what: &str, id: &str, name: &str, danger: &'static str, undo: &str| Stranger {
        on: Some(address(on)),
        adds: Some(Addition { danger, undo: undo.into() }),
        ..stranger(what, id, name, None)
    };
    let added = vec![
        put(
            "role.ecs-task",
            "attached policy",
            "wp-dev-ecs-task/arn:aws:iam::aws:policy/AdministratorAccess",
            "AdministratorAccess",
            "it lets the role do everything",
            "aws iam detach-role-policy --role-name wp-dev-ecs-task --policy-arn arn:aws:iam::aws:policy/AdministratorAccess",
        ),
        put(
            "route-table.private",
            "route",
            "rtb-1_192.168.9.0/24",
            "192.168.9.0/24 to igw-1",
            "",
            "aws ec2 delete-route --route-table-id rtb-1 --destination-cidr-block 192.168.9.0/24 --region af-south-1",
        ),
    ];
    let strangers = Strangers {
        added,
        hidden: [].into(),
        foreign: services.chain([stranger("target group", "arn:tg", "banana", None)]).collect(),
        orphans: vec![stranger("subnet", "subnet-9", "", Some("subnet.old"))],
        tagged: vec![Stranger { on: None, ..stranger("dynamodb table", "arn:aws:dynamodb:af-south-1:1:table/left", "left", None) }],
        unlisted: vec![("db-instance".into(), CloudError::own("rds:DescribeDBInstances", Class::Throttled, "slow down"))],
    };
    (drift, doers, strangers)
}

fn told(drift_of: &Drift, style: Style, detail: Detail) -> String {
    let (_, doers, strangers) = seen();
    let since = Some(at("2026-11-26T07:00:00Z"));
    let none = Strangers::default();
    let strangers = if drift_of.is_none() { &none } else { &strangers };
    drift(&Watched { environment: "dev", since, drift: drift_of, doers: &doers, strangers, asked: None, flag: " --sandbox" }, style, detail)
}

#[test]
fn all_that_can_be_told() {
    let (all, doers, strangers) = seen();
    insta::assert_snapshot!("drift", told(&all, FANCY, Detail::Telling));
    insta::assert_snapshot!("drift_narrow", told(&all, Style { width: 50, ..PLAIN }, Detail::All));
    let since = Some(at("2026-11-26T07:00:00Z"));
    let watched = Watched { environment: "dev", since, drift: &all, doers: &doers, strangers: &strangers, asked: None, flag: "" };
    insta::assert_json_snapshot!("drift_format_1", drift_json(&watched));
    let some = drift_json(&Watched { asked: Some(2), ..watched });
    assert!(some["foreign"].is_null() && some["orphans"].is_null() && some["tagged"].is_null(), "{some}");
    assert_eq!(some["added"].as_array().map(Vec::len), Some(2), "what was put into those that were asked about is told: {some}");
}

#[test]
fn what_was_put_into_ours_alone_is_drift_and_what_may_hide_there_is_not_none() {
    let (_, _, all) = seen();
    let (whole, doers) = (Drift { looked: 70, ..Drift::default() }, BTreeMap::new());
    let told = |strangers: &Strangers| {
        let watched = Watched { environment: "dev", since: None, drift: &whole, doers: &doers, strangers, asked: None, flag: "" };
        (drift(&watched, PLAIN, Detail::Telling), drift_json(&watched)["drift"].clone())
    };
    let (text, is_drift) = told(&Strangers { added: all.added, ..Strangers::default() });
    assert!(text.starts_with("Drift in dev: 2 things were put into ours by somebody else.\n") && is_drift == json!(true), "{text}");
    assert!(text.contains("Warning: it lets the role do everything"), "{text}");
    let blind = Strangers { hidden: [address("role.ecs-task")].into(), ..Strangers::default() };
    let (text, _) = told(&blind);
    assert!(text.starts_with("No drift seen in dev, but whether somebody put something into 1 resource could not be read."), "{text}");
}

#[test]
fn nothing_has_drifted_in_a_line() {
    assert_eq!(
        told(&Drift { looked: 70, ..Drift::default() }, PLAIN, Detail::Telling),
        "No drift in dev: all 70 resources are as bbws left them at 2026-11-26 07:00:00 UTC.\n"
    );
    // Of others nothing is said than that nobody asked about them.
    let (all, doers, _) = seen();
    let none = Strangers::default();
    let asked = |drifted: &Drift, asked| {
        let watched =
            Watched { environment: "dev", since: None, drift: drifted, doers: &doers, strangers: &none, asked: Some(asked), flag: "" };
        (drift(&watched, PLAIN, Detail::Telling).lines().next().unwrap().to_owned(), drift_json(&watched)["looked"].clone())
    };
    let one = "No drift in dev: the resource that was asked about is as bbws left it. 69 others were not asked about.";
    assert_eq!(asked(&Drift { looked: 70, ..Drift::default() }, 1), (one.to_owned(), 1.into()));
    let two = "No drift in dev: the 2 resources that were asked about are as bbws left them. One other was not asked about.";
    assert_eq!(asked(&Drift { looked: 3, ..Drift::default() }, 2).0, two);
    let some = Drift { looked: 70, drifted: vec![all.drifted[0].clone()], ..Drift::default() };
    assert_eq!(asked(&some, 2).0, "Drift in dev: 1 of 2 resources is not as bbws left it. 68 others were not asked about.");
}

//! The drift as text and as JSON.

use std::collections::BTreeMap;

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
    };
    let services = (1..8).map(|number| stranger("ECS service", &format!("arn:{number}"), &format!("tenant-{number}"), None));
    let strangers = Strangers {
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
    let strangers = (!drift_of.is_none()).then_some(&strangers);
    drift(&Watched { environment: "dev", since, drift: drift_of, doers: &doers, strangers, asked: None, flag: " --sandbox" }, style, detail)
}

#[test]
fn all_that_can_be_told() {
    let (all, doers, strangers) = seen();
    insta::assert_snapshot!("drift", told(&all, FANCY, Detail::Telling));
    insta::assert_snapshot!("drift_narrow", told(&all, Style { width: 50, ..PLAIN }, Detail::All));
    let since = Some(at("2026-11-26T07:00:00Z"));
    let watched = Watched { environment: "dev", since, drift: &all, doers: &doers, strangers: Some(&strangers), asked: None, flag: "" };
    insta::assert_json_snapshot!("drift_format_1", drift_json(&watched));
}

#[test]
fn nothing_has_drifted_in_a_line() {
    assert_eq!(
        told(&Drift { looked: 70, ..Drift::default() }, PLAIN, Detail::Telling),
        "No drift in dev: all 70 resources are as bbws left them at 2026-11-26 07:00:00 UTC.\n"
    );
    // Of others nothing is said than that nobody asked about them.
    let (all, doers, _) = seen();
    let asked = |drifted: &Drift, asked| {
        let watched =
            Watched { environment: "dev", since: None, drift: drifted, doers: &doers, strangers: None, asked: Some(asked), flag: "" };
        (drift(&watched, PLAIN, Detail::Telling).lines().next().unwrap().to_owned(), drift_json(&watched)["looked"].clone())
    };
    let one = "No drift in dev: the resource that was asked about is as bbws left it. 69 others were not asked about.";
    assert_eq!(asked(&Drift { looked: 70, ..Drift::default() }, 1), (one.to_owned(), 1.into()));
    let two = "No drift in dev: the 2 resources that were asked about are as bbws left them. One other was not asked about.";
    assert_eq!(asked(&Drift { looked: 3, ..Drift::default() }, 2).0, two);
    let some = Drift { looked: 70, drifted: vec![all.drifted[0].clone()], ..Drift::default() };
    assert_eq!(asked(&some, 2).0, "Drift in dev: 1 of 2 resources is not as bbws left it. 68 others were not asked about.");
}

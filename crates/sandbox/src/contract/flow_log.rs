use bbws_model::Class;
use serde_json::{Value, json};

use super::{Bench, edited, to};
use crate::cloud::GLOBAL;
use crate::kinds::flow_log::Row;

async fn stage() -> Bench {
    let mut bench = Bench::new();
    bench.make("vpc.main", json!({"cidr": "10.0.0.0/16"})).await;
    bench.make("log-group.flow", json!({"name": "/vpc/dev", "retention_days": 7})).await;
    bench.make("role.flow", role("vpc-flow-logs.amazonaws.com")).await;
    let may = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": "*"}});
    bench.make("role-policy.flow", json!({"role": to("role.flow", "name"), "name": "write", "document": may})).await;
    // The service hears of a fresh role a little later.
    tokio::time::sleep(std::time::Duration::from_secs(10)).await;
    bench.forget_calls();
    bench
}

fn role(service: &str) -> Value {
    let statement = json!({"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"});
    json!({"name": service.split('.').next(), "trust": {"Version": "2012-10-17", "Statement": [statement]}})
}

fn log(edit: Value) -> Value {
    let spec = json!({"vpc": to("vpc.main", "id"), "log_group": to("log-group.flow", "name"), "role": to("role.flow", "arn")});
    edited(&spec, edit)
}

#[tokio::test(start_paused = true)]
async fn the_contract_holds() {
    let mut bench = stage().await;
    let spec = log(json!({"aggregation_seconds": 60}));
    let seen = bench.make("flow-log.vpc", spec.clone()).await;
    let defaults = json!({"traffic": "all", "format": bbws_kinds::FLOW_LOG_FORMAT, "tags": {}});
    assert_eq!(seen.spec, bench.resolved(&edited(&spec, defaults)));

    bench.change("flow-log.vpc", edited(&spec, json!({"tags": {"Team": "web"}}))).await;
    bench.change("flow-log.vpc", spec).await;

    let id = seen.id.to_string();
    type Drift = (&'static str, fn(&mut Row));
    let drifts: [Drift; 7] = [
        ("vpc", |row| row.vpc = "vpc-0".into()),
        ("log_group", |row| row.log_group = "/other".into()),
        ("role", |row| row.role.push_str("-2")),
        ("traffic", |row| row.traffic = "REJECT".into()),
        ("aggregation_seconds", |row| row.interval = 600),
        ("format", |row| row.format = "${srcaddr}".into()),
        ("tags", |row| _ = row.tags.insert("who".into(), "me".into())),
    ];
    for (field, change) in drifts {
        let mut before = None;
        bench.tamper(|here| {
            let row = here.flow_logs.get_mut(&id).unwrap();
            before = Some(row.clone());
            change(row);
        });
        assert_eq!(bench.drift("flow-log.vpc").await, [field]);
        if field == "tags" {
            bench.mend("flow-log.vpc").await;
        }
        bench.tamper(|here| _ = here.flow_logs.insert(id.clone(), before.unwrap()));
    }
    bench.tamper(|here| here.flow_logs.get_mut(&id).unwrap().tags.clear());
    assert_eq!(bench.observe("flow-log.vpc").await.expect("it is found by its id").owner, None);
    bench.mend("flow-log.vpc").await;

    bench.remove("flow-log.vpc").await;
    bench.assert_permissions("flow-log", &["ec2:CreateTags", "iam:PassRole"]);
}

#[tokio::test(start_paused = true)]
async fn one_log_for_each_vpc_and_log_group() {
    let mut bench = stage().await;
    let made = bench.make("flow-log.vpc", log(json!({}))).await;
    let twin = bench.refused_create("flow-log.twin", log(json!({"traffic": "reject"}))).await;
    assert_eq!((twin.code.as_str(), twin.class), ("FlowLogAlreadyExists", Class::Exists));
    let want = bench.resolved(&log(json!({"traffic": "reject"})));
    assert_eq!(bench.find("flow-log.twin", &want, None).await.unwrap().expect("it is there").id, made.id);
    let other = bench.resolved(&log(json!({"log_group": "/other"})));
    assert_eq!(bench.find("flow-log.twin", &other, None).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_repeat_of_a_create_makes_no_second_one() {
    let mut bench = stage().await;
    let (attempt, id) = bench.only_create("flow-log.vpc", log(json!({}))).await;
    assert_eq!(bench.again("flow-log.vpc", log(json!({})), &attempt).await.unwrap(), id);
    let other = bench.again("flow-log.vpc", log(json!({"traffic": "reject"})), &attempt).await.unwrap_err();
    assert_eq!((other.code.as_str(), other.class), ("IdempotentParameterMismatch", Class::Exists));
}

#[tokio::test(start_paused = true)]
async fn what_aws_refuses_within_a_success_is_an_error() {
    let mut bench = stage().await;
    let nowhere = bench.refused_create("flow-log.vpc", log(json!({"vpc": "vpc-0000000"}))).await;
    assert_eq!((nowhere.code.as_str(), nowhere.class), ("InvalidVpcId.NotFound", Class::NotVisibleYet));
    bench.make("role.other", role("ecs-tasks.amazonaws.com")).await;
    tokio::time::sleep(std::time::Duration::from_secs(10)).await;
    for role in [json!("arn:aws:iam::536580886816:role/none"), to("role.other", "arn")] {
        let error = bench.refused_create("flow-log.vpc", log(json!({"role": role}))).await;
        assert_eq!((error.code.as_str(), error.class), ("InvalidParameter", Class::NotVisibleYet), "{role}");
    }
    let seen = bench.make("flow-log.vpc", log(json!({}))).await;
    bench.tamper(|here| here.flow_logs.clear());
    let gone = bench.refused_delete_of("flow-log.vpc", &seen).await;
    assert_eq!((gone.code.as_str(), gone.class), ("InvalidFlowLogId.NotFound", Class::Absent));
}

#[tokio::test(start_paused = true)]
async fn a_fresh_role_is_waited_for() {
    let mut bench = stage().await;
    bench.make("role.fresh", edited(&role("vpc-flow-logs.amazonaws.com"), json!({"name": "fresh"}))).await;
    let fresh = log(json!({"role": to("role.fresh", "arn")}));
    assert_eq!(bench.refused_create("flow-log.vpc", fresh.clone()).await.class, Class::NotVisibleYet);
    bench.make("flow-log.vpc", fresh).await;
}

#[tokio::test(start_paused = true)]
async fn whether_lines_arrive_is_told_after_ten_minutes() {
    let mut bench = stage().await;
    assert_eq!(bench.make("flow-log.vpc", log(json!({}))).await.outputs["delivery"], "not yet");
    tokio::time::sleep(std::time::Duration::from_secs(660)).await;
    assert_eq!(bench.observe("flow-log.vpc").await.unwrap().outputs["delivery"], "success");
    bench.tamper_in(GLOBAL, |global| global.roles.get_mut("vpc-flow-logs").unwrap().policies.clear());
    assert_eq!(bench.observe("flow-log.vpc").await.unwrap().outputs["delivery"], "failed: Access error");
}

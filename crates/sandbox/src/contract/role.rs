use bbws_aws::Told;
use bbws_model::{Class, Phase};
use serde_json::{Value, json};

use super::{Bench, edited, to};
use crate::cloud::GLOBAL;
use crate::kinds::role::Row;

const BOUNDARY: &str = "arn:aws:iam::aws:policy/ReadOnlyAccess";

/// A field, and a change of it behind bbws's back.
type Drift = (&'static str, fn(&mut Row));

fn trust(principal: Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]})
}

pub(super) fn spec() -> Value {
    json!({"name": "dev-task", "trust": trust(json!({"Service": "ecs-tasks.amazonaws.com"})), "tags": {"Name": "task"}})
}

#[tokio::test(start_paused = true)]
async fn the_contract_holds() {
    let mut bench = Bench::new();
    let seen = bench.make("role.task", spec()).await;
    assert_eq!((seen.id.as_str(), &seen.outputs["arn"]), ("dev-task", &json!("arn:aws:iam::536580886816:role/dev-task")));

    for edit in [
        json!({"trust": trust(json!({"Service": ["ecs-tasks.amazonaws.com", "ec2.amazonaws.com"]}))}),
        json!({"trust": trust(json!({"AWS": "536580886816"}))}),
        json!({"description": "a + b, 100 %"}),
        json!({"max_session_seconds": 7200}),
        json!({"permissions_boundary": BOUNDARY}),
        json!({"tags": {"Team": "web"}}),
    ] {
        bench.change("role.task", edited(&spec(), edit)).await;
    }
    bench.change("role.task", spec()).await;

    let drifts: [Drift; 5] = [
        ("trust", |row| row.trust = trust(json!("*")).to_string()),
        ("description", |row| row.description = Some("theirs".into())),
        ("max_session_seconds", |row| row.max_session_seconds = 43_200),
        ("permissions_boundary", |row| row.boundary = Some(BOUNDARY.into())),
        ("tags", |row| row.tags.clear()),
    ];
    for (field, drift) in drifts {
        bench.tamper_in(GLOBAL, |here| drift(here.roles.get_mut("dev-task").unwrap()));
        assert_eq!(bench.drift("role.task").await, [field]);
        bench.mend("role.task").await;
    }

    assert!(bench.find("role.task", &spec(), None).await.unwrap().is_some(), "it is found by its name");
    assert_eq!(bench.hanging("role.task").await, []);
    bench.tamper_in(GLOBAL, |here| {
        let row = here.roles.get_mut("dev-task").unwrap();
        row.policies.insert("backdoor".into(), json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}).to_string());
        row.attached.push(BOUNDARY.into());
    });
    let theirs = [("inline policy", "backdoor".to_owned()), ("attached policy", "ReadOnlyAccess".to_owned())];
    assert_eq!(bench.hanging("role.task").await, theirs);
    assert_eq!(bench.refused_delete("role.task").await.code, "DeleteConflict", "AWS keeps a role that somebody gave more");
    bench.tamper_in(GLOBAL, |here| {
        let row = here.roles.get_mut("dev-task").unwrap();
        row.policies.clear();
        row.attached.clear();
    });
    bench.remove("role.task").await;
    assert_eq!(bench.find("role.task", &spec(), None).await.unwrap(), None);
    bench.assert_permissions("role", &["iam:TagRole"]);
}

#[tokio::test(start_paused = true)]
async fn its_arn_is_not_known_at_once() {
    let mut bench = Bench::new();
    bench.only_create("role.task", edited(&spec(), json!({"path": "/bbws/dev/"}))).await;
    let early = bench.keep("role.task").await;
    assert_eq!((&early.outputs["arn"], &early.outputs["name"]), (&Value::Null, &json!("dev-task")));
    assert!(matches!(&early.phase, Phase::Pending(why) if why.contains("ARN")), "{:?}", early.phase);
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert_eq!(bench.keep("role.task").await.outputs["arn"], "arn:aws:iam::536580886816:role/bbws/dev/dev-task");
}

#[tokio::test(start_paused = true)]
async fn its_policies_keep_a_role() {
    let mut bench = Bench::new();
    bench.make("role.task", spec()).await;
    let document = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": "*"}]});
    bench.make("role-policy.logs", json!({"role": to("role.task", "name"), "name": "logs", "document": document})).await;
    bench.make("role-policy-attachment.read", json!({"role": to("role.task", "name"), "policy": BOUNDARY})).await;
    for held in ["role-policy-attachment.read", "role-policy.logs"] {
        let refused = bench.refused_delete("role.task").await;
        assert_eq!((refused.class, refused.code.as_str()), (Class::Dependency, "DeleteConflict"), "{}", refused.message);
        bench.remove(held).await;
    }
    bench.remove("role.task").await;
}

#[tokio::test(start_paused = true)]
async fn a_name_is_taken_whatever_its_case_and_path() {
    let mut bench = Bench::new();
    bench.make("role.task", spec()).await;
    let refused = bench.refused_create("role.other", edited(&spec(), json!({"name": "DEV-task", "path": "/other/"}))).await;
    assert_eq!((refused.class, refused.code.as_str()), (Class::Exists, "EntityAlreadyExists"));
    let found = bench.find("role.other", &spec(), None).await.unwrap().unwrap();
    assert_eq!(found.owner.unwrap().address.to_string(), "role.task");
}

#[tokio::test(start_paused = true)]
async fn a_trust_in_a_role_that_is_not_there_yet_is_tried_again() {
    let mut bench = Bench::new();
    bench.make("role.task", spec()).await;
    let named =
        |name: &str| json!({"name": "dev-deploy", "trust": trust(json!({"AWS": format!("arn:aws:iam::536580886816:role/{name}")}))});
    let refused = bench.refused_create("role.deploy", named("dev-other")).await;
    assert_eq!((refused.class, refused.code.as_str()), (Class::NotVisibleYet, "MalformedPolicyDocument"));
    bench.make("role.deploy", named("dev-task")).await;
}

#[tokio::test(start_paused = true)]
async fn what_a_service_made_for_itself_is_its_own() {
    let mut bench = Bench::new();
    bench.make("ecs-cluster.main", json!({"name": "dev-cluster"})).await;
    let iam = &bench.aws.write.iam;
    let role = iam.get_role().role_name("AWSServiceRoleForECS").send().await.unwrap().role.unwrap();
    assert_eq!(role.path(), "/aws-service-role/ecs.amazonaws.com/");
    let refused = iam.delete_role().role_name("AWSServiceRoleForECS").send().await.told("iam:DeleteRole").unwrap_err();
    assert_eq!((refused.class, refused.code.as_str()), (Class::Invalid, "UnmodifiableEntity"));
}

use bbws_model::Class;
use serde_json::{Value, json};

use super::{Bench, edited, role, to};
use crate::cloud::GLOBAL;

fn allow(action: &str, resource: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Sid": "One", "Effect": "Allow", "Action": action, "Resource": resource}]})
}

fn spec() -> Value {
    json!({"role": to("role.task", "name"), "name": "logs", "document": allow("logs:PutLogEvents", "arn:aws:logs:*:*:log-group:/ecs/dev:*")})
}

async fn with_role() -> Bench {
    let mut bench = Bench::new();
    bench.make("role.task", role::spec()).await;
    bench.forget_calls();
    bench
}

#[tokio::test(start_paused = true)]
async fn the_contract_holds() {
    let mut bench = with_role().await;
    let seen = bench.make("role-policy.logs", spec()).await;
    assert_eq!((seen.id.as_str(), &seen.outputs["name"]), ("dev-task/logs", &json!("logs")));

    bench
        .change("role-policy.logs", edited(&spec(), json!({"document": allow("logs:*", "arn:aws:logs:af-south-1:1:log-group:a+b%20c:*")})))
        .await;
    bench.change("role-policy.logs", spec()).await;

    bench.tamper_in(GLOBAL, |here| {
        let row = here.roles.get_mut("dev-task").unwrap();
        row.policies.insert("logs".into(), allow("*", "*").to_string());
    });
    assert_eq!(bench.drift("role-policy.logs").await, ["document"]);
    bench.mend("role-policy.logs").await;

    let found = bench.find("role-policy.logs", &edited(&spec(), json!({"role": "dev-task"})), None).await.unwrap().unwrap();
    assert_eq!((found.id, found.owner), (seen.id, seen.owner), "it is found by its name on the role");
    bench.remove("role-policy.logs").await;
    bench.assert_permissions("role-policy", &[]);
}

#[tokio::test(start_paused = true)]
async fn it_is_whose_the_role_is() {
    let mut bench = with_role().await;
    bench.make("role-policy.logs", spec()).await;
    bench.tamper_in(GLOBAL, |here| here.roles.get_mut("dev-task").unwrap().tags.clear());
    assert_eq!(bench.observe("role-policy.logs").await.unwrap().owner, None, "on nobody's role it is nobody's");
    bench.tamper_in(GLOBAL, |here| drop(here.roles.remove("dev-task")));
    assert_eq!(bench.observe("role-policy.logs").await, None, "without the role there is none");
}

#[tokio::test(start_paused = true)]
async fn all_policies_of_a_role_together_have_a_size() {
    let mut bench = with_role().await;
    let long = |name: &str| {
        let resources: Vec<String> = (0..60).map(|n| format!("arn:aws:s3:::{name}-{n:0>80}")).collect();
        let document =
            json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": resources}]});
        json!({"role": to("role.task", "name"), "name": name, "document": document})
    };
    bench.make("role-policy.one", long("one")).await;
    let refused = bench.refused_create("role-policy.two", long("two")).await;
    assert_eq!((refused.class, refused.code.as_str()), (Class::Limit, "LimitExceeded"));
    bench.remove("role-policy.one").await;
    bench.make("role-policy.two", long("two")).await;
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_means_nothing_is_refused() {
    let mut bench = with_role().await;
    for document in
        [allow("PutLogEvents", "*"), allow("logs:*", "log-group"), json!({"Statement": [{"Effect": "Allow", "Action": "s3:*"}]})]
    {
        let refused = bench.refused_create("role-policy.logs", edited(&spec(), json!({"document": document}))).await;
        assert_eq!((refused.class, refused.code.as_str()), (Class::Invalid, "MalformedPolicyDocument"), "{document}");
    }
}

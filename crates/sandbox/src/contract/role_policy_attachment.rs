use bbws_model::Class;
use serde_json::{Value, json};

use super::{Bench, edited, role, to};
use crate::cloud::GLOBAL;

const EXECUTION: &str = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy";

fn spec() -> Value {
    json!({"role": to("role.task", "name"), "policy": EXECUTION})
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
    let seen = bench.make("role-policy-attachment.execution", spec()).await;
    assert_eq!(seen.id.as_str(), format!("dev-task/{EXECUTION}"));
    let again = bench.attach_again().await;
    assert_eq!(again, seen.id, "what is attached already is no error");
    bench.tamper_in(GLOBAL, |here| assert_eq!(here.roles["dev-task"].attached, [EXECUTION]));

    let found = bench.find("role-policy-attachment.execution", &edited(&spec(), json!({"role": "dev-task"})), None).await.unwrap();
    assert_eq!(found.map(|found| found.id), Some(seen.id));
    bench.tamper_in(GLOBAL, |here| here.roles.get_mut("dev-task").unwrap().attached.clear());
    assert_eq!(bench.observe("role-policy-attachment.execution").await, None, "somebody detached it");
    bench.make("role-policy-attachment.execution", spec()).await;

    bench.remove("role-policy-attachment.execution").await;
    bench.assert_permissions("role-policy-attachment", &[]);
}

impl Bench {
    async fn attach_again(&mut self) -> bbws_model::PhysicalId {
        let attempt = self.attempt(&"role-policy-attachment.execution".parse().unwrap());
        self.again("role-policy-attachment.execution", spec(), &attempt).await.unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_does_not_exist_is_refused() {
    let mut bench = with_role().await;
    for policy in ["arn:aws:iam::aws:policy/AmazonECSTaskExecutionRolePolicy", "arn:aws:iam::536580886816:policy/ours"] {
        let refused = bench.refused_create("role-policy-attachment.execution", edited(&spec(), json!({"policy": policy}))).await;
        assert_eq!((refused.class, refused.code.as_str()), (Class::Absent, "NoSuchEntity"), "{policy}");
    }
    bench.tamper_in(GLOBAL, |here| drop(here.managed_policies.insert("arn:aws:iam::536580886816:policy/ours".into(), String::new())));
    bench.make("role-policy-attachment.own", edited(&spec(), json!({"policy": "arn:aws:iam::536580886816:policy/ours"}))).await;
}

#[tokio::test(start_paused = true)]
async fn a_role_takes_ten() {
    let mut bench = with_role().await;
    bench.tamper_in(GLOBAL, |here| {
        here.roles.get_mut("dev-task").unwrap().attached = (0..10).map(|n| format!("arn:aws:iam::aws:policy/P{n}")).collect();
    });
    let refused = bench.refused_create("role-policy-attachment.execution", spec()).await;
    assert_eq!((refused.class, refused.code.as_str()), (Class::Limit, "LimitExceeded"));
    let page = bench.aws.read.iam.list_attached_role_policies().role_name("dev-task").max_items(4).send().await.unwrap();
    assert_eq!((page.attached_policies().len(), page.is_truncated()), (4, true));
}

use bbws_aws::Told;
use bbws_model::Class;
use serde_json::{Value, json};

use super::{Bench, edited};

const ROLE: &str = "arn:aws:iam::536580886816:role/dev-execution";
const SECRET: &str = "arn:aws:secretsmanager:af-south-1:536580886816:secret:dev-rds-AbCdEf:password::";

/// Everything that can be said of one.
fn spec() -> Value {
    json!({
        "family": "dev-db-init", "cpu": 512, "memory": 1024, "architecture": "arm64", "storage_gib": 30,
        "execution_role": ROLE, "task_role": "arn:aws:iam::536580886816:role/bbws/dev-task",
        "containers": {
            "db-init": {
                "image": "mysql:8.0", "cpu": 128, "memory": 512, "memory_reservation": 256,
                "entry_point": ["sh", "-c"], "command": ["mysql --version"], "user": "1000:1000",
                "environment": {"HOST": "db", "A": "", "Z": "last"},
                "secrets": {"PASSWORD": SECRET},
                "ports": [{"port": 8080}, {"port": 53, "protocol": "udp"}],
                "mounts": [{"volume": "content", "path": "/content", "read_only": true}, {"volume": "own", "path": "/own"}],
                "log": {"group": "/ecs/dev", "stream_prefix": "db-init", "non_blocking": true},
            },
            "beside": {"image": "busybox", "essential": false, "read_only_root": false},
        },
        "volumes": {
            "content": {"file_system": "fs-1", "access_point": "fsap-1", "iam": true},
            "own": {"file_system": "fs-2", "root": "/own", "transit_encryption": false},
        },
        "tags": {"Name": "db-init"},
    })
}

fn small(family: &str) -> Value {
    json!({"family": family, "cpu": 256, "memory": 512, "containers": {"web": {"image": "nginx"}}})
}

#[tokio::test(start_paused = true)]
async fn the_contract_holds() {
    let mut bench = Bench::new();
    let seen = bench.make("task-definition.db-init", spec()).await;
    assert_eq!(seen.id.as_str(), "arn:aws:ecs:af-south-1:536580886816:task-definition/dev-db-init:1");
    assert_eq!(seen.outputs["revision"], 1);

    bench.change("task-definition.db-init", edited(&spec(), json!({"tags": {"Team": "web"}}))).await;
    bench.change("task-definition.db-init", spec()).await;
    bench.tamper(|here| here.task_definitions.get_mut("dev-db-init:1").unwrap().tags.clear());
    assert_eq!(bench.drift("task-definition.db-init").await, ["tags"]);
    bench.mend("task-definition.db-init").await;

    let found = bench.find("task-definition.db-init", &spec(), None).await.unwrap();
    assert_eq!(found.map(|found| found.id), Some(seen.id), "it is found by its mark");
    bench.remove("task-definition.db-init").await;
    bench.tamper(|here| assert!(here.task_definitions["dev-db-init:1"].deregistered_ms.is_some(), "it stays to be seen"));
    bench.assert_permissions("task-definition", &["ecs:TagResource", "iam:PassRole"]);
}

#[tokio::test(start_paused = true)]
async fn a_small_one_reads_back_as_it_was_declared() {
    let mut bench = Bench::new();
    bench.make("task-definition.web", small("web")).await;
    assert_eq!(bench.drift("task-definition.web").await, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn numbers_never_come_again() {
    let mut bench = Bench::new();
    bench.make("task-definition.web", small("web")).await;
    bench.remove("task-definition.web").await;
    assert_eq!(bench.make("task-definition.web", small("web")).await.outputs["revision"], 2);
}

#[tokio::test(start_paused = true)]
async fn our_revision_is_found_among_those_of_others() {
    let mut bench = Bench::new();
    let ours = bench.make("task-definition.web", small("web")).await;
    bench.make("task-definition.theirs", small("web")).await;
    bench.make("task-definition.longer", small("web-shop")).await;
    let newest = bench.aws.read.ecs.describe_task_definition().task_definition("web").send().await.unwrap();
    assert_eq!(newest.task_definition.unwrap().revision(), 2);
    let found = bench.find("task-definition.web", &small("web"), None).await.unwrap().unwrap();
    assert_eq!(found.id, ours.id);

    // Every register makes one more: which of two of ours is meant, the intent tells.
    let attempt = bench.attempt(&"task-definition.web".parse().unwrap());
    let second = bench.again("task-definition.web", small("web"), &attempt).await.unwrap();
    assert_ne!(second, ours.id);
    let first = bench.find("task-definition.web", &small("web"), ours.owner.map(|owner| owner.intent)).await.unwrap().unwrap();
    assert_eq!(first.id, ours.id);
    let latest = bench.find("task-definition.web", &small("web"), Some(attempt.owner.intent)).await.unwrap().unwrap();
    assert_eq!(latest.id, second);
}

#[tokio::test(start_paused = true)]
async fn revisions_are_listed_newest_first_page_by_page() {
    let mut bench = Bench::new();
    for _ in 0..12 {
        let attempt = bench.attempt(&"task-definition.web".parse().unwrap());
        bench.again("task-definition.web", small("web"), &attempt).await.unwrap();
    }
    let list = || bench.aws.read.ecs.list_task_definitions().family_prefix("web").sort("DESC".into()).max_results(5);
    let page = list().send().await.unwrap();
    assert!(page.task_definition_arns()[0].ends_with("web:12") && page.task_definition_arns()[4].ends_with("web:8"), "{page:?}");
    let next = list().set_next_token(page.next_token).send().await.unwrap();
    assert!(next.task_definition_arns()[0].ends_with("web:7"));
}

#[tokio::test(start_paused = true)]
async fn what_fargate_would_refuse_is_refused() {
    let mut bench = Bench::new();
    let secret = json!({"web": {"image": "nginx", "secrets": {"P": SECRET}}});
    let role = edited(&small("web"), json!({"task_role": "dev-task"}));
    let refused = bench.refused_create("task-definition.web", role).await;
    assert_eq!((refused.class, refused.code.as_str(), refused.message.as_str()), (Class::Invalid, "ClientException", "Role is not valid"));
    let refused = bench.refused_create("task-definition.web", edited(&small("web"), json!({"containers": secret}))).await;
    assert!(refused.message.contains("executionRoleArn"), "{}", refused.message);
    let refused = bench.refused_create("task-definition.web", edited(&small("web"), json!({"memory": 1536}))).await;
    assert!(refused.message.contains("No Fargate configuration exists"), "{}", refused.message);
    let crowd = json!({"a": {"image": "i", "cpu": 200}, "b": {"image": "i", "cpu": 200}});
    let refused = bench.refused_create("task-definition.web", edited(&small("web"), json!({"containers": crowd}))).await;
    assert!(refused.message.contains("sum of the containers' cpu"), "{}", refused.message);
}

#[tokio::test(start_paused = true)]
async fn to_deregister_twice_says_that_it_is_gone() {
    let mut bench = Bench::new();
    let seen = bench.make("task-definition.web", small("web")).await;
    bench.remove("task-definition.web").await;
    assert_eq!(bench.refused_delete_of("task-definition.web", &seen).await.class, Class::Absent);
    let bare = bench.aws.write.ecs.deregister_task_definition().task_definition("web").send().await;
    assert_eq!(bare.told("ecs:DeregisterTaskDefinition").unwrap_err().class, Class::Invalid);
}

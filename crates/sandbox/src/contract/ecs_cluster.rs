use bbws_aws::Told;
use bbws_model::{Class, Phase};
use serde_json::{Value, json};

use super::{ACCOUNT, Bench, REGION, edited};
use crate::cloud::GLOBAL;
use crate::kinds::ecs_cluster::Row;

/// A field, and a change of it behind bbws's back.
type Drift = (&'static str, fn(&mut Row));

fn spec() -> Value {
    json!({"name": "dev-cluster", "tags": {"Name": "dev"}})
}

#[tokio::test(start_paused = true)]
async fn the_contract_holds() {
    let mut bench = Bench::new();
    let seen = bench.make("ecs-cluster.main", spec()).await;
    assert_eq!(seen.outputs["arn"], "arn:aws:ecs:af-south-1:536580886816:cluster/dev-cluster");
    bench.tamper_in(GLOBAL, |here| assert!(here.roles.contains_key("awsserviceroleforecs"), "ECS made its own role"));

    for edit in [
        json!({"container_insights": "enhanced"}),
        json!({"container_insights": "disabled"}),
        json!({"capacity_providers": ["FARGATE"]}),
        json!({"capacity_providers": [], "default_strategy": {}}),
        json!({"default_strategy": {"FARGATE": {"base": 1, "weight": 1}, "FARGATE_SPOT": {"weight": 3}}}),
        json!({"exec_logging": "none"}),
        json!({"exec_logging": "group", "exec_log_group": "/ecs/exec"}),
        json!({"tags": {"Team": "web"}}),
    ] {
        bench.change("ecs-cluster.main", edited(&spec(), edit)).await;
    }
    bench.change("ecs-cluster.main", spec()).await;

    let drifts: [Drift; 6] = [
        ("container_insights", |row| row.settings.insights = "disabled".into()),
        ("capacity_providers", |row| assert!(row.settings.providers.remove("FARGATE_SPOT"))),
        ("default_strategy", |row| row.settings.strategy.clear()),
        ("exec_logging", |row| row.settings.exec_logging = "NONE".into()),
        ("tags", |row| drop(row.tags.insert("who".into(), "me".into()))),
        ("tags", |row| row.tags.clear()),
    ];
    for (field, drift) in drifts {
        bench.tamper(|here| drift(here.clusters.get_mut("dev-cluster").unwrap()));
        assert_eq!(bench.drift("ecs-cluster.main").await, [field]);
        bench.mend("ecs-cluster.main").await;
    }
    bench.change("ecs-cluster.main", edited(&spec(), json!({"exec_logging": "group", "exec_log_group": "/ecs/exec"}))).await;
    bench.tamper(|here| here.clusters.get_mut("dev-cluster").unwrap().settings.exec_log_group = Some("/theirs".into()));
    assert_eq!(bench.drift("ecs-cluster.main").await, ["exec_log_group"]);
    bench.mend("ecs-cluster.main").await;

    assert!(bench.find("ecs-cluster.main", &spec(), None).await.unwrap().is_some(), "it is found by its name");
    bench.sandbox.sim().tamper(|cloud| drop(cloud.tenant(ACCOUNT, REGION).task("dev-cluster", "import", None)));
    assert_eq!(bench.hanging("ecs-cluster.main").await, [("ECS task", "import".to_owned())]);
    bench.tamper(|here| here.tasks.clear());
    bench.remove("ecs-cluster.main").await;
    bench.tamper(|here| assert!(here.clusters.contains_key("dev-cluster"), "AWS shows it for a while, inactive"));
    bench.make("ecs-cluster.main", spec()).await;
    bench.assert_permissions("ecs-cluster", &["ecs:TagResource", "iam:CreateServiceLinkedRole"]);
}

#[tokio::test(start_paused = true)]
async fn to_create_one_that_is_there_is_to_be_handed_it() {
    let mut bench = Bench::new();
    let theirs = bench.make("ecs-cluster.theirs", spec()).await;
    let attempt = bench.attempt(&"ecs-cluster.main".parse().unwrap());
    assert_eq!(bench.again("ecs-cluster.main", spec(), &attempt).await.unwrap(), theirs.id);
    let seen = bench.find("ecs-cluster.main", &spec(), None).await.unwrap().unwrap();
    assert_eq!(seen.owner.unwrap().address.to_string(), "ecs-cluster.theirs", "its mark still tells whose it is");

    let refused = bench.refused_create("ecs-cluster.main", edited(&spec(), json!({"container_insights": "disabled"}))).await;
    assert_eq!((refused.class, refused.code.as_str()), (Class::Exists, "InvalidParameterException"));
}

#[tokio::test(start_paused = true)]
async fn services_and_tasks_of_tenants_keep_it() {
    let mut bench = Bench::new();
    bench.make("ecs-cluster.main", spec()).await;
    let service = bench.sandbox.sim().tamper(|cloud| {
        let mut tenant = cloud.tenant(ACCOUNT, REGION);
        tenant.task("dev-cluster", "import", None);
        tenant.service("dev-cluster", "shop", None)
    });
    let refused = bench.refused_delete("ecs-cluster.main").await;
    assert_eq!((refused.class, refused.code.as_str()), (Class::Dependency, "ClusterContainsServicesException"));
    let hanging = [("ECS service", "shop".to_owned()), ("ECS task", "import".to_owned())];
    assert_eq!(bench.hanging("ecs-cluster.main").await, hanging, "tasks of a service go with it");

    let ecs = bench.aws.read.ecs.clone();
    let listed = ecs.list_services().cluster("dev-cluster").send().await.unwrap();
    assert_eq!(listed.service_arns(), std::slice::from_ref(&service));
    let told = ecs.describe_services().cluster("dev-cluster").services(&service).services("none").send().await.unwrap();
    assert_eq!((told.services()[0].service_name(), told.services()[0].running_count()), (Some("shop"), 1));
    assert_eq!(told.failures()[0].reason(), Some("MISSING"));
    let tasks = ecs.list_tasks().cluster("dev-cluster").send().await.unwrap();
    assert_eq!(tasks.task_arns().len(), 2);
    let of_service = ecs.list_tasks().cluster("dev-cluster").service_name("shop").send().await.unwrap();
    let task = ecs.describe_tasks().cluster("dev-cluster").set_tasks(of_service.task_arns).send().await.unwrap();
    assert_eq!((task.tasks().len(), task.tasks()[0].group()), (1, Some("service:shop")));

    bench.sandbox.sim().tamper(|cloud| cloud.tenant(ACCOUNT, REGION).stop(&service));
    let refused = bench.refused_delete("ecs-cluster.main").await;
    assert_eq!((refused.class, refused.code.as_str()), (Class::Dependency, "ClusterContainsTasksException"));
    bench.tamper(|here| here.tasks.clear());
    bench.remove("ecs-cluster.main").await;
    let gone = ecs.list_services().cluster("dev-cluster").send().await.told("ecs:ListServices").unwrap_err();
    assert_eq!(gone.class, Class::Absent);
}

#[tokio::test(start_paused = true)]
async fn it_is_not_ready_while_its_capacity_is_brought_in() {
    let mut bench = Bench::new();
    bench.only_create("ecs-cluster.main", spec()).await;
    assert!(matches!(bench.keep("ecs-cluster.main").await.phase, Phase::Pending(why) if why.contains("PROVISIONING")));
    tokio::time::sleep(std::time::Duration::from_secs(4)).await;
    assert!(matches!(bench.keep("ecs-cluster.main").await.phase, Phase::Pending(why) if why.contains("capacity")));
    let ecs = &bench.aws.write.ecs;
    let early = ecs.delete_cluster().cluster("dev-cluster").send().await.told("ecs:DeleteCluster").unwrap_err();
    assert_eq!((early.class, early.code.as_str()), (Class::Conflict, "UpdateInProgressException"));
    tokio::time::sleep(std::time::Duration::from_secs(4)).await;
    assert_eq!(bench.keep("ecs-cluster.main").await.phase, Phase::Ready);
}

#[tokio::test(start_paused = true)]
async fn a_hundred_and_one_take_two_calls() {
    let mut bench = Bench::new();
    let many: Vec<(String, Value)> = (0..101).map(|n| (format!("ecs-cluster.c{n}"), json!({"name": format!("c{n}")}))).collect();
    for (address, spec) in &many {
        bench.only_create(address, spec.clone()).await;
    }
    let before = bench.aws.calls().count();
    let sights = bench.find_all(&many).await;
    assert!(sights.into_iter().all(|sight| sight.unwrap().is_some()));
    assert_eq!(bench.aws.calls().count() - before, 2);
}

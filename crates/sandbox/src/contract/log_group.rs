use serde_json::json;

use super::{Bench, edited};

#[tokio::test(start_paused = true)]
async fn the_contract_holds() {
    let mut bench = Bench::new();
    let spec = json!({"name": "/ecs/dev", "retention_days": 7});
    bench.make("log-group.ecs", spec.clone()).await;

    bench.change("log-group.ecs", edited(&spec, json!({"retention_days": 14}))).await;
    bench.change("log-group.ecs", edited(&spec, json!({"retention_days": null}))).await;
    bench.change("log-group.ecs", edited(&spec, json!({"tags": {"Team": "web"}}))).await;
    bench.change("log-group.ecs", spec).await;

    bench.tamper(|here| here.log_groups.get_mut("/ecs/dev").unwrap().retention_days = Some(30));
    assert_eq!(bench.drift("log-group.ecs").await, ["retention_days"]);
    bench.mend("log-group.ecs").await;

    bench.remove("log-group.ecs").await;
    bench.assert_permissions("log-group", &["logs:TagResource"]);
}

use bbws_model::{Class, Phase};
use serde_json::{Value, json};

use super::{Bench, edited};

/// As the step of a plan that copies a database's data has it.
fn spec() -> Value {
    let rule = bbws_kinds::all().backup("db-instance").unwrap();
    assert_eq!(rule.kind, "db-snapshot");
    (rule.spec)("dev-mysql", "dev-mysql-bbws-7")
}

#[tokio::test(start_paused = true)]
async fn the_contract_holds() {
    let mut bench = Bench::new();
    bench.database_stage().await;
    bench.make("db-instance.main", edited(&Bench::database(), json!({"tags": {"Team": "web"}}))).await;
    bench.forget_calls();

    let (attempt, _) = bench.only_create("db-snapshot.copy", spec()).await;
    let early = bench.keep("db-snapshot.copy").await;
    assert!(matches!(early.phase, Phase::Pending(_)), "{:?}", early.phase);
    assert_eq!(bench.refused_delete("db-snapshot.copy").await.class, Class::Conflict, "it is not whole yet");
    let found = bench.find("db-snapshot.copy", &spec(), Some(attempt.owner.intent.clone())).await.unwrap().unwrap();
    assert_eq!(found.owner, Some(attempt.owner), "its mark is its own, whatever tags RDS copies");
    tokio::time::sleep(std::time::Duration::from_secs(200)).await;
    let seen = bench.observe("db-snapshot.copy").await.unwrap();
    assert_eq!((seen.phase, &seen.outputs["storage_gib"], &seen.outputs["encrypted"]), (Phase::Ready, &json!(20), &json!(true)));

    bench.change("db-snapshot.copy", edited(&spec(), json!({"tags": {"Keep": "yes"}}))).await;
    bench.change("db-snapshot.copy", spec()).await;
    bench
        .mends(
            "db-snapshot.copy",
            &[("tags", |here| drop(here.db_snapshots.get_mut("dev-mysql-bbws-7").unwrap().tags.insert("who".into(), "me".into())))],
        )
        .await;
    bench.remove("db-snapshot.copy").await;
    bench.assert_permissions("db-snapshot", &["rds:AddTagsToResource"]);
}

#[tokio::test(start_paused = true)]
async fn a_database_that_is_busy_is_copied_later() {
    let mut bench = Bench::new();
    bench.database_stage().await;
    bench.only_create("db-instance.main", Bench::database()).await;
    let refused = bench.refused_create("db-snapshot.copy", spec()).await;
    assert_eq!((refused.class, refused.code.as_str()), (Class::Conflict, "InvalidDBInstanceState"));
    bench.make("db-snapshot.copy", spec()).await;
}

#[tokio::test(start_paused = true)]
async fn a_copy_outlives_its_database() {
    let mut bench = Bench::new();
    bench.database_stage().await;
    bench.make("db-instance.main", Bench::database()).await;
    bench.make("db-snapshot.copy", spec()).await;
    bench.remove("db-instance.main").await;
    assert_eq!(bench.observe("db-snapshot.copy").await.unwrap().phase, Phase::Ready);
}

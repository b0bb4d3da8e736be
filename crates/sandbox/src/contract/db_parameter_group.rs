use std::collections::BTreeMap;

use bbws_model::Class;
use serde_json::{Value, json};

use super::{Bench, edited};
use crate::kinds::db_parameter_group::Row;

/// One that RDS takes over at once, one that waits for a reboot, two that go together, and one that says what is so anyway.
fn spec() -> Value {
    json!({"name": "dev-mysql80", "family": "mysql8.0", "parameters": {
        "character_set_server": "latin1", "collation_server": "latin1_swedish_ci", "performance_schema": "1", "slow_query_log": "1",
        "innodb_flush_log_at_trx_commit": "1",
    }})
}

fn row(here: &mut crate::cloud::Region) -> &mut Row {
    here.db_parameter_groups.get_mut("dev-mysql80").unwrap()
}

fn set(parameters: &Value) -> BTreeMap<String, String> {
    serde_json::from_value(parameters.clone()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_contract_holds() {
    let mut bench = Bench::new();
    let seen = bench.make("db-parameter-group.main", spec()).await;
    assert_eq!(seen.spec["parameters"], spec()["parameters"]);
    let mut sent = set(&spec()["parameters"]);
    sent.remove("innodb_flush_log_at_trx_commit");
    bench.tamper(|here| assert_eq!(row(here).set, sent, "what is so anyway is not set"));

    let other = json!({"character_set_server": "utf8mb4", "collation_server": "utf8mb4_unicode_ci", "max_connections": "200"});
    bench.change("db-parameter-group.main", edited(&spec(), json!({"parameters": other}))).await;
    bench.tamper(|here| assert_eq!(row(here).set, set(&other), "what is no longer wanted is reset, and nothing else"));
    bench.change("db-parameter-group.main", edited(&spec(), json!({"parameters": {}}))).await;
    bench.change("db-parameter-group.main", edited(&spec(), json!({"tags": {"Tier": "data"}}))).await;
    bench.change("db-parameter-group.main", spec()).await;
    bench
        .mends(
            "db-parameter-group.main",
            &[
                ("parameters", |here| drop(row(here).set.insert("slow_query_log".into(), "0".into()))),
                ("parameters", |here| drop(row(here).set.insert("wait_timeout".into(), "60".into()))),
                ("parameters", |here| drop(row(here).set.remove("performance_schema"))),
                ("tags", |here| drop(row(here).tags.insert("who".into(), "me".into()))),
            ],
        )
        .await;
    bench.remove("db-parameter-group.main").await;
    bench.assert_permissions("db-parameter-group", &["rds:AddTagsToResource", "iam:CreateServiceLinkedRole"]);
}

#[tokio::test(start_paused = true)]
async fn more_parameters_than_one_call_takes_go_in_several() {
    let mut bench = Bench::new();
    let switches = [
        "general_log",
        "log_bin_trust_function_creators",
        "performance_schema",
        "require_secure_transport",
        "skip_name_resolve",
        "slow_query_log",
    ];
    let sizes = [
        "innodb_buffer_pool_size",
        "innodb_log_file_size",
        "max_connections",
        "interactive_timeout",
        "wait_timeout",
        "long_query_time",
        "max_allowed_packet",
    ];
    let mut parameters: BTreeMap<&str, &str> = switches.into_iter().map(|name| (name, "1")).collect();
    parameters.extend(sizes.into_iter().map(|name| (name, "2048")));
    let sets = ["client", "connection", "database", "results", "server"].map(|of| format!("character_set_{of}"));
    parameters.extend(sets.iter().map(|name| (name.as_str(), "utf8mb4")));
    parameters.extend([
        ("collation_connection", "utf8mb4_bin"),
        ("collation_server", "utf8mb4_bin"),
        ("log_output", "FILE"),
        ("event_scheduler", "OFF"),
        ("innodb_buffer_pool_size", "134217728"),
        ("innodb_log_file_size", "67108864"),
    ]);
    assert!(parameters.len() > 20);
    let seen = bench.make("db-parameter-group.main", edited(&spec(), json!({"parameters": parameters}))).await;
    assert_eq!(seen.spec["parameters"], json!(parameters));
    bench.change("db-parameter-group.main", edited(&spec(), json!({"parameters": {}}))).await;
    bench.tamper(|here| assert!(row(here).set.is_empty()));
}

#[tokio::test(start_paused = true)]
async fn a_parameter_that_rds_does_not_have_is_named_before_anything_is_sent() {
    let mut bench = Bench::new();
    let seen = bench.make("db-parameter-group.main", spec()).await;
    for (name, part) in [("no_such_thing", "no parameter that RDS has"), ("datadir", "does not let anybody change")] {
        let wrong = edited(&spec(), json!({"parameters": {name: "1"}}));
        let refused = bench.refused_update("db-parameter-group.main", &seen, wrong).await;
        assert_eq!(refused.class, Class::Invalid);
        assert!(refused.message.contains(name) && refused.message.contains(part), "{refused}");
    }
    // What MySQL itself would not take, RDS refuses.
    let wrong = edited(&spec(), json!({"parameters": {"slow_query_log": "maybe"}}));
    assert_eq!(bench.refused_update("db-parameter-group.main", &seen, wrong).await.code, "InvalidParameterValue");
}

#[tokio::test(start_paused = true)]
async fn it_stays_while_a_database_has_it() {
    let mut bench = Bench::new();
    bench.database_stage().await;
    bench.make("db-instance.main", Bench::database()).await;
    let refused = bench.refused_delete("db-parameter-group.main").await;
    assert_eq!((refused.class, refused.code.as_str()), (Class::Dependency, "InvalidDBParameterGroupState"));
    bench.remove("db-instance.main").await;
    bench.remove("db-parameter-group.main").await;
}

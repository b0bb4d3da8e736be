use bbws_model::{Class, Phase};
use serde_json::{Value, json};

use super::data::OTHER_GROUP;
use super::{Bench, edited, to};
use crate::kinds::db_instance::Row;

fn row(here: &mut crate::cloud::Region) -> &mut Row {
    here.db_instances.get_mut("dev-mysql").unwrap()
}

async fn with_database() -> Bench {
    let mut bench = Bench::new();
    bench.database_stage().await;
    bench.make("db-instance.main", Bench::database()).await;
    bench
}

fn with(edit: Value) -> Value {
    edited(&Bench::database(), edit)
}

#[tokio::test(start_paused = true)]
async fn the_contract_holds() {
    let mut bench = Bench::new();
    bench.database_stage().await;
    bench.forget_calls();
    let seen = bench.make("db-instance.main", Bench::database()).await;
    let endpoint = seen.outputs["endpoint"].as_str().unwrap();
    assert!(endpoint.starts_with("dev-mysql.") && endpoint.ends_with(".af-south-1.rds.amazonaws.com:3306"), "{endpoint}");
    assert_eq!((&seen.outputs["engine_version"], &seen.outputs["parameters"]), (&json!("8.0.40"), &json!("in-sync")));
    assert!(seen.outputs["final_snapshot"].as_str().unwrap().starts_with("dev-mysql-final-"));

    for edit in [
        json!({"class": "db.r5.large"}),
        json!({"engine_version": "8.0.43"}),
        json!({"engine_version": "8.0.43", "storage_gib": 40, "max_storage_gib": 100}),
        json!({"engine_version": "8.0.43", "storage_gib": 40, "max_storage_gib": 200}),
        json!({"engine_version": "8.0", "storage_gib": 40}),
        json!({"security_groups": [OTHER_GROUP]}),
        json!({"port": 3307}),
        json!({"multi_az": true}),
        json!({"backup_days": 0}),
        json!({"backup_days": 7}),
        json!({"backup_window": "04:00-05:00", "maintenance_window": "sat:01:00-sat:02:00"}),
        json!({"deletion_protection": true}),
        json!({"copy_tags_to_snapshots": false}),
        json!({"auto_minor_upgrade": false, "engine_version": "8.0.43"}),
        json!({"extended_support": false}),
        json!({"log_exports": ["slowquery", "general"]}),
        json!({"performance_insights": true}),
        json!({"iam_sign_in": true}),
        json!({"certificate_authority": "rds-ca-ecc384-g1"}),
        json!({"tags": {"Team": "web"}}),
        json!({}),
    ] {
        bench.change("db-instance.main", with(edit)).await;
    }
    bench
        .mends(
            "db-instance.main",
            &[
                ("class", |here| row(here).class = "db.t3.small".into()),
                ("max_storage_gib", |here| row(here).max_storage = Some(1000)),
                ("public", |here| row(here).public = true),
                ("security_groups", |here| row(here).security_groups.push(OTHER_GROUP.into())),
                ("port", |here| row(here).port = 3310),
                ("multi_az", |here| row(here).multi_az = true),
                ("backup_days", |here| row(here).backup_days = 0),
                ("backup_window", |here| row(here).backup_window = "07:00-08:00".into()),
                ("maintenance_window", |here| row(here).maintenance_window = "fri:09:00-fri:10:00".into()),
                ("deletion_protection", |here| row(here).protected = true),
                ("copy_tags_to_snapshots", |here| row(here).copy_tags = false),
                ("auto_minor_upgrade", |here| row(here).auto_minor = false),
                ("extended_support", |here| row(here).support = "open-source-rds-extended-support-disabled".into()),
                ("log_exports", |here| row(here).logs = ["general".to_owned()].into()),
                ("performance_insights", |here| row(here).insights = true),
                ("iam_sign_in", |here| row(here).iam = true),
                ("parameter_group", |here| row(here).parameter_group = "default.mysql8.0".into()),
                ("tags", |here| drop(row(here).tags.insert("who".into(), "me".into()))),
                ("password", |here| drop(row(here).tags.remove("bbws:password-version"))),
            ],
        )
        .await;
    assert_eq!(bench.hanging("db-instance.main").await, []);
    bench.remove("db-instance.main").await;
    let beside = ["rds:AddTagsToResource", "rds:CreateDBSnapshot", "iam:CreateServiceLinkedRole"];
    bench.assert_permissions("db-instance", &beside);
}

#[tokio::test(start_paused = true)]
async fn storage_grows_and_stays_grown() {
    let mut bench = with_database().await;
    let fast = json!({"storage_gib": 400, "iops": 16000, "throughput": 1000});
    let seen = bench.change("db-instance.main", with(fast)).await;
    assert_eq!((&seen.spec["iops"], &seen.spec["throughput"]), (&json!(16000), &json!(1000)));
    // Within six hours RDS takes no other change of the storage: nobody waits for that in vain.
    let seen = bench.observe("db-instance.main").await.unwrap();
    let more = with(json!({"storage_gib": 500, "iops": 16000, "throughput": 1000}));
    let refused = bench.refused_update("db-instance.main", &seen, more.clone()).await;
    assert_eq!(refused.class, Class::Limit, "{refused}");
    tokio::time::sleep(std::time::Duration::from_secs(6 * 3600)).await;
    bench.change("db-instance.main", more).await;
    bench.tamper(|here| row(here).storage_type = "gp2".into());
    bench.tamper(|here| row(here).storage_free_ms = 0);
    assert_eq!(bench.drift("db-instance.main").await, ["storage_type"]);
    bench.mend("db-instance.main").await;
    bench.tamper(|here| (row(here).iops, row(here).storage_free_ms) = (12_000, 0));
    assert_eq!(bench.drift("db-instance.main").await, ["iops"]);
    bench.mend("db-instance.main").await;
    // What AWS grew by itself is no drift.
    bench.tamper(|here| row(here).storage = 600);
    assert_eq!(bench.drift("db-instance.main").await, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn the_password_goes_from_the_secret_to_rds_and_nowhere_else() {
    let mut bench = Bench::trusted();
    bench.database_stage().await;
    let secret = bench.observe("secret.rds").await.unwrap();
    let (value, version) = bench.value(secret.id.as_str()).await;
    let password = value["password"].as_str().unwrap().to_owned();
    let seen = bench.make("db-instance.main", Bench::database()).await;
    bench.tamper(|here| assert_eq!(row(here).password.0, password));
    assert_eq!(seen.spec["password"]["version"], json!(version));
    let told = format!("{} {:?} {:?}", serde_json::to_string(&seen.spec).unwrap(), seen, bench.aws.calls().all());
    assert!(!told.contains(&password));

    // A later version of the secret is handed on once.
    let newer = json!({"username": "admin", "password": "another-password"});
    let put = bench.aws.write.secrets.put_secret_value().secret_id(secret.id.as_str()).client_request_token("b".repeat(32));
    put.secret_string(newer.to_string()).send().await.unwrap();
    let with_newer = with(json!({"password": {"secret": to("secret.rds", "arn"), "version": "b".repeat(32)}}));
    let from = bench.aws.calls().count();
    bench.change("db-instance.main", with_newer).await;
    bench.tamper(|here| assert_eq!(row(here).password.0, "another-password"));
    let modified = bench.aws.calls().all()[from..].iter().filter(|call| call.operation == "rds:ModifyDBInstance").count();
    assert_eq!(modified, 1, "the password is sent once");
}

#[tokio::test(start_paused = true)]
async fn credentials_that_do_not_fit_are_refused_before_anything_is_made() {
    let mut bench = Bench::new();
    bench.database_stage().await;
    let other_user = with(json!({"username": "wordpress"}));
    let refused = bench.refused_create("db-instance.main", other_user).await;
    assert!(refused.class == Class::Invalid && refused.message.contains("another user"), "{refused}");
    let no_version = with(json!({"password": {"secret": to("secret.rds", "arn"), "version": "c".repeat(32)}}));
    assert_eq!(bench.refused_create("db-instance.main", no_version).await.class, Class::NotVisibleYet);
    bench.tamper(|here| assert!(here.db_instances.is_empty()));
}

#[tokio::test(start_paused = true)]
async fn a_new_line_of_mysql_comes_with_its_parameters() {
    let mut bench = with_database().await;
    bench.make("db-parameter-group.new", json!({"name": "dev-mysql84", "family": "mysql8.4"})).await;
    let newer = with(json!({"engine_version": "8.4", "parameter_group": to("db-parameter-group.new", "name")}));
    let seen = bench.change("db-instance.main", newer).await;
    assert_eq!((&seen.outputs["engine_version"], &seen.outputs["parameters"]), (&json!("8.4.6"), &json!("in-sync")));
    bench.remove("db-parameter-group.main").await;
}

#[tokio::test(start_paused = true)]
async fn a_version_that_rds_does_not_upgrade_to_is_named() {
    let mut bench = with_database().await;
    let seen = bench.observe("db-instance.main").await.unwrap();
    let refused = bench.refused_update("db-instance.main", &seen, with(json!({"engine_version": "8.0.99"}))).await;
    assert!(refused.class == Class::Invalid && refused.message.contains("8.0.40 to 8.0.99"), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn parameters_that_wait_for_a_reboot_are_told() {
    let mut bench = with_database().await;
    let parameters = json!({"require_secure_transport": "1", "max_connections": "100", "performance_schema": "1"});
    bench.change("db-parameter-group.main", json!({"name": "dev-mysql80", "family": "mysql8.0", "parameters": parameters})).await;
    let seen = bench.observe("db-instance.main").await.unwrap();
    assert_eq!((seen.phase.clone(), &seen.outputs["parameters"]), (Phase::Ready, &json!("pending-reboot")));
    let findings = bbws_kinds::all().get("db-instance").unwrap().health(&seen).unwrap();
    assert!(findings[0].summary.contains("wait for a reboot"), "{findings:?}");
}

#[tokio::test(start_paused = true)]
async fn deleting_it_leaves_exactly_the_final_snapshot() {
    let mut bench = with_database().await;
    let seen = bench.observe("db-instance.main").await.unwrap();
    bench.remove("db-instance.main").await;
    let left = seen.outputs["final_snapshot"].as_str().unwrap().to_owned();
    bench.tamper(|here| assert_eq!(here.db_snapshots.keys().cloned().collect::<Vec<_>>(), [left]));
    for address in ["db-subnet-group.main", "db-parameter-group.main", "subnet.a", "subnet.b", "subnet.c", "secret.rds"] {
        bench.remove(address).await;
    }

    // Another of the same name leaves another.
    let mut bench = with_database().await;
    bench.remove("db-instance.main").await;
    bench.make("db-instance.main", Bench::database()).await;
    bench.remove("db-instance.main").await;
    bench.tamper(|here| assert_eq!(here.db_snapshots.len(), 2));
}

#[tokio::test(start_paused = true)]
async fn a_protected_database_is_not_deleted() {
    let mut bench = with_database().await;
    bench.change("db-instance.main", with(json!({"deletion_protection": true}))).await;
    let refused = bench.refused_delete("db-instance.main").await;
    assert!(refused.class == Class::Denied && refused.message.contains("deletion_protection = false"), "{refused}");
    // Nor where somebody else protected it since it was looked at.
    bench.change("db-instance.main", Bench::database()).await;
    let before = bench.observe("db-instance.main").await.unwrap();
    bench.tamper(|here| row(here).protected = true);
    let refused = bench.refused_delete_of("db-instance.main", &before).await;
    assert_eq!((refused.class, refused.code.as_str()), (Class::Denied, "InvalidParameterCombination"));
}

#[tokio::test(start_paused = true)]
async fn while_rds_works_on_it_nothing_else_is_done_to_it() {
    let mut bench = Bench::new();
    bench.database_stage().await;
    bench.only_create("db-instance.main", Bench::database()).await;
    let early = bench.keep("db-instance.main").await;
    assert!(matches!(early.phase, Phase::Pending(_)) && early.outputs["endpoint"].is_null(), "{early:?}");
    let refused = bench.refused_delete("db-instance.main").await;
    assert_eq!((refused.class, refused.code.as_str()), (Class::Conflict, "InvalidDBInstanceState"));
    assert_eq!(bench.refused_create("db-instance.main", Bench::database()).await.class, Class::Exists);
    // What holds its network interface stays as well.
    assert_eq!(bench.refused_delete("subnet.a").await.class, Class::Dependency);
}

#[tokio::test(start_paused = true)]
async fn one_that_never_came_to_be_leaves_nothing() {
    let mut bench = Bench::new();
    bench.database_stage().await;
    bench.only_create("db-instance.main", Bench::database()).await;
    bench.tamper(|here| (row(here).broken, row(here).address_ms) = (Some("incompatible-create".into()), u64::MAX));
    assert!(matches!(bench.keep("db-instance.main").await.phase, Phase::Failed(_)));
    bench.remove("db-instance.main").await;
    bench.tamper(|here| assert!(here.db_snapshots.is_empty()));
}

#[tokio::test(start_paused = true)]
async fn one_that_broke_later_is_not_deleted_without_a_copy() {
    let mut bench = with_database().await;
    bench.tamper(|here| row(here).broken = Some("incompatible-parameters".into()));
    assert_eq!(bench.refused_delete("db-instance.main").await.code, "InvalidDBInstanceState");
    // Nor where its address went with its network or its key.
    for status in ["incompatible-network", "inaccessible-encryption-credentials"] {
        bench.tamper(|here| (row(here).broken, row(here).address_ms) = (Some(status.into()), u64::MAX));
        assert_eq!(bench.refused_delete("db-instance.main").await.code, "InvalidDBInstanceState");
    }
    bench.tamper(|here| assert!(here.db_instances.contains_key("dev-mysql")));
}

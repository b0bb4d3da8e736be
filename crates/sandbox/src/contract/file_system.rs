use bbws_model::{Class, Phase};
use serde_json::{Value, json};

use super::{ACCOUNT, Bench, REGION, edited, to};
use crate::kinds::file_system::Row;

fn spec() -> Value {
    json!({"tags": {"Name": "dev-efs"}, "lifecycle": {"infrequent_access_days": 30, "back_on_access": true}, "backup": true})
}

fn mounts() -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Sid": "Mount", "Effect": "Allow", "Principal": {"AWS": "*"},
        "Action": ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"],
        "Condition": {"Bool": {"elasticfilesystem:AccessedViaMountTarget": true}}}]})
}

fn row(here: &mut crate::cloud::Region) -> &mut Row {
    here.file_systems.values_mut().next().unwrap()
}

const DAY: std::time::Duration = std::time::Duration::from_secs(86_400);

#[tokio::test(start_paused = true)]
async fn the_contract_holds() {
    let mut bench = Bench::new();
    let seen = bench.make("file-system.main", spec()).await;
    assert_eq!(seen.outputs["dns_name"], json!(format!("{}.efs.af-south-1.amazonaws.com", seen.id)));
    bench.tamper(|here| {
        let policy: Value = serde_json::from_str(row(here).policy.as_ref().unwrap()).unwrap();
        assert_eq!(policy["Statement"][0]["Effect"], "Deny", "clients without TLS are refused: {policy}");
    });
    assert_eq!(bench.find("file-system.main", &spec(), None).await.unwrap().unwrap().id, seen.id);

    for edit in [
        json!({"policy": mounts()}),
        json!({"policy": mounts(), "tls_only": false}),
        json!({"tls_only": false}),
        json!({"lifecycle": {"infrequent_access_days": 7}}),
        json!({"lifecycle": {}}),
        json!({"backup": false}),
        json!({"overwrite_protection": false}),
        json!({"tags": {"Name": "files", "Team": "web"}}),
        json!({}),
    ] {
        bench.change("file-system.main", edited(&spec(), edit)).await;
    }
    let elastic = json!({"throughput": "elastic", "lifecycle": {"infrequent_access_days": 30, "archive_days": 90}});
    bench.change("file-system.main", edited(&spec(), elastic)).await;
    tokio::time::sleep(DAY).await;
    bench.change("file-system.main", edited(&spec(), json!({"throughput": {"provisioned": 12.5}}))).await;
    tokio::time::sleep(DAY).await;
    bench.change("file-system.main", spec()).await;
    tokio::time::sleep(DAY).await;
    bench
        .mends(
            "file-system.main",
            &[
                ("throughput", |here| row(here).throughput = "elastic".into()),
                ("lifecycle", |here| row(here).lifecycle.clear()),
                ("backup", |here| row(here).backup = None),
                ("tls_only", |here| row(here).policy = None),
                ("overwrite_protection", |here| row(here).overwrite_protection = false),
                ("tags", |here| drop(row(here).tags.insert("who".into(), "me".into()))),
            ],
        )
        .await;
    let by_hand = json!({"Statement": [{"Sid": "Root", "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "*"}]}).to_string();
    bench.tamper(|here| row(here).policy = Some(by_hand));
    assert_eq!(bench.drift("file-system.main").await, ["tls_only", "policy"]);
    bench.mend("file-system.main").await;

    assert_eq!(bench.hanging("file-system.main").await, []);
    bench.remove("file-system.main").await;
    bench.assert_permissions("file-system", &["elasticfilesystem:TagResource", "iam:CreateServiceLinkedRole"]);
}

#[tokio::test(start_paused = true)]
async fn a_repeated_request_makes_no_second_one() {
    let mut bench = Bench::new();
    let (attempt, id) = bench.only_create("file-system.main", spec()).await;
    let refused = bench.again("file-system.main", spec(), &attempt).await.unwrap_err();
    assert_eq!((refused.class, refused.code.as_str()), (Class::Exists, "FileSystemAlreadyExists"));
    let found = bench.find("file-system.main", &spec(), Some(attempt.owner.intent)).await.unwrap().unwrap();
    assert_eq!(found.id, id);
    bench.only_create("file-system.other", spec()).await;
    bench.tamper(|here| assert_eq!(here.file_systems.len(), 2));
}

#[tokio::test(start_paused = true)]
async fn throughput_changes_once_a_day() {
    let mut bench = Bench::new();
    bench.make("file-system.main", spec()).await;
    let seen = bench.change("file-system.main", edited(&spec(), json!({"throughput": "elastic"}))).await;
    let refused = bench.refused_update("file-system.main", &seen, spec()).await;
    assert_eq!((refused.class, refused.code.as_str()), (Class::Limit, "TooManyRequests"), "it is told, not waited for");
}

#[tokio::test(start_paused = true)]
async fn it_stays_while_it_has_mount_targets() {
    let mut bench = Bench::new();
    bench.three_zones().await;
    bench.make("file-system.main", spec()).await;
    let target =
        json!({"file_system": to("file-system.main", "id"), "subnet": to("subnet.a", "id"), "security_groups": [Bench::own_group()]});
    bench.make("mount-target.a", target).await;
    assert_eq!(bench.refused_delete("file-system.main").await.class, Class::Dependency);
    bench.remove("mount-target.a").await;
    bench.remove("file-system.main").await;
}

#[tokio::test(start_paused = true)]
async fn what_tenants_hung_on_it_is_listed() {
    let mut bench = Bench::new();
    bench.three_zones().await;
    let seen = bench.make("file-system.main", spec()).await;
    let target =
        json!({"file_system": to("file-system.main", "id"), "subnet": to("subnet.a", "id"), "security_groups": [Bench::own_group()]});
    bench.make("mount-target.a", target).await;
    bench.sandbox.sim().tamper(|cloud| cloud.tenant(ACCOUNT, REGION).access_point(seen.id.as_str(), "banana"));
    let hanging = bench.hanging("file-system.main").await;
    let what: Vec<_> = hanging.iter().map(|(what, _)| *what).collect();
    assert_eq!((what.as_slice(), hanging[0].1.as_str()), (["access point", "mount target"].as_slice(), "banana"));
}

#[tokio::test(start_paused = true)]
async fn nobody_mounts_it_before_it_is_there() {
    let mut bench = Bench::new();
    bench.three_zones().await;
    bench.only_create("file-system.main", spec()).await;
    assert!(matches!(bench.keep("file-system.main").await.phase, Phase::Pending(_)));
    let target =
        json!({"file_system": to("file-system.main", "id"), "subnet": to("subnet.a", "id"), "security_groups": [Bench::own_group()]});
    let refused = bench.refused_create("mount-target.a", target).await;
    assert_eq!((refused.class, refused.code.as_str()), (Class::Conflict, "IncorrectFileSystemLifeCycleState"));
}

use bbws_model::{Class, Phase};
use serde_json::{Value, json};

use super::data::OTHER_GROUP;
use super::{Bench, edited, to};
use crate::kinds::mount_target::Row;

fn spec() -> Value {
    json!({"file_system": to("file-system.main", "id"), "subnet": to("subnet.a", "id"), "security_groups": [Bench::own_group()]})
}

fn row(here: &mut crate::cloud::Region) -> &mut Row {
    here.mount_targets.values_mut().next().unwrap()
}

async fn with_file_system() -> Bench {
    let mut bench = Bench::new();
    bench.three_zones().await;
    bench.make("file-system.main", json!({})).await;
    bench
}

#[tokio::test(start_paused = true)]
async fn the_contract_holds() {
    let mut bench = with_file_system().await;
    bench.forget_calls();
    let seen = bench.make("mount-target.a", spec()).await;
    assert_eq!((seen.outputs["zone"].as_str(), seen.outputs["ip_address"].as_str()), (Some("af-south-1a"), Some("10.0.10.4")));
    let resolved = bench.resolved(&spec());
    assert_eq!(bench.find("mount-target.a", &resolved, None).await.unwrap().unwrap().id, seen.id);

    bench.change("mount-target.a", edited(&spec(), json!({"security_groups": [OTHER_GROUP]}))).await;
    bench.change("mount-target.a", spec()).await;
    bench.mends("mount-target.a", &[("security_groups", |here| row(here).groups.push(OTHER_GROUP.into()))]).await;
    bench.remove("mount-target.a").await;
    let beside = [
        "ec2:DescribeSubnets",
        "ec2:DescribeNetworkInterfaces",
        "ec2:CreateNetworkInterface",
        "ec2:ModifyNetworkInterfaceAttribute",
        "ec2:DeleteNetworkInterface",
    ];
    bench.assert_permissions("mount-target", &beside);
}

#[tokio::test(start_paused = true)]
async fn a_zone_has_one_and_its_interface_holds_the_subnet() {
    let mut bench = with_file_system().await;
    bench.make("mount-target.a", spec()).await;
    let refused = bench.refused_create("mount-target.again", spec()).await;
    assert_eq!((refused.class, refused.code.as_str()), (Class::Exists, "MountTargetConflict"));
    assert_eq!(bench.refused_delete("subnet.a").await.class, Class::Dependency);
    for zone in ["b", "c"] {
        bench.make(&format!("mount-target.{zone}"), edited(&spec(), json!({"subnet": to(&format!("subnet.{zone}"), "id")}))).await;
    }
    for address in ["mount-target.a", "mount-target.b", "mount-target.c", "file-system.main", "subnet.a"] {
        bench.remove(address).await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_address_of_ones_own_is_in_the_subnet_and_free() {
    let mut bench = with_file_system().await;
    let with = |address: &str| edited(&spec(), json!({"ip_address": address}));
    let seen = bench.make("mount-target.a", with("10.0.10.99")).await;
    assert_eq!(seen.outputs["ip_address"], "10.0.10.99");
    bench.make("file-system.other", json!({})).await;
    let of_other = |address: &str| edited(&with(address), json!({"file_system": to("file-system.other", "id")}));
    for (address, code) in [("10.0.10.99", "IpAddressInUse"), ("10.0.11.99", "BadRequest"), ("10.0.10.3", "BadRequest")] {
        assert_eq!(bench.refused_create("mount-target.other", of_other(address)).await.code, code, "{address}");
    }
}

#[tokio::test(start_paused = true)]
async fn it_bears_the_mark_of_its_file_system() {
    let mut bench = with_file_system().await;
    bench.tamper(|here| here.file_systems.values_mut().next().unwrap().tags.clear());
    let refused = bench.refused_create("mount-target.a", spec()).await;
    assert!(refused.class == Class::Invalid && refused.message.contains("not managed"), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn until_it_is_made_its_groups_are_not_known() {
    let mut bench = with_file_system().await;
    let (attempt, id) = bench.only_create("mount-target.a", spec()).await;
    let early = bench.keep("mount-target.a").await;
    assert!(matches!(early.phase, Phase::Pending(_)), "{:?}", early.phase);
    let resolved = bench.resolved(&spec());
    let found = bench.find("mount-target.a", &resolved, Some(attempt.owner.intent.clone())).await.unwrap().unwrap();
    let owner = found.owner.unwrap();
    assert_eq!((found.id, owner.lineage, owner.address), (id, attempt.owner.lineage, attempt.owner.address), "by file system and subnet");
    assert_ne!(owner.intent, attempt.owner.intent, "the mark is the file system's: nothing tells which request made it");
}

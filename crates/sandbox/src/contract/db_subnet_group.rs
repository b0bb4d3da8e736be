use bbws_model::Class;
use serde_json::json;

use super::{Bench, edited, to};
use crate::kinds::db_subnet_group::Row;

fn spec() -> serde_json::Value {
    json!({"name": "dev-db", "vpc": to("vpc.main", "id"), "subnets": [to("subnet.a", "id"), to("subnet.b", "id")]})
}

fn row(here: &mut crate::cloud::Region) -> &mut Row {
    here.db_subnet_groups.get_mut("dev-db").unwrap()
}

#[tokio::test(start_paused = true)]
async fn the_contract_holds() {
    let mut bench = Bench::new();
    bench.three_zones().await;
    bench.forget_calls();
    let seen = bench.make("db-subnet-group.main", spec()).await;
    assert_eq!(seen.id.as_str(), "dev-db");
    let resolved = bench.resolved(&spec());
    assert_eq!(bench.find("db-subnet-group.main", &resolved, None).await.unwrap().unwrap().id, seen.id);

    for edit in [
        json!({"description": "private subnets"}),
        json!({"subnets": [to("subnet.a", "id"), to("subnet.c", "id")]}),
        json!({"tags": {"Tier": "data"}}),
        json!({}),
    ] {
        bench.change("db-subnet-group.main", edited(&spec(), edit)).await;
    }
    bench
        .mends(
            "db-subnet-group.main",
            &[
                ("description", |here| row(here).description = "by hand".into()),
                ("subnets", |here| row(here).subnets = here.subnets.keys().cloned().collect()),
                ("tags", |here| drop(row(here).tags.insert("who".into(), "me".into()))),
            ],
        )
        .await;
    bench.remove("db-subnet-group.main").await;
    bench.assert_permissions("db-subnet-group", &["rds:AddTagsToResource", "iam:CreateServiceLinkedRole"]);
}

#[tokio::test(start_paused = true)]
async fn somebody_elses_group_of_the_same_name_is_seen_as_such() {
    let mut bench = Bench::new();
    bench.three_zones().await;
    bench.make("db-subnet-group.main", spec()).await;
    bench.tamper(|here| row(here).tags.clear());
    let resolved = bench.resolved(&spec());
    let seen = bench.find("db-subnet-group.main", &resolved, None).await.unwrap().unwrap();
    assert_eq!(seen.owner, None);
    assert_eq!(bench.refused_create("db-subnet-group.other", spec()).await.class, Class::Exists);
}

#[tokio::test(start_paused = true)]
async fn it_stays_while_a_database_is_in_it() {
    let mut bench = Bench::new();
    bench.database_stage().await;
    bench.make("db-instance.main", Bench::database()).await;
    let refused = bench.refused_delete("db-subnet-group.main").await;
    assert_eq!((refused.class, refused.code.as_str()), (Class::Dependency, "InvalidDBSubnetGroupStateFault"));
    // Nor does it let go of the subnet that the database stands in.
    let elsewhere = json!({"name": "dev-db", "subnets": [to("subnet.b", "id"), to("subnet.c", "id")]});
    let seen = bench.observe("db-subnet-group.main").await.unwrap();
    let refused = bench.refused_update("db-subnet-group.main", &seen, elsewhere).await;
    assert_eq!((refused.class, refused.code.as_str()), (Class::Dependency, "SubnetAlreadyInUse"));
    bench.remove("db-instance.main").await;
    bench.remove("db-subnet-group.main").await;
}

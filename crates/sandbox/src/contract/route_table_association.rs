use bbws_model::Class;
use serde_json::{Value, json};

use super::{Bench, LINEAGE, edited, to};

async fn bench() -> Bench {
    let mut bench = Bench::new();
    bench.make_public_subnet().await;
    for table in ["route-table.a", "route-table.b"] {
        bench.make(table, json!({"vpc": to("vpc.main", "id")})).await;
    }
    bench.forget_calls();
    bench
}

fn spec() -> Value {
    json!({"subnet": to("subnet.a", "id"), "table": to("route-table.a", "id")})
}

#[tokio::test(start_paused = true)]
async fn the_contract_holds() {
    let mut bench = bench().await;
    let seen = bench.make("route-table-association.a", spec()).await;
    let subnet = bench.resolved(&to("subnet.a", "id"));
    assert_eq!(subnet, seen.id.as_str());

    let moved = bench.change("route-table-association.a", edited(&spec(), json!({"table": to("route-table.b", "id")}))).await;
    assert_eq!(subnet, moved.id.as_str());
    assert_ne!(moved.outputs["association"], seen.outputs["association"], "AWS calls it otherwise now");
    bench.change("route-table-association.a", spec()).await;

    // Somebody makes the subnet follow a table that bears no mark.
    let vpc = bench.resolved(&to("vpc.main", "id"));
    let ec2 = bench.aws.write.ec2.clone();
    let theirs = ec2.create_route_table().vpc_id(vpc.as_str().unwrap()).client_token("t").send().await.unwrap().route_table.unwrap();
    let now = bench.observe("route-table-association.a").await.unwrap().outputs["association"].as_str().unwrap().to_owned();
    let table = theirs.route_table_id().unwrap();
    ec2.replace_route_table_association().association_id(now).route_table_id(table).send().await.unwrap();
    assert_eq!(bench.drift("route-table-association.a").await, ["table"]);
    bench.mend("route-table-association.a").await;

    bench.remove("route-table-association.a").await;
    assert_eq!(bench.find("route-table-association.a", &bench.resolved(&spec()), None).await.unwrap(), None);
    bench.assert_permissions("route-table-association", &[]);
}

#[tokio::test(start_paused = true)]
async fn a_subnet_follows_one_table() {
    let mut bench = bench().await;
    bench.make("route-table-association.a", spec()).await;
    let refused = bench.refused_create("route-table-association.b", edited(&spec(), json!({"table": to("route-table.b", "id")}))).await;
    assert_eq!((refused.class, refused.code.as_str()), (Class::Exists, "Resource.AlreadyAssociated"));
    bench.make("vpc.other", json!({"cidr": "10.1.0.0/16"})).await;
    bench.make("route-table.other", json!({"vpc": to("vpc.other", "id")})).await;
    let refused = bench.refused_create("route-table-association.b", edited(&spec(), json!({"table": to("route-table.other", "id")}))).await;
    assert_eq!(refused.class, Class::Invalid, "{refused}");
    let refused = bench.refused_create("route-table-association.b", edited(&spec(), json!({"table": "rtb-0123"}))).await;
    assert_eq!(refused.class, Class::NotVisibleYet);
}

#[tokio::test(start_paused = true)]
async fn it_goes_with_its_subnet() {
    let mut bench = bench().await;
    bench.make("route-table-association.a", spec()).await;
    bench.remove("subnet.a").await;
    assert_eq!(bench.observe("route-table-association.a").await, None);
    bench.remove("route-table.a").await;
}

#[tokio::test(start_paused = true)]
async fn what_is_found_is_ours_only_as_wanted() {
    let mut bench = bench().await;
    let (_, id) = bench.only_create("route-table-association.a", spec()).await;
    let found = bench.find("route-table-association.a", &bench.resolved(&spec()), None).await.unwrap().unwrap();
    assert_eq!((&found.id, found.owner.unwrap().lineage.as_str()), (&id, LINEAGE));
    let other = edited(&spec(), json!({"table": to("route-table.b", "id")}));
    let found = bench.find("route-table-association.a", &bench.resolved(&other), None).await.unwrap().unwrap();
    assert_eq!(found.owner, None, "somebody made the subnet follow another table");
}

use bbws_aws::Told;
use bbws_model::Class;
use serde_json::json;

use super::{Bench, edited, to};
use crate::kinds::route::{Origin, Route};

#[tokio::test(start_paused = true)]
async fn the_contract_holds() {
    let mut bench = Bench::new();
    bench.make("vpc.main", json!({"cidr": "10.0.0.0/16"})).await;
    bench.forget_calls();
    let spec = json!({"vpc": to("vpc.main", "id"), "tags": {"Name": "public"}});
    let seen = bench.make("route-table.public", spec.clone()).await;
    assert_eq!(seen.outputs["id"], seen.id.as_str());

    bench.change("route-table.public", edited(&spec, json!({"tags": {"Team": "net"}}))).await;
    bench.change("route-table.public", spec).await;

    let id = seen.id.to_string();
    bench.tamper(|here| here.route_tables.get_mut(&id).unwrap().tags.clear());
    assert_eq!(bench.drift("route-table.public").await, ["tags"], "it lost its tags, and its id is known");
    bench.mend("route-table.public").await;

    bench.remove("route-table.public").await;
    bench.assert_permissions("route-table", &["ec2:CreateTags"]);
}

#[tokio::test(start_paused = true)]
async fn what_aws_writes_into_a_table_is_no_drift() {
    let mut bench = Bench::new();
    bench.make("vpc.main", json!({"cidr": "10.0.0.0/16"})).await;
    let id = bench.make("route-table.public", json!({"vpc": to("vpc.main", "id")})).await.id.to_string();
    bench.tamper(|here| {
        let row = here.route_tables.get_mut(&id).unwrap();
        assert_eq!((row.routes.len(), row.routes[0].target.as_str()), (1, "local"));
        row.propagating.push("vgw-1".into());
        let route = |destination: &str, target: &str, origin| Route { destination: destination.into(), target: target.into(), origin };
        row.routes.push(route("172.16.0.0/12", "vgw-1", Origin::EnableVgwRoutePropagation));
        row.routes.push(route("pl-1", "vpce-1", Origin::CreateRoute));
        row.tags.insert("AmazonFSx".into(), "ManagedByAmazonFSx".into());
    });
    assert_eq!(bench.drift("route-table.public").await, Vec::<String>::new());
    assert_eq!(bench.hanging("route-table.public").await, []);
    bench.tamper(|here| {
        let theirs = Route { destination: "192.168.9.0/24".into(), target: "igw-1".into(), origin: Origin::CreateRoute };
        here.route_tables.get_mut(&id).unwrap().routes.push(theirs);
    });
    assert_eq!(bench.hanging("route-table.public").await, [("route", "192.168.9.0/24 to igw-1".to_owned())]);
    let route = json!({"table": id, "destination": "172.16.0.0/12", "nat_gateway": "nat-1"});
    assert_eq!(bench.find("route.onprem", &route, None).await.unwrap(), None, "a propagated route is nobody's");
    let local = json!({"table": id, "destination": "10.0.0.0/16", "nat_gateway": "nat-1"});
    assert_eq!(bench.find("route.local", &local, None).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_repeat_answers_the_same_table() {
    let mut bench = Bench::new();
    bench.make("vpc.main", json!({"cidr": "10.0.0.0/16"})).await;
    let want = json!({"vpc": to("vpc.main", "id")});
    let (attempt, id) = bench.only_create("route-table.a", want.clone()).await;
    assert_eq!(bench.again("route-table.a", want.clone(), &attempt).await.unwrap(), id);
    let found = bench.find("route-table.a", &bench.resolved(&want), Some(attempt.owner.intent.clone())).await.unwrap().unwrap();
    assert_eq!((found.id, found.owner), (id, Some(attempt.owner.clone())));
    let other = bench.again("route-table.a", edited(&want, json!({"tags": {"a": "b"}})), &attempt).await.unwrap_err();
    assert_eq!(other.class, Class::Exists);
    assert_eq!(bench.refused_create("route-table.b", json!({"vpc": "vpc-0123"})).await.class, Class::NotVisibleYet);
}

#[tokio::test(start_paused = true)]
async fn subnets_that_follow_a_table_keep_it() {
    let mut bench = Bench::new();
    bench.make_public_subnet().await;
    bench.make("route-table.a", json!({"vpc": to("vpc.main", "id")})).await;
    bench.make("route-table-association.a", json!({"subnet": to("subnet.a", "id"), "table": to("route-table.a", "id")})).await;
    let refused = bench.refused_delete("route-table.a").await;
    assert_eq!((refused.class, refused.code.as_str()), (Class::Dependency, "DependencyViolation"));
    bench.remove("route-table-association.a").await;
    bench.remove("subnet.a").await;
    bench.remove("internet-gateway.main").await;
    assert_eq!(bench.refused_delete("vpc.main").await.code, "DependencyViolation", "a VPC is held by its tables");
    bench.remove("route-table.a").await;
    bench.remove("vpc.main").await;
}

#[tokio::test(start_paused = true)]
async fn a_vpc_is_born_with_a_main_table_and_an_acl() {
    let mut bench = Bench::new();
    let vpc = bench.make("vpc.main", json!({"cidr": "10.0.0.0/16"})).await.id;
    bench.make("subnet.a", json!({"vpc": to("vpc.main", "id"), "cidr": "10.0.1.0/24", "zone": "af-south-1a"})).await;
    let (read, write) = (bench.aws.read.ec2.clone(), bench.aws.write.ec2.clone());
    let of = |name: &str, value: &str| aws_sdk_ec2::types::Filter::builder().name(name).values(value).build();
    let main = || read.describe_route_tables().filters(of("vpc-id", vpc.as_str())).filters(of("association.main", "true")).send();
    let tables = main().await.unwrap().route_tables.unwrap();
    let [table] = tables.as_slice() else { panic!("{tables:?}") };
    let association = table.associations()[0].route_table_association_id().unwrap();
    assert_eq!((table.associations()[0].main(), table.associations()[0].subnet_id()), (Some(true), None));
    let refused = write.disassociate_route_table().association_id(association).send().await.told("ec2:DisassociateRouteTable");
    assert_eq!(refused.unwrap_err().class, Class::Invalid);
    let refused = write.delete_route_table().route_table_id(table.route_table_id().unwrap()).send().await.told("ec2:DeleteRouteTable");
    assert_eq!(refused.unwrap_err().class, Class::Dependency);

    let acls = read.describe_network_acls().filters(of("vpc-id", vpc.as_str())).send().await.unwrap().network_acls.unwrap();
    assert_eq!((acls.len(), acls[0].is_default(), acls[0].entries().len(), acls[0].associations().len()), (1, Some(true), 4, 1));
    bench.remove("subnet.a").await;
    bench.remove("vpc.main").await;
    bench.tamper(|here| assert!(here.route_tables.is_empty() && here.network_acls.is_empty(), "they go with their VPC"));
}

#[tokio::test(start_paused = true)]
async fn many_tables_are_read_page_by_page_and_once_for_three_kinds() {
    let mut bench = Bench::new();
    bench.make_public_subnet().await;
    bench.make("route-table.a", json!({"vpc": to("vpc.main", "id")})).await;
    let table = to("route-table.a", "id");
    bench.make("route.a", json!({"table": table, "destination": "0.0.0.0/0", "internet_gateway": to("internet-gateway.main", "id")})).await;
    bench.make("route-table-association.a", json!({"subnet": to("subnet.a", "id"), "table": table})).await;
    assert_eq!(bench.calls_of_a_look(&["route-table.a", "route.a", "route-table-association.a"]).await, ["ec2:DescribeRouteTables"]);
    bench.tamper(|here| {
        let row = here.route_tables.values().find(|row| !row.is_main()).unwrap().clone();
        for n in 0..120 {
            let associations = std::collections::BTreeMap::new();
            here.route_tables.insert(format!("rtb-1{n}"), crate::kinds::route_table::Row { associations, ..row.clone() });
        }
    });
    let calls = bench.calls_of_a_look(&["route-table.a", "route.a", "route-table-association.a"]).await;
    assert_eq!(calls, ["ec2:DescribeRouteTables"; 2], "a page has a hundred");
}

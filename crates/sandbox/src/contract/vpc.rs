use serde_json::json;

use super::{Bench, edited};
use crate::kinds::network_interface;

#[tokio::test(start_paused = true)]
async fn the_contract_holds() {
    let mut bench = Bench::new();
    let spec = json!({"cidr": "10.0.0.0/16", "tags": {"Name": "main"}});
    let seen = bench.make("vpc.main", spec.clone()).await;
    assert_eq!(seen.spec["empty_default_group"], true);

    bench.change("vpc.main", edited(&spec, json!({"dns_hostnames": false}))).await;
    bench.change("vpc.main", edited(&spec, json!({"dns_hostnames": false, "dns_support": false}))).await;
    bench.change("vpc.main", edited(&spec, json!({"tags": {"Team": "web"}}))).await;
    bench.change("vpc.main", spec).await;

    let id = seen.id.to_string();
    bench.tamper(|here| here.vpcs.get_mut(&id).unwrap().dns_hostnames = false);
    assert_eq!(bench.drift("vpc.main").await, ["dns_hostnames"]);
    bench.mend("vpc.main").await;
    bench.tamper(|here| here.vpcs.get_mut(&id).unwrap().tags.clear());
    assert_eq!(bench.drift("vpc.main").await, ["tags"], "an object that lost its tags is still found by its id");
    bench.mend("vpc.main").await;

    assert_eq!(bench.hanging("vpc.main").await, [], "what AWS puts there by itself does not count");
    bench.remove("vpc.main").await;
    bench.assert_permissions("vpc", &["ec2:CreateTags", "elasticloadbalancing:DescribeLoadBalancers", "rds:DescribeDBInstances"]);
}

#[tokio::test(start_paused = true)]
async fn a_vpc_with_a_subnet_stays() {
    let mut bench = Bench::new();
    bench.make("vpc.main", json!({"cidr": "10.0.0.0/16"})).await;
    bench.make("subnet.a", json!({"vpc": super::to("vpc.main", "id"), "cidr": "10.0.1.0/24", "zone": "af-south-1a"})).await;
    assert_eq!(bench.refused_delete("vpc.main").await.code, "DependencyViolation");
}

#[tokio::test(start_paused = true)]
async fn what_others_hang_on_a_vpc_and_its_subnets_is_told() {
    let mut bench = Bench::new();
    bench.make_public_subnet().await;
    let (vpc, subnet) = (bench.resolved(&super::to("vpc.main", "id")), bench.resolved(&super::to("subnet.a", "id")));
    bench.make("subnet.b", json!({"vpc": super::to("vpc.main", "id"), "cidr": "10.0.2.0/24", "zone": "af-south-1b"})).await;
    bench.make("elastic-ip.a", json!({})).await;
    bench.make("nat-gateway.a", json!({"subnet": super::to("subnet.a", "id"), "elastic_ip": super::to("elastic-ip.a", "id")})).await;
    let table = bench.aws.write.ec2.create_route_table().vpc_id(vpc.as_str().unwrap()).client_token("theirs").send().await.unwrap();
    bench.tamper(|here| {
        let template = here.network_interfaces.values().next().unwrap().clone();
        let task = "arn:aws:ecs:af-south-1:536580886816:attachment/a-b";
        let row =
            network_interface::Row { description: task.into(), address: "10.0.1.9".into(), public_ip: None, allocation: None, ..template };
        here.network_interfaces.insert("eni-task".into(), row.clone());
        let own = network_interface::Row { description: "bastion".into(), address: "10.0.1.10".into(), requester: None, ..row };
        here.network_interfaces.insert("eni-bastion".into(), own);
    });
    let nat = bench.resolved(&super::to("nat-gateway.a", "id"));
    let on_subnet = [
        ("network interface", "bastion"),
        ("network interface of an ECS task", "arn:aws:ecs:af-south-1:536580886816:attachment/a-b"),
        ("NAT gateway", nat.as_str().unwrap()),
    ]
    .map(|(what, name)| (what, name.to_owned()));
    assert_eq!(bench.hanging("subnet.a").await, on_subnet);
    assert_eq!(bench.hanging("subnet.b").await, []);
    let on_vpc = bench.hanging("vpc.main").await;
    for expected in &on_subnet {
        assert!(on_vpc.contains(expected), "{expected:?} in {on_vpc:?}");
    }
    let theirs = table.route_table.unwrap().route_table_id.unwrap();
    assert!(on_vpc.contains(&("route table", theirs)) && on_vpc.contains(&("subnet", subnet.as_str().unwrap().to_owned())), "{on_vpc:?}");
    assert_eq!(on_vpc.len(), 3 + 1 + 2 + 1, "two subnets and the internet gateway beside: {on_vpc:?}");
}

use bbws_model::Class;
use serde_json::json;

use super::{Bench, edited, to};

#[tokio::test(start_paused = true)]
async fn the_contract_holds() {
    let mut bench = Bench::new();
    bench.make("vpc.main", json!({"cidr": "10.0.0.0/16"})).await;
    bench.forget_calls();
    let spec = json!({"vpc": to("vpc.main", "id"), "cidr": "10.0.1.0/24", "zone": "af-south-1a"});
    let seen = bench.make("subnet.a", spec.clone()).await;

    bench.change("subnet.a", edited(&spec, json!({"public_addresses": true}))).await;
    bench.change("subnet.a", edited(&spec, json!({"tags": {"Tier": "public"}}))).await;
    bench.change("subnet.a", spec).await;

    let id = seen.id.to_string();
    bench.tamper(|here| here.subnets.get_mut(&id).unwrap().public_addresses = true);
    assert_eq!(bench.drift("subnet.a").await, ["public_addresses"]);
    bench.mend("subnet.a").await;

    assert_eq!(bench.hanging("subnet.a").await, []);
    bench.remove("subnet.a").await;
    bench.assert_permissions("subnet", &["ec2:CreateTags", "elasticloadbalancing:DescribeLoadBalancers", "rds:DescribeDBInstances"]);
}

#[tokio::test(start_paused = true)]
async fn a_vpc_that_is_not_known_yet_is_waited_for() {
    let mut bench = Bench::new();
    let refused = bench.refused_create("subnet.a", json!({"vpc": "vpc-0", "cidr": "10.0.1.0/24", "zone": "af-south-1a"})).await;
    assert_eq!((refused.code.as_str(), refused.class), ("InvalidVpcID.NotFound", Class::NotVisibleYet));
}

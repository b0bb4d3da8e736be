use serde_json::json;

use super::{Bench, edited};

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

    bench.remove("vpc.main").await;
    bench.assert_permissions("vpc", &["ec2:CreateTags"]);
}

#[tokio::test(start_paused = true)]
async fn a_vpc_with_a_subnet_stays() {
    let mut bench = Bench::new();
    bench.make("vpc.main", json!({"cidr": "10.0.0.0/16"})).await;
    bench.make("subnet.a", json!({"vpc": super::to("vpc.main", "id"), "cidr": "10.0.1.0/24", "zone": "af-south-1a"})).await;
    assert_eq!(bench.refused_delete("vpc.main").await.code, "DependencyViolation");
}

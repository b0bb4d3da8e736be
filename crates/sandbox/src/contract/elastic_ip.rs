use bbws_model::Class;
use serde_json::json;

use super::{Bench, edited, to};

#[tokio::test(start_paused = true)]
async fn the_contract_holds() {
    let mut bench = Bench::new();
    let spec = json!({"tags": {"Name": "nat-a"}});
    let seen = bench.make("elastic-ip.a", spec.clone()).await;
    assert_eq!(seen.outputs["id"], seen.id.as_str());
    let other = bench.make("elastic-ip.b", json!({})).await;
    assert_ne!(seen.outputs["public_ip"], other.outputs["public_ip"]);

    bench.change("elastic-ip.a", edited(&spec, json!({"tags": {"Team": "net"}}))).await;
    bench.change("elastic-ip.a", spec).await;
    let id = seen.id.to_string();
    bench.tamper(|here| here.elastic_ips.get_mut(&id).unwrap().tags.clear());
    assert_eq!(bench.drift("elastic-ip.a").await, ["tags"], "it lost its tags, and its id is known");
    bench.mend("elastic-ip.a").await;

    bench.remove("elastic-ip.a").await;
    assert!(bench.observe("elastic-ip.b").await.is_some());
    bench.assert_permissions("elastic-ip", &["ec2:CreateTags"]);
}

#[tokio::test(start_paused = true)]
async fn without_its_id_its_mark_alone_tells() {
    let mut bench = Bench::new();
    bench.aws.write.ec2.allocate_address().send().await.unwrap();
    assert_eq!(bench.find("elastic-ip.a", &json!({}), None).await.unwrap(), None, "somebody else's is no candidate");
    let (first, one) = bench.only_create("elastic-ip.a", json!({})).await;
    let (second, two) = bench.only_create("elastic-ip.a", json!({})).await;
    for (attempt, id) in [(first, one), (second, two)] {
        let found = bench.find("elastic-ip.a", &json!({}), Some(attempt.owner.intent.clone())).await.unwrap().unwrap();
        assert_eq!((found.id, found.owner), (id, Some(attempt.owner)));
    }
}

#[tokio::test(start_paused = true)]
async fn five_is_all_there_is() {
    let mut bench = Bench::new();
    for _ in 0..5 {
        bench.only_create("elastic-ip.a", json!({})).await;
    }
    let refused = bench.refused_create("elastic-ip.a", json!({})).await;
    assert_eq!((refused.class, refused.code.as_str()), (Class::Limit, "AddressLimitExceeded"));
}

#[tokio::test(start_paused = true)]
async fn what_holds_it_keeps_it() {
    let mut bench = Bench::new();
    bench.make_public_subnet().await;
    bench.make("elastic-ip.a", json!({})).await;
    let nat = json!({"subnet": to("subnet.a", "id"), "elastic_ip": to("elastic-ip.a", "id")});
    let nat = bench.make("nat-gateway.a", nat).await.id.to_string();
    // Though it says so with a code of credentials.
    let refused = bench.refused_delete("elastic-ip.a").await;
    assert_eq!((refused.class, refused.code.as_str()), (Class::Dependency, "AuthFailure"));
    bench.remove("nat-gateway.a").await;
    let refused = bench.refused_delete("elastic-ip.a").await;
    assert_eq!(refused.class, Class::Dependency, "and for some seconds after {nat} is deleted");
    bench.remove("elastic-ip.a").await;
}

use bbws_model::{Class, IntentId, Phase};
use serde_json::json;

use super::{Bench, edited, to};

#[tokio::test(start_paused = true)]
async fn the_contract_holds() {
    let mut bench = Bench::new();
    let vpc = bench.make("vpc.main", json!({"cidr": "10.0.0.0/16"})).await;
    bench.forget_calls();
    let spec = json!({"vpc": to("vpc.main", "id"), "tags": {"Name": "main"}});
    let seen = bench.make("internet-gateway.main", spec.clone()).await;
    assert_eq!((&seen.spec["vpc"], &seen.outputs["id"]), (&vpc.id.as_str().into(), &seen.id.as_str().into()));

    bench.change("internet-gateway.main", edited(&spec, json!({"tags": {"Team": "net"}}))).await;
    bench.change("internet-gateway.main", spec).await;

    let id = seen.id.to_string();
    bench.tamper(|here| here.internet_gateways.get_mut(&id).unwrap().attached = None);
    assert_eq!(bench.drift("internet-gateway.main").await, ["vpc"], "somebody detached it");
    bench.mend("internet-gateway.main").await;
    bench.tamper(|here| here.internet_gateways.get_mut(&id).unwrap().tags.clear());
    assert_eq!(bench.drift("internet-gateway.main").await, ["tags"], "it lost its tags, and its id is known");
    bench.mend("internet-gateway.main").await;

    bench.remove("internet-gateway.main").await;
    bench.assert_permissions("internet-gateway", &["ec2:CreateTags"]);
}

#[tokio::test(start_paused = true)]
async fn its_id_is_known_once_it_is_attached() {
    let mut bench = Bench::new();
    bench.make("vpc.main", json!({"cidr": "10.0.0.0/16"})).await;
    let want = json!({"vpc": to("vpc.main", "id")});
    let (attempt, id) = bench.only_create("internet-gateway.main", want.clone()).await;
    let bare = bench.keep("internet-gateway.main").await;
    assert_eq!((&bare.spec["vpc"], &bare.outputs["id"], bare.phase), (&json!(null), &json!(null), Phase::Ready));
    let found = bench.find("internet-gateway.main", &bench.resolved(&want), Some(attempt.owner.intent)).await.unwrap();
    assert_eq!(found.unwrap().id, id, "by the mark of its intent");
    let found = bench.find("internet-gateway.main", &bench.resolved(&want), Some(IntentId("01OTHER".into()))).await.unwrap();
    assert_eq!(found, None, "by the mark of another");

    let vpc = bench.observe("vpc.main").await.unwrap().id;
    bench.aws.write.ec2.attach_internet_gateway().internet_gateway_id(id.as_str()).vpc_id(vpc.as_str()).send().await.unwrap();
    let attaching = bench.observe("internet-gateway.main").await.unwrap();
    assert!(matches!(attaching.phase, Phase::Pending(_)) && attaching.outputs["id"].is_null(), "{attaching:?}");
    let again = bench.aws.write.ec2.attach_internet_gateway().internet_gateway_id(id.as_str()).vpc_id(vpc.as_str()).send().await;
    assert!(format!("{:?}", again.unwrap_err()).contains("Resource.AlreadyAssociated"));
}

#[tokio::test(start_paused = true)]
async fn a_vpc_has_one_gateway_whoever_made_it() {
    let mut bench = Bench::new();
    let vpc = bench.make("vpc.main", json!({"cidr": "10.0.0.0/16"})).await.id;
    let want = json!({"vpc": vpc.as_str()});
    assert_eq!(bench.find("internet-gateway.main", &want, None).await.unwrap(), None);
    let theirs = bench.aws.write.ec2.create_internet_gateway().send().await.unwrap().internet_gateway.unwrap().internet_gateway_id.unwrap();
    bench.aws.write.ec2.attach_internet_gateway().internet_gateway_id(&theirs).vpc_id(vpc.as_str()).send().await.unwrap();

    let found = bench.find("internet-gateway.main", &want, None).await.unwrap().unwrap();
    assert_eq!((found.id.as_str(), found.owner), (theirs.as_str(), None), "it is found, and it is not ours");
    bench.only_create("internet-gateway.main", want.clone()).await;
    let bare = bench.keep("internet-gateway.main").await;
    let refused = bench.refused_update_of("internet-gateway.main", &bare, &want).await;
    assert!(refused.message.contains("already has an internet gateway attached"), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn public_addresses_keep_it_attached() {
    let mut bench = Bench::new();
    bench.make_public_subnet().await;
    bench.make("elastic-ip.a", json!({})).await;
    let nat = json!({"subnet": to("subnet.a", "id"), "elastic_ip": to("elastic-ip.a", "id"), "internet_gateway": to("internet-gateway.main", "id")});
    bench.make("nat-gateway.a", nat).await;
    let refused = bench.refused_delete("internet-gateway.main").await;
    assert_eq!((refused.class, refused.code.as_str()), (Class::Dependency, "DependencyViolation"));
    assert!(refused.message.contains("mapped public address"), "{refused}");
    assert_eq!(bench.refused_delete("vpc.main").await.class, Class::Dependency, "a VPC is held by its gateway");

    bench.remove("nat-gateway.a").await;
    bench.remove("internet-gateway.main").await;
    bench.remove("subnet.a").await;
    bench.remove("vpc.main").await;
}

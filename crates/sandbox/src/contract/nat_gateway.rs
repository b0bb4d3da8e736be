use bbws_model::{Class, Phase};
use serde_json::{Value, json};
use tokio::time::{Duration, Instant, sleep};

use super::{Bench, edited, to};

fn spec() -> Value {
    json!({"subnet": to("subnet.a", "id"), "elastic_ip": to("elastic-ip.a", "id"), "internet_gateway": to("internet-gateway.main", "id")})
}

async fn bench() -> Bench {
    let mut bench = Bench::new();
    bench.make_public_subnet().await;
    bench.make("elastic-ip.a", json!({})).await;
    bench.forget_calls();
    bench
}

#[tokio::test(start_paused = true)]
async fn the_contract_holds() {
    let mut bench = bench().await;
    let began = Instant::now();
    let seen = bench.make("nat-gateway.a", spec()).await;
    assert!((60..180).contains(&began.elapsed().as_secs()), "it takes AWS {:?}", began.elapsed());
    let address = bench.resolved(&to("elastic-ip.a", "public_ip"));
    assert_eq!((&seen.outputs["id"], &seen.outputs["public_ip"]), (&seen.id.as_str().into(), &address));
    assert_eq!(seen.outputs["private_ip"], "10.0.1.4");

    bench.change("nat-gateway.a", edited(&spec(), json!({"tags": {"Team": "net"}}))).await;
    bench.change("nat-gateway.a", spec()).await;
    let id = seen.id.to_string();
    bench.tamper(|here| here.nat_gateways.get_mut(&id).unwrap().tags.clear());
    let lost = bench.observe("nat-gateway.a").await.unwrap();
    assert_eq!(lost.owner, None, "it lost its tags, and its id is known");
    bench.mend("nat-gateway.a").await;
    bench.tamper(|here| drop(here.nat_gateways.get_mut(&id).unwrap().tags.insert("a".into(), "b".into())));
    assert_eq!(bench.drift("nat-gateway.a").await, ["tags"]);
    bench.mend("nat-gateway.a").await;

    let began = Instant::now();
    bench.remove("nat-gateway.a").await;
    assert!(began.elapsed() >= Duration::from_secs(60), "it takes AWS {:?}", began.elapsed());
    bench.tamper(|here| assert!(here.nat_gateways.contains_key(&id), "it is still listed"));
    assert_eq!(bench.find("nat-gateway.a", &bench.resolved(&spec()), None).await.unwrap(), None, "and not taken for one that is there");
    bench.assert_permissions("nat-gateway", &["ec2:CreateTags"]);
}

#[tokio::test(start_paused = true)]
async fn it_is_pending_first_and_leaving_last() {
    let mut bench = bench().await;
    bench.only_create("nat-gateway.a", spec()).await;
    let pending = bench.keep("nat-gateway.a").await;
    assert!(matches!(pending.phase, Phase::Pending(_)) && pending.outputs["id"].is_null(), "{pending:?}");
    let refused = bench.refused_delete("nat-gateway.a").await;
    assert_eq!(refused.class, Class::Conflict, "it is waited for");
    let held = bench.refused_delete("subnet.a").await;
    assert_eq!(held.code, "DependencyViolation", "its interface stands in the subnet");
    bench.make("route-table.a", json!({"vpc": to("vpc.main", "id")})).await;
    let route = json!({"table": to("route-table.a", "id"), "destination": "0.0.0.0/0", "nat_gateway": pending.id.as_str()});
    assert_eq!(bench.refused_create("route.a", route).await.class, Class::NotVisibleYet);

    sleep(Duration::from_secs(120)).await;
    let delete = bench.aws.write.ec2.delete_nat_gateway().nat_gateway_id(pending.id.as_str());
    delete.send().await.unwrap();
    let leaving = bench.keep("nat-gateway.a").await;
    assert_eq!((leaving.phase, &leaving.outputs["id"]), (Phase::Leaving, &Value::Null));
    let held = bench.refused_delete("subnet.a").await;
    assert_eq!(held.class, Class::Dependency, "its interface is still there");
    bench.remove("nat-gateway.a").await;
    bench.remove("subnet.a").await;
}

#[tokio::test(start_paused = true)]
async fn a_repeat_answers_the_same_gateway() {
    let mut bench = bench().await;
    let (attempt, id) = bench.only_create("nat-gateway.a", spec()).await;
    assert_eq!(bench.again("nat-gateway.a", spec(), &attempt).await.unwrap(), id);
    let other = bench.again("nat-gateway.a", edited(&spec(), json!({"tags": {"a": "b"}})), &attempt).await.unwrap_err();
    assert_eq!((other.class, other.code.as_str()), (Class::Exists, "IdempotentParameterMismatch"));
    let want = bench.resolved(&spec());
    let found = bench.find("nat-gateway.a", &want, Some(attempt.owner.intent)).await.unwrap().unwrap();
    assert_eq!(found.id, id);
}

#[tokio::test(start_paused = true)]
async fn without_an_internet_gateway_it_fails_later() {
    let mut bench = Bench::new();
    bench.make("vpc.main", json!({"cidr": "10.0.0.0/16"})).await;
    bench.make("subnet.a", json!({"vpc": to("vpc.main", "id"), "cidr": "10.0.1.0/24", "zone": "af-south-1a"})).await;
    bench.make("elastic-ip.a", json!({})).await;
    let want = json!({"subnet": to("subnet.a", "id"), "elastic_ip": to("elastic-ip.a", "id")});
    let (attempt, _) = bench.only_create("nat-gateway.a", want.clone()).await;
    sleep(Duration::from_secs(60)).await;
    let failed = bench.keep("nat-gateway.a").await;
    let Phase::Failed(why) = &failed.phase else { panic!("{failed:?}") };
    assert!(why.contains("Gateway.NotAttached") && why.contains("no Internet gateway attached"), "{why}");
    let want = bench.resolved(&want);
    assert_eq!(bench.find("nat-gateway.a", &want, None).await.unwrap(), None, "it is not taken for the one that is wanted");
    let asked = bench.find("nat-gateway.a", &want, Some(attempt.owner.intent)).await.unwrap();
    assert_eq!(asked.unwrap().id, failed.id, "but its own intent is answered for");
    bench.remove("nat-gateway.a").await;
    bench.remove("elastic-ip.a").await;
}

#[tokio::test(start_paused = true)]
async fn an_address_serves_one_gateway() {
    let mut bench = bench().await;
    let first = bench.make("nat-gateway.a", spec()).await;
    let refused = bench.refused_create("nat-gateway.b", spec()).await;
    assert_eq!((refused.class, refused.code.as_str()), (Class::Dependency, "Resource.AlreadyAssociated"));
    // Somebody else's gateway with the wanted address is found, and is not ours.
    let id = first.id.to_string();
    bench.tamper(|here| here.nat_gateways.get_mut(&id).unwrap().tags.clear());
    let found = bench.find("nat-gateway.b", &bench.resolved(&spec()), None).await.unwrap().unwrap();
    assert_eq!((found.id, found.owner), (first.id, None));

    bench.remove("nat-gateway.a").await;
    let refused = bench.refused_create("nat-gateway.b", spec()).await;
    assert_eq!((refused.class, refused.code.as_str()), (Class::Dependency, "InvalidIPAddress.InUse"), "for some seconds");
    bench.make("nat-gateway.b", spec()).await;
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_is_gone_or_unknown_is_none() {
    let mut bench = bench().await;
    let seen = bench.make("nat-gateway.a", spec()).await;
    let id = seen.id.to_string();
    bench.tamper(|here| drop(here.nat_gateways.remove(&id)));
    assert_eq!(bench.observe("nat-gateway.a").await, None);
    let want = json!({"subnet": "subnet-0123", "elastic_ip": to("elastic-ip.a", "id")});
    assert_eq!(bench.refused_create("nat-gateway.b", want).await.class, Class::NotVisibleYet);
}

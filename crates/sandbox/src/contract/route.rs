use bbws_model::Class;
use serde_json::{Value, json};

use super::{Bench, LINEAGE, edited, to};

async fn bench() -> Bench {
    let mut bench = Bench::new();
    bench.make_public_subnet().await;
    bench.make("route-table.a", json!({"vpc": to("vpc.main", "id")})).await;
    bench.make("elastic-ip.a", json!({})).await;
    bench.make("nat-gateway.a", json!({"subnet": to("subnet.a", "id"), "elastic_ip": to("elastic-ip.a", "id")})).await;
    bench.forget_calls();
    bench
}

fn to_internet() -> Value {
    json!({"table": to("route-table.a", "id"), "destination": "0.0.0.0/0", "internet_gateway": to("internet-gateway.main", "id")})
}

fn to_nat() -> Value {
    json!({"table": to("route-table.a", "id"), "destination": "0.0.0.0/0", "nat_gateway": to("nat-gateway.a", "id")})
}

#[tokio::test(start_paused = true)]
async fn the_contract_holds() {
    let mut bench = bench().await;
    let seen = bench.make("route.out", to_internet()).await;
    let table = bench.observe("route-table.a").await.unwrap().id.to_string();
    assert_eq!((seen.id.as_str(), &seen.outputs["state"]), (format!("{table}_0.0.0.0/0").as_str(), &json!("active")));

    bench.change("route.out", to_nat()).await;
    bench.change("route.out", to_internet()).await;

    for target in ["nat-0elsewhere", "igw-0elsewhere", "vpce-0elsewhere", "eni-0elsewhere", "tgw-0elsewhere"] {
        bench.tamper(|here| here.route_tables.get_mut(&table).unwrap().route("0.0.0.0/0").unwrap().target = target.into());
        let drift = bench.drift("route.out").await;
        assert_eq!(drift.contains(&"nat_gateway".to_owned()), target.starts_with("nat-"), "{target}");
        assert!(drift.contains(&"internet_gateway".to_owned()), "{target}: {drift:?}");
        // What an endpoint writes, only the endpoint removes.
        if target.starts_with("vpce-") {
            bench.tamper(|here| here.route_tables.get_mut(&table).unwrap().route("0.0.0.0/0").unwrap().target = "eni-1".into());
        }
        bench.mend("route.out").await;
    }
    bench.tamper(|here| here.route_tables.get_mut(&table).unwrap().routes.retain(|route| route.target == "local"));
    assert_eq!(bench.observe("route.out").await, None, "somebody deleted it");
    bench.make("route.out", to_internet()).await;

    bench.remove("route.out").await;
    bench.assert_permissions("route", &[]);
}

#[tokio::test(start_paused = true)]
async fn a_destination_is_as_aws_keeps_it() {
    let mut bench = bench().await;
    let seen = bench.make("route.office", edited(&to_nat(), json!({"destination": "172.16.3.9/12"}))).await;
    assert_eq!(seen.spec["destination"], "172.16.0.0/12");
    let again = bench.refused_create("route.office", edited(&to_nat(), json!({"destination": "172.16.0.0/12"}))).await;
    assert_eq!((again.class, again.code.as_str()), (Class::Exists, "RouteAlreadyExists"));
    for inside in ["10.0.0.0/16", "10.0.9.0/24"] {
        bench.refused_create("route.inside", edited(&to_nat(), json!({"destination": inside}))).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_goes_leaves_a_black_hole() {
    let mut bench = bench().await;
    bench.make("route.out", to_nat()).await;
    bench.remove("nat-gateway.a").await;
    let seen = bench.observe("route.out").await.unwrap();
    assert_eq!(seen.outputs["state"], "blackhole");
    let route = bbws_kinds::all();
    assert_eq!(route.get("route").unwrap().health(&seen).unwrap().len(), 1);
    // The internet gateway goes too, though a route leads to it.
    bench.change("route.out", to_internet()).await;
    bench.remove("internet-gateway.main").await;
    assert_eq!(bench.observe("route.out").await.unwrap().outputs["state"], "blackhole");
    bench.remove("route.out").await;
}

#[tokio::test(start_paused = true)]
async fn a_gateway_of_another_network_is_refused() {
    let mut bench = bench().await;
    bench.make("vpc.other", json!({"cidr": "10.1.0.0/16"})).await;
    bench.make("route-table.other", json!({"vpc": to("vpc.other", "id")})).await;
    for want in [to_internet(), to_nat()] {
        let refused = bench.refused_create("route.other", edited(&want, json!({"table": to("route-table.other", "id")}))).await;
        assert!(refused.message.contains("belong to different networks"), "{refused}");
        // It may be that the attachment is not known everywhere yet.
        assert_eq!(refused.class, Class::NotVisibleYet);
    }
    let refused = bench.refused_create("route.other", edited(&to_internet(), json!({"table": "rtb-0123"}))).await;
    assert_eq!(refused.class, Class::NotVisibleYet);
}

#[tokio::test(start_paused = true)]
async fn what_is_found_is_ours_only_in_our_table_and_as_wanted() {
    let mut bench = bench().await;
    let (_, id) = bench.only_create("route.out", to_nat()).await;
    let want = bench.resolved(&to_nat());
    let found = bench.find("route.out", &want, None).await.unwrap().unwrap();
    assert_eq!((&found.id, found.owner.unwrap().lineage.as_str()), (&id, LINEAGE));
    let other = bench.find("route.out", &bench.resolved(&to_internet()), None).await.unwrap().unwrap();
    assert_eq!((&other.id, other.owner), (&id, None), "somebody else's route to somewhere else");

    let table = bench.observe("route-table.a").await.unwrap().id.to_string();
    bench.tamper(|here| drop(here.route_tables.get_mut(&table).unwrap().tags.insert("bbws:lineage".into(), "01OTHER".into())));
    let theirs = bench.find("route.out", &want, None).await.unwrap().unwrap();
    assert_eq!(theirs.owner.unwrap().lineage, "01OTHER", "it stands in the table of another state");
    bench.tamper(|here| here.route_tables.get_mut(&table).unwrap().tags.clear());
    assert_eq!(bench.find("route.out", &want, None).await.unwrap().unwrap().owner, None, "it stands in a table of nobody");
    let known = bench.observe("route.out").await.unwrap();
    assert_eq!(known.owner.unwrap().lineage, LINEAGE, "what our state holds is ours");
}

#[tokio::test(start_paused = true)]
async fn an_id_that_is_none_is_told() {
    let mut bench = bench().await;
    bench.make("route.out", to_nat()).await;
    let told = bench.look_at("route.out", "r-rtb-1").await.unwrap_err();
    assert!(told.message.contains("TABLE_DESTINATION"), "{told}");
}

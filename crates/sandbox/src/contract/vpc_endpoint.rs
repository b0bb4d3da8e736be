use bbws_model::{Class, Phase};
use serde_json::{Value, json};

use super::{Bench, edited, to};
use crate::kinds::vpc_endpoint::Row;

/// A field, and a change of it behind bbws's back.
type Drift = (&'static str, Box<dyn FnOnce(&mut Row)>);

async fn stage() -> Bench {
    let mut bench = Bench::new();
    bench.make("vpc.main", json!({"cidr": "10.0.0.0/16"})).await;
    for (at, zone) in ["a", "b", "c"].into_iter().enumerate() {
        let subnet = json!({"vpc": to("vpc.main", "id"), "cidr": format!("10.0.{at}.0/24"), "zone": format!("af-south-1{zone}")});
        bench.make(&format!("subnet.{zone}"), subnet).await;
    }
    for name in ["ends", "more"] {
        let group = json!({"vpc": to("vpc.main", "id"), "name": name, "description": "endpoints"});
        bench.make(&format!("security-group.{name}"), group).await;
    }
    bench.forget_calls();
    bench
}

fn interface(edit: Value) -> Value {
    let spec = json!({
        "vpc": to("vpc.main", "id"), "service": "com.amazonaws.af-south-1.logs", "type": "interface",
        "subnets": [to("subnet.a", "id"), to("subnet.b", "id")], "security_groups": [to("security-group.ends", "id")], "private_dns": true
    });
    edited(&spec, edit)
}

fn gateway(edit: Value) -> Value {
    let spec = json!({
        "vpc": to("vpc.main", "id"), "service": "com.amazonaws.af-south-1.s3", "type": "gateway",
        "route_tables": [to("route-table.a", "id"), to("route-table.b", "id")]
    });
    edited(&spec, edit)
}

fn policy(action: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": action, "Resource": "*"}]})
}

/// Changes a row behind bbws's back, sees the fields that differ, and mends them.
async fn drifts(bench: &mut Bench, address: &str, table: Vec<Drift>) {
    for (field, change) in table {
        let id = bench.observe(address).await.unwrap().id.to_string();
        bench.tamper(|here| change(here.vpc_endpoints.get_mut(&id).unwrap()));
        assert_eq!(bench.drift(address).await, [field]);
        bench.mend(address).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_contract_of_an_interface_holds() {
    let mut bench = stage().await;
    let spec = interface(json!({"policy": policy("logs:*")}));
    let (_, id) = bench.only_create("vpc-endpoint.logs", spec.clone()).await;
    let new = bench.keep("vpc-endpoint.logs").await;
    assert!(matches!(new.phase, Phase::Pending(_)) && new.outputs["dns_names"].is_null(), "its names are not known yet");
    let seen = bench.change("vpc-endpoint.logs", spec.clone()).await;
    assert_eq!(seen.id, id);
    assert_eq!(seen.spec, normal(&bench.resolved(&spec)));
    assert!(seen.outputs["dns_names"][0].as_str().unwrap().starts_with("vpce-"));

    for edit in [
        json!({"subnets": [to("subnet.b", "id"), to("subnet.c", "id")]}),
        json!({"security_groups": [to("security-group.more", "id")]}),
        json!({"security_groups": [to("security-group.more", "id"), to("security-group.ends", "id")]}),
        json!({"private_dns": false}),
        json!({"policy": null}),
        json!({"policy": policy("logs:PutLogEvents")}),
        json!({"tags": {"Team": "web"}}),
        json!({"subnets": [to("subnet.a", "id")], "private_dns": true, "policy": null, "tags": {}}),
    ] {
        bench.change("vpc-endpoint.logs", interface(edit)).await;
    }
    bench.change("vpc-endpoint.logs", spec).await;

    let more = bench.resolved(&to("security-group.more", "id")).as_str().unwrap().to_owned();
    let table: Vec<Drift> = vec![
        ("subnets", Box::new(|row| _ = row.subnets.pop_last())),
        ("security_groups", Box::new(move |row| _ = row.groups.insert(more))),
        ("private_dns", Box::new(|row| row.private_dns = false)),
        ("policy", Box::new(|row| row.policy = None)),
        ("tags", Box::new(|row| _ = row.tags.insert("who".into(), "me".into()))),
    ];
    drifts(&mut bench, "vpc-endpoint.logs", table).await;

    bench.remove("vpc-endpoint.logs").await;
    bench.assert_permissions("vpc-endpoint", &["ec2:CreateTags", "route53:AssociateVPCWithHostedZone"]);
    assert!(bench.told.contains("route53:AssociateVPCWithHostedZone"), "its private name is a zone of AWS's own");
}

fn normal(spec: &Value) -> Value {
    bbws_kinds::all().get("vpc-endpoint").unwrap().normal(spec).unwrap()
}

/// The tables that have a route to the endpoint.
fn routes_to(bench: &Bench, id: &str) -> usize {
    let mut tables = 0;
    let leads = |row: &crate::kinds::route_table::Row| row.routes.iter().any(|route| route.target == id);
    bench.tamper(|here| tables = here.route_tables.values().filter(|row| leads(row)).count());
    tables
}

#[tokio::test(start_paused = true)]
async fn the_contract_of_a_gateway_holds() {
    let mut bench = stage().await;
    for table in ["a", "b", "c"] {
        bench.make(&format!("route-table.{table}"), json!({"vpc": to("vpc.main", "id")})).await;
    }
    bench.forget_calls();
    let seen = bench.make("vpc-endpoint.s3", gateway(json!({}))).await;
    assert_eq!(seen.spec, normal(&bench.resolved(&gateway(json!({})))));
    assert_eq!(seen.outputs["dns_names"], json!([]));
    let id = seen.id.to_string();
    assert_eq!(routes_to(&bench, &id), 2);

    for (edit, tables) in [
        (json!({"route_tables": [to("route-table.b", "id"), to("route-table.c", "id")]}), 2),
        (json!({"route_tables": []}), 0),
        (json!({"policy": policy("s3:GetObject")}), 2),
        (json!({"route_tables": [to("route-table.a", "id")], "policy": policy("s3:*"), "tags": {"Team": "web"}}), 1),
        (json!({}), 2),
    ] {
        bench.change("vpc-endpoint.s3", gateway(edit)).await;
        assert_eq!(routes_to(&bench, &id), tables);
    }

    let twin = bench.refused_create("vpc-endpoint.twin", gateway(json!({"route_tables": [to("route-table.a", "id")]}))).await;
    assert_eq!((twin.code.as_str(), twin.class), ("RouteAlreadyExists", Class::Exists));
    let want = bench.resolved(&gateway(json!({"route_tables": [to("route-table.a", "id")]})));
    assert_eq!(bench.find("vpc-endpoint.twin", &want, None).await.unwrap().expect("it is in the way").id, seen.id);
    let apart = bench.resolved(&gateway(json!({"route_tables": [to("route-table.c", "id")]})));
    assert_eq!(bench.find("vpc-endpoint.twin", &apart, None).await.unwrap(), None);

    let table: Vec<Drift> = vec![
        ("policy", Box::new(|row| row.policy = Some(r#"{"Version":"2012-10-17","Statement":[]}"#.into()))),
        ("tags", Box::new(|row| _ = row.tags.insert("who".into(), "me".into()))),
    ];
    drifts(&mut bench, "vpc-endpoint.s3", table).await;
    bench.tamper(|here| _ = here.vpc_endpoints.get_mut(&id).unwrap().route_tables.pop_last());
    assert_eq!(bench.drift("vpc-endpoint.s3").await, ["route_tables"]);
    bench.tamper(|here| here.route_tables.values_mut().for_each(|row| row.routes.retain(|route| route.target != id)));
    bench.tamper(|here| here.vpc_endpoints.get_mut(&id).unwrap().route_tables.clear());
    bench.mend("vpc-endpoint.s3").await;

    bench.remove("vpc-endpoint.s3").await;
    assert_eq!(routes_to(&bench, &id), 0);
    bench.assert_permissions("vpc-endpoint", &["ec2:CreateTags", "route53:AssociateVPCWithHostedZone"]);
}

#[tokio::test(start_paused = true)]
async fn its_addresses_hold_subnet_and_group_until_they_are_gone() {
    let mut bench = stage().await;
    bench.make("vpc-endpoint.logs", interface(json!({}))).await;
    assert_eq!(bench.refused_delete("subnet.a").await.code, "DependencyViolation");
    assert_eq!(bench.refused_delete("security-group.ends").await.code, "DependencyViolation");
    let seen = bench.observe("vpc-endpoint.logs").await.unwrap();
    bench.delete_once("vpc-endpoint.logs").await;
    assert_eq!(bench.observe("vpc-endpoint.logs").await.unwrap().phase, Phase::Leaving);
    assert_eq!(bench.refused_delete("subnet.a").await.code, "DependencyViolation", "it is still leaving");
    let want = bench.resolved(&interface(json!({})));
    assert_eq!(bench.find("vpc-endpoint.logs", &want, None).await.unwrap(), None, "one that leaves is not one to adopt");
    let name = bench.refused_create("vpc-endpoint.next", interface(json!({}))).await;
    assert_eq!((name.code.as_str(), name.class), ("InvalidParameter", Class::Conflict), "it holds the name");
    bench.remove("vpc-endpoint.logs").await;
    bench.tamper(|here| assert!(here.network_interfaces.is_empty()));
    bench.remove("subnet.a").await;
    bench.remove("security-group.ends").await;
    let gone = bench.refused_delete_of("vpc-endpoint.logs", &seen).await;
    assert_eq!((gone.code.as_str(), gone.class), ("InvalidVpcEndpoint.NotFound", Class::Absent), "told within a success");
}

#[tokio::test(start_paused = true)]
async fn a_repeat_of_a_create_makes_no_second_one() {
    let mut bench = stage().await;
    let (attempt, id) = bench.only_create("vpc-endpoint.logs", interface(json!({}))).await;
    assert_eq!(bench.again("vpc-endpoint.logs", interface(json!({})), &attempt).await.unwrap(), id);
    let other = bench.again("vpc-endpoint.logs", interface(json!({"private_dns": false})), &attempt).await.unwrap_err();
    assert_eq!((other.code.as_str(), other.class), ("IdempotentParameterMismatch", Class::Exists));
    let want = bench.resolved(&interface(json!({"private_dns": false})));
    let by_mark = bench.find("vpc-endpoint.logs", &want, Some(attempt.owner.intent.clone())).await.unwrap();
    assert_eq!(by_mark.expect("it bears our mark").id, id);
    assert_eq!(bench.find("vpc-endpoint.other", &want, None).await.unwrap(), None, "it is not in the way");
    let want = bench.resolved(&interface(json!({})));
    assert_eq!(bench.find("vpc-endpoint.other", &want, None).await.unwrap().expect("it holds the name").id, id);
}

#[tokio::test(start_paused = true)]
async fn what_aws_refuses_is_told() {
    let mut bench = stage().await;
    let refused = [
        (json!({"service": "com.amazonaws.af-south-1.nothing"}), "InvalidServiceName", Class::Invalid),
        (json!({"service": "com.amazonaws.eu-west-1.logs"}), "InvalidServiceName", Class::Invalid),
        (json!({"subnets": ["subnet-0"]}), "InvalidSubnetID.NotFound", Class::NotVisibleYet),
        (json!({"security_groups": ["sg-0"]}), "InvalidGroup.NotFound", Class::NotVisibleYet),
    ];
    for (edit, code, class) in refused {
        let error = bench.refused_create("vpc-endpoint.logs", interface(edit)).await;
        assert_eq!((error.code.as_str(), error.class), (code, class));
    }
    bench.change("vpc.main", json!({"cidr": "10.0.0.0/16", "dns_hostnames": false})).await;
    let error = bench.refused_create("vpc-endpoint.logs", interface(json!({}))).await;
    assert_eq!((error.code.as_str(), error.class), ("InvalidParameter", Class::NotVisibleYet), "the VPC may still be on its way there");
    // S3's own name leads to an interface though there is no gateway.
    bench.change("vpc.main", json!({"cidr": "10.0.0.0/16"})).await;
    bench.make("vpc-endpoint.s3", interface(json!({"service": "com.amazonaws.af-south-1.s3"}))).await;
}

use serde_json::{Value, json};

use super::{Bench, edited, to};
use crate::kinds::security_group_rule::{Peer, Rule};

fn group(name: &str) -> Value {
    json!({"vpc": to("vpc.main", "id"), "name": name, "description": "the tasks"})
}

async fn stage() -> Bench {
    let mut bench = Bench::new();
    bench.make("vpc.main", json!({"cidr": "10.0.0.0/16"})).await;
    bench.forget_calls();
    bench
}

#[tokio::test(start_paused = true)]
async fn the_contract_holds() {
    let mut bench = stage().await;
    let spec = group("dev-ecs");
    let seen = bench.make("security-group.ecs", spec.clone()).await;
    assert_eq!(seen.spec, bench.resolved(&edited(&spec, json!({"no_default_egress": true, "tags": {}}))));
    assert_eq!(seen.outputs["name"], "dev-ecs");
    let id = seen.id.to_string();
    bench.tamper(|here| assert!(here.security_groups[&id].rules.is_empty(), "AWS's own rule is gone"));

    bench.change("security-group.ecs", edited(&spec, json!({"tags": {"Team": "web"}}))).await;
    bench.change("security-group.ecs", spec).await;

    bench.tamper(|here| here.security_groups.get_mut(&id).unwrap().tags.clear());
    assert_eq!(bench.drift("security-group.ecs").await, Vec::<String>::new(), "there were no tags but bbws's own");
    bench.mend("security-group.ecs").await;
    for (rule, peer) in [("sgr-1", Peer::Ipv4("0.0.0.0/0".into())), ("sgr-2", Peer::Ipv6("::/0".into()))] {
        bench.tamper(|here| _ = here.security_groups.get_mut(&id).unwrap().rules.insert(rule.into(), Rule::of_everything(true, peer)));
        assert_eq!(bench.drift("security-group.ecs").await, ["no_default_egress"], "{rule}");
        bench.mend("security-group.ecs").await;
    }
    bench.tamper(|here| here.security_groups.get_mut(&id).unwrap().name = "renamed".into());
    assert_eq!(bench.drift("security-group.ecs").await, ["name"]);
    bench.tamper(|here| here.security_groups.get_mut(&id).unwrap().description = "other".into());
    assert_eq!(bench.drift("security-group.ecs").await, ["name", "description"]);

    assert_eq!(bench.hanging("security-group.ecs").await, []);
    bench.remove("security-group.ecs").await;
    bench
        .assert_permissions("security-group", &["ec2:CreateTags", "elasticloadbalancing:DescribeLoadBalancers", "rds:DescribeDBInstances"]);
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_somebody_put_there_stays() {
    let mut bench = stage().await;
    let id = bench.make("security-group.ecs", group("dev-ecs")).await.id.to_string();
    let everything = || Rule::of_everything(true, Peer::Ipv4("0.0.0.0/0".into()));
    let described = Rule { description: "a tenant needs it".into(), ..everything() };
    let tagged = Rule { tags: [("Team".to_owned(), "tenant".to_owned())].into(), ..everything() };
    for theirs in [described, tagged] {
        bench.tamper(|here| _ = here.security_groups.get_mut(&id).unwrap().rules.insert("sgr-1".into(), theirs));
        assert_eq!(bench.drift("security-group.ecs").await, Vec::<String>::new());
        bench.change("security-group.ecs", group("dev-ecs")).await;
        bench.tamper(|here| assert_eq!(here.security_groups[&id].rules.len(), 1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_group_is_found_by_its_name_in_any_case() {
    let mut bench = stage().await;
    let made = bench.make("security-group.ecs", group("dev-ecs")).await;
    let want = bench.resolved(&group("DEV-ECS"));
    let found = bench.find("security-group.ecs", &want, None).await.unwrap().expect("it is there");
    assert_eq!(found.id, made.id);
    let other = bench.resolved(&group("other"));
    assert_eq!(bench.find("security-group.ecs", &other, None).await.unwrap(), None);
    assert_eq!(bench.refused_create("security-group.twin", group("Dev-ECS")).await.code, "InvalidGroup.Duplicate");
}

#[tokio::test(start_paused = true)]
async fn one_read_serves_the_vpc_and_its_groups() {
    let mut bench = stage().await;
    bench.make("security-group.a", group("a")).await;
    bench.make("security-group.b", group("b")).await;
    let calls = bench.look_together(&["vpc.main", "security-group.a", "security-group.b"]).await;
    assert_eq!(calls.iter().filter(|call| *call == "ec2:DescribeSecurityGroups").count(), 1, "{calls:?}");
    assert!(!calls.contains(&"ec2:DescribeSecurityGroupRules".to_owned()), "nothing to be told apart");
}

#[tokio::test(start_paused = true)]
async fn a_group_in_use_stays() {
    let mut bench = stage().await;
    bench.make("security-group.a", group("a")).await;
    bench.make("security-group.b", group("b")).await;
    let rule = json!({
        "group": to("security-group.a", "id"), "direction": "egress", "protocol": "tcp", "ports": 3306,
        "peer": {"group": to("security-group.b", "id")}, "description": "MySQL"
    });
    bench.make("security-group-rule.a-b", rule).await;
    assert_eq!(bench.refused_delete("security-group.b").await.code, "DependencyViolation");
    assert_eq!(bench.refused_delete("vpc.main").await.code, "DependencyViolation");
    bench.remove("security-group.a").await;
    bench.remove("security-group.b").await;
    bench.remove("vpc.main").await;
}

#[tokio::test(start_paused = true)]
async fn what_others_hang_on_it_is_listed() {
    let mut bench = stage().await;
    let id = bench.make("security-group.a", group("a")).await.id.to_string();
    let other = bench.make("security-group.b", group("b")).await.id.to_string();
    assert_eq!(bench.hanging("security-group.a").await, []);
    bench.tamper(|here| {
        let mut put =
            |group: &str, name: &str, rule: Rule| _ = here.security_groups.get_mut(group).unwrap().rules.insert(name.into(), rule);
        let tenant = || Rule { description: "a tenant".into(), ..Rule::of_everything(false, Peer::Ipv4("10.9.0.0/16".into())) };
        put(&id, "sgr-0", Rule::of_everything(true, Peer::Ipv4("0.0.0.0/0".into())));
        put(&id, "sgr-1", tenant());
        put(&other, "sgr-2", tenant());
        put(&other, "sgr-3", Rule { description: "from a".into(), ..Rule::of_everything(false, Peer::Group(id.clone())) });
    });
    let all = [
        ("security group rule", "all traffic from 10.9.0.0/16 into a, a tenant".to_owned()),
        ("security group rule that names it", format!("all traffic from {id} into b, from a")),
    ];
    assert_eq!(bench.hanging("security-group.a").await, all, "AWS's own rule is nobody's");
    bench.forget_calls();
}

#[tokio::test(start_paused = true)]
async fn whoever_stands_under_it_is_listed() {
    let mut bench = Bench::new();
    bench.database_stage().await;
    bench.make("security-group.db", group("dev-db")).await;
    bench.make("security-group.other", group("dev-other")).await;
    let groups = json!([to("security-group.db", "id")]);
    bench.make("db-instance.main", edited(&Bench::database(), json!({"security_groups": groups}))).await;
    let database = [("database", "dev-mysql".to_owned())];
    assert_eq!(bench.hanging("security-group.db").await, database);
    assert_eq!(bench.hanging("security-group.other").await, []);
    let group = bench.resolved(&to("security-group.other", "id")).as_str().unwrap().to_owned();
    bench.tamper(|here| {
        let template = here.network_interfaces.values().next().unwrap().clone();
        let row = crate::kinds::network_interface::Row {
            description: "bastion".into(),
            requester: None,
            groups: vec![group],
            address: "10.0.10.99".into(),
            ..template
        };
        here.network_interfaces.insert("eni-bastion".into(), row);
    });
    assert_eq!(bench.hanging("security-group.other").await, [("network interface", "bastion".to_owned())]);
    assert_eq!(bench.hanging("security-group.db").await, database, "of another group");
    // The same databases as the driver reads, in one round.
    let on_subnet = bench.hanging("subnet.a").await;
    assert!(on_subnet.contains(&database[0]), "{on_subnet:?}");
    let on_vpc = bench.hanging("vpc.main").await;
    assert_eq!(on_vpc.iter().filter(|(what, _)| *what == "database").count(), 1, "{on_vpc:?}");
}

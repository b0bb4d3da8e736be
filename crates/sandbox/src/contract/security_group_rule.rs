use serde_json::{Value, json};

use super::{Bench, edited, to};
use crate::kinds::security_group_rule::{Peer, Rule};

const CLOUDFRONT: &str = "com.amazonaws.global.cloudfront.origin-facing";

async fn stage() -> Bench {
    let mut bench = Bench::new();
    bench.make("vpc.main", json!({"cidr": "10.0.0.0/16"})).await;
    for name in ["alb", "ecs"] {
        let group = json!({"vpc": to("vpc.main", "id"), "name": name, "description": "one of two"});
        bench.make(&format!("security-group.{name}"), group).await;
    }
    bench.forget_calls();
    bench
}

fn rule(edit: Value) -> Value {
    let spec = json!({
        "group": to("security-group.alb", "id"), "direction": "ingress", "protocol": "tcp", "ports": 80,
        "peer": {"cidr": "10.0.0.0/16"}, "description": "the VPC itself"
    });
    edited(&spec, edit)
}

fn rule_of(bench: &Bench, id: &str, change: impl FnOnce(&mut Rule)) {
    bench.tamper(|here| {
        let mut rules = here.security_groups.values_mut().flat_map(|row| row.rules.iter_mut());
        change(rules.find(|(have, _)| *have == id).expect("the rule is there").1);
    });
}

#[tokio::test(start_paused = true)]
async fn the_contract_holds() {
    let mut bench = stage().await;
    let spec = rule(json!({}));
    let seen = bench.make("security-group-rule.web", spec.clone()).await;
    assert_eq!(seen.spec, bench.resolved(&edited(&spec, json!({"ports": "80", "icmp": null, "tags": {}}))));
    let out = rule(json!({"direction": "egress", "ports": "8000-8080", "peer": {"group": to("security-group.ecs", "id")}}));
    bench.make("security-group-rule.out", out).await;
    let cloudfront = rule(json!({"peer": {"managed_prefix_list": CLOUDFRONT}}));
    let seen_list = bench.make("security-group-rule.cdn", cloudfront.clone()).await;
    assert_eq!(seen_list.spec["peer"], json!({"managed_prefix_list": CLOUDFRONT}), "the name is read back");

    for edit in [
        json!({"ports": 443}),
        json!({"ports": "80-90"}),
        json!({"protocol": "udp"}),
        json!({"protocol": "all", "ports": null}),
        json!({"protocol": "47", "ports": null}),
        json!({"protocol": "icmp", "ports": null, "icmp": {"type": 8}}),
        json!({"protocol": "icmp", "ports": null, "icmp": {"type": 3, "code": 4}}),
        json!({"peer": {"cidr": "10.1.2.3/16"}}),
        json!({"description": "other (since May)"}),
        json!({"tags": {"Team": "web"}}),
        json!({}),
    ] {
        bench.change("security-group-rule.web", rule(edit)).await;
    }

    let id = seen.id.to_string();
    type Drift = (&'static [&'static str], fn(&mut Rule));
    let drifts: [Drift; 5] = [
        (&["protocol"], |rule| rule.protocol = "udp".into()),
        (&["ports"], |rule| rule.to = 8080),
        (&["peer"], |rule| rule.peer = Peer::Ipv4("0.0.0.0/0".into())),
        (&["description"], |rule| rule.description.clear()),
        (&["tags"], |rule| _ = rule.tags.insert("who".into(), "me".into())),
    ];
    for (fields, change) in drifts {
        rule_of(&bench, &id, change);
        assert_eq!(bench.drift("security-group-rule.web").await, fields);
        bench.mend("security-group-rule.web").await;
    }
    let icmp = rule(json!({"protocol": "icmp", "ports": null, "icmp": {"type": 8}}));
    bench.change("security-group-rule.web", icmp).await;
    rule_of(&bench, &id, |rule| rule.from = 13);
    assert_eq!(bench.drift("security-group-rule.web").await, ["icmp"]);
    bench.mend("security-group-rule.web").await;

    rule_of(&bench, seen_list.id.as_str(), |rule| rule.peer = Peer::PrefixList("pl-12345".into()));
    assert_eq!(bench.drift("security-group-rule.cdn").await, ["peer"], "another list");
    bench.mend("security-group-rule.cdn").await;

    rule_of(&bench, &id, |rule| rule.egress = true);
    assert_eq!(bench.drift("security-group-rule.web").await, ["direction"]);
    rule_of(&bench, &id, |rule| rule.egress = false);

    for address in ["security-group-rule.web", "security-group-rule.out", "security-group-rule.cdn"] {
        bench.remove(address).await;
    }
    bench.assert_permissions("security-group-rule", &["ec2:CreateTags"]);
}

#[tokio::test(start_paused = true)]
async fn every_peer_is_read_back_as_it_was_declared() {
    let mut bench = stage().await;
    let list = bench.make("security-group-rule.by-name", rule(json!({"peer": {"managed_prefix_list": CLOUDFRONT}}))).await;
    let mut id = String::new();
    rule_of(&bench, list.id.as_str(), |rule| {
        if let Peer::PrefixList(list) = &rule.peer {
            id.clone_from(list);
        }
    });
    assert!(id.starts_with("pl-"));
    bench.remove("security-group-rule.by-name").await;
    let peers = [
        json!({"cidr": "192.168.0.0/24"}),
        json!({"cidr": "2001:db8::/32"}),
        json!({"group": to("security-group.alb", "id")}),
        json!({"group": to("security-group.ecs", "id")}),
        json!({"prefix_list": id}),
    ];
    for peer in peers {
        let seen = bench.make("security-group-rule.one", rule(json!({"peer": peer}))).await;
        assert_eq!(seen.spec["peer"], bench.resolved(&peer));
        bench.remove("security-group-rule.one").await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_rule_is_found_by_what_it_says() {
    let mut bench = stage().await;
    let made = bench.make("security-group-rule.web", rule(json!({}))).await;
    // One of somebody else's, of a form that bbws's own never have.
    let group = made.spec["group"].as_str().unwrap().to_owned();
    let odd = Rule { protocol: "tcp".into(), from: 80, to: 70_000, ..Rule::of_everything(false, Peer::Ipv4("10.0.0.0/16".into())) };
    bench.tamper(|here| _ = here.security_groups.get_mut(&group).unwrap().rules.insert("sgr-0".into(), odd));

    let same = bench.resolved(&rule(json!({"peer": {"cidr": "10.0.9.9/16"}, "description": "another text"})));
    assert_eq!(bench.find("security-group-rule.web", &same, None).await.unwrap().expect("it is there").id, made.id);
    for other in
        [json!({"ports": 81}), json!({"direction": "egress"}), json!({"peer": {"cidr": "10.0.0.0/17"}}), json!({"protocol": "udp"})]
    {
        let other = bench.resolved(&rule(other));
        assert_eq!(bench.find("security-group-rule.web", &other, None).await.unwrap(), None, "{other}");
    }
    assert_eq!(
        bench.refused_create("security-group-rule.twin", rule(json!({"description": "twin"}))).await.code,
        "InvalidPermission.Duplicate"
    );
}

#[tokio::test(start_paused = true)]
async fn many_rules_are_read_with_one_call_each_page() {
    let mut bench = stage().await;
    let names: Vec<String> = (0..8).map(|n| format!("security-group-rule.r{n}")).collect();
    for (n, name) in names.iter().enumerate() {
        let group = if n % 2 == 0 { "security-group.alb" } else { "security-group.ecs" };
        bench.make(name, rule(json!({"group": to(group, "id"), "ports": 1000 + n}))).await;
    }
    bench.make("security-group-rule.cdn", rule(json!({"peer": {"managed_prefix_list": CLOUDFRONT}}))).await;
    let mut places: Vec<&str> = names.iter().map(String::as_str).collect();
    places.extend(["security-group-rule.cdn", "security-group.alb", "security-group.ecs", "vpc.main"]);
    let calls = bench.look_together(&places).await;
    for call in ["ec2:DescribeSecurityGroupRules", "ec2:DescribeSecurityGroups", "ec2:DescribeManagedPrefixLists"] {
        assert_eq!(calls.iter().filter(|made| *made == call).count(), 1, "{calls:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_that_aws_does_not_keep_is_named() {
    let mut bench = stage().await;
    let error = bench.refused_create("security-group-rule.web", rule(json!({"peer": {"managed_prefix_list": "com.amazonaws.none"}}))).await;
    assert!(error.message.contains("com.amazonaws.none"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_prefix_list_counts_all_it_may_hold() {
    let mut bench = stage().await;
    bench.make("security-group-rule.cdn", rule(json!({"peer": {"managed_prefix_list": CLOUDFRONT}}))).await;
    for n in 0..5 {
        bench.make(&format!("security-group-rule.r{n}"), rule(json!({"ports": 1000 + n}))).await;
    }
    let error = bench.refused_create("security-group-rule.more", rule(json!({"ports": 2000}))).await;
    assert_eq!((error.code.as_str(), error.class), ("RulesPerSecurityGroupLimitExceeded", bbws_model::Class::Limit));
    let other =
        bench.refused_create("security-group-rule.cdn443", rule(json!({"ports": 443, "peer": {"managed_prefix_list": CLOUDFRONT}}))).await;
    assert_eq!(other.code, "RulesPerSecurityGroupLimitExceeded", "two ports from CloudFront do not fit into one group");
    bench.make("security-group-rule.v6", rule(json!({"ports": 2000, "peer": {"cidr": "2001:db8::/32"}}))).await;
}

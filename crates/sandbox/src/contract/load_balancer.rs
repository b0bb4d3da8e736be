use bbws_aws::Told;
use bbws_engine::Reading;
use bbws_model::{Class, Phase};
use serde_json::{Value, json};

use super::{ACCOUNT, Bench, edited, to};
use crate::cloud::GLOBAL;
use crate::fate::{Effect, Fate, Seen, refuse};
use crate::kinds::load_balancer::Row;

/// A field, and a change of it behind bbws's back.
type Drift = (&'static str, fn(&mut Row));

/// A VPC with a way to the internet, a subnet in each zone, and two security groups beside the default one.
pub(super) async fn stage() -> Bench {
    let mut bench = Bench::new();
    let vpc = bench.make("vpc.main", json!({"cidr": "10.0.0.0/16"})).await.id;
    for (name, third) in [("a", 1), ("b", 2), ("c", 3)] {
        let spec = json!({"vpc": to("vpc.main", "id"), "cidr": format!("10.0.{third}.0/24"), "zone": format!("af-south-1{name}")});
        bench.make(&format!("subnet.{name}"), spec).await;
    }
    let ec2 = bench.aws.write.ec2.clone();
    let gateway = ec2.create_internet_gateway().send().await.unwrap().internet_gateway.unwrap().internet_gateway_id.unwrap();
    ec2.attach_internet_gateway().internet_gateway_id(gateway).vpc_id(vpc.as_str()).send().await.unwrap();
    bench.tamper(|here| {
        let default = here.security_groups.values().next().unwrap().clone();
        for id in ["sg-alb", "sg-more"] {
            let row = crate::kinds::security_group::Row { name: id.trim_start_matches("sg-").into(), ..default.clone() };
            here.security_groups.insert(id.into(), row);
        }
    });
    tokio::time::sleep(std::time::Duration::from_secs(60)).await;
    bench.forget_calls();
    bench
}

pub(super) fn spec() -> Value {
    json!({
        "name": "dev-alb", "vpc": to("vpc.main", "id"), "subnets": [to("subnet.a", "id"), to("subnet.b", "id")],
        "security_groups": ["sg-alb"], "tags": {"Name": "alb"},
    })
}

/// Changes the one load balancer behind bbws's back.
fn tamper(bench: &Bench, change: impl FnOnce(&mut Row)) {
    bench.tamper(|here| change(here.load_balancers.values_mut().next().unwrap()));
}

fn set(row: &mut Row, key: &str, value: &str) {
    assert!(row.attributes.insert(key.into(), value.into()).is_some(), "{key} is an attribute");
}

/// AWS may tell of a load balancer that has no target groups that there is none to be found (unconfirmed).
#[tokio::test(start_paused = true)]
async fn target_groups_that_are_not_found_are_none() {
    let mut bench = stage().await;
    bench.make("load-balancer.main", spec()).await;
    for (code, absent) in [("TargetGroupNotFound", true), ("AccessDenied", false)] {
        bench.sandbox.sim().set_weather(move |call| {
            let refused = Fate {
                effect: Effect::Never,
                seen: Seen::Refused(refuse(400, code, "One or more target groups not found")),
                ..Fate::default()
            };
            if call.operation == "DescribeTargetGroups" { refused } else { Fate::default() }
        });
        if absent {
            assert_eq!(bench.hanging("load-balancer.main").await, []);
        } else {
            let seen = bench.observe("load-balancer.main").await.unwrap();
            let told = bench.drivers.carrier("load-balancer").unwrap().hung_on(&seen, &Reading::new()).await;
            assert_eq!(told.unwrap_err().class, Class::Denied, "what cannot be looked at is not none");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_contract_holds() {
    let mut bench = stage().await;
    let seen = bench.make("load-balancer.main", spec()).await;
    let text = |name: &str| seen.outputs[name].as_str().unwrap().to_owned();
    assert_eq!((text("zone_id").as_str(), text("name").as_str()), ("Z268VQBMOI5EKX", "dev-alb"));
    assert!(text("dns_name").starts_with("dev-alb-") && text("dns_name").ends_with(".af-south-1.elb.amazonaws.com"));
    assert!(text("arn").ends_with(&text("arn_suffix")) && text("arn_suffix").starts_with("app/dev-alb/"));
    bench.tamper_in(GLOBAL, |here| assert!(here.roles.contains_key("awsserviceroleforelasticloadbalancing")));

    for edit in [
        json!({"subnets": [to("subnet.a", "id"), to("subnet.c", "id")]}),
        json!({"subnets": [to("subnet.a", "id"), to("subnet.b", "id"), to("subnet.c", "id")]}),
        json!({"security_groups": ["sg-alb", "sg-more"]}),
        json!({"deletion_protection": true, "idle_timeout_seconds": 4000, "client_keep_alive_seconds": 60}),
        json!({"drop_invalid_headers": false, "http2": false, "desync_mitigation": "strictest"}),
        json!({"desync_mitigation": "monitor", "preserve_host_header": true, "forwarded_for": "remove"}),
        json!({"forwarded_for": "preserve", "forwarded_port": true, "tls_headers": true, "waf_fail_open": true}),
        json!({"tags": {"Team": "web"}}),
    ] {
        bench.change("load-balancer.main", edited(&spec(), edit)).await;
    }
    bench.change("load-balancer.main", spec()).await;

    let drifts: [Drift; 16] = [
        ("subnets", |row| drop(row.subnets.pop_first())),
        ("security_groups", |row| assert!(row.groups.insert("sg-more".into()))),
        ("ip_address_type", |row| row.ip_address_type = "dualstack".into()),
        ("deletion_protection", |row| set(row, "deletion_protection.enabled", "true")),
        ("idle_timeout_seconds", |row| set(row, "idle_timeout.timeout_seconds", "61")),
        ("client_keep_alive_seconds", |row| set(row, "client_keep_alive.seconds", "61")),
        ("drop_invalid_headers", |row| set(row, "routing.http.drop_invalid_header_fields.enabled", "false")),
        ("http2", |row| set(row, "routing.http2.enabled", "false")),
        ("desync_mitigation", |row| set(row, "routing.http.desync_mitigation_mode", "monitor")),
        ("preserve_host_header", |row| set(row, "routing.http.preserve_host_header.enabled", "true")),
        ("forwarded_for", |row| set(row, "routing.http.xff_header_processing.mode", "remove")),
        ("forwarded_port", |row| set(row, "routing.http.xff_client_port.enabled", "true")),
        ("tls_headers", |row| set(row, "routing.http.x_amzn_tls_version_and_cipher_suite.enabled", "true")),
        ("waf_fail_open", |row| set(row, "waf.fail_open.enabled", "true")),
        ("access_logs", |row| set(row, "access_logs.s3.enabled", "true")),
        ("connection_logs", |row| set(row, "connection_logs.s3.enabled", "true")),
    ];
    for (field, drift) in drifts {
        tamper(&bench, drift);
        assert_eq!(bench.drift("load-balancer.main").await, [field]);
        bench.mend("load-balancer.main").await;
    }
    tamper(&bench, |row| drop(row.tags.insert("who".into(), "me".into())));
    assert_eq!(bench.drift("load-balancer.main").await, ["tags"]);
    bench.mend("load-balancer.main").await;

    let wanted = bench.resolved(&spec());
    let found = bench.find("load-balancer.main", &wanted, None).await.unwrap();
    assert_eq!(found.map(|found| found.id), Some(seen.id), "it is found by its name");
    // The rules on its listeners are listed too.
    let theirs = bench.aws.write.elb.create_listener().load_balancer_arn(text("arn")).port(80).protocol("HTTP".into());
    let theirs = theirs.default_actions(super::listener::fixed()).send().await.unwrap().listeners()[0].listener_arn.clone().unwrap();
    assert_eq!(bench.hanging("load-balancer.main").await, [("listener", theirs)]);
    bench.remove("load-balancer.main").await;
    bench.assert_permissions("load-balancer", &["elasticloadbalancing:AddTags", "iam:CreateServiceLinkedRole"]);
}

#[tokio::test(start_paused = true)]
async fn it_takes_two_minutes_to_be_active() {
    let mut bench = stage().await;
    bench.only_create("load-balancer.main", spec()).await;
    let early = bench.keep("load-balancer.main").await;
    assert!(matches!(early.phase, Phase::Pending(_)), "{:?}", early.phase);
    assert_eq!(early.outputs["active_arn"], Value::Null);
    assert!(early.outputs["dns_name"].is_string(), "its DNS name is known at once");
    tokio::time::sleep(std::time::Duration::from_secs(140)).await;
    let seen = bench.keep("load-balancer.main").await;
    assert_eq!((seen.phase, &seen.outputs["active_arn"]), (Phase::Ready, &seen.outputs["arn"]));

    tamper(&bench, |row| row.failed = Some("no room".into()));
    assert_eq!(bench.keep("load-balancer.main").await.phase, Phase::Failed("no room".into()));
}

#[tokio::test(start_paused = true)]
async fn logs_go_to_a_bucket_that_lets_them_in() {
    let mut bench = stage().await;
    bench.make("load-balancer.main", spec()).await;
    let with = |policy: Value| json!({"name": "dev-alb-logs", "policy": policy});
    let allow = |resource: String| {
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
            "Action": "s3:PutObject", "Resource": resource}]})
    };
    bench.make("bucket.logs", with(allow(format!("arn:aws:s3:::dev-alb-logs/other/AWSLogs/{ACCOUNT}/*")))).await;
    let elb = bench.aws.write.elb.clone();
    let arn = bench.observe("load-balancer.main").await.unwrap().id.to_string();
    let attribute =
        |key: &str, value: &str| aws_sdk_elasticloadbalancingv2::types::LoadBalancerAttribute::builder().key(key).value(value).build();
    let enable = elb.modify_load_balancer_attributes().load_balancer_arn(&arn);
    let enable =
        enable.attributes(attribute("access_logs.s3.enabled", "true")).attributes(attribute("access_logs.s3.bucket", "dev-alb-logs"));
    let refused = enable.send().await.told("elasticloadbalancing:ModifyLoadBalancerAttributes").unwrap_err();
    assert_eq!((refused.class, refused.code.as_str()), (Class::NotVisibleYet, "InvalidConfigurationRequest"), "{}", refused.message);

    bench.change("bucket.logs", with(allow(format!("arn:aws:s3:::dev-alb-logs/*/AWSLogs/{ACCOUNT}/*")))).await;
    let logs = json!({"bucket": to("bucket.logs", "name"), "prefix": "alb"});
    bench.change("load-balancer.main", edited(&spec(), json!({"access_logs": logs, "connection_logs": logs}))).await;
    for (field, key) in [("access_logs", "access_logs.s3.prefix"), ("connection_logs", "connection_logs.s3.bucket")] {
        tamper(&bench, |row| set(row, key, "theirs"));
        assert_eq!(bench.drift("load-balancer.main").await, [field]);
        bench.mend("load-balancer.main").await;
    }
    bench.change("load-balancer.main", spec()).await;
    // Bucket and prefix of logs that are off count for nothing.
    tamper(&bench, |row| set(row, "access_logs.s3.bucket", "theirs"));
    assert_eq!(bench.drift("load-balancer.main").await, Vec::<String>::new());
    assert_eq!(bench.refused_delete("bucket.logs").await.code, "BucketNotEmpty", "the file with which ELB tried it is left");
}

#[tokio::test(start_paused = true)]
async fn protection_is_never_switched_off_on_the_way() {
    let mut bench = stage().await;
    bench.make("load-balancer.main", edited(&spec(), json!({"deletion_protection": true}))).await;
    let refused = bench.refused_delete("load-balancer.main").await;
    assert_eq!(refused.class, Class::Denied);
    assert!(refused.message.contains("deletion_protection = false"), "{}", refused.message);
    let arn = bench.observe("load-balancer.main").await.unwrap().id.to_string();
    let delete = bench.aws.write.elb.delete_load_balancer().load_balancer_arn(&arn);
    let refused = delete.send().await.told("elasticloadbalancing:DeleteLoadBalancer").unwrap_err();
    assert_eq!((refused.class, refused.code.as_str()), (Class::Denied, "OperationNotPermitted"));
    bench.change("load-balancer.main", spec()).await;
    bench.remove("load-balancer.main").await;
    let again = bench.aws.write.elb.delete_load_balancer().load_balancer_arn(&arn).send().await;
    assert!(again.is_ok(), "to delete what is gone is no error");
}

#[tokio::test(start_paused = true)]
async fn to_create_one_that_is_there_is_to_be_handed_it() {
    let mut bench = stage().await;
    let theirs = bench.make("load-balancer.theirs", edited(&spec(), json!({"tags": {}}))).await;
    let attempt = bench.attempt(&"load-balancer.main".parse().unwrap());
    assert_eq!(bench.again("load-balancer.main", spec(), &attempt).await.unwrap(), theirs.id);
    let wanted = bench.resolved(&spec());
    let seen = bench.find("load-balancer.main", &wanted, None).await.unwrap().unwrap();
    assert_eq!(seen.owner.unwrap().address.to_string(), "load-balancer.theirs", "its mark still tells whose it is");

    let refused = bench.refused_create("load-balancer.main", edited(&spec(), json!({"security_groups": ["sg-more"]}))).await;
    assert_eq!((refused.class, refused.code.as_str()), (Class::Exists, "DuplicateLoadBalancerName"));
}

#[tokio::test(start_paused = true)]
async fn its_interfaces_hold_its_groups_and_subnets_for_a_while() {
    let mut bench = stage().await;
    let arn = bench.make("load-balancer.main", spec()).await.id.to_string();
    let interfaces = |bench: &Bench| {
        let mut found = vec![];
        bench.tamper(|here| {
            let held = here.network_interfaces.values().filter(|row| row.holder == arn);
            found.extend(held.map(|row| (row.description.clone(), row.groups.clone(), row.public_ip.is_some())));
        });
        found
    };
    let suffix = arn.split_once(":loadbalancer/").unwrap().1;
    assert_eq!(interfaces(&bench), vec![(format!("ELB {suffix}"), vec!["sg-alb".to_owned()], true); 2]);
    bench.change("load-balancer.main", edited(&spec(), json!({"security_groups": ["sg-more"]}))).await;
    assert_eq!(interfaces(&bench)[0].1, ["sg-more"]);
    let refused = bench.refused_delete("subnet.a").await;
    assert_eq!((refused.class, refused.code.as_str()), (Class::Dependency, "DependencyViolation"));

    bench.remove("load-balancer.main").await;
    assert_eq!(interfaces(&bench).len(), 2, "they outlive it");
    assert_eq!(bench.refused_delete("subnet.a").await.class, Class::Dependency);
    tokio::time::sleep(std::time::Duration::from_secs(121)).await;
    bench.remove("subnet.a").await;
    assert_eq!(interfaces(&bench).len(), 0);
}

#[tokio::test(start_paused = true)]
async fn where_it_cannot_stand_it_is_refused() {
    let mut bench = stage().await;
    bench.make("subnet.twin", json!({"vpc": to("vpc.main", "id"), "cidr": "10.0.9.0/24", "zone": "af-south-1a"})).await;
    bench.make("subnet.tiny", json!({"vpc": to("vpc.main", "id"), "cidr": "10.0.8.0/28", "zone": "af-south-1b"})).await;
    let on = |other: Value| edited(&spec(), json!({"subnets": [to("subnet.a", "id"), other]}));
    for (subnet, class, code) in [
        (to("subnet.twin", "id"), Class::Invalid, "InvalidConfigurationRequest"),
        (to("subnet.tiny", "id"), Class::Invalid, "InvalidSubnet"),
        (json!("subnet-none"), Class::NotVisibleYet, "SubnetNotFound"),
    ] {
        let refused = bench.refused_create("load-balancer.main", on(subnet)).await;
        assert_eq!((refused.class, refused.code.as_str()), (class, code), "{}", refused.message);
    }
    let refused = bench.refused_create("load-balancer.main", edited(&spec(), json!({"security_groups": ["sg-none"]}))).await;
    assert_eq!((refused.class, refused.code.as_str()), (Class::NotVisibleYet, "InvalidSecurityGroup"));
    let refused = bench.refused_create("load-balancer.main", edited(&spec(), json!({"ip_address_type": "dualstack"}))).await;
    assert_eq!((refused.class, refused.code.as_str()), (Class::Invalid, "InvalidConfigurationRequest"));

    bench.tamper(|here| here.internet_gateways.clear());
    let refused = bench.refused_create("load-balancer.main", spec()).await;
    assert_eq!((refused.class, refused.code.as_str()), (Class::NotVisibleYet, "InvalidSubnet"));
    let inside = bench.make("load-balancer.inside", edited(&spec(), json!({"internal": true}))).await;
    assert!(inside.outputs["dns_name"].as_str().unwrap().starts_with("internal-dev-alb-"));
}

#[tokio::test(start_paused = true)]
async fn one_that_went_between_two_reads_is_no_error_for_itself() {
    let mut bench = stage().await;
    let seen = bench.make("load-balancer.main", spec()).await;
    bench.tamper(|here| here.load_balancers.clear());
    assert_eq!(bench.observe("load-balancer.main").await, None);
    let elb = &bench.aws.read.elb;
    let gone = elb.describe_load_balancers().load_balancer_arns(seen.id.as_str()).send().await;
    assert_eq!(gone.told("elasticloadbalancing:DescribeLoadBalancers").unwrap_err().class, Class::Absent);
}

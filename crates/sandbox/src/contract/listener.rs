use aws_sdk_acm::types::ValidationMethod;
use bbws_aws::Told;
use bbws_model::Class;
use serde_json::{Value, json};

use super::{ACCOUNT, Bench, REGION, edited, load_balancer, to};
use crate::kinds::elb_action::Action;
use crate::kinds::listener::Row;

/// A field, and a change of it behind bbws's back.
type Drift = (&'static str, fn(&mut Row));

/// An active load balancer.
async fn stage() -> Bench {
    let mut bench = load_balancer::stage().await;
    bench.make("load-balancer.main", load_balancer::spec()).await;
    bench.forget_calls();
    bench
}

fn spec() -> Value {
    json!({
        "load_balancer": to("load-balancer.main", "active_arn"), "port": 80,
        "default_action": {"type": "fixed-response", "status": 404, "body": "no such site"}, "tags": {"Name": "http"},
    })
}

/// A certificate of the region, issued or not.
async fn certificate(bench: &Bench, domain: &str, issued: bool) -> String {
    let request = bench.aws.write.acm.request_certificate().domain_name(domain).validation_method(ValidationMethod::Dns);
    let arn = request.send().await.unwrap().certificate_arn.unwrap();
    bench.tamper(|here| here.certificates.get_mut(&arn).unwrap().issued_ms = issued.then_some(1));
    arn
}

/// Changes the listener on port 80 behind bbws's back.
fn tamper(bench: &Bench, change: impl FnOnce(&mut Row)) {
    bench.tamper(|here| change(here.listeners.values_mut().find(|row| row.port == 80).unwrap()));
}

#[tokio::test(start_paused = true)]
async fn the_contract_holds() {
    let mut bench = stage().await;
    let (first, second) = (certificate(&bench, "a.example.com", true).await, certificate(&bench, "b.example.com", true).await);
    let seen = bench.make("listener.http", spec()).await;
    assert!(seen.outputs["arn"].as_str().unwrap().contains(":listener/app/dev-alb/"), "{}", seen.outputs);

    let action = |action: Value| json!({"default_action": action});
    for edit in [
        json!({"port": 8080}),
        json!({"port": 443, "tls": {"certificate": first}}),
        json!({"port": 443, "tls": {"certificate": second, "policy": "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"}}),
        action(json!({"type": "fixed-response", "status": 200, "content_type": "text/html", "body": "<p>hi</p>"})),
        action(json!({"type": "redirect", "protocol": "HTTPS", "port": "443"})),
        action(json!({"type": "redirect", "host": "www.#{host}", "path": "/x", "query": "", "permanent": false})),
        json!({"tags": {"Team": "web"}}),
    ] {
        bench.change("listener.http", edited(&spec(), edit)).await;
    }
    bench.change("listener.http", spec()).await;

    let drifts: [Drift; 4] = [
        ("default_action", |row| row.action = Action::Fixed { status: "200".into(), content_type: None, body: None }),
        ("default_action", |row| row.action = Action::Authenticate { how: "authenticate-oidc".into() }),
        ("tags", |row| drop(row.tags.insert("who".into(), "me".into()))),
        ("tags", |row| row.tags.clear()),
    ];
    for (field, drift) in drifts {
        tamper(&bench, drift);
        assert_eq!(bench.drift("listener.http").await, [field]);
        bench.mend("listener.http").await;
    }
    tamper(&bench, |row| row.port = 81);
    assert_eq!(bench.drift("listener.http").await, ["port"]);
    bench.mend("listener.http").await;

    bench.change("listener.http", edited(&spec(), json!({"tls": {"certificate": first}}))).await;
    for drift in [
        (|row: &mut Row, _| row.tls.as_mut().unwrap().policy = "ELBSecurityPolicy-2016-08".into()) as fn(&mut Row, &str),
        |row, other| row.tls.as_mut().unwrap().certificate = other.to_owned(),
        |row, _| row.tls = None,
    ] {
        tamper(&bench, |row| drift(row, &second));
        assert_eq!(bench.drift("listener.http").await, ["tls"]);
        bench.mend("listener.http").await;
    }

    let wanted = bench.resolved(&spec());
    let found = bench.find("listener.http", &wanted, None).await.unwrap();
    assert_eq!(found.map(|found| found.id), Some(seen.id), "it is found by its port");
    assert_eq!(bench.hanging("listener.http").await, []);
    bench.remove("listener.http").await;
    bench.assert_permissions("listener", &["elasticloadbalancing:AddTags"]);
}

#[tokio::test(start_paused = true)]
async fn a_port_has_one_listener() {
    let mut bench = stage().await;
    let theirs = bench.make("listener.theirs", edited(&spec(), json!({"tags": {}}))).await;
    let attempt = bench.attempt(&"listener.http".parse().unwrap());
    assert_eq!(bench.again("listener.http", spec(), &attempt).await.unwrap(), theirs.id, "the same once more is handed out");
    let other = edited(&spec(), json!({"default_action": {"type": "fixed-response", "status": 503}}));
    let refused = bench.refused_create("listener.http", other).await;
    assert_eq!((refused.class, refused.code.as_str()), (Class::Exists, "DuplicateListener"));

    bench.make("listener.other", edited(&spec(), json!({"port": 8080}))).await;
    let modify = bench.aws.write.elb.modify_listener().listener_arn(theirs.id.as_str()).port(8080).send().await;
    assert_eq!(modify.told("elasticloadbalancing:ModifyListener").unwrap_err().code, "DuplicateListener");
}

#[tokio::test(start_paused = true)]
async fn it_waits_for_its_load_balancer() {
    let mut bench = load_balancer::stage().await;
    bench.only_create("load-balancer.main", load_balancer::spec()).await;
    let early = bench.keep("load-balancer.main").await;
    assert_eq!(early.outputs["active_arn"], Value::Null, "nothing to refer to yet");
    let refused = bench.refused_create("listener.http", edited(&spec(), json!({"load_balancer": early.id.as_str()}))).await;
    assert!(refused.message.contains("provisioned"), "{}", refused.message);
}

#[tokio::test(start_paused = true)]
async fn a_certificate_in_use_stays_and_one_not_issued_does_not_do() {
    let mut bench = stage().await;
    let (issued, waiting) = (certificate(&bench, "a.example.com", true).await, certificate(&bench, "b.example.com", false).await);
    let with = |certificate: &str| edited(&spec(), json!({"port": 443, "tls": {"certificate": certificate}}));
    let refused = bench.refused_create("listener.https", with(&waiting)).await;
    assert_eq!((refused.class, refused.code.as_str()), (Class::NotVisibleYet, "UnsupportedCertificate"));
    let refused = bench.refused_create("listener.https", with(&issued.replace(REGION, "us-east-1"))).await;
    assert_eq!((refused.class, refused.code.as_str()), (Class::NotVisibleYet, "CertificateNotFound"));

    let seen = bench.make("listener.https", with(&issued)).await;
    // A tenant's certificate beside ours hangs on it, and an update leaves it there.
    bench.tamper(|here| {
        let row = here.listeners.get_mut(seen.id.as_str()).unwrap();
        assert!(row.tls.as_mut().unwrap().further.insert(waiting.clone()));
    });
    bench.change("listener.https", edited(&with(&issued), json!({"default_action": {"type": "fixed-response", "status": 503}}))).await;
    assert_eq!(bench.hanging("listener.https").await, [("certificate of a listener", waiting.clone())]);
    let delete = || bench.aws.write.acm.delete_certificate().certificate_arn(&issued).send();
    assert_eq!(delete().await.told("acm:DeleteCertificate").unwrap_err().class, Class::Dependency);
    let told = bench.aws.read.acm.describe_certificate().certificate_arn(&issued).send().await.unwrap().certificate.unwrap();
    assert!(told.in_use_by()[0].contains(":loadbalancer/app/dev-alb/"), "{:?}", told.in_use_by());
    let acm = bench.aws.write.acm.clone();
    bench.remove("listener.https").await;
    acm.delete_certificate().certificate_arn(&issued).send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn tls_is_as_strict_as_declared_and_takes_a_policy_that_exists() {
    let mut bench = stage().await;
    let arn = certificate(&bench, "a.example.com", true).await;
    let with = |policy: &str| edited(&spec(), json!({"port": 443, "tls": {"certificate": arn, "policy": policy}}));
    let refused = bench.refused_create("listener.https", with("ELBSecurityPolicy-None")).await;
    assert_eq!((refused.class, refused.code.as_str()), (Class::Invalid, "SSLPolicyNotFound"));
    let elb = bench.aws.write.elb.clone();
    let on = bench.observe("load-balancer.main").await.unwrap().id.to_string();
    let bare = elb.create_listener().load_balancer_arn(on).port(443).protocol("HTTPS".into());
    let action = fixed();
    let bare = bare.certificates(aws_sdk_elasticloadbalancingv2::types::Certificate::builder().certificate_arn(&arn).build());
    let made = bare.default_actions(action).send().await.unwrap();
    assert_eq!(made.listeners()[0].ssl_policy(), Some("ELBSecurityPolicy-2016-08"), "what AWS takes where nobody says");
}

pub(super) fn fixed() -> aws_sdk_elasticloadbalancingv2::types::Action {
    let config = aws_sdk_elasticloadbalancingv2::types::FixedResponseActionConfig::builder().status_code("404").build();
    aws_sdk_elasticloadbalancingv2::types::Action::builder().r#type("fixed-response".into()).fixed_response_config(config).build()
}

#[tokio::test(start_paused = true)]
async fn what_tenants_hang_on_it_is_seen_and_left_alone() {
    let mut bench = stage().await;
    let listener = bench.make("listener.http", spec()).await.id.to_string();
    let (on, vpc) = (bench.observe("load-balancer.main").await.unwrap(), bench.observe("vpc.main").await.unwrap());
    let on = on.id.to_string();
    let (used, rule) = bench.sandbox.sim().tamper(|cloud| {
        let mut tenant = cloud.tenant(ACCOUNT, REGION);
        let used = tenant.target_group("shop", vpc.id.as_str());
        tenant.target_group("idle", vpc.id.as_str());
        let rule = tenant.rule(&listener, 10, "shop.example.com", &used);
        (used, rule)
    });
    let elb = bench.aws.read.elb.clone();
    let groups = elb.describe_target_groups().load_balancer_arn(&on).send().await.unwrap();
    assert_eq!(groups.target_groups().iter().map(|group| group.target_group_name().unwrap()).collect::<Vec<_>>(), ["shop"]);
    assert_eq!(groups.target_groups()[0].load_balancer_arns(), std::slice::from_ref(&on));
    assert_eq!(elb.describe_target_groups().send().await.unwrap().target_groups().len(), 2);

    bench.change("listener.http", edited(&spec(), json!({"default_action": {"type": "fixed-response", "status": 503}}))).await;
    let rules = elb.describe_rules().listener_arn(&listener).send().await.unwrap();
    let said: Vec<_> = rules.rules().iter().map(|rule| (rule.priority().unwrap(), rule.is_default().unwrap())).collect();
    assert_eq!(said, [("10", false), ("default", true)], "the tenant's rule stands");
    assert_eq!(rules.rules()[0].conditions()[0].values(), ["shop.example.com"]);
    assert_eq!(rules.rules()[0].rule_arn(), Some(rule.as_str()));

    let hanging = [("listener rule", "shop.example.com".to_owned())];
    assert_eq!(bench.hanging("listener.http").await, hanging);
    let all = bench.hanging("load-balancer.main").await;
    assert_eq!(all, [("listener", listener.clone()), hanging[0].clone(), ("target group", "shop".to_owned())]);

    // bbws may forward to it as well, in whatever form AWS answers that.
    let forward = json!({"default_action": {"type": "forward", "target_groups": {used.clone(): 1}}});
    bench.change("listener.http", edited(&spec(), forward)).await;
    let missing = json!({"default_action": {"type": "forward", "target_groups": {used.replace("shop", "none"): 1}}});
    let refused = bench.refused_create("listener.more", edited(&spec(), edited(&json!({"port": 81}), missing))).await;
    assert_eq!((refused.class, refused.code.as_str()), (Class::Absent, "TargetGroupNotFound"));

    bench.remove("load-balancer.main").await;
    assert_eq!(bench.observe("listener.http").await, None, "listeners go with their load balancer");
    assert_eq!(elb.describe_target_groups().names("shop").send().await.unwrap().target_groups()[0].load_balancer_arns().len(), 0);
    let gone = elb.describe_rules().rule_arns(&rule).send().await.told("elasticloadbalancing:DescribeRules").unwrap_err();
    assert_eq!(gone.class, Class::Absent);
}

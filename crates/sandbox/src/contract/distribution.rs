use std::collections::BTreeMap;
use std::time::Duration;

use bbws_aws::Told;
use bbws_model::{Address, Class, Phase, Severity};
use serde_json::{Value, json};

use super::{ACCOUNT, Bench, edited, to};
use crate::cloud::GLOBAL;
use crate::kinds::cdn_config::CertificateRow;
use crate::kinds::certificate;
use crate::kinds::distribution::Row;
use crate::kinds::secret::Guarded;

const PROD: &str = "093646564004";
const CERTIFICATE: &str = "arn:aws:acm:us-east-1:536580886816:certificate/11111111-1111-4111-8111-111111111111";

/// A field, and a change of it behind bbws's back.
type Drift = (&'static str, fn(&mut Row));

pub(super) fn spec() -> Value {
    json!({
        "comment": "dev",
        "origins": {"alb": {"domain_name": "dev-1.af-south-1.elb.amazonaws.com", "protocol": "http-only"}},
        "default_behaviour": {"origin": "alb", "cache_policy": "CachingDisabled", "origin_request_policy": "AllViewer", "methods": "all"},
        "behaviours": [
            {"path": "/wp-content/*", "behaviour": {"origin": "alb", "cache_policy": "CachingOptimized", "methods": "options", "cache_options": true}},
            {"path": "/wp-includes/*", "behaviour": {"origin": "alb", "cache_policy": "CachingOptimized"}},
        ],
    })
}

fn alb(edit: Value) -> Value {
    json!({"origins": {"alb": edited(&spec()["origins"]["alb"], edit)}})
}

fn default_behaviour(edit: Value) -> Value {
    json!({"default_behaviour": edited(&spec()["default_behaviour"], edit)})
}

impl Bench {
    /// Puts an issued certificate for these names into an account's us-east-1.
    pub(super) fn issued(&self, arn: &str, names: &[&str]) {
        let account = arn.split(':').nth(4).unwrap().to_owned();
        let row = certificate::Row {
            names: names.iter().map(|name| bbws_kinds::DomainName::new(name)).collect(),
            key: "RSA_2048".into(),
            token: None,
            requested_ms: 0,
            shown_ms: 0,
            issued_ms: Some(0),
            gave_up_ms: None,
            tags: BTreeMap::new(),
        };
        self.sandbox.sim().tamper(|cloud| {
            let here = cloud.accounts.entry(account).or_default().regions.entry(GLOBAL.into()).or_default();
            here.certificates.insert(arn.to_owned(), row);
        });
    }

    /// Changes the one distribution behind bbws's back.
    pub(super) fn tamper_cdn(&self, change: impl FnOnce(&mut Row)) {
        self.tamper_in(GLOBAL, |here| change(here.distributions.values_mut().next().unwrap()));
    }

    fn cdn(&self) -> Row {
        let cloud = self.sandbox.sim().cloud();
        cloud.accounts[ACCOUNT].regions[GLOBAL].distributions.values().next().unwrap().clone()
    }
}

#[tokio::test(start_paused = true)]
async fn the_contract_holds() {
    let mut bench = Bench::new();
    bench.issued(CERTIFICATE, &["wp.example.com", "*.wp.example.com"]);
    bench.make("cdn-function.headers", json!({"name": "dev-headers", "code": "function handler(event) { return event.request; }"})).await;
    bench.make("secret.origin", json!({"name": "dev-origin"})).await;
    bench.forget_calls();

    bench.only_create("distribution.main", spec()).await;
    let new = bench.keep("distribution.main").await;
    assert!(matches!(&new.phase, Phase::Pending(why) if why.contains("InProgress")), "{:?}", new.phase);
    assert!(new.outputs["domain_name"].as_str().unwrap().ends_with(".cloudfront.net"), "{}", new.outputs);
    assert_eq!((&new.outputs["zone_id"], &new.outputs["status"]), (&json!("Z2FDTNDATAQYW2"), &json!("InProgress")));
    let seen = bench.change("distribution.main", spec()).await;
    assert_eq!(seen.outputs["status"], "Deployed");

    let header = json!({"X-Origin-Verify": {"secret": to("secret.origin", "arn"), "version": to("secret.origin", "version_id"), "field": "password"}});
    // Each takes minutes to come to the edges, so that what does not get in each other's way goes together.
    let edits: [Vec<Value>; 8] = [
        vec![
            json!({"comment": "DEV", "default_root_object": "index.php", "price_class": "PriceClass_200", "http_version": "http2and3"}),
            json!({"ipv6": false, "geo_restriction": {"deny": ["KP", "IR"]}, "tags": {"Team": "web"}}),
            json!({"certificate": {"arn": CERTIFICATE}, "aliases": ["wp.example.com", "*.wp.example.com"]}),
            alb(json!({"domain_name": "origin.example.com", "protocol": "https-only", "path": "/site", "headers": header.clone()})),
            default_behaviour(
                json!({"functions": {"viewer-request": to("cdn-function.headers", "arn")}, "methods": "get", "compress": false}),
            ),
            json!({"behaviours": [spec()["behaviours"][1], spec()["behaviours"][0]]}),
        ],
        vec![
            json!({"certificate": {"arn": CERTIFICATE, "min_tls": "TLSv1.2_2019"}, "geo_restriction": {"allow": ["ZA"]}}),
            alb(json!({"http_port": 8080, "https_port": 8443, "tls_versions": ["TLSv1.1", "TLSv1.2"], "protocol": "match-viewer"})),
            default_behaviour(
                json!({"response_headers_policy": "SecurityHeadersPolicy", "viewer_protocol": "https-only", "cache_options": true}),
            ),
            json!({"behaviours": [], "web_acl": "arn:aws:wafv2:us-east-1:536580886816:global/webacl/a/1", "http_version": "http3"}),
        ],
        vec![
            alb(
                json!({"read_timeout_seconds": 60, "keepalive_timeout_seconds": 60, "connection_attempts": 2, "connection_timeout_seconds": 5}),
            ),
            default_behaviour(
                json!({"cache_policy": "UseOriginCacheControlHeaders", "origin_request_policy": "AllViewerExceptHostHeader"}),
            ),
            json!({"price_class": "PriceClass_100", "http_version": "http1.1"}),
        ],
        vec![default_behaviour(json!({"origin_request_policy": null, "viewer_protocol": "allow-all"}))],
        vec![default_behaviour(json!({
            "cache_policy": "AddedLater", "origin_request_policy": "AddedLater", "response_headers_policy": "AddedLater"
        }))],
        vec![json!({"enabled": false})],
        vec![json!({"tags": {"Team": "ops"}})],
        vec![],
    ];
    for edit in edits {
        bench.change("distribution.main", edit.into_iter().fold(spec(), |spec, edit| edited(&spec, edit))).await;
    }

    let whole = edited(
        &edited(&spec(), alb(json!({"headers": header}))),
        json!({"certificate": {"arn": CERTIFICATE}, "aliases": ["wp.example.com"], "web_acl": "arn:aws:wafv2:us-east-1:536580886816:global/webacl/a/1"}),
    );
    bench.change("distribution.main", whole.clone()).await;
    let drifts: [Drift; 33] = [
        ("comment", |row| row.config.comment = "edited".into()),
        ("enabled", |row| row.config.enabled = false),
        ("aliases", |row| row.config.aliases.push("blog.wp.example.com".into())),
        ("certificate", |row| row.config.certificate = None),
        ("certificate", |row| row.config.certificate.as_mut().unwrap().min_tls = "TLSv1".into()),
        ("others", |row| row.config.certificate.as_mut().unwrap().method = "vip".into()),
        ("origins", |row| row.config.origins[0].domain_name = "other.example.com".into()),
        ("origins", |row| row.config.origins[0].path = "/x".into()),
        ("origins", |row| row.config.origins[0].protocol = "match-viewer".into()),
        ("origins", |row| row.config.origins[0].ports = (8080, 443)),
        ("origins", |row| row.config.origins[0].tls_versions.push("TLSv1".into())),
        ("origins", |row| row.config.origins[0].read_timeout = 31),
        ("origins", |row| row.config.origins[0].keepalive = 6),
        ("origins", |row| row.config.origins[0].attempts = 1),
        ("origins", |row| row.config.origins[0].connection_timeout = 9),
        ("origins.alb.headers.X-Origin-Verify", |row| row.config.origins[0].headers[0].1 = Guarded("stolen".into())),
        ("origins.alb.headers.X-Origin-Verify", |row| row.config.origins[0].headers.clear()),
        ("origins.alb.headers.X-Debug", |row| row.config.origins[0].headers.push(("X-Debug".into(), Guarded("1".into())))),
        ("others", |row| row.config.origins[0].shield = Some("us-east-1".into())),
        ("default_behaviour", |row| row.config.default.viewer_protocol = "allow-all".into()),
        ("default_behaviour", |row| row.config.default.cache_policy = "658327ea-f89d-4fab-a63d-7e88639e58f6".into()),
        ("default_behaviour", |row| row.config.default.request_policy = Some("00000000-0000-4000-8000-000000000000".into())),
        ("default_behaviour", |row| row.config.default.response_policy = Some("60669652-455b-4ae9-85a4-c4c02393f86c".into())),
        ("default_behaviour", |row| row.config.default.compress = false),
        ("others", |row| row.config.default.smooth_streaming = true),
        ("behaviours", |row| row.config.behaviours.reverse()),
        ("default_root_object", |row| row.config.root = "index.html".into()),
        ("price_class", |row| row.config.price_class = "PriceClass_100".into()),
        ("http_version", |row| row.config.http_version = "http1.1".into()),
        ("ipv6", |row| row.config.ipv6 = false),
        ("geo_restriction", |row| row.config.geo = ("blacklist".into(), vec!["ZA".into()])),
        ("web_acl", |row| row.config.web_acl.clear()),
        ("tags", |row| drop(row.tags.insert("who".into(), "me".into()))),
    ];
    let drifts = drifts.into_iter().chain([
        ("others", (|row| row.config.logging = Some(("logs.s3.amazonaws.com".into(), "cdn/".into()))) as fn(&mut Row)),
        ("others", |row| row.config.error_codes.push(404)),
    ]);
    let before = bench.cdn();
    for (field, drift) in drifts.clone() {
        bench.tamper_cdn(drift);
        assert_eq!(bench.drift("distribution.main").await, [field]);
        let kept = before.clone();
        bench.tamper_cdn(|row| *row = kept);
    }
    // Everything at once comes back as it was.
    for (_, drift) in drifts.filter(|(field, _)| !["certificate", "origins.alb.headers.X-Origin-Verify"].contains(field)) {
        bench.tamper_cdn(drift);
    }
    bench.mend("distribution.main").await;
    let after = bench.cdn();
    assert_eq!((after.config, after.tags), (before.config.clone(), before.tags.clone()));
    for lost in [(|row| row.config.certificate = None) as fn(&mut Row), |row| row.config.origins[0].headers.clear()] {
        bench.tamper_cdn(lost);
        bench.mend("distribution.main").await;
        assert_eq!(bench.cdn().config, before.config);
    }

    assert_eq!(bench.find("distribution.main", &spec(), None).await.unwrap().unwrap().id, seen.id, "it is found by its mark");
    bench.remove("distribution.main").await;
    assert!(bench.cdn_is_gone());
    bench.assert_permissions("distribution", &["cloudfront:TagResource"]);
}

impl Bench {
    fn cdn_is_gone(&self) -> bool {
        self.sandbox.sim().cloud().accounts[ACCOUNT].regions[GLOBAL].distributions.is_empty()
    }
}

#[tokio::test(start_paused = true)]
async fn the_value_of_a_header_shows_itself_nowhere() {
    let mut bench = Bench::new();
    let secret = bench.make("secret.origin", json!({"name": "dev-origin"})).await;
    let (value, _) = bench.value(secret.id.as_str()).await;
    let password = value["password"].as_str().unwrap().to_owned();
    let header = json!({"X-Origin-Verify": {"secret": to("secret.origin", "arn"), "field": "password"}});
    let seen = bench.make("distribution.main", edited(&spec(), alb(json!({"headers": header})))).await;
    assert_eq!(bench.cdn().config.origins[0].headers[0].1.0, password, "CloudFront got it");
    assert!(!format!("{seen:?} {:?}", bench.sandbox.sim().cloud()).contains(&password));

    // A newer version in force is seen, and CloudFront is told.
    let newer = json!({"username": "admin", "password": "newer"}).to_string();
    let put = bench.aws.write.secrets.put_secret_value().secret_id("dev-origin").client_request_token("0".repeat(32)).secret_string(newer);
    put.send().await.unwrap();
    assert_eq!(bench.drift("distribution.main").await, ["origins.alb.headers.X-Origin-Verify"]);
    bench.mend("distribution.main").await;
    assert_eq!(bench.cdn().config.origins[0].headers[0].1.0, "newer");
}

#[tokio::test(start_paused = true)]
async fn a_header_waits_for_its_secret_to_be_filled() {
    let mut bench = Bench::new();
    bench.only_create("secret.origin", json!({"name": "dev-origin", "generate": false})).await;
    let header = json!({"X-Origin-Verify": {"secret": "dev-origin"}});
    let refused = bench.refused_create("distribution.main", edited(&spec(), alb(json!({"headers": header})))).await;
    assert_eq!(refused.class, Class::NotVisibleYet, "{refused}");
}

#[tokio::test(start_paused = true)]
async fn what_somebody_else_gave_it_is_shown_and_kept() {
    let mut bench = Bench::new();
    bench.make("distribution.main", spec()).await;
    let lambda = || vec![("origin-request".to_owned(), "arn:aws:lambda:us-east-1:536580886816:function:f:1".to_owned(), true)];
    bench.tamper_cdn(|row| {
        row.config.default.lambda = lambda();
        row.config.behaviours[1].1.lambda = lambda();
        row.config.web_acl = "arn:aws:wafv2:us-east-1:536580886816:global/webacl/a/1".into();
    });
    assert_eq!(bench.drift("distribution.main").await, Vec::<String>::new());
    let seen = bench.observe("distribution.main").await.unwrap();
    let findings = bbws_kinds::all().get("distribution").unwrap().health(&seen).unwrap();
    assert_eq!(findings.iter().map(|f| f.severity).collect::<Vec<_>>(), [Severity::Note, Severity::Note]);

    let turned = json!({"behaviours": [spec()["behaviours"][1], spec()["behaviours"][0]], "comment": "turned"});
    bench.change("distribution.main", edited(&spec(), turned)).await;
    let config = bench.cdn().config;
    assert_eq!((config.default.lambda, config.behaviours[0].1.lambda.clone()), (lambda(), lambda()), "they stay with their paths");
    assert!(config.behaviours[1].1.lambda.is_empty() && !config.web_acl.is_empty());
}

#[tokio::test(start_paused = true)]
async fn nobody_elses_change_is_overwritten() {
    let mut bench = Bench::new();
    let seen = bench.make("distribution.main", spec()).await;
    bench.tamper_cdn(|row| row.config.price_class = "PriceClass_100".into());
    let at: Address = "distribution.main".parse().unwrap();
    let (want, attempt) = (bench.resolved(&edited(&seen.spec, json!({"comment": "mine"}))), bench.attempt(&at));
    let refused = bench.driver(&at).update(&seen, &want, &attempt).await.unwrap_err();
    assert_eq!((refused.class, bench.cdn().config.comment.as_str()), (Class::Conflict, "dev"));

    let cloudfront = &bench.aws.write.cloudfront;
    let got = bench.aws.read.cloudfront.get_distribution().id(seen.id.as_str()).send().await.unwrap();
    let config = got.distribution.unwrap().distribution_config.unwrap();
    let stale = cloudfront.update_distribution().id(seen.id.as_str()).if_match("E0").distribution_config(config.clone()).send().await;
    let stale = stale.told("cloudfront:UpdateDistribution").unwrap_err();
    assert_eq!((stale.class, stale.code.as_str()), (Class::Conflict, "PreconditionFailed"));
    let without = cloudfront.update_distribution().id(seen.id.as_str()).distribution_config(config).send().await;
    assert_eq!(without.told("cloudfront:UpdateDistribution").unwrap_err().code, "InvalidIfMatchVersion");
    let enabled = cloudfront.delete_distribution().id(seen.id.as_str()).if_match(got.e_tag.unwrap()).send().await;
    let enabled = enabled.told("cloudfront:DeleteDistribution").unwrap_err();
    assert_eq!((enabled.class, enabled.code.as_str()), (Class::Dependency, "DistributionNotDisabled"));
}

#[tokio::test(start_paused = true)]
async fn an_attempt_makes_one_distribution() {
    let mut bench = Bench::new();
    let (attempt, id) = bench.only_create("distribution.main", spec()).await;
    let refused = bench.again("distribution.main", spec(), &attempt).await.unwrap_err();
    assert_eq!((refused.class, refused.code.as_str()), (Class::Exists, "DistributionAlreadyExists"));
    let found = bench.find("distribution.main", &spec(), Some(attempt.owner.intent.clone())).await.unwrap().unwrap();
    assert_eq!(found.id, id, "its mark came with it");
    let other = bbws_model::IntentId("01OTHER".into());
    assert!(bench.find("distribution.main", &spec(), Some(other)).await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_name_is_of_one_distribution_in_the_world() {
    const THEIRS: &str = "arn:aws:acm:us-east-1:093646564004:certificate/22222222-2222-4222-8222-222222222222";
    let mut bench = Bench::new();
    bench.issued(CERTIFICATE, &["*.example.com"]);
    bench.issued(THEIRS, &["*.example.com"]);
    let mut prod = bench.of_account(PROD);
    let named = |arn: &str| edited(&spec(), json!({"certificate": {"arn": arn}, "aliases": ["wp.example.com"]}));
    prod.make("distribution.main", named(THEIRS)).await;
    let refused = bench.refused_create("distribution.main", named(CERTIFICATE)).await;
    assert_eq!((refused.class, refused.code.as_str()), (Class::Exists, "CNAMEAlreadyExists"));

    // In the account itself, who has the name is seen before anything is made.
    let taken = prod.find("distribution.other", &named(THEIRS), None).await.unwrap().unwrap();
    assert_eq!(taken.owner.unwrap().address.to_string(), "distribution.main");
    assert!(prod.find("distribution.other", &spec(), None).await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_certificate_has_to_be_issued_in_us_east_1_and_cover_every_name() {
    let mut bench = Bench::new();
    bench.issued(CERTIFICATE, &["*.example.com"]);
    let named = |arn: &str, alias: &str| edited(&spec(), json!({"certificate": {"arn": arn}, "aliases": [alias]}));
    let regional = CERTIFICATE.replace("us-east-1", "af-south-1");
    for unfit in [regional.as_str(), "arn:aws:acm:us-east-1:536580886816:certificate/none"] {
        let refused = bench.refused_create("distribution.main", named(unfit, "wp.example.com")).await;
        assert_eq!((refused.class, refused.code.as_str()), (Class::NotVisibleYet, "InvalidViewerCertificate"));
    }
    let refused = bench.refused_create("distribution.main", named(CERTIFICATE, "example.com")).await;
    assert_eq!((refused.class, refused.code.as_str()), (Class::Invalid, "InvalidViewerCertificate"));

    bench.make("distribution.main", named(CERTIFICATE, "wp.example.com")).await;
    let delete = || bench.aws.at(GLOBAL).1.acm.delete_certificate().certificate_arn(CERTIFICATE).send();
    assert_eq!(delete().await.told("acm:DeleteCertificate").unwrap_err().class, Class::Dependency);
    let at: Address = "distribution.main".parse().unwrap();
    let attempt = bbws_engine::Attempt {
        owner: bbws_model::Ownership { lineage: "l".into(), address: at.clone(), intent: bbws_model::IntentId("i".into()) },
        token: "0".repeat(32),
    };
    let seen = bench.made[&at].0.clone();
    let want = edited(&seen.spec, json!({"certificate": null, "aliases": []}));
    bench.driver(&at).update(&seen, &want, &attempt).await.unwrap();
    assert_eq!(delete().await.told("acm:DeleteCertificate").unwrap_err().class, Class::Dependency, "some edge still shows it");
    tokio::time::sleep(Duration::from_secs(241)).await;
    delete().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_is_too_much_or_not_there_is_refused() {
    let mut bench = Bench::new();
    let path = |n: usize| json!({"path": format!("/{n}"), "behaviour": {"origin": "alb", "cache_policy": "CachingOptimized"}});
    let many: Vec<Value> = (0..26).map(path).collect();
    let refused = bench.refused_create("distribution.main", edited(&spec(), json!({"behaviours": many}))).await;
    assert_eq!((refused.class, refused.code.as_str()), (Class::Limit, "TooManyCacheBehaviors"));
    let refused = bench.refused_create("distribution.main", edited(&spec(), default_behaviour(json!({"cache_policy": "Fast"})))).await;
    assert!(refused.message.contains("no managed cache policy `Fast`"), "{refused}");
    let unknown = json!({"cache_policy": "00000000-0000-4000-8000-000000000000"});
    let refused = bench.refused_create("distribution.main", edited(&spec(), default_behaviour(unknown))).await;
    assert_eq!(refused.code, "NoSuchCachePolicy");
    let refused = bench.refused_create("distribution.main", edited(&spec(), default_behaviour(json!({"origin": "nlb"})))).await;
    assert_eq!(refused.code, "NoSuchOrigin");
    let function = json!({"functions": {"viewer-request": "arn:aws:cloudfront::536580886816:function/none"}});
    let refused = bench.refused_create("distribution.main", edited(&spec(), default_behaviour(function))).await;
    assert_eq!(refused.code, "InvalidFunctionAssociation");
    bench.make("distribution.main", spec()).await;
    bench.tamper_cdn(|row| {
        row.config.certificate =
            Some(CertificateRow { arn: CERTIFICATE.into(), min_tls: "TLSv1.2_2021".into(), method: "sni-only".into() });
    });
    assert_eq!(bench.drift("distribution.main").await, ["certificate"]);
}

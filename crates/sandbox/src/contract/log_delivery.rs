use bbws_kinds::log_delivery_policy;
use bbws_model::Class;
use serde_json::{Value, json};

use super::distribution::spec as distribution;
use super::{ACCOUNT, Bench, edited, to};
use crate::cloud::GLOBAL;
use crate::kinds::log_delivery::Row;

/// A field, and a change of it behind bbws's back.
type Drift = (&'static str, fn(&mut Row));

pub(super) const BUCKET: &str = "dev-cdn-logs-536580886816";

fn spec() -> Value {
    json!({"source": to("log-delivery-source.cdn", "name"), "destination": to("log-delivery-destination.cdn", "arn"), "tags": {"Team": "web"}})
}

impl Bench {
    /// A distribution, and a bucket in the environment's region that takes its logs.
    pub(super) async fn logged_distribution(&mut self) {
        self.make("bucket.logs", json!({"name": BUCKET, "policy": log_delivery_policy(BUCKET, ACCOUNT).value()})).await;
        self.make("distribution.main", distribution()).await;
        self.forget_calls();
    }

    async fn ends(&mut self) {
        self.logged_distribution().await;
        self.make("log-delivery-source.cdn", json!({"name": "dev-cdn", "distribution": to("distribution.main", "arn")})).await;
        self.make("log-delivery-destination.cdn", json!({"name": "dev-cdn", "bucket": to("bucket.logs", "arn")})).await;
        self.forget_calls();
    }

    fn tamper_delivery(&self, change: impl FnOnce(&mut Row)) {
        self.tamper_in(GLOBAL, |here| change(here.deliveries.values_mut().next().unwrap()));
    }
}

#[tokio::test(start_paused = true)]
async fn the_contract_holds() {
    const PREFIX: &str = "AWSLogs/{account-id}/CloudFront/";
    let mut bench = Bench::new();
    bench.ends().await;
    let seen = bench.make("log-delivery.cdn", spec()).await;
    bench.tamper_delivery(|row| assert!(row.path.starts_with(PREFIX), "AWS puts it there"));
    for edit in [
        json!({"fields": ["date", "time", "sc-status"]}),
        json!({"path": "{DistributionId}/{yyyy}"}),
        json!({"hive": true}),
        json!({"tags": {}}),
    ] {
        bench.change("log-delivery.cdn", edited(&spec(), edit)).await;
        bench.tamper_delivery(|row| assert!(row.path.starts_with(PREFIX), "the bucket lets logs in below it only: {}", row.path));
    }
    bench.change("log-delivery.cdn", spec()).await;

    let drifts: [Drift; 5] = [
        ("fields", |row| row.fields.push("cs(Cookie)".into())),
        ("path", |row| row.path = "{DistributionId}/{yyyy}/{MM}/{dd}/{HH}".into()),
        ("path", |row| row.path.push_str("/x")),
        ("hive", |row| row.hive = true),
        ("tags", |row| drop(row.tags.insert("who".into(), "me".into()))),
    ];
    for (field, drift) in drifts {
        bench.tamper_delivery(drift);
        assert_eq!(bench.drift("log-delivery.cdn").await, [field]);
        bench.mend("log-delivery.cdn").await;
    }
    let resolved = bench.resolved(&spec());
    assert_eq!(bench.find("log-delivery.cdn", &resolved, None).await.unwrap().unwrap().id, seen.id, "it is found by what it joins");
    bench.remove("log-delivery.cdn").await;
    bench.assert_permissions("log-delivery", &["logs:TagResource"]);
}

#[tokio::test(start_paused = true)]
async fn its_ends_stay_as_long_as_it_does() {
    let mut bench = Bench::new();
    bench.ends().await;
    bench.make("log-delivery.cdn", spec()).await;
    for of in ["log-delivery-source.cdn", "log-delivery-destination.cdn"] {
        let refused = bench.refused_delete(of).await;
        assert_eq!((refused.class, refused.code.as_str()), (Class::Dependency, "ConflictException"), "{of}");
    }
    for address in ["log-delivery.cdn", "log-delivery-source.cdn", "log-delivery-destination.cdn", "distribution.main"] {
        bench.remove(address).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_delimiter_fits_some_formats_only() {
    let mut bench = Bench::new();
    bench.ends().await;
    let refused = bench.refused_create("log-delivery.cdn", edited(&spec(), json!({"delimiter": ";"}))).await;
    assert_eq!(refused.class, Class::Invalid);
    let w3c = json!({"name": "dev-w3c", "bucket": to("bucket.logs", "arn"), "format": "w3c"});
    bench.make("log-delivery-destination.w3c", w3c).await;
    let spec = edited(&spec(), json!({"destination": to("log-delivery-destination.w3c", "arn"), "delimiter": ";"}));
    bench.make("log-delivery.w3c", spec.clone()).await;
    bench.tamper_delivery(|row| row.delimiter = ",".into());
    assert_eq!(bench.drift("log-delivery.w3c").await, ["delimiter"]);
    bench.mend("log-delivery.w3c").await;
}

#[tokio::test(start_paused = true)]
async fn a_bucket_that_does_not_let_logs_in_is_refused() {
    let mut bench = Bench::new();
    bench.ends().await;
    bench.make("bucket.closed", json!({"name": "dev-closed-536580886816"})).await;
    bench.make("log-delivery-destination.closed", json!({"name": "dev-closed", "bucket": to("bucket.closed", "arn")})).await;
    let closed = edited(&spec(), json!({"destination": to("log-delivery-destination.closed", "arn")}));
    let refused = bench.refused_create("log-delivery.cdn", closed.clone()).await;
    assert_eq!((refused.class, refused.code.as_str()), (Class::Denied, "AccessDeniedException"));
    bench.make("log-delivery.cdn", spec()).await;
    assert_eq!(bench.refused_create("log-delivery.second", closed).await.class, Class::Conflict, "a source delivers once");
}

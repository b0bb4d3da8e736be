use bbws_model::Class;
use serde_json::{Value, json};

use super::{Bench, edited, to};
use crate::cloud::GLOBAL;
use crate::kinds::log_delivery_destination::Row;

/// A field, and a change of it behind bbws's back.
type Drift = (&'static str, fn(&mut Row));

fn spec() -> Value {
    json!({"name": "dev-cdn", "bucket": to("bucket.logs", "arn"), "tags": {"Team": "web"}})
}

#[tokio::test(start_paused = true)]
async fn the_contract_holds() {
    let mut bench = Bench::new();
    bench.logged_distribution().await;
    bench.make("bucket.other", json!({"name": "dev-other-536580886816"})).await;
    bench.forget_calls();
    let seen = bench.make("log-delivery-destination.cdn", spec()).await;
    assert_eq!(seen.outputs["arn"], "arn:aws:logs:us-east-1:536580886816:delivery-destination:dev-cdn");
    for edit in [json!({"bucket": to("bucket.other", "arn")}), json!({"tags": {"Team": "ops"}}), json!({"tags": {}})] {
        bench.change("log-delivery-destination.cdn", edited(&spec(), edit)).await;
    }
    bench.change("log-delivery-destination.cdn", spec()).await;
    let row = |bench: &Bench, change: fn(&mut Row)| {
        bench.tamper_in(GLOBAL, |here| change(here.delivery_destinations.get_mut("dev-cdn").unwrap()));
    };
    let drifts: [Drift; 2] = [
        ("bucket", |row| row.bucket = "arn:aws:s3:::dev-other-536580886816".into()),
        ("tags", |row| drop(row.tags.insert("who".into(), "me".into()))),
    ];
    for (field, drift) in drifts {
        row(&bench, drift);
        assert_eq!(bench.drift("log-delivery-destination.cdn").await, [field]);
        bench.mend("log-delivery-destination.cdn").await;
    }
    row(&bench, |row| row.format = "w3c".into());
    assert_eq!(bench.drift("log-delivery-destination.cdn").await, ["format"]);
    row(&bench, |row| row.format = "json".into());

    let resolved = bench.resolved(&spec());
    assert!(bench.find("log-delivery-destination.cdn", &resolved, None).await.unwrap().is_some(), "it is found by its name");
    bench.remove("log-delivery-destination.cdn").await;
    bench.assert_permissions("log-delivery-destination", &["logs:TagResource"]);
}

#[tokio::test(start_paused = true)]
async fn a_destination_of_somebody_else_is_not_taken_over() {
    let mut bench = Bench::new();
    bench.logged_distribution().await;
    bench.make("log-delivery-destination.cdn", spec()).await;
    let refused = bench.refused_create("log-delivery-destination.other", spec()).await;
    assert_eq!((refused.class, refused.code.as_str()), (Class::Conflict, "ConflictException"));
    let refused = bench.refused_create("log-delivery-destination.other", json!({"name": "x", "bucket": "arn:aws:s3:::none"})).await;
    assert_eq!(refused.class, Class::NotVisibleYet, "a bucket may not be known everywhere yet");
}

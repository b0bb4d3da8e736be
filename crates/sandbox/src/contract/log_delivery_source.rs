use bbws_model::{Class, Phase};
use serde_json::{Value, json};

use super::{Bench, edited, to};
use crate::cloud::GLOBAL;

fn spec() -> Value {
    json!({"name": "dev-cdn", "distribution": to("distribution.main", "arn"), "tags": {"Team": "web"}})
}

#[tokio::test(start_paused = true)]
async fn the_contract_holds() {
    let mut bench = Bench::new();
    bench.logged_distribution().await;
    let seen = bench.make("log-delivery-source.cdn", spec()).await;
    assert_eq!(seen.outputs["arn"], "arn:aws:logs:us-east-1:536580886816:delivery-source:dev-cdn");
    bench.change("log-delivery-source.cdn", edited(&spec(), json!({"tags": {"Team": "ops"}}))).await;
    bench.change("log-delivery-source.cdn", edited(&spec(), json!({"tags": {}}))).await;
    bench.change("log-delivery-source.cdn", spec()).await;
    bench.tamper_in(GLOBAL, |here| drop(here.delivery_sources.get_mut("dev-cdn").unwrap().tags.insert("who".into(), "me".into())));
    assert_eq!(bench.drift("log-delivery-source.cdn").await, ["tags"]);
    bench.mend("log-delivery-source.cdn").await;
    for (field, other) in [("distribution", "arn:aws:cloudfront::1:distribution/E1"), ("log_type", "TRACES")] {
        let before = here(&bench);
        bench.tamper_in(GLOBAL, |here| {
            let row = here.delivery_sources.get_mut("dev-cdn").unwrap();
            if field == "log_type" { row.log_type = other.into() } else { row.resource = other.into() }
        });
        assert_eq!(bench.drift("log-delivery-source.cdn").await, [field]);
        bench.tamper_in(GLOBAL, |here| *here.delivery_sources.get_mut("dev-cdn").unwrap() = before);
    }
    let resolved = bench.resolved(&spec());
    assert!(bench.find("log-delivery-source.cdn", &resolved, None).await.unwrap().is_some(), "it is found by its name");
    bench.remove("log-delivery-source.cdn").await;
    bench.assert_permissions("log-delivery-source", &["logs:TagResource", "cloudfront:AllowVendedLogDeliveryForResource"]);
}

fn here(bench: &Bench) -> crate::kinds::log_delivery_source::Row {
    bench.sandbox.sim().cloud().accounts[super::ACCOUNT].regions[GLOBAL].delivery_sources["dev-cdn"].clone()
}

#[tokio::test(start_paused = true)]
async fn a_distribution_has_one_source_and_a_name_too() {
    let mut bench = Bench::new();
    bench.logged_distribution().await;
    bench.make("log-delivery-source.cdn", spec()).await;
    let refused = bench.refused_create("log-delivery-source.other", edited(&spec(), json!({"name": "other"}))).await;
    assert_eq!((refused.class, refused.code.as_str()), (Class::Conflict, "ConflictException"));
    let refused = bench.refused_create("log-delivery-source.other", spec()).await;
    assert!(refused.message.contains("Tags can only be provided when a resource is being created"), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn a_source_without_its_distribution_has_failed() {
    let mut bench = Bench::new();
    bench.logged_distribution().await;
    bench.make("log-delivery-source.cdn", spec()).await;
    bench.tamper_in(GLOBAL, |here| here.distributions.clear());
    let seen = bench.observe("log-delivery-source.cdn").await.unwrap();
    assert!(matches!(&seen.phase, Phase::Failed(why) if why.contains("the distribution is gone")), "{:?}", seen.phase);
}

use std::time::Duration;

use bbws_model::{Class, Phase};
use serde_json::{Value, json};

use super::{Bench, edited, to};
use crate::cloud::GLOBAL;

const PROD: &str = "093646564004";

fn spec() -> Value {
    json!({"domain": "*.example.com", "alternative_names": ["example.com"], "region": "us-east-1", "tags": {"Name": "wp"}})
}

/// Makes the record that validates the certificate, once AWS tells it.
async fn validate(bench: &mut Bench) {
    bench.keep("certificate.wp").await;
    tokio::time::sleep(Duration::from_secs(10)).await;
    bench.keep("certificate.wp").await;
    let record = json!({
        "zone": to("hosted-zone.main", "id"),
        "name": to("certificate.wp", "validation_name"),
        "type": "CNAME",
        "values": [to("certificate.wp", "validation_value")],
    });
    bench.make("dns-record.validation", record).await;
}

#[tokio::test(start_paused = true)]
async fn the_contract_holds() {
    let mut bench = Bench::new();
    bench.make("hosted-zone.main", json!({"name": "example.com"})).await;
    bench.forget_calls();
    bench.only_create("certificate.wp", spec()).await;
    let new = bench.keep("certificate.wp").await;
    assert_eq!(new.outputs["validation_name"], Value::Null, "AWS takes some seconds to make the records up");
    validate(&mut bench).await;
    let waiting = bench.observe("certificate.wp").await.unwrap();
    assert!(matches!(&waiting.phase, Phase::Pending(why) if why.contains("AWS looks for the validation of")), "{:?}", waiting.phase);
    assert_eq!(waiting.outputs["validation"].as_array().unwrap().len(), 1, "a wildcard and its apex share one record");
    bench.forget_calls();

    let seen = bench.change("certificate.wp", spec()).await;
    assert_eq!(seen.outputs["status"], "ISSUED");
    bench.change("certificate.wp", edited(&spec(), json!({"tags": {"Team": "web"}}))).await;
    bench.change("certificate.wp", spec()).await;
    let arn = seen.id.to_string();
    bench.tamper_in(GLOBAL, |here| here.certificates.get_mut(&arn).unwrap().tags.clear());
    assert_eq!(bench.drift("certificate.wp").await, ["tags"]);
    bench.mend("certificate.wp").await;
    let found = bench.find("certificate.wp", &spec(), None).await.unwrap().unwrap();
    assert_eq!(found.id, seen.id, "it is found by its mark");

    // Once issued it stays so without the record.
    bench.remove("dns-record.validation").await;
    assert_eq!(bench.observe("certificate.wp").await.unwrap().phase, Phase::Ready);
    bench.forget_calls();
    bench.only_create("certificate.other", edited(&spec(), json!({"domain": "*.other.example.com", "alternative_names": []}))).await;
    bench.change("certificate.wp", edited(&spec(), json!({"tags": {}}))).await;
    bench.tamper_in(GLOBAL, |here| here.certificates.get_mut(&arn).unwrap().tags.clear());
    bench.mend("certificate.wp").await;
    bench.find("certificate.wp", &spec(), None).await.unwrap();
    bench.remove("certificate.wp").await;
    bench.assert_permissions("certificate", &["acm:AddTagsToCertificate"]);
}

#[tokio::test(start_paused = true)]
async fn a_repeated_request_makes_no_second_certificate_within_the_hour() {
    let mut bench = Bench::new();
    let (attempt, id) = bench.only_create("certificate.wp", spec()).await;
    assert_eq!(bench.again("certificate.wp", spec(), &attempt).await.unwrap(), id);
    tokio::time::sleep(Duration::from_secs(3601)).await;
    assert_ne!(bench.again("certificate.wp", spec(), &attempt).await.unwrap(), id);
}

#[tokio::test(start_paused = true)]
async fn a_certificate_waits_for_its_zone_to_be_delegated() {
    let mut bench = Bench::new();
    let top = bench.sandbox.ensure_zone(PROD, "example.com").unwrap();
    let below = json!({"domain": "*.wpdev.example.com", "alternative_names": ["wpdev.example.com"]});
    bench.make("hosted-zone.main", json!({"name": "wpdev.example.com"})).await;
    bench.only_create("certificate.wp", edited(&spec(), below)).await;
    validate(&mut bench).await;
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert!(matches!(bench.observe("certificate.wp").await.unwrap().phase, Phase::Pending(_)), "nobody is sent to the zone");

    let zone = bench.observe("hosted-zone.main").await.unwrap();
    let mut prod = bench.of_account(PROD);
    prod.make(
        "dns-record.wpdev",
        json!({"zone": top, "name": "wpdev.example.com", "type": "NS", "name_servers": zone.outputs["name_servers"]}),
    )
    .await;
    assert!(bench.sandbox.sim().cloud().delegated(zone.id.as_str()));
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert!(matches!(bench.observe("certificate.wp").await.unwrap().phase, Phase::Pending(_)));
    tokio::time::sleep(Duration::from_secs(31)).await;
    assert_eq!(bench.observe("certificate.wp").await.unwrap().phase, Phase::Ready);
}

#[tokio::test(start_paused = true)]
async fn aws_gives_up_after_three_days() {
    let mut bench = Bench::new();
    bench.only_create("certificate.wp", edited(&spec(), json!({"key_algorithm": "EC_prime256v1"}))).await;
    tokio::time::sleep(Duration::from_secs(72 * 3600 + 1)).await;
    let seen = bench.keep("certificate.wp").await;
    assert!(matches!(&seen.phase, Phase::Failed(why) if why.contains("72 hours")), "{:?}", seen.phase);
    assert_eq!(seen.spec["key_algorithm"], "EC_prime256v1");
    assert!(bench.find("certificate.wp", &spec(), None).await.unwrap().is_some(), "certificates with other keys are listed too");
}

#[tokio::test(start_paused = true)]
async fn too_many_names_are_refused() {
    let mut bench = Bench::new();
    let names: Vec<String> = (0..10).map(|n| format!("n{n}.example.com")).collect();
    let refused = bench.refused_create("certificate.wp", edited(&spec(), json!({"alternative_names": names}))).await;
    assert_eq!((refused.class, refused.code.as_str()), (Class::Limit, "LimitExceededException"));
}

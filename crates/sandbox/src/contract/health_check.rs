use bbws_model::Class;
use serde_json::json;

use super::{Bench, edited};
use crate::cloud::GLOBAL;

#[tokio::test(start_paused = true)]
async fn the_contract_holds() {
    let mut bench = Bench::new();
    let spec = json!({"protocol": "HTTPS", "domain": "wp.example.com", "path": "/health", "tags": {"Name": "alb"}});
    let seen = bench.make("health-check.alb", spec.clone()).await;
    assert_eq!((&seen.spec["port"], &seen.spec["interval_seconds"]), (&json!(443), &json!(30)));

    let edits = [
        json!({"domain": "www.example.com"}),
        json!({"port": 8443}),
        json!({"path": "/"}),
        json!({"failures": 5}),
        json!({"inverted": true}),
        json!({"disabled": true}),
        json!({"sni": false}),
        json!({"tags": {"Team": "web"}}),
    ];
    for edit in edits {
        bench.change("health-check.alb", edited(&spec, edit)).await;
    }
    bench.change("health-check.alb", spec.clone()).await;

    let id = seen.id.to_string();
    bench.tamper_in(GLOBAL, |here| here.health_checks.get_mut(&id).unwrap().config.disabled = true);
    assert_eq!(bench.drift("health-check.alb").await, ["disabled"]);
    bench.mend("health-check.alb").await;
    bench.tamper_in(GLOBAL, |here| here.health_checks.get_mut(&id).unwrap().tags.clear());
    assert_eq!(bench.drift("health-check.alb").await, ["tags"]);
    bench.mend("health-check.alb").await;

    bench.remove("health-check.alb").await;
    bench.assert_permissions("health-check", &[]);
}

#[tokio::test(start_paused = true)]
async fn a_check_that_was_made_and_not_marked_is_found_by_its_intent() {
    let mut bench = Bench::new();
    let spec = json!({"protocol": "HTTP", "domain": "wp.example.com", "interval_seconds": 10, "measure_latency": true});
    let (attempt, id) = bench.only_create("health-check.alb", spec.clone()).await;
    let found = bench.find("health-check.alb", &spec, Some(attempt.owner.intent.clone())).await.unwrap().unwrap();
    assert_eq!((found.id, found.owner), (id.clone(), Some(attempt.owner.clone())));
    assert_eq!(bench.find("health-check.alb", &spec, None).await.unwrap(), None, "an unmarked check may be anybody's");
    assert_eq!(bench.again("health-check.alb", spec.clone(), &attempt).await.unwrap(), id, "a repeat answers the first one");
    let other = bench.again("health-check.alb", edited(&spec, json!({"path": "/x"})), &attempt).await.unwrap_err();
    assert_eq!((other.class, other.code.as_str()), (Class::Exists, "HealthCheckAlreadyExists"));
}

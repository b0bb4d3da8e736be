use bbws_model::Class;
use serde_json::json;

use super::{ACCOUNT, Bench, edited, to};
use crate::cloud::GLOBAL;

#[tokio::test(start_paused = true)]
async fn the_contract_holds() {
    let mut bench = Bench::new();
    let spec = json!({"name": "WPdev.example.com.", "comment": "dev", "tags": {"Name": "dev"}});
    let seen = bench.make("hosted-zone.dev", spec.clone()).await;
    assert_eq!(seen.outputs["name"], "wpdev.example.com");
    assert_eq!(seen.outputs["name_servers"].as_array().unwrap().len(), 4);

    bench.change("hosted-zone.dev", edited(&spec, json!({"comment": "dev zone"}))).await;
    let many: serde_json::Map<_, _> = (0..14).map(|n| (format!("Tag{n}"), json!("x"))).collect();
    bench.change("hosted-zone.dev", edited(&spec, json!({"tags": many}))).await;
    bench.change("hosted-zone.dev", spec).await;

    let id = seen.id.to_string();
    bench.tamper_in(GLOBAL, |here| here.hosted_zones.get_mut(&id).unwrap().comment = "mine".into());
    assert_eq!(bench.drift("hosted-zone.dev").await, ["comment"]);
    bench.mend("hosted-zone.dev").await;
    bench.tamper_in(GLOBAL, |here| here.hosted_zones.get_mut(&id).unwrap().tags.clear());
    assert_eq!(bench.drift("hosted-zone.dev").await, ["tags"], "a zone that lost its tags is still found by its id");
    bench.mend("hosted-zone.dev").await;

    // Adoption: the zone is found by its name and told by its mark.
    let found = bench.find("hosted-zone.dev", &json!({"name": "wpdev.example.com"}), None).await.unwrap().unwrap();
    assert_eq!((found.id, found.owner.is_some()), (seen.id, true));

    assert_eq!(bench.hanging("hosted-zone.dev").await, [], "the zone's own records are AWS's");
    bench.remove("hosted-zone.dev").await;
    bench.assert_permissions("hosted-zone", &[]);
}

#[tokio::test(start_paused = true)]
async fn an_existing_zone_is_found_and_left_alone() {
    let mut bench = Bench::new();
    let spec = json!({"name": "example.com", "existing": true, "tags": {"Environment": "prod"}});
    let refused = bench.refused_create("hosted-zone.main", spec.clone()).await;
    assert_eq!(refused.class, Class::Invalid);
    assert!(refused.message.contains("has no public zone `example.com`"), "{refused}");

    let id = bench.sandbox.ensure_zone(ACCOUNT, "example.com").unwrap();
    let seen = bench.find("hosted-zone.main", &spec, None).await.unwrap().unwrap();
    assert_eq!((seen.id.as_str(), seen.outputs["id"].as_str()), (id.as_str(), Some(id.as_str())));
    assert!(seen.owner.is_some() && bbws_kinds::all().get("hosted-zone").unwrap().diff(&seen.spec, &spec).unwrap().is_empty());
    assert!(bench.refused_delete_of("hosted-zone.main", &seen).await.message.contains("never deletes"));

    // A second one of the name: the file has to say which.
    bench.tamper_in(GLOBAL, |here| {
        let twin = here.hosted_zones[&id].clone();
        here.hosted_zones.insert("Z0SECOND".into(), twin);
    });
    let two = bench.find("hosted-zone.main", &spec, None).await.unwrap_err();
    assert!(two.message.contains("say which one with `zone_id`") && two.message.contains("Z0SECOND") && two.message.contains(&id), "{two}");
    let one = bench.find("hosted-zone.main", &edited(&spec, json!({"zone_id": "Z0SECOND"})), None).await.unwrap().unwrap();
    assert_eq!(one.id.as_str(), "Z0SECOND");
    let misnamed =
        bench.find("hosted-zone.main", &json!({"name": "example.org", "existing": true, "zone_id": "Z0SECOND"}), None).await.unwrap_err();
    assert!(misnamed.message.contains("the zone Z0SECOND is `example.com`"), "{misnamed}");
}

#[tokio::test(start_paused = true)]
async fn a_zone_that_was_made_and_not_marked_is_found_by_its_intent() {
    let mut bench = Bench::new();
    let spec = json!({"name": "wpdev.example.com"});
    let (attempt, id) = bench.only_create("hosted-zone.dev", spec.clone()).await;
    let intent = Some(attempt.owner.intent.clone());
    let found = bench.find("hosted-zone.dev", &spec, intent).await.unwrap().unwrap();
    assert_eq!((found.id.clone(), found.owner), (id, Some(attempt.owner.clone())));
    assert_eq!(bench.find("hosted-zone.dev", &spec, Some(bbws_model::IntentId("01OTHER".into()))).await.unwrap(), None);
    // Without an intent it is shown as nobody's, so that no second zone of the name is made beside it.
    assert_eq!(bench.find("hosted-zone.dev", &spec, None).await.unwrap().unwrap().owner, None);
    assert_eq!(bench.again("hosted-zone.dev", spec, &attempt).await.unwrap_err().class, Class::Exists, "a repeat makes no second zone");
}

#[tokio::test(start_paused = true)]
async fn a_zone_with_records_stays() {
    let mut bench = Bench::new();
    bench.make("hosted-zone.dev", json!({"name": "wpdev.example.com"})).await;
    let record = json!({"zone": to("hosted-zone.dev", "id"), "name": "www.wpdev.example.com", "type": "A", "values": ["10.0.0.1"]});
    bench.make("dns-record.www", record).await;
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let [(what, name)] = bench.hanging("hosted-zone.dev").await.try_into().unwrap();
    assert_eq!((what, name.as_str()), ("DNS record", "www.wpdev.example.com A"));
    let refused = bench.refused_delete("hosted-zone.dev").await;
    assert_eq!((refused.code.as_str(), refused.class), ("HostedZoneNotEmpty", Class::Dependency));
}

use std::time::Duration;

use bbws_model::Class;
use serde_json::{Value, json};

use super::{ACCOUNT, Bench, edited, to};
use crate::cloud::GLOBAL;
use crate::kinds::dns_record::Record;
use bbws_kinds::DomainName;

async fn with_zone() -> Bench {
    let mut bench = Bench::new();
    bench.make("hosted-zone.dev", json!({"name": "example.com"})).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    bench.forget_calls();
    bench
}

fn cname() -> Value {
    json!({"zone": to("hosted-zone.dev", "id"), "name": "www.example.com", "type": "CNAME", "values": ["a.example.net"]})
}

/// Changes a record behind bbws's back.
fn tamper(bench: &Bench, name: &str, change: impl FnOnce(&mut Record)) {
    bench.tamper_in(GLOBAL, |here| {
        let zone = here.hosted_zones.values_mut().next().unwrap();
        change(zone.records.values_mut().find(|record| record.name == DomainName::new(name)).unwrap());
    });
}

#[tokio::test(start_paused = true)]
async fn the_contract_holds() {
    let mut bench = with_zone().await;
    let seen = bench.make("dns-record.www", cname()).await;
    assert_eq!(seen.outputs["name"], "www.example.com");
    assert!(seen.id.as_str().ends_with("_www.example.com_CNAME"), "{}", seen.id);

    bench.change("dns-record.www", edited(&cname(), json!({"ttl": 60}))).await;
    bench.change("dns-record.www", edited(&cname(), json!({"values": ["b.example.net"]}))).await;
    bench.change("dns-record.www", cname()).await;

    tamper(&bench, "www.example.com", |record| record.ttl = Some(5));
    assert_eq!(bench.drift("dns-record.www").await, ["ttl"]);
    bench.mend("dns-record.www").await;
    tamper(&bench, "www.example.com", |record| record.values = vec!["C.example.net.".into()]);
    assert_eq!(bench.drift("dns-record.www").await, ["values"]);
    // It is deleted as it is now, with the values as AWS keeps them.
    bench.remove("dns-record.www").await;
    bench.assert_permissions("dns-record", &[]);
}

#[tokio::test(start_paused = true)]
async fn every_type_says_what_it_should() {
    let mut bench = with_zone().await;
    let zone = to("hosted-zone.dev", "id");
    let specs = [
        json!({"zone": zone, "name": "*.example.com", "type": "A", "values": ["10.0.0.1", "10.0.0.2"], "ttl": 60}),
        json!({"zone": zone, "name": "six.example.com", "type": "AAAA", "values": ["2001:DB8::1"]}),
        json!({"zone": zone, "name": "t.example.com", "type": "TXT", "values": ["v=spf1 -all", "a \"quote\""]}),
        json!({"zone": zone, "name": "below.example.com", "type": "NS", "name_servers": ["ns-1.a.org.", "NS-2.b.com"], "ttl": 172_800}),
        json!({"zone": zone, "name": "other.example.com", "type": "A", "alias": {"dns_name": "*.example.com", "zone_id": zone}}),
    ];
    for (number, spec) in specs.iter().enumerate() {
        bench.make(&format!("dns-record.r{number}"), spec.clone()).await;
    }
    bench.change("dns-record.r3", edited(&specs[3], json!({"name_servers": to("hosted-zone.dev", "name_servers")}))).await;
    tamper(&bench, "below.example.com", |record| record.values.truncate(3));
    assert_eq!(bench.drift("dns-record.r3").await, ["name_servers"]);
    tamper(&bench, "other.example.com", |record| record.alias.as_mut().unwrap().evaluate_health = true);
    assert_eq!(bench.drift("dns-record.r4").await, ["alias"]);
    for number in (0..specs.len()).rev() {
        bench.remove(&format!("dns-record.r{number}")).await;
    }
}

#[tokio::test(start_paused = true)]
async fn somebody_elses_record_is_never_overwritten() {
    let mut bench = with_zone().await;
    let made = bench.make("dns-record.tenant", edited(&cname(), json!({"values": ["tenant.example.net"]}))).await;
    let wanted = bench.resolved(&cname());
    let seen = bench.find("dns-record.www", &wanted, None).await.unwrap().unwrap();
    assert_eq!((seen.id.clone(), seen.owner), (made.id, None), "it says something else: it is not ours");
    let refused = bench.refused_create("dns-record.www", cname()).await;
    assert_eq!((refused.class, refused.code.as_str()), (Class::Exists, "InvalidChangeBatch"));

    // What says exactly what is wanted may be taken for ours: nothing is lost by it.
    let same = edited(&wanted, json!({"values": ["TENANT.example.net."]}));
    assert!(bench.find("dns-record.www", &same, None).await.unwrap().unwrap().owner.is_some());
    // Not so for what was given up: that this request made it is shown by nothing.
    let intent = bbws_model::IntentId("given-up".into());
    let found = bench.find("dns-record.www", &same, Some(intent.clone())).await.unwrap().unwrap();
    assert_ne!(found.owner.unwrap().intent, intent);
}

#[tokio::test(start_paused = true)]
async fn aws_refuses_what_dns_does_not_allow() {
    let mut bench = with_zone().await;
    bench.make("dns-record.www", cname()).await;
    let zone = to("hosted-zone.dev", "id");
    let cases = [
        (json!({"type": "A", "values": ["10.0.0.1"]}), "conflicting RRSet of type  CNAME"),
        (json!({"name": "example.com"}), "not permitted at apex"),
        (json!({"name": "www.example.org"}), "is not permitted in zone example.com."),
        (
            json!({"name": "a.example.com", "type": "A", "values": [], "alias": {"dns_name": "d1.cloudfront.net", "zone_id": "Z2FDTNDATAQYW2"}}),
            "but that target was not found",
        ),
        (
            json!({"name": "a.example.com", "type": "A", "values": [], "alias": {"dns_name": "b.example.com", "zone_id": zone}}),
            "but that target was not found",
        ),
        (
            json!({"name": "a.example.com", "type": "A", "values": [], "alias": {"dns_name": "x.example.net", "zone_id": "Z2FDTNDATAQYW2"}}),
            "does not lie within the target zone",
        ),
    ];
    for (edit, told) in cases {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let refused = bench.refused_create("dns-record.x", edited(&cname(), edit)).await;
        assert!(refused.message.contains(told), "{refused}");
        assert_eq!((refused.class, refused.code.as_str()), (Class::Invalid, "InvalidChangeBatch"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_zone_takes_one_change_at_a_time() {
    let mut bench = with_zone().await;
    let (_, _) = bench.only_create("dns-record.a", cname()).await;
    let refused = bench.refused_create("dns-record.b", edited(&cname(), json!({"name": "b.example.com"}))).await;
    assert_eq!((refused.class, refused.code.as_str()), (Class::Throttled, "PriorRequestNotComplete"));
}

#[tokio::test(start_paused = true)]
async fn a_zone_full_of_tenants_costs_one_call_for_each_of_ours_beyond_the_first_page() {
    let mut bench = with_zone().await;
    bench.make("dns-record.www", cname()).await;
    let calls = |bench: &Bench, from: usize| {
        bench.aws.calls().all()[from..].iter().filter(|c| c.operation == "route53:ListResourceRecordSets").count()
    };
    let from = bench.aws.calls().count();
    assert!(bench.observe("dns-record.www").await.is_some());
    assert_eq!(calls(&bench, from), 1);
    bench.tamper_in(GLOBAL, |here| {
        let zone = here.hosted_zones.values_mut().next().unwrap();
        for number in 0..700 {
            let record = Record::plain(&DomainName::new(&format!("t{number}.example.com")), "A", 60, vec!["10.0.0.1".into()], 0);
            zone.records.insert(record.key(), record);
        }
    });
    let from = bench.aws.calls().count();
    assert!(bench.observe("dns-record.www").await.is_some());
    assert_eq!(calls(&bench, from), 2);
    let absent = bench.resolved(&edited(&cname(), json!({"name": "t7x.example.com"})));
    assert_eq!(bench.find("dns-record.x", &absent, None).await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn records_go_with_their_zone() {
    let mut bench = with_zone().await;
    bench.make("dns-record.www", cname()).await;
    bench.tamper_in(GLOBAL, |here| here.hosted_zones.clear());
    assert_eq!(bench.observe("dns-record.www").await, None);
    assert!(bench.sandbox.sim().cloud().things().iter().all(|thing| thing.account == ACCOUNT && thing.kind != "dns record"));
}

//! `cost`: offline from the file, beside what is deployed, and with prices that were asked for.

use std::fs;

use serde_json::Value;

use crate::support::{Place, Ran};

fn document(ran: &Ran) -> Value {
    serde_json::from_str(&ran.out).expect("JSON")
}

#[test]
fn a_file_is_priced_without_a_connection_and_beside_what_is_deployed() {
    let place = Place::new();
    for name in ["dev", "sit", "prod"] {
        let whole = document(&place.bbws(&format!("cost {name} --json --sandbox")).exits(0));
        assert!(whole["wanted"]["monthly"].as_f64().unwrap() > 100.0 && whole["wanted"]["unpriced"] == serde_json::json!([]), "{whole:#}");
        assert_eq!(whole["deployed"], Value::Null);
    }
    let text = place.bbws("cost dev").exits(0).out;
    assert!(text.contains("The specification says about $45 a month"), "{text}");
    assert!(place.bbws("cost dev --markdown").exits(0).out.starts_with("### Cost of wp-dev-cluster"));
    place.bbws("cost dev --markdown --json").exits(64);
    let calls = place.bbws("sandbox calls").exits(0);
    assert!(!calls.out.contains("DescribeVpcs"), "nothing was asked of a cloud: {}", calls.out);

    place.applied("dev").unwrap();
    place.write("dev", &place.file("dev").replace("class               = \"db.t3.micro\"", "class               = \"db.t3.small\""));
    let whole = document(&place.bbws("cost dev --json --sandbox").exits(0));
    assert_eq!(whole["changes"].as_array().unwrap().len(), 1, "{:#}", whole["changes"]);
    assert_eq!(whole["changes"][0]["address"], "db-instance.main");
    assert!(whole["wanted"]["monthly"].as_f64() > whole["deployed"]["monthly"].as_f64());
}

#[test]
fn prices_that_were_asked_for_come_first() {
    let place = Place::new();
    let price = |whole: &Value, item: &str| {
        let parts = whole["parts"].as_array().unwrap().iter().flat_map(|part| part["resources"].as_array().unwrap());
        let mut lines = parts.flat_map(|resource| resource["lines"].as_array().unwrap());
        lines.find(|line| line["item"] == item).map(|line| line["price"].clone()).unwrap()
    };
    let before = document(&place.bbws("cost dev --json --sandbox").exits(0));
    assert_eq!((&price(&before, "nat-gateway.hour")["usd"], &price(&before, "secretsmanager.secret")["usd"]), (&0.057.into(), &0.4.into()));
    let ran = place.bbws("cost dev --refresh --sandbox").exits(0);
    assert!(ran.err.contains("Asking AWS's Price List") && ran.err.contains("they stay as they were"), "{}", ran.err);
    assert!(ran.err.contains("nat-gateway.hour: $0.057 per hour, now $0.0495 per hour"), "{}", ran.err);
    let after = document(&place.bbws("cost dev --json --sandbox").exits(0));
    let nat = price(&after, "nat-gateway.hour");
    assert_eq!((&nat["usd"], &nat["estimate"], &nat["source"]), (&0.0495.into(), &false.into(), &"price-list".into()), "{nat:#}");
    // The simulation's, of two engines and two deployments ours; and what it does not tell.
    assert_eq!(price(&after, "rds.instance.db.t3.micro.single-az")["usd"], 0.0187);
    assert_eq!(price(&after, "rds.extended-support.mysql8.0.vcpu")["usd"], 0.11);
    assert_eq!(price(&after, "efs.storage.standard"), price(&before, "efs.storage.standard"));
    // A plan is at the same prices, and says of which day they are; one that cannot be used is told, and the plan made all the same.
    let path = place.path("state/sandbox/prices/af-south-1.toml");
    let own = fs::read_to_string(&path).unwrap();
    let cost = || {
        let plan = place.bbws("plan dev --sandbox --json").exits(0).json();
        let step = plan["steps"].as_array().unwrap().iter().find(|step| step["address"] == "nat-gateway.a").unwrap()["id"].clone();
        (plan["costs"]["prices"].clone(), plan["costs"]["steps"][step.to_string()]["cents"].as_i64().unwrap())
    };
    let day = own.lines().find_map(|line| line.strip_prefix("date = ")).unwrap().to_owned();
    fs::write(&path, own.replace(&day, "\"2027-01-02\"")).unwrap();
    let (day, refreshed) = cost();
    assert_eq!((day.as_str(), refreshed), (Some("2027-01-02"), 3614), "730 hours of $0.0495");
    fs::write(&path, "format = 1\n").unwrap();
    let told = place.bbws("plan dev --sandbox").exits(0).out.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains("cannot be used: the costs are at bbws's own"), "{told}");
    assert_eq!(cost().1, 4161, "730 hours of $0.057");
    fs::write(&path, own).unwrap();

    // The simulation's prices are no true ones: without it they do not count.
    assert_eq!(price(&document(&place.bbws("cost dev --json").exits(0)), "nat-gateway.hour")["usd"], 0.057);
    let calls = place.bbws("sandbox calls").exits(0).out;
    assert!(calls.contains("GetProducts") && calls.contains("us-east-1"), "{calls}");
    let changing = ["Create", "Put", "Delete", "Modify", "Allocate"];
    assert!(!changing.iter().any(|verb| calls.contains(verb)), "it only reads: {calls}");

    fs::create_dir(place.path("prices")).unwrap();
    fs::write(place.path("prices/af-south-1.toml"), "format = 1\nregion = \"eu-west-1\"\ndate = \"2026-01-01\"\n[sources]\n[prices]\n")
        .unwrap();
    let ran = place.bbws("cost dev").exits(1);
    assert!(ran.err.contains("it is for eu-west-1"), "{}", ran.err);
}

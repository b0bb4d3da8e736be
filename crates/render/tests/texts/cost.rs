//! What the three environments cost.

use bbws_cluster::{Context, Environment, Sibling, addresses, draft, load};
use bbws_model::Address;
use bbws_operate::cost::{Bill, PriceFile, Prices};
use bbws_render::{CostReport, cost, cost_json, cost_markdown};
use jiff::civil::date;

use crate::support::{FANCY, PLAIN, kinds};

const SHIPPED: [(&str, &str); 3] = [
    ("dev", include_str!("../../../../environments/dev.toml")),
    ("sit", include_str!("../../../../environments/sit.toml")),
    ("prod", include_str!("../../../../environments/prod.toml")),
];

fn environment(name: &str, from: &str, to: &str) -> Environment {
    let text = SHIPPED.iter().find(|(known, _)| *known == name).unwrap().1;
    assert!(text.contains(from));
    let kinds = kinds();
    let siblings: Vec<Sibling> = SHIPPED.iter().map(|(name, text)| Sibling::read(name, text)).collect();
    let context = Context { kinds: &kinds, blueprint: &addresses, today: date(2026, 11, 26), siblings: &siblings };
    load(name, &text.replace(from, to), &context).unwrap_or_else(|problems| panic!("{problems:?}")).environment
}

/// One of the three as it is shipped.
pub(crate) fn shipped(name: &str) -> Environment {
    environment(name, "", "")
}

fn bill(environment: &Environment, prices: &Prices) -> Bill {
    let desired = draft(environment, &kinds());
    let specs: Vec<(&Address, _)> =
        desired.resources.iter().filter(|(_, wanted)| !wanted.existing).map(|(address, wanted)| (address, &wanted.spec)).collect();
    Bill::of_specs(specs, &kinds(), prices)
}

fn told<T>(name: &str, change: (&str, &str), was: Option<(&str, &str)>, prices: &Prices, tell: impl FnOnce(&CostReport<'_>) -> T) -> T {
    let environment = environment(name, change.0, change.1);
    let wanted = bill(&environment, prices);
    let deployed = was.map(|(from, to)| bill(&self::environment(name, from, to), prices));
    let ecs = &environment.ecs;
    tell(&CostReport {
        environment: name,
        cluster: &environment.names.cluster,
        flag: "",
        specified: name == "dev",
        kinds: &kinds(),
        prices,
        wanted: &wanted,
        deployed: deployed.as_ref(),
        task: (f64::from(ecs.task_cpu) / 1024.0, f64::from(ecs.task_memory) / 1024.0),
        today: date(2026, 11, 26),
    })
}

fn prices() -> Prices {
    Prices::built_in("af-south-1").unwrap()
}

#[test]
fn the_cost_of_dev() {
    insta::assert_snapshot!(told("dev", ("", ""), None, &prices(), |report| cost(report, FANCY, false)));
}

#[test]
fn the_cost_of_dev_with_every_price() {
    insta::assert_snapshot!(told("dev", ("", ""), None, &prices(), |report| cost(report, PLAIN, true)));
}

#[test]
fn the_cost_of_sit() {
    insta::assert_snapshot!(told("sit", ("", ""), None, &prices(), |report| cost(report, FANCY, false)));
}

#[test]
fn the_cost_of_prod() {
    insta::assert_snapshot!(told("prod", ("", ""), None, &prices(), |report| cost(report, FANCY, false)));
}

#[test]
fn a_larger_database_beside_what_is_deployed() {
    let larger = ("class               = \"db.t3.micro\"", "class               = \"db.t3.small\"");
    let told =
        told("dev", larger, Some(("", "")), &prices(), |report| (cost(report, FANCY, false), cost_markdown(report), cost_json(report)));
    insta::assert_snapshot!(format!("{}\n\n{}", told.0, told.1));
    let document: serde_json::Value = serde_json::from_str(&told.2).unwrap();
    let changes = document["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 1);
    let change = changes[0]["wanted"].as_f64().unwrap() - changes[0]["deployed"].as_f64().unwrap();
    let whole = document["wanted"]["monthly"].as_f64().unwrap() - document["deployed"]["monthly"].as_f64().unwrap();
    assert!((change - whole).abs() < 0.001 && change > 0.0, "{change} {whole}");
}

#[test]
fn what_is_shown_adds_up() {
    for (name, _) in SHIPPED {
        let document = told(name, ("", ""), None, &prices(), cost_json);
        let document: serde_json::Value = serde_json::from_str(&document).unwrap();
        let cents = |value: &serde_json::Value| (value.as_f64().unwrap() * 100.0).round() as i64;
        let parts = document["parts"].as_array().unwrap();
        let lines = parts.iter().flat_map(|part| part["resources"].as_array().unwrap()).flat_map(|one| one["lines"].as_array().unwrap());
        let all: i64 = lines.filter(|line| !line["monthly"].is_null()).map(|line| cents(&line["monthly"])).sum();
        let of_parts: i64 = parts.iter().map(|part| cents(&part["sum"]["monthly"])).sum();
        let of_shares: i64 = document["shares"].as_array().unwrap().iter().map(|share| cents(&share["monthly"])).sum();
        let sum = cents(&document["wanted"]["monthly"]);
        assert!(sum > 0 && [all, of_parts, of_shares] == [sum; 3], "{name}: {sum} {all} {of_parts} {of_shares}");
    }
}

#[test]
fn old_prices_and_missing_ones_are_told() {
    let old = PriceFile::read("format = 1\nregion = \"eu-west-1\"\ndate = \"2025-11-26\"\n[sources]\n[prices]\n").unwrap();
    let elsewhere = Prices::built_in("eu-west-1").unwrap().with(old);
    let text = told("dev", ("", ""), None, &elsewhere, |report| cost(&CostReport { today: date(2027, 9, 30), ..*report }, FANCY, false));
    assert!(text.contains("these prices are 10 months old"), "{text}");
    assert!(text.contains("No price is known of") && text.contains("nat-gateway.hour"), "{text}");
}

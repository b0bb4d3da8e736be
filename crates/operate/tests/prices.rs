//! Every item that a kind can bill has a price: read from the kinds' own sources, and met in the three environments.
#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use bbws_cluster::{Context, Published, Sibling, blueprint, load};
use bbws_model::Meter;
use bbws_operate::cost::{Cost, Line, Prices};
use serde_json::json;

/// What the text between quotes within the `fn meters` of each kind may become: items, `{}` for what a spec fills in.
fn written_items() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../kinds/src");
    let mut items = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let Some(body) = text.split("    fn meters(").nth(1).and_then(|rest| rest.split("\n    }\n").next()) else { continue };
        let code = body.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
        let words = code.split('"').skip(1).step_by(2).filter(|word| word.contains('.') && !word.starts_with(|c: char| c.is_ascii_digit()));
        for word in words {
            let plain = word.split('{').map(|piece| piece.split_once('}').map_or(piece, |(_, rest)| rest)).collect::<Vec<_>>().join("{}");
            items.insert(plain, path.file_name().unwrap().to_string_lossy().into_owned());
        }
    }
    items
}

fn fits(pattern: &str, item: &str) -> bool {
    let pieces: Vec<&str> = pattern.split("{}").collect();
    let (first, last) = (pieces[0], pieces[pieces.len() - 1]);
    if pieces.len() == 1 { pattern == item } else { item.starts_with(first) && item.ends_with(last) }
}

#[test]
fn every_item_that_a_kind_can_bill_has_a_price_and_every_price_an_item() {
    let prices = Prices::built_in("af-south-1").unwrap().all();
    let items = written_items();
    assert!(items.len() > 35, "the sources of the kinds were not understood: {items:#?}");
    let unpriced: Vec<_> = items.iter().filter(|(pattern, _)| !prices.keys().any(|item| fits(pattern, item))).collect();
    assert!(unpriced.is_empty(), "no price for {unpriced:#?}");
    // What no resource is billed by, and is told beside a bill.
    let beside = ["fargate.", "transfer."];
    let idle: Vec<_> = prices.keys().filter(|item| !items.keys().any(|pattern| fits(pattern, item))).collect();
    assert!(idle.iter().all(|item| beside.iter().any(|begin| item.starts_with(begin))), "no kind bills {idle:#?}");
}

const SHIPPED: [(&str, &str); 3] = [
    ("dev", include_str!("../../../environments/dev.toml")),
    ("sit", include_str!("../../../environments/sit.toml")),
    ("prod", include_str!("../../../environments/prod.toml")),
];

/// What the cluster of a file is billed by; none where its tier refuses what it says.
fn billed(name: &str, text: &str) -> Option<Vec<Meter>> {
    let kinds = bbws_kinds::all();
    let siblings: Vec<Sibling> = SHIPPED.iter().map(|(name, text)| Sibling::read(name, text)).collect();
    let context = Context { kinds: &kinds, blueprint: &bbws_cluster::addresses, today: "2026-11-24".parse().unwrap(), siblings: &siblings };
    let environment = load(name, text, &context).ok()?.environment;
    let servers = |label: &str| BTreeMap::from([(format!("route53_{label}_nameservers"), json!(["ns-1.awsdns-01.org"]))]);
    let published = Published(BTreeMap::from([("dev".to_owned(), servers("wpdev")), ("sit".to_owned(), servers("wpsit"))]));
    let desired = blueprint(&environment, &kinds, &published).unwrap();
    Some(desired.resources.iter().flat_map(|(at, wanted)| kinds.get(at.kind()).unwrap().meters(&wanted.spec).unwrap().0).collect())
}

/// What is written instead of what, in each of the three, and the item that this brings.
const OPTIONS: &[(&str, &str, &str)] = &[
    ("[\"s3\"]", "[\"s3\", \"ecr.api\", \"ecr.dkr\", \"logs\", \"secretsmanager\", \"ssmmessages\"]", "vpc-endpoint.hour"),
    ("flow_logs = false", "flow_logs = true", "logs.vended.ingested"),
    ("backup_days         = 0", "backup_days         = 3", "rds.backup.gb-month"),
    ("engine_version      = \"8.0\"", "engine_version      = \"8.4\"", ""),
    ("[rds.parameters]", "[rds.parameters]", "rds.extended-support.mysql8.0.vcpu"),
    ("class               = \"db.t3.micro\"", "class               = \"db.t4g.medium\"", "rds.instance.db.t4g.medium.single-az"),
    ("class               = \"db.t3.micro\"", "class               = \"db.r5.xlarge\"", "rds.instance.db.r5.xlarge.single-az"),
    ("multi_az            = true", "multi_az            = false", "rds.storage.gp3.single-az"),
    ("storage             = 20 ", "storage             = 400\niops = 16000 ", "rds.iops.gp3"),
    ("backup                 = false", "backup                 = true\narchive_days = 90\nthroughput = \"elastic\"", "efs.storage.archive"),
    ("enabled = false", "enabled = true", "route53.health-check.aws"),
    ("dashboard = false", "dashboard = true", "cloudwatch.dashboard"),
    ("container_insights = true", "container_insights = false", ""),
    ("https                = false", "https                = true", ""),
    ("delegated = true", "delegated = false", ""),
];

#[test]
fn every_environment_is_priced_with_every_option() {
    let prices = Prices::built_in("af-south-1").unwrap();
    let mut met = BTreeSet::new();
    for (name, text) in SHIPPED {
        for (from, to, item) in OPTIONS.iter().filter(|(from, ..)| text.contains(from)) {
            let Some(meters) = billed(name, &text.replace(from, to)) else {
                assert_eq!((name, *from), ("prod", "multi_az            = true"), "{to} is refused");
                continue;
            };
            assert!(item.is_empty() || meters.iter().any(|meter| meter.item.starts_with(item)), "{name} with {to}: no {item}");
            let unpriced: BTreeSet<&str> =
                meters.iter().filter(|meter| Line::of(meter, &prices).cost == Cost::Unpriced).map(|meter| meter.item.as_str()).collect();
            assert!(unpriced.is_empty(), "{name} with {to}: {unpriced:?}");
            met.insert(*to);
        }
    }
    let idle: Vec<_> = OPTIONS.iter().filter(|(_, to, _)| !met.contains(to)).collect();
    assert!(idle.is_empty(), "no file has {idle:?}");
}

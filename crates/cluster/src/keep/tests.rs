use super::*;
use crate::{Context, Published, addresses, blueprint, load};
use bbws_model::Kinds;
use serde_json::json;

const DEV: &str = include_str!("../../../../environments/dev.toml");

fn read(text: &str, kinds: &Kinds) -> Option<(Environment, Desired)> {
    let context = Context { kinds, blueprint: &addresses, today: jiff::civil::date(2026, 11, 26), siblings: &[] };
    let environment = load("dev", text, &context).ok()?.environment;
    let desired = blueprint(&environment, kinds, &Published(BTreeMap::new())).ok()?;
    Some((environment, desired))
}

/// What comes of a file where AWS shows other values than it declares: by address, field and value; null where it is gone.
fn kept(text: &str, drift: &[(&str, &str, Value)]) -> Kept {
    let kinds = bbws_kinds::all();
    let (_, desired) = read(text, &kinds).expect("a file without faults");
    let mut there: BTreeMap<Address, Value> =
        desired.resources.iter().map(|(address, wanted)| (address.clone(), wanted.spec.clone())).collect();
    let mut wishes: BTreeMap<Address, Vec<Wish>> = BTreeMap::new();
    for (address, field, observed) in drift {
        let address: Address = address.parse().unwrap();
        let wish = if field.is_empty() {
            Wish::Gone
        } else {
            let spec = there.get_mut(&address).expect("a resource");
            let declared = std::mem::replace(&mut spec[*field], observed.clone());
            Wish::Field { field: (*field).to_owned(), declared, observed: observed.clone() }
        };
        wishes.entry(address).or_default().push(wish);
    }
    let differs = |desired: &Desired, address: &Address| {
        let kind = kinds.get(address.kind()).unwrap();
        let diff = kind.diff(&there[address], &desired.resources[address].spec).unwrap();
        diff.changes().iter().map(|change| change.field.clone()).collect()
    };
    keep(text, &wishes, &kinds, &|text| read(text, &kinds), &differs)
}

fn told(kept: &Kept) -> Vec<(&str, Option<&str>, Option<&str>)> {
    kept.edits.iter().map(|edit| (edit.key.as_str(), edit.from.as_deref(), edit.to.as_deref())).collect()
}

/// The lines in which two texts differ.
fn lines<'a>(before: &'a str, after: &'a str) -> Vec<&'a str> {
    let old: Vec<&str> = before.lines().collect();
    after.lines().filter(|line| !old.contains(line)).collect()
}

#[test]
fn a_key_that_says_just_that_is_edited_and_its_comment_stays() {
    let done = kept(DEV, &[("load-balancer.main", "idle_timeout_seconds", json!(120))]);
    assert_eq!(told(&done), [("alb.idle_timeout", Some("60"), Some("120"))]);
    assert_eq!(lines(DEV, &done.text), ["idle_timeout         = 120              # seconds"]);
    let done = kept(DEV, &[("db-instance.main", "class", json!("db.t3.small")), ("db-instance.main", "multi_az", json!(true))]);
    assert_eq!(
        told(&done),
        [("rds.class", Some("\"db.t3.micro\""), Some("\"db.t3.small\"")), ("rds.multi_az", Some("false"), Some("true"))]
    );
    assert!(done.left.is_empty(), "{:?}", done.left);
}

#[test]
fn a_key_that_the_file_leaves_to_its_tier_is_written_into_it() {
    let done = kept(DEV, &[("db-instance.main", "backup_window", json!("02:00-03:00"))]);
    assert_eq!(told(&done), [("rds.backup_window", None, Some("\"02:00-03:00\""))]);
    assert!(done.left.is_empty() && read(&done.text, &bbws_kinds::all()).is_some());
}

#[test]
fn a_key_that_says_it_of_others_too_is_named_and_not_edited() {
    let done = kept(DEV, &[("log-group.ecs", "retention_days", json!(14))]);
    assert_eq!((done.text.as_str(), done.edits.len()), (DEV, 0));
    let (key, others) = done.left[0].near.clone().expect("a key that comes near");
    assert_eq!(key, "logs.retention_days");
    assert!(others.contains(&"log-group.rds-error".parse().unwrap()), "{others:?}");
    // Where all of them are kept, it says just that.
    let all = ["log-group.ecs", "log-group.rds-error", "log-group.rds-slowquery"].map(|address| (address, "retention_days", json!(14)));
    let lifecycle = json!({"expire_days": 14, "expire_noncurrent_days": null, "abort_uploads_days": 7});
    let done = kept(DEV, &all.into_iter().chain([("bucket.cdn-logs", "lifecycle", lifecycle)]).collect::<Vec<_>>());
    assert_eq!(told(&done), [("logs.retention_days", Some("7"), Some("14"))], "{:?}", done.left);
    assert!(done.left.is_empty(), "{:?}", done.left);
}

#[test]
fn what_no_key_says_is_told() {
    let done = kept(DEV, &[("load-balancer.main", "http2", json!(false)), ("vpc.main", "tags", json!({"Who": "somebody"}))]);
    assert_eq!(done.text, DEV);
    assert_eq!(done.left.iter().filter_map(|left| left.field.as_deref()).collect::<Vec<_>>(), ["http2", "tags"]);
}

#[test]
fn a_document_of_the_file_takes_any_field() {
    let text = format!("{DEV}\n[resource.log-group.own]\nname = \"/own\" # ours\nretention_days = 7\n");
    let done = kept(&text, &[("log-group.own", "retention_days", json!(30))]);
    assert_eq!(told(&done), [("resource.log-group.own.retention_days", Some("7"), Some("30"))]);
    assert!(done.text.contains("name = \"/own\" # ours\nretention_days = 30"), "{}", done.text);
}

#[test]
fn what_is_gone_is_taken_out_where_that_takes_nothing_else_along() {
    let text = DEV.replace("dashboard = false", "dashboard = true");
    let done = kept(&text, &[("dashboard.main", "", Value::Null)]);
    assert_eq!(told(&done), [("monitoring.dashboard", Some("true"), Some("false"))], "{:?}", done.left);
    let text = format!("{DEV}\n[resource.log-group.own]\nname = \"/own\"\n");
    let done = kept(&text, &[("log-group.own", "", Value::Null)]);
    assert!(!done.text.contains("/own") && done.left.is_empty(), "{}", done.text);
    let rule = "\n[[rule]]\nname = \"office\"\ngroup = \"alb\"\nport = 443\ncidr = \"41.0.0.0/24\"\ndescription = \"x\"\n";
    let done = kept(&format!("{DEV}{rule}"), &[("security-group-rule.rule-office", "", Value::Null)]);
    assert!(!done.text.contains("\nname = \"office\"\n") && done.left.is_empty(), "{:?}", done.left);
    let done = kept(DEV, &[("vpc.main", "", Value::Null)]);
    assert_eq!((done.text.as_str(), done.left.len()), (DEV, 1), "nothing says that a cluster has no VPC");
}

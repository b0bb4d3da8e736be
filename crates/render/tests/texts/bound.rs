//! Plans in files that are not executed.

use std::collections::{BTreeMap, BTreeSet};

use bbws_engine::{FieldDifference, FileMoved, Otherwise, Past, Turned};
use bbws_model::Address;
use bbws_render::{Stale, StateMoved, applied_already, stale_findings, stale_plan};
use serde_json::json;

use crate::care::past;
use crate::support::{PLAIN, address};

fn file(all: &[(&str, Turned)], outputs: bool) -> FileMoved {
    FileMoved { resources: all.iter().map(|(at, turned)| (address(at), *turned)).collect(), outputs }
}

fn objects() -> BTreeMap<Address, Otherwise> {
    let field = |field: &str, from, to| FieldDifference { field: field.into(), from, to };
    [
        (
            "db-instance.main",
            Otherwise::Fields(vec![field("class", json!("db.t3.micro"), json!("db.t3.small")), field("iops", json!(null), json!(3000))]),
        ),
        ("elastic-ip.nat-a", Otherwise::Another("eipalloc-1".into(), "eipalloc-2".into())),
        ("nat-gateway.a", Otherwise::Vanished("nat-1".into())),
        ("topic.alarms", Otherwise::Appeared("arn:aws:sns:af-south-1:536580886816:alarms".into())),
    ]
    .map(|(at, one)| (address(at), one))
    .into()
}

fn stale<'a>(objects: &'a BTreeMap<Address, Otherwise>, steps: &'a BTreeSet<Address>) -> Stale<'a> {
    Stale { environment: "dev", flag: " --sandbox", state: None, file: None, objects, steps }
}

#[test]
fn a_plan_that_no_longer_fits() {
    let (none, nowhere) = (BTreeMap::new(), BTreeSet::new());
    let runs: Vec<Past> = (0..4).map(|_| past()).collect();
    let states = [
        StateMoved { serials: (41, 43), since: Some(&runs) },
        StateMoved { serials: (41, 42), since: Some(&runs[..1]) },
        StateMoved { serials: (41, 41), since: Some(&runs[..1]) },
        StateMoved { serials: (41, 9), since: None },
    ];
    let mut told: Vec<String> =
        states.iter().map(|state| stale_plan(&Stale { state: Some(*state), ..stale(&none, &nowhere) }, PLAIN)).collect();
    let many: Vec<(String, Turned)> = (0..6).map(|n| (format!("subnet.{n}"), Turned::Otherwise)).collect();
    let many: Vec<(&str, Turned)> = many.iter().map(|(at, turned)| (at.as_str(), *turned)).collect();
    let moved = file(&[&many[..], &[("topic.new", Turned::New), ("topic.old", Turned::Gone)]].concat(), true);
    let (objects, steps) = (objects(), [address("vpc.main")].into());
    told.push(stale_plan(&Stale { file: Some(&moved), ..stale(&objects, &nowhere) }, PLAIN));
    told.push(stale_plan(&stale(&none, &steps), PLAIN));
    for text in &told {
        assert!(text.lines().count() <= 12, "a refusal is read as a whole:\n{text}");
    }
    insta::assert_snapshot!(told.join("\n"));

    // For programs nothing is left out.
    let findings = stale_findings(&Stale { file: Some(&moved), state: Some(states[0]), ..stale(&objects, &steps) });
    let about = |at: &str| findings.iter().filter(|one| one.address == Some(address(at))).count();
    assert_eq!((about("subnet.5"), about("topic.alarms"), about("vpc.main"), about("log-group.ecs")), (1, 1, 1, 4));
}

#[test]
fn a_plan_that_was_applied_already() {
    let torn = Past { outcome: None, owner: None, ..past() };
    insta::assert_snapshot!([past(), torn].map(|past| applied_already("dev", "", &past, PLAIN)).join("\n"));
}

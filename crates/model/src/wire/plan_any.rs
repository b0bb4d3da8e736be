//! Any plan, written and read back, is the same; any one byte of its file changed makes it refused, or was white space.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use super::plan::{digest, read, write};
use crate::{
    Action, Address, After, Away, Basis, CostDelta, Costs, Digest, FieldChange, Finding, IntentId, Meter, MeterDelta, Mode, Plan,
    Principal, Reason, Risk, RiskKind, Scope, SeenAs, Severity, Step, StepId, Unit, Until, Verb, World,
};

fn address() -> impl Strategy<Value = Address> {
    "[a-z]{1,8}\\.[a-z0-9_-]{1,10}".prop_map(|text| text.parse().unwrap())
}

/// Any JSON, with texts, numbers and keys of every sort.
fn spec() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1_000_000i64..1_000_000, 0u32..4).prop_map(|(n, digits)| json!(n as f64 / f64::from(10u32.pow(digits)))),
        any::<String>().prop_map(Value::from),
        address().prop_map(|to| json!({"$ref": to, "output": "id"})),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map("[a-z$\"\\\\ ]{0,6}", inner, 0..4).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

fn risk() -> impl Strategy<Value = Risk> {
    let kind = prop_oneof![Just(RiskKind::DataLoss), Just(RiskKind::Downtime), Just(RiskKind::Security), Just(RiskKind::Iam)];
    (kind, any::<String>(), proptest::option::of((0u64..9, 9u64..99))).prop_map(|(kind, text, away)| Risk {
        kind,
        text,
        away: away.map(|(least, most)| Away { least, most }),
    })
}

fn change() -> impl Strategy<Value = FieldChange> {
    let verb = prop_oneof![Just(Verb::Update), Just(Verb::Replace), any::<String>().prop_map(Verb::Forbid), Just(Verb::WriteOnly)];
    ("[a-z.]{1,8}", verb, spec(), spec(), proptest::collection::vec(risk(), 0..2), any::<bool>())
        .prop_map(|(field, verb, from, to, risks, backup)| FieldChange { field, verb, from, to, risks, backup })
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        spec().prop_map(|want| Action::Create { want, renamed: None }),
        ("[a-z0-9-]{0,9}", spec(), spec()).prop_map(|(id, have, want)| Action::Update { id: id.as_str().into(), have, want }),
        ("[a-z0-9-]{0,9}", spec(), any::<bool>()).prop_map(|(id, have, deposed)| Action::Delete { id: id.as_str().into(), have, deposed }),
        any::<String>().prop_map(|reason| Action::Forget { reason }),
        address().prop_map(|from| Action::Rename { from }),
        ("[a-z]{1,5}", spec()).prop_map(|(kind, want)| Action::Backup { kind, want }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let reason = prop_oneof![
        Just(Reason::Declared),
        Just(Reason::Asked),
        any::<String>().prop_map(Reason::Settling),
        proptest::collection::vec(change(), 1..3).prop_map(Reason::Changed),
    ];
    let meter = (any::<bool>(), 0u32..10_000).prop_map(|(hours, quantity)| Meter {
        item: "toy.hour".into(),
        quantity: f64::from(quantity) / 8.0,
        unit: if hours { Unit::Hours } else { Unit::Usage },
    });
    let meters = (proptest::collection::vec(meter.clone(), 0..2), proptest::collection::vec(meter, 0..2));
    (
        address(),
        action(),
        reason,
        proptest::collection::vec(risk(), 0..3),
        proptest::collection::vec((any::<Index>(), any::<bool>()), 0..3),
        meters,
    )
        .prop_map(|(address, action, reason, risks, after, (less, more))| Step {
            id: StepId(0),
            address,
            action,
            reason,
            risks,
            // Which step is meant is settled once it is known how many there are.
            after: after
                .into_iter()
                .map(|(at, done)| After {
                    step: StepId(at.index(1 << 20)),
                    until: if done { Until::Done } else { Until::Known("id".into()) },
                })
                .collect(),
            dependencies: vec![],
            pair: None,
            meters: MeterDelta { less, more },
        })
}

fn basis() -> impl Strategy<Value = Basis> {
    let seen = proptest::collection::btree_map(address(), proptest::option::of(("[a-z0-9-]{1,9}", spec())), 0..3);
    let by = proptest::option::of(any::<String>().prop_map(|arn| Principal { arn, session: None, source_identity: None }));
    let wanted = proptest::collection::btree_set(address(), 0..4);
    let back_to = proptest::option::of("[0-9A-Z]{1,9}".prop_map(crate::RunId));
    (any::<u64>(), wanted, seen, any::<String>(), by, back_to).prop_map(|(serial, wanted, seen, region, by, back_to)| Basis {
        environment: "dev".into(),
        lineage: "01L".into(),
        serial,
        head: Digest::of(&serial.to_le_bytes()),
        configuration: Digest::of(b"configuration"),
        observed: Digest::of(b"observed"),
        account: "093646564004".parse().unwrap(),
        region,
        world: World::Sandbox,
        engine: "0.1.0".into(),
        by,
        back_to,
        wanted: wanted.into_iter().map(|at| (at.clone(), Digest::of(at.to_string().as_bytes()))).collect(),
        seen: seen.into_iter().map(|(at, seen)| (at, seen.map(|(id, spec)| SeenAs { id: id.as_str().into(), spec }))).collect(),
    })
}

fn plan() -> impl Strategy<Value = Plan> {
    let notes = proptest::collection::vec(any::<String>().prop_map(|told| Finding::new(Severity::Warning, told)), 0..2);
    let outputs = proptest::collection::btree_map("[a-z_]{1,6}", spec(), 0..2);
    let scope = proptest::collection::btree_set(address(), 0..2);
    let costs = proptest::option::of((any::<i64>(), any::<bool>()));
    (proptest::collection::vec(step(), 0..5), basis(), notes, outputs, scope, any::<bool>(), costs).prop_map(
        |(mut steps, basis, notes, outputs, target, destroy, costs)| {
            for (n, step) in steps.iter_mut().enumerate() {
                step.id = StepId(n);
                step.after.iter_mut().for_each(|after| after.step = StepId(after.step.0 % n.max(1)));
                step.after.retain(|after| after.step.0 < n);
            }
            let delta = |(cents, estimate)| CostDelta { cents, estimate, by_use: ["x".to_owned()].into(), unpriced: BTreeSet::new() };
            let costs = costs.map(|cost| Costs {
                prices: "2026-11-20".into(),
                total: delta(cost),
                steps: steps.iter().map(|step| (step.id, delta(cost))).collect::<BTreeMap<_, _>>(),
            });
            let scope = Scope { target, ..Scope::default() };
            let mode = if destroy { Mode::Destroy } else { Mode::Apply };
            Plan { mode, scope, basis, steps, notes, outputs, open: vec![IntentId("01I".into())], costs }
        },
    )
}

proptest! {
    #[test]
    fn any_plan_reads_back_as_it_was_written(plan in plan()) {
        let bytes = write(&plan).unwrap();
        prop_assert_eq!(&read(&bytes).unwrap(), &plan);
        prop_assert_eq!(write(&read(&bytes).unwrap()).unwrap(), bytes, "and is written as the same bytes");
    }

    #[test]
    fn one_byte_more_less_or_otherwise_never_makes_another_plan(plan in plan(), at in any::<Index>(), byte in any::<u8>(), how in 0u8..3) {
        let bytes = write(&plan).unwrap();
        let (place, mut spoilt) = (at.index(bytes.len()), bytes.clone());
        match how {
            0 => spoilt[place] = byte,
            1 => spoilt.insert(place, byte),
            _ => drop(spoilt.remove(place)),
        }
        if let Ok(read) = read(&spoilt) {
            prop_assert_eq!(digest(&read).unwrap(), digest(&plan).unwrap());
            prop_assert_eq!(read, plan);
        }
    }
}

//! A plan, format 1: what `plan -o FILE` writes, `plan --json` prints, an approval is bound to, and `apply FILE` executes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::WireError;
use super::plan_parts::{Basis, Counts, Finding, Step};
use crate::{Digest, IntentId, StepId, net};

/// The newest format this bbws writes and reads.
pub const FORMAT: u64 = 1;

/// The field that holds the digest of all others.
const DIGEST: &str = "digest";

/// A plan as it is written: the same bytes for the same plan, readable by people and jq.
///
/// # Errors
/// Never for a plan that bbws made.
pub fn write(plan: &crate::Plan) -> Result<Vec<u8>, WireError> {
    let (mut document, digest) = document(plan)?;
    document[DIGEST] = digest.0.into();
    let mut bytes = serde_json::to_vec_pretty(&document).map_err(|e| damaged(e.to_string()))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// The digest over all of a plan: what an approval is bound to.
///
/// # Errors
/// Never for a plan that bbws made.
pub fn digest(plan: &crate::Plan) -> Result<Digest, WireError> {
    document(plan).map(|(_, digest)| digest)
}

/// Reads a plan.
///
/// # Errors
/// When the bytes are damaged or were edited, when its steps make no sense together, or when a newer bbws wrote it.
pub fn read(bytes: &[u8]) -> Result<crate::Plan, WireError> {
    let mut document: Value = super::read("plan", FORMAT, bytes)?;
    let digest = document.as_object_mut().and_then(|fields| fields.remove(DIGEST));
    if digest.as_ref().and_then(Value::as_str) != Some(crate::digest(&document).0.as_str()) {
        return Err(damaged("its content does not fit its digest: it was edited or damaged".into()));
    }
    let plan: Plan = serde_path_to_error::deserialize(document).map_err(|e| damaged(format!("at `{}`: {}", e.path(), e.inner())))?;
    let counts = plan.counts;
    let plan: crate::Plan = plan.into();
    if counts != crate::Counts::of(&plan.steps).into() {
        return Err(damaged("its counts are not those of its steps".into()));
    }
    sound(&plan)?;
    Ok(plan)
}

fn damaged(cause: String) -> WireError {
    WireError::Damaged { what: "plan", cause }
}

fn document(plan: &crate::Plan) -> Result<(Value, Digest), WireError> {
    let mut document = serde_json::to_value(Plan::from(plan.clone())).map_err(|e| damaged(e.to_string()))?;
    net::catch_in(&mut document);
    let digest = crate::digest(&document);
    Ok((document, digest))
}

/// Whether the steps can be walked at all. Whether they are right is for the checker.
fn sound(plan: &crate::Plan) -> Result<(), WireError> {
    for (place, step) in plan.steps.iter().enumerate() {
        let wrong = |what: String| Err(damaged(format!("step {}: {what}", step.id)));
        if step.id != StepId(place) {
            return wrong(format!("it stands at place {place}"));
        }
        if let Some(after) = step.after.iter().find(|after| after.step >= step.id) {
            return wrong(format!("it comes after {}, which stands behind it", after.step));
        }
        if let Some(pair) = step.pair
            && plan.step(pair).is_none_or(|other| other.pair != Some(step.id) || pair == step.id)
        {
            return wrong(format!("its other half {pair} is not its pair"));
        }
        if let crate::Reason::Changed(fields) | crate::Reason::Replacing(fields) = &step.reason
            && fields.is_empty()
        {
            return wrong("it gives no reason".into());
        }
    }
    Ok(())
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Plan {
    format: u64,
    mode: Mode,
    basis: Basis,
    /// For readers that only want to know how much there is: the same as counting the steps.
    counts: Counts,
    steps: Vec<Step>,
    notes: Vec<Finding>,
    outputs: BTreeMap<String, Value>,
    open: Vec<IntentId>,
}

/// What a plan or a run is for.
#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Mode {
    Apply,
    Destroy,
}

impl From<crate::Mode> for Mode {
    fn from(mode: crate::Mode) -> Self {
        match mode {
            crate::Mode::Apply => Self::Apply,
            crate::Mode::Destroy => Self::Destroy,
        }
    }
}

impl From<Mode> for crate::Mode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Apply => Self::Apply,
            Mode::Destroy => Self::Destroy,
        }
    }
}

impl From<crate::Plan> for Plan {
    fn from(plan: crate::Plan) -> Self {
        let counts = crate::Counts::of(&plan.steps).into();
        let crate::Plan { mode, basis, steps, notes, outputs, open } = plan;
        Self {
            format: FORMAT,
            mode: mode.into(),
            basis: basis.into(),
            counts,
            steps: steps.into_iter().map(Into::into).collect(),
            notes: notes.into_iter().map(Into::into).collect(),
            outputs,
            open,
        }
    }
}

impl From<Plan> for crate::Plan {
    fn from(plan: Plan) -> Self {
        let Plan { format: _, mode, basis, counts: _, steps, notes, outputs, open } = plan;
        Self {
            mode: mode.into(),
            basis: basis.into(),
            steps: steps.into_iter().map(Into::into).collect(),
            notes: notes.into_iter().map(Into::into).collect(),
            outputs,
            open,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Action, After, FieldChange, Meter, MeterDelta, Reason, Renamed, Risk, RiskKind, Severity, Unit, Until, Verb, World};
    use serde_json::json;

    #[test]
    fn a_plan_holds_no_known_secret() {
        net::remember("plan-canary/7");
        let mut plan = whole();
        plan.outputs.insert("said".into(), json!("plan-canary/7"));
        let bytes = write(&plan).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains("plan-canary"));
        assert_eq!(read(&bytes).unwrap().outputs["said"], json!("<secret>"));
        assert_eq!(digest(&plan).unwrap(), digest(&read(&bytes).unwrap()).unwrap(), "an approval is bound to what was written");
    }

    fn step(id: usize, action: Action, reason: Reason) -> crate::Step {
        crate::Step {
            id: StepId(id),
            address: format!("toy.n{id}").parse().unwrap(),
            action,
            reason,
            risks: vec![],
            after: vec![],
            dependencies: vec![],
            pair: None,
            meters: MeterDelta::default(),
        }
    }

    fn change(verb: Verb) -> FieldChange {
        let risks = vec![Risk { kind: RiskKind::Downtime, text: "it is away".into() }];
        FieldChange { field: "size".into(), verb, from: json!(1), to: json!({"$ref": "toy.n0", "output": "id"}), risks, backup: true }
    }

    /// A plan with every action, reason, verb, risk, unit and severity.
    fn whole() -> crate::Plan {
        let (have, want) = (json!({"size": 1}), json!({"size": 2}));
        let renamed = Some(Renamed { from: "a".into(), to: "a-2".into() });
        let replacing = || Reason::Replacing(vec![change(Verb::Replace), change(Verb::Forbid("the safe way".into()))]);
        let mut steps = vec![
            step(0, Action::Backup { kind: "copy".into(), want: want.clone() }, Reason::Precaution),
            step(1, Action::Create { want: want.clone(), renamed }, replacing()),
            step(
                2,
                Action::Update { id: "i2".into(), have: have.clone(), want: want.clone() },
                Reason::Changed(vec![change(Verb::Update), change(Verb::WriteOnly)]),
            ),
            step(3, Action::Delete { id: "i1".into(), have: have.clone(), deposed: true }, replacing()),
            step(
                4,
                Action::Adopt { id: "i4".into(), have: have.clone(), want: want.clone(), existing: true, asked: false, renamed: None },
                Reason::Ours,
            ),
            step(5, Action::Forget { reason: "it is gone already".into() }, Reason::Undeclared),
            step(6, Action::Rename { from: "toy.old".parse().unwrap() }, Reason::Asked),
            step(7, Action::Create { want: want.clone(), renamed: None }, Reason::Declared),
            step(8, Action::Create { want: want.clone(), renamed: None }, Reason::Missing),
            step(9, Action::Update { id: "i9".into(), have: have.clone(), want: want.clone() }, Reason::Unfinished),
            step(10, Action::Update { id: "i10".into(), have: have.clone(), want: want.clone() }, Reason::Settling("modifying".into())),
            step(11, Action::Update { id: "i11".into(), have, want }, Reason::Failing("incompatible-parameters".into())),
        ];
        (steps[1].pair, steps[3].pair) = (Some(StepId(3)), Some(StepId(1)));
        steps[3].after = vec![After { step: StepId(0), until: Until::Done }, After { step: StepId(1), until: Until::Known("id".into()) }];
        let kinds = [RiskKind::DataLoss, RiskKind::Downtime, RiskKind::Security, RiskKind::Iam];
        steps[3].risks = kinds.map(|kind| Risk { kind, text: "so".into() }).into();
        steps[3].dependencies = vec!["toy.n0".parse().unwrap()];
        let meter = |unit| Meter { item: "toy.hour".into(), quantity: 0.1, unit };
        steps[7].meters =
            MeterDelta { less: vec![meter(Unit::Hours), meter(Unit::GbMonth)], more: vec![meter(Unit::Month), meter(Unit::Usage)] };
        let note = |severity| crate::Finding::new(severity, "so it is");
        crate::Plan {
            mode: crate::Mode::Apply,
            basis: crate::Basis {
                environment: "dev".into(),
                lineage: "01L".into(),
                serial: 4,
                head: Digest::of(b"head"),
                configuration: Digest::of(b"configuration"),
                observed: Digest::of(b"observed"),
                account: "093646564004".parse().unwrap(),
                region: "af-south-1".into(),
                world: World::Endpoint("http://localhost:1".into()),
                engine: "0.1.0".into(),
            },
            steps,
            notes: vec![
                note(Severity::Note).at(&"toy.n1".parse().unwrap()).seen("this").advise("that"),
                note(Severity::Warning),
                note(Severity::Error),
            ],
            outputs: BTreeMap::from([("vpc_id".into(), json!({"$ref": "toy.n1", "output": "id"})), ("none".into(), Value::Null)]),
            open: vec![IntentId("01I".into())],
        }
    }

    fn text() -> String {
        String::from_utf8(write(&whole()).unwrap()).unwrap()
    }

    /// The text with one thing changed and the digest made to fit.
    fn forged(from: &str, to: &str) -> Result<crate::Plan, WireError> {
        let text = text();
        assert!(text.contains(from), "{from}");
        let mut document: Value = serde_json::from_str(&text.replacen(from, to, 1)).unwrap();
        document.as_object_mut().unwrap().remove(DIGEST);
        let digest = crate::digest(&document);
        document[DIGEST] = digest.0.into();
        read(document.to_string().as_bytes())
    }

    #[test]
    fn a_plan_reads_back_as_it_was_written() {
        assert_eq!(read(text().as_bytes()).unwrap(), whole());
        let destroy = crate::Plan { mode: crate::Mode::Destroy, ..whole() };
        assert_eq!(read(&write(&destroy).unwrap()).unwrap(), destroy);
    }

    #[test]
    fn format_1_stays_as_it_is() {
        insta::assert_snapshot!(text());
    }

    #[test]
    fn the_digest_is_over_all_of_it() {
        let digest = digest(&whole()).unwrap();
        assert!(text().contains(&digest.0));
        let mut other = whole();
        other.basis.serial += 1;
        assert_ne!(super::digest(&other).unwrap(), digest);
    }

    #[test]
    fn an_edited_plan_is_refused() {
        for (from, to) in [("toy.n7", "toy.n8"), ("\"size\": 2", "\"size\": 3"), ("it is away", "it is there")] {
            let told = read(text().replacen(from, to, 1).as_bytes()).unwrap_err().to_string();
            assert!(told.contains("does not fit its digest"), "{told}");
        }
    }

    #[test]
    fn a_plan_that_makes_no_sense_is_refused_even_with_a_fitting_digest() {
        let table = [
            ("\"id\": 2,", "\"id\": 3,", "stands at place 2"),
            ("\"step\": 1", "\"step\": 7", "stands behind it"),
            ("\"step\": 0", "\"step\": 99", "stands behind it"),
            ("\"pair\": 3,", "\"pair\": 2,", "is not its pair"),
            ("\"pair\": 3,", "\"pair\": 99,", "is not its pair"),
            ("\"add\": 2,", "\"add\": 3,", "its counts"),
            ("\"do\": \"backup\"", "\"do\": \"burn\"", "unknown variant `burn`"),
            ("\"engine\":", "\"motor\": 1, \"engine\":", "unknown field `motor`"),
            ("\"do\": \"backup\",", "\"do\": \"backup\", \"to\": 1,", "unknown field `to`"),
        ];
        for (from, to, why) in table {
            let told = forged(from, to).unwrap_err().to_string();
            assert!(told.contains(why), "{from}: {told}");
        }
        assert_eq!(forged("toy.n7", "toy.n7").unwrap(), whole());
    }

    #[test]
    fn a_newer_plan_is_told_apart_from_a_damaged_one() {
        let told = |text: &str| read(text.as_bytes()).unwrap_err();
        assert_eq!(told(r#"{"format": 2, "anything": 1}"#), WireError::Newer { what: "plan", found: 2, known: 1 });
        assert!(matches!(told("{}"), WireError::Damaged { .. }));
        assert!(matches!(told("not JSON"), WireError::Damaged { .. }));
    }

    #[test]
    fn truncation_at_any_byte_is_refused() {
        let text = text();
        for length in (0..text.len() - 2).step_by(7) {
            assert!(read(&text.as_bytes()[..length]).is_err(), "cut at {length}");
        }
    }
}

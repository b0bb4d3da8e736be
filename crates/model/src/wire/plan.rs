//! A plan, format 1: what `plan -o FILE` writes, `plan --json` prints, an approval is bound to, and `apply FILE` executes.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::WireError;
use super::plan_basis::{Basis, Scope};
use super::plan_bill::Costs;
use super::plan_parts::{Counts, Finding, Step};
use super::strict::{self, StrictError};
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

/// Why bytes are not taken for a plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// They are no JSON, or not all of it.
    #[error("it is no whole JSON: {0}")]
    NoJson(String),
    /// A key stands twice: which of its values counts would be a guess.
    #[error("the key `{0}` stands in it twice")]
    Twice(String),
    /// They are JSON, and no plan.
    #[error("it is no plan of bbws: it does not say its format")]
    NoPlan,
    /// A newer bbws wrote them.
    #[error("it has format {found}, this bbws knows format {known}")]
    Newer {
        /// The format found.
        found: u64,
        /// The newest format known.
        known: u64,
    },
    /// The content is not the one that the digest was made of.
    #[error("its content does not fit its digest")]
    Edited,
    /// The digest fits, and bbws writes no such plan.
    #[error("no bbws writes such a plan: {0}")]
    Unsound(String),
}

impl From<StrictError> for PlanError {
    fn from(error: StrictError) -> Self {
        match error {
            StrictError::NoJson(cause) => Self::NoJson(cause),
            StrictError::Twice(path) => Self::Twice(path),
        }
    }
}

/// Reads a plan. White space is all that may be otherwise than it was written.
///
/// # Errors
/// When the bytes are damaged or were edited, when its steps make no sense together, or when a newer bbws wrote it.
pub fn read(bytes: &[u8]) -> Result<crate::Plan, PlanError> {
    let mut document = strict::parse(bytes)?;
    match document.get("format").and_then(Value::as_u64) {
        None => return Err(PlanError::NoPlan),
        Some(found) if found > FORMAT => return Err(PlanError::Newer { found, known: FORMAT }),
        Some(_) => {}
    }
    let digest = document.as_object_mut().and_then(|fields| fields.remove(DIGEST));
    if digest.as_ref().and_then(Value::as_str) != Some(crate::digest(&document).0.as_str()) {
        return Err(PlanError::Edited);
    }
    let plan: Plan =
        serde_path_to_error::deserialize(document).map_err(|e| PlanError::Unsound(format!("at `{}`: {}", e.path(), e.inner())))?;
    let counts = plan.counts;
    if plan.format != FORMAT {
        return Err(PlanError::Unsound(format!("there is no format {}", plan.format)));
    }
    let plan: crate::Plan = plan.into();
    if counts != crate::Counts::of(&plan.steps).into() {
        return Err(PlanError::Unsound("its counts are not those of its steps".into()));
    }
    sound(&plan).map_err(PlanError::Unsound)?;
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
fn sound(plan: &crate::Plan) -> Result<(), String> {
    for (place, step) in plan.steps.iter().enumerate() {
        let wrong = |what: String| Err(format!("step {}: {what}", step.id));
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

/// A plan of bbws: what `plan --json` prints and `plan -o FILE` writes.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Plan {
    /// The version of this format.
    #[schemars(extend("const" = FORMAT))]
    format: u64,
    /// What it is for.
    mode: Mode,
    /// What it was asked for with.
    scope: Scope,
    /// What it rests on.
    basis: Basis,
    /// For readers that only want to know how much there is: the same as counting the steps.
    counts: Counts,
    /// The steps, each after all that it comes after.
    steps: Vec<Step>,
    /// What is worth saying beside them.
    notes: Vec<Finding>,
    /// The outputs that will be published, with references.
    outputs: BTreeMap<String, Value>,
    /// Intents of earlier runs of which it is not recorded what became.
    open: Vec<IntentId>,
    /// What it does to the bill.
    costs: Option<Costs>,
}

/// What a plan or a run is for.
#[derive(Clone, Copy, Serialize, Deserialize, JsonSchema)]
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
        let crate::Plan { mode, scope, basis, steps, notes, outputs, open, costs } = plan;
        Self {
            format: FORMAT,
            mode: mode.into(),
            scope: scope.into(),
            basis: basis.into(),
            counts,
            steps: steps.into_iter().map(Into::into).collect(),
            notes: notes.into_iter().map(Into::into).collect(),
            outputs,
            open,
            costs: costs.map(Into::into),
        }
    }
}

impl From<Plan> for crate::Plan {
    fn from(plan: Plan) -> Self {
        let Plan { format: _, mode, scope, basis, counts: _, steps, notes, outputs, open, costs } = plan;
        Self {
            mode: mode.into(),
            scope: scope.into(),
            basis: basis.into(),
            steps: steps.into_iter().map(Into::into).collect(),
            notes: notes.into_iter().map(Into::into).collect(),
            outputs,
            open,
            costs: costs.map(Into::into),
        }
    }
}

/// The JSON schema of this format.
#[must_use]
pub fn schema() -> Value {
    let mut schema = schemars::schema_for!(Plan).to_value();
    // The digest is of all other fields, so it is none of the type's own.
    let told = "The SHA-256 of all other fields, as JSON with sorted keys and no white space: what an approval is bound to.";
    schema["properties"][DIGEST] = serde_json::json!({ "type": "string", "description": told });
    if let Some(required) = schema["required"].as_array_mut() {
        required.push(DIGEST.into());
    }
    schema
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
        let risks = vec![Risk { away: Some(crate::Away { least: 60, most: 120 }), ..Risk::new(RiskKind::Downtime, "it is away") }];
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
        steps[3].risks = kinds.map(|kind| Risk::new(kind, "so")).into();
        steps[3].dependencies = vec!["toy.n0".parse().unwrap()];
        let meter = |unit| Meter { item: "toy.hour".into(), quantity: 0.1, unit };
        steps[7].meters =
            MeterDelta { less: vec![meter(Unit::Hours), meter(Unit::GbMonth)], more: vec![meter(Unit::Month), meter(Unit::Usage)] };
        let note = |severity| crate::Finding::new(severity, "so it is");
        crate::Plan {
            mode: crate::Mode::Apply,
            scope: crate::Scope {
                replace: ["toy.n6".parse().unwrap()].into(),
                target: ["toy.n1".parse().unwrap()].into(),
                exclude: ["toy.n99".parse().unwrap()].into(),
            },
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
                by: Some(crate::Principal::of("arn:aws:sts::093646564004:assumed-role/deployer/thandi", None)),
                back_to: None,
                wanted: [("toy.n0".parse().unwrap(), Digest::of(b"toy.n0"))].into(),
                seen: [
                    ("toy.n2".parse().unwrap(), Some(crate::SeenAs { id: "i2".into(), spec: json!({"size": 1}) })),
                    ("toy.n7".parse().unwrap(), None),
                ]
                .into(),
            },
            steps,
            notes: vec![
                note(Severity::Note).at(&"toy.n1".parse().unwrap()).seen("this").advise("that"),
                note(Severity::Warning),
                note(Severity::Error),
            ],
            outputs: BTreeMap::from([("vpc_id".into(), json!({"$ref": "toy.n1", "output": "id"})), ("none".into(), Value::Null)]),
            open: vec![IntentId("01I".into())],
            costs: Some(crate::Costs {
                prices: "2026-11-20".into(),
                total: crate::CostDelta { cents: -365, ..Default::default() },
                steps: [(
                    StepId(7),
                    crate::CostDelta { cents: 4161, estimate: true, by_use: ["b".into()].into(), unpriced: ["u".into()].into() },
                )]
                .into(),
            }),
        }
    }

    fn text() -> String {
        String::from_utf8(write(&whole()).unwrap()).unwrap()
    }

    /// The text with one thing changed and the digest made to fit.
    fn forged(from: &str, to: &str) -> Result<crate::Plan, PlanError> {
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

    /// `cargo xtask docs` writes it.
    #[test]
    fn the_page_in_docs() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema/plan.schema.json");
        let text = format!("{:#}\n", schema());
        if std::env::var_os("BBWS_WRITE_DOCS").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), text, "cargo xtask docs writes docs/schema/plan.schema.json");
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
        let digest = digest(&whole()).unwrap().0;
        let edits = [("toy.n7", "toy.n8"), ("\"size\": 2", "\"size\": 3"), ("it is away", "it is there"), (&digest, &Digest::of(b"").0)];
        for (from, to) in edits {
            assert_eq!(read(text().replacen(from, to, 1).as_bytes()), Err(PlanError::Edited), "{from}");
        }
        assert_eq!(read(text().replacen("\"digest\"", "\"sum\"", 1).as_bytes()), Err(PlanError::Edited), "without a digest");
    }

    #[test]
    fn a_key_that_stands_twice_is_refused_whichever_of_the_two_the_digest_is_of() {
        for (first, second) in [("9", "4"), ("4", "9")] {
            let twice = text().replacen("\"serial\": 4", &format!("\"serial\": {first}, \"serial\": {second}"), 1);
            assert_eq!(read(twice.as_bytes()), Err(PlanError::Twice("basis.serial".into())));
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
        assert_eq!(told(r#"{"format": 2, "anything": 1}"#), PlanError::Newer { found: 2, known: 1 });
        assert_eq!(told("{}"), PlanError::NoPlan);
        assert_eq!(told("[1]"), PlanError::NoPlan);
        assert!(matches!(told("not JSON"), PlanError::NoJson(_)));
        assert!(matches!(forged("\"format\": 1", "\"format\": 0"), Err(PlanError::Unsound(_))));
    }

    /// What was changed is refused, or was only white space.
    #[test]
    fn no_byte_can_be_changed_so_that_it_says_something_else() {
        let (text, plan) = (text(), whole());
        for place in 0..text.len() {
            let bytes = [b' ', b'0', b'"', b'\\', text.as_bytes()[place] ^ 1, text.as_bytes()[place] ^ 0x20];
            let mut spoilt = text.clone().into_bytes();
            spoilt[place] = bytes[place % bytes.len()];
            match read(&spoilt) {
                Ok(read) => assert_eq!(read, plan, "byte {place}"),
                Err(_) => assert_ne!(spoilt, text.as_bytes()),
            }
        }
    }

    #[test]
    fn truncation_at_any_byte_is_refused() {
        let text = text();
        for length in (0..text.len() - 2).step_by(7) {
            assert!(read(&text.as_bytes()[..length]).is_err(), "cut at {length}");
        }
    }
}

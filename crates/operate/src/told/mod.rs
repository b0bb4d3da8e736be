//! What a plan is completed with before anybody looks at it: whom it lets in or shuts out, what it does to the bill. A plan that is
//! saved, shown and approved says it all.

mod bill;
mod gap;
mod kept;
mod reach;
mod rights;

pub use kept::{is_kept, kept};

use bbws_model::{Kinds, Plan};

use crate::cost::Prices;

/// Completes a plan: the same for the same plan and prices.
pub fn complete(plan: &mut Plan, kinds: &Kinds, prices: Option<&Prices>) {
    for at in 0..plan.steps.len() {
        let step = &plan.steps[at];
        let mut risks = reach::of(step);
        risks.extend(rights::of(step));
        risks.extend(gap::of(plan, step, kinds));
        plan.steps[at].risks.extend(risks);
    }
    plan.costs = prices.map(|prices| bill::of(plan, prices));
}

/// What a step finds and what it leaves, as far as that is known: of a change the fields that differ are laid over what was seen,
/// because there references are resolved.
fn sides(step: &bbws_model::Step) -> (Option<serde_json::Value>, Option<serde_json::Value>) {
    use bbws_model::{Action, Reason};
    match &step.action {
        Action::Create { want, .. } => (None, Some(want.clone())),
        Action::Delete { have, .. } => (Some(have.clone()), None),
        Action::Update { have, .. } => {
            let mut after = have.clone();
            if let Reason::Changed(changes) = &step.reason {
                for change in changes {
                    // What is no field of the spec (a mark, a phase) is nothing that lets anybody in.
                    if let Some(field) = after.get_mut(&change.field) {
                        field.clone_from(&change.to);
                    }
                }
            }
            (Some(have.clone()), Some(after))
        }
        Action::Adopt { have, want, .. } => (Some(have.clone()), Some(want.clone())),
        Action::Forget { .. } | Action::Rename { .. } | Action::Backup { .. } => (None, None),
    }
}

/// A value of a spec in a few words: a text as it is, a reference as `${role.ecs-task.name}`.
fn shown(value: &serde_json::Value) -> String {
    use serde_json::Value;
    match value {
        Value::String(text) => text.clone(),
        Value::Object(map) => match (map.get("$text"), map.get("$ref"), map.get("output")) {
            (Some(Value::Array(parts)), ..) => parts.iter().map(shown).collect(),
            (_, Some(Value::String(to)), Some(Value::String(output))) => format!("${{{to}.{output}}}"),
            _ => value.to_string(),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use bbws_model::{Action, FieldChange, Reason, RiskKind, Step, Verb};
    pub(super) use bbws_testkit::sample::{plan, step};
    use serde_json::Value;

    pub(super) fn create(address: &str, want: Value) -> Step {
        let normal = bbws_kinds::all().get(address.split('.').next().unwrap()).unwrap().normal(&want);
        let want = normal.unwrap_or_else(|problem| panic!("{}: {}", problem.field, problem.message));
        step(address, Action::Create { want, renamed: None })
    }

    pub(super) fn delete(address: &str, spec: Value) -> Step {
        let Action::Create { want: have, .. } = create(address, spec).action else { panic!() };
        step(address, Action::Delete { id: "x".into(), have, deposed: false })
    }

    pub(super) fn update(address: &str, before: Value, after: Value) -> Step {
        let (Action::Create { want: have, .. }, Action::Create { want, .. }) =
            (create(address, before).action, create(address, after).action)
        else {
            panic!()
        };
        let diff = bbws_kinds::all().get(address.split('.').next().unwrap()).unwrap().diff(&have, &want).unwrap();
        let changes: Vec<FieldChange> = diff.into_changes();
        assert!(changes.iter().all(|change| change.verb == Verb::Update));
        Step { reason: Reason::Changed(changes), ..step(address, Action::Update { id: "x".into(), have, want }) }
    }

    pub(super) fn told(risks: Vec<bbws_model::Risk>, kind: RiskKind) -> Vec<String> {
        risks.into_iter().inspect(|risk| assert_eq!(risk.kind, kind)).map(|risk| risk.text).collect()
    }
}

//! Plans in files: written by `plan -o`, taken by `apply`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use bbws_model::{Address, Digest, Plan, Reason, Step, wire};
use bbws_render::{ErrorId, Style};

use crate::{Exit, Failure};

/// Writes a plan.
///
/// # Errors
/// When the file cannot be written.
pub(crate) fn write(path: &Path, plan: &Plan) -> Result<(), Failure> {
    let failed = |why: String| Failure::new(Exit::Error, format!("the plan cannot be written to {}", path.display())).because(why);
    let bytes = wire::plan::write(plan).map_err(|error| failed(error.to_string()))?;
    fs::write(path, bytes).map_err(|error| failed(error.to_string()))
}

/// Reads a plan.
///
/// # Errors
/// When the file cannot be read, or is no plan.
pub(crate) fn read(path: &Path) -> Result<Plan, Failure> {
    let failed = |why: String| {
        let failure = Failure::new(Exit::Error, format!("{} cannot be read as a plan", path.display())).because(why);
        failure.advise("make a new one: bbws plan ENV -o FILE")
    };
    let bytes = fs::read(path).map_err(|error| failed(error.to_string()))?;
    wire::plan::read(&bytes).map_err(|error| failed(error.to_string()))
}

/// What a plan is known by in the log.
pub(crate) fn digest(plan: &Plan) -> Digest {
    // A plan that the planner made can be written.
    wire::plan::digest(plan).unwrap_or_else(|_| Digest::of(b""))
}

/// The resources that a plan replaces because somebody asked for it.
pub(crate) fn asked_for(plan: &Plan) -> BTreeSet<Address> {
    plan.steps.iter().filter(|step| step.reason == Reason::Asked).map(|step| step.address.clone()).collect()
}

/// Whether a plan may be executed here and now: a new one is made of the same state, file and cloud, and compared with it.
///
/// # Errors
/// When anything that it rests on has moved.
pub(crate) fn check(saved: &Plan, new: &Plan, style: Style) -> Result<(), Failure> {
    // A plan that was narrowed has fewer steps than a new one; what they touch is as it was if each of them is still the same.
    let still = |step: &Step| new.steps.iter().any(|now| now.address == step.address && now.action == step.action);
    let mut now = new.basis.clone();
    if saved.steps.iter().all(still) {
        now.observed = saved.basis.observed.clone();
    }
    // An environment without a state has no lineage yet: each look gives it another.
    if now.serial == 0 && now.head == Digest::of(b"") {
        now.lineage = saved.basis.lineage.clone();
    }
    match bbws_render::stale_plan(&saved.basis, &now, style) {
        None => Ok(()),
        Some(told) => Err(Failure::new(Exit::Refused, "the plan no longer fits")
            .of(ErrorId::StalePlan)
            .because("what it rests on has moved")
            .tell(told)),
    }
}

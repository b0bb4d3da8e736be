//! Plans in files: written by `plan -o`, taken by `apply`.

use std::fs;
use std::path::Path;

use bbws_model::{Digest, Plan, State, Step, wire};

use crate::cloud::Link;
use crate::session::Session;
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

/// Whether a plan may be executed here and now, as far as can be said without a look at the cloud.
///
/// # Errors
/// When it was made for another place, by another bbws, or from another state.
pub(crate) fn fits<L: Link>(plan: &Plan, session: &Session<L>, state: &State) -> Result<(), Failure> {
    let basis = &plan.basis;
    let environment = &session.offline.environment;
    let refused = |what: &str, then: &str, now: &str| {
        Err(Failure::new(Exit::Refused, format!("the plan does not fit: {what} has moved"))
            .because(format!("it was made for {then}; now it is {now}")))
        .map_err(|failure| failure.advise(again(&environment.name)))
    };
    let world = session.world();
    let engine = env!("CARGO_PKG_VERSION");
    if basis.environment != environment.name {
        return refused("the environment", &basis.environment, &environment.name);
    }
    if basis.world != world {
        return refused("the world", &basis.world.to_string(), &world.to_string());
    }
    if basis.account != environment.account {
        return refused("the account", basis.account.as_str(), environment.account.as_str());
    }
    if basis.region != environment.region {
        return refused("the region", &basis.region, &environment.region);
    }
    if basis.engine != engine {
        return refused("bbws itself", &basis.engine, engine);
    }
    if basis.head != state.head || basis.serial != state.serial {
        return refused("the state", &format!("serial {}", basis.serial), &format!("serial {}", state.serial));
    }
    Ok(())
}

/// Whether a new plan would be the same: then the saved one is executed.
///
/// # Errors
/// When the file or the cloud has changed since it was made.
pub(crate) fn unmoved(saved: Plan, new: &Plan) -> Result<Plan, Failure> {
    let name = &saved.basis.environment;
    let moved = |what: &str, why: &str| {
        Failure::new(Exit::Refused, format!("the plan does not fit: {what} since it was made")).because(why).advise(again(name))
    };
    if saved.basis.configuration != new.basis.configuration {
        return Err(moved("the environment file has changed", "it would do what the file no longer says"));
    }
    // A plan that was narrowed has fewer steps than a new one; each of them must still be the same.
    let still = |step: &Step| new.steps.iter().any(|now| now.address == step.address && now.action == step.action);
    if let Some(step) = saved.steps.iter().find(|step| !still(step)) {
        return Err(moved("the cloud has changed", &format!("{} is no longer as the plan found it", step.address)));
    }
    Ok(saved)
}

fn again(name: &str) -> String {
    format!("make a new one and look at it: bbws plan {name} -o FILE")
}

//! Whether a plan that was made earlier still fits, and what has moved since.

use std::collections::{BTreeMap, BTreeSet};

use bbws_model::{Address, Desired, PhysicalId, Plan, SeenAs, State};

use crate::history::{FieldDifference, fields};
use crate::plan::{seen, wanted};
use crate::{Picture, configuration};

/// What became of what a file says of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Turned {
    /// It is new in the file.
    New,
    /// It is otherwise.
    Otherwise,
    /// It is no longer in the file.
    Gone,
}

/// How the configuration differs from the one that a plan was made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FileMoved {
    /// The resources that are wanted otherwise.
    pub resources: BTreeMap<Address, Turned>,
    /// Whether the outputs, or anything else of it, differ.
    pub outputs: bool,
}

/// How an object differs from the one that was observed for a plan.
#[derive(Debug, Clone, PartialEq)]
pub enum Otherwise {
    /// There was none, and there is one now.
    Appeared(PhysicalId),
    /// It is gone.
    Vanished(PhysicalId),
    /// There is another one in its place.
    Another(PhysicalId, PhysicalId),
    /// These fields are otherwise.
    Fields(Vec<FieldDifference>),
}

/// What the file says otherwise than when the plan was made; none where it says the same.
#[must_use]
pub fn file_moved(plan: &Plan, desired: &Desired) -> Option<FileMoved> {
    if configuration(desired) == plan.basis.configuration {
        return None;
    }
    let (then, now) = (&plan.basis.wanted, wanted(desired));
    let all: BTreeSet<&Address> = then.keys().chain(now.keys()).collect();
    let turned = |address: &Address| match (then.get(address), now.get(address)) {
        (None, _) => Some(Turned::New),
        (_, None) => Some(Turned::Gone),
        (before, after) => (before != after).then_some(Turned::Otherwise),
    };
    let resources: BTreeMap<Address, Turned> = all.into_iter().filter_map(|at| Some((at.clone(), turned(at)?))).collect();
    let outputs = resources.is_empty() || plan.outputs != desired.outputs;
    Some(FileMoved { resources, outputs })
}

/// The objects that are otherwise than when the plan was made, of those that its steps touch or refer to.
#[must_use]
pub fn objects_moved(plan: &Plan, picture: &Picture, state: &State) -> BTreeMap<Address, Otherwise> {
    let differs = |then: &Option<SeenAs>, now: Option<SeenAs>| match (then, now) {
        (None, None) => None,
        (None, Some(now)) => Some(Otherwise::Appeared(now.id)),
        (Some(then), None) => Some(Otherwise::Vanished(then.id.clone())),
        (Some(then), Some(now)) if then.id != now.id => Some(Otherwise::Another(then.id.clone(), now.id)),
        (Some(then), Some(now)) => (then.spec != now.spec).then(|| Otherwise::Fields(fields(&then.spec, &now.spec))),
    };
    let all = plan.basis.seen.iter();
    all.filter_map(|(address, then)| Some((address.clone(), differs(then, seen(address, picture, state)?)?))).collect()
}

/// The resources at which two plans do not do the same.
#[must_use]
pub fn steps_moved(one: &Plan, other: &Plan) -> BTreeSet<Address> {
    if one.steps == other.steps {
        return BTreeSet::new();
    }
    // Numbers and order follow from the rest: where only they differ, some step came or went.
    let of = |plan: &Plan, address: &Address| {
        let steps = plan.steps.iter().filter(|step| step.address == *address);
        steps.map(|step| (step.action.clone(), step.reason.clone(), step.risks.clone(), step.meters.clone())).collect::<Vec<_>>()
    };
    let all: BTreeSet<&Address> = one.steps.iter().chain(&other.steps).map(|step| &step.address).collect();
    let differing: BTreeSet<Address> = all.iter().filter(|at| of(one, at) != of(other, at)).map(|at| (*at).clone()).collect();
    if !differing.is_empty() {
        return differing;
    }
    let pairs = one.steps.iter().zip(&other.steps).filter(|(one, other)| one != other);
    pairs.map(|(step, _)| step.address.clone()).collect()
}

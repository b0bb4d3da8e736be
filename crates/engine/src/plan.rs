//! The plan as a whole: steps compiled, narrowed to what was asked for, checked, and bound to what they rest on.

use std::collections::{BTreeMap, BTreeSet};

use bbws_model::{
    Account, Address, AnyKind, Basis, Desired, Digest, Finding, Mode, Plan, Scope, SeenAs, Severity, State, Step, StepId, World, digest_of,
    pointers,
};
use serde::Serialize;
use serde_json::Value;

use crate::planner::{Request, Sources, steps};
use crate::{Picture, check};

/// Which plan is wanted, and for where.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    /// The environment's name.
    pub environment: String,
    /// What it is for.
    pub mode: Mode,
    /// What it is narrowed to, and what is replaced although nothing forces it.
    pub scope: Scope,
    /// The account.
    pub account: Account,
    /// The region.
    pub region: String,
    /// The world.
    pub world: World,
    /// The engine's version.
    pub engine: String,
}

/// Compiles a plan. Pure: what was seen comes in as data.
///
/// # Errors
/// Everything that stands in the way, all at once.
pub fn plan(from: Sources<'_>, ask: &Ask) -> Result<Plan, Vec<Finding>> {
    let known = |address: &&Address| from.desired.resources.contains_key(*address) || from.state.entries.contains_key(*address);
    let strangers: Vec<Finding> = ask.scope.named().filter(|a| !known(a)).map(|a| unknown(a, from)).collect();
    if !strangers.is_empty() {
        return Err(strangers);
    }
    let request = Request { mode: ask.mode, replace: ask.scope.replace.clone() };
    let all = steps(from, &request)?;
    let count = all.len();
    let steps = narrowed(all, ask);
    let mut plan = bound(steps, from, ask)?;
    if plan.steps.len() < count {
        let left = match count - plan.steps.len() {
            1 => "1 more step is left out by --target or --exclude".to_owned(),
            more => format!("{more} more steps are left out by --target or --exclude"),
        };
        plan.notes.push(Finding::new(Severity::Warning, left).advise("plan without them before you rely on the cluster as a whole"));
    }
    Ok(plan)
}

/// The plan of some steps: checked, and with what it rests on.
pub(crate) fn bound(steps: Vec<Step>, from: Sources<'_>, ask: &Ask) -> Result<Plan, Vec<Finding>> {
    let wrong = check(&steps, from.state, from.kinds);
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let wanted = wanted(from.desired);
    let touched: BTreeSet<Address> = touched(&steps);
    let seen: BTreeMap<Address, Option<SeenAs>> =
        touched.into_iter().map(|at| (at.clone(), seen(&at, from.picture, from.state).flatten())).collect();
    let basis = Basis {
        environment: ask.environment.clone(),
        lineage: from.state.lineage.clone(),
        serial: from.state.serial,
        head: from.state.head.clone(),
        configuration: configuration(from.desired),
        observed: written(&seen.iter().map(|(at, seen)| (at, seen.as_ref().map(|seen| (&seen.id, &seen.spec)))).collect::<Vec<_>>()),
        account: ask.account.clone(),
        region: ask.region.clone(),
        world: ask.world.clone(),
        engine: ask.engine.clone(),
        by: None,
        back_to: None,
        wanted,
        seen,
    };
    let outputs = if ask.mode == Mode::Destroy { BTreeMap::new() } else { from.desired.outputs.clone() };
    let open = from.state.open.keys().cloned().collect();
    Ok(Plan { mode: ask.mode, scope: ask.scope.clone(), basis, steps, notes: vec![], outputs, open, costs: None })
}

fn unknown(address: &Address, from: Sources<'_>) -> Finding {
    if from.kinds.get(address.kind()).is_none() {
        let kinds: Vec<&str> = from.kinds.iter().map(AnyKind::name).collect();
        let told = format!("there is no kind `{}`", address.kind());
        return Finding::new(Severity::Error, told).at(address).advise(format!("the kinds are {}", kinds.join(", ")));
    }
    let same: Vec<String> = from
        .desired
        .resources
        .keys()
        .chain(from.state.entries.keys())
        .filter(|known| known.kind() == address.kind())
        .map(ToString::to_string)
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let advice = if same.is_empty() {
        format!("the environment has no resource of the kind `{}`", address.kind())
    } else {
        format!("of this kind there is {}", same.join(", "))
    };
    Finding::new(Severity::Error, format!("there is no resource `{address}`")).advise(advice)
}

/// The digest of all that is wanted.
#[must_use]
pub fn configuration(desired: &Desired) -> Digest {
    /// Its fields stand in the order of their names.
    #[derive(Serialize)]
    struct Whole<'a> {
        outputs: &'a BTreeMap<String, Value>,
        resources: Vec<(&'a Address, &'a Value, bool)>,
    }
    let resources = desired.resources.iter().map(|(address, wanted)| (address, &wanted.spec, wanted.existing)).collect();
    written(&Whole { outputs: &desired.outputs, resources })
}

/// The digest of what is wanted of each resource.
#[must_use]
pub fn wanted(desired: &Desired) -> BTreeMap<Address, Digest> {
    desired.resources.iter().map(|(address, wanted)| (address.clone(), written(&(&wanted.spec, wanted.existing)))).collect()
}

/// The digest of what has texts for keys.
fn written(whole: &impl Serialize) -> Digest {
    digest_of(whole).unwrap_or_else(|error| Digest::of(error.to_string().as_bytes()))
}

/// The resources that the steps touch or refer to.
fn touched(steps: &[Step]) -> BTreeSet<Address> {
    let referred = steps.iter().filter_map(Step::wants).flat_map(pointers).map(|pointer| pointer.to);
    steps.iter().map(|step| step.address.clone()).chain(referred).collect()
}

/// What was observed at an address, as a plan rests on it: phases and outputs that move by themselves are not among it. None where
/// nothing looked there, or the look failed; nothing within where there was no object.
#[must_use]
pub fn seen(address: &Address, picture: &Picture, state: &State) -> Option<Option<SeenAs>> {
    let found = if state.entries.contains_key(address) { picture.recorded.get(address) } else { picture.unrecorded.get(address) };
    match found {
        Some(Ok(seen)) => Some(seen.as_ref().map(|seen| SeenAs { id: seen.id.clone(), spec: seen.spec.clone() })),
        Some(Err(_)) | None => None,
    }
}

/// The steps that were asked for, numbered anew.
fn narrowed(steps: Vec<Step>, ask: &Ask) -> Vec<Step> {
    let mut kept: BTreeSet<usize> = if ask.scope.target.is_empty() {
        (0..steps.len()).collect()
    } else {
        let asked = steps.iter().filter(|step| ask.scope.target.contains(&step.address)).map(|step| step.id.0);
        reached(asked, |n| steps[n].after.iter().map(|a| a.step.0).chain(steps[n].pair.map(|p| p.0)).collect())
    };
    if !ask.scope.exclude.is_empty() {
        let mut followers: Vec<Vec<usize>> = vec![vec![]; steps.len()];
        for step in &steps {
            step.after.iter().for_each(|after| followers[after.step.0].push(step.id.0));
        }
        let excluded = steps.iter().filter(|step| ask.scope.exclude.contains(&step.address)).map(|step| step.id.0);
        let out = reached(excluded, |n| followers[n].iter().copied().chain(steps[n].pair.map(|p| p.0)).collect());
        kept.retain(|n| !out.contains(n));
    }
    if kept.len() == steps.len() {
        return steps;
    }
    let places: BTreeMap<usize, usize> = kept.iter().enumerate().map(|(place, number)| (*number, place)).collect();
    let number = |id: StepId| places.get(&id.0).copied().map(StepId);
    let mut narrow = vec![];
    for mut step in steps.into_iter().filter(|step| kept.contains(&step.id.0)) {
        step.id = StepId(narrow.len());
        step.after = step
            .after
            .into_iter()
            .filter_map(|mut a| {
                number(a.step).map(|id| {
                    a.step = id;
                    a
                })
            })
            .collect();
        step.pair = step.pair.and_then(number);
        narrow.push(step);
    }
    narrow
}

/// All that can be reached from some steps, these included.
fn reached(from: impl Iterator<Item = usize>, next: impl Fn(usize) -> Vec<usize>) -> BTreeSet<usize> {
    let mut left: Vec<usize> = from.collect();
    let mut all = BTreeSet::new();
    while let Some(n) = left.pop() {
        if all.insert(n) {
            left.extend(next(n));
        }
    }
    all
}

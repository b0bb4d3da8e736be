//! Taking what exists under management, as it is: nothing but its mark is changed. What a plan would change afterwards is known
//! before anything is recorded.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bbws_model::{
    Action, Address, After, Desired, Entry, FieldChange, Finding, IntentId, Kinds, MeterDelta, Ownership, Phase, PhysicalId, Plan, Reason,
    Seen, Severity, State, Step, StepId, Until, Verb, pointers, resolve,
};

use crate::entry::entry;
use crate::observe::{Asked, look};
use crate::outputs::recorded;
use crate::planner::Sources;
use crate::{Ask, Drivers, Found, Graph, Picture, Place, Reading, plan, refresh};

/// What stands for an output of something that does not exist: what refers to it can be looked at all the same.
const NOT_THERE: &str = "not-there-yet";

/// What was found of the objects that are to be taken under management.
#[derive(Debug, Clone)]
pub struct Sighted {
    /// What will be taken, as it is.
    pub found: BTreeMap<Address, Seen>,
    /// What was asked for and is not there.
    pub missing: BTreeSet<Address>,
    /// Why some of what is there is not taken.
    pub findings: Vec<Finding>,
    /// The state as it would be.
    pub state: State,
}

impl Sighted {
    /// Whether nothing is left to take.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }
}

/// Looks at the objects that are to become these resources, each under its id or, without one, under its natural key. What
/// refers to an object is looked at once that was found.
pub async fn sight(
    drivers: &Arc<Drivers>,
    kinds: &Kinds,
    desired: &Desired,
    state: &State,
    asked: &BTreeMap<Address, Option<PhysicalId>>,
) -> Sighted {
    let mut sighted = Sighted { found: BTreeMap::new(), missing: BTreeSet::new(), findings: vec![], state: state.clone() };
    let mut done: BTreeSet<Address> = BTreeSet::new();
    // Where nothing more can be resolved, what is left refers to something that is not there.
    let mut forced = false;
    loop {
        let mut round: Asked<()> = BTreeMap::new();
        for (address, id) in asked.iter().filter(|(address, _)| !done.contains(*address)) {
            let Some(wanted) = desired.resources.get(address) else { continue };
            let spec = resolve(&wanted.spec, &|pointer| {
                let absent = || !asked.contains_key(&pointer.to) || done.contains(&pointer.to);
                recorded(&sighted.state, pointer).or_else(|| (forced && absent()).then(|| NOT_THERE.into()))
            });
            if pointers(&spec).is_empty() && kinds.get(address.kind()).is_some() {
                let place = Place { address: address.clone(), id: id.clone(), spec, lineage: state.lineage.clone(), intent: None };
                round.entry(address.kind().to_owned()).or_default().push(((), place));
            }
        }
        if round.is_empty() {
            if forced {
                break;
            }
            forced = true;
            continue;
        }
        forced = false;
        done.extend(round.values().flatten().map(|((), place)| place.address.clone()));
        for ((), place, found) in look(drivers, round, &Reading::new()).await {
            let found = unless_blocked(desired, &sighted, &place, found);
            match found.and_then(|found| taken((kinds, desired), &sighted.state, &place, found)) {
                Ok(Some((seen, entry))) => {
                    sighted.state.entries.insert(place.address.clone(), entry);
                    sighted.found.insert(place.address, seen);
                }
                Ok(None) => drop(sighted.missing.insert(place.address)),
                Err(finding) => sighted.findings.push(*finding),
            }
        }
    }
    let left = asked.keys().filter(|address| !done.contains(*address));
    sighted.findings.extend(left.map(|address| {
        match desired.resources.get(address) {
            None => Finding::new(Severity::Error, "the environment's file does not declare it")
                .at(address)
                .advise("declare it first: a plan removes what is recorded and not declared"),
            Some(wanted) => {
                let on: BTreeSet<String> = pointers(&wanted.spec).into_iter().map(|pointer| pointer.to.to_string()).collect();
                let finding = Finding::new(Severity::Error, "it refers to what is not recorded").at(address);
                finding.seen(Vec::from_iter(on).join(", ")).advise("import those first")
            }
        }
    }));
    sighted
}

/// Looks once more at some of what was not found, each under its id where that is known by now; what was found before is the
/// ground that they stand on.
pub async fn sight_again(
    drivers: &Arc<Drivers>,
    kinds: &Kinds,
    desired: &Desired,
    sighted: Sighted,
    asked: &BTreeMap<Address, Option<PhysicalId>>,
) -> Sighted {
    let Sighted { mut found, mut missing, mut findings, state } = sighted;
    let more = sight(drivers, kinds, desired, &state, asked).await;
    let again = |address: &Address| asked.contains_key(address);
    missing.retain(|address| !again(address));
    findings.retain(|finding| !finding.address.as_ref().is_some_and(again));
    found.extend(more.found);
    missing.extend(more.missing);
    findings.extend(more.findings);
    Sighted { found, missing, findings, state: more.state }
}

/// A look that failed because what the object refers to is not there says so.
fn unless_blocked(desired: &Desired, sighted: &Sighted, place: &Place, found: Found) -> Result<Found, Box<Finding>> {
    let blocked = matches!(&found, Err(error) if error.message.contains(NOT_THERE));
    let Some(wanted) = desired.resources.get(&place.address).filter(|_| blocked) else { return Ok(found) };
    let on: BTreeSet<String> = pointers(&wanted.spec)
        .into_iter()
        .map(|pointer| pointer.to)
        .filter(|to| !sighted.state.entries.contains_key(to))
        .map(|to| to.to_string())
        .collect();
    let finding = Finding::new(Severity::Error, "what it refers to is not managed, and was not found").at(&place.address);
    Err(Box::new(finding.seen(Vec::from_iter(on).join(", ")).advise("import that first, or with it")))
}

/// The entry of what was found, if it may be taken.
fn taken((kinds, desired): (&Kinds, &Desired), state: &State, place: &Place, found: Found) -> Result<Option<(Seen, Entry)>, Box<Finding>> {
    let address = &place.address;
    let error = |what: String| Finding::new(Severity::Error, what).at(address);
    let seen = match found {
        Ok(None) => return Ok(None),
        Ok(Some(seen)) => seen,
        Err(cause) => {
            let finding = error("it could not be read".into()).seen(cause.to_string());
            return Err(Box::new(finding.advise("mend the cause and try again; nothing is taken on a guess")));
        }
    };
    if let Some(entry) = state.entries.get(address) {
        let finding = error(format!("it is managed already, as {}", entry.id));
        return Err(Box::new(finding.advise(format!("forget that first, if it is another: bbws state rm ENV {address} --reason …"))));
    }
    if let Some(other) = state.recorded_elsewhere(address.kind(), (&seen.id, &seen.spec), address) {
        let finding = error(format!("{} is managed already, as {other}", seen.id));
        return Err(Box::new(finding.advise(format!("if it is to be called otherwise: bbws state mv ENV {other} {address} --reason …"))));
    }
    if let Some(owner) = seen.owner.as_ref().filter(|owner| owner.lineage != state.lineage) {
        let finding = error(format!("{} belongs to another state of bbws", seen.id));
        let finding = finding.seen(format!("it bears the mark of {} of the state {}", owner.address, owner.lineage));
        return Err(Box::new(finding.advise("forget it there first (`bbws state rm`), then take the tags bbws:… off it by hand")));
    }
    if seen.phase == Phase::Leaving {
        return Err(Box::new(error(format!("{} is on its way out", seen.id)).advise("wait until it is gone; a plan makes a new one")));
    }
    // It is taken as it is, whatever it waits for; the intent that made it is none of this state's.
    let entry = Entry { reached: true, intent: None, ..entry(kinds, desired, place, &seen) };
    Ok(Some((seen, entry)))
}

/// The plan that takes them: each after those it refers to, none changed but for its mark.
///
/// # Errors
/// When the file refers in circles, or the checker finds something wrong: a bug in bbws.
pub fn adoption(from: Sources<'_>, ask: &Ask, sighted: &Sighted) -> Result<Plan, Vec<Finding>> {
    let graph = Graph::of(from.desired)?;
    let mut steps: Vec<Step> = vec![];
    let mut places: BTreeMap<&Address, StepId> = BTreeMap::new();
    for address in graph.order() {
        let (Some(seen), Some(entry)) = (sighted.found.get(address), sighted.state.entries.get(address)) else { continue };
        let id = StepId(steps.len());
        let firsts = entry.dependencies.iter().filter_map(|other| places.get(other));
        let mut after: Vec<After> = firsts.map(|step| After { step: *step, until: Until::Done }).collect();
        after.sort();
        steps.push(Step {
            id,
            address: address.clone(),
            action: Action::Adopt {
                id: seen.id.clone(),
                have: seen.spec.clone(),
                want: seen.spec.clone(),
                existing: entry.existing,
                asked: true,
                renamed: entry.renamed.clone(),
            },
            reason: Reason::Asked,
            risks: vec![],
            after,
            dependencies: entry.dependencies.clone(),
            pair: None,
            meters: MeterDelta::default(),
        });
        places.insert(address, id);
    }
    crate::plan::bound(steps, from, ask)
}

/// Whether a plan does nothing but take what exists, because somebody asked for it.
#[must_use]
pub fn is_import(plan: &Plan) -> bool {
    !plan.steps.is_empty() && plan.steps.iter().all(|step| matches!(step.action, Action::Adopt { asked: true, .. }))
}

/// What a plan would do after they are taken: only their mark is put on them until then.
///
/// # Errors
/// What stands in the way of a plan then.
pub async fn afterwards(
    drivers: &Arc<Drivers>,
    kinds: &Kinds,
    desired: &Desired,
    sighted: &Sighted,
    ask: &Ask,
) -> Result<(Plan, Picture), Vec<Finding>> {
    let mut picture = refresh(drivers, kinds, desired, &sighted.state).await;
    for address in sighted.found.keys() {
        if let Some(Ok(Some(seen))) = picture.recorded.get_mut(address) {
            let intent = IntentId(String::new());
            seen.owner = Some(Ownership { lineage: sighted.state.lineage.clone(), address: address.clone(), intent });
        }
    }
    let sources = Sources { kinds, desired, state: &sighted.state, picture: &picture };
    plan(sources, ask).map(|plan| (plan, picture))
}

/// What a plan would change on each of those found; what refers to something that does not exist yet differs there.
#[must_use]
pub fn differing(kinds: &Kinds, desired: &Desired, sighted: &Sighted) -> BTreeMap<Address, Vec<FieldChange>> {
    let changes = |(address, seen): (&Address, &Seen)| {
        let (kind, wanted) = (kinds.get(address.kind())?, desired.resources.get(address)?);
        let mut want = resolve(&wanted.spec, &|pointer| recorded(&sighted.state, pointer));
        let renamed = sighted.state.entries.get(address).and_then(|entry| entry.renamed.as_ref());
        if let (Some(rule), Some(renamed)) = (kind.facts().name, renamed) {
            want[rule.field] = renamed.to.clone().into();
        }
        let found = kind.diff(&seen.spec, &want).ok()?.into_changes();
        let kept = |change: &FieldChange| !(change.field == "description" && change.verb == Verb::Replace);
        Some((address.clone(), found.into_iter().filter(kept).collect()))
    };
    sighted.found.iter().filter_map(changes).collect()
}

impl Sighted {
    /// Leaves out those that are not wanted, and what refers to them.
    #[must_use]
    pub fn only(mut self, wanted: impl Fn(&Address) -> bool) -> Self {
        let mut out: BTreeSet<Address> = self.found.keys().filter(|address| !wanted(address)).cloned().collect();
        loop {
            let refers = |address: &&Address| {
                !out.contains(*address) && self.state.entries[*address].dependencies.iter().any(|other| out.contains(other))
            };
            let more: Vec<Address> = self.found.keys().filter(refers).cloned().collect();
            if more.is_empty() {
                break;
            }
            out.extend(more);
        }
        self.found.retain(|address, _| !out.contains(address));
        self.state.entries.retain(|address, _| !out.contains(address));
        self
    }
}

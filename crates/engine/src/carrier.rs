//! What others have hung on our objects: it is listed before one of those is deleted or replaced.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;

use bbws_model::{Action, Address, CloudError, Entry, Finding, Kind, Kinds, Observed, Ownership, PhysicalId, Plan, Seen, Severity, State};
use futures::future::join_all;

use crate::driver::seen_as;
use crate::{Boxed, Drivers, Observe, Picture, Reading};

/// One thing that hangs on an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hanging {
    /// What it is, in AWS's words: `ECS service`.
    pub what: &'static str,
    /// What AWS calls it.
    pub id: PhysicalId,
    /// What people know it by; empty where the id says it.
    pub name: String,
    /// Whose it is, where it bears our mark.
    pub owner: Option<Ownership>,
    /// How it changes what ours is; none where it only stands beside it, as tenants' things do.
    pub adds: Option<Addition>,
}

impl fmt::Display for Hanging {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.is_empty() { write!(f, "{} {}", self.what, self.id) } else { write!(f, "{} {} ({})", self.what, self.name, self.id) }
    }
}

/// What stands in the way of a step that deletes or replaces something.
#[derive(Debug, Clone, PartialEq)]
pub struct Obstacle {
    /// As it is told.
    pub finding: Finding,
    /// What others have hung there; empty where it is something else that stands in the way.
    pub theirs: Vec<Hanging>,
}

impl From<Finding> for Obstacle {
    fn from(finding: Finding) -> Self {
        Self { finding, theirs: vec![] }
    }
}

/// What somebody puts into an object of ours adds to what that lets through, or lets do, as if it were declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addition {
    /// Why it is worse than others: it lets everybody in, or everything be done. Empty where it is not.
    pub danger: &'static str,
    /// The command of the AWS CLI that takes it away: bbws removes nothing that it did not make.
    pub undo: String,
}

/// How it is found out what hangs on objects of a kind. Every kind whose facts say that it carries others has one, and so has a kind
/// into which others may put something that goes with it: that is drift, and stands in the way of nothing.
pub trait Carrier<K: Kind>: Send + Sync + 'static {
    /// Everything that hangs on the object and that AWS did not put there by itself; ours may be among it.
    fn hung_on(&self, seen: &Observed<K>, reading: &Reading) -> impl Future<Output = Result<Vec<Hanging>, CloudError>> + Send;
}

/// A carrier of any kind, over documents.
pub trait AnyCarrier: Send + Sync {
    /// See [`Carrier::hung_on`].
    fn hung_on<'a>(&'a self, seen: &'a Seen, reading: &'a Reading) -> Boxed<'a, Result<Vec<Hanging>, CloudError>>;
}

struct Erased<K, C>(C, PhantomData<fn() -> K>);

/// A carrier of kind `K`, with the kind forgotten.
pub(crate) fn erase<K: Kind>(carrier: impl Carrier<K>) -> Box<dyn AnyCarrier> {
    Box::new(Erased(carrier, PhantomData))
}

impl<K: Kind, C: Carrier<K>> AnyCarrier for Erased<K, C> {
    fn hung_on<'a>(&'a self, seen: &'a Seen, reading: &'a Reading) -> Boxed<'a, Result<Vec<Hanging>, CloudError>> {
        Box::pin(async move { self.0.hung_on(&seen_as::<K>(seen)?, reading).await })
    }
}

/// Lists what hangs on everything that is recorded and may carry others, by what carries it; or why it could not be listed. Of
/// some only, where some are named.
pub async fn hanging(
    eyes: &impl Observe,
    kinds: &Kinds,
    state: &State,
    picture: &Picture,
    of: &BTreeSet<Address>,
) -> Vec<(Address, Result<Vec<Hanging>, CloudError>)> {
    let reading = Reading::new();
    let reading = &reading;
    let looks = state.entries.keys().filter(|address| of.is_empty() || of.contains(*address)).filter_map(|address| {
        let carries = kinds.get(address.kind()).is_some_and(|kind| kind.facts().carries) || eyes.carrier(address.kind()).is_ok();
        let seen = picture.recorded.get(address).and_then(|found| found.as_ref().ok()).and_then(Option::as_ref);
        seen.filter(|_| carries).map(|seen| async move {
            let found = match eyes.carrier(address.kind()) {
                Ok(carrier) => carrier.hung_on(seen, reading).await,
                Err(error) => Err(error),
            };
            (address.clone(), found)
        })
    });
    join_all(looks).await
}

/// Looks at what hangs on everything that a plan deletes or replaces. Empty where nothing foreign hangs there, and nothing of
/// ours that holds data and that the plan leaves as it is; a look that fails stands in the way too.
pub async fn foreign(drivers: &Arc<Drivers>, kinds: &Kinds, plan: &Plan, state: &State, picture: &Picture) -> Vec<Obstacle> {
    let reading = Reading::new();
    let ours = ours(state);
    let ends = plan.steps.iter().filter_map(|step| match &step.action {
        Action::Delete { id, .. } => Some((&step.address, id)),
        Action::Create { .. }
        | Action::Update { .. }
        | Action::Adopt { .. }
        | Action::Forget { .. }
        | Action::Rename { .. }
        | Action::Backup { .. } => None,
    });
    let touched: BTreeSet<&Address> = plan.steps.iter().map(|step| &step.address).collect();
    let data = |address: &Address| kinds.get(address.kind()).is_some_and(|kind| kind.facts().holds_data);
    let staying: BTreeMap<&PhysicalId, &Address> = state
        .entries
        .iter()
        .filter(|(address, _)| data(address) && !touched.contains(address))
        .map(|(address, e)| (&e.id, address))
        .collect();
    let looks = ends.filter_map(|(address, id)| {
        let carries = kinds.get(address.kind()).is_some_and(|kind| kind.facts().carries);
        let found = picture.recorded.get(address).or_else(|| picture.deposed.get(&(address.clone(), id.clone())));
        let seen = found.and_then(|found| found.as_ref().ok()).and_then(Option::as_ref);
        seen.filter(|_| carries).map(|seen| one(drivers, address, seen, (state, &ours, &staying), &reading))
    });
    join_all(looks).await.into_iter().flatten().collect()
}

/// All objects of the state, and former ones.
fn ours(state: &State) -> BTreeSet<&PhysicalId> {
    state.entries.values().flat_map(Entry::ids).collect()
}

async fn one(
    drivers: &Drivers,
    address: &Address,
    seen: &Seen,
    (state, ours, staying): (&State, &BTreeSet<&PhysicalId>, &BTreeMap<&PhysicalId, &Address>),
    reading: &Reading,
) -> Option<Obstacle> {
    let found = match drivers.carrier(address.kind()) {
        Ok(carrier) => carrier.hung_on(seen, reading).await,
        Err(error) => Err(error),
    };
    let error = |summary: String| Finding::new(Severity::Error, summary).at(address);
    let strange = match found {
        Ok(hanging) => {
            let holders: BTreeSet<String> = hanging.iter().filter_map(|h| staying.get(&h.id)).map(ToString::to_string).collect();
            if !holders.is_empty() {
                let told = error(format!("{} would be deleted or replaced, but what holds data stands in it and stays", seen.id));
                let advice = "move that first, or put back what the file said";
                return Some(told.seen(holders.into_iter().collect::<Vec<_>>().join(", ")).advise(advice).into());
            }
            hanging.into_iter().filter(|h| {
                let marked = h.owner.as_ref().is_some_and(|owner| owner.lineage == state.lineage);
                !marked && !ours.contains(&h.id)
            })
        }
        Err(cause) => {
            let told = error(format!("what others have hung on {} could not be read", seen.id));
            return Some(told.seen(cause.to_string()).advise("nothing is deleted on a guess: mend the cause and plan again").into());
        }
    };
    let theirs: Vec<Hanging> = strange.collect();
    if theirs.is_empty() {
        return None;
    }
    let named: Vec<String> = theirs.iter().map(ToString::to_string).collect();
    let told = error(format!("{} would be deleted or replaced, but others have hung something on it", seen.id));
    let finding = told.seen(named.join(", ")).advise("these are not bbws's: remove or move them first, by whoever made them");
    Some(Obstacle { finding, theirs })
}

//! Everything of a kind that is there, whoever made it: what an import by discovery chooses from where no mark and no name tells.

use std::collections::BTreeSet;
use std::future::Future;
use std::marker::PhantomData;

use bbws_model::{CloudError, Desired, Kind, Ownership, PhysicalId};
use futures::future::join_all;
use serde_json::Value;

use crate::{Boxed, Drivers, Reading};

/// An object, and what tells it from others of its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// What AWS calls it.
    pub id: PhysicalId,
    /// Its mark, where it bears one: then it is somebody's, and nobody else's.
    pub owner: Option<Ownership>,
    /// Its `Name` tag.
    pub name: Option<String>,
    /// What it is and hangs on, by the names of the spec's fields; a name stands once for each of its values.
    pub facts: Vec<(&'static str, String)>,
}

impl Candidate {
    /// Whether this is so of it.
    #[must_use]
    pub fn is(&self, fact: &str, value: &str) -> bool {
        self.all(fact).any(|has| has == value)
    }

    /// All values of a fact.
    pub fn all<'a>(&'a self, fact: &'a str) -> impl Iterator<Item = &'a str> {
        self.facts.iter().filter(move |(name, _)| *name == fact).map(|(_, value)| value.as_str())
    }
}

/// How all objects of a kind are listed, but for those that are on their way out.
pub trait Listing<K: Kind>: Send + Sync + 'static {
    /// All of them in the account, where this environment's could be. `wanted` are the specs that the file gives: where an account
    /// may hold thousands, only what is like one of them is asked for.
    fn all(&self, wanted: &[Value], reading: &Reading) -> impl Future<Output = Result<Vec<Candidate>, CloudError>> + Send;
}

/// A listing of any kind.
pub trait AnyListing: Send + Sync {
    /// See [`Listing::all`].
    fn all<'a>(&'a self, wanted: &'a [Value], reading: &'a Reading) -> Boxed<'a, Result<Vec<Candidate>, CloudError>>;
}

struct Erased<K, L>(L, PhantomData<fn() -> K>);

/// A listing of kind `K`, with the kind forgotten.
pub(crate) fn erase<K: Kind>(listing: impl Listing<K>) -> Box<dyn AnyListing> {
    Box::new(Erased(listing, PhantomData))
}

impl<K: Kind, L: Listing<K>> AnyListing for Erased<K, L> {
    fn all<'a>(&'a self, wanted: &'a [Value], reading: &'a Reading) -> Boxed<'a, Result<Vec<Candidate>, CloudError>> {
        Box::pin(self.0.all(wanted, reading))
    }
}

/// Lists the objects of those of these kinds that are declared, side by side; of each kind those found, or why they could not be
/// listed.
pub async fn candidates(
    drivers: &Drivers,
    desired: &Desired,
    kinds: &BTreeSet<&str>,
) -> Vec<(&'static str, Result<Vec<Candidate>, CloudError>)> {
    let reading = Reading::new();
    let reading = &reading;
    let wanted = |kind: &str| -> Vec<Value> {
        desired.resources.iter().filter(|(address, _)| address.kind() == kind).map(|(_, wanted)| wanted.spec.clone()).collect()
    };
    let of = drivers
        .listings()
        .filter(|(kind, _)| kinds.contains(kind))
        .map(|(kind, listing)| (kind, listing, wanted(kind)))
        .filter(|(_, _, wanted)| !wanted.is_empty());
    join_all(of.map(|(kind, listing, wanted)| async move { (kind, listing.all(&wanted, reading).await) })).await
}

//! The planner: what is wanted, what is recorded and what is there, compiled into steps. Pure.

mod classify;
mod order;
mod place;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use bbws_model::{Address, Desired, Finding, Kinds, Mode, State, Step};

pub use classify::{UNREAD, keeps, named};

use crate::{Graph, Picture};

/// What a plan is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// To bring the cluster to what its file says, or to remove it.
    pub mode: Mode,
    /// Resources to be replaced although nothing forces it.
    pub replace: BTreeSet<Address>,
}

/// All that a plan is made from.
#[derive(Debug, Clone, Copy)]
pub struct Sources<'a> {
    /// The kinds there are.
    pub kinds: &'a Kinds,
    /// What is wanted.
    pub desired: &'a Desired,
    /// What is recorded.
    pub state: &'a State,
    /// What is there.
    pub picture: &'a Picture,
}

/// Compiles the steps of a plan, each after all it depends on.
///
/// # Errors
/// Everything that stands in the way: circles and dangling references, failed reads, objects of others under our names,
/// changes that a plan must not make, and orders that AWS would refuse.
pub fn steps(from: Sources<'_>, request: &Request) -> Result<Vec<Step>, Vec<Finding>> {
    let nothing = Desired::default();
    let from = if request.mode == Mode::Destroy { Sources { desired: &nothing, ..from } } else { from };
    let graph = Graph::of(from.desired)?;
    let mut verdicts = BTreeMap::new();
    let mut wrong = vec![];
    for address in graph.order() {
        match classify::wanted(from, request, address, &graph, &verdicts) {
            Ok(verdict) => drop(verdicts.insert(address.clone(), verdict)),
            Err(findings) => wrong.extend(findings),
        }
    }
    let leaving: Vec<&Address> = from.state.entries.keys().filter(|a| !from.desired.resources.contains_key(*a)).collect();
    for address in leaving {
        match classify::undeclared(from, address) {
            Ok(verdict) => drop(verdicts.insert(address.clone(), verdict)),
            Err(findings) => wrong.extend(findings),
        }
    }
    if wrong.is_empty() { order::arrange(from, &graph, verdicts) } else { Err(wrong) }
}

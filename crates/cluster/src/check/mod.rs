//! The rules over a whole environment, one file per group. Each says what is wrong, where, and what would be right.
//!
//! Nothing here reads TOML: rules see plain data and name paths. A problem that rests on a value that could not be read
//! is not raised.

mod compute;
mod database;
mod dns;
mod edge;
mod judge;
mod naming;
mod network;
mod production;
mod resources;
mod security;
pub(crate) mod specs;
mod tags;
mod upkeep;

use judge::{Fault, Judge};

use crate::{Context, Environment, Places, Problem};

/// All that is wrong with an environment beyond the types of its values.
pub(crate) fn judge(environment: &Environment, places: &Places, context: &Context<'_>) -> Vec<Problem> {
    let mut judge = Judge::new(places);
    naming::check(environment, &mut judge);
    tags::check(environment, &mut judge);
    network::check(environment, &mut judge);
    security::check(environment, context.today, &mut judge);
    compute::check(environment, &mut judge);
    database::check(environment, &mut judge);
    dns::check(environment, context.siblings, &mut judge);
    edge::check(environment, &mut judge);
    production::check(environment, &mut judge);
    upkeep::check(environment, &mut judge);
    resources::check(environment, context, &mut judge);
    judge.into_problems()
}

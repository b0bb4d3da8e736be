//! The blueprint: what a cluster is made of. An environment becomes the resources that are wanted, and the outputs that it
//! tells others.
//!
//! One file per part. Everything is built of the kinds' own specs and typed references, so that what the blueprint says
//! fits what the kinds take.

mod cdn;
mod certificate;
mod dashboard;
mod database;
mod dns;
mod ecs;
mod file_system;
mod further;
mod load_balancer;
mod monitoring;
mod network;
mod outputs;
mod parts;
mod published;
mod reach;
mod security;

use std::collections::{BTreeMap, BTreeSet};

use bbws_kinds::NameServers;
use bbws_model::{Address, Desired, Kinds, Wanted};
use serde_json::Value;

pub use published::{NoNameServers, Published, Unread, delegation_block};

use crate::Environment;
use parts::Parts;

/// All that is wanted of an environment: the cluster, what its file declares further, and the outputs.
///
/// # Errors
/// When the file takes name servers from an environment that has published none: it says which, and what to do.
pub fn blueprint(environment: &Environment, kinds: &Kinds, published: &Published) -> Result<Desired, Unread> {
    let mut parts = cluster(environment, &published.name_servers(environment)?);
    further::add(&mut parts, kinds);
    Ok(parts.into_desired())
}

/// The same without anything from elsewhere: names that lead nowhere stand for name servers that others publish. For what
/// does not depend on them, such as prices; never to be applied.
#[must_use]
pub fn draft(environment: &Environment, kinds: &Kinds) -> Desired {
    let mut parts = cluster(environment, &unread(environment));
    further::add(&mut parts, kinds);
    parts.into_desired()
}

/// The log group of `[audit]`, where it is none of the cluster's own: it has to exist already.
#[must_use]
pub fn lent_log_group<'e>(environment: &'e Environment, kinds: &Kinds) -> Option<&'e str> {
    let group = environment.audit.log_group.as_deref()?;
    let own = |(address, wanted): (&Address, &Wanted)| address.kind() == "log-group" && wanted.spec["name"] == group;
    (!draft(environment, kinds).resources.iter().any(own)).then_some(group)
}

/// The addresses that the cluster itself has in an environment, beside what its file declares further. They need nothing
/// from elsewhere, and are known of a file that is still wrong too.
#[must_use]
pub fn addresses(environment: &Environment) -> BTreeSet<Address> {
    specs(environment).into_keys().collect()
}

/// The resources of which the file says in so many words that they are not protected against deletion. A line that is missing
/// says nothing: it gives no protection up.
#[must_use]
pub fn unprotected(environment: &Environment) -> BTreeSet<Address> {
    let own = [
        (environment.rds.unprotected, parts::address("db-instance", "main")),
        (environment.alb.unprotected, parts::address("load-balancer", "main")),
    ];
    let further = environment.resources.0.iter().map(|(address, resource)| {
        let said = resource.spec.get("deletion_protection").and_then(Value::as_bool) == Some(false);
        (said, address.clone())
    });
    own.into_iter().chain(further).filter(|(said, _)| *said).map(|(_, address)| address).collect()
}

/// The specs of the cluster itself, with a name that leads nowhere where name servers come from elsewhere.
pub(crate) fn specs(environment: &Environment) -> BTreeMap<Address, Value> {
    cluster(environment, &unread(environment))
        .into_desired()
        .resources
        .into_iter()
        .map(|(address, wanted)| (address, wanted.spec))
        .collect()
}

fn unread(environment: &Environment) -> Vec<(String, NameServers)> {
    let nowhere = || NameServers::new(["not-read.invalid"]);
    environment.dns.delegations.keys().map(|name| (name.clone(), nowhere())).collect()
}

fn cluster<'a>(environment: &'a Environment, delegated_to: &[(String, NameServers)]) -> Parts<'a> {
    let mut parts = Parts::new(environment);
    network::add(&mut parts);
    reach::add(&mut parts);
    security::add(&mut parts);
    load_balancer::add(&mut parts);
    ecs::add(&mut parts);
    database::add(&mut parts);
    file_system::add(&mut parts);
    dns::add(&mut parts, delegated_to);
    certificate::add(&mut parts);
    cdn::add(&mut parts);
    monitoring::add(&mut parts);
    outputs::publish(&mut parts, delegated_to);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Context, Loaded, load};

    /// The shipped development environment.
    pub(super) fn environment() -> Environment {
        let context = Context { kinds: &Kinds::new(), blueprint: &addresses, today: "2026-11-24".parse().unwrap(), siblings: &[] };
        let Loaded { environment, .. } = load("dev", include_str!("../../../../environments/dev.toml"), &context).unwrap();
        environment
    }
}

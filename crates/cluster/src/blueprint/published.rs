//! What other environments have published, as far as this one needs it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use bbws_kinds::NameServers;
use serde_json::Value;

use super::outputs::nameservers_of;
use crate::{Delegation, Domain, Environment};

/// The outputs that other environments have published, by environment, as far as they were read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Published(pub BTreeMap<String, BTreeMap<String, Value>>);

/// Name servers that the file takes from another environment, which has not published them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoNameServers {
    /// The delegation's name in the file.
    pub delegation: String,
    /// The zone that is to be delegated.
    pub zone: Domain,
    /// The environment that was to tell them; none where the file names neither it nor the servers.
    pub environment: Option<String>,
    /// Whether that environment has published anything.
    pub published: bool,
}

/// All that a file takes from elsewhere and that could not be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unread(pub Vec<NoNameServers>);

impl Published {
    /// The environments whose outputs are to be read before the blueprint is made.
    #[must_use]
    pub fn wanted(environment: &Environment) -> BTreeSet<&str> {
        let of = |delegation: &'_ Delegation| delegation.name_servers.is_empty();
        let delegations = environment.dns.delegations.values().filter(|delegation| of(delegation));
        delegations.filter_map(|delegation| delegation.from_environment.as_deref()).collect()
    }

    /// The name servers of each delegation: the file's own, or those that the other environment has published.
    pub(super) fn name_servers(&self, environment: &Environment) -> Result<Vec<(String, NameServers)>, Unread> {
        let (mut found, mut missing) = (vec![], vec![]);
        for (name, delegation) in &environment.dns.delegations {
            let Delegation { zone, name_servers, from_environment } = delegation;
            let servers = if name_servers.is_empty() {
                self.of_zone(from_environment.as_deref(), zone)
            } else {
                NameServers::new(name_servers.iter().map(Domain::as_str))
            };
            if servers.is_empty() {
                missing.push(NoNameServers {
                    delegation: name.clone(),
                    zone: zone.clone(),
                    environment: from_environment.clone(),
                    published: from_environment.as_ref().is_some_and(|other| self.0.contains_key(other)),
                });
            } else {
                found.push((name.clone(), servers));
            }
        }
        if missing.is_empty() { Ok(found) } else { Err(Unread(missing)) }
    }

    fn of_zone(&self, environment: Option<&str>, zone: &Domain) -> NameServers {
        let outputs = environment.and_then(|environment| self.0.get(environment));
        let servers = outputs.and_then(|outputs| outputs.get(&nameservers_of(zone))).and_then(Value::as_array);
        NameServers::new(servers.into_iter().flatten().filter_map(Value::as_str))
    }
}

/// The block that delegates an environment's zone, for the file of the environment that holds the parent zone.
#[must_use]
pub fn delegation_block(environment: &Environment, name_servers: &NameServers) -> String {
    let zone = &environment.dns.zone.name;
    let label = zone.as_str().split('.').next().unwrap_or_default();
    let servers: Vec<String> = name_servers.iter().map(|server| format!("\"{server}\"")).collect();
    format!("[dns.delegations.{label}]\nzone         = \"{zone}\"\nname_servers = [{}]\n", servers.join(", "))
}

impl fmt::Display for NoNameServers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { delegation, zone, environment, published } = self;
        write!(f, "the name servers of `{zone}` are not known: ")?;
        match environment {
            Some(other) if *published => {
                write!(f, "`{other}` has published none for this zone; look at `bbws output {other}`")?;
            }
            Some(other) => write!(f, "`{other}` has published nothing yet; run `bbws apply {other}` first")?,
            None => f.write_str("the file does not say where they come from")?,
        }
        write!(f, ", or give them as `name_servers` in `[dns.delegations.{delegation}]`")
    }
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().enumerate().try_for_each(|(at, one)| write!(f, "{}{one}", if at == 0 { "" } else { "\n" }))
    }
}

impl std::error::Error for Unread {}

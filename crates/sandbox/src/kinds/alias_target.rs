//! What aliases may stand for: the DNS names of load balancers and distributions.

use crate::cloud::Cloud;

/// The domains of all distributions there are.
pub(crate) fn distributions(cloud: &Cloud) -> impl Iterator<Item = &str> {
    let regions = cloud.accounts.values().flat_map(|account| account.regions.values());
    regions.flat_map(|here| here.distributions.values()).map(|row| row.domain_name.as_str())
}

/// The zones and DNS names of all load balancers there are.
pub(crate) fn load_balancers(cloud: &Cloud) -> impl Iterator<Item = (&str, &str)> {
    let here = cloud.accounts.values().flat_map(|account| account.regions.values());
    here.flat_map(|here| here.load_balancers.values()).map(|row| (row.zone.as_str(), row.dns_name.as_str()))
}

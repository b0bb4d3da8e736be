//! What uses a certificate: listeners and distributions.

use super::distribution;
use crate::cloud::Cloud;

/// The ARNs of what uses the certificate of this ARN. For listeners AWS names their load balancers.
pub(crate) fn users(cloud: &Cloud, certificate: &str) -> Vec<String> {
    let here = cloud.accounts.values().flat_map(|account| account.regions.values());
    let listeners = here.flat_map(|here| here.listeners.values());
    let with = |row: &&super::listener::Row| {
        row.tls.as_ref().is_some_and(|tls| tls.certificate == certificate || tls.further.contains(certificate))
    };
    let mut users: Vec<String> = listeners.filter(with).map(|row| row.load_balancer.clone()).collect();
    users.extend(distribution::users(cloud, certificate));
    users.sort();
    users.dedup();
    users
}

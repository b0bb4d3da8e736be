//! What aliases may stand for: the DNS names of load balancers and distributions.

use crate::cloud::Cloud;

/// The domains of all distributions there are.
pub(crate) fn distributions(_: &Cloud) -> impl Iterator<Item = &str> {
    std::iter::empty()
}

/// The zones and DNS names of all load balancers there are.
pub(crate) fn load_balancers(_: &Cloud) -> impl Iterator<Item = (&str, &str)> {
    std::iter::empty()
}

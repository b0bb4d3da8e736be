//! What uses a certificate: listeners and distributions.

use crate::cloud::Cloud;

/// The ARNs of what uses the certificate of this ARN.
pub(crate) fn users(_: &Cloud, _: &str) -> Vec<String> {
    vec![]
}

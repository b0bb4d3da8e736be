//! The certificate.

use schemars::JsonSchema;
use serde::Serialize;

use super::Domain;
use crate::decode::{Choice, Table};

/// The algorithm of a certificate's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub enum KeyAlgorithm {
    /// RSA with 2048 bits: every client knows it.
    #[serde(rename = "RSA_2048")]
    Rsa2048,
    /// ECDSA on P-256: smaller and faster.
    #[serde(rename = "EC_prime256v1")]
    EcPrime256v1,
}

impl Choice for KeyAlgorithm {
    const ALL: &'static [Self] = &[Self::Rsa2048, Self::EcPrime256v1];
}

/// The certificate of CloudFront (in us-east-1) and, with HTTPS, of the load balancer (in the region).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Certificate {
    /// The names it is for; `*.{domain}` and `{domain}` if left out.
    pub names: Vec<Domain>,
    /// The algorithm of its key.
    pub key_algorithm: KeyAlgorithm,
}

impl Certificate {
    pub(super) fn read(t: &Table<'_, '_>, domain: &Domain) -> Self {
        Self {
            names: t.list("names").or(vec![domain.wildcard(), domain.clone()]),
            key_algorithm: t.get("key_algorithm").or(KeyAlgorithm::Rsa2048),
        }
    }
}

//! The certificates, and the one record that validates them.

use std::collections::BTreeSet;

use bbws_kinds::{Certificate, CertificateSpec, DnsRecord, DnsRecordSpec, DomainName, GLOBAL, KeyAlgorithm, RecordType};

use super::dns::zone_of;
use super::parts::{Parts, text, to};
use crate::Environment;

pub(super) fn add(parts: &mut Parts<'_>) {
    let env = parts.env;
    let Some(first) = env.certificate.names.first().filter(|_| env.has_certificate()) else { return };
    certificate(parts, "cdn", GLOBAL);
    if env.alb.https && for_alb(env) == "alb" {
        certificate(parts, "alb", &env.region);
    }
    // A wildcard and the name it stands below share one record, whatever the region; AWS asks it again before each renewal,
    // so it is there as long as any of the certificates.
    parts.add::<DnsRecord>(
        "validation",
        &DnsRecordSpec {
            zone: to(zone_of(env, first)),
            name: text::<Certificate>("cdn", "validation_name"),
            record_type: RecordType::Cname,
            ttl: Some(env.dns.ttl),
            values: BTreeSet::from([text::<Certificate>("cdn", "validation_value")]),
            name_servers: None,
            alias: None,
        },
    );
}

/// The load balancer's certificate: CloudFront's, where both are of one region.
pub(super) fn for_alb(env: &Environment) -> &'static str {
    if env.region == GLOBAL { "cdn" } else { "alb" }
}

fn certificate(parts: &mut Parts<'_>, name: &str, region: &str) {
    let own = &parts.env.certificate;
    let mut names = own.names.iter().map(|name| DomainName::new(name.as_str()));
    let Some(domain) = names.next() else { return };
    parts.add::<Certificate>(
        name,
        &CertificateSpec {
            domain,
            alternative_names: names.collect(),
            region: region.to_owned(),
            key_algorithm: match own.key_algorithm {
                crate::KeyAlgorithm::Rsa2048 => KeyAlgorithm::Rsa2048,
                crate::KeyAlgorithm::EcPrime256v1 => KeyAlgorithm::EcPrime256,
            },
            tags: parts.tags_of(name),
        },
    );
}

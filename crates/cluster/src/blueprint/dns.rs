//! Zones and the records in them.

use std::collections::BTreeSet;

use bbws_kinds::{
    Alias, CLOUDFRONT_ZONE, CheckProtocol, DnsRecord, DnsRecordSpec, DomainName, HealthCheck, HealthCheckSpec, HostedZone, HostedZoneSpec,
    LoadBalancer, NameServers, RecordType,
};
use bbws_model::{Ref, Tags, Text};

use super::parts::{Parts, text, to};
use crate::{Domain, Environment, Existing};

/// The zones, the delegations to other environments' zones, and the check of the load balancer.
pub(super) fn add(parts: &mut Parts<'_>, delegated_to: &[(String, NameServers)]) {
    let env = parts.env;
    zones(parts);
    for (name, servers) in delegated_to {
        let Some(delegation) = env.dns.delegations.get(name) else { continue };
        let spec = ns(env, &delegation.zone, Ref::Known(servers.clone()));
        parts.add::<DnsRecord>(&format!("delegation-{name}"), &spec);
    }
    if env.dns.health_check.enabled {
        parts.add::<HealthCheck>(
            "alb",
            &HealthCheckSpec {
                protocol: CheckProtocol::Http,
                domain: text::<LoadBalancer>("main", "dns_name"),
                port: None,
                path: env.dns.health_check.path.clone(),
                interval_seconds: 30,
                failures: env.dns.health_check.failures,
                inverted: false,
                disabled: false,
                measure_latency: false,
                sni: true,
                tags: parts.tags_of("alb"),
            },
        );
    }
}

fn zones(parts: &mut Parts<'_>) {
    let env = parts.env;
    let zone = &env.dns.zone;
    let name = DomainName::new(zone.name.as_str());
    let zone_id = match &zone.existing {
        Existing::Id(id) => Some(id.clone()),
        Existing::No | Existing::ByName => None,
    };
    if zone.existing.is_there() {
        // It has its own comment and tags, and keeps them.
        let spec = HostedZoneSpec { name, existing: true, zone_id, comment: String::new(), tags: Tags::default() };
        parts.find::<HostedZone>("main", &spec);
    } else {
        parts.add::<HostedZone>("main", &own_zone(parts, &zone.name));
    }
    if env.dns.own_subzone {
        parts.add::<HostedZone>("subzone", &own_zone(parts, &env.dns.domain));
        let spec = DnsRecordSpec { zone: to("main"), ..ns(env, &env.dns.domain, to("subzone")) };
        parts.add::<DnsRecord>("subzone", &spec);
    }
}

fn own_zone(parts: &Parts<'_>, name: &Domain) -> HostedZoneSpec {
    HostedZoneSpec {
        name: DomainName::new(name.as_str()),
        existing: false,
        zone_id: None,
        comment: format!("{}, by bbws", parts.env.names.prefix),
        tags: parts.tags(name.as_str()),
    }
}

/// The zone that a name's record stands in.
pub(super) fn zone_of(env: &Environment, name: &Domain) -> &'static str {
    if env.dns.own_subzone && name.is_within(&env.dns.domain) { "subzone" } else { "main" }
}

/// The zone that the cluster's own names stand in.
pub(super) fn home(env: &Environment) -> &'static str {
    zone_of(env, &env.dns.domain)
}

fn ns(env: &Environment, name: &Domain, servers: Ref<NameServers>) -> DnsRecordSpec<bbws_model::Written> {
    DnsRecordSpec {
        zone: to(zone_of(env, name)),
        name: Text::from(name.as_str()),
        record_type: RecordType::Ns,
        ttl: Some(env.dns.ttl),
        values: BTreeSet::new(),
        name_servers: Some(servers),
        alias: None,
    }
}

/// A name that leads to CloudFront: its record of IPv4 and, where viewers may come by it, the one of IPv6.
pub(super) fn lead_to_cloudfront(parts: &mut Parts<'_>, name: &Domain, domain_name: &Text) {
    let env = parts.env;
    let types = [(RecordType::A, "a", true), (RecordType::Aaaa, "aaaa", env.cdn.ipv6)];
    for (record_type, suffix, _) in types.into_iter().filter(|(_, _, wanted)| *wanted) {
        let spec = DnsRecordSpec {
            zone: to(zone_of(env, name)),
            name: Text::from(name.as_str()),
            record_type,
            ttl: None,
            values: BTreeSet::new(),
            name_servers: None,
            alias: Some(Alias { dns_name: domain_name.clone(), zone_id: Text::from(CLOUDFRONT_ZONE), evaluate_health: false }),
        };
        parts.add::<DnsRecord>(&format!("{}-{suffix}", label(env, name)), &spec);
    }
}

/// What a record is called in its address. Two names never share one: a dot becomes `_`, and `_`, which stands between
/// hyphens nowhere else, `-_-`.
fn label(env: &Environment, name: &Domain) -> String {
    let (domain, full) = (env.dns.domain.as_str(), name.as_str());
    if full == domain {
        return "apex".to_owned();
    }
    let (sort, rest) = full.strip_prefix("*.").map_or(("alias", full), |rest| ("wildcard", rest));
    if rest == domain {
        return sort.to_owned();
    }
    let below = rest.strip_suffix(domain).and_then(|rest| rest.strip_suffix('.'));
    // A name outside the domain is written in full, which no name inside can be: its last dot stays marked.
    let (text, mark) = below.map_or((rest, "_"), |below| (below, ""));
    format!("{sort}-{}{mark}", text.replace('_', "-_-").replace('.', "_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_names_share_an_address() {
        let mut env = crate::blueprint::tests::environment();
        env.dns.domain = Domain::new("d.io").unwrap();
        let names = [
            "d.io",
            "*.d.io",
            "a.d.io",
            "*.a.d.io",
            "a.b.d.io",
            "a_b.d.io",
            "a-b.d.io",
            "a_.b.d.io",
            "a._b.d.io",
            "a_._b.d.io",
            "a___b.d.io",
            "a__b.d.io",
            "_.d.io",
            "wildcard.d.io",
            "apex.d.io",
            "a.io",
            "a.b.io",
            "d.io.a.io",
        ];
        let labels: BTreeSet<String> = names.iter().map(|name| label(&env, &Domain::new(name).unwrap())).collect();
        assert_eq!(labels.len(), names.len(), "{labels:?}");
        let of = |name| label(&env, &Domain::new(name).unwrap());
        assert_eq!((of("d.io"), of("a.b.d.io"), of("*.d.io")), ("apex".to_owned(), "alias-a_b".to_owned(), "wildcard".to_owned()));
    }
}

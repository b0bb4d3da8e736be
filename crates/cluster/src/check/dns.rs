//! Zones, delegations and records.

use super::{Fault, Judge};
use crate::{Delegation, Environment, RuleId, Sibling};

pub(super) fn check(env: &Environment, siblings: &[Sibling], judge: &mut Judge<'_>) {
    let dns = &env.dns;
    let zone = &dns.zone.name;
    if dns.domain.as_str().starts_with("*.") || zone.as_str().starts_with("*.") {
        let path = if zone.as_str().starts_with("*.") && judge.given("dns.zone.name") { "dns.zone.name" } else { "dns.domain" };
        judge.raise(Fault::new(
            RuleId::Domain,
            path,
            "a domain cannot begin with `*.`: that stands for all names below one",
            "leave `*.` out: tenants are the names right below the domain",
        ));
    } else if !dns.domain.is_within(zone) {
        judge.raise(
            Fault::new(
                RuleId::DomainOutsideZone,
                "dns.domain",
                format!("`{}` is not inside its zone `{zone}`", dns.domain),
                "take the zone that holds the domain's records",
            )
            .beside("dns.zone.name", "the zone"),
        );
    }
    let owner = siblings.iter().find(|other| other.tier.is_some_and(crate::Tier::is_prod) && other.zone.as_ref() == Some(zone));
    if !env.tier.is_prod() && (owner.is_some() || zone.depth() < 3) {
        let path = if judge.given("dns.zone.name") { "dns.zone.name" } else { "dns.domain" };
        let whose = owner.map(|other| format!(": it belongs to `{}`", other.name)).unwrap_or_default();
        judge.raise(
            Fault::new(
                RuleId::PrimaryZone,
                path,
                format!("`{zone}` is a primary zone, which only production touches{whose}"),
                format!("take a zone of its own below it, such as `wp{}.{zone}`", env.name),
            )
            .beside("tier", "not production"),
        );
    }
    if dns.own_subzone && dns.domain == *zone {
        judge.raise(
            Fault::new(
                RuleId::OwnSubzone,
                "dns.own_subzone",
                format!("`{zone}` is the zone itself already"),
                "remove the line, or name in `zone` the one around it",
            )
            .beside("dns.domain", "the domain"),
        );
    }
    if dns.ttl > 86_400 {
        judge.raise(
            Fault::new(RuleId::Ttl, "dns.ttl", format!("with {} seconds a change is not seen for more than a day", dns.ttl), "write 300")
                .warning(),
        );
    }
    for (at, alias) in dns.aliases.iter().enumerate() {
        if !alias.is_within(&dns.domain) {
            judge.raise(
                Fault::new(
                    RuleId::AliasOutside,
                    format!("dns.aliases[{at}]"),
                    format!("`{alias}` is not inside `{}`", dns.domain),
                    "take a name below the domain",
                )
                .beside("dns.domain", "the domain"),
            );
        }
    }
    if !dns.health_check.path.starts_with('/') || dns.health_check.path.len() > 255 {
        judge.raise(Fault::new(
            RuleId::HealthPath,
            "dns.health_check.path",
            format!("`{}` is not a path", dns.health_check.path),
            "begin it with `/`",
        ));
    }
    if !dns.delegated {
        let parent = zone.as_str().split_once('.').map_or("", |(_, parent)| parent);
        judge.raise(
            Fault::new(
                RuleId::NotDelegated,
                "dns.delegated",
                "until the zone is delegated there is no certificate: the sites have CloudFront's own name, which takes TLS 1.0, and no tenant's",
                format!("give the zone's name servers to whoever holds `{parent}` (the production file's `[dns.delegations]`), then write `true`"),
            )
            .warning(),
        );
    }
    well(env, judge);
    for (name, delegation) in &dns.delegations {
        one(name, delegation, env, siblings, judge);
    }
}

/// The checkers call the load balancer by its own name, for which no tenant has a rule, from all over the world.
fn well(env: &Environment, judge: &mut Judge<'_>) {
    if !env.dns.health_check.enabled {
        return;
    }
    let never = |why: String, fix: &str| Fault::new(RuleId::HealthNeverWell, "dns.health_check.enabled", why, fix);
    let status = env.alb.fixed_response.status;
    if status / 100 != 2 {
        judge.raise(
            never(
                format!("the load balancer answers {status} to whom no tenant's rule takes: Route 53's check would never be well"),
                "let it answer 200, or switch the check off",
            )
            .beside("alb.fixed_response.status", "the answer"),
        );
    }
    if !env.alb.allow.iter().any(|cidr| cidr.prefix() == 0) {
        let mut fault = never(
            "Route 53's checkers come from all over the world, and the load balancer lets few in: the check would never be well".to_owned(),
            "switch the check off; CloudFront's own alarms see a load balancer that is down",
        );
        for (path, what) in [("alb.allow", "who is let in"), ("alb.from_cloudfront_only", "by CloudFront only")] {
            fault = if judge.given(path) { fault.beside(path, what) } else { fault.rests_on(path) };
        }
        judge.raise(fault);
    }
}

fn one(name: &str, delegation: &Delegation, env: &Environment, siblings: &[Sibling], judge: &mut Judge<'_>) {
    let path = format!("dns.delegations.{name}");
    let zone = &env.dns.zone.name;
    if !env.tier.is_prod() {
        judge.raise(
            Fault::new(
                RuleId::DelegationTier,
                path,
                "only production, which holds the parent zone, refers to other environments' zones",
                "move the block to the production file",
            )
            .beside("tier", "not production"),
        );
        return;
    }
    if bbws_model::Address::new("dns-record", name).is_err() {
        judge.raise(
            Fault::new(
                RuleId::DelegationName,
                path.clone(),
                format!("`{name}` cannot be part of an output's name"),
                "use lower-case letters, digits, `-` and `_`",
            )
            .of_key(),
        );
    }
    if !delegation.zone.is_within(zone) || delegation.zone == *zone {
        judge.raise(
            Fault::new(
                RuleId::DelegationOutside,
                format!("{path}.zone"),
                format!("`{}` is not below `{zone}`", delegation.zone),
                "a zone refers to zones below it only",
            )
            .beside("dns.zone.name", "the zone"),
        );
    }
    let servers = delegation.name_servers.len();
    match &delegation.from_environment {
        Some(_) if servers > 0 => judge.raise(
            Fault::new(
                RuleId::DelegationSource,
                format!("{path}.from_environment"),
                "the name servers come from two places",
                "keep either `name_servers` or `from_environment`",
            )
            .beside(format!("{path}.name_servers"), "here too"),
        ),
        Some(other) if !siblings.iter().any(|sibling| sibling.name == *other) || *other == env.name => {
            let known: Vec<String> = siblings.iter().filter(|s| s.name != env.name).map(|s| format!("`{}`", s.name)).collect();
            let fix = if known.is_empty() {
                "there is no other environment beside this file".to_owned()
            } else {
                format!("the others are {}", known.join(", "))
            };
            judge.raise(Fault::new(
                RuleId::UnknownEnvironment,
                format!("{path}.from_environment"),
                format!("there is no other environment `{other}`"),
                fix,
            ));
        }
        Some(_) => {}
        None if servers == 0 => judge.raise(
            Fault::new(
                RuleId::DelegationSource,
                path.clone(),
                "the delegation does not say where its name servers come from",
                "add `from_environment = \"…\"`, or `name_servers = […]` as the other environment printed them",
            )
            .rests_on(format!("{path}.name_servers"))
            .rests_on(format!("{path}.from_environment")),
        ),
        None if servers == 1 => judge.raise(Fault::new(
            RuleId::NameServers,
            format!("{path}.name_servers"),
            "one name server is not enough: with it the zone is gone",
            "give all four that Route 53 answered",
        )),
        None => {}
    }
}

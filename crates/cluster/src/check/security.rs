//! Who may reach what.

use std::collections::BTreeMap;

use bbws_model::{Address, Cidr};
use jiff::civil::Date;

use super::{Fault, Judge};
use crate::{Direction, Environment, Group, Rule, RuleId};

pub(super) fn check(env: &Environment, today: Date, judge: &mut Judge<'_>) {
    for (at, cidr) in env.alb.allow.iter().enumerate() {
        let path = format!("alb.allow[{at}]");
        if cidr.prefix() == 0 {
            if env.alb.from_cloudfront_only {
                judge.raise(
                    Fault::new(
                        RuleId::OpenBesideCloudFront,
                        path,
                        "the load balancer is to be reached by CloudFront only, and here by everybody",
                        "remove one of the two",
                    )
                    .beside("alb.from_cloudfront_only", "by CloudFront only"),
                );
            }
        } else if cidr.prefix() < 8 {
            too_wide(path, cidr, judge);
        }
    }
    if env.alb.https && !env.has_certificate() {
        judge.raise(
            Fault::new(
                RuleId::HttpsWithoutCertificate,
                "alb.https",
                "HTTPS needs a certificate, and there is none before the zone is delegated",
                "write `https = false` until `dns.delegated` is true",
            )
            .beside("dns.delegated", "not delegated yet"),
        );
    }
    answer(env, judge);
    room(env, judge);
    let mut names: BTreeMap<&str, usize> = BTreeMap::new();
    let mut seen: BTreeMap<_, usize> = BTreeMap::new();
    for (at, rule) in env.rules.iter().enumerate() {
        one(at, rule, env, today, judge);
        let key = (rule.group, rule.direction, rule.protocol, rule.port, rule.cidr, rule.peer);
        let first = names.insert(&rule.name, at).map(|first| (first, "name", "the other rule of this name"));
        let first = first.or_else(|| seen.get(&key).map(|first| (*first, "group", "the other rule")));
        seen.entry(key).or_insert(at);
        if let Some((first, part, what)) = first {
            let message = if part == "name" {
                format!("two rules are called `{}`", rule.name)
            } else {
                format!("this rule lets through what `{}` does already", env.rules[first].name)
            };
            judge.raise(
                Fault::new(RuleId::RuleTwice, format!("rule[{at}].{part}"), message, "keep one of the two")
                    .beside(format!("rule[{first}].{part}"), what),
            );
        }
    }
}

fn answer(env: &Environment, judge: &mut Judge<'_>) {
    let answer = &env.alb.fixed_response;
    if answer.status / 100 == 3 {
        judge.raise(Fault::new(
            RuleId::FixedResponse,
            "alb.fixed_response.status",
            format!("{} leads elsewhere, and a fixed response leads nowhere", answer.status),
            "write a status of 2xx, 4xx or 5xx",
        ));
    }
}

/// A group holds 60 rules of each direction unless AWS raised that; CloudFront's list counts as 55 of them.
fn room(env: &Environment, judge: &mut Judge<'_>) {
    let ports = if env.alb.https { 2 } else { 1 };
    let own = env.rules.iter().filter(|rule| rule.group == Group::Alb && rule.direction == crate::Direction::In).count();
    let count = env.alb.allow.len() * ports + own + if env.alb.from_cloudfront_only { 55 } else { 0 };
    if count > 60 {
        judge.raise(
            Fault::new(
                RuleId::AlbRules,
                "alb",
                format!("the load balancer's group would have {count} rules inwards: AWS takes 60 unless it raised your quota"),
                "name fewer, wider networks; CloudFront's list alone counts as 55",
            )
            .rests_on("alb.allow")
            .warning(),
        );
    }
}

fn one(at: usize, rule: &Rule, env: &Environment, today: Date, judge: &mut Judge<'_>) {
    let path = |key: &str| format!("rule[{at}].{key}");
    if Address::new("security-group-rule", &rule.name).is_err() {
        judge.raise(Fault::new(
            RuleId::RuleName,
            path("name"),
            format!("`{}` cannot be a rule's name", rule.name),
            "use lower-case letters, digits, `-` and `_`: it is part of the rule's address",
        ));
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(c);
    if rule.description.len() > 255 || !rule.description.chars().all(allowed) {
        judge.raise(Fault::new(
            RuleId::RuleDescription,
            path("description"),
            "EC2 does not take this description",
            "use up to 255 of a-z A-Z 0-9, space and ._-:/()#,@[]+=&;{}!$*",
        ));
    }
    match (&rule.cidr, rule.peer) {
        (Some(_), Some(_)) => judge.raise(
            Fault::new(
                RuleId::RuleEnd,
                path("peer"),
                "a rule has one other end, and this one has a network and a group",
                "keep either `cidr` or `peer`",
            )
            .beside(path("cidr"), "the network"),
        ),
        (None, None) => judge.raise(
            Fault::new(
                RuleId::RuleEnd,
                format!("rule[{at}]"),
                "the rule does not say who is at the other end",
                "add `cidr = \"…\"` or `peer = \"ecs\"`",
            )
            .rests_on(path("cidr"))
            .rests_on(path("peer")),
        ),
        (Some(cidr), None) => network(rule, cidr, &path, env, judge),
        (None, Some(_)) => {}
    }
    if let Some(day) = rule.expires.filter(|day| *day < today) {
        judge.raise(
            Fault::new(
                RuleId::RuleExpired,
                path("expires"),
                format!("the rule `{}` was wanted until {day}", rule.name),
                "remove the rule, or give it a later day",
            )
            .warning(),
        );
    }
}

fn network(rule: &Rule, cidr: &Cidr, path: &dyn Fn(&str) -> String, env: &Environment, judge: &mut Judge<'_>) {
    let web = rule.port.from == rule.port.to && [80, 443].contains(&rule.port.from);
    if cidr.prefix() == 0 && !web {
        judge.raise(
            Fault::new(
                RuleId::RuleOpenPort,
                path("cidr"),
                format!("this opens port {} to the whole internet", rule.port),
                "only 80 and 443 may be open to all: name the network that needs it",
            )
            .beside(path("port"), "the port"),
        );
    } else if (1..8).contains(&cidr.prefix()) {
        too_wide(path("cidr"), cidr, judge);
    }
    if rule.direction == Direction::In && [Group::Rds, Group::Efs].contains(&rule.group) && cidr.prefix() >= 8 && !private(cidr, env) {
        judge.raise(
            Fault::new(
                RuleId::RuleDatabase,
                path("cidr"),
                format!("`{cidr}` is outside: database and file system are reached from inside only"),
                "name a network of the VPC or one behind a VPN, or a group with `peer`",
            )
            .beside(path("group"), "inside only"),
        );
    }
}

fn private(cidr: &Cidr, env: &Environment) -> bool {
    let nets = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"];
    env.network.vpc_cidr.contains(cidr) || nets.iter().filter_map(|net| net.parse::<Cidr>().ok()).any(|net| net.contains(cidr))
}

fn too_wide(path: String, cidr: &Cidr, judge: &mut Judge<'_>) {
    judge.raise(Fault::new(
        RuleId::RuleTooWide,
        path,
        format!("`{cidr}` lets in {} million addresses: no rule may be wider than /8", (1u64 << (32 - cidr.prefix())) / 1_000_000),
        "name the networks that need it, each /8 or narrower",
    ));
}

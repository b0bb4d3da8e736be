//! Certificate and distribution.

use std::collections::BTreeSet;

use super::{Fault, Judge};
use crate::{Behaviour, Environment, OriginRequestPolicy, PriceClass, RuleId};

pub(super) fn check(env: &Environment, judge: &mut Judge<'_>) {
    certificate(env, judge);
    aliases(env, judge);
    if env.cdn.price_class == PriceClass::Few && env.region.starts_with("af-") {
        judge.raise(
            Fault::new(
                RuleId::PriceClass,
                "cdn.price_class",
                "PriceClass_100 has no place in Africa: every viewer there is answered from Europe",
                "write `PriceClass_200`, or leave it out",
            )
            .warning(),
        );
    }
    behaviours(env, judge);
    for (name, function) in &env.cdn.functions {
        let path = format!("cdn.function.{name}");
        let fits = !name.is_empty()
            && name.len() <= 39
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_');
        if !fits {
            judge.raise(
                Fault::new(
                    RuleId::FunctionCode,
                    path,
                    format!("`{name}` cannot be a function's name"),
                    "use up to 39 lower-case letters, digits, `-` and `_`",
                )
                .of_key(),
            );
        } else if function.code.len() > 10_240 {
            judge.raise(Fault::new(
                RuleId::FunctionCode,
                format!("{path}.code"),
                format!("the function has {} bytes: CloudFront takes 10240", function.code.len()),
                "shorten it",
            ));
        } else if !function.code.contains("handler") {
            judge.raise(Fault::new(
                RuleId::FunctionCode,
                format!("{path}.code"),
                "CloudFront calls the function `handler`, and there is none",
                "write `function handler(event) { … }`",
            ));
        }
    }
    for name in env.cdn.origin.headers.keys() {
        let lower = name.to_lowercase();
        let kept = [
            "host",
            "connection",
            "content-length",
            "via",
            "cache-control",
            "accept-encoding",
            "transfer-encoding",
            "trailer",
            "upgrade",
            "cookie",
            "range",
        ];
        let token = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        if !token || kept.contains(&lower.as_str()) || lower.starts_with("x-amz-") || lower.starts_with("x-edge-") {
            judge.raise(
                Fault::new(
                    RuleId::OriginHeader,
                    format!("cdn.origin.header.{name}"),
                    format!("CloudFront does not add a header `{name}`"),
                    "take a name of your own: `X-Origin-Verify`",
                )
                .of_key(),
            );
        }
    }
}

fn certificate(env: &Environment, judge: &mut Judge<'_>) {
    let names = &env.certificate.names;
    if names.is_empty() || names.len() > 10 {
        judge.raise(Fault::new(
            RuleId::CertificateNames,
            "certificate.names",
            format!("a certificate has 1 to 10 names, not {}", names.len()),
            "leave `names` out: then it has the domain and all names below it",
        ));
    }
    let base = |name: &crate::Domain| name.as_str().strip_prefix("*.").unwrap_or(name.as_str()).to_owned();
    let given = judge.given("certificate.names");
    let apart = |name: &crate::Domain| given && name.is_within(&env.dns.zone.name) && base(name) != base(&names[0]);
    if let Some((at, other)) = names.iter().enumerate().find(|(_, name)| apart(name)) {
        judge.raise(
            Fault::new(
                RuleId::CertificateNames,
                format!("certificate.names[{at}]"),
                format!("`{other}` wants a validation record of its own: the certificate has one, for `{0}` and `*.{0}`", base(&names[0])),
                "keep a name and the wildcard below it; for further names declare a `[resource.certificate.…]` with its `[resource.dns-record.…]`",
            )
            .beside("certificate.names[0]", "the first name"),
        );
    }
    for (at, name) in names.iter().enumerate() {
        let path = if judge.given("certificate.names") { format!("certificate.names[{at}]") } else { "dns.domain".to_owned() };
        if at == 0 && name.as_str().len() > 64 {
            judge.raise(Fault::new(
                RuleId::CertificateNames,
                path,
                format!("the certificate's first name has {} characters: ACM takes 64", name.as_str().len()),
                "put a shorter name first",
            ));
        } else if !name.is_within(&env.dns.zone.name) && env.dns.domain.is_within(&env.dns.zone.name) {
            judge.raise(
                Fault::new(
                    RuleId::CertificateOutside,
                    path,
                    format!("`{name}` is not inside `{}`: it cannot be validated there", env.dns.zone.name),
                    "take names inside the zone",
                )
                .beside("dns.zone.name", "the zone"),
            );
        }
    }
}

fn aliases(env: &Environment, judge: &mut Judge<'_>) {
    let lists = [("cdn.aliases", &env.cdn.aliases), ("dns.aliases", &env.dns.aliases)];
    for (list, names) in lists.into_iter().filter(|(list, _)| judge.given(list)).collect::<Vec<_>>() {
        for (at, name) in names.iter().enumerate() {
            let path = format!("{list}[{at}]");
            if list == "cdn.aliases" && !name.is_within(&env.dns.zone.name) {
                judge.raise(
                    Fault::new(
                        RuleId::CdnAliasOutside,
                        path,
                        format!("`{name}` is not inside `{}`, where its record would stand", env.dns.zone.name),
                        "take names inside the zone",
                    )
                    .beside("dns.zone.name", "the zone"),
                );
            } else if name.is_within(&env.dns.domain)
                && env.has_certificate()
                && !env.certificate.names.iter().any(|covered| name.is_covered_by(covered))
            {
                judge.raise(
                    Fault::new(
                        RuleId::AliasUncovered,
                        path,
                        format!("no name of the certificate covers `{name}`: CloudFront refuses it"),
                        "take a name right below the domain, or add it to `certificate.names`",
                    )
                    .beside("certificate.names", "the certificate"),
                );
            }
        }
    }
}

fn behaviours(env: &Environment, judge: &mut Judge<'_>) {
    let cdn = &env.cdn;
    if cdn.default.path != "*" {
        judge.raise(Fault::new(
            RuleId::BehaviourPath,
            "cdn.default.path",
            "the default takes every path that no behaviour takes",
            "remove the line, or make it a `[[cdn.behaviour]]`",
        ));
    }
    if cdn.behaviours.len() > 24 {
        judge.raise(Fault::new(
            RuleId::BehaviourPath,
            "cdn.behaviour",
            format!("{} behaviours are too many: CloudFront takes 25 with the default", cdn.behaviours.len()),
            "join some of them with `*`",
        ));
    }
    let mut paths = BTreeSet::new();
    for (at, behaviour) in cdn.behaviours.iter().enumerate() {
        let path = format!("cdn.behaviour[{at}]");
        let text = &behaviour.path;
        let fits = text.len() <= 255 && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-.*$/~\"'@:+&?".contains(c));
        if !fits || text == "*" || !text.starts_with(['/', '*']) {
            judge.raise(Fault::new(
                RuleId::BehaviourPath,
                format!("{path}.path"),
                format!("`{text}` is not a path that CloudFront can match"),
                "write it like `/wp-content/*`; for all paths there is `[cdn.default]`",
            ));
        } else if !paths.insert(text) {
            judge.raise(Fault::new(
                RuleId::BehaviourPath,
                format!("{path}.path"),
                format!("a behaviour before takes `{text}` already"),
                "keep one of the two",
            ));
        }
        functions(env, &path, behaviour, judge);
        host(env, &path, behaviour, judge);
    }
    functions(env, "cdn.default", &cdn.default, judge);
    host(env, "cdn.default", &cdn.default, judge);
}

/// Over HTTPS CloudFront holds the load balancer's certificate against the host name that it passes on, else against the
/// load balancer's own, for which nobody can have one.
fn host(env: &Environment, path: &str, behaviour: &Behaviour, judge: &mut Judge<'_>) {
    if env.alb.https && behaviour.origin_request != OriginRequestPolicy::AllViewer {
        judge.raise(
            Fault::new(
                RuleId::OriginHost,
                format!("{path}.origin_request"),
                "over HTTPS the load balancer is called by the viewer's host name: without it, it has no certificate that fits",
                "write `AllViewer`, or `https = false` in `[alb]`",
            )
            .beside("alb.https", "over HTTPS"),
        );
    }
}

fn functions(env: &Environment, path: &str, behaviour: &Behaviour, judge: &mut Judge<'_>) {
    let declared = &env.cdn.functions;
    let mut events = vec![];
    for (at, name) in behaviour.functions.iter().enumerate() {
        let path = format!("{path}.functions[{at}]");
        let Some(function) = declared.get(name) else {
            let fix = if declared.is_empty() {
                format!("declare it: `[cdn.function.{name}]`")
            } else {
                format!("there are `{}`", declared.keys().cloned().collect::<Vec<_>>().join("`, `"))
            };
            judge.raise(
                Fault::new(RuleId::UnknownFunction, path, format!("there is no function `{name}`"), fix)
                    .beside("cdn.function", "the functions"),
            );
            continue;
        };
        if events.contains(&function.on) {
            judge.raise(Fault::new(
                RuleId::FunctionTwice,
                path,
                "CloudFront runs one function for each event of a behaviour, and this is the second",
                "join the two into one",
            ));
        }
        events.push(function.on);
    }
}

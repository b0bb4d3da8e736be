//! What CloudFront demands of a configuration, of itself and of what it refers to.

use std::collections::BTreeSet;

use bbws_kinds::DomainName;

use super::cdn_config::{BehaviourRow, CertificateRow, Config, OriginRow, invalid};
use super::cloudfront::{self, Policy};
use crate::cloud::{At, GLOBAL};
use crate::fate::{Answer, Refusal, refuse};

/// How long CloudFront takes to learn of a certificate that was issued.
const LEARNS_SECONDS: u64 = 30;
/// What viewers may be made to speak, by CloudFront's names.
const TLS_LEVELS: [&str; 9] =
    ["SSLv3", "TLSv1", "TLSv1_2016", "TLSv1.1_2016", "TLSv1.2_2018", "TLSv1.2_2019", "TLSv1.2_2021", "TLSv1.2_2025", "TLSv1.3_2025"];

/// Whether CloudFront takes a configuration for the distribution `id`, which may be a new one.
pub(crate) fn check(at: &mut At<'_>, config: &Config, id: &str) -> Answer<()> {
    if config.comment.chars().count() > 128 {
        return Err(invalid("The parameter Comment is too big."));
    }
    if config.origins.is_empty() || config.origins.len() > 25 {
        return Err(refuse(400, "TooManyOrigins", "Your request contains more origins than are allowed per distribution."));
    }
    if config.behaviours.len() > 25 {
        return Err(refuse(400, "TooManyCacheBehaviors", "You cannot create more cache behaviors for the distribution."));
    }
    let mut names = BTreeSet::new();
    for row in &config.origins {
        if !names.insert(row.id.as_str()) {
            return Err(invalid(format!("The origin id {} is not unique.", row.id)));
        }
        origin(row)?;
    }
    let mut paths = BTreeSet::new();
    for (path, row) in config.behaviours.iter().map(|(path, row)| (path.as_str(), row)).chain([("", &config.default)]) {
        if !paths.insert(path) {
            return Err(invalid(format!("The path pattern {path} is used twice.")));
        }
        if !names.contains(row.origin.as_str()) {
            let message = format!("One or more of your origins or origin groups do not exist: {}", row.origin);
            return Err(refuse(404, "NoSuchOrigin", message));
        }
        behaviour(at, row)?;
    }
    if config.geo.0 != "none" && config.geo.1.is_empty() {
        return Err(refuse(400, "InvalidGeoRestrictionParameter", "The specified geo restriction parameter is not valid."));
    }
    let covered = match &config.certificate {
        Some(row) => certificate(at, row)?,
        None => vec![],
    };
    aliases(at, config, &covered, id)
}

fn origin(row: &OriginRow) -> Answer<()> {
    let OriginRow { id, domain_name, path, ports, tls_versions, read_timeout, keepalive, attempts, connection_timeout, headers, .. } = row;
    if id.is_empty() || DomainName::new(domain_name).problem().is_some() {
        return Err(refuse(400, "InvalidOrigin", format!("The origin {id} with the domain name {domain_name} is not valid.")));
    }
    if !path.is_empty() && (!path.starts_with('/') || path.ends_with('/')) {
        return Err(invalid("The parameter OriginPath must begin with `/` and must not end with it."));
    }
    if [ports.0, ports.1].iter().any(|port| !matches!(port, 80 | 443 | 1024..=65535)) {
        return Err(invalid("The parameter origin port is not valid: 80, 443, 1024-65535."));
    }
    if tls_versions.is_empty() {
        return Err(invalid("The parameter OriginSslProtocols is required."));
    }
    if !(1..=120).contains(read_timeout) {
        return Err(refuse(400, "InvalidOriginReadTimeout", "The read timeout specified for the origin is not valid."));
    }
    if !(1..=120).contains(keepalive) {
        return Err(refuse(400, "InvalidOriginKeepaliveTimeout", "The keep alive timeout specified for the origin is not valid."));
    }
    if !(1..=3).contains(attempts) || !(1..=10).contains(connection_timeout) {
        return Err(invalid("The parameter ConnectionAttempts or ConnectionTimeout is not valid."));
    }
    if headers.len() > 10 {
        return Err(refuse(400, "TooManyOriginCustomHeaders", "Your request contains too many origin custom headers."));
    }
    for (name, value) in headers {
        let lower = name.to_lowercase();
        let kept = ["host", "cookie", "via", "connection", "content-length", "cache-control", "range", "upgrade", "transfer-encoding"];
        if name.is_empty() || kept.contains(&lower.as_str()) || lower.starts_with("x-amz-") || lower.starts_with("x-edge-") {
            return Err(invalid(format!("The parameter HeaderName contains {name} that is not allowed.")));
        }
        if value.0.is_empty() || value.0.len() > 1783 {
            return Err(invalid(format!("The parameter HeaderValue of {name} is not valid.")));
        }
    }
    Ok(())
}

fn behaviour(at: &mut At<'_>, row: &BehaviourRow) -> Answer<()> {
    let methods = |names: &[String], of: &[&str]| names.iter().map(String::as_str).collect::<BTreeSet<_>>() == of.iter().copied().collect();
    let sets: [&[&str]; 3] = [&["GET", "HEAD"], &["GET", "HEAD", "OPTIONS"], &["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]];
    if !sets.iter().any(|set| methods(&row.allowed, set)) || !sets[..2].iter().any(|set| methods(&row.cached, set)) {
        return Err(invalid("The parameter AllowedMethods or CachedMethods is not one of the sets that are supported."));
    }
    if row.cached.iter().any(|method| !row.allowed.contains(method)) {
        return Err(invalid("The parameter CachedMethods holds a method that AllowedMethods does not."));
    }
    let missing = |of: Policy, code: &'static str, what: &str, id: &str| {
        if cloudfront::knows(of, id) { Ok(()) } else { Err(refuse(404, code, format!("The {what} does not exist: {id}"))) }
    };
    missing(Policy::Cache, "NoSuchCachePolicy", "cache policy", &row.cache_policy)?;
    if let Some(id) = &row.request_policy {
        missing(Policy::OriginRequest, "NoSuchOriginRequestPolicy", "origin request policy", id)?;
    }
    if let Some(id) = &row.response_policy {
        missing(Policy::ResponseHeaders, "NoSuchResponseHeadersPolicy", "response headers policy", id)?;
    }
    let mut events = BTreeSet::new();
    for (event, arn) in &row.functions {
        let refused = |why: &str| refuse(400, "InvalidFunctionAssociation", format!("A CloudFront function association is invalid: {why}"));
        if !["viewer-request", "viewer-response"].contains(&event.as_str()) || !events.insert(event) {
            return Err(refused("one function for each of viewer-request and viewer-response"));
        }
        if row.lambda.iter().any(|(other, _, _)| other.starts_with("viewer-")) {
            return Err(refused("not together with a Lambda@Edge function at viewer events"));
        }
        let live = at.global().cdn_functions.values().any(|function| function.arn == *arn && function.live.is_some());
        if !live {
            return Err(refused("the function is not in the LIVE stage"));
        }
    }
    Ok(())
}

fn unfit() -> Refusal {
    let message = "The specified SSL certificate doesn't exist, isn't in us-east-1 region, isn't valid, or doesn't include a valid certificate chain.";
    refuse(400, "InvalidViewerCertificate", message)
}

/// The names that a certificate covers, if CloudFront takes it.
fn certificate(at: &mut At<'_>, row: &CertificateRow) -> Answer<Vec<DomainName>> {
    if !TLS_LEVELS.contains(&row.min_tls.as_str()) || !["sni-only", "vip", "static-ip"].contains(&row.method.as_str()) {
        return Err(invalid("The parameter MinimumProtocolVersion or SSLSupportMethod is not valid."));
    }
    let (now, learns) = (at.now_ms, at.after(LEARNS_SECONDS) - at.now_ms);
    if !row.arn.starts_with(&format!("arn:aws:acm:{GLOBAL}:{}:", at.account)) {
        return Err(unfit());
    }
    let issued = at.global().certificates.get(&row.arn).filter(|of| of.issued_ms.is_some_and(|issued| issued + learns <= now));
    Ok(issued.ok_or_else(unfit)?.names.clone())
}

fn covers(name: &DomainName, alias: &DomainName) -> bool {
    let below = |wildcard: &str| alias.as_str().split_once('.').is_some_and(|(label, rest)| label != "*" && rest == wildcard);
    name == alias || name.as_str().strip_prefix("*.").is_some_and(below)
}

fn aliases(at: &mut At<'_>, config: &Config, covered: &[DomainName], id: &str) -> Answer<()> {
    if config.aliases.len() > 100 {
        return Err(refuse(400, "TooManyDistributionCNAMEs", "Your request contains more CNAMEs than are allowed per distribution."));
    }
    for alias in &config.aliases {
        let name = DomainName::new(alias);
        if name.problem().is_some() {
            return Err(invalid(format!("The parameter CNAME contains one or more parameters that are not valid: {alias}")));
        }
        if config.certificate.is_none() {
            let message = "To add an alternate domain name (CNAME) to a CloudFront distribution, you must attach a trusted certificate that validates your authorization to use the domain name.";
            return Err(refuse(400, "InvalidViewerCertificate", message));
        }
        if !covered.iter().any(|of| covers(of, &name)) {
            let message = "The certificate that is attached to your distribution doesn't cover the alternate domain name (CNAME) that you're trying to add.";
            return Err(refuse(400, "InvalidViewerCertificate", message));
        }
        let all = at.cloud.accounts.values().flat_map(|cloud| cloud.regions.values()).flat_map(|here| &here.distributions);
        if all.into_iter().any(|(other, row)| other != id && row.config.aliases.contains(alias)) {
            let message = "One or more of the CNAMEs you provided are already associated with a different resource.";
            return Err(refuse(409, "CNAMEAlreadyExists", message));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wildcard_covers_one_level() {
        let (name, wildcard) = (DomainName::new("example.com"), DomainName::new("*.example.com"));
        assert!(covers(&name, &name) && covers(&wildcard, &DomainName::new("a.example.com")) && covers(&wildcard, &wildcard));
        assert!(!covers(&wildcard, &name) && !covers(&wildcard, &DomainName::new("a.b.example.com")) && !covers(&name, &wildcard));
    }
}

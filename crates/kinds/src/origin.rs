//! The origins of a distribution: where CloudFront gets what it has not kept.

use std::collections::{BTreeMap, BTreeSet};

use bbws_model::{Pointer, Ref, SpecProblem, Stage, Text, Written};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How CloudFront speaks to an origin.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum OriginProtocol {
    /// Without encryption.
    HttpOnly,
    /// Always encrypted. The origin's certificate has to cover its domain name, or the `Host` header that is passed on.
    #[default]
    HttpsOnly,
    /// As the viewer did.
    MatchViewer,
}

/// A header that CloudFront adds to each request. Its value stands in a secret and nowhere else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "", deny_unknown_fields)]
#[schemars(bound = "")]
pub struct OriginHeader<S: Stage> {
    /// The secret, by its ARN or name.
    pub secret: S::Text,
    /// The version of it. None: the one in force, whichever that is when it is looked at.
    pub version: Option<S::Text>,
    /// The field of the secret's JSON. None: the whole text.
    pub field: Option<String>,
    /// Whether CloudFront adds something else than what stands there. Seen only.
    #[serde(default, skip_serializing_if = "is_false")]
    pub differs: bool,
}

/// A server that CloudFront asks, by its DNS name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "", deny_unknown_fields)]
#[schemars(bound = "")]
pub struct Origin<S: Stage> {
    /// Its DNS name: a load balancer's, or one of yours that leads to it.
    pub domain_name: S::Text,
    /// What is put before each path, with its first `/`. Empty: nothing.
    #[serde(default)]
    pub path: String,
    /// How CloudFront speaks to it: `https-only`, `http-only` or `match-viewer`.
    #[serde(default)]
    pub protocol: OriginProtocol,
    /// Its port without encryption.
    #[serde(default = "http")]
    pub http_port: u16,
    /// Its port with encryption.
    #[serde(default = "https")]
    pub https_port: u16,
    /// The TLS versions that CloudFront may use: `TLSv1.2`; `TLSv1.1`, `TLSv1` and `SSLv3` for very old servers.
    #[serde(default = "modern")]
    pub tls_versions: BTreeSet<String>,
    /// For how many seconds an answer is waited for: 1 to 120.
    #[serde(default = "half_a_minute")]
    pub read_timeout_seconds: u32,
    /// For how many seconds an idle connection is kept: 1 to 120.
    #[serde(default = "five")]
    pub keepalive_timeout_seconds: u32,
    /// How often a connection is tried: 1 to 3.
    #[serde(default = "three")]
    pub connection_attempts: u32,
    /// For how many seconds a connection is waited for: 1 to 10.
    #[serde(default = "ten")]
    pub connection_timeout_seconds: u32,
    /// Headers that are added to each request, by name.
    #[serde(default)]
    pub headers: BTreeMap<String, OriginHeader<S>>,
}

impl<S: Stage> Origin<S> {
    /// The same without its headers, which are compared apart: their values cannot be told.
    pub(crate) fn bare(&self) -> Self {
        Self { headers: BTreeMap::new(), ..self.clone() }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

fn http() -> u16 {
    80
}

fn https() -> u16 {
    443
}

fn modern() -> BTreeSet<String> {
    BTreeSet::from(["TLSv1.2".to_owned()])
}

fn half_a_minute() -> u32 {
    30
}

fn five() -> u32 {
    5
}

fn three() -> u32 {
    3
}

fn ten() -> u32 {
    10
}

const TLS_VERSIONS: [&str; 4] = ["SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2"];
/// Headers that CloudFront sets itself or does not let anybody add.
const KEPT_HEADERS: [&str; 26] = [
    "cache-control",
    "connection",
    "content-length",
    "cookie",
    "host",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "max-forwards",
    "pragma",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "range",
    "request-range",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
    "accept-encoding",
    "x-real-ip",
    "x-forwarded-proto",
    "expect",
];

/// Whether it is a load balancer's own name, for which nobody can have a certificate.
pub(crate) fn is_load_balancers_own(name: &Text) -> bool {
    match name {
        Text::Known(name) => name.to_lowercase().ends_with(".elb.amazonaws.com"),
        Text::Parts(parts) => match parts.as_slice() {
            [Ref::To(Pointer { to, output })] => to.kind() == "load-balancer" && output == "dns_name",
            _ => false,
        },
    }
}

/// What is wrong with an origin by itself.
pub(crate) fn problems(field: &str, origin: &Origin<Written>) -> Vec<SpecProblem> {
    let Origin {
        domain_name,
        path,
        protocol: _,
        http_port,
        https_port,
        tls_versions,
        read_timeout_seconds,
        keepalive_timeout_seconds,
        connection_attempts,
        connection_timeout_seconds,
        headers,
    } = origin;
    let mut problems = vec![];
    let mut wrong = |part: &str, message: String| problems.push(SpecProblem::new(&format!("{field}.{part}"), message));
    if domain_name.known().is_some_and(|name| name.is_empty() || name.contains('/') || name.contains(':')) {
        wrong("domain_name", "name the server by its DNS name, without protocol, port or path".into());
    }
    if !path.is_empty() && (!path.starts_with('/') || path.ends_with('/') || path.len() > 255) {
        wrong("path", format!("`{path}` begins with `/`, does not end with it, and has at most 255 characters; or leave it out"));
    }
    for (part, port) in [("http_port", http_port), ("https_port", https_port)] {
        if !matches!(port, 80 | 443 | 1024..) {
            wrong(part, format!("CloudFront speaks to the ports 80, 443 and 1024 to 65535, not to {port}"));
        }
    }
    if tls_versions.is_empty() || tls_versions.iter().any(|version| !TLS_VERSIONS.contains(&version.as_str())) {
        wrong("tls_versions", format!("name at least one of {}", TLS_VERSIONS.join(", ")));
    }
    let ranges = [
        ("read_timeout_seconds", *read_timeout_seconds, 120),
        ("keepalive_timeout_seconds", *keepalive_timeout_seconds, 120),
        ("connection_attempts", *connection_attempts, 3),
        ("connection_timeout_seconds", *connection_timeout_seconds, 10),
    ];
    for (part, value, max) in ranges {
        if !(1..=max).contains(&value) {
            wrong(part, format!("CloudFront takes 1 to {max}, not {value}"));
        }
    }
    if headers.len() > 10 {
        wrong("headers", format!("{} headers are too many: CloudFront adds 10", headers.len()));
    }
    for (name, OriginHeader { secret, version, field, differs }) in headers {
        let lower = name.to_lowercase();
        let token = !name.is_empty() && name.len() <= 256 && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
        if !token || KEPT_HEADERS.contains(&lower.as_str()) || lower.starts_with("x-amz-") || lower.starts_with("x-edge-") {
            wrong(&format!("headers.{name}"), format!("CloudFront does not add a header `{name}`: take a name of your own"));
        }
        if secret.known() == Some("") {
            wrong(&format!("headers.{name}.secret"), "name the secret that holds the value".into());
        }
        if version.as_ref().is_some_and(|version| version.known() == Some("")) {
            wrong(&format!("headers.{name}.version"), "name a version, or leave the field out for the one in force".into());
        }
        if field.as_deref() == Some("") {
            wrong(&format!("headers.{name}.field"), "name a field of the secret's JSON, or leave it out for the whole text".into());
        }
        if *differs {
            wrong(&format!("headers.{name}.differs"), "it only shows what CloudFront adds: leave it out".into());
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;
    use bbws_model::typed;
    use serde_json::{Value, json};

    fn fields(edit: Value) -> Vec<String> {
        let mut whole = json!({"domain_name": {"$ref": "load-balancer.main", "output": "dns_name"}});
        whole.as_object_mut().unwrap().extend(edit.as_object().unwrap().clone());
        problems("o", &typed(&whole).unwrap()).into_iter().map(|p| p.field).collect()
    }

    #[test]
    fn what_cloudfront_would_refuse_is_told() {
        let table = [
            (json!({"domain_name": "https://a.example"}), "o.domain_name"),
            (json!({"path": "wp"}), "o.path"),
            (json!({"path": "/wp/"}), "o.path"),
            (json!({"http_port": 81}), "o.http_port"),
            (json!({"https_port": 444}), "o.https_port"),
            (json!({"tls_versions": []}), "o.tls_versions"),
            (json!({"tls_versions": ["TLSv1.3"]}), "o.tls_versions"),
            (json!({"read_timeout_seconds": 121}), "o.read_timeout_seconds"),
            (json!({"keepalive_timeout_seconds": 0}), "o.keepalive_timeout_seconds"),
            (json!({"connection_attempts": 4}), "o.connection_attempts"),
            (json!({"connection_timeout_seconds": 11}), "o.connection_timeout_seconds"),
            (json!({"headers": {"Host": {"secret": "s"}}}), "o.headers.Host"),
            (json!({"headers": {"X-Amz-Id": {"secret": "s"}}}), "o.headers.X-Amz-Id"),
            (json!({"headers": {"X-V": {"secret": ""}}}), "o.headers.X-V.secret"),
            (json!({"headers": {"X-V": {"secret": "s", "version": ""}}}), "o.headers.X-V.version"),
            (json!({"headers": {"X-V": {"secret": "s", "field": ""}}}), "o.headers.X-V.field"),
            (json!({"headers": {"X-V": {"secret": "s", "differs": true}}}), "o.headers.X-V.differs"),
        ];
        for (edit, field) in table {
            assert_eq!(fields(edit.clone()), [field], "{edit}");
        }
        assert!(fields(json!({"headers": {"X-Origin-Verify": {"secret": "s", "field": "token"}}})).is_empty());
    }

    #[test]
    fn a_header_has_no_place_for_its_value() {
        let wrong =
            typed::<Origin<Written>>(&json!({"domain_name": "a.example", "headers": {"X-V": {"secret": "s", "value": "v"}}})).unwrap_err();
        assert!(wrong.message.contains("unknown field `value`"), "{}", wrong.message);
    }

    #[test]
    fn a_load_balancers_own_name_is_known() {
        let reference = |output| Text::of("load-balancer.main".parse().unwrap(), output);
        assert!(is_load_balancers_own(&reference("dns_name")) && is_load_balancers_own(&"a.af-south-1.ELB.amazonaws.com".into()));
        assert!(!is_load_balancers_own(&reference("name")) && !is_load_balancers_own(&"origin.example.com".into()));
    }
}

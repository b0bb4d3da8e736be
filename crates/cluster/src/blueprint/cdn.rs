//! The distribution before the load balancer, its functions and logs, and the names that lead to it.

use std::collections::{BTreeMap, BTreeSet};

use bbws_kinds::{
    AllowedMethods, Behaviour, CLOUDFRONT_LOG_FIELDS, CdnFunction, CdnFunctionSpec, Distribution, DistributionSpec, DomainName,
    FunctionEvent, FunctionRuntime, GeoRestriction, HttpVersion, LoadBalancer, LogDelivery, LogDeliveryDestination,
    LogDeliveryDestinationSpec, LogDeliverySource, LogDeliverySourceSpec, LogDeliverySpec, LogFormat, MIN_TLS, Origin, OriginHeader,
    OriginProtocol, PathBehaviour, PriceClass, Secret, ViewerCertificate, ViewerProtocol, log_delivery_statement,
};
use bbws_model::{Kind, Text, Written};

use super::dns::lead_to_cloudfront;
use super::load_balancer::log_bucket;
use super::parts::{Parts, text, to};
use crate::decode::name_of;
use crate::{Domain, Environment, Methods, TriggeredBy};

pub(super) fn add(parts: &mut Parts<'_>) {
    let env = parts.env;
    for (name, function) in &env.cdn.functions {
        let full = env.names.of(name);
        parts.add::<CdnFunction>(
            name,
            &CdnFunctionSpec {
                tags: parts.tags(&full),
                comment: format!("{}: on {}", env.names.prefix, name_of(&function.on)),
                name: full,
                runtime: FunctionRuntime::Js2,
                code: function.code.clone(),
                key_value_store: None,
                unpublished: false,
            },
        );
    }
    distribution(parts);
    if env.cdn.logs {
        logs(parts);
    }
    for name in names(env) {
        lead_to_cloudfront(parts, &name, &text::<Distribution>("main", "domain_name"));
    }
}

/// The names that the distribution answers to: none before there is a certificate for them. A name that a wildcard among
/// them covers needs no mention.
fn aliases(env: &Environment) -> BTreeSet<&Domain> {
    if !env.has_certificate() {
        return BTreeSet::new();
    }
    let further = env.dns.aliases.iter().filter(|name| !env.cdn.aliases.iter().any(|alias| name.is_covered_by(alias)));
    env.cdn.aliases.iter().chain(further).collect()
}

/// The names that get a record. Names of tenants below the wildcard get theirs from the Tenant Manager.
fn names(env: &Environment) -> BTreeSet<Domain> {
    if !env.has_certificate() {
        return BTreeSet::new();
    }
    let own = env.cdn.aliases.iter().filter(|name| !name.as_str().starts_with("*."));
    own.chain(&env.dns.aliases).cloned().collect()
}

/// The only origin's name.
const ALB: &str = "alb";

fn distribution(parts: &mut Parts<'_>) {
    let env = parts.env;
    let cdn = &env.cdn;
    let encrypted = env.alb.https && env.has_certificate();
    let origin = Origin {
        domain_name: text::<LoadBalancer>("main", "dns_name"),
        path: String::new(),
        protocol: if encrypted { OriginProtocol::HttpsOnly } else { OriginProtocol::HttpOnly },
        http_port: 80,
        https_port: 443,
        tls_versions: BTreeSet::from(["TLSv1.2".to_owned()]),
        read_timeout_seconds: cdn.origin.read_timeout,
        keepalive_timeout_seconds: cdn.origin.keepalive_timeout,
        connection_attempts: 3,
        connection_timeout_seconds: 10,
        headers: cdn.origin.headers.iter().map(|(name, header)| (name.clone(), origin_header(env, header))).collect(),
    };
    let path = |own: &crate::Behaviour| PathBehaviour { path: own.path.clone(), behaviour: behaviour(env, own) };
    parts.add::<Distribution>(
        "main",
        &DistributionSpec {
            comment: format!("{}: the sites of the tenants", env.names.prefix),
            enabled: true,
            aliases: aliases(env).into_iter().map(|name| DomainName::new(name.as_str())).collect(),
            certificate: env.has_certificate().then(|| ViewerCertificate { arn: to("cdn"), min_tls: MIN_TLS.to_owned() }),
            origins: BTreeMap::from([(ALB.to_owned(), origin)]),
            default_behaviour: behaviour(env, &cdn.default),
            behaviours: cdn.behaviours.iter().map(path).collect(),
            default_root_object: String::new(),
            price_class: match cdn.price_class {
                crate::PriceClass::Few => PriceClass::Class100,
                crate::PriceClass::More => PriceClass::Class200,
                crate::PriceClass::All => PriceClass::All,
            },
            http_version: match cdn.http_version {
                crate::HttpVersion::Http2 => HttpVersion::Http2,
                crate::HttpVersion::Http2And3 => HttpVersion::Http2And3,
            },
            ipv6: cdn.ipv6,
            geo_restriction: GeoRestriction::None,
            web_acl: None,
            others: BTreeMap::new(),
            tags: parts.tags_of("cdn"),
        },
    );
}

/// A header whose value stands in a secret: one that the file declares, which is then made before, or one that is there.
fn origin_header(env: &Environment, header: &crate::OriginHeader) -> OriginHeader<Written> {
    let declared = env.resources.0.iter().find(|(address, resource)| {
        address.kind() == Secret::NAME && resource.spec.get("name").and_then(|name| name.as_str()) == Some(header.secret.as_str())
    });
    let of = |output: &str| declared.map(|(address, _)| Text::of(address.clone(), output));
    OriginHeader {
        secret: of("arn").unwrap_or_else(|| Text::from(header.secret.as_str())),
        version: of("version_id"),
        field: header.field.clone(),
        differs: false,
    }
}

fn behaviour(env: &Environment, own: &crate::Behaviour) -> Behaviour<Written> {
    let functions = own.functions.iter().filter_map(|name| {
        let event = match env.cdn.functions.get(name)?.on {
            TriggeredBy::ViewerRequest => FunctionEvent::ViewerRequest,
            TriggeredBy::ViewerResponse => FunctionEvent::ViewerResponse,
        };
        Some((event, to(name)))
    });
    Behaviour {
        origin: ALB.to_owned(),
        cache_policy: name_of(&own.cache),
        origin_request_policy: Some(name_of(&own.origin_request)),
        response_headers_policy: None,
        viewer_protocol: ViewerProtocol::RedirectToHttps,
        methods: match own.methods {
            Methods::Read => AllowedMethods::Options,
            Methods::All => AllowedMethods::All,
        },
        cache_options: false,
        compress: own.compress,
        functions: functions.collect(),
        lambda_functions: BTreeMap::new(),
    }
}

/// CloudFront's logs go by CloudWatch Logs: af-south-1 cannot take those that CloudFront writes by itself.
fn logs(parts: &mut Parts<'_>) {
    let env = parts.env;
    let account = env.account.to_string();
    log_bucket(parts, "cdn-logs", |name, _| log_delivery_statement(name, &account));
    let name = env.names.of("cdn");
    let tags = parts.tags(&name);
    parts.add::<LogDeliverySource>(
        "cdn",
        &LogDeliverySourceSpec { name: name.clone(), distribution: to("main"), log_type: "ACCESS_LOGS".to_owned(), tags: tags.clone() },
    );
    parts.add::<LogDeliveryDestination>(
        "cdn",
        &LogDeliveryDestinationSpec { name, bucket: to("cdn-logs"), format: LogFormat::W3c, tags: tags.clone() },
    );
    parts.add::<LogDelivery>(
        "cdn",
        &LogDeliverySpec {
            source: to("cdn"),
            destination: to("cdn"),
            fields: CLOUDFRONT_LOG_FIELDS.map(str::to_owned).to_vec(),
            delimiter: None,
            path: "{DistributionId}/{yyyy}/{MM}/{dd}/{HH}".to_owned(),
            hive: false,
            tags,
        },
    );
}

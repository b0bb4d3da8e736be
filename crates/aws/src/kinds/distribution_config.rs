//! A spec as the configuration that CloudFront takes.
//!
//! An update replaces all of it, and CloudFront refuses one that leaves out what it calls optional, so that everything
//! is written out, what is off too.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_cloudfront::types::{
    Aliases, AllowedMethods as RawMethods, CacheBehavior, CacheBehaviors, CachedMethods, CustomErrorResponses, CustomHeaders,
    CustomOriginConfig, DefaultCacheBehavior, DistributionConfig, EventType, FunctionAssociation, FunctionAssociations,
    GeoRestriction as RawGeo, GeoRestrictionType, GrpcConfig, HttpVersion as RawHttp, LambdaFunctionAssociations, LoggingConfig, Method,
    MinimumProtocolVersion, Origin as RawOrigin, OriginCustomHeader, OriginGroups, OriginProtocolPolicy, OriginShield, OriginSslProtocols,
    Origins, PriceClass as RawPrice, Restrictions, SslProtocol, SslSupportMethod, TrustedKeyGroups, TrustedSigners,
    ViewerCertificate as RawCertificate, ViewerProtocolPolicy,
};
use aws_smithy_types::error::operation::BuildError;
use bbws_kinds::{
    AllowedMethods, Behaviour, DistributionSpec, FunctionEvent, GeoRestriction, HttpVersion, Origin, OriginProtocol, PathBehaviour,
    PriceClass, ViewerCertificate, ViewerProtocol,
};
use bbws_model::{Class, CloudError, Ready, Secret as Hidden};

use super::cloudfront::AllPolicies;

/// The values of origin headers, by origin and header. They never leave the request.
pub(crate) type HeaderValues = BTreeMap<(String, String), Arc<Hidden>>;

/// What a configuration is made from beside the spec.
pub(crate) struct Material<'a> {
    pub(crate) operation: &'static str,
    pub(crate) policies: &'a AllPolicies,
    pub(crate) headers: &'a HeaderValues,
}

/// Why a configuration cannot be put together.
enum Unfit {
    Told(CloudError),
    Build(BuildError),
}

impl From<BuildError> for Unfit {
    fn from(error: BuildError) -> Self {
        Self::Build(error)
    }
}

impl From<CloudError> for Unfit {
    fn from(error: CloudError) -> Self {
        Self::Told(error)
    }
}

/// How many there are, as each list of CloudFront says beside its items.
fn count<T>(items: &[T]) -> i32 {
    i32::try_from(items.len()).unwrap_or(i32::MAX)
}

/// The configuration that a spec wants. What `base` has beyond the spec and what nobody may change is taken over.
pub(crate) fn config(
    base: Option<&DistributionConfig>,
    caller_reference: &str,
    want: &DistributionSpec<Ready>,
    material: &Material<'_>,
) -> Result<DistributionConfig, CloudError> {
    whole(base, caller_reference, want, material).map_err(|unfit| match unfit {
        Unfit::Told(error) => error,
        Unfit::Build(error) => CloudError::own(material.operation, Class::Invalid, error.to_string()),
    })
}

fn whole(
    base: Option<&DistributionConfig>,
    caller_reference: &str,
    want: &DistributionSpec<Ready>,
    material: &Material<'_>,
) -> Result<DistributionConfig, Unfit> {
    let DistributionSpec {
        comment,
        enabled,
        aliases,
        certificate,
        origins,
        default_behaviour,
        behaviours,
        default_root_object,
        price_class,
        http_version,
        ipv6,
        geo_restriction,
        web_acl,
        others: _,
        tags: _,
    } = want;
    let mut config = match base {
        Some(base) => base.clone(),
        None => {
            DistributionConfig::builder().caller_reference(caller_reference).comment(comment).enabled(*enabled).staging(false).build()?
        }
    };
    config.comment.clone_from(comment);
    config.enabled = *enabled;
    let names: Vec<String> = aliases.iter().map(|name| name.as_str().to_owned()).collect();
    config.aliases = Some(Aliases::builder().quantity(count(&names)).set_items(some(names)).build()?);
    config.default_root_object = Some(default_root_object.clone());
    let items = origins.iter().map(|(name, origin)| raw_origin(name, origin, material)).collect::<Result<Vec<_>, _>>()?;
    config.origins = Some(Origins::builder().quantity(count(&items)).set_items(Some(items)).build()?);
    let kept = config.default_cache_behavior.take().and_then(|behaviour| behaviour.lambda_function_associations);
    config.default_cache_behavior = Some(raw_behaviour(default_behaviour, kept, material)?);
    let before = config.cache_behaviors.take().and_then(|list| list.items).unwrap_or_default();
    let items = behaviours.iter().map(|of| raw_path(of, &before, material)).collect::<Result<Vec<_>, _>>()?;
    config.cache_behaviors = Some(CacheBehaviors::builder().quantity(count(&items)).set_items(some(items)).build()?);
    config.price_class = Some(raw_price(*price_class));
    config.viewer_certificate = Some(raw_certificate(certificate.as_ref()));
    config.restrictions = Some(Restrictions::builder().geo_restriction(raw_geo(geo_restriction)?).build());
    let found = config.web_acl_id.take();
    config.web_acl_id = Some(web_acl.clone().or(found).unwrap_or_default());
    config.http_version = Some(raw_http(*http_version));
    config.is_ipv6_enabled = Some(*ipv6);
    config.origin_groups = Some(OriginGroups::builder().quantity(0).build()?);
    config.custom_error_responses = Some(CustomErrorResponses::builder().quantity(0).build()?);
    config.logging = Some(LoggingConfig::builder().enabled(false).include_cookies(false).bucket("").prefix("").build());
    config.continuous_deployment_policy_id = Some(String::new());
    config.anycast_ip_list_id = None;
    config.viewer_mtls_config = None;
    config.connection_function_association = None;
    config.cache_tag_config = None;
    Ok(config)
}

fn some<T>(items: Vec<T>) -> Option<Vec<T>> {
    Some(items).filter(|items| !items.is_empty())
}

fn seconds(value: u32) -> Option<i32> {
    i32::try_from(value).ok()
}

fn raw_origin(name: &str, origin: &Origin<Ready>, material: &Material<'_>) -> Result<RawOrigin, Unfit> {
    let Origin {
        domain_name,
        path,
        protocol,
        http_port,
        https_port,
        tls_versions,
        read_timeout_seconds,
        keepalive_timeout_seconds,
        connection_attempts,
        connection_timeout_seconds,
        headers,
    } = origin;
    let versions: Vec<SslProtocol> = tls_versions.iter().map(|version| SslProtocol::from(version.as_str())).collect();
    let custom = CustomOriginConfig::builder()
        .http_port(i32::from(*http_port))
        .https_port(i32::from(*https_port))
        .origin_protocol_policy(raw_protocol(*protocol))
        .origin_ssl_protocols(OriginSslProtocols::builder().quantity(count(&versions)).set_items(Some(versions)).build()?)
        .set_origin_read_timeout(seconds(*read_timeout_seconds))
        .set_origin_keepalive_timeout(seconds(*keepalive_timeout_seconds))
        .build()?;
    let header = |header: &String| {
        let value = material.headers.get(&(name.to_owned(), header.clone())).ok_or_else(|| {
            CloudError::own(material.operation, Class::Invalid, format!("the value of the header {header} was not read: a bug in bbws"))
        })?;
        Ok(OriginCustomHeader::builder().header_name(header).header_value(value.reveal()).build()?)
    };
    let headers = headers.keys().map(header).collect::<Result<Vec<_>, Unfit>>()?;
    let raw = RawOrigin::builder()
        .id(name)
        .domain_name(domain_name)
        .origin_path(path)
        .custom_headers(CustomHeaders::builder().quantity(count(&headers)).set_items(some(headers)).build()?)
        .custom_origin_config(custom)
        .set_connection_attempts(seconds(*connection_attempts))
        .set_connection_timeout(seconds(*connection_timeout_seconds))
        .origin_shield(OriginShield::builder().enabled(false).build()?)
        .origin_access_control_id("");
    Ok(raw.build()?)
}

fn raw_protocol(protocol: OriginProtocol) -> OriginProtocolPolicy {
    match protocol {
        OriginProtocol::HttpOnly => OriginProtocolPolicy::HttpOnly,
        OriginProtocol::HttpsOnly => OriginProtocolPolicy::HttpsOnly,
        OriginProtocol::MatchViewer => OriginProtocolPolicy::MatchViewer,
    }
}

fn raw_viewer_protocol(protocol: ViewerProtocol) -> ViewerProtocolPolicy {
    match protocol {
        ViewerProtocol::RedirectToHttps => ViewerProtocolPolicy::RedirectToHttps,
        ViewerProtocol::HttpsOnly => ViewerProtocolPolicy::HttpsOnly,
        ViewerProtocol::AllowAll => ViewerProtocolPolicy::AllowAll,
    }
}

fn raw_behaviour(
    behaviour: &Behaviour<Ready>,
    kept: Option<LambdaFunctionAssociations>,
    material: &Material<'_>,
) -> Result<DefaultCacheBehavior, Unfit> {
    let Behaviour {
        origin,
        cache_policy,
        origin_request_policy,
        response_headers_policy,
        viewer_protocol,
        methods,
        cache_options,
        compress,
        functions,
        lambda_functions: _,
    } = behaviour;
    let AllPolicies { cache, request, response } = material.policies;
    let functions = functions
        .iter()
        .map(|(event, arn)| FunctionAssociation::builder().function_arn(arn.as_str()).event_type(raw_event(*event)).build())
        .collect::<Result<Vec<_>, _>>()?;
    let raw = DefaultCacheBehavior::builder()
        .target_origin_id(origin)
        .viewer_protocol_policy(raw_viewer_protocol(*viewer_protocol))
        .allowed_methods(raw_methods(*methods, *cache_options)?)
        .compress(*compress)
        .smooth_streaming(false)
        .cache_policy_id(cache.id(cache_policy)?)
        .set_origin_request_policy_id(origin_request_policy.as_ref().map(|name| request.id(name)).transpose()?)
        .set_response_headers_policy_id(response_headers_policy.as_ref().map(|name| response.id(name)).transpose()?)
        .function_associations(FunctionAssociations::builder().quantity(count(&functions)).set_items(some(functions)).build()?)
        .lambda_function_associations(match kept {
            Some(kept) => kept,
            None => LambdaFunctionAssociations::builder().quantity(0).build()?,
        })
        .field_level_encryption_id("")
        .trusted_signers(TrustedSigners::builder().enabled(false).quantity(0).build()?)
        .trusted_key_groups(TrustedKeyGroups::builder().enabled(false).quantity(0).build()?)
        .grpc_config(GrpcConfig::builder().enabled(false).build()?);
    Ok(raw.build()?)
}

/// The same for some paths. Lambda@Edge functions stay with the paths that they are associated with.
fn raw_path(of: &PathBehaviour<Ready>, before: &[CacheBehavior], material: &Material<'_>) -> Result<CacheBehavior, Unfit> {
    let kept = before.iter().find(|raw| raw.path_pattern == of.path).and_then(|raw| raw.lambda_function_associations.clone());
    let raw = raw_behaviour(&of.behaviour, kept, material)?;
    let raw = CacheBehavior::builder()
        .path_pattern(&of.path)
        .target_origin_id(raw.target_origin_id)
        .viewer_protocol_policy(raw.viewer_protocol_policy)
        .set_allowed_methods(raw.allowed_methods)
        .set_compress(raw.compress)
        .set_smooth_streaming(raw.smooth_streaming)
        .set_cache_policy_id(raw.cache_policy_id)
        .set_origin_request_policy_id(raw.origin_request_policy_id)
        .set_response_headers_policy_id(raw.response_headers_policy_id)
        .set_function_associations(raw.function_associations)
        .set_lambda_function_associations(raw.lambda_function_associations)
        .set_field_level_encryption_id(raw.field_level_encryption_id)
        .set_trusted_signers(raw.trusted_signers)
        .set_trusted_key_groups(raw.trusted_key_groups)
        .set_grpc_config(raw.grpc_config);
    Ok(raw.build()?)
}

fn raw_event(event: FunctionEvent) -> EventType {
    match event {
        FunctionEvent::ViewerRequest => EventType::ViewerRequest,
        FunctionEvent::ViewerResponse => EventType::ViewerResponse,
    }
}

fn raw_methods(methods: AllowedMethods, cache_options: bool) -> Result<RawMethods, BuildError> {
    let allowed = match methods {
        AllowedMethods::Get => vec![Method::Get, Method::Head],
        AllowedMethods::Options => vec![Method::Get, Method::Head, Method::Options],
        AllowedMethods::All => {
            vec![Method::Get, Method::Head, Method::Options, Method::Put, Method::Post, Method::Patch, Method::Delete]
        }
    };
    let mut cached = vec![Method::Get, Method::Head];
    if cache_options {
        cached.push(Method::Options);
    }
    let cached = CachedMethods::builder().quantity(count(&cached)).set_items(Some(cached)).build()?;
    RawMethods::builder().quantity(count(&allowed)).set_items(Some(allowed)).cached_methods(cached).build()
}

fn raw_certificate(certificate: Option<&ViewerCertificate<Ready>>) -> RawCertificate {
    match certificate {
        None => RawCertificate::builder().cloud_front_default_certificate(true).build(),
        Some(ViewerCertificate { arn, min_tls }) => RawCertificate::builder()
            .acm_certificate_arn(arn.as_str())
            .ssl_support_method(SslSupportMethod::SniOnly)
            .minimum_protocol_version(MinimumProtocolVersion::from(min_tls.as_str()))
            .cloud_front_default_certificate(false)
            .build(),
    }
}

fn raw_geo(restriction: &GeoRestriction) -> Result<RawGeo, BuildError> {
    let (of, countries) = match restriction {
        GeoRestriction::None => (GeoRestrictionType::None, vec![]),
        GeoRestriction::Allow(countries) => (GeoRestrictionType::Whitelist, countries.iter().cloned().collect()),
        GeoRestriction::Deny(countries) => (GeoRestrictionType::Blacklist, countries.iter().cloned().collect()),
    };
    RawGeo::builder().restriction_type(of).quantity(count(&countries)).set_items(some(countries)).build()
}

fn raw_price(class: PriceClass) -> RawPrice {
    match class {
        PriceClass::Class100 => RawPrice::PriceClass100,
        PriceClass::Class200 => RawPrice::PriceClass200,
        PriceClass::All => RawPrice::PriceClassAll,
    }
}

fn raw_http(version: HttpVersion) -> RawHttp {
    match version {
        HttpVersion::Http1 => RawHttp::Http11,
        HttpVersion::Http2 => RawHttp::Http2,
        HttpVersion::Http3 => RawHttp::Http3,
        HttpVersion::Http2And3 => RawHttp::Http2and3,
    }
}

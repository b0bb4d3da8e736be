//! A configuration of CloudFront as the spec that would bring it about.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudfront::types::{
    CacheBehavior, ConnectionMode, CustomOriginConfig, DefaultCacheBehavior, DistributionConfig, EventType, GeoRestrictionType,
    HttpVersion as RawHttp, IpAddressType, Method, Origin as RawOrigin, OriginProtocolPolicy, PriceClass as RawPrice, SslSupportMethod,
    ViewerCertificate as RawCertificate, ViewerProtocolPolicy,
};
use aws_smithy_types::error::operation::BuildError;
use bbws_kinds::{
    AllowedMethods, Behaviour, DistributionSpec, DomainName, FunctionEvent, GeoRestriction, HttpVersion, Origin, OriginHeader,
    OriginProtocol, PathBehaviour, PriceClass, ViewerCertificate, ViewerProtocol,
};
use bbws_model::{Arn, Class, CloudError, Ready, Tags};

use super::cloudfront::AllPolicies;
use super::route53::built;

const GET: &str = "cloudfront:GetDistribution";

/// Headers as a spec has them, by origin and header.
pub(crate) type Headers = BTreeMap<String, BTreeMap<String, OriginHeader<Ready>>>;

/// What others have set and no spec can say, by AWS's names.
struct Others(BTreeMap<String, String>);

impl Others {
    fn note(&mut self, set: bool, name: String, what: impl Into<String>) {
        if set {
            self.0.insert(name, what.into());
        }
    }

    fn text(&mut self, name: String, text: Option<&str>) {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            self.0.insert(name, text.to_owned());
        }
    }
}

/// The spec that would bring this configuration about.
pub(crate) fn spec(
    raw: &DistributionConfig,
    tags: Tags,
    policies: &AllPolicies,
    headers: &Headers,
) -> Result<DistributionSpec<Ready>, CloudError> {
    if raw.staging == Some(true) || raw.connection_mode == Some(ConnectionMode::TenantOnly) {
        let told = "it is a staging copy or a template for tenants: bbws keeps ordinary distributions only";
        return Err(CloudError::own(GET, Class::Invalid, told));
    }
    let mut others = Others(BTreeMap::new());
    others_of(raw, &mut others);
    let mut origins = BTreeMap::new();
    for origin in raw.origins.iter().flat_map(|list| &list.items) {
        origins.insert(origin.id.clone(), origin_spec(origin, headers, &mut others)?);
    }
    let default = raw.default_cache_behavior.as_ref().ok_or_else(|| unread("DefaultCacheBehavior"))?;
    let default_behaviour = behaviour(default, "DefaultCacheBehavior", policies, &mut others)?;
    let mut behaviours = vec![];
    for of in raw.cache_behaviors.iter().filter_map(|list| list.items.as_ref()).flatten() {
        let place = format!("CacheBehaviors.{}", of.path_pattern);
        let inner = built(GET, for_all_paths(of))?;
        behaviours.push(PathBehaviour { path: of.path_pattern.clone(), behaviour: behaviour(&inner, &place, policies, &mut others)? });
    }
    let aliases = raw.aliases.iter().filter_map(|list| list.items.as_ref()).flatten();
    Ok(DistributionSpec {
        comment: raw.comment.clone(),
        enabled: raw.enabled,
        aliases: aliases.map(|name| DomainName::new(name)).collect(),
        certificate: certificate(raw.viewer_certificate.as_ref(), &mut others),
        origins,
        default_behaviour,
        behaviours,
        default_root_object: raw.default_root_object.clone().unwrap_or_default(),
        price_class: price_class(raw.price_class.as_ref())?,
        http_version: http_version(raw.http_version.as_ref())?,
        ipv6: raw.is_ipv6_enabled.unwrap_or(false),
        geo_restriction: geo(raw),
        web_acl: raw.web_acl_id.clone().filter(|acl| !acl.is_empty()),
        others: others.0,
        tags,
    })
}

fn unread(what: &str) -> CloudError {
    CloudError::own(GET, Class::Transient, format!("the answer has no `{what}`"))
}

fn unknown(what: &str, value: &str) -> CloudError {
    CloudError::own(GET, Class::Invalid, format!("bbws does not know the {what} `{value}`: a newer bbws may"))
}

fn others_of(raw: &DistributionConfig, others: &mut Others) {
    if let Some(groups) = raw.origin_groups.as_ref().and_then(|groups| groups.items.as_ref()).filter(|items| !items.is_empty()) {
        others.note(true, "OriginGroups".into(), groups.iter().map(|group| group.id.as_str()).collect::<Vec<_>>().join(", "));
    }
    if let Some(errors) = raw.custom_error_responses.as_ref().and_then(|list| list.items.as_ref()).filter(|items| !items.is_empty()) {
        let codes: Vec<String> = errors.iter().map(|error| error.error_code.to_string()).collect();
        others.note(true, "CustomErrorResponses".into(), codes.join(", "));
    }
    if let Some(logging) = raw.logging.as_ref().filter(|logging| logging.enabled) {
        others.note(true, "Logging".into(), format!("{}/{}", logging.bucket, logging.prefix));
    }
    others.text("ContinuousDeploymentPolicyId".into(), raw.continuous_deployment_policy_id.as_deref());
    others.text("AnycastIpListId".into(), raw.anycast_ip_list_id.as_deref());
    others.text("ViewerMtlsConfig".into(), raw.viewer_mtls_config.as_ref().map(|config| config.mode.as_str()));
    others.text("ConnectionFunctionAssociation".into(), raw.connection_function_association.as_ref().map(|of| of.id.as_str()));
    others.text("CacheTagConfig".into(), raw.cache_tag_config.as_ref().map(|config| config.header_name.as_str()));
}

fn number(value: Option<i32>, default: u32) -> u32 {
    value.and_then(|value| u32::try_from(value).ok()).unwrap_or(default)
}

fn port(value: i32) -> u16 {
    u16::try_from(value).unwrap_or_default()
}

fn origin_spec(raw: &RawOrigin, headers: &Headers, others: &mut Others) -> Result<Origin<Ready>, CloudError> {
    let place = |what: &str| format!("Origins.{}.{what}", raw.id);
    let shield = raw.origin_shield.as_ref().filter(|shield| shield.enabled);
    others.note(shield.is_some(), place("OriginShield"), shield.and_then(|s| s.origin_shield_region.clone()).unwrap_or_default());
    others.text(place("OriginAccessControlId"), raw.origin_access_control_id.as_deref());
    others.note(raw.s3_origin_config.is_some(), place("S3OriginConfig"), "a bucket");
    others.text(place("VpcOriginConfig"), raw.vpc_origin_config.as_ref().map(|of| of.vpc_origin_id.as_str()));
    let completion = raw.response_completion_timeout.filter(|seconds| *seconds > 0);
    others.note(completion.is_some(), place("ResponseCompletionTimeout"), completion.unwrap_or_default().to_string());
    let custom = raw.custom_origin_config.as_ref();
    let unusual = custom.and_then(|of| of.ip_address_type.as_ref()).filter(|of| **of != IpAddressType::Ipv4);
    others.text(place("IpAddressType"), unusual.map(IpAddressType::as_str));
    let mtls = custom.and_then(|of| of.origin_mtls_config.as_ref()).map(|of| of.client_certificate_arn.as_str());
    others.text(place("OriginMtlsConfig"), mtls);
    let versions = custom.and_then(|of| of.origin_ssl_protocols.as_ref()).map(|list| list.items.as_slice()).unwrap_or_default();
    Ok(Origin {
        domain_name: raw.domain_name.clone(),
        path: raw.origin_path.clone().unwrap_or_default(),
        protocol: custom.map_or(Ok(OriginProtocol::HttpOnly), protocol)?,
        http_port: custom.map_or(80, |of| port(of.http_port)),
        https_port: custom.map_or(443, |of| port(of.https_port)),
        tls_versions: versions.iter().map(|version| version.as_str().to_owned()).collect(),
        read_timeout_seconds: number(custom.and_then(|of| of.origin_read_timeout), 30),
        keepalive_timeout_seconds: number(custom.and_then(|of| of.origin_keepalive_timeout), 5),
        connection_attempts: number(raw.connection_attempts, 3),
        connection_timeout_seconds: number(raw.connection_timeout, 10),
        headers: headers.get(&raw.id).cloned().unwrap_or_default(),
    })
}

fn protocol(raw: &CustomOriginConfig) -> Result<OriginProtocol, CloudError> {
    match &raw.origin_protocol_policy {
        OriginProtocolPolicy::HttpOnly => Ok(OriginProtocol::HttpOnly),
        OriginProtocolPolicy::HttpsOnly => Ok(OriginProtocol::HttpsOnly),
        OriginProtocolPolicy::MatchViewer => Ok(OriginProtocol::MatchViewer),
        other => Err(unknown("origin protocol policy", other.as_str())),
    }
}

/// The two sorts of behaviours differ in the path only.
#[expect(deprecated, reason = "AWS still answers what older behaviours have")]
fn for_all_paths(raw: &CacheBehavior) -> Result<DefaultCacheBehavior, BuildError> {
    DefaultCacheBehavior::builder()
        .target_origin_id(&raw.target_origin_id)
        .viewer_protocol_policy(raw.viewer_protocol_policy.clone())
        .set_allowed_methods(raw.allowed_methods.clone())
        .set_compress(raw.compress)
        .set_smooth_streaming(raw.smooth_streaming)
        .set_cache_policy_id(raw.cache_policy_id.clone())
        .set_origin_request_policy_id(raw.origin_request_policy_id.clone())
        .set_response_headers_policy_id(raw.response_headers_policy_id.clone())
        .set_function_associations(raw.function_associations.clone())
        .set_lambda_function_associations(raw.lambda_function_associations.clone())
        .set_field_level_encryption_id(raw.field_level_encryption_id.clone())
        .set_realtime_log_config_arn(raw.realtime_log_config_arn.clone())
        .set_trusted_signers(raw.trusted_signers.clone())
        .set_trusted_key_groups(raw.trusted_key_groups.clone())
        .set_grpc_config(raw.grpc_config.clone())
        .set_forwarded_values(raw.forwarded_values.clone())
        .build()
}

fn behaviour(raw: &DefaultCacheBehavior, place: &str, policies: &AllPolicies, others: &mut Others) -> Result<Behaviour<Ready>, CloudError> {
    let at = |what: &str| format!("{place}.{what}");
    #[expect(deprecated, reason = "AWS still answers what older behaviours have")]
    let forwarded = raw.forwarded_values.is_some();
    others.note(forwarded, at("ForwardedValues"), "instead of a cache policy");
    others.note(raw.smooth_streaming == Some(true), at("SmoothStreaming"), "on");
    others.note(raw.trusted_signers.as_ref().is_some_and(|of| of.enabled), at("TrustedSigners"), "on");
    others.note(raw.trusted_key_groups.as_ref().is_some_and(|of| of.enabled), at("TrustedKeyGroups"), "on");
    others.note(raw.grpc_config.as_ref().is_some_and(|of| of.enabled), at("GrpcConfig"), "on");
    others.text(at("FieldLevelEncryptionId"), raw.field_level_encryption_id.as_deref());
    others.text(at("RealtimeLogConfigArn"), raw.realtime_log_config_arn.as_deref());
    let allowed: BTreeSet<&str> = raw.allowed_methods.iter().flat_map(|list| &list.items).map(Method::as_str).collect();
    let cached = raw.allowed_methods.as_ref().and_then(|list| list.cached_methods.as_ref());
    let mut functions = BTreeMap::new();
    for of in raw.function_associations.iter().filter_map(|list| list.items.as_ref()).flatten() {
        let event = match &of.event_type {
            EventType::ViewerRequest => FunctionEvent::ViewerRequest,
            EventType::ViewerResponse => FunctionEvent::ViewerResponse,
            other => return Err(unknown("event of a function", other.as_str())),
        };
        functions.insert(event, Arn::new(&of.function_arn));
    }
    let lambda = raw.lambda_function_associations.iter().filter_map(|list| list.items.as_ref()).flatten();
    let viewer_protocol = match &raw.viewer_protocol_policy {
        ViewerProtocolPolicy::RedirectToHttps => ViewerProtocol::RedirectToHttps,
        ViewerProtocolPolicy::HttpsOnly => ViewerProtocol::HttpsOnly,
        ViewerProtocolPolicy::AllowAll => ViewerProtocol::AllowAll,
        other => return Err(unknown("viewer protocol policy", other.as_str())),
    };
    let given = |id: &Option<String>| id.clone().filter(|id| !id.is_empty());
    Ok(Behaviour {
        origin: raw.target_origin_id.clone(),
        cache_policy: given(&raw.cache_policy_id).map(|id| policies.cache.name(&id)).unwrap_or_default(),
        origin_request_policy: given(&raw.origin_request_policy_id).map(|id| policies.request.name(&id)),
        response_headers_policy: given(&raw.response_headers_policy_id).map(|id| policies.response.name(&id)),
        viewer_protocol,
        methods: match (allowed.contains("POST"), allowed.contains("OPTIONS")) {
            (true, _) => AllowedMethods::All,
            (false, true) => AllowedMethods::Options,
            (false, false) => AllowedMethods::Get,
        },
        cache_options: cached.is_some_and(|list| list.items.contains(&Method::Options)),
        compress: raw.compress.unwrap_or(false),
        functions,
        lambda_functions: lambda.map(|of| (of.event_type.as_str().to_owned(), of.lambda_function_arn.clone())).collect(),
    })
}

fn certificate(raw: Option<&RawCertificate>, others: &mut Others) -> Option<ViewerCertificate<Ready>> {
    let raw = raw?;
    others.text("ViewerCertificate.IAMCertificateId".into(), raw.iam_certificate_id.as_deref());
    let unusual = raw.ssl_support_method.as_ref().filter(|method| **method != SslSupportMethod::SniOnly);
    let arn = raw.acm_certificate_arn.as_deref().filter(|arn| !arn.is_empty())?;
    others.text("ViewerCertificate.SSLSupportMethod".into(), unusual.map(SslSupportMethod::as_str));
    let min_tls = raw.minimum_protocol_version.as_ref().map_or("TLSv1", |version| version.as_str()).to_owned();
    Some(ViewerCertificate { arn: Arn::new(arn), min_tls })
}

fn geo(raw: &DistributionConfig) -> GeoRestriction {
    let Some(of) = raw.restrictions.as_ref().and_then(|of| of.geo_restriction.as_ref()) else { return GeoRestriction::None };
    let countries = of.items.iter().flatten().cloned().collect();
    match of.restriction_type {
        GeoRestrictionType::Whitelist => GeoRestriction::Allow(countries),
        GeoRestrictionType::Blacklist => GeoRestriction::Deny(countries),
        _ => GeoRestriction::None,
    }
}

fn price_class(raw: Option<&RawPrice>) -> Result<PriceClass, CloudError> {
    match raw {
        Some(RawPrice::PriceClass100) => Ok(PriceClass::Class100),
        Some(RawPrice::PriceClass200) => Ok(PriceClass::Class200),
        Some(RawPrice::PriceClassAll) | None => Ok(PriceClass::All),
        Some(other) => Err(unknown("price class", other.as_str())),
    }
}

fn http_version(raw: Option<&RawHttp>) -> Result<HttpVersion, CloudError> {
    // Summaries write it in capitals (unconfirmed).
    match raw.map_or("http2", RawHttp::as_str).to_lowercase().as_str() {
        "http1.1" => Ok(HttpVersion::Http1),
        "http2" => Ok(HttpVersion::Http2),
        "http3" => Ok(HttpVersion::Http3),
        "http2and3" => Ok(HttpVersion::Http2And3),
        other => Err(unknown("HTTP version", other)),
    }
}

//! The configuration of a distribution, as CloudFront keeps it, and its two forms on the wire.

use aws_sdk_cloudfront::types::{
    Aliases, AllowedMethods, CacheBehavior, CacheBehaviors, CachedMethods, CustomErrorResponse, CustomErrorResponses, CustomHeaders,
    CustomOriginConfig, DefaultCacheBehavior, DistributionConfig, EventType, FunctionAssociation, FunctionAssociations, GeoRestriction,
    GeoRestrictionType, GrpcConfig, HttpVersion, LambdaFunctionAssociation, LambdaFunctionAssociations, LoggingConfig, Method,
    MinimumProtocolVersion, Origin, OriginCustomHeader, OriginGroups, OriginProtocolPolicy, OriginShield, OriginSslProtocols, Origins,
    PriceClass, Restrictions, SslProtocol, SslSupportMethod, TrustedKeyGroups, TrustedSigners, ViewerCertificate, ViewerProtocolPolicy,
};
use serde::{Deserialize, Serialize};

use super::secret::Guarded;
use crate::fate::{Answer, Refusal, refuse};

/// What a distribution does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Config {
    pub(crate) comment: String,
    pub(crate) enabled: bool,
    pub(crate) aliases: Vec<String>,
    pub(crate) root: String,
    pub(crate) origins: Vec<OriginRow>,
    pub(crate) default: BehaviourRow,
    pub(crate) behaviours: Vec<(String, BehaviourRow)>,
    pub(crate) price_class: String,
    /// None: CloudFront's own.
    pub(crate) certificate: Option<CertificateRow>,
    /// `none`, `whitelist` or `blacklist`, and countries.
    pub(crate) geo: (String, Vec<String>),
    pub(crate) web_acl: String,
    pub(crate) http_version: String,
    pub(crate) ipv6: bool,
    /// The older logs: bucket and prefix.
    pub(crate) logging: Option<(String, String)>,
    /// The codes that have an error page of their own.
    pub(crate) error_codes: Vec<i32>,
}

/// The certificate that viewers see.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct CertificateRow {
    pub(crate) arn: String,
    pub(crate) min_tls: String,
    pub(crate) method: String,
}

/// One origin.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct OriginRow {
    pub(crate) id: String,
    pub(crate) domain_name: String,
    pub(crate) path: String,
    pub(crate) protocol: String,
    pub(crate) ports: (i32, i32),
    pub(crate) tls_versions: Vec<String>,
    pub(crate) read_timeout: i32,
    pub(crate) keepalive: i32,
    pub(crate) attempts: i32,
    pub(crate) connection_timeout: i32,
    pub(crate) headers: Vec<(String, Guarded)>,
    /// The region of its shield, where it has one.
    pub(crate) shield: Option<String>,
}

/// One behaviour.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct BehaviourRow {
    pub(crate) origin: String,
    pub(crate) viewer_protocol: String,
    pub(crate) allowed: Vec<String>,
    pub(crate) cached: Vec<String>,
    pub(crate) compress: bool,
    pub(crate) smooth_streaming: bool,
    pub(crate) cache_policy: String,
    pub(crate) request_policy: Option<String>,
    pub(crate) response_policy: Option<String>,
    /// Events and ARNs.
    pub(crate) functions: Vec<(String, String)>,
    /// Events, ARNs, and whether the body is passed on.
    pub(crate) lambda: Vec<(String, String, bool)>,
}

pub(crate) fn invalid(message: impl Into<String>) -> Refusal {
    refuse(400, "InvalidArgument", message)
}

/// Optional where a distribution is made, demanded where it is changed (aws-cli #3315, ACK #2335).
fn demanded<T>(update: bool, what: &str, value: Option<T>) -> Answer<Option<T>> {
    if update && value.is_none() { Err(invalid(format!("The parameter {what} is required."))) } else { Ok(value) }
}

/// Something that AWS has and the sandbox has not.
fn unless_simulated(given: bool, what: &str) -> Answer<()> {
    if given { Err(invalid(format!("sandbox: {what} is not simulated"))) } else { Ok(()) }
}

/// Each list says how many items it has.
fn items<T: Clone>(what: &str, quantity: i32, items: Option<&[T]>) -> Answer<Vec<T>> {
    let items = items.unwrap_or_default().to_vec();
    if usize::try_from(quantity).ok() == Some(items.len()) {
        return Ok(items);
    }
    let message = format!("The value of Quantity and the size of Items don't match in {what}.");
    Err(refuse(400, "InconsistentQuantities", message))
}

fn quantity<T>(items: &[T]) -> i32 {
    i32::try_from(items.len()).unwrap_or(i32::MAX)
}

fn some<T>(items: Vec<T>) -> Option<Vec<T>> {
    Some(items).filter(|items| !items.is_empty())
}

/// What a request says, its own defaults filled in.
pub(crate) fn read(raw: &DistributionConfig, update: bool) -> Answer<Config> {
    unless_simulated(raw.staging == Some(true), "Staging")?;
    unless_simulated(raw.continuous_deployment_policy_id.as_ref().is_some_and(|id| !id.is_empty()), "ContinuousDeploymentPolicyId")?;
    unless_simulated(raw.anycast_ip_list_id.is_some(), "AnycastIpListId")?;
    unless_simulated(raw.tenant_config.is_some() || raw.viewer_mtls_config.is_some(), "TenantConfig and ViewerMtlsConfig")?;
    unless_simulated(raw.origin_groups.as_ref().is_some_and(|groups| groups.quantity > 0), "OriginGroups")?;
    let aliases = match demanded(update, "Aliases", raw.aliases.as_ref())? {
        Some(list) => items("Aliases", list.quantity, list.items.as_deref())?,
        None => vec![],
    };
    let origins = raw.origins.as_ref().ok_or_else(|| refuse(400, "MissingBody", "Origins are missing"))?;
    let origins = items("Origins", origins.quantity, Some(&origins.items))?;
    let default = raw.default_cache_behavior.as_ref().ok_or_else(|| refuse(400, "MissingBody", "DefaultCacheBehavior is missing"))?;
    let mut behaviours = vec![];
    if let Some(list) = demanded(update, "CacheBehaviors", raw.cache_behaviors.as_ref())? {
        for of in items("CacheBehaviors", list.quantity, list.items.as_deref())? {
            behaviours.push((of.path_pattern.clone(), behaviour(&for_all_paths(&of)?, update)?));
        }
    }
    let errors = match demanded(update, "CustomErrorResponses", raw.custom_error_responses.as_ref())? {
        Some(list) => items("CustomErrorResponses", list.quantity, list.items.as_deref())?,
        None => vec![],
    };
    let logging = demanded(update, "Logging", raw.logging.as_ref())?.filter(|of| of.enabled);
    let geo = raw.restrictions.as_ref().and_then(|of| of.geo_restriction.as_ref());
    let geo = match demanded(update, "Restrictions", geo)? {
        Some(of) => (of.restriction_type.as_str().to_owned(), items("GeoRestriction", of.quantity, of.items.as_deref())?),
        None => ("none".to_owned(), vec![]),
    };
    Ok(Config {
        comment: raw.comment.clone(),
        enabled: raw.enabled,
        aliases: aliases.iter().map(|name| name.to_lowercase()).collect(),
        root: demanded(update, "DefaultRootObject", raw.default_root_object.clone())?.unwrap_or_default(),
        origins: origins.iter().map(|of| origin(of, update)).collect::<Result<_, _>>()?,
        default: behaviour(default, update)?,
        behaviours,
        price_class: demanded(update, "PriceClass", raw.price_class.as_ref())?.map_or("PriceClass_All", PriceClass::as_str).to_owned(),
        certificate: certificate(demanded(update, "ViewerCertificate", raw.viewer_certificate.as_ref())?)?,
        geo,
        web_acl: demanded(update, "WebACLId", raw.web_acl_id.clone())?.unwrap_or_default(),
        http_version: demanded(update, "HttpVersion", raw.http_version.as_ref())?.map_or("http2", HttpVersion::as_str).to_owned(),
        ipv6: demanded(update, "IsIPV6Enabled", raw.is_ipv6_enabled)?.unwrap_or(false),
        logging: logging.map(|of| (of.bucket.clone(), of.prefix.clone())),
        error_codes: errors.iter().map(|error| error.error_code).collect(),
    })
}

fn certificate(raw: Option<&ViewerCertificate>) -> Answer<Option<CertificateRow>> {
    let Some(raw) = raw else { return Ok(None) };
    unless_simulated(raw.iam_certificate_id.is_some(), "IAMCertificateId")?;
    match (raw.acm_certificate_arn.as_deref(), raw.cloud_front_default_certificate) {
        (None, Some(true)) => Ok(None),
        (Some(arn), None | Some(false)) => {
            let missing = || invalid("The parameter SSLSupportMethod is required with a certificate of your own.");
            Ok(Some(CertificateRow {
                arn: arn.to_owned(),
                min_tls: raw.minimum_protocol_version.as_ref().map_or("TLSv1", |of| of.as_str()).to_owned(),
                method: raw.ssl_support_method.as_ref().ok_or_else(missing)?.as_str().to_owned(),
            }))
        }
        _ => Err(invalid("ViewerCertificate has either a certificate of your own or CloudFrontDefaultCertificate.")),
    }
}

fn origin(raw: &Origin, update: bool) -> Answer<OriginRow> {
    unless_simulated(raw.s3_origin_config.is_some() || raw.vpc_origin_config.is_some(), "S3OriginConfig and VpcOriginConfig")?;
    let custom = raw.custom_origin_config.as_ref();
    let custom = custom.ok_or_else(|| invalid("The parameter CustomOriginConfig or S3OriginConfig is required."))?;
    unless_simulated(custom.origin_mtls_config.is_some(), "OriginMtlsConfig")?;
    let versions = match demanded(update, "OriginSslProtocols", custom.origin_ssl_protocols.as_ref())? {
        Some(list) => items("OriginSslProtocols", list.quantity, Some(&list.items))?,
        None => vec![SslProtocol::TlSv1, SslProtocol::SsLv3],
    };
    let headers = match demanded(update, "CustomHeaders", raw.custom_headers.as_ref())? {
        Some(list) => items("CustomHeaders", list.quantity, list.items.as_deref())?,
        None => vec![],
    };
    let late = |what: &str, value: Option<i32>| {
        if update && value.is_none() { Err(refuse(400, "IllegalUpdate", format!("{what} is required for updates"))) } else { Ok(value) }
    };
    Ok(OriginRow {
        id: raw.id.clone(),
        domain_name: raw.domain_name.clone(),
        path: demanded(update, "OriginPath", raw.origin_path.clone())?.unwrap_or_default(),
        protocol: custom.origin_protocol_policy.as_str().to_owned(),
        ports: (custom.http_port, custom.https_port),
        tls_versions: versions.iter().map(|version| version.as_str().to_owned()).collect(),
        read_timeout: late("OriginReadTimeout", custom.origin_read_timeout)?.unwrap_or(30),
        keepalive: late("OriginKeepaliveTimeout", custom.origin_keepalive_timeout)?.unwrap_or(5),
        attempts: raw.connection_attempts.unwrap_or(3),
        connection_timeout: raw.connection_timeout.unwrap_or(10),
        headers: headers.into_iter().map(|header| (header.header_name, Guarded(header.header_value))).collect(),
        shield: raw.origin_shield.as_ref().filter(|of| of.enabled).map(|of| of.origin_shield_region.clone().unwrap_or_default()),
    })
}

/// The two sorts of behaviours differ in the path only.
fn for_all_paths(raw: &CacheBehavior) -> Answer<DefaultCacheBehavior> {
    #[expect(deprecated, reason = "CloudFront still takes it instead of a cache policy")]
    unless_simulated(raw.forwarded_values.is_some(), "ForwardedValues")?;
    Ok(DefaultCacheBehavior::builder()
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
        .build()?)
}

fn behaviour(raw: &DefaultCacheBehavior, update: bool) -> Answer<BehaviourRow> {
    #[expect(deprecated, reason = "CloudFront still takes it instead of a cache policy")]
    let older = raw.forwarded_values.is_some() || raw.min_ttl.is_some() || raw.default_ttl.is_some() || raw.max_ttl.is_some();
    if older && raw.cache_policy_id.is_some() {
        return Err(invalid("The parameter ForwardedValues cannot be used when a cache policy is associated to the cache behavior."));
    }
    unless_simulated(older, "ForwardedValues")?;
    let signed = raw.trusted_signers.as_ref().is_some_and(|of| of.enabled) || raw.trusted_key_groups.as_ref().is_some_and(|of| of.enabled);
    unless_simulated(signed, "TrustedSigners and TrustedKeyGroups")?;
    unless_simulated(raw.realtime_log_config_arn.is_some(), "RealtimeLogConfigArn")?;
    unless_simulated(raw.grpc_config.as_ref().is_some_and(|of| of.enabled), "GrpcConfig")?;
    let encryption = demanded(update, "Field level encryption id", raw.field_level_encryption_id.as_ref())?;
    unless_simulated(encryption.is_some_and(|id| !id.is_empty()), "FieldLevelEncryptionId")?;
    let (allowed, cached) = match demanded(update, "AllowedMethods", raw.allowed_methods.as_ref())? {
        None => (vec![Method::Get, Method::Head], vec![Method::Get, Method::Head]),
        Some(list) => {
            let cached = match demanded(update, "CachedMethods", list.cached_methods.as_ref())? {
                Some(list) => items("CachedMethods", list.quantity, Some(&list.items))?,
                None => vec![Method::Get, Method::Head],
            };
            (items("AllowedMethods", list.quantity, Some(&list.items))?, cached)
        }
    };
    let functions = match demanded(update, "FunctionAssociations", raw.function_associations.as_ref())? {
        Some(list) => items("FunctionAssociations", list.quantity, list.items.as_deref())?,
        None => vec![],
    };
    let lambda = match demanded(update, "Lambda function associations", raw.lambda_function_associations.as_ref())? {
        Some(list) => items("LambdaFunctionAssociations", list.quantity, list.items.as_deref())?,
        None => vec![],
    };
    let text = |methods: Vec<Method>| {
        let mut all: Vec<String> = methods.iter().map(|method| method.as_str().to_owned()).collect();
        all.sort();
        all
    };
    Ok(BehaviourRow {
        origin: raw.target_origin_id.clone(),
        viewer_protocol: raw.viewer_protocol_policy.as_str().to_owned(),
        allowed: text(allowed),
        cached: text(cached),
        compress: demanded(update, "Compress", raw.compress)?.unwrap_or(false),
        smooth_streaming: demanded(update, "SmoothStreaming flag", raw.smooth_streaming)?.unwrap_or(false),
        cache_policy: raw.cache_policy_id.clone().ok_or_else(|| invalid("The parameter ForwardedValues or CachePolicyId is required."))?,
        request_policy: raw.origin_request_policy_id.clone(),
        response_policy: raw.response_headers_policy_id.clone(),
        functions: functions.into_iter().map(|of| (of.event_type.as_str().to_owned(), of.function_arn)).collect(),
        lambda: lambda
            .into_iter()
            .map(|of| (of.event_type.as_str().to_owned(), of.lambda_function_arn, of.include_body.unwrap_or(false)))
            .collect(),
    })
}

/// A configuration as CloudFront answers it: all of it, what is off too.
pub(crate) fn write(config: &Config, caller_reference: &str) -> Answer<DistributionConfig> {
    let origins = config.origins.iter().map(raw_origin).collect::<Result<Vec<_>, _>>()?;
    let behaviours = config.behaviours.iter().map(|(path, of)| raw_path(path, of)).collect::<Result<Vec<_>, _>>()?;
    let errors = config.error_codes.iter().map(|code| CustomErrorResponse::builder().error_code(*code).build());
    let errors = errors.collect::<Result<Vec<_>, _>>()?;
    let (bucket, prefix) = config.logging.clone().unwrap_or_default();
    let logging = LoggingConfig::builder().enabled(config.logging.is_some()).include_cookies(false).bucket(bucket).prefix(prefix).build();
    let (of, countries) = &config.geo;
    let geo = GeoRestriction::builder().restriction_type(GeoRestrictionType::from(of.as_str())).quantity(quantity(countries));
    let geo = geo.set_items(some(countries.clone())).build()?;
    let certificate = match &config.certificate {
        // CloudFront's own comes with TLS 1.0.
        None => ViewerCertificate::builder()
            .cloud_front_default_certificate(true)
            .ssl_support_method(SslSupportMethod::Vip)
            .minimum_protocol_version(MinimumProtocolVersion::TlSv1)
            .build(),
        Some(CertificateRow { arn, min_tls, method }) => ViewerCertificate::builder()
            .cloud_front_default_certificate(false)
            .acm_certificate_arn(arn)
            .ssl_support_method(SslSupportMethod::from(method.as_str()))
            .minimum_protocol_version(MinimumProtocolVersion::from(min_tls.as_str()))
            .build(),
    };
    Ok(DistributionConfig::builder()
        .caller_reference(caller_reference)
        .comment(&config.comment)
        .enabled(config.enabled)
        .aliases(Aliases::builder().quantity(quantity(&config.aliases)).set_items(some(config.aliases.clone())).build()?)
        .default_root_object(&config.root)
        .origins(Origins::builder().quantity(quantity(&origins)).set_items(Some(origins)).build()?)
        .origin_groups(OriginGroups::builder().quantity(0).build()?)
        .default_cache_behavior(raw_behaviour(&config.default)?)
        .cache_behaviors(CacheBehaviors::builder().quantity(quantity(&behaviours)).set_items(some(behaviours)).build()?)
        .custom_error_responses(CustomErrorResponses::builder().quantity(quantity(&errors)).set_items(some(errors)).build()?)
        .logging(logging)
        .price_class(PriceClass::from(config.price_class.as_str()))
        .viewer_certificate(certificate)
        .restrictions(Restrictions::builder().geo_restriction(geo).build())
        .web_acl_id(&config.web_acl)
        .http_version(HttpVersion::from(config.http_version.as_str()))
        .is_ipv6_enabled(config.ipv6)
        .continuous_deployment_policy_id("")
        .staging(false)
        .build()?)
}

fn raw_origin(row: &OriginRow) -> Answer<Origin> {
    let versions: Vec<SslProtocol> = row.tls_versions.iter().map(|version| SslProtocol::from(version.as_str())).collect();
    let custom = CustomOriginConfig::builder()
        .http_port(row.ports.0)
        .https_port(row.ports.1)
        .origin_protocol_policy(OriginProtocolPolicy::from(row.protocol.as_str()))
        .origin_ssl_protocols(OriginSslProtocols::builder().quantity(quantity(&versions)).set_items(Some(versions)).build()?)
        .origin_read_timeout(row.read_timeout)
        .origin_keepalive_timeout(row.keepalive)
        .build()?;
    let headers = row.headers.iter().map(|(name, value)| OriginCustomHeader::builder().header_name(name).header_value(&value.0).build());
    let headers = headers.collect::<Result<Vec<_>, _>>()?;
    let shield = OriginShield::builder().enabled(row.shield.is_some()).set_origin_shield_region(row.shield.clone()).build()?;
    Ok(Origin::builder()
        .id(&row.id)
        .domain_name(&row.domain_name)
        .origin_path(&row.path)
        .custom_headers(CustomHeaders::builder().quantity(quantity(&headers)).set_items(some(headers)).build()?)
        .custom_origin_config(custom)
        .connection_attempts(row.attempts)
        .connection_timeout(row.connection_timeout)
        .origin_shield(shield)
        .origin_access_control_id("")
        .build()?)
}

fn raw_behaviour(row: &BehaviourRow) -> Answer<DefaultCacheBehavior> {
    let methods = |names: &[String]| names.iter().map(|name| Method::from(name.as_str())).collect::<Vec<_>>();
    let cached = CachedMethods::builder().quantity(quantity(&row.cached)).set_items(Some(methods(&row.cached))).build()?;
    let allowed = AllowedMethods::builder().quantity(quantity(&row.allowed)).set_items(Some(methods(&row.allowed))).cached_methods(cached);
    let functions =
        row.functions.iter().map(|(event, arn)| FunctionAssociation::builder().function_arn(arn).event_type(event_type(event)).build());
    let functions = functions.collect::<Result<Vec<_>, _>>()?;
    let lambda = row.lambda.iter().map(|(event, arn, body)| {
        LambdaFunctionAssociation::builder().lambda_function_arn(arn).event_type(event_type(event)).include_body(*body).build()
    });
    let lambda = lambda.collect::<Result<Vec<_>, _>>()?;
    Ok(DefaultCacheBehavior::builder()
        .target_origin_id(&row.origin)
        .viewer_protocol_policy(ViewerProtocolPolicy::from(row.viewer_protocol.as_str()))
        .allowed_methods(allowed.build()?)
        .compress(row.compress)
        .smooth_streaming(row.smooth_streaming)
        .cache_policy_id(&row.cache_policy)
        .set_origin_request_policy_id(row.request_policy.clone())
        .set_response_headers_policy_id(row.response_policy.clone())
        .function_associations(FunctionAssociations::builder().quantity(quantity(&functions)).set_items(some(functions)).build()?)
        .lambda_function_associations(LambdaFunctionAssociations::builder().quantity(quantity(&lambda)).set_items(some(lambda)).build()?)
        .field_level_encryption_id("")
        .trusted_signers(TrustedSigners::builder().enabled(false).quantity(0).build()?)
        .trusted_key_groups(TrustedKeyGroups::builder().enabled(false).quantity(0).build()?)
        .grpc_config(GrpcConfig::builder().enabled(false).build()?)
        .build()?)
}

fn event_type(event: &str) -> EventType {
    EventType::from(event)
}

fn raw_path(path: &str, row: &BehaviourRow) -> Answer<CacheBehavior> {
    let raw = raw_behaviour(row)?;
    Ok(CacheBehavior::builder()
        .path_pattern(path)
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
        .set_grpc_config(raw.grpc_config)
        .build()?)
}

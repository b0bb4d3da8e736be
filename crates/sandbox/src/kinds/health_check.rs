//! Health checks of HTTP and HTTPS endpoints.

use std::collections::BTreeMap;

use aws_sdk_route53::operation::create_health_check::{CreateHealthCheckInput, CreateHealthCheckOutput};
use aws_sdk_route53::operation::delete_health_check::{DeleteHealthCheckInput, DeleteHealthCheckOutput};
use aws_sdk_route53::operation::list_health_checks::{ListHealthChecksInput, ListHealthChecksOutput};
use aws_sdk_route53::operation::update_health_check::{UpdateHealthCheckInput, UpdateHealthCheckOutput};
use aws_sdk_route53::types::{HealthCheck, HealthCheckConfig, HealthCheckType};
use serde::{Deserialize, Serialize};

use super::route53::invalid;
use crate::cloud::At;
use crate::fate::{Answer, refuse};
use crate::handlers::Handlers;
use crate::paging::page;

/// One health check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) reference: String,
    pub(crate) made_as: Config,
    pub(crate) config: Config,
    pub(crate) version: i64,
    pub(crate) tags: BTreeMap<String, String>,
}

/// What it checks, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Config {
    pub(crate) protocol: String,
    pub(crate) domain: String,
    pub(crate) port: i32,
    pub(crate) path: String,
    pub(crate) interval: i32,
    pub(crate) threshold: i32,
    pub(crate) latency: bool,
    pub(crate) inverted: bool,
    pub(crate) disabled: bool,
    pub(crate) sni: bool,
}

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(create).on(list).on(update).on(delete)
}

/// The health check of this id, as the calls that need one demand it.
pub(crate) fn the<'a>(at: &'a mut At<'_>, id: Option<&str>) -> Answer<&'a mut Row> {
    let id = id.unwrap_or_default();
    let gone = refuse(404, "NoSuchHealthCheck", format!("A health check with id {id} does not exist."));
    at.global().health_checks.get_mut(id).ok_or(gone)
}

fn answer(id: &str, row: &Row) -> Answer<HealthCheck> {
    let Config { protocol, domain, port, path, interval, threshold, latency, inverted, disabled, sni } = &row.config;
    let config = HealthCheckConfig::builder()
        .r#type(HealthCheckType::from(protocol.as_str()))
        .fully_qualified_domain_name(domain)
        .port(*port)
        .resource_path(path)
        .request_interval(*interval)
        .failure_threshold(*threshold)
        .measure_latency(*latency)
        .inverted(*inverted)
        .disabled(*disabled)
        .enable_sni(*sni)
        .build()?;
    Ok(HealthCheck::builder()
        .id(id)
        .caller_reference(&row.reference)
        .health_check_config(config)
        .health_check_version(row.version)
        .build()?)
}

fn check(config: &Config) -> Answer<()> {
    if config.domain.is_empty() || config.domain.len() > 255 {
        return Err(invalid("Invalid parameter : FullyQualifiedDomainName is required for a check without an IP address"));
    }
    if !(1..=65_535).contains(&config.port) {
        return Err(invalid(format!("Invalid parameter : Port {} must be between 1 and 65535", config.port)));
    }
    if config.path.len() > 255 || !(config.path.is_empty() || config.path.starts_with('/')) {
        return Err(invalid("Invalid parameter : ResourcePath must begin with / and have at most 255 characters"));
    }
    if !(1..=10).contains(&config.threshold) {
        return Err(invalid(format!("Invalid parameter : FailureThreshold {} must be between 1 and 10", config.threshold)));
    }
    Ok(())
}

fn read(config: &HealthCheckConfig) -> Answer<Config> {
    let https = match config.r#type() {
        HealthCheckType::Http => false,
        HealthCheckType::Https => true,
        other => return Err(invalid(format!("sandbox: health checks of type {other} are not simulated"))),
    };
    if config.ip_address().is_some()
        || config.search_string().is_some()
        || !config.regions().is_empty()
        || config.alarm_identifier().is_some()
    {
        return Err(invalid("sandbox: addresses, search strings, regions and alarms of health checks are not simulated"));
    }
    let interval = config.request_interval().unwrap_or(30);
    if ![10, 30].contains(&interval) {
        return Err(invalid(format!("Invalid parameter : RequestInterval {interval} must be 10 or 30")));
    }
    let config = Config {
        protocol: config.r#type().as_str().to_owned(),
        domain: config.fully_qualified_domain_name().unwrap_or_default().to_owned(),
        port: config.port().unwrap_or(if https { 443 } else { 80 }),
        path: config.resource_path().unwrap_or_default().to_owned(),
        interval,
        threshold: config.failure_threshold().unwrap_or(3),
        latency: config.measure_latency().unwrap_or(false),
        inverted: config.inverted().unwrap_or(false),
        disabled: config.disabled().unwrap_or(false),
        sni: config.enable_sni().unwrap_or(https),
    };
    check(&config)?;
    Ok(config)
}

fn create(at: &mut At<'_>, input: &CreateHealthCheckInput) -> Answer<CreateHealthCheckOutput> {
    let reference = input.caller_reference().unwrap_or_default();
    if !(1..=64).contains(&reference.len()) {
        return Err(invalid("callerReference must be between 1 and 64 characters"));
    }
    let config = read(input.health_check_config().ok_or_else(|| invalid("HealthCheckConfig is required"))?)?;
    let global = at.global();
    let same = global.health_checks.iter().find(|(_, row)| row.reference == reference && row.made_as == config).map(|(id, _)| id.clone());
    if same.is_none() && global.route53.check_references.contains(reference) {
        let why = "A health check with the same caller reference but different settings exists, or one was deleted.";
        return Err(refuse(409, "HealthCheckAlreadyExists", why));
    }
    if same.is_none() && global.health_checks.len() >= 200 {
        return Err(refuse(400, "TooManyHealthChecks", "This account has reached the limit of 200 health checks."));
    }
    let id = same.unwrap_or_else(|| {
        let id = at.uuid();
        let row = Row { reference: reference.to_owned(), made_as: config.clone(), config, version: 1, tags: BTreeMap::new() };
        at.global().health_checks.insert(id.clone(), row);
        at.global().route53.check_references.insert(reference.to_owned());
        id
    });
    let check = answer(&id, the(at, Some(&id))?)?;
    Ok(CreateHealthCheckOutput::builder()
        .health_check(check)
        .location(format!("https://route53.amazonaws.com/2013-04-01/healthcheck/{id}"))
        .build()?)
}

fn list(at: &mut At<'_>, input: &ListHealthChecksInput) -> Answer<ListHealthChecksOutput> {
    let size = input.max_items().unwrap_or(100);
    if !(1..=1000).contains(&size) {
        return Err(invalid("maxItems must be between 1 and 1000"));
    }
    let all = at.global().health_checks.iter().map(|(id, row)| answer(id, row)).collect::<Answer<Vec<_>>>()?;
    let (checks, next) = page(all, usize::try_from(size).ok(), input.marker())?;
    let output =
        ListHealthChecksOutput::builder().set_health_checks(Some(checks)).marker(input.marker().unwrap_or_default()).max_items(size);
    Ok(output.is_truncated(next.is_some()).set_next_marker(next).build()?)
}

fn update(at: &mut At<'_>, input: &UpdateHealthCheckInput) -> Answer<UpdateHealthCheckOutput> {
    if input.ip_address().is_some() || input.search_string().is_some() || !input.regions().is_empty() || !input.reset_elements().is_empty()
    {
        return Err(invalid("sandbox: addresses, search strings, regions and resets of health checks are not simulated"));
    }
    let row = the(at, input.health_check_id())?;
    if input.health_check_version().is_some_and(|version| version != row.version) {
        return Err(refuse(
            409,
            "HealthCheckVersionMismatch",
            "The value of HealthCheckVersion in the request does not match the value in the database.",
        ));
    }
    let have = row.config.clone();
    let config = Config {
        domain: input.fully_qualified_domain_name().map_or(have.domain, str::to_owned),
        port: input.port().unwrap_or(have.port),
        path: input.resource_path().map_or(have.path, str::to_owned),
        threshold: input.failure_threshold().unwrap_or(have.threshold),
        inverted: input.inverted().unwrap_or(have.inverted),
        disabled: input.disabled().unwrap_or(have.disabled),
        sni: input.enable_sni().unwrap_or(have.sni),
        ..have
    };
    check(&config)?;
    row.config = config;
    row.version += 1;
    let check = answer(input.health_check_id().unwrap_or_default(), row)?;
    Ok(UpdateHealthCheckOutput::builder().health_check(check).build())
}

fn delete(at: &mut At<'_>, input: &DeleteHealthCheckInput) -> Answer<DeleteHealthCheckOutput> {
    the(at, input.health_check_id())?;
    at.global().health_checks.remove(input.health_check_id().unwrap_or_default());
    Ok(DeleteHealthCheckOutput::builder().build())
}

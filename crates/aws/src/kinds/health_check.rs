//! The driver of `health-check`. A refresh lists all checks of the account (at most 200: one or two pages), and reads the
//! tags of ours, ten in a call. The regions that the checkers ask from are AWS's own choice and are not read.

use aws_sdk_route53::types::{HealthCheck as Raw, HealthCheckConfig, HealthCheckType, TagResourceType};
use bbws_engine::{Attempt, Created, Driver, Progress, Reading, Sight};
use bbws_kinds::{CheckProtocol, HealthCheck, HealthCheckOutputs, HealthCheckSpec};
use bbws_model::{Class, CloudError, Id, Locate, Observed, Phase, Ready, Tags};

use super::ec2::told;
use super::route53::{Marked, built, is_of, made_by, not_yet, reference};
use crate::scan::all_failed;
use crate::{Aws, Told};

const LIST: &str = "route53:ListHealthChecks";

impl Driver<HealthCheck> for Aws {
    async fn observe(&self, at: &[Locate<HealthCheck>], reading: &Reading) -> Vec<Sight<HealthCheck>> {
        let all = match reading.once(LIST.into(), self.list_health_checks()).await {
            Ok(all) => all,
            Err(error) => return all_failed(at, &error),
        };
        let one_by_tags = at.iter().any(|place| place.id.is_none());
        let known = |raw: &&Raw| one_by_tags || at.iter().any(|place| place.id.as_ref().is_some_and(|id| id.as_str() == raw.id));
        let ids = all.iter().filter(known).map(|raw| raw.id.as_str()).collect();
        let tagged = match self.route53_tags(TagResourceType::Healthcheck, ids, reading).await {
            Ok(tagged) => tagged,
            Err(error) => return all_failed(at, &error),
        };
        let marked: Vec<(&Raw, &Marked)> = all.iter().filter_map(|raw| Some((raw, tagged.get(&raw.id)?))).collect();
        at.iter().map(|place| sight(place, &marked)).collect()
    }

    async fn create(&self, want: &HealthCheckSpec<Ready>, attempt: &Attempt) -> Result<Created, CloudError> {
        const OPERATION: &str = "route53:CreateHealthCheck";
        let config = HealthCheckConfig::builder()
            .r#type(match want.protocol {
                CheckProtocol::Http => HealthCheckType::Http,
                CheckProtocol::Https => HealthCheckType::Https,
            })
            .fully_qualified_domain_name(&want.domain)
            .port(i32::from(want.asked_port()))
            .resource_path(&want.path)
            .request_interval(count(OPERATION, want.interval_seconds)?)
            .failure_threshold(count(OPERATION, want.failures)?)
            .measure_latency(want.measure_latency)
            .inverted(want.inverted)
            .disabled(want.disabled)
            .enable_sni(want.protocol == CheckProtocol::Https && want.sni)
            .build();
        let create = self.write.route53.create_health_check().caller_reference(reference(&attempt.owner.intent));
        let answer = create.health_check_config(built(OPERATION, config)?).send().await.told(OPERATION)?;
        let id = told(OPERATION, "HealthCheck", answer.health_check)?.id;
        Ok(Created { id: id.as_str().into() })
    }

    async fn update(&self, seen: &Observed<HealthCheck>, want: &HealthCheckSpec<Ready>, attempt: &Attempt) -> Result<Progress, CloudError> {
        const OPERATION: &str = "route53:UpdateHealthCheck";
        let (id, have) = (seen.id.as_str(), &seen.spec);
        let sni = want.protocol == CheckProtocol::Https && have.sni != want.sni;
        let differs = !have.domain.eq_ignore_ascii_case(&want.domain)
            || have.asked_port() != want.asked_port()
            || have.path != want.path
            || have.failures != want.failures
            || have.inverted != want.inverted
            || have.disabled != want.disabled
            || sni;
        if differs {
            let update = self.write.route53.update_health_check().health_check_id(id).fully_qualified_domain_name(&want.domain);
            update
                .port(i32::from(want.asked_port()))
                .resource_path(&want.path)
                .failure_threshold(count(OPERATION, want.failures)?)
                .inverted(want.inverted)
                .disabled(want.disabled)
                .set_enable_sni(sni.then_some(want.sni))
                .send()
                .await
                .told(OPERATION)
                .map_err(not_yet)?;
            return Ok(Progress::Sent);
        }
        self.route53_retag(TagResourceType::Healthcheck, id, (&have.tags, seen.owner.as_ref()), &want.tags, attempt).await
    }

    async fn delete(&self, seen: &Observed<HealthCheck>, _: &Attempt) -> Result<Progress, CloudError> {
        self.write.route53.delete_health_check().health_check_id(seen.id.as_str()).send().await.told("route53:DeleteHealthCheck")?;
        Ok(Progress::Sent)
    }
}

fn count(operation: &str, value: u32) -> Result<i32, CloudError> {
    i32::try_from(value).map_err(|error| CloudError::own(operation, Class::Invalid, error.to_string()))
}

/// By its id; else by our mark, or the caller reference of the intent looked for.
fn sight(place: &Locate<HealthCheck>, marked: &[(&Raw, &Marked)]) -> Sight<HealthCheck> {
    let found = match &place.id {
        Some(id) => marked.iter().find(|(raw, _)| raw.id == id.as_str()).map(|(raw, (tags, owner))| (*raw, tags, owner.clone())),
        None => marked.iter().find_map(|(raw, (tags, owner))| {
            let owner = owner.clone().filter(|owner| is_of(place, owner)).or_else(|| made_by(place, &raw.caller_reference));
            owner.map(|owner| (*raw, tags, Some(owner)))
        }),
    };
    let Some((raw, tags, owner)) = found else { return Ok(None) };
    Ok(Some(Observed {
        id: raw.id.as_str().into(),
        spec: spec(raw, tags)?,
        outputs: HealthCheckOutputs { id: Id::new(&raw.id) },
        phase: Phase::Ready,
        owner,
    }))
}

fn spec(raw: &Raw, tags: &Tags) -> Result<HealthCheckSpec<Ready>, CloudError> {
    let config = told(LIST, "HealthCheckConfig", raw.health_check_config())?;
    let protocol = match config.r#type {
        HealthCheckType::Http => CheckProtocol::Http,
        HealthCheckType::Https => CheckProtocol::Https,
        ref other => {
            return Err(CloudError::own(
                LIST,
                Class::Invalid,
                format!("the health check {} is of the type {other}, which bbws does not keep", raw.id),
            ));
        }
    };
    let number = |value: Option<i32>| value.and_then(|value| u32::try_from(value).ok());
    Ok(HealthCheckSpec {
        protocol,
        domain: config.fully_qualified_domain_name().unwrap_or_default().to_owned(),
        port: config.port().and_then(|port| u16::try_from(port).ok()),
        path: config.resource_path().unwrap_or("/").to_owned(),
        interval_seconds: number(config.request_interval()).unwrap_or(30),
        failures: number(config.failure_threshold()).unwrap_or(3),
        inverted: config.inverted().unwrap_or(false),
        disabled: config.disabled().unwrap_or(false),
        measure_latency: config.measure_latency().unwrap_or(false),
        sni: protocol == CheckProtocol::Http || config.enable_sni().unwrap_or(true),
        tags: tags.clone(),
    })
}

impl Aws {
    pub(super) async fn list_health_checks(&self) -> Result<(Vec<Raw>, usize), CloudError> {
        let (mut all, mut calls) = (vec![], 0);
        let mut pages = self.read.route53.list_health_checks().into_paginator().send();
        while let Some(page) = pages.next().await {
            calls += 1;
            all.extend(page.told(LIST)?.health_checks);
        }
        Ok((all, calls))
    }
}

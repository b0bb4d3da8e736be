//! The driver of `listener`. All listeners of a load balancer come with one call, and their tags with the
//! load balancer's.

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_sdk_elasticloadbalancingv2::types::{
    Action as RawAction, ActionTypeEnum, Certificate, FixedResponseActionConfig, ForwardActionConfig, Listener as Raw, ProtocolEnum,
    RedirectActionConfig, RedirectActionStatusCodeEnum, TargetGroupTuple,
};
use bbws_engine::{Attempt, Created, Driver, Progress, Reading, Sight};
use bbws_kinds::{Action, ActiveArn, Listener, ListenerOutputs, ListenerSpec, Tls};
use bbws_model::{Arn as ArnOf, Class, CloudError, Locate, Observed, Phase, Ready};
use futures::future::join_all;

use super::ec2::told;
use super::elb::{Marked, as_tags};
use super::iam::unless_absent;
use crate::scan::all_failed;
use crate::{Aws, Told};

const LIST: &str = "elasticloadbalancing:DescribeListeners";

impl Driver<Listener> for Aws {
    async fn observe(&self, at: &[Locate<Listener>], reading: &Reading) -> Vec<Sight<Listener>> {
        let found: Vec<Result<Option<Raw>, CloudError>> = join_all(at.iter().map(|place| self.listener(place, reading))).await;
        let on: BTreeSet<&str> = found.iter().flatten().flatten().filter_map(Raw::load_balancer_arn).collect();
        let marked = match self.elb_tags(&on, reading).await {
            Ok(marked) => marked,
            Err(error) => return all_failed(at, &error),
        };
        let whole = |raw: Raw| {
            let tags = raw.listener_arn().and_then(|arn| marked.get(arn)).cloned();
            observed(&raw, told("elasticloadbalancing:DescribeTags", "ResourceArn", tags)?)
        };
        found.into_iter().map(|raw| raw?.map(whole).transpose()).collect()
    }

    async fn create(&self, want: &ListenerSpec<Ready>, attempt: &Attempt) -> Result<Created, CloudError> {
        const OPERATION: &str = "elasticloadbalancing:CreateListener";
        let answer = self
            .write
            .elb
            .create_listener()
            .load_balancer_arn(want.load_balancer.as_str())
            .port(want.port.into())
            .protocol(protocol(want))
            .set_ssl_policy(want.tls.as_ref().map(|tls| tls.policy.clone()))
            .set_certificates(certificates(want))
            .default_actions(action(&want.default_action)?)
            .set_tags(Some(as_tags(attempt.tagged(&want.tags))))
            .send()
            .await
            .told(OPERATION)?;
        let made = answer.listeners.unwrap_or_default().into_iter().next();
        let arn = told(OPERATION, "ListenerArn", made.and_then(|made| made.listener_arn))?;
        Ok(Created { id: arn.into() })
    }

    async fn update(&self, seen: &Observed<Listener>, want: &ListenerSpec<Ready>, attempt: &Attempt) -> Result<Progress, CloudError> {
        let (arn, have) = (seen.id.as_str(), &seen.spec);
        if (have.port, &have.tls, &have.default_action) != (want.port, &want.tls, &want.default_action) {
            // One call for all: HTTP becomes HTTPS together with its certificate and policy only.
            self.write
                .elb
                .modify_listener()
                .listener_arn(arn)
                .port(want.port.into())
                .protocol(protocol(want))
                .set_ssl_policy(want.tls.as_ref().map(|tls| tls.policy.clone()))
                .set_certificates(certificates(want))
                .default_actions(action(&want.default_action)?)
                .send()
                .await
                .told("elasticloadbalancing:ModifyListener")?;
            return Ok(Progress::Sent);
        }
        self.retag_elb(arn, (&have.tags, seen.owner.as_ref()), &want.tags, attempt).await
    }

    async fn delete(&self, seen: &Observed<Listener>, _: &Attempt) -> Result<Progress, CloudError> {
        let delete = self.write.elb.delete_listener().listener_arn(seen.id.as_str());
        delete.send().await.told("elasticloadbalancing:DeleteListener")?;
        Ok(Progress::Sent)
    }
}

impl Aws {
    async fn listener(&self, place: &Locate<Listener>, reading: &Reading) -> Result<Option<Raw>, CloudError> {
        // An id tells the load balancer that the listener is on, whatever one is wanted.
        let of_id = place.id.as_ref().and_then(|id| load_balancer_of(id.as_str()));
        let load_balancer = of_id.unwrap_or_else(|| place.spec.load_balancer.to_string());
        let all = self.listeners_of(&load_balancer, reading).await?;
        let is_it = |raw: &&Raw| match &place.id {
            Some(id) => raw.listener_arn() == Some(id.as_str()),
            None => raw.port() == Some(i32::from(place.spec.port)),
        };
        Ok(all.iter().find(is_it).cloned())
    }

    /// All listeners of a load balancer; none where that is gone, for it takes them with it.
    pub(crate) async fn listeners_of(&self, load_balancer: &str, reading: &Reading) -> Result<Arc<Vec<Raw>>, CloudError> {
        let ask = || async {
            let (mut all, mut calls) = (vec![], 0);
            let mut pages = self.read.elb.describe_listeners().load_balancer_arn(load_balancer).page_size(400).into_paginator().send();
            while let Some(page) = pages.next().await {
                calls += 1;
                let Some(page) = unless_absent(page.told(LIST))? else { return Ok((vec![], calls)) };
                all.extend(page.listeners.unwrap_or_default());
            }
            Ok((all, calls))
        };
        reading.once(format!("{LIST} {load_balancer}"), ask()).await
    }
}

/// `…:listener/app/NAME/ID/ID` is on `…:loadbalancer/app/NAME/ID`.
fn load_balancer_of(listener: &str) -> Option<String> {
    let (of, _) = listener.rsplit_once('/')?;
    let (before, after) = of.split_once(":listener/")?;
    Some(format!("{before}:loadbalancer/{after}"))
}

fn protocol(want: &ListenerSpec<Ready>) -> ProtocolEnum {
    if want.tls.is_some() { ProtocolEnum::Https } else { ProtocolEnum::Http }
}

fn certificates(want: &ListenerSpec<Ready>) -> Option<Vec<Certificate>> {
    want.tls.as_ref().map(|tls| vec![Certificate::builder().certificate_arn(tls.certificate.as_str()).build()])
}

fn action(action: &Action) -> Result<RawAction, CloudError> {
    let to = RawAction::builder();
    Ok(match action {
        Action::FixedResponse { status, content_type, body } => {
            let answer = FixedResponseActionConfig::builder().status_code(status.to_string()).content_type(content_type).message_body(body);
            to.r#type(ActionTypeEnum::FixedResponse).fixed_response_config(answer.build())
        }
        Action::Redirect { protocol, port, host, path, query, permanent } => {
            let status = if *permanent { RedirectActionStatusCodeEnum::Http301 } else { RedirectActionStatusCodeEnum::Http302 };
            let there =
                RedirectActionConfig::builder().protocol(protocol).port(port).host(host).path(path).query(query).status_code(status);
            to.r#type(ActionTypeEnum::Redirect).redirect_config(there.build())
        }
        Action::Forward { target_groups } => {
            let weighted = |(arn, weight): (&String, &u32)| {
                TargetGroupTuple::builder().target_group_arn(arn).weight(i32::try_from(*weight).unwrap_or(i32::MAX)).build()
            };
            let groups = target_groups.iter().map(weighted).collect();
            to.r#type(ActionTypeEnum::Forward).forward_config(ForwardActionConfig::builder().set_target_groups(Some(groups)).build())
        }
        Action::Other { what } => {
            return Err(CloudError::own(
                "elasticloadbalancing:ModifyListener",
                Class::Invalid,
                format!("`{what}` is no action that bbws can make"),
            ));
        }
    }
    .build())
}

fn seen_action(raw: &[RawAction]) -> Action {
    let text = |text: Option<&str>, default: &str| text.filter(|text| !text.is_empty()).unwrap_or(default).to_owned();
    let other = || {
        let kinds: Vec<&str> = raw.iter().filter_map(|action| action.r#type()).map(|kind| kind.as_str()).collect();
        Action::Other { what: kinds.join(" + ") }
    };
    let [one] = raw else { return other() };
    match one.r#type() {
        Some(ActionTypeEnum::FixedResponse) => one.fixed_response_config().map_or_else(other, |answer| Action::FixedResponse {
            status: answer.status_code().and_then(|code| code.parse().ok()).unwrap_or(0),
            content_type: text(answer.content_type(), "text/plain"),
            body: text(answer.message_body(), ""),
        }),
        Some(ActionTypeEnum::Redirect) => one.redirect_config().map_or_else(other, |there| Action::Redirect {
            protocol: text(there.protocol(), "#{protocol}"),
            port: text(there.port(), "#{port}"),
            host: text(there.host(), "#{host}"),
            path: text(there.path(), "/#{path}"),
            // An empty query is a query of its own.
            query: there.query().unwrap_or("#{query}").to_owned(),
            permanent: there.status_code() != Some(&RedirectActionStatusCodeEnum::Http302),
        }),
        Some(ActionTypeEnum::Forward) => {
            let sticky = one.forward_config().and_then(|to| to.target_group_stickiness_config()).is_some_and(|s| s.enabled() == Some(true));
            let weight = |tuple: &TargetGroupTuple| tuple.weight().and_then(|weight| u32::try_from(weight).ok()).unwrap_or(1);
            let weighted = one.forward_config().map_or(&[] as &[_], |to| to.target_groups());
            let alone = one.target_group_arn().filter(|_| weighted.is_empty()).map(|arn| (arn.to_owned(), 1));
            let groups = weighted.iter().filter_map(|tuple| Some((tuple.target_group_arn()?.to_owned(), weight(tuple)))).chain(alone);
            if sticky {
                Action::Other { what: "forward with stickiness".into() }
            } else {
                Action::Forward { target_groups: groups.collect() }
            }
        }
        _ => other(),
    }
}

fn observed(raw: &Raw, (tags, owner): Marked) -> Result<Observed<Listener>, CloudError> {
    let arn = told(LIST, "ListenerArn", raw.listener_arn())?;
    let load_balancer = told(LIST, "LoadBalancerArn", raw.load_balancer_arn())?;
    let port = told(LIST, "Port", raw.port().and_then(|port| u16::try_from(port).ok()))?;
    // The answer holds the default certificate alone; further ones are tenants'.
    let certificate = raw.certificates().first().and_then(|certificate| certificate.certificate_arn());
    let tls = (raw.protocol() == Some(&ProtocolEnum::Https))
        .then(|| Tls { certificate: ArnOf::new(certificate.unwrap_or_default()), policy: raw.ssl_policy().unwrap_or_default().to_owned() });
    Ok(Observed {
        id: arn.into(),
        spec: ListenerSpec {
            load_balancer: ActiveArn::new(load_balancer),
            port,
            tls,
            default_action: seen_action(raw.default_actions()),
            tags,
        },
        outputs: ListenerOutputs { arn: ArnOf::new(arn) },
        phase: Phase::Ready,
        owner,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_tells_its_load_balancer() {
        let listener = "arn:aws:elasticloadbalancing:af-south-1:1:listener/app/dev-alb/50dc6c495c0c9188/0467ef3c8400ae65";
        assert_eq!(
            load_balancer_of(listener).as_deref(),
            Some("arn:aws:elasticloadbalancing:af-south-1:1:loadbalancer/app/dev-alb/50dc6c495c0c9188")
        );
        assert_eq!(load_balancer_of("not an arn"), None);
    }

    #[test]
    fn what_aws_fills_in_is_what_was_declared() {
        let forward = RawAction::builder().r#type(ActionTypeEnum::Forward).target_group_arn("tg").order(1).build();
        assert_eq!(seen_action(&[forward]), Action::Forward { target_groups: [("tg".to_owned(), 1)].into() });
        let redirect =
            RedirectActionConfig::builder().protocol("HTTPS").port("443").status_code(RedirectActionStatusCodeEnum::Http301).build();
        let redirect = RawAction::builder().r#type(ActionTypeEnum::Redirect).redirect_config(redirect).order(1).build();
        let Action::Redirect { host, path, query, permanent, .. } = seen_action(&[redirect]) else { panic!("a redirect") };
        assert_eq!((host.as_str(), path.as_str(), query.as_str(), permanent), ("#{host}", "/#{path}", "#{query}", true));
    }

    #[test]
    fn what_cannot_be_declared_is_told_by_its_name() {
        let of = |kind: ActionTypeEnum| RawAction::builder().r#type(kind).build();
        let seen = seen_action(&[of(ActionTypeEnum::AuthenticateOidc), of(ActionTypeEnum::Forward)]);
        assert_eq!(seen, Action::Other { what: "authenticate-oidc + forward".into() });
    }
}

//! What listeners and rules do with a request.

use aws_sdk_elasticloadbalancingv2::types::{
    Action as Raw, ActionTypeEnum, FixedResponseActionConfig, ForwardActionConfig, RedirectActionConfig, RedirectActionStatusCodeEnum,
    TargetGroupStickinessConfig, TargetGroupTuple,
};
use serde::{Deserialize, Serialize};

use super::elb::{invalid, unless_simulated};
use super::load_balancer;
use crate::cloud::{At, Region};
use crate::fate::{Answer, Refusal, refuse};

/// One action.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Action {
    Fixed {
        status: String,
        content_type: Option<String>,
        body: Option<String>,
    },
    Redirect {
        protocol: String,
        port: String,
        host: String,
        path: String,
        query: String,
        permanent: bool,
    },
    Forward {
        groups: Vec<(String, i32)>,
        sticky: bool,
    },
    /// One that asks who is there, which somebody else set.
    Authenticate {
        how: String,
    },
}

fn wrong(message: &str) -> Refusal {
    refuse(400, "InvalidLoadBalancerAction", message)
}

/// Takes over the one action that was sent, as ELB takes it for a listener of this load balancer, protocol and port.
pub(crate) fn read(at: &mut At<'_>, raw: &[Raw], on: &str, protocol: &str, port: i32) -> Answer<Action> {
    let [one] = raw else {
        unless_simulated(raw.len() > 1, "a chain of actions")?;
        return Err(invalid("A listener must have exactly one default action that ends the request"));
    };
    unless_simulated(one.order().is_some_and(|order| order != 1), "an order of actions")?;
    match one.r#type() {
        Some(ActionTypeEnum::FixedResponse) => fixed(one.fixed_response_config()),
        Some(ActionTypeEnum::Redirect) => redirect(one.redirect_config(), protocol, port),
        Some(ActionTypeEnum::Forward) => forward(at, one, on),
        other => Err(invalid(format!("sandbox: actions of the type {other:?} are not simulated"))),
    }
}

fn fixed(config: Option<&FixedResponseActionConfig>) -> Answer<Action> {
    let config = config.ok_or_else(|| invalid("A fixed-response action needs its configuration"))?;
    let status = config.status_code().unwrap_or_default();
    let sound = status.len() == 3 && status.bytes().all(|b| b.is_ascii_digit()) && ["2", "4", "5"].contains(&&status[..1]);
    if !sound {
        return Err(invalid(format!("1 validation error detected: Value '{status}' at 'statusCode' must satisfy ^(2|4|5)\\d\\d$")));
    }
    let types = ["text/plain", "text/css", "text/html", "application/javascript", "application/json"];
    if let Some(other) = config.content_type().filter(|of| !types.contains(of)) {
        return Err(invalid(format!("The content type '{other}' is not valid")));
    }
    if config.message_body().is_some_and(|body| body.len() > 1024) {
        return Err(invalid("1 validation error detected: Value at 'messageBody' must have length less than or equal to 1024"));
    }
    let text = |text: Option<&str>| text.map(str::to_owned);
    Ok(Action::Fixed { status: status.to_owned(), content_type: text(config.content_type()), body: text(config.message_body()) })
}

fn redirect(config: Option<&RedirectActionConfig>, own: &str, own_port: i32) -> Answer<Action> {
    let config = config.ok_or_else(|| invalid("A redirect action needs its configuration"))?;
    let text = |text: Option<&str>, default: &str| text.unwrap_or(default).to_owned();
    let (protocol, port) = (text(config.protocol(), "#{protocol}"), text(config.port(), "#{port}"));
    let (host, path, query) = (text(config.host(), "#{host}"), text(config.path(), "/#{path}"), text(config.query(), "#{query}"));
    if !["HTTP", "HTTPS", "#{protocol}"].contains(&protocol.as_str()) {
        return Err(invalid(format!(
            "1 validation error detected: Value '{protocol}' at 'protocol' must satisfy ^(HTTPS?|#\\{{protocol\\}})$"
        )));
    }
    if port != "#{port}" && !port.parse().is_ok_and(|port: u16| port > 0) {
        return Err(invalid(format!("The port '{port}' is not valid")));
    }
    if !path.starts_with('/') || path.len() > 128 {
        return Err(invalid("The path must begin with '/' and be at most 128 characters long"));
    }
    let permanent = match config.status_code() {
        Some(RedirectActionStatusCodeEnum::Http301) => true,
        Some(RedirectActionStatusCodeEnum::Http302) => false,
        other => return Err(invalid(format!("The status code {other:?} of a redirect is not valid"))),
    };
    let same = [
        protocol == "#{protocol}" || protocol == own,
        port == "#{port}" || port == own_port.to_string(),
        host == "#{host}",
        path == "/#{path}",
    ];
    if same.into_iter().all(|same| same) {
        return Err(wrong("The redirect configuration is not valid because it creates a loop"));
    }
    Ok(Action::Redirect { protocol, port, host, path, query, permanent })
}

fn forward(at: &mut At<'_>, raw: &Raw, on: &str) -> Answer<Action> {
    let config = raw.forward_config();
    let tuples = config.map_or(&[] as &[_], |to| to.target_groups());
    let sticky = config.and_then(|to| to.target_group_stickiness_config()).is_some_and(|sticky| sticky.enabled() == Some(true));
    let weighted = tuples.iter().map(|tuple| (tuple.target_group_arn().unwrap_or_default().to_owned(), tuple.weight().unwrap_or(1)));
    let mut groups: Vec<(String, i32)> = weighted.collect();
    if let Some(arn) = raw.target_group_arn() {
        if groups.is_empty() {
            groups.push((arn.to_owned(), 1));
        } else if groups.len() > 1 || groups[0].0 != arn {
            return Err(wrong("A target group ARN and another forward configuration cannot be specified together"));
        }
    }
    if !(1..=5).contains(&groups.len()) {
        return Err(wrong("A forward action needs between 1 and 5 target groups"));
    }
    if groups.iter().any(|(_, weight)| !(0..=999).contains(weight)) {
        return Err(invalid("A weight is between 0 and 999"));
    }
    let vpc = load_balancer::the(at, Some(on))?.vpc.clone();
    for (arn, _) in &groups {
        let missing = || refuse(400, "TargetGroupNotFound", format!("Target group '{arn}' not found"));
        if at.here().target_groups.get(arn).ok_or_else(missing)?.vpc != vpc {
            return Err(wrong("The target group is not of the load balancer's VPC"));
        }
        if used_by(at.here(), arn).iter().any(|other| other != on) {
            let text = format!("The following target groups cannot be associated with more than one load balancer: {arn}");
            return Err(refuse(400, "TargetGroupAssociationLimit", text));
        }
    }
    Ok(Action::Forward { groups, sticky })
}

/// The load balancers whose listeners or rules forward to a target group.
pub(crate) fn used_by(here: &Region, group: &str) -> Vec<String> {
    let forwards = |action: &Action| matches!(action, Action::Forward { groups, .. } if groups.iter().any(|(arn, _)| arn == group));
    let listeners = here.listeners.values().filter(|row| forwards(&row.action)).map(|row| row.load_balancer.clone());
    let rules = here.listener_rules.values().filter(|row| forwards(&row.action)).filter_map(|row| here.listeners.get(&row.listener));
    let mut all: Vec<String> = listeners.chain(rules.map(|row| row.load_balancer.clone())).collect();
    all.sort();
    all.dedup();
    all
}

impl Action {
    /// As ELB answers it: with an order, and a forward in both its forms.
    pub(crate) fn answer(&self) -> Raw {
        let to = Raw::builder().order(1);
        match self {
            Self::Fixed { status, content_type, body } => {
                let config = FixedResponseActionConfig::builder().status_code(status).set_content_type(content_type.clone());
                to.r#type(ActionTypeEnum::FixedResponse).fixed_response_config(config.set_message_body(body.clone()).build())
            }
            Self::Redirect { protocol, port, host, path, query, permanent } => {
                let status = if *permanent { RedirectActionStatusCodeEnum::Http301 } else { RedirectActionStatusCodeEnum::Http302 };
                let config = RedirectActionConfig::builder().protocol(protocol).port(port).host(host).path(path).query(query);
                to.r#type(ActionTypeEnum::Redirect).redirect_config(config.status_code(status).build())
            }
            Self::Forward { groups, sticky } => {
                let tuple = |(arn, weight): &(String, i32)| TargetGroupTuple::builder().target_group_arn(arn).weight(*weight).build();
                let stickiness = TargetGroupStickinessConfig::builder().enabled(*sticky);
                let stickiness = if *sticky { stickiness.duration_seconds(3600) } else { stickiness };
                let config = ForwardActionConfig::builder().set_target_groups(Some(groups.iter().map(tuple).collect()));
                let alone = if let [(arn, _)] = groups.as_slice() { Some(arn.clone()) } else { None };
                to.r#type(ActionTypeEnum::Forward)
                    .set_target_group_arn(alone)
                    .forward_config(config.target_group_stickiness_config(stickiness.build()).build())
            }
            Self::Authenticate { how } => to.r#type(how.as_str().into()),
        }
        .build()
    }
}

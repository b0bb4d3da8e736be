//! Listeners: one a port of a load balancer, with the certificate it shows.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_elasticloadbalancingv2::operation::create_listener::{CreateListenerInput, CreateListenerOutput};
use aws_sdk_elasticloadbalancingv2::operation::delete_listener::{DeleteListenerInput, DeleteListenerOutput};
use aws_sdk_elasticloadbalancingv2::operation::describe_listener_certificates::{
    DescribeListenerCertificatesInput, DescribeListenerCertificatesOutput,
};
use aws_sdk_elasticloadbalancingv2::operation::describe_listeners::{DescribeListenersInput, DescribeListenersOutput};
use aws_sdk_elasticloadbalancingv2::operation::modify_listener::{ModifyListenerInput, ModifyListenerOutput};
use aws_sdk_elasticloadbalancingv2::types::{Certificate, Listener, MutualAuthenticationAttributes, ProtocolEnum};
use serde::{Deserialize, Serialize};

use super::elb::{invalid, listed, misconfigured, set_tags, unless_simulated};
use super::elb_action::{self, Action};
use super::load_balancer;
use crate::cloud::At;
use crate::fate::{Answer, Refusal, refuse};
use crate::handlers::Handlers;

/// What a listener gets whose security policy nobody named. It still takes TLS 1.0.
const OLD_POLICY: &str = "ELBSecurityPolicy-2016-08";

/// The security policies that AWS has, the old and the common new ones.
const POLICIES: [&str; 14] = [
    "ELBSecurityPolicy-2016-08",
    "ELBSecurityPolicy-FS-1-2-2019-08",
    "ELBSecurityPolicy-FS-1-2-Res-2019-08",
    "ELBSecurityPolicy-FS-1-2-Res-2020-10",
    "ELBSecurityPolicy-TLS-1-1-2017-01",
    "ELBSecurityPolicy-TLS-1-2-2017-01",
    "ELBSecurityPolicy-TLS-1-2-Ext-2018-06",
    "ELBSecurityPolicy-TLS13-1-0-2021-06",
    "ELBSecurityPolicy-TLS13-1-2-2021-06",
    "ELBSecurityPolicy-TLS13-1-2-Ext1-2021-06",
    "ELBSecurityPolicy-TLS13-1-2-Ext2-2021-06",
    "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
    "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
    "ELBSecurityPolicy-TLS13-1-3-2021-06",
];

/// One listener, by its ARN.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) load_balancer: String,
    pub(crate) port: i32,
    pub(crate) tls: Option<Tls>,
    pub(crate) action: Action,
    pub(crate) tags: BTreeMap<String, String>,
}

/// How a listener encrypts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Tls {
    pub(crate) policy: String,
    pub(crate) certificate: String,
    /// Those for other names, which answers do not hold.
    pub(crate) further: BTreeSet<String>,
}

impl Row {
    fn protocol(&self) -> ProtocolEnum {
        if self.tls.is_some() { ProtocolEnum::Https } else { ProtocolEnum::Http }
    }
}

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(create).on(describe).on(describe_certificates).on(modify).on(delete)
}

/// The listener of this ARN.
pub(crate) fn the<'a>(at: &'a mut At<'_>, arn: Option<&str>) -> Answer<&'a mut Row> {
    let arn = arn.unwrap_or_default();
    if !arn.starts_with(&at.arn("elasticloadbalancing", "listener/")) {
        return Err(invalid(format!("'{arn}' is not a valid listener ARN")));
    }
    at.here().listeners.get_mut(arn).ok_or_else(|| refuse(400, "ListenerNotFound", format!("Listener '{arn}' not found")))
}

fn port(port: Option<i32>) -> Answer<i32> {
    port.filter(|port| (1..=65_535).contains(port)).ok_or_else(|| invalid("The port must be between 1 and 65535"))
}

/// How a listener of this protocol is to encrypt; `have` is how it does.
fn tls(
    at: &mut At<'_>,
    protocol: &ProtocolEnum,
    policy: Option<&str>,
    certificates: &[Certificate],
    have: Option<&Tls>,
) -> Answer<Option<Tls>> {
    if *protocol == ProtocolEnum::Http {
        if policy.is_some() || !certificates.is_empty() {
            return Err(misconfigured("A certificate or security policy cannot be specified for HTTP listeners"));
        }
        return Ok(None);
    }
    if *protocol != ProtocolEnum::Https {
        return Err(refuse(400, "UnsupportedProtocol", format!("'{protocol}' is not supported by application load balancers")));
    }
    let certificate = match certificates {
        [] => have.map(|have| have.certificate.clone()).ok_or_else(|| invalid("A certificate must be specified for HTTPS listeners"))?,
        [one] if one.is_default().is_some() => return Err(invalid("IsDefault cannot be specified for the certificate of a listener")),
        [one] => one.certificate_arn().unwrap_or_default().to_owned(),
        _ => return Err(refuse(400, "TooManyCertificates", "Exactly one certificate must be specified as the default")),
    };
    check_certificate(at, &certificate)?;
    let policy = policy.or(have.map(|have| have.policy.as_str())).unwrap_or(OLD_POLICY);
    if !POLICIES.contains(&policy) {
        return Err(refuse(400, "SSLPolicyNotFound", format!("SSL policy '{policy}' not found")));
    }
    let further = have.map(|have| have.further.clone()).unwrap_or_default();
    Ok(Some(Tls { policy: policy.to_owned(), certificate, further }))
}

fn check_certificate(at: &mut At<'_>, arn: &str) -> Answer<()> {
    let row = at.here().certificates.get(arn);
    let row = row.ok_or_else(|| refuse(400, "CertificateNotFound", format!("Certificate ARN '{arn}' is not valid")))?;
    if row.issued_ms.is_none() {
        let text =
            format!("The certificate '{arn}' must have a fully-qualified domain name, a supported signature, and a supported key size.");
        return Err(refuse(400, "UnsupportedCertificate", text));
    }
    Ok(())
}

fn unknown(alpn: &[String], mutual: Option<&MutualAuthenticationAttributes>) -> Answer<()> {
    unless_simulated(!alpn.is_empty() || mutual.is_some(), "ALPN or mutual authentication")
}

fn taken() -> Refusal {
    refuse(400, "DuplicateListener", "A listener already exists on this port for this load balancer")
}

fn create(at: &mut At<'_>, input: &CreateListenerInput) -> Answer<CreateListenerOutput> {
    let on = input.load_balancer_arn().unwrap_or_default();
    let now = at.now_ms;
    if now < load_balancer::the(at, Some(on))?.active_ms {
        // Whether AWS waits for it is not documented.
        return Err(refuse(400, "OperationNotPermitted", format!("sandbox: the load balancer '{on}' is still being provisioned")));
    }
    unknown(input.alpn_policy(), input.mutual_authentication())?;
    let port = port(input.port())?;
    let protocol = input.protocol().ok_or_else(|| invalid("A protocol must be specified"))?;
    let tls = tls(at, protocol, input.ssl_policy(), input.certificates(), None)?;
    let action = elb_action::read(at, input.default_actions(), on, protocol.as_str(), port)?;
    let mut tags = BTreeMap::new();
    set_tags(&mut tags, input.tags())?;
    let row = Row { load_balancer: on.to_owned(), port, tls, action, tags };
    let there = at.here().listeners.iter().find(|(_, other)| other.load_balancer == on && other.port == port);
    if let Some((arn, other)) = there {
        // The same once more is no error, whatever its tags; anything else is.
        let same = (&other.tls, &other.action) == (&row.tls, &row.action);
        return if same { Ok(CreateListenerOutput::builder().listeners(answer(arn, other)).build()) } else { Err(taken()) };
    }
    if at.here().listeners.values().filter(|other| other.load_balancer == on).count() >= 50 {
        return Err(refuse(400, "TooManyListeners", "The maximum number of listeners has been reached"));
    }
    let hex = at.hex(16);
    let arn = at.arn("elasticloadbalancing", &format!("listener/{}/{hex}", load_balancer::suffix(on)));
    let listener = answer(&arn, &row);
    at.here().listeners.insert(arn, row);
    Ok(CreateListenerOutput::builder().listeners(listener).build())
}

fn answer(arn: &str, row: &Row) -> Listener {
    let listener = Listener::builder()
        .listener_arn(arn)
        .load_balancer_arn(&row.load_balancer)
        .port(row.port)
        .protocol(row.protocol())
        .default_actions(row.action.answer());
    let Some(tls) = &row.tls else { return listener.build() };
    listener
        .ssl_policy(&tls.policy)
        .certificates(Certificate::builder().certificate_arn(&tls.certificate).build())
        .mutual_authentication(MutualAuthenticationAttributes::builder().mode("off").build())
        .build()
}

fn describe(at: &mut At<'_>, input: &DescribeListenersInput) -> Answer<DescribeListenersOutput> {
    let arns = input.listener_arns();
    match input.load_balancer_arn() {
        Some(_) if !arns.is_empty() => return Err(invalid("A load balancer ARN and listener ARNs cannot be specified at the same time")),
        Some(on) => {
            load_balancer::the(at, Some(on))?;
        }
        None if arns.is_empty() => return Err(invalid("Either listener ARNs or a load balancer ARN must be specified")),
        None => {}
    }
    for arn in arns {
        the(at, Some(arn))?;
    }
    let wanted = |arn: &String, row: &Row| arns.contains(arn) || input.load_balancer_arn() == Some(row.load_balancer.as_str());
    let found = at.here().listeners.iter().filter(|(arn, row)| wanted(arn, row)).map(|(arn, row)| answer(arn, row)).collect();
    let (found, next) = listed(found, input.page_size(), input.marker())?;
    Ok(DescribeListenersOutput::builder().set_listeners(Some(found)).set_next_marker(next).build())
}

fn describe_certificates(at: &mut At<'_>, input: &DescribeListenerCertificatesInput) -> Answer<DescribeListenerCertificatesOutput> {
    let row = the(at, input.listener_arn())?;
    let shown = |arn: &String, default| Certificate::builder().certificate_arn(arn).is_default(default).build();
    let own = row.tls.iter().map(|tls| shown(&tls.certificate, true));
    let further = row.tls.iter().flat_map(|tls| tls.further.iter().map(|arn| shown(arn, false)));
    let (found, next) = listed(own.chain(further).collect(), input.page_size(), input.marker())?;
    Ok(DescribeListenerCertificatesOutput::builder().set_certificates(Some(found)).set_next_marker(next).build())
}

fn modify(at: &mut At<'_>, input: &ModifyListenerInput) -> Answer<ModifyListenerOutput> {
    let arn = input.listener_arn().unwrap_or_default();
    let have = the(at, Some(arn))?.clone();
    unknown(input.alpn_policy(), input.mutual_authentication())?;
    let port = if input.port().is_some() { port(input.port())? } else { have.port };
    let protocol = input.protocol().cloned().unwrap_or_else(|| have.protocol());
    let tls = tls(at, &protocol, input.ssl_policy(), input.certificates(), have.tls.as_ref())?;
    let action = match input.default_actions() {
        [] => have.action.clone(),
        raw => elb_action::read(at, raw, &have.load_balancer, protocol.as_str(), port)?,
    };
    let row = Row { port, tls, action, ..have };
    if at.here().listeners.iter().any(|(other, it)| other != arn && it.load_balancer == row.load_balancer && it.port == port) {
        return Err(taken());
    }
    let listener = answer(arn, &row);
    at.here().listeners.insert(arn.to_owned(), row);
    Ok(ModifyListenerOutput::builder().listeners(listener).build())
}

fn delete(at: &mut At<'_>, input: &DeleteListenerInput) -> Answer<DeleteListenerOutput> {
    let arn = input.listener_arn().unwrap_or_default();
    the(at, Some(arn))?;
    let here = at.here();
    here.listeners.remove(arn);
    here.listener_rules.retain(|_, row| row.listener != arn);
    Ok(DeleteListenerOutput::builder().build())
}

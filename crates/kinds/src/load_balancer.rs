//! `load-balancer`: an application load balancer with its attributes.

use std::collections::BTreeSet;

use bbws_model::{
    Arn, Diff, Durations, Facts, Finding, Id, Kind, Meters, Name, NameRule, Observed, Output, OutputFact, OutputName, Permissions, Phase,
    Reads, Recorded, Recovery, Replacement, RiskKind, Severity, SpecProblem, Stage, Tags, Unit, Written,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Bucket, InternetGateway, Subnet, Vpc, pace};

/// An application load balancer. Target groups and rules of tenants hang on it; they are not bbws's.
pub enum LoadBalancer {}

/// Which addresses it answers on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum IpAddressType {
    /// IPv4 only.
    Ipv4,
    /// IPv4 and IPv6.
    Dualstack,
    /// IPv6 for the public, IPv4 inside only.
    DualstackWithoutPublicIpv4,
}

/// What becomes of requests that could be read in two ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DesyncMitigation {
    /// All pass; they are only counted.
    Monitor,
    /// Those that are known attacks are stopped.
    Defensive,
    /// All that do not follow RFC 7230 are stopped.
    Strictest,
}

/// What becomes of the `X-Forwarded-For` header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ForwardedFor {
    /// The client's address is added.
    Append,
    /// It is left as it came.
    Preserve,
    /// It is taken out.
    Remove,
}

/// Where logs are kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "", deny_unknown_fields)]
#[schemars(bound = "")]
pub struct LogsTo<S: Stage> {
    /// The bucket. It stands in the same region, is encrypted with S3's own keys, and its policy lets ELB write.
    pub bucket: S::Ref<Name<Bucket>>,
    /// What the keys begin with, without `AWSLogs`, which ELB adds.
    #[serde(default)]
    pub prefix: String,
}

/// What may be declared of a load balancer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "", deny_unknown_fields)]
#[schemars(bound = "")]
pub struct LoadBalancerSpec<S: Stage> {
    /// Its name, up to 32 of `a-zA-Z0-9-`; unique in the region.
    pub name: String,
    /// The VPC it stands in. AWS takes it from the subnets; declared, a VPC that is replaced is seen to replace this too.
    #[serde(default)]
    pub vpc: Option<S::Ref<Id<Vpc>>>,
    /// The internet gateway that has to be attached before: AWS refuses a public load balancer in a VPC without one, and to
    /// detach one under it. For the order only; AWS keeps no such link, so it is not read back and never differs.
    #[serde(default)]
    pub internet_gateway: Option<S::Ref<Id<InternetGateway>>>,
    /// Its subnets, in two zones at least, one a zone, each with 8 free addresses.
    pub subnets: BTreeSet<S::Ref<Id<Subnet>>>,
    /// Its security groups.
    pub security_groups: BTreeSet<S::Text>,
    /// Whether it has private addresses only.
    #[serde(default)]
    pub internal: bool,
    /// Which addresses it answers on: `ipv4`, `dualstack` or `dualstack-without-public-ipv4`.
    #[serde(default = "ipv4")]
    pub ip_address_type: IpAddressType,
    /// Whether AWS refuses to delete it.
    #[serde(default)]
    pub deletion_protection: bool,
    /// After how many idle seconds a connection is closed: 1 to 4000.
    #[serde(default = "minute")]
    pub idle_timeout_seconds: u32,
    /// For how many seconds a client may keep a connection: 60 to 604800.
    #[serde(default = "hour")]
    pub client_keep_alive_seconds: u32,
    /// Whether headers that HTTP does not allow are dropped.
    #[serde(default = "yes")]
    pub drop_invalid_headers: bool,
    /// Whether clients may speak HTTP/2.
    #[serde(default = "yes")]
    pub http2: bool,
    /// What becomes of requests that could be read in two ways: `monitor`, `defensive` or `strictest`.
    #[serde(default = "defensive")]
    pub desync_mitigation: DesyncMitigation,
    /// Whether targets get the `Host` header as it came.
    #[serde(default)]
    pub preserve_host_header: bool,
    /// What becomes of the `X-Forwarded-For` header: `append`, `preserve` or `remove`.
    #[serde(default = "append")]
    pub forwarded_for: ForwardedFor,
    /// Whether `X-Forwarded-For` tells the client's port too.
    #[serde(default)]
    pub forwarded_port: bool,
    /// Whether targets hear the TLS version and cipher, in `x-amzn-tls-…` headers.
    #[serde(default)]
    pub tls_headers: bool,
    /// Whether requests pass while the web application firewall does not answer.
    #[serde(default)]
    pub waf_fail_open: bool,
    /// Where each request is logged. None: nowhere.
    #[serde(default)]
    pub access_logs: Option<LogsTo<S>>,
    /// Where each connection is logged. None: nowhere.
    #[serde(default)]
    pub connection_logs: Option<LogsTo<S>>,
    /// Its tags.
    #[serde(default)]
    pub tags: Tags,
}

/// What a load balancer offers others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LoadBalancerOutputs {
    /// Its ARN.
    pub arn: Arn<LoadBalancer>,
    /// Its ARN, known once it is active: for what needs it at work.
    pub active_arn: Option<ActiveArn>,
    /// The end of its ARN, `app/NAME/ID`: what CloudWatch calls it.
    pub arn_suffix: String,
    /// Its name.
    pub name: Name<LoadBalancer>,
    /// Its DNS name.
    pub dns_name: String,
    /// The hosted zone of its DNS name, for alias records.
    pub zone_id: String,
}

/// The output `active_arn`.
pub enum ActiveArnOutput {}
impl OutputName for ActiveArnOutput {
    const NAME: &'static str = "active_arn";
    const PREFIXED: bool = false;
}

/// The ARN of a load balancer that is active.
pub type ActiveArn = Output<LoadBalancer, ActiveArnOutput>;

fn ipv4() -> IpAddressType {
    IpAddressType::Ipv4
}

fn minute() -> u32 {
    60
}

fn hour() -> u32 {
    3600
}

fn yes() -> bool {
    true
}

fn defensive() -> DesyncMitigation {
    DesyncMitigation::Defensive
}

fn append() -> ForwardedFor {
    ForwardedFor::Append
}

impl Kind for LoadBalancer {
    const NAME: &'static str = "load-balancer";
    const FACTS: Facts = Facts {
        service: "elasticloadbalancing",
        id_prefix: "arn:",
        holds_data: false,
        loses: None,
        backbone: true,
        carries: true,
        name: Some(NameRule { field: "name", max: 32 }),
        soft_on: &[],
        recovery: Recovery::NaturalKey,
        durations: Durations::secs(150, 20, 30, 20),
        pace: pace::ELB,
    };
    const PERMISSIONS: Permissions = Permissions {
        observe: &[
            "elasticloadbalancing:DescribeLoadBalancers",
            "elasticloadbalancing:DescribeListeners",
            "elasticloadbalancing:DescribeLoadBalancerAttributes",
            "elasticloadbalancing:DescribeTags",
        ],
        create: &["elasticloadbalancing:CreateLoadBalancer", "elasticloadbalancing:AddTags", "iam:CreateServiceLinkedRole"],
        update: &[
            "elasticloadbalancing:SetSubnets",
            "elasticloadbalancing:SetSecurityGroups",
            "elasticloadbalancing:SetIpAddressType",
            "elasticloadbalancing:ModifyLoadBalancerAttributes",
            "elasticloadbalancing:AddTags",
            "elasticloadbalancing:RemoveTags",
        ],
        // Nothing is deleted before what tenants hung on it was looked for.
        delete: &[
            "elasticloadbalancing:DeleteLoadBalancer",
            "elasticloadbalancing:DescribeListeners",
            "elasticloadbalancing:DescribeListenerCertificates",
            "elasticloadbalancing:DescribeRules",
            "elasticloadbalancing:DescribeTargetGroups",
        ],
    };
    const OUTPUTS: &'static [OutputFact] = &[
        OutputFact::created("arn"),
        OutputFact::ready("active_arn"),
        OutputFact::created("arn_suffix"),
        OutputFact::created("name"),
        OutputFact::created("dns_name"),
        OutputFact::created("zone_id"),
    ];
    type Spec<S: Stage> = LoadBalancerSpec<S>;
    type Outputs = LoadBalancerOutputs;

    fn check(want: &LoadBalancerSpec<Written>) -> Vec<SpecProblem> {
        let mut problems = vec![];
        let mut wrong = |field: &str, message: String| problems.push(SpecProblem::new(field, message));
        let name = &want.name;
        let allowed = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') && !name.starts_with('-') && !name.ends_with('-');
        if name.is_empty() || name.len() > 32 || !allowed || name.starts_with("internal-") {
            wrong(
                "name",
                format!(
                    "`{name}` ({} characters) is no load balancer's name: 1 to 32 of a-z A-Z 0-9 -, no `-` at its ends, not beginning with `internal-`",
                    name.len()
                ),
            );
        }
        if want.subnets.len() < 2 {
            wrong("subnets", "a load balancer stands in two zones at least: name a subnet in each".into());
        }
        if want.security_groups.is_empty() {
            wrong("security_groups", "name a security group, or AWS gives it the VPC's default one".into());
        }
        if !(1..=4000).contains(&want.idle_timeout_seconds) {
            wrong("idle_timeout_seconds", format!("AWS takes 1 to 4000 seconds, not {}", want.idle_timeout_seconds));
        }
        if !(60..=604_800).contains(&want.client_keep_alive_seconds) {
            wrong("client_keep_alive_seconds", format!("AWS takes 60 to 604800 seconds, not {}", want.client_keep_alive_seconds));
        }
        for (field, logs) in [("access_logs", &want.access_logs), ("connection_logs", &want.connection_logs)] {
            let Some(LogsTo { bucket: _, prefix }) = logs else { continue };
            if prefix.contains("AWSLogs") || prefix.starts_with('/') || prefix.ends_with('/') {
                wrong(&format!("{field}.prefix"), format!("`{prefix}` does not do: no `/` at its ends, and no `AWSLogs`, which ELB adds"));
            }
        }
        problems
    }

    fn diff(have: &LoadBalancerSpec<Written>, want: &LoadBalancerSpec<Written>) -> Diff {
        let LoadBalancerSpec {
            name,
            vpc,
            internet_gateway: _,
            subnets,
            security_groups,
            internal,
            ip_address_type,
            deletion_protection,
            idle_timeout_seconds,
            client_keep_alive_seconds,
            drop_invalid_headers,
            http2,
            desync_mitigation,
            preserve_host_header,
            forwarded_for,
            forwarded_port,
            tls_headers,
            waf_fail_open,
            access_logs,
            connection_logs,
            tags,
        } = want;
        const MOVES: &str = "the new load balancer has another DNS name, and the rules and target groups of tenants do not move to it";
        Diff::new()
            .replace("name", &have.name, name)
            .risks(RiskKind::Downtime, MOVES)
            .replace_if_declared("vpc", &have.vpc, vpc)
            .risks(RiskKind::Downtime, MOVES)
            .update("subnets", &have.subnets, subnets)
            .risks(RiskKind::Downtime, "connections through a subnet that is left are cut")
            .away(0, 60)
            .update("security_groups", &have.security_groups, security_groups)
            .risks(RiskKind::Security, "it changes who reaches the load balancer, and what it reaches")
            .replace("internal", &have.internal, internal)
            .risks(RiskKind::Downtime, MOVES)
            .update("ip_address_type", &have.ip_address_type, ip_address_type)
            .update("deletion_protection", &have.deletion_protection, deletion_protection)
            .update("idle_timeout_seconds", &have.idle_timeout_seconds, idle_timeout_seconds)
            .update("client_keep_alive_seconds", &have.client_keep_alive_seconds, client_keep_alive_seconds)
            .update("drop_invalid_headers", &have.drop_invalid_headers, drop_invalid_headers)
            .update("http2", &have.http2, http2)
            .update("desync_mitigation", &have.desync_mitigation, desync_mitigation)
            .update("preserve_host_header", &have.preserve_host_header, preserve_host_header)
            .update("forwarded_for", &have.forwarded_for, forwarded_for)
            .update("forwarded_port", &have.forwarded_port, forwarded_port)
            .update("tls_headers", &have.tls_headers, tls_headers)
            .update("waf_fail_open", &have.waf_fail_open, waf_fail_open)
            .update("access_logs", &have.access_logs, access_logs)
            .update("connection_logs", &have.connection_logs, connection_logs)
            .update("tags", &have.tags, tags)
    }

    /// Two load balancers of a region never share a name.
    fn replacement(have: &LoadBalancerSpec<Written>, want: &LoadBalancerSpec<Written>) -> Replacement {
        if have.name.eq_ignore_ascii_case(&want.name) { Replacement::FRESH_NAME } else { Replacement::CREATE_FIRST }
    }

    fn meters(want: &LoadBalancerSpec<Written>) -> Meters {
        let meters = Meters::free().and("elb.application.hour", 730.0, Unit::Hours).and("elb.application.lcu", 0.0, Unit::Usage);
        if want.internal || want.ip_address_type == IpAddressType::DualstackWithoutPublicIpv4 {
            return meters;
        }
        // At least one public address in each subnet, and each is billed; there are few, so nothing is lost.
        let addresses = u32::try_from(want.subnets.len()).unwrap_or(u32::MAX);
        meters.and("public-ipv4.hour", 730.0 * f64::from(addresses), Unit::Hours)
    }

    /// The list lacks the attributes, told of one at a time, and the tags, which come with those of the listeners.
    fn reads(of: &[Recorded<Self>]) -> Reads {
        let ids = || of.iter().map(|it| it.id.as_str());
        Reads::none()
            .shared("elasticloadbalancing:DescribeLoadBalancers")
            .shared("elasticloadbalancing:DescribeTags")
            .each("elasticloadbalancing:DescribeListeners", ids())
            .each("elasticloadbalancing:DescribeLoadBalancerAttributes", ids())
    }

    fn health(seen: &Observed<Self>) -> Vec<Finding> {
        match &seen.phase {
            Phase::Failed(why) => vec![Finding::new(Severity::Error, format!("the load balancer {} has failed", seen.spec.name)).seen(why)],
            Phase::Ready | Phase::Pending(_) | Phase::Leaving => vec![],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bbws_model::{Verb, typed};
    use serde_json::json;

    fn spec(edit: serde_json::Value) -> LoadBalancerSpec<Written> {
        let mut whole = json!({"name": "dev-alb", "subnets": ["subnet-1", "subnet-2"], "security_groups": ["sg-1"]});
        whole.as_object_mut().unwrap().extend(edit.as_object().unwrap().clone());
        typed(&whole).unwrap()
    }

    #[test]
    fn each_field_has_its_verb() {
        let table = [
            (json!({"name": "other"}), Verb::Replace),
            (json!({"vpc": "vpc-2"}), Verb::Replace),
            (json!({"subnets": ["subnet-1", "subnet-3"]}), Verb::Update),
            (json!({"security_groups": ["sg-2"]}), Verb::Update),
            (json!({"internal": true}), Verb::Replace),
            (json!({"ip_address_type": "dualstack"}), Verb::Update),
            (json!({"deletion_protection": true}), Verb::Update),
            (json!({"idle_timeout_seconds": 120}), Verb::Update),
            (json!({"client_keep_alive_seconds": 60}), Verb::Update),
            (json!({"drop_invalid_headers": false}), Verb::Update),
            (json!({"http2": false}), Verb::Update),
            (json!({"desync_mitigation": "strictest"}), Verb::Update),
            (json!({"preserve_host_header": true}), Verb::Update),
            (json!({"forwarded_for": "remove"}), Verb::Update),
            (json!({"forwarded_port": true}), Verb::Update),
            (json!({"tls_headers": true}), Verb::Update),
            (json!({"waf_fail_open": true}), Verb::Update),
            (json!({"access_logs": {"bucket": "logs"}}), Verb::Update),
            (json!({"connection_logs": {"bucket": "logs", "prefix": "c"}}), Verb::Update),
            (json!({"tags": {"a": "b"}}), Verb::Update),
        ];
        for (edit, verb) in table {
            let diff = LoadBalancer::diff(&spec(json!({"vpc": "vpc-1"})), &spec(edit.clone()));
            assert_eq!(diff.changes().iter().map(|c| c.verb.clone()).collect::<Vec<_>>(), [verb], "{edit}");
        }
        let ordered = json!({"internet_gateway": {"$ref": "internet-gateway.main", "output": "id"}});
        assert!(LoadBalancer::diff(&spec(json!({})), &spec(ordered)).is_empty(), "it is for the order only");
    }

    #[test]
    fn subnets_in_another_order_are_the_same() {
        assert!(LoadBalancer::diff(&spec(json!({})), &spec(json!({"subnets": ["subnet-2", "subnet-1"]}))).is_empty());
    }

    #[test]
    fn its_public_addresses_are_billed_beside_it() {
        let hours = |edit| {
            let meters = LoadBalancer::meters(&spec(edit)).0;
            meters.iter().find(|meter| meter.item == "public-ipv4.hour").map(|meter| meter.quantity)
        };
        assert_eq!(hours(json!({})), Some(1460.0));
        assert_eq!(hours(json!({"internal": true})), None);
        assert_eq!(hours(json!({"ip_address_type": "dualstack-without-public-ipv4"})), None);
    }

    #[test]
    fn a_new_one_of_the_same_name_needs_a_fresh_one() {
        let fresh = |edit| LoadBalancer::replacement(&spec(json!({})), &spec(edit)).fresh_name;
        assert!(fresh(json!({"internal": true})));
        assert!(!fresh(json!({"name": "other"})));
    }

    #[test]
    fn what_elb_would_refuse_is_told() {
        let fields = |edit| LoadBalancer::check(&spec(edit)).into_iter().map(|p| p.field).collect::<Vec<_>>();
        for name in ["", "a_b", "-a", "a-", "internal-a", "a-name-of-more-than-thirty-two-letters"] {
            assert_eq!(fields(json!({"name": name})), ["name"], "{name}");
        }
        assert_eq!(fields(json!({"subnets": ["subnet-1"]})), ["subnets"]);
        assert_eq!(fields(json!({"security_groups": []})), ["security_groups"]);
        assert_eq!(fields(json!({"idle_timeout_seconds": 0})), ["idle_timeout_seconds"]);
        assert_eq!(fields(json!({"client_keep_alive_seconds": 5})), ["client_keep_alive_seconds"]);
        assert_eq!(fields(json!({"access_logs": {"bucket": "b", "prefix": "alb/"}})), ["access_logs.prefix"]);
        assert!(fields(json!({})).is_empty());
    }
}

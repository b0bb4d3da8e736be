//! `vpc-endpoint`: a way to an AWS service that does not leave the VPC.

use std::collections::BTreeSet;

use bbws_model::{
    Diff, Durations, Facts, Finding, Id, Kind, Meters, Observed, OutputFact, Permissions, Phase, PolicyDocument, Reads, Recorded, Recovery,
    Replacement, RiskKind, Severity, SpecProblem, Stage, Tags, Unit, Written,
};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::json;

use crate::{RouteTable, SecurityGroup, Subnet, Vpc, pace};

/// A way to an AWS service that does not leave the VPC.
pub enum VpcEndpoint {}

/// How an endpoint is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum EndpointType {
    /// By routes, for S3 and DynamoDB. It is free.
    Gateway,
    /// By an address in each of its subnets.
    Interface,
}

/// What may be declared of an endpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "", deny_unknown_fields)]
#[schemars(bound = "")]
pub struct VpcEndpointSpec<S: Stage> {
    /// The VPC it is of.
    pub vpc: S::Ref<Id<Vpc>>,
    /// The service, by its whole name: `com.amazonaws.af-south-1.s3`.
    pub service: String,
    /// How it is reached: `gateway` or `interface`.
    #[serde(rename = "type")]
    pub endpoint_type: EndpointType,
    /// The route tables in which a gateway's route stands.
    #[serde(default)]
    pub route_tables: BTreeSet<S::Ref<Id<RouteTable>>>,
    /// The subnets in which an interface has an address, one a zone.
    #[serde(default)]
    pub subnets: BTreeSet<S::Ref<Id<Subnet>>>,
    /// The security groups of an interface; they let in 443 from whom it serves.
    #[serde(default)]
    pub security_groups: BTreeSet<S::Ref<Id<SecurityGroup>>>,
    /// Whether the service's own name leads to an interface. Without it, only who names the endpoint uses it.
    #[serde(default)]
    pub private_dns: Option<bool>,
    /// What may be done through it. None: everything, as AWS has it by itself.
    #[serde(default, deserialize_with = "limiting")]
    #[schemars(with = "Option<PolicyDocument>")]
    pub policy: Option<PolicyDocument>,
    /// Its tags.
    #[serde(default)]
    pub tags: Tags,
}

/// What an endpoint offers others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VpcEndpointOutputs {
    /// Its id.
    pub id: Id<VpcEndpoint>,
    /// The DNS names of an interface, the regional one first; a gateway has none. Known once it is available.
    pub dns_names: Option<Vec<String>>,
}

/// A policy that limits something. AWS puts one that allows all where none is given, and answers it: that is none.
#[must_use]
pub fn endpoint_limits(policy: PolicyDocument) -> Option<PolicyDocument> {
    let all = |principal: serde_json::Value| {
        let statement = json!({"Effect": "Allow", "Principal": principal, "Action": "*", "Resource": "*"});
        PolicyDocument::new(json!({"Statement": statement})).value()["Statement"].clone()
    };
    let says = policy.value().get("Statement");
    let everything = says == Some(&all(json!("*"))) || says == Some(&all(json!({"AWS": "*"})));
    (!everything).then_some(policy)
}

fn limiting<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<PolicyDocument>, D::Error> {
    Ok(Option::<PolicyDocument>::deserialize(deserializer)?.and_then(endpoint_limits))
}

impl Kind for VpcEndpoint {
    const NAME: &'static str = "vpc-endpoint";
    const FACTS: Facts = Facts {
        service: "ec2",
        id_prefix: "vpce-",
        holds_data: false,
        loses: None,
        backbone: false,
        carries: false,
        name: None,
        soft_on: &[],
        recovery: Recovery::Token,
        durations: Durations::secs(90, 30, 120, 20),
        pace: pace::VPC_ENDPOINTS,
    };
    const PERMISSIONS: Permissions = Permissions {
        observe: &["ec2:DescribeVpcEndpoints"],
        create: &["ec2:CreateVpcEndpoint", "ec2:CreateTags", "route53:AssociateVPCWithHostedZone"],
        update: &["ec2:ModifyVpcEndpoint", "ec2:CreateTags", "ec2:DeleteTags"],
        delete: &["ec2:DeleteVpcEndpoints"],
    };
    const OUTPUTS: &'static [OutputFact] = &[OutputFact::created("id"), OutputFact::ready("dns_names")];
    type Spec<S: Stage> = VpcEndpointSpec<S>;
    type Outputs = VpcEndpointOutputs;

    fn check(want: &VpcEndpointSpec<Written>) -> Vec<SpecProblem> {
        let VpcEndpointSpec { vpc: _, service, endpoint_type, route_tables, subnets, security_groups, private_dns, policy, tags: _ } = want;
        let mut problems = vec![];
        let mut wrong = |field: &str, message: &str| problems.push(SpecProblem::new(field, message));
        if service.split('.').count() < 3 || service.contains(char::is_whitespace) {
            wrong("service", "name the whole service, such as `com.amazonaws.af-south-1.s3`");
        }
        match endpoint_type {
            EndpointType::Gateway => {
                if !service.ends_with(".s3") && !service.ends_with(".dynamodb") {
                    wrong("type", "only S3 and DynamoDB have gateways: write `interface`");
                }
                for (field, given) in [
                    ("subnets", !subnets.is_empty()),
                    ("security_groups", !security_groups.is_empty()),
                    ("private_dns", private_dns.is_some()),
                ] {
                    if given {
                        wrong(field, "a gateway has none: it is reached by the routes of its `route_tables`");
                    }
                }
            }
            EndpointType::Interface => {
                if !route_tables.is_empty() {
                    wrong("route_tables", "an interface has none: it is reached by its addresses in `subnets`");
                }
                if subnets.is_empty() {
                    wrong("subnets", "name the subnets in which it has an address, one a zone");
                }
                if security_groups.is_empty() {
                    wrong("security_groups", "name a security group, or AWS gives it the VPC's default one");
                }
                if private_dns.is_none() {
                    wrong("private_dns", "say whether the service's own name leads to it: AWS's own choice has changed over time");
                }
            }
        }
        if let Some(policy) = policy {
            if policy.value().get("Statement").is_none() {
                wrong("policy", "a policy has a `Statement` that says what it allows");
            } else if policy.to_text().len() > 20_480 {
                wrong("policy", "AWS takes 20480 characters");
            }
        }
        problems
    }

    fn diff(have: &VpcEndpointSpec<Written>, want: &VpcEndpointSpec<Written>) -> Diff {
        let VpcEndpointSpec { vpc, service, endpoint_type, route_tables, subnets, security_groups, private_dns, policy, tags } = want;
        const GAP: &str = "the service is reached another way, or not at all, until the new endpoint is available";
        Diff::new()
            .replace("vpc", &have.vpc, vpc)
            .risks(RiskKind::Downtime, GAP)
            .away(60, 240)
            .replace("service", &have.service, service)
            .risks(RiskKind::Downtime, GAP)
            .away(60, 240)
            .replace("type", &have.endpoint_type, endpoint_type)
            .risks(RiskKind::Downtime, GAP)
            .away(60, 240)
            .update("route_tables", &have.route_tables, route_tables)
            .risks(RiskKind::Downtime, "open connections to the service from the subnets of the table break")
            .away(0, 60)
            .update("subnets", &have.subnets, subnets)
            .risks(RiskKind::Downtime, "open connections through an address that goes break")
            .away(0, 60)
            .update("security_groups", &have.security_groups, security_groups)
            .risks(RiskKind::Security, "it changes who reaches the service through the endpoint")
            .update("private_dns", &have.private_dns, private_dns)
            .risks(RiskKind::Downtime, "the service's name leads elsewhere until remembered answers are forgotten")
            .away(0, 60)
            .update("policy", &have.policy, policy)
            .risks(RiskKind::Iam, "it changes what may be done through the endpoint")
            .update("tags", &have.tags, tags)
    }

    /// A route table has one route to a service, and a VPC one endpoint that answers to a service's name.
    fn replacement(have: &VpcEndpointSpec<Written>, want: &VpcEndpointSpec<Written>) -> Replacement {
        if (&have.vpc, &have.service) != (&want.vpc, &want.service) {
            return Replacement::CREATE_FIRST;
        }
        let shares = match (have.endpoint_type, want.endpoint_type) {
            (EndpointType::Gateway, EndpointType::Gateway) => !have.route_tables.is_disjoint(&want.route_tables),
            (EndpointType::Interface, EndpointType::Interface) => have.private_dns == Some(true) && want.private_dns == Some(true),
            (EndpointType::Gateway, EndpointType::Interface) | (EndpointType::Interface, EndpointType::Gateway) => false,
        };
        if shares { Replacement::DELETE_FIRST } else { Replacement::CREATE_FIRST }
    }

    fn meters(want: &VpcEndpointSpec<Written>) -> Meters {
        match want.endpoint_type {
            EndpointType::Gateway => Meters::free(),
            EndpointType::Interface => {
                // One address in each subnet, and each is billed; there are few, so nothing is lost.
                let addresses = u32::try_from(want.subnets.len()).unwrap_or(u32::MAX);
                Meters::free().and("vpc-endpoint.hour", 730.0 * f64::from(addresses), Unit::Hours).and("vpc-endpoint.gb", 0.0, Unit::Usage)
            }
        }
    }

    /// One list by our tag.
    fn reads(_: &[Recorded<Self>]) -> Reads {
        Reads::none().shared("ec2:DescribeVpcEndpoints")
    }

    fn health(seen: &Observed<Self>) -> Vec<Finding> {
        match &seen.phase {
            Phase::Failed(why) => {
                let told = format!("the endpoint of {} has failed", seen.spec.service);
                vec![Finding::new(Severity::Error, told).seen(why).advise("remove what AWS names, or replace it with `--replace`")]
            }
            Phase::Ready | Phase::Pending(_) | Phase::Leaving => vec![],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bbws_model::{Order, Ready, Verb, typed};
    use serde_json::Value;

    fn document(edit: Value) -> Value {
        let mut whole = json!({
            "vpc": "vpc-1", "service": "com.amazonaws.af-south-1.logs", "type": "interface",
            "subnets": ["subnet-1", "subnet-2"], "security_groups": ["sg-1"], "private_dns": true
        });
        whole.as_object_mut().unwrap().extend(edit.as_object().unwrap().clone());
        whole
    }

    fn interface(edit: Value) -> VpcEndpointSpec<Written> {
        typed(&document(edit)).unwrap()
    }

    fn gateway(edit: Value) -> VpcEndpointSpec<Written> {
        let mut whole =
            json!({"vpc": "vpc-1", "service": "com.amazonaws.af-south-1.s3", "type": "gateway", "route_tables": ["rtb-1", "rtb-2"]});
        whole.as_object_mut().unwrap().extend(edit.as_object().unwrap().clone());
        typed(&whole).unwrap()
    }

    fn some_policy() -> Value {
        json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}})
    }

    #[test]
    fn each_field_has_its_verb() {
        let table = [
            (json!({"vpc": "vpc-2"}), Verb::Replace),
            (json!({"service": "com.amazonaws.af-south-1.ecr.api"}), Verb::Replace),
            (json!({"type": "gateway"}), Verb::Replace),
            (json!({"route_tables": ["rtb-1"]}), Verb::Update),
            (json!({"subnets": ["subnet-1"]}), Verb::Update),
            (json!({"security_groups": ["sg-2"]}), Verb::Update),
            (json!({"private_dns": false}), Verb::Update),
            (json!({"policy": some_policy()}), Verb::Update),
            (json!({"tags": {"a": "b"}}), Verb::Update),
        ];
        for (edit, verb) in table {
            let diff = VpcEndpoint::diff(&interface(json!({})), &interface(edit.clone()));
            assert_eq!(diff.changes().iter().map(|c| c.verb.clone()).collect::<Vec<_>>(), [verb], "{edit}");
        }
    }

    #[test]
    fn a_policy_that_allows_all_is_none() {
        for (version, principal) in [(None, json!("*")), (Some("2008-10-17"), json!("*")), (Some("2012-10-17"), json!({"AWS": ["*"]}))] {
            let statement = json!({"Effect": "Allow", "Principal": principal, "Action": "*", "Resource": ["*"]});
            let mut all = json!({"Statement": [statement]});
            if let Some(version) = version {
                all["Version"] = json!(version);
            }
            assert_eq!(interface(json!({"policy": all})).policy, None, "{all}");
        }
        assert!(interface(json!({"policy": some_policy()})).policy.is_some());
    }

    #[test]
    fn two_endpoints_of_one_name_or_route_do_not_stand_together() {
        let of_interface = |edit| VpcEndpoint::replacement(&interface(json!({})), &interface(edit)).order;
        assert_eq!(of_interface(json!({})), Order::DeleteFirst);
        assert_eq!(of_interface(json!({"vpc": "vpc-2"})), Order::CreateFirst);
        assert_eq!(of_interface(json!({"private_dns": false})), Order::CreateFirst);
        let of_gateway = |edit| VpcEndpoint::replacement(&gateway(json!({})), &gateway(edit)).order;
        assert_eq!(of_gateway(json!({})), Order::DeleteFirst);
        assert_eq!(of_gateway(json!({"route_tables": ["rtb-3"]})), Order::CreateFirst);
    }

    #[test]
    fn what_ec2_would_refuse_is_told() {
        let fields = |spec: VpcEndpointSpec<Written>| VpcEndpoint::check(&spec).into_iter().map(|p| p.field).collect::<Vec<_>>();
        assert!(fields(interface(json!({}))).is_empty());
        assert!(fields(gateway(json!({}))).is_empty());
        assert_eq!(fields(gateway(json!({"service": "s3"}))), ["service", "type"]);
        assert_eq!(fields(gateway(json!({"service": "com.amazonaws.af-south-1.logs"}))), ["type"]);
        assert_eq!(
            fields(gateway(json!({"subnets": ["subnet-1"], "security_groups": ["sg-1"], "private_dns": false}))),
            ["subnets", "security_groups", "private_dns"]
        );
        assert_eq!(fields(interface(json!({"route_tables": ["rtb-1"]}))), ["route_tables"]);
        let bare = json!({"subnets": [], "security_groups": [], "private_dns": null});
        assert_eq!(fields(interface(bare)), ["subnets", "security_groups", "private_dns"]);
        assert_eq!(fields(interface(json!({"policy": {"Version": "2012-10-17"}}))), ["policy"]);
        assert_eq!(fields(interface(json!({"policy": {"Statement": {"Sid": "x".repeat(20_500)}}}))), ["policy"]);
    }

    #[test]
    fn each_address_of_an_interface_is_billed() {
        let hours = |meters: Meters| meters.0.iter().find(|m| m.item == "vpc-endpoint.hour").map(|m| m.quantity);
        assert_eq!(hours(VpcEndpoint::meters(&interface(json!({})))), Some(1460.0));
        assert_eq!(VpcEndpoint::meters(&gateway(json!({}))), Meters::free());
    }

    #[test]
    fn a_failed_one_is_found() {
        let seen = |phase| Observed::<VpcEndpoint> {
            id: "vpce-1".into(),
            spec: typed::<VpcEndpointSpec<Ready>>(&document(json!({}))).unwrap(),
            outputs: VpcEndpointOutputs { id: Id::new("vpce-1"), dns_names: None },
            phase,
            owner: None,
        };
        assert!(VpcEndpoint::health(&seen(Phase::Ready)).is_empty());
        assert_eq!(VpcEndpoint::health(&seen(Phase::Failed("no address left".into())))[0].evidence, "no address left");
    }
}

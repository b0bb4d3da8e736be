//! `nat-gateway`: the way out to the internet for subnets that have no public addresses.

use bbws_model::{
    Diff, Durations, Facts, Finding, Id, Kind, Meters, Observed, OutputFact, Permissions, Reads, Recorded, Recovery, Replacement, RiskKind,
    SpecProblem, Stage, Tags, Unit, Written,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ElasticIp, InternetGateway, Subnet, pace};

/// The way out to the internet for subnets without public addresses; a public one, with one Elastic IP.
pub enum NatGateway {}

/// What may be declared of a NAT gateway.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "", deny_unknown_fields)]
#[schemars(bound = "")]
pub struct NatGatewaySpec<S: Stage> {
    /// The public subnet it stands in.
    pub subnet: S::Ref<Id<Subnet>>,
    /// The address it speaks from. An Elastic IP serves one gateway.
    pub elastic_ip: S::Ref<Id<ElasticIp>>,
    /// The internet gateway that has to be attached before: without it AWS takes the request, and the gateway fails a
    /// little later. For the order only; AWS keeps no such link, so it is not read back and never differs.
    #[serde(default)]
    pub internet_gateway: Option<S::Ref<Id<InternetGateway>>>,
    /// Its tags.
    #[serde(default)]
    pub tags: Tags,
}

/// What a NAT gateway offers others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NatGatewayOutputs {
    /// Its id; known once it is available, because a route to a pending one may be refused or lead nowhere.
    pub id: Option<Id<NatGateway>>,
    /// The address it speaks from.
    pub public_ip: Option<String>,
    /// Its address in the subnet.
    pub private_ip: Option<String>,
}

impl Kind for NatGateway {
    const NAME: &'static str = "nat-gateway";
    const FACTS: Facts = Facts {
        service: "ec2",
        id_prefix: "nat-",
        holds_data: false,
        loses: None,
        backbone: false,
        carries: false,
        name: None,
        soft_on: &[],
        recovery: Recovery::Token,
        durations: Durations::secs(110, 2, 70, 30),
        pace: pace::NAT_GATEWAYS,
    };
    const PERMISSIONS: Permissions = Permissions {
        observe: &["ec2:DescribeNatGateways"],
        create: &["ec2:CreateNatGateway", "ec2:CreateTags"],
        update: &["ec2:CreateTags", "ec2:DeleteTags"],
        delete: &["ec2:DeleteNatGateway"],
    };
    const OUTPUTS: &'static [OutputFact] = &[OutputFact::ready("id"), OutputFact::ready("public_ip"), OutputFact::ready("private_ip")];
    type Spec<S: Stage> = NatGatewaySpec<S>;
    type Outputs = NatGatewayOutputs;

    fn check(want: &NatGatewaySpec<Written>) -> Vec<SpecProblem> {
        let NatGatewaySpec { subnet: _, elastic_ip: _, internet_gateway: _, tags: _ } = want;
        vec![]
    }

    fn diff(have: &NatGatewaySpec<Written>, want: &NatGatewaySpec<Written>) -> Diff {
        let NatGatewaySpec { subnet, elastic_ip, internet_gateway: _, tags } = want;
        let broken = "open connections out of the private subnets break, and new ones wait until the new gateway is available";
        Diff::new()
            .replace("subnet", &have.subnet, subnet)
            .risks(RiskKind::Downtime, broken)
            .away(120, 240)
            .replace("elastic_ip", &have.elastic_ip, elastic_ip)
            .risks(RiskKind::Downtime, "open connections out of the private subnets break; the address they come from is another one")
            .away(0, 60)
            .update("tags", &have.tags, tags)
    }

    /// An Elastic IP serves one gateway, so the old one must let go of it first.
    fn replacement(have: &NatGatewaySpec<Written>, want: &NatGatewaySpec<Written>) -> Replacement {
        if have.elastic_ip == want.elastic_ip { Replacement::DELETE_FIRST } else { Replacement::CREATE_FIRST }
    }

    fn meters(_: &NatGatewaySpec<Written>) -> Meters {
        Meters::free().and("nat-gateway.hour", 730.0, Unit::Hours).and("nat-gateway.gb", 0.0, Unit::Usage)
    }

    /// One list by our tag.
    fn reads(_: &[Recorded<Self>]) -> Reads {
        Reads::none().shared("ec2:DescribeNatGateways")
    }

    /// A failed gateway says so by its phase.
    fn health(_: &Observed<Self>) -> Vec<Finding> {
        vec![]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bbws_model::{Order, Verb, typed};
    use serde_json::json;

    fn spec(edit: serde_json::Value) -> NatGatewaySpec<Written> {
        let mut whole = json!({"subnet": "subnet-1", "elastic_ip": "eipalloc-1"});
        whole.as_object_mut().unwrap().extend(edit.as_object().unwrap().clone());
        typed(&whole).unwrap()
    }

    #[test]
    fn each_field_has_its_verb() {
        let table = [
            (json!({"subnet": "subnet-2"}), vec![Verb::Replace]),
            (json!({"elastic_ip": "eipalloc-2"}), vec![Verb::Replace]),
            (json!({"internet_gateway": {"$ref": "internet-gateway.main", "output": "id"}}), vec![]),
            (json!({"tags": {"a": "b"}}), vec![Verb::Update]),
        ];
        for (edit, verbs) in table {
            let diff = NatGateway::diff(&spec(json!({})), &spec(edit.clone()));
            assert_eq!(diff.changes().iter().map(|c| c.verb.clone()).collect::<Vec<_>>(), verbs, "{edit}");
        }
    }

    #[test]
    fn an_address_serves_one_gateway() {
        let order = |edit| NatGateway::replacement(&spec(json!({})), &spec(edit)).order;
        assert_eq!(order(json!({"subnet": "subnet-2"})), Order::DeleteFirst);
        assert_eq!(order(json!({"elastic_ip": "eipalloc-2"})), Order::CreateFirst);
    }
}

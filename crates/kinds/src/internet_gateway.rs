//! `internet-gateway`: a VPC's way to the internet, attached to it.

use bbws_model::{
    Diff, Durations, Facts, Finding, Id, Kind, Meters, Observed, OutputFact, Permissions, Reads, Recorded, Recovery, Replacement, RiskKind,
    SpecProblem, Stage, Tags, Written,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Vpc, pace};

/// A VPC's way to the internet.
pub enum InternetGateway {}

/// What may be declared of an internet gateway.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "", deny_unknown_fields)]
#[schemars(bound = "")]
pub struct InternetGatewaySpec<S: Stage> {
    /// The VPC it is attached to. A gateway that is seen unattached has none.
    #[serde(default)]
    pub vpc: Option<S::Ref<Id<Vpc>>>,
    /// Its tags.
    #[serde(default)]
    pub tags: Tags,
}

/// What an internet gateway offers others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InternetGatewayOutputs {
    /// Its id; known once it is attached, because routes and NAT gateways need the attachment.
    pub id: Option<Id<InternetGateway>>,
}

impl Kind for InternetGateway {
    const NAME: &'static str = "internet-gateway";
    const FACTS: Facts = Facts {
        service: "ec2",
        id_prefix: "igw-",
        holds_data: false,
        loses: None,
        backbone: false,
        carries: false,
        name: None,
        soft_on: &[],
        recovery: Recovery::TagOnly,
        durations: Durations::secs(4, 2, 4, 20),
        pace: pace::EC2,
    };
    const PERMISSIONS: Permissions = Permissions {
        observe: &["ec2:DescribeInternetGateways"],
        create: &["ec2:CreateInternetGateway", "ec2:CreateTags"],
        update: &["ec2:AttachInternetGateway", "ec2:CreateTags", "ec2:DeleteTags"],
        delete: &["ec2:DetachInternetGateway", "ec2:DeleteInternetGateway"],
    };
    const OUTPUTS: &'static [OutputFact] = &[OutputFact::ready("id")];
    type Spec<S: Stage> = InternetGatewaySpec<S>;
    type Outputs = InternetGatewayOutputs;

    fn check(want: &InternetGatewaySpec<Written>) -> Vec<SpecProblem> {
        let InternetGatewaySpec { vpc, tags: _ } = want;
        match vpc {
            Some(_) => vec![],
            None => vec![SpecProblem::new("vpc", "an internet gateway leads nowhere without a VPC: write `vpc = \"${vpc.NAME.id}\"`")],
        }
    }

    fn diff(have: &InternetGatewaySpec<Written>, want: &InternetGatewaySpec<Written>) -> Diff {
        let InternetGatewaySpec { vpc, tags } = want;
        let diff = Diff::new();
        let diff = if have.vpc.is_none() {
            diff.update("vpc", &have.vpc, vpc).risks(RiskKind::Security, "it opens the VPC to the internet, as far as routes lead there")
        } else {
            diff.replace("vpc", &have.vpc, vpc).risks(RiskKind::Downtime, "the VPC that it leaves has no way to the internet any more")
        };
        diff.update("tags", &have.tags, tags)
    }

    /// A VPC takes one gateway at a time.
    fn replacement(have: &InternetGatewaySpec<Written>, want: &InternetGatewaySpec<Written>) -> Replacement {
        if have.vpc == want.vpc { Replacement::DELETE_FIRST } else { Replacement::CREATE_FIRST }
    }

    fn meters(_: &InternetGatewaySpec<Written>) -> Meters {
        Meters::free()
    }

    /// One list by our tag.
    fn reads(_: &[Recorded<Self>]) -> Reads {
        Reads::none().shared("ec2:DescribeInternetGateways")
    }

    fn health(_: &Observed<Self>) -> Vec<Finding> {
        vec![]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bbws_model::{Order, Verb, typed};
    use serde_json::json;

    fn spec(vpc: Option<&str>, tags: serde_json::Value) -> InternetGatewaySpec<Written> {
        typed(&json!({"vpc": vpc, "tags": tags})).unwrap()
    }

    #[test]
    fn each_field_has_its_verb() {
        let have = spec(Some("vpc-1"), json!({}));
        let table = [
            (&have, spec(Some("vpc-2"), json!({})), vec![Verb::Replace]),
            (&have, spec(Some("vpc-1"), json!({"a": "b"})), vec![Verb::Update]),
            (&spec(None, json!({})), have.clone(), vec![Verb::Update]),
            (&have, have.clone(), vec![]),
        ];
        for (have, want, verbs) in table {
            let diff = InternetGateway::diff(have, &want);
            assert_eq!(diff.changes().iter().map(|c| c.verb.clone()).collect::<Vec<_>>(), verbs, "{have:?} {want:?}");
        }
    }

    #[test]
    fn a_vpc_takes_one_gateway_at_a_time() {
        let (one, two) = (spec(Some("vpc-1"), json!({})), spec(Some("vpc-2"), json!({})));
        assert_eq!(InternetGateway::replacement(&one, &two).order, Order::CreateFirst);
        assert_eq!(InternetGateway::replacement(&one, &one).order, Order::DeleteFirst);
    }

    #[test]
    fn a_gateway_without_a_vpc_is_told() {
        assert_eq!(InternetGateway::check(&spec(None, json!({})))[0].field, "vpc");
        assert!(InternetGateway::check(&spec(Some("vpc-1"), json!({}))).is_empty());
    }
}

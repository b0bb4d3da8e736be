//! `subnet`: a part of a VPC in one availability zone.

use bbws_model::{
    Cidr, Diff, Durations, Facts, Finding, Id, Kind, Meters, Observed, OutputFact, Permissions, Reads, Recorded, Recovery, Replacement,
    SpecProblem, Stage, Tags, Written,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Vpc, pace};

/// A part of a VPC in one availability zone.
pub enum Subnet {}

/// What may be declared of a subnet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "", deny_unknown_fields)]
#[schemars(bound = "")]
pub struct SubnetSpec<S: Stage> {
    /// The VPC it is part of.
    pub vpc: S::Ref<Id<Vpc>>,
    /// Its addresses, between /16 and /28, inside the VPC's.
    pub cidr: Cidr,
    /// The availability zone, by name: `af-south-1a`.
    pub zone: String,
    /// Whether machines in it get a public address by themselves.
    #[serde(default)]
    pub public_addresses: bool,
    /// Its tags.
    #[serde(default)]
    pub tags: Tags,
}

/// What a subnet offers others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SubnetOutputs {
    /// Its id.
    pub id: Id<Subnet>,
    /// Its ARN.
    pub arn: String,
    /// Its addresses.
    pub cidr: Cidr,
    /// Its zone.
    pub zone: String,
}

impl Kind for Subnet {
    const NAME: &'static str = "subnet";
    const FACTS: Facts = Facts {
        service: "ec2",
        id_prefix: "subnet-",
        holds_data: false,
        loses: None,
        backbone: true,
        carries: true,
        name: None,
        soft_on: &[],
        recovery: Recovery::NaturalKey,
        durations: Durations::secs(4, 3, 3, 20),
        pace: pace::EC2,
    };
    const PERMISSIONS: Permissions = Permissions {
        observe: &["ec2:DescribeSubnets"],
        create: &["ec2:CreateSubnet", "ec2:CreateTags"],
        update: &["ec2:ModifySubnetAttribute", "ec2:CreateTags", "ec2:DeleteTags"],
        delete: &[
            "ec2:DeleteSubnet",
            "ec2:DescribeNetworkInterfaces",
            "elasticloadbalancing:DescribeLoadBalancers",
            "rds:DescribeDBInstances",
        ],
    };
    const OUTPUTS: &'static [OutputFact] =
        &[OutputFact::ready("id"), OutputFact::created("arn"), OutputFact::created("cidr"), OutputFact::created("zone")];
    type Spec<S: Stage> = SubnetSpec<S>;
    type Outputs = SubnetOutputs;

    fn check(want: &SubnetSpec<Written>) -> Vec<SpecProblem> {
        let SubnetSpec { vpc: _, cidr, zone, public_addresses: _, tags: _ } = want;
        let mut problems = vec![];
        if !(16..=28).contains(&cidr.prefix()) {
            problems.push(SpecProblem::new("cidr", format!("`{cidr}` is a /{}: a subnet is between /16 and /28", cidr.prefix())));
        }
        if zone.is_empty() {
            problems.push(SpecProblem::new("zone", "name an availability zone, such as `af-south-1a`"));
        }
        problems
    }

    fn diff(have: &SubnetSpec<Written>, want: &SubnetSpec<Written>) -> Diff {
        let SubnetSpec { vpc, cidr, zone, public_addresses, tags } = want;
        Diff::new()
            .replace("vpc", &have.vpc, vpc)
            .replace("cidr", &have.cidr, cidr)
            .replace("zone", &have.zone, zone)
            .update("public_addresses", &have.public_addresses, public_addresses)
            .update("tags", &have.tags, tags)
    }

    /// AWS refuses two subnets of one VPC that overlap, so the old one must go first if they do.
    fn replacement(have: &SubnetSpec<Written>, want: &SubnetSpec<Written>) -> Replacement {
        if have.vpc == want.vpc && have.cidr.overlaps(&want.cidr) { Replacement::DELETE_FIRST } else { Replacement::CREATE_FIRST }
    }

    fn meters(_: &SubnetSpec<Written>) -> Meters {
        Meters::free()
    }

    /// One list by our tag.
    fn reads(_: &[Recorded<Self>]) -> Reads {
        Reads::none().shared("ec2:DescribeSubnets")
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

    fn spec(edit: serde_json::Value) -> SubnetSpec<Written> {
        let mut whole = json!({"vpc": {"$ref": "vpc.main", "output": "id"}, "cidr": "10.0.1.0/24", "zone": "af-south-1a"});
        whole.as_object_mut().unwrap().extend(edit.as_object().unwrap().clone());
        typed(&whole).unwrap()
    }

    #[test]
    fn each_field_has_its_verb() {
        let table = [
            (json!({"vpc": "vpc-1"}), Verb::Replace),
            (json!({"cidr": "10.0.2.0/24"}), Verb::Replace),
            (json!({"zone": "af-south-1b"}), Verb::Replace),
            (json!({"public_addresses": true}), Verb::Update),
            (json!({"tags": {"a": "b"}}), Verb::Update),
        ];
        for (edit, verb) in table {
            let diff = Subnet::diff(&spec(json!({})), &spec(edit.clone()));
            assert_eq!(diff.changes().iter().map(|c| c.verb.clone()).collect::<Vec<_>>(), [verb], "{edit}");
        }
    }

    #[test]
    fn an_overlapping_successor_waits_for_the_old_one_to_go() {
        let order = |edit| Subnet::replacement(&spec(json!({})), &spec(edit)).order;
        assert_eq!(order(json!({"cidr": "10.0.1.0/25"})), Order::DeleteFirst);
        assert_eq!(order(json!({"zone": "af-south-1b"})), Order::DeleteFirst);
        assert_eq!(order(json!({"cidr": "10.0.2.0/24"})), Order::CreateFirst);
    }

    #[test]
    fn a_reference_to_the_wrong_kind_is_told() {
        let problems =
            bbws_model::erase::<Subnet>().check(&json!({"vpc": {"$ref": "subnet.a", "output": "id"}, "cidr": "10.0.1.0/24", "zone": "a"}));
        assert_eq!(problems[0].message, "`id` of `subnet.a` does not fit here: `id` of a `vpc` is wanted");
    }
}

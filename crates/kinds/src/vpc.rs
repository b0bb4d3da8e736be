//! `vpc`: a network of one's own, with its default security group emptied.

use bbws_model::{
    Cidr, Diff, Durations, Facts, Finding, Id, Kind, Meters, Observed, OutputFact, Permissions, Reads, Recorded, Recovery, Replacement,
    SpecProblem, Stage, Tags,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::pace;

/// A network of one's own.
pub enum Vpc {}

/// What may be declared of a VPC.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VpcSpec {
    /// Its addresses, between /16 and /28.
    pub cidr: Cidr,
    /// Whether AWS's resolver answers in it. Private endpoints need it.
    #[serde(default = "yes")]
    pub dns_support: bool,
    /// Whether its machines get public DNS names. Needs `dns_support`.
    #[serde(default = "yes")]
    pub dns_hostnames: bool,
    /// Whether its default security group has no rules left. The group itself cannot be deleted.
    #[serde(default = "yes")]
    pub empty_default_group: bool,
    /// Its tags.
    #[serde(default)]
    pub tags: Tags,
}

/// What a VPC offers others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VpcOutputs {
    /// Its id.
    pub id: Id<Vpc>,
    /// Its addresses.
    pub cidr: Cidr,
    /// The id of its default security group; known once that can be read.
    pub default_security_group: Option<String>,
}

fn yes() -> bool {
    true
}

impl Kind for Vpc {
    const NAME: &'static str = "vpc";
    const FACTS: Facts = Facts {
        service: "ec2",
        id_prefix: "vpc-",
        holds_data: false,
        loses: None,
        backbone: true,
        carries: true,
        name: None,
        soft_on: &[],
        recovery: Recovery::TagOnly,
        durations: Durations::secs(4, 3, 3, 10),
        pace: pace::EC2,
    };
    const PERMISSIONS: Permissions = Permissions {
        observe: &["ec2:DescribeVpcs", "ec2:DescribeVpcAttribute", "ec2:DescribeSecurityGroups"],
        create: &["ec2:CreateVpc", "ec2:CreateTags"],
        update: &[
            "ec2:ModifyVpcAttribute",
            "ec2:RevokeSecurityGroupIngress",
            "ec2:RevokeSecurityGroupEgress",
            "ec2:CreateTags",
            "ec2:DeleteTags",
        ],
        delete: &[
            "ec2:DeleteVpc",
            "ec2:DescribeInternetGateways",
            "ec2:DescribeNetworkInterfaces",
            "elasticloadbalancing:DescribeLoadBalancers",
            "ec2:DescribeRouteTables",
            "ec2:DescribeSubnets",
            "rds:DescribeDBInstances",
        ],
    };
    const OUTPUTS: &'static [OutputFact] =
        &[OutputFact::created("id"), OutputFact::created("cidr"), OutputFact::ready("default_security_group")];
    type Spec<S: Stage> = VpcSpec;
    type Outputs = VpcOutputs;

    fn check(want: &VpcSpec) -> Vec<SpecProblem> {
        let VpcSpec { cidr, dns_support, dns_hostnames, empty_default_group: _, tags: _ } = want;
        let mut problems = vec![];
        if !(16..=28).contains(&cidr.prefix()) {
            problems.push(SpecProblem::new("cidr", format!("`{cidr}` is a /{}: a VPC is between /16 and /28", cidr.prefix())));
        }
        if *dns_hostnames && !dns_support {
            problems.push(SpecProblem::new("dns_hostnames", "DNS host names need `dns_support = true`"));
        }
        problems
    }

    fn diff(have: &VpcSpec, want: &VpcSpec) -> Diff {
        let VpcSpec { cidr, dns_support, dns_hostnames, empty_default_group, tags } = want;
        Diff::new()
            .replace("cidr", &have.cidr, cidr)
            .update("dns_support", &have.dns_support, dns_support)
            .update("dns_hostnames", &have.dns_hostnames, dns_hostnames)
            // A group that somebody gave rules is emptied; one that is empty is left so.
            .accepts(
                "empty_default_group",
                have.empty_default_group || !empty_default_group,
                &have.empty_default_group,
                empty_default_group,
            )
            .update("tags", &have.tags, tags)
    }

    fn replacement(_: &VpcSpec, _: &VpcSpec) -> Replacement {
        Replacement::CREATE_FIRST
    }

    fn meters(_: &VpcSpec) -> Meters {
        Meters::free()
    }

    /// The list lacks the two flags, which are asked for one at a time, and the default group, which the list of all groups shows.
    fn reads(of: &[Recorded<Self>]) -> Reads {
        let ids = || of.iter().map(|it| it.id.as_str());
        let flags = ids().flat_map(|id| ["enableDnsSupport", "enableDnsHostnames"].map(|flag| format!("{id} {flag}")));
        Reads::none().shared("ec2:DescribeVpcs").each("ec2:DescribeVpcAttribute", flags).each("ec2:DescribeSecurityGroups", ids())
    }

    fn health(_: &Observed<Self>) -> Vec<Finding> {
        vec![]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bbws_model::{Verb, typed};
    use serde_json::json;

    fn spec(edit: serde_json::Value) -> VpcSpec {
        let mut whole = json!({"cidr": "10.0.0.0/16"});
        whole.as_object_mut().unwrap().extend(edit.as_object().unwrap().clone());
        typed(&whole).unwrap()
    }

    #[test]
    fn each_field_has_its_verb() {
        let table = [
            (json!({"cidr": "10.1.0.0/16"}), Some(Verb::Replace)),
            (json!({"dns_support": false}), Some(Verb::Update)),
            (json!({"dns_hostnames": false}), Some(Verb::Update)),
            (json!({"empty_default_group": false}), None),
            (json!({"tags": {"a": "b"}}), Some(Verb::Update)),
        ];
        for (edit, verb) in table {
            let diff = Vpc::diff(&spec(json!({})), &spec(edit.clone()));
            assert_eq!(diff.changes().first().map(|c| c.verb.clone()), verb, "{edit}");
        }
        let filled = Vpc::diff(&spec(json!({"empty_default_group": false})), &spec(json!({})));
        assert_eq!(filled.changes()[0].verb, Verb::Update, "rules that somebody added to the default group are taken out");
    }

    #[test]
    fn what_is_wrong_by_itself_is_told() {
        let fields = |edit| Vpc::check(&spec(edit)).into_iter().map(|p| p.field).collect::<Vec<_>>();
        assert_eq!(fields(json!({"cidr": "10.0.0.0/8"})), ["cidr"]);
        assert_eq!(fields(json!({"dns_support": false})), ["dns_hostnames"]);
        assert!(fields(json!({})).is_empty());
    }
}

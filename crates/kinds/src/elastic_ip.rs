//! `elastic-ip`: a public IPv4 address of one's own.

use bbws_model::{
    Diff, Durations, Facts, Finding, Id, Kind, Meters, Observed, OutputFact, Permissions, Reads, Recorded, Recovery, Replacement,
    SpecProblem, Stage, Tags, Unit,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::pace;

/// A public IPv4 address of one's own, out of Amazon's pool.
pub enum ElasticIp {}

/// What may be declared of an Elastic IP. Which address it is, AWS says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ElasticIpSpec {
    /// Its tags.
    #[serde(default)]
    pub tags: Tags,
}

/// What an Elastic IP offers others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ElasticIpOutputs {
    /// The id of its allocation.
    pub id: Id<ElasticIp>,
    /// The address itself.
    pub public_ip: String,
}

impl Kind for ElasticIp {
    const NAME: &'static str = "elastic-ip";
    /// AWS takes no token for an allocation, and five is all a region has by default: a lost answer is drained fully.
    const FACTS: Facts = Facts {
        service: "ec2",
        id_prefix: "eipalloc-",
        holds_data: false,
        loses: None,
        backbone: false,
        carries: false,
        name: None,
        soft_on: &[],
        recovery: Recovery::TagOnly,
        durations: Durations::secs(3, 2, 3, 15),
        pace: pace::EC2,
    };
    const PERMISSIONS: Permissions = Permissions {
        observe: &["ec2:DescribeAddresses"],
        create: &["ec2:AllocateAddress", "ec2:CreateTags"],
        update: &["ec2:CreateTags", "ec2:DeleteTags"],
        delete: &["ec2:ReleaseAddress"],
    };
    const OUTPUTS: &'static [OutputFact] = &[OutputFact::created("id"), OutputFact::created("public_ip")];
    type Spec<S: Stage> = ElasticIpSpec;
    type Outputs = ElasticIpOutputs;

    fn check(want: &ElasticIpSpec) -> Vec<SpecProblem> {
        let ElasticIpSpec { tags: _ } = want;
        vec![]
    }

    fn diff(have: &ElasticIpSpec, want: &ElasticIpSpec) -> Diff {
        let ElasticIpSpec { tags } = want;
        Diff::new().update("tags", &have.tags, tags)
    }

    fn replacement(_: &ElasticIpSpec, _: &ElasticIpSpec) -> Replacement {
        Replacement::CREATE_FIRST
    }

    /// Every public IPv4 address is billed, used or not.
    fn meters(_: &ElasticIpSpec) -> Meters {
        Meters::free().and("public-ipv4.hour", 730.0, Unit::Hours)
    }

    /// One list by our tag.
    fn reads(_: &[Recorded<Self>]) -> Reads {
        Reads::none().shared("ec2:DescribeAddresses")
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

    #[test]
    fn only_its_tags_can_differ() {
        let have: ElasticIpSpec = typed(&json!({})).unwrap();
        let want: ElasticIpSpec = typed(&json!({"tags": {"a": "b"}})).unwrap();
        assert_eq!(ElasticIp::diff(&have, &want).changes()[0].verb, Verb::Update);
        assert!(ElasticIp::diff(&want, &want).is_empty());
        assert!(typed::<ElasticIpSpec>(&json!({"public_ip": "198.51.100.7"})).is_err(), "which address it is cannot be wished for");
    }

    #[test]
    fn an_address_is_billed_by_the_hour() {
        let want: ElasticIpSpec = typed(&json!({})).unwrap();
        assert_eq!(ElasticIp::meters(&want), Meters::free().and("public-ipv4.hour", 730.0, Unit::Hours));
    }
}

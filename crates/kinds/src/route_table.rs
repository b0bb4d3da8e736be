//! `route-table`: where a VPC's subnets send their traffic; its routes and associations are kinds of their own.

use bbws_model::{
    Diff, Durations, Facts, Finding, Id, Kind, Meters, Observed, OutputFact, Permissions, Reads, Recorded, Recovery, Replacement,
    SpecProblem, Stage, Tags, Written,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Vpc, pace};

/// A table of routes. The `local` route and those of gateway endpoints stand in it by themselves.
pub enum RouteTable {}

/// What may be declared of a route table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "", deny_unknown_fields)]
#[schemars(bound = "")]
pub struct RouteTableSpec<S: Stage> {
    /// The VPC it is of.
    pub vpc: S::Ref<Id<Vpc>>,
    /// Its tags.
    #[serde(default)]
    pub tags: Tags,
}

/// What a route table offers others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RouteTableOutputs {
    /// Its id.
    pub id: Id<RouteTable>,
}

impl Kind for RouteTable {
    const NAME: &'static str = "route-table";
    const FACTS: Facts = Facts {
        service: "ec2",
        id_prefix: "rtb-",
        holds_data: false,
        loses: None,
        backbone: false,
        carries: false,
        name: None,
        soft_on: &[],
        recovery: Recovery::Token,
        durations: Durations::secs(2, 2, 2, 5),
        pace: pace::EC2,
    };
    const PERMISSIONS: Permissions = Permissions {
        observe: &["ec2:DescribeRouteTables"],
        create: &["ec2:CreateRouteTable", "ec2:CreateTags"],
        update: &["ec2:CreateTags", "ec2:DeleteTags"],
        delete: &["ec2:DeleteRouteTable"],
    };
    const OUTPUTS: &'static [OutputFact] = &[OutputFact::created("id")];
    type Spec<S: Stage> = RouteTableSpec<S>;
    type Outputs = RouteTableOutputs;

    fn check(want: &RouteTableSpec<Written>) -> Vec<SpecProblem> {
        let RouteTableSpec { vpc: _, tags: _ } = want;
        vec![]
    }

    fn diff(have: &RouteTableSpec<Written>, want: &RouteTableSpec<Written>) -> Diff {
        let RouteTableSpec { vpc, tags } = want;
        Diff::new().replace("vpc", &have.vpc, vpc).update("tags", &have.tags, tags)
    }

    fn replacement(_: &RouteTableSpec<Written>, _: &RouteTableSpec<Written>) -> Replacement {
        Replacement::CREATE_FIRST
    }

    fn meters(_: &RouteTableSpec<Written>) -> Meters {
        Meters::free()
    }

    /// One list of our tables, with all that stands in them, serves three kinds.
    fn reads(_: &[Recorded<Self>]) -> Reads {
        Reads::none().shared("ec2:DescribeRouteTables")
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
    fn each_field_has_its_verb() {
        let spec = |document| typed::<RouteTableSpec<Written>>(&document).unwrap();
        let have = spec(json!({"vpc": "vpc-1"}));
        let table = [(json!({"vpc": "vpc-2"}), Verb::Replace), (json!({"vpc": "vpc-1", "tags": {"a": "b"}}), Verb::Update)];
        for (want, verb) in table {
            let diff = RouteTable::diff(&have, &spec(want.clone()));
            assert_eq!(diff.changes().iter().map(|c| c.verb.clone()).collect::<Vec<_>>(), [verb], "{want}");
        }
    }
}

//! `route-table-association`: which route table a subnet follows.

use bbws_model::{
    Diff, Durations, Facts, Finding, Id, Kind, Meters, Observed, OutputFact, Permissions, Reads, Recorded, Recovery, Replacement, RiskKind,
    SpecProblem, Stage, Written,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{RouteTable, Subnet, pace};

/// Which route table a subnet follows; without one it follows the VPC's main table.
///
/// A subnet has at most one. When its table changes, AWS answers with a new association id, so that id cannot stand
/// for the resource: the subnet's id does, and the association's is an output. It has no tags: whose the table is, the
/// association is.
pub enum RouteTableAssociation {}

/// What may be declared of an association.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "", deny_unknown_fields)]
#[schemars(bound = "")]
pub struct RouteTableAssociationSpec<S: Stage> {
    /// The subnet.
    pub subnet: S::Ref<Id<Subnet>>,
    /// The table that it follows.
    pub table: S::Ref<Id<RouteTable>>,
}

/// What an association offers others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RouteTableAssociationOutputs {
    /// What AWS calls it now, `rtbassoc-…`; another one after each change of its table.
    pub association: String,
}

impl Kind for RouteTableAssociation {
    const NAME: &'static str = "route-table-association";
    const FACTS: Facts = Facts {
        service: "ec2",
        id_prefix: "subnet-",
        holds_data: false,
        loses: None,
        backbone: false,
        carries: false,
        name: None,
        soft_on: &[],
        recovery: Recovery::NaturalKey,
        durations: Durations::secs(2, 2, 2, 5),
        pace: pace::EC2,
    };
    const PERMISSIONS: Permissions = Permissions {
        observe: &["ec2:DescribeRouteTables"],
        create: &["ec2:AssociateRouteTable"],
        update: &["ec2:ReplaceRouteTableAssociation"],
        delete: &["ec2:DisassociateRouteTable"],
    };
    const OUTPUTS: &'static [OutputFact] = &[OutputFact::created("association")];
    type Spec<S: Stage> = RouteTableAssociationSpec<S>;
    type Outputs = RouteTableAssociationOutputs;

    fn check(want: &RouteTableAssociationSpec<Written>) -> Vec<SpecProblem> {
        let RouteTableAssociationSpec { subnet: _, table: _ } = want;
        vec![]
    }

    fn diff(have: &RouteTableAssociationSpec<Written>, want: &RouteTableAssociationSpec<Written>) -> Diff {
        let RouteTableAssociationSpec { subnet, table } = want;
        Diff::new()
            .replace("subnet", &have.subnet, subnet)
            .update("table", &have.table, table)
            .risks(RiskKind::Security, "the subnet's traffic takes other routes; it may become open to the internet, or closed")
    }

    /// A subnet has one at a time.
    fn replacement(have: &RouteTableAssociationSpec<Written>, want: &RouteTableAssociationSpec<Written>) -> Replacement {
        if have.subnet == want.subnet { Replacement::DELETE_FIRST } else { Replacement::CREATE_FIRST }
    }

    fn meters(_: &RouteTableAssociationSpec<Written>) -> Meters {
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
    use bbws_model::{Order, Verb, typed};
    use serde_json::json;

    fn spec(subnet: &str, table: &str) -> RouteTableAssociationSpec<Written> {
        typed(&json!({"subnet": subnet, "table": table})).unwrap()
    }

    #[test]
    fn each_field_has_its_verb() {
        let have = spec("subnet-1", "rtb-1");
        for (want, verb) in [(spec("subnet-2", "rtb-1"), Verb::Replace), (spec("subnet-1", "rtb-2"), Verb::Update)] {
            let diff = RouteTableAssociation::diff(&have, &want);
            assert_eq!(diff.changes().iter().map(|c| c.verb.clone()).collect::<Vec<_>>(), [verb]);
        }
    }

    #[test]
    fn a_subnet_follows_one_table_at_a_time() {
        let have = spec("subnet-1", "rtb-1");
        assert_eq!(RouteTableAssociation::replacement(&have, &have).order, Order::DeleteFirst);
        assert_eq!(RouteTableAssociation::replacement(&have, &spec("subnet-2", "rtb-1")).order, Order::CreateFirst);
    }
}

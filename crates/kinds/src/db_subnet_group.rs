//! `db-subnet-group`: the subnets that a database may stand in.

use std::collections::BTreeSet;

use bbws_model::{
    Arn, Diff, Durations, Facts, Finding, Id, Kind, Meters, Name, NameRule, Observed, OutputFact, Permissions, Reads, Recorded, Recovery,
    Replacement, SpecProblem, Stage, Tags, Written,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Subnet, Vpc, pace};

/// The subnets that a database may stand in. AWS wants two zones at least, even for a database in one.
pub enum DbSubnetGroup {}

/// What may be declared of a DB subnet group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "", deny_unknown_fields)]
#[schemars(bound = "")]
pub struct DbSubnetGroupSpec<S: Stage> {
    /// Its name, up to 255 of `a-z0-9 ._-`, a letter first; unique in the region. RDS keeps names in lower case.
    pub name: String,
    /// What it is for. RDS wants one.
    #[serde(default = "managed")]
    pub description: String,
    /// The VPC of its subnets. AWS takes it from them; declared, a VPC that is replaced is seen to replace this too.
    #[serde(default)]
    pub vpc: Option<S::Ref<Id<Vpc>>>,
    /// Its subnets, in two zones at least: private ones.
    pub subnets: BTreeSet<S::Ref<Id<Subnet>>>,
    /// Its tags.
    #[serde(default)]
    pub tags: Tags,
}

/// What a DB subnet group offers others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DbSubnetGroupOutputs {
    /// Its name.
    pub name: Name<DbSubnetGroup>,
    /// Its ARN.
    pub arn: Arn<DbSubnetGroup>,
}

pub(crate) fn managed() -> String {
    "Managed by bbws".into()
}

impl Kind for DbSubnetGroup {
    const NAME: &'static str = "db-subnet-group";
    const FACTS: Facts = Facts {
        service: "rds",
        id_prefix: "",
        holds_data: false,
        loses: None,
        backbone: false,
        carries: false,
        name: Some(NameRule { field: "name", max: 255 }),
        soft_on: &[],
        recovery: Recovery::NaturalKey,
        durations: Durations::secs(3, 3, 3, 10),
        pace: pace::RDS,
    };
    const PERMISSIONS: Permissions = Permissions {
        observe: &["rds:DescribeDBSubnetGroups", "rds:ListTagsForResource"],
        create: &["rds:CreateDBSubnetGroup", "rds:AddTagsToResource", "iam:CreateServiceLinkedRole"],
        update: &["rds:ModifyDBSubnetGroup", "rds:AddTagsToResource", "rds:RemoveTagsFromResource"],
        delete: &["rds:DeleteDBSubnetGroup"],
    };
    const OUTPUTS: &'static [OutputFact] = &[OutputFact::ready("name"), OutputFact::created("arn")];
    type Spec<S: Stage> = DbSubnetGroupSpec<S>;
    type Outputs = DbSubnetGroupOutputs;

    fn check(want: &DbSubnetGroupSpec<Written>) -> Vec<SpecProblem> {
        let DbSubnetGroupSpec { name, description, vpc: _, subnets, tags: _ } = want;
        let mut problems = vec![];
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || " ._-".contains(c);
        let fits = name.len() <= 255 && name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(allowed);
        if !fits || name == "default" {
            let told = format!("`{name}` is no DB subnet group's name: 1 to 255 of a-z 0-9 . _ - and space, a letter first, not `default`");
            problems.push(SpecProblem::new("name", told));
        }
        if description.is_empty() || description.len() > 255 {
            problems.push(SpecProblem::new("description", "RDS wants a description of 1 to 255 characters"));
        }
        if !(2..=20).contains(&subnets.len()) {
            let told = format!("RDS wants 2 to 20 subnets in two zones at least, not {}, even for a database in one zone", subnets.len());
            problems.push(SpecProblem::new("subnets", told));
        }
        problems
    }

    fn diff(have: &DbSubnetGroupSpec<Written>, want: &DbSubnetGroupSpec<Written>) -> Diff {
        let DbSubnetGroupSpec { name, description, vpc, subnets, tags } = want;
        Diff::new()
            .replace("name", &have.name, name)
            .update("description", &have.description, description)
            .replace_if_declared("vpc", &have.vpc, vpc)
            .update("subnets", &have.subnets, subnets)
            .update("tags", &have.tags, tags)
    }

    /// Two groups of a region never share a name.
    fn replacement(have: &DbSubnetGroupSpec<Written>, want: &DbSubnetGroupSpec<Written>) -> Replacement {
        if have.name == want.name { Replacement::FRESH_NAME } else { Replacement::CREATE_FIRST }
    }

    fn meters(_: &DbSubnetGroupSpec<Written>) -> Meters {
        Meters::free()
    }

    /// The list lacks the tags, which RDS tells one group at a time.
    fn reads(of: &[Recorded<Self>]) -> Reads {
        let arns = of.iter().map(|it| format!("subgrp:{}", it.id));
        Reads::none().shared("rds:DescribeDBSubnetGroups").each("rds:ListTagsForResource", arns)
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

    fn spec(edit: serde_json::Value) -> DbSubnetGroupSpec<Written> {
        let mut whole = json!({"name": "dev-db", "vpc": "vpc-1", "subnets": ["subnet-1", "subnet-2"]});
        whole.as_object_mut().unwrap().extend(edit.as_object().unwrap().clone());
        typed(&whole).unwrap()
    }

    #[test]
    fn each_field_has_its_verb() {
        let table = [
            (json!({"name": "other"}), Verb::Replace),
            (json!({"description": "d"}), Verb::Update),
            (json!({"vpc": "vpc-2"}), Verb::Replace),
            (json!({"subnets": ["subnet-1", "subnet-3"]}), Verb::Update),
            (json!({"tags": {"a": "b"}}), Verb::Update),
        ];
        for (edit, verb) in table {
            let diff = DbSubnetGroup::diff(&spec(json!({})), &spec(edit.clone()));
            assert_eq!(diff.changes().iter().map(|c| c.verb.clone()).collect::<Vec<_>>(), [verb], "{edit}");
        }
        let other_order = json!({"subnets": ["subnet-2", "subnet-1"], "vpc": null});
        assert!(DbSubnetGroup::diff(&spec(json!({})), &spec(other_order)).is_empty());
    }

    #[test]
    fn a_new_one_of_the_same_name_needs_a_fresh_one() {
        let fresh = |edit| DbSubnetGroup::replacement(&spec(json!({})), &spec(edit)).fresh_name;
        assert!(fresh(json!({"vpc": "vpc-2"})));
        assert!(!fresh(json!({"name": "other"})));
    }

    #[test]
    fn what_rds_would_refuse_is_told() {
        let fields = |edit| DbSubnetGroup::check(&spec(edit)).into_iter().map(|p| p.field).collect::<Vec<_>>();
        for name in ["", "default", "Dev-db", "1db", "a/b"] {
            assert_eq!(fields(json!({"name": name})), ["name"], "{name}");
        }
        assert_eq!(fields(json!({"description": ""})), ["description"]);
        assert_eq!(fields(json!({"subnets": ["subnet-1"]})), ["subnets"]);
        assert!(fields(json!({})).is_empty());
    }
}

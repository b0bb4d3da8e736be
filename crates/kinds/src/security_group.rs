//! `security-group`: a named set of rules that machines are put under; its rules are a kind of their own.

use bbws_model::{
    Arn, Diff, Durations, Facts, Finding, Id, Kind, Meters, Name, NameRule, Observed, OutputFact, Permissions, Reads, Recorded, Recovery,
    Replacement, RiskKind, Severity, SpecProblem, Stage, Tags, Written,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Vpc, pace};

/// A named set of rules. Rules that others put into it are not bbws's.
pub enum SecurityGroup {}

/// What may be declared of a security group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "", deny_unknown_fields)]
#[schemars(bound = "")]
pub struct SecurityGroupSpec<S: Stage> {
    /// The VPC it is of.
    pub vpc: S::Ref<Id<Vpc>>,
    /// Its name, up to 255 of `a-zA-Z0-9`, space and `._-:/()#,@[]+=&;{}!$*`; unique in the VPC, in upper or lower case.
    pub name: String,
    /// What it is for; AWS shows it, and never changes it.
    pub description: String,
    /// Whether the rule that lets everything out is gone. AWS puts it into every new group.
    #[serde(default = "yes")]
    pub no_default_egress: bool,
    /// Its tags.
    #[serde(default)]
    pub tags: Tags,
}

/// What a security group offers others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SecurityGroupOutputs {
    /// Its id.
    pub id: Id<SecurityGroup>,
    /// Its ARN.
    pub arn: Arn<SecurityGroup>,
    /// Its name.
    pub name: Name<SecurityGroup>,
}

fn yes() -> bool {
    true
}

/// Whether EC2 takes a text as a group's name or a description.
pub(crate) fn is_group_text(text: &str) -> bool {
    text.len() <= 255 && text.chars().all(|c| c.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(c))
}

impl Kind for SecurityGroup {
    const NAME: &'static str = "security-group";
    const FACTS: Facts = Facts {
        service: "ec2",
        id_prefix: "sg-",
        holds_data: false,
        loses: None,
        backbone: false,
        carries: true,
        name: Some(NameRule { field: "name", max: 255 }),
        soft_on: &[],
        recovery: Recovery::NaturalKey,
        // It goes only when the last network interface under it has gone.
        durations: Durations::secs(4, 2, 5, 30),
        pace: pace::EC2,
    };
    const PERMISSIONS: Permissions = Permissions {
        observe: &["ec2:DescribeSecurityGroups", "ec2:DescribeSecurityGroupRules"],
        create: &["ec2:CreateSecurityGroup", "ec2:CreateTags"],
        update: &["ec2:RevokeSecurityGroupEgress", "ec2:CreateTags", "ec2:DeleteTags"],
        delete: &[
            "ec2:DeleteSecurityGroup",
            "ec2:DescribeNetworkInterfaces",
            "elasticloadbalancing:DescribeLoadBalancers",
            "rds:DescribeDBInstances",
        ],
    };
    const OUTPUTS: &'static [OutputFact] = &[
        // Ready, not created: nobody is put under a group that still lets everything out.
        OutputFact::ready("id"),
        OutputFact::created("arn"),
        OutputFact::created("name"),
    ];
    type Spec<S: Stage> = SecurityGroupSpec<S>;
    type Outputs = SecurityGroupOutputs;

    fn check(want: &SecurityGroupSpec<Written>) -> Vec<SpecProblem> {
        let SecurityGroupSpec { vpc: _, name, description, no_default_egress: _, tags: _ } = want;
        let mut problems = vec![];
        if name.trim() != name || name.is_empty() || !is_group_text(name) {
            problems.push(SpecProblem::new(
                "name",
                format!("`{name}` is no group's name: 1 to 255 of a-z A-Z 0-9, space and ._-:/()#,@[]+=&;{{}}!$*, no space at its ends"),
            ));
        } else if name.to_lowercase().starts_with("sg-") || name.eq_ignore_ascii_case("default") {
            problems.push(SpecProblem::new("name", format!("`{name}` is AWS's: a name is not `default`, and does not begin with `sg-`")));
        }
        if description.is_empty() || !is_group_text(description) {
            let told =
                "EC2 does not take this description: say what the group is for in 1 to 255 of a-z A-Z 0-9, space and ._-:/()#,@[]+=&;{}!$*";
            problems.push(SpecProblem::new("description", told));
        }
        problems
    }

    fn diff(have: &SecurityGroupSpec<Written>, want: &SecurityGroupSpec<Written>) -> Diff {
        let SecurityGroupSpec { vpc, name, description, no_default_egress, tags } = want;
        const MOVES: &str = "all that is under the group moves to the new one, and its rules are made anew";
        Diff::new()
            .replace("vpc", &have.vpc, vpc)
            .risks(RiskKind::Security, MOVES)
            .replace("name", &have.name, name)
            .risks(RiskKind::Security, MOVES)
            .replace("description", &have.description, description)
            .risks(RiskKind::Security, MOVES)
            // A rule that is gone already is not put back.
            .accepts("no_default_egress", have.no_default_egress || !no_default_egress, &have.no_default_egress, no_default_egress)
            .risks(RiskKind::Security, "what no rule of its own lets out is stopped")
            .update("tags", &have.tags, tags)
    }

    /// Two groups of a VPC never share a name.
    fn replacement(have: &SecurityGroupSpec<Written>, want: &SecurityGroupSpec<Written>) -> Replacement {
        let same = have.vpc == want.vpc && have.name.eq_ignore_ascii_case(&want.name);
        if same { Replacement::FRESH_NAME } else { Replacement::CREATE_FIRST }
    }

    fn meters(_: &SecurityGroupSpec<Written>) -> Meters {
        Meters::free()
    }

    /// One list of groups for each VPC. Only rules, and no group, show whose a rule is that lets everything out.
    fn reads(of: &[Recorded<Self>]) -> Reads {
        let suspects = of.iter().filter(|it| !it.spec.no_default_egress).map(|it| it.id.as_str());
        Reads::none().each("ec2:DescribeSecurityGroups", of.iter().map(|it| it.spec.vpc.as_str())).batched(
            "ec2:DescribeSecurityGroupRules",
            190,
            suspects,
        )
    }

    fn health(seen: &Observed<Self>) -> Vec<Finding> {
        if seen.spec.no_default_egress {
            return vec![];
        }
        let told = format!("the security group {} lets everything out", seen.spec.name);
        let advice = "take `no_default_egress = false` out of the file, or run `bbws apply` if it is not there";
        vec![Finding::new(Severity::Warning, told).seen("the rule that AWS puts into every new group is still there").advise(advice)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bbws_model::{Phase, Ready, Verb, typed};
    use serde_json::{Value, json};

    fn document(edit: Value) -> Value {
        let mut whole = json!({"vpc": "vpc-1", "name": "dev-ecs", "description": "the tasks"});
        whole.as_object_mut().unwrap().extend(edit.as_object().unwrap().clone());
        whole
    }

    fn spec(edit: Value) -> SecurityGroupSpec<Written> {
        typed(&document(edit)).unwrap()
    }

    #[test]
    fn each_field_has_its_verb() {
        let table = [
            (json!({"vpc": "vpc-2"}), vec![Verb::Replace]),
            (json!({"name": "other"}), vec![Verb::Replace]),
            (json!({"description": "other"}), vec![Verb::Replace]),
            (json!({"no_default_egress": false}), vec![]),
            (json!({"tags": {"a": "b"}}), vec![Verb::Update]),
        ];
        for (edit, verbs) in table {
            let diff = SecurityGroup::diff(&spec(json!({})), &spec(edit.clone()));
            assert_eq!(diff.changes().iter().map(|c| c.verb.clone()).collect::<Vec<_>>(), verbs, "{edit}");
        }
        let fresh = SecurityGroup::diff(&spec(json!({"no_default_egress": false})), &spec(json!({})));
        assert_eq!(fresh.changes()[0].verb, Verb::Update, "AWS's own rule is taken out");
    }

    #[test]
    fn a_successor_in_the_same_vpc_needs_another_name() {
        let fresh = |edit| SecurityGroup::replacement(&spec(json!({})), &spec(edit)).fresh_name;
        assert!(fresh(json!({"description": "other"})));
        assert!(fresh(json!({"name": "DEV-ECS"})), "upper and lower case are one name");
        assert!(!fresh(json!({"name": "other"})));
        assert!(!fresh(json!({"vpc": {"$ref": "vpc.main", "output": "id"}})), "another VPC has its own names");
    }

    #[test]
    fn what_ec2_would_refuse_is_told() {
        let fields = |edit| SecurityGroup::check(&spec(edit)).into_iter().map(|p| p.field).collect::<Vec<_>>();
        for name in ["", "sg-web", "default", "Default", " web", "wéb", "a|b"] {
            assert_eq!(fields(json!({"name": name})), ["name"], "{name}");
        }
        assert_eq!(fields(json!({"name": "x".repeat(256)})), ["name"]);
        assert_eq!(fields(json!({"description": ""})), ["description"]);
        assert_eq!(fields(json!({"description": "what's this?"})), ["description"]);
        assert!(fields(json!({"name": "dev_alb (public) #1"})).is_empty());
    }

    #[test]
    fn a_group_that_lets_everything_out_is_found() {
        let seen = |gone: bool| Observed::<SecurityGroup> {
            id: "sg-1".into(),
            spec: typed::<SecurityGroupSpec<Ready>>(&document(json!({"no_default_egress": gone}))).unwrap(),
            outputs: SecurityGroupOutputs { id: Id::new("sg-1"), arn: Arn::new("arn:x"), name: Name::new("dev-ecs") },
            phase: Phase::Ready,
            owner: None,
        };
        assert!(SecurityGroup::health(&seen(true)).is_empty());
        assert_eq!(SecurityGroup::health(&seen(false))[0].severity, Severity::Warning);
    }
}

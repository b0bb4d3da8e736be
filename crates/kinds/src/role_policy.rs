//! `role-policy`: an inline policy of a role.

use bbws_model::{
    Diff, Durations, Facts, Finding, Kind, Meters, Name, Observed, OutputFact, Permissions, PolicyDocument, Reads, Recorded, Recovery,
    Replacement, RiskKind, SpecProblem, Stage, Written,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::role::is_iam_name;
use crate::{Role, pace};

/// An inline policy of a role. It has no tags: whose the role is, the policy is.
pub enum RolePolicy {}

/// What may be declared of an inline policy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "", deny_unknown_fields)]
#[schemars(bound = "")]
pub struct RolePolicySpec<S: Stage> {
    /// The role it is part of.
    pub role: S::Ref<Name<Role>>,
    /// Its name within the role, up to 128 of `a-zA-Z0-9+=,.@_-`.
    pub name: String,
    /// What it allows. AWS takes 10,240 characters for all inline policies of a role together, white space aside.
    pub document: PolicyDocument,
}

/// What an inline policy offers others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RolePolicyOutputs {
    /// Its name.
    pub name: Name<RolePolicy>,
}

impl Kind for RolePolicy {
    const NAME: &'static str = "role-policy";
    const FACTS: Facts = Facts {
        service: "iam",
        id_prefix: "",
        holds_data: false,
        loses: None,
        backbone: false,
        carries: false,
        name: None,
        soft_on: &["bucket", "ecs-cluster", "file-system", "log-group", "secret"],
        recovery: Recovery::Idempotent,
        durations: Durations::secs(2, 2, 2, 5),
        pace: pace::IAM,
    };
    const PERMISSIONS: Permissions = Permissions {
        observe: &["iam:GetRole", "iam:GetRolePolicy"],
        create: &["iam:PutRolePolicy"],
        update: &["iam:PutRolePolicy"],
        delete: &["iam:DeleteRolePolicy"],
    };
    const OUTPUTS: &'static [OutputFact] = &[OutputFact::created("name")];
    type Spec<S: Stage> = RolePolicySpec<S>;
    type Outputs = RolePolicyOutputs;

    fn check(want: &RolePolicySpec<Written>) -> Vec<SpecProblem> {
        let RolePolicySpec { role: _, name, document } = want;
        let mut problems = vec![];
        if !is_iam_name(name, 128) {
            problems.push(SpecProblem::new("name", format!("`{name}` is no policy's name: 1 to 128 of a-z A-Z 0-9 + = , . @ _ -")));
        }
        if document.value().get("Statement").is_none() {
            problems.push(SpecProblem::new("document", "a policy has a `Statement` that says what it allows"));
        }
        let length = document.to_text().chars().filter(|c| !c.is_whitespace()).count();
        if length > 10_240 {
            problems.push(SpecProblem::new("document", format!("{length} characters: AWS takes 10240 for all inline policies of a role")));
        }
        problems
    }

    fn diff(have: &RolePolicySpec<Written>, want: &RolePolicySpec<Written>) -> Diff {
        let RolePolicySpec { role, name, document } = want;
        Diff::new()
            .replace("role", &have.role, role)
            .replace("name", &have.name, name)
            .update("document", &have.document, document)
            .risks(RiskKind::Iam, "it changes what the role may do; sessions that run see it within a minute")
    }

    /// Two policies of one role never share a name: the new one would be the old one.
    fn replacement(have: &RolePolicySpec<Written>, want: &RolePolicySpec<Written>) -> Replacement {
        if (&have.role, &have.name) == (&want.role, &want.name) { Replacement::DELETE_FIRST } else { Replacement::CREATE_FIRST }
    }

    fn meters(_: &RolePolicySpec<Written>) -> Meters {
        Meters::free()
    }

    /// IAM answers about one policy a call. The mark stands on the role.
    fn reads(of: &[Recorded<Self>]) -> Reads {
        Reads::none()
            .each("iam:GetRole", of.iter().map(|it| it.spec.role.as_str()))
            .each("iam:GetRolePolicy", of.iter().map(|it| it.id.as_str()))
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

    fn spec(edit: serde_json::Value) -> RolePolicySpec<Written> {
        let document = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": {"$ref": "log-group.ecs", "output": "arn"}}});
        let mut whole = json!({"role": {"$ref": "role.task", "output": "name"}, "name": "logs", "document": document});
        whole.as_object_mut().unwrap().extend(edit.as_object().unwrap().clone());
        typed(&whole).unwrap()
    }

    #[test]
    fn each_field_has_its_verb() {
        let table = [
            (json!({"role": "other"}), Verb::Replace),
            (json!({"name": "other"}), Verb::Replace),
            (json!({"document": {"Statement": []}}), Verb::Update),
        ];
        for (edit, verb) in table {
            let diff = RolePolicy::diff(&spec(json!({})), &spec(edit.clone()));
            assert_eq!(diff.changes().iter().map(|c| c.verb.clone()).collect::<Vec<_>>(), [verb], "{edit}");
        }
    }

    #[test]
    fn what_iam_would_refuse_is_told() {
        let fields = |edit| RolePolicy::check(&spec(edit)).into_iter().map(|p| p.field).collect::<Vec<_>>();
        assert_eq!(fields(json!({"name": ""})), ["name"]);
        assert_eq!(fields(json!({"document": {"Version": "2012-10-17"}})), ["document"]);
        assert_eq!(fields(json!({"document": {"Statement": {"Sid": "x".repeat(10_300)}}})), ["document"]);
        assert!(fields(json!({})).is_empty());
    }
}

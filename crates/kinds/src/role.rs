//! `role`: an IAM role with its trust policy. What it may do stands in `role-policy` and `role-policy-attachment`.

use bbws_model::{
    Arn, Diff, Durations, Facts, Finding, Kind, Meters, Name, NameRule, Observed, OutputFact, Permissions, PolicyDocument, Reads, Recorded,
    Recovery, Replacement, RiskKind, SpecProblem, Stage, Tags,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::pace;

/// An IAM role. AWS deletes one only when its policies are gone, so they are resources of their own that refer to it.
pub enum Role {}

/// What may be declared of a role.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleSpec {
    /// Its name, up to 64 of `a-zA-Z0-9+=,.@_-`; unique in the account whatever its case and path.
    pub name: String,
    /// Who may take the role, as a policy document.
    pub trust: PolicyDocument,
    /// The path in its ARN; begins and ends with `/`.
    #[serde(default = "root")]
    pub path: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// How long a session may last, in seconds: 3600 to 43200.
    #[serde(default = "hour")]
    pub max_session_seconds: u32,
    /// The ARN of the managed policy that bounds what it may ever do. None: nothing bounds it.
    #[serde(default)]
    pub permissions_boundary: Option<String>,
    /// Its tags.
    #[serde(default)]
    pub tags: Tags,
}

/// What a role offers others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RoleOutputs {
    /// Its ARN. Just after the create IAM may answer the role's unique id in its place; then it is not known yet.
    pub arn: Option<Arn<Role>>,
    /// Its name.
    pub name: Name<Role>,
}

fn root() -> String {
    "/".into()
}

fn hour() -> u32 {
    3600
}

/// Whether IAM takes this as the name of a role or an inline policy.
pub(crate) fn is_iam_name(name: &str, longest: usize) -> bool {
    !name.is_empty() && name.len() <= longest && name.chars().all(|c| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c))
}

/// Whether IAM takes this character in a description (its API reference: up to `ÿ`, without control characters).
fn is_described(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{a1}'..='\u{ff}')
}

impl Kind for Role {
    const NAME: &'static str = "role";
    const FACTS: Facts = Facts {
        service: "iam",
        id_prefix: "",
        holds_data: false,
        loses: None,
        backbone: false,
        carries: false,
        name: Some(NameRule { field: "name", max: 64 }),
        soft_on: &[],
        recovery: Recovery::NaturalKey,
        durations: Durations::secs(3, 2, 2, 5),
        pace: pace::IAM,
    };
    const PERMISSIONS: Permissions = Permissions {
        observe: &["iam:GetRole"],
        create: &["iam:CreateRole", "iam:TagRole"],
        update: &[
            "iam:UpdateAssumeRolePolicy",
            "iam:UpdateRole",
            "iam:PutRolePermissionsBoundary",
            "iam:DeleteRolePermissionsBoundary",
            "iam:TagRole",
            "iam:UntagRole",
        ],
        delete: &["iam:DeleteRole", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"],
    };
    const OUTPUTS: &'static [OutputFact] = &[OutputFact::ready("arn"), OutputFact::created("name")];
    type Spec<S: Stage> = RoleSpec;
    type Outputs = RoleOutputs;

    fn check(want: &RoleSpec) -> Vec<SpecProblem> {
        let RoleSpec { name, trust, path, description, max_session_seconds, permissions_boundary, tags: _ } = want;
        let mut problems = vec![];
        if !is_iam_name(name, 64) {
            problems.push(SpecProblem::new("name", format!("`{name}` is no role's name: 1 to 64 of a-z A-Z 0-9 + = , . @ _ -")));
        }
        if trust.value().get("Statement").is_none() {
            problems.push(SpecProblem::new("trust", "a trust policy has a `Statement` that says who may take the role"));
        }
        if !(path.starts_with('/') && path.ends_with('/') && path.len() <= 512) {
            problems.push(SpecProblem::new("path", format!("`{path}` is no path: it begins and ends with `/`, as in `/bbws/dev/`")));
        }
        if description.chars().count() > 1000 {
            problems.push(SpecProblem::new("description", "at most 1000 characters"));
        }
        if let Some(other) = description.chars().find(|c| !is_described(*c)) {
            problems
                .push(SpecProblem::new("description", format!("IAM does not take `{other}`: letters of Western Europe and ASCII only")));
        }
        if !(3600..=43_200).contains(max_session_seconds) {
            problems
                .push(SpecProblem::new("max_session_seconds", format!("a session lasts 3600 to 43200 seconds, not {max_session_seconds}")));
        }
        if permissions_boundary.as_ref().is_some_and(|arn| !arn.starts_with("arn:")) {
            problems.push(SpecProblem::new("permissions_boundary", "give the managed policy by its full ARN"));
        }
        problems
    }

    fn diff(have: &RoleSpec, want: &RoleSpec) -> Diff {
        let RoleSpec { name, trust, path, description, max_session_seconds, permissions_boundary, tags } = want;
        Diff::new()
            .replace("name", &have.name, name)
            .risks(RiskKind::Iam, "another role takes its place: policies elsewhere that name the old one no longer hold")
            .update("trust", &have.trust, trust)
            .risks(RiskKind::Iam, "it changes who may take the role")
            .replace("path", &have.path, path)
            .risks(RiskKind::Iam, "another role takes its place: policies elsewhere that name the old one no longer hold")
            .update("description", &have.description, description)
            .update("max_session_seconds", &have.max_session_seconds, max_session_seconds)
            .update("permissions_boundary", &have.permissions_boundary, permissions_boundary)
            .risks(RiskKind::Iam, "it changes what the role may do at most")
            .update("tags", &have.tags, tags)
    }

    /// Two roles of an account never share a name, whatever its case and path.
    fn replacement(have: &RoleSpec, want: &RoleSpec) -> Replacement {
        if have.name.eq_ignore_ascii_case(&want.name) { Replacement::FRESH_NAME } else { Replacement::CREATE_FIRST }
    }

    fn meters(_: &RoleSpec) -> Meters {
        Meters::free()
    }

    /// IAM answers about one role a call; its lists lack tags and boundaries.
    fn reads(of: &[Recorded<Self>]) -> Reads {
        Reads::none().each("iam:GetRole", of.iter().map(|it| it.id.as_str()))
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

    fn spec(edit: serde_json::Value) -> RoleSpec {
        let trust = json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ecs-tasks.amazonaws.com"}}});
        let mut whole = json!({"name": "dev-task", "trust": trust});
        whole.as_object_mut().unwrap().extend(edit.as_object().unwrap().clone());
        typed(&whole).unwrap()
    }

    #[test]
    fn each_field_has_its_verb() {
        let table = [
            (json!({"name": "other"}), Verb::Replace),
            (json!({"trust": {"Statement": []}}), Verb::Update),
            (json!({"path": "/bbws/"}), Verb::Replace),
            (json!({"description": "d"}), Verb::Update),
            (json!({"max_session_seconds": 7200}), Verb::Update),
            (json!({"permissions_boundary": "arn:aws:iam::1:policy/b"}), Verb::Update),
            (json!({"tags": {"a": "b"}}), Verb::Update),
        ];
        for (edit, verb) in table {
            let diff = Role::diff(&spec(json!({})), &spec(edit.clone()));
            assert_eq!(diff.changes().iter().map(|c| c.verb.clone()).collect::<Vec<_>>(), [verb], "{edit}");
        }
    }

    #[test]
    fn who_may_take_it_is_a_risk_and_its_description_is_none() {
        let risks = |edit| Role::diff(&spec(json!({})), &spec(edit)).changes()[0].risks.iter().map(|r| r.kind).collect::<Vec<_>>();
        assert_eq!(risks(json!({"trust": {"Statement": []}})), [RiskKind::Iam]);
        assert_eq!(risks(json!({"description": "d"})), []);
    }

    #[test]
    fn a_trust_policy_that_means_the_same_does_not_differ() {
        let same = json!({"trust": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["STS:AssumeRole"], "Principal": {"Service": ["ecs-tasks.amazonaws.com"]}}]}});
        assert!(Role::diff(&spec(json!({})), &spec(same)).is_empty());
    }

    #[test]
    fn a_name_that_differs_in_case_only_is_taken() {
        let fresh = |edit| Role::replacement(&spec(json!({})), &spec(edit)).fresh_name;
        assert!(fresh(json!({"path": "/p/"})) && fresh(json!({"name": "DEV-task"})));
        assert!(!fresh(json!({"name": "other"})));
    }

    #[test]
    fn what_iam_would_refuse_is_told() {
        let fields = |edit| Role::check(&spec(edit)).into_iter().map(|p| p.field).collect::<Vec<_>>();
        assert_eq!(fields(json!({"name": "a b"})), ["name"]);
        assert_eq!(fields(json!({"trust": {}})), ["trust"]);
        assert_eq!(fields(json!({"path": "bbws"})), ["path"]);
        assert_eq!(fields(json!({"description": "a \u{2014} b"})), ["description"]);
        assert_eq!(fields(json!({"max_session_seconds": 60})), ["max_session_seconds"]);
        assert_eq!(fields(json!({"permissions_boundary": "b"})), ["permissions_boundary"]);
        assert!(fields(json!({})).is_empty());
    }
}

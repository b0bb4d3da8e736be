//! `role-policy-attachment`: a managed policy on a role.

use bbws_model::{
    Diff, Durations, Facts, Finding, Kind, Meters, Name, Observed, OutputFact, Permissions, Reads, Recorded, Recovery, Replacement,
    RiskKind, SpecProblem, Stage, Text, Written,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Role, pace};

/// A managed policy on a role. It has no tags: whose the role is, the attachment is.
pub enum RolePolicyAttachment {}

/// What may be declared of an attachment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "", deny_unknown_fields)]
#[schemars(bound = "")]
pub struct RolePolicyAttachmentSpec<S: Stage> {
    /// The role that gets the policy.
    pub role: S::Ref<Name<Role>>,
    /// The managed policy's ARN: `arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy`.
    pub policy: S::Text,
}

/// What an attachment offers others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RolePolicyAttachmentOutputs {
    /// The ARN of the policy that is attached.
    pub policy: String,
}

impl Kind for RolePolicyAttachment {
    const NAME: &'static str = "role-policy-attachment";
    const FACTS: Facts = Facts {
        service: "iam",
        id_prefix: "",
        holds_data: false,
        loses: None,
        backbone: false,
        carries: false,
        name: None,
        soft_on: &[],
        recovery: Recovery::Idempotent,
        durations: Durations::secs(2, 2, 2, 5),
        pace: pace::IAM,
    };
    const PERMISSIONS: Permissions = Permissions {
        observe: &["iam:GetRole", "iam:ListAttachedRolePolicies"],
        create: &["iam:AttachRolePolicy"],
        update: &[],
        delete: &["iam:DetachRolePolicy"],
    };
    const OUTPUTS: &'static [OutputFact] = &[OutputFact::created("policy")];
    type Spec<S: Stage> = RolePolicyAttachmentSpec<S>;
    type Outputs = RolePolicyAttachmentOutputs;

    fn check(want: &RolePolicyAttachmentSpec<Written>) -> Vec<SpecProblem> {
        let RolePolicyAttachmentSpec { role: _, policy } = want;
        match policy {
            Text::Known(arn) if !arn.starts_with("arn:") || !arn.contains(":policy/") => vec![SpecProblem::new(
                "policy",
                format!("`{arn}` is no policy's ARN: `arn:aws:iam::aws:policy/…` for AWS's own, `arn:aws:iam::ACCOUNT:policy/…` for yours"),
            )],
            Text::Known(_) | Text::Parts(_) => vec![],
        }
    }

    fn diff(have: &RolePolicyAttachmentSpec<Written>, want: &RolePolicyAttachmentSpec<Written>) -> Diff {
        let RolePolicyAttachmentSpec { role, policy } = want;
        Diff::new()
            .replace("role", &have.role, role)
            .replace("policy", &have.policy, policy)
            .risks(RiskKind::Iam, "it changes what the role may do")
    }

    /// Attaching what is attached makes nothing new.
    fn replacement(have: &RolePolicyAttachmentSpec<Written>, want: &RolePolicyAttachmentSpec<Written>) -> Replacement {
        if have == want { Replacement::DELETE_FIRST } else { Replacement::CREATE_FIRST }
    }

    fn meters(_: &RolePolicyAttachmentSpec<Written>) -> Meters {
        Meters::free()
    }

    /// One list for each role. The mark stands on the role.
    fn reads(of: &[Recorded<Self>]) -> Reads {
        let roles = || of.iter().map(|it| it.spec.role.as_str());
        Reads::none().each("iam:GetRole", roles()).each("iam:ListAttachedRolePolicies", roles())
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

    fn spec(role: &str, policy: serde_json::Value) -> RolePolicyAttachmentSpec<Written> {
        typed(&json!({"role": role, "policy": policy})).unwrap()
    }

    #[test]
    fn each_field_has_its_verb() {
        let have = spec("task", json!("arn:aws:iam::aws:policy/ReadOnlyAccess"));
        for want in [spec("other", json!("arn:aws:iam::aws:policy/ReadOnlyAccess")), spec("task", json!("arn:aws:iam::1:policy/p"))] {
            assert_eq!(RolePolicyAttachment::diff(&have, &want).changes()[0].verb, Verb::Replace);
        }
        assert!(RolePolicyAttachment::diff(&have, &have).is_empty());
    }

    #[test]
    fn what_is_no_policy_is_told() {
        assert_eq!(RolePolicyAttachment::check(&spec("r", json!("ReadOnlyAccess")))[0].field, "policy");
        assert!(RolePolicyAttachment::check(&spec("r", json!("arn:aws:iam::aws:policy/ReadOnlyAccess"))).is_empty());
        assert!(RolePolicyAttachment::check(&spec("r", json!({"$ref": "topic.t", "output": "arn"}))).is_empty());
    }
}

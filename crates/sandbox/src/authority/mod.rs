//! IAM: what a call needs to be allowed, what the caller is allowed, and how a service says that it is not enough.

mod needs;
mod resources;
pub(crate) mod said;

use std::collections::BTreeSet;
use std::sync::Arc;

use bbws_model::{Permit, Verdict, permits};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::cloud::At;
use crate::fate::{Refusal, refuse};
use said::Said;

/// What the callers of a sandbox are allowed.
#[derive(Debug, Clone, Default)]
pub(crate) enum Authority {
    /// Everything.
    #[default]
    All,
    /// What these policy documents together say.
    Documents(Arc<[Value]>),
    /// Everything, but each action is denied the first time that it is needed while this is on.
    EachOnce {
        /// What was denied so far.
        denied: BTreeSet<String>,
        /// The one that was denied last, until somebody has taken notice: nothing else is denied before.
        pending: Option<String>,
        /// Whether it is on.
        on: bool,
    },
}

impl Authority {
    /// Whether calls are looked at.
    pub(crate) fn looks(&self) -> bool {
        match self {
            Self::All => false,
            Self::Documents(_) => true,
            Self::EachOnce { on, .. } => *on,
        }
    }

    /// The documents that callers are held to, if they are.
    pub(crate) fn documents(&self) -> Option<Arc<[Value]>> {
        match self {
            Self::Documents(documents) => Some(documents.clone()),
            Self::All | Self::EachOnce { .. } => None,
        }
    }

    /// How a call is refused, if it is not allowed. `shown` is how its input shows itself.
    pub(crate) fn refuses(&mut self, at: &mut At<'_>, service: &str, operation: &str, shown: &str) -> Option<Refusal> {
        if !self.looks() {
            return None;
        }
        let call = format!("{}:{operation}", bbws_aws::iam_prefix(service));
        let needed = needs::needs(at, &call, &Said::read(shown));
        let mut says = |permit: &Permit| match self {
            Self::All => Verdict::Allowed,
            Self::Documents(documents) => permits(documents.iter(), permit),
            Self::EachOnce { denied, pending, .. } => {
                if pending.is_some() || !denied.insert(permit.action.clone()) {
                    return Verdict::Allowed;
                }
                *pending = Some(permit.action.clone());
                Verdict::Unmentioned
            }
        };
        let mut judged = needed.into_iter().map(|permit| (says(&permit), permit));
        let (verdict, lacking) = judged.find(|(verdict, _)| *verdict != Verdict::Allowed)?;
        Some(refusal(service, &crate::kinds::principal(at), &lacking, verdict == Verdict::Denied))
    }
}

/// A denial in the words of a service: because nothing allows it, or because a statement denies it.
fn refusal(service: &str, who: &str, lacking: &Permit, explicit: bool) -> Refusal {
    let Permit { action, resource, .. } = lacking;
    // SNS writes itself in capitals.
    let action = action.strip_prefix("sns:").map_or_else(|| action.clone(), |name| format!("SNS:{name}"));
    let why = if explicit {
        "with an explicit deny in an identity-based policy".to_owned()
    } else {
        format!("because no identity-based policy allows the {action} action")
    };
    let says = |resource: &str| format!("User: {who} is not authorized to perform: {action} on resource: {resource} {why}");
    match service {
        "EC2" => {
            let blob = hex::encode(Sha256::digest(format!("{action} {resource}")));
            let text = format!(
                "You are not authorized to perform this operation. {}. Encoded authorization failure message: {blob}",
                says(resource)
            );
            refuse(403, "UnauthorizedOperation", text)
        }
        "S3" => refuse(403, "AccessDenied", says(&format!("\"{resource}\""))),
        "SNS" => refuse(403, "AuthorizationError", says(resource)),
        // EFS does not say on what.
        "EFS" => {
            refuse(403, "AccessDeniedException", format!("User: {who} is not authorized to perform: {action} on the specified resource"))
        }
        "CloudFront" | "Route 53" | "RDS" | "IAM" | "STS" | "Elastic Load Balancing v2" | "CloudWatch" => {
            refuse(403, "AccessDenied", says(resource))
        }
        _ => refuse(400, "AccessDeniedException", says(resource)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Principal;

    #[tokio::test(start_paused = true)]
    async fn a_denial_says_whether_nothing_allows_it_or_something_denies_it() {
        let sandbox = crate::Sandbox::in_memory("536580886816").with_principal(Principal { role: "ci".into(), session: "s".into() });
        let aws = bbws_aws::Aws::new(Arc::new(sandbox.clone()), "af-south-1");
        let statement = |effect: &str| json!({"Effect": effect, "Action": "iam:GetRole", "Resource": "*"});
        for (statements, why) in [
            (vec![], "because no identity-based policy allows the iam:GetRole action"),
            (vec![statement("Allow"), statement("Deny")], "with an explicit deny in an identity-based policy"),
        ] {
            sandbox.sim().allow_only(vec![json!({ "Statement": statements })]);
            let told = aws.has_role("r").await.unwrap_err().message;
            assert!(told.ends_with(why) && told.contains("arn:aws:iam::536580886816:role/r"), "{told}");
        }
    }
}

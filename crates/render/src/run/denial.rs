//! What AWS says when it denies a call: which action, on what, by which sort of policy.

use std::collections::BTreeSet;

use bbws_kinds::iam_action;
use bbws_model::CloudError;
use serde_json::{Value, json};

/// A denial, as far as its message tells.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Denial {
    /// Who was denied.
    pub principal: Option<String>,
    /// The action; it may differ from the call (`iam:PassRole`).
    pub action: Option<String>,
    /// What it was denied on.
    pub resource: Option<String>,
    /// Which policy is to blame, in AWS's words.
    pub reason: Option<String>,
    /// What more is said in a blob that only AWS can read.
    pub encoded: Option<String>,
}

impl Denial {
    /// Reads AWS's message.
    pub(super) fn read(message: &str) -> Self {
        let word_after = |mark: &str| {
            let rest = message.split_once(mark)?.1.trim_start();
            let word = rest.split_whitespace().next()?.trim_matches(['"', '.', ',']);
            (!word.is_empty()).then(|| word.to_owned())
        };
        let sentence = |mark: &str| {
            let from = message.find(mark)?;
            let rest = &message[from..];
            let end = rest.find(". ").or_else(|| rest.find("Encoded ")).unwrap_or(rest.len());
            Some(rest[..end].trim_end_matches(['.', ' ']).to_owned())
        };
        Self {
            principal: word_after("User:"),
            action: word_after("not authorized to perform:").filter(|action| action.contains(':')),
            resource: word_after("on resource:"),
            reason: sentence("because no ").or_else(|| sentence("with an explicit deny in ")),
            encoded: word_after(CloudError::ENCODED),
        }
    }

    /// The message in short: without who it was, which the advice names, and without the blob, which is meant to be private
    /// and fills a screen.
    pub(super) fn in_short(error: &CloudError) -> String {
        let denial = Self::read(&error.message);
        match (&denial.action, &denial.reason) {
            (Some(action), Some(reason)) => {
                let on = denial.resource.map_or_else(String::new, |resource| format!(" on {resource}"));
                format!("not authorized to perform {action}{on}, {reason}")
            }
            _ => error.plain().to_owned(),
        }
    }

    /// The statement that would allow it, on these things too, ready to be added to a policy.
    pub(super) fn statement(&self, operation: &str, more: &[String]) -> String {
        let action = self.action.as_deref().unwrap_or_else(|| iam_action(operation));
        let own = self.resource.as_deref().unwrap_or("*");
        let all: BTreeSet<&str> = more.iter().map(String::as_str).chain([own]).collect();
        let resource = match all.len() {
            1 => Value::from(own),
            _ if all.contains("*") => Value::from("*"),
            _ => json!(all),
        };
        json!({"Effect": "Allow", "Action": action, "Resource": resource}).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_action_the_resource_and_the_policy_are_read_from_the_message() {
        let message = "You are not authorized to perform this operation. User: arn:aws:iam::536580886816:user/x is not authorized to perform: \
                       ec2:CreateVpc on resource: arn:aws:ec2:af-south-1:536580886816:vpc/* because no identity-based policy allows the \
                       ec2:CreateVpc action. Encoded authorization failure message: QUJD";
        let denial = Denial::read(message);
        assert_eq!(denial.principal.as_deref(), Some("arn:aws:iam::536580886816:user/x"));
        assert_eq!(denial.action.as_deref(), Some("ec2:CreateVpc"));
        assert_eq!(denial.resource.as_deref(), Some("arn:aws:ec2:af-south-1:536580886816:vpc/*"));
        assert_eq!(denial.reason.as_deref(), Some("because no identity-based policy allows the ec2:CreateVpc action"));
        assert_eq!(denial.encoded.as_deref(), Some("QUJD"));
        let error = CloudError::own("ec2:CreateVpc", bbws_model::Class::Denied, message);
        assert!(Denial::in_short(&error).ends_with("vpc/*, because no identity-based policy allows the ec2:CreateVpc action"));
    }

    #[test]
    fn an_explicit_deny_and_a_bare_message_are_read_too() {
        let denial = Denial::read(
            "User: arn:x is not authorized to perform: iam:PassRole on resource: arn:y with an explicit deny in a service control policy",
        );
        assert_eq!(denial.reason.as_deref(), Some("with an explicit deny in a service control policy"));
        assert_eq!(Denial::read("Access Denied"), Denial::default());
        assert_eq!(Denial::default().statement("s3:CreateBucket", &[]), r#"{"Action":"s3:CreateBucket","Effect":"Allow","Resource":"*"}"#);
        assert_eq!(Denial::default().statement("s3:HeadBucket", &[]), r#"{"Action":"s3:ListBucket","Effect":"Allow","Resource":"*"}"#);
    }
}

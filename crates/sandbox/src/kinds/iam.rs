//! What the IAM kinds share: how IAM refuses, reads documents, writes them back, and which managed policies there are.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::types::Tag;
use aws_smithy_types::DateTime;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::cloud::At;
use crate::fate::{Answer, Refusal, refuse};
use crate::paging::put_tag;

/// AWS's own managed policies, as far as anybody here needs them: what follows `arn:aws:iam::aws:policy/`.
const OF_AWS: [&str; 16] = [
    "AdministratorAccess",
    "AmazonECS_FullAccess",
    "AmazonElasticFileSystemClientFullAccess",
    "AmazonElasticFileSystemClientReadWriteAccess",
    "AmazonS3ReadOnlyAccess",
    "AmazonSSMManagedInstanceCore",
    "CloudWatchAgentServerPolicy",
    "CloudWatchLogsFullAccess",
    "PowerUserAccess",
    "ReadOnlyAccess",
    "SecretsManagerReadWrite",
    "SecurityAudit",
    "ViewOnlyAccess",
    "job-function/ViewOnlyAccess",
    "service-role/AmazonECSTaskExecutionRolePolicy",
    "service-role/AmazonRDSEnhancedMonitoringRole",
];

/// What RFC 3986 leaves as it is.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

pub(crate) fn invalid(message: impl Into<String>) -> Refusal {
    refuse(400, "ValidationError", message)
}

fn malformed(message: impl Into<String>) -> Refusal {
    refuse(400, "MalformedPolicyDocument", message)
}

pub(crate) fn absent(message: impl Into<String>) -> Refusal {
    refuse(404, "NoSuchEntity", message)
}

pub(crate) fn limit(message: impl Into<String>) -> Refusal {
    refuse(409, "LimitExceeded", message)
}

/// A document as IAM answers it.
pub(crate) fn encoded(document: &str) -> String {
    utf8_percent_encode(document, RESERVED).to_string()
}

/// How long a document is for IAM: white space does not count.
pub(crate) fn length(document: &str) -> usize {
    document.chars().filter(|c| !c.is_whitespace()).count()
}

/// A moment as IAM tells it.
pub(crate) fn moment(ms: u64) -> DateTime {
    DateTime::from_millis(i64::try_from(ms).unwrap_or(i64::MAX))
}

/// Checks the name of a role or of a policy.
pub(crate) fn check_name(what: &str, name: &str, longest: usize) -> Answer<()> {
    let sound = (1..=longest).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c));
    if sound {
        return Ok(());
    }
    Err(invalid(format!(
        "1 validation error detected: Value '{name}' at '{what}' failed to satisfy constraint: 1 to {longest} characters of [\\w+=,.@-]+"
    )))
}

/// Checks that a managed policy exists: one of AWS's own, or one that somebody made in the account.
pub(crate) fn check_managed(at: &mut At<'_>, arn: &str) -> Answer<()> {
    if !arn.starts_with("arn:aws:iam::") || !arn.contains(":policy/") {
        return Err(refuse(400, "InvalidInput", format!("ARN {arn} is not valid.")));
    }
    let known = match arn.strip_prefix("arn:aws:iam::aws:policy/") {
        Some(name) => OF_AWS.contains(&name),
        None => at.global().managed_policies.contains_key(arn),
    };
    if known { Ok(()) } else { Err(absent(format!("Policy {arn} does not exist or is not attachable."))) }
}

/// Sets tags as IAM takes them: the case of a key does not count.
pub(crate) fn set_tags(row: &mut BTreeMap<String, String>, tags: &[Tag]) -> Answer<()> {
    let mut keys = BTreeSet::new();
    for tag in tags {
        if !keys.insert(tag.key().to_lowercase()) {
            return Err(refuse(400, "InvalidInput", "Duplicate tag keys found. Please note that Tag keys are case insensitive."));
        }
        let allowed = |text: &str| text.chars().all(|c| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c));
        if !allowed(tag.key()) || !allowed(tag.value()) {
            return Err(invalid(format!("1 validation error detected: the tag {} holds characters that IAM does not take", tag.key())));
        }
        row.retain(|key, _| key == tag.key() || !key.eq_ignore_ascii_case(tag.key()));
        put_tag(row, tag.key(), tag.value()).map_err(|refusal| match refusal.code {
            "TagLimitExceeded" => limit("The number of tags has reached the maximum limit."),
            _ => invalid(refusal.message),
        })?;
    }
    Ok(())
}

/// Tags as IAM answers them.
pub(crate) fn as_tags(tags: &BTreeMap<String, String>) -> Answer<Vec<Tag>> {
    Ok(tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect::<Result<_, _>>()?)
}

/// The statements of a document whose grammar IAM takes.
fn statements(document: &str) -> Answer<Vec<Value>> {
    let value: Value = serde_json::from_str(document).map_err(|_| malformed("This policy contains invalid Json"))?;
    let top = value.as_object().ok_or_else(|| malformed("Syntax errors in policy."))?;
    if let Some(key) = top.keys().find(|key| !["Version", "Id", "Statement"].contains(&key.as_str())) {
        return Err(malformed(format!("Syntax error at {key}.")));
    }
    if top.get("Version").is_some_and(|version| version != "2012-10-17" && version != "2008-10-17") {
        return Err(malformed("The policy must contain a valid version string"));
    }
    let statements = match top.get("Statement") {
        Some(Value::Array(statements)) if !statements.is_empty() => statements.clone(),
        Some(one @ Value::Object(_)) => vec![one.clone()],
        _ => return Err(malformed("Syntax errors in policy.")),
    };
    let mut sids = BTreeSet::new();
    for statement in &statements {
        if !matches!(statement["Effect"].as_str(), Some("Allow" | "Deny")) {
            return Err(malformed("Policy statement must contain an effect of Allow or Deny."));
        }
        if let Some(sid) = statement["Sid"].as_str() {
            if !sid.chars().all(|c| c.is_ascii_alphanumeric()) {
                return Err(malformed("Statement IDs (SID) must be alpha-numeric."));
            }
            if !sid.is_empty() && !sids.insert(sid.to_owned()) {
                return Err(malformed("Statement IDs (SID) in a single policy must be unique."));
            }
        }
        let actions = listed(if statement["Action"].is_null() { &statement["NotAction"] } else { &statement["Action"] });
        if actions.is_empty() {
            return Err(malformed("Policy statement must contain actions."));
        }
        if !actions.iter().all(|action| action == "*" || action.split_once(':').is_some_and(|(vendor, _)| !vendor.is_empty())) {
            return Err(malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."));
        }
    }
    Ok(statements)
}

/// One string, or a list of them; what is no string counts for nothing.
fn listed(value: &Value) -> Vec<String> {
    match value {
        Value::String(one) => vec![one.clone()],
        Value::Array(all) => all.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect(),
        _ => vec![],
    }
}

/// Checks a policy that says what its role may do.
pub(crate) fn check_permissions(document: &str) -> Answer<()> {
    for statement in statements(document)? {
        if !statement["Principal"].is_null() || !statement["NotPrincipal"].is_null() {
            return Err(malformed("Policy document should not specify a principal."));
        }
        let resources = listed(if statement["Resource"].is_null() { &statement["NotResource"] } else { &statement["Resource"] });
        if resources.is_empty() {
            return Err(malformed("Policy statement must contain resources."));
        }
        // Wildcards may stand for whole parts of an ARN.
        if let Some(resource) = resources.iter().find(|resource| *resource != "*" && resource.splitn(6, ':').count() < 6) {
            return Err(malformed(format!("Resource {resource} must be in ARN format or \"*\".")));
        }
    }
    Ok(())
}

/// Checks a policy that says who may take a role.
pub(crate) fn check_trust(at: &mut At<'_>, document: &str) -> Answer<()> {
    if length(document) > 2048 {
        return Err(limit("Cannot exceed quota for ACLSizePerRole: 2048"));
    }
    for statement in statements(document)? {
        if !statement["Resource"].is_null() || !statement["NotResource"].is_null() {
            return Err(malformed("Has prohibited field Resource"));
        }
        let actions = listed(&statement["Action"]);
        if actions.is_empty() || !actions.iter().all(|action| action.to_lowercase().starts_with("sts:")) {
            return Err(malformed("AssumeRole policy may only specify STS AssumeRole actions."));
        }
        match &statement["Principal"] {
            Value::String(all) if all == "*" => {}
            Value::Object(kinds) => {
                for (kind, who) in kinds {
                    check_principals(at, kind, &listed(who))?;
                }
            }
            _ => return Err(malformed("Missing required field Principal")),
        }
    }
    Ok(())
}

fn check_principals(at: &mut At<'_>, kind: &str, who: &[String]) -> Answer<()> {
    let wrong = |name: &str| malformed(format!("Invalid principal in policy: \"{}\":\"{name}\"", kind.to_uppercase()));
    for name in who {
        let sound = match kind {
            "Service" => name.ends_with(".amazonaws.com") || name.ends_with(".amazonaws.com.cn"),
            "AWS" => name == "*" || is_account(name) || exists(at, name),
            "Federated" => name.starts_with("arn:") || name.contains('.'),
            _ => false,
        };
        if !sound {
            return Err(wrong(name));
        }
    }
    Ok(())
}

fn is_account(name: &str) -> bool {
    let id = name.strip_prefix("arn:aws:iam::").and_then(|rest| rest.strip_suffix(":root")).unwrap_or(name);
    id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit())
}

/// Whether a role of this ARN exists; of an account that the sandbox has not, anything may.
fn exists(at: &At<'_>, arn: &str) -> bool {
    let Some((account, rest)) = arn.strip_prefix("arn:aws:iam::").and_then(|rest| rest.split_once(':')) else { return false };
    let Some(cloud) = at.cloud.accounts.get(account) else { return true };
    let name = rest.rsplit('/').next().unwrap_or_default();
    let roles = cloud.regions.get(crate::cloud::GLOBAL).map(|here| &here.roles);
    rest.starts_with("role/") && roles.is_some_and(|roles| roles.get(&name.to_lowercase()).is_some_and(|row| row.arn(account) == arn))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bbws_model::PolicyDocument;
    use serde_json::json;

    #[test]
    fn documents_are_answered_encoded() {
        assert_eq!(encoded(r#"{"a": "x+y z*~"}"#), "%7B%22a%22%3A%20%22x%2By%20z%2A~%22%7D");
    }

    #[test]
    fn a_policy_of_wrong_grammar_is_refused() {
        let with = |edit: Value| {
            let mut statement = json!({"Effect": "Allow", "Action": "logs:PutLogEvents", "Resource": "*"});
            statement.as_object_mut().unwrap().extend(edit.as_object().unwrap().clone());
            check_permissions(&json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()).map_err(|refusal| refusal.message)
        };
        assert_eq!(with(json!({})), Ok(()));
        assert_eq!(with(json!({"Resource": ["arn:aws:logs:*:*:log-group:/a:*"]})), Ok(()));
        for (edit, told) in [
            (json!({"Effect": "allow"}), "effect"),
            (json!({"Action": "PutLogEvents"}), "prefaced by a vendor"),
            (json!({"Resource": "bucket"}), "ARN format"),
            (json!({"Principal": "*"}), "should not specify a principal"),
            (json!({"Resource": null}), "must contain resources"),
            (json!({"Sid": "a b"}), "alpha-numeric"),
        ] {
            let message = with(edit.clone()).unwrap_err();
            assert!(message.contains(told), "{edit}: {message}");
        }
        assert!(check_permissions("{").is_err());
        assert!(check_permissions(&PolicyDocument::new(json!({"Statement": []})).to_text()).is_err());
    }
}

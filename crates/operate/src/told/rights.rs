//! Who may do what after a step, and no longer: the statements of policies that come and go.

use std::collections::{BTreeMap, BTreeSet};

use bbws_kinds::{Bucket, FileSystem, Role, RolePolicy, RolePolicyAttachment, Topic, VpcEndpoint};
use bbws_model::{Kind, Risk, RiskKind, Step};
use serde_json::Value;

use super::{shown, sides};

/// The field of a kind that is a policy.
fn field(kind: &str) -> Option<&'static str> {
    match kind {
        RolePolicy::NAME => Some("document"),
        Role::NAME => Some("trust"),
        Bucket::NAME | FileSystem::NAME | VpcEndpoint::NAME | Topic::NAME => Some("policy"),
        _ => None,
    }
}

/// What a step gives and takes.
pub(super) fn of(step: &Step) -> Vec<Risk> {
    if step.address.kind() == RolePolicyAttachment::NAME {
        let (before, after) = sides(step);
        return [("gives", after), ("takes", before)].into_iter().filter_map(|(word, side)| attached(word, &side?)).collect();
    }
    let Some(field) = field(step.address.kind()) else { return vec![] };
    let (before, after) = sides(step);
    let policy = |side: &Option<Value>| side.as_ref().and_then(|spec| spec.get(field)).map(rights).unwrap_or_default();
    let who = |side: &Option<Value>| side.as_ref().and_then(|spec| spec.get("role")).map(role);
    let role = who(&after).or_else(|| who(&before));
    let (before, after) = (policy(&before), policy(&after));
    let (gained, lost): (BTreeSet<_>, BTreeSet<_>) = (after.difference(&before).collect(), before.difference(&after).collect());
    let mut risks = told("gives", gained, role.as_deref());
    risks.extend(told("takes", lost, role.as_deref()));
    risks
}

fn attached(word: &str, spec: &Value) -> Option<Risk> {
    let (role, policy) = (role(spec.get("role")?), shown(spec.get("policy")?));
    Some(Risk::new(RiskKind::Iam, format!("{word} {role} all that {policy} allows")))
}

/// What has to be so for a statement to hold: `aws:SourceArn is like arn:aws:ecs:…`. An operator that is not known here is told as
/// IAM has it.
fn condition(condition: &Value) -> String {
    let tests = condition.as_object().into_iter().flatten().flat_map(|(operator, keys)| {
        keys.as_object().into_iter().flatten().map(move |(key, values)| {
            let is = match operator.as_str() {
                "StringEquals" | "ArnEquals" | "NumericEquals" | "Bool" => "is".to_owned(),
                "StringLike" | "ArnLike" => "is like".to_owned(),
                "StringNotEquals" | "ArnNotEquals" => "is not".to_owned(),
                "StringNotLike" | "ArnNotLike" => "is not like".to_owned(),
                other => other.to_owned(),
            };
            format!("{key} {is} {}", listed(values).into_iter().map(shown).collect::<Vec<_>>().join(" or "))
        })
    });
    tests.collect::<Vec<_>>().join(" and ")
}

/// The name of a role, or its address where it has none yet.
fn role(value: &Value) -> String {
    value.get("$ref").and_then(Value::as_str).map_or_else(|| shown(value), str::to_owned)
}

/// One action on one resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Right {
    /// Whether it is allowed, or forbidden.
    allow: bool,
    /// Who, where the policy says so.
    who: Option<String>,
    /// On what, where it says so.
    on: Option<String>,
    /// Under which condition.
    condition: Option<String>,
    /// What.
    action: String,
}

/// Each right by itself, so that a statement that was only put otherwise changes none.
fn rights(policy: &Value) -> BTreeSet<Right> {
    let statements = policy.get("Statement").map(listed).unwrap_or_default();
    let mut all = BTreeSet::new();
    for statement in statements {
        let texts = |name: &str| {
            let not = format!("Not{name}");
            let plain = statement.get(name).map(|value| listed(value).into_iter().map(shown).collect::<Vec<_>>());
            plain.or_else(|| {
                statement.get(&not).map(|value| listed(value).into_iter().map(|one| format!("all but {}", shown(one))).collect())
            })
        };
        let some = |texts: Option<Vec<String>>| texts.map_or_else(|| vec![None], |all| all.into_iter().map(Some).collect());
        let condition = statement.get("Condition").map(condition);
        let who = statement
            .get("Principal")
            .map(principals)
            .or_else(|| statement.get("NotPrincipal").map(|who| vec![format!("all but {}", shown(who))]));
        for action in texts("Action").unwrap_or_default() {
            for on in some(texts("Resource")) {
                for who in some(who.clone()) {
                    let (action, on, condition) = (action.clone(), on.clone(), condition.clone());
                    all.insert(Right {
                        allow: statement.get("Effect").and_then(Value::as_str) != Some("Deny"),
                        who,
                        on,
                        condition,
                        action,
                    });
                }
            }
        }
    }
    all
}

fn listed(value: &Value) -> Vec<&Value> {
    value.as_array().map_or_else(|| vec![value], |all| all.iter().collect())
}

fn principals(value: &Value) -> Vec<String> {
    match value {
        Value::String(all) if all == "*" => vec!["anybody".to_owned()],
        Value::Object(kinds) if !kinds.contains_key("$ref") && !kinds.contains_key("$text") => {
            kinds.values().flat_map(listed).map(|who| if who == "*" { "anybody".to_owned() } else { shown(who) }).collect()
        }
        other => vec![shown(other)],
    }
}

/// All of a right but its action.
type Alike<'a> = (bool, Option<&'a str>, Option<&'a str>, Option<&'a str>);

/// Rights in sentences: actions that are alike in all else stand in one.
fn told(word: &str, rights: BTreeSet<&Right>, role: Option<&str>) -> Vec<Risk> {
    let mut alike: BTreeMap<Alike<'_>, Vec<&str>> = BTreeMap::new();
    for right in rights {
        let key = (right.allow, right.who.as_deref(), right.on.as_deref(), right.condition.as_deref());
        alike.entry(key).or_default().push(&right.action);
    }
    let sentence = |((allow, who, on, condition), actions): (Alike<'_>, Vec<&str>)| {
        let what = if allow { "" } else { "the ban on " };
        let to = who.or(role).map(|who| format!("{who} ")).unwrap_or_default();
        let on = match on {
            Some("*") => " on everything".to_owned(),
            Some(on) => format!(" on {on}"),
            None => String::new(),
        };
        let condition = condition.map(|condition| format!(", if {condition}")).unwrap_or_default();
        Risk::new(RiskKind::Iam, format!("{word} {to}{what}{}{on}{condition}", actions.join(", ")))
    };
    alike.into_iter().map(sentence).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{create, delete, told, update};
    use super::*;
    use serde_json::json;

    fn of(step: &Step) -> Vec<String> {
        told(super::of(step), RiskKind::Iam)
    }

    fn policy(statements: Value) -> Value {
        json!({"role": {"$ref": "role.task", "output": "name"}, "name": "p", "document": {"Version": "2012-10-17", "Statement": statements}})
    }

    #[test]
    fn a_policy_says_what_it_gains_and_loses_on_what() {
        let bucket = json!({"$text": [{"$ref": "bucket.logs", "output": "arn"}, "/*"]});
        let before = policy(json!([{"Effect": "Allow", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": bucket}]));
        let after = policy(json!([
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": bucket},
            {"Effect": "Allow", "Action": "kms:*", "Resource": "*", "Condition": {"Bool": {"a": "true"}, "ArnLike": {"aws:SourceArn": ["x", "y"]}}},
            {"Effect": "Deny", "Action": "iam:*", "Resource": "*"},
        ]));
        assert_eq!(
            of(&update("role-policy.p", before.clone(), after)),
            [
                "gives role.task the ban on iam:* on everything",
                "gives role.task kms:* on everything, if aws:SourceArn is like x or y and a is true",
                "takes role.task s3:putobject on ${bucket.logs.arn}/*",
            ]
        );
        let same = policy(json!([
            {"Effect": "Allow", "Action": "s3:PutObject", "Resource": [bucket]}, {"Effect": "Allow", "Action": "s3:GetObject", "Resource": bucket}
        ]));
        assert!(of(&update("role-policy.p", before.clone(), same)).is_empty(), "it was only put otherwise");
        assert_eq!(of(&create("role-policy.p", before.clone())), ["gives role.task s3:getobject, s3:putobject on ${bucket.logs.arn}/*"]);
        assert_eq!(of(&delete("role-policy.p", before)), ["takes role.task s3:getobject, s3:putobject on ${bucket.logs.arn}/*"]);
    }

    #[test]
    fn trust_attachments_and_policies_of_objects_are_told() {
        let trust =
            |who: Value| json!({"name": "r", "trust": {"Statement": [{"Effect": "Allow", "Principal": who, "Action": "sts:AssumeRole"}]}});
        let tasks = trust(json!({"Service": "ecs-tasks.amazonaws.com"}));
        assert_eq!(of(&create("role.r", tasks.clone())), ["gives ecs-tasks.amazonaws.com sts:assumerole"]);
        assert_eq!(
            of(&update("role.r", tasks, trust(json!({"AWS": "*"})))),
            ["gives anybody sts:assumerole", "takes ecs-tasks.amazonaws.com sts:assumerole"]
        );
        let attachment = json!({"role": {"$ref": "role.r", "output": "name"}, "policy": "arn:aws:iam::aws:policy/AdministratorAccess"});
        assert_eq!(
            of(&create("role-policy-attachment.a", attachment)),
            ["gives role.r all that arn:aws:iam::aws:policy/AdministratorAccess allows"]
        );
    }
}

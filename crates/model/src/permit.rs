//! What policy documents permit: IAM's own rules, as far as they can be told from documents alone.

use std::collections::BTreeMap;

use serde_json::Value;

/// One question that AWS puts to a caller's policies before it does what is asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Permit {
    /// The action: `ec2:CreateTags`.
    pub action: String,
    /// What it is to be done on; `*` where AWS knows no resource.
    pub resource: String,
    /// What is known of the request and the resource, by condition key.
    pub context: BTreeMap<String, Vec<String>>,
}

impl Permit {
    /// To do this on that.
    #[must_use]
    pub fn new(action: &str, resource: &str) -> Self {
        Self { action: action.to_owned(), resource: resource.to_owned(), context: BTreeMap::new() }
    }

    /// What is known under a condition key.
    #[must_use]
    pub fn knowing(mut self, key: &str, values: impl IntoIterator<Item = String>) -> Self {
        self.context.entry(key.to_owned()).or_default().extend(values);
        self
    }
}

/// What the policies say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// A statement allows it, and none denies it.
    Allowed,
    /// No statement allows it.
    Unmentioned,
    /// A statement denies it.
    Denied,
}

/// What these documents together say to one question.
#[must_use]
pub fn permits<'a>(documents: impl IntoIterator<Item = &'a Value>, asked: &Permit) -> Verdict {
    let mut verdict = Verdict::Unmentioned;
    for statement in documents.into_iter().flat_map(|document| values_in(&document["Statement"])) {
        if !speaks_of(statement, asked) {
            continue;
        }
        match statement["Effect"].as_str() {
            Some("Deny") => return Verdict::Denied,
            Some("Allow") => verdict = Verdict::Allowed,
            _ => {}
        }
    }
    verdict
}

fn speaks_of(statement: &Value, asked: &Permit) -> bool {
    let any = |field: &str, holds: &dyn Fn(&str) -> bool| values_in(&statement[field]).iter().filter_map(|one| one.as_str()).any(holds);
    let action = |pattern: &str| fits_pattern(&pattern.to_lowercase(), &asked.action.to_lowercase());
    let resource = |pattern: &str| fits_pattern(pattern, &asked.resource);
    let acts = if statement["Action"].is_null() {
        !statement["NotAction"].is_null() && !any("NotAction", &action)
    } else {
        any("Action", &action)
    };
    let on = if statement["Resource"].is_null() {
        !statement["NotResource"].is_null() && !any("NotResource", &resource)
    } else {
        any("Resource", &resource)
    };
    let denies = statement["Effect"] == "Deny";
    acts && on
        && conditions(&statement["Condition"]).all(|(operator, key, values)| {
            let known = asked.context.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, known)| known.as_slice());
            // What is not understood allows nothing, and denies.
            holds(operator, known.unwrap_or_default(), &values).unwrap_or(denies)
        })
}

fn conditions(all: &Value) -> impl Iterator<Item = (&str, &str, Vec<&str>)> {
    let operators = all.as_object().into_iter().flatten();
    operators.flat_map(|(operator, keys)| {
        let keys = keys.as_object().into_iter().flatten();
        keys.map(move |(key, values)| (operator.as_str(), key.as_str(), values_in(values).iter().filter_map(|one| one.as_str()).collect()))
    })
}

/// Whether a condition holds of what is known; none where the operator is not known.
fn holds(operator: &str, known: &[String], values: &[&str]) -> Option<bool> {
    if let Some(operator) = operator.strip_prefix("ForAllValues:") {
        return known.iter().map(|one| single(operator, Some(one), values)).try_fold(true, |all, one| Some(all && one?));
    }
    if let Some(operator) = operator.strip_prefix("ForAnyValue:") {
        return known.iter().map(|one| single(operator, Some(one), values)).try_fold(false, |any, one| Some(any || one?));
    }
    if let Some(operator) = operator.strip_suffix("IfExists")
        && known.is_empty()
    {
        return single(operator, Some(""), values).map(|_| true);
    }
    single(operator.strip_suffix("IfExists").unwrap_or(operator), known.first().map(String::as_str), values)
}

fn single(operator: &str, known: Option<&str>, values: &[&str]) -> Option<bool> {
    let any = |holds: &dyn Fn(&str, &str) -> bool| known.is_some_and(|known| values.iter().any(|value| holds(value, known)));
    Some(match operator {
        "StringEquals" => any(&|value, known| value == known),
        "StringEqualsIgnoreCase" | "Bool" => any(&|value, known| value.eq_ignore_ascii_case(known)),
        "StringLike" | "ArnLike" | "ArnEquals" => any(&fits_pattern),
        "StringNotEquals" => !any(&|value, known| value == known),
        "StringNotLike" | "ArnNotLike" | "ArnNotEquals" => !any(&fits_pattern),
        "Null" => values.iter().any(|value| value.eq_ignore_ascii_case(if known.is_none() { "true" } else { "false" })),
        _ => return None,
    })
}

/// What stands in a field of a policy, where one may stand alone or several in a list.
#[must_use]
pub fn values_in(value: &Value) -> &[Value] {
    match value {
        Value::Null => &[],
        Value::Array(all) => all,
        one => std::slice::from_ref(one),
    }
}

/// Whether a text is of a pattern in which `*` stands for any characters and `?` for one.
#[must_use]
pub fn fits_pattern(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => {
                // The last star takes one character more.
                let Some((at, from)) = star else { return false };
                star = Some((at, from + 1));
                (p, t) = (at + 1, from + 1);
            }
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn ask(action: &str, resource: &str) -> Permit {
        Permit::new(action, resource)
    }

    #[test]
    fn patterns_are_those_of_iam() {
        for (pattern, text, fits) in [
            ("*", "", true),
            ("ec2:*Tags", "ec2:createtags", false),
            ("arn:*:vpc/*", "arn:aws:ec2:r:1:vpc/vpc-1", true),
            ("a-??", "a-12", true),
            ("a-??", "a-123", false),
            ("*a*b", "xxaybzb", true),
            ("*a*b", "xxaybz", false),
            ("", "x", false),
        ] {
            assert_eq!(fits_pattern(pattern, text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn a_deny_outweighs_and_silence_is_no_permission() {
        let allow = json!({"Statement": {"Effect": "Allow", "Action": "S3:get*", "Resource": ["arn:aws:s3:::b/*", "arn:aws:s3:::c"]}});
        let deny = json!({"Statement": [{"Effect": "Deny", "NotAction": "s3:GetObject", "Resource": "*"}]});
        let both = [allow.clone(), deny];
        assert_eq!(permits([&allow], &ask("s3:GetObject", "arn:aws:s3:::b/k")), Verdict::Allowed);
        assert_eq!(permits(&both, &ask("s3:GetObject", "arn:aws:s3:::b/k")), Verdict::Allowed);
        assert_eq!(permits(&both, &ask("s3:GetObjectVersion", "arn:aws:s3:::b/k")), Verdict::Denied);
        assert_eq!(permits([&allow], &ask("s3:GetObject", "arn:aws:s3:::B/k")), Verdict::Unmentioned, "resources have their case");
        assert_eq!(permits([], &ask("s3:GetObject", "*")), Verdict::Unmentioned);
    }

    #[test]
    fn every_condition_must_hold() {
        let document = |condition: Value| json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}});
        let asked = ask("a:B", "*")
            .knowing("aws:ResourceTag/bbws:lineage", ["L".to_owned()])
            .knowing("names", ["a.x".to_owned(), "b.x".to_owned()]);
        let allowed = |condition: Value| permits([&document(condition)], &asked) == Verdict::Allowed;
        assert!(allowed(json!({"StringEquals": {"aws:ResourceTag/bbws:lineage": ["K", "L"]}})));
        assert!(!allowed(json!({"StringEquals": {"aws:ResourceTag/bbws:lineage": "K"}})));
        assert!(!allowed(json!({"StringEquals": {"other": "L"}})), "what is not known fulfils nothing");
        assert!(allowed(json!({"StringEqualsIfExists": {"other": "L"}})));
        assert!(allowed(json!({"Null": {"aws:ResourceTag/bbws:lineage": "false", "other": "true"}})));
        assert!(allowed(json!({"ForAllValues:StringLike": {"names": "*.x"}})));
        assert!(!allowed(json!({"ForAllValues:StringLike": {"names": "a.*"}})));
        assert!(allowed(json!({"ForAnyValue:StringLike": {"names": "a.*"}})));
        assert!(!allowed(json!({"NumericLessThan": {"names": "3"}})), "what is not understood allows nothing");
        assert!(!allowed(json!({"StringEquals": {"aws:ResourceTag/bbws:lineage": "L"}, "Bool": {"aws:SecureTransport": "true"}})));
    }
}

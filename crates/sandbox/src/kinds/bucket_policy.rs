//! What a bucket's policy denies its own account. Nothing needs an Allow there; a Deny binds everybody.

use bbws_model::fits_pattern;
use serde_json::Value;

use super::bucket::{Row, unless_simulated};
use crate::cloud::Principal;
use crate::fate::{Answer, refuse};

/// One request for an object, as a policy sees it.
pub(crate) struct Request<'a> {
    pub(crate) account: &'a str,
    /// Who asks.
    pub(crate) who: &'a Principal,
    pub(crate) bucket: &'a str,
    /// `s3:PutObject`.
    pub(crate) action: &'a str,
    /// The object; the bucket itself if none.
    pub(crate) key: Option<&'a str>,
    /// The condition keys that the request carries, in lower case.
    pub(crate) carries: Vec<(&'static str, String)>,
}

/// Refuses what a statement of the bucket's policy denies. A condition that is not simulated refuses too.
pub(crate) fn unless_denied(row: &Row, request: &Request<'_>) -> Answer<()> {
    let Some(text) = &row.policy else { return Ok(()) };
    let document: Value = serde_json::from_str(text).unwrap_or_default();
    for statement in listed(&document["Statement"]) {
        if statement["Effect"] == "Deny" && concerns(&statement, request) && holds(&statement["Condition"], request)? {
            let resource = resource(request);
            let text = format!(
                "User: {} is not authorized to perform: {} on resource: \"{resource}\" with an explicit deny in a resource-based policy",
                request.who.arn(request.account),
                request.action
            );
            return Err(refuse(403, "AccessDenied", text));
        }
    }
    Ok(())
}

fn listed(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_else(|| vec![value.clone()])
}

fn resource(request: &Request<'_>) -> String {
    let bucket = format!("arn:aws:s3:::{}", request.bucket);
    request.key.map_or_else(|| bucket.clone(), |key| format!("{bucket}/{key}"))
}

fn concerns(statement: &Value, request: &Request<'_>) -> bool {
    let any =
        |field: &str, text: &str| listed(&statement[field]).iter().filter_map(Value::as_str).any(|pattern| fits_pattern(pattern, text));
    let who = &statement["Principal"];
    let everybody =
        who == "*" || listed(&who["AWS"]).iter().any(|who| who == "*" || who.as_str().is_some_and(|w| w.contains(request.account)));
    // Actions may be written in any case.
    let action = listed(&statement["Action"])
        .iter()
        .filter_map(Value::as_str)
        .any(|one| fits_pattern(&one.to_lowercase(), &request.action.to_lowercase()));
    everybody && action && any("Resource", &resource(request))
}

/// Whether all conditions hold.
fn holds(conditions: &Value, request: &Request<'_>) -> Answer<bool> {
    let always = [("aws:securetransport", "true"), ("s3:tlsversion", "1.3")];
    let carried = request.carries.iter().map(|(key, value)| (*key, value.as_str()));
    let given: Vec<(&str, &str)> = always.into_iter().chain(carried).collect();
    for (operator, keys) in conditions.as_object().into_iter().flatten() {
        for (key, values) in keys.as_object().into_iter().flatten() {
            let key = key.to_lowercase();
            let have = given.iter().find(|(name, _)| *name == key).map(|(_, value)| *value);
            let wanted: Vec<String> =
                listed(values).iter().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)).collect();
            let is = |value: &str| wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(value));
            let number = |text: &str| text.parse::<f64>().unwrap_or(f64::NAN);
            let held = match operator.as_str() {
                "Null" => is(if have.is_none() { "true" } else { "false" }),
                "Bool" => have.is_some_and(is),
                "StringEquals" => have.is_some_and(|have| wanted.iter().any(|wanted| wanted == have)),
                // A key that is missing is unequal to everything.
                "StringNotEquals" => have.is_none_or(|have| wanted.iter().all(|wanted| wanted != have)),
                "ArnNotLike" => have.is_none_or(|have| wanted.iter().all(|wanted| !fits_pattern(wanted, have))),
                "NumericLessThan" => have.is_some_and(|have| wanted.iter().any(|wanted| number(have) < number(wanted))),
                other => {
                    unless_simulated(true, &format!("the condition {other} in a bucket policy"))?;
                    false
                }
            };
            if !held {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn denied(statement: Value, action: &str, key: &str, carries: &[(&'static str, &str)]) -> bool {
        let row = Row { policy: Some(json!({"Statement": [statement]}).to_string()), ..Row::empty() };
        let carries = carries.iter().map(|(key, value)| (*key, (*value).to_owned())).collect();
        let who = Principal { role: "console".into(), session: "thandi".into() };
        let request = Request { account: "536580886816", who: &who, bucket: "b", action, key: Some(key), carries };
        match unless_denied(&row, &request) {
            Ok(()) => false,
            Err(refusal) => {
                assert_eq!(refusal.code, "AccessDenied", "{}", refusal.message);
                assert!(refusal.message.contains("assumed-role/console/thandi is not authorized"), "{}", refusal.message);
                true
            }
        }
    }

    #[test]
    fn a_deny_binds_what_it_names() {
        let unconditional = json!({"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::b/*/log/*",
            "Condition": {"Null": {"s3:if-none-match": "true"}}});
        assert!(denied(unconditional.clone(), "s3:PutObject", "dev/log/1", &[]));
        assert!(!denied(unconditional.clone(), "s3:PutObject", "dev/log/1", &[("s3:if-none-match", "*")]));
        assert!(!denied(unconditional.clone(), "s3:PutObject", "dev/state.json", &[]));
        assert!(!denied(unconditional, "s3:DeleteObject", "dev/log/1", &[]));

        let key = json!({"Effect": "Deny", "Principal": {"AWS": "*"}, "Action": ["s3:put*"], "Resource": "arn:aws:s3:::b/*",
            "Condition": {"Null": {"s3:x-amz-server-side-encryption": "false"}, "StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}}});
        assert!(denied(key.clone(), "s3:PutObject", "x", &[("s3:x-amz-server-side-encryption", "AES256")]));
        assert!(!denied(key.clone(), "s3:PutObject", "x", &[("s3:x-amz-server-side-encryption", "aws:kms")]));
        assert!(!denied(key, "s3:PutObject", "x", &[]), "the bucket's own default counts");

        let tls = json!({"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::b/*",
            "Condition": {"NumericLessThan": {"s3:TlsVersion": "1.2"}}});
        assert!(!denied(tls, "s3:PutObject", "x", &[]));
    }

    #[test]
    fn patterns_fit_as_in_a_policy() {
        for (pattern, text, fit) in
            [("*", "", true), ("a*c", "abbc", true), ("a*c", "abb", false), ("a?c", "abc", true), ("a", "ab", false)]
        {
            assert_eq!(fits_pattern(pattern, text), fit, "{pattern} {text}");
        }
    }
}

//! Whether whoever applies may sign approvals as well. A key's own policy lets somebody in by name, shuts them out, or leaves it
//! to IAM; IAM's simulation knows nothing of it, and of roles it takes no policy of a resource.

use bbws_model::{CloudError, Finding, Permit, Principal, Severity, Verdict, permits, values_in};
use serde_json::{Value, json};

use crate::iam::Probe;

const SIGN: &str = "kms:Sign";

/// What a key's own policy says of somebody who wants to sign with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeySays {
    /// It forbids it.
    Denies,
    /// It lets them in, whatever IAM says.
    Names,
    /// It lets them in where a condition holds that cannot be judged beforehand.
    NamesSometimes,
    /// It leaves it to IAM's policies in the account.
    Account,
    /// It speaks neither of them nor of their account: nobody gets in by IAM's policies alone.
    Silent,
}

/// The parts of the answer; each may not be known.
#[derive(Debug, Clone, PartialEq)]
pub struct Signing {
    /// Whether IAM's simulation allows it.
    pub by_iam: Result<bool, CloudError>,
    /// What the key's policy says.
    pub by_key: Result<KeySays, CloudError>,
    /// Whether a grant on the key allows it: one does whatever IAM's policies say, unless something denies it.
    pub by_grant: Result<bool, CloudError>,
}

/// What is asked of IAM to find out whether somebody may sign.
#[must_use]
pub fn signing(key: &str) -> Probe {
    Probe { actions: vec![SIGN.to_owned()], resource: key.to_owned(), context: [].into() }
}

/// Whether one of these principals, to each of whom a grant allows to sign, is whoever calls.
#[must_use]
pub fn is_granted(grantees: &[String], caller: &Principal) -> bool {
    grantees.iter().any(|who| caller.is(&Principal::of(who, None).arn))
}

/// What a key's policy says of whoever calls.
#[must_use]
pub fn key_says(policy: &Value, caller: &Principal) -> KeySays {
    let account = caller.arn.split(':').nth(4).unwrap_or_default();
    let known = [("aws:PrincipalAccount", account), ("kms:CallerAccount", account), ("aws:PrincipalArn", &caller.arn)];
    let asked = known.iter().fold(Permit::new(SIGN, "*"), |asked, (key, value)| asked.knowing(key, [(*value).to_owned()]));
    let judged = |key: &str| known.iter().any(|(one, _)| one.eq_ignore_ascii_case(key));
    let says = |statements: &[Value], verdict| permits([&json!({ "Statement": statements })], &asked) == verdict;
    let of = |effect: &str, about: &dyn Fn(&Value) -> bool| -> Vec<Value> {
        let statements = values_in(&policy["Statement"]).iter().filter(|statement| statement["Effect"] == effect);
        statements.filter(|statement| about(statement)).cloned().collect()
    };
    let root =
        |statement: &Value| principals(&statement["Principal"]).any(|who| who == account || who.ends_with(&format!("::{account}:root")));
    let them = |statement: &Value| {
        let named = |field: &str| principals(&statement[field]).any(|who| who == "*" || caller.is(&Principal::of(who, None).arn));
        named("Principal") || !statement["NotPrincipal"].is_null() && !named("NotPrincipal")
    };
    // The root of an account stands for everybody in it where something is denied. What is denied under a condition that cannot be
    // judged is not counted on.
    let denied = of("Deny", &|statement| (root(statement) || them(statement)) && condition_keys(statement).all(judged));
    if says(&denied, Verdict::Denied) {
        return KeySays::Denies;
    }
    let named = of("Allow", &them);
    if says(&named, Verdict::Allowed) {
        return KeySays::Names;
    }
    let mut sometimes = named;
    sometimes.retain(|statement| !condition_keys(statement).all(judged));
    if says(&bare(sometimes), Verdict::Allowed) {
        return KeySays::NamesSometimes;
    }
    if says(&bare(of("Allow", &root)), Verdict::Allowed) { KeySays::Account } else { KeySays::Silent }
}

/// The condition keys of a statement.
fn condition_keys(statement: &Value) -> impl Iterator<Item = &str> {
    let operators = statement["Condition"].as_object().into_iter().flatten();
    operators.flat_map(|(_, keys)| keys.as_object().into_iter().flatten().map(|(key, _)| key.as_str()))
}

/// These statements, as if all their conditions held.
fn bare(mut statements: Vec<Value>) -> Vec<Value> {
    for fields in statements.iter_mut().filter_map(Value::as_object_mut) {
        fields.remove("Condition");
    }
    statements
}

/// Whom a statement is about, of AWS's own principals.
fn principals(value: &Value) -> impl Iterator<Item = &str> {
    let listed = if value.is_object() { &value["AWS"] } else { value };
    values_in(listed).iter().filter_map(Value::as_str)
}

/// All of it in a few words.
pub(super) fn seen(told: &Signing) -> String {
    let by_iam = match &told.by_iam {
        Ok(true) => "IAM's simulation allows it",
        Ok(false) => "IAM's simulation denies it",
        Err(_) => "IAM's simulation is not known",
    };
    let by_key = match &told.by_key {
        Ok(KeySays::Denies) => "the key's own policy forbids it",
        Ok(KeySays::Names) => "the key's own policy allows it",
        Ok(KeySays::NamesSometimes) => "the key's own policy allows it under a condition",
        Ok(KeySays::Account) => "the key's own policy leaves it to that",
        Ok(KeySays::Silent) => "the key's own policy lets nobody in by that",
        Err(_) => "the key's own policy is not known",
    };
    let by_grant = match &told.by_grant {
        Ok(true) => "; a grant allows it",
        Ok(false) => "",
        Err(_) => "; the key's grants are not known",
    };
    format!("{by_iam}; {by_key}{by_grant}")
}

/// Nothing where it is known that they may not. That they may is a warning: it stops nothing.
pub(super) fn judge(key: &str, told: &Signing) -> Result<Option<Finding>, CloudError> {
    let Signing { by_iam, by_key, by_grant } = told;
    let may = match (by_key, by_iam) {
        // What is denied there no grant allows.
        (Ok(KeySays::Denies), _) => return Ok(None),
        _ if *by_grant == Ok(true) => format!("a grant on the key {key} allows it"),
        (Ok(KeySays::Silent), _) | (Ok(KeySays::Account), Ok(false)) => {
            return by_grant.clone().map(|_| None);
        }
        (Ok(KeySays::Names), _) => format!("the policy of the key {key} allows it"),
        (Ok(KeySays::NamesSometimes), _) => format!("the policy of the key {key} allows it under a condition that is not known beforehand"),
        (Ok(KeySays::Account), Ok(true)) => format!("by IAM's simulation of {SIGN} on {key}, and the key's own policy leaves it to IAM"),
        (Err(error), Ok(true)) => {
            format!(
                "by IAM's simulation of {SIGN} on {key}; only the key's own policy can still keep that role out, and it is not known: {error}"
            )
        }
        (Ok(KeySays::Account) | Err(_), Err(error)) | (Err(error), Ok(false)) => return Err(error.clone()),
    };
    let finding = Finding::new(Severity::Warning, "whoever applies may sign approvals as well: an approval proves less").seen(may);
    let from = match by_key {
        _ if *by_grant == Ok(true) => "revoke that grant (`aws kms list-grants` shows it), or deny that role kms:Sign in the key's policy",
        Ok(KeySays::Names | KeySays::NamesSometimes) => "take the role that applies out of the key's policy, or deny it kms:Sign there",
        _ => "take kms:Sign on that key from the role that applies",
    };
    Ok(Some(finding.advise(format!("{from}; it needs kms:Verify alone"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLE: &str = "arn:aws:iam::1:role/deployer";

    fn says(statements: Value) -> KeySays {
        key_says(&json!({ "Version": "2012-10-17", "Statement": statements }), &Principal::of(ROLE, None))
    }

    fn allow(principal: Value) -> Value {
        json!({"Effect": "Allow", "Principal": principal, "Action": "kms:*", "Resource": "*"})
    }

    #[test]
    fn a_policy_of_a_key_names_denies_delegates_or_is_silent() {
        let root = allow(json!({"AWS": "arn:aws:iam::1:root"}));
        assert_eq!(says(json!([root])), KeySays::Account);
        assert_eq!(says(allow(json!({"AWS": ["2", "1"]}))), KeySays::Account, "an account's id stands for its root");
        assert_eq!(says(allow(json!({"AWS": "arn:aws:iam::2:root"}))), KeySays::Silent);
        assert_eq!(says(json!([])), KeySays::Silent);
        assert_eq!(says(allow(json!({"Service": "logs.amazonaws.com"}))), KeySays::Silent);
        for who in [
            json!("*"),
            json!({"AWS": "*"}),
            json!({"AWS": [ROLE]}),
            json!({"AWS": "arn:aws:iam::1:role/team/deployer"}),
            json!({"AWS": "arn:aws:sts::1:assumed-role/deployer/thandi"}),
        ] {
            assert_eq!(says(json!([root, allow(who.clone())])), KeySays::Names, "{who}");
        }
        for who in ["arn:aws:iam::2:role/deployer", "arn:aws:iam::1:role/approver", "arn:aws:iam::1:user/deployer"] {
            assert_eq!(says(json!([root, allow(json!({ "AWS": who }))])), KeySays::Account, "{who}");
        }
        // A statement about other actions is none about signing.
        let mut verify = allow(json!({ "AWS": ROLE }));
        verify["Action"] = json!(["kms:Verify", "kms:Get*"]);
        assert_eq!(says(json!([root, verify])), KeySays::Account);
        assert_eq!(says(verify), KeySays::Silent);
        let deny = |principal: Value| json!({"Effect": "Deny", "Principal": principal, "Action": "kms:Sign", "Resource": "*"});
        assert_eq!(says(json!([root, allow(json!("*")), deny(json!({ "AWS": ROLE }))])), KeySays::Denies);
        assert_eq!(says(json!([root, deny(json!({"AWS": "arn:aws:iam::1:role/other"}))])), KeySays::Account);
        // All but the approver.
        let but = json!({"Effect": "Deny", "NotPrincipal": {"AWS": "arn:aws:iam::1:role/approver"}, "Action": "kms:Sign", "Resource": "*"});
        assert_eq!(says(json!([root, but])), KeySays::Denies);
    }

    #[test]
    fn conditions_on_who_calls_are_judged_and_others_are_said() {
        let everybody = |condition: Value| {
            let mut one = allow(json!({"AWS": "*"}));
            one["Condition"] = condition;
            says(json!([one]))
        };
        assert_eq!(everybody(json!({"StringEquals": {"kms:CallerAccount": "1"}})), KeySays::Names);
        assert_eq!(everybody(json!({"StringEquals": {"kms:CallerAccount": "2"}})), KeySays::Silent);
        assert_eq!(everybody(json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::1:role/dep*"}})), KeySays::Names);
        assert_eq!(everybody(json!({"StringEquals": {"aws:PrincipalOrgID": "o-1"}})), KeySays::NamesSometimes);
        // One that says how it is signed opens it all the same.
        assert_eq!(everybody(json!({"StringEquals": {"kms:SigningAlgorithm": "ECDSA_SHA_256"}})), KeySays::NamesSometimes);
        let mut others = json!({"Effect": "Deny", "Principal": "*", "Action": "kms:Sign", "Resource": "*"});
        others["Condition"] = json!({"ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::1:role/approver"}});
        assert_eq!(says(json!([allow(json!("*")), others])), KeySays::Denies);
        others["Condition"] = json!({"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}});
        assert_eq!(says(json!([allow(json!("*")), others])), KeySays::Names, "a denial that may not apply is not counted on");
    }

    /// What docs/setup_guide.md tells to make lets those who approve sign, and nobody else.
    #[test]
    fn the_policy_of_the_setup_guide_divides_them() {
        let guide = include_str!("../../../../docs/setup_guide.md");
        let (_, text) = guide.split_once("<<'KEY'").unwrap();
        let policy: Value = serde_json::from_str(text.split_once("KEY\n").unwrap().0).unwrap();
        let by = |role: &str| key_says(&policy, &Principal::of(&format!("arn:aws:iam::093646564004:role/{role}"), None));
        assert_eq!((by("bbws-apply"), by("bbws-approve")), (KeySays::Denies, KeySays::Account));
    }

    #[test]
    fn a_grant_is_to_a_role_however_it_is_named() {
        let granted = |who: &str| is_granted(&["arn:aws:iam::1:role/other".into(), who.into()], &Principal::of(ROLE, None));
        assert!(granted(ROLE) && granted("arn:aws:sts::1:assumed-role/deployer/ci"));
        for who in ["arn:aws:iam::1:root", "arn:aws:iam::2:role/deployer", "arn:aws:iam::1:user/deployer", "rds.amazonaws.com", "*"] {
            assert!(!granted(who), "{who}");
        }
    }

    #[test]
    fn what_all_say_together() {
        let shut = || CloudError::own("kms:GetKeyPolicy", bbws_model::Class::Denied, "no");
        let judged = |by_key: Result<KeySays, CloudError>, by_iam: Result<bool, CloudError>, by_grant: Result<bool, CloudError>| match judge(
            "arn:k",
            &Signing { by_iam, by_key, by_grant },
        ) {
            Ok(Some(finding)) => {
                assert_eq!(finding.severity, Severity::Warning);
                "warned"
            }
            Ok(None) => "well",
            Err(_) => "unknown",
        };
        for (by_key, told) in [
            (Ok(KeySays::Denies), ["well", "well", "well"]),
            (Ok(KeySays::Silent), ["well", "well", "well"]),
            (Ok(KeySays::Names), ["warned", "warned", "warned"]),
            (Ok(KeySays::NamesSometimes), ["warned", "warned", "warned"]),
            (Ok(KeySays::Account), ["warned", "well", "unknown"]),
            (Err(shut()), ["warned", "unknown", "unknown"]),
        ] {
            let all = [Ok(true), Ok(false), Err(shut())].map(|by_iam| judged(by_key.clone(), by_iam, Ok(false)));
            assert_eq!(all, told, "{by_key:?}");
            // What the key's policy denies no grant allows; everybody else may by one.
            let granted = if by_key == Ok(KeySays::Denies) { "well" } else { "warned" };
            assert_eq!(judged(by_key.clone(), Ok(false), Ok(true)), granted, "{by_key:?}");
            // Where it would be well but for a grant, one that is not known leaves it open.
            let unknown = if told[1] == "well" && by_key != Ok(KeySays::Denies) { "unknown" } else { told[1] };
            assert_eq!(judged(by_key.clone(), Ok(false), Err(shut())), unknown, "{by_key:?}");
        }
    }
}

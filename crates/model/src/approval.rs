//! Who allows a change of production: principals, approvals of one exact plan, and what the log keeps of them.

use jiff::Timestamp;

use crate::{Account, Digest, RunId, World};

/// Somebody who acts in AWS, as far as approvals tell people apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    /// The role or user, without the name of a session: whoever assumes a role chooses that at will.
    pub arn: String,
    /// The name of the session. It tells nobody apart, and is only shown.
    pub session: Option<String>,
    /// Who stands behind the session, where that is known: it is set when a role is assumed, and cannot be changed after.
    pub source_identity: Option<String>,
}

impl Principal {
    /// The principal behind the ARN that STS answers.
    #[must_use]
    pub fn of(arn: &str, source_identity: Option<String>) -> Self {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        if let [_, partition, "sts", _, account, resource] = parts.as_slice()
            && let Some((role, session)) = resource.strip_prefix("assumed-role/").and_then(|rest| rest.rsplit_once('/'))
        {
            let arn = format!("arn:{partition}:iam::{account}:role/{role}");
            return Self { arn, session: Some(session.to_owned()), source_identity };
        }
        Self { arn: arn.to_owned(), session: None, source_identity }
    }

    /// The role or user by its last name. STS leaves the path of a role out, and no two roles of an account share a name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.arn.rsplit('/').next().unwrap_or(&self.arn)
    }

    /// Whether an ARN, as people write it down, means this role or user.
    #[must_use]
    pub fn is(&self, arn: &str) -> bool {
        fn bare(arn: &str) -> Option<(&str, &str, &str)> {
            let mut parts = arn.splitn(6, ':').skip(4);
            let (account, resource) = (parts.next()?, parts.next()?);
            let (sort, rest) = resource.split_once('/').unwrap_or((resource, ""));
            Some((account, sort, rest.rsplit('/').next().unwrap_or(rest)))
        }
        self.arn == arn || bare(&self.arn).is_some_and(|own| bare(arn) == Some(own))
    }
}

impl std::fmt::Display for Principal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.arn)?;
        match (&self.source_identity, &self.session) {
            (Some(identity), _) => write!(f, " (source identity {identity})"),
            (None, Some(session)) => write!(f, " (session {session})"),
            (None, None) => Ok(()),
        }
    }
}

/// What an approver states, and signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The environment's name.
    pub environment: String,
    /// The digest of the plan: of exactly that one.
    pub plan: Digest,
    /// The lineage of the state that it was made from.
    pub lineage: String,
    /// The account.
    pub account: Account,
    /// The world: an approval given in the simulation is worth nothing in AWS.
    pub world: World,
    /// Who approves.
    pub by: Principal,
    /// When.
    pub at: Timestamp,
    /// Until when the plan may be applied.
    pub expires: Timestamp,
}

/// A signature by a key of KMS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The ARN of the key.
    pub key: String,
    /// How it was made, as KMS calls it: `ECDSA_SHA_256`.
    pub algorithm: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// A second person's approval of one exact plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// What is stated.
    pub statement: Statement,
    /// The signature under it; none where only the store keeps others from writing approvals.
    pub signature: Option<Signature>,
}

/// What the log keeps of the approval that a run rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approved {
    /// The plan.
    pub plan: Digest,
    /// Who approved it.
    pub by: Principal,
    /// When.
    pub at: Timestamp,
    /// Until when it might be applied.
    pub expires: Timestamp,
    /// The key that signed it; none where only the store kept others from writing it.
    pub signed_by: Option<String>,
    /// The digest of the approval's bytes.
    pub fingerprint: Digest,
}

/// That an approval has been used: a plan is applied once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spent {
    /// The run that rests on it.
    pub run: RunId,
    /// When that began.
    pub at: Timestamp,
    /// When the approval expires: it need not be remembered after that.
    pub expires: Timestamp,
}

/// A change of production without an approval, on somebody's word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenGlass {
    /// The run.
    pub run: RunId,
    /// When it began.
    pub at: Timestamp,
    /// Who.
    pub by: Principal,
    /// Why, in their own words.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_no_principal_of_its_own() {
        let one = Principal::of("arn:aws:sts::093646564004:assumed-role/deployer/thandi", None);
        let other = Principal::of("arn:aws:sts::093646564004:assumed-role/deployer/jan", None);
        assert_eq!((one.arn.as_str(), one.session.as_deref()), ("arn:aws:iam::093646564004:role/deployer", Some("thandi")));
        assert_eq!(one.arn, other.arn);
        let user = Principal::of("arn:aws:iam::093646564004:user/people/thandi", None);
        assert_eq!(
            (user.arn.as_str(), user.session.as_deref(), user.name()),
            ("arn:aws:iam::093646564004:user/people/thandi", None, "thandi")
        );
        assert_eq!(Principal::of("arn:aws:iam::093646564004:root", None).arn, "arn:aws:iam::093646564004:root");
    }

    #[test]
    fn a_role_is_known_with_and_without_its_path() {
        let role = Principal::of("arn:aws:sts::093646564004:assumed-role/approver/jan", None);
        for arn in ["arn:aws:iam::093646564004:role/approver", "arn:aws:iam::093646564004:role/teams/approver"] {
            assert!(role.is(arn), "{arn}");
        }
        for arn in [
            "arn:aws:iam::093646564004:user/approver",
            "arn:aws:iam::111111111111:role/approver",
            "arn:aws:iam::093646564004:role/approvers",
            "approver",
        ] {
            assert!(!role.is(arn), "{arn}");
        }
    }
}

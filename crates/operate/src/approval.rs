//! Whether an approval lets a plan of production be applied. Whether its signature verifies is asked of KMS, and told apart.

use bbws_model::{Account, Approval, Digest, Principal, Statement, World};
use jiff::{SignedDuration, Timestamp};

/// How far two clocks may differ before one of them is not believed: AWS takes no signature that is further off.
pub const SKEW: SignedDuration = SignedDuration::from_mins(5);

/// The fewest letters and words of a reason to change production without an approval.
const REASON: (usize, usize) = (20, 4);

/// What the environment's file says of approvals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules<'a> {
    /// The key that signs them.
    pub key: Option<&'a str>,
    /// Who may give them; everybody who can sign if empty.
    pub roles: &'a [String],
}

/// A plan that is to be applied, and by whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked<'a> {
    /// The environment.
    pub environment: &'a str,
    /// The digest of the plan.
    pub plan: &'a Digest,
    /// The lineage that it was made from.
    pub lineage: &'a str,
    /// The account.
    pub account: &'a Account,
    /// The world.
    pub world: &'a World,
    /// Who applies.
    pub by: &'a Principal,
    /// What time it is, by [`time`].
    pub now: Timestamp,
}

/// Why an approval does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It cannot be read.
    #[error("{0}")]
    Damaged(String),
    /// It was taken away.
    #[error("it was removed from the store after it was given")]
    Removed,
    /// It was given in another world.
    #[error("it was given in the world `{0}`, and counts for nothing in `{1}`")]
    World(World, World),
    /// It speaks of another environment, account or state.
    #[error("it is of {what} {found}, not of {expected}")]
    Elsewhere {
        /// Which of them.
        what: &'static str,
        /// As approved.
        found: String,
        /// As applied.
        expected: String,
    },
    /// It approves another plan.
    #[error("it approves another plan, {}…, not this one, {}…", .0.0.get(..12).unwrap_or_default(), .1.0.get(..12).unwrap_or_default())]
    OtherPlan(Digest, Digest),
    /// Approver and applier are one session.
    #[error("{0} approved it, who is now to apply it: nobody approves their own change")]
    OwnChange(String),
    /// Approver and applier are two sessions of one role.
    #[error("{0} approved it, and {1} applies it: two sessions of one role count as one, whatever they are called")]
    SameRole(String, String),
    /// The approver is not among those who may.
    #[error("{0} approved it, who is not among the `roles` of [approval]")]
    NotAnApprover(String),
    /// It is of a time that has not come yet.
    #[error("it was given at {0}, and here it is only {1}")]
    NotYet(Timestamp, Timestamp),
    /// It no longer holds.
    #[error("it expired at {0}, and it is {1}")]
    Expired(Timestamp, Timestamp),
    /// Nobody signed it.
    #[error("it is not signed, and the file demands a signature by {0}")]
    Unsigned(String),
    /// Another key signed it.
    #[error("it is signed by {0}, and the file demands {1}")]
    OtherKey(String, String),
    /// Its signature does not fit it.
    #[error("its signature does not fit: it was changed after it was signed, or {0} never signed it")]
    Forged(String),
}

/// Judges all of an approval but its signature.
///
/// # Errors
/// When it does not count.
pub fn judge(approval: &Approval, asked: &Asked<'_>, rules: Rules<'_>) -> Result<(), Unfit> {
    let Statement { environment, plan, lineage, account, world, by, at, expires } = &approval.statement;
    if world != asked.world {
        return Err(Unfit::World(world.clone(), asked.world.clone()));
    }
    let places = [
        ("the environment", environment.as_str(), asked.environment),
        ("the account", account.as_str(), asked.account.as_str()),
        ("the state", lineage.as_str(), asked.lineage),
    ];
    if let Some((what, found, expected)) = places.into_iter().find(|(_, found, expected)| found != expected) {
        return Err(Unfit::Elsewhere { what, found: found.to_owned(), expected: expected.to_owned() });
    }
    if plan != asked.plan {
        return Err(Unfit::OtherPlan(plan.clone(), asked.plan.clone()));
    }
    distinct(by, asked.by)?;
    if !may_approve(by, rules.roles) {
        return Err(Unfit::NotAnApprover(by.to_string()));
    }
    if at.duration_since(asked.now) > SKEW {
        return Err(Unfit::NotYet(*at, asked.now));
    }
    if *expires <= asked.now {
        return Err(Unfit::Expired(*expires, asked.now));
    }
    match (rules.key, &approval.signature) {
        (Some(key), None) => Err(Unfit::Unsigned(key.to_owned())),
        (Some(key), Some(signature)) if signature.key != key => Err(Unfit::OtherKey(signature.key.clone(), key.to_owned())),
        (Some(_), Some(_)) | (None, _) => Ok(()),
    }
}

/// Whether two are two: by role or user, or by source identity where both have one. The name of a session is free to choose.
fn distinct(approver: &Principal, applier: &Principal) -> Result<(), Unfit> {
    if !approver.is(&applier.arn) {
        return Ok(());
    }
    match (&approver.source_identity, &applier.source_identity) {
        (Some(one), Some(other)) if one != other => Ok(()),
        _ if approver.session == applier.session => Err(Unfit::OwnChange(approver.to_string())),
        _ => Err(Unfit::SameRole(approver.to_string(), applier.to_string())),
    }
}

/// Whether somebody would approve a plan that they made themselves. Where a plan does not say who made it, that cannot be told.
///
/// # Errors
/// When they would, by the rule that tells approver and applier apart.
pub fn not_own(by: &Principal, maker: Option<&Principal>) -> Result<(), OwnPlan> {
    let Some(maker) = maker else { return Ok(()) };
    distinct(by, maker).map_err(|same| match same {
        Unfit::SameRole(..) => OwnPlan::SameRole(maker.to_string()),
        _ => OwnPlan::Same(maker.to_string()),
    })
}

/// Why somebody does not approve a plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OwnPlan {
    /// They made it.
    #[error("{0} made this plan, and nobody approves their own change")]
    Same(String),
    /// Their role made it.
    #[error("{0} made this plan, and two sessions of one role count as one, whatever they are called")]
    SameRole(String),
}

/// Whether somebody is among those who may approve.
#[must_use]
pub fn may_approve(by: &Principal, roles: &[String]) -> bool {
    roles.is_empty() || roles.iter().any(|role| by.is(role))
}

/// That this machine's clock is behind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("here it is {here}, but {what} says {there}")]
pub struct Behind {
    /// Who knows better.
    pub what: String,
    /// The time there.
    pub there: Timestamp,
    /// The time here.
    pub here: Timestamp,
}

/// What time it is. A clock that was set back would let an approval hold for longer: this machine's is compared with what others
/// say, and the latest counts.
///
/// # Errors
/// When this machine's clock is behind one of the others by more than clocks differ.
pub fn time(here: Timestamp, others: &[(&str, Timestamp)]) -> Result<Timestamp, Behind> {
    if let Some((what, there)) = others.iter().find(|(_, there)| there.duration_since(here) > SKEW) {
        return Err(Behind { what: (*what).to_owned(), there: *there, here });
    }
    Ok(others.iter().map(|(_, there)| *there).fold(here, Timestamp::max))
}

/// Whether a text says why production is changed without an approval.
///
/// # Errors
/// When it is too short for that, with what would be enough.
pub fn reason(text: &str) -> Result<String, String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let told = words.join(" ");
    let (letters, count) = REASON;
    if told.chars().filter(|c| c.is_alphanumeric()).count() < letters || words.len() < count {
        return Err(format!(
            "a reason has {count} words and {letters} letters at least: what is broken, and why it cannot wait for a second person"
        ));
    }
    Ok(told)
}

#[cfg(test)]
mod tests;

//! Which errors there are, and which one a failed call is.

use std::fmt;

use bbws_model::{Class, CloudError};

/// An error's id: it stands in the text and in `--json`, and never changes its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is described in the table below")]
pub enum ErrorId {
    // What AWS says.
    Throttled,
    Network,
    Service,
    NoAnswer,
    Withheld,
    NotVisible,
    Slow,
    Absent,
    Exists,
    Name,
    Conflict,
    InUse,
    Limit,
    Denied,
    Credentials,
    Clock,
    RegionOff,
    AccountState,
    Capacity,
    Invalid,
    Protected,
    // What bbws says.
    Account,
    World,
    Config,
    Cycle,
    NoPlan,
    Foreign,
    Production,
    Approval,
    PlanFile,
    OtherPlan,
    AppliedPlan,
    StalePlan,
    Moved,
    Consent,
    Back,
    Locked,
    Fenced,
    Partial,
    Stopped,
    Verify,
    Session,
    Store,
    Damaged,
    Ahead,
    Unread,
    Offer,
    Drift,
    Import,
    Unknown,
    NoState,
    State,
    Delegation,
    File,
    System,
    Usage,
    Refused,
    Later,
    Interrupted,
    Other,
}

impl ErrorId {
    /// All of them, in the order of the catalogue.
    pub const ALL: [Self; 60] = [
        Self::Throttled,
        Self::Network,
        Self::Service,
        Self::NoAnswer,
        Self::Withheld,
        Self::NotVisible,
        Self::Slow,
        Self::Absent,
        Self::Exists,
        Self::Name,
        Self::Conflict,
        Self::InUse,
        Self::Limit,
        Self::Denied,
        Self::Credentials,
        Self::Clock,
        Self::RegionOff,
        Self::AccountState,
        Self::Capacity,
        Self::Invalid,
        Self::Protected,
        Self::Account,
        Self::World,
        Self::Config,
        Self::Cycle,
        Self::NoPlan,
        Self::Foreign,
        Self::Production,
        Self::Approval,
        Self::PlanFile,
        Self::OtherPlan,
        Self::AppliedPlan,
        Self::StalePlan,
        Self::Moved,
        Self::Consent,
        Self::Back,
        Self::Locked,
        Self::Fenced,
        Self::Partial,
        Self::Stopped,
        Self::Verify,
        Self::Session,
        Self::Store,
        Self::Damaged,
        Self::Ahead,
        Self::Unread,
        Self::Offer,
        Self::Drift,
        Self::Import,
        Self::Unknown,
        Self::NoState,
        Self::State,
        Self::Delegation,
        Self::File,
        Self::System,
        Self::Usage,
        Self::Refused,
        Self::Later,
        Self::Interrupted,
        Self::Other,
    ];

    /// Which one a failed call is.
    #[must_use]
    pub fn of(error: &CloudError) -> Self {
        let message = error.message.to_lowercase();
        let has = |words: &[&str]| words.iter().any(|text| message.contains(text));
        if has(&["protected against deletion", "cannot delete protected", "deletion protection is enabled"]) {
            return Self::Protected;
        }
        match error.code.as_str() {
            CloudError::STILL_PENDING => return Self::Slow,
            "OptInRequired" => return Self::RegionOff,
            "RequestTimeTooSkewed" => return Self::Clock,
            "SignatureDoesNotMatch" if has(&["time", "expired"]) => return Self::Clock,
            "PendingVerification" | "Blocked" | "BlockedException" | "AccountDisabled" => return Self::AccountState,
            "BucketAlreadyExists" | "CNAMEAlreadyExists" => return Self::Name,
            _ => {}
        }
        match error.class {
            Class::Throttled => Self::Throttled,
            // A service that answers is not a network that does not.
            Class::Transient if error.code.is_empty() && !message.starts_with("http ") => Self::Network,
            Class::Transient => Self::Service,
            Class::Ambiguous => Self::NoAnswer,
            Class::Withheld => Self::Withheld,
            Class::NotVisibleYet => Self::NotVisible,
            Class::Absent => Self::Absent,
            Class::Exists => Self::Exists,
            Class::Conflict => Self::Conflict,
            Class::Dependency => Self::InUse,
            Class::Limit => Self::Limit,
            Class::Denied => Self::Denied,
            Class::Credentials => Self::Credentials,
            Class::AccountState => Self::AccountState,
            Class::Capacity => Self::Capacity,
            Class::Invalid => Self::Invalid,
        }
    }

    /// Whether it says more than the exit code does.
    #[must_use]
    pub fn is_telling(self) -> bool {
        !matches!(self, Self::Usage | Self::Refused | Self::Later | Self::Interrupted | Self::Other)
    }
}

impl fmt::Display for ErrorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.about().id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_is_its_own_and_in_its_form() {
        let ids: std::collections::BTreeSet<&str> = ErrorId::ALL.iter().map(|id| id.about().id).collect();
        assert_eq!(ids.len(), ErrorId::ALL.len());
        let all: std::collections::BTreeSet<ErrorId> = ErrorId::ALL.into();
        assert_eq!(all.len(), ErrorId::ALL.len(), "none stands twice");
        let sound = |id: &&str| id.starts_with("E-") && id[2..].bytes().all(|b| b.is_ascii_uppercase() || b == b'-');
        assert!(ids.iter().all(sound), "{ids:?}");
        // `ALL` has each: the last one's number is its length.
        assert_eq!(ErrorId::Other as usize + 1, ErrorId::ALL.len());
    }

    #[test]
    fn a_network_that_does_not_answer_is_not_a_service_that_fails() {
        let error =
            |code: &str, message: &str| CloudError { code: code.into(), ..CloudError::own("ec2:DescribeVpcs", Class::Transient, message) };
        assert_eq!(ErrorId::of(&error("", "dispatch failure: connection refused")), ErrorId::Network);
        assert_eq!(ErrorId::of(&error("InternalError", "")), ErrorId::Service);
        assert_eq!(ErrorId::of(&error("", "HTTP 503 without an error code")), ErrorId::Service);
        let slow = error(CloudError::STILL_PENDING, "it is still `creating` after 60 minutes");
        assert_eq!(ErrorId::of(&slow), ErrorId::Slow, "it was reached");
        let told = crate::advice(&slow, &crate::At::default()).join(" ");
        assert!(told.contains("waits on") && !told.contains("could not be reached"), "{told}");
    }
}

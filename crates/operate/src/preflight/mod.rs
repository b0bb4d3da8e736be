//! What can be known before an apply begins: whether the region is on, quotas leave room for this plan, zones are there, the
//! database's class is offered in them and its version still has standard support, names are free, services have their own roles,
//! and the caller is allowed what the plan needs. Only what the plan needs is asked; what cannot be found out is told as unknown,
//! and stops nothing.

mod asking;
mod quota;
mod signing;

use std::collections::{BTreeMap, BTreeSet};

use bbws_model::{CloudError, Finding, Mode, Severity};
use jiff::Timestamp;

use crate::iam::{Probe, one_or_many};
pub use asking::{expected, questions};
pub use quota::Counted;
pub use signing::{KeySays, Signing, is_granted, key_says, signing};

/// Standard support that ends within so many days is told of.
const SOON_DAYS: i64 = 180;

/// Something to find out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// Whether the account has the region switched on.
    Region {
        /// The region.
        region: String,
    },
    /// Which zones of the region are available.
    Zones {
        /// Those that the plan puts something into.
        needed: BTreeSet<String>,
    },
    /// How many there may be of a sort, and how many there are.
    Quota {
        /// The sort.
        of: Counted,
        /// How many the plan makes, by zone where that counts; else under the empty name.
        more: BTreeMap<String, usize>,
    },
    /// Where a class of database is offered, and in which versions of MySQL.
    Offered {
        /// The class.
        class: String,
        /// The version, or its beginning.
        version: String,
        /// The zones that the database may come to stand in.
        zones: BTreeSet<String>,
        /// Whether it stands in two of them.
        multi_az: bool,
    },
    /// Until when a version of MySQL has standard support.
    Support {
        /// The version, or its beginning.
        version: String,
        /// What time it is.
        now: Timestamp,
    },
    /// Whether a bucket's name is free: it is one in the whole world.
    Name {
        /// The bucket.
        bucket: String,
        /// What it takes to look: S3 refuses whoever may not in the same way as it refuses others' buckets.
        probe: Probe,
    },
    /// Whether a service has its own role in the account, and else whether the caller may have it made.
    ServiceRole {
        /// The service: `rds.amazonaws.com`.
        service: &'static str,
        /// The role's name.
        role: &'static str,
        /// What making it needs.
        probe: Probe,
    },
    /// What IAM says of the caller.
    Allowed {
        /// What the plan needs.
        probes: Vec<Probe>,
    },
    /// Whether whoever applies may sign approvals as well.
    Signs {
        /// The key that signs them.
        key: String,
    },
}

/// What was found out.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Whether the region is on, in AWS's words: `opted-in`.
    Region(String),
    /// The available zones.
    Zones(BTreeSet<String>),
    /// How many there may be, and how many there are, by zone where that counts; else under the empty name.
    Quota {
        /// How many there may be.
        most: f64,
        /// How many there are.
        used: BTreeMap<String, usize>,
    },
    /// Each version with the zones that it is offered in.
    Offered(Vec<(String, BTreeSet<String>)>),
    /// When standard support ends, where RDS says so.
    Support(Option<Timestamp>),
    /// Whose a name is.
    Name(Holder),
    /// Whether a service has its own role; where not, whether the caller may have it made, if that is known.
    ServiceRole {
        /// Whether it has.
        there: bool,
        /// Whether the caller may.
        may: Option<bool>,
    },
    /// The actions that are denied, each with what it was asked on.
    Denied(Vec<(String, String)>),
    /// Whether the caller may sign.
    Signs(Box<Signing>),
}

/// Whose a name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// Nobody's.
    Nobody,
    /// This account's.
    Us,
    /// Another account's.
    Others,
}

/// One thing that was looked at, and what came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Looked {
    /// A name for it that stays.
    pub id: String,
    /// What was looked at, in a few words.
    pub about: String,
    /// What was seen, in a few words.
    pub told: String,
    /// What is to be known or done; nothing where all is well.
    pub findings: Vec<Finding>,
}

impl Looked {
    /// How bad it is; none where all is well.
    #[must_use]
    pub fn severity(&self) -> Option<Severity> {
        let is = |severity: Severity| self.findings.iter().any(|finding| finding.severity == severity).then_some(severity);
        is(Severity::Error).or_else(|| is(Severity::Warning)).or_else(|| is(Severity::Note))
    }
}

/// What came of a question.
#[must_use]
pub fn looked(question: &Question, answer: &Result<Answer, CloudError>, mode: Mode) -> Looked {
    let told = match answer {
        Ok(answer) => seen(question, answer),
        Err(error) => format!("not known: {error}"),
    };
    Looked { id: question.id(), about: about(question), told, findings: judge(question, answer, mode) }
}

impl Question {
    /// What it is known by; it never changes.
    #[must_use]
    pub fn id(&self) -> String {
        match self {
            Self::Region { .. } => "region".to_owned(),
            Self::Zones { .. } => "zones".to_owned(),
            Self::Quota { of, .. } => format!("quota-{}", of.code().1),
            Self::Offered { .. } => "class".to_owned(),
            Self::Support { .. } => "support".to_owned(),
            Self::Name { bucket, .. } => format!("name-{bucket}"),
            Self::ServiceRole { role, .. } => format!("service-role-{role}"),
            Self::Allowed { .. } => "rights".to_owned(),
            Self::Signs { .. } => "signing".to_owned(),
        }
    }
}

/// An answer in a few words.
fn seen(question: &Question, answer: &Answer) -> String {
    match (question, answer) {
        (_, Answer::Region(status)) => status.clone(),
        (_, Answer::Zones(available)) => format!("available are {}", joined(available)),
        (Question::Quota { of, more }, Answer::Quota { most, used }) => {
            let more = more.values().max().copied().unwrap_or_default();
            match used.values().max() {
                _ if !of.is_counted() => format!("{most} at most, {more} wanted"),
                used => format!("{} of {most} used, {more} more wanted", used.copied().unwrap_or_default()),
            }
        }
        (_, Answer::Offered(offers)) => {
            let versions: BTreeSet<&String> = offers.iter().map(|(version, _)| version).collect();
            if versions.is_empty() { "not offered".to_owned() } else { format!("offered with MySQL {}", joined(versions)) }
        }
        (_, Answer::Support(ends)) => {
            ends.map_or_else(|| "RDS does not say".to_owned(), |ends| format!("standard support until {}", date(ends)))
        }
        (_, Answer::Name(holder)) => match holder {
            Holder::Nobody => "free",
            Holder::Us => "this account has it already",
            Holder::Others => "somebody else has it",
        }
        .to_owned(),
        (_, Answer::ServiceRole { there: true, .. }) => "it is there".to_owned(),
        (_, Answer::ServiceRole { there: false, may }) => match may {
            Some(true) => "made at first use",
            Some(false) => "not there, and the caller may not have it made",
            None => "not there; whether the caller may have it made is not known",
        }
        .to_owned(),
        (_, Answer::Signs(told)) => signing::seen(told),
        (_, Answer::Denied(denied)) if denied.is_empty() => "IAM's simulation denies nothing".to_owned(),
        (_, Answer::Denied(denied)) => format!("IAM's simulation denies {}", denied.len()),
        (_, Answer::Quota { most, .. }) => format!("{most} at most"),
    }
}

fn joined<'a>(all: impl IntoIterator<Item = &'a String>) -> String {
    all.into_iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

/// The day of a moment.
fn date(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

/// What an answer means: nothing where all is well. An error stops the apply before anything is changed.
#[must_use]
pub fn judge(question: &Question, answer: &Result<Answer, CloudError>, mode: Mode) -> Vec<Finding> {
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return vec![unknown(question, error)],
    };
    match (question, answer) {
        (Question::Zones { needed }, Answer::Zones(available)) => zones(needed, available).into_iter().collect(),
        (Question::Quota { of, more }, Answer::Quota { most, used }) => of.judge(more, *most, used),
        (Question::Offered { class, version, zones, multi_az }, Answer::Offered(offers)) => {
            offered((class, version), zones, *multi_az, offers).into_iter().collect()
        }
        (Question::Region { region }, Answer::Region(status)) => switched_on(region, status).into_iter().collect(),
        (Question::Support { version, now }, Answer::Support(ends)) => supported(version, *now, *ends).into_iter().collect(),
        (Question::Name { bucket, .. }, Answer::Name(Holder::Others)) => vec![taken(bucket)],
        (Question::ServiceRole { service, role, probe }, Answer::ServiceRole { there: false, may: Some(false) }) => {
            vec![no_service_role(service, role, probe)]
        }
        (Question::Allowed { .. }, Answer::Denied(denied)) => lacking(denied, mode),
        (Question::Signs { key }, Answer::Signs(told)) => {
            signing::judge(key, told).unwrap_or_else(|error| Some(unknown(question, &error))).into_iter().collect()
        }
        _ => vec![],
    }
}

/// What a question is about, in a few words.
#[must_use]
pub fn about(question: &Question) -> String {
    match question {
        Question::Zones { .. } => "the zones".to_owned(),
        Question::Quota { of, .. } => format!("the quota of {}", of.words()),
        Question::Offered { class, .. } => format!("where {class} is offered"),
        Question::Region { region } => format!("whether {region} is switched on"),
        Question::Support { version, .. } => format!("how long MySQL {version} has standard support"),
        Question::Name { bucket, .. } => format!("whether the name {bucket} is free"),
        Question::ServiceRole { service, .. } => format!("the role of {service}"),
        Question::Allowed { .. } => "the caller's permissions".to_owned(),
        Question::Signs { .. } => "whether whoever applies may sign approvals as well".to_owned(),
    }
}

/// AWS says `opted-in` and `opt-in-not-required` of what can be used.
fn switched_on(region: &str, status: &str) -> Option<Finding> {
    (status == "not-opted-in").then(|| {
        Finding::new(Severity::Error, format!("the region {region} is not switched on in this account"))
            .seen(format!("EC2 says {status}"))
            .advise("switch it on under Account settings, AWS Regions (it takes minutes to hours), or name another region in the file")
    })
}

/// What is out of standard support runs on, and costs for each vCPU and hour.
fn supported(version: &str, now: Timestamp, ends: Option<Timestamp>) -> Option<Finding> {
    let ends = ends?;
    let days = ends.duration_since(now).as_hours() / 24;
    let (severity, summary) = if ends <= now {
        (Severity::Warning, format!("MySQL {version} is out of standard support"))
    } else if days <= SOON_DAYS {
        (Severity::Note, format!("MySQL {version} has standard support for {days} more days"))
    } else {
        return None;
    };
    let finding = Finding::new(severity, summary).seen(format!("RDS ends it on {}", date(ends)));
    Some(finding.advise(
        "RDS then bills Extended Support for each vCPU and hour (`bbws cost ENV` has it): choose a later `engine_version` under [rds]",
    ))
}

fn taken(bucket: &str) -> Finding {
    Finding::new(Severity::Error, format!("somebody else has a bucket named {bucket}"))
        .seen("S3 refuses to show it, and IAM's simulation says that the caller may look")
        .advise("names of buckets are unique in the whole world: choose another one in the file")
}

fn no_service_role(service: &str, role: &str, probe: &Probe) -> Finding {
    let statement = serde_json::json!({"Effect": "Allow", "Action": one_or_many(&probe.actions), "Resource": probe.resource,
        "Condition": {"StringEquals": {"iam:AWSServiceName": service}}});
    Finding::new(Severity::Warning, format!("{service} has no role of its own here, and the caller may not have it made"))
        .seen(format!("there is no {role}, and IAM's simulation denies {}", probe.actions.join(", ")))
        .advise(format!(
            "let somebody make it once (aws iam create-service-linked-role --aws-service-name {service}), or give the caller: {statement}"
        ))
}

fn unknown(question: &Question, error: &CloudError) -> Finding {
    let finding = Finding::new(Severity::Note, format!("not known beforehand: {}", about(question))).seen(error.to_string());
    finding.advise("nothing is stopped by that; `bbws iam ENV -v` says which permissions it takes to look")
}

fn zones(needed: &BTreeSet<String>, available: &BTreeSet<String>) -> Option<Finding> {
    let missing: Vec<&String> = needed.difference(available).collect();
    (!missing.is_empty()).then(|| {
        Finding::new(Severity::Error, format!("this account has no zone {}", joined(missing)))
            .seen(format!("available are {}", joined(available)))
            .advise("write zones that are available under [network.public] and [network.private]")
    })
}

fn offered(
    (class, version): (&str, &str),
    zones: &BTreeSet<String>,
    multi_az: bool,
    offers: &[(String, BTreeSet<String>)],
) -> Option<Finding> {
    let fits = |has: &str| has == version || has.strip_prefix(version).is_some_and(|rest| rest.starts_with('.'));
    let of_version: Vec<&(String, BTreeSet<String>)> = offers.iter().filter(|(has, _)| fits(has)).collect();
    let places: BTreeSet<&String> = of_version.iter().flat_map(|(_, zones)| zones).collect();
    let here = zones.iter().filter(|zone| places.contains(zone)).count();
    let wanted = if multi_az { 2 } else { 1 };
    // Where the zones are not known, that it is offered at all has to do.
    if !of_version.is_empty() && (zones.is_empty() || here >= wanted) {
        return None;
    }
    let seen = match (offers.is_empty(), of_version.is_empty()) {
        (true, _) => "RDS offers that class for MySQL nowhere in this region".to_owned(),
        (false, true) => {
            let versions: BTreeSet<&String> = offers.iter().map(|(version, _)| version).collect();
            format!("RDS offers it with MySQL {}", joined(versions))
        }
        (false, false) => format!("RDS offers it in {}", joined(places)),
    };
    let summary = format!("MySQL {version} on {class} cannot be had in {}", joined(zones));
    Some(Finding::new(Severity::Error, summary).seen(seen).advise("choose another `class` or `engine_version` under [rds], or other zones"))
}

/// IAM's simulation does not see everything: it warns, and AWS itself decides.
fn lacking(denied: &[(String, String)], mode: Mode) -> Vec<Finding> {
    let verb = mode.verb();
    let mut together: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (action, on) in denied {
        together.entry(on).or_default().push(action);
    }
    let finding = |(on, actions): (&str, Vec<&str>)| {
        let finding = Finding::new(Severity::Warning, format!("the caller may not do {}", actions.join(", ")));
        let seen = "by IAM's simulation";
        let action = one_or_many(&actions);
        let statement = serde_json::json!({"Effect": "Allow", "Action": action, "Resource": on});
        finding.seen(seen).advise(format!("the {verb} stops there unless its policy is given: {statement}"))
    };
    together.into_iter().map(finding).collect()
}

#[cfg(test)]
mod tests;

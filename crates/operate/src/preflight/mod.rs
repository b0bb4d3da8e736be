//! What can be known before an apply begins: whether quotas leave room for this plan, zones are there, the database's class is
//! offered in them, and the caller is allowed what the plan needs. Only what the plan needs is asked; what cannot be found out is
//! told as unknown, and stops nothing.
//!
//! Whether the region is enabled is known by then: the look at everything was answered from there. A name that somebody else has is
//! found by that look too, and stops the plan.

mod quota;

use std::collections::{BTreeMap, BTreeSet};

use bbws_model::{Action, CloudError, Desired, Finding, Kinds, Mode, Plan, Severity, pointers};
use serde_json::Value;

use crate::iam::{Ground, Probe, Purpose, one_or_many, policies, probes};
pub use quota::Counted;

/// Something to find out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
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
    /// The actions that are denied, each with what it was asked on.
    Denied(Vec<(String, String)>),
}

/// What a plan makes it worth to ask.
#[must_use]
pub fn questions(plan: &Plan, desired: &Desired, kinds: &Kinds, ground: &Ground) -> Vec<Question> {
    let mut asked = vec![];
    let makes: Vec<(&str, &Value)> = plan
        .steps
        .iter()
        .filter_map(|step| match &step.action {
            Action::Create { want, .. } => Some((step.address.kind(), want)),
            _ => None,
        })
        .collect();
    let zone_of = |spec: &Value| -> Option<String> {
        let to = pointers(&spec["subnet"]).into_iter().next()?.to;
        Some(desired.resources.get(&to)?.spec["zone"].as_str()?.to_owned())
    };
    let needed: BTreeSet<String> =
        makes.iter().filter(|(kind, _)| *kind == "subnet").filter_map(|(_, want)| want["zone"].as_str()).map(str::to_owned).collect();
    if !needed.is_empty() {
        asked.push(Question::Zones { needed });
    }
    let mut more: BTreeMap<Counted, BTreeMap<String, usize>> = BTreeMap::new();
    for (kind, want) in &makes {
        let Some(of) = Counted::ALL.into_iter().find(|of| of.kind() == *kind) else { continue };
        let zone = if of == Counted::NatGateways { zone_of(want).unwrap_or_default() } else { String::new() };
        *more.entry(of).or_default().entry(zone).or_default() += 1;
    }
    asked.extend(more.into_iter().map(|(of, more)| Question::Quota { of, more }));
    for step in plan.steps.iter().filter(|step| step.address.kind() == "db-instance") {
        let (want, have) = match &step.action {
            Action::Create { want, .. } => (want, None),
            Action::Update { want, have, .. } => (want, Some(have)),
            _ => continue,
        };
        if have.is_some_and(|have| have["class"] == want["class"] && have["engine_version"] == want["engine_version"]) {
            continue;
        }
        let text = |field: &str| want[field].as_str().unwrap_or_default().to_owned();
        let group = pointers(&want["subnet_group"]).into_iter().next().and_then(|to| desired.resources.get(&to.to));
        let subnets = group.map(|group| pointers(&group.spec["subnets"])).unwrap_or_default();
        let zones = subnets.iter().filter_map(|to| desired.resources.get(&to.to)?.spec["zone"].as_str().map(str::to_owned)).collect();
        let multi_az = want["multi_az"] == true;
        asked.push(Question::Offered { class: text("class"), version: text("engine_version"), zones, multi_az });
    }
    let needed = needed_actions(plan, kinds);
    if !needed.is_empty() {
        let probes = probes(&policies(ground, kinds, Purpose::Apply), &needed);
        asked.push(Question::Allowed { probes });
    }
    asked
}

/// The actions that a plan's steps need. To make something is to bring it to its form, too.
fn needed_actions(plan: &Plan, kinds: &Kinds) -> BTreeSet<&'static str> {
    let mut needed = BTreeSet::new();
    for step in &plan.steps {
        let of = |kind: &str| kinds.get(kind).map(|kind| kind.permissions());
        let Some(rights) = of(step.address.kind()) else { continue };
        match &step.action {
            Action::Create { .. } => needed.extend([rights.create, rights.update].concat()),
            Action::Update { .. } | Action::Adopt { .. } => needed.extend(rights.update),
            Action::Delete { .. } => needed.extend(rights.delete),
            Action::Backup { kind, .. } => needed.extend(of(kind).map(|copy| copy.create).unwrap_or_default()),
            Action::Forget { .. } | Action::Rename { .. } => {}
        }
    }
    needed
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
        (Question::Allowed { .. }, Answer::Denied(denied)) => lacking(denied, mode),
        (Question::Signs { key }, Answer::Denied(denied)) if denied.is_empty() => vec![signs(key)],
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
        Question::Allowed { .. } => "the caller's permissions".to_owned(),
        Question::Signs { .. } => "whether whoever applies may sign approvals as well".to_owned(),
    }
}

fn unknown(question: &Question, error: &CloudError) -> Finding {
    let finding = Finding::new(Severity::Note, format!("not known beforehand: {}", about(question))).seen(error.to_string());
    finding.advise("nothing is stopped by that; `bbws iam ENV -v` says which permissions it takes to look")
}

fn zones(needed: &BTreeSet<String>, available: &BTreeSet<String>) -> Option<Finding> {
    let missing: Vec<&str> = needed.difference(available).map(String::as_str).collect();
    let list = available.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    (!missing.is_empty()).then(|| {
        Finding::new(Severity::Error, format!("this account has no zone {}", missing.join(", ")))
            .seen(format!("available are {list}"))
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
            let versions: BTreeSet<&str> = offers.iter().map(|(version, _)| version.as_str()).collect();
            format!("RDS offers it with MySQL {}", versions.into_iter().collect::<Vec<_>>().join(", "))
        }
        (false, false) => format!("RDS offers it in {}", places.into_iter().map(String::as_str).collect::<Vec<_>>().join(", ")),
    };
    let subnets = zones.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    let summary = format!("MySQL {version} on {class} cannot be had in {subnets}");
    Some(Finding::new(Severity::Error, summary).seen(seen).advise("choose another `class` or `engine_version` under [rds], or other zones"))
}

/// What is asked of IAM to find out whether somebody may sign.
#[must_use]
pub fn signing(key: &str) -> Probe {
    Probe { actions: vec!["kms:Sign".to_owned()], resource: key.to_owned(), context: BTreeMap::new() }
}

/// The simulation looks at the policies of the role alone. That they do not allow it proves nothing either: a key's own policy
/// can; but then somebody has written that role there.
fn signs(key: &str) -> Finding {
    let finding = Finding::new(Severity::Warning, "whoever applies may sign approvals as well: an approval proves less");
    finding
        .seen(format!("by IAM's simulation of kms:Sign on {key}; only the key's own policy can still keep that role out"))
        .advise("take kms:Sign on that key from the role that applies; it needs kms:Verify alone")
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
        let seen = match actions.as_slice() {
            ["iam:CreateServiceLinkedRole"] => "by IAM's simulation; needed only where the service has no role of its own yet",
            _ => "by IAM's simulation",
        };
        let action = one_or_many(&actions);
        let statement = serde_json::json!({"Effect": "Allow", "Action": action, "Resource": on});
        finding.seen(seen).advise(format!("the {verb} stops there unless its policy is given: {statement}"))
    };
    together.into_iter().map(finding).collect()
}

#[cfg(test)]
mod tests;

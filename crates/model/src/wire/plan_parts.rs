//! The parts of a plan, format 1.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::plan_bill::MeterDelta;
use super::plan_risk::Risk;
use crate::{Address, PhysicalId, StepId};

/// How many there are of each. A replacement counts once.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Counts {
    /// Objects made.
    add: usize,
    /// Objects changed in place.
    change: usize,
    /// Objects that a new one takes the place of.
    replace: usize,
    /// Objects removed.
    destroy: usize,
    /// Objects taken under management.
    adopt: usize,
    /// Objects managed no longer.
    forget: usize,
    /// Copies of data made first.
    backup: usize,
    /// Steps that can lose data.
    data_loss: usize,
    /// Steps that can take the service away.
    downtime: usize,
}

impl From<crate::Counts> for Counts {
    fn from(counts: crate::Counts) -> Self {
        let crate::Counts { add, change, replace, destroy, adopt, forget, backup, data_loss, downtime } = counts;
        Self { add, change, replace, destroy, adopt, forget, backup, data_loss, downtime }
    }
}

impl From<Counts> for crate::Counts {
    fn from(counts: Counts) -> Self {
        let Counts { add, change, replace, destroy, adopt, forget, backup, data_loss, downtime } = counts;
        Self { add, change, replace, destroy, adopt, forget, backup, data_loss, downtime }
    }
}

/// One step.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    /// Its number: its place in the list.
    id: StepId,
    /// The resource.
    address: Address,
    /// What is done.
    action: Action,
    /// Why.
    reason: Reason,
    /// What it may do to people, and what it opens or gives.
    risks: Vec<Risk>,
    /// What comes first.
    after: Vec<After>,
    /// The resources that it refers to.
    dependencies: Vec<Address>,
    /// The other half of a replacement.
    pair: Option<StepId>,
    /// What is billed more and less.
    meters: MeterDelta,
}

impl From<crate::Step> for Step {
    fn from(step: crate::Step) -> Self {
        let crate::Step { id, address, action, reason, risks, after, dependencies, pair, meters } = step;
        Self {
            id,
            address,
            action: action.into(),
            reason: reason.into(),
            risks: all(risks),
            after: all(after),
            dependencies,
            pair,
            meters: meters.into(),
        }
    }
}

impl From<Step> for crate::Step {
    fn from(step: Step) -> Self {
        let Step { id, address, action, reason, risks, after, dependencies, pair, meters } = step;
        Self {
            id,
            address,
            action: action.into(),
            reason: reason.into(),
            risks: all(risks),
            after: all(after),
            dependencies,
            pair,
            meters: meters.into(),
        }
    }
}

pub(super) fn all<A: Into<B>, B>(of: Vec<A>) -> Vec<B> {
    of.into_iter().map(Into::into).collect()
}

/// That it gets another name than the declared one, which another object has.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Renamed {
    /// The declared one.
    from: String,
    /// The one it gets.
    to: String,
}

/// What a step does.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
enum Action {
    /// Makes the object.
    Create { want: Value, renamed: Option<Renamed> },
    /// Changes it in place.
    Update { id: PhysicalId, have: Value, want: Value },
    /// Removes it.
    Delete { id: PhysicalId, have: Value, deposed: bool },
    /// Takes an existing object under management.
    Adopt {
        id: PhysicalId,
        have: Value,
        want: Value,
        existing: bool,
        /// Whether somebody asked for it, so that it may lack our mark: it only gets the mark.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        asked: bool,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        renamed: Option<Renamed>,
    },
    /// Manages it no longer; the object stays, or is gone already.
    Forget { reason: String },
    /// Gives it another address; the object stays.
    Rename { from: Address },
    /// Copies its data.
    Backup { kind: String, want: Value },
}

impl From<crate::Action> for Action {
    fn from(action: crate::Action) -> Self {
        match action {
            crate::Action::Create { want, renamed } => {
                Self::Create { want, renamed: renamed.map(|crate::Renamed { from, to }| Renamed { from, to }) }
            }
            crate::Action::Update { id, have, want } => Self::Update { id, have, want },
            crate::Action::Delete { id, have, deposed } => Self::Delete { id, have, deposed },
            crate::Action::Adopt { id, have, want, existing, asked, renamed } => {
                let renamed = renamed.map(|crate::Renamed { from, to }| Renamed { from, to });
                Self::Adopt { id, have, want, existing, asked, renamed }
            }
            crate::Action::Forget { reason } => Self::Forget { reason },
            crate::Action::Rename { from } => Self::Rename { from },
            crate::Action::Backup { kind, want } => Self::Backup { kind, want },
        }
    }
}

impl From<Action> for crate::Action {
    fn from(action: Action) -> Self {
        match action {
            Action::Create { want, renamed } => {
                Self::Create { want, renamed: renamed.map(|Renamed { from, to }| crate::Renamed { from, to }) }
            }
            Action::Update { id, have, want } => Self::Update { id, have, want },
            Action::Delete { id, have, deposed } => Self::Delete { id, have, deposed },
            Action::Adopt { id, have, want, existing, asked, renamed } => {
                let renamed = renamed.map(|Renamed { from, to }| crate::Renamed { from, to });
                Self::Adopt { id, have, want, existing, asked, renamed }
            }
            Action::Forget { reason } => Self::Forget { reason },
            Action::Rename { from } => Self::Rename { from },
            Action::Backup { kind, want } => Self::Backup { kind, want },
        }
    }
}

/// Why a step is taken.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "why", rename_all = "kebab-case", deny_unknown_fields)]
enum Reason {
    /// The file declares it and it does not exist.
    Declared {},
    /// The file no longer declares it.
    Undeclared {},
    /// It was recorded and is gone.
    Missing {},
    /// The file says otherwise in these fields.
    Changed { fields: Vec<FieldChange> },
    /// These fields force a new object.
    Replacing { fields: Vec<FieldChange> },
    /// Somebody asked for it.
    Asked {},
    /// It bears our mark, but was not recorded.
    Ours {},
    /// An earlier run did not finish it.
    Unfinished {},
    /// AWS is not done with it.
    Settling { told: String },
    /// AWS says that it has failed.
    Failing { told: String },
    /// What it refers to is recorded anew.
    References {},
    /// Another step may lose what it holds.
    Precaution {},
}

impl From<crate::Reason> for Reason {
    fn from(reason: crate::Reason) -> Self {
        match reason {
            crate::Reason::Declared => Self::Declared {},
            crate::Reason::Undeclared => Self::Undeclared {},
            crate::Reason::Missing => Self::Missing {},
            crate::Reason::Changed(fields) => Self::Changed { fields: all(fields) },
            crate::Reason::Replacing(fields) => Self::Replacing { fields: all(fields) },
            crate::Reason::Asked => Self::Asked {},
            crate::Reason::Ours => Self::Ours {},
            crate::Reason::Unfinished => Self::Unfinished {},
            crate::Reason::Settling(told) => Self::Settling { told },
            crate::Reason::Failing(told) => Self::Failing { told },
            crate::Reason::References => Self::References {},
            crate::Reason::Precaution => Self::Precaution {},
        }
    }
}

impl From<Reason> for crate::Reason {
    fn from(reason: Reason) -> Self {
        match reason {
            Reason::Declared {} => Self::Declared,
            Reason::Undeclared {} => Self::Undeclared,
            Reason::Missing {} => Self::Missing,
            Reason::Changed { fields } => Self::Changed(all(fields)),
            Reason::Replacing { fields } => Self::Replacing(all(fields)),
            Reason::Asked {} => Self::Asked,
            Reason::Ours {} => Self::Ours,
            Reason::Unfinished {} => Self::Unfinished,
            Reason::Settling { told } => Self::Settling(told),
            Reason::Failing { told } => Self::Failing(told),
            Reason::References {} => Self::References,
            Reason::Precaution {} => Self::Precaution,
        }
    }
}

/// A field that differs.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FieldChange {
    /// The field of the spec.
    field: String,
    /// What it takes to change it.
    verb: Verb,
    /// As it is.
    from: Value,
    /// As it is wanted; a reference (`$ref`) is known after apply.
    to: Value,
    /// What changing it risks.
    risks: Vec<Risk>,
    /// Whether the data is copied before.
    backup: bool,
}

impl From<crate::FieldChange> for FieldChange {
    fn from(change: crate::FieldChange) -> Self {
        let crate::FieldChange { field, verb, from, to, risks, backup } = change;
        let verb = match verb {
            crate::Verb::Update => Verb::Update,
            crate::Verb::Replace => Verb::Replace,
            crate::Verb::Forbid(way) => Verb::Forbid(way),
            crate::Verb::WriteOnly => Verb::WriteOnly,
        };
        Self { field, verb, from, to, risks: all(risks), backup }
    }
}

impl From<FieldChange> for crate::FieldChange {
    fn from(change: FieldChange) -> Self {
        let FieldChange { field, verb, from, to, risks, backup } = change;
        let verb = match verb {
            Verb::Update => crate::Verb::Update,
            Verb::Replace => crate::Verb::Replace,
            Verb::Forbid(way) => crate::Verb::Forbid(way),
            Verb::WriteOnly => crate::Verb::WriteOnly,
        };
        Self { field, verb, from, to, risks: all(risks), backup }
    }
}

/// What it takes to change a field.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Verb {
    /// AWS changes it in place.
    Update,
    /// A new object takes the old one's place.
    Replace,
    /// A plan must not change it; the text names the way.
    Forbid(String),
    /// It can be written and not read.
    WriteOnly,
}

/// That a step comes after another: once that is done, or already once an output of it is known.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct After {
    /// The other.
    step: StepId,
    /// Already once this output of it is known; else once it is done.
    known: Option<String>,
}

impl From<crate::After> for After {
    fn from(after: crate::After) -> Self {
        let known = match after.until {
            crate::Until::Known(output) => Some(output),
            crate::Until::Done => None,
        };
        Self { step: after.step, known }
    }
}

impl From<After> for crate::After {
    fn from(after: After) -> Self {
        Self { step: after.step, until: after.known.map_or(crate::Until::Done, crate::Until::Known) }
    }
}

/// What is worth saying beside the steps.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Finding {
    /// How bad it is.
    severity: Severity,
    /// Where.
    address: Option<Address>,
    /// What.
    summary: String,
    /// What was seen.
    evidence: String,
    /// What to do.
    advice: String,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Severity {
    Note,
    Warning,
    Error,
}

impl From<crate::Finding> for Finding {
    fn from(finding: crate::Finding) -> Self {
        let crate::Finding { severity, address, summary, evidence, advice } = finding;
        let severity = match severity {
            crate::Severity::Note => Severity::Note,
            crate::Severity::Warning => Severity::Warning,
            crate::Severity::Error => Severity::Error,
        };
        Self { severity, address, summary, evidence, advice }
    }
}

impl From<Finding> for crate::Finding {
    fn from(finding: Finding) -> Self {
        let Finding { severity, address, summary, evidence, advice } = finding;
        let severity = match severity {
            Severity::Note => crate::Severity::Note,
            Severity::Warning => crate::Severity::Warning,
            Severity::Error => crate::Severity::Error,
        };
        Self { severity, address, summary, evidence, advice }
    }
}

//! The parts of a plan, format 1.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Address, PhysicalId, StepId};

/// How many of each.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Counts {
    add: usize,
    change: usize,
    replace: usize,
    destroy: usize,
    adopt: usize,
    forget: usize,
    backup: usize,
    data_loss: usize,
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

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    id: StepId,
    address: Address,
    action: Action,
    reason: Reason,
    risks: Vec<Risk>,
    after: Vec<After>,
    dependencies: Vec<Address>,
    pair: Option<StepId>,
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
            meters: MeterDelta { less: all(meters.less), more: all(meters.more) },
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
            meters: crate::MeterDelta { less: all(meters.less), more: all(meters.more) },
        }
    }
}

fn all<A: Into<B>, B>(of: Vec<A>) -> Vec<B> {
    of.into_iter().map(Into::into).collect()
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Renamed {
    from: String,
    to: String,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
enum Action {
    Create { want: Value, renamed: Option<Renamed> },
    Update { id: PhysicalId, have: Value, want: Value },
    Delete { id: PhysicalId, have: Value, deposed: bool },
    Adopt { id: PhysicalId, have: Value, want: Value, existing: bool },
    Forget { reason: String },
    Rename { from: Address },
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
            crate::Action::Adopt { id, have, want, existing } => Self::Adopt { id, have, want, existing },
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
            Action::Adopt { id, have, want, existing } => Self::Adopt { id, have, want, existing },
            Action::Forget { reason } => Self::Forget { reason },
            Action::Rename { from } => Self::Rename { from },
            Action::Backup { kind, want } => Self::Backup { kind, want },
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "kebab-case", deny_unknown_fields)]
enum Reason {
    Declared {},
    Undeclared {},
    Missing {},
    Changed { fields: Vec<FieldChange> },
    Replacing { fields: Vec<FieldChange> },
    Asked {},
    Ours {},
    Unfinished {},
    Settling { told: String },
    Failing { told: String },
    References {},
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

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FieldChange {
    field: String,
    verb: Verb,
    from: Value,
    to: Value,
    risks: Vec<Risk>,
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

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Verb {
    Update,
    Replace,
    Forbid(String),
    WriteOnly,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Risk {
    kind: RiskKind,
    text: String,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum RiskKind {
    DataLoss,
    Downtime,
    Security,
    Iam,
}

impl From<crate::Risk> for Risk {
    fn from(risk: crate::Risk) -> Self {
        let kind = match risk.kind {
            crate::RiskKind::DataLoss => RiskKind::DataLoss,
            crate::RiskKind::Downtime => RiskKind::Downtime,
            crate::RiskKind::Security => RiskKind::Security,
            crate::RiskKind::Iam => RiskKind::Iam,
        };
        Self { kind, text: risk.text }
    }
}

impl From<Risk> for crate::Risk {
    fn from(risk: Risk) -> Self {
        let kind = match risk.kind {
            RiskKind::DataLoss => crate::RiskKind::DataLoss,
            RiskKind::Downtime => crate::RiskKind::Downtime,
            RiskKind::Security => crate::RiskKind::Security,
            RiskKind::Iam => crate::RiskKind::Iam,
        };
        Self { kind, text: risk.text }
    }
}

/// That a step comes after another: once that is done, or already once an output of it is known.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct After {
    step: StepId,
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

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MeterDelta {
    less: Vec<Meter>,
    more: Vec<Meter>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Meter {
    item: String,
    quantity: f64,
    unit: Unit,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Unit {
    Hours,
    GbMonth,
    Month,
    Usage,
}

impl From<crate::Meter> for Meter {
    fn from(meter: crate::Meter) -> Self {
        let unit = match meter.unit {
            crate::Unit::Hours => Unit::Hours,
            crate::Unit::GbMonth => Unit::GbMonth,
            crate::Unit::Month => Unit::Month,
            crate::Unit::Usage => Unit::Usage,
        };
        Self { item: meter.item, quantity: meter.quantity, unit }
    }
}

impl From<Meter> for crate::Meter {
    fn from(meter: Meter) -> Self {
        let unit = match meter.unit {
            Unit::Hours => crate::Unit::Hours,
            Unit::GbMonth => crate::Unit::GbMonth,
            Unit::Month => crate::Unit::Month,
            Unit::Usage => crate::Unit::Usage,
        };
        Self { item: meter.item, quantity: meter.quantity, unit }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Finding {
    severity: Severity,
    address: Option<Address>,
    summary: String,
    evidence: String,
    advice: String,
}

#[derive(Serialize, Deserialize)]
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

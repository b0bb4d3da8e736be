//! What a step may do to people, format 1.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a step may do to people.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Risk {
    /// Which sort.
    kind: RiskKind,
    /// What happens, to whom.
    text: String,
    /// For how long the service is expected to be away.
    away: Option<Away>,
}

/// For how many seconds the service is expected to be away.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Away {
    /// At least so many seconds.
    least: u64,
    /// At most, if nothing goes wrong.
    most: u64,
}

/// Sorts of risks.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum RiskKind {
    /// Something stored may be gone.
    DataLoss,
    /// The service is away for a while.
    Downtime,
    /// It opens or closes network access.
    Security,
    /// It changes who may do what.
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
        let away = risk.away.map(|crate::Away { least, most }| Away { least, most });
        Self { kind, text: risk.text, away }
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
        let away = risk.away.map(|Away { least, most }| crate::Away { least, most });
        Self { kind, text: risk.text, away }
    }
}

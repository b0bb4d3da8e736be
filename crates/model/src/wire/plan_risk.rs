//! What a step may do to people, format 1.

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Risk {
    kind: RiskKind,
    text: String,
    away: Option<Away>,
}

/// For how many seconds the service is expected to be away.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Away {
    least: u64,
    most: u64,
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

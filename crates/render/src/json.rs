//! What machines read.

use bbws_model::wire::WireError;
use bbws_model::{Finding, Plan, Stamped};
use serde_json::json;

/// A plan as `plan --json` prints it and `plan -o FILE` writes it.
///
/// # Errors
/// Never for a plan that bbws made.
pub fn plan_json(plan: &Plan) -> Result<String, WireError> {
    let bytes = bbws_model::wire::plan::write(plan)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// An event as one JSON line, with its line break.
///
/// # Errors
/// Never for an event that bbws made.
pub fn event_json(event: &Stamped) -> Result<String, WireError> {
    bbws_model::wire::event::write(event).map(|line| line + "\n")
}

/// Findings as JSON, for commands that end with them.
#[must_use]
pub fn findings_json(findings: &[Finding]) -> String {
    let one = |f: &Finding| json!({"severity": f.severity, "address": f.address, "summary": f.summary, "evidence": f.evidence, "advice": f.advice});
    let all = json!({"format": 1, "findings": findings.iter().map(one).collect::<Vec<_>>()});
    format!("{all:#}\n")
}

//! What a proof has shown, for whoever asked for it.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

/// Writes what was shown under this name into the file that `BBWS_TALLY` names, beside what else stands there: several tests may
/// make one proof.
///
/// # Panics
/// When the file cannot be written: what was shown would be lost.
#[expect(clippy::expect_used, reason = "a proof whose tally is lost has failed")]
pub fn tally(name: &str, shown: &Value) {
    let Ok(path) = std::env::var("BBWS_TALLY") else { return };
    let mut all: BTreeMap<String, Value> = fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
    all.insert(name.to_owned(), shown.clone());
    fs::write(path, serde_json::to_vec(&all).expect("JSON")).expect("a file");
}

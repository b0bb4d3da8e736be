//! The simulation with many more seeds than a test takes; what it has shown is kept with the commit that it has shown it of.

use std::process::Command;

use crate::bench::cargo;
use crate::{root, tell};

const SEEDS: &str = "20000";

/// Runs so many seeds, and writes `docs/evidence/simulation.json`.
pub(crate) fn run(seeds: Option<String>) -> Vec<String> {
    match soak(&seeds.unwrap_or_else(|| SEEDS.to_owned())) {
        Ok(()) => vec![],
        Err(why) => vec![why],
    }
}

fn soak(seeds: &str) -> Result<(), String> {
    let (commit, changed) = (git(&["rev-parse", "HEAD"])?, git(&["status", "--porcelain", "crates", "Cargo.toml", "Cargo.lock"])?);
    let tally = std::env::temp_dir().join(format!("bbws-tally-{}.json", std::process::id()));
    let ran = cargo()
        .args(["test", "--package", "bbws-testkit", "--test", "engine", "the_invariants_hold", "--", "--nocapture"])
        .env("BBWS_SEEDS", seeds)
        .env("BBWS_TALLY", &tally)
        .status()
        .map_err(|e| e.to_string())?;
    let shown = std::fs::read_to_string(&tally).map_err(|e| format!("the simulation has told nothing: {e}"))?;
    drop(std::fs::remove_file(&tally));
    let evidence = root().join("docs/evidence");
    std::fs::create_dir_all(&evidence).map_err(|e| e.to_string())?;
    let text = evidence_of(&commit, !changed.is_empty(), &shown);
    std::fs::write(evidence.join("simulation.json"), text).map_err(|e| e.to_string())?;
    tell("written to docs/evidence/simulation.json");
    if ran.success() { Ok(()) } else { Err("an invariant was violated".into()) }
}

/// `shown` is a document of the simulation's own.
fn evidence_of(commit: &str, changed: bool, shown: &str) -> String {
    format!("{{\n  \"commit\": \"{commit}\",\n  \"changed_since\": {changed},\n  \"simulation\": {}\n}}\n", shown.trim())
}

fn git(arguments: &[&str]) -> Result<String, String> {
    let told = Command::new("git").current_dir(root()).args(arguments).output().map_err(|e| e.to_string())?;
    if told.status.success() {
        Ok(String::from_utf8_lossy(&told.stdout).trim().to_owned())
    } else {
        Err(format!("git {} fails: {}", arguments.join(" "), String::from_utf8_lossy(&told.stderr)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_evidence_names_its_commit() {
        let told = evidence_of("abc", false, "{\"seeds\":3,\"violations\":[]}\n");
        assert_eq!(told, "{\n  \"commit\": \"abc\",\n  \"changed_since\": false,\n  \"simulation\": {\"seeds\":3,\"violations\":[]}\n}\n");
    }
}

//! What tests show with many more seeds and kills than a test takes; it is kept with the commit that it was shown of.

use std::process::Command;

use crate::bench::cargo;
use crate::{root, tell};

/// A test that takes more when it is asked for more, and writes down what it has shown.
struct Soak {
    /// Its name, and that of its evidence.
    name: &'static str,
    /// How cargo runs it.
    test: &'static [&'static str],
    /// How it is told how much.
    amount: &'static str,
    /// How much, where nobody says.
    otherwise: &'static str,
}

const SIMULATION: Soak = Soak {
    name: "simulation",
    test: &["--package", "bbws-testkit", "--test", "engine", "the_invariants_hold"],
    amount: "BBWS_SEEDS",
    otherwise: "20000",
};
const KILLS: Soak =
    Soak { name: "kills", test: &["--workspace", "--test", "e2e", "killed_at_every_turn"], amount: "BBWS_KILLS", otherwise: "400" };

/// Runs the simulation with so many seeds, and writes `docs/evidence/simulation.json`; or, told `kills` first, kills so many
/// processes, and writes `docs/evidence/kills.json`.
pub(crate) fn run(mut arguments: impl Iterator<Item = String>) -> Vec<String> {
    let (soak, amount) = match arguments.next() {
        Some(name) if name == KILLS.name => (KILLS, arguments.next()),
        amount => (SIMULATION, amount),
    };
    match soak.show(&amount.unwrap_or_else(|| soak.otherwise.to_owned())) {
        Ok(()) => vec![],
        Err(why) => vec![why],
    }
}

impl Soak {
    fn show(&self, amount: &str) -> Result<(), String> {
        let (commit, changed) =
            (git(&["rev-parse", "HEAD"])?, git(&["status", "--porcelain", "crates", "tests", "Cargo.toml", "Cargo.lock"])?);
        let tally = std::env::temp_dir().join(format!("bbws-tally-{}.json", std::process::id()));
        let ran = cargo()
            .arg("test")
            .args(self.test)
            .args(["--", "--nocapture"])
            .env(self.amount, amount)
            .env("BBWS_TALLY", &tally)
            .status()
            .map_err(|e| e.to_string())?;
        let shown = std::fs::read_to_string(&tally).map_err(|e| format!("the {} have told nothing: {e}", self.name))?;
        drop(std::fs::remove_file(&tally));
        let evidence = root().join("docs/evidence");
        std::fs::create_dir_all(&evidence).map_err(|e| e.to_string())?;
        let file = format!("{}.json", self.name);
        std::fs::write(evidence.join(&file), evidence_of(&commit, !changed.is_empty(), self.name, &shown)).map_err(|e| e.to_string())?;
        tell(&format!("written to docs/evidence/{file}"));
        if ran.success() { Ok(()) } else { Err("an invariant was violated".into()) }
    }
}

/// `shown` is a document of the test's own.
fn evidence_of(commit: &str, changed: bool, name: &str, shown: &str) -> String {
    format!("{{\n  \"commit\": \"{commit}\",\n  \"changed_since\": {changed},\n  \"{name}\": {}\n}}\n", shown.trim())
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
        let told = evidence_of("abc", false, "simulation", "{\"seeds\":3,\"violations\":[]}\n");
        assert_eq!(told, "{\n  \"commit\": \"abc\",\n  \"changed_since\": false,\n  \"simulation\": {\"seeds\":3,\"violations\":[]}\n}\n");
    }
}

//! The proofs with many more seeds, points and cases than a test takes; what each has shown is kept with the commit that it has
//! shown it of.

use std::process::Command;

use crate::bench::cargo;
use crate::{root, tell};

/// What can be tried for hours.
struct Proof {
    name: &'static str,
    /// What of cargo's tests it is.
    test: &'static [&'static str],
    /// The variable that says how much is tried, and how much that is if nobody says.
    much: (&'static str, &'static str),
}

const PROOFS: [Proof; 7] = [
    Proof {
        name: "simulation",
        test: &["--package", "bbws-testkit", "--test", "engine", "the_invariants_hold"],
        much: ("BBWS_SEEDS", "1000000"),
    },
    Proof {
        name: "seeded_bugs",
        test: &["--package", "bbws-testkit", "--test", "engine", "every_seeded_bug"],
        much: ("BBWS_BUG_SEEDS", "20000"),
    },
    Proof {
        name: "damage",
        test: &["--package", "bbws-testkit", "--test", "engine", "no_spoilt_or_torn_byte"],
        // Of each of two stacks: more than there are.
        much: ("BBWS_POINTS", "1000000"),
    },
    Proof {
        name: "parsers",
        test: &["--package", "bbws-model", "--package", "bbws-cluster", "--lib", "--test", "files", "--", "fuzz::", "garbage::"],
        much: ("PROPTEST_CASES", "200000"),
    },
    Proof {
        name: "crash_points",
        test: &["--workspace", "--test", "e2e", "every_crash_point"],
        // Of each sort, at each command: more than there are.
        much: ("BBWS_CRASH_POINTS", "1000000"),
    },
    Proof { name: "kills", test: &["--workspace", "--test", "e2e", "killed_at_every_turn"], much: ("BBWS_KILLS", "400") },
    Proof {
        name: "property",
        test: &["--workspace", "--test", "e2e", "after_any_apply_a_plan_is_empty"],
        // Random environment files.
        much: ("BBWS_FILES", "500"),
    },
];

/// Runs a proof with so many seeds, points or cases, and writes `docs/evidence/NAME.json`. A number alone is about the
/// simulation.
pub(crate) fn run(first: Option<String>, second: Option<String>) -> Vec<String> {
    let number = |text: &String| text.bytes().all(|byte| byte.is_ascii_digit());
    let (name, much) = match first {
        Some(seeds) if number(&seeds) => ("simulation".to_owned(), Some(seeds)),
        Some(name) => (name, second),
        None => ("simulation".to_owned(), None),
    };
    let Some(proof) = PROOFS.iter().find(|proof| proof.name == name) else {
        return vec![format!("there is no proof `{name}`: {}", PROOFS.map(|proof| proof.name).join(", "))];
    };
    match soak(proof, &much.unwrap_or_else(|| proof.much.1.to_owned())) {
        Ok(()) => vec![],
        Err(why) => vec![why],
    }
}

fn soak(proof: &Proof, much: &str) -> Result<(), String> {
    let Proof { name, test, much: (variable, _) } = proof;
    let (commit, changed) = (git(&["rev-parse", "HEAD"])?, git(&["status", "--porcelain", "crates", "tests", "Cargo.toml", "Cargo.lock"])?);
    let tally = std::env::temp_dir().join(format!("bbws-tally-{}.json", std::process::id()));
    let show: &[&str] = if test.contains(&"--") { &["--nocapture"] } else { &["--", "--nocapture"] };
    let ran =
        cargo().arg("test").args(*test).args(show).env(variable, much).env("BBWS_TALLY", &tally).status().map_err(|e| e.to_string())?;
    // A proof that keeps no tally of its own has tried so many cases of each of its properties, or has failed.
    let own = format!("{{\"cases_of_each\":{much},\"passed\":{}}}", ran.success());
    let shown = std::fs::read_to_string(&tally).unwrap_or(own);
    drop(std::fs::remove_file(&tally));
    let evidence = root().join("docs/evidence");
    std::fs::create_dir_all(&evidence).map_err(|e| e.to_string())?;
    let text = evidence_of(name, &commit, !changed.is_empty(), &shown);
    std::fs::write(evidence.join(format!("{name}.json")), text).map_err(|e| e.to_string())?;
    tell(&format!("written to docs/evidence/{name}.json"));
    if ran.success() { Ok(()) } else { Err(format!("{name}: something was violated")) }
}

/// `shown` is a document of the proof's own.
fn evidence_of(name: &str, commit: &str, changed: bool, shown: &str) -> String {
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
        let told = evidence_of("simulation", "abc", false, "{\"seeds\":3,\"violations\":[]}\n");
        assert_eq!(told, "{\n  \"commit\": \"abc\",\n  \"changed_since\": false,\n  \"simulation\": {\"seeds\":3,\"violations\":[]}\n}\n");
    }
}

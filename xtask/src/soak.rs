//! The proofs with many more seeds, points and cases than a test takes; what each has shown is kept with the commit that it has
//! shown it of.

use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use crate::bench::cargo;
use crate::{root, tell};

/// How the proofs are built, unless another profile is asked for: many times faster code, with the checks of the dev profile. With
/// the SDKs that takes half an hour once, which what waits more than it computes does not earn back.
const PROFILE: &str = "soak";
/// Every so often it is looked what a proof that runs has shown so far.
const LOOKS: Duration = Duration::from_secs(5);

/// What can be tried for hours.
struct Proof {
    name: &'static str,
    /// What of cargo's tests it is.
    test: &'static [&'static str],
    /// The variable that says how much is tried, and how much that is if nobody says.
    much: (&'static str, &'static str),
}

const PROOFS: [Proof; 9] = [
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
        test: &["--package", "bbws-operate", "--test", "parsers", "no_bytes"],
        // Seconds of each of seven parsers.
        much: ("BBWS_FUZZ_SECONDS", "600"),
    },
    Proof {
        name: "crash_points",
        test: &["--workspace", "--test", "e2e", "every_crash_point"],
        // Of each sort, at each command: more than there are.
        much: ("BBWS_CRASH_POINTS", "1000000"),
    },
    Proof {
        name: "actions",
        // Of each task that looks: more than there are.
        test: &["--workspace", "--test", "e2e", "whatever_a_look_may_not_do"],
        much: ("BBWS_ACTIONS", "1000000"),
    },
    Proof { name: "kills", test: &["--workspace", "--test", "e2e", "killed_at_every_turn"], much: ("BBWS_KILLS", "200") },
    Proof {
        name: "rivals",
        // On a local disk, and in S3.
        test: &["--workspace", "--lib", "of_many_who_open_an_environment"],
        much: ("BBWS_ROUNDS", "1000"),
    },
    Proof {
        name: "property",
        test: &["--workspace", "--test", "e2e", "after_any_apply_a_plan_is_empty"],
        // Random environment files.
        much: ("BBWS_FILES", "500"),
    },
];

/// Runs a proof with so many seeds, points or cases, built by this profile, and writes `docs/evidence/NAME.json`. A number alone
/// is about the simulation.
pub(crate) fn run(first: Option<String>, second: Option<String>, profile: Option<String>) -> Vec<String> {
    let number = |text: &String| text.bytes().all(|byte| byte.is_ascii_digit());
    let (name, much) = match first {
        Some(seeds) if number(&seeds) => ("simulation".to_owned(), Some(seeds)),
        Some(name) => (name, second),
        None => ("simulation".to_owned(), None),
    };
    let Some(proof) = PROOFS.iter().find(|proof| proof.name == name) else {
        return vec![format!("there is no proof `{name}`: {}", PROOFS.map(|proof| proof.name).join(", "))];
    };
    match soak(proof, &much.unwrap_or_else(|| proof.much.1.to_owned()), profile.as_deref().unwrap_or(PROFILE)) {
        Ok(()) => vec![],
        Err(why) => vec![why],
    }
}

fn soak(proof: &Proof, much: &str, profile: &str) -> Result<(), String> {
    let Proof { name, test, much: (variable, _) } = proof;
    let commit = git(&["rev-parse", "HEAD"])?;
    let mut changed = changed_since(&commit)?;
    let (tally, evidence) = (std::env::temp_dir().join(format!("bbws-tally-{}.json", std::process::id())), root().join("docs/evidence"));
    let show: &[&str] = if test.contains(&"--") { &["--nocapture"] } else { &["--", "--nocapture"] };
    let mut command = cargo();
    command.args(["test", "--profile", profile]).args(*test).args(show).env(variable, much).env("BBWS_TALLY", &tally);
    // Hours pass: what was changed meanwhile may be what was built.
    let mut keep = |shown: &str| {
        changed |= changed_since(&commit)?;
        std::fs::create_dir_all(&evidence).map_err(|e| e.to_string())?;
        let text = evidence_of(&About { name, profile, commit: &commit, changed }, shown);
        std::fs::write(evidence.join(format!("{name}.json")), text).map_err(|e| e.to_string())
    };
    let mut running = command.spawn().map_err(|e| e.to_string())?;
    // A soak that is interrupted has shown what it has shown until then.
    let ran = loop {
        if let Some(status) = running.try_wait().map_err(|e| e.to_string())? {
            break status;
        }
        sleep(LOOKS);
        if let Some(shown) = whole(&tally) {
            keep(&shown)?;
        }
    };
    let shown = match whole(&tally) {
        Some(shown) => shown,
        // It may not even have been built: nothing was shown, and what was shown before stays.
        None if !ran.success() => return Err(format!("{name}: it has shown nothing")),
        None => return Err(format!("{name}: it has come to its end and says nothing of what it has shown")),
    };
    drop(std::fs::remove_file(&tally));
    keep(&shown)?;
    tell(&format!("written to docs/evidence/{name}.json"));
    if ran.success() { Ok(()) } else { Err(format!("{name}: something was violated")) }
}

/// What the proofs are made of.
const SOURCES: [&str; 6] = ["crates", "tests", "environments", "xtask", "Cargo.toml", "Cargo.lock"];
/// Where a proof keeps what it has found: that it found something is no change to what it is about.
const FOUND: &str = "crates/operate/tests/corpus";

/// Whether any of it is other than at this commit.
fn changed_since(commit: &str) -> Result<bool, String> {
    let changed = git(&[&["diff", "--name-only", commit, "--"], &SOURCES[..]].concat())?;
    let new = git(&[&["ls-files", "--others", "--exclude-standard", "--"], &SOURCES[..], &[&format!(":(exclude){FOUND}")]].concat())?;
    Ok(!changed.is_empty() || !new.is_empty())
}

/// A tally, unless it is being written just now.
fn whole(tally: &Path) -> Option<String> {
    std::fs::read_to_string(tally).ok().filter(|text| text.trim_end().ends_with('}'))
}

/// What was tried, and how it was built.
struct About<'a> {
    name: &'a str,
    profile: &'a str,
    commit: &'a str,
    changed: bool,
}

/// `shown` is a document of the proof's own.
fn evidence_of(about: &About, shown: &str) -> String {
    let About { name, profile, commit, changed } = about;
    format!(
        "{{\n  \"commit\": \"{commit}\",\n  \"changed_since\": {changed},\n  \"profile\": \"{profile}\",\n  \"{name}\": {}\n}}\n",
        shown.trim()
    )
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
        let about = About { name: "simulation", profile: "soak", commit: "abc", changed: false };
        let told = evidence_of(&about, "{\"seeds\":3,\"violations\":[]}\n");
        let want = "{\n  \"commit\": \"abc\",\n  \"changed_since\": false,\n  \"profile\": \"soak\",\n  \"simulation\": {\"seeds\":3,\"violations\":[]}\n}\n";
        assert_eq!(told, want);
    }

    #[test]
    fn what_has_changed_since_an_older_commit_is_seen() {
        let older = git(&["rev-list", "--max-count=1", "--skip=50", "HEAD", "--", "crates"]);
        // A shallow copy has no older one.
        if let Some(older) = older.ok().filter(|commit| !commit.is_empty()) {
            assert_eq!(changed_since(&older), Ok(true));
        }
        let sources = SOURCES.map(|source| root().join(source));
        assert!(sources.iter().all(|source| source.exists()), "{sources:?}");
        assert!(root().join(FOUND).is_dir());
    }
}

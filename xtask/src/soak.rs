//! The proofs with many more seeds, points and cases than a test takes; what each has shown is kept with the commit that it has
//! shown it of.

use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use crate::bench::cargo;
use crate::evidence::Evidence;
use crate::fuzz;

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

const PROOFS: [Proof; 8] = [
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
    if name == fuzz::NAME {
        return fuzz::run(much.as_deref(), profile.as_deref()).err().unwrap_or_default();
    }
    let Some(proof) = PROOFS.iter().find(|proof| proof.name == name) else {
        return vec![format!("there is no proof `{name}`: {}, {}", fuzz::NAME, PROOFS.map(|proof| proof.name).join(", "))];
    };
    match soak(proof, &much.unwrap_or_else(|| proof.much.1.to_owned()), profile.as_deref().unwrap_or(PROFILE)) {
        Ok(()) => vec![],
        Err(why) => vec![why],
    }
}

fn soak(proof: &Proof, much: &str, profile: &str) -> Result<(), String> {
    let Proof { name, test, much: (variable, _) } = proof;
    let mut evidence = Evidence::begin(name, profile)?;
    let tally = std::env::temp_dir().join(format!("bbws-tally-{}.json", std::process::id()));
    let mut command = cargo();
    command.args(["test", "--profile", profile]).args(*test).args(["--", "--nocapture"]).env(variable, much).env("BBWS_TALLY", &tally);
    let mut running = command.spawn().map_err(|e| e.to_string())?;
    // A soak that is interrupted has shown what it has shown until then.
    let ran = loop {
        if let Some(status) = running.try_wait().map_err(|e| e.to_string())? {
            break status;
        }
        sleep(LOOKS);
        if let Some(shown) = whole(&tally) {
            evidence.keep(&shown)?;
        }
    };
    let shown = match whole(&tally) {
        Some(shown) => shown,
        // It may not even have been built: nothing was shown, and what was shown before stays.
        None if !ran.success() => return Err(format!("{name}: it has shown nothing")),
        None => return Err(format!("{name}: it has come to its end and says nothing of what it has shown")),
    };
    drop(std::fs::remove_file(&tally));
    evidence.keep(&shown)?;
    evidence.tell();
    if ran.success() { Ok(()) } else { Err(format!("{name}: something was violated")) }
}

/// A tally, unless it is being written just now.
fn whole(tally: &Path) -> Option<String> {
    std::fs::read_to_string(tally).ok().filter(|text| text.trim_end().ends_with('}'))
}

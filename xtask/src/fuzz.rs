//! The parsers of outside bytes, each given to libFuzzer for ten minutes: it is guided by the code that ran (`fuzz/`).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use cargo_metadata::MetadataCommand;

use crate::evidence::Evidence;
use crate::{dist, root, tell};

/// The proof's name.
pub(crate) const NAME: &str = "parsers";

/// Those of the table in `crates/operate/tests/parsers/table.rs`.
const PARSERS: [&str; 10] = ["environment", "state", "log", "plan", "spool", "approval", "run", "event", "prices", "tfstate"];
const SECONDS: u64 = 600;
/// The corpus of each parser in the tree has so many files at most, of so many bytes at most; all that was found stays beside the
/// build, for the next soak.
const FILES: usize = 64;
const LARGEST: u64 = 8 * 1024;
/// More than the largest of the project's own inputs has.
const LONGEST: &str = "-max_len=16384";
/// What `cargo fuzz --sanitizer none` gives to rustc: every edge is counted and every comparison told, on stable Rust.
const INSTRUMENTED: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing";

/// Fuzzes each parser for so many seconds and writes `docs/evidence/parsers.json`.
pub(crate) fn run(seconds: Option<&str>, profile: Option<&str>) -> Result<(), Vec<String>> {
    let seconds = match (seconds.map_or(Ok(SECONDS), str::parse), profile) {
        (Ok(seconds), None) => seconds,
        (Err(_), _) => return Err(vec![format!("`{}` is no number of seconds", seconds.unwrap_or_default())]),
        (_, Some(profile)) => return Err(vec![format!("`{profile}`: the parsers are built as fuzz/Cargo.toml says, in no other profile")]),
    };
    let one = |why: String| vec![why];
    let evidence = Evidence::begin(NAME, "release of fuzz/Cargo.toml, instrumented").map_err(one)?;
    let fuzzer = Fuzzer::built().map_err(one)?;
    fuzzer.sees().map_err(one)?;
    let (next, all) = (AtomicUsize::new(0), Mutex::new((evidence, BTreeMap::new(), vec![])));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, NonZero::get) {
            scope.spawn(|| {
                while let Some(name) = PARSERS.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let fuzzed = fuzzer.fuzzed(name, seconds);
                    let Ok(mut all) = all.lock() else { return };
                    let (evidence, shown, wrong) = &mut *all;
                    match fuzzed {
                        Ok(found) => {
                            tell(&format!("{name}: {} runs, {} edges, failures: {}", found.runs, found.edges, found.failures.len()));
                            wrong.extend(found.failures.iter().map(|failure| format!("{name} fails: {failure}")));
                            shown.insert(*name, found);
                        }
                        Err(why) => wrong.push(format!("{name}: {why}")),
                    }
                    // After each: a soak may be interrupted.
                    wrong.extend(evidence.keep(&document(seconds, shown)).err());
                }
            });
        }
    });
    let (evidence, _, wrong) = all.into_inner().map_err(|e| one(e.to_string()))?;
    evidence.tell();
    if wrong.is_empty() { Ok(()) } else { Err(wrong) }
}

/// What fuzzing a parser has shown.
#[derive(Debug, PartialEq, Eq)]
struct Shown {
    /// So many inputs were tried.
    runs: u64,
    /// So many edges between pieces of code were run.
    edges: u64,
    /// So many inputs the corpus has grown by.
    kept: usize,
    failures: Vec<String>,
}

fn document(seconds: u64, shown: &BTreeMap<&str, Shown>) -> String {
    let one = |(name, shown): (&&str, &Shown)| {
        let Shown { runs, edges, kept, failures } = shown;
        format!("{name:?}:{{\"runs\":{runs},\"edges\":{edges},\"kept\":{kept},\"failures\":{}}}", failures.len())
    };
    let parsers: Vec<String> = shown.iter().map(one).collect();
    format!("{{\"seconds_of_each\":{seconds},\"parsers\":{{{}}}}}", parsers.join(","))
}

/// The instrumented program, and the folder of its build, where it keeps what it finds.
struct Fuzzer {
    program: PathBuf,
    folder: PathBuf,
}

impl Fuzzer {
    fn built() -> Result<Self, String> {
        let metadata = MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec().map_err(|e| e.to_string())?;
        let (folder, host) = (metadata.target_directory.as_std_path().join("fuzz"), dist::host()?);
        let mut build = crate::bench::cargo();
        // With `--target` the flags are not those of build scripts and macros, which have nothing of libFuzzer to report to.
        build.args(["build", "--locked", "--release", "--manifest-path", "fuzz/Cargo.toml", "--target", &host, "--target-dir"]);
        let built = build.arg(&folder).env("RUSTFLAGS", INSTRUMENTED).status().map_err(|e| format!("cargo: {e}"))?;
        if built.success() {
            Ok(Self { program: folder.join(host).join("release/parsers"), folder })
        } else {
            Err("the fuzzer is not built; libFuzzer wants a C++ compiler".to_owned())
        }
    }

    /// A folder of a parser's, there and, if it is to be, empty.
    fn folder(&self, of: &str, name: &str, empty: bool) -> Result<PathBuf, String> {
        let folder = self.folder.join(of).join(name);
        if empty {
            drop(fs::remove_dir_all(&folder));
        }
        fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        Ok(folder)
    }

    /// Runs it to its end; what it says on the way is the answer.
    fn ran(&self, name: &str, how: &[&str], folders: &[&Path], own: Option<&Path>) -> Result<(bool, String), String> {
        let log = self.folder.join(format!("{name}.log"));
        let file = fs::File::create(&log).map_err(|e| format!("{}: {e}", log.display()))?;
        let mut command = Command::new(&self.program);
        command.args(how).arg(LONGEST).args(folders).env("BBWS_PARSER", name).stderr(file).stdout(std::process::Stdio::null());
        if let Some(own) = own {
            command.env("BBWS_OWN", own);
        }
        let status = command.status().map_err(|e| format!("{}: {e}", self.program.display()))?;
        let said = fs::read(&log).map_err(|e| format!("{}: {e}", log.display()))?;
        Ok((status.success(), String::from_utf8_lossy(&said).into_owned()))
    }

    /// Whether it sees the code that runs: it finds a flaw that nobody finds by chance.
    fn sees(&self) -> Result<(), String> {
        let name = "flawed";
        let (grown, failed) = (self.folder("grown", name, true)?, self.folder("failed", name, true)?);
        let prefix = format!("-artifact_prefix={}/", failed.display());
        let (well, said) = self.ran(name, &["-seed=1", "-runs=5000000", &prefix], &[&grown], None)?;
        if !well && said.contains("the flaw is found") {
            Ok(())
        } else {
            Err("the fuzzer does not find the flaw that it is tried with: it does not see which code runs".to_owned())
        }
    }

    fn fuzzed(&self, name: &str, seconds: u64) -> Result<Shown, String> {
        let tree = root().join("crates/operate/tests/corpus").join(name);
        let (known, grown) = (self.folder("known", name, true)?, self.folder("grown", name, false)?);
        let failed = self.folder("failed", name, true)?;
        fs::create_dir_all(&tree).map_err(|e| e.to_string())?;
        listed(&tree)?.iter().try_for_each(|file| copied(&tree.join(file), &known.join(file)))?;
        let (time, prefix) = (format!("-max_total_time={seconds}"), format!("-artifact_prefix={}/", failed.display()));
        let how = ["-seed=1", "-timeout=20", "-rss_limit_mb=3000", &time, &prefix];
        let (well, said) = self.ran(name, &how, &[&grown, &known], Some(&known))?;
        let (runs, edges) = counted(&said);
        let mut shown = Shown { runs, edges, kept: 0, failures: vec![] };
        if well {
            shown.kept = self.kept(name, &tree, [&known, &grown])?;
            return Ok(shown);
        }
        let cause = said.lines().skip_while(|line| !line.contains("panicked at")).take(2).collect::<Vec<_>>().join(" ");
        for input in listed(&failed)? {
            // What merely takes its time is no failure.
            let Some((what, sum)) = input.rsplit_once('-').filter(|(what, _)| *what != "slow-unit") else { continue };
            let file = format!("{what}-{}", short(sum));
            copied(&failed.join(&input), &tree.join(&file))?;
            shown.failures.push(format!("{}: {cause}", tree.join(file).display()));
        }
        if shown.failures.is_empty() {
            let log = self.folder.join(format!("{name}.log"));
            return Err(format!("it ends early and leaves no input behind: {}", log.display()));
        }
        Ok(shown)
    }

    /// Puts some of the inputs into the tree that run what nothing in it runs, and says how many.
    fn kept(&self, name: &str, tree: &Path, [known, grown]: [&Path; 2]) -> Result<usize, String> {
        let before: BTreeSet<String> = listed(known)?.into_iter().collect();
        // An edge once, however often it is run.
        let (well, said) = self.ran(name, &["-set_cover_merge=1", "-use_counters=0"], &[known, grown], None)?;
        if !well {
            return Err(format!("what it found cannot be merged: {}", said.lines().last().unwrap_or_default()));
        }
        let has = listed(tree)?.len();
        let new = listed(known)?.into_iter().filter(|file| !before.contains(file));
        let mut new: Vec<(u64, String)> = new.filter_map(|file| Some((fs::metadata(known.join(&file)).ok()?.len(), file))).collect();
        new.retain(|(bytes, _)| *bytes <= LARGEST);
        // Each runs something that no other does, the long ones the most of it.
        new.sort_by(|one, other| other.cmp(one));
        new.truncate(FILES.saturating_sub(has));
        for (_, file) in &new {
            copied(&known.join(file), &tree.join(short(file)))?;
        }
        Ok(new.len())
    }
}

/// What tells one file of a corpus from another.
fn short(sum: &str) -> &str {
    sum.get(..16).unwrap_or(sum)
}

fn listed(folder: &Path) -> Result<Vec<String>, String> {
    let names =
        fs::read_dir(folder).and_then(|entries| entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect());
    names.map_err(|e| format!("{}: {e}", folder.display()))
}

fn copied(from: &Path, to: &Path) -> Result<(), String> {
    fs::copy(from, to).map(drop).map_err(|e| format!("{} to {}: {e}", from.display(), to.display()))
}

/// The runs and the edges that libFuzzer tells last: `#8192  pulse  cov: 2260 ft: 4096 …`.
fn counted(said: &str) -> (u64, u64) {
    let counts = |line: &str| {
        let (runs, rest) = line.strip_prefix('#')?.split_once(char::is_whitespace)?;
        let edges = rest.split_once("cov: ")?.1.split(' ').next()?;
        Some((runs.parse().ok()?, edges.parse().ok()?))
    };
    said.lines().rev().find_map(counts).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_fuzzer_says_is_counted() {
        let said = "INFO: seed corpus\n#2\tINITED cov: 17 ft: 18 corp: 1/1b exec/s: 0 rss: 39Mb\n#4096\tpulse  cov: 170 ft: 9 corp: 2/3b\nDone 4096 runs\n";
        assert_eq!(counted(said), (4096, 170));
        assert_eq!(counted("Segmentation fault\n"), (0, 0));
        let shown = BTreeMap::from([("log", Shown { runs: 4096, edges: 170, kept: 2, failures: vec!["x".into()] })]);
        let want = "{\"seconds_of_each\":600,\"parsers\":{\"log\":{\"runs\":4096,\"edges\":170,\"kept\":2,\"failures\":1}}}";
        assert_eq!(document(600, &shown), want);
    }

    #[test]
    fn wrong_words_are_told_before_anything_is_built() {
        assert_eq!(run(Some("soon"), None), Err(vec!["`soon` is no number of seconds".to_owned()]));
        assert!(run(Some("1"), Some("soak")).is_err());
    }

    #[test]
    fn each_parser_of_the_table_is_fuzzed() {
        let table = fs::read_to_string(root().join("crates/operate/tests/parsers/table.rs")).unwrap_or_default();
        let named = table.split("name: \"").skip(1).filter_map(|rest| rest.split('"').next());
        assert_eq!(named.collect::<Vec<_>>(), PARSERS);
    }

    #[test]
    fn what_is_fuzzed_is_what_is_released() {
        let locked = |path: &str| {
            let text = fs::read_to_string(root().join(path)).unwrap_or_default();
            let packages = text.split("[[package]]").skip(1).map(|package| package.lines().skip(1).take(2).collect::<Vec<_>>().join(" "));
            packages.collect::<BTreeSet<String>>()
        };
        let (ours, fuzz) = (locked("Cargo.lock"), locked("fuzz/Cargo.lock"));
        let other =
            fuzz.difference(&ours).filter(|package| !["bbws-fuzz", "libfuzzer-sys", "arbitrary"].iter().any(|own| package.contains(own)));
        assert_eq!(other.collect::<Vec<_>>(), Vec::<&String>::new());
        assert!(fuzz.iter().any(|package| package.contains("\"serde_json\"")));
    }

    #[test]
    fn the_fuzzer_is_formatted() {
        let mut rustfmt = Command::new("rustfmt");
        rustfmt.current_dir(root()).args(["--check", "--edition", "2024", "fuzz/src/main.rs"]);
        assert!(rustfmt.status().is_ok_and(|status| status.success()));
    }
}

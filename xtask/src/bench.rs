//! Measurements: ratios, counts, seconds and bytes, printed. Nothing here can fail because a machine is slow.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use cargo_metadata::MetadataCommand;

use crate::{root, tell};

const SEEDS: &str = "100";
const STARTS: usize = 20;

/// Measures all there is to measure. Planning is measured as people build it here, and in an optimised build of the pure
/// crates; each line says which it is. The SDKs are never built optimised: nothing that is measured waits for them.
pub(crate) fn run() -> Vec<String> {
    let parts = [makespan(), log(), planning(false), planning(true), binary()];
    parts.into_iter().filter_map(Result::err).collect()
}

pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
    cargo.current_dir(root());
    cargo
}

fn example(release: bool) -> Command {
    let mut cargo = cargo();
    cargo.args(["run", "--quiet", "--package", "bbws-testkit", "--example", "bench"]);
    if release {
        cargo.arg("--release");
    }
    cargo.arg("--");
    cargo
}

/// The runs come from the bench, the critical path from a script that knows nothing of the scheduler.
fn makespan() -> Result<(), String> {
    tell("Makespan against the critical path (toy objects, the kinds' own expected durations, simulated time):");
    let mut runs = example(false).args(["makespan", SEEDS]).stdout(Stdio::piped()).spawn().map_err(|e| e.to_string())?;
    let lines = runs.stdout.take().ok_or("the bench tells nothing")?;
    let script = Command::new("python3").arg(root().join("xtask/critical_path.py")).stdin(lines).status().map_err(|e| e.to_string())?;
    let bench = runs.wait().map_err(|e| e.to_string())?;
    if script.success() && bench.success() { Ok(()) } else { Err("the makespan could not be measured".into()) }
}

fn log() -> Result<(), String> {
    tell("The log (dev's own expected durations, simulated time; a write takes 60 ms, as S3's do; reading in the dev profile):");
    let done = example(false).arg("log").status().map_err(|e| e.to_string())?;
    if done.success() { Ok(()) } else { Err("the log could not be measured".into()) }
}

fn planning(release: bool) -> Result<(), String> {
    let profile = if release { "release" } else { "dev" };
    tell(&format!("Planning synthetic resources ({profile} profile; processor time, memory above what was there before):"));
    let done = example(release).args(["planning", "1000", "10000", "100000"]).status().map_err(|e| e.to_string())?;
    if done.success() { Ok(()) } else { Err("planning could not be measured".into()) }
}

/// The binary of `$BBWS_BIN`, or the one that cargo builds.
fn bbws() -> Result<PathBuf, String> {
    if let Some(path) = std::env::var_os("BBWS_BIN") {
        return Ok(path.into());
    }
    let built = cargo().args(["build", "--package", "bbws"]).status().map_err(|e| e.to_string())?;
    if !built.success() {
        return Err("bbws does not build".into());
    }
    let all = MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec().map_err(|e| e.to_string())?;
    Ok(all.target_directory.join("debug/bbws").into())
}

fn binary() -> Result<(), String> {
    let bbws = bbws()?;
    let folder = std::env::temp_dir().join(format!("bbws-bench-{}", std::process::id()));
    let measured = in_folder(&bbws, &folder);
    let cleared = std::fs::remove_dir_all(&folder).map_err(|e| e.to_string());
    measured.and(cleared)
}

fn in_folder(bbws: &Path, folder: &Path) -> Result<(), String> {
    let said = |e: std::io::Error| e.to_string();
    std::fs::create_dir_all(folder.join("environments")).map_err(said)?;
    for entry in std::fs::read_dir(root().join("environments")).map_err(said)? {
        let path = entry.map_err(said)?.path();
        std::fs::copy(&path, folder.join("environments").join(path.file_name().unwrap_or_default())).map_err(said)?;
    }
    let command = |arguments: &[&str]| {
        let mut command = Command::new(bbws);
        command.current_dir(folder).args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    tell(&format!("Start-up of {} (median of {STARTS}):", bbws.display()));
    for arguments in [&["--help"][..], &["validate", "dev"]] {
        let mut times = vec![];
        for _ in 0..STARTS {
            let began = Instant::now();
            let done = command(arguments).status().map_err(said)?;
            if !done.success() {
                return Err(format!("`bbws {}` fails", arguments.join(" ")));
            }
            times.push(began.elapsed());
        }
        tell(&format!("bbws {}: {:.1} ms", arguments.join(" "), median(times).as_secs_f64() * 1e3));
    }
    let (done, most) = peak(command(&["apply", "dev", "--sandbox", "--yes"])).map_err(said)?;
    tell(&format!("Peak memory of `bbws apply dev --sandbox`: {:.1} MiB", most as f64 / 1024.0));
    if !done {
        return Err("`bbws apply dev --sandbox --yes` fails".into());
    }
    reads(command(&["plan", "dev", "--sandbox", "--verbose"]), &folder.join("state/sandbox/dev/state.json"))
}

/// What a look at the unchanged cluster takes: kind by kind by the formulas, and as it was measured.
fn reads(mut plan: Command, state: &Path) -> Result<(), String> {
    tell("Reads of one look at the unchanged dev cluster:");
    let told = example(false).arg("reads").arg(state).status().map_err(|e| e.to_string())?;
    let planned = plan.stderr(Stdio::piped()).output().map_err(|e| e.to_string())?;
    let text = String::from_utf8_lossy(&planned.stderr);
    let measured = measured(&text).ok_or("`bbws plan dev --sandbox --verbose` does not tell its calls")?;
    tell(&format!("measured: {measured}"));
    if told.success() && planned.status.success() { Ok(()) } else { Err("the reads could not be measured".into()) }
}

/// The line of a plan that tells how many calls the look took.
fn measured(plan: &str) -> Option<&str> {
    plan.lines().find(|line| line.contains("for one look at everything"))
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Whether a command succeeds, and the most memory that it was seen to have had, in KiB. The kernel keeps the most itself
/// (`VmHWM`), so only what comes after the last look is missed.
fn peak(mut command: Command) -> Result<(bool, u64), std::io::Error> {
    let mut child = command.spawn()?;
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0;
    loop {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        most = most.max(high_water(&text).unwrap_or(0));
        if let Some(done) = child.try_wait()? {
            return Ok((done.success(), most));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn high_water(status: &str) -> Option<u64> {
    status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_memory_is_read_as_the_kernel_tells_it() {
        assert_eq!(high_water("Name:\tbbws\nVmPeak:\t 9 kB\nVmHWM:\t   5140 kB\n"), Some(5140));
        assert_eq!(high_water(""), None);
    }

    #[test]
    fn the_calls_are_read_as_a_plan_tells_them() {
        let told =
            "71 calls: 71 that read, 0 that change\n70 of them for one look at everything; the read formulas of what is recorded: 70\n";
        assert_eq!(measured(told), Some("70 of them for one look at everything; the read formulas of what is recorded: 70"));
        assert_eq!(measured("No changes"), None);
    }

    #[test]
    fn the_median_stands_in_the_middle() {
        assert_eq!(median([5, 1, 3].map(Duration::from_secs).into()), Duration::from_secs(3));
        assert_eq!(median(vec![]), Duration::ZERO);
    }
}

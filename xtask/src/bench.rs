//! Measurements: ratios, counts, seconds and bytes, printed. Nothing here can fail because a machine is slow.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use cargo_metadata::MetadataCommand;

use crate::{root, tell};

const SEEDS: &str = "100";
const STARTS: usize = 20;

/// Measures all there is to measure. `release` measures planning and the makespan in an optimised build of the pure crates.
pub(crate) fn run(release: bool) -> Vec<String> {
    let parts = [makespan(release), planning(release), binary()];
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
fn makespan(release: bool) -> Result<(), String> {
    tell("Makespan against the critical path (toy objects, the kinds' own expected durations, simulated time):");
    let mut runs = example(release).args(["makespan", SEEDS]).stdout(Stdio::piped()).spawn().map_err(|e| e.to_string())?;
    let lines = runs.stdout.take().ok_or("the bench tells nothing")?;
    let script = Command::new("python3").arg(root().join("xtask/critical_path.py")).stdin(lines).status().map_err(|e| e.to_string())?;
    let bench = runs.wait().map_err(|e| e.to_string())?;
    if script.success() && bench.success() { Ok(()) } else { Err("the makespan could not be measured".into()) }
}

fn planning(release: bool) -> Result<(), String> {
    tell("Planning synthetic resources (processor time, memory above what was there before):");
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
    if done { Ok(()) } else { Err("`bbws apply dev --sandbox --yes` fails".into()) }
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
    fn the_median_stands_in_the_middle() {
        assert_eq!(median([5, 1, 3].map(Duration::from_secs).into()), Duration::from_secs(3));
        assert_eq!(median(vec![]), Duration::ZERO);
    }
}

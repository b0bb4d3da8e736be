//! Who this process is, so that another one on this machine can tell whether it still lives.

use std::fs;
use std::path::Path;
use std::process::Command;

use bbws_model::{Owner, RunId};

/// This process as the owner of a run.
#[must_use]
pub(crate) fn this_process(run: RunId, command: String) -> Owner {
    let pid = std::process::id();
    Owner {
        run,
        user: user(),
        host: host(),
        boot_id: boot_id(),
        pid_namespace: pid_namespace(),
        pid,
        pid_start: started(pid).unwrap_or_default(),
        command,
        ci: ci_job(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// Whether the process that an owner names still lives; none where that cannot be told from here: it ran on another
/// machine, before a restart, or where pids mean something else.
#[must_use]
pub(crate) fn lives(owner: &Owner) -> Option<bool> {
    let here = !owner.boot_id.is_empty() && owner.boot_id == boot_id();
    if !here {
        return None;
    }
    // A machine that was started again has another boot id; one namespace sees its own pids only.
    if owner.pid_namespace != pid_namespace() || owner.pid_start == 0 {
        return None;
    }
    Some(started(owner.pid) == Some(owner.pid_start))
}

/// Where this process shows, if it is a CI job.
fn ci_job() -> Option<String> {
    let var = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let github = || Some(format!("{}/{}/actions/runs/{}", var("GITHUB_SERVER_URL")?, var("GITHUB_REPOSITORY")?, var("GITHUB_RUN_ID")?));
    // GitLab; Jenkins; Buildkite; CircleCI.
    let others = ["CI_JOB_URL", "BUILD_URL", "BUILDKITE_BUILD_URL", "CIRCLE_BUILD_URL"];
    github().or_else(|| others.iter().find_map(|name| var(name)))
}

fn user() -> String {
    let name = ["USER", "LOGNAME"].iter().filter_map(|name| std::env::var(name).ok()).find(|name| !name.is_empty());
    name.or_else(|| told(Command::new("id").arg("-un"))).unwrap_or_else(|| "unknown".to_owned())
}

fn host() -> String {
    read("/proc/sys/kernel/hostname").or_else(|| told(&mut Command::new("hostname"))).unwrap_or_else(|| "unknown".to_owned())
}

/// The machine's id and that of its current boot. Without either nobody is taken for dead.
fn boot_id() -> String {
    let machine = read("/etc/machine-id").unwrap_or_default();
    match read("/proc/sys/kernel/random/boot_id").or_else(|| told(Command::new("sysctl").args(["-n", "kern.bootsessionuuid"]))) {
        Some(boot) => format!("{machine}/{boot}"),
        None => String::new(),
    }
}

fn pid_namespace() -> String {
    fs::read_link("/proc/self/ns/pid").map(|link| link.to_string_lossy().into_owned()).unwrap_or_default()
}

/// When a process began, as the machine itself counts; none when there is no such process.
fn started(pid: u32) -> Option<u64> {
    if Path::new("/proc/self/stat").exists() {
        return field_22(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?);
    }
    let text = told(Command::new("ps").env("LC_ALL", "C").args(["-o", "lstart=", "-p", &pid.to_string()]))?;
    // Only compared: any number that the text fixes will do.
    Some(text.bytes().fold(0, |sum: u64, byte| sum.wrapping_mul(257).wrapping_add(u64::from(byte))))
}

/// Field 22 of `/proc/PID/stat`, the start time. Field 2 is the program's name in brackets and may hold anything.
/// A zombie has ended.
fn field_22(stat: &str) -> Option<u64> {
    let mut fields = stat.get(stat.rfind(')')? + 1..)?.split_whitespace();
    let state = fields.next()?;
    if matches!(state, "Z" | "X" | "x") {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

fn read(path: &str) -> Option<String> {
    fs::read_to_string(path).ok().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn told(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Stdio;

    #[test]
    fn this_process_lives_and_one_that_ended_does_not() {
        let me = this_process(RunId("R".into()), "bbws apply dev".into());
        assert_eq!(lives(&me), Some(true));
        let mut child = Command::new("sleep").arg("60").stdout(Stdio::null()).spawn().unwrap();
        let other = Owner { pid: child.id(), pid_start: started(child.id()).unwrap(), ..me.clone() };
        assert_eq!(lives(&other), Some(true));
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(lives(&other), Some(false));
        assert_eq!(lives(&Owner { pid_start: me.pid_start + 1, ..me }), Some(false), "the pid is used again");
    }

    #[test]
    fn of_a_process_elsewhere_nothing_is_known() {
        let me = this_process(RunId("R".into()), String::new());
        assert_eq!(lives(&Owner { boot_id: "other".into(), ..me.clone() }), None);
        assert_eq!(lives(&Owner { boot_id: String::new(), ..me.clone() }), None);
        assert_eq!(lives(&Owner { pid_namespace: "pid:[1]".into(), ..me }), None);
    }

    #[test]
    fn a_name_with_brackets_and_blanks_does_not_shift_the_fields() {
        let tail = "0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 4711 0 0";
        assert_eq!(field_22(&format!("7 (a ) (b) S {tail}")), Some(4711));
        assert_eq!(field_22(&format!("7 (a) Z {tail}")), None);
    }
}

//! The commit that an environment's file was taken from, as git tells it. Where there is no git, or no repository, none.

use std::path::Path;
use std::process::{Command, Stdio};

use bbws_model::Commit;

/// The commit, and whether the file differs from it. Git itself is asked: only it knows what a file that was checked out here
/// ought to be. It writes nothing and runs nothing of the repository's.
pub(crate) fn of(file: &Path) -> Option<Commit> {
    let dir = file.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut git = Command::new("git");
    git.args(["--no-optional-locks", "-c", "core.fsmonitor=false", "status", "--porcelain=v2", "--branch", "--"]);
    git.arg(file.file_name()?).current_dir(dir).stdin(Stdio::null()).stderr(Stdio::null());
    let answer = git.output().ok().filter(|answer| answer.status.success())?;
    read(&String::from_utf8_lossy(&answer.stdout))
}

fn read(status: &str) -> Option<Commit> {
    let head = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let id = head("# branch.oid ").filter(|id| !id.starts_with('('))?.to_owned();
    let branch = head("# branch.head ").filter(|name| !name.starts_with('(')).map(str::to_owned);
    Some(Commit { id, branch, dirty: status.lines().any(|line| !line.starts_with('#')) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn git_tells_commit_branch_and_edits() {
        let clean = "# branch.oid 2a3fce0c9d\n# branch.head main\n# branch.upstream origin/main\n";
        assert_eq!(read(clean), Some(Commit { id: "2a3fce0c9d".into(), branch: Some("main".into()), dirty: false }));
        let edited = format!("{clean}1 .M N... 100644 100644 100644 a b environments/dev.toml\n");
        assert!(read(&edited).is_some_and(|commit| commit.dirty));
        assert!(read("# branch.oid 2a3\n# branch.head (detached)\n? dev.toml\n").is_some_and(|c| c.dirty && c.branch.is_none()));
        assert_eq!(read("# branch.oid (initial)\n# branch.head main\n"), None, "nothing was committed yet");
        assert_eq!(read(""), None);
    }

    #[test]
    fn a_folder_that_is_no_repository_has_no_commit() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(of(&dir.path().join("dev.toml")), None);
    }
}

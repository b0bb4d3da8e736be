//! What others are given: the binary as it is released, with the commit it was made from, and its checksum.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::said;

/// Builds it, optimised unless another profile is asked for, into `target/dist/`.
pub(crate) fn run(profile: Option<String>) -> Vec<String> {
    match made(profile.as_deref().unwrap_or("release")) {
        Ok(path) => {
            crate::tell(&format!("{} and its .sha256", path.display()));
            vec![]
        }
        Err(wrong) => vec![wrong],
    }
}

fn made(profile: &str) -> Result<PathBuf, String> {
    let commit = commit(&crate::root())?;
    let mut build = crate::bench::cargo();
    build.args(["build", "--locked", "-p", "bbws", "--profile", profile, "--message-format", "json-render-diagnostics"]);
    // Only the crates that tell their version are built for it: a build without the variable stays as it is.
    build.env("BBWS_COMMIT", &commit).stderr(std::process::Stdio::inherit());
    let built = build.output().map_err(|error| format!("cargo: {error}"))?;
    if !built.status.success() {
        return Err(format!("cargo build: {}", built.status));
    }
    let binary = executable(&String::from_utf8_lossy(&built.stdout)).ok_or("cargo built no binary `bbws`")?;
    let told = said(Command::new(&binary).arg("--version"))?;
    if !told.contains(&commit) {
        return Err(format!("{} says `{told}`, and was made from {commit}", binary.display()));
    }
    let folder = binary.parent().and_then(Path::parent).ok_or("the binary stands nowhere")?.join("dist");
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let name = format!("bbws-{}-{}", env!("CARGO_PKG_VERSION"), host()?);
    let path = folder.join(&name);
    fs::copy(&binary, &path).map_err(|error| format!("{}: {error}", path.display()))?;
    let sum = checksum(&path)?;
    fs::write(folder.join(format!("{name}.sha256")), line(&sum, &name)).map_err(|error| error.to_string())?;
    Ok(path)
}

/// The commit of a work tree, and whether it is as it was committed.
fn commit(root: &Path) -> Result<String, String> {
    let git = |args: &[&str]| said(Command::new("git").args(args).current_dir(root));
    let commit = git(&["rev-parse", "--short=12", "HEAD"])?;
    Ok(if git(&["status", "--porcelain", "--untracked-files=no"])?.is_empty() { commit } else { format!("{commit}-changed") })
}

/// The binary among cargo's messages.
fn executable(messages: &str) -> Option<PathBuf> {
    let of_bbws = |line: &&str| line.contains("\"name\":\"bbws\"") && line.contains("\"kind\":[\"bin\"]");
    let line = messages.lines().rfind(of_bbws)?;
    let path = line.split_once("\"executable\":\"")?.1.split_once('"')?.0;
    Some(PathBuf::from(path))
}

pub(crate) fn host() -> Result<String, String> {
    let told = said(Command::new("rustc").arg("-vV"))?;
    told.lines().find_map(|line| line.strip_prefix("host: ")).map(str::to_owned).ok_or_else(|| "rustc does not say its host".to_owned())
}

/// By what the system has for it: Linux `sha256sum`, macOS `shasum`.
fn checksum(path: &Path) -> Result<String, String> {
    let told = said(Command::new("sha256sum").arg(path)).or_else(|_| said(Command::new("shasum").args(["-a", "256"]).arg(path)))?;
    told.split_whitespace().next().map(str::to_owned).ok_or_else(|| "no checksum".to_owned())
}

/// As `sha256sum -c` reads it.
fn line(sum: &str, name: &str) -> String {
    format!("{sum}  {name}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_binary_is_found_among_cargos_messages() {
        let messages = "{\"reason\":\"compiler-artifact\",\"target\":{\"kind\":[\"lib\"],\"name\":\"bbws\"},\"executable\":null}\n\
             {\"reason\":\"compiler-artifact\",\"target\":{\"kind\":[\"bin\"],\"name\":\"bbws\"},\"executable\":\"/t/release/bbws\"}\n\
             {\"reason\":\"build-finished\",\"success\":true}";
        assert_eq!(executable(messages), Some(PathBuf::from("/t/release/bbws")));
        assert_eq!(executable("{}"), None);
    }

    #[test]
    fn a_checksum_is_one_that_others_can_check() {
        let folder = std::env::temp_dir().join(format!("bbws-dist-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("abc"), "abc").unwrap();
        let sum = checksum(&folder.join("abc")).unwrap();
        assert_eq!(sum, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        fs::write(folder.join("abc.sha256"), line(&sum, "abc")).unwrap();
        let checked = said(Command::new("sha256sum").args(["-c", "abc.sha256"]).current_dir(&folder));
        assert!(checked.is_err() || checked.unwrap().contains("OK"));
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn outside_of_git_there_is_no_release() {
        assert!(commit(Path::new("/")).is_err());
    }
}

//! What a long proof has shown, kept in `docs/evidence` with the commit that it has shown it of.

use std::process::Command;

use crate::{root, said, tell};

/// What the proofs are made of.
const SOURCES: [&str; 7] = ["crates", "tests", "environments", "xtask", "fuzz", "Cargo.toml", "Cargo.lock"];
/// Where a proof keeps what it has found: that it found something is no change to what it is about.
const FOUND: &str = "crates/operate/tests/corpus";

/// The evidence of one proof.
pub(crate) struct Evidence {
    name: String,
    /// How what was tried was built.
    profile: String,
    commit: String,
    /// Whether the sources were other than the commit's, at its beginning or later.
    changed: bool,
}

impl Evidence {
    /// Of the sources as they are now.
    pub(crate) fn begin(name: &str, profile: &str) -> Result<Self, String> {
        let commit = git(&["rev-parse", "HEAD"])?;
        Ok(Self { name: name.to_owned(), profile: profile.to_owned(), changed: changed_since(&commit)?, commit })
    }

    /// Writes what was shown so far, a document of the proof's own.
    pub(crate) fn keep(&mut self, shown: &str) -> Result<(), String> {
        // Hours pass: what was changed meanwhile may be what was built.
        self.changed |= changed_since(&self.commit)?;
        let folder = root().join("docs/evidence");
        std::fs::create_dir_all(&folder).map_err(|e| e.to_string())?;
        std::fs::write(folder.join(format!("{}.json", self.name)), self.text(shown)).map_err(|e| e.to_string())
    }

    pub(crate) fn tell(&self) {
        tell(&format!("written to docs/evidence/{}.json", self.name));
    }

    fn text(&self, shown: &str) -> String {
        let Self { name, profile, commit, changed } = self;
        format!(
            "{{\n  \"commit\": \"{commit}\",\n  \"changed_since\": {changed},\n  \"profile\": \"{profile}\",\n  \"{name}\": {}\n}}\n",
            shown.trim()
        )
    }
}

/// Whether any of the sources is other than at this commit.
fn changed_since(commit: &str) -> Result<bool, String> {
    let changed = git(&[&["diff", "--name-only", commit, "--"], &SOURCES[..]].concat())?;
    let new = git(&[&["ls-files", "--others", "--exclude-standard", "--"], &SOURCES[..], &[&format!(":(exclude){FOUND}")]].concat())?;
    Ok(!changed.is_empty() || !new.is_empty())
}

fn git(arguments: &[&str]) -> Result<String, String> {
    said(Command::new("git").current_dir(root()).args(arguments))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_evidence_names_its_commit() {
        let evidence = Evidence { name: "simulation".into(), profile: "soak".into(), commit: "abc".into(), changed: false };
        let want = "{\n  \"commit\": \"abc\",\n  \"changed_since\": false,\n  \"profile\": \"soak\",\n  \"simulation\": {\"seeds\":3,\"violations\":[]}\n}\n";
        assert_eq!(evidence.text("{\"seeds\":3,\"violations\":[]}\n"), want);
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

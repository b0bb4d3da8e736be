//! What `--version` tells: the version, the commit it was made from, and the formats it writes.

use std::sync::OnceLock;

use bbws_model::wire::{approval, event, log, plan, run, spool, state};
use bbws_operate::cost;

/// The commit, where `cargo xtask dist` made the binary. Any other build tells none: it would be built again by every commit, or
/// tell a wrong one.
const COMMIT: Option<&str> = option_env!("BBWS_COMMIT");

/// The text after the program's name.
pub(crate) fn version() -> &'static str {
    static TEXT: OnceLock<String> = OnceLock::new();
    TEXT.get_or_init(|| text(COMMIT))
}

fn text(commit: Option<&str>) -> String {
    let made = commit.map_or_else(|| "no release: made from a work tree".to_owned(), |commit| format!("commit {commit}"));
    format!(
        "{} ({made})\nformats: state {}, log {}, plan {}, events {}, spool {}, run {}, approval {}, prices {}",
        env!("CARGO_PKG_VERSION"),
        state::FORMAT,
        log::FORMAT,
        plan::FORMAT,
        event::FORMAT,
        spool::FORMAT,
        run::FORMAT,
        approval::FORMAT,
        cost::FORMAT
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_tells_the_commit_and_the_formats() {
        let told = text(Some("0123456789ab"));
        assert!(told.starts_with(concat!(env!("CARGO_PKG_VERSION"), " (commit 0123456789ab)\nformats: state 1, log 1, plan ")), "{told}");
        // The page of the formats has a line for each, with the same number.
        let page = include_str!("../../../docs/formats.md");
        let formats: Vec<(&str, &str)> =
            told.split("formats: ").nth(1).unwrap().split(", ").map(|one| one.split_once(' ').unwrap()).collect();
        assert!(formats.len() == 8 && page.lines().filter(|line| line.starts_with("| ")).count() == formats.len() + 1, "{told}");
        for (name, number) in formats {
            assert!(
                page.lines().any(|line| line.starts_with(&format!("| {name} |")) && line.ends_with(&format!("| {number} |"))),
                "{name}"
            );
        }
        assert!(text(None).contains("(no release"), "{}", text(None));
    }
}

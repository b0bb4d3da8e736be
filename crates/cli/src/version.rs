//! What `--version` tells: the version, the commit it was made from, and the formats it writes.

use std::sync::OnceLock;

use bbws_model::wire::{event, log, plan, spool, state};

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
        "{} ({made})\nformats: state {}, log {}, plan {}, events {}, spool {}",
        env!("CARGO_PKG_VERSION"),
        state::FORMAT,
        log::FORMAT,
        plan::FORMAT,
        event::FORMAT,
        spool::FORMAT
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_tells_the_commit_and_the_formats() {
        let told = text(Some("0123456789ab"));
        assert!(told.starts_with(concat!(env!("CARGO_PKG_VERSION"), " (commit 0123456789ab)\nformats: state 1, log 1, plan ")), "{told}");
        assert!(text(None).contains("(no release"), "{}", text(None));
    }
}

//! The project's own checks and chores: `cargo xtask layers`, `cargo xtask tidy`.

mod layers;
mod sdk;
mod tidy;

use std::process::ExitCode;

fn main() -> ExitCode {
    let wrong = match std::env::args().nth(1).as_deref() {
        Some("layers") => layers::wrong(),
        Some("sdk") => sdk::wrong(),
        Some("tidy") => tidy::wrong(),
        _ => vec!["usage: cargo xtask layers | sdk | tidy".to_owned()],
    };
    for line in &wrong {
        tell(line);
    }
    if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[expect(clippy::print_stderr, reason = "a chore speaks to the terminal")]
fn tell(line: &str) {
    eprintln!("{line}");
}

/// The workspace's root folder.
fn root() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Into::into).unwrap_or_default()
}

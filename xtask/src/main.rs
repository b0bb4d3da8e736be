//! The project's own checks and chores: `cargo xtask layers`, `sdk` and `tidy`, which run as tests too; `bench`, `dist`, `docs` and `soak`.

mod bench;
mod dist;
mod docs;
mod evidence;
mod fuzz;
mod layers;
mod sdk;
mod soak;
mod tidy;

use std::process::{Command, ExitCode};

fn main() -> ExitCode {
    let second = std::env::args().nth(2);
    let wrong = match std::env::args().nth(1).as_deref() {
        Some("bench") => bench::run(),
        Some("dist") => dist::run(second),
        Some("docs") => docs::run(),
        Some("layers") => layers::wrong(),
        Some("sdk") => sdk::wrong(),
        Some("soak") => soak::run(second, std::env::args().nth(3), std::env::args().nth(4)),
        Some("tidy") => tidy::wrong(),
        _ => vec![
            "usage: cargo xtask bench | dist [PROFILE] | docs | layers | sdk | soak [simulation | seeded_bugs | damage | parsers | crash_points | actions | kills | rivals | property] [COUNT [PROFILE]] | tidy".to_owned(),
        ],
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

/// What a command says that ends well.
fn said(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr).trim()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

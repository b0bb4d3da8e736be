//! The arguments of `docs`.

use std::path::PathBuf;

use clap::Args;

use super::Where;

/// `docs`.
#[derive(Debug, Args)]
pub(crate) struct DocsArgs {
    /// Which environment.
    #[command(flatten)]
    pub place: Where,
    /// Write to a file instead of the terminal
    #[arg(short, long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

//! The arguments of `cost`.

use clap::Args;

use super::Where;

/// `cost`.
#[derive(Debug, Args)]
pub(crate) struct CostArgs {
    /// Which environment.
    #[command(flatten)]
    pub place: Where,
    /// Write Markdown, for a pull request
    #[arg(long)]
    pub markdown: bool,
}

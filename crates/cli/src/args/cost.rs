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
    /// Ask AWS's Price List first, and keep what it says in prices/REGION.toml beside the environments folder
    #[arg(long)]
    pub refresh: bool,
}

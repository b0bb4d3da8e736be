//! The arguments of `doctor`.

use clap::Args;

use super::Where;

/// `doctor`.
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Which environment.
    #[command(flatten)]
    pub place: Where,
    /// List what the code takes AWS to do and nobody has confirmed
    #[arg(long)]
    pub assumptions: bool,
    /// Try one of them, by its id, or `all`: those that only read are run at once, of the others it is told what to do
    #[arg(long, value_name = "ID|all", requires = "assumptions")]
    pub test: Option<String>,
}

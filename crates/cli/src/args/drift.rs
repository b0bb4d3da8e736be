//! The arguments of `drift`.

use std::path::PathBuf;

use bbws_model::Address;
use clap::Args;

/// `drift`.
#[derive(Debug, Args)]
pub(crate) struct DriftArgs {
    /// The environment: the name of a file in the environments folder, without .toml; $BBWS_ENV if left out
    #[arg(value_name = "ENV")]
    pub env: Option<String>,
    /// Only these resources
    #[arg(value_name = "ADDRESS")]
    pub addresses: Vec<String>,
    /// Keep what AWS shows of this resource: write it into the environment file; may be given more than once
    #[arg(long, value_name = "ADDRESS")]
    pub accept: Vec<Address>,
    /// Put this resource back to what is declared; may be given more than once
    #[arg(long, value_name = "ADDRESS")]
    pub revert: Vec<Address>,
    /// Write the plan of --revert to a file that `apply` takes, instead of applying it
    #[arg(short, long, value_name = "FILE", requires = "revert")]
    pub out: Option<PathBuf>,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
}

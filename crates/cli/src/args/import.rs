//! The arguments of `import`.

use std::path::PathBuf;

use clap::Args;

use super::Glass;

/// `import`.
#[derive(Debug, Args)]
pub(crate) struct ImportArgs {
    /// The environment ($BBWS_ENV if left out), the resource of its file, and what AWS calls the object
    #[arg(value_name = "[ENV] ADDRESS ID", num_args = 0..=3)]
    pub names: Vec<String>,
    /// Take what a Terraform state (format 4) holds
    #[arg(long, value_name = "FILE")]
    pub tfstate: Option<PathBuf>,
    /// Look for what the file declares by bbws's marks, names and places (the VPC by its CIDR and name, then what hangs on it)
    #[arg(long, conflicts_with = "tfstate")]
    pub discover: bool,
    /// With --discover: the VPC that is the file's, where its CIDR and its name do not tell
    #[arg(long, value_name = "ID", requires = "discover")]
    pub vpc: Option<String>,
    /// Do not ask; of what is discovered, take what is certain alone
    #[arg(short, long)]
    pub yes: bool,
    /// Take nothing: write what would be taken to a file, for `approve` and `apply`
    #[arg(short, long, value_name = "FILE", conflicts_with_all = ["yes", "break_glass"])]
    pub out: Option<PathBuf>,
    /// What stands for an approval.
    #[command(flatten)]
    pub glass: Glass,
}

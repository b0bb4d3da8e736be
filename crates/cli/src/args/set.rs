//! The arguments of `set`.

use clap::Args;

/// `set`.
#[derive(Debug, Args)]
pub(crate) struct SetArgs {
    /// The environment ($BBWS_ENV if left out), and the values: `rds.class=db.t3.small`
    #[arg(value_name = "ENV KEY=VALUE", required = true, num_args = 1..)]
    pub settings: Vec<String>,
    /// Show the difference and the plan, and write nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Make no plan: needs no account
    #[arg(long)]
    pub no_plan: bool,
}

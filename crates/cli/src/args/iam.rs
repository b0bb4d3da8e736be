//! `iam`.

use std::path::PathBuf;

use bbws_operate::iam::Purpose;
use clap::Args;

use super::Where;

/// `iam`.
#[derive(Debug, Args)]
pub(crate) struct IamArgs {
    /// Which environment.
    #[command(flatten)]
    pub place: Where,
    /// What it takes to look and to make plans: nothing that changes anything
    #[arg(long, conflicts_with = "apply")]
    pub plan: bool,
    /// What it takes to apply and to destroy, planning included (this is also printed without either option)
    #[arg(long)]
    pub apply: bool,
    /// Write each document to a file of its own in this folder
    #[arg(short, long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

impl IamArgs {
    /// What somebody is to be allowed.
    pub(crate) fn purpose(&self) -> Purpose {
        if self.plan { Purpose::Plan } else { Purpose::Apply }
    }
}

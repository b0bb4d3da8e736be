//! `iam`.

use std::path::PathBuf;

use bbws_operate::iam::Purpose;
use clap::builder::PossibleValuesParser;
use clap::{Args, builder::TypedValueParser};

use super::Where;

/// `iam`.
#[derive(Debug, Args)]
pub(crate) struct IamArgs {
    /// Which environment.
    #[command(flatten)]
    pub place: Where,
    /// What it takes to look and to make plans: nothing that changes anything
    #[arg(long, conflicts_with_all = ["apply", "task"])]
    pub plan: bool,
    /// What it takes to apply and to destroy, planning included (this is also printed without any of these)
    #[arg(long, conflicts_with = "task")]
    pub apply: bool,
    /// What another task takes: each policy is whole by itself, and allows no more than its task
    #[arg(long = "for", value_name = "TASK", value_parser = task())]
    pub task: Option<Purpose>,
    /// Write each document to a file of its own in this folder
    #[arg(short, long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

/// A task by its word.
fn task() -> impl TypedValueParser<Value = Purpose> {
    let words = Purpose::ALL.map(Purpose::word);
    PossibleValuesParser::new(words).map(|word| Purpose::ALL.into_iter().find(|one| one.word() == word).unwrap_or(Purpose::Apply))
}

impl IamArgs {
    /// What somebody is to be allowed.
    pub(crate) fn purpose(&self) -> Purpose {
        self.task.unwrap_or(if self.plan { Purpose::Plan } else { Purpose::Apply })
    }
}

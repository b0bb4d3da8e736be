//! The arguments of `state`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Glass, Where};
use crate::help;

/// `state …`.
#[derive(Debug, Subcommand)]
pub(crate) enum StateCommand {
    /// Take an environment from a run that hangs
    #[command(after_help = help::UNLOCK)]
    Unlock(UnlockArgs),
    /// List the resources
    List(Where),
    /// Show a resource, or the whole state
    Show {
        /// Which environment.
        #[command(flatten)]
        place: Where,
        /// The resource: `vpc.main`
        #[arg(value_name = "ADDRESS")]
        address: Option<String>,
    },
    /// Tell what each run changed, or each slot of one run
    History {
        /// Which environment.
        #[command(flatten)]
        place: Where,
        /// The run: its id, or how that begins
        #[arg(value_name = "RUN")]
        run: Option<String>,
    },
    /// Compare the states at two moments
    Diff {
        /// Which environment.
        #[command(flatten)]
        place: Where,
        /// A moment: a slot's number (`42`), a serial (`serial:19`), or a run's id; of a single run, what it changed
        #[arg(value_name = "MOMENT")]
        from: Option<String>,
        /// The other moment; now if left out
        #[arg(value_name = "MOMENT")]
        to: Option<String>,
    },
    /// Print the whole state as JSON
    Pull {
        /// Which environment.
        #[command(flatten)]
        place: Where,
        /// Write to a file instead of the terminal
        #[arg(short, long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Look whether the log is whole, and tell what mends it
    Verify {
        /// Which environment.
        #[command(flatten)]
        place: Where,
        /// Put right what the store itself can put right
        #[arg(long)]
        mend: bool,
        /// Look into the account too: whether what is recorded exists and bears its mark
        #[arg(long)]
        account: bool,
    },
    /// Set the state to what it was at an earlier moment, as a new entry of the log
    Restore {
        /// Which environment.
        #[command(flatten)]
        place: Where,
        /// A moment: a slot's number (`42`), a serial (`serial:19`), or a run's id
        #[arg(value_name = "MOMENT")]
        moment: Option<String>,
        /// Forget what has come since, although it exists in the account
        #[arg(long)]
        forget: bool,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
        /// What stands for an approval.
        #[command(flatten)]
        glass: Glass,
    },
    /// Give a resource another address; the object stays as it is
    #[command(after_help = help::MV, override_usage = "bbws state mv [OPTIONS] --reason <TEXT> [ENV] FROM TO")]
    Mv(MvArgs),
    /// Forget resources; the objects stay as they are, and nobody manages them
    #[command(after_help = help::RM, override_usage = "bbws state rm [OPTIONS] --reason <TEXT> [ENV] ADDRESS…")]
    Rm(RmArgs),
    /// Make a lost state again from the marks and names in the account
    Rebuild {
        /// Which environment.
        #[command(flatten)]
        place: Where,
        /// The lineage, where the account holds several
        #[arg(long, value_name = "LINEAGE")]
        lineage: Option<String>,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
        /// What stands for an approval.
        #[command(flatten)]
        glass: Glass,
    },
    /// List what bears the state's mark in the account and is not in the state
    Orphans(Where),
    /// Remove slots that no reader needs any more
    Gc {
        /// Which environment.
        #[command(flatten)]
        place: Where,
        /// Do not ask
        #[arg(short, long)]
        yes: bool,
    },
}

/// `state mv`.
#[derive(Debug, Args)]
pub(crate) struct MvArgs {
    /// The environment ($BBWS_ENV if left out), the address so far, and the new one
    #[arg(value_name = "[ENV] FROM TO", num_args = 2..=3, required = true)]
    pub names: Vec<String>,
    /// Why: it stands in the history
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
    /// What stands for an approval.
    #[command(flatten)]
    pub glass: Glass,
}

/// `state rm`.
#[derive(Debug, Args)]
pub(crate) struct RmArgs {
    /// The environment ($BBWS_ENV if left out), and the addresses to forget
    #[arg(value_name = "[ENV] ADDRESS", num_args = 1.., required = true)]
    pub names: Vec<String>,
    /// Why: it stands in the history
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
    /// What stands for an approval.
    #[command(flatten)]
    pub glass: Glass,
}

/// `state unlock`.
#[derive(Debug, Args)]
pub(crate) struct UnlockArgs {
    /// Which environment.
    #[command(flatten)]
    pub place: Where,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
}

//! The log: how a run takes an environment, writes down what it does, and reads what others did.
//!
//! One primitive, create-if-absent on the next slot, is lock, fence, write-ahead log and history at once: to own an
//! environment is to append OPEN; to be fenced is to fail an append.

mod aside;
mod begin;
mod collect;
mod derived;
mod lease;
mod read;
mod spool;
mod survey;
mod watch;
mod write;

pub use aside::{Remains, remains, set_aside};
pub use begin::begin;
pub use collect::{KEPT_FOR, collect, collectable};
pub use derived::{Late, OUTPUTS, late};
pub use lease::{LEASE, Lease, TTL, Unleased};
pub use read::read;
pub use spool::{Unspooled, spooled, unspool};
pub use survey::{Cure, Damage, Depth, Survey, mend, survey};
pub(crate) use survey::{Met, follow};
pub use watch::{Held, LastHeld, last_held, stands_still};
pub use write::{Log, Opening};

use bbws_model::FoldError;
use bbws_model::wire::WireError;

use crate::StoreError;

/// Why the log could not be read or written.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum LogError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Another run holds the environment.
    #[error(
        "the environment is held by {} on {} (pid {}, run {}): {}",
        .0.owner.user, .0.owner.host, .0.owner.pid, .0.owner.run, .0.owner.command
    )]
    Held(Box<Held>),
    /// Another run has taken the environment over: nothing more may be sent.
    #[error("slot {seq} was written by another run: this run no longer holds the environment")]
    Fenced {
        /// The slot that this run wanted.
        seq: u64,
    },
    /// The log or the state is damaged.
    #[error("{key} is damaged: {cause}")]
    Damaged {
        /// The key within the environment.
        key: String,
        /// What is wrong with it.
        cause: String,
    },
    /// A record does not fit the state; nothing was written.
    #[error(transparent)]
    Misfit(#[from] FoldError),
}

impl LogError {
    fn wire(key: &str, error: &WireError) -> Self {
        Self::Damaged { key: key.to_owned(), cause: error.to_string() }
    }
}

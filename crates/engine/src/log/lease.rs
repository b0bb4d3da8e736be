//! The lease: for how long a run may send without having heard that it still holds its environment.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::Clock;
use crate::lock::locked;

/// For how long after its last acknowledged slot was first sent a run may send requests.
pub const LEASE: Duration = Duration::from_secs(45);
/// After how long without a new slot, by their own clock, others may take an environment over. Longer than the lease: who is
/// taken over sends nothing any more.
pub const TTL: Duration = Duration::from_secs(60);
/// After how long without a slot a heartbeat is written.
pub(super) const HEARTBEAT: Duration = Duration::from_secs(20);

/// Why a run may not send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unleased {
    /// It has not heard from the store for so long that another run may have taken the environment over.
    #[error("the state store has not answered for {} s: another run may hold the environment by now", LEASE.as_secs())]
    Lapsed,
    /// It does not hold the environment: not any more, or not yet.
    #[error("this run does not hold the environment")]
    Ended,
}

/// A run's lease; clones share it. What guards the requests asks it right before one leaves, **after** it was signed: whatever
/// is delayed later than that dies with its signature.
#[derive(Clone)]
pub struct Lease {
    clock: Arc<dyn Clock>,
    /// When the last acknowledged slot was first sent; none while the environment is not held.
    base: Arc<Mutex<Option<Duration>>>,
}

impl Lease {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, base: Arc::default() }
    }

    /// Whether a request may leave now.
    ///
    /// # Errors
    /// When it may not: nothing must be sent.
    pub fn holds(&self) -> Result<(), Unleased> {
        match self.age() {
            None => Err(Unleased::Ended),
            Some(age) if age < LEASE => Ok(()),
            Some(_) => Err(Unleased::Lapsed),
        }
    }

    /// How long ago the last acknowledged slot was first sent; none while the environment is not held.
    pub(super) fn age(&self) -> Option<Duration> {
        locked(&self.base).map(|base| self.clock.elapsed().saturating_sub(base))
    }

    /// A slot that was **first** sent at this time is acknowledged. The time of a retry would be wrong: somebody else may have
    /// watched the log since the first.
    pub(super) fn renew(&self, first_sent: Duration) {
        let mut base = locked(&self.base);
        *base = Some(base.map_or(first_sent, |before| before.max(first_sent)));
    }

    pub(super) fn end(&self) {
        *locked(&self.base) = None;
    }
}

impl std::fmt::Debug for Lease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lease").field("base", &self.base).finish_non_exhaustive()
    }
}

//! How long a run was busy with the cloud: calls in flight or waits. The rest is bbws's own share.

use std::sync::Mutex;
use std::time::Duration;

use crate::Clock;
use crate::lock::locked;

#[derive(Default)]
struct Count {
    now: usize,
    since: Duration,
    total: Duration,
}

/// Counts who waits for the cloud.
pub(super) struct Busy<'a> {
    clock: &'a dyn Clock,
    count: Mutex<Count>,
}

impl<'a> Busy<'a> {
    pub(super) fn new(clock: &'a dyn Clock) -> Self {
        Self { clock, count: Mutex::default() }
    }

    /// One more waits, until the answer is dropped.
    pub(super) fn wait(&self) -> Waiting<'_> {
        let mut count = locked(&self.count);
        if count.now == 0 {
            count.since = self.clock.elapsed();
        }
        count.now += 1;
        Waiting(self)
    }

    /// How long anybody has waited so far.
    pub(super) fn total(&self) -> Duration {
        let count = locked(&self.count);
        let running = if count.now > 0 { self.clock.elapsed().saturating_sub(count.since) } else { Duration::ZERO };
        count.total + running
    }
}

/// Somebody waits for the cloud.
pub(super) struct Waiting<'a>(&'a Busy<'a>);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut count = locked(&self.0.count);
        count.now -= 1;
        if count.now == 0 {
            let waited = self.0.clock.elapsed().saturating_sub(count.since);
            count.total += waited;
        }
    }
}

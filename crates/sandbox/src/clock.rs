//! Simulated time: tokio's, counted from a given moment, so that a paused runtime pauses the simulated AWS too.

use std::time::{Duration, SystemTime};

use aws_smithy_async::time::TimeSource;
use bbws_engine::Boxed;
use tokio::time::Instant;

/// The time of the sandbox.
#[derive(Debug, Clone, Copy)]
pub struct SandboxClock {
    start: SystemTime,
    began: Instant,
}

impl SandboxClock {
    /// A clock that shows `start` now. Call it inside the runtime that will run.
    #[must_use]
    pub fn at(start: SystemTime) -> Self {
        Self { start, began: Instant::now() }
    }

    /// Seconds since 1970, with fractions cut off.
    #[must_use]
    pub fn seconds(&self) -> u64 {
        self.now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs()
    }
}

impl TimeSource for SandboxClock {
    fn now(&self) -> SystemTime {
        self.start + self.began.elapsed()
    }
}

impl bbws_engine::Clock for SandboxClock {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::try_from(TimeSource::now(self)).unwrap_or(jiff::Timestamp::MAX)
    }

    fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    fn sleep(&self, duration: Duration) -> Boxed<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

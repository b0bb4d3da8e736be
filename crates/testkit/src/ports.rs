//! The ports, for tests.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bbws_engine::{Boxed, Clock, Credentials, EventSink, Ids};
use bbws_model::{CloudError, Stamped};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Time as tokio has it: paused, it jumps to the next timer when all wait.
#[derive(Debug, Clone)]
pub struct JumpClock(tokio::time::Instant);

impl JumpClock {
    /// A clock that begins now. To be called within a runtime.
    #[must_use]
    pub fn new() -> Self {
        Self(tokio::time::Instant::now())
    }
}

impl Default for JumpClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for JumpClock {
    fn now(&self) -> jiff::Timestamp {
        let began = jiff::Timestamp::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        began + self.elapsed()
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, duration: Duration) -> Boxed<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// The clock of one host: its time of day is wrong and jumps now and then, and it counts from a moment of its own.
#[derive(Debug)]
pub struct HostClock {
    inner: JumpClock,
    began: Duration,
    /// The dice, and by how many seconds the time of day is wrong.
    wrong: Mutex<(ChaCha8Rng, i64)>,
}

impl HostClock {
    /// The clock of a host, by the dice of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut dice = ChaCha8Rng::seed_from_u64(seed);
        let began = Duration::from_secs(dice.random_range(0..10_000_000));
        Self { inner: JumpClock::new(), began, wrong: Mutex::new((dice, 0)) }
    }
}

impl Clock for HostClock {
    fn now(&self) -> jiff::Timestamp {
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        let (dice, by) = &mut *wrong;
        if dice.random_bool(0.05) {
            *by = dice.random_range(-90_000..90_000);
        }
        self.inner.now() + jiff::SignedDuration::from_secs(*by)
    }

    fn elapsed(&self) -> Duration {
        self.began + self.inner.elapsed()
    }

    fn sleep(&self, duration: Duration) -> Boxed<'static, ()> {
        self.inner.sleep(duration)
    }
}

/// Ids that count: unique within one source, and the same in every run.
#[derive(Debug, Default)]
pub struct SeededIds(AtomicU64);

impl SeededIds {
    /// A source of its own that goes on from here.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self(AtomicU64::new(self.0.load(Ordering::Relaxed)))
    }
}

impl Ids for SeededIds {
    fn next(&self) -> String {
        format!("01{:024}", self.0.fetch_add(1, Ordering::Relaxed))
    }
}

/// Credentials that do not run out.
#[derive(Debug, Clone, Copy, Default)]
pub struct Lasting;

impl Credentials for Lasting {
    fn have_run_out(&self, _: &CloudError) -> bool {
        false
    }

    fn renew(&self) {}
}

/// Keeps what it is told; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Tape(Arc<Mutex<Vec<Stamped>>>);

impl Tape {
    /// Everything told so far.
    #[must_use]
    pub fn all(&self) -> Vec<Stamped> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl EventSink for Tape {
    fn on(&mut self, event: &Stamped) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(event.clone());
    }
}

//! The ports, for tests.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bbws_engine::{Boxed, Clock, EventSink, Ids};
use bbws_model::Stamped;

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

/// Ids that count: unique within one source, and the same in every run.
#[derive(Debug, Default)]
pub struct SeededIds(AtomicU64);

impl Ids for SeededIds {
    fn next(&self) -> String {
        format!("01{:024}", self.0.fetch_add(1, Ordering::Relaxed))
    }
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

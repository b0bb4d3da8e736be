//! The ports, for tests.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bbws_engine::{Boxed, Clock, EventSink, Ids, PutOutcome, Store, StoreError};
use bbws_model::Stamped;

/// A store that lives as long as the test; clones share it.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore(Arc<Mutex<BTreeMap<String, Vec<u8>>>>);

impl MemoryStore {
    /// Everything in it, by key.
    #[must_use]
    pub fn all(&self) -> BTreeMap<String, Vec<u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Replaces or removes what is at a key, as nobody may.
    pub fn tamper(&self, key: &str, bytes: Option<Vec<u8>>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match bytes {
            Some(bytes) => drop(all.insert(key.to_owned(), bytes)),
            None => drop(all.remove(key)),
        }
    }
}

impl Store for MemoryStore {
    fn create<'a>(&'a self, key: &'a str, bytes: &'a [u8]) -> Boxed<'a, Result<PutOutcome, StoreError>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if all.contains_key(key) {
                return Ok(PutOutcome::Exists);
            }
            all.insert(key.to_owned(), bytes.to_vec());
            Ok(PutOutcome::Created)
        })
    }

    fn get<'a>(&'a self, key: &'a str) -> Boxed<'a, Result<Option<Vec<u8>>, StoreError>> {
        Box::pin(async move { Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()) })
    }

    fn list_after<'a>(&'a self, prefix: &'a str, after: &'a str) -> Boxed<'a, Result<Vec<String>, StoreError>> {
        Box::pin(async move {
            let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Ok(all.keys().filter(|key| key.starts_with(prefix) && key.as_str() > after).cloned().collect())
        })
    }

    fn overwrite<'a>(&'a self, key: &'a str, bytes: &'a [u8]) -> Boxed<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.tamper(key, Some(bytes.to_vec()));
            Ok(())
        })
    }

    fn delete<'a>(&'a self, key: &'a str) -> Boxed<'a, Result<(), StoreError>> {
        Box::pin(async move {
            self.tamper(key, None);
            Ok(())
        })
    }
}

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

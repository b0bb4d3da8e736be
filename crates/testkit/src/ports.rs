//! The ports, for tests.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bbws_engine::{Boxed, Clock, EventSink, Ids, PutOutcome, Store, StoreError};
use bbws_model::Stamped;

/// A store that lives as long as the test; clones share it. It keeps every version of what was at a key, as a bucket does.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    current: BTreeMap<String, Vec<u8>>,
    earlier: BTreeMap<String, Vec<Vec<u8>>>,
    forgetful: bool,
}

impl Kept {
    fn put(&mut self, key: &str, bytes: Option<Vec<u8>>) {
        let old = match bytes {
            Some(bytes) => self.current.insert(key.to_owned(), bytes),
            None => self.current.remove(key),
        };
        if let Some(old) = old.filter(|_| !self.forgetful) {
            self.earlier.entry(key.to_owned()).or_default().push(old);
        }
    }
}

impl MemoryStore {
    /// A store that keeps no versions, as a disk.
    #[must_use]
    pub fn forgetful() -> Self {
        Self(Arc::new(Mutex::new(Kept { forgetful: true, ..Kept::default() })))
    }

    /// A store of its own with the same in it, as it is now, and with no versions yet.
    #[must_use]
    pub fn copy(&self, forgetful: bool) -> Self {
        Self(Arc::new(Mutex::new(Kept { current: self.all(), earlier: BTreeMap::new(), forgetful })))
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything in it, by key.
    #[must_use]
    pub fn all(&self) -> BTreeMap<String, Vec<u8>> {
        self.kept().current.clone()
    }

    /// Replaces or removes what is at a key, as nobody may. What was there becomes an earlier version.
    pub fn tamper(&self, key: &str, bytes: Option<Vec<u8>>) {
        self.kept().put(key, bytes);
    }
}

impl Store for MemoryStore {
    fn create<'a>(&'a self, key: &'a str, bytes: &'a [u8]) -> Boxed<'a, Result<PutOutcome, StoreError>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            let mut kept = self.kept();
            if kept.current.contains_key(key) {
                return Ok(PutOutcome::Exists);
            }
            kept.put(key, Some(bytes.to_vec()));
            Ok(PutOutcome::Created)
        })
    }

    fn get<'a>(&'a self, key: &'a str) -> Boxed<'a, Result<Option<Vec<u8>>, StoreError>> {
        Box::pin(async move { Ok(self.kept().current.get(key).cloned()) })
    }

    fn list_after<'a>(&'a self, prefix: &'a str, after: &'a str) -> Boxed<'a, Result<Vec<String>, StoreError>> {
        Box::pin(async move {
            let kept = self.kept();
            Ok(kept.current.keys().filter(|key| key.starts_with(prefix) && key.as_str() > after).cloned().collect())
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

    fn earlier<'a>(&'a self, key: &'a str) -> Boxed<'a, Result<Vec<Vec<u8>>, StoreError>> {
        Box::pin(async move { Ok(self.kept().earlier.get(key).cloned().unwrap_or_default()) })
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

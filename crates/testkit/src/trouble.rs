//! Whether anything goes wrong at all, and how often what did.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

#[derive(Debug, Default)]
struct Shared {
    over: AtomicBool,
    counts: Mutex<BTreeMap<&'static str, u64>>,
}

/// What stores, processes and clouds ask before anything goes wrong by the dice, and where they count it; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Trouble(Arc<Shared>);

impl Trouble {
    /// Nothing goes wrong from now on.
    pub fn end(&self) {
        self.0.over.store(true, Ordering::Relaxed);
    }

    /// Whether nothing goes wrong any more.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.0.over.load(Ordering::Relaxed)
    }

    /// Something has gone wrong.
    pub fn count(&self, what: &'static str) {
        *self.0.counts.lock().unwrap_or_else(PoisonError::into_inner).entry(what).or_default() += 1;
    }

    /// How often what went wrong.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.0.counts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

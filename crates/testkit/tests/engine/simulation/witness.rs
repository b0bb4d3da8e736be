//! A store as its process sees it, with a witness who knows for how long that process holds the environment.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bbws_engine::{Boxed, PutOutcome, Store, StoreError};
use bbws_model::wire;
use tokio::time::Instant;

/// When slots were sent.
#[derive(Debug, Default)]
struct Sent {
    /// For the first time and for the last time, and what.
    tried: BTreeMap<String, (Instant, Instant, Vec<u8>)>,
    /// The newest of which the process knows that it is written: for the first time, for the last time.
    acked: Option<(Instant, Instant)>,
}

/// From when on the lease of a process counts.
#[derive(Debug, Clone, Default)]
pub(super) struct Lease(Arc<Mutex<Sent>>);

impl Lease {
    fn sent<T>(&self, look: impl FnOnce(&mut Sent) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// When the last slot that it knows to be written was first sent.
    pub(super) fn base(&self) -> Option<Instant> {
        self.sent(|sent| sent.acked.map(|(first, _)| first))
    }

    /// When it was last sent.
    pub(super) fn retried(&self) -> Option<Instant> {
        self.sent(|sent| sent.acked.map(|(_, last)| last))
    }
}

/// A store with its witness.
pub(super) struct Witnessed {
    pub(super) inner: Arc<dyn Store>,
    pub(super) lease: Lease,
}

impl Witnessed {
    fn acked(&self, key: &str) {
        self.lease.sent(|sent| {
            if let Some((first, last, _)) = sent.tried.get(key) {
                sent.acked = Some((*first, *last));
            }
        });
    }
}

impl Store for Witnessed {
    fn create<'a>(&'a self, key: &'a str, bytes: &'a [u8]) -> Boxed<'a, Result<PutOutcome, StoreError>> {
        Box::pin(async move {
            if !key.starts_with(wire::log::PREFIX) {
                return self.inner.create(key, bytes).await;
            }
            let now = Instant::now();
            self.lease.sent(|sent| {
                // What was refused for certain may be followed by another slot of the number.
                match sent.tried.get_mut(key).filter(|(_, _, tried)| tried == bytes) {
                    Some((_, last, _)) => *last = now,
                    None => drop(sent.tried.insert(key.to_owned(), (now, now, bytes.to_vec()))),
                }
            });
            let put = self.inner.create(key, bytes).await;
            if put == Ok(PutOutcome::Created) {
                self.acked(key);
            }
            put
        })
    }

    fn get<'a>(&'a self, key: &'a str) -> Boxed<'a, Result<Option<Vec<u8>>, StoreError>> {
        Box::pin(async move {
            let found = self.inner.get(key).await;
            let ours = self
                .lease
                .sent(|sent| sent.tried.get(key).is_some_and(|(_, _, bytes)| found.as_ref().is_ok_and(|f| f.as_ref() == Some(bytes))));
            if ours {
                self.acked(key);
            }
            found
        })
    }

    fn list_after<'a>(&'a self, prefix: &'a str, after: &'a str) -> Boxed<'a, Result<Vec<String>, StoreError>> {
        self.inner.list_after(prefix, after)
    }

    fn overwrite<'a>(&'a self, key: &'a str, bytes: &'a [u8]) -> Boxed<'a, Result<(), StoreError>> {
        self.inner.overwrite(key, bytes)
    }

    fn delete<'a>(&'a self, key: &'a str) -> Boxed<'a, Result<(), StoreError>> {
        self.inner.delete(key)
    }

    fn earlier<'a>(&'a self, key: &'a str) -> Boxed<'a, Result<Vec<Vec<u8>>, StoreError>> {
        self.inner.earlier(key)
    }
}

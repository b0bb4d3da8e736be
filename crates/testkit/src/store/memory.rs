//! A store that lives as long as the test.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bbws_engine::{Boxed, PutOutcome, Store, StoreError};
use tokio::time::Instant;

/// Somebody who sees every write as it becomes durable: the key, and what is there now.
type Watcher = Arc<dyn Fn(&str, Option<&[u8]>) + Send + Sync>;

#[derive(Default)]
struct Shelf {
    all: BTreeMap<String, Vec<u8>>,
    earlier: BTreeMap<String, Vec<Vec<u8>>>,
    forgetful: bool,
    /// Writes under way whose writers wait no longer.
    late: BTreeMap<(Instant, usize), (String, Vec<u8>)>,
    count: usize,
    watcher: Option<Watcher>,
}

impl Shelf {
    fn tell(&self, key: &str) {
        if let Some(watch) = &self.watcher {
            watch(key, self.all.get(key).map(Vec::as_slice));
        }
    }

    fn put(&mut self, key: &str, bytes: Option<Vec<u8>>) {
        let old = match bytes {
            Some(bytes) => self.all.insert(key.to_owned(), bytes),
            None => self.all.remove(key),
        };
        if let Some(old) = old.filter(|_| !self.forgetful) {
            self.earlier.entry(key.to_owned()).or_default().push(old);
        }
    }

    fn create(&mut self, key: &str, bytes: &[u8]) -> PutOutcome {
        if self.all.contains_key(key) {
            return PutOutcome::Exists;
        }
        self.put(key, Some(bytes.to_vec()));
        self.tell(key);
        PutOutcome::Created
    }
}

/// A store that lives as long as the test; clones share it. It keeps every version of what was at a key, as a bucket does.
#[derive(Clone, Default)]
pub struct MemoryStore(Arc<Mutex<Shelf>>);

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.shelf().all.keys()).finish()
    }
}

impl MemoryStore {
    /// A store that keeps no versions, as a disk.
    #[must_use]
    pub fn forgetful() -> Self {
        Self(Arc::new(Mutex::new(Shelf { forgetful: true, ..Shelf::default() })))
    }

    /// A store of its own with the same in it, as it is now, and with no versions yet.
    #[must_use]
    pub fn copy(&self, forgetful: bool) -> Self {
        Self(Arc::new(Mutex::new(Shelf { all: self.all(), forgetful, ..Shelf::default() })))
    }

    /// The shelf, with all on it that is due by now.
    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        let mut shelf = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while let Some(first) = shelf.late.first_entry().filter(|first| first.key().0 <= Instant::now()) {
            let (key, bytes) = first.remove();
            shelf.create(&key, &bytes);
        }
        shelf
    }

    /// Everything in it, by key.
    #[must_use]
    pub fn all(&self) -> BTreeMap<String, Vec<u8>> {
        self.shelf().all.clone()
    }

    /// Replaces or removes what is at a key, as nobody may. What was there becomes an earlier version.
    pub fn tamper(&self, key: &str, bytes: Option<Vec<u8>>) {
        self.shelf().put(key, bytes);
    }

    /// Somebody sees every write as it becomes durable; they must not ask the store.
    pub fn watch(&self, watcher: impl Fn(&str, Option<&[u8]>) + Send + Sync + 'static) {
        self.shelf().watcher = Some(Arc::new(watcher));
    }

    /// A write whose writer waits no longer: it takes effect at that time, if nothing is there by then.
    pub(super) fn create_at(&self, at: Instant, key: &str, bytes: &[u8]) {
        let mut shelf = self.shelf();
        shelf.count += 1;
        let number = shelf.count;
        shelf.late.insert((at, number), (key.to_owned(), bytes.to_vec()));
    }
}

impl Store for MemoryStore {
    fn create<'a>(&'a self, key: &'a str, bytes: &'a [u8]) -> Boxed<'a, Result<PutOutcome, StoreError>> {
        Box::pin(async move {
            tokio::task::yield_now().await;
            Ok(self.shelf().create(key, bytes))
        })
    }

    fn get<'a>(&'a self, key: &'a str) -> Boxed<'a, Result<Option<Vec<u8>>, StoreError>> {
        Box::pin(async move { Ok(self.shelf().all.get(key).cloned()) })
    }

    fn list_after<'a>(&'a self, prefix: &'a str, after: &'a str) -> Boxed<'a, Result<Vec<String>, StoreError>> {
        Box::pin(
            async move { Ok(self.shelf().all.keys().filter(|key| key.starts_with(prefix) && key.as_str() > after).cloned().collect()) },
        )
    }

    fn overwrite<'a>(&'a self, key: &'a str, bytes: &'a [u8]) -> Boxed<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let mut shelf = self.shelf();
            shelf.put(key, Some(bytes.to_vec()));
            shelf.tell(key);
            Ok(())
        })
    }

    fn delete<'a>(&'a self, key: &'a str) -> Boxed<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let mut shelf = self.shelf();
            shelf.put(key, None);
            shelf.tell(key);
            Ok(())
        })
    }

    fn earlier<'a>(&'a self, key: &'a str) -> Boxed<'a, Result<Vec<Vec<u8>>, StoreError>> {
        Box::pin(async move { Ok(self.shelf().earlier.get(key).cloned().unwrap_or_default()) })
    }
}

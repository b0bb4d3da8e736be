//! A store in memory whose writes go through something of a test's.

use bbws_engine::{Boxed, PutOutcome, Store, StoreError};

use super::MemoryStore;

/// What becomes of what is written.
pub trait Writes: Send + Sync {
    /// Creates it in `store` if it is absent, or does something else.
    fn create<'a>(&'a self, store: &'a MemoryStore, key: &'a str, bytes: &'a [u8]) -> Boxed<'a, Result<PutOutcome, StoreError>>;

    /// Writes a derived document; as it is in memory, where nothing else is said.
    fn overwrite<'a>(&'a self, store: &'a MemoryStore, key: &'a str, bytes: &'a [u8]) -> Boxed<'a, Result<(), StoreError>> {
        store.overwrite(key, bytes)
    }

    /// Removes it; as it is in memory, where nothing else is said.
    fn delete<'a>(&'a self, store: &'a MemoryStore, key: &'a str) -> Boxed<'a, Result<(), StoreError>> {
        store.delete(key)
    }
}

/// A store whose writes go through something; what is read is as it is in memory.
#[derive(Debug, Clone, Default)]
pub struct Through<W> {
    /// The store itself.
    pub store: MemoryStore,
    /// What writes go through.
    pub writes: W,
}

impl<W: Writes> Store for Through<W> {
    fn create<'a>(&'a self, key: &'a str, bytes: &'a [u8]) -> Boxed<'a, Result<PutOutcome, StoreError>> {
        self.writes.create(&self.store, key, bytes)
    }

    fn get<'a>(&'a self, key: &'a str) -> Boxed<'a, Result<Option<Vec<u8>>, StoreError>> {
        self.store.get(key)
    }

    fn list_after<'a>(&'a self, prefix: &'a str, after: &'a str) -> Boxed<'a, Result<Vec<String>, StoreError>> {
        self.store.list_after(prefix, after)
    }

    fn overwrite<'a>(&'a self, key: &'a str, bytes: &'a [u8]) -> Boxed<'a, Result<(), StoreError>> {
        self.writes.overwrite(&self.store, key, bytes)
    }

    fn delete<'a>(&'a self, key: &'a str) -> Boxed<'a, Result<(), StoreError>> {
        self.writes.delete(&self.store, key)
    }

    fn earlier<'a>(&'a self, key: &'a str) -> Boxed<'a, Result<Vec<Vec<u8>>, StoreError>> {
        self.store.earlier(key)
    }
}

//! A store in memory whose writes go through something of a test's.

use bbws_engine::{Boxed, PutOutcome, Store, StoreError};

use super::MemoryStore;

/// What becomes of a create-if-absent.
pub trait Creates: Send + Sync {
    /// Creates it in `store`, or does something else.
    fn create<'a>(&'a self, store: &'a MemoryStore, key: &'a str, bytes: &'a [u8]) -> Boxed<'a, Result<PutOutcome, StoreError>>;
}

/// A store whose creates go through something; all else is as it is in memory.
#[derive(Debug, Clone, Default)]
pub struct Through<C> {
    /// The store itself.
    pub store: MemoryStore,
    /// What creates go through.
    pub creates: C,
}

impl<C: Creates> Store for Through<C> {
    fn create<'a>(&'a self, key: &'a str, bytes: &'a [u8]) -> Boxed<'a, Result<PutOutcome, StoreError>> {
        self.creates.create(&self.store, key, bytes)
    }

    fn get<'a>(&'a self, key: &'a str) -> Boxed<'a, Result<Option<Vec<u8>>, StoreError>> {
        self.store.get(key)
    }

    fn list_after<'a>(&'a self, prefix: &'a str, after: &'a str) -> Boxed<'a, Result<Vec<String>, StoreError>> {
        self.store.list_after(prefix, after)
    }

    fn overwrite<'a>(&'a self, key: &'a str, bytes: &'a [u8]) -> Boxed<'a, Result<(), StoreError>> {
        self.store.overwrite(key, bytes)
    }

    fn delete<'a>(&'a self, key: &'a str) -> Boxed<'a, Result<(), StoreError>> {
        self.store.delete(key)
    }

    fn earlier<'a>(&'a self, key: &'a str) -> Boxed<'a, Result<Vec<Vec<u8>>, StoreError>> {
        self.store.earlier(key)
    }
}

//! Whether a store does what all rests on: makes each object only once.

use bbws_engine::{PutOutcome, Store, StoreError};

/// How often is asked again while the store does not answer.
const TRIES: usize = 5;

/// Why a store cannot hold a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Unfit {
    /// It does something else than it was asked.
    #[error("{0}")]
    Breaks(&'static str),
    /// It could not be tried.
    #[error(transparent)]
    Failed(#[from] StoreError),
}

/// Makes an object twice, removes it, makes it again, and removes it at last. Its key is unique and in nobody's way.
///
/// # Errors
/// When the store does not make each object only once, or does not answer.
pub(crate) async fn probe(store: &dyn Store, unique: &str) -> Result<(), Unfit> {
    let key = format!("probe/{unique}");
    let tried = try_it(store, &key).await;
    // Also when it failed: what was made for the trial goes.
    let cleared = store.delete(&key).await;
    tried?;
    Ok(cleared?)
}

async fn try_it(store: &dyn Store, key: &str) -> Result<(), Unfit> {
    if !made(store, key, b"first").await? {
        return Err(Unfit::Breaks("it says that an object exists which was never made"));
    }
    if made(store, key, b"second").await? || store.get(key).await?.as_deref() != Some(b"first") {
        return Err(Unfit::Breaks("it makes an object that exists already: a write with If-None-Match is not refused"));
    }
    store.delete(key).await?;
    if store.get(key).await?.is_some() {
        return Err(Unfit::Breaks("it still shows an object that was removed"));
    }
    if !made(store, key, b"third").await? || store.get(key).await?.as_deref() != Some(b"third") {
        return Err(Unfit::Breaks("it does not make an object again that was removed"));
    }
    Ok(())
}

/// Writes it, and says whether it stands there by us. An answer that was lost is asked for again, and our own found there counts.
async fn made(store: &dyn Store, key: &str, bytes: &[u8]) -> Result<bool, StoreError> {
    for _ in 1..TRIES {
        match store.create(key, bytes).await {
            Ok(PutOutcome::Created) => return Ok(true),
            Ok(PutOutcome::Exists) => return Ok(store.get(key).await?.as_deref() == Some(bytes)),
            Err(StoreError::Unknown { .. }) => {}
            Err(error) => return Err(error),
        }
    }
    store.create(key, bytes).await.map(|outcome| outcome == PutOutcome::Created)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bbws_engine::Boxed;
    use bbws_testkit::{MemoryStore, Through, Writes};
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Ignores the condition, or loses the first answer to each write.
    struct Odd {
        ignores: bool,
        writes: AtomicUsize,
    }

    impl Writes for Odd {
        fn create<'a>(&'a self, store: &'a MemoryStore, key: &'a str, bytes: &'a [u8]) -> Boxed<'a, Result<PutOutcome, StoreError>> {
            Box::pin(async move {
                if self.ignores {
                    return store.overwrite(key, bytes).await.map(|()| PutOutcome::Created);
                }
                let done = store.create(key, bytes).await;
                let lost = self.writes.fetch_add(1, Ordering::Relaxed).is_multiple_of(2);
                if lost { Err(StoreError::Unknown { key: key.into(), cause: "the answer is lost".into() }) } else { done }
            })
        }
    }

    fn odd(ignores: bool) -> Through<Odd> {
        Through { store: MemoryStore::default(), writes: Odd { ignores, writes: AtomicUsize::new(0) } }
    }

    #[tokio::test]
    async fn a_store_that_ignores_the_condition_is_refused() {
        let store = odd(true);
        let why = probe(&store, "1").await.unwrap_err();
        assert!(why.to_string().contains("If-None-Match"), "{why}");
        assert!(store.store.all().is_empty(), "the trial leaves nothing behind");
    }

    #[tokio::test]
    async fn a_store_that_keeps_it_passes_though_answers_are_lost() {
        let store = odd(false);
        assert_eq!(probe(&store, "1").await, Ok(()));
        assert_eq!(probe(&store, "1").await, Ok(()), "and again");
        assert!(store.store.all().is_empty(), "the trial leaves nothing behind");
    }
}

//! What the engine takes for granted of every store. One function, run on each there is.

use bbws_engine::{PutOutcome, Store, StoreError};
use futures::future::join_all;

/// More than any store lists at once.
const MANY: usize = 1_003;
/// How many race for one key.
const RIVALS: usize = 8;

/// Holds an empty store to its contract. It leaves some keys behind.
///
/// # Panics
/// When the store does not keep to it.
pub async fn store_contract(store: &dyn Store) {
    made_once(store).await;
    of_rivals_one_wins(store).await;
    listed_in_order(store).await;
    overwritten_and_removed(store).await;
    listed_to_the_end(store).await;
}

/// What to make there.
async fn create(store: &dyn Store, key: &str, bytes: &[u8]) -> PutOutcome {
    store.create(key, bytes).await.unwrap_or_else(|error| panic!("{key}: {error}"))
}

async fn get(store: &dyn Store, key: &str) -> Option<Vec<u8>> {
    store.get(key).await.unwrap_or_else(|error| panic!("{key}: {error}"))
}

async fn list(store: &dyn Store, prefix: &str, after: &str) -> Vec<String> {
    store.list_after(prefix, after).await.unwrap_or_else(|error| panic!("{prefix}: {error}"))
}

async fn made_once(store: &dyn Store) {
    assert_eq!(list(store, "", "").await, Vec::<String>::new(), "a store that nothing was written to is empty");
    assert_eq!(get(store, "log/1.json").await, None);
    assert_eq!(create(store, "log/1.json", b"first").await, PutOutcome::Created);
    assert_eq!(create(store, "log/1.json", b"second").await, PutOutcome::Exists);
    assert_eq!(create(store, "log/1.json", b"first").await, PutOutcome::Exists, "the same bytes are no reason to write them again");
    assert_eq!(get(store, "log/1.json").await.as_deref(), Some(&b"first"[..]), "what is there is left as it is");
    // All bytes come back as they went, and an empty object is no missing one.
    let all: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    for (key, bytes) in [("bytes/all", all.as_slice()), ("bytes/none", b"")] {
        assert_eq!(create(store, key, bytes).await, PutOutcome::Created);
        assert_eq!(get(store, key).await.as_deref(), Some(bytes), "{key}");
    }
}

async fn of_rivals_one_wins(store: &dyn Store) {
    for round in 0..5 {
        let key = format!("race/{round}");
        let bodies: Vec<String> = (0..RIVALS).map(|rival| format!("{rival} ").repeat(100)).collect();
        // Whoever does not know how it ended asks again with the same bytes, as the log does.
        let one = |body: String| {
            let key = key.clone();
            async move {
                loop {
                    match store.create(&key, body.as_bytes()).await {
                        Ok(PutOutcome::Created) => return true,
                        Ok(PutOutcome::Exists) => return get(store, &key).await.as_deref() == Some(body.as_bytes()),
                        Err(StoreError::Unknown { .. }) => {}
                        Err(error) => panic!("{error}"),
                    }
                }
            }
        };
        let won = join_all(bodies.iter().cloned().map(one)).await;
        assert_eq!(won.iter().filter(|won| **won).count(), 1, "{key}: {won:?}");
        let winner = won.iter().position(|won| *won).unwrap_or_default();
        assert_eq!(get(store, &key).await, Some(bodies[winner].clone().into_bytes()), "the winner's bytes, whole");
    }
}

async fn listed_in_order(store: &dyn Store) {
    for key in ["list/03", "list/01", "list/02", "lists/x", "runs/a/events"] {
        create(store, key, b"x").await;
    }
    assert_eq!(list(store, "list/", "").await, ["list/01", "list/02", "list/03"]);
    assert_eq!(list(store, "list/", "list/01").await, ["list/02", "list/03"]);
    assert_eq!(list(store, "list/", "list/015").await, ["list/02", "list/03"], "what it comes after need not be there");
    assert_eq!(list(store, "list/0", "list/02").await, ["list/03"]);
    assert_eq!(list(store, "list/", "list/03").await, Vec::<String>::new());
    assert_eq!(list(store, "runs/", "").await, ["runs/a/events"]);
    assert_eq!(list(store, "nothing/", "").await, Vec::<String>::new());
}

async fn overwritten_and_removed(store: &dyn Store) {
    for text in ["old", "new, and longer", ""] {
        store.overwrite("state.json", text.as_bytes()).await.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(get(store, "state.json").await.as_deref(), Some(text.as_bytes()));
    }
    for _ in 0..2 {
        store.delete("list/02").await.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(get(store, "list/02").await, None, "what is removed is gone, and may be gone before");
    }
    assert_eq!(list(store, "list/", "").await, ["list/01", "list/03"]);
    assert_eq!(create(store, "list/02", b"again").await, PutOutcome::Created, "what was removed can be made again");
    assert_eq!(get(store, "list/02").await.as_deref(), Some(&b"again"[..]));
}

async fn listed_to_the_end(store: &dyn Store) {
    let keys: Vec<String> = (0..MANY).map(|n| format!("many/{n:05}")).collect();
    for part in keys.chunks(50) {
        join_all(part.iter().map(|key| create(store, key, b"x"))).await;
    }
    assert_eq!(list(store, "many/", "").await, keys);
    assert_eq!(list(store, "many/", &keys[1]).await, keys[2..]);
}

#[cfg(test)]
mod tests {
    #[tokio::test]
    async fn the_store_in_memory_keeps_the_contract() {
        super::store_contract(&crate::MemoryStore::default()).await;
    }
}

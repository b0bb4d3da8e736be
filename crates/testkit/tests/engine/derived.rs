//! What is derived from the log: `state.json`, `outputs.json`, checkpoints. Whatever becomes of them, the log has everything; and
//! what was not written is told, and written by the next run.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bbws_engine::log::{Cure, Depth, OUTPUTS, late, mend, survey};
use bbws_engine::{Boxed, Log, PutOutcome, Store, StoreError, log};
use bbws_model::{Record, State, wire};
use bbws_testkit::{JumpClock, MemoryStore, SeededIds, Through, Writes};
use serde_json::json;

use crate::bench::Bench;

/// Fails so many overwrites, each with what S3 answers then, and takes those that come later.
#[derive(Clone, Default)]
struct Busy(Arc<AtomicUsize>);

impl Writes for Busy {
    fn create<'a>(&'a self, store: &'a MemoryStore, key: &'a str, bytes: &'a [u8]) -> Boxed<'a, Result<PutOutcome, StoreError>> {
        store.create(key, bytes)
    }

    fn overwrite<'a>(&'a self, store: &'a MemoryStore, key: &'a str, bytes: &'a [u8]) -> Boxed<'a, Result<(), StoreError>> {
        let fails = self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok();
        if fails {
            return Box::pin(async move { Err(StoreError::Unknown { key: key.to_owned(), cause: "503 SlowDown".into() }) });
        }
        store.overwrite(key, bytes)
    }
}

async fn opened(store: &Arc<Through<Busy>>, run: &str) -> Log {
    let (clock, ids) = (Arc::new(JumpClock::new()), Arc::new(SeededIds::default()));
    Log::open(store.clone(), clock, ids, Bench::opening(run), &|_| true).await.unwrap()
}

/// A run that publishes an output, while the store fails so many overwrites at its end.
async fn published(store: &Arc<Through<Busy>>, run: &str, said: &str, failing: usize) -> Log {
    let log = opened(store, run).await;
    log.append(vec![Record::Outputs([("said".to_owned(), json!(said))].into())]).await.unwrap();
    store.writes.0.store(failing, Ordering::SeqCst);
    log.close("done").await.expect("the log is closed, whatever becomes of what is derived");
    store.writes.0.store(0, Ordering::SeqCst);
    log
}

async fn behind(store: &MemoryStore) -> Vec<(String, String)> {
    let found = survey(store, Depth::Whole).await.unwrap();
    assert!(found.damage.iter().all(|damage| matches!(damage.cure, Cure::Late(_))), "{:?}", found.damage);
    found.damage.into_iter().map(|damage| (damage.key, damage.cause)).collect()
}

fn pair(key: &str, cause: &str) -> (String, String) {
    (key.to_owned(), cause.to_owned())
}

async fn state(store: &MemoryStore) -> State {
    log::read(store).await.unwrap().unwrap()
}

fn says(store: &MemoryStore) -> String {
    String::from_utf8(store.all()[OUTPUTS].clone()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_busy_is_asked_again_and_one_that_stays_so_fails_no_run() {
    let store = Arc::new(Through::<Busy>::default());
    assert_eq!(published(&store, "first", "red", 3).await.unpublished(), None);
    assert_eq!((behind(&store.store).await, says(&store.store).contains("red")), (vec![], true));

    let log = published(&store, "second", "green", usize::MAX).await;
    assert!(log.unpublished().is_some_and(|error| error.to_string().contains("503")), "{:?}", log.unpublished());
    let now = state(&store.store).await;
    assert_eq!((now.holder.is_none(), now.outputs["said"].clone()), (true, json!("green")), "it was closed, and has recorded all");
    let told = vec![pair(OUTPUTS, "it is not what the log says was published"), pair(wire::state::KEY, "it is older than the log")];
    assert_eq!(behind(&store.store).await, told);

    // The end of any later run writes them.
    opened(&store, "third").await.close("done").await.unwrap();
    assert_eq!((behind(&store.store).await, says(&store.store).contains("green")), (vec![], true));
}

#[tokio::test(start_paused = true)]
async fn what_is_missing_older_or_another_is_told_and_mended() {
    let store = Arc::new(Through::<Busy>::default());
    published(&store, "first", "red", 0).await;
    let older = store.store.all();
    published(&store, "second", "green", 0).await;
    let (whole, truth) = (store.store.all(), state(&store.store).await);
    let (key, outputs) = (wire::state::KEY, OUTPUTS);
    let another = Some(b"{\"said\": \"blue\"}".to_vec());
    for (at, there, cause) in [
        (key, None, "it is missing"),
        (key, Some(older[key].clone()), "it is older than the log"),
        (outputs, None, "it is missing"),
        (outputs, Some(older[outputs].clone()), "it is not what the log says was published"),
        (outputs, another, "it is not what the log says was published"),
        (outputs, Some(b"{ torn".to_vec()), "it is not what the log says was published"),
    ] {
        let store = store.store.copy(true);
        store.tamper(at, there);
        assert_eq!(state(&store).await, truth, "nobody believes it over the log");
        let found = survey(&store, Depth::Whole).await.unwrap();
        assert_eq!(behind(&store).await, [pair(at, cause)]);
        assert_eq!(mend(&store, &found).await.unwrap(), [at]);
        assert_eq!((store.all() == whole, behind(&store).await), (true, vec![]), "bit for bit");
    }
}

#[tokio::test(start_paused = true)]
async fn it_is_the_end_of_a_run_that_publishes_and_who_comes_later_sees_nothing_of_it_come_late() {
    let store = Arc::new(Through::<Busy>::default());
    published(&store, "first", "red", 0).await;
    let log = opened(&store, "second").await;
    log.append(vec![Record::Outputs([("said".to_owned(), json!("green"))].into())]).await.unwrap();
    assert_eq!(late(&store.store, &state(&store.store).await).await.unwrap(), [], "while a run is at work it is not due");
    assert!(says(&store.store).contains("red"));
    // What is published is there before anybody else may come.
    let seen = Arc::new(std::sync::Mutex::new(vec![]));
    let order = seen.clone();
    store.store.watch(move |key, _| order.lock().unwrap().push(key.to_owned()));
    log.close("done").await.unwrap();
    let close = wire::log::key(state(&store.store).await.seq);
    assert_eq!(*seen.lock().unwrap(), [OUTPUTS, wire::state::KEY, &close, wire::state::KEY]);
    // Killed right behind its last slot, it leaves a state that says the same but for who held it.
    let (mut there, now) = (state(&store.store).await, state(&store.store).await);
    (there.seq, there.holder) = (there.seq - 1, Some(Bench::opening("second").owner));
    store.store.tamper(wire::state::KEY, Some(wire::state::write(&there).unwrap()));
    assert_eq!(late(&store.store, &now).await.unwrap(), []);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_was_taken_over_publishes_nothing() {
    let store = Arc::new(Through::<Busy>::default());
    let old = opened(&store, "old").await;
    old.append(vec![Record::Outputs([("said".to_owned(), json!("old"))].into())]).await.unwrap();
    let new = opened(&store, "new").await;
    new.append(vec![Record::Outputs([("said".to_owned(), json!("new"))].into())]).await.unwrap();
    new.close("done").await.unwrap();
    // It has heard of it.
    old.append(vec![Record::Heartbeat]).await.unwrap_err();
    old.close("done").await.unwrap_err();
    assert!(says(&store.store).contains("new"), "{}", says(&store.store));
    assert_eq!(behind(&store.store).await, []);
}

/// Counts what is asked of it.
#[derive(Clone)]
struct Counted(MemoryStore, Arc<AtomicUsize>);

impl Counted {
    fn store(&self) -> &MemoryStore {
        self.1.fetch_add(1, Ordering::SeqCst);
        &self.0
    }
}

impl Store for Counted {
    fn create<'a>(&'a self, key: &'a str, bytes: &'a [u8]) -> Boxed<'a, Result<PutOutcome, StoreError>> {
        self.store().create(key, bytes)
    }
    fn get<'a>(&'a self, key: &'a str) -> Boxed<'a, Result<Option<Vec<u8>>, StoreError>> {
        self.store().get(key)
    }
    fn list_after<'a>(&'a self, prefix: &'a str, after: &'a str) -> Boxed<'a, Result<Vec<String>, StoreError>> {
        self.store().list_after(prefix, after)
    }
    fn overwrite<'a>(&'a self, key: &'a str, bytes: &'a [u8]) -> Boxed<'a, Result<(), StoreError>> {
        self.store().overwrite(key, bytes)
    }
    fn delete<'a>(&'a self, key: &'a str) -> Boxed<'a, Result<(), StoreError>> {
        self.store().delete(key)
    }
    fn earlier<'a>(&'a self, key: &'a str) -> Boxed<'a, Result<Vec<Vec<u8>>, StoreError>> {
        self.store().earlier(key)
    }
}

#[tokio::test(start_paused = true)]
async fn however_long_a_log_is_that_nobody_has_closed_a_cold_read_is_bounded() {
    let store = Arc::new(Through::<Busy>::default());
    // Killed again and again, each time long before it has written as many slots as make a checkpoint due.
    for run in 0..9 {
        let log = opened(&store, &format!("run{run}")).await;
        for _ in 0..150 {
            log.append(vec![Record::Heartbeat]).await.unwrap();
        }
    }
    let truth = state(&store.store).await;
    assert_eq!((truth.seq, truth.holder.is_some()), (9 * 151, true));
    let all = store.store.all();
    let made: Vec<u64> = all.keys().filter_map(|key| wire::state::checkpoint_of(key)).collect();
    assert_eq!(made, [768, 1024, 1280], "the newest three");
    // With `state.json`, and where it is gone.
    for state_is_there in [true, false] {
        let counted = Counted(store.store.copy(true), Arc::default());
        if !state_is_there {
            counted.0.tamper(wire::state::KEY, None);
        }
        assert_eq!(log::read(&counted).await.unwrap().as_ref(), Some(&truth));
        let calls = counted.1.load(Ordering::SeqCst);
        assert!(calls < 256 + 8, "{calls} calls of the store");
    }
    assert_eq!(survey(&store.store, Depth::Whole).await.unwrap().damage, [], "each is what the log adds up to");
}

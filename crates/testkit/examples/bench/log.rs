//! What the log costs: writes of an apply and their share of its time, calls of a cold read, and how long a long log takes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bbws_engine::{Boxed, Clock, Log, PutOutcome, Store, StoreError, log};
use bbws_model::{Record, wire};
use bbws_testkit::{JumpClock, MemoryStore, SeededIds};

use crate::makespan::{in_time_that_jumps, made, opening};

/// How long S3 takes for a write: 30 to 100 ms are usual.
const WRITE: Duration = Duration::from_millis(60);
/// A log of which every checkpoint is lost.
const LONG: u64 = 10_000;

/// A store that takes its time for writes, and counts what it is asked.
#[derive(Clone, Default)]
struct Slow {
    store: MemoryStore,
    write: Duration,
    calls: Arc<AtomicUsize>,
}

impl Slow {
    fn counted(&self) {
        self.calls.fetch_add(1, Ordering::Relaxed);
    }
}

impl Store for Slow {
    fn create<'a>(&'a self, key: &'a str, bytes: &'a [u8]) -> Boxed<'a, Result<PutOutcome, StoreError>> {
        self.counted();
        Box::pin(async move {
            tokio::time::sleep(self.write).await;
            self.store.create(key, bytes).await
        })
    }
    fn get<'a>(&'a self, key: &'a str) -> Boxed<'a, Result<Option<Vec<u8>>, StoreError>> {
        self.counted();
        self.store.get(key)
    }
    fn list_after<'a>(&'a self, prefix: &'a str, after: &'a str) -> Boxed<'a, Result<Vec<String>, StoreError>> {
        self.counted();
        self.store.list_after(prefix, after)
    }
    fn overwrite<'a>(&'a self, key: &'a str, bytes: &'a [u8]) -> Boxed<'a, Result<(), StoreError>> {
        self.counted();
        self.store.overwrite(key, bytes)
    }
    fn delete<'a>(&'a self, key: &'a str) -> Boxed<'a, Result<(), StoreError>> {
        self.counted();
        self.store.delete(key)
    }
    fn earlier<'a>(&'a self, key: &'a str) -> Boxed<'a, Result<Vec<Vec<u8>>, StoreError>> {
        self.counted();
        self.store.earlier(key)
    }
}

/// Tells all costs, a line each.
pub(crate) fn costs(mut tell: impl FnMut(String)) {
    let kinds = Arc::new(bbws_kinds::all());
    let run = |write: Duration| {
        let store = Slow { write, ..Slow::default() };
        (in_time_that_jumps(made("dev", &kinds, Box::new(|| 1.0), Arc::new(store.clone()))), store)
    };
    let ((bare, _), (slow, store)) = (run(Duration::ZERO), run(WRITE));
    let share = (slow.took.as_secs_f64() - bare.took.as_secs_f64()) / slow.took.as_secs_f64();
    tell(format!("apply of dev: {} slots, {:.2} % of its {:.0} s", slow.slots, share * 100.0, slow.took.as_secs_f64()));
    let before = store.calls.load(Ordering::Relaxed);
    in_time_that_jumps(log::read(&store)).unwrap().unwrap();
    tell(format!("cold plan: {} calls of the store", store.calls.load(Ordering::Relaxed) - before));
    tell(in_time_that_jumps(long()));
}

/// Reads a long log from its first slot on.
async fn long() -> String {
    let (store, clock, ids) = (MemoryStore::default(), Arc::new(JumpClock::new()), Arc::new(SeededIds::default()));
    let opened = Log::open(Arc::new(store.clone()), clock.clone(), ids, opening(&"536580886816".parse().unwrap()), &|_| true).await;
    let written = opened.unwrap();
    while written.state(|state| state.seq) < LONG {
        written.append(vec![Record::Heartbeat]).await.unwrap();
        clock.sleep(Duration::from_millis(1)).await;
    }
    for key in store.all().keys().filter(|key| !key.starts_with(wire::log::PREFIX)) {
        store.tamper(key, None);
    }
    let began = Instant::now();
    let state = log::read(&store).await.unwrap().unwrap();
    assert_eq!(state.seq, LONG);
    format!("recovery from a log of {LONG} slots without any state or checkpoint: {:.2} s", began.elapsed().as_secs_f64())
}

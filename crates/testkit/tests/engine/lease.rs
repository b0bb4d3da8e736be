//! The lease: heartbeats, a store that does not answer, and taking over from a run that has stopped.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bbws_engine::log::{LastHeld, last_held};
use bbws_engine::{Boxed, Clock, LEASE, Log, LogError, PutOutcome, Store, StoreError, TTL, Unleased, log, stands_still};
use bbws_model::{Record, wire};
use bbws_testkit::{JumpClock, MemoryStore, SeededIds, Through, Writes};

use crate::bench::Bench;

/// Takes nothing in while it is down.
#[derive(Clone, Default)]
struct Down(Arc<AtomicBool>);

impl Writes for Down {
    fn create<'a>(&'a self, store: &'a MemoryStore, key: &'a str, bytes: &'a [u8]) -> Boxed<'a, Result<PutOutcome, StoreError>> {
        if self.0.load(Ordering::SeqCst) {
            return Box::pin(async move { Err(StoreError::Unknown { key: key.to_owned(), cause: "503".into() }) });
        }
        store.create(key, bytes)
    }
}

type Unsteady = Through<Down>;

const SECOND: Duration = Duration::from_secs(1);

async fn opened(store: &Unsteady, clock: &Arc<JumpClock>) -> Log {
    let ids = Arc::new(SeededIds::default());
    Log::open(Arc::new(store.clone()), clock.clone(), ids, Bench::opening("run"), &|_| true).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_idle_run_shows_that_it_lives_and_keeps_its_lease() {
    let (store, clock) = (Unsteady::default(), Arc::new(JumpClock::new()));
    let log = opened(&store, &clock).await;
    let lease = log.lease();
    let watched = async {
        for _ in 0..600 {
            clock.sleep(SECOND).await;
            assert_eq!(lease.holds(), Ok(()));
        }
    };
    tokio::select! { _ = log.keep() => panic!("it is not lost"), () = watched => {} }
    let heartbeats = log.state(|state| state.seq) - 1;
    assert!((29..=30).contains(&heartbeats), "{heartbeats} in 10 minutes");
    log.close("over").await.unwrap();
    assert_eq!(lease.holds(), Err(Unleased::Ended));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_does_not_answer_ends_the_lease_until_it_does() {
    let (store, clock) = (Unsteady::default(), Arc::new(JumpClock::new()));
    let log = opened(&store, &clock).await;
    let lease = log.lease();
    store.writes.0.store(true, Ordering::SeqCst);
    let hours = async {
        clock.sleep(LEASE - SECOND).await;
        assert_eq!(lease.holds(), Ok(()));
        clock.sleep(SECOND).await;
        assert_eq!(lease.holds(), Err(Unleased::Lapsed));
        clock.sleep(LEASE).await;
        store.writes.0.store(false, Ordering::SeqCst);
    };
    let (written, ()) = tokio::join!(log.append(vec![Record::Heartbeat]), hours);
    assert_eq!(written, Ok(()));
    assert_eq!(lease.holds(), Err(Unleased::Lapsed), "what was first sent long ago renews nothing, however late it is acknowledged");
    log.append(vec![Record::Heartbeat]).await.unwrap();
    assert_eq!(lease.holds(), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_log_that_moves_is_seen_to_live_and_one_that_does_not_is_taken_over() {
    let (store, clock) = (Unsteady::default(), Arc::new(JumpClock::new()));
    let old = opened(&store, &clock).await;
    let began = clock.elapsed();
    tokio::select! {
        _ = old.keep() => panic!("it is not lost"),
        still = stands_still(&store, clock.as_ref(), 1) => assert!(!still.unwrap()),
    }
    assert!(clock.elapsed() - began < Duration::from_secs(25), "{:?}", clock.elapsed() - began);
    // The process is stopped: nobody polls it any more.
    let (seq, began) = (old.state(|state| state.seq), clock.elapsed());
    assert!(stands_still(&store, clock.as_ref(), seq).await.unwrap());
    let watched = clock.elapsed() - began;
    assert!(watched >= TTL && watched < Duration::from_secs(75), "{watched:?}");
    assert_eq!(old.lease().holds(), Err(Unleased::Lapsed), "it could send nothing any more by then");
    let ids = Arc::new(SeededIds::default());
    let new = Log::open(Arc::new(store.clone()), clock.clone(), ids, Bench::opening("new"), &|held: &bbws_engine::Held| held.seq == seq)
        .await
        .unwrap();
    // It wakes up.
    assert!(matches!(old.keep().await, LogError::Fenced { .. }));
    assert_eq!(old.lease().holds(), Err(Unleased::Ended));
    assert_eq!(new.lease().holds(), Ok(()));
    let state = log::read(&store).await.unwrap().unwrap();
    assert_eq!((state.holder.unwrap().run.0.as_str(), state.generation), ("new", 2));
}

#[tokio::test(start_paused = true)]
async fn who_holds_a_damaged_log_is_told_as_far_as_it_can_be_read() {
    let (store, clock) = (MemoryStore::default(), Arc::new(JumpClock::new()));
    assert_eq!(last_held(&store).await.unwrap(), LastHeld::Nobody, "nobody ever took it");
    let ids = Arc::new(SeededIds::default());
    let run = Log::open(Arc::new(store.clone()), clock.clone(), ids, Bench::opening("run"), &|_| true).await.unwrap();
    let held = last_held(&store).await.unwrap();
    assert!(matches!(&held, LastHeld::By(held) if held.owner.run.0 == "run" && held.seq == 1), "{held:?}");
    let taken = store.all()[&wire::log::key(1)].clone();
    store.tamper(&wire::log::key(1), Some(b"{".to_vec()));
    assert_eq!(last_held(&store).await.unwrap(), LastHeld::Unknown { seq: 1 }, "it may have taken it");
    store.tamper(&wire::log::key(1), Some(taken));
    run.close("over").await.unwrap();
    assert_eq!(last_held(&store).await.unwrap(), LastHeld::Nobody, "it was given back");
    // A slot beyond the last that can be read may be another run's first.
    store.tamper(&wire::log::key(3), Some(b"{".to_vec()));
    assert_eq!(last_held(&store).await.unwrap(), LastHeld::Unknown { seq: 3 });
}

#[tokio::test(start_paused = true)]
async fn a_run_is_fenced_whatever_it_does_once_it_is_taken_over() {
    let (store, clock) = (Unsteady::default(), Arc::new(JumpClock::new()));
    let old = opened(&store, &clock).await;
    let unlock = opened(&store, &clock).await;
    unlock.close("unlocked").await.unwrap();
    assert!(matches!(old.append(vec![Record::Heartbeat]).await, Err(LogError::Fenced { .. })));
    assert!(matches!(old.close("over").await, Err(LogError::Fenced { .. })), "it cannot even close");
    assert_eq!(log::read(&store).await.unwrap().unwrap().holder, None);
}

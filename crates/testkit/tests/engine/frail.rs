//! The store that fails and the process that stands still: they do what they are said to do.

use std::sync::Arc;
use std::time::Duration;

use bbws_engine::{PutOutcome, Store, StoreError};
use bbws_testkit::{FaultyStore, Fragile, Frailty, MemoryStore, StoreWeather, Trouble};
use tokio::time::{Instant, sleep};

fn store(weather: StoreWeather) -> (MemoryStore, FaultyStore, Trouble) {
    let (inner, trouble) = (MemoryStore::default(), Trouble::default());
    (inner.clone(), FaultyStore::new(inner, 1, weather, trouble.clone()), trouble)
}

#[tokio::test(start_paused = true)]
async fn after_a_lost_answer_the_next_try_meets_its_own_object() {
    let (inner, faulty, trouble) = store(StoreWeather { ack_lost: 1.0, ..StoreWeather::default() });
    assert!(matches!(faulty.create("k", b"mine").await, Err(StoreError::Unknown { .. })));
    assert_eq!(inner.all()["k"], b"mine");
    trouble.end();
    assert_eq!(faulty.create("k", b"mine").await, Ok(PutOutcome::Exists));
}

#[tokio::test(start_paused = true)]
async fn a_conflict_and_an_outage_write_nothing() {
    for weather in [StoreWeather { conflict: 1.0, ..StoreWeather::default() }, StoreWeather { unavailable: 1.0, ..StoreWeather::default() }]
    {
        let (inner, faulty, _) = store(weather);
        assert!(matches!(faulty.create("k", b"mine").await, Err(StoreError::Unknown { .. })));
        assert!(inner.all().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_late_write_gives_way_to_what_is_there_by_then() {
    let late = StoreWeather { late: 1.0, latest: Duration::from_secs(60), ..StoreWeather::default() };
    let (inner, faulty, _) = store(late);
    assert!(faulty.create("a", b"late").await.is_err());
    assert!(faulty.create("b", b"late").await.is_err());
    inner.tamper("b", Some(b"first".to_vec()));
    sleep(Duration::from_secs(61)).await;
    let all = inner.all();
    assert_eq!((all["a"].as_slice(), all["b"].as_slice()), (&b"late"[..], &b"first"[..]));
}

#[tokio::test(start_paused = true)]
async fn a_process_that_stands_still_sees_late_what_came_meanwhile() {
    let trouble = Trouble::default();
    let began = Instant::now();
    let work = async {
        sleep(Duration::from_secs(1)).await;
        began.elapsed().as_secs()
    };
    let seen = Fragile::new(work, 1, Frailty { stalls: 0.999, killed_at: None }, trouble).await.unwrap();
    assert!(seen >= 30, "{seen} s");
}

#[tokio::test(start_paused = true)]
async fn a_killed_process_answers_nothing_and_holds_nothing() {
    let held = Arc::new(());
    let inside = held.clone();
    let work = async move {
        for _ in 0..5 {
            sleep(Duration::from_secs(1)).await;
        }
        drop(inside);
    };
    let mut process = Box::pin(Fragile::new(work, 1, Frailty { stalls: 0.0, killed_at: Some(3) }, Trouble::default()));
    assert_eq!(process.as_mut().await, None);
    assert_eq!(Arc::strong_count(&held), 1);
}

//! The log: who holds the environment, and what damage does.

use std::sync::Arc;

use bbws_engine::{Log, LogError, Store, log};
use bbws_model::wire;
use bbws_model::{Mode, Record};
use serde_json::json;

use crate::bench::{Bench, wanted};

#[tokio::test(start_paused = true)]
async fn of_many_who_race_for_an_environment_one_gets_it() {
    for rivals in 2..12 {
        let bench = Bench::new();
        let race = (0..rivals).map(|n| {
            let opening = Bench::opening(&format!("run{n}"));
            Log::open(Arc::new(bench.store.clone()), bench.clock.clone(), bench.ids.clone(), opening, &|_| false)
        });
        let all = futures::future::join_all(race).await;
        let won: Vec<&Log> = all.iter().filter_map(|r| r.as_ref().ok()).collect();
        assert_eq!(won.len(), 1);
        let lost = all.iter().filter_map(|r| r.as_ref().err());
        for error in lost {
            assert!(matches!(error, LogError::Held(held) if held.owner.run == *won[0].run()), "{error:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_was_taken_over_is_fenced() {
    let bench = Bench::new();
    let old = bench.open().await.unwrap();
    let new = bench.open().await.unwrap();
    assert!(matches!(old.append(vec![Record::Heartbeat]).await, Err(LogError::Fenced { seq: 2 })));
    assert!(matches!(old.append(vec![Record::Heartbeat]).await, Err(LogError::Fenced { .. })), "for good");
    new.append(vec![Record::Heartbeat]).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn records_that_are_queued_together_share_a_slot() {
    let bench = Bench::new();
    let log = bench.open().await.unwrap();
    let appends = (0..50).map(|_| log.append(vec![Record::Heartbeat]));
    assert!(futures::future::join_all(appends).await.into_iter().all(|r| r.is_ok()));
    let seq = log.state(|state| state.seq);
    assert!(seq <= 4, "{seq} slots for 50 appends");
}

#[tokio::test(start_paused = true)]
async fn a_record_that_does_not_fit_is_refused_and_the_others_are_written() {
    let bench = Bench::new();
    let log = bench.open().await.unwrap();
    let wrong = Record::Gone { address: "tag.a".parse().unwrap(), id: "x".into() };
    let (a, b, c) = tokio::join!(log.append(vec![Record::Heartbeat]), log.append(vec![wrong]), log.append(vec![Record::Heartbeat]));
    assert!(matches!((a, b, c), (Ok(()), Err(LogError::Misfit(_)), Ok(()))));
}

#[tokio::test(start_paused = true)]
async fn nothing_that_is_stored_holds_a_known_secret() {
    bbws_model::net::remember("stored-canary/7");
    let bench = Bench::new();
    let log = bench.open().await.unwrap();
    log.append(vec![Record::Outputs([("said".to_owned(), json!("stored-canary/7"))].into())]).await.unwrap();
    log.close("stored-canary%2F7").await.unwrap();
    let keys = bench.store.list_after("", "").await.unwrap();
    assert!(["log/00000000000000000002.json", "outputs.json", "state.json"].iter().all(|key| keys.iter().any(|k| k == key)), "{keys:?}");
    for key in keys {
        let text = String::from_utf8(bench.store.get(&key).await.unwrap().unwrap()).unwrap();
        assert!(!text.contains("canary"), "{key}: {text}");
    }
    assert_eq!(bench.state().await.outputs["said"], json!("<secret>"));
}

async fn some_log() -> Bench {
    let bench = Bench::new();
    bench.apply(&wanted(&[("tag.a", json!({"colour": "red"})), ("name.b", json!({"name": "b"}))]), Mode::Apply).await;
    bench
}

#[tokio::test(start_paused = true)]
async fn without_the_derived_state_the_log_gives_the_same() {
    let bench = some_log().await;
    let state = bench.state().await;
    bench.store.tamper(wire::state::KEY, None);
    assert_eq!(bench.state().await, state);
    bench.store.tamper(wire::state::KEY, Some(b"{\"format\": 1, \"torn".to_vec()));
    assert_eq!(bench.state().await, state, "a torn one is ignored");
    let mut forged = state.clone();
    forged.head = bbws_model::Digest::of(b"another log");
    bench.store.tamper(wire::state::KEY, Some(wire::state::write(&forged).unwrap()));
    assert_eq!(bench.state().await, state, "one of another log is ignored");
}

#[tokio::test(start_paused = true)]
async fn a_state_that_is_ahead_of_its_log_is_refused() {
    let mut bench = some_log().await;
    bench.store = bench.store.copy(true);
    let last = wire::log::key(bench.state().await.seq);
    bench.store.tamper(&last, None);
    let told = log::read(&bench.store).await.unwrap_err().to_string();
    assert!(told.contains("is missing"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn an_environment_of_another_world_is_refused() {
    let bench = some_log().await;
    let opening = bbws_engine::Opening { world: bbws_model::World::Aws, ..Bench::opening("x") };
    let refused = Log::open(Arc::new(bench.store.clone()), bench.clock.clone(), bench.ids.clone(), opening, &|_| true).await.unwrap_err();
    assert!(refused.to_string().contains("opens the world aws, but the ids recorded so far belong to the world sandbox"), "{refused}");
    assert_eq!(bench.state().await.holder, None);
}

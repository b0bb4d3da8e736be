//! Rivals: many runs open one environment, or rebuild its lost log, at the same moment, on a store that fails. One proceeds.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bbws_engine::log::{Cure, Damage, Depth, begin, remains, set_aside, survey};
use bbws_engine::{Log, LogError, Store, log};
use bbws_model::{Mode, Record, State, wire};
use bbws_testkit::{FaultyStore, MemoryStore, StoreWeather, Trouble};
use futures::future::join_all;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;

use crate::bench::{Bench, wanted};

const ROUNDS: u64 = 1_000;
const REBUILDS: u64 = 300;

/// Everything that leaves a writer in doubt whether it has won.
const WEATHER: StoreWeather = StoreWeather {
    conflict: 0.1,
    unavailable: 0.1,
    ack_lost: 0.2,
    late: 0.1,
    latest: Duration::from_secs(5),
    refused: 0.0,
    read_fails: 0.0,
    slow: 0.3,
    slowest: Duration::from_secs(2),
};

/// What there is before the race.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    Nothing,
    Closed,
    /// A run that was killed, as all rivals can tell.
    Dead,
}

/// One round: they race, one proceeds, the others learn who it is.
async fn race(round: u64, trouble: &Trouble) {
    let mut random = ChaCha8Rng::seed_from_u64(round);
    let bench = Bench::new();
    let before = [Before::Nothing, Before::Closed, Before::Dead][random.random_range(0..3)];
    if before != Before::Nothing {
        let first = bench.open().await.unwrap();
        if before == Before::Closed {
            first.close("over").await.unwrap();
        }
    }
    let rivals = random.random_range(2..=16);
    let opens = (0..rivals).map(|n| {
        let store = FaultyStore::new(bench.store.clone(), random.random(), WEATHER, trouble.clone());
        let opening = Bench::opening(&format!("rival{n}"));
        let delay = Duration::from_millis(random.random_range(0..50));
        let (clock, ids) = (bench.clock.clone(), bench.ids.clone());
        async move {
            tokio::time::sleep(delay).await;
            let may_take = |held: &bbws_engine::Held| !held.owner.run.0.starts_with("rival");
            Log::open(Arc::new(store), clock, ids, opening, &may_take).await
        }
    });
    let all = join_all(opens).await;
    let won: Vec<&Log> = all.iter().filter_map(|opened| opened.as_ref().ok()).collect();
    assert_eq!(won.len(), 1, "round {round}: {rivals} rivals, {before:?} before: {all:?}");
    for lost in all.iter().filter_map(|opened| opened.as_ref().err()) {
        let told = lost.to_string();
        assert!(matches!(lost, LogError::Held(held) if held.owner.run == *won[0].run()), "round {round}: {told}");
        assert!(told.contains("thandi on laptop") && told.contains(&won[0].run().0), "{told}");
    }
    let state = log::read(&bench.store).await.unwrap().unwrap();
    assert_eq!(state.holder.map(|owner| owner.run), Some(won[0].run().clone()), "round {round}");
}

#[test]
fn of_many_who_open_an_environment_one_proceeds_and_the_others_learn_who() {
    let trouble = Trouble::default();
    for round in 0..ROUNDS {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(race(round, &trouble));
    }
    println!("rounds on a store in memory: {ROUNDS}, with one winner each: {ROUNDS}; {:?}", trouble.counts());
}

/// Rebuilds a lost log, as the command does, and works with the new one for a while.
async fn rebuilds(bench: &Bench, store: Arc<dyn Store>, run: &str, state: &State) -> Result<(), LogError> {
    let left = remains(store.as_ref()).await?;
    let found = survey(store.as_ref(), Depth::Whole).await?;
    if found.state.is_some() && found.damage.iter().all(|damage| damage.cure != Cure::Lost) {
        return Err(LogError::Fenced { seq: 1 });
    }
    let opening = Bench::opening(run);
    set_aside(store.as_ref(), bench.clock.as_ref(), &format!("lost/{run}"), &left, &opening.owner.run).await?;
    begin(store.as_ref(), bench.clock.as_ref(), bench.ids.as_ref(), opening, "rebuilt", (state, left.last())).await?;
    let log = Log::open(store, bench.clock.clone(), bench.ids.clone(), Bench::opening(&format!("{run}-works")), &|_| false).await?;
    for _ in 0..10 {
        tokio::time::sleep(Duration::from_millis(300)).await;
        log.append(vec![Record::Heartbeat]).await.unwrap_or_else(|error| panic!("{run} has begun a new log and lost it: {error}"));
    }
    log.close("over").await
}

/// A log of which a slot is lost, in a store that keeps no versions, and what it said.
async fn lost() -> (MemoryStore, State) {
    let bench = Bench::new();
    bench.apply(&wanted(&[("tag.a", json!({"colour": "red"})), ("key.b", json!({"name": "b"}))]), Mode::Apply).await;
    let (state, store) = (bench.state().await, MemoryStore::forgetful());
    for (key, bytes) in bench.store.all().into_iter().filter(|(key, _)| key.starts_with(wire::log::PREFIX)) {
        store.tamper(&key, (key != wire::log::key(2)).then_some(bytes));
    }
    (store, state)
}

/// One round: many rebuild a lost log at once. At most one begins a new one, keeps it, and nothing of the old one is gone.
async fn rebuild_race(round: u64, (lost, state): (&MemoryStore, &State), trouble: &Trouble) -> bool {
    let mut random = ChaCha8Rng::seed_from_u64(round);
    let (bench, store) = (Bench::new(), lost.copy(round.is_multiple_of(2)));
    let before: BTreeSet<Vec<u8>> = store.all().into_values().collect();
    let fails = if random.random_bool(0.5) { 0.02 } else { 0.0 };
    let weather = StoreWeather { conflict: fails, unavailable: fails, ack_lost: fails, late: fails, ..WEATHER };
    let rivals: u64 = random.random_range(2..=8);
    let all = (0..rivals).map(|n| {
        let faulty: Arc<dyn Store> = Arc::new(FaultyStore::new(store.clone(), random.random(), weather, trouble.clone()));
        let delay = Duration::from_millis(random.random_range(0..500));
        let (bench, state) = (bench.clone(), state.clone());
        async move {
            tokio::time::sleep(delay).await;
            rebuilds(&bench, faulty, &format!("rival{n}"), &state).await
        }
    });
    let won = join_all(all).await.iter().filter(|ended| ended.is_ok()).count();
    assert!(won <= 1, "round {round}: {won} of {rivals} have begun a new log");
    if won == 0 {
        // The store has failed all of them: whoever comes next finds a new log, or begins one.
        match rebuilds(&bench, Arc::new(store.clone()), "next", state).await {
            Ok(()) | Err(LogError::Fenced { .. } | LogError::Held(_)) => {}
            Err(other) => panic!("round {round}: {other}"),
        }
    }
    let found = log::read(&store).await.unwrap_or_else(|error| panic!("round {round}: {error}")).expect("a log");
    assert_eq!(found.entries, state.entries, "round {round}");
    // A store that keeps versions has those of the old log.
    let whole = survey(&store, Depth::Whole).await.unwrap();
    let due = |damage: &&Damage| !matches!(damage.cure, Cure::Late(_)) || won == 1;
    // Who is stopped by the store right behind the first slot publishes nothing: the next apply does.
    assert_eq!(whole.damage.iter().find(due), None, "round {round}");
    let after: BTreeSet<Vec<u8>> = store.all().into_values().collect();
    assert!(before.is_subset(&after), "round {round}: something of the old log is gone");
    won == 1
}

#[test]
fn of_many_who_rebuild_a_lost_log_one_begins_a_new_one_and_keeps_it() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let (trouble, mut won, (store, state)) = (Trouble::default(), 0, runtime().block_on(lost()));
    for round in 0..REBUILDS {
        won += u64::from(runtime().block_on(rebuild_race(round, (&store, &state), &trouble)));
    }
    println!(
        "rounds of rebuilds: {REBUILDS}, with one winner: {won}, with none in a store that fails: {}; {:?}",
        REBUILDS - won,
        trouble.counts()
    );
    assert!(won > REBUILDS / 2, "{won}");
}

/// Somebody has claimed the remains and was killed: a minute later the next one goes on.
#[tokio::test(start_paused = true)]
async fn a_killed_rebuild_is_in_nobodys_way() {
    for after in [0, 1, 5, 20, 50, 80] {
        let (bench, (store, state)) = (Bench::new(), lost().await);
        let faulty: Arc<dyn Store> = Arc::new(FaultyStore::new(
            store.clone(),
            1,
            StoreWeather { slow: 1.0, slowest: Duration::from_millis(20), ..StoreWeather::default() },
            Trouble::default(),
        ));
        let _ = tokio::time::timeout(Duration::from_millis(after * 5), rebuilds(&bench, faulty, "killed", &state)).await;
        match rebuilds(&bench, Arc::new(store.clone()), "next", &state).await {
            Ok(()) | Err(LogError::Fenced { .. } | LogError::Held(_)) => {}
            Err(other) => panic!("after {after}: {other}"),
        }
        assert_eq!(log::read(&store).await.unwrap().expect("a log").entries, state.entries, "after {after}");
    }
}

//! Rivals: many runs open one environment at the same moment, on a store that fails. Exactly one proceeds.

use std::sync::Arc;
use std::time::Duration;

use bbws_engine::{Log, LogError, log};
use bbws_testkit::{FaultyStore, StoreWeather, Trouble};
use futures::future::join_all;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::bench::Bench;

const ROUNDS: u64 = 1_000;

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

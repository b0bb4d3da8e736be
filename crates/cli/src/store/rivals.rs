//! Rivals on a local disk: many runs open one environment at the same moment, and exactly one proceeds.

use std::sync::{Arc, Barrier};
use std::thread;

use bbws_engine::{Log, LogError, Opening, log};
use bbws_model::{Mode, World};
use bbws_testkit::{sample, tally};

use super::LocalStore;
use crate::SystemClock;
use crate::ids::Ulids;

/// `BBWS_ROUNDS` asks for others.
const ROUNDS: usize = 1_000;

fn opening(run: &str) -> Opening {
    let owner = sample::owner(run);
    let account = "536580886816".parse().unwrap();
    Opening { owner, world: World::Aws, account, region: "af-south-1".into(), mode: Mode::Apply, plan: None, grounds: vec![] }
}

fn wait<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// A run opens the environment as soon as all are ready.
fn open(store: LocalStore, run: &str, ready: &Barrier) -> Result<Log, LogError> {
    let (clock, ids) = (Arc::new(SystemClock::default()), Arc::new(Ulids::new().unwrap()));
    ready.wait();
    wait(Log::open(Arc::new(store), clock, ids, opening(run), &|_| false))
}

#[test]
fn of_many_who_open_an_environment_one_proceeds_and_the_others_learn_who() {
    let dir = tempfile::tempdir().unwrap();
    let rounds = std::env::var("BBWS_ROUNDS").map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    let (mut started, mut won_in_all) = (0, 0);
    for round in 0..rounds {
        let store = LocalStore::new(dir.path().join(format!("{}", round / 10)));
        let rivals = 2 + round % 15;
        let ready = Barrier::new(rivals);
        let all: Vec<Result<Log, LogError>> = thread::scope(|scope| {
            let threads: Vec<_> = (0..rivals)
                .map(|n| {
                    let (store, ready) = (store.clone(), &ready);
                    scope.spawn(move || open(store, &format!("run{n}"), ready))
                })
                .collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let won: Vec<&Log> = all.iter().filter_map(|opened| opened.as_ref().ok()).collect();
        assert_eq!(won.len(), 1, "round {round}: {all:?}");
        for lost in all.iter().filter_map(|opened| opened.as_ref().err()) {
            assert!(matches!(lost, LogError::Held(held) if held.owner.run == *won[0].run()), "round {round}: {lost}");
        }
        (started, won_in_all) = (started + rivals, won_in_all + won.len());
        let held = wait(log::read(&store)).unwrap().unwrap().holder;
        assert_eq!(held.map(|owner| owner.run), Some(won[0].run().clone()), "round {round}");
        wait(won[0].close("done")).unwrap();
    }
    let refused = started - won_in_all;
    println!("rounds on a local disk: {rounds}, winners: {won_in_all}, refused: {refused}");
    tally("local", &serde_json::json!({"rounds": rounds, "winners": won_in_all, "refused": refused}));
}

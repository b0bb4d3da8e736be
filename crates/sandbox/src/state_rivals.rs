//! Rivals for a state in S3: many runs open one environment at the same moment, through the SDK, while S3 conflicts, is not
//! there, and loses answers. Exactly one proceeds.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bbws_aws::{Aws, Place, S3Store};
use bbws_engine::{Clock, Log, LogError, Opening, log};
use bbws_model::{Mode, World};
use bbws_testkit::{SeededIds, sample, tally};
use futures::future::join_all;

use crate::kinds::bucket::Row;
use crate::{Call, Effect, Fate, Sandbox, Seen, refuse};

const ACCOUNT: &str = "536580886816";
const REGION: &str = "af-south-1";
/// A soak takes more of them, by `BBWS_ROUNDS`.
const ROUNDS: u64 = 60;

/// Numbers that only look random: the same from the same seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    /// What befalls a write: nothing, mostly.
    fn fate(&mut self) -> (&'static str, Fate) {
        let refused =
            |status, code| Fate { effect: Effect::Never, seen: Seen::Refused(refuse(status, code, "Try again.")), ..Fate::default() };
        let (what, fate) = match self.below(20) {
            0 => ("conflict", refused(409, "ConditionalRequestConflict")),
            1 => ("not there", refused(503, "SlowDown")),
            2 | 3 => ("answer lost", Fate { seen: Seen::Closed, ..Fate::default() }),
            4 => ("request lost", Fate { effect: Effect::Never, seen: Seen::Closed, ..Fate::default() }),
            5 => ("late", Fate { effect: Effect::Late(Duration::from_millis(self.below(3000))), seen: Seen::Closed, ..Fate::default() }),
            _ => ("in time", Fate::default()),
        };
        (what, Fate { there: Duration::from_millis(self.below(200)), back: Duration::from_millis(self.below(200)), ..fate })
    }
}

fn opening(run: &str) -> Opening {
    let (owner, account) = (sample::owner(run), ACCOUNT.parse().unwrap());
    Opening { owner, world: World::Aws, account, region: REGION.into(), mode: Mode::Apply, plan: None, grounds: vec![] }
}

type Counts = Arc<Mutex<BTreeMap<&'static str, usize>>>;

/// Answers how many were started, and how many of them proceeded.
async fn race(round: u64, counts: &Counts) -> (usize, usize) {
    let sandbox = Sandbox::in_memory(ACCOUNT);
    sandbox.sim().tamper(|cloud| {
        let region = cloud.accounts.entry(ACCOUNT.into()).or_default().regions.entry(REGION.into()).or_default();
        region.buckets.insert("dev-state".into(), Row { versioning: Some(true), ..Row::empty() });
    });
    let place = || Place {
        bucket: "dev-state".into(),
        owner: ACCOUNT.parse().unwrap(),
        environment: "dev".into(),
        kms_key: None,
        approvers: vec![],
    };
    // Each is a process of its own, with a client of its own.
    let store = || S3Store::over(Aws::for_store(Arc::new(sandbox.clone()), REGION), place());
    let (clock, ids): (Arc<dyn Clock>, _) = (Arc::new(sandbox.sim().clock()), Arc::new(SeededIds::default()));
    let mut chance = Chance(round);
    // Before the race there is nothing, or a log that was given back, or one of a run that is known to be dead.
    let before = chance.below(3);
    if before > 0 {
        let first = Log::open(Arc::new(store()), clock.clone(), ids.clone(), opening("first"), &|_| true).await.unwrap();
        if before == 1 {
            first.close("over").await.unwrap();
        }
    }
    let rivals = 2 + chance.below(15);
    let (weather, counts) = (Mutex::new(Chance(round + 1_000_000)), counts.clone());
    sandbox.sim().set_weather(move |call: &Call| {
        if call.operation != "PutObject" {
            return Fate::default();
        }
        let (what, fate) = weather.lock().unwrap().fate();
        *counts.lock().unwrap().entry(what).or_default() += 1;
        fate
    });
    let all = join_all((0..rivals).map(|n| {
        let (store, clock, ids) = (Arc::new(store()), clock.clone(), ids.clone());
        async move {
            let may_take = |held: &bbws_engine::Held| !held.owner.run.0.starts_with("rival");
            Log::open(store, clock, ids, opening(&format!("rival{n}")), &may_take).await
        }
    }))
    .await;
    let won: Vec<&Log> = all.iter().filter_map(|opened| opened.as_ref().ok()).collect();
    assert_eq!(won.len(), 1, "round {round}: {rivals} rivals, {before} before: {all:?}");
    for lost in all.iter().filter_map(|opened| opened.as_ref().err()) {
        assert!(matches!(lost, LogError::Held(held) if held.owner.run == *won[0].run()), "round {round}: {lost}");
    }
    sandbox.sim().set_weather(|_| Fate::default());
    let state = log::read(&store()).await.unwrap().unwrap();
    assert_eq!(state.holder.map(|owner| owner.run), Some(won[0].run().clone()), "round {round}");
    (all.len(), won.len())
}

#[test]
fn of_many_who_open_an_environment_one_proceeds_and_the_others_learn_who() {
    let rounds = std::env::var("BBWS_ROUNDS").map_or(ROUNDS, |rounds| rounds.parse().unwrap());
    let (counts, mut started, mut won) = (Counts::default(), 0, 0);
    for round in 0..rounds {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let (of, proceeded) = runtime.block_on(race(round, &counts));
        (started, won) = (started + of, won + proceeded);
    }
    let (refused, counts) = (started - won, counts.lock().unwrap().clone());
    println!("rounds on S3: {rounds}, winners: {won}, refused: {refused}; writes: {counts:?}");
    tally("s3", &serde_json::json!({"rounds": rounds, "winners": won, "refused": refused, "writes": counts}));
}

//! Simulation: random clusters, edits, rivals and everything that goes wrong, from one seed; then all is calm, and the
//! invariants of the protocol must hold. A failing seed is told and reproduces.
//!
//! Checked: I1, I4 to I11, I14 to I17 and I24 at every slot and call (`oracle`); I20 whenever nobody is at work; I2, I3, I10 to
//! I13, I17 to I19 and I22 at rest (`judge`); I21 and I23 here. For I16 the cloud's errors quote a secret. For I24 garbage is collected
//! when all is over, early and late.

mod bugs;
mod garbage;
mod judge;
mod lies;
mod oracle;
mod process;
mod wishes;
mod witness;

use std::collections::BTreeMap;
use std::num::NonZero;
use std::ops::Range;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bbws_engine::planner::Sources;
use bbws_engine::{Ask, Clock, Control, Drivers, Store, erase, log, plan, refresh};
use bbws_model::{CloudError, Desired, Finding, Kinds, Mode, Outcome, PhysicalId, Plan, Scope, State, World, net, wire};
use bbws_testkit::{
    FakeCloud, FaultyStore, Fragile, Frailty, HostClock, JumpClock, Key, Label, MemoryStore, Moment, Name, Object, SeededIds, Stood,
    StoreWeather, Tag, Token, Toy, Trouble, Weather, drivers, kinds,
};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use tokio::time::sleep;

use crate::bench::{Bench, wanted};
use lies::{Lie, LyingDriver, LyingStore, Memory, Stopping, gate};
use oracle::{CANARY, Judged, Oracle, Violation, holds, tells_no_secret};
use process::{Ended, Hosts, Leased, Process};
use wishes::{cluster, edited, pick};
use witness::Witnessed;

/// How many seeds a test takes: a soak takes more.
const SEEDS: u64 = 10_000;
/// Further on, and each has found something once.
const MET: [u64; 21] = [
    45_507, 96_165, 99_625, 129_568, 136_392, 146_858, 212_167, 257_167, 259_696, 305_608, 386_639, 445_352, 567_760, 647_132, 767_128,
    820_165, 858_502, 901_056, 958_592, 1_023_172, 1_097_152,
];
/// How many resources a cluster has at most.
const MOST_RESOURCES: usize = 5;
/// What clusters are made of.
const SORTS: &[&str] = &["tag", "name", "token", "key"];
/// And in one seed of so many also of what has no id but its name: what is about it is about whoever has the name then.
const ALL_SORTS: &[&str] = &["tag", "name", "token", "key", "label", "label"];
const NAMED: u64 = 8;
/// On how many hosts runs are.
const HOSTS: usize = 3;
/// How many runs a seed has at most, but for those that end it.
const MOST_RUNS: usize = 12;
/// In how many runs the last wish comes true once the faults are over.
const RUNS_TO_CONVERGE: usize = 3;
/// No seed takes longer, in its own time.
const LONGEST: Duration = Duration::from_secs(3 * 24 * 3600);
/// For how long the bytes of a dead process stay under way on a machine that lives.
const FLUSH: Duration = Duration::from_secs(45);

/// What all processes of a seed share.
pub(crate) struct Sim {
    cloud: FakeCloud,
    store: MemoryStore,
    kinds: Kinds,
    drivers: Arc<Drivers>,
    ids: Arc<SeededIds>,
    oracle: Oracle,
    hosts: Hosts,
    /// What each host keeps of what its runs could not put into the log.
    spools: [MemoryStore; HOSTS],
    trouble: Trouble,
    lie: Option<Lie>,
    /// What lying drivers remember.
    memory: Memory,
    /// Since when each process holds the environment, by the witness of its store.
    leases: Arc<Mutex<BTreeMap<usize, witness::Lease>>>,
    /// The cloud of another account.
    elsewhere: FakeCloud,
    foreign: BTreeMap<PhysicalId, Object>,
}

impl Sim {
    /// The cloud, and somebody else's things in it: of our kinds, and even with our addresses in their marks.
    async fn new(random: &mut ChaCha8Rng, lie: Option<Lie>, sorts: &'static [&'static str]) -> Self {
        // Mostly short: each second of it is a look of the engine at everything that is not ready.
        let takes = Duration::from_secs(*pick(random, &[0, 0, 1, 2, 5, 20]));
        let bench = Bench::in_which_all_takes(takes);
        if random.random_bool(0.2) {
            // A name of theirs may be one that we want: for a while it is not to be had.
            let name = pick(random, &["s1", "n1", "n2"]);
            let unique = if sorts == ALL_SORTS { *pick(random, &["name.r1", "label.r1"]) } else { "name.r1" };
            let theirs = wanted(&[("tag.r0", json!({"name": "s0"})), (unique, json!({"name": name}))]);
            assert_eq!(bench.apply(&theirs, Mode::Apply).await.outcome, Outcome::Done);
        }
        net::remember(CANARY);
        let (cloud, store) = (bench.cloud.quoting(CANARY), MemoryStore::default());
        let foreign = cloud.objects();
        let oracle = Oracle::over(&store, &cloud);
        let (kinds, drivers) = (kinds(), bench.drivers);
        let leases = Arc::<Mutex<BTreeMap<usize, witness::Lease>>>::default();
        let elsewhere = FakeCloud::new(takes);
        let other = oracle.clone();
        elsewhere.watch(move |call| other.note(Violation { invariant: "I15", told: format!("in another account: {call:?}") }));
        let (ids, hosts, trouble, memory) = (bench.ids, Hosts::default(), Trouble::default(), Memory::default());
        oracle.knows(leases.clone(), hosts.clone());
        let spools = std::array::from_fn(|_| {
            let (spool, oracle) = (MemoryStore::forgetful(), oracle.clone());
            spool.watch(move |key, bytes| {
                if let Err(violation) = tells_no_secret(key, bytes) {
                    oracle.note(violation);
                }
            });
            spool
        });
        Self { cloud, store, kinds, drivers, ids, oracle, hosts, spools, trouble, lie, memory, leases, elsewhere, foreign }
    }

    /// Whether an object is somebody else's.
    fn is_foreign(&self, object: &Object) -> bool {
        self.foreign.values().any(|theirs| theirs.owner == object.owner)
    }

    /// The drivers of a process.
    fn drivers_of(&self, number: usize, mode: Mode, gate: impl Fn(Moment) -> Result<(), CloudError> + Send + Sync + 'static) -> Drivers {
        let cloud = self.cloud.seen_by(number).gated(gate);
        let Some(lie) = self.lie else { return drivers(&cloud) };
        let astray = lie == Lie::OtherAccount && mode == Mode::Destroy && number % 3 == 1 && !self.trouble.is_over();
        let cloud = if astray { self.elsewhere.clone() } else { cloud };
        let lying = |inner| Box::new(LyingDriver { inner, lie, memory: self.memory.clone(), oracle: self.oracle.clone() });
        let drivers = Drivers::new()
            .with_any(lying(erase::<Toy<Key>>(cloud.clone())))
            .with_any(lying(erase::<Toy<Label>>(cloud.clone())))
            .with_any(lying(erase::<Toy<Name>>(cloud.clone())))
            .with_any(lying(erase::<Toy<Tag>>(cloud.clone())))
            .with_any(lying(erase::<Toy<Token>>(cloud.clone())))
            .carrying::<Toy<Tag>>(cloud.clone());
        if lie == Lie::NoCensus { drivers } else { drivers.counting::<Toy<Tag>>(cloud) }
    }

    /// The plan of a process with these drivers.
    async fn plan_with(&self, drivers: &Arc<Drivers>, state: &State, desired: &Desired, mode: Mode) -> Result<Plan, Vec<Finding>> {
        let picture = refresh(drivers, &self.kinds, desired, state).await;
        let ask = Ask {
            environment: "dev".into(),
            mode,
            scope: Scope::default(),
            account: Bench::account(),
            region: "af-south-1".into(),
            world: World::Sandbox,
            engine: "0".into(),
        };
        plan(Sources { kinds: &self.kinds, desired, state, picture: &picture }, &ask)
    }

    async fn plan_of(&self, state: &State, desired: &Desired, mode: Mode) -> Result<Plan, Vec<Finding>> {
        self.plan_with(&self.drivers, state, desired, mode).await
    }
}

/// Half of all seeds know a fault at all; each has its own measure of it.
fn often(random: &mut ChaCha8Rng, most: f64) -> f64 {
    if random.random_bool(0.5) { random.random_range(0.0..most) } else { 0.0 }
}

fn weather(random: &mut ChaCha8Rng) -> Weather {
    Weather {
        refused: often(random, 0.2),
        answer_lost: often(random, 0.3),
        request_lost: often(random, 0.2),
        late: often(random, 0.5),
        latest: Duration::from_secs(*pick(random, &[60, 420])),
        twice: often(random, 0.1),
        lag: Duration::from_secs(*pick(random, &[0, 0, 5, 60])),
        bare: often(random, 0.3),
        read_fails: often(random, 0.03),
        slow: *pick(random, &[1, 1, 4]),
        token_life: Duration::from_secs(3600),
    }
}

fn store_weather(random: &mut ChaCha8Rng) -> StoreWeather {
    StoreWeather {
        conflict: often(random, 0.1),
        unavailable: often(random, 0.2),
        ack_lost: often(random, 0.2),
        late: often(random, 0.1),
        latest: Duration::from_secs(60),
        refused: often(random, 0.01),
        read_fails: often(random, 0.03),
        slow: often(random, 0.1),
        slowest: Duration::from_secs(*pick(random, &[3, 50])),
    }
}

/// A seed on its way.
struct Seed {
    sim: Arc<Sim>,
    random: ChaCha8Rng,
    store_weather: StoreWeather,
    stalls: f64,
    kills: f64,
    /// Of which kinds its clusters are.
    sorts: &'static [&'static str],
    started: usize,
}

impl Seed {
    async fn new(seed: u64, lie: Option<Lie>) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let named = seed.is_multiple_of(NAMED) || lie.is_some_and(Lie::is_about_names);
        let sorts = if named { ALL_SORTS } else { SORTS };
        let sim = Arc::new(Sim::new(&mut random, lie, sorts).await);
        let weather = weather(&mut random);
        sim.cloud.weather(random.random(), weather, sim.trouble.clone());
        let store_weather = store_weather(&mut random);
        let (stalls, kills) = (often(&mut random, 0.02), often(&mut random, 1.0));
        Self { sim, random, store_weather, stalls, kills, sorts, started: 0 }
    }

    /// A process that begins now.
    fn start(&mut self, desired: &Arc<Desired>, mode: Mode) -> impl Future<Output = (usize, Option<Ended>)> + use<> {
        let number = self.started;
        self.started += 1;
        let sim = self.sim.clone();
        let faulty = FaultyStore::new(sim.store.clone(), self.random.random(), self.store_weather, sim.trouble.clone());
        let store: Arc<dyn Store> = match sim.lie {
            Some(lie) => Arc::new(LyingStore::new(faulty, lie)),
            None => Arc::new(faulty),
        };
        let (lease, leased, stood) = (witness::Lease::default(), Leased::default(), Stood::default());
        sim.leases.lock().unwrap().insert(number, lease.clone());
        let store: Arc<dyn Store> = Arc::new(Witnessed { inner: store, lease: lease.clone() });
        let mut clock: Arc<dyn Clock> = Arc::new(HostClock::new(self.random.random()));
        if sim.lie == Some(Lie::StopsInSleep) {
            clock = Arc::new(Stopping(clock, stood.clone()));
        }
        let drivers = Arc::new(sim.drivers_of(number, mode, gate(sim.lie, leased.clone(), lease)));
        let interrupted = self.random.random_bool(0.1).then(|| {
            let after = Duration::from_millis(self.random.random_range(0..60_000));
            (after, *pick(&mut self.random, &[Control::Drain, Control::Abort]))
        });
        let interrupted = interrupted.filter(|_| !sim.trouble.is_over());
        let host = self.random.random_range(0..HOSTS);
        let process = Process { sim: sim.clone(), number, host, store, drivers, clock, lease: leased, interrupted };
        let killed_at = self.random.random_bool(self.kills).then(|| {
            let last = *pick(&mut self.random, &[30, 100, 300]);
            self.random.random_range(0..last)
        });
        let frailty = Frailty { stalls: self.stalls, killed_at };
        let process = Fragile::new(process.run(desired.clone(), mode), self.random.random(), frailty, sim.trouble.clone()).counting(stood);
        async move { (number, process.await) }
    }

    /// A process has ended, or was killed.
    fn ended(&mut self, number: usize, ended: Option<&Ended>) {
        let run = Process::run_id(number);
        if ended == Some(&Ended::Over(Outcome::Fenced)) && self.sim.oracle.holder().as_ref() == Some(&run) {
            self.sim.oracle.note(Violation { invariant: "I21", told: format!("{run} was fenced by itself") });
        }
        self.sim.oracle.trace(self.sim.cloud.now(), &(number, ended));
        self.sim.trouble.count(match ended {
            None => "run killed",
            Some(Ended::Held) => "run locked out",
            Some(Ended::Refused(_)) => "run refused",
            Some(Ended::Over(Outcome::Done)) => "run done",
            Some(Ended::Over(Outcome::Failed)) => "run failed",
            Some(Ended::Over(Outcome::Stopped)) => "run stopped",
            Some(Ended::Over(Outcome::Fenced)) => "run fenced",
        });
        // Its host may be lost with it: then nobody knows, and what is on its way stays so.
        if ended.is_none() && self.random.random_bool(0.3) {
            self.sim.trouble.count("host lost");
            if let Some(host) = self.sim.hosts.lost(&run) {
                let spool = &self.sim.spools[host];
                spool.all().keys().for_each(|key| spool.tamper(key, None));
            }
            return;
        }
        self.sim.hosts.ended(&run);
        self.sim.cloud.died(number, FLUSH);
    }

    /// Rivals: one run after another and beside each other, while what is wanted changes.
    async fn rivals(&mut self) -> Result<(Arc<Desired>, Mode), Violation> {
        let (mut desired, mut mode) = (Arc::new(cluster(&mut self.random, self.sorts, MOST_RESOURCES)), Mode::Apply);
        let runs = if self.random.random_bool(0.1) { self.random.random_range(1..=MOST_RUNS) } else { self.random.random_range(1..=4) };
        let beside = *pick(&mut self.random, &[1, 1, 2, 4]);
        let mut live = FuturesUnordered::new();
        while self.started < runs || !live.is_empty() {
            if self.started < runs && live.len() < beside {
                live.push(self.start(&desired, mode));
                match self.random.random_range(0..6) {
                    0 => mode = Mode::Destroy,
                    1 | 2 => mode = Mode::Apply,
                    _ => desired = Arc::new(edited(&mut self.random, &desired)),
                }
            }
            let next = Duration::from_millis(self.random.random_range(0..90_000));
            tokio::select! {
                biased;
                Some((number, ended)) = live.next() => self.ended(number, ended.as_ref()),
                () = sleep(next), if self.started < runs && live.len() < beside => {}
            }
            self.sim.oracle.verdict()?;
            if live.is_empty() {
                judge::between_runs(&self.sim)?;
            }
        }
        Ok((desired, mode))
    }

    /// I21: the last wish comes true within a few runs once the faults are over.
    async fn converges(&mut self, desired: &Arc<Desired>, mode: Mode) -> Judged {
        let (mut last, mut runs) = (None, 0);
        while runs < RUNS_TO_CONVERGE {
            runs += 1;
            let (number, ended) = self.start(desired, mode).await;
            self.ended(number, ended.as_ref());
            self.sim.oracle.verdict()?;
            if ended == Some(Ended::Over(Outcome::Done)) {
                return Ok(());
            }
            last = ended;
        }
        holds("I21", false, || format!("it does not converge: {last:?}"))
    }

    /// Waits until nothing is under way any more.
    async fn stillness(&self) {
        while !self.sim.cloud.is_still() {
            sleep(Duration::from_secs(60)).await;
        }
    }

    async fn run(&mut self) -> Result<(Arc<Desired>, Mode), Violation> {
        let (desired, mode) = self.rivals().await?;
        self.sim.trouble.end();
        self.sim.cloud.calm();
        judge::others(&self.sim)?;
        // They give our name free.
        let in_the_way = |object: &Object| self.sim.is_foreign(object) && object.spec.name.starts_with('n');
        self.sim.cloud.tamper(|all| all.retain(|_, object| !in_the_way(object)));
        // Twice: what arrived or was found late may have left something to do.
        for _ in 0..2 {
            self.converges(&desired, mode).await?;
            self.stillness().await;
        }
        judge::at_rest(&self.sim, &desired, mode).await?;
        let sent = self.sim.cloud.count();
        self.converges(&desired, mode).await?;
        holds("I13", self.sim.cloud.count() == sent, || "an apply of what is there has sent something".into())?;
        judge::nothing_to_do(&self.sim, &desired, mode).await?;
        self.sim.oracle.verdict()?;
        Ok((desired, mode))
    }
}

/// Runs one seed; answers the hash of all that happened. What went wrong is counted.
fn run(seed: u64, lie: Option<Lie>, counts: &mut Counts) -> Result<u64, Violation> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let mut trouble = Trouble::default();
    let ran = std::panic::catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(async {
            let mut seed = Seed::new(seed, lie).await;
            if asked("BBWS_SEED").is_some() {
                seed.sim.oracle.aloud();
            }
            trouble = seed.sim.trouble.clone();
            let hangs = Violation { invariant: "I21", told: "something waits for what never comes".into() };
            let (desired, mode) = tokio::time::timeout(LONGEST, seed.run()).await.unwrap_or(Err(hangs))?;
            seed.collected(&desired, mode).await
        })
    }));
    for (what, count) in trouble.counts() {
        *counts.entry(what).or_default() += count;
    }
    ran.unwrap_or_else(|panic| {
        let told = panic.downcast_ref::<String>().cloned().or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
        Err(Violation { invariant: "panic", told: told.unwrap_or_default() })
    })
}

/// How often what went wrong.
type Counts = BTreeMap<&'static str, u64>;

/// After so many seeds it is kept what they have shown, for a soak that is interrupted.
const KEPT_EVERY: u64 = 50_000;

/// What a run of many seeds has shown.
#[derive(Debug, Clone, Default)]
struct Tally {
    /// How many are done.
    seeds: u64,
    counts: Counts,
    violations: BTreeMap<u64, Violation>,
}

impl Tally {
    /// Kept where a soak looks for it.
    fn keep(&self, asked: &Range<u64>) {
        let Ok(path) = std::env::var("BBWS_TALLY") else { return };
        let told = json!({
            "first_seed": asked.start, "seeds": self.seeds, "seeds_asked_for": asked.end - asked.start,
            "violations": self.violations.keys().collect::<Vec<_>>(), "happened": self.counts,
        });
        std::fs::write(path, told.to_string()).unwrap();
    }
}

/// Does the same work on every core.
fn on_every_core(work: impl Fn() + Sync) {
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(&work);
        }
    });
}

/// Runs all of these seeds, on every core.
fn tally(seeds: &Range<u64>) -> Tally {
    let (next, all) = (AtomicU64::new(seeds.start), Mutex::new(Tally::default()));
    on_every_core(|| {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                break;
            }
            let mut counts = Counts::new();
            let ran = run(seed, None, &mut counts);
            let mut all = all.lock().unwrap();
            all.seeds += 1;
            all.violations.extend(ran.err().map(|violation| (seed, violation)));
            for (what, count) in counts {
                *all.counts.entry(what).or_default() += count;
            }
            if all.seeds.is_multiple_of(KEPT_EVERY) {
                all.keep(seeds);
            }
        }
    });
    let all = all.into_inner().unwrap();
    all.keep(seeds);
    all
}

/// A number from outside: `BBWS_SEED` runs one seed, `BBWS_SEEDS` so many instead of the usual number, from `BBWS_FIRST_SEED` on.
fn asked(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
}

#[test]
fn the_invariants_hold_for_every_seed() {
    let one = asked("BBWS_SEED");
    let first = one.or_else(|| asked("BBWS_FIRST_SEED")).unwrap_or(0);
    let count = if one.is_some() { 1 } else { asked("BBWS_SEEDS").unwrap_or(SEEDS) };
    let began = std::time::Instant::now();
    let Tally { counts, mut violations, .. } = tally(&(first..first + count));
    let met = MET.into_iter().filter(|_| one.is_none());
    violations.extend(met.filter_map(|seed| Some((seed, run(seed, None, &mut Counts::new()).err()?))));
    println!("simulated seeds: {count}, violations: {}, {:.0} s", violations.len(), began.elapsed().as_secs_f64());
    println!("what happened: {counts:?}");
    for (seed, Violation { invariant, told }) in violations.iter().take(20) {
        println!("seed {seed} violates {invariant}: {}", told.chars().take(1500).collect::<String>());
    }
    let violations: Vec<u64> = violations.into_keys().collect();
    assert!(violations.is_empty(), "seeds that fail: {violations:?}; run one alone with BBWS_SEED=N");
}

#[test]
fn the_same_seed_is_the_same_run() {
    let run = |seed| run(seed, None, &mut Counts::new());
    (0..50).for_each(|seed| assert_eq!(run(seed), run(seed), "I23: seed {seed}"));
}

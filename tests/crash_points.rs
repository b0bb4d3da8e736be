//! Crashes and lost answers at every mutating call and every write of the log, with the real drivers in the sandbox: the run is
//! dropped there, another one goes on, and the account holds exactly one of everything.
//!
//! Each operation meets each of three stops (killed before it is sent, killed when it is done, its answer lost) at each command.
//! Of the other points some of each sort are tried, spread evenly. What is tried is a stack that holds every kind once. With
//! `BBWS_CRASH_POINTS` it is the whole of dev with all its options, and that many points of each sort: all of them with
//! `cargo xtask soak crash_points`.

use std::collections::{BTreeMap, BTreeSet};
use std::future::pending;
use std::num::NonZero;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bbws_aws::{Aws, drivers};
use bbws_cluster::{Context, Published, addresses, blueprint, load};
use bbws_engine::planner::Sources;
use bbws_engine::{
    Ask, Boxed, Clock, Control, Drivers, Log, Opening, PutOutcome, Reporter, Run, Store, StoreError, apply, log, look_back, plan, refresh,
};
use bbws_model::{Account, Address, Desired, Event, Kinds, Mode, Outcome, Plan, Scope, Stamped, State, World, pointers, wire};
use bbws_sandbox::{Call, Cloud, Effect, Fate, Sandbox, Seen};
use bbws_testkit::{Lasting, MemoryStore, SeededIds, Through, Writes, sample, tally};
use tokio::sync::{Notify, watch};

use crate::support::{Place, edited};

const ACCOUNT: &str = "536580886816";
const REGION: &str = "af-south-1";
/// How many points of each sort a test tries, where nobody says.
const POINTS: usize = 3;

/// What befalls a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Blow {
    /// It is killed, and the request has not reached AWS.
    BeforeCall,
    /// It is killed, and AWS has executed the request.
    AfterCall,
    /// It is killed, and AWS executes the request minutes later.
    LateCall,
    /// Its answer is lost; the run itself goes on.
    AnswerLost,
    /// Its request is lost, and nothing tells so; the run itself goes on.
    RequestLost,
    /// It is executed and answered, and its bytes arrive once more right behind; the run goes on.
    Twice,
    /// The same, and they arrive minutes later.
    TwiceLate,
    /// It is killed before it has written to its log: what it has just heard is lost.
    BeforeWrite,
    /// It is killed when it has written to its log: what it would have done then is not done.
    AfterWrite,
}

const BLOWS: [Blow; 9] = [
    Blow::BeforeCall,
    Blow::AfterCall,
    Blow::LateCall,
    Blow::AnswerLost,
    Blow::RequestLost,
    Blow::Twice,
    Blow::TwiceLate,
    Blow::BeforeWrite,
    Blow::AfterWrite,
];

impl Blow {
    fn is_of_calls(self) -> bool {
        !matches!(self, Self::BeforeWrite | Self::AfterWrite)
    }

    /// The stops that each operation meets, wherever else it is struck.
    fn is_of_each_operation(self) -> bool {
        matches!(self, Self::BeforeCall | Self::AfterCall | Self::AnswerLost)
    }

    fn is_twice(self) -> bool {
        matches!(self, Self::Twice | Self::TwiceLate)
    }
}

/// What counts the calls and writes of a run, and strikes at one of them.
#[derive(Clone, Default)]
struct Fist {
    blow: Arc<Mutex<Option<(Blow, usize)>>>,
    calls: Arc<AtomicUsize>,
    writes: Arc<AtomicUsize>,
    /// Whether the blow has fallen since it was aimed.
    fell: Arc<AtomicBool>,
    /// The operations of the calls, in their order.
    operations: Arc<Mutex<Vec<String>>>,
    struck: Arc<Notify>,
}

impl Fist {
    fn aim(&self, blow: Option<(Blow, usize)>) {
        *self.blow.lock().expect("nobody has panicked") = blow;
        self.operations.lock().expect("nobody has panicked").clear();
        self.fell.store(false, Ordering::SeqCst);
        self.calls.store(0, Ordering::SeqCst);
        self.writes.store(0, Ordering::SeqCst);
    }

    /// The blow that falls on the call or the write of this number.
    fn falls(&self, counter: &AtomicUsize, of_calls: bool) -> Option<Blow> {
        let number = counter.fetch_add(1, Ordering::SeqCst);
        let blow = *self.blow.lock().expect("nobody has panicked");
        let falls = blow.filter(|(blow, at)| blow.is_of_calls() == of_calls && *at == number).map(|(blow, _)| blow);
        if falls.is_some() {
            self.fell.store(true, Ordering::SeqCst);
        }
        falls
    }

    /// A write of a run, which may be killed before it, or when it is done.
    async fn write<T>(&self, write: impl Future<Output = T>) -> T {
        let blow = self.falls(&self.writes, false);
        if blow == Some(Blow::BeforeWrite) {
            self.struck.notify_one();
            return pending().await;
        }
        let done = write.await;
        if blow == Some(Blow::AfterWrite) {
            self.struck.notify_one();
            return pending().await;
        }
        done
    }

    fn fate(&self, call: &Call) -> Fate {
        if call.is_read() {
            return Fate::default();
        }
        let kill = |effect| {
            self.struck.notify_one();
            Fate { effect, seen: Seen::Silence, ..Fate::default() }
        };
        self.operations.lock().expect("nobody has panicked").push(call.operation.clone());
        match self.falls(&self.calls, true) {
            Some(Blow::BeforeCall) => kill(Effect::Never),
            Some(Blow::AfterCall) => kill(Effect::Now),
            Some(Blow::LateCall) => kill(Effect::Late(Duration::from_secs(200))),
            Some(Blow::AnswerLost) => Fate { seen: Seen::Closed, ..Fate::default() },
            Some(Blow::RequestLost) => Fate { effect: Effect::Never, seen: Seen::Closed, ..Fate::default() },
            Some(Blow::Twice) => Fate { effect: Effect::Twice(Duration::from_millis(1)), ..Fate::default() },
            Some(Blow::TwiceLate) => Fate { effect: Effect::Twice(Duration::from_secs(200)), ..Fate::default() },
            _ => Fate::default(),
        }
    }
}

/// At its writes a run is killed.
impl Writes for Fist {
    fn create<'a>(&'a self, store: &'a MemoryStore, key: &'a str, bytes: &'a [u8]) -> Boxed<'a, Result<PutOutcome, StoreError>> {
        Box::pin(self.write(store.create(key, bytes)))
    }

    fn overwrite<'a>(&'a self, store: &'a MemoryStore, key: &'a str, bytes: &'a [u8]) -> Boxed<'a, Result<(), StoreError>> {
        Box::pin(self.write(store.overwrite(key, bytes)))
    }

    fn delete<'a>(&'a self, store: &'a MemoryStore, key: &'a str) -> Boxed<'a, Result<(), StoreError>> {
        Box::pin(self.write(store.delete(key)))
    }
}

/// An account in the sandbox, a state, and what runs need.
struct Bench {
    sandbox: Sandbox,
    store: Through<Fist>,
    fist: Fist,
    kinds: Kinds,
    ids: Arc<SeededIds>,
}

/// What exists: how many of each sort of thing, in each region. Ids differ from run to run.
type Inventory = BTreeMap<(String, String), usize>;

/// A moment of a bench, from which others go on.
#[derive(Default)]
struct Moment {
    cloud: Cloud,
    store: MemoryStore,
    ids: SeededIds,
    elapsed: Duration,
}

impl Bench {
    async fn at(moment: &Moment) -> Self {
        let (fist, sandbox) = (Fist::default(), Sandbox::in_memory(ACCOUNT));
        let weather = fist.clone();
        sandbox.sim().set_weather(move |call| weather.fate(call));
        let store = Through { store: moment.store.copy(false), writes: fist.clone() };
        let bench = Self { sandbox, store, fist, kinds: bbws_kinds::all(), ids: Arc::new(moment.ids.fork()) };
        bench.clock().sleep(moment.elapsed).await;
        bench.sandbox.sim().tamper(|cloud| cloud.clone_from(&moment.cloud));
        bench
    }

    fn moment(&self) -> Moment {
        let (cloud, store) = (self.sandbox.sim().cloud(), self.store.store.copy(false));
        Moment { cloud, store, ids: self.ids.fork(), elapsed: self.clock().elapsed() }
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(self.sandbox.sim().clock())
    }

    async fn state(&self) -> State {
        log::read(&self.store.store).await.expect("a sound log").unwrap_or_else(|| State::empty("none"))
    }

    async fn planned(&self, drivers: &Arc<Drivers>, state: &State, desired: &Desired, mode: Mode) -> Plan {
        let nothing = Desired::default();
        let looked_for = if mode == Mode::Destroy { &nothing } else { desired };
        let picture = refresh(drivers, &self.kinds, looked_for, state).await;
        let account: Account = ACCOUNT.parse().expect("an account");
        let ask = Ask {
            environment: "dev".into(),
            mode,
            scope: Scope::default(),
            account,
            region: REGION.into(),
            world: World::Sandbox,
            engine: "0".into(),
        };
        plan(Sources { kinds: &self.kinds, desired, state, picture: &picture }, &ask).unwrap_or_else(|wrong| panic!("{wrong:#?}"))
    }

    /// One run as a command has it. Every run is a process of its own, with clients and drivers of its own.
    async fn run(&self, desired: &Desired, mode: Mode, killer_is_known: bool) -> (Outcome, String) {
        let aws = Aws::new(Arc::new(self.sandbox.clone()), REGION);
        let (drivers, clock) = (Arc::new(drivers(&aws)), self.clock());
        let owner = sample::owner(bbws_engine::Ids::next(self.ids.as_ref()));
        let (account, region) = (ACCOUNT.parse().expect("an account"), REGION.to_owned());
        let opening = Opening { owner, world: World::Sandbox, account, region, mode, plan: None, grounds: vec![] };
        let log = Log::open(Arc::new(self.store.clone()), clock.clone(), self.ids.clone(), opening, &|_| true).await.expect("it is free");
        aws.gate().open_while(log.lease());
        look_back(&log, &drivers, &self.kinds).await.expect("it can be read");
        let state = log.state(State::clone);
        let plan = self.planned(&drivers, &state, desired, mode).await;
        let mut failures = String::new();
        let mut sink = |told: &Stamped| {
            if let Event::StepFailed { address, error, .. } = &told.event {
                failures += &format!("{address}: {error}\n");
            }
        };
        let (_keep, control) = watch::channel(Control::Go);
        let report = {
            let reporter = Reporter::new(&mut sink, clock.as_ref());
            let run = Run {
                plan: &plan,
                log: &log,
                drivers: &drivers,
                kinds: &self.kinds,
                clock: clock.as_ref(),
                ids: self.ids.as_ref(),
                gone: &|_| killer_is_known,
                credentials: &Lasting,
                control,
                reporter,
            };
            apply(run).await
        };
        log.close("over").await.expect("it is ours");
        (report.outcome, failures)
    }

    /// A run that may be killed on its way. Answers whether it was struck.
    async fn struck(&self, desired: &Desired, mode: Mode) -> bool {
        tokio::select! {
            biased;
            () = self.fist.struck.notified() => {}
            _ = self.run(desired, mode, true) => {}
        }
        self.fist.fell.load(Ordering::SeqCst)
    }

    fn inventory(&self) -> Inventory {
        let mut found = Inventory::new();
        for thing in self.sandbox.sim().cloud().things() {
            *found.entry((thing.region, thing.kind.to_owned())).or_default() += 1;
        }
        found
    }
}

/// What is tried: how an account comes to where it is struck, and what is wanted then.
struct Case {
    name: &'static str,
    first: Option<Desired>,
    desired: Desired,
    mode: Mode,
}

/// So many points of each sort are tried, if somebody says: then of the whole of dev.
fn asked() -> Option<usize> {
    std::env::var("BBWS_CRASH_POINTS").ok().map(|text| text.parse().expect("a number"))
}

/// Dev with each option and some further resources: all of it, or every kind once with all that it stands on.
fn stack(whole_of_it: bool) -> (Desired, Desired) {
    let place = Place::new();
    let kinds = bbws_kinds::all();
    let read = |edits: &[(&str, &str)]| {
        let text = edited(&place.file("dev"), edits) + include_str!("drift/further.toml");
        let context = Context { kinds: &kinds, blueprint: &addresses, today: jiff::civil::date(2026, 11, 26), siblings: &[] };
        let environment = load("dev", &text, &context).unwrap_or_else(|wrong| panic!("{wrong}")).environment;
        blueprint(&environment, &kinds, &Published(BTreeMap::new())).unwrap_or_else(|_| panic!("something is not published"))
    };
    let options = [
        ("alb", "https = true"),
        ("network", "endpoints = [\"s3\"]"),
        ("network", "flow_logs = true"),
        ("dns.health_check", "enabled = true"),
        ("monitoring", "dashboard = true"),
    ];
    let whole = read(&options);
    let refers = |address: &Address| pointers(&whole.resources[address].spec).into_iter().map(|pointer| pointer.to);
    let mut chosen: BTreeSet<Address> = BTreeSet::new();
    let first_of = |kind: &str| whole.resources.keys().find(|address| address.kind() == kind).cloned();
    // A certificate refers to none of the records that prove it.
    let proves = |address: &&Address| address.kind() == "dns-record" && refers(address).any(|of| of.kind() == "certificate");
    let mut waiting: Vec<Address> = kinds.iter().filter_map(|kind| first_of(kind.name())).collect();
    waiting.extend(whole.resources.keys().filter(proves).cloned());
    while let Some(address) = waiting.pop() {
        if chosen.insert(address.clone()) {
            waiting.extend(refers(&address));
        }
    }
    let only = |mut desired: Desired| {
        desired.resources.retain(|address, _| whole_of_it || chosen.contains(address));
        let there = |to: &Address| desired.resources.contains_key(to);
        desired.outputs.retain(|_, value| pointers(value).iter().all(|pointer| there(&pointer.to)));
        assert!(!desired.outputs.is_empty(), "what is published is looked at too: {:?}", desired.outputs);
        desired
    };
    let changed = read(
        &[&options[..], &[("tags", "Purpose = \"trial\""), ("logs", "retention_days = 60"), ("rds", "class = \"db.t3.small\"")]].concat(),
    );
    (only(whole), only(changed))
}

/// Where a case begins: what is there first is made once, and each trial goes on from there.
async fn begun(case: &Case) -> Moment {
    let Some(first) = &case.first else { return Moment::default() };
    let bench = Bench::at(&Moment::default()).await;
    let (outcome, failures) = bench.run(first, Mode::Apply, true).await;
    assert_eq!(outcome, Outcome::Done, "{}: {failures}", case.name);
    bench.moment()
}

/// What a run that nothing befalls does: the operations of its calls, and how many writes.
async fn counted(case: &Case, from: &Moment) -> (Vec<String>, usize, Inventory) {
    let bench = Bench::at(from).await;
    bench.fist.aim(None);
    let (outcome, failures) = bench.run(&case.desired, case.mode, true).await;
    assert_eq!(outcome, Outcome::Done, "{}: {failures}", case.name);
    let (calls, writes) = (bench.fist.operations.lock().expect("nobody has panicked").clone(), bench.fist.writes.load(Ordering::SeqCst));
    (calls, writes, bench.inventory())
}

/// Strikes once, lets others go on, and says what is wrong then.
async fn trial(case: &Case, from: &Moment, blow: Blow, at: usize, whole: &Inventory) -> Result<(), String> {
    let bench = Bench::at(from).await;
    bench.fist.aim(Some((blow, at)));
    if !bench.struck(&case.desired, case.mode).await {
        return Err("nothing was struck: it has come to its end before".to_owned());
    }
    bench.fist.aim(None);
    if blow.is_twice() {
        bench.clock().sleep(Duration::from_secs(300)).await;
    }
    // A request that comes late is one of a machine that nobody hears of any more.
    let known = blow != Blow::LateCall;
    let mut told = String::new();
    for _ in 0..2 {
        let (outcome, failures) = bench.run(&case.desired, case.mode, known).await;
        told = failures;
        if outcome == Outcome::Done {
            break;
        }
    }
    let state = bench.state().await;
    let aws = Aws::new(Arc::new(bench.sandbox.clone()), REGION);
    let drivers = Arc::new(drivers(&aws));
    let left = bench.planned(&drivers, &state, &case.desired, case.mode).await;
    let mut found = bench.inventory();
    let mut whole = whole.clone();
    // A run takes a copy of its own before it changes a database, however young an earlier one's is. Each of them is recorded.
    let copies = (REGION.to_owned(), "db snapshot".to_owned());
    let (taken, due) = (found.remove(&copies).unwrap_or_default(), whole.remove(&copies).unwrap_or_default());
    let recorded = state.backups.len() + state.entries.keys().filter(|address| address.kind() == "db-snapshot").count();
    if taken < due || taken != recorded {
        return Err(format!("{taken} copies of data, {due} are due, {recorded} are recorded"));
    }
    let differing: Vec<String> = whole
        .keys()
        .chain(found.keys())
        .collect::<BTreeSet<_>>()
        .into_iter()
        .filter(|key| whole.get(*key) != found.get(*key))
        .map(|(region, kind)| {
            format!(
                "{kind} in {region}: {:?} instead of {:?}",
                found.get(&(region.clone(), kind.clone())),
                whole.get(&(region.clone(), kind.clone()))
            )
        })
        .collect();
    if !differing.is_empty() {
        return Err(format!("{}\n{told}", differing.join("; ")));
    }
    let wanted = if case.mode == Mode::Destroy { 0 } else { case.desired.resources.len() };
    if (state.entries.len(), state.open.len()) != (wanted, 0) {
        return Err(format!("{} entries, {} requests open\n{told}", state.entries.len(), state.open.len()));
    }
    if !left.is_empty() {
        let steps: Vec<String> = left.steps.iter().map(|step| format!("{} ({:?})", step.address, step.reason)).collect();
        return Err(format!("a plan is not empty: {}\n{told}", steps.join(", ")));
    }
    published(&bench.store.store, &state)
}

/// What others read is what the log adds up to.
fn published(store: &MemoryStore, state: &State) -> Result<(), String> {
    let all = store.all();
    let read = |key: &str| all.get(key).map(Vec::as_slice).unwrap_or_default();
    match wire::state::read(read(wire::state::KEY)) {
        Ok(there) if there == *state => {}
        other => return Err(format!("state.json is {:?}, the log ends at {}", other.map(|there| there.seq), state.seq)),
    }
    let outputs: BTreeMap<String, serde_json::Value> = serde_json::from_slice(read(log::OUTPUTS)).map_err(|error| error.to_string())?;
    if outputs == state.outputs { Ok(()) } else { Err(format!("{outputs:?} is published")) }
}

fn in_time_that_jumps<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime").block_on(future)
}

/// So many of `all` numbers, spread evenly.
fn spread(all: usize, many: usize) -> Vec<usize> {
    if many >= all { (0..all).collect() } else { (0..many).map(|n| n * all / many).collect() }
}

fn shown(case: &Case) {
    let many = asked().unwrap_or(POINTS);
    let began = std::time::Instant::now();
    let from = in_time_that_jumps(begun(case));
    let (calls, writes, whole) = in_time_that_jumps(counted(case, &from));
    let mut first: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, operation) in calls.iter().enumerate() {
        first.entry(operation).or_insert(at);
    }
    let points: BTreeSet<(usize, usize)> = (0..BLOWS.len())
        .flat_map(|nth| {
            let blow = BLOWS[nth];
            let mut at = spread(if blow.is_of_calls() { calls.len() } else { writes }, many);
            at.extend(first.values().filter(|_| blow.is_of_each_operation()));
            at.into_iter().map(move |at| (nth, at))
        })
        .collect();
    let points: Vec<(Blow, usize)> = points.into_iter().map(|(nth, at)| (BLOWS[nth], at)).collect();
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(vec![]));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, NonZero::get) {
            scope.spawn(|| {
                while let Some((blow, at)) = points.get(next.fetch_add(1, Ordering::SeqCst)) {
                    if let Err(why) = in_time_that_jumps(trial(case, &from, *blow, *at, &whole)) {
                        wrong.lock().expect("nobody has panicked").push(format!("{} {blow:?} {at}: {why}", case.name));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().expect("nobody has panicked");
    let twice = points.iter().filter(|(blow, _)| blow.is_twice()).count();
    println!(
        "crash points of {}: {} calls of {} operations and {writes} writes; {} points tried, {twice} of them requests that arrive \
         twice, {} failures, {:.0} s",
        case.name,
        calls.len(),
        first.len(),
        points.len(),
        wrong.len(),
        began.elapsed().as_secs_f64()
    );
    let told = serde_json::json!({"calls": calls.len(), "operations": first.len(), "writes": writes, "points": points.len(), "failures": wrong.len()});
    tally(case.name, &told);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_crash_point_of_apply_of_an_update_and_of_destroy_leaves_one_of_everything() {
    let (whole, changed) = stack(asked().is_some());
    let kinds: BTreeSet<&str> = whole.resources.keys().map(Address::kind).collect();
    println!("{} resources of {} kinds", whole.resources.len(), kinds.len());
    shown(&Case { name: "apply", first: None, desired: whole.clone(), mode: Mode::Apply });
    shown(&Case { name: "update", first: Some(whole.clone()), desired: changed, mode: Mode::Apply });
    shown(&Case { name: "destroy", first: Some(whole.clone()), desired: whole, mode: Mode::Destroy });
}

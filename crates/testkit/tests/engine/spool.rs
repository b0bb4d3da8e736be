//! A store that goes away while requests are on their way: what is learned meanwhile is on this machine, and used.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bbws_engine::log::{Unspooled, spooled, unspool};
use bbws_engine::{Boxed, Clock, Control, Log, LogError, PutOutcome, Report, Reporter, Run, Store, StoreError, apply, look_back};
use bbws_model::{Desired, Digest, Mode, Op, OpenIntent, Outcome, PhysicalId, Record, ResultOutcome, RunId, Spooled, State, wire};
use bbws_testkit::{Fault, Lasting, MemoryStore, Through, Trouble, Verb, Weather, Writes};
use serde_json::json;
use tokio::sync::watch;

use crate::bench::{Bench, wanted};

/// Whether the store can be reached.
#[derive(Clone, Default)]
struct Line(Arc<AtomicBool>);

impl Line {
    fn cut(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    fn mend(&self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

impl Writes for Line {
    fn create<'a>(&'a self, store: &'a MemoryStore, key: &'a str, bytes: &'a [u8]) -> Boxed<'a, Result<PutOutcome, StoreError>> {
        Box::pin(async move {
            if self.0.load(Ordering::SeqCst) {
                tokio::time::sleep(Duration::from_secs(1)).await;
                return Err(StoreError::Unknown { key: key.to_owned(), cause: "no route".into() });
            }
            store.create(key, bytes).await
        })
    }
}

/// A bench whose store can be cut off, with a spool on this machine.
struct Outage {
    bench: Bench,
    line: Line,
    spool: MemoryStore,
    /// Whether the spool can be written.
    disk: Line,
}

impl Outage {
    fn new() -> Self {
        Self { bench: Bench::new(), line: Line::default(), spool: MemoryStore::forgetful(), disk: Line::default() }
    }

    async fn open(&self) -> Log {
        let store = Through { store: self.bench.store.clone(), writes: self.line.clone() };
        let run = format!("run{}", bbws_engine::Ids::next(self.bench.ids.as_ref()));
        let (clock, ids) = (self.bench.clock.clone(), self.bench.ids.clone());
        let log = Log::open(Arc::new(store), clock, ids, Bench::opening(&run), &|_| true).await.unwrap();
        log.spooling(Arc::new(Through { store: self.spool.clone(), writes: self.disk.clone() }))
    }

    /// Runs as a command does, but for the spool, which is used first if `uses` says so.
    async fn run(&self, desired: &Desired, uses: bool) -> (Report, Log, Unspooled) {
        let bench = &self.bench;
        let log = self.open().await;
        let found = if uses { unspool(&log, &self.spool).await.unwrap() } else { Unspooled::default() };
        look_back(&log, &bench.drivers, &bench.kinds).await.unwrap();
        let plan = bench.plan_of(&log.state(State::clone), desired, Mode::Apply).await.unwrap();
        let mut tape = bench.tape.clone();
        let (_keep, control) = watch::channel(Control::Go);
        let run = Run {
            plan: &plan,
            log: &log,
            drivers: &bench.drivers,
            kinds: &bench.kinds,
            clock: bench.clock.as_ref(),
            ids: bench.ids.as_ref(),
            gone: &|_| false,
            credentials: &Lasting,
            control,
            reporter: Reporter::new(&mut tape, bench.clock.as_ref()),
        };
        let report = apply(run).await;
        (report, log, found)
    }

    /// The line is cut when the first request leaves, and mended so much later.
    fn cut_at_first_call(&self, mended: Option<Duration>) {
        let line = self.line.clone();
        self.bench.cloud.watch(move |_| {
            line.cut();
            if let Some(mended) = mended {
                let line = line.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(mended).await;
                    line.mend();
                });
            }
        });
    }

    /// What AWS has made is not shown for ten minutes: only the answer tells of it.
    fn hide_the_new(&self) {
        let weather = Weather { lag: Duration::from_secs(600), ..Weather::default() };
        self.bench.cloud.weather(7, weather, Trouble::default());
    }
}

fn one() -> Desired {
    wanted(&[("tag.a", json!({"colour": "green"}))])
}

async fn left(outage: &Outage) -> usize {
    spooled(&outage.spool).await.unwrap().len()
}

#[tokio::test(start_paused = true)]
async fn a_run_outlives_an_outage_and_leaves_no_spool() {
    let outage = Outage::new();
    outage.cut_at_first_call(Some(Duration::from_secs(300)));
    let seen = Arc::new(AtomicBool::default());
    let spools = seen.clone();
    outage.spool.watch(move |_, bytes| {
        if let Some(bytes) = bytes {
            spools.store(wire::spool::read(bytes).is_ok(), Ordering::SeqCst);
        }
    });
    let (report, log, _) = outage.run(&one(), false).await;
    assert_eq!((report.outcome, log.spooled()), (Outcome::Done, (0, None)), "{report:?}");
    assert!(seen.load(Ordering::SeqCst), "the answer was put down while the store was away");
    assert_eq!(left(&outage).await, 0, "the log has it now");
    let creates = outage.bench.cloud.calls().into_iter().filter(|call| call.verb == Verb::Create).count();
    assert_eq!((outage.bench.cloud.objects().len(), creates), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn what_became_of_a_request_is_known_to_the_next_run_without_a_look() {
    let outage = Outage::new();
    outage.hide_the_new();
    outage.cut_at_first_call(None);
    let (report, log, _) = outage.run(&one(), false).await;
    assert!(matches!(report.log, Some(LogError::Store(StoreError::Unknown { .. }))), "{report:?}");
    assert_eq!((report.outcome, log.spooled(), left(&outage).await), (Outcome::Failed, (1, None), 1));
    drop(log);
    outage.line.mend();
    outage.bench.cloud.watch(|_| {});
    assert_eq!(outage.bench.state().await.open.len(), 1, "the log holds the request as open");
    let (looks, began) = (outage.bench.cloud.observes(), outage.bench.clock.elapsed());
    let log = outage.open().await;
    let found = unspool(&log, &outage.spool).await.unwrap();
    assert_eq!((found, left(&outage).await), (Unspooled { settled: 1, aside: vec![] }, 0));
    let made = log.state(|state| (state.open.len(), state.entries.values().map(|entry| entry.id.clone()).collect::<Vec<_>>()));
    assert_eq!(made, (0, outage.bench.cloud.objects().into_keys().collect()));
    assert_eq!((outage.bench.cloud.observes(), outage.bench.clock.elapsed()), (looks, began), "nothing was looked at, nothing waited for");
    drop(log);
    let (report, _, _) = outage.run(&one(), true).await;
    assert_eq!((report.outcome, outage.bench.cloud.objects().len()), (Outcome::Done, 1), "{report:?}");
}

/// A disk that was full for a while: once all is put down nothing is told as lost.
#[tokio::test(start_paused = true)]
async fn what_could_not_be_put_down_at_first_is_put_down_later_and_not_told_as_lost() {
    for (mended, held) in [(Some(Duration::from_secs(20)), 1), (None, 0)] {
        let outage = Outage::new();
        outage.disk.cut();
        if let Some(mended) = mended {
            let disk = outage.disk.clone();
            tokio::spawn(async move {
                tokio::time::sleep(mended).await;
                disk.mend();
            });
        }
        outage.cut_at_first_call(None);
        let (_, log, _) = outage.run(&one(), false).await;
        let (kept, lost) = log.spooled();
        assert_eq!((kept, lost.is_none()), (held, mended.is_some()), "{lost:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_on_another_machine_gets_there_without_it_and_the_spool_is_used_up() {
    let outage = Outage::new();
    outage.cut_at_first_call(None);
    outage.run(&one(), false).await;
    outage.line.mend();
    outage.bench.cloud.watch(|_| {});
    let (report, log, _) = outage.run(&one(), false).await;
    assert_eq!((report.outcome, outage.bench.cloud.objects().len()), (Outcome::Done, 1));
    log.close("done").await.unwrap();
    let serial = log.state(|state| state.serial);
    let log = outage.open().await;
    assert_eq!((unspool(&log, &outage.spool).await.unwrap(), left(&outage).await), (Unspooled::default(), 0));
    assert_eq!(log.state(|state| state.serial), serial, "it told nothing new");
}

/// A spool that tells of an open request of this log, changed by `spoil`; and what came of it.
async fn judged(fault: Fault, spoil: impl FnOnce(&mut Spooled, &OpenIntent)) -> (Unspooled, State, Outage) {
    let outage = Outage::new();
    outage.bench.cloud.fault(0, fault);
    drop(tokio::time::timeout(Duration::from_secs(30), outage.run(&one(), false)).await);
    let state = outage.bench.state().await;
    let open = state.open.values().next().expect("a request is open").clone();
    assert!(matches!(open.intent.op, Op::Create { .. }));
    let slot = outage.bench.store.all()[&wire::log::key(open.seq)].clone();
    let outcome = ResultOutcome::Done { id: Some("1-tag".into()) };
    let mut spooled = Spooled {
        lineage: state.lineage.clone(),
        seq: open.seq,
        head: Digest::of(&slot),
        run: RunId("earlier".into()),
        at: state.at.unwrap(),
        results: vec![Record::Result { intent: open.intent.id.clone(), outcome, request_id: None }],
    };
    spoil(&mut spooled, &open);
    let key = wire::spool::key(&spooled.run, 0);
    outage.spool.create(&key, &wire::spool::write(&spooled).unwrap()).await.unwrap();
    let log = outage.open().await;
    let found = unspool(&log, &outage.spool).await.unwrap();
    (found, log.state(State::clone), outage)
}

#[tokio::test(start_paused = true)]
async fn a_spool_that_is_not_of_this_log_is_set_aside_and_nothing_of_it_is_believed() {
    type Spoil = fn(&mut Spooled, &OpenIntent);
    let spoils: [(&str, Spoil); 4] = [
        ("is of the state other", |spooled, _| spooled.lineage = "other".into()),
        ("the log was set back", |spooled, _| spooled.seq += 100),
        ("follows another slot", |spooled, _| spooled.head = Digest::of(b"another")),
        // An address cannot be made twice in one log.
        ("recorded twice", |spooled, open| {
            spooled
                .results
                .insert(0, Record::Result { intent: open.intent.id.clone(), outcome: ResultOutcome::Done { id: None }, request_id: None });
        }),
    ];
    for (why, spoil) in spoils {
        let (found, state, outage) = judged(Fault::HangsBefore, spoil).await;
        assert_eq!((found.settled, found.aside.len(), state.open.len()), (0, 1, 1), "{why}");
        let told = &found.aside[0].1;
        assert!(told.contains(why) || why == "recorded twice" && told.contains("no id is recorded"), "{why}: {told}");
        let kept: Vec<String> = outage.spool.all().into_keys().collect();
        assert_eq!(kept, [format!("{}{}", wire::spool::ASIDE, found.aside[0].0)], "{why}: it is there for a person");
        assert_eq!(left(&outage).await, 0, "{why}: the next run does not meet it again");
    }
}

#[tokio::test(start_paused = true)]
async fn a_torn_file_is_set_aside() {
    let outage = Outage::new();
    outage.spool.create("run1-000000.json", b"{\"format\":1,\"lin").await.unwrap();
    let log = outage.open().await;
    let found = unspool(&log, &outage.spool).await.unwrap();
    assert!(found.aside[0].1.contains("torn"), "{found:?}");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_ends_an_open_request_but_not_one_that_was_sent_again() {
    let refuse = |spooled: &mut Spooled, open: &OpenIntent| {
        let outcome = ResultOutcome::Refused { code: "Limit".into() };
        spooled.results = vec![Record::Result { intent: open.intent.id.clone(), outcome, request_id: None }];
    };
    let (found, state, outage) = judged(Fault::HangsBefore, refuse).await;
    assert_eq!((found.settled, state.open.len(), state.entries.len()), (1, 0, 0));
    assert_eq!(outage.bench.apply(&one(), Mode::Apply).await.outcome, Outcome::Done);
    assert_eq!(outage.bench.cloud.objects().len(), 1);
    // The same, after somebody has sent it again.
    let outage = Outage::new();
    let named = wanted(&[("name.a", json!({"name": "a"}))]);
    outage.bench.cloud.fault(0, Fault::HangsBefore);
    outage.bench.cloud.fault(1, Fault::HangsBefore);
    for _ in 0..2 {
        drop(tokio::time::timeout(Duration::from_secs(60), outage.run(&named, false)).await);
    }
    let state = outage.bench.state().await;
    let open = state.open.values().next().unwrap();
    assert!(open.repeated);
    let (seq, head) = (state.seq, state.head.clone());
    let mut spooled = Spooled { lineage: state.lineage.clone(), seq, head, run: RunId("r".into()), at: state.at.unwrap(), results: vec![] };
    refuse(&mut spooled, open);
    outage.spool.create("r-000000.json", &wire::spool::write(&spooled).unwrap()).await.unwrap();
    let log = outage.open().await;
    assert_eq!(unspool(&log, &outage.spool).await.unwrap(), Unspooled::default());
    assert_eq!(log.state(|state| state.open.len()), 1, "it may still arrive");
}

#[tokio::test(start_paused = true)]
async fn two_files_that_say_the_same_are_used_once() {
    let outage = Outage::new();
    outage.bench.cloud.fault(0, Fault::HangsAfter);
    drop(tokio::time::timeout(Duration::from_secs(30), outage.run(&one(), false)).await);
    let state = outage.bench.state().await;
    let open = state.open.values().next().expect("a request is open").clone();
    let made = Some(PhysicalId::from("1-tag"));
    // The first run has heard the answer. The second could not put that into the log, and has looked itself.
    for (run, outcome) in [("first", ResultOutcome::Done { id: made.clone() }), ("second", ResultOutcome::Settled { id: made.clone() })] {
        let results = vec![Record::Result { intent: open.intent.id.clone(), outcome, request_id: None }];
        let (seq, head) = (state.seq, state.head.clone());
        let spooled = Spooled { lineage: state.lineage.clone(), seq, head, run: RunId(run.into()), at: state.at.unwrap(), results };
        outage.spool.create(&format!("{run}-000000.json"), &wire::spool::write(&spooled).unwrap()).await.unwrap();
    }
    let log = outage.open().await;
    assert_eq!(unspool(&log, &outage.spool).await.unwrap(), Unspooled { settled: 1, aside: vec![] });
    assert_eq!(log.state(|state| (state.open.len(), state.entries.len())), (0, 1));
    assert_eq!(outage.spool.all().len(), 0);
}

/// It has taken the environment, and slept until another had taken it over, was cut off and was over: what that one left is not its
/// to judge.
#[tokio::test(start_paused = true)]
async fn a_run_that_wakes_up_late_leaves_the_spool_of_a_later_one() {
    let outage = Outage::new();
    let sleeper = outage.open().await;
    outage.bench.cloud.fault(0, Fault::HangsAfter);
    drop(tokio::time::timeout(Duration::from_secs(30), outage.run(&one(), false)).await);
    let state = outage.bench.state().await;
    let (seq, head, results) = (state.seq, state.head.clone(), vec![]);
    let spooled = Spooled { lineage: state.lineage.clone(), seq, head, run: RunId("later".into()), at: state.at.unwrap(), results };
    outage.spool.create("later-000000.json", &wire::spool::write(&spooled).unwrap()).await.unwrap();
    let woken = unspool(&sleeper, &outage.spool).await;
    assert!(matches!(woken, Err(LogError::Fenced { .. })), "{woken:?}");
    assert_eq!(outage.spool.all().into_keys().collect::<Vec<_>>(), ["later-000000.json"]);
}

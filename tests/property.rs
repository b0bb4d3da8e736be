//! No false alarm: random environment files are applied in the sandbox, and after each apply a plan is empty and nothing has
//! drifted. Every field that AWS changes in place is changed by some file at least once; what was not fails here.
//!
//! A file that fails is made as small as it still fails, and told with its seed. `BBWS_FILES` says how many files there are, `BBWS_SEED` runs one of them alone; 500 with `cargo xtask soak property`.

mod draw;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use bbws_aws::{Aws, drivers};
use bbws_cluster::{Context, Look, Published, addresses, blueprint, load, show};
use bbws_engine::planner::Sources;
use bbws_engine::{Ask, Clock, Control, Drivers, Log, Opening, Picture, Reporter, Run, apply, in_place_of, log, look_back, plan, refresh};
use bbws_model::{Account, Desired, Event, Kinds, Mode, Outcome, Plan, Reason, Scope, Stamped, State, Verb, World};
use bbws_operate::drift::{drift, gone};
use bbws_sandbox::Sandbox;
use bbws_testkit::{Lasting, MemoryStore, SeededIds, sample};
use tokio::sync::watch;

use self::draw::{Dice, Drawn, Template};

const ACCOUNT: &str = "536580886816";
const REGION: &str = "af-south-1";
/// How many files there are, where nobody says.
const FILES: u64 = 60;
/// So many smaller files are tried of one that fails.
const SMALLER: usize = 300;
const TEMPLATE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/property/environment.toml");
/// The fields of all kinds, and what becomes of each when it is changed.
const FIELDS: &str = include_str!("drift/fields.txt");

/// Fields that AWS changes in place and no file can, and why.
const EXEMPT: &[(&str, &str, &str)] = &[
    ("bucket", "public_access_blocked", "a file may not open a bucket"),
    ("db-instance", "storage_type", "a file may say gp3 only"),
    ("db-instance", "public", "a file may not make a database public"),
    ("distribution", "others", "what nobody can declare; it is only taken back"),
    ("cdn-function", "unpublished", "what nobody can declare; it is only taken back"),
    ("internet-gateway", "vpc", "a file moves it by a new gateway; only an attachment that is gone is put back in place"),
    ("load-balancer", "ip_address_type", "the other types need subnets with IPv6, which no kind gives"),
];

/// An account in the sandbox and a state, as one environment has them.
struct Bench {
    sandbox: Sandbox,
    store: MemoryStore,
    kinds: Kinds,
    ids: Arc<SeededIds>,
}

/// Fields that were changed in place, by kind.
type Changed = BTreeSet<(String, String)>;

impl Bench {
    fn new() -> Self {
        Self { sandbox: Sandbox::in_memory(ACCOUNT), store: MemoryStore::default(), kinds: bbws_kinds::all(), ids: Arc::default() }
    }

    fn desired(&self, text: &str) -> Result<Desired, String> {
        let context = Context { kinds: &self.kinds, blueprint: &addresses, today: jiff::civil::date(2026, 11, 26), siblings: &[] };
        let environment =
            load("dev", text, &context).map_err(|wrong| show(&wrong, Look { unicode: false, color: false, width: 120 }))?.environment;
        blueprint(&environment, &self.kinds, &Published(BTreeMap::new())).map_err(|_| "something is not published".to_owned())
    }

    async fn seen(&self, drivers: &Arc<Drivers>, state: &State, desired: &Desired) -> Result<(Plan, Picture), String> {
        let picture = refresh(drivers, &self.kinds, desired, state).await;
        let account: Account = ACCOUNT.parse().expect("an account");
        let ask = Ask {
            environment: "dev".into(),
            mode: Mode::Apply,
            scope: Scope::default(),
            account,
            region: REGION.into(),
            world: World::Sandbox,
            engine: "0".into(),
        };
        let made = plan(Sources { kinds: &self.kinds, desired, state, picture: &picture }, &ask);
        Ok((made.map_err(|wrong| format!("no plan: {wrong:#?}"))?, picture))
    }

    /// One run as a command has it, and a look afterwards: a plan must be empty, and nothing may have drifted.
    async fn applied(&self, desired: &Desired) -> Result<Changed, String> {
        let aws = Aws::new(Arc::new(self.sandbox.clone()), REGION);
        let clock: Arc<dyn Clock> = Arc::new(self.sandbox.sim().clock());
        let all = Arc::new(drivers(&aws));
        let owner = sample::owner(bbws_engine::Ids::next(self.ids.as_ref()));
        let account = ACCOUNT.parse().expect("an account");
        let opening =
            Opening { owner, world: World::Sandbox, account, region: REGION.to_owned(), mode: Mode::Apply, grounds: vec![], plan: None };
        let store = Arc::new(self.store.clone());
        let log = Log::open(store, clock.clone(), self.ids.clone(), opening, &|_| true).await.expect("it is free");
        aws.gate().open_while(log.lease());
        look_back(&log, &all, &self.kinds).await.expect("it can be read");
        let state = log.state(State::clone);
        let (made, _) = self.seen(&all, &state, desired).await?;
        let mut failures = String::new();
        let mut sink = |told: &Stamped| {
            if let Event::StepFailed { address, error, .. } = &told.event {
                failures += &format!("{address}: {error}\n");
            }
        };
        let (_keep, control) = watch::channel(Control::Go);
        let report = {
            let run = Run {
                plan: &made,
                log: &log,
                drivers: &all,
                kinds: &self.kinds,
                clock: clock.as_ref(),
                ids: self.ids.as_ref(),
                gone: &|_| true,
                credentials: &Lasting,
                control,
                reporter: Reporter::new(&mut sink, clock.as_ref()),
            };
            apply(run).await
        };
        log.close("over").await.expect("it is ours");
        if report.outcome != Outcome::Done {
            return Err(format!("{:?}: {failures}", report.outcome));
        }
        self.is_at_rest(&all, desired, clock.as_ref()).await?;
        Ok(changed(&made))
    }

    async fn is_at_rest(&self, all: &Arc<Drivers>, desired: &Desired, clock: &dyn Clock) -> Result<(), String> {
        let state = log::read(&self.store).await.expect("a sound log").expect("a state");
        let mut looks = 0;
        let (left, picture) = loop {
            let (left, picture) = self.seen(all, &state, desired).await?;
            // A database takes in what became of its parameter group by itself, and is not ready meanwhile.
            let settling =
                !left.is_empty() && left.steps.iter().all(|step| matches!(step.reason, Reason::Unfinished | Reason::Settling(_)));
            looks += 1;
            if !settling || looks > 100 {
                break (left, picture);
            }
            clock.sleep(std::time::Duration::from_secs(5)).await;
        };
        if !left.is_empty() {
            let steps: Vec<String> = left.steps.iter().map(|step| format!("{} ({:?})", step.address, step.reason)).collect();
            return Err(format!("a plan is not empty: {}", steps.join(", ")));
        }
        let instead = in_place_of(all, &state, &gone(&state, &picture)).await;
        let found = drift(&self.kinds, desired, &state, &picture, &instead);
        let quiet = found.is_none() && found.agreed.is_empty() && found.unsettled.is_empty() && found.edited.is_empty();
        if quiet { Ok(()) } else { Err(format!("drift: {found:#?}")) }
    }
}

/// The fields that a plan changes in place.
fn changed(plan: &Plan) -> Changed {
    let mut all = Changed::new();
    for step in &plan.steps {
        if let Reason::Changed(changes) = &step.reason {
            let in_place = changes.iter().filter(|change| matches!(change.verb, Verb::Update | Verb::WriteOnly));
            all.extend(in_place.map(|change| (step.address.kind().to_owned(), field(&change.field).to_owned())));
        }
    }
    all
}

/// The field of the spec that a path begins with.
fn field(path: &str) -> &str {
    path.split(['.', '[']).next().unwrap_or(path)
}

/// What came of one seed.
struct Failure {
    seed: u64,
    why: String,
    /// The file, where one without faults was drawn.
    drawn: Option<Drawn>,
}

/// One file: applied, edited, applied. Answers which fields were changed.
fn went(template: &Template<'_>, drawn: &Drawn) -> Result<Changed, String> {
    let bench = Bench::new();
    let [first, second] = template.texts(drawn).map(|text| bench.desired(&text).map_err(|why| format!("no file without faults: {why}")));
    let (first, second) = (first?, second?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime");
    runtime.block_on(async {
        bench.applied(&first).await.map_err(|why| format!("the first apply: {why}"))?;
        bench.applied(&second).await.map_err(|why| format!("the second apply: {why}"))
    })
}

/// The file of a seed: drawn anew where the one drawn is refused. Answers how often that was.
fn drawn(template: &Template<'_>, seed: u64) -> Result<(Drawn, usize), String> {
    let (mut dice, bench, mut refused) = (Dice::of(seed), Bench::new(), 0);
    let mut sound = |draw: &dyn Fn(&mut Dice) -> Drawn| loop {
        let drawn = draw(&mut dice);
        let [_, text] = template.texts(&drawn);
        match bench.desired(&text) {
            Ok(_) => return Ok(drawn),
            Err(why) if refused >= 19 => return Err(format!("no file without faults: {why}")),
            Err(_) => refused += 1,
        }
    };
    let first = sound(&|dice| template.chosen(dice))?;
    let edited = sound(&|dice| template.edited(dice, &first))?;
    Ok((edited, refused))
}

/// A failure for whoever is to mend it: how it is had again, and the smallest file that fails.
fn told(template: &Template<'_>, failure: Failure) -> String {
    let Failure { seed, why, drawn } = failure;
    let Some(drawn) = drawn else { return format!("BBWS_SEED={seed}: {why}") };
    let still = |smaller: &Drawn| match went(template, smaller) {
        // A file that is refused shows nothing.
        Err(why) if !why.starts_with("no file without faults") => Some(why),
        _ => None,
    };
    let (smallest, small) = drawn.shrunk(why.clone(), SMALLER, still);
    format!("BBWS_SEED={seed}: {why}\n\nThe smallest file found that fails: {small}\n\n{}", template.told(&smallest))
}

/// The fields that AWS changes in place, by kind.
fn mutable() -> Changed {
    let rows = FIELDS.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    rows.filter_map(|row| {
        let cells: Vec<&str> = row.split(" | ").map(str::trim).collect();
        let (kind, _) = cells[0].split_once('.').expect("an address");
        (cells[2] == "mended").then(|| (kind.to_owned(), cells[1].to_owned()))
    })
    .collect()
}

#[test]
fn after_any_apply_a_plan_is_empty_and_nothing_has_drifted() {
    let text = std::fs::read_to_string(TEMPLATE).expect("the template");
    let template = Template::of(&text);
    let seeds: Vec<u64> = match std::env::var("BBWS_SEED") {
        Ok(seed) => vec![seed.parse().expect("a number")],
        Err(_) => (0..std::env::var("BBWS_FILES").ok().map_or(FILES, |text| text.parse().expect("a number"))).collect(),
    };
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(vec![]));
    let reached: Mutex<BTreeMap<(String, String), usize>> = Mutex::default();
    let (redrawn, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, NonZero::get) {
            scope.spawn(|| {
                while let Some(&seed) = seeds.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let failed = |why, drawn| wrong.lock().expect("nobody has panicked").push(Failure { seed, why, drawn });
                    let (drawn, refused) = match drawn(&template, seed) {
                        Ok(drawn) => drawn,
                        Err(why) => {
                            failed(why, None);
                            continue;
                        }
                    };
                    redrawn.fetch_add(refused, Ordering::SeqCst);
                    match went(&template, &drawn) {
                        Ok(changed) => {
                            let mut reached = reached.lock().expect("nobody has panicked");
                            changed.into_iter().for_each(|field| *reached.entry(field).or_default() += 1);
                        }
                        Err(why) => failed(why, Some(drawn)),
                    }
                    let done = done.fetch_add(1, Ordering::SeqCst) + 1;
                    if done.is_multiple_of(KEPT_EVERY) {
                        let failures = wrong.lock().expect("nobody has panicked").len();
                        keep(done, seeds.len(), failures, &reached.lock().expect("nobody has panicked"));
                    }
                }
            });
        }
    });
    let (mut wrong, reached) = (wrong.into_inner().expect("nobody has panicked"), reached.into_inner().expect("nobody has panicked"));
    let (table, missed) = coverage(&reached);
    println!("{table}");
    println!("{} files, {} drawn anew, {} failures", seeds.len(), redrawn.into_inner(), wrong.len());
    keep(seeds.len(), seeds.len(), wrong.len(), &reached);
    if !wrong.is_empty() {
        // One is made small; the others may well be the same.
        wrong.sort_by_key(|failure| failure.seed);
        let others: Vec<String> = wrong.iter().skip(1).map(|failure| format!("BBWS_SEED={}: {}", failure.seed, failure.why)).collect();
        let first = told(&template, wrong.swap_remove(0));
        panic!("{first}\n\n{}", others.join("\n"));
    }
    let listed = mutable();
    let unlisted: Vec<_> = reached.keys().filter(|field| !listed.contains(*field)).collect();
    assert!(unlisted.is_empty(), "changed in place, and drift/fields.txt says otherwise: {unlisted:?}");
    if seeds.len() > 1 {
        assert!(missed.is_empty(), "no file changed {missed:#?}");
    }
}

/// After so many files it is kept what they have shown, for a soak that is interrupted.
const KEPT_EVERY: usize = 20;

/// Keeps it where a soak looks for it.
fn keep(files: usize, asked: usize, failures: usize, reached: &BTreeMap<(String, String), usize>) {
    let Ok(path) = std::env::var("BBWS_TALLY") else { return };
    let missed = coverage(reached).1;
    let told = serde_json::json!({
        "files": files, "files_asked_for": asked, "failures": failures, "fields": reached.len(), "missed": missed,
    });
    std::fs::write(path, serde_json::to_vec(&told).expect("JSON")).expect("a file");
}

/// The table of fields that files changed, by kind, and those that none did.
fn coverage(reached: &BTreeMap<(String, String), usize>) -> (String, Vec<String>) {
    let mut table = format!("{:<26}{:>8}{:>9}{:>9}  left out\n", "kind", "mutable", "changed", "changes");
    let (mut missed, mut all) = (vec![], [0; 3]);
    let listed = mutable();
    let kinds: BTreeSet<&String> = listed.iter().map(|(kind, _)| kind).collect();
    for kind in &kinds {
        let fields: Vec<&(String, String)> = listed.iter().filter(|(of, _)| of == *kind).collect();
        let times: usize = fields.iter().filter_map(|field| reached.get(*field)).sum();
        let exempt = |field: &str| EXEMPT.iter().find(|(of, name, _)| of == *kind && *name == field);
        let left: Vec<&str> = fields.iter().filter(|field| !reached.contains_key(**field)).map(|(_, field)| field.as_str()).collect();
        missed.extend(left.iter().filter(|field| exempt(field).is_none()).map(|field| format!("{kind}.{field}")));
        let told: Vec<String> = left
            .iter()
            .map(|field| exempt(field).map_or_else(|| format!("{field}: MISSED"), |(_, _, why)| format!("{field}: {why}")))
            .collect();
        all = [all[0] + fields.len(), all[1] + fields.len() - left.len(), all[2] + times];
        writeln!(table, "{kind:<26}{:>8}{:>9}{times:>9}  {}", fields.len(), fields.len() - left.len(), told.join("; ")).expect("text");
    }
    write!(table, "{:<26}{:>8}{:>9}{:>9}", format!("{} kinds", kinds.len()), all[0], all[1], all[2]).expect("text");
    (table, missed)
}

//! The blueprints made in simulated time; each run is told as one line: its events, what came after what, and how long the
//! cloud took for each. What follows from that is worked out elsewhere, by `xtask/critical_path.py`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bbws_cluster::{Context, Published, Sibling, addresses, blueprint, load};
use bbws_engine::planner::Sources;
use bbws_engine::{Ask, Control, Log, Opening, Reporter, Run, Store, apply, plan, refresh};
use bbws_model::{Account, Desired, Event, Kinds, Mode, Outcome, Owner, Plan, RunId, Scope, Stamped, Until, World};
use bbws_testkit::{JumpClock, Lasting, MemoryStore, SeededIds, Tape};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::drawn::{Cloud, Draw};

const SHIPPED: [(&str, &str); 3] = [
    ("dev", include_str!("../../../../environments/dev.toml")),
    ("sit", include_str!("../../../../environments/sit.toml")),
    ("prod", include_str!("../../../../environments/prod.toml")),
];

/// All that a shipped environment wants.
fn desired(name: &str, kinds: &Kinds) -> Desired {
    let siblings: Vec<Sibling> = SHIPPED.iter().map(|(name, text)| Sibling::read(name, text)).collect();
    let context = Context { kinds, blueprint: &addresses, today: "2026-11-24".parse().unwrap(), siblings: &siblings };
    let text = SHIPPED.iter().find(|(known, _)| *known == name).unwrap().1;
    let servers = |label: &str| {
        let servers = json!(["ns-1.awsdns-01.org", "ns-2.awsdns-02.org", "ns-3.awsdns-03.org", "ns-4.awsdns-04.org"]);
        BTreeMap::from([(format!("route53_{label}_nameservers"), servers)])
    };
    let published = Published(BTreeMap::from([("dev".to_owned(), servers("wpdev")), ("sit".to_owned(), servers("wpsit"))]));
    let mut desired = blueprint(&load(name, text, &context).unwrap().environment, kinds, &published).unwrap();
    // Nothing is there before.
    desired.resources.values_mut().for_each(|wanted| wanted.existing = false);
    desired
}

pub(crate) fn opening(account: &Account) -> Opening {
    let owner = Owner {
        run: RunId("bench".into()),
        user: "bench".into(),
        host: "bench".into(),
        boot_id: "boot".into(),
        pid_namespace: "1".into(),
        pid: 1,
        pid_start: 1,
        command: "bench".into(),
        ci: None,
        version: "0".into(),
    };
    Opening {
        owner,
        world: World::Sandbox,
        account: account.clone(),
        region: "af-south-1".into(),
        mode: Mode::Apply,
        plan: None,
        grounds: vec![],
    }
}

/// A run that made an environment from nothing.
pub(crate) struct Made {
    /// What it is told as.
    line: Value,
    /// How many slots it wrote, the one that closes it aside.
    pub(crate) slots: u64,
    /// How long it took.
    pub(crate) took: Duration,
}

/// Makes an environment from nothing, with its log in this store.
pub(crate) async fn made(name: &str, kinds: &Arc<Kinds>, draw: Draw, store: Arc<dyn Store>) -> Made {
    let account: Account = "536580886816".parse().unwrap();
    let (cloud, desired) = (Cloud::new(draw), desired(name, kinds));
    let (drivers, clock, ids) = (Arc::new(cloud.drivers(kinds)), Arc::new(JumpClock::new()), Arc::new(SeededIds::default()));
    let log = Log::open(store, clock.clone(), ids.clone(), opening(&account), &|_| true).await.unwrap();
    let state = log.state(Clone::clone);
    let picture = refresh(&drivers, kinds, &desired, &state).await;
    let ask = Ask {
        environment: name.into(),
        mode: Mode::Apply,
        scope: Scope::default(),
        account,
        region: "af-south-1".into(),
        world: World::Sandbox,
        engine: "0".into(),
    };
    let plan = plan(Sources { kinds, desired: &desired, state: &state, picture: &picture }, &ask).unwrap();
    let (tape, (_keep, control)) = (Tape::default(), watch::channel(Control::Go));
    let mut sink = tape.clone();
    let reporter = Reporter::new(&mut sink, clock.as_ref());
    let run = Run {
        plan: &plan,
        log: &log,
        drivers: &drivers,
        kinds,
        clock: clock.as_ref(),
        ids: ids.as_ref(),
        gone: &|_| false,
        credentials: &Lasting,
        control,
        reporter,
    };
    let report = apply(run).await;
    assert_eq!(report.outcome, Outcome::Done, "{:#?}", report.failed);
    let slots = log.state(|state| state.seq);
    log.close("done").await.unwrap();
    Made { line: told(name, &plan, kinds, &tape.all(), &cloud), slots, took: report.took }
}

/// The line of a run, in seconds.
fn told(name: &str, plan: &Plan, kinds: &Kinds, events: &[Stamped], cloud: &Cloud) -> Value {
    let took = cloud.took.lock().unwrap();
    let steps = plan.steps.iter().map(|step| {
        let (answered, ready) = took[&step.address.to_string()];
        let after = step.after.iter().map(|after| {
            let first = &plan.steps[after.step.0].address;
            let facts = kinds.get(first.kind()).unwrap().outputs();
            let early = |output: &String| facts.iter().any(|f| f.name == output && f.known == bbws_model::Known::Created);
            let until = if matches!(&after.until, Until::Known(output) if early(output)) { "answered" } else { "ready" };
            json!({"step": after.step, "until": until})
        });
        json!({
            "step": step.id,
            "address": step.address,
            "after": after.collect::<Vec<_>>(),
            "answered": answered.as_secs_f64(),
            "ready": ready.as_secs_f64(),
        })
    });
    let events = events.iter().filter_map(|stamped| {
        let (event, step) = match &stamped.event {
            Event::StepStarted { step, .. } => ("started", step),
            Event::StepFinished { step, .. } => ("finished", step),
            _ => return None,
        };
        Some(json!({"event": event, "step": step, "at": stamped.elapsed.as_secs_f64()}))
    });
    json!({"environment": name, "steps": steps.collect::<Vec<_>>(), "events": events.collect::<Vec<_>>()})
}

pub(crate) fn in_time_that_jumps<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(future)
}

/// One line for each environment as its kinds expect it to go, then one for each seed, drawn ± 50 % around that.
pub(crate) fn lines(seeds: u64, mut tell: impl FnMut(&Value)) {
    let kinds = Arc::new(bbws_kinds::all());
    for (name, _) in SHIPPED {
        let mut exact = in_time_that_jumps(made(name, &kinds, Box::new(|| 1.0), Arc::new(MemoryStore::default()))).line;
        exact["seed"] = Value::Null;
        tell(&exact);
        for seed in 0..seeds {
            let mut random = ChaCha8Rng::seed_from_u64(seed);
            let mut drawn =
                in_time_that_jumps(made(name, &kinds, Box::new(move || random.random_range(0.5..1.5)), Arc::new(MemoryStore::default())))
                    .line;
            drawn["seed"] = json!(seed);
            tell(&drawn);
        }
    }
}

//! One run, as the command does it: takes the environment, settles, plans, applies, gives it back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bbws_engine::{Clock, Control, Drivers, Log, LogError, Reporter, Run, Store, apply, settle};
use bbws_model::{Desired, Mode, Outcome, Owner, RunId, State};
use tokio::sync::watch;

use super::Sim;
use super::lies::{Hasty, Lie};
use crate::bench::Bench;

/// On which host a run is, and which runs are known to be dead there.
#[derive(Debug, Clone, Default)]
pub(super) struct Hosts(Arc<Mutex<BTreeMap<RunId, Fate>>>);

#[derive(Debug, Clone)]
struct Fate {
    host: usize,
    dead: bool,
}

impl Hosts {
    fn of<T>(&self, look: impl FnOnce(&mut BTreeMap<RunId, Fate>) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn started(&self, run: RunId, host: usize) {
        self.of(|all| all.insert(run, Fate { host, dead: false }));
    }

    /// The run's process is gone, as its host can tell.
    pub(super) fn ended(&self, run: &RunId) {
        self.of(|all| {
            if let Some(fate) = all.get_mut(run) {
                fate.dead = true;
            }
        });
    }

    fn knows_dead(&self, host: usize, owner: &Owner) -> bool {
        self.of(|all| all.get(&owner.run).is_some_and(|fate| fate.dead && fate.host == host))
    }
}

/// How a run ended that was not killed.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Ended {
    /// With its wish fulfilled or not.
    Over(Outcome),
    /// Somebody else holds the environment.
    Held,
    /// It did not come to apply anything.
    Refused(String),
}

/// The parts of one process.
pub(super) struct Process {
    pub(super) sim: Arc<Sim>,
    pub(super) number: usize,
    pub(super) host: usize,
    pub(super) store: Arc<dyn Store>,
    pub(super) drivers: Arc<Drivers>,
    pub(super) clock: Arc<dyn Clock>,
    /// When somebody interrupts it, and how.
    pub(super) interrupted: Option<(Duration, Control)>,
}

impl Process {
    /// The run's id.
    pub(super) fn run_id(number: usize) -> RunId {
        RunId(format!("run{number}"))
    }

    /// Runs, as the command does.
    pub(super) async fn run(self, desired: Arc<Desired>, mode: Mode) -> Ended {
        self.sim.hosts.started(Self::run_id(self.number), self.host);
        let (tell, control) = watch::channel(Control::Go);
        let interrupted = async {
            if let Some((after, how)) = self.interrupted {
                tokio::time::sleep(after).await;
                tell.send_replace(how);
            }
            std::future::pending::<()>().await;
        };
        tokio::select! {
            biased;
            ended = self.uninterrupted(&desired, mode, control) => ended,
            () = interrupted => Ended::Over(Outcome::Stopped),
        }
    }

    async fn uninterrupted(&self, desired: &Desired, mode: Mode, control: watch::Receiver<Control>) -> Ended {
        let mut opening = Bench::opening(&Self::run_id(self.number).0);
        opening.owner.host = format!("host{}", self.host);
        opening.mode = mode;
        let is_dead = |owner: &Owner| self.sim.hosts.knows_dead(self.host, owner);
        let log = match Log::open(self.store.clone(), self.clock.clone(), self.sim.ids.clone(), opening, &is_dead).await {
            Ok(log) => log,
            Err(LogError::Held(_)) => return Ended::Held,
            Err(LogError::Fenced { .. }) => return Ended::Over(Outcome::Fenced),
            Err(error) => return Ended::Refused(error.to_string()),
        };
        let hasty = Hasty(self.clock.clone(), Mutex::default());
        let clock = if self.sim.lie == Some(Lie::NoDrain) { &hasty } else { self.clock.as_ref() };
        let settled = settle(&log, &self.drivers, &self.sim.kinds, clock, control.clone()).await;
        if let Err(failure) = settled {
            drop(log.close("failed").await);
            return Ended::Refused(format!("{failure:?}"));
        }
        let state = log.state(State::clone);
        let plan = match self.sim.plan_with(&self.drivers, &state, desired, mode).await {
            Ok(plan) => plan,
            Err(wrong) => {
                drop(log.close("failed").await);
                return Ended::Refused(format!("{wrong:?}"));
            }
        };
        self.sim.oracle.approved(log.run(), &plan);
        let mut nobody = |_: &bbws_model::Stamped| {};
        let reporter = Reporter::new(&mut nobody, self.clock.as_ref());
        let run = Run {
            plan: &plan,
            log: &log,
            drivers: &self.drivers,
            kinds: &self.sim.kinds,
            clock: self.clock.as_ref(),
            ids: self.sim.ids.as_ref(),
            control,
            reporter,
        };
        let early = async {
            if self.sim.lie == Some(Lie::ClosesEarly) {
                tokio::time::sleep(Duration::from_millis(100)).await;
                drop(log.close("early").await);
            }
        };
        let (report, ()) = tokio::join!(apply(run), early);
        if report.outcome != Outcome::Fenced {
            drop(log.close("over").await);
        }
        Ended::Over(report.outcome)
    }
}

/// The addresses that a plan was asked to leave alone: none.
pub(super) fn nothing() -> BTreeSet<bbws_model::Address> {
    BTreeSet::new()
}

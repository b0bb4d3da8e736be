//! One run, as the command does it: takes the environment, settles, plans, applies, gives it back.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bbws_engine::log::{Unspooled, unspool};
use bbws_engine::{Clock, Control, Drivers, Held, Lease, Log, LogError, Reporter, Run, Store, apply, look_back, stands_still};
use bbws_model::{Class, CloudError, Desired, Mode, Outcome, Owner, RunId, State};
use tokio::sync::watch;

use super::Sim;
use super::lies::{Hasty, Lie};
use super::oracle::Violation;
use crate::bench::Bench;

/// On which host a run is, and which runs are known to be dead there.
#[derive(Debug, Clone, Default)]
pub(super) struct Hosts(Arc<Mutex<BTreeMap<RunId, Fate>>>);

#[derive(Debug, Clone)]
struct Fate {
    host: usize,
    dead: bool,
    /// Its host is lost with it: nobody can tell.
    lost: bool,
}

/// What a host knows of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    Lives,
    Gone,
    /// It ran elsewhere: only the log can tell.
    Nothing,
}

impl Hosts {
    fn of<T>(&self, look: impl FnOnce(&mut BTreeMap<RunId, Fate>) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn started(&self, run: RunId, host: usize) {
        self.of(|all| all.insert(run, Fate { host, dead: false, lost: false }));
    }

    /// The run's process is gone, as its host can tell.
    pub(super) fn ended(&self, run: &RunId) {
        self.of(|all| {
            if let Some(fate) = all.get_mut(run) {
                fate.dead = true;
            }
        });
    }

    /// Whether the run's process is gone, and its machine lives: nothing of it is on its way for long.
    pub(super) fn is_gone(&self, run: &RunId) -> bool {
        self.of(|all| all.get(run).is_some_and(|fate| fate.dead && !fate.lost))
    }

    /// The run's host is gone with it: which.
    pub(super) fn lost(&self, run: &RunId) -> Option<usize> {
        self.of(|all| {
            let fate = all.get_mut(run)?;
            fate.lost = true;
            Some(fate.host)
        })
    }

    fn known(&self, host: usize, owner: &Owner) -> Known {
        self.of(|all| match all.get(&owner.run) {
            Some(fate) if fate.host == host && !fate.lost => {
                if fate.dead {
                    Known::Gone
                } else {
                    Known::Lives
                }
            }
            _ => Known::Nothing,
        })
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

/// The lease of a process, once it has one.
#[derive(Debug, Clone, Default)]
pub(super) struct Leased(Arc<Mutex<Option<Lease>>>);

impl Leased {
    fn set(&self, lease: Lease) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(lease);
    }

    /// Whether a request may leave: what the guard of the real drivers asks too.
    pub(super) fn may_send(&self) -> Result<(), CloudError> {
        let lease = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let withheld = |why: String| CloudError::own("toy", Class::Withheld, why);
        lease.as_ref().map_or(Err(withheld("no lease yet".into())), |lease| lease.holds().map_err(|why| withheld(why.to_string())))
    }
}

/// The parts of one process.
pub(super) struct Process {
    pub(super) sim: Arc<Sim>,
    pub(super) number: usize,
    pub(super) host: usize,
    pub(super) store: Arc<dyn Store>,
    pub(super) drivers: Arc<Drivers>,
    pub(super) clock: Arc<dyn Clock>,
    /// What its gate asks.
    pub(super) lease: Leased,
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

    /// What its host knows of a run.
    fn known(&self, owner: &Owner) -> Known {
        if self.sim.lie == Some(Lie::BuriesTheLiving) { Known::Gone } else { self.sim.hosts.known(self.host, owner) }
    }

    /// Takes the environment, from a run too that is known to be gone, or is seen to stand still.
    async fn open(&self, opening: bbws_engine::Opening) -> Result<Log, LogError> {
        let open = async |may_take: &(dyn Fn(&Held) -> bool + Sync)| {
            Log::open(self.store.clone(), self.clock.clone(), self.sim.ids.clone(), opening.clone(), may_take).await
        };
        let known = |held: &Held| self.known(&held.owner);
        match open(&|held| known(held) == Known::Gone).await {
            Err(LogError::Held(held)) if known(&held) == Known::Nothing => {
                if !stands_still(self.store.as_ref(), self.clock.as_ref(), held.seq).await? {
                    return Err(LogError::Held(held));
                }
                open(&|now| now.seq == held.seq).await
            }
            opened => opened,
        }
    }

    async fn uninterrupted(&self, desired: &Desired, mode: Mode, control: watch::Receiver<Control>) -> Ended {
        let mut opening = Bench::opening(&Self::run_id(self.number).0);
        opening.owner.host = format!("host{}", self.host);
        opening.mode = mode;
        let spool = &self.sim.spools[self.host];
        let log = match self.open(opening).await {
            Ok(log) => log.spooling(Arc::new(spool.clone())),
            Err(LogError::Held(_)) => return Ended::Held,
            Err(LogError::Fenced { .. }) => return Ended::Over(Outcome::Fenced),
            Err(error) => return Ended::Refused(error.to_string()),
        };
        self.lease.set(log.lease());
        match unspool(&log, spool).await {
            Ok(found) => self.judge_spool(&found),
            Err(error) => {
                drop(log.close("failed").await);
                return Ended::Refused(error.to_string());
            }
        }
        if let Err(failure) = look_back(&log, &self.drivers, &self.sim.kinds).await {
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
        let hasty = Hasty(self.clock.clone(), Mutex::default());
        let clock = if self.sim.lie == Some(Lie::NoDrain) { &hasty } else { self.clock.as_ref() };
        let mut nobody = |_: &bbws_model::Stamped| {};
        let reporter = Reporter::new(&mut nobody, self.clock.as_ref());
        let run = Run {
            plan: &plan,
            log: &log,
            drivers: &self.drivers,
            kinds: &self.sim.kinds,
            clock,
            ids: self.sim.ids.as_ref(),
            gone: &|owner| self.known(owner) == Known::Gone,
            credentials: &bbws_testkit::Lasting,
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

impl Process {
    /// A log that nobody sets back fits every spool, unless the slot that it follows was collected meanwhile: what it knows is
    /// then found out anew.
    fn judge_spool(&self, found: &Unspooled) {
        for _ in 0..found.settled {
            self.sim.trouble.count("settled by the spool");
        }
        if found.aside.iter().any(|(_, why)| why.ends_with("no longer in the log")) {
            self.sim.trouble.count("spools older than the log");
            return;
        }
        if let (None, Some((_, why))) = (self.sim.lie, found.aside.first()) {
            self.sim.oracle.note(Violation { invariant: "spool", told: why.clone() });
        }
    }
}

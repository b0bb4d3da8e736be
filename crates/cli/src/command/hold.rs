//! Taking an environment, so that nobody else changes it, and giving it back.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bbws_engine::log::{LastHeld, OUTPUTS, last_held, late};
use bbws_engine::{Clock, Held, Ids, Log, LogError, Opening, StoreError, stands_still};
use bbws_model::{Mode, Plan, Record, RunId, State};
use bbws_render::ErrorId;
use futures::future::{Either, select};

use crate::cloud::Link;
use crate::ids::Ulids;
use crate::session::{Offline, Session};
use crate::ui::Ui;
use crate::{Exit, Failure, SystemClock, owner, plan_file};

/// For how long a run that was told to stop tries to close its log. The next one takes it over if it comes to that.
const CLOSING: Duration = Duration::from_secs(5);

/// What this machine knows of the run that holds an environment.
enum Holder {
    /// Its process lives.
    Lives,
    /// Its process is gone.
    Gone,
    /// It ran elsewhere: only the log can tell.
    Elsewhere,
}

fn known(held: &Held) -> Holder {
    match owner::lives(&held.owner) {
        Some(true) => Holder::Lives,
        Some(false) => Holder::Gone,
        None => Holder::Elsewhere,
    }
}

/// The run that holds an environment, unless it is known to be gone: what it does just now shows in every look.
pub(crate) fn at_work(state: &State) -> Option<Held> {
    Held::of(state).filter(|held| !matches!(known(held), Holder::Gone))
}

/// That an environment was free, as [`free`] has seen it. Only [`free`] makes one that takes anything from a run elsewhere: a
/// state that was read since, with a holder in it that nobody has watched, frees nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Free {
    /// The newest slot of a run elsewhere whose log has stood still for a minute.
    stood_still_at: Option<u64>,
}

impl Free {
    /// Whether the environment may be taken from who holds it: a run whose process is gone, or one elsewhere that was watched
    /// and has not written since.
    fn may_take(self, held: &Held) -> bool {
        match known(held) {
            Holder::Gone => true,
            Holder::Lives => false,
            Holder::Elsewhere => self.stood_still_at == Some(held.seq),
        }
    }
}

/// Sees that nobody holds the environment who may still be at work. The log of a run elsewhere is watched for a minute: it
/// moves if that run lives.
///
/// # Errors
/// When another run holds it.
pub(crate) async fn free<L: Link>(ui: &mut Ui, session: &Session<L>, state: &State) -> Result<Free, Failure> {
    let Some(held) = Held::of(state) else { return Ok(Free::default()) };
    free_of(ui, &session.offline, session.link.clock().as_ref(), held).await
}

/// The same of a log that does not add up: by whoever wrote in it last.
///
/// # Errors
/// When that run may still be at work.
pub(crate) async fn stopped(ui: &mut Ui, offline: &Offline, clock: &dyn Clock) -> Result<(), Failure> {
    match last_held(offline.store.as_ref()).await.map_err(|error| offline.log_failure(&error))? {
        LastHeld::By(held) => free_of(ui, offline, clock, *held).await.map(drop),
        LastHeld::Unknown { seq } => {
            let name = &offline.environment.name;
            ui.remark(format!(
                "The newest slots of {name} do not tell who holds it. Watching for up to a minute whether anybody is at work."
            ));
            if stands_still(offline.store.as_ref(), clock, seq).await.map_err(|error| offline.log_failure(&error))? {
                return Ok(());
            }
            Err(Failure::new(Exit::Locked, format!("another run is at work in {name}"))
                .of(ErrorId::Locked)
                .because("its log has moved while it was watched; who that is cannot be told, because the slots that say it cannot be read")
                .advise("wait until that run has ended; nothing was changed"))
        }
        LastHeld::Nobody => Ok(()),
    }
}

async fn free_of(ui: &mut Ui, offline: &Offline, clock: &dyn Clock, held: Held) -> Result<Free, Failure> {
    let locked = |held: Held| offline.log_failure(&LogError::Held(Box::new(held)));
    match known(&held) {
        Holder::Gone => Ok(Free::default()),
        Holder::Lives => Err(locked(held)),
        Holder::Elsewhere => {
            let who = &held.owner;
            ui.remark(format!(
                "{} is held by a run of {} on {} ({}). Watching for up to a minute whether it still lives.",
                offline.environment.name, who.user, who.host, who.command
            ));
            let still = stands_still(offline.store.as_ref(), clock, held.seq).await.map_err(|e| offline.log_failure(&e))?;
            if !still {
                // It may have given it back meanwhile.
                let now = offline.state().await?;
                return now.as_ref().and_then(Held::of).map_or(Ok(Free::default()), |held| Err(locked(held)));
            }
            ui.remark("It has not written anything for a minute: it has stopped, and this run takes over.");
            Ok(Free { stood_still_at: Some(held.seq) })
        }
    }
}

/// Why no plan could be made: where another run has begun meanwhile, what it makes looks like somebody else's, and that it is at
/// work is the reason.
pub(crate) async fn or_held<L: Link>(session: &Session<L>, state: &State, failure: Failure) -> Failure {
    match session.offline.state().await {
        Ok(Some(now)) if now.seq != state.seq => {
            Held::of(&now).map_or(failure, |held| session.offline.log_failure(&LogError::Held(Box::new(held))))
        }
        Ok(_) | Err(_) => failure,
    }
}

/// Takes the environment: nobody else changes it until the log is closed. One that is held is taken from a run whose process
/// is gone, or that was seen to stand still ([`free`]); that run can write nothing from then on. `grounds` say what allows the
/// run, where that has to be recorded.
///
/// # Errors
/// When another run holds it, or has changed it since `state` was read.
pub(crate) async fn take<L: Link>(
    session: &Session<L>,
    mode: Mode,
    (state, free): (&State, Free),
    plan: Option<&Plan>,
    grounds: Vec<Record>,
) -> Result<Log, Failure> {
    let log = open(session, mode, plan, grounds, &|held| free.may_take(held)).await?;
    // That others have taken it and given it back is no change by itself.
    let moved = log.state(|now| now.serial != state.serial || !now.open.keys().eq(state.open.keys()));
    if moved {
        give_back(&log, "stopped").await;
        let name = &session.offline.environment.name;
        return Err(Failure::error(ErrorId::Moved, format!("the state of {name} has changed since the plan was made"))
            .because("another run came in between; what it did is not in the plan")
            .advise(format!("look at the new plan: bbws plan {name}{}", session.offline.flag())));
    }
    Ok(log)
}

/// The same, whatever others have done since: for what rests on no plan.
///
/// # Errors
/// When another run holds it.
pub(crate) async fn claim<L: Link>(session: &Session<L>, mode: Mode, free: Free) -> Result<Log, Failure> {
    open(session, mode, None, vec![], &|held| free.may_take(held)).await
}

/// Takes an environment for the care of its store alone: nothing of the account is asked, so the place is the recorded one.
///
/// # Errors
/// When another run holds it, or the store fails.
pub(crate) async fn take_recorded(ui: &mut Ui, offline: &Offline, state: &State) -> Result<Log, Failure> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    let free = match Held::of(state) {
        Some(held) => free_of(ui, offline, clock.as_ref(), held).await?,
        None => Free::default(),
    };
    let (Some(world), Some(account), Some(region)) = (state.world.clone(), state.account.clone(), state.region.clone()) else {
        let name = &offline.environment.name;
        return Err(Failure::error(ErrorId::State, format!("the state of {name} does not say where it belongs")));
    };
    let ids = Ulids::new()?;
    offline.home.prepare(&offline.environment.name)?;
    let owner = owner::this_process(RunId(ids.next()), command_line());
    let opening = Opening { owner, world, account, region, mode: Mode::Apply, plan: None, grounds: vec![] };
    let opened = Log::open(offline.store.clone(), clock, Arc::new(ids), opening, &|held| free.may_take(held)).await;
    opened.map_err(|error| offline.log_failure(&error))
}

fn command_line() -> String {
    std::env::args().collect::<Vec<_>>().join(" ")
}

/// Opens the log, where `may_take` allows it from its holder.
///
/// # Errors
/// When another run holds it, or the store fails.
pub(crate) async fn open<L: Link>(
    session: &Session<L>,
    mode: Mode,
    plan: Option<&Plan>,
    grounds: Vec<Record>,
    may_take: &(dyn Fn(&Held) -> bool + Sync),
) -> Result<Log, Failure> {
    let offline = &session.offline;
    offline.home.prepare(&offline.environment.name)?;
    let opening = Opening { grounds, ..opening(session, mode, plan) };
    let opened = Log::open(offline.store.clone(), session.link.clock(), session.ids.clone(), opening, may_take).await;
    opened.map(|log| log.spooling(Arc::new(offline.spool.clone()))).map_err(|e| offline.log_failure(&e))
}

/// A new run of this process.
pub(crate) fn opening<L: Link>(session: &Session<L>, mode: Mode, plan: Option<&Plan>) -> Opening {
    Opening {
        owner: owner::this_process(RunId(session.ids.next()), command_line()),
        world: session.world(),
        account: session.caller.account.clone(),
        region: session.offline.environment.region.clone(),
        mode,
        plan: plan.map(plan_file::digest),
        grounds: vec![],
    }
}

/// Gives the environment back. That it failed is told where nothing worse is.
pub(crate) async fn give_back(log: &Log, outcome: &str) -> Option<LogError> {
    log.close(outcome).await.err()
}

/// Gives it back after something was done that is no run: answers what that came to.
///
/// # Errors
/// When that failed, or else the giving back.
pub(crate) async fn give_back_after<T>(ui: &mut Ui, offline: &Offline, log: &Log, done: Result<T, LogError>) -> Result<T, Failure> {
    let closed = give_back(log, if done.is_ok() { "done" } else { "failed" }).await;
    tell_unpublished(ui, offline, log);
    match (done, closed) {
        (Ok(done), None) => Ok(done),
        (Err(error), _) | (Ok(_), Some(error)) => Err(offline.log_failure(&error)),
    }
}

/// Tells where what is derived from the log could not be written. Nothing is lost by that, and no run has failed.
pub(crate) fn tell_unpublished(ui: &mut Ui, offline: &Offline, log: &Log) {
    if let Some(error) = log.unpublished() {
        let (name, flag) = (&offline.environment.name, offline.flag());
        ui.remark(format!(
            "All is recorded, but {OUTPUTS} and state.json could not be written ({error}): others may read older outputs of {name}. \
             They are written by the next apply, or at once: bbws state verify {name} --mend{flag}"
        ));
    }
}

/// Where a plan has nothing to do: gives an environment back that an interrupted run has left held, and writes what is derived
/// from the log where a run could not.
///
/// # Errors
/// When the store fails.
pub(crate) async fn tidy<L: Link>(ui: &mut Ui, session: &Session<L>, (state, free): (&State, Free)) -> Result<(), Failure> {
    let offline = &session.offline;
    let late = late(offline.store.as_ref(), state).await.map_err(|error| offline.log_failure(&error))?;
    if late.is_empty() && state.holder.is_none() {
        return Ok(());
    }
    match claim(session, Mode::Apply, free).await {
        Ok(log) => {
            give_back_after(ui, offline, &log, Ok(())).await?;
            if log.unpublished().is_some() {
                return Ok(());
            }
        }
        // Whoever is at work now writes them at its end.
        Err(failure) if failure.exit == Exit::Locked => return Ok(()),
        Err(failure) => return Err(failure),
    }
    let keys: Vec<&str> = late.iter().map(|late| late.key).collect();
    ui.remark(match keys[..] {
        [] => "An interrupted run held the environment; it is free, and its outputs are published.".to_owned(),
        _ => format!("An earlier run could not write {}; it is done now.", keys.join(" and ")),
    });
    Ok(())
}

/// Gives it back where somebody waits for the process to end.
pub(crate) async fn give_back_soon(log: &Log, clock: &dyn Clock) -> Option<LogError> {
    match select(pin!(give_back(log, "stopped")), clock.sleep(CLOSING)).await {
        Either::Left((closed, _)) => closed,
        Either::Right(((), _)) => {
            let cause = format!("it has not answered for {} s", CLOSING.as_secs());
            Some(LogError::Store(StoreError::Unknown { key: "the end of this run".to_owned(), cause }))
        }
    }
}

#[cfg(test)]
mod tests {
    use bbws_engine::TTL;
    use bbws_testkit::{JumpClock, MemoryStore, SeededIds, sample};
    use clap::Parser;

    use super::*;
    use crate::args::Cli;
    use crate::cloud::Stores;
    use crate::project::Project;

    const S: Duration = Duration::from_secs(1);

    /// Dev with a store of its own, and a run of another machine that has taken it.
    struct Bench {
        _dir: tempfile::TempDir,
        offline: Offline,
        store: MemoryStore,
        clock: Arc<JumpClock>,
        other: Log,
    }

    async fn bench() -> Bench {
        let dir = crate::tests::project();
        let environments = dir.path().join("environments");
        let line = ["bbws", "plan", "dev", "--env-dir", environments.to_str().unwrap()];
        let stores = Stores::new(|_| unreachable!("dev's state is on the disk"));
        let global = Cli::try_parse_from(line).unwrap().global;
        let mut offline = Offline::open(&mut Ui::silent(), &Project::new(&environments, stores), &global, "dev").unwrap();
        let (store, clock) = (MemoryStore::default(), Arc::new(JumpClock::new()));
        offline.store = Arc::new(store.clone());
        let opening = Opening {
            owner: sample::owner("OTHER"),
            world: bbws_model::World::Aws,
            account: "536580886816".parse().unwrap(),
            region: "af-south-1".into(),
            mode: Mode::Apply,
            plan: None,
            grounds: vec![],
        };
        let other = Log::open(offline.store.clone(), clock.clone(), Arc::new(SeededIds::default()), opening, &|_| false).await.unwrap();
        Bench { _dir: dir, offline, store, clock, other }
    }

    impl Bench {
        async fn held(&self) -> Held {
            Held::of(&self.offline.state().await.unwrap().unwrap()).unwrap()
        }

        async fn watched(&self) -> Result<Free, Failure> {
            free_of(&mut Ui::silent(), &self.offline, self.clock.as_ref(), self.held().await).await
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_run_elsewhere_that_nobody_has_watched_is_at_work() {
        let bench = bench().await;
        // It is silent, and its newest slot is the one that was just read: that says nothing of whether it lives.
        let held = bench.held().await;
        assert!(!Free::default().may_take(&held));
        assert!(!Free { stood_still_at: Some(held.seq - 1) }.may_take(&held), "nor does that it stood still before");
    }

    #[tokio::test(start_paused = true)]
    async fn a_run_elsewhere_that_lives_is_seen_to() {
        let bench = bench().await;
        let failure = tokio::select! {
            _ = bench.other.keep() => panic!("it is not lost"),
            watched = bench.watched() => watched.unwrap_err(),
        };
        assert_eq!((failure.exit, bench.clock.elapsed() < 25 * S), (Exit::Locked, true), "{failure:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_run_elsewhere_that_stood_still_is_taken_over_unless_it_wakes_up() {
        let bench = bench().await;
        let free = bench.watched().await.unwrap();
        assert!((TTL..75 * S).contains(&bench.clock.elapsed()));
        assert!(free.may_take(&bench.held().await));
        bench.other.append(vec![Record::Heartbeat]).await.unwrap();
        assert!(!free.may_take(&bench.held().await), "it was only slow");
        assert!(bench.store.all().keys().all(|key| key.starts_with("log/")));
    }
}

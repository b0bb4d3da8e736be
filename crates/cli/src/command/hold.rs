//! Taking an environment, so that nobody else changes it, and giving it back.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bbws_engine::log::{LastHeld, last_held};
use bbws_engine::{Clock, Held, Ids, Log, LogError, Opening, StoreError, stands_still};
use bbws_model::{Mode, Plan, Record, RunId, State};
use bbws_render::ErrorId;
use futures::future::{Either, select};

use crate::cloud::Link;
use crate::ids::Ulids;
use crate::session::{Offline, Session};
use crate::ui::Ui;
use crate::{Failure, SystemClock, owner, plan_file};

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

/// Sees that nobody holds the environment who may still be at work. The log of a run elsewhere is watched for a minute: it
/// moves if that run lives.
///
/// # Errors
/// When another run holds it.
pub(crate) async fn free<L: Link>(ui: &mut Ui, session: &Session<L>, state: &State) -> Result<(), Failure> {
    let Some(held) = Held::of(state) else { return Ok(()) };
    free_of(ui, &session.offline, session.link.clock().as_ref(), held).await
}

/// The same of a log that does not add up: by whoever wrote in it last.
///
/// # Errors
/// When that run may still be at work.
pub(crate) async fn stopped(ui: &mut Ui, offline: &Offline, clock: &dyn Clock) -> Result<(), Failure> {
    match last_held(offline.store.as_ref()).await.map_err(|error| offline.log_failure(&error))? {
        LastHeld::By(held) => free_of(ui, offline, clock, held).await,
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

async fn free_of(ui: &mut Ui, offline: &Offline, clock: &dyn Clock, held: Held) -> Result<(), Failure> {
    let locked = |held: Held| offline.log_failure(&LogError::Held(Box::new(held)));
    match known(&held) {
        Holder::Gone => Ok(()),
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
                return now.as_ref().and_then(Held::of).map_or(Ok(()), |held| Err(locked(held)));
            }
            ui.remark("It has not written anything for a minute: it has stopped, and this run takes over.");
            Ok(())
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
/// is gone, or that was seen to stand still at `state` ([`free`]); that run can write nothing from then on. `grounds` say what
/// allows the run, where that has to be recorded.
///
/// # Errors
/// When another run holds it, or has changed it since `state` was read.
pub(crate) async fn take<L: Link>(
    session: &Session<L>,
    mode: Mode,
    state: &State,
    plan: Option<&Plan>,
    grounds: Vec<Record>,
) -> Result<Log, Failure> {
    let log = open(session, mode, plan, grounds, &|held| may_take(held, state)).await?;
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

/// The same, whatever others have done since `state` was read: for what rests on no plan.
///
/// # Errors
/// When another run holds it.
pub(crate) async fn claim<L: Link>(session: &Session<L>, mode: Mode, state: &State, plan: Option<&Plan>) -> Result<Log, Failure> {
    open(session, mode, plan, vec![], &|held| may_take(held, state)).await
}

/// Whether its holder is gone, or was seen to stand still at this state.
fn may_take(held: &Held, state: &State) -> bool {
    match known(held) {
        Holder::Gone => true,
        Holder::Lives => false,
        Holder::Elsewhere => held.seq == state.seq,
    }
}

/// Takes an environment for the care of its store alone: nothing of the account is asked, so the place is the recorded one.
///
/// # Errors
/// When another run holds it, or the store fails.
pub(crate) async fn take_recorded(ui: &mut Ui, offline: &Offline, state: &State) -> Result<Log, Failure> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
    if let Some(held) = Held::of(state) {
        free_of(ui, offline, clock.as_ref(), held).await?;
    }
    let (Some(world), Some(account), Some(region)) = (state.world.clone(), state.account.clone(), state.region.clone()) else {
        let name = &offline.environment.name;
        return Err(Failure::error(ErrorId::State, format!("the state of {name} does not say where it belongs")));
    };
    let ids = Ulids::new()?;
    offline.home.prepare(&offline.environment.name)?;
    let owner = owner::this_process(RunId(ids.next()), command_line());
    let opening = Opening { owner, world, account, region, mode: Mode::Apply, plan: None, grounds: vec![] };
    let opened = Log::open(offline.store.clone(), clock, Arc::new(ids), opening, &|held| may_take(held, state)).await;
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
pub(crate) async fn give_back_after<T>(offline: &Offline, log: &Log, done: Result<T, LogError>) -> Result<T, Failure> {
    let closed = give_back(log, if done.is_ok() { "done" } else { "failed" }).await;
    match (done, closed) {
        (Ok(done), None) => Ok(done),
        (Err(error), _) | (Ok(_), Some(error)) => Err(offline.log_failure(&error)),
    }
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

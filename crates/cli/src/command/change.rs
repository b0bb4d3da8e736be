//! What `apply` and `destroy` share: to execute a plan under the environment's lock, to tell how it goes, and to verify it.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::time::{Duration, Instant};

use bbws_cluster::Tier;
use bbws_engine::{Ask, Control, Credentials, Reporter, Run, StepFailure, apply, look_back, looking_back, may_be_doubled};
use bbws_model::{
    Address, Class, CloudError, Counts, Event, Finding, Kinds, Mode, Outcome, Plan, Reason, Record, Scope, Severity, State, Step,
};
use bbws_operate::verify::{concerned, health};
use bbws_render::{ErrorId, Progress, count};
use futures::future::{Either, join, select};
use serde_json::json;
use tokio::sync::watch;

use super::audit::Auditor;
use super::hold::{Free, claim, give_back, give_back_soon, take, tell_unpublished};
use super::plan::{show_before, tell_calls};
use super::record::{self, Kept, Recorder};
use super::spool;
use crate::args::Speed;
use crate::cloud::Link;
use crate::reach::{self, Answered, Looked};
use crate::session::Session;
use crate::ui::{Ui, Watch};
use crate::{Exit, Failure, owner, preflight, safety, signals};

/// For how long what was changed may take to be ready for reasons of its own.
const SETTLING: Duration = Duration::from_secs(600);
/// How long is waited between two looks at it.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// How often is waited for another run that looks back at the same requests, and how long each time.
const LOOKS_BACK: u32 = 10;
const LOOK_BACK_AGAIN: Duration = Duration::from_millis(300);

/// Why a plan was executed, and how that is told.
pub(crate) struct Order<'a> {
    /// The plan that was agreed on.
    pub(crate) plan: Plan,
    /// What it was asked for with: asked again, it must be empty afterwards.
    pub(crate) ask: &'a Ask,
    /// The state that it was made from.
    pub(crate) state: &'a State,
    /// That nobody was at work then.
    pub(crate) free: Free,
    /// With how many calls the account was looked at.
    pub(crate) calls: usize,
    /// How many resources were looked for.
    pub(crate) resources: usize,
    /// What allows it, where that has to be recorded.
    pub(crate) grounds: Vec<Record>,
    /// How fast the run's clock is.
    pub(crate) speed: Option<Speed>,
}

/// Looks at what became of the requests that an interrupted run left open, and records what is seen of them. Of the others the
/// run itself finds out: only the steps at their addresses wait. Answers the state after that.
///
/// # Errors
/// When it cannot be looked at, or the environment cannot be taken.
pub(crate) async fn look_back_at_open<L: Link>(
    ui: &mut Ui,
    session: &Session<L>,
    mode: Mode,
    state: State,
    free: Free,
) -> Result<State, Failure> {
    let kept = spool::waiting(ui, &session.offline).await > 0;
    let (kinds, clock) = (&session.offline.kinds, session.link.clock());
    if !kept && state.open.is_empty() && state.abandoned.is_empty() && !may_be_doubled(&state, kinds, clock.now()) {
        return Ok(state);
    }
    let drivers = session.link.drivers();
    let untold = |failure: StepFailure| match failure {
        StepFailure::Cloud(error) => Failure::cloud("it cannot be told what became of an earlier run's requests", &error),
        StepFailure::Log(error) => session.offline.log_failure(&error),
        StepFailure::Stopped => Failure::new(Exit::Interrupted, "interrupted before anything was changed"),
    };
    let mut state = state;
    let mut tries = 0;
    let log = loop {
        if !kept && looking_back(&state, &drivers, kinds, clock.now()).await.map_err(untold)?.is_empty() {
            if !ui.json && !state.open.is_empty() {
                ui.remark(told_of(0, state.open.len()));
            }
            return Ok(state);
        }
        match claim(session, mode, free).await {
            Ok(log) => break log,
            // Somebody else looks back at the same, and that takes a moment. A run elsewhere that is met here was not watched:
            // it is at work until it says otherwise.
            Err(failure) if failure.exit == Exit::Locked && tries < LOOKS_BACK => {
                tries += 1;
                clock.sleep(LOOK_BACK_AGAIN).await;
                state = session.state().await?;
            }
            Err(failure) => return Err(failure),
        }
    };
    let used = if kept { spool::used(ui, &session.offline, &log).await.map(drop) } else { Ok(()) };
    if let Err(failure) = used {
        give_back(&log, "failed").await;
        return Err(failure);
    }
    let looked = look_back(&log, &drivers, kinds).await;
    let left = log.state(|state| state.open.len());
    let outcome = if looked.is_ok() { "done" } else { "failed" };
    let closed = give_back(&log, outcome).await;
    tell_unpublished(ui, &session.offline, &log);
    match looked {
        Ok(settled) if !ui.json && settled + left > 0 => ui.remark(told_of(settled, left)),
        Ok(_) => {}
        Err(failure) => return Err(untold(failure)),
    }
    if let Some(error) = closed {
        return Err(session.offline.log_failure(&error));
    }
    session.state().await
}

fn told_of(settled: usize, left: usize) -> String {
    let requests = |n: usize| if n == 1 { "a request".to_owned() } else { format!("{n} requests") };
    let all = requests(settled + left);
    let begins = format!("An earlier run was interrupted with {all} on the way");
    match (settled, left) {
        (_, 0) => format!("{begins}; what became of it is seen and recorded."),
        (0, _) => format!("{begins}. Nothing shows yet what became of it: the steps that depend on it wait until that is certain."),
        (seen, left) => {
            let (seen, them) = (if seen == 1 { "one".to_owned() } else { seen.to_string() }, if left == 1 { "it is" } else { "they are" });
            let others = if left == 1 { "the other one".to_owned() } else { format!("the other {left}") };
            format!("{begins}. What became of {seen} is known by now; steps that depend on {others} wait until {them} certain.")
        }
    }
}

pub(crate) fn no_signals(error: std::io::Error) -> Failure {
    Failure::error(ErrorId::System, "Ctrl-C cannot be listened for").because(error)
}

/// Executes a plan, tells how it goes, and verifies it.
///
/// # Errors
/// When the environment cannot be taken. How the run itself went is told, and is in the exit.
pub(crate) async fn execute<L: Link>(ui: &mut Ui, session: &Session<L>, order: Order<'_>) -> Result<Exit, Failure> {
    let mut control = signals::listen(session.link.clock()).map_err(no_signals)?;
    // A run is far larger than what waits for it, and a stack holds several copies of what is moved.
    let carried = Box::pin(carry_out(ui, session, &order, &control)).await?;
    if carried.exit != Exit::Done {
        return Ok(carried.exit);
    }
    let verified = Box::pin(verify(ui, session, &order, &mut control)).await;
    if verified.as_ref().is_err_and(|failure| failure.exit != Exit::Interrupted) {
        record::bundle(ui, session, &order.plan, Outcome::Done, &carried.kept);
    }
    verified
}

/// How a plan was carried out.
pub(crate) struct Carried {
    /// How it ended.
    pub(crate) exit: Exit,
    kept: Kept,
}

/// Executes a plan and tells how it goes.
///
/// # Errors
/// As [`execute`].
pub(crate) async fn carry_out<L: Link>(
    ui: &mut Ui,
    session: &Session<L>,
    order: &Order<'_>,
    control: &watch::Receiver<Control>,
) -> Result<Carried, Failure> {
    if let Some(short) = safety::check_session(&order.plan, &session.offline.kinds, session.link.session())?
        && !ui.json
    {
        ui.remark(short);
    }
    let log = take(session, order.plan.mode, (order.state, order.free), Some(&order.plan), order.grounds.clone()).await?;
    let narrowed = !(order.ask.scope.target.is_empty() && order.ask.scope.exclude.is_empty());
    let record = record::begin(ui, session, &log, &order.plan, narrowed).await;
    let clock = session.link.clock();
    session.link.open_gate(log.lease());
    let really = Instant::now();
    let watch = Watch::new(ui, Progress::of(&order.plan, &session.offline.kinds), session.offline.flag());
    watch.knows(&session.offline.environment.region, called(&order.plan, &session.offline.kinds));
    let audit = Auditor::of(session, log.run());
    let mut sending = std::pin::pin!(async {
        match &audit {
            Some(audit) => audit.send(clock.as_ref()).await,
            None => std::future::pending().await,
        }
    });
    let mut sink = Recorder::new(watch.again(), audit.as_ref());
    let began = clock.elapsed();
    let report = {
        let mut reporter = Reporter::new(&mut sink, clock.as_ref());
        let environment = session.offline.environment.name.clone();
        reporter.tell(Event::RunStarted { environment, run: log.run().clone(), mode: order.plan.mode });
        reporter.tell(Event::Observed { resources: order.resources, calls: order.calls });
        reporter.tell(Event::Planned { counts: Counts::of(&order.plan.steps) });
        let drivers = session.link.drivers();
        let run = Run {
            plan: &order.plan,
            log: &log,
            drivers: &drivers,
            kinds: &session.offline.kinds,
            clock: clock.as_ref(),
            ids: session.ids.as_ref(),
            gone: &|owner| owner::lives(owner) == Some(false),
            credentials: &Signing(&session.link),
            control: control.clone(),
            reporter,
        };
        let redraw = async {
            match faster(order.speed) {
                Some(faster) => watch.redraw(clock.as_ref(), began, faster).await,
                // Time stands still between events: there is nothing to draw.
                None => std::future::pending().await,
            }
        };
        let beside = async {
            select(std::pin::pin!(redraw), sending.as_mut()).await;
            // Neither ends before the run does.
            std::future::pending::<Infallible>().await
        };
        match select(std::pin::pin!(apply(run)), std::pin::pin!(beside)).await {
            Either::Left((report, _)) => report,
            Either::Right((never, _)) => match never {},
        }
    };
    let closed = match report.outcome {
        Outcome::Fenced => None,
        Outcome::Stopped => give_back_soon(&log, clock.as_ref()).await,
        outcome => give_back(&log, outcome.word()).await,
    };
    if report.outcome != Outcome::Done
        && let Some(run) = record::last_good(session.offline.store.as_ref(), clock.as_ref(), log.run()).await
    {
        watch.can_go_back_to(run);
    }
    for (address, quota) in preflight::used(session, &watch.failed()).await {
        watch.has_used(address, quota);
    }
    let (summary, failures, failed, events) = (watch.summary(), watch.failures(), watch.failed(), sink.kept());
    drop(watch);
    let kept = record::end(ui, session.offline.store.as_ref(), clock.as_ref(), log.run(), &events);
    match &audit {
        Some(audit) => drop(join(kept, audit.end(clock.as_ref(), sending, report.outcome)).await),
        None => kept.await,
    }
    if ui.json {
        failures.iter().for_each(|failure| ui.remark(failure.to_string()));
    } else {
        ui.say(format!("\n{summary}"));
        if faster(order.speed) != Some(1.0) {
            // After advice it stands by itself.
            let before = if report.outcome == Outcome::Done { "  " } else { "\n" };
            ui.line(format!("{before}AWS's time was simulated; on this machine it took {:.1} s.", really.elapsed().as_secs_f64()));
        }
    }
    if let Some(audit) = &audit {
        audit.tell(ui, session, log.run());
    }
    tell_unpublished(ui, &session.offline, &log);
    tell_calls(ui, &session.link.sent(), None);
    let kept = Kept { record, state: log.state(State::clone), failed, events };
    if report.outcome == Outcome::Failed || report.log.is_some() || !kept.failed.is_empty() {
        record::bundle(ui, session, &order.plan, report.outcome, &kept);
    }
    if let Some(error) = report.log.as_ref().or(closed.as_ref()) {
        let failure = session.offline.log_failure(error);
        return Err(spool::with_what_is_kept(&session.offline, &log, order.plan.mode, failure));
    }
    let exit = match report.outcome {
        Outcome::Done => Exit::Done,
        Outcome::Failed | Outcome::Stopped if report.failed.values().any(|error| error.class == Class::Credentials) => {
            let (name, flag) = (&order.ask.environment, session.offline.flag());
            let verb = order.plan.mode.verb();
            if report.failed.values().any(|error| ErrorId::of(error) == ErrorId::Clock) {
                return Err(Failure::new(Exit::Later, "the clock of this machine is wrong")
                    .of(ErrorId::Clock)
                    .because("AWS takes no signature of another time, and it was not put right for 15 minutes; all that was done by then is recorded")
                    .advise(format!("set it (NTP), look at it with bbws doctor {name}{flag}, then go on: bbws {verb} {name}{flag}")));
            }
            return Err(Failure::new(Exit::Later, format!("the credentials for {name} have run out"))
                .of(ErrorId::Credentials)
                .because("there were no others for 15 minutes; all that was done by then is recorded")
                .advise(format!("sign in again, then go on from where it stopped: bbws {verb} {name}{flag}")));
        }
        Outcome::Failed => Exit::Error,
        Outcome::Stopped => Exit::Interrupted,
        Outcome::Fenced => Exit::Fenced,
    };
    Ok(Carried { exit, kept })
}

/// The names that the file gives to what is to be made, where others may have the same.
fn called(plan: &Plan, kinds: &Kinds) -> BTreeMap<Address, String> {
    let name = |step: &Step| {
        let rule = kinds.get(step.address.kind())?.facts().name;
        let name = step.wants()?.get(rule.map_or("name", |rule| rule.field))?.as_str()?;
        Some((step.address.clone(), name.to_owned()))
    };
    plan.steps.iter().filter_map(name).collect()
}

/// A connection's credentials, as the engine sees them.
struct Signing<'a, L>(&'a L);

impl<L: Link> Credentials for Signing<'_, L> {
    fn have_run_out(&self, error: &CloudError) -> bool {
        self.0.credentials_have_run_out(error)
    }

    fn renew(&self) {
        self.0.renew_credentials();
    }
}

/// How many times faster than real time the run's clock is; none where it jumps.
fn faster(speed: Option<Speed>) -> Option<f64> {
    match speed {
        None => Some(1.0),
        Some(Speed::Times(times)) => Some(times),
        Some(Speed::Quick) => None,
    }
}

/// Tells that the second look found nothing, and how what serves people answers.
fn tell_verified(ui: &mut Ui, calls: usize, answers: &[Looked]) {
    if ui.json {
        let fetched: Vec<_> = answers.iter().map(Looked::json).collect();
        ui.line(json!({ "format": 1, "event": "verified", "calls": calls, "fetched": fetched }).to_string());
        return;
    }
    // Where nothing is recorded any more there is nothing to ask about: each delete ended with a look that found it gone.
    ui.line(match calls {
        0 => "Verified: nothing is recorded any more, and each of it was seen to be gone.".to_owned(),
        calls => format!("Verified: a second look ({}) found nothing left to do.", count(calls, "call")),
    });
    for answer in answers {
        ui.line(format!("  {}", answer.text()));
    }
}

/// What answers otherwise than it should makes a failed apply. What cannot be reached from here, or may be a tenant's, does not.
fn unless_wrong(answers: &[Looked], name: &str, flag: &str) -> Result<Exit, Failure> {
    let wrong: Vec<String> = answers.iter().filter(|one| matches!(one.answered, Answered::Wrong(_))).map(Looked::text).collect();
    if wrong.is_empty() {
        return Ok(Exit::Done);
    }
    let failure = Failure::error(ErrorId::Verify, format!("the verification of {name} failed: it does not answer as its file says"));
    Err(failure
        .because(wrong.join("; "))
        .advise("everything was applied and recorded; nothing has to be undone")
        .advise(format!("look again in a minute, for names and listeners that are new: bbws apply {name}{flag}"))
        .advise("if it stays: see who answers under that name, and which rules the listener has"))
}

/// What is as declared can be unwell all the same: that makes a failed apply. What is only worth a look is told.
fn unless_unwell(ui: &mut Ui, found: Vec<Finding>, name: &str, flag: &str) -> Result<(), Failure> {
    let (unwell, odd): (Vec<Finding>, Vec<Finding>) = found.into_iter().partition(|finding| finding.severity == Severity::Error);
    if !odd.is_empty() && !ui.json {
        ui.findings(&odd);
    }
    if unwell.is_empty() {
        return Ok(());
    }
    let failure =
        Failure::error(ErrorId::Verify, format!("the verification of {name} failed: what was changed, or stands on it, is not healthy"));
    Err(failure
        .because("everything was applied and recorded, and is as the file says")
        .with(unwell)
        .advise(format!("mend what is named, then: bbws apply {name}{flag}"))
        .advise(format!(
            "the way back: put environments/{name}.toml back as it was before, look at `bbws plan {name}{flag}`, and apply that"
        )))
}

/// Looks again: what was asked for must leave nothing to do.
async fn verify<L: Link>(
    ui: &mut Ui,
    session: &Session<L>,
    order: &Order<'_>,
    control: &mut watch::Receiver<Control>,
) -> Result<Exit, Failure> {
    let again = async {
        let state = session.state().await?;
        // What a plan has removed is known no more, and cannot be asked about.
        let known = |address: &Address| session.desired.resources.contains_key(address) || state.entries.contains_key(address);
        let still = |some: &BTreeSet<Address>| some.iter().filter(|a| known(a)).cloned().collect::<BTreeSet<_>>();
        let (target, exclude) = (still(&order.ask.scope.target), still(&order.ask.scope.exclude));
        if target.is_empty() && !order.ask.scope.target.is_empty() {
            return Ok::<_, Failure>(None);
        }
        let ask = Ask { scope: Scope { replace: BTreeSet::new(), target, exclude }, ..order.ask.clone() };
        let clock = session.link.clock();
        let until = clock.elapsed() + SETTLING;
        let (left, picture) = loop {
            let (left, picture) = session.plan(&state, &ask).await?;
            // A database takes in what became of its parameter group by itself, and is not ready meanwhile.
            let settling =
                !left.is_empty() && left.steps.iter().all(|step| matches!(step.reason, Reason::Unfinished | Reason::Settling(_)));
            if !settling || clock.elapsed() >= until {
                break (left, picture);
            }
            clock.sleep(LOOK_AGAIN).await;
        };
        // What serves people is looked at where all is as it should be.
        let answers = match order.plan.mode {
            Mode::Apply if left.is_empty() => reach::look(&session.link, &state, &picture).await.unwrap_or_default(),
            Mode::Apply | Mode::Destroy => vec![],
        };
        let care = session.offline.environment.tier != Tier::Dev && order.plan.mode == Mode::Apply && left.is_empty();
        let unwell = if care { health(&concerned(&order.plan, &state), &picture, &session.offline.kinds) } else { vec![] };
        Ok::<_, Failure>(Some((left, picture.calls, answers, unwell)))
    };
    let stopped = Control::stopped(control);
    let left = match select(std::pin::pin!(again), std::pin::pin!(stopped)).await {
        Either::Left((left, _)) => left,
        Either::Right(((), _)) => {
            let failure = Failure::new(Exit::Interrupted, "interrupted before the result was verified");
            return Err(failure.because("everything was applied and recorded").advise(format!(
                "verify it: bbws plan {}{}",
                order.ask.environment,
                session.offline.flag()
            )));
        }
    };
    let name = &order.ask.environment;
    let found = left.map_err(|failure| Failure { what: format!("applied, but not verified: {}", failure.what), ..failure })?;
    let (left, calls, answers, unwell) =
        found.map_or((None, 0, vec![], vec![]), |(left, calls, answers, unwell)| (Some(left), calls, answers, unwell));
    let Some(left) = left.filter(|left| !left.is_empty()) else {
        tell_verified(ui, calls, &answers);
        unless_unwell(ui, unwell, name, session.offline.flag())?;
        return unless_wrong(&answers, name, session.offline.flag());
    };
    if !ui.json {
        ui.line("\nA second look found this still to be done:\n");
        show_before(ui, session, &left);
    }
    let verb = order.plan.mode.verb();
    let failure = Failure::error(ErrorId::Verify, format!("the verification of {name} failed: a plan made right after it is not empty"));
    Err(failure
        .because(format!(
            "{} would still be taken: AWS shows other values than were asked for, or somebody else changes them",
            count(left.steps.len(), "step")
        ))
        .advise(format!("repeat it: bbws {verb} {name}{}", session.offline.flag()))
        .advise("if the same steps come back, put what they name into the file as AWS shows it, or look who changes it"))
}

//! `state restore`, `state rebuild`, `state gc`: the careful edits. Each shows what it would do, and asks.

use std::collections::{BTreeMap, BTreeSet};

use bbws_engine::log::{Cure, Depth, Opening, Remains, begin, collect, collectable, remains, set_aside, survey};
use bbws_engine::{Clock, Marked, difference, rebuild, refresh, restoring, states};
use bbws_model::{Address, Desired, Entry, Finding, Mode, Record, Scope, Severity, State, wire};
use bbws_render::{ErrorId, count};
use serde_json::json;

use super::check::marked;
use super::past::{moment, unknown};
use crate::approval::Ground;
use crate::args::{Glass, Global, Where};
use crate::cloud::{Cloud, Link};
use crate::command::change::look_back_at_open;
use crate::command::consent::consent;
use crate::command::glass::{broken, demanded};
use crate::command::hold::{free, give_back_after, opening, stopped, take, take_recorded};
use crate::command::record::needless;
use crate::project::Project;
use crate::session::{Offline, Session};
use crate::ui::Ui;
use crate::{Exit, Failure, SystemClock, pace};

/// Wants a yes, beforehand or typed.
pub(super) fn confirmed(ui: &mut Ui, yes: bool, question: &str) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    consent(ui, &format!("\n{question} Type yes: "), "yes", "this")
}

/// What is to be restored, and what was agreed to beforehand.
pub(super) struct Restoring<'a> {
    /// To which moment.
    pub(super) moment: Option<&'a str>,
    /// Whether what exists may be forgotten.
    pub(super) forget: bool,
    /// Whether nothing is asked.
    pub(super) yes: bool,
    /// What stands for an approval.
    pub(super) glass: &'a Glass,
}

/// Sets the state to what it was.
pub(super) fn restore<C: Cloud>(
    ui: &mut Ui,
    project: &Project,
    global: &Global,
    cloud: &C,
    place: &Where,
    order: &Restoring<'_>,
) -> Result<Exit, Failure> {
    let picked = project.pick(place.env.as_deref(), order.moment, true)?;
    let Some(when) = picked.rest.as_deref() else {
        return Err(Failure::new(Exit::Usage, "restore which moment?").advise(format!(
            "`bbws state history {}{}` lists runs, slots and serials",
            picked.name,
            global.flag()
        )));
    };
    let asked = moment(when)?;
    let offline = Offline::open(ui, project, global, &picked.name)?;
    let reason = demanded(&offline, order.glass, "state restore")?;
    pace::play(pace::of(global), async {
        offline.existing_state().await?;
        let session = Session::open(offline, cloud, project, global, "state restore").await?;
        let now = session.state().await?;
        let free = free(ui, &session, &now).await?;
        let now = look_back_at_open(ui, &session, Mode::Apply, now, free).await?;
        if !now.open.is_empty() {
            return Err(Failure::new(Exit::Refused, "it is not known yet what became of requests that an interrupted run had sent")
                .of(ErrorId::State)
                .because("what they turn out to have made would have no place in an earlier state")
                .advise(format!("settle them first: bbws apply {}{}", picked.name, session.offline.flag())));
        }
        let offline = &session.offline;
        let found = states(offline.store.as_ref(), &[asked]).await.map_err(|error| offline.log_failure(&error))?;
        let then = found.into_iter().next().flatten().ok_or_else(|| unknown(when))?;
        let (entries, outputs) = (restoring(&now, &then), then.outputs.clone());
        let difference = difference(&now, &then);
        let style = ui.style();
        if !ui.json {
            ui.say(bbws_render::difference(&difference, style));
        }
        if entries.is_empty() && outputs == now.outputs {
            return Ok(Exit::Done);
        }
        if !order.forget {
            let lost = would_forget(&session, &now, &entries).await;
            if !lost.is_empty() {
                let what = format!("what exists of {} would be known no longer", picked.name);
                let failure =
                    Failure::new(Exit::Refused, what).of(ErrorId::State).because("a plan could make it a second time; nothing was changed");
                return Err(failure.with(lost).advise("if you want that, say so: --forget; `bbws state orphans ENV` lists it afterwards"));
            }
        }
        let ground = broken(ui, &session, (order.glass, reason.as_deref()), "set back what is recorded of")?;
        let yes = order.yes || reason.is_some();
        confirmed(ui, yes, &format!("Set what is recorded of {} to this? The account is not touched.", picked.name))?;
        let log = take(&session, Mode::Apply, (&now, free), None, ground.records()).await?;
        let reason = format!("as after slot {}", then.seq);
        give_back_after(ui, offline, &log, log.append(vec![Record::Restore { reason, entries, outputs }]).await).await?;
        if ui.json {
            let changed = bbws_render::difference_json(&difference);
            ui.line(json!({ "format": 1, "event": "restored", "seq": then.seq, "changed": changed }).to_string());
        } else {
            ui.line(format!("The state is again as after slot {}.", then.seq));
            ui.line(format!("See what that means for the account: bbws plan {}{}", picked.name, offline.flag()));
        }
        Ok(Exit::Done)
    })
    .map_err(pace::no_runtime)?
}

/// The objects that are recorded, are there or cannot be read, and would not be recorded any more.
async fn would_forget<L: Link>(session: &Session<L>, now: &State, entries: &BTreeMap<Address, Option<Entry>>) -> Vec<Finding> {
    let mut gone = now.clone();
    gone.entries.retain(|address, entry| entries.get(address).is_some_and(|then| then.as_ref().is_none_or(|then| then.id != entry.id)));
    let picture = refresh(&session.link.drivers(), &session.offline.kinds, &Desired::default(), &gone).await;
    let exists = |address: &Address| !matches!(picture.recorded.get(address), Some(Ok(None)));
    let lost = gone.entries.iter().filter(|(address, _)| exists(address));
    lost.map(|(address, entry)| Finding::new(Severity::Error, format!("{} has come since, and exists", entry.id)).at(address)).collect()
}

/// Removes what no reader needs.
pub(super) fn gc(ui: &mut Ui, project: &Project, global: &Global, place: &Where, yes: bool) -> Result<Exit, Failure> {
    let picked = project.pick(place.env.as_deref(), None, false)?;
    let offline = Offline::open(ui, project, global, &picked.name)?;
    pace::play(None, async {
        let state = offline.existing_state().await?;
        let store = offline.store.as_ref();
        let now = SystemClock::default().now();
        let slots = collectable(store, now).await.map_err(|error| offline.log_failure(&error))?;
        let kept = needless(store, now).await.map_err(|error| offline.log_failure(&error))?;
        let runs = kept.iter().filter(|key| wire::run::run_of(key).is_some()).count();
        if !ui.json {
            if let (Some(first), Some(last)) = (slots.first(), slots.last()) {
                let about = format!("Older than 30 days and below the oldest checkpoint: {}.", count(slots.len(), "slot"));
                ui.say(format!("{about}\n  {first}\n  to {last}\nWithout them `state history` begins later.\n"));
            }
            if let (Some(first), Some(last)) = (kept.first(), kept.last()) {
                let about = format!("Older than 90 days, and the log tells no more of them: the records of {}.", count(runs, "run"));
                ui.say(format!("{about}\n  {first}\n  to {last}\nWithout them `bbws runs` begins later. The last good run stays.\n"));
            }
        }
        if !slots.is_empty() || !kept.is_empty() {
            confirmed(ui, yes, "Remove them?")?;
            // Held, so that nobody folds the log from its beginning while that is taken away.
            let log = take_recorded(ui, &offline, &state).await?;
            let all: Vec<String> = slots.iter().chain(&kept).cloned().collect();
            give_back_after(ui, &offline, &log, collect(store, &all).await).await?;
        }
        if ui.json {
            ui.line(json!({ "format": 1, "event": "collected", "slots": slots.len(), "runs": runs }).to_string());
        } else if slots.is_empty() && kept.is_empty() {
            ui.line(
                "Nothing to collect: no slot is both older than 30 days and below the oldest checkpoint, and no record of a run that \
                 the log has forgotten is older than 90 days.",
            );
        } else {
            ui.line(format!("Removed: {} and the records of {}.", count(slots.len(), "slot"), count(runs, "run")));
        }
        Ok(Exit::Done)
    })
    .map_err(pace::no_runtime)?
}

/// Makes a lost state again.
pub(super) fn rebuild_of<C: Cloud>(
    ui: &mut Ui,
    project: &Project,
    global: &Global,
    cloud: &C,
    (place, lineage, yes): (&Where, Option<&str>, bool),
    glass: &Glass,
) -> Result<Exit, Failure> {
    let name = project.pick(place.env.as_deref(), None, false)?.name;
    let offline = Offline::open(ui, project, global, &name)?;
    let reason = demanded(&offline, glass, "state rebuild")?;
    pace::play(pace::of(global), async {
        let left = is_lost(&offline).await?;
        let session = Session::open(offline, cloud, project, global, "state rebuild").await?;
        let all = marked(&session).await?;
        let lineage = chosen(&session, &all, lineage.or(left.as_deref()))?;
        let ours: Vec<(String, Marked)> = all.into_iter().filter(|(_, one)| one.owner.lineage == lineage).collect();
        let found = rebuild(&session.link.drivers(), &session.offline.kinds, &session.desired, &lineage, ours).await;
        let style = ui.style();
        if !ui.json {
            ui.say(bbws_render::rebuilt(&found, style));
        }
        if !found.findings.is_empty() {
            return Err(Failure::error(ErrorId::State, format!("the state of {name} cannot be rebuilt")).because("nothing was changed").with(found.findings));
        }
        let ground = broken(ui, &session, (glass, reason.as_deref()), "begun a new log of")?;
        confirmed(ui, yes || reason.is_some(), &format!("Begin a new log of {name} with this? The account is not touched."))?;
        // A log that does not add up cannot be held. That nobody writes it any more is seen; who puts it aside is claimed; the
        // first slot of the new one is made once, whoever else rebuilds.
        stopped(ui, &session.offline, session.link.clock().as_ref()).await?;
        let found_there = remains(session.offline.store.as_ref()).await.map_err(|error| session.offline.log_failure(&error))?;
        // While the account was read and the question was answered somebody else may have made it again, and work with it.
        is_lost(&session.offline).await?;
        let state = begun(ui, &session, (&found.state, &found_there), ground).await?;
        let (plan, _) = session.plan(&state, &session.ask(Mode::Apply, Scope::default())).await?;
        if ui.json {
            let told = json!({ "format": 1, "event": "rebuilt", "lineage": lineage, "resources": state.entries.len(), "backups": state.backups.len(), "missing": found.missing, "steps": plan.steps.len() });
            ui.line(told.to_string());
        } else if plan.is_empty() {
            ui.line(format!("The state of {name} holds {} again; a plan finds nothing to do.", count(state.entries.len(), "resource")));
        } else {
            let steps = plan.steps.len();
            ui.line(format!("The state of {name} holds {} again; a plan has {}: bbws plan {name}{}", count(state.entries.len(), "resource"), count(steps, "step"), session.offline.flag()));
        }
        Ok(Exit::Done)
    })
    .map_err(pace::no_runtime)?
}

/// The lineage that what is left of the state names, if anything does.
///
/// # Errors
/// When the state is not lost.
async fn is_lost(offline: &Offline) -> Result<Option<String>, Failure> {
    let found = survey(offline.store.as_ref(), Depth::Whole).await.map_err(|error| offline.log_failure(&error))?;
    let lost = found.damage.iter().any(|damage| damage.cure == Cure::Lost);
    match found.state {
        Some(_) if !lost => {
            let name = &offline.environment.name;
            let failure = Failure::new(Exit::Refused, format!("the state of {name} is not lost")).of(ErrorId::State);
            let failure = failure.because("the log is there and adds up; a rebuilt one would know less");
            Err(failure.advise(format!("go back to an earlier moment instead: bbws state restore {name}{} MOMENT", offline.flag())))
        }
        Some(state) => Ok(Some(state.lineage)),
        None => Ok(None),
    }
}

/// The lineage to rebuild: the one asked for, or the only one whose marked objects the file names.
fn chosen<L: Link>(session: &Session<L>, all: &[(String, Marked)], asked: Option<&str>) -> Result<String, Failure> {
    let environment = &session.offline.environment.name;
    let mut lineages: BTreeMap<&str, BTreeSet<&Address>> = BTreeMap::new();
    // In one account and region another environment may stand, with the same addresses.
    let of_this = |one: &Marked| one.tags.get("Environment").is_none_or(|name| name == environment);
    for (_, one) in all.iter().filter(|(_, one)| of_this(one) && session.desired.resources.contains_key(&one.owner.address)) {
        lineages.entry(&one.owner.lineage).or_default().insert(&one.owner.address);
    }
    if let Some(asked) = asked {
        return Ok(asked.to_owned());
    }
    let mut found = lineages.iter();
    match (found.next(), found.next()) {
        (Some((lineage, _)), None) => Ok((*lineage).to_owned()),
        (None, _) => Err(Failure::error(ErrorId::State, format!("nothing in the account bears a mark of {environment}"))
            .because("there is nothing to rebuild its state from")
            .advise(format!("if the cluster never was, create it: bbws apply {environment}{}", session.offline.flag()))),
        (Some(_), Some(_)) => {
            let list: Vec<String> = lineages.iter().map(|(lineage, of)| format!("{lineage}: {}", count(of.len(), "resource"))).collect();
            Err(Failure::error(
                ErrorId::State,
                format!("the account holds objects of {} lineages that {environment} could be", lineages.len()),
            )
            .because(list.join("; "))
            .advise("choose one with --lineage; the tag bbws:lineage on the VPC says which it is"))
        }
    }
}

/// Begins the new log. What is left of the old one is put aside.
async fn begun<L: Link>(ui: &mut Ui, session: &Session<L>, (state, left): (&State, &Remains), ground: Ground) -> Result<State, Failure> {
    let offline = &session.offline;
    let failed = |error| offline.log_failure(&error);
    let opening = Opening { grounds: ground.records(), ..opening(session, Mode::Apply, None) };
    let under = format!("lost/{}", opening.owner.run);
    let clock = session.link.clock();
    let aside = set_aside(offline.store.as_ref(), clock.as_ref(), &under, left, &opening.owner.run).await.map_err(failed)?;
    if aside > 0 && !ui.json {
        ui.remark(format!("{aside} files of the old state were put aside, into {under}/."));
    }
    begin(offline.store.as_ref(), clock.as_ref(), session.ids.as_ref(), opening, "rebuilt from the account", (state, left.last()))
        .await
        .map_err(failed)
}

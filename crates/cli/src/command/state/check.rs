//! `state verify` and `state orphans`: whether the state is whole, and whether it knows all that is ours.

use std::collections::BTreeSet;

use bbws_engine::log::{Cure, Damage, Depth, Survey, mend, survey};
use bbws_engine::{Marked, Picture, census, refresh};
use bbws_model::{Desired, Finding, PhysicalId, Severity, State};
use serde_json::{Value, json};

use crate::args::{Global, Where};
use crate::cloud::{Cloud, Link};
use crate::command::hold::{give_back, take_recorded, tell_unpublished};
use crate::command::spool;
use crate::project::Project;
use crate::session::{Offline, Session};
use crate::ui::Ui;
use crate::{Exit, Failure, pace, safety};

/// Looks whether the log is whole and, if asked, whether the account agrees.
pub(super) fn verify<C: Cloud>(
    ui: &mut Ui,
    project: &Project,
    global: &Global,
    cloud: &C,
    (place, mends, account): (&Where, bool, bool),
) -> Result<Exit, Failure> {
    let picked = project.pick(place.env.as_deref(), None, false)?;
    let offline = Offline::open(ui, project, global, &picked.name)?;
    let speed = if account { pace::of(global) } else { None };
    pace::play(speed, async {
        let (exit, told) = log(ui, &offline, mends).await?;
        if !account || exit == Exit::Store {
            told.iter().for_each(|told| ui.say(format!("{told:#}\n")));
            return Ok(exit);
        }
        let found = in_account(ui, project, global, cloud, (offline, told)).await?;
        Ok(if exit == Exit::Done { found } else { exit })
    })
    .map_err(pace::no_runtime)?
}

/// Looks at the log, and tells people what was found; programs are told by whoever asks, in one document.
async fn log(ui: &mut Ui, offline: &Offline, mends: bool) -> Result<(Exit, Option<Value>), Failure> {
    let store = offline.store.as_ref();
    let failed = |error| offline.log_failure(&error);
    let found = survey(store, Depth::Whole).await.map_err(failed)?;
    if found.state.is_none() && found.damage.is_empty() {
        // Nothing was ever written: there is nothing that could be whole.
        offline.existing_state().await?;
    }
    let style = ui.style();
    let kept = spool::waiting(ui, offline).await;
    let mended = if mends && (kept > 0 || !found.damage.is_empty()) { mended(ui, offline, &found).await? } else { vec![] };
    if kept > 0 && !mends && !ui.json {
        ui.remark(
            "This machine keeps what became of requests while the state store was out of reach: --mend, or the next apply, records it.",
        );
    }
    let told = ui.json.then(|| {
        let mut told = bbws_render::survey_json(&found);
        told["mended"] = json!(mended);
        told
    });
    if told.is_none() {
        ui.say(bbws_render::survey(&found, style));
        mended.iter().for_each(|key| ui.line(format!("  mended: {key}")));
    }
    let lost = found.damage.iter().any(|damage| damage.cure == Cure::Lost);
    let left = found.damage.iter().any(|damage| !mended.contains(&damage.key));
    let exit = match (lost, left) {
        (true, _) => Exit::Store,
        (false, true) => Exit::Changes,
        (false, false) => Exit::Done,
    };
    Ok((exit, told))
}

/// Puts right what can be, and records what this machine has kept. The environment is held meanwhile; one that is damaged beyond
/// mending nobody can hold, and nothing of it is touched.
async fn mended(ui: &mut Ui, offline: &Offline, found: &Survey) -> Result<Vec<String>, Failure> {
    let lost = found.damage.iter().any(|damage| damage.cure == Cure::Lost);
    let Some(state) = found.state.as_ref().filter(|_| !lost) else { return Ok(vec![]) };
    let log = take_recorded(ui, offline, state).await?;
    let store = offline.store.as_ref();
    let work = async {
        // What was found before may have been somebody's who was at work.
        let found = survey(store, Depth::Whole).await?;
        mend(store, &found).await
    };
    let mended = work.await;
    let used = spool::used(ui, offline, &log).await;
    let closed = give_back(&log, if mended.is_ok() && used.is_ok() { "done" } else { "failed" }).await;
    tell_unpublished(ui, offline, &log);
    used?;
    // What is late is written by the end of any run.
    let late = |damage: &&Damage| matches!(damage.cure, Cure::Late(_)) && log.unpublished().is_none();
    match (mended, closed) {
        (Ok(mut mended), None) => {
            mended.extend(found.damage.iter().filter(late).map(|damage| damage.key.clone()));
            Ok(mended)
        }
        (Err(error), _) | (Ok(_), Some(error)) => Err(offline.log_failure(&error)),
    }
}

/// Whether each recorded object exists and bears its mark.
async fn in_account<C: Cloud>(
    ui: &mut Ui,
    project: &Project,
    global: &Global,
    cloud: &C,
    (offline, told): (Offline, Option<Value>),
) -> Result<Exit, Failure> {
    let state = offline.existing_state().await?;
    let session = Session::open(offline, cloud, project, global, "state verify").await?;
    safety::check_state(&session.offline.environment, &session.world(), &state, session.offline.style)?;
    let picture = refresh(&session.link.drivers(), &session.offline.kinds, &Desired::default(), &state).await;
    let findings = compared(&state, &picture);
    let style = ui.style();
    if let Some(mut told) = told {
        told["account"] = json!({ "resources": state.entries.len(), "findings": findings });
        ui.say(format!("{told:#}\n"));
    } else if findings.is_empty() {
        ui.line(format!(
            "In the account: {} of {} there, each with its mark.",
            state.entries.len(),
            bbws_render::count(state.entries.len(), "resource")
        ));
    } else {
        let findings = ui.at.advised(&findings);
        ui.say(bbws_render::findings(&findings, style));
    }
    Ok(if findings.is_empty() { Exit::Done } else { Exit::Changes })
}

fn compared(state: &State, picture: &Picture) -> Vec<Finding> {
    let mut findings = vec![];
    for (address, entry) in &state.entries {
        let finding = |severity, what: String| Finding::new(severity, what).at(address);
        match picture.recorded.get(address) {
            None => {
                findings.push(finding(Severity::Error, "it could not be looked for".into()).seen("this bbws has no driver for its kind"))
            }
            Some(Err(error)) => findings.push(finding(Severity::Error, "it could not be read".into()).seen(error.to_string())),
            Some(Ok(None)) => {
                let gone = finding(Severity::Error, format!("{} is recorded and does not exist", entry.id));
                findings.push(gone.advise("a plan makes it again"));
            }
            Some(Ok(Some(seen))) if seen.id != entry.id => {
                findings.push(finding(Severity::Error, format!("{} is recorded, {} was found", entry.id, seen.id)));
            }
            Some(Ok(Some(seen))) => match &seen.owner {
                Some(owner) if owner.lineage == state.lineage && owner.address == *address => {}
                None if entry.existing => {}
                Some(owner) => {
                    let other = finding(Severity::Warning, format!("{} bears the mark of another", entry.id));
                    let seen = format!("it says {} of the state {}", owner.address, owner.lineage);
                    findings.push(other.seen(seen).advise("a plan marks it anew where it is ours"));
                }
                None => findings.push(finding(Severity::Warning, format!("{} bears no mark", entry.id)).advise("a plan marks it again")),
            },
        }
    }
    findings
}

/// Lists what bears the state's mark in the account and is not in the state.
pub(super) fn orphans<C: Cloud>(ui: &mut Ui, project: &Project, global: &Global, cloud: &C, place: &Where) -> Result<Exit, Failure> {
    let picked = project.pick(place.env.as_deref(), None, false)?;
    let offline = Offline::open(ui, project, global, &picked.name)?;
    pace::play(pace::of(global), async {
        offline.existing_state().await?;
        let session = Session::open(offline, cloud, project, global, "state orphans").await?;
        let state = session.state().await?;
        let marked = marked(&session).await?;
        let known: BTreeSet<&PhysicalId> = state.ids().collect();
        let found: Vec<(String, Marked)> =
            marked.into_iter().filter(|(_, one)| one.owner.lineage == state.lineage && !known.contains(&one.id)).collect();
        let unlisted = unlisted(&session);
        let style = ui.style();
        ui.say(if ui.json {
            format!("{:#}\n", bbws_render::orphans_json(&found, &unlisted))
        } else {
            let settles = (!state.open.is_empty()).then(|| ui.at.fill("bbws apply ENV"));
            bbws_render::orphans(&found, &unlisted, settles.as_deref(), style)
        });
        Ok(if found.is_empty() { Exit::Done } else { Exit::Changes })
    })
    .map_err(pace::no_runtime)?
}

/// Everything in the account that bears a mark of bbws, with its kind.
///
/// # Errors
/// When something could not be listed: what was not seen must not pass for absent.
pub(crate) async fn marked<L: Link>(session: &Session<L>) -> Result<Vec<(String, Marked)>, Failure> {
    let mut all = vec![];
    for (kind, found) in census(&session.link.drivers()).await {
        let found = found.map_err(|error| Failure::cloud(format!("the marked objects of the kind `{kind}` cannot be listed"), &error))?;
        all.extend(found.into_iter().map(|one| (kind.to_owned(), one)));
    }
    Ok(all)
}

/// The kinds that no census lists.
fn unlisted<L: Link>(session: &Session<L>) -> Vec<String> {
    let drivers = session.link.drivers();
    let listed: BTreeSet<&str> = drivers.censuses().map(|(kind, _)| kind).collect();
    drivers.names().filter(|name| !listed.contains(name)).map(str::to_owned).collect()
}

//! `apply`: brings the cluster to what its file says.

use std::path::Path;

use bbws_cluster::{Environment, delegation_block};
use bbws_engine::{Ask, Picture, is_import, publish};
use bbws_kinds::NameServers;
use bbws_model::{Mode, Plan, State};
use serde_json::json;

use super::change::{Order, execute, look_back_at_open};
use super::consent::{consent, typed};
use super::glass;
use super::hold::{Free, free, or_held, tidy};
use super::plan::{formula, show_before, tell_calls};
use super::{back, import};
use crate::approval::{Ground, approved, check_fence, principal};
use crate::args::{ApplyArgs, Global};
use crate::cloud::{Cloud, Link};
use crate::project::Project;
use crate::session::{Offline, Session};
use crate::ui::Ui;
use crate::{Exit, Failure, absent, pace, plan_file, preflight, safety};

/// Plans, asks where something would be lost, executes, verifies, prints the outputs.
pub(crate) fn run<C: Cloud>(ui: &mut Ui, project: &Project, global: &Global, cloud: &C, args: &ApplyArgs) -> Result<Exit, Failure> {
    let picked = project.pick(args.place.env.as_deref(), args.file.as_deref(), true)?;
    let offline = Offline::open(ui, project, global, &picked.name)?;
    let glass = glass::given(&offline, &args.glass, "apply")?;
    let file = picked.rest.as_deref().map(Path::new);
    if file.is_some() && !args.scope.is_empty() {
        return Err(Failure::new(Exit::Usage, "a plan in a file is executed as it is")
            .advise("narrow it when you make it: bbws plan ENV --target … -o FILE"));
    }
    if file.is_none() && glass.is_none() {
        safety::check_tier(&offline, Mode::Apply)?;
    }
    let saved = file.map(plan_file::read).transpose()?;
    let name = picked.rest.as_deref().unwrap_or("FILE");
    pace::play(pace::of(global), work(ui, project, global, cloud, args, offline, (saved, name, glass))).map_err(pace::no_runtime)?
}

/// The same with the plan at hand, if there is one: it is executed as it is, or refused where something has moved since.
///
/// # Errors
/// As [`run`].
pub(super) async fn work<C: Cloud>(
    ui: &mut Ui,
    project: &Project,
    global: &Global,
    cloud: &C,
    args: &ApplyArgs,
    offline: Offline,
    (saved, file, glass): (Option<Plan>, &str, Option<String>),
) -> Result<Exit, Failure> {
    let mut session = Session::open(offline, cloud, project, global, "apply").await?;
    let mut state = session.state().await?;
    let mode = saved.as_ref().map_or(Mode::Apply, |plan| plan.mode);
    if let Some(saved) = &saved {
        plan_file::of_here(saved, &session, &mut state)?;
    }
    if mode == Mode::Destroy {
        safety::check_tier(&session.offline, mode)?;
    }
    let way = match &args.back_to {
        Some(run) => Some(back::turn(&mut session, &state, run).await?),
        None => None,
    };
    let mut ground = match (glass, &saved) {
        (Some(reason), _) => Ground::Glass { by: principal(&session), reason },
        (None, Some(plan)) if session.offline.governed && !plan.is_empty() => {
            check_fence(cloud, &session, file).await?;
            Ground::Approved(approved(&session, &state, plan, file).await?)
        }
        (None, _) => Ground::Free,
    };
    let free = free(ui, &session, &state).await?;
    if let Some(saved) = &saved {
        plan_file::check_basis(saved, &session.offline, &session.desired, &state).await?;
    }
    let state = look_back_at_open(ui, &session, mode, state, free).await?;
    let ask = session.ask(mode, saved.as_ref().map_or_else(|| args.scope.asked(), |saved| saved.scope.clone()));
    let import = saved.as_ref().filter(|saved| is_import(saved));
    let (taken, picture) = match import {
        Some(saved) => import::again(&session, &state, saved).await.map(|(plan, picture)| (Some(plan), picture))?,
        None => (None, session.seen(&state, mode).await),
    };
    let imports = taken.is_some();
    if let Some(saved) = &saved {
        // What became of an interrupted run's requests may just have been recorded.
        plan_file::check_basis(saved, &session.offline, &session.desired, &state).await?;
        plan_file::check_reality(saved, &session.offline, &session.desired, &picture, &state)?;
    }
    let plan = match taken {
        Some(plan) => plan,
        None => match session.plan_of(&state, &ask, &picture).await {
            Ok(plan) => plan,
            Err(failure) => return Err(or_held(&session, &state, back::refused(way.as_ref(), failure)).await),
        },
    };
    let plan = match saved {
        Some(saved) => {
            plan_file::check_steps(&saved, &plan, &session.offline)?;
            saved
        }
        None => {
            let absent = absent::note(&session, cloud, (project, global), (&state, mode), &picture).await;
            let back = way.iter().flat_map(|way| way.notes(&session, &plan, &picture)).collect::<Vec<_>>();
            Plan { notes: plan.notes.into_iter().chain(absent).chain(back).collect(), ..plan }
        }
    };
    show_before(ui, &session, &plan);
    if plan.is_empty() && publish(&plan.outputs, &state) == state.outputs {
        tidy(ui, &session, (&state, free)).await?;
        tell_calls(ui, &session.link.sent(), Some((&picture, &formula(&session, &state)?)));
        return Ok(Exit::Done);
    }
    Box::pin(preflight::look(ui, &session, &state, &plan)).await?;
    show_ground(ui, &ground);
    match &ground {
        Ground::Glass { by, reason } => {
            let environment = &session.offline.environment;
            let question = bbws_render::glass_question(&plan, &environment.names.cluster, by, reason, ui.err_style());
            typed(ui, &environment.name, &question, args.glass.confirm.as_deref(), "to break the glass")?;
        }
        Ground::Free | Ground::Approved(_) => agree(ui, &session, &plan, args.yes)?,
    }
    if let Ground::Approved(_) = &ground {
        // It may have expired or been taken away while the plan was looked at.
        ground = Ground::Approved(approved(&session, &state, &plan, file).await?);
    }
    let order = order(plan, &ask, (&state, free), &picture, ground, global);
    if imports {
        return Box::pin(import::take(ui, &session, order, &ask)).await;
    }
    let exit = Box::pin(execute(ui, &session, order)).await?;
    if exit == Exit::Done && mode == Mode::Apply {
        tell_outputs(ui, &session.offline.environment, &session.state().await?);
        back::tell_end(ui, &session.offline.file, way.as_ref(), &session.desired);
    }
    Ok(exit)
}

fn order<'a>(plan: Plan, ask: &'a Ask, (state, free): (&'a State, Free), picture: &Picture, ground: Ground, global: &Global) -> Order<'a> {
    let resources = picture.recorded.len() + picture.deposed.len() + picture.unrecorded.len();
    Order { plan, ask, state, free, calls: picture.calls, resources, grounds: ground.records(), speed: pace::of(global) }
}

/// Shows what lets production be changed.
fn show_ground(ui: &mut Ui, ground: &Ground) {
    let style = ui.style();
    match ground {
        Ground::Free => {}
        Ground::Approved(approved) if ui.json => {
            let mut document = bbws_render::approved_json(approved);
            (document["format"], document["event"]) = (1.into(), "approval".into());
            ui.line(document.to_string());
        }
        Ground::Approved(approved) => ui.say(format!("\n{}", bbws_render::approved(approved, style))),
        Ground::Glass { by, reason } => glass::show(ui, by, reason),
    }
}

/// Asks, where the tier demands it: in production always, elsewhere when something would be destroyed or lost.
fn agree<L: Link>(ui: &mut Ui, session: &Session<L>, plan: &Plan, yes: bool) -> Result<(), Failure> {
    let environment = &session.offline.environment;
    let destructive = plan.steps.iter().filter(|step| step.is_destructive()).count();
    if yes || (destructive == 0 && !environment.tier.is_prod()) {
        return Ok(());
    }
    let question = bbws_render::apply_question(plan, ui.err_style());
    let why = match destructive {
        0 => format!("{} is production", environment.name),
        1 => "a step destroys something or can lose data".to_owned(),
        n => format!("{n} steps destroy something or can lose data"),
    };
    consent(ui, &format!("\n{}", question.text), &question.yes, "this plan").map_err(|failure| failure.because(why))
}

fn tell_outputs(ui: &mut Ui, environment: &Environment, state: &State) {
    if ui.json {
        ui.line(json!({ "format": 1, "event": "outputs", "outputs": state.outputs }).to_string());
        return;
    }
    if !state.outputs.is_empty() {
        let style = ui.style();
        ui.say(format!("\nOutputs:\n{}", bbws_render::outputs(&state.outputs, style)));
    }
    let servers = state.outputs.get("route53_nameservers").and_then(|servers| servers.as_array());
    if let (false, Some(servers)) = (environment.dns.delegated, servers) {
        let zone = &environment.dns.zone.name;
        let servers = NameServers::new(servers.iter().filter_map(|server| server.as_str()));
        ui.line(format!("\n{zone} is not delegated yet: there is no certificate, and CloudFront has a name of its own only."));
        ui.line("Put this into the file of the environment that holds the parent zone, and apply that; then set");
        ui.line("dns.delegated = true here and apply again:\n");
        ui.say(delegation_block(environment, &servers));
    }
}

//! `apply`: brings the cluster to what its file says.

use std::path::Path;

use bbws_cluster::{Environment, delegation_block};
use bbws_engine::{Ask, Picture, publish};
use bbws_kinds::NameServers;
use bbws_model::{Mode, Plan, State};
use bbws_render::ErrorId;
use serde_json::json;

use super::change::{Order, execute, look_back_at_open};
use super::consent::consent;
use super::hold::{free, or_held};
use super::plan::{formula, show_before, tell_calls};
use crate::args::{ApplyArgs, Global};
use crate::cloud::{Cloud, Link};
use crate::project::Project;
use crate::session::{Offline, Session};
use crate::ui::Ui;
use crate::{Exit, Failure, pace, plan_file, preflight, safety};

/// Plans, asks where something would be lost, executes, verifies, prints the outputs.
pub(crate) fn run<C: Cloud>(ui: &mut Ui, project: &Project, global: &Global, cloud: &C, args: &ApplyArgs) -> Result<Exit, Failure> {
    let picked = project.pick(args.place.env.as_deref(), args.file.as_deref(), true)?;
    let offline = Offline::open(ui, project, global, &picked.name)?;
    safety::check_tier(&offline.environment, offline.sandbox, Mode::Apply, offline.style)?;
    let file = picked.rest.as_deref().map(Path::new);
    if file.is_some() && !args.scope.is_empty() {
        return Err(Failure::new(Exit::Usage, "a plan in a file is executed as it is")
            .advise("narrow it when you make it: bbws plan ENV --target … -o FILE"));
    }
    let saved = file.map(plan_file::read).transpose()?;
    pace::play(pace::of(global), work(ui, project, global, cloud, args, offline, saved)).map_err(pace::no_runtime)?
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
    saved: Option<Plan>,
) -> Result<Exit, Failure> {
    let session = Session::open(offline, cloud, project, global, "apply").await?;
    let mut state = session.state().await?;
    let mode = saved.as_ref().map_or(Mode::Apply, |plan| plan.mode);
    if let Some(saved) = &saved {
        plan_file::belongs(saved, &session.offline.environment, &session.world(), session.offline.flag())?;
        if state.seq == 0 {
            // A state that is not written yet gets the lineage that the plan was made with.
            state.lineage.clone_from(&saved.basis.lineage);
        }
    }
    if mode == Mode::Destroy {
        safety::check_tier(&session.offline.environment, session.offline.sandbox, mode, session.offline.style)?;
    }
    free(ui, &session, &state).await?;
    if let Some(saved) = &saved {
        plan_file::check_basis(saved, &session.offline, &session.desired, &state).await?;
    }
    let state = look_back_at_open(ui, &session, mode, state).await?;
    let ask = session.ask(mode, saved.as_ref().map_or_else(|| args.scope.asked(), |saved| saved.scope.clone()));
    let picture = session.seen(&state, mode).await;
    if let Some(saved) = &saved {
        // What became of an interrupted run's requests may just have been recorded.
        plan_file::check_basis(saved, &session.offline, &session.desired, &state).await?;
        plan_file::check_reality(saved, &session.offline, &session.desired, &picture, &state)?;
    }
    let plan = match session.plan_of(&state, &ask, &picture).await {
        Ok(plan) => plan,
        Err(failure) => return Err(or_held(&session, &state, failure).await),
    };
    let plan = match saved {
        Some(saved) => {
            plan_file::check_steps(&saved, &plan, &session.offline)?;
            saved
        }
        None => plan,
    };
    show_before(ui, &session, &plan);
    if plan.is_empty() && publish(&plan.outputs, &state) == state.outputs {
        tell_calls(ui, &session.link.sent(), Some((&picture, &formula(&session, &state)?)));
        return Ok(Exit::Done);
    }
    preflight::look(ui, &session, &state, &plan).await?;
    agree(ui, &session, &plan, args.yes)?;
    let order = order(plan, &ask, &state, &picture, global);
    let exit = execute(ui, &session, order).await?;
    if exit == Exit::Done && mode == Mode::Apply {
        tell_outputs(ui, &session.offline.environment, &session.state().await?);
    }
    Ok(exit)
}

fn order<'a>(plan: Plan, ask: &'a Ask, state: &'a State, picture: &Picture, global: &Global) -> Order<'a> {
    let resources = picture.recorded.len() + picture.deposed.len() + picture.unrecorded.len();
    Order { plan, ask, state, calls: picture.calls, resources, speed: pace::of(global) }
}

/// Asks, where the tier demands it: in production always, elsewhere when something would be destroyed or lost.
fn agree<L: Link>(ui: &mut Ui, session: &Session<L>, plan: &Plan, yes: bool) -> Result<(), Failure> {
    let environment = &session.offline.environment;
    let destructive = plan.steps.iter().filter(|step| step.is_destructive()).count();
    if yes || (destructive == 0 && !environment.tier.is_prod()) {
        return Ok(());
    }
    let question = bbws_render::apply_question(plan, ui.err_style());
    let nobody = || {
        Failure::new(Exit::Refused, "this plan needs a confirmation, and there is nobody to ask").of(ErrorId::Consent).because(
            match destructive {
                0 => format!("{} is production", environment.name),
                1 => "a step destroys something or can lose data".to_owned(),
                n => format!("{n} steps destroy something or can lose data"),
            },
        )
    };
    consent(ui, &format!("\n{}", question.text), &question.yes, nobody)
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

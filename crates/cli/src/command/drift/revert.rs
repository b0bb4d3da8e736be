//! Putting back: a plan of exactly that, taken the way that every plan takes.

use std::collections::BTreeSet;
use std::path::PathBuf;

use bbws_model::{Address, Mode};
use bbws_operate::drift::{Drift, beyond};
use bbws_render::ErrorId;
use serde_json::json;

use crate::args::{ApplyArgs, DriftArgs, Global, Scope};
use crate::cloud::Cloud;
use crate::command::consent::consent;
use crate::command::hold::free;
use crate::command::plan::{show, tell_next};
use crate::command::{apply, change};
use crate::project::Project;
use crate::session::{Offline, Session};
use crate::ui::Ui;
use crate::{Exit, Failure, plan_file};

/// Plans what puts resources back, and applies it; in production the plan is written to a file, to be approved.
pub(super) async fn revert<C: Cloud>(
    ui: &mut Ui,
    project: &Project,
    global: &Global,
    cloud: &C,
    args: &DriftArgs,
    offline: Offline,
    drift: &Drift,
) -> Result<Exit, Failure> {
    let name = offline.environment.name.clone();
    let chosen: BTreeSet<Address> = args.revert.iter().cloned().collect();
    if let Some(still) = chosen.iter().find(|address| !drift.drifted.iter().any(|one| one.address == **address)) {
        return Err(Failure::error(ErrorId::Unknown, format!("{still} has not drifted: there is nothing to put back"))
            .advise(format!("what the file says otherwise, a plan shows: bbws plan {name}{}", offline.flag())));
    }
    let governed = offline.governed;
    let session = Session::open(offline, cloud, project, global, "drift --revert").await?;
    let state = session.state().await?;
    let free = free(ui, &session, &state).await?;
    let state = change::look_back_at_open(ui, &session, Mode::Apply, state, free).await?;
    let scope = Scope { target: args.revert.clone(), ..Scope::default() };
    let (plan, _) = session.plan(&state, &session.ask(Mode::Apply, scope.asked())).await?;
    let more = beyond(&plan, &chosen, drift);
    if !more.is_empty() {
        let targets: String = chosen.iter().map(|address| format!(" --target {address}")).collect();
        return Err(Failure::new(Exit::Refused, "putting that back would do more than that; nothing was changed")
            .of(ErrorId::Drift)
            .with(more)
            .advise(format!("if you want all of it: bbws apply {name}{targets}{}", session.offline.flag())));
    }
    if governed || args.out.is_some() {
        let path = args.out.clone().unwrap_or_else(|| PathBuf::from(format!("{name}-revert.plan")));
        plan_file::write(&path, &plan)?;
        if ui.json {
            ui.line(json!({ "format": 1, "event": "revert-planned", "file": path }).to_string());
        } else {
            ui.line("");
            show(ui, &session, &plan);
            tell_next(ui, &session, &plan, &path);
        }
        return Ok(Exit::Done);
    }
    if !args.yes {
        let what = if chosen.len() == 1 { "this resource".to_owned() } else { format!("these {} resources", chosen.len()) };
        consent(ui, &format!("\nPut {what} back? Type yes: "), "yes", "putting back")?;
    }
    let applying = ApplyArgs { yes: args.yes, ..ApplyArgs::default() };
    apply::work(ui, project, global, cloud, &applying, session.offline, (Some(plan), "FILE", None)).await
}

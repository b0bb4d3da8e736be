//! `state`: what bbws has recorded, and the care of it.

mod check;
mod edit;
mod past;
mod surgery;

use bbws_model::{State, wire};
use bbws_render::{ErrorId, state_list, state_show, state_show_all};
use serde_json::{Value, json};

use crate::address::not_recorded;
use crate::args::{Global, StateCommand, Where};
use crate::cloud::Cloud;
use crate::project::Project;
use crate::session::Offline;
use crate::ui::Ui;
use crate::{Exit, Failure, pace};

/// Runs one of its verbs.
pub(crate) fn run<C: Cloud>(ui: &mut Ui, project: &Project, global: &Global, cloud: &C, command: &StateCommand) -> Result<Exit, Failure> {
    match command {
        StateCommand::Unlock(args) => super::unlock::run(ui, project, global, cloud, args),
        StateCommand::List(place) => list(ui, project, global, place),
        StateCommand::Show { place, address } => show(ui, project, global, place, address.as_deref()),
        StateCommand::History { place, run } => past::history_of(ui, project, global, place, run.as_deref()),
        StateCommand::Diff { place, from, to } => past::diff(ui, project, global, place, (from.as_deref(), to.as_deref())),
        StateCommand::Pull { place, out } => past::pull(ui, project, global, place, out.as_deref()),
        StateCommand::Verify { place, mend, account } => check::verify(ui, project, global, cloud, (place, *mend, *account)),
        StateCommand::Restore { place, moment, forget, yes, glass } => {
            let order = edit::Restoring { moment: moment.as_deref(), forget: *forget, yes: *yes, glass };
            edit::restore(ui, project, global, cloud, place, &order)
        }
        StateCommand::Mv(args) => surgery::mv(ui, project, global, cloud, args),
        StateCommand::Rm(args) => surgery::rm(ui, project, global, cloud, args),
        StateCommand::Rebuild { place, lineage, yes, glass } => {
            edit::rebuild_of(ui, project, global, cloud, (place, lineage.as_deref(), *yes), glass)
        }
        StateCommand::Orphans(place) => check::orphans(ui, project, global, cloud, place),
        StateCommand::Gc { place, yes } => edit::gc(ui, project, global, place, *yes),
    }
}

fn list(ui: &mut Ui, project: &Project, global: &Global, place: &Where) -> Result<Exit, Failure> {
    let picked = project.pick(place.env.as_deref(), None, false)?;
    let offline = Offline::open(ui, project, global, &picked.name)?;
    let state = pace::play(None, offline.existing_state()).map_err(pace::no_runtime)??;
    let style = ui.style();
    if ui.json {
        let list: Vec<Value> = state.entries.iter().map(|(address, entry)| json!({ "address": address, "id": entry.id })).collect();
        ui.line(json!({ "format": 1, "environment": picked.name, "resources": list }).to_string());
    } else {
        ui.say(state_list(&state, style));
    }
    Ok(Exit::Done)
}

fn show(ui: &mut Ui, project: &Project, global: &Global, place: &Where, address: Option<&str>) -> Result<Exit, Failure> {
    let picked = project.pick(place.env.as_deref(), address, true)?;
    let offline = Offline::open(ui, project, global, &picked.name)?;
    let state = pace::play(None, offline.existing_state()).map_err(pace::no_runtime)??;
    let style = ui.style();
    let text = match &picked.rest {
        None if ui.json => String::from_utf8_lossy(&written(&state)?).into_owned(),
        None => state_show_all(&state, style),
        Some(address) => one(&state, address, ui.json, style)?,
    };
    ui.say(text);
    Ok(Exit::Done)
}

fn one(state: &State, address: &str, json: bool, style: bbws_render::Style) -> Result<String, Failure> {
    let parsed = crate::address::address(address)?;
    let unknown = || not_recorded(&parsed, state);
    if !json {
        return state_show(state, &parsed, style).ok_or_else(unknown);
    }
    let document: Value = serde_json::from_slice(&written(state)?).unwrap_or_default();
    let entry = document.get("entries").and_then(|entries| entries.get(address)).ok_or_else(unknown)?;
    Ok(format!("{entry:#}\n"))
}

fn written(state: &State) -> Result<Vec<u8>, Failure> {
    wire::state::write(state).map_err(|error| Failure::error(ErrorId::State, "the state cannot be written as JSON").because(error))
}

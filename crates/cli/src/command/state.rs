//! `state`: what bbws has recorded.

use bbws_model::{Address, State, wire};
use bbws_render::{state_list, state_show, state_show_all};
use serde_json::{Value, json};

use crate::args::{Global, StateCommand};
use crate::project::{Project, nearest};
use crate::session::Offline;
use crate::ui::Ui;
use crate::{Exit, Failure, pace};

/// Runs one of its verbs.
pub(crate) fn run(ui: &mut Ui, project: &Project, global: &Global, command: &StateCommand) -> Result<Exit, Failure> {
    let (place, address, takes_address) = match command {
        StateCommand::Unlock(args) => (&args.place, None, false),
        StateCommand::List(place) => (place, None, false),
        StateCommand::Show { place, address } => (place, address.as_deref(), true),
    };
    let picked = project.pick(place.env.as_deref(), address, takes_address)?;
    let offline = Offline::open(ui, project, global, &picked.name)?;
    let state = pace::play(None, offline.existing_state()).map_err(pace::no_runtime)??;
    let style = ui.style();
    match (command, &picked.rest) {
        (StateCommand::List(_), _) if ui.json => {
            let list: Vec<Value> = state.entries.iter().map(|(address, entry)| json!({ "address": address, "id": entry.id })).collect();
            ui.line(json!({ "format": 1, "environment": picked.name, "resources": list }).to_string());
        }
        // Dispatched before: it needs the account.
        (StateCommand::Unlock(_), _) => {}
        (StateCommand::List(_), _) => ui.say(state_list(&state, style)),
        (StateCommand::Show { .. }, None) if ui.json => ui.say(String::from_utf8_lossy(&written(&state)?)),
        (StateCommand::Show { .. }, None) => ui.say(state_show_all(&state, style)),
        (StateCommand::Show { .. }, Some(address)) => {
            let text = one(&state, address, ui.json, style)?;
            ui.say(text);
        }
    }
    Ok(Exit::Done)
}

fn one(state: &State, address: &str, json: bool, style: bbws_render::Style) -> Result<String, Failure> {
    let parsed: Address = address.parse().map_err(|error| Failure::new(Exit::Usage, format!("{error}")))?;
    let unknown = || {
        let known: Vec<String> = state.entries.keys().map(ToString::to_string).collect();
        let failure = Failure::new(Exit::Error, format!("nothing is recorded as {address}"));
        let failure = match nearest(address, known.iter().map(String::as_str)) {
            Some(near) => failure.advise(format!("did you mean `{near}`?")),
            None => failure,
        };
        failure.advise("`bbws state list` lists all there is")
    };
    if !json {
        return state_show(state, &parsed, style).ok_or_else(unknown);
    }
    let document: Value = serde_json::from_slice(&written(state)?).unwrap_or_default();
    let entry = document.get("entries").and_then(|entries| entries.get(address)).ok_or_else(unknown)?;
    Ok(format!("{entry:#}\n"))
}

fn written(state: &State) -> Result<Vec<u8>, Failure> {
    wire::state::write(state).map_err(|error| Failure::new(Exit::Error, "the state cannot be written as JSON").because(error))
}

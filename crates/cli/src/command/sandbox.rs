//! `sandbox`: look into the simulated AWS, or clear it.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use serde_json::json;

use crate::args::SandboxCommand;
use crate::cloud::{Answered, Cloud, Thing};
use crate::project::Project;
use crate::ui::{Ui, table};
use crate::{Exit, Failure};

/// Runs one of its verbs.
pub(crate) fn run<C: Cloud>(ui: &mut Ui, project: &Project, cloud: &C, command: &SandboxCommand) -> Result<Exit, Failure> {
    let dir = project.sandbox_dir();
    let failed = |error: io::Error| {
        Failure::new(Exit::Store, format!("the sandbox in {} failed", dir.display()))
            .because(&error)
            .advise("`bbws sandbox reset` clears a sandbox that is damaged or of another version")
    };
    match command {
        SandboxCommand::Reset => {
            let stuck = |error: io::Error| {
                let failure = Failure::new(Exit::Store, format!("the sandbox in {} cannot be cleared", dir.display())).because(&error);
                failure.advise(format!("check that {} and what is in it may be removed, or remove it by hand", dir.display()))
            };
            let states = reset_states(&dir).map_err(stuck)?;
            cloud.reset(&dir).map_err(stuck)?;
            if ui.json {
                ui.line(json!({ "format": 1, "states": states }).to_string());
            } else if states.is_empty() {
                ui.line("The sandbox is empty.");
            } else {
                ui.line(format!("The sandbox is empty; with it went the states of {}.", states.join(", ")));
            }
        }
        SandboxCommand::Show => show(ui, &cloud.things(&dir).map_err(failed)?),
        SandboxCommand::Calls { last } => {
            let calls = cloud.answered(&dir).map_err(failed)?;
            let from = last.map_or(0, |last| calls.len().saturating_sub(last));
            show_calls(ui, &calls[from..]);
        }
    }
    Ok(Exit::Done)
}

/// Removes the states of the sandbox's clusters, which speak of nothing any more; answers whose they were.
fn reset_states(dir: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(vec![]),
        Err(error) => return Err(error),
    };
    let mut gone = vec![];
    for entry in entries {
        let path = entry?.path();
        // Nothing but a state has a log.
        if path.join("log").is_dir() {
            fs::remove_dir_all(&path)?;
            gone.extend(path.file_name().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    gone.sort_unstable();
    Ok(gone)
}

fn show(ui: &mut Ui, things: &[Thing]) {
    if ui.json {
        ui.line(json!({ "format": 1, "things": things }).to_string());
        return;
    }
    if things.is_empty() {
        ui.line("Nothing exists in the sandbox.");
        return;
    }
    for here in things.chunk_by(|a, b| (&a.account, &a.region) == (&b.account, &b.region)) {
        ui.line(format!("account {}, {}", here[0].account, here[0].region));
        let rows: Vec<[&str; 3]> = here.iter().map(|thing| [thing.kind.as_str(), thing.id.as_str(), thing.about.as_str()]).collect();
        ui.say(table(&rows, "  "));
        ui.line("");
    }
    ui.line(bbws_render::count(things.len(), "thing"));
}

fn show_calls(ui: &mut Ui, calls: &[Answered]) {
    if ui.json {
        // A line each: the log may be long, and is read by tools that take lines.
        for call in calls {
            ui.line(serde_json::to_string(call).unwrap_or_default());
        }
        return;
    }
    let times: Vec<String> = calls.iter().map(|call| call.at.strftime("%Y-%m-%d %H:%M:%S").to_string()).collect();
    let rows: Vec<[&str; 5]> =
        calls.iter().zip(&times).map(|(call, at)| [at.as_str(), &call.account, &call.region, &call.operation, &call.outcome]).collect();
    ui.say(table(&rows, ""));
    ui.line(bbws_render::count(calls.len(), "call"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reset_takes_states_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        for folder in ["dev/log", "prod/log", "photos"] {
            fs::create_dir_all(dir.path().join(folder)).unwrap();
        }
        fs::write(dir.path().join("cloud.json"), "{}").unwrap();
        assert_eq!(reset_states(dir.path()).unwrap(), ["dev", "prod"]);
        assert!(dir.path().join("photos").is_dir() && dir.path().join("cloud.json").is_file());
        assert_eq!(reset_states(&dir.path().join("none")).unwrap(), Vec::<String>::new());
    }
}

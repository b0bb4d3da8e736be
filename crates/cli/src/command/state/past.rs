//! `state history`, `state diff`, `state pull`: what the log tells of the past.

use std::path::Path;

use bbws_engine::{Moment, Past, difference, history, states};
use bbws_model::State;
use bbws_render::{ErrorId, difference_json, history_json, history_of_run};

use crate::args::{Global, Where};
use crate::project::Project;
use crate::session::Offline;
use crate::ui::Ui;
use crate::{Exit, Failure, pace, written};

/// Tells the runs, or the slots of one.
pub(super) fn history_of(ui: &mut Ui, project: &Project, global: &Global, place: &Where, run: Option<&str>) -> Result<Exit, Failure> {
    let picked = project.pick(place.env.as_deref(), run, true)?;
    let offline = Offline::open(ui, project, global, &picked.name)?;
    let runs = pace::play(None, async {
        offline.existing_state().await?;
        history(offline.store.as_ref()).await.map_err(|error| offline.log_failure(&error))
    })
    .map_err(pace::no_runtime)??;
    let style = ui.style();
    let Some(wanted) = &picked.rest else {
        ui.say(if ui.json { format!("{:#}\n", history_json(&runs)) } else { bbws_render::history(&runs, style) });
        return Ok(Exit::Done);
    };
    let past = one(&runs, wanted)?;
    ui.say(if ui.json { format!("{:#}\n", history_json(std::slice::from_ref(past))) } else { history_of_run(past, style) });
    Ok(Exit::Done)
}

fn one<'a>(runs: &'a [Past], begins: &str) -> Result<&'a Past, Failure> {
    let found: Vec<&Past> = runs.iter().filter(|past| past.run.0.starts_with(begins)).collect();
    match found[..] {
        [one] => Ok(one),
        [] => Err(Failure::error(ErrorId::Unknown, format!("the log tells of no run `{begins}`"))
            .advise("`bbws state history ENV` lists all that it tells of")),
        _ => Err(Failure::new(Exit::Usage, format!("the ids of {} runs begin with `{begins}`", found.len())).advise("write more of it")),
    }
}

/// Reads a moment: a slot, a serial, or a run.
pub(super) fn moment(text: &str) -> Result<Moment, Failure> {
    let number = |text: &str| text.parse::<u64>().ok();
    if let Some(serial) = text.strip_prefix("serial:") {
        let wrong = || Failure::new(Exit::Usage, format!("`{serial}` is no serial")).advise("write it as in serial:19");
        return number(serial).map(Moment::Serial).ok_or_else(wrong);
    }
    match number(text) {
        Some(seq) => Ok(Moment::Slot(seq)),
        None if text.bytes().all(|byte| byte.is_ascii_alphanumeric()) => Ok(Moment::After(text.to_ascii_uppercase())),
        None => Err(Failure::new(Exit::Usage, format!("`{text}` names no moment"))
            .advise("write a slot's number (42), a serial (serial:19), or a run's id")),
    }
}

/// Why there is no state of a moment.
pub(super) fn unknown(moment: &str) -> Failure {
    Failure::error(ErrorId::Unknown, format!("the log does not tell what the state was at `{moment}`"))
        .because("there was no such moment, several runs' ids begin so, or its slots were collected")
        .advise("`bbws state history ENV` lists runs, slots and serials")
}

/// Compares two moments.
pub(super) fn diff(
    ui: &mut Ui,
    project: &Project,
    global: &Global,
    place: &Where,
    (from, to): (Option<&str>, Option<&str>),
) -> Result<Exit, Failure> {
    // Where BBWS_ENV names the environment the first argument is a moment already.
    let (picked, to) = match project.pick(place.env.as_deref(), from, true) {
        Err(_) if from.is_some() && to.is_none() => (project.pick(place.env.as_deref(), None, true)?, from),
        other => (other?, to),
    };
    let Some(from) = picked.rest.as_deref() else {
        return Err(Failure::new(Exit::Usage, "which two moments?").advise(format!(
            "a slot, a serial or a run, and another or now: bbws state diff {}{} 42",
            picked.name,
            global.flag()
        )));
    };
    let moments = match (moment(from)?, to) {
        // Of a single run, what it changed.
        (Moment::After(run), None) => vec![Moment::Before(run.clone()), Moment::After(run)],
        (first, to) => std::iter::once(Ok(first)).chain(to.map(moment)).collect::<Result<_, _>>()?,
    };
    let offline = Offline::open(ui, project, global, &picked.name)?;
    let (now, found) = pace::play(None, async {
        let now = offline.existing_state().await?;
        let found = states(offline.store.as_ref(), &moments).await.map_err(|error| offline.log_failure(&error))?;
        Ok::<_, Failure>((now, found))
    })
    .map_err(pace::no_runtime)??;
    let mut found = found.into_iter();
    let old = found.next().flatten().ok_or_else(|| unknown(from))?;
    let new: State = found.next().map_or(Some(now), |second| second).ok_or_else(|| unknown(to.unwrap_or(from)))?;
    let difference = difference(&old, &new);
    let style = ui.style();
    ui.say(if ui.json { format!("{:#}\n", difference_json(&difference)) } else { bbws_render::difference(&difference, style) });
    Ok(Exit::Done)
}

/// Writes the whole state out.
pub(super) fn pull(ui: &mut Ui, project: &Project, global: &Global, place: &Where, out: Option<&Path>) -> Result<Exit, Failure> {
    let picked = project.pick(place.env.as_deref(), None, false)?;
    let offline = Offline::open(ui, project, global, &picked.name)?;
    let state = pace::play(None, offline.existing_state()).map_err(pace::no_runtime)??;
    let bytes = super::written(&state)?;
    match out {
        None => ui.say(String::from_utf8_lossy(&bytes)),
        Some(path) => {
            written::replace(path, &bytes).map_err(|why| Failure::unwritten("the state", path, why))?;
        }
    }
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read() {
        assert_eq!(moment("42").unwrap(), Moment::Slot(42));
        assert_eq!(moment("serial:19").unwrap(), Moment::Serial(19));
        assert_eq!(moment("01kb").unwrap(), Moment::After("01KB".into()));
        for wrong in ["serial:x", "-1", "a b"] {
            assert_eq!(moment(wrong).unwrap_err().exit, Exit::Usage, "{wrong}");
        }
    }
}

//! `runs`: what was done when, by whom, from which commit, and how long each step took; and a run played again.

use std::collections::BTreeMap;
use std::time::Duration;

use bbws_engine::{Trace, traces};
use bbws_model::{Event, Mode, RunId, Stamped, StepId, wire};
use bbws_render::{ErrorId, Progress, RunStory, run_json, run_told, runs, runs_json};

use super::record::{events_of, record_of};
use crate::args::{Global, RunsArgs};
use crate::project::Project;
use crate::session::Offline;
use crate::ui::{Ui, Watch};
use crate::{Exit, Failure, pace};

/// How long a picture stands while a run is played again.
const FRAME: Duration = Duration::from_millis(80);

/// Tells the runs, or one of them.
pub(crate) fn run(ui: &mut Ui, project: &Project, global: &Global, args: &RunsArgs) -> Result<Exit, Failure> {
    let picked = project.pick(args.place.env.as_deref(), args.run.as_deref(), true)?;
    let offline = Offline::open(ui, project, global, &picked.name)?;
    let (name, flag) = (picked.name.as_str(), offline.flag());
    if args.replay && picked.rest.is_none() {
        return Err(Failure::new(Exit::Usage, "which run is to be played again?").advise(format!("`bbws runs {name}{flag}` lists them")));
    }
    let stories = pace::play(None, stories(&offline, picked.rest.as_deref(), args.last)).map_err(pace::no_runtime)??;
    let style = ui.style();
    let Some(wanted) = &picked.rest else {
        ui.say(if ui.json { format!("{:#}\n", runs_json(&stories)) } else { runs(&stories, style) });
        return Ok(Exit::Done);
    };
    let story = match &stories[..] {
        [one] => one,
        [] => {
            return Err(Failure::error(ErrorId::Unknown, format!("there is no run `{wanted}`"))
                .because("neither the log nor the records tell of it")
                .advise(format!("`bbws runs {name}{flag}` lists all")));
        }
        _ => {
            return Err(
                Failure::new(Exit::Usage, format!("the ids of {} runs begin with `{wanted}`", stories.len())).advise("write more of it")
            );
        }
    };
    if args.replay {
        replay(ui, story, flag, args.speed);
    } else if ui.json {
        ui.say(format!("{:#}\n", run_json(story)));
    } else {
        ui.say(run_told(story, name, flag, style));
    }
    Ok(Exit::Done)
}

/// The runs that the log and the records tell of, the newest first: those whose id begins so, or the last of all.
async fn stories(offline: &Offline, begins: Option<&str>, last: usize) -> Result<Vec<RunStory>, Failure> {
    offline.existing_state().await?;
    let store = offline.store.as_ref();
    let failed = |error: bbws_engine::StoreError| offline.store_failure(&error);
    let keys = store.list_after(wire::run::PREFIX, "").await.map_err(failed)?;
    let mut all: BTreeMap<RunId, Option<Trace>> = keys.iter().filter_map(|key| Some((wire::run::run_of(key)?, None))).collect();
    for trace in traces(store).await.map_err(|error| offline.log_failure(&error))? {
        all.insert(trace.run.clone(), Some(trace));
    }
    let begins = begins.map(str::to_uppercase);
    all.retain(|run, _| begins.as_ref().is_none_or(|begins| run.0.starts_with(begins)));
    let most = if begins.is_some() { all.len() } else { last };
    let mut stories = vec![];
    for (run, trace) in all.into_iter().rev().take(most) {
        let (record, events) = (record_of(store, &run).await, events_of(store, &run).await);
        stories.push(RunStory { run, record, events, trace });
    }
    Ok(stories)
}

/// Plays a run again. Where nothing is drawn there is nothing to wait for.
fn replay(ui: &mut Ui, story: &RunStory, flag: &str, speed: f64) {
    let events = if story.events.is_empty() { from_log(story) } else { story.events.clone() };
    let (live, json) = (ui.live, ui.json);
    let steps = events.iter().filter(|stamped| matches!(stamped.event, Event::StepStarted { .. } | Event::StepSkipped { .. })).count();
    let watch = Watch::of_the_past(ui, Progress::new(steps), flag);
    let (mut sink, mut shown) = (watch.again(), Duration::ZERO);
    for stamped in &events {
        while live && shown < stamped.elapsed {
            let left = stamped.elapsed - shown;
            let step = FRAME.mul_f64(speed).min(left);
            std::thread::sleep(step.div_f64(speed));
            shown += step;
            watch.draw(shown);
        }
        bbws_engine::EventSink::on(&mut sink, stamped);
    }
    let over = events.iter().any(|stamped| matches!(stamped.event, Event::RunFinished { .. }));
    let summary = watch.summary();
    drop((watch, sink));
    match (json, over) {
        (true, _) => {}
        (false, true) => ui.say(format!("\n{summary}")),
        (false, false) => ui.remark("\nThe log tells no more: the run was killed, or is still at work."),
    }
}

/// The events of a run that wrote none, as far as the log tells them.
fn from_log(story: &RunStory) -> Vec<Stamped> {
    let Some(trace) = &story.trace else { return vec![] };
    let at = |when: jiff::Timestamp, event: Event| {
        let elapsed = Duration::try_from(when.duration_since(trace.began)).unwrap_or_default();
        Stamped { at: when, elapsed, event }
    };
    let environment = story.record.as_ref().map(|record| record.environment.clone()).unwrap_or_default();
    let (run, mode) = (story.run.clone(), trace.mode.unwrap_or(Mode::Apply));
    let mut events = vec![at(trace.began, Event::RunStarted { environment, run, mode })];
    for (number, deed) in trace.deeds.iter().enumerate() {
        let (step, address) = (StepId(number), deed.address.clone());
        let took = deed.ended.and_then(|ended| Duration::try_from(ended.duration_since(deed.began)).ok());
        let expected = took.unwrap_or_default();
        events.push(at(deed.began, Event::StepStarted { step, address: address.clone(), verb: deed.verb.to_owned(), expected }));
        if let (Some(ended), Some(took)) = (deed.ended, took) {
            events.push(at(ended, Event::StepFinished { step, address, took, aws: took }));
        }
    }
    events.sort_by_key(|stamped| stamped.elapsed);
    events
}

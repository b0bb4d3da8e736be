//! `state unlock`: takes an environment from the run that holds it, and gives it back.

use bbws_engine::Held;
use bbws_model::Mode;
use serde_json::json;

use super::consent::consent;
use super::hold::{give_back, open};
use crate::args::{Global, UnlockArgs};
use crate::cloud::Cloud;
use crate::project::Project;
use crate::session::{Offline, Session};
use crate::ui::Ui;
use crate::{Exit, Failure, pace};

/// Shows who holds the environment, asks, and fences that run: it can write nothing and send nothing from then on. Nothing is
/// deleted; what it has sent is settled by the next run.
pub(crate) fn run<C: Cloud>(ui: &mut Ui, project: &Project, global: &Global, cloud: &C, args: &UnlockArgs) -> Result<Exit, Failure> {
    let name = project.pick(args.place.env.as_deref(), None, false)?.name;
    let offline = Offline::open(ui, project, global, &name)?;
    pace::play(pace::of(global), work(ui, project, global, cloud, args, offline)).map_err(pace::no_runtime)?
}

async fn work<C: Cloud>(
    ui: &mut Ui,
    project: &Project,
    global: &Global,
    cloud: &C,
    args: &UnlockArgs,
    offline: Offline,
) -> Result<Exit, Failure> {
    let session = Session::open(offline, cloud, project, global, "state unlock").await?;
    let name = session.offline.environment.name.clone();
    let Some(held) = Held::of(&session.state().await?) else {
        if ui.json {
            ui.line(json!({ "format": 1, "event": "unlocked", "held": false }).to_string());
        } else {
            ui.line(format!("Nobody holds {name}; there is nothing to unlock."));
        }
        return Ok(Exit::Done);
    };
    if !args.yes {
        let told = bbws_render::unlock(&name, &held, jiff::Timestamp::now(), ui.err_style());
        if !ui.json {
            ui.remark(told.trim_end());
        }
        consent(ui, "\nTake the environment from it? Only `yes` is taken for an answer: ", "yes", "unlocking")?;
    }
    let (run, seq) = (held.owner.run.clone(), held.seq);
    // The run that was shown, however far it has come since; not another one that came after it.
    let log = open(&session, Mode::Apply, None, vec![], &|now: &Held| now.owner.run == run).await?;
    if let Some(error) = give_back(&log, "unlocked").await {
        return Err(session.offline.log_failure(&error));
    }
    let open = log.state(|state| state.open.len());
    if ui.json {
        ui.line(json!({ "format": 1, "event": "unlocked", "held": true, "run": run, "slot": seq, "unsettled": open }).to_string());
        return Ok(Exit::Done);
    }
    ui.line(format!("{name} is free. The run {run} can write nothing and send nothing any more."));
    if open > 0 {
        let requests = if open == 1 { "a request of which it is".to_owned() } else { format!("{open} requests of which it is") };
        ui.line(format!("It has left {requests} not known what became; the next apply finds out first."));
    }
    Ok(Exit::Done)
}

//! `doctor --assumptions`: what the code takes AWS to do and nobody has confirmed.

use bbws_operate::assumptions::{ALL, Assumption, Shown, Test, named};
use bbws_render::{assumptions, assumptions_json};

use crate::args::{DoctorArgs, Global};
use crate::cloud::{Cloud, Link};
use crate::project::Project;
use crate::session::{Offline, Session};
use crate::ui::Ui;
use crate::{Exit, Failure, pace};

/// Lists them, and runs the tests that were asked for. A test that bbws runs reads, and nothing else: the gate for changing calls
/// stays shut.
pub(crate) fn run<C: Cloud>(ui: &mut Ui, project: &Project, global: &Global, cloud: &C, args: &DoctorArgs) -> Result<Exit, Failure> {
    let name = project.pick(args.place.env.as_deref(), None, false)?.name;
    ui.about(global, &name);
    let chosen = chosen(args.test.as_deref())?;
    let shown = if chosen.is_empty() {
        vec![]
    } else {
        let offline = Offline::open(ui, project, global, &name)?;
        pace::play(pace::of(global), tried(project, global, cloud, offline, &chosen)).map_err(pace::no_runtime)??
    };
    let style = ui.style();
    // Of one that was asked for only that one is told.
    let list: Vec<&Assumption> = if args.test.as_deref().is_none_or(|test| test == "all") { ALL.iter().collect() } else { chosen };
    ui.say(if ui.json { format!("{:#}\n", assumptions_json(&list, &shown)) } else { ui.at.fill(&assumptions(&list, &shown, style)) });
    let refuted = shown.iter().any(|(_, shown)| matches!(shown, Shown::Refuted(_)));
    Ok(if refuted { Exit::Changes } else { Exit::Done })
}

fn chosen(test: Option<&str>) -> Result<Vec<&'static Assumption>, Failure> {
    match test {
        None => Ok(vec![]),
        Some("all") => Ok(ALL.iter().filter(|one| one.test == Test::Read).collect()),
        Some(id) => named(id).map(|one| vec![one]).ok_or_else(|| {
            let failure = Failure::new(Exit::Usage, format!("there is no assumption `{id}`"));
            failure.or_meant(id, ALL.iter().map(|one| one.id)).advise("`bbws doctor ENV --assumptions` lists them")
        }),
    }
}

async fn tried<C: Cloud>(
    project: &Project,
    global: &Global,
    cloud: &C,
    offline: Offline,
    chosen: &[&'static Assumption],
) -> Result<Vec<(&'static str, Shown)>, Failure> {
    if chosen.iter().all(|one| one.test != Test::Read) {
        return Ok(vec![]);
    }
    let session = Session::open(offline, cloud, project, global, "doctor").await?;
    let mut all = vec![];
    for one in chosen.iter().filter(|one| one.test == Test::Read) {
        let shown = match session.link.try_assumption(one.id).await {
            None => Shown::Unknown("this bbws has no test for it".to_owned()),
            Some(Err(error)) => Shown::Unknown(error.to_string()),
            Some(Ok((None, told))) => Shown::Unknown(told),
            Some(Ok((Some(true), told))) => Shown::Confirmed(told),
            Some(Ok((Some(false), told))) => Shown::Refuted(told),
        };
        all.push((one.id, shown));
    }
    Ok(all)
}

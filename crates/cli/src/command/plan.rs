//! `plan`: what would change, why, at what risk. It changes nothing: the gate for mutating calls stays shut.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bbws_engine::{Picture, read_formula};
use bbws_model::{Mode, Plan, Reads, Severity, State, net, wire};
use bbws_render::{Detail, ErrorId};
use serde_json::{Value, json};

use super::back;
use super::hold::at_work;
use super::spool;
use crate::approval::principal;
use crate::args::{Global, PlanArgs};
use crate::cloud::{Cloud, Link, Sent};
use crate::next::Next;
use crate::project::Project;
use crate::session::{Offline, Session};
use crate::ui::Ui;
use crate::{Exit, Failure, absent, pace, preflight, written};

/// Plans, and shows the plan.
pub(crate) fn run<C: Cloud>(ui: &mut Ui, project: &Project, global: &Global, cloud: &C, args: &PlanArgs) -> Result<Exit, Failure> {
    if [&args.markdown, &args.html].iter().all(|path| path.as_deref().is_some_and(to_screen)) {
        let failure = Failure::new(Exit::Usage, "only one of --markdown and --html can be printed");
        return Err(failure.advise("write one of them into a file: --html=plan.html"));
    }
    let name = project.pick(args.place.env.as_deref(), None, false)?.name;
    let offline = Offline::open(ui, project, global, &name)?;
    pace::play(pace::of(global), work(ui, project, global, cloud, args, offline)).map_err(pace::no_runtime)?
}

async fn work<C: Cloud>(
    ui: &mut Ui,
    project: &Project,
    global: &Global,
    cloud: &C,
    args: &PlanArgs,
    offline: Offline,
) -> Result<Exit, Failure> {
    let mut session = Session::open(offline, cloud, project, global, "plan").await?;
    let state = session.state().await?;
    if spool::waiting(ui, &session.offline).await > 0 && !ui.json {
        ui.remark("This machine keeps what became of requests while the state store was out of reach; the next apply records it.");
    }
    // What one that is gone has left is told with the plan.
    if let Some(held) = at_work(&state) {
        let who = &held.owner;
        let told = "what it has not done yet shows as steps, and a plan in a file will be out of date when it is over";
        ui.remark(format!("A run of {} on {} is at work ({}): {told}.", who.user, who.host, who.command));
    }
    let mode = if args.destroy { Mode::Destroy } else { Mode::Apply };
    let way = match &args.back_to {
        Some(run) => Some(back::turn(&mut session, &state, run).await?),
        None => None,
    };
    let made = session.plan(&state, &session.ask(mode, args.scope.asked())).await;
    let (mut plan, picture) = made.map_err(|failure| back::refused(way.as_ref(), failure))?;
    let notes = way.iter().flat_map(|way| way.notes(&session, &plan, &picture)).collect::<Vec<_>>();
    plan.notes.extend(notes);
    plan.notes.extend(absent::note(&session, cloud, (project, global), (&state, mode), &picture).await);
    let sent = session.link.sent();
    let all = ui.verbose > 0 && !ui.json && ![&args.markdown, &args.html].iter().any(|path| path.as_deref().is_some_and(to_screen));
    let ahead = preflight::look_beside(all, &session, &state, &mut plan).await;
    pages(ui, &session, &plan, args)?;
    tell_calls(ui, &sent, Some((&picture, &formula(&session, &state)?)));
    if let Some(ahead) = ahead.filter(|_| all) {
        preflight::tell_beside(ui, &ahead);
    }
    if let Some(path) = &args.out {
        crate::plan_file::write(path, &plan)?;
        if !ui.json {
            tell_next(ui, &session, &plan, path);
        }
    }
    Ok(if args.detailed_exitcode && !plan.is_empty() { Exit::Changes } else { Exit::Done })
}

/// What can be done with a plan in a file.
pub(super) fn tell_next<L: Link>(ui: &mut Ui, session: &Session<L>, plan: &Plan, path: &Path) {
    ui.remark(format!("The plan is in {}.", path.display()));
    let next = Next::of(session, &path.display().to_string());
    if plan.notes.iter().any(|note| note.severity == Severity::Error) {
        return ui.remark(format!("  It would fail: mend what is named above, then make it again:  {}", next.plan()));
    }
    match (session.offline.governed && !plan.is_empty(), plan.mode) {
        (true, Mode::Destroy) => ui.remark("Nobody can apply it: production is never destroyed."),
        (true, Mode::Apply) => {
            ui.remark(format!("  Somebody else approves it:  {}", next.approve(&principal(session))));
            ui.remark(format!("  Then it is applied:         {}", next.apply()));
        }
        (false, _) => ui.remark(format!("  Apply it:  {}", next.apply())),
    }
}

/// Whether a page goes where the text would.
fn to_screen(path: &Path) -> bool {
    path == Path::new("-")
}

/// Shows a plan as text, or as the page that was asked for instead; and writes pages into the files that were named.
fn pages<L: Link>(ui: &mut Ui, session: &Session<L>, plan: &Plan, args: &PlanArgs) -> Result<(), Failure> {
    let kinds = &session.offline.kinds;
    let plan = &told(ui, plan);
    let (markdown, html) = (|| bbws_render::plan_markdown(plan, kinds), || bbws_render::plan_html(plan, kinds));
    let asked: [(&Option<PathBuf>, &dyn Fn() -> String); 2] = [(&args.markdown, &markdown), (&args.html, &html)];
    match asked.iter().find(|(path, _)| path.as_deref().is_some_and(to_screen)) {
        None => show(ui, session, plan),
        Some((_, page)) => ui.say(page()),
    }
    for (path, page) in asked.iter().filter_map(|(path, page)| Some((path.as_deref().filter(|path| !to_screen(path))?, page))) {
        let failed = |why: String| Failure::unwritten("the plan", path, why);
        written::replace(path, net::catch(&page()).as_bytes()).map_err(failed)?;
        ui.remark(format!("The page is in {}.", path.display()));
    }
    Ok(())
}

/// Shows a plan as the user wants it.
pub(crate) fn show<L: Link>(ui: &mut Ui, session: &Session<L>, plan: &Plan) {
    if ui.json {
        ui.say(String::from_utf8_lossy(&wire::plan::write(plan).unwrap_or_default()));
    } else {
        let detail = if ui.verbose > 0 { Detail::All } else { Detail::Telling };
        let style = ui.style();
        ui.say(bbws_render::plan(&told(ui, plan), &session.offline.kinds, style, detail));
    }
}

/// The plan as people read it: the commands in its notes lead to where they are. In a file it is for whoever reads it.
fn told(ui: &Ui, plan: &Plan) -> Plan {
    Plan { notes: ui.at.advised(&plan.notes), ..plan.clone() }
}

/// Shows a plan among the events of a run, where that is what the user wants.
pub(crate) fn show_before<L: Link>(ui: &mut Ui, session: &Session<L>, plan: &Plan) {
    if ui.json {
        let plan: Value = wire::plan::write(plan).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        ui.line(json!({ "format": 1, "event": "plan", "plan": plan }).to_string());
    } else {
        show(ui, session, plan);
    }
}

/// The calls that a look at what is recorded takes.
///
/// # Errors
/// When an entry of the state is not of its kind.
pub(crate) fn formula<L: Link>(session: &Session<L>, state: &State) -> Result<Reads, Failure> {
    read_formula(&session.offline.kinds, state).map_err(|problem| {
        let name = &session.offline.environment.name;
        Failure::error(ErrorId::State, format!("an entry in the state of {name} is not of its kind"))
            .because(format!("{}: {}", problem.field, problem.message))
    })
}

/// With `-v`, tells which calls were made, beside those that the read formulas of what is recorded add up to.
pub(crate) fn tell_calls(ui: &mut Ui, sent: &[Sent], look: Option<(&Picture, &Reads)>) {
    if ui.verbose == 0 {
        return;
    }
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for call in sent {
        counts.entry(call.operation.as_str()).or_default().0 += 1;
    }
    let changing = sent.iter().filter(|call| !call.read).count();
    let reading = sent.len() - changing;
    ui.remark(format!("\n{}: {reading} that read, {changing} that change", bbws_render::count(sent.len(), "call")));
    let Some((picture, formula)) = look else {
        for (operation, (made, _)) in counts {
            ui.remark(format!("  {made:>4}  {operation}"));
        }
        return;
    };
    for (operation, calls) in formula.by_api() {
        counts.entry(operation).or_default().1 = calls;
    }
    ui.remark(format!("{} of them for one look at everything; the read formulas of what is recorded: {}", picture.calls, formula.total()));
    ui.remark("  made  formula");
    for (operation, (made, formula)) in counts {
        ui.remark(format!("  {made:>4}  {formula:>7}  {operation}"));
    }
}

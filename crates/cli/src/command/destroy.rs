//! `destroy`: removes the whole cluster.

use bbws_engine::PutOutcome;
use bbws_model::{Mode, Scope, State, wire};

use super::change::{Order, execute, look_back_at_open};
use super::consent::{counted, typed};
use super::hold::{free, or_held, tidy};
use super::plan::show_before;
use crate::args::{DestroyArgs, Global};
use crate::cloud::{Cloud, Link};
use crate::project::Project;
use crate::session::{Offline, Session};
use crate::ui::Ui;
use crate::{Exit, Failure, pace, safety};

/// Lists everything, wants the cluster's name, backs the state up, removes the cluster.
pub(crate) fn run<C: Cloud>(ui: &mut Ui, project: &Project, global: &Global, cloud: &C, args: &DestroyArgs) -> Result<Exit, Failure> {
    let name = project.pick(args.place.env.as_deref(), None, false)?.name;
    let offline = Offline::open(ui, project, global, &name)?;
    safety::check_tier(&offline, Mode::Destroy)?;
    if args.with_tenants {
        safety::check_tenants(&offline)?;
    }
    pace::play(pace::of(global), work(ui, project, global, cloud, args, offline)).map_err(pace::no_runtime)?
}

async fn work<C: Cloud>(
    ui: &mut Ui,
    project: &Project,
    global: &Global,
    cloud: &C,
    args: &DestroyArgs,
    offline: Offline,
) -> Result<Exit, Failure> {
    let session = Session::open(offline, cloud, project, global, "destroy").await?;
    let state = session.state().await?;
    let free = free(ui, &session, &state).await?;
    let state = look_back_at_open(ui, &session, Mode::Destroy, state, free).await?;
    let ask = session.ask(Mode::Destroy, Scope::default());
    let picture = session.seen(&state, Mode::Destroy).await;
    let (plan, tenants) = match session.compiled(&state, &ask, &picture, args.with_tenants).await {
        Ok(made) => made,
        Err(failure) => return Err(or_held(&session, &state, failure).await),
    };
    show_before(ui, &session, &plan);
    if plan.is_empty() {
        tidy(ui, &session, (&state, free)).await?;
        return Ok(Exit::Done);
    }
    let environment = &session.offline.environment;
    let question = bbws_render::destroy_question(&plan, &environment.names.cluster, ui.err_style());
    typed(ui, &environment.name, &question, args.confirm.as_deref(), "destroying a cluster")?;
    if tenants.number() > 0 || args.tenants.is_some() {
        counted(ui, &bbws_render::tenants_question(tenants.number(), ui.err_style()), args.tenants)?;
    }
    keep(&session, &state).await?;
    let resources = picture.recorded.len() + picture.deposed.len();
    let order = Order { plan, ask: &ask, state: &state, free, calls: picture.calls, resources, grounds: vec![], speed: pace::of(global) };
    Box::pin(execute(ui, &session, order)).await
}

/// Puts a copy of the state aside.
async fn keep<L: Link>(session: &Session<L>, state: &State) -> Result<(), Failure> {
    let offline = &session.offline;
    let failed = |why: String| {
        let failure = Failure::new(Exit::Store, "the state cannot be backed up; nothing was changed").because(why);
        failure.advise(format!("check {}: free space and permissions", offline.home))
    };
    let bytes = wire::state::write(state).map_err(|error| failed(error.to_string()))?;
    let key = format!("backups/before-destroy-{:020}.json", state.seq);
    match offline.store.create(&key, &bytes).await.map_err(|error| failed(error.to_string()))? {
        // The same slots always add up to the same state.
        PutOutcome::Created | PutOutcome::Exists => Ok(()),
    }
}

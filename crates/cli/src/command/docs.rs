//! `docs`: one page about the cluster, for people who did not make it.

use bbws_model::net;
use bbws_render::{ClusterPage, cluster_page};

use crate::args::{DocsArgs, Global};
use crate::project::Project;
use crate::session::Offline;
use crate::ui::Ui;
use crate::{Exit, Failure, desired, pace, written};

/// Writes it from the file and, where there is one, the state.
pub(crate) fn run(ui: &mut Ui, project: &Project, global: &Global, args: &DocsArgs) -> Result<Exit, Failure> {
    let name = project.pick(args.place.env.as_deref(), None, false)?.name;
    let offline = Offline::open(ui, project, global, &name)?;
    let (desired, state) = pace::play(None, async {
        let desired = desired::to_draw(ui, &offline, project).await?;
        Ok::<_, Failure>((desired, offline.state().await?))
    })
    .map_err(pace::no_runtime)??;
    let home = offline.home.to_string();
    let page = ClusterPage {
        environment: &offline.environment,
        file: &offline.file,
        desired: &desired,
        state: state.as_ref(),
        home: &home,
        kinds: &offline.kinds,
        flag: offline.flag(),
    };
    let text = cluster_page(&page);
    match &args.out {
        None => ui.say(text),
        Some(path) => {
            let failed = |why| Failure::unwritten("the page", path, why);
            written::replace_as(path, net::catch(&text).as_bytes(), 0o644).map_err(failed)?;
            ui.remark(format!("The page is in {}.", path.display()));
        }
    }
    Ok(Exit::Done)
}

//! `graph`: draws the cluster.

use bbws_model::net;
use bbws_render::Diagram;

use crate::args::{Global, GraphArgs, GraphFormat};
use crate::project::Project;
use crate::session::Offline;
use crate::ui::Ui;
use crate::{Exit, Failure, desired, pace, written};

/// Draws it from the environment's file.
pub(crate) fn run(ui: &mut Ui, project: &Project, global: &Global, args: &GraphArgs) -> Result<Exit, Failure> {
    let name = project.pick(args.place.env.as_deref(), None, false)?.name;
    let offline = Offline::open(ui, project, global, &name)?;
    let desired = pace::play(None, desired::to_draw(ui, &offline, project)).map_err(pace::no_runtime)??;
    let kinds = &offline.kinds;
    let diagram = Diagram::of_desired(&desired);
    let text = match args.format {
        GraphFormat::Dot => diagram.dot(kinds),
        GraphFormat::Mermaid => diagram.mermaid(kinds),
        GraphFormat::Html => diagram.html(&title(&offline), kinds),
        GraphFormat::Svg => diagram.svg(&title(&offline), kinds),
    };
    match &args.out {
        None => ui.say(text),
        Some(path) => {
            let failed = |why| Failure::unwritten("the drawing", path, why);
            written::replace_as(path, net::catch(&text).as_bytes(), 0o644).map_err(failed)?;
            ui.remark(format!("The drawing is in {}.", path.display()));
        }
    }
    Ok(Exit::Done)
}

fn title(offline: &Offline) -> String {
    let environment = &offline.environment;
    format!("{}, {} in {}", environment.names.cluster, environment.account, environment.region)
}

//! `cost`: what the cluster of a file costs a month, beside what is deployed. Needs no account, but to ask for new prices.

mod prices;

pub(crate) use prices::prices;

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use bbws_engine::Clock;
use bbws_model::State;
use bbws_operate::cost::{Bill, Prices};
use bbws_render::CostReport;
use futures::future::{Either, select};

use crate::args::{CostArgs, Global};
use crate::cloud::Cloud;
use crate::project::Project;
use crate::session::Offline;
use crate::ui::Ui;
use crate::{Exit, Failure, SystemClock, pace};

/// For how long a state that is not on this machine is waited for: what it costs is known without it.
const PATIENCE: Duration = Duration::from_secs(10);

/// Tells it.
pub(crate) fn run<C: Cloud>(ui: &mut Ui, project: &Project, global: &Global, cloud: &C, args: &CostArgs) -> Result<Exit, Failure> {
    if args.markdown && ui.json {
        return Err(Failure::new(Exit::Usage, "--json and --markdown are two forms of the same").advise("leave one of them out"));
    }
    let name = project.pick(args.place.env.as_deref(), None, false)?.name;
    let offline = Offline::open(ui, project, global, &name)?;
    let mut prices = prices(project, &offline.environment.region, global.sandbox)?;
    if args.refresh {
        let bill = wanted(&offline, &prices);
        let work = prices::refresh(ui, project, global, cloud, &offline, (&prices, &bill));
        pace::play(pace::of(global), work).map_err(pace::no_runtime)??;
        prices = self::prices(project, &offline.environment.region, global.sandbox)?;
    }
    let state = pace::play(None, deployed(ui, &offline)).map_err(pace::no_runtime)?;
    tell(ui, args, &offline, &prices, state.as_ref());
    Ok(Exit::Done)
}

/// What is recorded as deployed, if anything is and it can be read without ado.
async fn deployed(ui: &mut Ui, offline: &Offline) -> Option<State> {
    match within(PATIENCE, offline.state()).await {
        Some(Ok(state)) => state,
        Some(Err(failure)) => {
            left_out(ui, &failure.what);
            None
        }
        None => {
            left_out(ui, &format!("{} did not answer", offline.home));
            None
        }
    }
}

fn left_out(ui: &mut Ui, why: &str) {
    if !ui.json {
        ui.remark(format!("What is deployed is left out: {why}."));
    }
}

async fn within<T>(most: Duration, work: impl Future<Output = T>) -> Option<T> {
    match select(pin!(work), pin!(tokio::time::sleep(most))).await {
        Either::Left((done, _)) => Some(done),
        Either::Right(((), _)) => None,
    }
}

fn tell(ui: &mut Ui, args: &CostArgs, offline: &Offline, prices: &Prices, state: Option<&State>) {
    let (environment, kinds) = (&offline.environment, &offline.kinds);
    let wanted = wanted(offline, prices);
    // What existed before bbws is paid for by whoever made it.
    let recorded = |state: &State| {
        let specs = state.entries.iter().filter(|(_, entry)| !entry.existing).map(|(address, entry)| (address, &entry.spec));
        Bill::of_specs(specs, kinds, prices)
    };
    let deployed = state.map(recorded);
    let ecs = &environment.ecs;
    let report = CostReport {
        environment: &environment.name,
        flag: offline.flag(),
        cluster: &environment.names.cluster,
        specified: environment.tier == bbws_cluster::Tier::Dev,
        kinds,
        prices,
        wanted: &wanted,
        deployed: deployed.as_ref(),
        task: (f64::from(ecs.task_cpu) / 1024.0, f64::from(ecs.task_memory) / 1024.0),
        today: jiff::tz::TimeZone::UTC.to_datetime(SystemClock::default().now()).date(),
    };
    let (style, detail) = (ui.style(), ui.verbose > 0);
    ui.say(match (ui.json, args.markdown) {
        (true, _) => bbws_render::cost_json(&report),
        (false, true) => bbws_render::cost_markdown(&report),
        (false, false) => bbws_render::cost(&report, style, detail),
    });
}

/// What the file adds up to. Name servers of others, which it may lack yet, cost nothing.
fn wanted(offline: &Offline, prices: &Prices) -> Bill {
    let desired = bbws_cluster::draft(&offline.environment, &offline.kinds);
    let ours = desired.resources.iter().filter(|(_, wanted)| !wanted.existing).map(|(address, wanted)| (address, &wanted.spec));
    Bill::of_specs(ours, &offline.kinds, prices)
}

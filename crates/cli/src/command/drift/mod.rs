//! `drift`: what somebody changed behind bbws's back, and who. The look has a type of its own, through which nothing can be
//! changed; what is kept or put back takes the ordinary way, on a connection of its own.

mod accept;
mod revert;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bbws_engine::{Clock, Picture, census, hanging, in_place_of, refresh};
use bbws_kinds::GLOBAL;
use bbws_model::{Address, Class, Desired, State};
use bbws_operate::drift::{Beside, Deed, Doer, Drift, Strangers, drift, gone, strangers, trace};
use bbws_render::{Detail, ErrorId, Watched};
use futures::future::{join_all, join3};

use super::hold::at_work;
use super::plan::tell_calls;
use crate::address::{address, not_recorded};
use crate::args::{DriftArgs, Global};
use crate::cloud::{Cloud, Look, Trail};
use crate::project::Project;
use crate::session::{Offline, Session};
use crate::ui::Ui;
use crate::{Exit, Failure, pace, safety};

/// CloudTrail answers two lookups a second.
const BETWEEN_LOOKUPS: Duration = Duration::from_millis(550);
/// For so many resources it is asked.
const LOOKED_UP: usize = 40;

/// Looks, tells what has drifted, and keeps or puts back what it is told to.
pub(crate) fn run<C: Cloud>(ui: &mut Ui, project: &Project, global: &Global, cloud: &C, args: &DriftArgs) -> Result<Exit, Failure> {
    let picked = project.pick(args.env.as_deref(), None, true)?;
    // Where BBWS_ENV names the environment the first argument is an address.
    let named: Vec<&str> = picked.rest.iter().chain(&args.addresses).map(String::as_str).collect();
    let chosen = named.into_iter().map(address).collect::<Result<BTreeSet<Address>, Failure>>()?;
    if let Some(both) = args.accept.iter().find(|address| args.revert.contains(address)) {
        return Err(Failure::new(Exit::Usage, format!("{both} cannot be both kept and put back")));
    }
    let decides = !args.accept.is_empty() || !args.revert.is_empty();
    if !chosen.is_empty() && decides {
        return Err(Failure::new(Exit::Usage, "resources to look at and resources to decide about do not go together")
            .advise("--accept and --revert name theirs by themselves"));
    }
    let offline = Offline::open(ui, project, global, &picked.name)?;
    pace::play(pace::of(global), work(ui, project, global, cloud, args, offline, chosen)).map_err(pace::no_runtime)?
}

async fn work<C: Cloud>(
    ui: &mut Ui,
    project: &Project,
    global: &Global,
    cloud: &C,
    args: &DriftArgs,
    offline: Offline,
    chosen: BTreeSet<Address>,
) -> Result<Exit, Failure> {
    let state = offline.existing_state().await?;
    let decided: BTreeSet<Address> = args.accept.iter().chain(&args.revert).cloned().collect();
    let chosen = if decided.is_empty() { chosen } else { decided };
    known(&state, &chosen)?;
    let session = Session::open_to_look(offline, cloud, project, global, "drift").await?;
    safety::check_state(&session.offline.environment, &session.world(), &state, session.offline.style)?;
    if let Some(held) = at_work(&state) {
        let who = &held.owner;
        ui.remark(format!("A run of {} on {} is at work: what it changes just now shows as drift.", who.user, who.host));
    }
    let (found, picture) = look(&session, &state).await;
    let found = found.of(&chosen);
    let beside = beside(&session, &state, &picture, &chosen).await;
    let doers = doers(ui, &session, &state, &found, &beside).await;
    let watched = Watched {
        environment: &session.offline.environment.name,
        since: state.at,
        drift: &found,
        doers: &doers,
        strangers: &beside,
        asked: (!chosen.is_empty()).then_some(chosen.len()),
        flag: session.offline.flag(),
    };
    let decides = !(args.accept.is_empty() && args.revert.is_empty());
    if ui.json {
        let told = bbws_render::drift_json(&watched);
        // Among the events of what follows it is one of them.
        ui.line(if decides { told.to_string() } else { format!("{told:#}") });
    } else {
        let detail = if ui.verbose > 0 { Detail::All } else { Detail::Telling };
        let style = ui.style();
        ui.say(bbws_render::drift(&watched, style, detail));
    }
    tell_calls(ui, &session.link.sent(), None);
    if !found.unread.is_empty() || !beside.hidden.is_empty() {
        let failure = Failure::error(ErrorId::Unread, format!("not all of {} could be read", session.offline.environment.name));
        return Err(failure.because("what could not be read may have drifted").advise("mend the cause that each names, and look again"));
    }
    if !decides {
        return Ok(if found.is_none() && beside.added.is_empty() { Exit::Done } else { Exit::Changes });
    }
    let Session { offline, desired, .. } = session;
    if !args.accept.is_empty() {
        let accepted: BTreeSet<Address> = args.accept.iter().cloned().collect();
        let seen = accept::Seen { state: &state, picture: &picture, desired: &desired, drift: &found };
        let exit = accept::accept(ui, project, global, cloud, (&offline, args.yes), &accepted, seen).await?;
        if exit != Exit::Done || args.revert.is_empty() {
            return Ok(exit);
        }
    }
    // The file may have another text by now.
    let offline = Offline::open(ui, project, global, &offline.environment.name)?;
    revert::revert(ui, project, global, cloud, args, offline, &found).await
}

/// Whether all that is asked about is recorded.
fn known(state: &State, chosen: &BTreeSet<Address>) -> Result<(), Failure> {
    let Some(stranger) = chosen.iter().find(|address| !state.entries.contains_key(*address)) else { return Ok(()) };
    Err(not_recorded(stranger, state).because("only what bbws manages can drift"))
}

/// Compares all that is recorded with what is there.
pub(super) async fn look<L: Look>(session: &Session<L>, state: &State) -> (Drift, Picture) {
    let (eyes, kinds) = (session.link.observers(), &session.offline.kinds);
    let picture = refresh(&eyes, kinds, &Desired::default(), state).await;
    let instead = in_place_of(&eyes, state, &gone(state, &picture)).await;
    (drift(kinds, &session.desired, state, &picture, &instead), picture)
}

/// What stands beside ours, and what was put into it. Where only some resources are asked about, what was put into those.
async fn beside<L: Trail>(session: &Session<L>, state: &State, picture: &Picture, of: &BTreeSet<Address>) -> Strangers {
    let (eyes, kinds, environment) = (session.link.observers(), &session.offline.kinds, &session.offline.environment);
    if !of.is_empty() {
        let hanging = hanging(&eyes, kinds, state, picture, of).await;
        return strangers(kinds, state, Beside { hanging, ..Beside::default() });
    }
    let tags = environment.own_tags();
    let regions = BTreeSet::from([environment.region.as_str(), GLOBAL]);
    let index = regions.into_iter().map(|region| async { (region.to_owned(), session.link.tagged(region, &tags).await) });
    let looks = (hanging(&eyes, kinds, state, picture, of), census(&eyes), join_all(index));
    let (hanging, marked, tagged) = join3(looks.0, looks.1, looks.2).await;
    strangers(kinds, state, Beside { hanging, marked, tagged })
}

/// Asks the trail about each resource that has drifted, no faster than it answers.
async fn doers<L: Trail>(ui: &mut Ui, session: &Session<L>, state: &State, found: &Drift, beside: &Strangers) -> BTreeMap<Address, Doer> {
    let mut doers = BTreeMap::new();
    let changed = found.drifted.iter().map(|one| &one.address);
    let changed: BTreeSet<&Address> = changed.chain(beside.added.iter().filter_map(|one| one.on.as_ref())).collect();
    let (Some(since), clock) = (state.at, session.link.clock()) else { return doers };
    if changed.len() > 4 && !ui.json {
        ui.remark(format!(
            "Asking CloudTrail about {}, two lookups a second.",
            bbws_render::count(changed.len().min(LOOKED_UP), "resource")
        ));
    }
    let mut trail = Asking { link: &session.link, clock: clock.as_ref(), first: true, shut: None };
    for (place, address) in changed.into_iter().enumerate() {
        let doer = match trace(&session.offline.kinds, state, address, &session.offline.environment.region) {
            _ if place >= LOOKED_UP => Doer::Unknown(format!("CloudTrail is asked about {LOOKED_UP} resources at most; name it alone")),
            None => Doer::Unknown("CloudTrail knows no name of it".to_owned()),
            Some(trace) => trail.who(&trace.region, &trace.names, since).await,
        };
        doers.insert(address.clone(), doer);
    }
    doers
}

/// The trail, asked one thing after the other.
struct Asking<'a, L> {
    link: &'a L,
    clock: &'a dyn Clock,
    first: bool,
    /// Why there is no use in asking further.
    shut: Option<String>,
}

impl<L: Trail> Asking<'_, L> {
    async fn who(&mut self, region: &str, names: &[String], since: jiff::Timestamp) -> Doer {
        if let Some(why) = &self.shut {
            return Doer::Unknown(why.clone());
        }
        let mut deeds: Vec<Deed> = vec![];
        for name in names {
            if !std::mem::take(&mut self.first) {
                self.clock.sleep(BETWEEN_LOOKUPS).await;
            }
            match self.link.deeds(region, name, since).await {
                Ok(found) if found.is_empty() => {}
                Ok(found) => {
                    deeds = found;
                    break;
                }
                Err(error) => {
                    let why = match error.class {
                        Class::Denied => format!("CloudTrail may not be asked: cloudtrail:LookupEvents is denied ({error})"),
                        _ => format!("CloudTrail could not be asked: {error}"),
                    };
                    if error.class == Class::Denied {
                        self.shut = Some(why.clone());
                    }
                    return Doer::Unknown(why);
                }
            }
        }
        if deeds.is_empty() {
            let told = "CloudTrail has no event that names it since then; it is up to 15 minutes late, and keeps 90 days";
            return Doer::Unknown(told.to_owned());
        }
        Doer::Known(deeds)
    }
}

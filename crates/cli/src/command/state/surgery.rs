//! `state mv` and `state rm`: another address for a resource, or none any more. The account is not touched.

use std::collections::BTreeSet;

use bbws_model::{Address, Finding, Mode, Record, State};
use bbws_operate::{forgetting, moving};
use bbws_render::ErrorId;

use super::edit::confirmed;
use crate::address::address;
use crate::approval::Ground;
use crate::args::{Glass, Global, MvArgs, RmArgs};
use crate::cloud::{Cloud, Link};
use crate::command::change::look_back_at_open;
use crate::command::glass::{broken, demanded};
use crate::command::hold::{Free, free, give_back_after, take};
use crate::project::Project;
use crate::session::{Offline, Session};
use crate::ui::Ui;
use crate::{Exit, Failure, pace};

/// What is asked of whoever gives no reason.
const NO_REASON: &str = "why? --reason stands in the history, and must say something";

/// Gives a resource another address.
pub(super) fn mv<C: Cloud>(ui: &mut Ui, project: &Project, global: &Global, cloud: &C, args: &MvArgs) -> Result<Exit, Failure> {
    let (name, rest) = project.pick_of(&args.names)?;
    let wrong = |what| Failure::new(Exit::Usage, what).advise(format!("bbws state mv {name}{} FROM TO --reason TEXT", global.flag()));
    let [from, to] = rest else {
        return Err(wrong("which resource gets which address?"));
    };
    if args.reason.trim().is_empty() {
        return Err(wrong(NO_REASON));
    }
    let (from, to) = (address(from)?, address(to)?);
    let (offline, reason) = open(ui, project, global, &name, (&args.glass, "state mv"))?;
    pace::play(pace::of(global), async {
        let session = Session::open(offline, cloud, project, global, "state mv").await?;
        let (now, free) = quiet(ui, &session).await?;
        let planned = moving(&now, &session.offline.kinds, &session.desired, &from, &to).map_err(|wrong| refused(&name, wrong))?;
        if !ui.json {
            let style = ui.style();
            ui.say(bbws_render::moving(&planned, style));
        }
        let ground = broken(ui, &session, (&args.glass, reason.as_deref()), "recorded another address in")?;
        confirmed(ui, args.yes || reason.is_some(), &format!("Record it so in the state of {name}? The account is not touched."))?;
        let record = Record::Rename { from: from.clone(), to: to.clone(), reason: args.reason.clone() };
        written(ui, &session, (&now, free), ground, vec![record]).await?;
        let back = format!("bbws state mv {name} {to} {from} --reason back{}", session.offline.flag());
        if ui.json {
            ui.line(bbws_render::moved_json(&planned, &args.reason, &back).to_string());
        } else {
            ui.line(format!("{from} is {to} now. Back again: {back}"));
            ui.line(format!("See what that means for the account: bbws plan {name}{}", session.offline.flag()));
        }
        Ok(Exit::Done)
    })
    .map_err(pace::no_runtime)?
}

/// Forgets resources.
pub(super) fn rm<C: Cloud>(ui: &mut Ui, project: &Project, global: &Global, cloud: &C, args: &RmArgs) -> Result<Exit, Failure> {
    let (name, rest) = project.pick_of(&args.names)?;
    let asked: BTreeSet<Address> = rest.iter().map(|text| address(text)).collect::<Result<_, _>>()?;
    if asked.is_empty() || args.reason.trim().is_empty() {
        let what = if asked.is_empty() { "forget which resources?" } else { NO_REASON };
        return Err(Failure::new(Exit::Usage, what).advise(format!("bbws state rm {name}{} ADDRESS… --reason TEXT", global.flag())));
    }
    let (offline, reason) = open(ui, project, global, &name, (&args.glass, "state rm"))?;
    pace::play(pace::of(global), async {
        let session = Session::open(offline, cloud, project, global, "state rm").await?;
        let (now, free) = quiet(ui, &session).await?;
        let planned = forgetting(&now, &session.desired, &asked).map_err(|wrong| refused(&name, wrong))?;
        if !ui.json {
            let style = ui.style();
            ui.say(bbws_render::forgetting(&planned, style));
        }
        let ground = broken(ui, &session, (&args.glass, reason.as_deref()), "let what is named above go from")?;
        confirmed(ui, args.yes || reason.is_some(), &format!("Forget this in the state of {name}? The account is not touched."))?;
        let forget = |address: &Address| Record::Forget { address: address.clone(), reason: args.reason.clone(), stays: true };
        let records = asked.iter().map(forget);
        written(ui, &session, (&now, free), ground, records.collect()).await?;
        let back = format!("bbws state restore {name} {}{}", now.seq, session.offline.flag());
        if ui.json {
            ui.line(bbws_render::forgotten_json(&planned, &args.reason, &back).to_string());
        } else {
            let (count, flag) = (planned.len(), session.offline.flag());
            ui.line(format!("{count} forgotten. As long as nothing else has happened, back again: {back}"));
            ui.line(format!("See what that means for the account: bbws plan {name}{flag}"));
        }
        Ok(Exit::Done)
    })
    .map_err(pace::no_runtime)?
}

/// The environment, and why production may be changed without an approval, where it is.
fn open(
    ui: &mut Ui,
    project: &Project,
    global: &Global,
    name: &str,
    (glass, verb): (&Glass, &str),
) -> Result<(Offline, Option<String>), Failure> {
    let offline = Offline::open(ui, project, global, name)?;
    let reason = demanded(&offline, glass, verb)?;
    Ok((offline, reason))
}

fn refused(name: &str, wrong: Vec<Finding>) -> Failure {
    Failure::new(Exit::Refused, format!("the state of {name} cannot be edited so"))
        .of(ErrorId::State)
        .because("nothing was changed")
        .with(wrong)
}

/// The state, once nobody is at work in it and it is known what became of earlier requests, as far as that shows.
async fn quiet<L: Link>(ui: &mut Ui, session: &Session<L>) -> Result<(State, Free), Failure> {
    session.offline.existing_state().await?;
    let now = session.state().await?;
    let free = free(ui, session, &now).await?;
    Ok((look_back_at_open(ui, session, Mode::Apply, now, free).await?, free))
}

/// Writes the edit, under the environment's lock.
async fn written<L: Link>(
    ui: &mut Ui,
    session: &Session<L>,
    now: (&State, Free),
    ground: Ground,
    records: Vec<Record>,
) -> Result<(), Failure> {
    let log = take(session, Mode::Apply, now, None, ground.records()).await?;
    give_back_after(ui, &session.offline, &log, log.append(records).await).await
}

//! `import`: takes what exists under management, as it is.

mod discovery;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bbws_engine::planner::Sources;
use bbws_engine::{Ask, Picture, Sighted, adoption, afterwards, differing, sight};
use bbws_kinds::GLOBAL;
use bbws_model::{Action, Address, Finding, Mode, PhysicalId, Plan, Scope, Seen, Severity, State, Step};
use bbws_operate::import::{Becomes, Certainty, Discovered, Misfit, TfState, Told, certainty, edits, fits, form, map};
use bbws_render::{ErrorId, Import};
use serde_json::json;

use super::change::{Order, carry_out, look_back_at_open, no_signals};
use super::consent::consent;
use super::glass;
use super::hold::{Free, free};
use super::plan::tell_next;
use crate::approval::principal;
use crate::args::{Global, ImportArgs};
use crate::cloud::{Cloud, Link};
use crate::project::Project;
use crate::session::{Offline, Session};
use crate::ui::Ui;
use crate::{Exit, Failure, pace, plan_file, signals};

/// Where the objects come from.
enum Source {
    /// One object.
    One(Address, String),
    /// Those of a Terraform state.
    Terraform(TfState),
    /// Whatever the file declares and is there; the VPC, where somebody has named it.
    Discovery(Option<String>),
}

/// What is looked for, and what was found out beforehand.
#[derive(Default)]
struct Asked {
    /// The resources, each with its id where that is known.
    ids: BTreeMap<Address, Option<PhysicalId>>,
    /// What the objects of a Terraform state become.
    told: Vec<Told>,
    /// What discovery chose.
    discovered: Option<Discovered>,
    /// What is not looked for, as it refers to what discovery could not decide.
    waiting: BTreeSet<Address>,
}

/// Looks at the objects, shows what taking them means, asks, takes them, and tells what a plan finds.
pub(crate) fn run<C: Cloud>(ui: &mut Ui, project: &Project, global: &Global, cloud: &C, args: &ImportArgs) -> Result<Exit, Failure> {
    let (name, rest) = project.pick_of(&args.names)?;
    let usage = |what: &str| {
        let command = format!("bbws import {name}{}", global.flag());
        Failure::new(Exit::Usage, what).advise(format!("{command} ADDRESS ID, {command} --tfstate FILE, or {command} --discover"))
    };
    let source = match (rest, &args.tfstate) {
        ([], None) if args.discover => Source::Discovery(args.vpc.clone()),
        (_, None) if args.discover => return Err(usage("with --discover no address is given: the file says what is looked for")),
        ([], Some(file)) => Source::Terraform(read(file)?),
        ([address, id], None) => Source::One(crate::address::address(address)?, id.clone()),
        ([], None) => return Err(usage("what is to be taken under management?")),
        ([_], None) => return Err(usage("an address and an id are needed")),
        (_, Some(_)) => return Err(usage("with --tfstate no address is given: the file says what there is")),
        _ => return Err(usage("only one resource is taken at a time")),
    };
    let offline = Offline::open(ui, project, global, &name)?;
    // What is only written down needs nobody's leave.
    let reason = if args.out.is_some() { None } else { glass::demanded(&offline, &args.glass, "import")? };
    pace::play(pace::of(global), async {
        let session = Session::open(offline, cloud, project, global, "import").await?;
        work(ui, global, (args, reason.as_deref()), &session, &source).await
    })
    .map_err(pace::no_runtime)?
}

/// Reads a Terraform state. Nothing of the file is ever quoted.
fn read(file: &Path) -> Result<TfState, Failure> {
    let wrong = |what: &str, why: &dyn std::fmt::Display| {
        let failure = Failure::error(ErrorId::File, format!("{} {what}", file.display())).because(why);
        failure.advise("name a state that Terraform wrote: terraform state pull > cluster.tfstate")
    };
    let bytes = std::fs::read(file).map_err(|error| wrong("cannot be read", &error))?;
    TfState::read(bytes).map_err(|error| wrong("is not a Terraform state that bbws reads", &error))
}

async fn work<L: Link>(
    ui: &mut Ui,
    global: &Global,
    (args, reason): (&ImportArgs, Option<&str>),
    session: &Session<L>,
    source: &Source,
) -> Result<Exit, Failure> {
    let yes = args.yes;
    let state = session.state().await?;
    let (state, free) = if args.out.is_some() {
        (state, Free::default())
    } else {
        let free = free(ui, session, &state).await?;
        (look_back_at_open(ui, session, Mode::Apply, state, free).await?, free)
    };
    let mut listed = BTreeMap::new();
    let mut asked = match source {
        Source::One(address, id) => Asked { ids: asked_for(session, &state, address, id)?, ..Asked::default() },
        Source::Terraform(terraform) => {
            of_this_place(session, terraform)?;
            mapped(session, &state, terraform)
        }
        Source::Discovery(vpc) => {
            if !ui.json {
                ui.remark("Listing what is in the account …");
            }
            let (asked, all) = discovery::discovered(session, &state, vpc.as_deref()).await?;
            listed = all;
            asked
        }
    };
    if !ui.json {
        let number = if asked.ids.len() == 1 { "an object".to_owned() } else { format!("{} objects", asked.ids.len()) };
        ui.remark(format!("Looking at {number} …"));
    }
    let (drivers, kinds) = (session.link.drivers(), &session.offline.kinds);
    let mut sighted = sight(&drivers, kinds, &session.desired, &state, &asked.ids).await;
    sighted = discovery::under_other_names(session, sighted, (&mut asked, listed)).await;
    if let Some(discovered) = asked.discovered.as_mut() {
        discovered.doubt_missing(&session.desired, &sighted.state.entries.keys().collect());
    }
    let certain = asked.discovered.as_ref().map(|found| guesses(session, &sighted, found)).unwrap_or_default();
    if let Source::One(_, id) = source {
        one_failed(session, &sighted, id)?;
    }
    let mut ask = session.ask(Mode::Apply, Scope::default());
    if let Source::One(address, _) = source {
        ask.scope.target = [address.clone()].into();
    }
    let (after, picture) = match afterwards(&drivers, kinds, &session.desired, &sighted, &ask).await {
        Ok((plan, picture)) => (Ok(Plan { notes: vec![], ..plan }), picture),
        Err(findings) => (Err(findings), Picture::default()),
    };
    let edits = edits(&session.desired, &sighted.found);
    let shown = Import {
        told: &asked.told,
        certainty: &certain,
        discovered: asked.discovered.as_ref(),
        waiting: &asked.waiting,
        environment: &session.offline.environment.name,
        flag: session.offline.flag(),
        sighted: &sighted,
        edits: &edits,
        afterwards: after.as_ref().map_err(Vec::as_slice),
    };
    if ui.json {
        ui.line(shown.json().to_string());
    } else {
        let style = ui.style();
        ui.say(shown.text(kinds, style));
    }
    if sighted.is_empty() {
        return if sighted.findings.is_empty() { Ok(Exit::Done) } else { Err(none_taken(session, &sighted)) };
    }
    if matches!(source, Source::Discovery(_)) {
        // Whoever approves a file does not see how certain it is.
        let most = if yes || args.out.is_some() { Certainty::Certain } else { Certainty::Likely };
        sighted = sighted.only(|address| certain.get(address).is_some_and(|(certainty, _)| *certainty <= most));
        if sighted.is_empty() {
            ui.remark(ui.at.fill("Nothing of it is certain enough to be taken so: take it one by one, bbws import ENV ADDRESS ID."));
            return Ok(Exit::Done);
        }
    }
    if let Some(path) = &args.out {
        let plan = planned(session, &state, &sighted, &picture)?;
        plan_file::write(path, &plan)?;
        tell_next(ui, session, &plan, path);
        return Ok(Exit::Done);
    }
    let ground = glass::broken(ui, session, (&args.glass, reason), "taken what is named above under management of")?;
    if !yes && reason.is_none() {
        let question = format!("\nTake {} under management of {}? Type yes: ", sighted.found.len(), session.offline.environment.name);
        consent(ui, &question, "yes", "an import")?;
    }
    let plan = planned(session, &state, &sighted, &picture)?;
    let whole = session.ask(Mode::Apply, Scope::default());
    let resources = sighted.found.len();
    let order = Order {
        plan,
        ask: &whole,
        state: &state,
        free,
        calls: picture.calls,
        resources,
        grounds: ground.records(),
        speed: pace::of(global),
    };
    take(ui, session, order, &ask).await
}

/// The plan that takes them, as whoever asks for it.
fn planned<L: Link>(session: &Session<L>, state: &State, sighted: &Sighted, picture: &Picture) -> Result<Plan, Failure> {
    let ask = session.ask(Mode::Apply, Scope::default());
    let from = Sources { kinds: &session.offline.kinds, desired: &session.desired, state, picture };
    let refused = |findings: Vec<Finding>| Failure::error(ErrorId::NoPlan, "the import cannot be planned").with(findings);
    let mut plan = adoption(from, &ask, sighted).map_err(refused)?;
    plan.basis.by = Some(principal(session));
    Ok(plan)
}

/// A plan that was saved, made anew of what is there now, with what was seen for it.
///
/// # Errors
/// When nothing can be planned.
pub(super) async fn again<L: Link>(session: &Session<L>, state: &State, saved: &Plan) -> Result<(Plan, Picture), Failure> {
    let id = |step: &Step| match &step.action {
        Action::Adopt { id, .. } => Some((step.address.clone(), Some(id.clone()))),
        _ => None,
    };
    let ids: BTreeMap<Address, Option<PhysicalId>> = saved.steps.iter().filter_map(id).collect();
    let (drivers, kinds) = (session.link.drivers(), &session.offline.kinds);
    let sighted = sight(&drivers, kinds, &session.desired, state, &ids).await;
    let ask = session.ask(Mode::Apply, Scope::default());
    let picture = match afterwards(&drivers, kinds, &session.desired, &sighted, &ask).await {
        Ok((_, picture)) => picture,
        Err(_) => Picture::default(),
    };
    Ok((planned(session, state, &sighted, &picture)?, picture))
}

/// What one object is asked for as, if its address and its id can be right.
fn asked_for<L: Link>(
    session: &Session<L>,
    state: &State,
    address: &Address,
    id: &str,
) -> Result<BTreeMap<Address, Option<PhysicalId>>, Failure> {
    let (kind, environment) = (address.kind(), &session.offline.environment);
    let Some((what, example)) = form(kind).filter(|_| session.offline.kinds.get(kind).is_some()) else {
        let known: Vec<&str> = session.offline.kinds.iter().map(bbws_model::AnyKind::name).collect();
        let failure = Failure::error(ErrorId::Unknown, format!("there is no kind `{kind}`")).or_meant(kind, known.iter().copied());
        return Err(failure.advise(format!("the kinds are {}", known.join(", "))));
    };
    let Some(wanted) = session.desired.resources.get(address) else {
        let known: Vec<String> = session.desired.resources.keys().map(ToString::to_string).collect();
        let failure = Failure::error(ErrorId::Unknown, format!("{} declares no {address}", session.offline.file));
        let failure = failure.because("a plan removes what is managed and not declared");
        let failure = failure.or_meant(&address.to_string(), known.iter().map(String::as_str));
        return Err(failure.advise(format!("or declare it first: [resource.{kind}.{}]", address.name())));
    };
    if let Some(entry) = state.entries.get(address) {
        let failure = Failure::new(Exit::Refused, format!("{address} is managed already, as {}", entry.id)).because("nothing was changed");
        return Err(if entry.id.as_str() == id {
            failure.advise("there is nothing to take. Whether it differs from the file: bbws plan ENV")
        } else {
            failure.advise(format!("if {id} is to stand in its place, forget it first: bbws state rm ENV {address} --reason …"))
        });
    }
    let region = wanted.spec.get("region").and_then(serde_json::Value::as_str).unwrap_or(&environment.region);
    fits(&session.offline.kinds, kind, id, environment.account.as_str(), region).map_err(|misfit| {
        let exit = if matches!(misfit, Misfit::Account { .. } | Misfit::Region { .. }) { Exit::Refused } else { Exit::Error };
        Failure::new(exit, misfit.to_string()).of(ErrorId::Import).advise(format!("the id of a {kind} is {what}: {example}"))
    })?;
    Ok([(address.clone(), Some(id.into()))].into())
}

/// A state of another account or region is told as one: names in it may be those of other objects here.
fn of_this_place<L: Link>(session: &Session<L>, terraform: &TfState) -> Result<(), Failure> {
    let environment = &session.offline.environment;
    let (name, account, region) = (&environment.name, environment.account.as_str(), environment.region.as_str());
    if terraform.resources.iter().all(|one| one.data) {
        return Err(Failure::error(ErrorId::Import, "the Terraform state holds no resources")
            .because("nothing is left in it, or it is that of another workspace or folder")
            .advise("look there with `terraform state list`, and write the right one with `terraform state pull > FILE`"));
    }
    let (accounts, regions) = terraform.places();
    let list = |of: &BTreeSet<&str>| Vec::from_iter(of.iter().copied()).join(", ");
    let other = if !accounts.is_empty() && !accounts.contains(account) {
        format!("account {}, and {name} is in {account}", list(&accounts))
    } else if regions.iter().any(|other| *other != GLOBAL) && !regions.contains(region) {
        format!("{}, and {name} is in {region}", list(&regions))
    } else {
        return Ok(());
    };
    Err(Failure::new(Exit::Refused, format!("the Terraform state is of {other}"))
        .because("what bears the same name here is something else; nothing was looked at, and nothing changed")
        .advise("take the state of this environment, or name the environment that the state is of"))
}

/// What the objects of a Terraform state are, without those that are managed already.
fn mapped<L: Link>(session: &Session<L>, state: &State, terraform: &TfState) -> Asked {
    let environment = &session.offline.environment;
    let mut told = map(terraform, &session.desired);
    let mut ids = BTreeMap::new();
    for one in &mut told {
        let Becomes::Resource { address, id, .. } = &one.becomes else { continue };
        if let Some(entry) = state.entries.get(address) {
            one.becomes = Becomes::Left(format!("{address} is managed already, as {}", entry.id));
            continue;
        }
        let spec = &session.desired.resources[address].spec;
        let region = spec.get("region").and_then(serde_json::Value::as_str).unwrap_or(&environment.region);
        let misfit = id
            .as_ref()
            .and_then(|id| fits(&session.offline.kinds, address.kind(), id.as_str(), environment.account.as_str(), region).err());
        match misfit {
            Some(misfit) => one.becomes = Becomes::Left(misfit.to_string()),
            None => drop(ids.insert(address.clone(), id.clone())),
        }
    }
    Asked { ids, told, ..Asked::default() }
}

/// How certain it is of each that was found.
fn guesses<L: Link>(session: &Session<L>, sighted: &Sighted, chosen: &Discovered) -> BTreeMap<Address, (Certainty, String)> {
    let differing = differing(&session.offline.kinds, &session.desired, sighted);
    let certainty = |(address, seen): (&Address, &Seen)| {
        Some((address.clone(), certainty(seen, differing.get(address)?, chosen.proposals.get(address))))
    };
    sighted.found.iter().filter_map(certainty).collect()
}

/// Why the one object that was asked for is not taken.
fn one_failed<L: Link>(session: &Session<L>, sighted: &Sighted, id: &str) -> Result<(), Failure> {
    if !sighted.findings.is_empty() {
        return Err(none_taken(session, sighted));
    }
    let Some(address) = sighted.missing.first() else { return Ok(()) };
    let (region, account) = (&session.offline.environment.region, &session.offline.environment.account);
    let failure = Failure::error(ErrorId::Absent, format!("there is no {} {id}", address.kind()));
    let failure = failure.because(format!("AWS shows none in account {account}, {region}; nothing was changed"));
    Err(failure.advise("compare the id with what AWS shows; an object in another region or account is another one"))
}

fn none_taken<L: Link>(session: &Session<L>, sighted: &Sighted) -> Failure {
    let failure = Failure::new(Exit::Refused, format!("nothing was taken under management of {}", session.offline.environment.name));
    failure.of(ErrorId::Import).because("nothing was changed").with(sighted.findings.clone())
}

/// Records the objects and puts the mark on them, a run like every other; then tells what a plan finds by now.
pub(super) async fn take<L: Link>(ui: &mut Ui, session: &Session<L>, order: Order<'_>, after: &Ask) -> Result<Exit, Failure> {
    let control = signals::listen(session.link.clock()).map_err(no_signals)?;
    let taken = order.plan.steps.len();
    let exit = Box::pin(carry_out(ui, session, &order, &control)).await?.exit;
    if exit == Exit::Done { tell_after(ui, session, after, taken).await } else { Ok(exit) }
}

/// Looks again, and tells what a plan finds by now.
async fn tell_after<L: Link>(ui: &mut Ui, session: &Session<L>, ask: &Ask, taken: usize) -> Result<Exit, Failure> {
    let (name, flag) = (&session.offline.environment.name, session.offline.flag());
    let state = session.state().await?;
    let (steps, findings) = match session.plan(&state, ask).await {
        Ok((plan, _)) => (Some(plan.steps.len()), vec![]),
        Err(failure) => {
            let said = Finding::new(Severity::Error, failure.what.clone()).seen(failure.why.clone());
            (None, if failure.findings.is_empty() { vec![said] } else { failure.findings })
        }
    };
    if ui.json {
        ui.line(json!({ "format": 1, "event": "imported", "resources": taken, "steps": steps, "findings": findings }).to_string());
        return Ok(Exit::Done);
    }
    ui.line(match steps {
        Some(0) => format!("{taken} under management of {name}; a plan finds nothing to do."),
        Some(1) => format!("{taken} under management of {name}; a plan has 1 step: bbws plan {name}{flag}"),
        Some(steps) => format!("{taken} under management of {name}; a plan has {steps} steps: bbws plan {name}{flag}"),
        None => format!("{taken} under management of {name}; what stands in the way of a plan: bbws plan {name}{flag}"),
    });
    Ok(Exit::Done)
}

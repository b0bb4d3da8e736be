//! Plans in files: written by `plan -o`, taken by `apply`. What is read must be what bbws wrote; what is executed must be what bbws
//! would do now.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use bbws_cluster::Environment;
use bbws_engine::{Picture, Store, file_moved, history, objects_moved, since, steps_moved};
use bbws_model::wire::plan::PlanError;
use bbws_model::{Desired, Digest, Plan, State, World, wire};
use bbws_render::{ErrorId, Stale, StateMoved, stale_findings, stale_plan};

use crate::cloud::Look;
use crate::session::{Offline, Session};
use crate::{Exit, Failure, written};

/// No plan is larger: one of a hundred thousand steps has half of it.
const MOST_BYTES: u64 = 256 << 20;

/// Writes a plan, for its owner's eyes only: it tells all that the cluster is.
///
/// # Errors
/// When the file cannot be written.
pub(crate) fn write(path: &Path, plan: &Plan) -> Result<(), Failure> {
    let failed = |why: String| Failure::unwritten("the plan", path, why);
    let bytes = wire::plan::write(plan).map_err(|error| failed(error.to_string()))?;
    written::replace(path, &bytes).map_err(failed)
}

/// Reads a plan. No link is followed: what is looked at and what is executed must be one file.
///
/// # Errors
/// When the file cannot be read, or is not a plan as bbws wrote it.
pub(crate) fn read(path: &Path) -> Result<Plan, Failure> {
    let bytes = bytes(path)?;
    wire::plan::read(&bytes).map_err(|error| {
        let (what, why) = match &error {
            PlanError::NoJson(cause) => ("is not a whole plan", format!("{cause}: it was cut off or damaged, or is something else")),
            PlanError::Twice(key) => (
                "is refused as a plan",
                format!("the key `{key}` stands in it twice: one of the two could be shown to people and the other executed"),
            ),
            PlanError::NoPlan => ("is not a plan", "it is JSON, and does not say its format".to_owned()),
            PlanError::Newer { found, known } => {
                ("is a plan of a newer bbws", format!("it has format {found}, and this one knows format {known}"))
            }
            PlanError::Edited => ("was edited", "its content does not fit its digest: it was changed after bbws wrote it".to_owned()),
            PlanError::Unsound(what) => ("is refused as a plan", format!("its digest fits, but no bbws writes such a plan: {what}")),
        };
        let failure = refused(format!("{} {what}", path.display())).because(why);
        match error {
            PlanError::Newer { .. } => failure.advise("use the bbws that wrote it, or make the plan again with this one"),
            _ => failure,
        }
        .advise("make a new one: bbws plan ENV -o FILE")
    })
}

/// The bytes of a file that is neither a link nor anything else that is no file.
fn bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    let shown = path.display();
    let unread = |error: std::io::Error| {
        let failure = Failure::error(ErrorId::File, format!("{shown} cannot be read")).because(&error);
        failure.advise("name a file that `bbws plan ENV -o FILE` wrote")
    };
    let named = fs::symlink_metadata(path).map_err(unread)?;
    if named.is_symlink() {
        return Err(refused(format!("{shown} is a symbolic link, and a plan is not read through one"))
            .because("it can be led to another file between the look at the plan and its apply")
            .advise(
                fs::read_link(path)
                    .map_or_else(|_| "name the file itself".to_owned(), |to| format!("name the file itself: it leads to {}", to.display())),
            ));
    }
    if !named.is_file() {
        return Err(refused(format!("{shown} is not a file"))
            .because("a plan is read from a plain file only")
            .advise("name a file that `bbws plan ENV -o FILE` wrote"));
    }
    let too_large = || {
        refused(format!("{shown} is too large for a plan"))
            .because(format!("it has {} MB, and no plan has more than {}", named.len() >> 20, MOST_BYTES >> 20))
            .advise("name a file that `bbws plan ENV -o FILE` wrote")
    };
    if named.len() > MOST_BYTES {
        return Err(too_large());
    }
    let file = File::open(path).map_err(unread)?;
    let opened = file.metadata().map_err(unread)?;
    if (opened.dev(), opened.ino()) != (named.dev(), named.ino()) {
        return Err(refused(format!("{shown} was put in another file's place while it was opened")).advise("look who writes there"));
    }
    let mut bytes = vec![];
    // It may grow while it is read.
    file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(unread)?;
    if bytes.len() as u64 > MOST_BYTES { Err(too_large()) } else { Ok(bytes) }
}

fn refused(what: String) -> Failure {
    Failure::new(Exit::Refused, what).of(ErrorId::PlanFile)
}

/// What a plan is known by in the log, and an approval is bound to.
pub(crate) fn digest(plan: &Plan) -> Digest {
    // A plan that the planner made can be written.
    wire::plan::digest(plan).unwrap_or_else(|_| Digest::of(b""))
}

/// Whether a plan is one of this environment, in this world, made by this bbws. Decided before anything is asked.
///
/// # Errors
/// When it is another's.
fn belongs(plan: &Plan, environment: &Environment, world: &World, flag: &str) -> Result<(), Failure> {
    let basis = &plan.basis;
    let (name, engine) = (&environment.name, env!("CARGO_PKG_VERSION"));
    let again = format!("make one for {name}: bbws plan {name}{flag} -o FILE");
    let other =
        |what: String, why: &str, way: String| Err(refused(what).of(ErrorId::OtherPlan).because(why).advise(way).advise(again.clone()));
    if basis.environment != *name {
        let what = format!("the plan is one of {}, and not of {name}", basis.environment);
        return other(what, "its steps are for another cluster", format!("apply it there: bbws apply {}{flag} FILE", basis.environment));
    }
    if basis.account != environment.account {
        let what = format!("the plan was made for account {}, and {name} is in {}", basis.account, environment.account);
        return other(what, "its ids mean nothing in another account", "see who changed `account` in the file, and why".into());
    }
    if basis.region != environment.region {
        let what = format!("the plan was made for {}, and {name} is in {}", basis.region, environment.region);
        return other(what, "its ids mean nothing in another region", "see who changed `region` in the file, and why".into());
    }
    if basis.world != *world {
        let way = match &basis.world {
            World::Sandbox => "add `--sandbox` to apply it in the simulation".to_owned(),
            World::Aws => "leave out `--sandbox` and AWS_ENDPOINT_URL to apply it in AWS".to_owned(),
            World::Endpoint(url) => format!("set AWS_ENDPOINT_URL to {url} to apply it there"),
        };
        return other(format!("the plan was made for {}, and this is {world}", basis.world), "its ids mean nothing in another world", way);
    }
    if basis.engine != engine {
        let newer = version(&basis.engine) > version(engine);
        let what = format!("the plan was made by bbws {}, {} than this one, {engine}", basis.engine, if newer { "newer" } else { "older" });
        let why = "another version may plan otherwise: what was looked at would not be what is done";
        return other(what, why, format!("apply it with bbws {}", basis.engine));
    }
    Ok(())
}

/// Whether a plan is one of the environment at hand. A state that is not written yet has no lineage, for each look gives it
/// another: it gets the one that the plan was made with.
///
/// # Errors
/// As [`belongs`].
pub(crate) fn of_here<L: Look>(plan: &Plan, session: &Session<L>, state: &mut State) -> Result<(), Failure> {
    belongs(plan, &session.offline.environment, &session.world(), session.offline.flag())?;
    if state.seq == 0 {
        state.lineage.clone_from(&plan.basis.lineage);
    }
    Ok(())
}

/// The numbers of a version; what is no number counts as the lowest.
fn version(text: &str) -> Vec<u64> {
    text.split(['.', '-', '+']).map(|part| part.parse().unwrap_or_default()).collect()
}

/// Whether state and configuration are those of the plan. Decided before AWS is looked at: where another run came in between, what
/// that shows is its work.
///
/// # Errors
/// When they have moved, with what did it.
pub(crate) async fn check_basis(plan: &Plan, offline: &Offline, desired: &Desired, state: &State) -> Result<(), Failure> {
    let (basis, name, flag) = (&plan.basis, &offline.environment.name, offline.flag());
    let store: &dyn Store = offline.store.as_ref();
    let moved = state.lineage != basis.lineage || state.head != basis.head || state.serial != basis.serial;
    if !moved {
        return Ok(());
    }
    let unread = |error| offline.log_failure(&error);
    let digest = digest(plan);
    if let Some(past) = history(store).await.map_err(unread)?.iter().find(|past| past.plan.as_ref() == Some(&digest)) {
        let failure = refused(format!("the plan was applied already, by run {}", past.run))
            .of(ErrorId::AppliedPlan)
            .because("a plan is executed once");
        let failure = failure.advise(format!("see what is still to do: bbws plan {name}{flag}"));
        return Err(failure.tell(bbws_render::applied_already(name, flag, past, offline.style)));
    }
    if state.lineage != basis.lineage {
        return Err(refused(format!("the plan was made on another state of {name}"))
            .of(ErrorId::OtherPlan)
            .because(format!("it rests on the state {}, and {} holds {}", basis.lineage, offline.home, state.lineage))
            .advise("look where its state is kept: `[state]` in the environment file")
            .advise(format!("or make a plan on this one: bbws plan {name}{flag} -o FILE")));
    }
    let runs = since(store, &basis.head).await.map_err(unread)?;
    let file = file_moved(plan, desired);
    let state = Some(StateMoved { serials: (basis.serial, state.serial), since: runs.as_deref() });
    Err(stale(offline, &Stale { environment: name, flag, state, file: file.as_ref(), objects: &[].into(), steps: &[].into() }))
}

/// Whether the file still says, and AWS still shows, what the plan was made of.
///
/// # Errors
/// When either has moved, with what differs.
pub(crate) fn check_reality(plan: &Plan, offline: &Offline, desired: &Desired, picture: &Picture, state: &State) -> Result<(), Failure> {
    let (file, objects) = (file_moved(plan, desired), objects_moved(plan, picture, state));
    if file.is_none() && objects.is_empty() {
        return Ok(());
    }
    let (environment, flag) = (&offline.environment.name, offline.flag());
    Err(stale(offline, &Stale { environment, flag, state: None, file: file.as_ref(), objects: &objects, steps: &[].into() }))
}

/// Whether bbws would do now, asked with the same, what the plan says. Of the same basis the same plan is made: a plan that is not
/// it was made up, or AWS is further with something that it waits for.
///
/// # Errors
/// When it would do something else, with where.
pub(crate) fn check_steps(plan: &Plan, now: &Plan, offline: &Offline) -> Result<(), Failure> {
    let steps = steps_moved(plan, now);
    let (environment, flag) = (&offline.environment.name, offline.flag());
    if !steps.is_empty() {
        return Err(stale(offline, &Stale { environment, flag, state: None, file: None, objects: &[].into(), steps: &steps }));
    }
    if plan.outputs != now.outputs || plan.open != now.open || plan.basis.configuration != now.basis.configuration {
        return Err(refused("the plan is not one that bbws makes of this file and this state".into())
            .because("its steps are the same, but not the outputs it would publish")
            .advise(format!("make a new one: bbws plan {environment}{flag} -o FILE")));
    }
    Ok(())
}

fn stale(offline: &Offline, stale: &Stale<'_>) -> Failure {
    let failure =
        refused("the plan no longer fits".into()).of(ErrorId::StalePlan).because("what it rests on has moved").with(stale_findings(stale));
    let failure = failure.advise(format!("make a new one: bbws plan {}{} -o FILE", stale.environment, stale.flag));
    failure.tell(stale_plan(stale, offline.style))
}

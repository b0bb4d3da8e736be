//! `iam`: the smallest policies that an environment needs. Nothing is asked of the account that they are for.

use std::fs;
use std::path::Path;

use bbws_cluster::{Backend, Published, draft};
use bbws_engine::{LogError, log};
use bbws_model::{Entry, State, net};
use bbws_operate::iam::{Ground, Policies, Purpose, Resource, StatePlace, policies};

use crate::args::{Global, IamArgs};
use crate::project::Project;
use crate::session::Offline;
use crate::ui::Ui;
use crate::{Exit, Failure, pace, written};

/// Prints them, or writes them into a folder.
pub(crate) fn run(ui: &mut Ui, project: &Project, global: &Global, args: &IamArgs) -> Result<Exit, Failure> {
    let name = project.pick(args.place.env.as_deref(), None, false)?.name;
    let offline = Offline::open(ui, project, global, &name)?;
    let state = match pace::play(None, log::read(offline.store.as_ref())).map_err(pace::no_runtime)? {
        Ok(state) => state,
        // Whoever asks what to allow may not be allowed to read it yet.
        Err(LogError::Store(error)) => {
            ui.remark(format!("What is recorded cannot be read, so only the file counts: {error}"));
            None
        }
        Err(error) => return Err(offline.log_failure(&error)),
    };
    let made = needed(&offline, state.as_ref(), args.purpose());
    match &args.out {
        Some(dir) => write(ui, dir, &made)?,
        None if ui.json => {
            ui.line(bbws_render::policies_json(&name, args.purpose().word(), &made).to_string());
            return Ok(Exit::Done);
        }
        None => ui.say(bbws_render::policy_documents(&made)),
    }
    let style = ui.err_style();
    ui.remark(bbws_render::policy_remarks(&made, ui.verbose > 0, style).trim_end());
    Ok(Exit::Done)
}

/// What an environment needs: for what its file declares, and for what is recorded of it.
pub(crate) fn needed(offline: &Offline, state: Option<&State>, purpose: Purpose) -> Policies {
    policies(&ground(offline, state), &offline.kinds, purpose)
}

/// What a policy is made for. Nothing is read of others: only kinds and names count.
pub(crate) fn ground(offline: &Offline, state: Option<&State>) -> Ground {
    let environment = &offline.environment;
    let entries = || state.iter().flat_map(|state| &state.entries);
    let id = |entry: &Entry| Some(entry.id.to_string());
    let mut resources = vec![];
    for (address, wanted) in draft(environment, &offline.kinds).resources {
        let id = state.and_then(|state| state.entries.get(&address)).and_then(id);
        resources.push(Resource { address, spec: wanted.spec, id });
    }
    for (address, entry) in entries() {
        resources.push(Resource { address: address.clone(), spec: entry.spec.clone(), id: id(entry) });
        let former =
            |old: &bbws_model::Deposed| Resource { address: address.clone(), spec: old.spec.clone(), id: Some(old.id.to_string()) };
        resources.extend(entry.deposed.iter().map(former));
    }
    let kept = &environment.state;
    let place = |bucket: &String| StatePlace {
        bucket: bucket.clone(),
        region: kept.region.clone(),
        key: kept.kms_key.clone(),
        others: Published::wanted(environment).into_iter().map(str::to_owned).collect(),
    };
    Ground {
        environment: environment.name.clone(),
        account: environment.account.clone(),
        region: environment.region.clone(),
        lineage: state.filter(|state| !state.entries.is_empty()).map(|state| state.lineage.clone()),
        state: kept.bucket.as_ref().filter(|_| kept.backend == Backend::S3 && !offline.sandbox).map(place),
        approval_key: environment.approval.kms_key.clone(),
        audit_group: environment.audit.log_group.clone(),
        fenced: environment.tier.is_prod() && environment.approval.kms_key.is_none(),
        resources,
    }
}

fn write(ui: &mut Ui, dir: &Path, made: &Policies) -> Result<(), Failure> {
    let failed = |path: &Path, why: String| Failure::unwritten("the policy", path, why);
    fs::create_dir_all(dir).map_err(|error| failed(dir, error.to_string()))?;
    for one in &made.documents {
        let path = dir.join(format!("{}.json", one.name));
        let text = bbws_render::policy_text(&one.policy);
        written::replace_as(&path, net::catch(&text).as_bytes(), 0o644).map_err(|why| failed(&path, why))?;
        ui.line(format!("aws iam create-policy --policy-name {} --policy-document file://{}", one.name, path.display()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    use crate::args::Cli;
    use crate::cloud::Stores;

    /// The shipped environments, before anything was applied; of tasks that differ little by their environment, production's.
    #[test]
    fn the_policies_of_the_shipped_environments() {
        let nowhere = tempfile::tempdir().unwrap();
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../environments");
        let stores = Stores::new(|_| std::sync::Arc::new(bbws_testkit::MemoryStore::default()));
        for name in ["dev", "sit", "prod"] {
            let folder = nowhere.path().join("environments");
            fs::create_dir_all(&folder).unwrap();
            for name in ["dev", "sit", "prod"] {
                let file = format!("{name}.toml");
                fs::copy(shipped.join(&file), folder.join(&file)).unwrap();
            }
            let project = Project::new(&folder, stores.clone());
            let line = ["bbws", "iam", name];
            let global = Cli::try_parse_from(line).unwrap().global;
            let offline = Offline::open(&mut Ui::silent(), &project, &global, name).unwrap();
            let tasks = Purpose::ALL.into_iter().filter(|task| name == "prod" || matches!(task, Purpose::Plan | Purpose::Apply));
            for (purpose, word) in tasks.map(|task| (task, task.word())) {
                let made = needed(&offline, None, purpose);
                let style = bbws_render::Style { color: false, unicode: true, width: 120 };
                let remarks = bbws_render::policy_remarks(&made, true, style);
                insta::assert_snapshot!(format!("{name}_{word}"), format!("{}\n{remarks}", bbws_render::policy_documents(&made)));
            }
        }
    }
}

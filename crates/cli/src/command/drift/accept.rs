//! Keeping what somebody changed: the environment file is made to declare it, and it is recorded as what is there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::path::Path;

use bbws_cluster::{Kept, Left, Wish, keep};
use bbws_engine::Picture;
use bbws_model::{Address, Desired, Finding, Mode, Record, Severity, State, pointers};
use bbws_operate::drift::{Drift, Drifted, Mark, Standing, differing, drift};
use bbws_render::ErrorId;
use serde_json::json;

use crate::args::Global;
use crate::cloud::Cloud;
use crate::command::consent::consent;
use crate::command::hold::{free, give_back_after, take};
use crate::project::Project;
use crate::session::{Offline, Session};
use crate::ui::Ui;
use crate::{Exit, Failure, desired};

/// What the look showed.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    /// What is recorded.
    pub(super) state: &'a State,
    /// What is there.
    pub(super) picture: &'a Picture,
    /// What the file wants.
    pub(super) desired: &'a Desired,
    /// What has drifted.
    pub(super) drift: &'a Drift,
}

/// Finds the keys that say it, asks, writes the file, and records what was seen.
pub(super) async fn accept<C: Cloud>(
    ui: &mut Ui,
    project: &Project,
    global: &Global,
    cloud: &C,
    (offline, yes): (&Offline, bool),
    accepted: &BTreeSet<Address>,
    seen: Seen<'_>,
) -> Result<Exit, Failure> {
    let name = &offline.environment.name;
    let path = project.file(name);
    let (wishes, mut findings) = wishes(accepted, seen, offline)?;
    let text = project.text(name)?;
    let published = desired::published(offline, project).await?;
    let reads = |text: &str| {
        let environment = project.judge_text(name, text, &offline.kinds, &bbws_cluster::addresses).ok()?.result.ok()?.environment;
        let desired = bbws_cluster::blueprint(&environment, &offline.kinds, &published).ok()?;
        Some((environment, desired))
    };
    let differs = |desired: &Desired, address: &Address| differing(&offline.kinds, desired, seen.state, seen.picture, address);
    let kept = keep(&text, &wishes, &offline.kinds, &reads, &differs);
    findings.extend(kept.left.iter().map(|left| untold(left, seen, &offline.file)));
    if !kept.edits.is_empty() {
        show(ui, &offline.file, &kept);
        if !yes {
            consent(ui, &format!("\nWrite this into {}? Type yes: ", offline.file), "yes", "keeping it")?;
        }
        write(&path, &text, &kept.text)?;
    }
    let desired = reads(&kept.text).map_or_else(|| seen.desired.clone(), |(_, desired)| desired);
    let still = drift(&offline.kinds, &desired, seen.state, seen.picture, &BTreeMap::new());
    let done: BTreeSet<&Address> = accepted.iter().filter(|address| !still.drifted.iter().any(|one| one.address == **address)).collect();
    if !done.is_empty() {
        record(ui, project, global, cloud, name, (&done, &desired, seen)).await?;
    }
    if ui.json {
        let edits: Vec<_> = kept.edits.iter().map(|edit| json!({ "key": edit.key, "from": edit.from, "to": edit.to })).collect();
        ui.line(json!({ "format": 1, "event": "kept", "file": offline.file, "edits": edits, "resources": done }).to_string());
    } else if !done.is_empty() {
        let names: Vec<String> = done.iter().map(ToString::to_string).collect();
        ui.line(format!("Kept: {}. The file declares what is there; a plan has nothing to do about it.", names.join(", ")));
    }
    if findings.is_empty() {
        return Ok(Exit::Done);
    }
    let what =
        if kept.edits.is_empty() { "it cannot be kept by an edit of the file" } else { "not all of it can be kept by an edit of the file" };
    let failure = Failure::error(ErrorId::Drift, format!("{what}; the rest still counts as drift")).with(findings);
    Err(failure.advise(format!("or put it back: bbws drift {name} --revert ADDRESS{}", offline.flag())))
}

/// What is to be kept of each resource.
type Wishes = BTreeMap<Address, Vec<Wish>>;

/// What is to be kept, and what cannot be.
fn wishes(accepted: &BTreeSet<Address>, seen: Seen<'_>, offline: &Offline) -> Result<(Wishes, Vec<Finding>), Failure> {
    let (mut wishes, mut findings) = (BTreeMap::new(), vec![]);
    for address in accepted {
        let Some(one) = seen.drift.drifted.iter().find(|one| one.address == *address) else {
            return Err(Failure::error(ErrorId::Unknown, format!("{address} has not drifted: there is nothing to keep")));
        };
        let (wish, why) = of_one(one, &offline.environment.name, offline.flag());
        findings.extend(why.into_iter().map(|(what, advice)| Finding::new(Severity::Error, what).at(address).advise(advice)));
        wishes.insert(address.clone(), wish);
    }
    Ok((wishes, findings))
}

/// What is to be kept of one, and what cannot be, with what to do instead.
fn of_one(one: &Drifted, name: &str, flag: &str) -> (Vec<Wish>, Vec<(String, String)>) {
    let (mut wishes, mut why) = (vec![], vec![]);
    let address = &one.address;
    match &one.standing {
        Standing::Missing => wishes.push(Wish::Gone),
        Standing::Replaced { by, .. } => why.push((
            format!("{by} stands in its place, and is not ours"),
            format!("take it under management: bbws state rm {name}{flag} {address} --reason TEXT, then: bbws import {name}{flag} {address} {by}"),
        )),
        Standing::Leaving => why.push(("it is being deleted".to_owned(), "wait until it is gone, and look again".to_owned())),
        Standing::Failed(told) => why.push((format!("it has failed: {told}"), format!("mend it: bbws apply {name}{flag}"))),
        Standing::There => {}
    }
    if one.mark != Mark::Ours && matches!(one.standing, Standing::There) {
        why.push(("it does not bear our mark".to_owned(), format!("mark it again: bbws apply {name}{flag} --target {address}")));
    }
    for field in &one.fields {
        match &field.declared {
            Some(declared) => {
                let (field, observed) = (field.field.clone(), field.observed.clone());
                wishes.push(Wish::Field { field, declared: declared.clone(), observed });
            }
            None => why.push((
                "it is no longer in the file, and the next apply removes it".to_owned(),
                "put it into the file again, with what AWS shows".to_owned(),
            )),
        }
    }
    (wishes, why)
}

/// What to write, where no key says just that.
fn untold(left: &Left, seen: Seen<'_>, file: &str) -> Finding {
    let finding = |what: String| Finding::new(Severity::Error, what).at(&left.address);
    let observed = left.field.as_ref().and_then(|field| {
        let one = seen.drift.drifted.iter().find(|one| one.address == left.address)?;
        one.fields.iter().find(|known| known.field == *field).map(|known| known.observed.to_string())
    });
    let told = match (&left.field, observed) {
        (Some(field), Some(observed)) => finding(format!("no key of {file} says {field} = {observed} of this resource alone")),
        _ => finding(format!("no key of {file} says that this resource alone is not wanted")),
    };
    match &left.near {
        Some((key, others)) => {
            let others: Vec<String> = others.iter().map(ToString::to_string).collect();
            told.seen(format!("`{key}` would say it, and change {} as well", others.join(", ")))
                .advise(format!("edit `{key}` by hand if you want that for all of them, or accept them together"))
        }
        None => told
            .seen("it follows from what the cluster is, not from a key")
            .advise("put it back; or declare a resource of your own under [resource.…]"),
    }
}

fn show(ui: &mut Ui, file: &str, kept: &Kept) {
    if ui.json {
        return;
    }
    ui.line(format!("\nIn {file}:"));
    for edit in &kept.edits {
        let none = || "(not written there)".to_owned();
        let (from, to) = (edit.from.clone().unwrap_or_else(none), edit.to.clone().unwrap_or_else(|| "(taken out)".to_owned()));
        let from = from.lines().next().unwrap_or_default();
        ui.line(format!("  {}: {from} -> {to}", edit.key));
    }
}

/// Writes the file: it is the old or the new one whole, and nobody's edit is lost.
fn write(path: &Path, before: &str, after: &str) -> Result<(), Failure> {
    let failed =
        |why: String| Failure::error(ErrorId::File, format!("{} could not be written; nothing was changed", path.display())).because(why);
    let now = fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    if now != before {
        return Err(failed("somebody has edited it meanwhile".to_owned()).advise("look again: bbws drift ENV"));
    }
    // A link stays one: what it leads to is written.
    let path = fs::canonicalize(path).map_err(|error| failed(error.to_string()))?;
    let beside = path.with_extension(format!("toml.{}.tmp", std::process::id()));
    let written = fs::File::create(&beside)
        .and_then(|mut file| file.write_all(after.as_bytes()).and_then(|()| file.sync_all()))
        .and_then(|()| fs::set_permissions(&beside, fs::metadata(&path)?.permissions()))
        .and_then(|()| fs::rename(&beside, &path));
    written.map_err(|error| {
        // What is left of it is in nobody's way.
        let _ = fs::remove_file(&beside);
        failed(error.to_string())
    })
}

/// Writes into the log what was seen: from then on that is how bbws left it.
async fn record<C: Cloud>(
    ui: &mut Ui,
    project: &Project,
    global: &Global,
    cloud: &C,
    name: &str,
    (done, desired, seen): (&BTreeSet<&Address>, &Desired, Seen<'_>),
) -> Result<(), Failure> {
    let offline = Offline::open(ui, project, global, name)?;
    if offline.governed {
        if !ui.json {
            ui.remark("The record of production is written by approved runs only: the next one takes in what is there.");
        }
        return Ok(());
    }
    let records: Vec<Record> = done.iter().filter_map(|address| recorded(address, desired, seen)).collect();
    let session = Session::open(offline, cloud, project, global, "drift --accept").await?;
    let free = free(ui, &session, seen.state).await?;
    let log = take(&session, Mode::Apply, (seen.state, free), None, vec![]).await?;
    give_back_after(ui, &session.offline, &log, log.append(records).await).await
}

fn recorded(address: &Address, desired: &Desired, seen: Seen<'_>) -> Option<Record> {
    let entry = seen.state.entries.get(address)?;
    let found = seen.picture.recorded.get(address)?.as_ref().ok()?;
    let Some(there) = found else { return Some(Record::Gone { address: address.clone(), id: entry.id.clone() }) };
    let refers: BTreeSet<Address> = desired
        .resources
        .get(address)
        .map(|wanted| pointers(&wanted.spec))
        .unwrap_or_default()
        .into_iter()
        .map(|pointer| pointer.to)
        .collect();
    Some(Record::Reached {
        address: address.clone(),
        id: there.id.clone(),
        spec: there.spec.clone(),
        outputs: there.outputs.clone(),
        dependencies: refers.into_iter().collect(),
        renamed: entry.renamed.clone(),
    })
}

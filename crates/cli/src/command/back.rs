//! `--back-to RUN`: what was wanted by an earlier run is wanted again. It is planned, shown and agreed on like anything else;
//! what no plan can bring back is refused, or told beside the plan.

use std::collections::BTreeMap;

use bbws_engine::{Meanwhile, Picture, Store, meanwhile};
use bbws_model::{Action, Address, Desired, Finding, Mode, Plan, Reason, RunId, RunRecord, Severity, State, Step, Wanted, pointers, wire};
use bbws_render::ErrorId;
use serde_json::Value;

use super::record::record_of;
use crate::cloud::Link;
use crate::failure::Short;
use crate::session::{Offline, Session};
use crate::ui::Ui;
use crate::{Exit, Failure};

/// The way back to a run.
pub(super) struct Way {
    record: RunRecord,
    /// What the file says now.
    file: Desired,
}

/// Turns a session back: from here on it wants what a run wanted.
///
/// # Errors
/// When there is no such run, or it wanted what cannot be had again.
pub(super) async fn turn<L: Link>(session: &mut Session<L>, state: &State, begins: &str) -> Result<Way, Failure> {
    let offline = &session.offline;
    let (name, flag) = (&offline.environment.name, offline.flag());
    let store = offline.store.as_ref();
    let run = find(offline, store, begins).await?;
    let no_way = |why: String| Failure::error(ErrorId::Back, format!("there is no way back to {run}")).because(why);
    let record = record_of(store, &run).await.ok_or_else(|| no_way("its record cannot be read".into()))?;
    if record.mode == Mode::Destroy {
        return Err(no_way("it removed the cluster".into()).advise(format!("to remove it again: bbws destroy {name}{flag}")));
    }
    let environment = &offline.environment;
    if record.world != session.link.world() || record.account != environment.account || record.region != environment.region {
        let place = format!("{}, account {}, {}", record.world, record.account, record.region);
        return Err(no_way(format!("it was a run of another place: {place}")).advise("put account and region of the file back first"));
    }
    let between = meanwhile(store, &run).await.map_err(|error| offline.log_failure(&error))?;
    let wanted = renamed(&record.wanted, &between);
    let lost = irreversible(session, state, &wanted, &between);
    if !lost.is_empty() {
        let failure = no_way("what has happened since cannot be undone by a plan".into()).with(lost);
        return Err(failure.advise(format!("what has changed since: bbws state diff {name}{flag} {run}")));
    }
    let file = std::mem::replace(&mut session.desired, wanted);
    session.back_to = Some(run);
    Ok(Way { record, file })
}

/// The run whose id begins so and that has a record.
async fn find(offline: &Offline, store: &dyn Store, begins: &str) -> Result<RunId, Failure> {
    let (name, flag) = (&offline.environment.name, offline.flag());
    let failed = |error: bbws_engine::StoreError| offline.store_failure(&error);
    let keys = store.list_after(wire::run::PREFIX, "").await.map_err(failed)?;
    let found: Vec<RunId> =
        keys.iter().filter_map(|key| wire::run::run_of(key)).filter(|run| run.0.starts_with(&begins.to_uppercase())).collect();
    let list = format!("`bbws runs {name}{flag}` lists them");
    match &found[..] {
        [one] => Ok(one.clone()),
        [] => Err(Failure::error(ErrorId::Back, format!("no run `{begins}` left a record of what it wanted")).advise(list)),
        _ => Err(Failure::new(Exit::Usage, format!("the ids of {} runs begin with `{begins}`", found.len())).advise(list)),
    }
}

/// What was wanted, under the addresses that the resources have by now.
fn renamed(wanted: &Desired, between: &Meanwhile) -> Desired {
    let mut wanted = wanted.clone();
    for (from, to) in &between.renamed {
        // A declaration that has both is no rename.
        if wanted.resources.contains_key(to) {
            continue;
        }
        let Some(moved) = wanted.resources.remove(from) else { continue };
        wanted.resources.insert(to.clone(), moved);
        wanted.resources.values_mut().for_each(|one| refer(&mut one.spec, from, to));
        wanted.outputs.values_mut().for_each(|value| refer(value, from, to));
    }
    wanted
}

/// Lets every reference to one address refer to another.
fn refer(value: &mut Value, from: &Address, to: &Address) {
    match value {
        Value::Object(fields) => {
            if fields.get("$ref").and_then(Value::as_str) == Some(from.to_string().as_str()) {
                fields.insert("$ref".into(), to.to_string().into());
            }
            fields.values_mut().for_each(|value| refer(value, from, to));
        }
        Value::Array(items) => items.iter_mut().for_each(|value| refer(value, from, to)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// What no plan brings back, each with what can be done instead.
fn irreversible<L: Link>(session: &Session<L>, state: &State, wanted: &Desired, between: &Meanwhile) -> Vec<Finding> {
    let kinds = &session.offline.kinds;
    let mut findings = vec![];
    for (address, one) in &wanted.resources {
        let holds_data = kinds.get(address.kind()).is_some_and(|kind| kind.facts().holds_data);
        let gone = between.gone.iter().any(|(at, _)| at == address) && !state.entries.contains_key(address);
        if gone && holds_data {
            findings.extend(lost(address, one, state));
        }
    }
    for (address, id) in &between.imported {
        if state.entries.contains_key(address) && !wanted.resources.contains_key(address) {
            let finding = Finding::new(Severity::Error, format!("{id} was taken under management since: going back would destroy it"));
            findings.push(
                finding
                    .at(address)
                    .seen("that run did not know of it, and bbws did not make it")
                    .advise("let it go first, which leaves it as it is: bbws state rm ENV ADDRESS --reason TEXT"),
            );
        }
    }
    findings
}

/// What held data and is gone: made again it would be empty.
fn lost(address: &Address, wanted: &Wanted, state: &State) -> Option<Finding> {
    let copy = state.backups.iter().rev().find(|backup| backup.address == *address).map(|backup| backup.id.clone());
    let name = wanted.spec.get("name").and_then(Value::as_str).unwrap_or("NAME");
    let way = match (address.kind(), &copy) {
        // A secret is restored within its recovery window, and a bucket of logs is as good empty.
        ("secret" | "secret-value" | "bucket", _) => return None,
        ("db-instance", Some(copy)) => format!(
            "its data are in the snapshot {copy}. Restore it: aws rds restore-db-instance-from-db-snapshot --db-snapshot-identifier {copy} \
             --db-instance-identifier {name}; then take it under management: bbws import ENV ADDRESS {name}; then go back"
        ),
        (_, Some(copy)) => format!("its data are in {copy}: restore that first, and take it under management: bbws import ENV ADDRESS ID"),
        (_, None) => "no copy of it is recorded. If an empty one will do, declare it in the file, and: bbws apply ENV".to_owned(),
    };
    let finding = Finding::new(Severity::Error, "it held data and is gone since: made again it would be empty").at(address);
    Some(finding.seen(format!("it was deleted after that run{}", if copy.is_some() { ", and copied before" } else { "" })).advise(way))
}

/// Why no plan leads there, where none does.
pub(super) fn refused(way: Option<&Way>, failure: Failure) -> Failure {
    let Some(Way { record, .. }) = way.filter(|_| failure.id == ErrorId::NoPlan) else { return failure };
    let then = |mut finding: Finding| {
        finding.evidence = finding.evidence.replace("the file says", "that run wanted");
        finding
    };
    let short = failure.short.map(|short| Box::new(Short { findings: short.findings.into_iter().map(then).collect(), ..*short }));
    let findings = failure.findings.into_iter().map(then).collect();
    let what = format!("there is no way back to {}", record.run);
    Failure { id: ErrorId::Back, what, findings, short, ..failure }
}

impl Way {
    /// What is to be told beside the plan: what stays as it is, and that the file says otherwise.
    pub(super) fn notes<L: Link>(&self, session: &Session<L>, plan: &Plan, picture: &Picture) -> Vec<Finding> {
        let mut notes = self.stays(&session.desired, plan, picture);
        if self.record.narrowed {
            let told = format!("{} brought about only a part of what its file said", self.record.run);
            let note = Finding::new(Severity::Warning, told).seen("it was narrowed by --target or --exclude");
            notes.push(note.advise("look closely: this plan leads to all that its file said"));
        }
        if self.file != session.desired {
            notes.push(self.file_differs(&session.offline.file));
        }
        notes
    }

    fn file_differs(&self, file: &str) -> Finding {
        let note = Finding::new(Severity::Warning, format!("{file} says otherwise: an apply without --back-to leads there again"));
        match &self.record.commit {
            Some(commit) if !commit.dirty => note.advise(format!("put the file back too: git checkout {} -- {file}", commit.id)),
            Some(commit) => note.advise(format!("put the file back too; it was edited after commit {}", commit.id)),
            None => note.advise("put the file back too"),
        }
    }

    /// Fields that took what the file says and are not taken back by any step: what was wanted then is met by what there is now.
    fn stays(&self, wanted: &Desired, plan: &Plan, picture: &Picture) -> Vec<Finding> {
        let mut steps: BTreeMap<&Address, Vec<&Step>> = BTreeMap::new();
        plan.steps.iter().for_each(|step| steps.entry(&step.address).or_default().push(step));
        let mut notes = vec![];
        for (address, then) in &wanted.resources {
            let (Some(now), Some(Ok(Some(seen)))) = (self.file.resources.get(address), picture.recorded.get(address)) else { continue };
            for (field, old) in then.spec.as_object().into_iter().flatten() {
                let new = now.spec.get(field).unwrap_or(&Value::Null);
                let took = seen.spec.get(field).unwrap_or(&Value::Null) == new;
                if old == new
                    || !took
                    || !pointers(old).is_empty()
                    || steps.get(address).is_some_and(|steps| steps.iter().any(|s| turns(s, field)))
                {
                    continue;
                }
                let told = format!("`{field}` stays {new}: nothing takes it back to {old} [{}]", ErrorId::Back);
                let note = Finding::new(Severity::Warning, told).at(address).seen("what was wanted then is met by what there is now");
                notes.push(note.advise("if it has to be as it was: restore a copy under another name, and move over"));
            }
        }
        notes
    }
}

/// Whether a step changes this field, or all.
fn turns(step: &Step, field: &str) -> bool {
    match (&step.action, &step.reason) {
        (Action::Update { .. }, Reason::Changed(changes)) => {
            changes.iter().any(|change| change.field.split(['.', '[']).next() == Some(field))
        }
        (Action::Create { .. } | Action::Delete { .. }, _) => true,
        _ => false,
    }
}

/// Says, after a run that went back, that the file has to follow.
pub(super) fn tell_end(ui: &mut Ui, session_file: &str, way: Option<&Way>, wanted: &Desired) {
    if let Some(way) = way.filter(|way| way.file != *wanted && !ui.json) {
        let finding = way.file_differs(session_file);
        ui.remark(format!("\n{}; {}.", finding.summary, finding.advice));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_was_renamed_since_is_wanted_under_its_new_address() {
        let at = |text: &str| text.parse::<Address>().unwrap();
        let mut wanted = Desired::default();
        wanted.resources.insert(at("vpc.main"), Wanted::new(json!({})));
        wanted.resources.insert(at("subnet.a"), Wanted::new(json!({"vpc": {"$ref": "vpc.main", "output": "id"}})));
        wanted.outputs.insert("vpc_id".into(), json!({"$ref": "vpc.main", "output": "id"}));
        let between =
            Meanwhile { renamed: vec![(at("vpc.main"), at("vpc.core")), (at("vpc.core"), at("vpc.hub"))], ..Meanwhile::default() };
        let now = renamed(&wanted, &between);
        assert!(now.resources.contains_key(&at("vpc.hub")) && now.resources.len() == 2);
        assert_eq!(now.resources[&at("subnet.a")].spec["vpc"]["$ref"], "vpc.hub");
        assert_eq!(now.outputs["vpc_id"]["$ref"], "vpc.hub");
    }
}

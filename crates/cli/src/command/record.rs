//! What is kept of a run: its record when it begins, its events when it ends, and a bundle where it has failed. None of it
//! steers the run, and a run does not fail because it could not be kept.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::Duration;

use bbws_engine::{Clock, EventSink, Log, LogError, Store, history};
use bbws_model::{Address, CloudError, Desired, Event, Mode, Outcome, Plan, RunId, RunRecord, Stamped, State, wire};
use bbws_render::Bundle;
use futures::future::{Either, select};
use jiff::Timestamp;
use serde_json::json;

use super::audit::Auditor;
use crate::cloud::Link;
use crate::session::Session;
use crate::ui::{Ui, Watch};
use crate::{commit, plan_file, written};

/// How long the end of a run waits for its events to be written, and for what is read for the sake of advice.
const PATIENCE: Duration = Duration::from_secs(5);
/// For so long at least what is kept of a run stays.
pub(super) const KEPT_FOR: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// So many runs are looked at for one that went well.
const LOOKED_AT: usize = 20;

/// Tells what happens to who watches, keeps it, and hands it to the audit's log.
pub(super) struct Recorder<'u, 'a> {
    watch: Watch<'u>,
    audit: Option<&'a Auditor>,
    kept: Vec<Stamped>,
}

impl<'u, 'a> Recorder<'u, 'a> {
    pub(super) fn new(watch: Watch<'u>, audit: Option<&'a Auditor>) -> Self {
        Self { watch, audit, kept: vec![] }
    }

    /// All that has happened.
    pub(super) fn kept(self) -> Vec<Stamped> {
        self.kept
    }
}

impl EventSink for Recorder<'_, '_> {
    fn on(&mut self, event: &Stamped) {
        self.kept.push(event.clone());
        if let Some(audit) = self.audit {
            audit.take(event);
        }
        self.watch.on(event);
    }
}

/// Writes down that a run begins. Answers the record.
pub(super) async fn begin<L: Link>(ui: &mut Ui, session: &Session<L>, log: &Log, plan: &Plan, narrowed: bool) -> Option<RunRecord> {
    let offline = &session.offline;
    let wanted = if plan.mode == Mode::Destroy { Desired::default() } else { session.desired.clone() };
    let record = RunRecord {
        run: log.run().clone(),
        environment: offline.environment.name.clone(),
        mode: plan.mode,
        at: session.link.clock().now(),
        owner: log.state(|state| state.holder.clone())?,
        commit: commit::of(Path::new(&offline.file)),
        world: session.world(),
        account: plan.basis.account.clone(),
        region: plan.basis.region.clone(),
        plan: plan_file::digest(plan),
        configuration: plan.basis.configuration.clone(),
        narrowed,
        back_to: session.back_to.clone(),
        wanted,
    };
    let bytes = wire::run::write(&record).ok()?;
    if let Err(error) = offline.store.create(&wire::run::key(&record.run), &bytes).await {
        ui.remark(format!("The record of this run could not be written: {error}"));
    }
    Some(record)
}

/// Writes down what has happened.
pub(super) async fn end(ui: &mut Ui, store: &dyn Store, clock: &dyn Clock, run: &RunId, events: &[Stamped]) {
    let mut text = String::new();
    for line in events.iter().filter_map(|event| wire::event::write(event).ok()) {
        text.push_str(&line);
        text.push('\n');
    }
    let key = wire::run::events_key(run);
    match select(pin!(store.create(&key, text.as_bytes())), clock.sleep(PATIENCE)).await {
        Either::Left((Ok(_), _)) => {}
        Either::Left((Err(error), _)) => ui.remark(format!("The events of this run could not be written: {error}")),
        Either::Right(((), _)) => ui.remark("The events of this run could not be written: the store did not answer in time."),
    }
}

/// The last run before another that brought all of its configuration about; none where there is none, the cluster was removed
/// since, or the store is too slow to tell: it is advice, and nobody is to wait for it.
pub(super) async fn last_good(store: &dyn Store, clock: &dyn Clock, before: &RunId) -> Option<RunId> {
    match select(pin!(looked_up(store, before)), clock.sleep(PATIENCE)).await {
        Either::Left((found, _)) => found,
        Either::Right(((), _)) => None,
    }
}

async fn looked_up(store: &dyn Store, before: &RunId) -> Option<RunId> {
    let keys = store.list_after(wire::run::PREFIX, "").await.ok()?;
    let runs: BTreeSet<RunId> = keys.iter().filter_map(|key| wire::run::run_of(key)).filter(|run| run < before).collect();
    last_good_of(store, runs.into_iter().rev().take(LOOKED_AT)).await
}

/// The first of these runs, the newest of which comes first, that brought all of its configuration about.
async fn last_good_of(store: &dyn Store, runs: impl Iterator<Item = RunId>) -> Option<RunId> {
    for run in runs {
        let Some(record) = record_of(store, &run).await else { continue };
        let went_well = events_of(store, &run).await.iter().any(|stamped| {
            let Event::RunFinished { outcome, .. } = stamped.event else { return false };
            outcome == Outcome::Done
        });
        match (record.mode, went_well && !record.narrowed) {
            (Mode::Destroy, true) => return None,
            (Mode::Apply, true) => return Some(run),
            (_, false) => {}
        }
    }
    None
}

/// The keys of what is kept of runs that nothing needs any more: older than [`KEPT_FOR`], and of a run that the log tells nothing of,
/// so that nobody can go back to it and know what came in between. The last run that went well stays, whatever its age; and what
/// cannot be read stays too. An approval is good for a week at most, and needs no run that is older.
///
/// # Errors
/// When the store fails, or the log is damaged.
pub(super) async fn needless(store: &dyn Store, now: Timestamp) -> Result<Vec<String>, LogError> {
    let told: BTreeSet<RunId> = history(store).await?.into_iter().map(|past| past.run).collect();
    let keys = store.list_after(wire::run::PREFIX, "").await?;
    let runs: BTreeSet<RunId> = keys.iter().filter_map(|key| wire::run::run_of(key)).collect();
    let good = last_good_of(store, runs.iter().rev().cloned()).await;
    let mut all = vec![];
    for run in runs.into_iter().filter(|run| !told.contains(run) && good.as_ref() != Some(run)) {
        let Some(record) = record_of(store, &run).await else { continue };
        if Duration::try_from(now.duration_since(record.at)).unwrap_or_default() < KEPT_FOR {
            continue;
        }
        // The events first: a record without events is told as one, events without a record are not.
        let (events, key) = (wire::run::events_key(&run), wire::run::key(&run));
        all.extend(keys.contains(&events).then_some(events));
        all.push(key);
    }
    Ok(all)
}

/// The record of a run, where there is one that can be read.
pub(super) async fn record_of(store: &dyn Store, run: &RunId) -> Option<RunRecord> {
    let bytes = store.get(&wire::run::key(run)).await.ok()??;
    wire::run::read(&bytes).ok()
}

/// The events of a run, as far as they were written.
pub(super) async fn events_of(store: &dyn Store, run: &RunId) -> Vec<Stamped> {
    let Ok(Some(bytes)) = store.get(&wire::run::events_key(run)).await else { return vec![] };
    String::from_utf8_lossy(&bytes).lines().filter_map(|line| wire::event::read(line).ok()).collect()
}

/// What is kept of a run for whoever is to help.
pub(super) struct Kept {
    pub(super) record: Option<RunRecord>,
    pub(super) state: State,
    pub(super) failed: Vec<(Address, CloudError)>,
    pub(super) events: Vec<Stamped>,
}

/// Writes a bundle of a run that has failed, and tells where it is.
pub(super) fn bundle<L: Link>(ui: &mut Ui, session: &Session<L>, plan: &Plan, outcome: Outcome, kept: &Kept) {
    let Kept { record, state, failed, events } = kept;
    let Some(record) = record else { return };
    let mut calls: BTreeMap<String, usize> = BTreeMap::new();
    for call in session.link.sent() {
        *calls.entry(call.operation).or_default() += 1;
    }
    let names = [session.caller.arn.clone()];
    let text = bbws_render::bundle(&Bundle { record, outcome: Some(outcome), plan, state, failed, calls: &calls, events, names: &names });
    match write(&session.offline.bundles, &record.run, &text) {
        Err(error) => ui.remark(format!("The bundle of this run could not be written: {error}")),
        Ok(path) if ui.json => ui.line(json!({ "format": 1, "event": "bundle", "path": path }).to_string()),
        Ok(path) => {
            ui.line("\nFor whoever is to help: events, plan, versions and request ids, without secrets, accounts and names:");
            ui.line(format!("  {}", path.display()));
        }
    }
}

fn write(dir: &Path, run: &RunId, text: &str) -> Result<PathBuf, String> {
    fs::create_dir_all(dir).map_err(|error| error.to_string())?;
    let path = dir.join(format!("{run}.jsonl"));
    written::replace(&path, text.as_bytes())?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bbws_engine::{Boxed, Clock, PutOutcome, Store, StoreError};
    use bbws_model::{RunId, wire};

    use super::{PATIENCE, last_good};
    use crate::SystemClock;

    /// A store that knows of many runs, and takes seconds to tell of each.
    struct Slow;

    impl Store for Slow {
        fn create<'a>(&'a self, key: &'a str, _: &'a [u8]) -> Boxed<'a, Result<PutOutcome, StoreError>> {
            Box::pin(async move { panic!("nothing is written, {key} neither") })
        }

        fn get<'a>(&'a self, _: &'a str) -> Boxed<'a, Result<Option<Vec<u8>>, StoreError>> {
            Box::pin(async {
                tokio::time::sleep(Duration::from_secs(4)).await;
                Ok(None)
            })
        }

        fn list_after<'a>(&'a self, _: &'a str, _: &'a str) -> Boxed<'a, Result<Vec<String>, StoreError>> {
            Box::pin(async { Ok((0..9).map(|number| wire::run::key(&RunId(format!("0{number}")))).collect()) })
        }

        fn overwrite<'a>(&'a self, key: &'a str, bytes: &'a [u8]) -> Boxed<'a, Result<(), StoreError>> {
            Box::pin(async move { self.create(key, bytes).await.map(drop) })
        }

        fn delete<'a>(&'a self, key: &'a str) -> Boxed<'a, Result<(), StoreError>> {
            self.overwrite(key, &[])
        }

        fn earlier<'a>(&'a self, _: &'a str) -> Boxed<'a, Result<Vec<Vec<u8>>, StoreError>> {
            Box::pin(async { Ok(vec![]) })
        }
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_advice() {
        let began = tokio::time::Instant::now();
        let clock: &dyn Clock = &SystemClock::default();
        assert_eq!(last_good(&Slow, clock, &RunId("10".into())).await, None);
        assert_eq!(began.elapsed(), PATIENCE, "nine runs take it 36 seconds");
    }
}

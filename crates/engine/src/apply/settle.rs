//! Settling: what became of the requests that an earlier run left open.

use std::time::Duration;

use bbws_model::{Class, CloudError, Kinds, Op, OpenIntent, Record, Recovery, ResultOutcome};
use tokio::sync::watch;

use super::{Control, StepFailure};
use crate::{Clock, Drivers, Log, Place, Reading};

/// For how long a request of a dead process on this machine may still arrive: its lease and the time until AWS shows what
/// it did. Only bytes that were in the machine's hands can be on their way.
const DRAIN: Duration = Duration::from_secs(105);
/// How often it is looked for meanwhile.
const LOOK: Duration = Duration::from_secs(5);

/// Finds out what became of every open intent, and records it: made, by the mark on what is there; or, when it can no
/// longer arrive, nothing. Answers how many were settled.
///
/// # Errors
/// When something cannot be read, the log cannot be written, or the run is told to stop.
pub async fn settle(
    log: &Log,
    drivers: &Drivers,
    kinds: &Kinds,
    clock: &dyn Clock,
    mut control: watch::Receiver<Control>,
) -> Result<usize, StepFailure> {
    let mut open: Vec<OpenIntent> = log.state(|state| state.open.values().cloned().collect());
    let count = open.len();
    let began = clock.elapsed();
    while !open.is_empty() {
        let drained = clock.elapsed().saturating_sub(began);
        let mut left = vec![];
        for intent in open {
            match outcome(log, drivers, kinds, &intent, drained).await? {
                Some(record) => log.append(vec![record]).await.map_err(StepFailure::Log)?,
                None => left.push(intent),
            }
        }
        open = left;
        if !open.is_empty() {
            tokio::select! {
                biased;
                () = Control::stopped(&mut control) => return Err(StepFailure::Stopped),
                () = clock.sleep(LOOK) => {}
            }
        }
    }
    Ok(count)
}

/// What became of an intent, where that can be known by now.
async fn outcome(log: &Log, drivers: &Drivers, kinds: &Kinds, open: &OpenIntent, drained: Duration) -> Result<Option<Record>, StepFailure> {
    let intent = &open.intent;
    let waited = drained >= DRAIN;
    let abandon = |evidence: String| Record::Abandon { intent: intent.id.clone(), evidence };
    let spec = match &intent.op {
        // What an update or a delete did shows in the next plan, which compares with what is there. One that arrives late does
        // no more than it would have done in time; so the next plan waits for that.
        Op::Update { .. } | Op::Delete { .. } if waited => return Ok(Some(abandon(format!("waited {} s", drained.as_secs())))),
        Op::Update { .. } | Op::Delete { .. } => return Ok(None),
        Op::Create { spec } => spec,
    };
    let lineage = log.state(|state| state.lineage.clone());
    let place =
        Place { address: intent.address.clone(), id: None, spec: spec.clone(), lineage: lineage.clone(), intent: Some(intent.id.clone()) };
    let driver = drivers.get(&intent.kind).map_err(StepFailure::Cloud)?;
    let short = || CloudError::own(&intent.kind, Class::Invalid, "the driver gave no answer: a bug in bbws");
    let seen = driver.observe(&[place], &Reading::new()).await.pop().unwrap_or_else(|| Err(short())).map_err(StepFailure::Cloud)?;
    let ours = |owner: &bbws_model::Ownership| owner.lineage == lineage && owner.address == intent.address;
    // What can bear no mark is known by its natural key: executing its request again makes no second one.
    let keyed = kinds.get(&intent.kind).is_some_and(|kind| kind.facts().recovery != Recovery::TagOnly);
    match seen {
        Some(seen) if seen.owner.as_ref().is_some_and(|owner| ours(owner) && (owner.intent == intent.id || keyed)) => {
            let recorded = log.state(|state| state.entries.get(&intent.address).is_some_and(|entry| entry.id == seen.id));
            if recorded {
                return Ok(Some(abandon(format!("{} was recorded before the intent", seen.id))));
            }
            let outcome = ResultOutcome::Settled { id: Some(seen.id) };
            Ok(Some(Record::Result { intent: intent.id.clone(), outcome, request_id: None }))
        }
        _ if waited => Ok(Some(abandon(format!("looked for it for {} s: nothing bears its mark", drained.as_secs())))),
        _ => Ok(None),
    }
}

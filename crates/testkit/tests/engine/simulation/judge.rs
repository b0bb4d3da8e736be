//! What must hold at rest: I2, I3, I10 to I13, I17 to I20, I22.

use std::collections::{BTreeMap, BTreeSet};

use bbws_engine::log;
use bbws_model::{Desired, Entry, Mode, wire};

use super::Sim;
use super::oracle::{Judged, Violation, holds};

/// No more mutating calls than this in one seed: more would be a storm.
const MOST_CALLS: usize = 600;

/// While nobody is at work, and whatever the faults: everything of ours that exists is recorded, or its intent is open.
pub(super) fn between_runs(sim: &Sim) -> Judged {
    let Some(state) = sim.oracle.fold() else { return Ok(()) };
    let (intents, made) = (sim.oracle.intents(), sim.oracle.made());
    let recorded: BTreeSet<_> = state.entries.values().flat_map(Entry::ids).collect();
    for (id, object) in sim.cloud.objects() {
        let Some(owner) = object.owner.as_ref().filter(|owner| owner.lineage == state.lineage) else { continue };
        // What may come late is looked for by the next run.
        let awaited = [&state.open, &state.abandoned, &state.echoes].iter().any(|all| all.contains_key(&owner.intent));
        if object.is_leaving() || recorded.contains(&id) || awaited {
            continue;
        }
        // Another request for the same thing may stand for it: it finds it by its key.
        if state.open.values().any(|open| open.intent.address == owner.address) {
            continue;
        }
        // What arrived twice made two, where only tags tell: the next run lists them.
        let is_doubled = state.entries.get(&owner.address).is_some_and(|entry| entry.intents().any(|made_by| *made_by == owner.intent));
        if object.kind == "tag" && is_doubled && made.contains_key(&owner.intent) {
            continue;
        }
        let abandoned = intents.get(&owner.intent).is_some_and(|written| written.abandoned);
        let invariant = if abandoned { "I17" } else { "I20" };
        return Err(Violation { invariant, told: format!("{id} of {} is neither recorded nor open", owner.address) });
    }
    Ok(())
}

/// I19: what is others' is as it was.
pub(super) fn others(sim: &Sim) -> Judged {
    let objects = sim.cloud.objects();
    for (id, object) in &sim.foreign {
        holds("I19", objects.get(id) == Some(object), || format!("{id} of others is {:?}", objects.get(id)))?;
    }
    Ok(())
}

/// When the last wish has come true, and nothing is under way any more: what there is.
pub(super) async fn at_rest(sim: &Sim, desired: &Desired, mode: Mode) -> Judged {
    let (objects, ever, calls) = (sim.cloud.objects(), sim.cloud.ever(), sim.cloud.calls());
    let Some(fold) = sim.oracle.fold() else { return holds("I11", false, || "nothing was ever written".into()) };
    let (intents, made) = (sim.oracle.intents(), sim.oracle.made());
    // I19: nothing was sent about what is others'.
    for call in &calls {
        let theirs = call.id.as_ref().and_then(|id| ever.get(id)?.owner.as_ref()).is_some_and(|owner| owner.lineage != fold.lineage);
        holds("I19", !theirs, || format!("{call:?}"))?;
    }
    // I18: everything we have made, or taken over, bears our mark and the address it is recorded under.
    for (intent, id) in &made {
        let owner = ever.get(id).and_then(|object| object.owner.as_ref());
        let ours = owner.is_some_and(|o| o.lineage == fold.lineage && intents.get(intent).is_some_and(|w| w.intent.address == o.address));
        holds("I18", ours, || format!("{intent} is said to have made {id}, which is of {owner:?}"))?;
    }
    for (address, id) in sim.oracle.imported() {
        let owner = ever.get(&id).and_then(|object| object.owner.as_ref());
        let ours = owner.is_some_and(|o| o.lineage == fold.lineage && o.address == address);
        holds("I18", ours, || format!("{id} was taken over as {address}, and is of {owner:?}"))?;
    }
    // I2: what bears our mark has its intent in the log, and I17: none of it is abandoned.
    let mine: BTreeMap<_, _> = objects.iter().filter(|(_, object)| !sim.is_foreign(object)).collect();
    for (id, object) in &ever {
        let Some(owner) = object.owner.as_ref().filter(|owner| owner.lineage == fold.lineage) else { continue };
        let written = intents.get(&owner.intent);
        holds("I2", written.is_some(), || format!("{id} bears the mark of an intent that is not in the log: {owner:?}"))?;
        let abandoned = written.is_some_and(|written| written.abandoned) && mine.contains_key(id);
        let recorded = fold.entries.values().any(|entry| entry.id == *id);
        holds("I17", !abandoned || recorded, || format!("{id} was made by an abandoned intent: {owner:?}"))?;
    }
    // I3: one object of each address, which the state points at.
    let wanted = if mode == Mode::Destroy { 0 } else { desired.resources.len() };
    let counts = (mine.len(), fold.entries.len(), fold.open.len());
    let marks: Vec<_> =
        mine.iter().map(|(id, object)| format!("{id} of {:?}", object.owner.as_ref().map(|o| o.address.to_string()))).collect();
    holds("I3", counts == (wanted, wanted, 0), || {
        format!(
            "{counts:?} objects, entries, open intents instead of {wanted}: {marks:?}, recorded {:?}",
            fold.entries.keys().collect::<Vec<_>>()
        )
    })?;
    for (address, entry) in &fold.entries {
        let owner = mine.get(&entry.id).and_then(|object| object.owner.as_ref());
        holds("I3", owner.is_some_and(|owner| owner.address == *address), || {
            format!("{address} is recorded as {}, of {owner:?}", entry.id)
        })?;
        holds("I3", entry.deposed.is_empty() && entry.reached, || format!("{address} is not finished: {entry:?}"))?;
    }
    holds("I22", calls.len() <= MOST_CALLS, || format!("{} mutating calls", calls.len()))?;
    // I10 and I11: what every reader reads, with and without what is derived, is the fold of the slots.
    let read = async || log::read(&sim.store).await.map_err(|e| Violation { invariant: "I11", told: e.to_string() });
    let derived = read().await?;
    holds("I10", derived.as_ref() == Some(&fold), || "what is derived from the log is not the log".into())?;
    sim.store.tamper(wire::state::KEY, None);
    let folded = read().await?;
    holds("I10", folded.as_ref() == Some(&fold), || "the log reads otherwise without what is derived".into())
}

/// I12: a plan changes nothing. I13: there is nothing left to do.
pub(super) async fn nothing_to_do(sim: &Sim, desired: &Desired, mode: Mode) -> Judged {
    let Some(fold) = sim.oracle.fold() else { return holds("I11", false, || "nothing was ever written".into()) };
    let counts = || (sim.cloud.count(), sim.store.all().len());
    let before = counts();
    let plan = sim.plan_of(&fold, desired, mode).await.map_err(|wrong| Violation { invariant: "I13", told: format!("{wrong:?}") })?;
    holds("I13", plan.is_empty(), || format!("left to do: {:?}", plan.steps))?;
    holds("I12", counts() == before, || "a plan has changed something".into())
}

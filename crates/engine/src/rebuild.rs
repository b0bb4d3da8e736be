//! A state that is lost, made again from what is in the account: what is wanted is looked for under its mark or its natural
//! key, and what bears the mark beside that is listed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bbws_model::{Address, Backup, Desired, Entry, Finding, Kinds, PhysicalId, Severity, State, pointers, resolve};

use crate::entry::entry;
use crate::observe::{Asked, look};
use crate::outputs::{publish, recorded};
use crate::{Drivers, Found, Marked, Place, Reading};

/// What was found.
#[derive(Debug, Clone)]
pub struct Rebuilt {
    /// The state that records all of it.
    pub state: State,
    /// What is wanted and was not found: a plan will make it.
    pub missing: BTreeSet<Address>,
    /// What bears the mark and has no place in the state: a former object, or one that is declared no longer.
    pub unplaced: Vec<Marked>,
    /// What stands in the way.
    pub findings: Vec<Finding>,
}

/// Looks for everything that is wanted, round after round: what refers to an object is looked for once that was found.
/// `marked` are the objects that bear the mark of this lineage, each with its kind.
pub async fn rebuild(drivers: &Arc<Drivers>, kinds: &Kinds, desired: &Desired, lineage: &str, marked: Vec<(String, Marked)>) -> Rebuilt {
    let (mut state, mut findings) = (State::empty(lineage), vec![]);
    // What bears the mark of a resource of another kind is a copy of that resource's data.
    let (copies, marked): (Vec<_>, Vec<_>) = marked.into_iter().partition(|(kind, one)| kind != one.owner.address.kind());
    let marked: Vec<Marked> = marked.into_iter().map(|(_, one)| one).collect();
    state.backups = copies.into_iter().map(|(_, one)| Backup { address: one.owner.address, id: one.id }).collect();
    let mut asked: BTreeSet<Address> = BTreeSet::new();
    loop {
        let mut round: Asked<()> = BTreeMap::new();
        for (address, wanted) in desired.resources.iter().filter(|(address, _)| !asked.contains(*address)) {
            let spec = resolve(&wanted.spec, &|pointer| recorded(&state, pointer));
            if pointers(&spec).is_empty() && kinds.get(address.kind()).is_some() {
                let id = only(&marked, address);
                let place = Place { address: address.clone(), id, spec, lineage: lineage.to_owned(), intent: None };
                round.entry(address.kind().to_owned()).or_default().push(((), place));
            }
        }
        if round.is_empty() {
            break;
        }
        asked.extend(round.values().flatten().map(|((), place)| place.address.clone()));
        for ((), place, found) in look(drivers, round, &Reading::new()).await {
            match placed(kinds, desired, &place, found) {
                Ok(Some(entry)) => drop(state.entries.insert(place.address, entry)),
                Ok(None) => {}
                Err(finding) => findings.push(*finding),
            }
        }
    }
    state.outputs = publish(&desired.outputs, &state);
    let missing = desired.resources.keys().filter(|address| !state.entries.contains_key(*address)).cloned().collect();
    let known: BTreeSet<&PhysicalId> = state.entries.values().map(|entry| &entry.id).collect();
    let unplaced = marked.into_iter().filter(|one| !known.contains(&one.id)).collect();
    Rebuilt { state, missing, unplaced, findings }
}

/// The id of the one object that bears the mark of this address; none where several do.
fn only(marked: &[Marked], address: &Address) -> Option<PhysicalId> {
    let mut of_it = marked.iter().filter(|one| one.owner.address == *address);
    let first = of_it.next()?;
    of_it.next().is_none().then(|| first.id.clone())
}

/// The entry of what was found, if it is ours.
fn placed(kinds: &Kinds, desired: &Desired, place: &Place, found: Found) -> Result<Option<Entry>, Box<Finding>> {
    let (address, existing) = (&place.address, desired.resources.get(&place.address).is_some_and(|wanted| wanted.existing));
    let error = |what: String| Finding::new(Severity::Error, what).at(address);
    let seen = match found {
        Ok(None) => return Ok(None),
        Ok(Some(seen)) => seen,
        Err(cause) => {
            let finding = error("it could not be read".into()).seen(cause.to_string());
            return Err(Box::new(finding.advise("nothing is rebuilt on a guess: mend the cause and try again")));
        }
    };
    match &seen.owner {
        Some(owner) if owner.lineage == place.lineage && owner.address == *address => {}
        _ if existing => {}
        owner => {
            let whose =
                owner.as_ref().map_or("bears no mark of bbws".into(), |o| format!("belongs to {} of the state {}", o.address, o.lineage));
            let finding = error(format!("{} exists and is not ours", seen.id)).seen(format!("it {whose}"));
            return Err(Box::new(
                finding.advise(format!("import it afterwards (`bbws import ENV {address} {}`), or rename it in the file", seen.id)),
            ));
        }
    }
    Ok(Some(entry(kinds, desired, place, &seen)))
}

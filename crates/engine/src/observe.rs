//! One look at everything that is recorded or wanted.

use std::collections::{BTreeMap, BTreeSet};

use bbws_model::{Address, Class, CloudError, Desired, Kinds, PhysicalId, Reads, Seen, SpecProblem, State, pointers, resolve};
use futures::future::join_all;

use crate::outputs::recorded;
use crate::{Observe, Place, Reading};

/// What was found at one place.
pub type Found = Result<Option<Seen>, CloudError>;

/// One consistent look at the cloud.
#[derive(Debug, Clone, Default)]
pub struct Picture {
    /// What is there of the recorded resources.
    pub recorded: BTreeMap<Address, Found>,
    /// What is there of former objects that still have to go.
    pub deposed: BTreeMap<(Address, PhysicalId), Found>,
    /// What is there under the natural key or mark of resources that are wanted and not recorded.
    pub unrecorded: BTreeMap<Address, Found>,
    /// With how many calls that was seen.
    pub calls: usize,
}

/// Looks at everything that is recorded, and at what is wanted and could be there already: all kinds side by side, in
/// one round.
pub async fn refresh(eyes: &impl Observe, kinds: &Kinds, desired: &Desired, state: &State) -> Picture {
    let reading = Reading::new();
    let mut asked: Asked<Slot> = BTreeMap::new();
    let mut ask = |slot: Slot, place: Place| asked.entry(place.address.kind().to_owned()).or_default().push((slot, place));
    for (address, entry) in &state.entries {
        let place = |id: &PhysicalId, spec: &serde_json::Value, intent| Place {
            address: address.clone(),
            id: Some(id.clone()),
            spec: spec.clone(),
            lineage: state.lineage.clone(),
            intent,
        };
        ask(Slot::Recorded, place(&entry.id, &entry.spec, entry.intent.clone()));
        for old in &entry.deposed {
            ask(Slot::Deposed, place(&old.id, &old.spec, old.intent.clone()));
        }
    }
    for (address, wanted) in desired.resources.iter().filter(|(a, _)| !state.entries.contains_key(*a)) {
        let spec = resolve(&wanted.spec, &|pointer| recorded(state, pointer));
        // What refers to something that does not exist yet cannot exist itself.
        if pointers(&spec).is_empty() && kinds.get(address.kind()).is_some() {
            ask(Slot::Unrecorded, Place { address: address.clone(), id: None, spec, lineage: state.lineage.clone(), intent: None });
        }
    }
    let mut picture = Picture::default();
    for (slot, place, found) in look(eyes, asked, &reading).await {
        match (slot, place.id) {
            (Slot::Recorded, _) => drop(picture.recorded.insert(place.address, found)),
            (Slot::Deposed, Some(id)) => drop(picture.deposed.insert((place.address, id), found)),
            (Slot::Unrecorded | Slot::Deposed, _) => drop(picture.unrecorded.insert(place.address, found)),
        }
    }
    picture.calls = reading.calls();
    picture
}

/// Looks for what stands where recorded objects stood that are gone: under their natural key, whoever made it.
pub async fn in_place_of(eyes: &impl Observe, state: &State, gone: &BTreeSet<Address>) -> BTreeMap<Address, Found> {
    let mut asked: Asked<()> = BTreeMap::new();
    for (address, entry) in state.entries.iter().filter(|(address, _)| gone.contains(*address)) {
        let (spec, lineage) = (entry.spec.clone(), state.lineage.clone());
        let place = Place { address: address.clone(), id: None, spec, lineage, intent: None };
        asked.entry(address.kind().to_owned()).or_default().push(((), place));
    }
    look(eyes, asked, &Reading::new()).await.into_iter().map(|((), place, found)| (place.address, found)).collect()
}

/// Places to look at, by the kind whose driver looks; each with what it is asked for.
pub(crate) type Asked<T> = BTreeMap<String, Vec<(T, Place)>>;

/// Looks at places, those of one kind by one call and all kinds side by side. Each comes back with what was found there: what a
/// driver gives no answer for is an error, never an absence.
pub(crate) async fn look<T>(eyes: &impl Observe, asked: Asked<T>, reading: &Reading) -> Vec<(T, Place, Found)> {
    let looks = asked.into_iter().map(|(kind, asked)| async move {
        let (about, places): (Vec<T>, Vec<Place>) = asked.into_iter().unzip();
        let mut found = eyes.observe(&kind, &places, reading).await;
        let silence = || Err(CloudError::own(&kind, Class::Invalid, "the driver gave no answer: a bug in bbws"));
        found.resize_with(places.len(), silence);
        about.into_iter().zip(places).zip(found).map(|((about, place), found)| (about, place, found)).collect::<Vec<_>>()
    });
    join_all(looks).await.into_iter().flatten().collect()
}

/// The calls that a refresh takes for what is recorded: the read formulas of all kinds, added up. What is wanted and not
/// recorded is looked for with further calls.
///
/// # Errors
/// When the spec of an entry is not one of its kind.
pub fn read_formula(kinds: &Kinds, state: &State) -> Result<Reads, SpecProblem> {
    let mut recorded: BTreeMap<&str, Vec<(&PhysicalId, &serde_json::Value)>> = BTreeMap::new();
    for (address, entry) in &state.entries {
        let of_kind = recorded.entry(address.kind()).or_default();
        of_kind.push((&entry.id, &entry.spec));
        of_kind.extend(entry.deposed.iter().map(|old| (&old.id, &old.spec)));
    }
    let known = recorded.into_iter().filter_map(|(name, of)| Some((kinds.get(name)?, of)));
    known.map(|(kind, of)| kind.reads(&of)).try_fold(Reads::none(), |all, reads| Ok(all.and(reads?)))
}

/// For what a place was asked about.
#[derive(Debug, Clone, Copy)]
enum Slot {
    Recorded,
    Deposed,
    Unrecorded,
}

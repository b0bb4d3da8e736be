//! What stands beside ours: things that others have hung on it, and things that bear our mark and are in no record.

use std::collections::{BTreeMap, BTreeSet};

use bbws_engine::{Hanging, Marked};
use bbws_model::{Address, CloudError, PhysicalId, State};

/// One thing that the state does not know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stranger {
    /// What it is, in AWS's words or as a kind.
    pub what: String,
    /// What AWS calls it.
    pub id: PhysicalId,
    /// What people know it by; empty where the id says it.
    pub name: String,
    /// What it hangs on; none where it was found by its mark.
    pub on: Option<Address>,
    /// The address that its mark names, where it bears one.
    pub marked: Option<Address>,
}

/// All of them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Strangers {
    /// Things of others on ours: in a living cluster those of tenants are normal.
    pub foreign: Vec<Stranger>,
    /// What bears the mark of this state, and is not in it.
    pub orphans: Vec<Stranger>,
    /// What could not be listed, and why.
    pub unlisted: Vec<(String, CloudError)>,
}

/// Sorts what was found beside ours.
#[must_use]
pub fn strangers(
    state: &State,
    hanging: Vec<(Address, Result<Vec<Hanging>, CloudError>)>,
    marked: Vec<(&'static str, Result<Vec<Marked>, CloudError>)>,
) -> Strangers {
    let ours: BTreeSet<&PhysicalId> = state
        .entries
        .values()
        .flat_map(|entry| std::iter::once(&entry.id).chain(entry.deposed.iter().map(|old| &old.id)))
        .chain(state.backups.iter().map(|copy| &copy.id))
        .collect();
    let mut all = Strangers::default();
    let (mut foreign, mut orphans): (BTreeMap<PhysicalId, Stranger>, BTreeMap<PhysicalId, Stranger>) = Default::default();
    for (kind, found) in marked {
        match found {
            Err(error) => all.unlisted.push((kind.to_owned(), error)),
            Ok(found) => {
                for one in found.into_iter().filter(|one| one.owner.lineage == state.lineage && !ours.contains(&one.id)) {
                    let marked = Some(one.owner.address);
                    let stranger = Stranger { what: kind.to_owned(), id: one.id.clone(), name: String::new(), on: None, marked };
                    orphans.insert(one.id, stranger);
                }
            }
        }
    }
    for (on, found) in hanging {
        match found {
            Err(error) => all.unlisted.push((format!("what hangs on {on}"), error)),
            Ok(found) => {
                for one in found.into_iter().filter(|one| !ours.contains(&one.id)) {
                    let marked = one.owner.as_ref().filter(|owner| owner.lineage == state.lineage).map(|owner| owner.address.clone());
                    let to = if marked.is_some() { &mut orphans } else { &mut foreign };
                    to.entry(one.id.clone()).or_insert_with(|| Stranger {
                        what: one.what.to_owned(),
                        id: one.id,
                        name: one.name,
                        on: Some(on.clone()),
                        marked,
                    });
                }
            }
        }
    }
    let sorted = |all: BTreeMap<PhysicalId, Stranger>| {
        let mut list: Vec<Stranger> = all.into_values().collect();
        list.sort_by(|a, b| (&a.what, &a.name, &a.id).cmp(&(&b.what, &b.name, &b.id)));
        list
    };
    (all.foreign, all.orphans) = (sorted(foreign), sorted(orphans));
    all
}

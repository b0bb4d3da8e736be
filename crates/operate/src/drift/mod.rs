//! Drift: what somebody changed behind our back. Three things are compared field by field: what the file declares, what bbws
//! recorded when it was last at work, and what AWS shows now.
//!
//! A field has drifted where AWS shows neither what was recorded nor what is declared. Where the file alone has moved on, that
//! is an edit, and a plan's matter; where AWS shows what the file says, nothing is left to do about it.

mod beyond;
mod strangers;
mod trail;

use std::collections::{BTreeMap, BTreeSet};

use bbws_engine::planner::{keeps, named};
use bbws_engine::{Found, Picture, recorded};
use bbws_model::{
    Address, CloudError, Desired, Entry, FieldChange, Kinds, Ownership, Phase, PhysicalId, Pointer, Seen, State, pointers, resolve,
};
use serde_json::Value;

pub use beyond::beyond;
pub use strangers::{Beside, Stranger, Strangers, strangers};
pub use trail::{Deed, Doer, Trace, trace};

/// One field that differs from what was recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// The field of the spec.
    pub field: String,
    /// What the file says; none where the resource is no longer in it.
    pub declared: Option<Value>,
    /// What was recorded.
    pub recorded: Value,
    /// What AWS shows.
    pub observed: Value,
    /// Whether the file was edited in it too since it was applied.
    pub edited: bool,
}

/// What became of an object as a whole.
#[derive(Debug, Clone, PartialEq)]
pub enum Standing {
    /// It is there.
    There,
    /// It is gone.
    Missing,
    /// It is gone, and something else stands under its name.
    Replaced {
        /// What AWS calls that.
        by: PhysicalId,
        /// Whose it is, where it bears a mark.
        owner: Option<Ownership>,
    },
    /// Somebody deletes it.
    Leaving,
    /// It was ready once, and AWS says that it has failed.
    Failed(String),
}

/// What became of an object's mark.
#[derive(Debug, Clone, PartialEq)]
pub enum Mark {
    /// It bears ours.
    Ours,
    /// It bears none any more: somebody has taken the tags off, or has put another object under the same name.
    Lost,
    /// It bears another's.
    Of(Ownership),
}

/// One resource that is not as bbws left it.
#[derive(Debug, Clone, PartialEq)]
pub struct Drifted {
    /// The resource.
    pub address: Address,
    /// What AWS calls it.
    pub id: PhysicalId,
    /// What became of it as a whole.
    pub standing: Standing,
    /// What became of its mark.
    pub mark: Mark,
    /// The fields that differ.
    pub fields: Vec<Field>,
    /// Fields that were edited in the file and have not drifted.
    pub edits: Vec<String>,
}

/// What a look at everything that is recorded shows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Drift {
    /// How many resources were looked at.
    pub looked: usize,
    /// Those that have drifted.
    pub drifted: Vec<Drifted>,
    /// Changed by somebody, and the file says the same or has no opinion: nothing is left to do.
    pub agreed: Vec<Drifted>,
    /// Those that could not be read: nothing is known of them.
    pub unread: Vec<(Address, CloudError)>,
    /// Those that an interrupted run of our own was at work on, or has not finished: what differs there is ours to settle.
    pub unsettled: Vec<Address>,
    /// Those that the file was edited in, and only the file.
    pub edited: Vec<Address>,
}

impl Drift {
    /// Whether all was seen, and is as bbws left it.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.drifted.is_empty() && self.unread.is_empty()
    }

    /// The drift of these resources only; all where none is named.
    #[must_use]
    pub fn of(mut self, chosen: &BTreeSet<Address>) -> Self {
        if !chosen.is_empty() {
            self.drifted.retain(|one| chosen.contains(&one.address));
            self.agreed.retain(|one| chosen.contains(&one.address));
            self.unread.retain(|(address, _)| chosen.contains(address));
            self.unsettled.retain(|address| chosen.contains(address));
            self.edited.retain(|address| chosen.contains(address));
        }
        self
    }
}

/// The recorded resources of which the look found nothing.
#[must_use]
pub fn gone(state: &State, picture: &Picture) -> BTreeSet<Address> {
    let is_gone = |address: &&Address| matches!(picture.recorded.get(*address), Some(Ok(None)));
    state.entries.keys().filter(is_gone).cloned().collect()
}

/// Compares. `instead` is what stands where recorded objects are gone.
#[must_use]
pub fn drift(kinds: &Kinds, desired: &Desired, state: &State, picture: &Picture, instead: &BTreeMap<Address, Found>) -> Drift {
    let mut drift = Drift { looked: state.entries.len(), ..Drift::default() };
    let unsettled: BTreeSet<&Address> = state.open.values().chain(state.abandoned.values()).map(|open| &open.intent.address).collect();
    for (address, entry) in &state.entries {
        let seen = match picture.recorded.get(address) {
            Some(Ok(seen)) => seen.as_ref(),
            Some(Err(error)) => {
                drift.unread.push((address.clone(), error.clone()));
                continue;
            }
            None => {
                let none = CloudError::own(address.kind(), bbws_model::Class::Invalid, "it was not looked at: bbws has no driver for it");
                drift.unread.push((address.clone(), none));
                continue;
            }
        };
        if unsettled.contains(address) || !entry.reached {
            drift.unsettled.push(address.clone());
            continue;
        }
        let wanted =
            desired.resources.get(address).map(|wanted| as_recorded(&declared(kinds, &wanted.spec, address, entry, picture), state));
        match seen {
            None => {
                let one = Drifted {
                    address: address.clone(),
                    id: entry.id.clone(),
                    standing: standing_instead(instead.get(address), entry),
                    mark: Mark::Ours,
                    fields: vec![],
                    edits: wanted.as_ref().map(|wanted| edits_of(kinds, address, entry, wanted)).unwrap_or_default(),
                };
                // What the file no longer has is to go anyway.
                if wanted.is_none() && one.standing == Standing::Missing { drift.agreed.push(one) } else { drift.drifted.push(one) }
            }
            Some(seen) => match compare(kinds, address, entry, wanted.as_ref(), seen, &state.lineage, picture) {
                Ok((one, agreed, edited)) => {
                    if one.standing != Standing::There || one.mark != Mark::Ours || !one.fields.is_empty() {
                        drift.drifted.push(one.clone());
                    } else if edited {
                        drift.edited.push(address.clone());
                    }
                    if !agreed.is_empty() {
                        drift.agreed.push(Drifted { fields: agreed, standing: Standing::There, mark: Mark::Ours, ..one });
                    }
                }
                Err(error) => drift.unread.push((address.clone(), error)),
            },
        }
    }
    drift
}

/// The fields of a recorded resource in which what is wanted differs from what is there; none where it is not wanted, or not there.
#[must_use]
pub fn differing(kinds: &Kinds, desired: &Desired, state: &State, picture: &Picture, address: &Address) -> BTreeSet<String> {
    let of = || {
        let (entry, kind) = (state.entries.get(address)?, kinds.get(address.kind())?);
        let seen = picture.recorded.get(address)?.as_ref().ok()?.as_ref()?;
        let wanted = declared(kinds, &desired.resources.get(address)?.spec, address, entry, picture);
        let diff = kind.diff(&seen.spec, &wanted).ok()?;
        Some(diff.into_changes().into_iter().filter(|change| !keeps(Some(entry), change)).map(|change| change.field).collect())
    };
    of().unwrap_or_default()
}

/// What the file wants of a resource, with the name that it got and the references that are known.
fn declared(kinds: &Kinds, spec: &Value, address: &Address, entry: &Entry, picture: &Picture) -> Value {
    let rule = kinds.get(address.kind()).and_then(|kind| kind.facts().name);
    let (spec, _) = named(spec, Some(entry), rule);
    let known = |pointer: &Pointer| {
        let seen = picture.recorded.get(&pointer.to)?.as_ref().ok()?.as_ref()?;
        seen.outputs.get(&pointer.output).filter(|value| !value.is_null()).cloned()
    };
    resolve(&spec, &known)
}

/// The references that the look does not tell, as they were when bbws was last at work: what could not be read, or is gone, makes
/// no edit of what refers to it.
fn as_recorded(spec: &Value, state: &State) -> Value {
    resolve(spec, &|pointer| recorded(state, pointer))
}

fn standing_instead(found: Option<&Found>, entry: &Entry) -> Standing {
    match found {
        Some(Ok(Some(other))) if other.id != entry.id => Standing::Replaced { by: other.id.clone(), owner: other.owner.clone() },
        _ => Standing::Missing,
    }
}

/// The fields that the file was edited in, as far as that can be told of what refers to things that are gone as well.
fn edits_of(kinds: &Kinds, address: &Address, entry: &Entry, wanted: &Value) -> Vec<String> {
    let Some(Ok(diff)) = kinds.get(address.kind()).map(|kind| kind.diff(&entry.spec, wanted)) else { return vec![] };
    let told = diff.into_changes().into_iter().filter(|change| !keeps(Some(entry), change) && pointers(&change.to).is_empty());
    told.map(|change| change.field).collect()
}

/// One object that is there: what has drifted, what differs from the record only, and whether the file alone has moved on.
fn compare(
    kinds: &Kinds,
    address: &Address,
    entry: &Entry,
    wanted: Option<&Value>,
    seen: &Seen,
    lineage: &str,
    picture: &Picture,
) -> Result<(Drifted, Vec<Field>, bool), CloudError> {
    let misfit = |problem: bbws_model::SpecProblem| {
        let told = format!("a spec does not fit its kind at `{}`: {}", problem.field, problem.message);
        CloudError::own(address.kind(), bbws_model::Class::Invalid, told)
    };
    let unknown = || CloudError::own(address.kind(), bbws_model::Class::Invalid, "this bbws does not know the kind");
    let kind = kinds.get(address.kind()).ok_or_else(unknown)?;
    // Not even the record tells what it refers to there.
    let is_unread = |pointer: &Pointer| matches!(picture.recorded.get(&pointer.to), Some(Err(_)));
    let differ = |have: &Value, want: &Value| -> Result<Vec<FieldChange>, CloudError> {
        if have == want {
            return Ok(vec![]);
        }
        let mut changes = kind.diff(have, want).map_err(misfit)?.into_changes();
        changes.retain(|change| !keeps(Some(entry), change) && !pointers(&change.to).iter().any(&is_unread));
        Ok(changes)
    };
    let from_record = differ(&seen.spec, &entry.spec)?;
    let from_file = wanted.map(|wanted| differ(&seen.spec, wanted)).transpose()?;
    let edited = wanted.map(|wanted| differ(&entry.spec, wanted)).transpose()?.unwrap_or_default();
    let is_edited = |field: &str| edited.iter().any(|change| change.field == field);
    let (mut fields, mut agreed) = (vec![], vec![]);
    for change in from_record {
        let wish = from_file.as_ref().map(|all| all.iter().find(|other| other.field == change.field));
        let field = |declared| Field {
            edited: is_edited(&change.field),
            field: change.field.clone(),
            declared,
            recorded: change.to.clone(),
            observed: change.from.clone(),
        };
        match wish {
            None => fields.push(field(None)),
            Some(Some(wish)) => fields.push(field(Some(wish.to.clone()))),
            Some(None) => agreed.push(field(Some(change.from.clone()))),
        }
    }
    let standing = match &seen.phase {
        Phase::Leaving => Standing::Leaving,
        Phase::Failed(why) => Standing::Failed(why.clone()),
        Phase::Ready | Phase::Pending(_) => Standing::There,
    };
    let mark = match &seen.owner {
        // Renaming and adopting leave an older address in the tags: that is ours to bring in order.
        Some(owner) if owner.lineage == lineage => Mark::Ours,
        Some(owner) => Mark::Of(owner.clone()),
        None if entry.existing => Mark::Ours,
        None => Mark::Lost,
    };
    let edits: Vec<String> =
        edited.iter().map(|change| change.field.clone()).filter(|field| !fields.iter().any(|one: &Field| one.field == *field)).collect();
    let moved_on = !edits.is_empty();
    let one = Drifted { address: address.clone(), id: entry.id.clone(), standing, mark, fields, edits };
    Ok((one, agreed, moved_on))
}

#[cfg(test)]
mod tests;

//! Writing into an environment file what AWS shows, so that the file declares it. Which key says what is not written down
//! anywhere: each key that could is tried, and one is taken only if the blueprint then wants exactly what is there, and nothing
//! else changes.

mod edit;

use std::collections::{BTreeMap, BTreeSet};

use bbws_model::{Address, Desired, Kinds, leaves};
use serde_json::Value;
use toml_edit::DocumentMut;

use crate::Environment;
use edit::{Step, edited, shown};

/// What is to be kept of one resource.
#[derive(Debug, Clone, PartialEq)]
pub enum Wish {
    /// A field as it is.
    Field {
        /// The field of the spec.
        field: String,
        /// What the file says.
        declared: Value,
        /// What is there.
        observed: Value,
    },
    /// That it is gone.
    Gone,
}

/// One edit of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The key, as a path: `rds.class`.
    pub key: String,
    /// What stood there; none where nothing did.
    pub from: Option<String>,
    /// What stands there now; none where it was taken out.
    pub to: Option<String>,
}

/// A file that says what is to be kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept {
    /// Its text.
    pub text: String,
    /// What was edited.
    pub edits: Vec<Edit>,
    /// What no key of the file says by itself: the resource, the field, and which keys come near, with what else they change.
    pub left: Vec<Left>,
}

/// Something that could not be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// The resource.
    pub address: Address,
    /// The field; none where the resource is gone.
    pub field: Option<String>,
    /// A key that would say it, with the other resources that it changes as well.
    pub near: Option<(String, BTreeSet<Address>)>,
}

/// What is asked of a text: the environment that it describes, and what that wants. None where it would be wrong.
pub type Reads<'a> = &'a dyn Fn(&str) -> Option<(Environment, Desired)>;
/// Which fields of a resource, as wanted, differ from what is there.
pub type Differs<'a> = &'a dyn Fn(&Desired, &Address) -> BTreeSet<String>;

/// Edits a file's text until it declares what is to be kept.
#[must_use]
pub fn keep(text: &str, wishes: &BTreeMap<Address, Vec<Wish>>, kinds: &Kinds, reads: Reads<'_>, differs: Differs<'_>) -> Kept {
    let mut kept = Kept { text: text.to_owned(), edits: vec![], left: vec![] };
    let all = Wishes { of: wishes, kinds, differs };
    for (address, list) in wishes {
        for wish in list {
            let Some((environment, desired)) = reads(&kept.text) else { continue };
            if all.granted(&desired, address, wish) {
                continue;
            }
            let (mut found, mut near) = (None, None);
            for (path, value) in candidates(&environment, address, wish) {
                let Some(text) = edited(&kept.text, &path, value.as_ref()) else { continue };
                let Some((_, new)) = reads(&text) else { continue };
                if !all.granted(&new, address, wish) {
                    continue;
                }
                let beside = all.beside(&desired, &new);
                let edit = Edit { key: edit::path_text(&path), from: shown(&kept.text, &path), to: shown(&text, &path) };
                if beside.is_empty() {
                    found = Some((text, edit));
                    break;
                }
                near = near.or(Some((edit.key, beside)));
            }
            match found {
                Some((text, edit)) => {
                    kept.text = text;
                    kept.edits.push(edit);
                }
                None => {
                    let field = match wish {
                        Wish::Field { field, .. } => Some(field.clone()),
                        Wish::Gone => None,
                    };
                    kept.left.push(Left { address: address.clone(), field, near });
                }
            }
        }
    }
    kept
}

struct Wishes<'a> {
    of: &'a BTreeMap<Address, Vec<Wish>>,
    kinds: &'a Kinds,
    differs: Differs<'a>,
}

impl Wishes<'_> {
    fn granted(&self, desired: &Desired, address: &Address, wish: &Wish) -> bool {
        match wish {
            Wish::Gone => !desired.resources.contains_key(address),
            Wish::Field { field, .. } => desired.resources.contains_key(address) && !(self.differs)(desired, address).contains(field),
        }
    }

    /// The resources that would be changed beside what is wished for.
    fn beside(&self, old: &Desired, new: &Desired) -> BTreeSet<Address> {
        let all: BTreeSet<&Address> = old.resources.keys().chain(new.resources.keys()).collect();
        let is_wished = |address: &Address| {
            let wishes = self.of.get(address).map(Vec::as_slice).unwrap_or_default();
            match (old.resources.get(address), new.resources.get(address)) {
                (Some(_), None) => wishes.contains(&Wish::Gone),
                (Some(before), Some(after)) => {
                    let Some(Ok(diff)) = self.kinds.get(address.kind()).map(|kind| kind.diff(&before.spec, &after.spec)) else {
                        return false;
                    };
                    let fields: BTreeSet<&str> = diff.changes().iter().map(|change| change.field.as_str()).collect();
                    let wished = |name: &str| wishes.iter().any(|wish| matches!(wish, Wish::Field { field, .. } if field == name));
                    let still = (self.differs)(new, address);
                    fields.into_iter().all(|field| wished(field) && !still.contains(field))
                }
                (None, _) => false,
            }
        };
        let changed = all.into_iter().filter(|address| old.resources.get(*address) != new.resources.get(*address));
        changed.filter(|address| !is_wished(address)).cloned().collect()
    }
}

/// The edits that could say it, the likeliest first: a key that is called like the field, then any whose value is what the file
/// says of it.
fn candidates(environment: &Environment, address: &Address, wish: &Wish) -> Vec<(Vec<Step>, Option<Value>)> {
    let own = || vec![Step::key("resource"), Step::key(address.kind()), Step::key(address.name())];
    let document = serde_json::to_value(environment).unwrap_or_default();
    let mut keys = vec![];
    walk(&document, &mut vec![], &mut keys);
    match wish {
        Wish::Field { field, declared, observed } => {
            if environment.resource(address).is_some() {
                let mut path = own();
                path.extend(field.split('.').map(Step::key));
                return vec![(path, Some(observed.clone()))];
            }
            let parts = leaves(field, declared, observed);
            // One key says one thing: what differs in several places is several keys, or none.
            let [(path, from, to)] = parts.as_slice() else { return vec![] };
            let last = path.rsplit('.').next().unwrap_or(path);
            let mut fitting: Vec<(usize, Vec<Step>, Option<Value>)> = keys
                .into_iter()
                .filter(|(_, value)| same(value, from))
                .map(|(path, _)| {
                    let name = path.last().map(ToString::to_string).unwrap_or_default();
                    let rank = if name == last { 0 } else { 1 + usize::from(!(name.contains(last) || last.contains(&name))) };
                    (rank, path, Some((*to).clone()))
                })
                .collect();
            fitting.sort_by_key(|(rank, ..)| *rank);
            fitting.into_iter().map(|(_, path, value)| (path, value)).collect()
        }
        Wish::Gone => {
            if environment.resource(address).is_some() {
                return vec![(own(), None)];
            }
            let mut all = vec![];
            for (path, value) in keys {
                match value {
                    Value::Bool(true) => all.push((path, Some(Value::Bool(false)))),
                    Value::Array(items) => all.extend((0..items.len()).map(|gone| {
                        let left = items.iter().enumerate().filter(|(place, _)| *place != gone).map(|(_, item)| item.clone()).collect();
                        (path.clone(), Some(Value::Array(left)))
                    })),
                    _ => {}
                }
            }
            let rules = document["rule"].as_array().map_or(0, Vec::len);
            all.extend((0..rules).map(|place| (vec![Step::key("rule"), Step::Place(place)], None)));
            all
        }
    }
}

/// All values of a document that are no tables, with their paths. Lists of plain values are one value.
fn walk(value: &Value, path: &mut Vec<Step>, found: &mut Vec<(Vec<Step>, Value)>) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                path.push(Step::key(key));
                walk(inner, path, found);
                path.pop();
            }
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            for (place, inner) in items.iter().enumerate() {
                path.push(Step::Place(place));
                walk(inner, path, found);
                path.pop();
            }
        }
        leaf => found.push((path.clone(), leaf.clone())),
    }
}

/// Whether two values say the same: a number may be written as a text, and no days as none.
fn same(one: &Value, other: &Value) -> bool {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string().trim_end_matches(".0").to_owned()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    one == other || text(one).is_some_and(|one| text(other) == Some(one)) || (one == &Value::from(0) && other.is_null())
}

/// Whether a text can be edited at all.
pub(crate) fn parsed(text: &str) -> Option<DocumentMut> {
    text.parse().ok()
}

#[cfg(test)]
mod tests;

//! The state: what the log adds up to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Account, Address, BrokenGlass, Digest, Intent, IntentId, Owner, PhysicalId, Spent, World};

/// A name that differs from the declared one, because a replacement could not have that while the old object lived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renamed {
    /// The declared name.
    pub from: String,
    /// The name it has.
    pub to: String,
}

/// A former object of an address that still has to go.
#[derive(Debug, Clone, PartialEq)]
pub struct Deposed {
    /// What AWS calls it.
    pub id: PhysicalId,
    /// Its last known spec.
    pub spec: Value,
    /// What it refers to.
    pub dependencies: Vec<Address>,
    /// The intent that made it, where we made it.
    pub intent: Option<IntentId>,
}

/// A copy of an object's data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// Whose data.
    pub address: Address,
    /// What AWS calls the copy.
    pub id: PhysicalId,
}

/// One line of the state: one resource.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// What AWS calls it.
    pub id: PhysicalId,
    /// Its spec as last observed or, until it was, as it was wanted.
    pub spec: Value,
    /// What it offers others, as last observed.
    pub outputs: Value,
    /// What it refers to.
    pub dependencies: Vec<Address>,
    /// Whether it has reached its wanted form at least once.
    pub reached: bool,
    /// The intent that made it, where we made it.
    pub intent: Option<IntentId>,
    /// Whether it existed before bbws and is never deleted by it.
    pub existing: bool,
    /// Whether it is protected against deletion. It stays so, whatever is seen or declared later, until the file said in so many
    /// words that it is not and that was applied.
    pub protected: bool,
    /// The name it got instead of the declared one.
    pub renamed: Option<Renamed>,
    /// Its former objects that still have to go.
    pub deposed: Vec<Deposed>,
}

impl Entry {
    /// Its object's id, and those of its former objects.
    pub fn ids(&self) -> impl Iterator<Item = &PhysicalId> {
        std::iter::once(&self.id).chain(self.deposed.iter().map(|old| &old.id))
    }

    /// The intents that made its object and its former objects, where we made them.
    pub fn intents(&self) -> impl Iterator<Item = &IntentId> {
        std::iter::once(&self.intent).chain(self.deposed.iter().map(|old| &old.intent)).flatten()
    }
}

/// A mutating request of which it is not recorded what became.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenIntent {
    /// The request.
    pub intent: Intent,
    /// The slot that holds it.
    pub seq: u64,
    /// When that was written, for people only.
    pub at: jiff::Timestamp,
    /// Who wrote it, and alone has sent it: how long its request may still arrive depends on whether that process lives. None
    /// where another run has sent it again.
    pub writer: Option<Owner>,
    /// Whether it was sent more than once.
    pub repeated: bool,
}

/// What the log adds up to at one slot.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// Fixed when the environment's state began; it stands in the ownership tags.
    pub lineage: String,
    /// Up to which slot.
    pub seq: u64,
    /// The owner's epoch.
    pub generation: u64,
    /// How often the resources have changed.
    pub serial: u64,
    /// The digest of that slot's bytes.
    pub head: Digest,
    /// When that slot was written, for people only.
    pub at: Option<jiff::Timestamp>,
    /// The run that holds the environment; none when the last one has given it back.
    pub holder: Option<Owner>,
    /// When it took it, for people only.
    pub since: Option<jiff::Timestamp>,
    /// Where the ids belong; unknown until the first OPEN.
    pub world: Option<World>,
    /// The account.
    pub account: Option<Account>,
    /// The region.
    pub region: Option<String>,
    /// The resources.
    pub entries: BTreeMap<Address, Entry>,
    /// Requests of which it is not recorded what became.
    pub open: BTreeMap<IntentId, OpenIntent>,
    /// Creates that have made something, and of which a request may still be on its way: sent more than once, without an answer,
    /// or come late. Should the object go, that request may make it again.
    pub echoes: BTreeMap<IntentId, OpenIntent>,
    /// Creates that were taken for lost, and those whose object went before all their requests had lapsed: what they may make yet
    /// is looked for.
    pub abandoned: BTreeMap<IntentId, OpenIntent>,
    /// Copies of data.
    pub backups: Vec<Backup>,
    /// The published outputs.
    pub outputs: BTreeMap<String, Value>,
    /// The approved plans that a run was begun with, by digest, for as long as their approvals would hold.
    pub spent: BTreeMap<Digest, Spent>,
    /// Every change of production that was made without an approval.
    pub glass: Vec<BrokenGlass>,
}

/// Whether a spec says that the object is protected against deletion.
#[must_use]
pub fn is_protected(spec: &Value) -> bool {
    spec.get("deletion_protection").and_then(Value::as_bool) == Some(true)
}

impl State {
    /// Everything that it knows by an id: objects, former objects and copies of data.
    pub fn ids(&self) -> impl Iterator<Item = &PhysicalId> {
        self.entries.values().flat_map(Entry::ids).chain(self.backups.iter().map(|copy| &copy.id))
    }

    /// The other resource under which an object of this kind is recorded, as its own or as a former one. Some ids are names, which
    /// each region has of its own.
    #[must_use]
    pub fn recorded_elsewhere(&self, kind: &str, (id, spec): (&PhysicalId, &Value), but: &Address) -> Option<&Address> {
        let region = |spec: &Value| spec.get("region").and_then(Value::as_str).map(str::to_owned).or_else(|| self.region.clone());
        let is = |(known, of): (&PhysicalId, &Value)| known == id && region(of) == region(spec);
        let others = self.entries.iter().filter(|(address, _)| address.kind() == kind && *address != but);
        let mut all = others.flat_map(|(address, entry)| {
            let former = entry.deposed.iter().map(|old| (&old.id, &old.spec));
            std::iter::once((&entry.id, &entry.spec)).chain(former).map(move |one| (address, one))
        });
        all.find(|(_, one)| is(*one)).map(|(address, _)| address)
    }

    /// An empty state of a new lineage.
    #[must_use]
    pub fn empty(lineage: impl Into<String>) -> Self {
        Self {
            lineage: lineage.into(),
            seq: 0,
            generation: 0,
            serial: 0,
            head: Digest::of(b""),
            at: None,
            holder: None,
            since: None,
            world: None,
            account: None,
            region: None,
            entries: BTreeMap::new(),
            open: BTreeMap::new(),
            echoes: BTreeMap::new(),
            abandoned: BTreeMap::new(),
            backups: vec![],
            outputs: BTreeMap::new(),
            spent: BTreeMap::new(),
            glass: vec![],
        }
    }
}

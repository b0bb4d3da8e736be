//! The kind: what a resource is. Implemented in `kinds`, one file each.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::{Diff, Facts, Finding, Meters, Observed, OutputFact, Permissions, PhysicalId, Reads, Ready, Recorded, Seen, Stage, Written};

/// Which of the two objects of a replacement comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The new one is made, others move over, the old one goes.
    CreateFirst,
    /// The old one goes before the new one can be made.
    DeleteFirst,
}

/// How an object is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replacement {
    /// Which comes first.
    pub order: Order,
    /// Whether the new one cannot have the old one's name while that lives.
    pub fresh_name: bool,
}

impl Replacement {
    /// New first, under the same name or none.
    pub const CREATE_FIRST: Self = Self { order: Order::CreateFirst, fresh_name: false };
    /// New first, under the next free name.
    pub const FRESH_NAME: Self = Self { order: Order::CreateFirst, fresh_name: true };
    /// Old first.
    pub const DELETE_FIRST: Self = Self { order: Order::DeleteFirst, fresh_name: false };
}

/// One thing wrong with a spec.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpecProblem {
    /// The field, as a path: `ingress[0].port`; empty for the whole spec.
    pub field: String,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl SpecProblem {
    /// A problem with one field.
    #[must_use]
    pub fn new(field: &str, message: impl Into<String>) -> Self {
        Self { field: field.to_owned(), message: message.into() }
    }
}

/// What a resource is: its wish, its yield, what differs and what that means. Pure, and without defaults: "free",
/// "holds no data" and "no readiness" are written, not inherited.
pub trait Kind: Sized + Send + Sync + 'static {
    /// The kind's name, the first part of its addresses: `subnet`.
    const NAME: &'static str;
    /// What is always true of it.
    const FACTS: Facts;
    /// The IAM actions it needs.
    const PERMISSIONS: Permissions;
    /// Its outputs, and when each is known.
    const OUTPUTS: &'static [OutputFact];
    /// What may be declared.
    type Spec<S: Stage>: Serialize + DeserializeOwned + JsonSchema + Clone + PartialEq + fmt::Debug + Send + Sync;
    /// What it offers others. A field that may be unknown for a while is an `Option`.
    type Outputs: Serialize + DeserializeOwned + Clone + PartialEq + fmt::Debug + Send + Sync;

    /// What is wrong with a spec by itself, beyond its types.
    fn check(want: &Self::Spec<Written>) -> Vec<SpecProblem>;
    /// What differs. Destructure `want` without `..`: a new field then does not compile until it is judged.
    fn diff(have: &Self::Spec<Written>, want: &Self::Spec<Written>) -> Diff;
    /// How the one becomes the other where it cannot be updated.
    fn replacement(have: &Self::Spec<Written>, want: &Self::Spec<Written>) -> Replacement;
    /// What is billed.
    fn meters(want: &Self::Spec<Written>) -> Meters;
    /// The read formula: which calls one look at these objects takes.
    fn reads(of: &[Recorded<Self>]) -> Reads;
    /// How well it is, as far as its own description tells.
    fn health(seen: &Observed<Self>) -> Vec<Finding>;
}

/// A kind of any sort, over documents.
pub trait AnyKind: Send + Sync {
    /// See [`Kind::NAME`].
    fn name(&self) -> &'static str;
    /// See [`Kind::FACTS`].
    fn facts(&self) -> Facts;
    /// See [`Kind::PERMISSIONS`].
    fn permissions(&self) -> Permissions;
    /// See [`Kind::OUTPUTS`].
    fn outputs(&self) -> &'static [OutputFact];
    /// The JSON Schema of a spec as declared.
    fn schema(&self, generator: &mut schemars::SchemaGenerator) -> schemars::Schema;
    /// All that is wrong with a written spec, its types included.
    fn check(&self, spec: &Value) -> Vec<SpecProblem>;
    /// The same spec with defaults filled in and values in their canonical form.
    ///
    /// # Errors
    /// When it is not a spec of this kind.
    fn normal(&self, spec: &Value) -> Result<Value, SpecProblem>;
    /// See [`Kind::diff`].
    ///
    /// # Errors
    /// When one of the two is not a spec of this kind.
    fn diff(&self, have: &Value, want: &Value) -> Result<Diff, SpecProblem>;
    /// See [`Kind::replacement`].
    ///
    /// # Errors
    /// When one of the two is not a spec of this kind.
    fn replacement(&self, have: &Value, want: &Value) -> Result<Replacement, SpecProblem>;
    /// See [`Kind::meters`].
    ///
    /// # Errors
    /// When it is not a spec of this kind.
    fn meters(&self, want: &Value) -> Result<Meters, SpecProblem>;
    /// See [`Kind::reads`]; by id and spec.
    ///
    /// # Errors
    /// When one of them is not a spec of this kind.
    fn reads(&self, of: &[(&PhysicalId, &Value)]) -> Result<Reads, SpecProblem>;
    /// See [`Kind::health`].
    ///
    /// # Errors
    /// When what was seen is not of this kind.
    fn health(&self, seen: &Seen) -> Result<Vec<Finding>, SpecProblem>;
}

/// Reads a document as a type, and says where in it the trouble is.
///
/// # Errors
/// When the document does not fit the type.
pub fn typed<T: DeserializeOwned>(document: &Value) -> Result<T, SpecProblem> {
    // Keeping track of the path costs more than the reading itself, and only what does not fit needs it.
    if let Ok(fits) = T::deserialize(document) {
        return Ok(fits);
    }
    serde_path_to_error::deserialize(document).map_err(|error| {
        let path = error.path().to_string();
        SpecProblem { field: if path == "." { String::new() } else { path }, message: error.inner().to_string() }
    })
}

struct Erased<K>(PhantomData<fn() -> K>);

/// Forgets which kind it is.
#[must_use]
pub fn erase<K: Kind>() -> Box<dyn AnyKind> {
    Box::new(Erased::<K>(PhantomData))
}

impl<K: Kind> AnyKind for Erased<K> {
    fn name(&self) -> &'static str {
        K::NAME
    }

    fn facts(&self) -> Facts {
        K::FACTS
    }

    fn permissions(&self) -> Permissions {
        K::PERMISSIONS
    }

    fn outputs(&self) -> &'static [OutputFact] {
        K::OUTPUTS
    }

    fn schema(&self, generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        generator.subschema_for::<K::Spec<Written>>()
    }

    fn check(&self, spec: &Value) -> Vec<SpecProblem> {
        match typed::<K::Spec<Written>>(spec) {
            Ok(spec) => K::check(&spec),
            Err(problem) => vec![problem],
        }
    }

    fn normal(&self, spec: &Value) -> Result<Value, SpecProblem> {
        let spec = typed::<K::Spec<Written>>(spec)?;
        serde_json::to_value(spec).map_err(|e| SpecProblem::new("", e.to_string()))
    }

    fn diff(&self, have: &Value, want: &Value) -> Result<Diff, SpecProblem> {
        Ok(K::diff(&typed(have)?, &typed(want)?))
    }

    fn replacement(&self, have: &Value, want: &Value) -> Result<Replacement, SpecProblem> {
        Ok(K::replacement(&typed(have)?, &typed(want)?))
    }

    fn meters(&self, want: &Value) -> Result<Meters, SpecProblem> {
        Ok(K::meters(&typed(want)?))
    }

    fn reads(&self, of: &[(&PhysicalId, &Value)]) -> Result<Reads, SpecProblem> {
        let recorded = |(id, spec): &(&PhysicalId, &Value)| Ok(Recorded { id: (*id).clone(), spec: typed(spec)? });
        Ok(K::reads(&of.iter().map(recorded).collect::<Result<Vec<_>, SpecProblem>>()?))
    }

    fn health(&self, seen: &Seen) -> Result<Vec<Finding>, SpecProblem> {
        Ok(K::health(&Observed {
            id: seen.id.clone(),
            spec: typed::<K::Spec<Ready>>(&seen.spec)?,
            outputs: typed(&seen.outputs)?,
            phase: seen.phase.clone(),
            owner: seen.owner.clone(),
        }))
    }
}

/// How the data of a kind's objects is copied before something may harm it.
#[derive(Debug, Clone, Copy)]
pub struct BackupRule {
    /// The kind of the copy: `db-snapshot`.
    pub kind: &'static str,
    /// The spec of a copy of the object with this id, under this name.
    pub spec: fn(of: &str, name: &str) -> Value,
    /// The output that names the copy which deleting an object leaves by itself, with all that was written until then; AWS
    /// deletes the object only once that copy is whole, so no other is taken before. None: deleting leaves none.
    pub left_by_delete: Option<&'static str>,
}

/// All kinds there are, by name.
#[derive(Default)]
pub struct Kinds(BTreeMap<&'static str, Box<dyn AnyKind>>, BTreeMap<&'static str, BackupRule>);

impl Kinds {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one kind.
    #[must_use]
    pub fn with<K: Kind>(mut self) -> Self {
        self.0.insert(K::NAME, erase::<K>());
        self
    }

    /// Says how the data of a kind's objects is copied.
    #[must_use]
    pub fn with_backup(mut self, kind: &'static str, rule: BackupRule) -> Self {
        self.1.insert(kind, rule);
        self
    }

    /// How the data of a kind's objects is copied, where it can be.
    #[must_use]
    pub fn backup(&self, kind: &str) -> Option<BackupRule> {
        self.1.get(kind).copied()
    }

    /// The kind of this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&dyn AnyKind> {
        self.0.get(name).map(Box::as_ref)
    }

    /// All, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = &dyn AnyKind> {
        self.0.values().map(Box::as_ref)
    }
}

impl fmt::Debug for Kinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

//! Toy kinds: one for each way an interrupted create is settled.

use std::fmt;
use std::marker::PhantomData;

use bbws_engine::Drivers;
use bbws_model::{
    Diff, Durations, Facts, Finding, Id, Kind, Kinds, Meters, NameRule, Observed, OutputFact, Pace, Permissions, Reads, Recorded, Recovery,
    Replacement, SpecProblem, Stage, Tags, Written,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::FakeCloud;

/// What sets one toy kind apart from the others.
pub trait Sort: Send + Sync + 'static {
    /// The kind's name.
    const NAME: &'static str;
    /// How an interrupted create is settled.
    const RECOVERY: Recovery;
    /// Whether its name must be free before a successor can have it.
    const NAMED: bool;
    /// Whether others may hang things on it.
    const CARRIES: bool;
    /// Whether its id is its name, so that the next one of the name has the id of the last.
    const IS_ITS_NAME: bool = false;
    /// For how many minutes a step waits for it.
    const PATIENCE: u64 = 30;
}

/// Only its tags tell whose it is: `tag`.
pub enum Tag {}
/// Its name is unique: `name`.
pub enum Name {}
/// A token makes a repeat the same request: `token`.
pub enum Token {}
/// Making it again is harmless: `key`.
pub enum Key {}
/// Its name is all that it is known by: `label`.
pub enum Label {}

impl Sort for Tag {
    const NAME: &'static str = "tag";
    const RECOVERY: Recovery = Recovery::TagOnly;
    const NAMED: bool = false;
    const CARRIES: bool = true;
    /// As for a VPC: less than it takes until a request that was lost has lapsed.
    const PATIENCE: u64 = 10;
}

impl Sort for Name {
    const NAME: &'static str = "name";
    const RECOVERY: Recovery = Recovery::NaturalKey;
    const NAMED: bool = true;
    const CARRIES: bool = false;
}

impl Sort for Token {
    const NAME: &'static str = "token";
    const RECOVERY: Recovery = Recovery::Token;
    const NAMED: bool = false;
    const CARRIES: bool = false;
}

impl Sort for Key {
    const NAME: &'static str = "key";
    const RECOVERY: Recovery = Recovery::Idempotent;
    const NAMED: bool = true;
    const CARRIES: bool = false;
}

impl Sort for Label {
    const NAME: &'static str = "label";
    const RECOVERY: Recovery = Recovery::NaturalKey;
    const NAMED: bool = true;
    const CARRIES: bool = false;
    const IS_ITS_NAME: bool = true;
}

/// A toy of one sort.
pub struct Toy<S>(PhantomData<fn() -> S>);

/// What may be declared of a toy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "", deny_unknown_fields)]
#[schemars(bound = "")]
pub struct ToySpec<S: Stage> {
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// What it stands on.
    #[serde(default)]
    pub needs: Vec<S::Text>,
    /// May be changed in place.
    #[serde(default)]
    pub colour: String,
    /// Cannot be changed.
    #[serde(default)]
    pub shape: String,
    /// Its tags.
    #[serde(default)]
    pub tags: Tags,
}

/// What a toy offers others.
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
pub struct ToyOutputs<S: Sort> {
    /// Its id.
    pub id: Id<Toy<S>>,
    /// Where it can be reached, once it is ready.
    pub endpoint: Option<String>,
}

impl<S: Sort> Clone for ToyOutputs<S> {
    fn clone(&self) -> Self {
        Self { id: self.id.clone(), endpoint: self.endpoint.clone() }
    }
}

impl<S: Sort> PartialEq for ToyOutputs<S> {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id && self.endpoint == other.endpoint
    }
}

impl<S: Sort> fmt::Debug for ToyOutputs<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToyOutputs").field("id", &self.id).field("endpoint", &self.endpoint).finish()
    }
}

impl<Of: Sort> Kind for Toy<Of> {
    const NAME: &'static str = Of::NAME;
    const FACTS: Facts = Facts {
        service: "toy",
        id_prefix: "",
        holds_data: false,
        loses: None,
        backbone: false,
        carries: Of::CARRIES,
        name: if Of::NAMED { Some(NameRule { field: "name", max: 20 }) } else { None },
        soft_on: &[],
        recovery: Of::RECOVERY,
        durations: Durations::secs(20, 5, 20, Of::PATIENCE),
        pace: Pace { bucket: "toy", burst: 100, per_second: 100.0 },
    };
    const PERMISSIONS: Permissions = Permissions { observe: &[], create: &[], update: &[], delete: &[] };
    const OUTPUTS: &'static [OutputFact] = &[OutputFact::created("id"), OutputFact::ready("endpoint")];
    type Spec<S: Stage> = ToySpec<S>;
    type Outputs = ToyOutputs<Of>;

    fn check(_: &ToySpec<Written>) -> Vec<SpecProblem> {
        vec![]
    }

    fn diff(have: &ToySpec<Written>, want: &ToySpec<Written>) -> Diff {
        let ToySpec { name, needs, colour, shape, tags } = want;
        Diff::new()
            .replace("name", &have.name, name)
            .update("needs", &have.needs, needs)
            .update("colour", &have.colour, colour)
            .replace("shape", &have.shape, shape)
            .update("tags", &have.tags, tags)
    }

    fn replacement(have: &ToySpec<Written>, want: &ToySpec<Written>) -> Replacement {
        match (Of::NAMED, have.name == want.name) {
            (true, true) => Replacement::FRESH_NAME,
            (true, false) | (false, _) => Replacement::CREATE_FIRST,
        }
    }

    fn meters(_: &ToySpec<Written>) -> Meters {
        Meters::free()
    }

    /// Toys are read without calls.
    fn reads(_: &[Recorded<Self>]) -> Reads {
        Reads::none()
    }

    fn health(_: &Observed<Self>) -> Vec<Finding> {
        vec![]
    }
}

/// All toy kinds.
#[must_use]
pub fn kinds() -> Kinds {
    Kinds::new().with::<Toy<Key>>().with::<Toy<Label>>().with::<Toy<Name>>().with::<Toy<Tag>>().with::<Toy<Token>>()
}

/// Their drivers, on one cloud.
#[must_use]
pub fn drivers(cloud: &FakeCloud) -> Drivers {
    Drivers::new()
        .with::<Toy<Key>>(cloud.clone())
        .with::<Toy<Label>>(cloud.clone())
        .with::<Toy<Name>>(cloud.clone())
        .with::<Toy<Tag>>(cloud.clone())
        .with::<Toy<Token>>(cloud.clone())
        .carrying::<Toy<Tag>>(cloud.clone())
        .counting::<Toy<Key>>(cloud.clone())
        .counting::<Toy<Label>>(cloud.clone())
        .counting::<Toy<Name>>(cloud.clone())
        .counting::<Toy<Tag>>(cloud.clone())
        .counting::<Toy<Token>>(cloud.clone())
}

//! The plan: every step that will be taken, with its reasons. Apply executes it and decides nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    Account, Address, Counts, Digest, FieldChange, Finding, IntentId, Meter, PhysicalId, Principal, Renamed, Risk, RiskKind, RunId, World,
};

/// What a plan is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// To bring the cluster to what its file says.
    Apply,
    /// To remove it.
    Destroy,
}

impl Mode {
    /// The command that does it.
    #[must_use]
    pub fn verb(self) -> &'static str {
        match self {
            Self::Apply => "apply",
            Self::Destroy => "destroy",
        }
    }
}

/// A step's number within its plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct StepId(pub usize);

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// What a step does. A replacement is two steps linked by order, never an action.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Make the object and bring it to its wanted form.
    Create {
        /// The written spec; references are resolved when their values are known.
        want: Value,
        /// The name written into it instead of the declared one.
        renamed: Option<Renamed>,
    },
    /// Bring the object to its wanted form.
    Update {
        /// What AWS calls it.
        id: PhysicalId,
        /// As it was observed.
        have: Value,
        /// The written spec.
        want: Value,
    },
    /// Remove the object.
    Delete {
        /// What AWS calls it.
        id: PhysicalId,
        /// As it was observed or last recorded.
        have: Value,
        /// Whether it is the successor of which stays.
        deposed: bool,
    },
    /// Take an existing object under management, then bring it to its wanted form.
    Adopt {
        /// What AWS calls it.
        id: PhysicalId,
        /// As it was observed.
        have: Value,
        /// The written spec.
        want: Value,
        /// Whether it existed before bbws and is never deleted by it.
        existing: bool,
        /// Whether somebody asked for it, so that it may lack our mark. It is brought to no other form then: it only gets the mark.
        asked: bool,
        /// The name that it has and keeps, where the file declares another.
        renamed: Option<Renamed>,
    },
    /// Manage the resource no longer; the object stays or is gone already.
    Forget {
        /// Why.
        reason: String,
    },
    /// Give the resource another address; the object stays.
    Rename {
        /// Its address so far.
        from: Address,
    },
    /// Copy the object's data, and wait until the copy is available.
    Backup {
        /// The kind that makes the copy.
        kind: String,
        /// The copy's resolved spec.
        want: Value,
    },
}

impl Action {
    /// What is done to the resource, in one word, as events have it.
    #[must_use]
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Create { .. } => "create",
            Self::Update { .. } => "update",
            Self::Delete { .. } => "delete",
            Self::Adopt { .. } => "adopt",
            Self::Forget { .. } => "forget",
            Self::Rename { .. } => "rename",
            Self::Backup { .. } => "backup",
        }
    }
}

/// Why a step is taken. For people: nothing is decided by it.
#[derive(Debug, Clone, PartialEq)]
pub enum Reason {
    /// The file declares it and it does not exist.
    Declared,
    /// The file no longer declares it.
    Undeclared,
    /// It was recorded and is no longer there.
    Missing,
    /// The file says otherwise in these fields. Never empty.
    Changed(Vec<FieldChange>),
    /// It cannot become what the file says: these fields force a new object. Never empty.
    Replacing(Vec<FieldChange>),
    /// Somebody asked for it.
    Asked,
    /// It bears our mark but is not in the state.
    Ours,
    /// A run was interrupted before it was finished.
    Unfinished,
    /// It is as wanted, but AWS is not done with it; it settles by itself, and is only waited for.
    Settling(String),
    /// It is as wanted, but AWS says that it has failed, and it is of a kind that is not replaced for that.
    Failing(String),
    /// It is as wanted, but what it refers to is recorded otherwise: the order of later deletes rests on that.
    References,
    /// Another step may lose what it holds.
    Precaution,
}

/// How far another step must be before this one may start.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Until {
    /// An output of it is known.
    Known(String),
    /// It is finished.
    Done,
}

/// That a step comes after another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct After {
    /// The step that comes first.
    pub step: StepId,
    /// How far it must be.
    pub until: Until,
}

/// How what is billed changes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MeterDelta {
    /// What is billed so far and would be no longer.
    pub less: Vec<Meter>,
    /// What would be billed.
    pub more: Vec<Meter>,
}

/// One step.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// Its number.
    pub id: StepId,
    /// The resource.
    pub address: Address,
    /// What is done.
    pub action: Action,
    /// Why.
    pub reason: Reason,
    /// What it may do to people.
    pub risks: Vec<Risk>,
    /// What comes first.
    pub after: Vec<After>,
    /// The resources the spec refers to.
    pub dependencies: Vec<Address>,
    /// The other half of a replacement.
    pub pair: Option<StepId>,
    /// How what is billed changes.
    pub meters: MeterDelta,
}

impl Step {
    /// The spec that its object is brought to, where it brings one forth or changes one.
    #[must_use]
    pub fn wants(&self) -> Option<&Value> {
        match &self.action {
            Action::Create { want, .. } | Action::Update { want, .. } | Action::Adopt { want, .. } => Some(want),
            Action::Delete { .. } | Action::Forget { .. } | Action::Rename { .. } | Action::Backup { .. } => None,
        }
    }

    /// Whether it bears a risk of this sort.
    #[must_use]
    pub fn can(&self, risk: RiskKind) -> bool {
        self.risks.iter().any(|r| r.kind == risk)
    }

    /// Whether it removes an object, or may lose what one holds.
    #[must_use]
    pub fn is_destructive(&self) -> bool {
        matches!(self.action, Action::Delete { .. }) || self.can(RiskKind::DataLoss)
    }
}

/// What a plan rests on. It is refused where any of it has moved.
#[derive(Debug, Clone, PartialEq)]
pub struct Basis {
    /// The environment's name.
    pub environment: String,
    /// The state's lineage.
    pub lineage: String,
    /// The state's serial.
    pub serial: u64,
    /// The digest of the log's head.
    pub head: Digest,
    /// The digest of the configuration with everything filled in.
    pub configuration: Digest,
    /// The digest of the specs and ids observed.
    pub observed: Digest,
    /// The account.
    pub account: Account,
    /// The region.
    pub region: String,
    /// The world.
    pub world: World,
    /// The engine's version.
    pub engine: String,
    /// Who made it, where that is known: whoever made it does not approve it.
    pub by: Option<Principal>,
    /// The run to whose configuration it leads back; none where it leads to what the file says.
    pub back_to: Option<RunId>,
    /// What is wanted of each resource, as a digest: which of them the file says otherwise since is told by it.
    pub wanted: BTreeMap<Address, Digest>,
    /// What was observed of each resource that the steps touch or refer to; none where there was no object.
    pub seen: BTreeMap<Address, Option<SeenAs>>,
}

/// An object as a plan rests on it: not its phase, nor outputs that move by themselves.
#[derive(Debug, Clone, PartialEq)]
pub struct SeenAs {
    /// What AWS calls it.
    pub id: PhysicalId,
    /// Its spec.
    pub spec: Value,
}

/// What a plan was asked for with: the same, asked again of the same basis, gives the same plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// Resources to be replaced although nothing forces it.
    pub replace: BTreeSet<Address>,
    /// If not empty: only these, what they need, and what their replacement or end takes along.
    pub target: BTreeSet<Address>,
    /// All but these and what would come after them.
    pub exclude: BTreeSet<Address>,
}

impl Scope {
    /// All resources that it names.
    pub fn named(&self) -> impl Iterator<Item = &Address> {
        self.replace.iter().chain(&self.target).chain(&self.exclude)
    }
}

/// How a month's bill changes. For people: nothing is decided by it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CostDelta {
    /// By so many cents of US dollars.
    pub cents: i64,
    /// Whether a price behind that is an estimate.
    pub estimate: bool,
    /// What comes that is billed by use, which is not in it.
    pub by_use: BTreeSet<String>,
    /// What has no price, which is not in it either.
    pub unpriced: BTreeSet<String>,
}

/// What a plan does to the bill, at the prices of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Costs {
    /// The day of the prices.
    pub prices: String,
    /// All in all. What one step takes away and another brings again is not in it.
    pub total: CostDelta,
    /// The steps that change it.
    pub steps: BTreeMap<StepId, CostDelta>,
}

/// Everything that will be done, and all that is needed to show, approve, save and execute it.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// What it is for.
    pub mode: Mode,
    /// What it was narrowed to, and what was asked for beside the file.
    pub scope: Scope,
    /// What it rests on.
    pub basis: Basis,
    /// The steps, each after all it depends on.
    pub steps: Vec<Step>,
    /// What is worth saying beside them.
    pub notes: Vec<Finding>,
    /// The published outputs as written, with references.
    pub outputs: BTreeMap<String, Value>,
    /// Intents of which it is not recorded what became; apply settles them first.
    pub open: Vec<IntentId>,
    /// What it does to the bill; none where nobody has reckoned it.
    pub costs: Option<Costs>,
}

impl Plan {
    /// Whether nothing is to be done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// The step of this number.
    #[must_use]
    pub fn step(&self, id: StepId) -> Option<&Step> {
        self.steps.get(id.0)
    }
}

impl Counts {
    /// How many of each these steps are. A replacement counts once, by its create; where only its delete is among them, that is
    /// what it is. Steps that can lose data or cause downtime count again there.
    #[must_use]
    pub fn of<'a>(steps: impl IntoIterator<Item = &'a Step>) -> Self {
        let steps: Vec<&Step> = steps.into_iter().collect();
        let all: BTreeSet<StepId> = steps.iter().map(|step| step.id).collect();
        let mut counts = Self::default();
        for step in steps {
            match (&step.action, step.pair) {
                (Action::Create { .. }, None) => counts.add += 1,
                (Action::Create { .. }, Some(_)) => counts.replace += 1,
                (Action::Update { .. }, _) => counts.change += 1,
                (Action::Delete { .. }, None) => counts.destroy += 1,
                (Action::Delete { .. }, Some(makes)) if !all.contains(&makes) => counts.destroy += 1,
                (Action::Delete { .. } | Action::Rename { .. }, _) => {}
                (Action::Adopt { .. }, _) => counts.adopt += 1,
                (Action::Forget { .. }, _) => counts.forget += 1,
                (Action::Backup { .. }, _) => counts.backup += 1,
            }
            counts.data_loss += usize::from(step.can(RiskKind::DataLoss));
            counts.downtime += usize::from(step.can(RiskKind::Downtime));
        }
        counts
    }
}

//! The nouns of bbws: plain data that crosses crate boundaries.
//!
//! Nothing here does I/O, is async, knows AWS or knows a terminal.

mod address;
mod approval;
mod canonical;
mod cidr;
mod desired;
mod diff;
mod entry;
mod error;
mod event;
mod facts;
mod finding;
mod fold;
mod kind;
mod meter;
pub mod net;
mod observed;
mod permit;
mod plan;
mod policy;
mod reads;
mod reference;
mod run;
mod secret;
mod slot;
mod spool;
mod tags;
pub mod wire;
mod world;

pub use address::{Address, AddressError, PhysicalId};
pub use approval::{Approval, Approved, BrokenGlass, Principal, Signature, Spent, Statement};
pub use canonical::{Digest, canonical_json, digest, digest_of};
pub use cidr::Cidr;
pub use desired::{Desired, Wanted};
pub use diff::{Away, Diff, FieldChange, KeptField, Risk, RiskKind, Verb};
pub use entry::{Backup, Deposed, Entry, OpenIntent, Renamed, State, is_protected};
pub use error::{Class, CloudError};
pub use event::{Counts, Event, Outcome, Stamped, StepOutcome, Why};
pub use facts::{Durations, Facts, Known, NameRule, OutputFact, Pace, Permissions, Recovery};
pub use finding::{Finding, Severity};
pub use fold::FoldError;
pub use kind::{AnyKind, BackupRule, Kind, Kinds, Order, Replacement, SpecProblem, erase, typed};
pub use meter::{Meter, Meters, Unit};
pub use observed::{Locate, Observed, Ownership, Phase, Seen};
pub use permit::{Permit, Verdict, fits_pattern, permits, values_in};
pub use plan::{Action, After, Basis, CostDelta, Costs, MeterDelta, Mode, Plan, Reason, Scope, SeenAs, Step, StepId, Until};
pub use policy::PolicyDocument;
pub use reads::{Reads, Recorded};
pub use reference::{
    Arn, ArnOutput, Id, IdOutput, Name, NameOutput, Output, OutputName, Pointer, Ready, Ref, Stage, Target, Text, Written, is_map, leaves,
    pointers, resolve,
};
pub use run::{Commit, RunRecord};
pub use secret::Secret;
pub use slot::{Intent, IntentId, Op, Owner, Record, ResultOutcome, RunId, Slot};
pub use spool::Spooled;
pub use tags::Tags;
pub use world::{Account, World};

//! The verbs of bbws: observe, plan, check, schedule, apply.
//!
//! All of it is synchronous functions of data, but for one thin async loop (`apply`) and the log's writer. The engine
//! knows no AWS, no file system, no clock and no terminal: these come in through the ports.

mod apply;
mod bound;
mod carrier;
mod census;
mod checker;
mod driver;
mod entry;
mod graph;
mod history;
mod import;
mod listing;
mod lock;
pub mod log;
mod observe;
mod observers;
mod outputs;
mod plan;
pub mod planner;
mod ports;
mod reading;
mod rebuild;
mod schedule;
mod trace;

pub use apply::{Control, Gone, Report, Run, StepFailure, apply, counted, look_back, looking_back, may_be_doubled};
pub use bound::{FileMoved, Otherwise, Turned, file_moved, objects_moved, steps_moved};
pub use carrier::{Addition, AnyCarrier, Carrier, Hanging, Obstacle, foreign, hanging};
pub use census::{AnyCensus, Census, Marked, Tagged, census};
pub use checker::check;
pub use driver::{
    ADDRESS_TAG, AnyDriver, Attempt, Boxed, Created, Driver, Drivers, INTENT_TAG, LINEAGE_TAG, Place, Progress, Sight, erase, read_tags,
};
pub use graph::Graph;
pub use history::{Difference, Entered, EntryDifference, FieldDifference, Moment, Past, difference, history, restoring, since, states};
pub use import::{Sighted, adoption, afterwards, differing, is_import, sight, sight_again};
pub use listing::{AnyListing, Candidate, Listing, candidates};
pub use log::{Held, LEASE, Lease, Log, LogError, Opening, TTL, Unleased, stands_still};
pub use observe::{Found, Picture, in_place_of, read_formula, refresh};
pub use observers::{Observe, Observers};
pub use outputs::{publish, recorded};
pub use plan::{Ask, configuration, plan, seen, wanted};
pub use ports::{Clock, Credentials, EventSink, Ids, PutOutcome, Reporter, Store, StoreError};
pub use reading::Reading;
pub use rebuild::{Rebuilt, rebuild};
pub use schedule::{Schedule, expected};
pub use trace::{Deed, Meanwhile, Trace, meanwhile, traces};

//! The cluster: an environment file becomes an [`Environment`], judged as a whole before anything touches AWS;
//! an environment becomes the resources of its cluster.
//!
//! Nothing here does I/O: the text, today's date and the other environments come in as parameters.

mod blueprint;
mod check;
mod decode;
mod environment;
mod keep;
mod load;
mod place;
mod problem;
mod rule_id;
mod schema;
mod set;
mod show;
mod sibling;

pub use blueprint::{NoNameServers, Published, Unread, addresses, blueprint, delegation_block, draft, lent_log_group, unprotected};
pub use environment::*;
pub use keep::{Differs, Edit, Kept, Left, Reads, Wish, keep};
pub use load::{Context, Loaded, load};
pub use place::Places;
pub use problem::{Problem, Problems, Span};
pub use rule_id::RuleId;
pub use schema::{keys_read, schema};
pub use set::{Set, SetError, Setting, set};
pub use show::{Look, show};
pub use sibling::Sibling;

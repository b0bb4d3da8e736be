//! What people and machines read: plans, progress, state, findings, diagrams. Pure: data in, text out.
//!
//! Every text takes a [`Style`] and passes through one page, which makes harmless what could steer a terminal.

mod finding;
mod page;
mod part;
mod plan;
mod run;
mod state;
mod style;
mod telling;
mod value;
mod words;

pub use finding::findings;
pub use plan::{Detail, plan};
pub use run::{Lines, Progress, Summary, advice};
pub use state::{state_list, state_show, state_show_all};
pub use style::Style;

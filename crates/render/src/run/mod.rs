//! A run as its events tell it: plain lines, a live picture for a terminal, and the summary at its end.

mod advice;
mod denial;
mod failure;
mod frame;
mod lines;
mod quota;
mod summary;
mod tally;

pub use advice::advice;
pub use frame::Progress;
pub use lines::Lines;
pub use summary::Summary;
pub(crate) use tally::outcome;

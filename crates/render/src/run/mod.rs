//! A run as its events tell it: plain lines, a live picture for a terminal, and the summary at its end.

mod advice;
mod ahead;
mod denial;
mod failure;
mod frame;
mod lines;
mod live;
mod progress;
mod quota;
mod summary;
mod tally;

pub use advice::{advice, advice_together};
pub use lines::Lines;
pub use live::{Live, Screen};
pub use progress::Progress;
pub use quota::quota_code;
pub use summary::Summary;

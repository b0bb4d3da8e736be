//! Golden texts.

mod plan;
mod run;
mod state;
mod support;

//! What is told about a cluster, and what it takes to run one: rules over typed observations and files, without a network. What
//! was read elsewhere is passed in.

pub mod import;
mod surgery;

pub use surgery::{Forgotten, Move, forgetting, moving};
pub mod cost;
pub mod drift;
pub mod iam;
pub mod preflight;
pub mod told;

//! What is told about a cluster, and what it takes to run one: rules over typed observations and files, without a network. What
//! was read elsewhere is passed in.

pub mod approval;
pub mod assumptions;
pub mod cost;
pub mod drift;
pub mod iam;
pub mod import;
pub mod preflight;
pub mod protection;
mod standing;
mod surgery;
pub mod tenants;
pub mod told;
pub mod verify;

pub use standing::standing;
pub use surgery::{Forgotten, Move, forgetting, moving};

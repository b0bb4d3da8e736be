//! Where states are kept.

mod local;

pub use local::LocalStore;

//! Where states are kept.

pub(crate) mod file_system;
mod home;
mod local;
pub(crate) mod probe;
#[cfg(test)]
mod rivals;

pub(crate) use home::Home;
pub use local::LocalStore;

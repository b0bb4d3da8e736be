//! Stores in memory: one that does what it is told, one that fails as S3 can, and one that a test reaches into.

mod faulty;
mod memory;
mod through;

pub use faulty::{FaultyStore, StoreWeather};
pub use memory::MemoryStore;
pub use through::{Through, Writes};

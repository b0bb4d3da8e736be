//! Stores in memory: one that does what it is told, and one that fails as S3 can.

mod faulty;
mod memory;

pub use faulty::{FaultyStore, StoreWeather};
pub use memory::MemoryStore;

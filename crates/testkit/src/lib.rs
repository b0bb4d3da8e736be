//! What engine tests stand on: a cloud that outlives the engine, a store in memory, a clock that jumps, seeded ids.
//!
//! The cloud's kinds are toys of its own: one for each way an interrupted create is settled.

mod cloud;
mod ports;
mod process;
pub mod sample;
mod schema;
mod store;
mod store_contract;
mod tally;
mod toy;
mod trouble;

pub use cloud::{Call, FakeCloud, Fault, Happened, Moment, Object, SIGNATURE, Verb, Weather};
pub use ports::{HostClock, JumpClock, Lasting, SeededIds, Tape};
pub use process::{Fragile, Frailty, Stood};
pub use schema::misfits;
pub use store::{FaultyStore, MemoryStore, StoreWeather, Through, Writes};
pub use store_contract::store_contract;
pub use tally::tally;
pub use toy::{Key, Label, Name, Sort, Tag, Token, Toy, ToyOutputs, ToySpec, drivers, kinds};
pub use trouble::Trouble;

//! The engine as a whole, on a cloud of toys: what a person would try.

#![expect(clippy::unwrap_used, reason = "a bench may panic")]

mod bench;
mod cloud;
mod crash;
mod credentials;
mod damage;
mod derived;
mod frail;
mod lease;
mod log;
mod moved;
mod past;
mod rivals;
mod run;
mod settle;
mod simulation;
mod spool;

//! The engine as a whole, on a cloud of toys: what a person would try.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench may panic, and tell which seed fails")]

mod bench;
mod crash;
mod log;
mod run;
mod simulation;

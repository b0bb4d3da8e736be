//! End to end: the real binary on the sandbox, as a user runs it.

mod cluster;
mod interrupted;
mod safety;
mod server;
mod servers;
mod support;
mod usage;
mod validate;

//! End to end: the real binary on the sandbox, as a user runs it.

#![expect(clippy::print_stdout, reason = "a test tells its figures, and what it installs")]

mod behind;
mod cluster;
mod crash_points;
mod drift;
mod edits;
mod failed;
mod iam;
mod import;
mod interrupted;
mod kills;
mod plan_files;
mod plan_pages;
mod rivals;
mod rounds;
mod safety;
mod secrets;
mod server;
mod servers;
mod stand_in;
mod state;
mod state_s3;
mod support;
mod tenants;
mod tiers;
mod usage;
mod validate;

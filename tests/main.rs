//! End to end: the real binary on the sandbox, as a user runs it.

#![expect(clippy::print_stdout, reason = "a test tells its figures, and what it installs")]

mod approval_elsewhere;
mod approvals;
mod approved_import;
mod around;
mod audit;
mod behind;
mod calls;
mod catalogue;
mod ci;
mod cluster;
mod cost;
mod crash_points;
mod drift;
mod edits;
mod errors;
mod failed;
mod iam;
mod import;
mod interrupted;
mod json_lines;
mod kept;
mod kills;
mod lists;
mod plan_files;
mod plan_pages;
mod property;
mod rivals;
mod rounds;
mod runs;
mod safety;
mod second_factor;
mod secrets;
mod server;
mod servers;
mod spool;
mod stand_in;
mod state;
mod state_s3;
mod support;
mod tenants;
mod tiers;
mod told;
mod usage;
mod validate;

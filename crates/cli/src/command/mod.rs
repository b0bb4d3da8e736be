//! The commands, one file each.

pub(crate) mod apply;
pub(crate) mod approve;
mod back;
mod change;
pub(crate) mod completions;
mod consent;
pub(crate) mod cost;
pub(crate) mod destroy;
pub(crate) mod doctor;
pub(crate) mod drift;
pub(crate) mod graph;
mod hold;
pub(crate) mod iam;
pub(crate) mod import;
pub(crate) mod init;
pub(crate) mod output;
pub(crate) mod plan;
mod record;
pub(crate) mod runs;
pub(crate) mod sandbox;
mod spool;
pub(crate) mod state;
mod unlock;
pub(crate) mod validate;

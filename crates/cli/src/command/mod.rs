//! The commands, one file each.

pub(crate) mod apply;
mod change;
pub(crate) mod completions;
pub(crate) mod destroy;
pub(crate) mod graph;
pub(crate) mod init;
pub(crate) mod output;
pub(crate) mod plan;
pub(crate) mod sandbox;
pub(crate) mod state;
pub(crate) mod validate;

//! TOML → typed values, collecting every problem on the way.
//!
//! Nothing here knows what an environment is. A value that is missing or wrong is reported, replaced by a stand-in and
//! marked unreadable, so that the rules that follow can judge all the rest.

mod map;
mod scalar;
mod syntax;
mod table;

pub(crate) use scalar::{Choice, Scalar, Wrong, describe, name_of};
pub(crate) use syntax::{parse, readable};
pub(crate) use table::{Reader, Table, closest};

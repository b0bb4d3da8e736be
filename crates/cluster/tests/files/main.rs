//! Environment files, right and wrong.

mod blueprint;
mod garbage;
mod look;
mod pairs;
mod shape;
mod shipped;
mod support;
mod wrong;

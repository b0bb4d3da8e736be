//! Environment files, right and wrong.

mod garbage;
mod look;
mod pairs;
mod shape;
mod shipped;
mod support;
mod wrong;

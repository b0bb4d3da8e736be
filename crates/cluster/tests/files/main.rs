//! Environment files, right and wrong.

mod blueprint;
mod contract;
mod garbage;
mod look;
mod options;
mod pairs;
mod shape;
mod shipped;
mod support;
mod wrong;

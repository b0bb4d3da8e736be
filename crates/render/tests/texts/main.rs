//! Golden texts.
#![cfg(test)]

mod bound;
mod care;
mod cost;
mod diagram;
mod errors;
mod output;
mod plan;
mod run;
mod runs;
mod safety;
mod state;
mod support;

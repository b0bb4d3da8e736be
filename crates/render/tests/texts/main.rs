//! Golden texts.
#![cfg(test)]

mod bound;
mod care;
mod cost;
mod diagram;
mod drift;
mod errors;
mod import;
mod output;
mod plan;
mod run;
mod runs;
mod safety;
mod state;
mod support;
mod terminal;

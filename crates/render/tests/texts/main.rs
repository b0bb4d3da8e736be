//! Golden texts.
#![cfg(test)]

mod bound;
mod care;
mod diagram;
mod output;
mod plan;
mod run;
mod safety;
mod state;
mod support;

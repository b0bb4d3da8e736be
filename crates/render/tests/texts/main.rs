//! Golden texts.
#![cfg(test)]

mod output;
mod plan;
mod run;
mod safety;
mod state;
mod support;

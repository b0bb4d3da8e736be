//! Golden texts.
#![cfg(test)]

mod diagram;
mod output;
mod plan;
mod run;
mod safety;
mod state;
mod support;

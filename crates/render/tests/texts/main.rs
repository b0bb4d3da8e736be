//! Golden texts.
#![cfg(test)]

mod care;
mod diagram;
mod drift;
mod output;
mod plan;
mod run;
mod safety;
mod state;
mod support;

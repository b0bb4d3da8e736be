//! Golden texts.
#![cfg(test)]

mod care;
mod cost;
mod diagram;
mod output;
mod plan;
mod run;
mod safety;
mod state;
mod support;

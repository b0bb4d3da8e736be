//! Golden texts.
#![cfg(test)]

mod plan;
mod run;
mod state;
mod support;

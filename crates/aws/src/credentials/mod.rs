//! Credentials: had anew when they run out or are refused, asked for with a code where a profile wants one, and never those of
//! another account.

mod chain;
mod mfa;

pub use chain::Session;
pub(crate) use chain::{Chain, Found};
pub use mfa::{AskCode, Mfa};
pub(crate) use mfa::{Used, needed, sign_in};

//! What is said when bbws refuses, warns or asks: who is protected from what, and how to go on.

mod account;
mod approval;
mod ask;
mod bound;
mod prod;
mod stale;

pub use account::{Mismatch, Place, account_mismatch};
pub use approval::{
    Commands, Unapproved, approval_given, approval_question, approved, glass_broken, glass_edit_question, glass_question, not_approved,
};
pub use ask::{Question, apply_question, destroy_question, tenants_question};
pub use bound::{Stale, StateMoved, applied_already, stale_findings, stale_plan};
pub use prod::{Refusal, prod_refused};
pub use stale::{fenced, locked, unlock, wrong_world};

use crate::page::{Line, Page};
use crate::style::Role;

/// The line above every refusal.
fn title(page: &mut Page, text: &str) {
    page.push(Line::at(0).whole().say(Role::Error, format!("=== {text} ===")));
    page.gap();
}

/// A label and its text, in two columns.
fn row(page: &mut Page, label: &str, text: &str) {
    page.push(Line::at(2).hang(28).say(Role::Dim, label).pad(28).text(text));
}

/// A command to be copied.
fn command(page: &mut Page, text: &str) {
    page.push(Line::at(6).whole().say(Role::Bold, text));
}

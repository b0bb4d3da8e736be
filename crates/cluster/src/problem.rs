//! What is wrong with an environment file: where, why, and what would be right.

use std::fmt;

use bbws_model::Severity;

use crate::RuleId;

/// A part of a file, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

impl From<std::ops::Range<usize>> for Span {
    fn from(range: std::ops::Range<usize>) -> Self {
        Self { start: range.start, end: range.end }
    }
}

impl Span {
    /// The text it covers; empty where it does not fit the text.
    #[must_use]
    pub fn of<'t>(&self, text: &'t str) -> &'t str {
        text.get(self.start..self.end).unwrap_or_default()
    }

    /// Line and column of its start, both counted from 1; columns count characters.
    #[must_use]
    pub fn line_and_column(&self, text: &str) -> (usize, usize) {
        let before = text.get(..self.start).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }
}

/// One thing wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The rule that it breaks.
    pub rule: RuleId,
    /// Whether it stops the file from being used.
    pub severity: Severity,
    /// The offending text.
    pub span: Span,
    /// Why it is wrong.
    pub message: String,
    /// What would be right; empty where the message says it all.
    pub fix: String,
    /// Other places that have to do with it, each with what it is.
    pub related: Vec<(Span, String)>,
}

/// All that is wrong with one file, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {}", Summary(list))]
pub struct Problems {
    /// The file, as the user named it.
    pub file: String,
    /// Its text.
    pub text: String,
    /// The problems.
    pub list: Vec<Problem>,
}

struct Summary<'a>(&'a [Problem]);

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let errors = self.0.iter().filter(|p| p.severity == Severity::Error).count();
        let parts = [(errors, "error"), (self.0.len() - errors, "warning")];
        let parts: Vec<String> = parts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}{}", if *count == 1 { "" } else { "s" }))
            .collect();
        f.write_str(if parts.is_empty() { "nothing wrong".to_owned() } else { parts.join(", ") }.as_str())
    }
}

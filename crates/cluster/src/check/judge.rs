//! Collects what the rules find.

use bbws_model::Severity;

use crate::{Places, Problem, RuleId, Span};

/// Collects what the rules find, and knows where values stand.
pub(super) struct Judge<'a> {
    places: &'a Places,
    problems: Vec<Problem>,
}

/// One thing wrong, by path.
pub(super) struct Fault {
    rule: RuleId,
    severity: Severity,
    path: String,
    message: String,
    fix: String,
    beside: Vec<(String, String)>,
    rests_on: Vec<String>,
    of_key: bool,
}

impl Fault {
    /// An error at this path.
    pub(super) fn new(rule: RuleId, path: impl Into<String>, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            rule,
            severity: Severity::Error,
            path: path.into(),
            message: message.into(),
            fix: fix.into(),
            beside: vec![],
            rests_on: vec![],
            of_key: false,
        }
    }

    /// Worth a look, but no reason to stop.
    pub(super) fn warning(self) -> Self {
        Self { severity: Severity::Warning, ..self }
    }

    /// Another place that has to do with it, and what it is.
    pub(super) fn beside(mut self, path: impl Into<String>, what: impl Into<String>) -> Self {
        self.beside.push((path.into(), what.into()));
        self
    }

    /// It is the key that is wrong, not the value.
    pub(super) fn of_key(self) -> Self {
        Self { of_key: true, ..self }
    }

    /// Another value that it rests on, not shown.
    pub(super) fn rests_on(mut self, path: impl Into<String>) -> Self {
        self.rests_on.push(path.into());
        self
    }
}

impl<'a> Judge<'a> {
    pub(super) fn new(places: &'a Places) -> Self {
        Self { places, problems: vec![] }
    }

    /// Whether the file itself gives this path.
    pub(super) fn given(&self, path: &str) -> bool {
        self.places.given(path)
    }

    /// Whether all that the file says at and below this path could be read.
    pub(super) fn readable(&self, path: &str) -> bool {
        self.places.readable(path) && self.places.readable_below(path)
    }

    /// Raises the fault, unless a value that it rests on could not be read.
    pub(super) fn raise(&mut self, fault: Fault) {
        let Fault { rule, severity, path, message, fix, beside, rests_on, of_key } = fault;
        if std::iter::once(&path).chain(beside.iter().map(|(path, _)| path)).chain(&rests_on).any(|path| !self.places.readable(path)) {
            return;
        }
        let related: Vec<(Span, String)> =
            beside.into_iter().filter(|(path, _)| self.places.given(path)).map(|(path, what)| (self.places.at(&path), what)).collect();
        let span = if of_key { self.places.key_at(&path) } else { self.places.at(&path) };
        self.problems.push(Problem { rule, severity, span, message, fix, related });
    }

    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }
}

//! What the TOML parser itself refuses.

use bbws_model::Severity;
use toml::Spanned;
use toml::de::DeTable;

use crate::{Problem, RuleId, Span};

/// The document, as far as it can be read, and what cannot.
pub(crate) fn parse(text: &str) -> (Spanned<DeTable<'_>>, Vec<Problem>) {
    let (document, errors) = DeTable::parse_recoverable(text);
    let problems = errors
        .into_iter()
        .map(|error| {
            let span = error.span().map(|span| within(text, span)).unwrap_or_default();
            let duplicate = error.message().starts_with("duplicate key");
            let (rule, message, fix) = if duplicate {
                (RuleId::DuplicateKey, format!("`{}` is given twice", span.of(text).trim()), "keep one of the two".to_owned())
            } else {
                (RuleId::Syntax, format!("this is not TOML: {}", error.message()), hint(text, span))
            };
            Problem { rule, severity: Severity::Error, span, message, fix, related: vec![] }
        })
        .collect();
    (document, problems)
}

/// The span, moved onto character boundaries inside the text.
fn within(text: &str, span: std::ops::Range<usize>) -> Span {
    let start = text.floor_char_boundary(span.start.min(text.len()));
    Span { start, end: text.ceil_char_boundary(span.end.clamp(start, text.len())) }
}

fn hint(text: &str, span: Span) -> String {
    let line = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
    let line = text[line..].lines().next().unwrap_or_default();
    match (line.contains('='), line.trim_start().starts_with('[')) {
        (_, true) => "a head is written `[name]`, one of a list `[[name]]`",
        (true, false) => "a line is written `key = value`; a text stands in quotes",
        (false, false) => "a line is written `key = value`",
    }
    .to_owned()
}

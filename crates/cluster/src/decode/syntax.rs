//! What the TOML parser itself refuses.

use std::borrow::Cow;

use bbws_model::Severity;
use toml::Spanned;
use toml::de::{DeTable, Error};

use crate::{Problem, RuleId, Span};

/// So many lines that are not TOML are looked for; a file with more is something else.
const MOST: usize = 20;

/// A text of which every line that is not TOML is blanked.
pub(crate) struct Readable<'t> {
    /// The text, as long as before.
    pub(crate) text: Cow<'t, str>,
    /// What was wrong with the blanked lines.
    pub(crate) problems: Vec<Problem>,
    /// The paths whose values were lost with them.
    pub(crate) lost: Vec<String>,
}

/// Blanks every line that is not TOML.
///
/// The parser recovers from many faults, but drops the rest of the file after a key without a value. Blanking the line
/// and reading again keeps the rest, and every place in it.
pub(crate) fn readable(text: &str) -> Readable<'_> {
    let mut readable = Readable { text: Cow::Borrowed(text), problems: vec![], lost: vec![] };
    while readable.problems.len() < MOST {
        let text = &readable.text;
        let (_, errors) = DeTable::parse_recoverable(text);
        let broken = errors.iter().filter(|error| !is_duplicate(error)).map(|error| (place(text, error), error.message().to_owned())).min();
        let Some((span, message)) = broken else { break };
        let (span, message, fix) = match unclosed(text, span) {
            Some((opener, sign, end)) => (opener, format!("`{sign}` is opened here and never closed"), format!("close it with `{end}`")),
            None => {
                let (message, hint) = told(text, span, message);
                (span, format!("this is not TOML: {message}"), hint)
            }
        };
        let mut lines = line_of(text, span);
        let hopeless = lines.of(text).trim().is_empty();
        if lines.of(text).starts_with('[') {
            // Without its head the keys that follow would fall to the table before.
            lines.end = text[lines.end..].find("\n[").map_or(text.len(), |at| lines.end + at);
        }
        readable.lost.push(path_at(text, lines.start));
        readable.problems.push(Problem { rule: RuleId::Syntax, severity: Severity::Error, span, message, fix, related: vec![] });
        if hopeless {
            break;
        }
        let blanked: String = lines.of(text).chars().map(|c| if c == '\n' { "\n".to_owned() } else { " ".repeat(c.len_utf8()) }).collect();
        readable.text.to_mut().replace_range(lines.start..lines.end, &blanked);
    }
    readable
}

/// The path of what a line gives, as well as can be told from the line and the head before it.
fn path_at(text: &str, line_start: usize) -> String {
    let name = |head: &str| {
        head.split('#').next().unwrap_or_default().trim_matches(|c: char| c == '[' || c == ']' || c.is_whitespace()).to_owned()
    };
    let line = text[line_start..].lines().next().unwrap_or_default();
    if line.starts_with('[') {
        return name(line);
    }
    let head = text[..line_start].lines().rfind(|line| line.starts_with('['));
    let key = line.trim().split(['=', ' ']).next().unwrap_or_default();
    match head {
        // Which one of the list it is cannot be told.
        Some(head) if head.starts_with("[[") => name(head),
        Some(head) => format!("{}.{key}", name(head)),
        None => key.to_owned(),
    }
}

/// The list, table or long text that begins before this place and has no end: where, its sign, and the sign of its end.
/// The parser reads on past it and stumbles later.
fn unclosed(text: &str, stumbled: Span) -> Option<(Span, &'static str, &'static str)> {
    let mut at = 0;
    let mut found = None;
    for line in text[..line_of(text, stumbled).end].split_inclusive('\n') {
        let start = at;
        at += line.len();
        let Some((_, value)) = line.split_once('=').filter(|_| is_statement(line)) else { continue };
        let value_start = start + line.len() - value.trim_start().len();
        let value = value.trim();
        let Some((sign, end)) =
            [("\"\"\"", "\"\"\""), ("'''", "'''"), ("[", "]"), ("{", "}")].into_iter().find(|(sign, _)| value.starts_with(sign))
        else {
            continue;
        };
        let inside = &text[value_start + sign.len()..];
        // A long text may hold anything; a list or a table ends before the next key or head.
        let closed = if sign.len() == 3 {
            inside.contains(end)
        } else {
            let own = inside.split_inclusive('\n').enumerate().take_while(|(number, line)| *number == 0 || !is_statement(line));
            own.map(|(_, line)| line.split('#').next().unwrap_or_default()).any(|line| line.contains(end))
        };
        if !closed {
            found = found.or(Some((Span { start: value_start, end: value_start + sign.len() }, sign, end)));
        }
    }
    found
}

/// Whether a line begins like `key = …` or `[head]`, at its very start.
fn is_statement(line: &str) -> bool {
    let key = |c: char| c.is_ascii_alphanumeric() || "_-.\"' ".contains(c);
    line.starts_with('[')
        || (line.starts_with(|c: char| c.is_ascii_alphabetic()) && line.split_once('=').is_some_and(|(before, _)| before.chars().all(key)))
}

/// The document, as far as it can be read, and the keys given twice.
pub(crate) fn parse(text: &str) -> (Spanned<DeTable<'_>>, Vec<Problem>) {
    let (document, errors) = DeTable::parse_recoverable(text);
    let twice = errors.iter().filter(|error| is_duplicate(error)).map(|error| {
        let span = place(text, error);
        let message = format!("`{}` is given twice", span.of(text).trim());
        Problem {
            rule: RuleId::DuplicateKey,
            severity: Severity::Error,
            span,
            message,
            fix: "keep one of the two".to_owned(),
            related: vec![],
        }
    });
    (document, twice.collect())
}

fn is_duplicate(error: &Error) -> bool {
    error.message().starts_with("duplicate key")
}

fn place(text: &str, error: &Error) -> Span {
    error.span().map(|span| within(text, span)).unwrap_or_default()
}

/// The lines that the span touches.
fn line_of(text: &str, span: Span) -> Span {
    let start = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[span.end..].find('\n').map_or(text.len(), |at| span.end + at);
    Span { start, end }
}

/// The span, moved onto character boundaries inside the text.
fn within(text: &str, span: std::ops::Range<usize>) -> Span {
    let start = text.floor_char_boundary(span.start.min(text.len()));
    Span { start, end: text.ceil_char_boundary(span.end.clamp(start, text.len())) }
}

/// What is wrong with the line and what would be right. Of a word without quotes the parser says that it is no number.
fn told(text: &str, span: Span, message: String) -> (String, String) {
    let line = text[line_of(text, span).start..].lines().next().unwrap_or_default();
    let value = line.split_once('=').map(|(_, value)| value.split('#').next().unwrap_or_default().trim()).unwrap_or_default();
    let right = match value.to_ascii_lowercase().as_str() {
        "yes" | "on" | "true" => "true",
        "no" | "off" | "false" => "false",
        _ if message.contains("float") && value.starts_with(|c: char| c.is_ascii_alphabetic()) => {
            return (format!("`{value}` is a text without quotes"), format!("write `\"{value}\"`"));
        }
        _ => return (message, hint(text, span)),
    };
    (format!("`{value}` is neither `true` nor `false`"), format!("write `{right}`"))
}

fn hint(text: &str, span: Span) -> String {
    let line = text[line_of(text, span).start..].lines().next().unwrap_or_default();
    match (line.contains('='), line.trim_start().starts_with('[')) {
        (_, true) => "a head is written `[name]`, one of a list `[[name]]`",
        (true, false) => "a line is written `key = value`; a text stands in quotes",
        (false, false) => "a line is written `key = value`",
    }
    .to_owned()
}

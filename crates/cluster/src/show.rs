//! Problems as text: the place, an excerpt of the file with the offending part underlined, the reason, the way out.

use std::fmt;

use bbws_model::Severity;
use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode};

use crate::{Problem, Problems};

/// What the text may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Whether it may have lines and signs beyond ASCII.
    pub unicode: bool,
    /// Whether it may have colours.
    pub color: bool,
    /// The columns it may take.
    pub width: usize,
}

/// All problems, one after the other, with a line that counts them at the end. Empty where nothing is wrong.
#[must_use]
pub fn show(problems: &Problems, look: Look) -> String {
    if problems.list.is_empty() {
        return String::new();
    }
    let theme = match (look.unicode, look.color) {
        (true, true) => GraphicalTheme::unicode(),
        (true, false) => GraphicalTheme::unicode_nocolor(),
        (false, color) => {
            let plain = GraphicalTheme::none();
            if color { GraphicalTheme { styles: miette::ThemeStyles::ansi(), ..GraphicalTheme::ascii() } } else { plain }
        }
    };
    let handler = GraphicalReportHandler::new_themed(theme).with_width(look.width).with_links(false).with_context_lines(1);
    let source = NamedSource::new(&problems.file, problems.text.clone());
    let mut out = String::new();
    for problem in &problems.list {
        let report = Report { problem, source: &source, text: &problems.text };
        if handler.render_report(&mut out, &report).is_err() {
            out.push_str(&report.plain(&problems.file));
        }
        out.push('\n');
    }
    out.push_str(&problems.to_string());
    out.push('\n');
    out
}

#[derive(Debug)]
struct Report<'a> {
    problem: &'a Problem,
    source: &'a NamedSource<String>,
    text: &'a str,
}

impl Report<'_> {
    /// For a place that miette cannot draw.
    fn plain(&self, file: &str) -> String {
        let (line, column) = self.problem.span.line_and_column(self.text);
        format!("{}: {file}:{line}:{column}: {}\n  help: {}\n", self.problem.rule, self.problem.message, self.problem.fix)
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem.message)
    }
}

impl std::error::Error for Report<'_> {}

impl Diagnostic for Report<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.problem.rule))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(if self.problem.severity == Severity::Error { miette::Severity::Error } else { miette::Severity::Warning })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        (!self.problem.fix.is_empty()).then(|| Box::new(&self.problem.fix) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let main = LabeledSpan::new_primary_with_span(None, self.problem.span.start..self.problem.span.end);
        let others = self.problem.related.iter().map(|(span, what)| LabeledSpan::new_with_span(Some(what.clone()), span.start..span.end));
        Some(Box::new(std::iter::once(main).chain(others)))
    }
}

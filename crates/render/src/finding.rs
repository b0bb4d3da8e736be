//! Findings as text: how bad, where, what, what it rests on, what to do.

use bbws_model::{Finding, Severity};

use crate::page::{Line, Page};
use crate::style::{Role, Style};
use crate::words::count;

/// All findings, the worst first, with a line that counts them. Empty where there are none.
#[must_use]
pub fn findings(findings: &[Finding], style: Style) -> String {
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by_key(|f| std::cmp::Reverse(f.severity));
    let mut page = Page::new();
    for finding in &sorted {
        tell(&mut page, finding);
        page.gap();
    }
    let of = |severity, what| {
        let number = findings.iter().filter(|f| f.severity == severity).count();
        (number > 0).then(|| count(number, what))
    };
    let counts: Vec<String> =
        [of(Severity::Error, "error"), of(Severity::Warning, "warning"), of(Severity::Note, "note")].into_iter().flatten().collect();
    if !counts.is_empty() {
        page.push(Line::at(0).text(counts.join(", ")));
    }
    page.render(style)
}

/// How bad something is, in a word.
pub(crate) fn severity(severity: Severity) -> (&'static str, Role) {
    match severity {
        Severity::Note => ("Note", Role::Adopt),
        Severity::Warning => ("Warning", Role::Warning),
        Severity::Error => ("Error", Role::Error),
    }
}

pub(crate) fn tell(page: &mut Page, finding: &Finding) {
    let (word, role) = severity(finding.severity);
    let mut line = Line::at(0).say(role, format!("{word}: "));
    if let Some(address) = &finding.address {
        line = line.say(Role::Bold, address.to_string()).text(": ");
    }
    page.push(line.text(&finding.summary));
    for (label, text) in [("seen: ", &finding.evidence), ("to do: ", &finding.advice)] {
        if !text.is_empty() {
            page.push(Line::at(2).hang(4).say(Role::Dim, label).text(text));
        }
    }
}

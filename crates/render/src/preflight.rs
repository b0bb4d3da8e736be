//! What was looked at before an apply, and what came of it.

use bbws_model::Severity;
use bbws_operate::preflight::Looked;
use serde_json::{Value, json};

use crate::page::{Line, Page, columns};
use crate::style::{Role, Style};

/// How one thing stands, in a word.
fn word(looked: &Looked) -> (&'static str, Role) {
    match looked.severity() {
        None => ("good", Role::Good),
        // Nothing is wrong: something is to be known, or could not be.
        Some(Severity::Note) if looked.told.starts_with("not known") => ("unknown", Role::Adopt),
        Some(Severity::Note) => ("note", Role::Adopt),
        Some(Severity::Warning) => ("warning", Role::Warning),
        Some(Severity::Error) => ("error", Role::Error),
    }
}

/// All that was looked at, a line each.
#[must_use]
pub fn looked_ahead(all: &[Looked], style: Style) -> String {
    let mut page = Page::new();
    let widest = all.iter().map(|one| columns(&one.about)).max().unwrap_or_default().min(56);
    for one in all {
        let (word, role) = word(one);
        let line = Line::at(2).hang(10).say(role, word).pad(10).text(&one.about).pad(12 + widest).text(" ").text(&one.told);
        page.push(line);
    }
    page.render(style)
}

/// The same for programs.
#[must_use]
pub fn looked_ahead_json(all: &[Looked]) -> Value {
    let one = |one: &Looked| json!({"id": one.id, "about": one.about, "verdict": word(one).0, "told": one.told, "findings": one.findings});
    all.iter().map(one).collect()
}

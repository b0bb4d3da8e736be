//! Policy documents, and why they are no narrower.

use bbws_operate::iam::{MOST, Policies};
use serde_json::{Value, json};

use crate::page::{Line, Page, columns};
use crate::style::{Role, Style};
use crate::words::count;

/// The documents, one after another, as IAM takes them.
#[must_use]
pub fn policy_documents(policies: &Policies) -> String {
    policies.documents.iter().map(|one| policy_text(&one.policy)).collect()
}

/// One document.
#[must_use]
pub fn policy_text(policy: &Value) -> String {
    format!("{policy:#}\n")
}

/// What is to be known beside them: how long they are, why each statement is no narrower if that is wanted, and what is not in.
#[must_use]
pub fn policy_remarks(policies: &Policies, reasons: bool, style: Style) -> String {
    let mut page = Page::new();
    for one in &policies.documents {
        let statements = one.policy["Statement"].as_array().map_or(0, Vec::len);
        let told = format!(": {statements} statements, {} of the {MOST} characters that IAM takes", one.characters);
        page.push(Line::at(0).say(Role::Bold, &one.name).text(told));
    }
    if reasons {
        page.gap();
        let widest = policies.reasons.iter().map(|one| columns(&one.sid)).max().unwrap_or_default();
        for one in &policies.reasons {
            let told = format!("{}: {}", count(one.actions, "action"), one.why);
            page.push(Line::at(2).hang(widest + 4).text(&one.sid).pad(widest + 4).text(told));
        }
    }
    page.gap();
    for note in &policies.notes {
        page.push(Line::at(0).text(note));
    }
    page.render(style)
}

/// The same for programs.
#[must_use]
pub fn policies_json(environment: &str, purpose: &str, policies: &Policies) -> Value {
    let document = |one: &bbws_operate::iam::Document| json!({"name": one.name, "characters": one.characters, "policy": one.policy});
    let reason = |one: &bbws_operate::iam::Told| json!({"sid": one.sid, "actions": one.actions, "why": one.why});
    json!({
        "format": 1,
        "environment": environment,
        "purpose": purpose,
        "documents": policies.documents.iter().map(document).collect::<Vec<_>>(),
        "reasons": policies.reasons.iter().map(reason).collect::<Vec<_>>(),
        "notes": policies.notes,
    })
}

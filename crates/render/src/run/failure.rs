//! What failed: each step with what AWS said and what to do, what was not begun, and how to go on.

use std::collections::BTreeMap;

use bbws_model::Outcome;

use super::advice::advice;
use super::summary::Summary;
use super::tally;
use crate::page::{Line, Page};
use crate::style::{Role, Sign, Style};

/// Each failed step, then what was not begun, by what it was not begun for.
pub(super) fn tell(page: &mut Page, summary: &Summary, style: Style) {
    for failed in &summary.failed {
        page.gap();
        let verb = if failed.verb.is_empty() { String::new() } else { format!(" while {}", tally::verb(&failed.verb).0) };
        let line = Line::at(0).say(Role::Error, format!("{} ", style.sign(Sign::Failed))).say(Role::Bold, failed.address.to_string());
        page.push(line.say(Role::Error, format!(" failed{verb}")));
        let error = &failed.error;
        let mut row = |label: &str, text: &str| {
            if !text.is_empty() {
                page.push(Line::at(2).hang(14).say(Role::Dim, label).pad(14).text(text));
            }
        };
        row("operation", &error.operation);
        let code = if error.code.is_empty() { format!("({})", error.class) } else { format!("{} ({})", error.code, error.class) };
        row("code", &code);
        row("message", &error.message);
        row("request id", error.request_id.as_deref().unwrap_or_default());
        for (place, advice) in advice(error).iter().enumerate() {
            row(if place == 0 { "what to do" } else { "" }, advice);
        }
    }
    let mut because: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (address, cause) in &summary.skipped {
        let cause = cause.map_or_else(|| "because the run was stopped".to_owned(), |step| format!("because of {}", summary.name(step)));
        because.entry(cause).or_default().push(address.to_string());
    }
    for (cause, addresses) in because {
        page.gap();
        page.push(Line::at(0).say(Role::Warning, format!("Not begun {cause}:")));
        page.push(Line::at(2).hang(2).text(addresses.join(", ")));
    }
}

/// How to go on after a run that did not end well.
pub(super) fn go_on(page: &mut Page, summary: &Summary, outcome: Outcome) {
    let command = summary.command();
    let told = match outcome {
        Outcome::Done => return,
        Outcome::Failed => format!(
            "All that was done is recorded. Mend the cause, then run `{command}` again: it goes on from here, and nothing is made twice."
        ),
        Outcome::Stopped => format!("All that was done is recorded. Run `{command}` again: it goes on from here."),
        Outcome::Fenced => format!(
            "Nothing more was sent. See who is at work with `bbws state history {}`; when that run is over, run `bbws plan {}` to see what is left.",
            summary.environment, summary.environment
        ),
    };
    page.gap();
    page.push(Line::at(0).say(Role::Bold, "To go on: ").text(told));
}

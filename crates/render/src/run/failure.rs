//! What failed: each step with what AWS said and what to do, what was not begun, and how to go on or back.

use std::collections::BTreeMap;

use bbws_model::{Mode, Outcome};

use super::advice::advice;
use super::denial::Denial;
use super::summary::Summary;
use super::tally;
use crate::errors::ErrorId;
use crate::page::{Line, Page, clean, cut};
use crate::style::{Role, Sign, Style};

/// The column in which what AWS says begins.
const TEXT: usize = 14;
/// The most lines that AWS's message takes: some fill a screen.
const MESSAGE: usize = 3;

/// Why steps were not begun where none of the others is the cause.
const STOPPED: &str = "because the run was stopped";
/// So many of these are named.
const FEW: usize = 6;

/// Each failed step, then what was not begun, by what it was not begun for.
pub(super) fn tell(page: &mut Page, summary: &Summary, style: Style) {
    for failed in &summary.failed {
        page.gap();
        let verb = if failed.verb.is_empty() { String::new() } else { format!(" while {}", tally::verb(&failed.verb).0) };
        let line = Line::at(0).say(Role::Error, format!("{} ", style.sign(Sign::Failed))).say(Role::Bold, failed.address.to_string());
        let error = &failed.error;
        page.push(line.say(Role::Error, format!(" failed{verb}")).say(Role::Dim, format!(" [{}]", ErrorId::of(error))));
        let mut row = |label: &str, text: &str| {
            if !text.is_empty() {
                let line = Line::at(2).hang(TEXT).say(Role::Dim, label).pad(TEXT);
                // What is copied is not broken.
                page.push(if text.starts_with("bbws ") || text.starts_with("Then: bbws ") {
                    line.whole().say(Role::Bold, text)
                } else {
                    line.text(text)
                });
            }
        };
        let code = if error.code.is_empty() { format!("({})", error.class) } else { format!("{} ({})", error.code, error.class) };
        row("operation", &format!("{}, {code}", error.operation).replace(", (", " ("));
        row("message", &cut(&clean(&Denial::in_short(error)), MESSAGE * (style.columns() - TEXT), style));
        row("request id", error.request_id.as_deref().unwrap_or_default());
        for (place, advice) in advice(error, &summary.at(&failed.address)).iter().enumerate() {
            row(if place == 0 { "what to do" } else { "" }, advice);
        }
    }
    let mut because: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (address, cause) in &summary.skipped {
        let cause = cause.map_or_else(|| STOPPED.to_owned(), |step| format!("because of {}", summary.name(step)));
        because.entry(cause).or_default().push(address.to_string());
    }
    for (cause, addresses) in because {
        page.gap();
        page.push(Line::at(0).say(Role::Warning, format!("Not begun {cause}:")));
        // Of a run that was stopped it matters how much, and not what.
        let most = if cause == STOPPED { FEW } else { addresses.len() };
        let more = addresses.len().saturating_sub(most);
        let told = addresses.iter().take(most).map(String::as_str).collect::<Vec<_>>().join(", ");
        page.push(Line::at(2).hang(2).text(if more == 0 { told } else { format!("{told} and {more} more") }));
    }
}

/// How to go on after a run that did not end well, and how to go back.
pub(super) fn go_on(page: &mut Page, summary: &Summary, outcome: Outcome) {
    let command = summary.command();
    let at = summary.place();
    let (told, commands) = match outcome {
        Outcome::Done => return,
        Outcome::Failed => ("mend the cause and run it again; it goes on from what is recorded, and nothing is made twice:", vec![command]),
        Outcome::Stopped => ("run it again; it goes on from what is recorded:", vec![command]),
        Outcome::Fenced => (
            "nothing more was sent. See who is at work; when that run is over, see what is left:",
            vec![at.fill("bbws state history ENV"), at.fill("bbws plan ENV")],
        ),
    };
    page.gap();
    page.push(Line::at(0).say(Role::Bold, "To go on: ").text(told));
    for command in commands {
        page.push(Line::at(2).whole().say(Role::Bold, command));
    }
    if summary.mode == Some(Mode::Apply) && matches!(outcome, Outcome::Failed | Outcome::Stopped) {
        // The first run has nothing to go back to but nothing.
        let back =
            summary.back.as_ref().map_or_else(|| at.fill("bbws destroy ENV"), |run| at.fill(&format!("bbws apply ENV --back-to {run}")));
        let told = if summary.back.is_some() {
            "to what the last good run left, after a look at the plan:"
        } else {
            "to nothing, for there was nothing before:"
        };
        page.push(Line::at(0).say(Role::Bold, "To go back: ").text(told));
        page.push(Line::at(2).whole().say(Role::Bold, back));
    }
}

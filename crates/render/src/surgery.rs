//! What careful edits of the state do, and what they lead to.

use bbws_operate::{Forgotten, Move};
use serde_json::{Value, json};

use crate::page::{Line, Page, columns};
use crate::style::{Role, Style};
use crate::words::count;

/// A resource that gets another address.
#[must_use]
pub fn moving(planned: &Move, style: Style) -> String {
    let Move { from, to, id, holders, old_declared, new_declared } = planned;
    let mut page = Page::new();
    let line = Line::at(0).whole().say(Role::Adopt, format!("> {from} -> {to}"));
    page.push(line.say(Role::Dim, format!("  {id}")));
    if !holders.is_empty() {
        let names: Vec<String> = holders.iter().map(ToString::to_string).collect();
        page.push(Line::at(2).hang(4).text(format!("{} to it and follow: {}", refer(holders.len()), names.join(", "))));
    }
    page.push(match new_declared {
        true => Line::at(2)
            .hang(4)
            .text(format!("The file declares {to}: the next apply corrects the tag bbws:address, if the object bears tags.")),
        false => Line::at(2).hang(4).say(
            Role::Warning,
            format!("The file does not declare {to}: the next plan would remove the object. Rename it in the file too."),
        ),
    });
    if *old_declared {
        let told = format!("The file still declares {from}: the next plan would make another object for it.");
        page.push(Line::at(2).hang(4).say(Role::Warning, told));
    }
    page.render(style)
}

fn refer(number: usize) -> String {
    if number == 1 { "1 resource refers".to_owned() } else { format!("{number} resources refer") }
}

/// The same for programs, once it is done.
#[must_use]
pub fn moved_json(planned: &Move, reason: &str, back: &str) -> Value {
    let Move { from, to, id, holders, old_declared, new_declared } = planned;
    json!({
        "format": 1, "event": "renamed", "from": from, "to": to, "id": id, "holders": holders, "reason": reason,
        "old_declared": old_declared, "new_declared": new_declared, "back": back,
    })
}

/// Resources that are to be managed no longer.
#[must_use]
pub fn forgetting(planned: &[Forgotten], style: Style) -> String {
    let mut page = Page::new();
    page.push(Line::at(0).text(format!("{} would be managed no longer; the objects stay as they are:", count(planned.len(), "resource"))));
    page.gap();
    let widest = planned.iter().map(|one| columns(&one.address.to_string())).max().unwrap_or_default();
    for one in planned {
        let line = Line::at(2).whole().say(Role::Bold, one.address.to_string()).pad(widest + 4).text(one.id.as_str());
        page.push(if one.declared { line.say(Role::Warning, "  (declared)") } else { line });
    }
    page.gap();
    let declared = planned.iter().filter(|one| one.declared).count();
    if declared > 0 {
        let told = "What the file declares is taken back by the next plan where it still bears its mark, and made anew where it is gone: take it out of the file too.";
        page.push(Line::at(0).text(told));
    }
    if declared < planned.len() {
        page.push(Line::at(0).text("Of the others nobody takes care any more; `bbws state orphans` lists what bears the mark."));
    }
    page.render(style)
}

/// The same for programs, once it is done.
#[must_use]
pub fn forgotten_json(planned: &[Forgotten], reason: &str, back: &str) -> Value {
    let one = |one: &Forgotten| json!({ "address": one.address, "id": one.id, "declared": one.declared });
    json!({ "format": 1, "event": "forgotten", "resources": planned.iter().map(one).collect::<Vec<_>>(), "reason": reason, "back": back })
}

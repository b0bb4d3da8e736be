//! Who can reach what and who may do what after a plan, below its steps and again before somebody says yes.

use bbws_model::{Address, Mode, Plan, RiskKind};

use super::Detail;
use crate::page::{Line, Page};
use crate::style::Role;
use crate::words::count;

/// So many are told below a plan, and so many before a question.
const BELOW: usize = 10;
const ASKED: usize = 4;

/// One change of access, with the sentence that tells it.
struct Access<'a> {
    address: &'a Address,
    text: &'a str,
}

impl Access<'_> {
    /// Whether somebody can do more than before. That a ban ends is more.
    fn widens(&self) -> bool {
        let taken = ["closes", "takes"].iter().any(|word| self.text.starts_with(word)) || self.text.contains(" are refused from now on");
        taken == self.text.contains("the ban on ")
    }

    /// What is looked at first: what lets everybody in, then what lets anybody in.
    fn weight(&self) -> (bool, bool) {
        let everybody = ["the internet", "the whole internet", "anybody", "on everything"].iter().any(|who| self.text.contains(who));
        (!self.widens(), !everybody)
    }
}

/// All of one sort, the widest first.
fn all(plan: &Plan, kind: RiskKind) -> Vec<Access<'_>> {
    let of = plan.steps.iter().flat_map(|step| step.risks.iter().map(move |risk| (&step.address, risk)));
    let mut all: Vec<Access<'_>> =
        of.filter(|(_, risk)| risk.kind == kind).map(|(address, risk)| Access { address, text: &risk.text }).collect();
    all.sort_by_key(|one| (one.weight(), one.address));
    all.dedup_by(|a, b| a.address == b.address && a.text == b.text);
    all
}

/// Both sorts: their word, and what they change.
const SORTS: [(RiskKind, &str, &str); 2] =
    [(RiskKind::Security, "security", "who can reach what"), (RiskKind::Iam, "access", "who may do what")];

/// What the plan opens and closes, gives and takes, called out below its steps.
pub(super) fn warnings(page: &mut Page, plan: &Plan, detail: Detail) {
    for (kind, word, what) in SORTS {
        let all = all(plan, kind);
        if all.is_empty() {
            continue;
        }
        page.gap();
        let wider = all.iter().filter(|one| one.widens()).count();
        let told = match (wider, all.len() - wider) {
            (wider, 0) => format!("{} {what}", more(wider, "widens", "widen")),
            (0, narrower) => format!("{} {what}", more(narrower, "narrows", "narrow")),
            (wider, narrower) => format!("{} {what}, {}", more(wider, "widens", "widen"), more(narrower, "narrows", "narrow")),
        };
        page.push(Line::at(0).say(Role::Warning, format!("Warning, {word}: ")).text(told));
        let most = if detail == Detail::All { all.len() } else { BELOW };
        // Where all goes, the steps have said so.
        if plan.mode == Mode::Apply || detail == Detail::All {
            list(page, &all, most, "more at the steps above");
        }
    }
}

/// The same before somebody says yes: only what becomes wider.
pub(crate) fn asked(page: &mut Page, plan: &Plan) {
    for (kind, ..) in SORTS {
        let wider: Vec<Access<'_>> = all(plan, kind).into_iter().filter(Access::widens).collect();
        if !wider.is_empty() {
            let told = if kind == RiskKind::Security { "It opens:" } else { "It allows:" };
            page.push(Line::at(0).say(Role::Warning, told));
            list(page, &wider, ASKED, "more, told above");
        }
    }
}

fn more(number: usize, one: &str, many: &str) -> String {
    format!("{} {}", count(number, "change"), if number == 1 { one } else { many })
}

fn list(page: &mut Page, all: &[Access<'_>], most: usize, rest: &str) {
    for one in all.iter().take(most) {
        page.push(Line::at(2).hang(6).say(Role::Bold, one.address.to_string()).text(" ").text(one.text));
    }
    if all.len() > most {
        page.push(Line::at(2).text(format!("and {} {rest}", all.len() - most)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_a_ban_widens_and_what_sets_one_does_not() {
        let address: Address = "role.a".parse().unwrap();
        let widens = |text: &str| Access { address: &address, text }.widens();
        for text in ["opens tcp 80 of x to y", "gives role.a s3:GetObject", "takes anybody the ban on s3:* on b"] {
            assert!(widens(text), "{text}");
        }
        for text in [
            "closes tcp 80 of x to y",
            "takes role.a s3:GetObject",
            "gives anybody the ban on s3:* on b",
            "clients without TLS are refused from now on",
        ] {
            assert!(!widens(text), "{text}");
        }
    }
}

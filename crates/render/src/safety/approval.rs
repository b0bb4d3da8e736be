//! Approvals: what one says, why none counts, and what is asked before one is given or done without.

use bbws_model::{Approved, Plan, Principal, Statement};
use jiff::Timestamp;

use super::ask::{Question, trimmed, warn};
use super::{command, row, title};
use crate::page::{Line, Page};
use crate::style::{Role, Style};

/// Why a plan of production is not applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unapproved {
    /// No approval of it is in the store, which is named.
    None(String),
    /// None of its approvals counts: each by its key, with the reason.
    Unfit(Vec<(String, String)>),
    /// It was applied already: by which run, and when.
    Spent(String, Timestamp),
    /// It cannot be told what time it is: a clock is behind.
    Clock(String),
    /// Neither a key nor the bucket keeps others from writing approvals, and how.
    Unfenced(String),
}

/// What comes next, each as a command that can be pasted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commands {
    /// What each command needs to lead to the same world.
    pub flag: String,
    /// Somebody else approves the plan.
    pub approve: String,
    /// It is applied.
    pub apply: String,
    /// It is made again.
    pub plan: String,
}

/// Why a plan of production is not applied, and how to go on.
#[must_use]
pub fn not_approved(environment: &str, next: &Commands, why: &Unapproved, style: Style) -> String {
    let Commands { flag, approve, apply, plan } = next;
    let mut page = Page::new();
    let name = environment.to_uppercase();
    let say = |page: &mut Page, head: &str, text: &str| page.push(Line::at(0).say(Role::Bold, head).text(text));
    match why {
        Unapproved::None(place) => {
            title(&mut page, &format!("REFUSED: {name} IS PRODUCTION, AND NOBODY HAS APPROVED THIS PLAN"));
            let told = format!("there is no approval of it in {place}: none was given, or it was taken away.");
            say(&mut page, "Why: ", &told);
        }
        Unapproved::Unfit(all) => {
            title(&mut page, &format!("REFUSED: {name} IS PRODUCTION, AND NO APPROVAL COUNTS"));
            say(
                &mut page,
                "Why: ",
                if all.len() == 1 {
                    "this plan has one approval, and that does not count:"
                } else {
                    "none of this plan's approvals counts:"
                },
            );
            for (key, reason) in all {
                page.push(Line::at(2).hang(4).say(Role::Bold, key).text(": ").text(reason));
            }
        }
        Unapproved::Spent(run, at) => {
            title(&mut page, &format!("REFUSED: {name} IS PRODUCTION, AND THIS PLAN WAS APPLIED BEFORE"));
            say(&mut page, "Why: ", &format!("an approval is for one time, and the run {run} has used it at {at}."));
        }
        Unapproved::Clock(told) => {
            title(&mut page, &format!("REFUSED: {name} IS PRODUCTION, AND THE TIME IS NOT KNOWN"));
            say(&mut page, "Why: ", &format!("{told}: a clock that is behind would let approvals hold for longer."));
            page.gap();
            say(&mut page, "What you can do: ", "let the system keep its clock right (NTP), and look at it:");
            command(&mut page, &format!("bbws doctor {environment}{flag}"));
        }
        Unapproved::Unfenced(told) => {
            title(&mut page, &format!("REFUSED: {name} IS PRODUCTION, AND ANYBODY COULD APPROVE"));
            say(&mut page, "Why: ", told);
            page.gap();
            say(
                &mut page,
                "What you can do: ",
                "name a KMS key in the environment file that the approver may sign with and the applier may not:",
            );
            command(&mut page, "[approval] kms_key = \"arn:aws:kms:…\"");
            page.push(Line::at(0).text("or, which is weaker, the roles that may approve, and let the bucket see to that:"));
            command(&mut page, "[approval] roles = [\"arn:aws:iam::…:role/…\"]");
            command(&mut page, &format!("bbws init {environment}{flag}"));
        }
    }
    match why {
        Unapproved::None(_) | Unapproved::Unfit(_) => {
            page.gap();
            say(&mut page, "What you can do: ", "let somebody else, with another role, approve exactly this plan; then apply it again:");
            command(&mut page, approve);
            command(&mut page, apply);
        }
        Unapproved::Spent(..) => {
            page.gap();
            say(&mut page, "What you can do: ", "make a new plan, and have that approved:");
            command(&mut page, plan);
        }
        Unapproved::Clock(_) | Unapproved::Unfenced(_) => {}
    }
    page.gap();
    page.push(Line::at(0).say(Role::Dim, "Nothing was changed."));
    page.render(style)
}

/// The approval that a change of production rests on.
#[must_use]
pub fn approved(approved: &Approved, style: Style) -> String {
    let Approved { plan: _, by, at, expires, signed_by, fingerprint } = approved;
    let mut page = Page::new();
    page.push(Line::at(0).say(Role::Good, "Approved").text(format!(" by {by}")));
    row(&mut page, "approved at", &format!("{at}, holds until {expires}"));
    match signed_by {
        Some(key) => row(&mut page, "signed by", key),
        None => row(&mut page, "signed by", "nobody: only the store keeps others from writing approvals, which is weaker than a signature"),
    }
    row(&mut page, "fingerprint", &fingerprint.0);
    page.render(style)
}

/// What is asked before an approval is given.
#[must_use]
pub fn approval_question(plan: &Plan, statement: &Statement, key: Option<&str>, style: Style) -> Question {
    let Statement { environment, by, expires, .. } = statement;
    let mut page = Page::new();
    warn(&mut page, plan);
    if let Some(maker) = &plan.basis.by {
        page.push(Line::at(0).text(format!("Planned by {maker}.")));
    }
    page.push(Line::at(0).text(format!("You approve as {by}; until {expires} somebody else may apply exactly this plan, once.")));
    if key.is_none() {
        page.push(unsigned());
    }
    page.push(Line::at(0).whole().say(Role::Bold, format!("Approve this plan for {environment}? Only `yes` is taken: ")));
    Question { text: trimmed(&page, style), yes: "yes".into() }
}

fn unsigned() -> Line {
    let told = "no key is named in [approval], so it is not signed: only the store keeps others from writing approvals, which is weaker.";
    Line::at(0).say(Role::Warning, "Note: ").text(told)
}

/// That an approval is there, and what comes next.
#[must_use]
pub fn approval_given(statement: &Statement, place: &str, signed_by: Option<&str>, next: &str, style: Style) -> String {
    let Statement { environment, plan, by, expires, .. } = statement;
    let mut page = Page::new();
    page.push(Line::at(0).say(Role::Good, "Approved").text(format!(" for {environment}, once, until {expires}.")));
    row(&mut page, "plan", &plan.0);
    row(&mut page, "by", &by.to_string());
    row(&mut page, "kept as", place);
    match signed_by {
        Some(key) => row(&mut page, "signed by", key),
        None => page.push(unsigned()),
    }
    page.push(Line::at(0).text("Next, by somebody with another role:"));
    command(&mut page, next);
    page.render(style)
}

/// What is asked before production is changed without an approval: the cluster's name has to be typed.
#[must_use]
pub fn glass_question(plan: &Plan, cluster: &str, by: &Principal, reason: &str, style: Style) -> Question {
    let mut page = Page::new();
    warn(&mut page, plan);
    page.push(Line::at(0).say(Role::Destroy, "Nobody has approved this plan.").text(format!(
        " If you go on, it is recorded that {by} changed {} without an approval, and each later plan shows it with your reason:",
        plan.basis.environment
    )));
    page.push(Line::at(2).text(reason));
    page.push(Line::at(0).whole().say(Role::Bold, format!("Type the cluster's name, {cluster}, to break the glass: ")));
    Question { text: trimmed(&page, style), yes: cluster.to_owned() }
}

/// The same where only what is recorded is changed: what was done to it, of which environment.
#[must_use]
pub fn glass_edit_question((environment, what): (&str, &str), cluster: &str, by: &Principal, reason: &str, style: Style) -> Question {
    let mut page = Page::new();
    page.push(Line::at(0).say(Role::Destroy, "Nobody has approved this.").text(format!(
        " If you go on, it is recorded that {by} {what} {environment} without an approval, and each later plan shows it with your reason:"
    )));
    page.push(Line::at(2).text(reason));
    page.push(Line::at(0).text("The account is not touched, but for marks on what is taken under management."));
    page.push(Line::at(0).whole().say(Role::Bold, format!("Type the cluster's name, {cluster}, to break the glass: ")));
    Question { text: trimmed(&page, style), yes: cluster.to_owned() }
}

/// That production is changed without an approval.
#[must_use]
pub fn glass_broken(by: &Principal, reason: &str, style: Style) -> String {
    let mut page = Page::new();
    page.push(Line::at(0).say(Role::Destroy, "No approval: ").text(format!("{by} breaks the glass.")));
    row(&mut page, "reason", reason);
    page.render(style)
}

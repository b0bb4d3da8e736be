//! What is asked before something is done.

use bbws_model::{Action, Counts, Plan, RiskKind};

use crate::page::{Line, Page};
use crate::plan::wider_access;
use crate::style::{Role, Style};
use crate::words::{count, listed};

/// A question, and the answer that means yes. Any other answer means no.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What is asked, without a line break at its end.
    pub text: String,
    /// The only answer that means yes.
    pub yes: String,
}

/// What is asked before a plan is applied.
#[must_use]
pub fn apply_question(plan: &Plan, style: Style) -> Question {
    let environment = &plan.basis.environment;
    let destructive: Vec<&str> = plan.steps.iter().filter(|s| s.is_destructive()).map(|s| s.address.kind()).collect();
    let mut page = Page::new();
    warn(&mut page, plan);
    let what = if destructive.is_empty() { "Apply this plan" } else { "Apply this plan, which removes things," };
    page.push(Line::at(0).whole().say(Role::Bold, format!("{what} to {environment}? Only `yes` is taken: ")));
    Question { text: trimmed(&page, style), yes: "yes".into() }
}

/// What is asked before a cluster is destroyed: its name has to be typed.
#[must_use]
pub fn destroy_question(plan: &Plan, cluster: &str, style: Style) -> Question {
    let counts = Counts::of(&plan.steps);
    let basis = &plan.basis;
    let mut page = Page::new();
    warn(&mut page, plan);
    let place = format!("account {}, {}, {}", basis.account, basis.region, basis.world);
    let told = format!("{} of {} will be destroyed ({place}). There is no way back.", count(counts.destroy, "resource"), basis.environment);
    page.push(Line::at(0).say(Role::Destroy, told));
    page.push(Line::at(0).whole().say(Role::Bold, format!("Type the cluster's name, {cluster}, to destroy it: ")));
    Question { text: trimmed(&page, style), yes: cluster.to_owned() }
}

/// What is asked before what others stand on is removed: their number has to be typed.
#[must_use]
pub fn tenants_question(number: usize, style: Style) -> Question {
    let mut page = Page::new();
    let told =
        if number == 1 { "One thing that is not bbws's stands".into() } else { format!("{number} things that are not bbws's stand") };
    page.push(Line::at(0).say(Role::Destroy, format!("{told} on what will be destroyed; all of it is listed above.")));
    page.push(Line::at(0).whole().say(Role::Bold, "Type their number to go on: "));
    Question { text: trimmed(&page, style), yes: number.to_string() }
}

/// What can be lost, by name, and whom it lets in.
pub(super) fn warn(page: &mut Page, plan: &Plan) {
    let of = |risk| {
        let mut names: Vec<String> = plan.steps.iter().filter(|s| s.can(risk)).map(|s| s.address.to_string()).collect();
        names.dedup();
        names
    };
    let gone: Vec<String> =
        plan.steps.iter().filter(|s| matches!(s.action, Action::Backup { .. })).map(|s| s.address.to_string()).collect();
    for (risk, what) in [(RiskKind::DataLoss, "Data can be lost: "), (RiskKind::Downtime, "The service is interrupted: ")] {
        let names = of(risk);
        if !names.is_empty() {
            page.push(Line::at(0).say(if risk == RiskKind::DataLoss { Role::Destroy } else { Role::Warning }, what).text(listed(&names)));
        }
    }
    if !gone.is_empty() {
        page.push(Line::at(0).text(format!("Copied first: {}", listed(&gone))));
    }
    wider_access(page, plan);
}

/// Without the line break, and with one blank after the question.
pub(super) fn trimmed(page: &Page, style: Style) -> String {
    format!("{} ", page.render(style).trim_end())
}

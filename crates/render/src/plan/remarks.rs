//! What stands below a plan: what is billed, what is worth knowing.

use std::collections::BTreeMap;

use bbws_model::{Finding, Plan, RiskKind, Unit};

use super::Detail;
use crate::page::{Line, Page};
use crate::style::Role;
use crate::words::count;

/// A risk's word and colour.
pub(super) fn risk_word(kind: RiskKind) -> (&'static str, Role) {
    match kind {
        RiskKind::DataLoss => ("data loss", Role::Destroy),
        RiskKind::Downtime => ("downtime", Role::Warning),
        RiskKind::Security => ("security", Role::Warning),
        RiskKind::Iam => ("access", Role::Warning),
    }
}

/// What would be billed more and less, summed over the plan; the meters only where all is told, or where nobody knows prices.
pub(super) fn billing(page: &mut Page, plan: &Plan, detail: Detail) {
    if let (Some(total), false) = (super::sheet::total(plan), plan.is_empty()) {
        page.gap();
        page.push(Line::at(0).say(Role::Bold, "Cost: ").text(total));
        if detail == Detail::Telling {
            return;
        }
    }
    let mut sums: BTreeMap<(&str, Unit), f64> = BTreeMap::new();
    let meters = plan.steps.iter().map(|s| &s.meters);
    for (sign, meter) in meters.flat_map(|m| m.more.iter().map(|m| (1.0, m)).chain(m.less.iter().map(|m| (-1.0, m)))) {
        // Billed by use: the quantity is not known, so only whether there is such a meter counts.
        let quantity = if meter.unit == Unit::Usage { 1.0 } else { meter.quantity };
        *sums.entry((&meter.item, meter.unit)).or_default() += sign * quantity;
    }
    sums.retain(|_, sum| sum.abs() > 1e-9);
    if sums.is_empty() {
        return;
    }
    page.gap();
    page.push(Line::at(0).say(Role::Bold, "billed a month").say(Role::Dim, "  (`bbws cost` has the prices)"));
    for ((item, unit), sum) in sums {
        let sign = if sum > 0.0 { "+" } else { "-" };
        let much = match unit {
            Unit::Usage => "by use".to_owned(),
            Unit::Hours => format!("{} hours", sum.abs()),
            Unit::GbMonth => format!("{} GB", sum.abs()),
            Unit::Month => sum.abs().to_string(),
        };
        page.push(Line::at(2).say(if sum > 0.0 { Role::Add } else { Role::Destroy }, sign).text(format!(" {item}")).pad(48).text(much));
    }
}

/// What is worth saying beside the steps.
pub(super) fn notes(page: &mut Page, notes: &[Finding]) {
    if !notes.is_empty() {
        page.gap();
    }
    for note in notes {
        crate::finding::tell(page, note);
    }
}

/// What is told of such requests, in a sentence.
pub(super) fn unsettled(plan: &Plan) -> String {
    let requests = count(plan.open.len(), "request");
    format!("an interrupted run left {requests} open: what became of them is not recorded. Apply finds out first, so that nothing is made twice.")
        .replace("1 request open: what became of them", "1 request open: what became of it")
}

/// Requests of earlier runs of which it is not recorded what became: said before all that rests on it.
pub(super) fn open(page: &mut Page, plan: &Plan) {
    if plan.open.is_empty() {
        return;
    }
    page.push(Line::at(0).say(Role::Warning, "Note: ").text(unsettled(plan)));
}

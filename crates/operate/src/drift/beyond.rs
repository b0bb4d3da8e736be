//! Whether a plan puts back what has drifted, and does nothing else.

use std::collections::BTreeSet;

use bbws_model::{Address, Finding, Plan, Reason, Severity};

use super::Drift;

/// What a plan would do beside putting back these resources: steps of others, and edits of the file that were not applied yet.
#[must_use]
pub fn beyond(plan: &Plan, chosen: &BTreeSet<Address>, drift: &Drift) -> Vec<Finding> {
    let mut more = vec![];
    let others: BTreeSet<&Address> = plan.steps.iter().map(|step| &step.address).filter(|address| !chosen.contains(*address)).collect();
    for other in others {
        more.push(Finding::new(Severity::Error, "it would be changed too, because what is put back needs it").at(other));
    }
    for one in drift.drifted.iter().filter(|one| chosen.contains(&one.address)) {
        let finding = |fields: Vec<&str>| {
            let told = format!("the file was edited in {} since it was applied", fields.join(", "));
            Finding::new(Severity::Error, told).at(&one.address).advise("take the edit back first, or apply both together")
        };
        let both: Vec<&str> = one.fields.iter().filter(|field| field.edited).map(|field| field.field.as_str()).collect();
        let edited: Vec<&str> = both.into_iter().chain(one.edits.iter().map(String::as_str)).collect();
        let is_known = |field: &str| one.fields.iter().any(|known| known.field == field) || one.edits.iter().any(|known| known == field);
        let changes = plan.steps.iter().filter(|step| step.address == one.address).flat_map(|step| match &step.reason {
            Reason::Changed(changes) | Reason::Replacing(changes) => changes.as_slice(),
            _ => &[],
        });
        // The mark and the object's own state are put back as well: they are no fields of the file.
        let unknown: Vec<&str> =
            changes.map(|change| change.field.as_str()).filter(|field| !is_known(field) && !field.contains(' ')).collect();
        if !edited.is_empty() {
            more.push(finding(edited));
        } else if !unknown.is_empty() {
            let told = format!("{} would be changed too, and had not drifted when it was looked at", unknown.join(", "));
            more.push(Finding::new(Severity::Error, told).at(&one.address).advise("look again: bbws drift"));
        }
    }
    more
}

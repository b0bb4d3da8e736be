//! How certain it is that an object, found under a resource's name or mark, is that resource.

use bbws_model::{FieldChange, Seen, Verb};

use super::discover::Proposal;
use super::map::Certainty;

/// How certain it is, and why. `changes` is what a plan would change on it; `proposal` is how it was chosen, where neither its
/// mark nor a name of its own told.
#[must_use]
pub fn certainty(seen: &Seen, changes: &[FieldChange], proposal: Option<&Proposal>) -> (Certainty, String) {
    let (as_wanted, says) = as_declared(changes);
    let own = if seen.owner.is_some() { "by its mark or place" } else { "by its name or place" };
    let (chosen, by) = proposal.map_or((Certainty::Certain, own), |proposal| (proposal.certainty, proposal.why.as_str()));
    (chosen.max(as_wanted), format!("found {by}; {says}"))
}

/// How much of it is as the file says.
fn as_declared(changes: &[FieldChange]) -> (Certainty, String) {
    let fields = |of: &[&FieldChange]| of.iter().map(|change| change.field.as_str()).collect::<Vec<_>>().join(", ");
    let fixed: Vec<&FieldChange> = changes.iter().filter(|change| matches!(change.verb, Verb::Replace | Verb::Forbid(_))).collect();
    if !fixed.is_empty() {
        return (Certainty::Unsure, format!("no plan changes its {}, which differs", fields(&fixed)));
    }
    // What can only be written tells nothing of what it is.
    let (hidden, told): (Vec<&FieldChange>, Vec<&FieldChange>) = changes.iter().partition(|change| change.verb == Verb::WriteOnly);
    let other: Vec<&FieldChange> = told.into_iter().filter(|change| change.field != "tags").collect();
    if !other.is_empty() {
        return (Certainty::Likely, format!("differs in {}", fields(&other)));
    }
    let unseen = if hidden.is_empty() { String::new() } else { format!(", but for its {}, which nobody can read", fields(&hidden)) };
    (Certainty::Certain, format!("is as the file says{unseen}"))
}

#[cfg(test)]
mod tests {
    use bbws_model::Phase;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn the_more_differs_the_less_is_sure() {
        let seen = Seen { id: "x".into(), spec: json!({}), outputs: json!({}), phase: Phase::Ready, owner: None };
        let change =
            |field: &str, verb| FieldChange { field: field.into(), verb, from: Value::Null, to: json!(1), risks: vec![], backup: false };
        for (changes, expected) in [
            (vec![], Certainty::Certain),
            (vec![change("tags", Verb::Update)], Certainty::Certain),
            (vec![change("password", Verb::WriteOnly)], Certainty::Certain),
            (vec![change("password", Verb::WriteOnly), change("days", Verb::Update)], Certainty::Likely),
            (vec![change("days", Verb::Update)], Certainty::Likely),
            (vec![change("days", Verb::Update), change("cidr", Verb::Replace)], Certainty::Unsure),
            (vec![change("storage", Verb::Forbid("copy it".into()))], Certainty::Unsure),
        ] {
            assert_eq!(certainty(&seen, &changes, None).0, expected, "{changes:?}");
        }
        let likely = Proposal { id: "x".into(), certainty: Certainty::Likely, why: "as the only one".into() };
        assert_eq!(certainty(&seen, &[], Some(&likely)), (Certainty::Likely, "found as the only one; is as the file says".to_owned()));
    }
}

//! How certain it is that an object, found under a resource's name or mark, is that resource.

use bbws_model::{FieldChange, Seen, Verb};

use super::map::Certainty;

/// How certain it is, and why. `changes` is what a plan would change on it.
#[must_use]
pub fn certainty(seen: &Seen, changes: &[FieldChange]) -> (Certainty, String) {
    let by = if seen.owner.is_some() { "its mark or place" } else { "its name or place" };
    let fields = |of: &[&FieldChange]| of.iter().map(|change| change.field.as_str()).collect::<Vec<_>>().join(", ");
    let fixed: Vec<&FieldChange> = changes.iter().filter(|change| matches!(change.verb, Verb::Replace | Verb::Forbid(_))).collect();
    if !fixed.is_empty() {
        return (Certainty::Unsure, format!("found by {by}, but no plan changes its {}", fields(&fixed)));
    }
    let other: Vec<&FieldChange> = changes.iter().filter(|change| change.field != "tags").collect();
    if !other.is_empty() {
        return (Certainty::Likely, format!("found by {by}; differs in {}", fields(&other)));
    }
    (Certainty::Certain, format!("found by {by}, and is as the file says"))
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
            (vec![change("days", Verb::Update)], Certainty::Likely),
            (vec![change("days", Verb::Update), change("cidr", Verb::Replace)], Certainty::Unsure),
            (vec![change("storage", Verb::Forbid("copy it".into()))], Certainty::Unsure),
        ] {
            assert_eq!(certainty(&seen, &changes).0, expected, "{changes:?}");
        }
    }
}

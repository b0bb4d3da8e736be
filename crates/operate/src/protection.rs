//! Protection against deletion. It is recorded in the state: a file that no longer mentions a resource, or no longer says that
//! it is protected, does not give that up.

use std::collections::BTreeSet;

use bbws_model::{Action, Address, Plan, State, Step, is_protected};

/// Why a step may not be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// It would remove what is protected.
    Removed,
    /// It would switch protection off, and the file does not say so: it only no longer says that it is on.
    Unsaid,
}

/// The steps of a plan that protection forbids. `unprotected` are the resources of which the file says in so many words that
/// they are not protected.
#[must_use]
pub fn forbidden(plan: &Plan, state: &State, unprotected: &BTreeSet<Address>) -> Vec<(Address, Why)> {
    let why = |step: &Step| {
        let recorded = state.entries.get(&step.address).is_some_and(|entry| entry.protected);
        match &step.action {
            // AWS would refuse it in the middle of the run. A former object is not what the entry speaks of.
            Action::Delete { have, deposed, .. } => (is_protected(have) || (recorded && !deposed)).then_some(Why::Removed),
            Action::Update { want, .. } => {
                let switched_off = recorded && !is_protected(want);
                (switched_off && !unprotected.contains(&step.address)).then_some(Why::Unsaid)
            }
            Action::Create { .. } | Action::Adopt { .. } | Action::Forget { .. } | Action::Rename { .. } | Action::Backup { .. } => None,
        }
    };
    plan.steps.iter().filter_map(|step| Some((step.address.clone(), why(step)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bbws_model::Entry;
    use bbws_testkit::sample;
    use serde_json::{Value, json};

    fn spec(on: bool) -> Value {
        json!({ "deletion_protection": on })
    }

    /// What becomes of a step, where the state remembers protection or not, and the file says that it is off or nothing.
    fn told(action: Action, remembered: bool, said: bool) -> Option<Why> {
        let address: Address = "db-instance.main".parse().unwrap();
        let mut state = State::empty("L");
        let entry = Entry { protected: remembered, ..sample::entry("x", spec(false)) };
        state.entries.insert(address.clone(), entry);
        let unprotected = said.then_some(address).into_iter().collect();
        forbidden(&sample::plan(vec![sample::step("db-instance.main", action)]), &state, &unprotected).first().map(|(_, why)| *why)
    }

    #[test]
    fn what_is_remembered_counts_and_only_the_files_own_words_give_it_up() {
        let delete = |on, deposed| Action::Delete { id: "x".into(), have: spec(on), deposed };
        assert_eq!(told(delete(false, false), false, false), None);
        assert_eq!(told(delete(true, false), false, false), Some(Why::Removed), "AWS would refuse it");
        assert_eq!(told(delete(false, false), true, false), Some(Why::Removed), "somebody has switched it off at AWS");
        assert_eq!(told(delete(false, false), true, true), Some(Why::Removed), "two steps, not one");
        assert_eq!(told(delete(false, true), true, false), None, "a former object");
        let update = |on| Action::Update { id: "x".into(), have: spec(true), want: spec(on) };
        assert_eq!(told(update(true), true, false), None);
        assert_eq!(told(update(false), true, false), Some(Why::Unsaid));
        assert_eq!(told(update(false), true, true), None);
        assert_eq!(told(update(false), false, false), None);
    }
}

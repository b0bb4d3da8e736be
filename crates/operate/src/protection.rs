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
        let recorded = state.entries.get(&step.address).filter(|entry| entry.protected);
        match &step.action {
            // AWS would refuse it in the middle of the run. The entry speaks of its own object, also where that is to be replaced,
            // and not of former ones.
            Action::Delete { id, have, .. } => {
                (is_protected(have) || recorded.is_some_and(|entry| entry.id == *id)).then_some(Why::Removed)
            }
            Action::Update { want, .. } => {
                let switched_off = recorded.is_some() && !is_protected(want);
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
    use bbws_engine::Picture;
    use bbws_engine::planner::{Request, Sources, steps};
    use bbws_model::{Desired, Entry, IntentId, Mode, Ownership, Phase, Seen, Wanted};
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
        let delete = |on, id: &str, deposed| Action::Delete { id: id.into(), have: spec(on), deposed };
        assert_eq!(told(delete(false, "x", false), false, false), None);
        assert_eq!(told(delete(true, "x", false), false, false), Some(Why::Removed), "AWS would refuse it");
        assert_eq!(told(delete(false, "x", false), true, false), Some(Why::Removed), "somebody has switched it off at AWS");
        assert_eq!(told(delete(false, "x", false), true, true), Some(Why::Removed), "two steps, not one");
        assert_eq!(told(delete(false, "old", true), true, false), None, "a former object");
        assert_eq!(told(delete(true, "old", true), false, false), Some(Why::Removed), "AWS would refuse that too");
        let update = |on| Action::Update { id: "x".into(), have: spec(true), want: spec(on) };
        assert_eq!(told(update(true), true, false), None);
        assert_eq!(told(update(false), true, false), Some(Why::Unsaid));
        assert_eq!(told(update(false), true, true), None);
        assert_eq!(told(update(false), false, false), None);
    }

    /// As the planner makes it: the delete of a replacement is about the object that the state records.
    #[test]
    fn a_replacement_does_not_get_round_it() {
        let (kinds, address) = (bbws_kinds::all(), "load-balancer.main".parse::<Address>().unwrap());
        let written = |on: bool, internal: bool| {
            let (vpc, subnets, groups) = ("vpc-1", ["subnet-1", "subnet-2"], ["sg-1"]);
            let spec = json!({
                "name": "alb", "vpc": vpc, "subnets": subnets, "security_groups": groups, "deletion_protection": on, "internal": internal,
            });
            kinds.get("load-balancer").unwrap().normal(&spec).unwrap()
        };
        let told = |remembered: bool, wanted: Value, replace: BTreeSet<Address>| {
            let (mut state, mut picture) = (State::empty("L"), Picture::default());
            // Somebody has switched it off at AWS.
            let entry = Entry { protected: remembered, ..sample::entry("arn:1", written(true, false)) };
            let owner = Ownership { lineage: "L".into(), address: address.clone(), intent: IntentId("I".into()) };
            let (outputs, spec) = (entry.outputs.clone(), written(false, false));
            let seen = Seen { id: entry.id.clone(), spec, outputs, phase: Phase::Ready, owner: Some(owner) };
            state.entries.insert(address.clone(), entry);
            picture.recorded.insert(address.clone(), Ok(Some(seen)));
            let desired = Desired { resources: [(address.clone(), Wanted::new(wanted))].into(), ..Desired::default() };
            let from = Sources { kinds: &kinds, desired: &desired, state: &state, picture: &picture };
            let steps = steps(from, &Request { mode: Mode::Apply, replace }).unwrap();
            assert!(steps.iter().any(|step| matches!(step.action, Action::Delete { .. })), "it is replaced");
            forbidden(&sample::plan(steps), &state, &BTreeSet::new())
        };
        let all = || [address.clone()].into();
        for (wanted, replace) in [(written(true, true), BTreeSet::new()), (written(true, false), all())] {
            assert_eq!(told(true, wanted.clone(), replace.clone()), [(address.clone(), Why::Removed)]);
            assert_eq!(told(false, wanted, replace), []);
        }
    }
}

//! What becomes of what others made: which of the file's resources it is, and what an id of each kind looks like.

mod discover;
mod edits;
mod elsewhere;
mod form;
mod guess;
mod map;
mod tfstate;
mod translate;
mod unlisted;

pub use discover::{Discovered, LISTED, Misnamed, Owned, Proposal, Unclear, discover};
pub use edits::edits;
pub use elsewhere::{Ground, LISTED_BY_PLACE, elsewhere, only_by_name};
pub use form::{Misfit, fits, form};
pub use guess::certainty;
pub use map::{Becomes, Certainty, Told, map};
pub use tfstate::{TfError, TfResource, TfState};
pub use unlisted::Unlisted;

#[cfg(test)]
mod tests {
    use bbws_engine::Picture;
    use bbws_engine::planner::{Request, Sources, steps};
    use bbws_model::{Action, Address, Desired, Entry, IntentId, Mode, Ownership, Phase, Seen, State, Wanted};
    use bbws_testkit::sample;
    use serde_json::{Value, json};

    /// A parameter group as the file has it, and one that is there with another description and name.
    fn planned(made_by_us: bool, keeps_name: bool) -> Vec<String> {
        let address: Address = "db-parameter-group.main".parse().unwrap();
        let group = |name: &str, description: &str| json!({"name": name, "family": "mysql8.0", "description": description, "parameters": {}, "tags": {}});
        let kinds = bbws_kinds::all();
        let normal = |spec: Value| kinds.get("db-parameter-group").unwrap().normal(&spec).unwrap();
        let (want, have) = (normal(group("wp", "the settings")), normal(group("poc", "Managed by Terraform")));
        let intent = IntentId("I".into());
        let renamed = keeps_name.then(|| bbws_model::Renamed { from: "wp".into(), to: "poc".into() });
        let (id, outputs) = ("poc".into(), json!({"name": "poc"}));
        let seen = Seen {
            id,
            spec: have.clone(),
            outputs: outputs.clone(),
            phase: Phase::Ready,
            owner: Some(Ownership { lineage: "L".into(), address: address.clone(), intent: intent.clone() }),
        };
        let entry = Entry { outputs, intent: made_by_us.then_some(intent), renamed, ..sample::entry("poc", have) };
        let (mut state, mut picture) = (State::empty("L"), Picture::default());
        state.entries.insert(address.clone(), entry);
        picture.recorded.insert(address.clone(), Ok(Some(seen)));
        let desired = Desired { resources: [(address, Wanted::new(want))].into(), ..Desired::default() };
        let from = Sources { kinds: &kinds, desired: &desired, state: &state, picture: &picture };
        let told = |action: &Action| match action {
            Action::Create { .. } => "create".to_owned(),
            Action::Delete { .. } => "delete".to_owned(),
            other => format!("{other:?}"),
        };
        let request = Request { mode: Mode::Apply, replace: Default::default() };
        steps(from, &request).unwrap().iter().map(|step| told(&step.action)).collect()
    }

    #[test]
    fn what_bbws_did_not_make_keeps_its_name_and_a_description_that_is_for_ever() {
        assert_eq!(planned(false, true), Vec::<String>::new());
        assert_eq!(planned(true, true), ["create", "delete"], "of its own making it is as the file says");
        assert_eq!(planned(false, false), ["create", "delete"], "a name is kept where that was recorded");
    }
}

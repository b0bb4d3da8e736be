//! What is recorded and not there: before a plan makes it anew it is looked for in the other regions that the file names, and a
//! variable that names another region is told.

use std::collections::BTreeSet;

use bbws_engine::{Picture, refresh};
use bbws_kinds::GLOBAL;
use bbws_model::{Address, Desired, Finding, Mode, Severity, State};
use bbws_operate::drift::gone;
use bbws_render::{At, ErrorId};

use crate::args::Global;
use crate::cloud::{Cloud, Look};
use crate::project::Project;
use crate::session::{Session, route};

/// So many are named; of the others the number is told.
const NAMED: usize = 5;

/// What was found of them elsewhere.
#[derive(Debug, PartialEq, Eq)]
struct Elsewhere {
    /// The region.
    region: String,
    /// What is there; none where it could not be looked at.
    found: Option<Vec<Address>>,
}

/// What is to be told of a plan that rests on something recorded which is not there; nothing where all is there.
pub(crate) async fn note<C: Cloud>(
    session: &Session<C::Link>,
    cloud: &C,
    (project, global): (&Project, &Global),
    (state, mode): (&State, Mode),
    picture: &Picture,
) -> Option<Finding> {
    let gone = gone(state, picture);
    let missing: Vec<&Address> = gone.iter().filter(|at| state.entries[*at].reached).collect();
    if missing.is_empty() {
        return None;
    }
    let environment = &session.offline.environment;
    let mut narrowed = state.clone();
    narrowed.entries.retain(|address, _| missing.contains(&address));
    let mut elsewhere = vec![];
    for region in other_regions(&environment.region, &environment.state.region) {
        let mut there = environment.clone();
        there.region.clone_from(&region);
        let route = route(global, project, &environment.account);
        let found = match cloud.look(&route, &there).await {
            Ok(eye) => Some(refresh(&eye.observers(), &session.offline.kinds, &Desired::default(), &narrowed).await),
            Err(_) => None,
        };
        let found = found.filter(|picture| picture.recorded.values().any(Result::is_ok)).map(|picture| {
            let seen = picture.recorded.into_iter().filter(|(_, found)| matches!(found, Ok(Some(_))));
            seen.map(|(address, _)| address).collect()
        });
        elsewhere.push(Elsewhere { region, found });
    }
    let variable = ["AWS_REGION", "AWS_DEFAULT_REGION"]
        .into_iter()
        .find_map(|name| Some((name, std::env::var(name).ok().filter(|region| !region.is_empty())?)))
        .filter(|(_, region)| *region != environment.region);
    let finding = told(state, &missing, (&environment.region, mode), &elsewhere, variable);
    let at = At { environment: Some(environment.name.clone()), flag: session.offline.flag().to_owned(), ..At::default() };
    Some(Finding { advice: at.fill(&finding.advice), ..finding })
}

/// The regions that the file names, and that of what is there for the whole world, without its own.
fn other_regions(own: &str, of_store: &str) -> BTreeSet<String> {
    [of_store, GLOBAL].into_iter().filter(|region| *region != own).map(str::to_owned).collect()
}

fn told(
    state: &State,
    missing: &[&Address],
    (own, mode): (&str, Mode),
    elsewhere: &[Elsewhere],
    variable: Option<(&str, String)>,
) -> Finding {
    let named: Vec<String> = missing.iter().take(NAMED).map(|at| format!("{at} ({})", state.entries[*at].id)).collect();
    let more = if missing.len() > NAMED { format!(" and {} more", missing.len() - NAMED) } else { String::new() };
    let verb = if missing.len() == 1 { "is" } else { "are" };
    let mut looked = format!("looked for in {own}: not there");
    for Elsewhere { region, found } in elsewhere {
        looked.push_str(&match found.as_deref() {
            None => format!("; {region} could not be looked at"),
            Some([]) => format!("; nor in {region}"),
            Some(found) => {
                format!("; in {region} there is {}", found.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
            }
        });
    }
    if let Some((name, region)) = variable {
        looked.push_str(&format!("; {name} is {region}, but bbws looks where the file says, in {own}"));
    }
    let found = elsewhere.iter().any(|one| one.found.as_ref().is_some_and(|found| !found.is_empty()));
    let advice = match (mode, found) {
        (Mode::Apply, true) => {
            "set `region` in the file to where the cluster is before anything is made a second time: bbws state show ENV"
        }
        (Mode::Apply, false) => {
            "if it was deleted, apply makes it anew, without what it held; if it still exists under another name or account, do not apply, \
             but put the file right: bbws state show ENV"
        }
        (Mode::Destroy, true) => {
            "a destroy forgets it and leaves it standing: set `region` in the file to where the cluster is first: bbws state show ENV"
        }
        (Mode::Destroy, false) => {
            "if it was deleted, nothing of it is left to destroy; if it still exists under another name or account, a destroy forgets it \
             and leaves it standing: bbws state show ENV"
        }
    };
    Finding::new(Severity::Warning, format!("{}{more} {verb} recorded and not there [{}]", named.join(", "), ErrorId::Absent))
        .seen(looked)
        .advise(advice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bbws_testkit::sample;
    use serde_json::json;

    #[test]
    fn what_is_missing_is_told_with_where_it_was_looked_for() {
        let mut state = State::empty("L");
        for number in 0..7 {
            let entry = sample::entry(&format!("id-{number}"), json!({}));
            state.entries.insert(format!("vpc.n{number}").parse().unwrap(), entry);
        }
        let all: Vec<&Address> = state.entries.keys().collect();
        let nowhere = Elsewhere { region: "us-east-1".into(), found: Some(vec![]) };
        let finding = told(&state, &all, ("af-south-1", Mode::Apply), &[nowhere], Some(("AWS_REGION", "eu-west-1".into())));
        assert!(finding.summary.contains("vpc.n4 (id-4) and 2 more are recorded and not there [E-ABSENT]"), "{finding:?}");
        assert_eq!(
            finding.evidence,
            "looked for in af-south-1: not there; nor in us-east-1; AWS_REGION is eu-west-1, but bbws looks where the file says, in af-south-1"
        );
        let there = Elsewhere { region: "eu-west-1".into(), found: Some(vec![all[0].clone()]) };
        let shut = Elsewhere { region: "us-east-1".into(), found: None };
        let finding = told(&state, &all[..1], ("af-south-1", Mode::Apply), &[there, shut], None);
        assert!(finding.evidence.contains("in eu-west-1 there is vpc.n0; us-east-1 could not be looked at"), "{finding:?}");
        assert!(finding.advice.contains("set `region` in the file"));
        for (found, says) in
            [(Some(vec![]), "nothing of it is left to destroy"), (Some(vec![all[0].clone()]), "leaves it standing: set `region`")]
        {
            let elsewhere = [Elsewhere { region: "eu-west-1".into(), found }];
            let advice = told(&state, &all[..1], ("af-south-1", Mode::Destroy), &elsewhere, None).advice;
            assert!(advice.contains(says) && !advice.contains("apply") && !advice.contains("anew"), "{advice}");
        }
    }

    #[test]
    fn the_regions_of_a_file_are_its_own_its_stores_and_that_of_the_world() {
        assert_eq!(other_regions("af-south-1", "af-south-1").into_iter().collect::<Vec<_>>(), ["us-east-1"]);
        assert_eq!(other_regions("us-east-1", "eu-west-1").into_iter().collect::<Vec<_>>(), ["eu-west-1"]);
    }
}

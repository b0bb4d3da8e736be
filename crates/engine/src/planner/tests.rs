use std::collections::BTreeSet;

use bbws_model::{
    Action, Address, BackupRule, Class, CloudError, Desired, Diff, Durations, Entry, Facts, Finding, Kind, Kinds, Meters, Mode, NameRule,
    Observed, OutputFact, Ownership, Pace, Permissions, Phase, Reads, Reason, Recorded, Recovery, Replacement, Seen, SpecProblem, Stage,
    State, Wanted, Written, pointers,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Request, Sources, steps};
use crate::Picture;

/// A toy: one field of each verb.
enum Toy {}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(bound = "")]
#[schemars(bound = "")]
struct ToySpec<S: Stage> {
    #[serde(default)]
    name: String,
    #[serde(default)]
    on: Option<S::Text>,
    #[serde(default)]
    holds: Option<S::Text>,
    #[serde(default)]
    size: u32,
    #[serde(default)]
    key: u32,
    #[serde(default)]
    bound: Option<S::Text>,
    #[serde(default)]
    first: bool,
}

impl Kind for Toy {
    const NAME: &'static str = "toy";
    const FACTS: Facts = Facts {
        service: "toy",
        id_prefix: "",
        holds_data: true,
        loses: None,
        backbone: false,
        carries: false,
        name: Some(NameRule { field: "name", max: 8 }),
        soft_on: &[],
        recovery: Recovery::NaturalKey,
        durations: Durations::secs(1, 1, 1, 1),
        pace: Pace { bucket: "toy", burst: 1, per_second: 1.0 },
    };
    const PERMISSIONS: Permissions = Permissions { observe: &[], create: &[], update: &[], delete: &[] };
    const OUTPUTS: &'static [OutputFact] = &[OutputFact::created("id")];
    type Spec<S: Stage> = ToySpec<S>;
    type Outputs = Value;

    fn check(_: &ToySpec<Written>) -> Vec<SpecProblem> {
        vec![]
    }

    fn diff(have: &ToySpec<Written>, want: &ToySpec<Written>) -> Diff {
        let ToySpec { name, on, holds, size, key, bound, first: _ } = want;
        let diff = Diff::new().replace("name", &have.name, name).replace("on", &have.on, on).update("holds", &have.holds, holds);
        let diff = diff.update("size", &have.size, size).with_backup().forbid("key", &have.key, key, "restore it from a copy");
        diff.forbid("bound", &have.bound, bound, "it stands there for ever")
    }

    fn replacement(_: &ToySpec<Written>, want: &ToySpec<Written>) -> Replacement {
        if want.first { Replacement::DELETE_FIRST } else { Replacement::FRESH_NAME }
    }

    fn meters(_: &ToySpec<Written>) -> Meters {
        Meters::free()
    }

    fn reads(_: &[Recorded<Self>]) -> Reads {
        Reads::none()
    }

    fn health(_: &Observed<Self>) -> Vec<Finding> {
        vec![]
    }
}

fn kinds() -> Kinds {
    Kinds::new().with::<Toy>()
}

fn kinds_with_backup() -> Kinds {
    kinds_leaving(None)
}

fn kinds_leaving(left_by_delete: Option<&'static str>) -> Kinds {
    kinds().with_backup("toy", BackupRule { kind: "copy", spec: |of, name| json!({"of": of, "name": name}), left_by_delete })
}

fn address(name: &str) -> Address {
    Address::new("toy", name).unwrap()
}

fn to(name: &str) -> Value {
    json!({"$ref": format!("toy.{name}"), "output": "id"})
}

fn desired(of: &[(&str, Value)]) -> Desired {
    Desired { resources: of.iter().map(|(name, spec)| (address(name), Wanted::new(spec.clone()))).collect(), ..Desired::default() }
}

/// A world in which all of this was applied: references hold the ids `id-<name>`.
fn applied(of: &[(&str, Value)]) -> (State, Picture) {
    let (mut state, mut picture) = (State::empty("L"), Picture::default());
    for (name, written) in of {
        let spec = bbws_model::resolve(written, &|p| Some(json!(format!("id-{}", p.to.name()))));
        let spec = kinds().get("toy").unwrap().normal(&spec).unwrap();
        let (address, id, outputs) = (address(name), format!("id-{name}"), json!({"id": format!("id-{name}")}));
        let owner = Ownership { lineage: "L".into(), address: address.clone(), intent: bbws_model::IntentId("I".into()) };
        let seen = Seen { id: id.as_str().into(), spec: spec.clone(), outputs: outputs.clone(), phase: Phase::Ready, owner: Some(owner) };
        picture.recorded.insert(address.clone(), Ok(Some(seen)));
        let dependencies = pointers(written).into_iter().map(|p| p.to).collect();
        let entry = Entry {
            id: id.into(),
            spec,
            outputs,
            dependencies,
            reached: true,
            intent: None,
            existing: false,
            protected: false,
            renamed: None,
            deposed: vec![],
        };
        state.entries.insert(address, entry);
    }
    (state, picture)
}

fn plan(kinds: &Kinds, desired: &Desired, (state, picture): &(State, Picture), mode: Mode) -> Result<Vec<String>, Vec<Finding>> {
    let request = Request { mode, replace: BTreeSet::new() };
    let steps = steps(Sources { kinds, desired, state, picture }, &request)?;
    assert_eq!(crate::check(&steps, state, kinds), vec![], "the checker finds nothing wrong with what the planner makes");
    for step in &steps {
        assert!(step.after.iter().all(|a| a.step < step.id), "{} stands before what it comes after", step.id);
    }
    let verb = |action: &Action| match action {
        Action::Create { want, .. } => format!("create {}", want["name"].as_str().unwrap_or_default()),
        Action::Update { .. } => "update".into(),
        Action::Delete { .. } => "delete".into(),
        Action::Adopt { .. } => "adopt".into(),
        Action::Forget { .. } => "forget".into(),
        Action::Rename { .. } => "rename".into(),
        Action::Backup { .. } => "backup".into(),
    };
    Ok(steps.iter().map(|s| format!("{}: {}", s.address.name(), verb(&s.action).trim())).collect())
}

#[test]
fn what_is_new_is_made_after_what_it_refers_to() {
    let want = desired(&[("a", json!({"on": to("b")})), ("b", json!({}))]);
    assert_eq!(plan(&kinds(), &want, &applied(&[]), Mode::Apply).unwrap(), ["b: create", "a: create"]);
}

#[test]
fn what_is_as_wanted_gets_no_step() {
    let of = [("a", json!({"on": to("b"), "size": 3})), ("b", json!({}))];
    assert_eq!(plan(&kinds(), &desired(&of), &applied(&of), Mode::Apply).unwrap(), Vec::<String>::new());
}

#[test]
fn what_settles_by_itself_is_told_from_what_a_run_left_unfinished() {
    let of = [("a", json!({"size": 3}))];
    let reason = |phase: Phase, reached: bool| {
        let (mut state, mut picture) = applied(&of);
        state.entries.get_mut(&address("a")).unwrap().reached = reached;
        let Some(Ok(Some(seen))) = picture.recorded.get_mut(&address("a")) else { panic!("it was applied") };
        seen.phase = phase;
        let request = Request { mode: Mode::Apply, replace: BTreeSet::new() };
        let steps = steps(Sources { kinds: &kinds_with_backup(), desired: &desired(&of), state: &state, picture: &picture }, &request);
        steps.unwrap().into_iter().map(|step| step.reason).collect::<Vec<_>>()
    };
    let pending = || Phase::Pending("modifying".into());
    assert_eq!(reason(pending(), true), [Reason::Settling("modifying".into())]);
    assert_eq!(reason(pending(), false), [Reason::Unfinished]);
    assert_eq!(reason(Phase::Ready, false), [Reason::Unfinished]);
    assert_eq!(reason(Phase::Failed("lost".into()), true), [Reason::Failing("lost".into())], "what holds data is not replaced for that");
    assert_eq!(reason(Phase::Ready, true), []);
}

#[test]
fn what_is_undeclared_goes_after_all_that_hold_it() {
    let of = [("a", json!({"on": to("b")})), ("b", json!({}))];
    assert_eq!(plan(&kinds(), &desired(&of), &applied(&of), Mode::Destroy).unwrap(), ["a: delete", "b: delete"]);
}

/// A run that did the one half of a replacement and not the other has destroyed something.
#[test]
fn half_a_replacement_is_counted_as_what_it_is() {
    let (was, is) = ([("a", json!({"name": "n1"}))], [("a", json!({"name": "n2", "first": true}))]);
    let (state, picture) = applied(&was);
    let request = Request { mode: Mode::Apply, replace: BTreeSet::new() };
    let steps = steps(Sources { kinds: &kinds(), desired: &desired(&is), state: &state, picture: &picture }, &request).unwrap();
    let counts = |many: usize| bbws_model::Counts::of(&steps[..many]);
    assert_eq!((counts(1).destroy, counts(1).replace), (1, 0), "{steps:?}");
    assert_eq!((counts(2).destroy, counts(2).replace), (0, 1));
}

#[test]
fn what_is_made_where_another_stands_waits_until_that_is_gone() {
    let named = |a: &str, b: &str| [("a", json!({"name": a})), ("b", json!({"name": b}))];
    let moved = |was: &[(&str, Value)], is: &[(&str, Value)]| plan(&kinds(), &desired(is), &applied(was), Mode::Apply);
    let (was, chain) = (named("n1", "n2"), named("n2", "n3"));
    assert_eq!(moved(&was, &chain).unwrap(), ["b: create n3", "b: delete", "a: create n2", "a: delete"]);
    // What is taken out of the file frees its place as well.
    assert_eq!(moved(&was, &[("c", json!({"name": "n2"})), was[0].clone()]).unwrap(), ["b: delete", "c: create n2"]);
    // Each waits for the other.
    let told = |wrong: Vec<Finding>| wrong.into_iter().map(|one| format!("{}: {}", one.address.unwrap(), one.summary)).collect::<Vec<_>>();
    let held = "toy.a: toy.b (id-b) still has the place that is wanted, and goes only after everything has moved over";
    let swapped = told(moved(&was, &named("n2", "n1")).unwrap_err());
    assert_eq!(
        swapped,
        [held, &held.replace("toy.a", "toy.x").replace("toy.b", "toy.a").replace("toy.x", "toy.b").replace("id-b", "id-a")]
    );
    // What holds the one lets go of it only for the other.
    let holder = [("c", json!({"name": "c", "holds": to("b"), "size": 1}))];
    let both = [&chain[..], &[("c", json!({"name": "c", "holds": to("a"), "size": 1}))]].concat();
    let refused = told(moved(&[&was[..], &holder].concat(), &both).unwrap_err());
    assert_eq!(refused, [held]);
}

#[test]
fn a_change_of_data_is_preceded_by_a_copy() {
    let (was, is) = ([("a", json!({"size": 1}))], [("a", json!({"size": 2}))]);
    assert_eq!(plan(&kinds_with_backup(), &desired(&is), &applied(&was), Mode::Apply).unwrap(), ["a: backup", "a: update"]);
}

#[test]
fn a_delete_is_preceded_by_a_copy_unless_it_leaves_one_itself() {
    let was = [("a", json!({"size": 1}))];
    let destroyed = |kinds: &Kinds| plan(kinds, &desired(&[]), &applied(&was), Mode::Destroy).unwrap();
    assert_eq!(destroyed(&kinds_with_backup()), ["a: backup", "a: delete"]);
    assert_eq!(destroyed(&kinds_leaving(Some("last"))), ["a: delete"]);
    let is = [("a", json!({"size": 2}))];
    assert_eq!(plan(&kinds_leaving(Some("last")), &desired(&is), &applied(&was), Mode::Apply).unwrap(), ["a: backup", "a: update"]);
}

#[test]
fn a_replacement_takes_a_fresh_name_and_others_let_go_before_the_old_one_goes() {
    let was = [("a", json!({"holds": to("b")})), ("b", json!({"name": "b", "on": "x"}))];
    let is = [("a", json!({"holds": to("b")})), ("b", json!({"name": "b", "on": "y"}))];
    assert_eq!(plan(&kinds(), &desired(&is), &applied(&was), Mode::Apply).unwrap(), ["b: create b-2", "a: update", "b: delete"]);
}

#[test]
fn one_that_must_go_first_takes_those_on_it_along() {
    let was = [("a", json!({"on": to("b")})), ("b", json!({"name": "b"}))];
    let is = [("a", json!({"on": to("b")})), ("b", json!({"name": "c", "first": true}))];
    assert_eq!(
        plan(&kinds(), &desired(&is), &applied(&was), Mode::Apply).unwrap(),
        ["a: delete", "b: delete", "b: create c", "a: create -2"]
    );
}

#[test]
fn one_that_must_go_first_but_is_held_is_refused() {
    let was = [("a", json!({"holds": to("b")})), ("b", json!({"name": "b"}))];
    let is = [("a", json!({"holds": to("b")})), ("b", json!({"name": "c", "first": true}))];
    let wrong = plan(&kinds(), &desired(&is), &applied(&was), Mode::Apply).unwrap_err();
    assert!(wrong[0].summary.contains("toy.a holds it"), "{wrong:?}");
}

#[test]
fn what_would_lose_data_is_refused_with_the_way() {
    let (was, is) = ([("a", json!({"key": 1}))], [("a", json!({"key": 2}))]);
    let wrong = plan(&kinds(), &desired(&is), &applied(&was), Mode::Apply).unwrap_err();
    assert_eq!(wrong[0].advice, "restore it from a copy");
}

#[test]
fn a_failed_look_is_not_an_absence() {
    let of = [("a", json!({}))];
    let (state, mut picture) = applied(&of);
    picture.recorded.insert(address("a"), Err(CloudError::own("toy:Describe", Class::Transient, "reset")));
    let wrong = plan(&kinds(), &desired(&of), &(state, picture), Mode::Apply).unwrap_err();
    assert_eq!(wrong[0].summary, "it could not be read");
}

#[test]
fn what_refers_to_something_unread_is_not_judged_by_it() {
    let told = |key: u32| {
        let all = |key: u32| {
            let (b, c) = (json!({"bound": to("a"), "key": key}), json!({"bound": to("b"), "on": to("a"), "size": 1}));
            [("a", json!({"name": "a"})), ("b", b), ("c", c)]
        };
        let (state, mut picture) = applied(&all(0));
        picture.recorded.insert(address("a"), Err(CloudError::own("toy:Describe", Class::Denied, "no")));
        let wrong = plan(&kinds(), &desired(&all(key)), &(state, picture), Mode::Apply).unwrap_err();
        wrong.into_iter().map(|f| (f.address.unwrap().name().to_owned(), f.summary)).collect::<Vec<_>>()
    };
    let unread = ("a".to_owned(), "it could not be read".to_owned());
    assert_eq!(told(0), std::slice::from_ref(&unread));
    // What is known to stand in the way is told with it.
    let lost = ("b".to_owned(), "`key` must not be changed by a plan: data would be lost".to_owned());
    assert_eq!(told(1), [unread, lost]);

    // What is there and must not be changed hides nothing of what refers to it.
    let of = |key: u32, bound: Value| [("a", json!({"key": key})), ("b", json!({"bound": bound}))];
    let wrong = plan(&kinds(), &desired(&of(1, to("a"))), &applied(&of(0, to("a"))), Mode::Apply).unwrap_err();
    assert_eq!(wrong.len(), 1, "it is bound to what it was: {wrong:?}");
    let wrong = plan(&kinds(), &desired(&of(1, to("a"))), &applied(&of(0, json!("other"))), Mode::Apply).unwrap_err();
    assert_eq!(wrong.iter().map(|one| one.advice.as_str()).collect::<Vec<_>>(), ["restore it from a copy", "it stands there for ever"]);

    // A new object in the place of what it is bound to is known to be another.
    let of = |name: &str| [("a", json!({"name": name, "first": true})), ("b", json!({"bound": to("a")}))];
    let (state, mut picture) = applied(&of("a"));
    picture.recorded.insert(address("a"), Ok(None));
    let wrong = plan(&kinds(), &desired(&of("a")), &(state, picture), Mode::Apply).unwrap_err();
    assert_eq!(wrong[0].advice, "it stands there for ever");
}

#[test]
fn what_is_gone_is_made_again_and_what_is_not_ours_is_left_alone() {
    let of = [("a", json!({}))];
    let (state, mut picture) = applied(&of);
    let mut theirs = picture.recorded[&address("a")].clone().unwrap().unwrap();
    picture.recorded.insert(address("a"), Ok(None));
    assert_eq!(plan(&kinds(), &desired(&of), &(state.clone(), picture.clone()), Mode::Apply).unwrap(), ["a: create"]);

    theirs.owner = None;
    theirs.id = "id-theirs".into();
    let new = desired(&[("a", json!({})), ("n", json!({}))]);
    let (state, mut picture) = applied(&of);
    picture.unrecorded.insert(address("n"), Ok(Some(theirs)));
    let wrong = plan(&kinds(), &new, &(state, picture), Mode::Apply).unwrap_err();
    assert!(wrong[0].summary.contains("is not ours"), "{wrong:?}");
}

#[test]
fn an_object_of_another_state_is_never_removed() {
    let (state, mut picture) = applied(&[("a", json!({}))]);
    if let Some(Ok(Some(seen))) = picture.recorded.get_mut(&address("a")) {
        seen.owner.as_mut().unwrap().lineage = "OTHER".into();
    }
    assert!(plan(&kinds(), &desired(&[]), &(state, picture), Mode::Destroy).is_err());
}

/// Each way of spoiling a sound plan, and what the checker says to it.
#[test]
fn the_checker_finds_what_is_wrong() {
    let was = [("a", json!({"holds": to("b")})), ("b", json!({}))];
    let (state, picture) = applied(&was);
    let kinds = kinds_with_backup();
    let want = desired(&[("n", json!({"on": to("m")})), ("m", json!({}))]);
    let request = Request { mode: Mode::Apply, replace: BTreeSet::new() };
    let sound = steps(Sources { kinds: &kinds, desired: &want, state: &state, picture: &picture }, &request).unwrap();
    assert_eq!(crate::check(&sound, &state, &kinds), vec![]);
    let place = |name: &str, delete: bool| {
        sound
            .iter()
            .position(|s| {
                s.address.name() == name
                    && matches!(s.action, Action::Delete { .. }) == delete
                    && !matches!(s.action, Action::Backup { .. })
            })
            .unwrap()
    };
    let told = |spoil: &dyn Fn(&mut Vec<bbws_model::Step>, &mut State)| {
        let (mut steps, mut state) = (sound.clone(), state.clone());
        spoil(&mut steps, &mut state);
        crate::check(&steps, &state, &kinds).into_iter().map(|f| f.summary).collect::<Vec<_>>().join("; ")
    };
    let (b, n) = (place("b", true), place("n", false));
    assert!(told(&|s, _| s[b].after.clear()).contains("deletes what toy.a still holds"));
    assert!(told(&|s, _| s[b].after.clear()).contains("without copying it first"));
    assert!(told(&|s, _| s[n].after.clear()).contains("which no step before it makes"));
    assert!(told(&|_, state| state.entries.get_mut(&address("b")).unwrap().existing = true).contains("existed before bbws"));
    assert!(
        told(&|_, state| state.entries.get_mut(&address("b")).unwrap().id = "other".into()).contains("is not recorded for this address")
    );
    assert!(told(&|s, _| s[n].reason = bbws_model::Reason::Changed(vec![])).contains("gives no reason"));
    assert!(told(&|s, _| s[n].after[0].step = bbws_model::StepId(99)).contains("stands behind it"));
    assert!(
        told(&|s, _| {
            let mut twice = s[n].clone();
            twice.id = bbws_model::StepId(s.len());
            s.push(twice)
        })
        .contains("another step makes or changes it")
    );
}

#[test]
fn the_checker_finds_an_object_that_is_recorded_under_another_address() {
    let (state, picture) = applied(&[("b", json!({}))]);
    let (kinds, new) = (kinds(), desired(&[("a", json!({"name": "other"})), ("b", json!({}))]));
    let request = Request { mode: Mode::Apply, replace: BTreeSet::new() };
    let mut steps = steps(Sources { kinds: &kinds, desired: &new, state: &state, picture: &picture }, &request).unwrap();
    let (have, existing) = (json!({}), false);
    steps[0].action = Action::Adopt { id: "id-b".into(), want: have.clone(), have, existing, asked: false, renamed: None };
    let told: Vec<String> = crate::check(&steps, &state, &kinds).into_iter().map(|finding| finding.summary).collect();
    assert_eq!(told, ["step #0: it takes id-b, which is recorded as toy.b"]);
}

#[test]
fn what_holds_data_cannot_go_without_a_word() {
    let was = applied(&[("a", json!({}))]);
    for (kinds, stays) in
        [(kinds(), "goes with it"), (kinds_with_backup(), "made first stays"), (kinds_leaving(Some("last")), "last copy of it stays")]
    {
        let (state, picture) = &was;
        let request = Request { mode: Mode::Destroy, replace: BTreeSet::new() };
        let steps = steps(Sources { kinds: &kinds, desired: &Desired::default(), state, picture }, &request).unwrap();
        let delete = steps.iter().find(|s| matches!(s.action, Action::Delete { .. })).unwrap();
        assert!(delete.can(bbws_model::RiskKind::DataLoss) && delete.risks[0].text.ends_with(stays), "{:?}", delete.risks);
    }
}

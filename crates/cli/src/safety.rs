//! What is refused before anything is done.

use std::collections::BTreeSet;
use std::time::Duration;

use bbws_cluster::{Environment, Tier};
use bbws_engine::Schedule;
use bbws_model::{Account, Action, Address, BrokenGlass, Entry, Finding, Kinds, Mode, Plan, Severity, State, World};
use bbws_operate::protection;
use bbws_render::{ErrorId, Mismatch, Place, Refusal, Style};

use crate::cloud::{Caller, SessionLife};
use crate::session::Offline;
use crate::{Exit, Failure};

/// Compares the caller's account with the environment's.
///
/// # Errors
/// When they differ. The message says all that is needed to put it right, for whatever was intended.
pub(crate) fn check_account(offline: &Offline, caller: &Caller, command: &str) -> Result<(), Failure> {
    let Offline { environment, siblings, sandbox, beside_account: flag, style, .. } = offline;
    if caller.account == environment.account {
        return Ok(());
    }
    let place = |name: &str, account: &Account, profile: &Option<String>| Place {
        environment: name.to_owned(),
        account: account.clone(),
        profile: profile.clone(),
    };
    let asked = place(&environment.name, &environment.account, &environment.profile);
    let others = siblings.iter().filter_map(|other| Some(place(&other.name, other.account.as_ref()?, &other.profile)));
    let all: Vec<Place> = std::iter::once(asked.clone()).chain(others).collect();
    // Credentials in variables come before those of the profile.
    let in_variables = std::env::var_os("AWS_ACCESS_KEY_ID").is_some_and(|key| !key.is_empty());
    let profile = environment.profile.as_deref().filter(|_| !in_variables);
    let found = &caller.account;
    let mismatch = Mismatch { asked: &asked, all: &all, found, caller: &caller.arn, profile, command, sandbox: *sandbox, flag };
    let told = bbws_render::account_mismatch(&mismatch, *style);
    let whose = if *sandbox { "the sandbox does not play" } else { "the credentials are not of" };
    let failure = Failure::new(Exit::Refused, format!("{whose} the account of {}", environment.name)).of(ErrorId::Account);
    Err(failure.because(format!("expected {}, got {found}", environment.account)).tell(told))
}

/// Whether the environment may be changed without an approval. Decided by its file, before any call.
///
/// # Errors
/// For production; in the sandbox only where somebody says who they are.
pub(crate) fn check_tier(offline: &Offline, mode: Mode) -> Result<(), Failure> {
    if !offline.governed {
        return Ok(());
    }
    let refusal = match mode {
        Mode::Apply => Refusal::NoApproval,
        Mode::Destroy => Refusal::Destroy,
    };
    Err(production(offline, &refusal))
}

/// Whether what others stand on may be removed: nowhere in production, a rehearsal included.
///
/// # Errors
/// For production.
pub(crate) fn check_tenants(offline: &Offline) -> Result<(), Failure> {
    let (name, flag) = (&offline.environment.name, offline.flag());
    if !offline.environment.tier.is_prod() {
        return Ok(());
    }
    Err(Failure::new(Exit::Refused, format!("{name} is production: --with-tenants is refused"))
        .of(ErrorId::Production)
        .because("what tenants stand on in production is never given up, in no rehearsal either")
        .advise(format!("see what others have hung there: bbws plan {name} --destroy{flag}")))
}

/// Whether what is recorded may be changed by what rests on no plan. Decided by the environment's file, before any call.
///
/// # Errors
/// As [`check_tier`].
pub(crate) fn check_unplanned(offline: &Offline, verb: &str) -> Result<(), Failure> {
    let refusal = if verb == "import" { Refusal::Import } else { Refusal::Unplanned(verb.to_owned()) };
    if offline.governed { Err(production(offline, &refusal)) } else { Ok(()) }
}

fn production(offline: &Offline, refusal: &Refusal) -> Failure {
    let name = &offline.environment.name;
    let why = match refusal {
        Refusal::NoApproval => "a change of production needs an approval of the exact plan",
        Refusal::Import => "what production takes under management needs an approval of exactly that",
        Refusal::Unplanned(_) => "this change stands in no plan, so nobody can approve it",
        Refusal::Destroy => "production is never destroyed",
        Refusal::Steps(_) => "a step would delete or replace what production stands on",
    };
    let failure = Failure::new(Exit::Refused, format!("{name} is production: refused")).of(ErrorId::Production).because(why);
    failure.tell(bbws_render::prod_refused(name, (offline.flag(), &offline.others), refusal, offline.style))
}

/// Whether a plan would delete or replace, in production, what holds data or what the cluster stands on. A subnet in which
/// nothing stands carries nobody.
///
/// # Errors
/// When it would.
pub(crate) fn check_production(plan: &Plan, state: &State, offline: &Offline) -> Result<(), Failure> {
    let steps = ruinous(plan, &offline.kinds, state);
    if steps.is_empty() { Ok(()) } else { Err(production(offline, &Refusal::Steps(steps))) }
}

/// The steps that would, each resource with the verb.
fn ruinous(plan: &Plan, kinds: &Kinds, state: &State) -> Vec<(Address, String)> {
    let spare = |address: &Address| {
        let inside = |(at, entry): (&Address, &Entry)| at.kind() != "route-table-association" && entry.dependencies.contains(address);
        address.kind() == "subnet" && !state.entries.iter().any(inside)
    };
    let mut steps: Vec<(Address, String)> = vec![];
    for step in &plan.steps {
        let verb = match (&step.action, step.pair) {
            (Action::Create { .. }, Some(_)) => "replace",
            (Action::Delete { deposed: false, .. }, None) => "delete",
            _ => continue,
        };
        if kinds.get(step.address.kind()).is_some_and(|kind| kind.facts().holds_data || kind.facts().backbone) && !spare(&step.address) {
            steps.push((step.address.clone(), verb.to_owned()));
        }
    }
    steps
}

/// Whether a plan would delete what is protected against deletion. AWS would refuse it in the middle of the run, when half of
/// the cluster is gone.
///
/// # Errors
/// When it would.
pub(crate) fn check_protection(tier: Tier, plan: &Plan, state: &State, unprotected: &BTreeSet<Address>) -> Result<(), Failure> {
    // The file of production has to say so, in the sandbox too.
    let way = if tier.is_prod() {
        "production keeps its protection, and its file may not say otherwise; in the sandbox `bbws sandbox reset` clears all there is"
    } else {
        "in two steps: first write `deletion_protection = false` on it in the environment file, and apply that; then remove it"
    };
    let back =
        "a line that is missing gives no protection up: put `deletion_protection = true` back, or write `deletion_protection = false`";
    let forbidden = protection::forbidden(plan, state, unprotected);
    let findings: Vec<Finding> = forbidden
        .iter()
        .map(|(address, why)| {
            let error = |what: &str, way: &str| Finding::new(Severity::Error, what).at(address).advise(way);
            match why {
                protection::Why::Removed => error("it is protected against deletion, and its state remembers that", way),
                protection::Why::Unsaid => error("it is protected against deletion, and the file no longer says so", back),
            }
        })
        .collect();
    if findings.is_empty() {
        return Ok(());
    }
    let removes = forbidden.iter().any(|(_, why)| *why == protection::Why::Removed);
    let verb = if removes { "delete" } else { "take the protection from" };
    let what = format!("the plan for {} would {verb} what is protected", plan.basis.environment);
    let why = if removes { "AWS would refuse it when half of the work is done; nothing was changed" } else { "nothing was changed" };
    Err(Failure::new(Exit::Refused, what).of(ErrorId::Protected).because(why).with(findings))
}

/// So many changes without an approval are told one by one.
const GLASS_TOLD: usize = 3;

/// What every plan tells of changes that were made without an approval.
pub(crate) fn glass(state: &State) -> Vec<Finding> {
    let told = |one: &BrokenGlass| {
        let what = format!("it was changed without an approval at {} by {} (run {})", one.at, one.by, one.run);
        Finding::new(Severity::Warning, what).seen(one.reason.clone())
    };
    let hidden = state.glass.len().saturating_sub(GLASS_TOLD);
    let mut all: Vec<Finding> = state.glass.iter().skip(hidden).map(told).collect();
    if hidden > 0 {
        all.push(Finding::new(Severity::Warning, format!("it was changed without an approval {hidden} times more, earlier")));
    }
    all
}

/// Whether a plan would delete or replace what others have hung something on.
///
/// # Errors
/// When it would, with the name of each.
pub(crate) fn check_foreign(plan: &Plan, found: Vec<Finding>) -> Result<(), Failure> {
    if found.is_empty() {
        return Ok(());
    }
    let what = format!("the plan for {} would harm what is not bbws's", plan.basis.environment);
    Err(Failure::new(Exit::Refused, what).of(ErrorId::Foreign).because("nothing was changed").with(found))
}

/// A run that is expected to be over sooner than this is taken to last so long: AWS may take its time.
const SHORTEST_RUN: Duration = Duration::from_secs(15 * 60);

/// Whether the session of the credentials lasts as long as a run of this plan is expected to. Answers what there is to be told
/// where it may not.
///
/// # Errors
/// When it will not, and no other session can be had without a person.
pub(crate) fn check_session(plan: &Plan, kinds: &Kinds, session: Option<SessionLife>) -> Result<Option<String>, Failure> {
    let Some(SessionLife { left, renewable: false }) = session else { return Ok(None) };
    let expected = Schedule::new(&plan.steps, kinds).critical_path();
    let minutes = |time: Duration| time.as_secs() / 60;
    if left < expected {
        return Err(Failure::new(Exit::Later, "the session of the credentials ends before this run would; nothing was changed")
            .of(ErrorId::Session)
            .because(format!("it lasts {} more minutes, and AWS is expected to take {}", minutes(left), minutes(expected) + 1))
            .advise("sign in anew right before the run, for longer: `duration_seconds` of the profile, as far as the role allows it"));
    }
    let told = format!(
        "The session of the credentials ends in {} minutes, and cannot be renewed without you. What is not done by then waits for the next run.",
        minutes(left)
    );
    Ok((left < expected.max(SHORTEST_RUN)).then_some(told))
}

/// Whether the state speaks of the place that the calls go to.
///
/// # Errors
/// When it belongs to another world, account or region.
pub(crate) fn check_state(environment: &Environment, world: &World, state: &State, style: Style) -> Result<(), Failure> {
    let name = &environment.name;
    if let Some(theirs) = state.world.as_ref().filter(|theirs| *theirs != world) {
        let failure = Failure::new(Exit::Refused, format!("the state of {name} belongs to {theirs}, not to {world}")).of(ErrorId::World);
        return Err(failure.tell(bbws_render::wrong_world(name, theirs, world, style)));
    }
    let (account, region) = (&environment.account, &environment.region);
    let moved =
        state.account.as_ref().is_some_and(|theirs| theirs != account) || state.region.as_ref().is_some_and(|theirs| theirs != region);
    if moved {
        let theirs = (state.account.as_ref().map_or("unknown", Account::as_str), state.region.as_deref().unwrap_or("unknown"));
        let what = format!("the state of {name} belongs to account {}, {}; its file says {account}, {region}", theirs.0, theirs.1);
        return Err(Failure::new(Exit::Refused, what)
            .of(ErrorId::World)
            .because("a cluster does not move: the one that exists would be forgotten, and a second one made")
            .advise("put account and region back; or destroy the cluster first, then change them"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use bbws_model::{FieldChange, Reason, Step, StepId, Verb};
    use bbws_testkit::sample;
    use serde_json::json;

    fn step(id: usize, address: &str, action: Action, pair: Option<usize>) -> Step {
        let change = FieldChange { field: "a".into(), verb: Verb::Replace, from: json!(1), to: json!(2), risks: vec![], backup: false };
        let (id, pair, reason) = (StepId(id), pair.map(StepId), Reason::Replacing(vec![change]));
        Step { id, reason, pair, ..sample::step(address, action) }
    }

    fn plan(steps: Vec<Step>) -> Plan {
        let mut plan = sample::plan(steps);
        plan.basis.environment = "prod".into();
        plan
    }

    #[test]
    fn a_session_that_ends_before_the_run_would_is_refused_and_a_short_one_is_told() {
        let kinds = bbws_kinds::all();
        let create = Action::Create { want: json!({}), renamed: None };
        let database = plan(vec![step(0, "db-instance.main", create.clone(), None)]);
        let expected = Schedule::new(&database.steps, &kinds).critical_path();
        let life = |left, renewable| Some(SessionLife { left, renewable });
        let second = Duration::from_secs(1);
        let failure = check_session(&database, &kinds, life(expected - second, false)).unwrap_err();
        assert_eq!((failure.exit, failure.json()["id"].as_str()), (Exit::Later, Some("E-SESSION")));
        assert!(failure.advice[0].starts_with("sign in anew right before the run"), "{failure:?}");
        for session in [life(expected.max(SHORTEST_RUN), false), life(second, true), None] {
            assert_eq!(check_session(&database, &kinds, session).unwrap(), None, "{session:?}");
        }
        let quick = plan(vec![step(0, "log-group.ecs", create, None)]);
        assert!(check_session(&quick, &kinds, life(SHORTEST_RUN - second, false)).unwrap().unwrap().contains("14 minutes"));
    }

    #[test]
    fn what_is_protected_is_told_before_anything_is_deleted() {
        let delete = |protected| Action::Delete { id: "x".into(), have: json!({ "deletion_protection": protected }), deposed: false };
        let state = State::empty("L");
        let told = |tier, protected| {
            check_protection(tier, &plan(vec![step(0, "db-instance.main", delete(protected), None)]), &state, &BTreeSet::new())
        };
        assert!(told(Tier::Dev, false).is_ok());
        // The way that is told can be gone: production's file may not take the protection off.
        for (tier, way) in [(Tier::Dev, "`deletion_protection = false`"), (Tier::Prod, "`bbws sandbox reset`")] {
            let failure = told(tier, true).unwrap_err();
            assert_eq!((failure.exit, failure.findings.len()), (Exit::Refused, 1));
            assert!(format!("{:?}", failure.findings[0]).contains(way), "{:?}", failure.findings);
        }
    }

    #[test]
    fn production_keeps_what_holds_data_and_what_it_stands_on() {
        let kinds = bbws_kinds::all();
        let mut state = State::empty("L");
        for (address, on) in
            [("mount-target.a", "subnet.a"), ("route-table-association.a", "subnet.a"), ("route-table-association.x", "subnet.x")]
        {
            let entry = Entry { dependencies: vec![on.parse().unwrap()], ..sample::entry("x", json!({})) };
            state.entries.insert(address.parse().unwrap(), entry);
        }
        let delete = || Action::Delete { id: "x".into(), have: json!({}), deposed: false };
        let create = || Action::Create { want: json!({}), renamed: None };
        let refused = |steps: Vec<Step>| ruinous(&plan(steps), &kinds, &state);
        for address in
            ["vpc.main", "subnet.a", "db-instance.main", "file-system.main", "load-balancer.main", "hosted-zone.main", "distribution.main"]
        {
            let of = |verb: &str| vec![(address.parse().unwrap(), verb.to_owned())];
            assert_eq!(refused(vec![step(0, address, delete(), None)]), of("delete"));
            assert_eq!(refused(vec![step(0, address, create(), Some(1)), step(1, address, delete(), Some(0))]), of("replace"));
            assert_eq!(refused(vec![step(0, address, create(), None)]), [], "{address} may be made");
        }
        assert!(refused(vec![step(0, "metric-alarm.cpu", delete(), None)]).is_empty());
        assert!(refused(vec![step(0, "subnet.x", delete(), None)]).is_empty(), "nothing stands in it");
    }
}

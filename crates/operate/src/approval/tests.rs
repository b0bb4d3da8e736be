//! One approval that counts, and every way in which one does not.

use super::*;
use bbws_model::Signature;

const KEY: &str = "arn:aws:kms:af-south-1:093646564004:key/k";

fn session(role: &str, name: &str, identity: Option<&str>) -> Principal {
    Principal::of(&format!("arn:aws:sts::093646564004:assumed-role/{role}/{name}"), identity.map(str::to_owned))
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn approval() -> Approval {
    let statement = Statement {
        environment: "prod".into(),
        plan: Digest::of(b"plan"),
        lineage: "L".into(),
        account: "093646564004".parse().unwrap(),
        world: World::Aws,
        by: session("approver", "jan", None),
        at: at("2026-11-26T07:00:00Z"),
        expires: at("2026-11-27T07:00:00Z"),
    };
    let signature = Signature { key: KEY.into(), algorithm: "ECDSA_SHA_256".into(), bytes: vec![1] };
    Approval { statement, signature: Some(signature) }
}

/// Judges what an edit made of the approval, for a role `deployer` at some time.
fn judged(edit: impl Fn(&mut Approval), by: &Principal, now: &str, roles: &[String]) -> Result<(), Unfit> {
    let mut approval = approval();
    edit(&mut approval);
    let (plan, account) = (Digest::of(b"plan"), "093646564004".parse().unwrap());
    let asked = Asked { environment: "prod", plan: &plan, lineage: "L", account: &account, world: &World::Aws, by, now: at(now) };
    judge(&approval, &asked, Rules { key: Some(KEY), roles })
}

const NOON: &str = "2026-11-26T12:00:00Z";

#[test]
fn one_that_fits_counts() {
    let deployer = session("deployer", "thandi", None);
    assert_eq!(judged(|_| {}, &deployer, NOON, &[]), Ok(()));
    assert_eq!(judged(|_| {}, &deployer, NOON, &["arn:aws:iam::093646564004:role/teams/approver".into()]), Ok(()));
}

type Edit = fn(&mut Approval);

#[test]
fn each_part_of_it_is_looked_at() {
    let deployer = session("deployer", "thandi", None);
    let edits: [(Edit, &str); 9] = [
        (|a| a.statement.world = World::Sandbox, "given in the world `sandbox`"),
        (|a| a.statement.world = World::Endpoint("http://localhost:1".into()), "counts for nothing in `aws`"),
        (|a| a.statement.environment = "sit".into(), "of the environment sit, not of prod"),
        (|a| a.statement.account = "111111111111".parse().unwrap(), "of the account 111111111111"),
        (|a| a.statement.lineage = "M".into(), "of the state M, not of L"),
        (|a| a.statement.plan = Digest::of(b"other"), "approves another plan"),
        (|a| a.statement.at = at("2026-11-26T12:06:00Z"), "and here it is only"),
        (|a| a.signature = None, "not signed"),
        (|a| a.signature.as_mut().unwrap().key.push('2'), "and the file demands"),
    ];
    for (edit, told) in edits {
        let unfit = judged(edit, &deployer, NOON, &[]).unwrap_err();
        assert!(unfit.to_string().contains(told), "{told}: {unfit}");
    }
}

#[test]
fn it_ends_at_its_hour() {
    let deployer = session("deployer", "thandi", None);
    assert_eq!(judged(|_| {}, &deployer, "2026-11-27T06:59:59Z", &[]), Ok(()));
    assert!(matches!(judged(|_| {}, &deployer, "2026-11-27T07:00:00Z", &[]), Err(Unfit::Expired(..))));
}

#[test]
fn two_people_are_two_roles_or_two_source_identities_and_never_two_sessions() {
    let same = |by: &Principal| judged(|_| {}, by, NOON, &[]).unwrap_err();
    assert!(matches!(same(&session("approver", "jan", None)), Unfit::OwnChange(_)));
    assert!(matches!(same(&session("approver", "piet", None)), Unfit::SameRole(..)));
    assert!(matches!(same(&session("approver", "piet", Some("piet"))), Unfit::SameRole(..)), "the other one is not known");
    let of = |identity: &'static str| move |a: &mut Approval| a.statement.by.source_identity = Some(identity.into());
    let piet = session("approver", "jan", Some("piet"));
    assert_eq!(judged(of("jan"), &piet, NOON, &[]), Ok(()));
    assert!(judged(of("piet"), &piet, NOON, &[]).is_err());
    let user = Principal::of("arn:aws:iam::093646564004:user/jan", None);
    let by = user.clone();
    assert!(matches!(judged(move |a| a.statement.by = by.clone(), &user, NOON, &[]), Err(Unfit::OwnChange(_))));
}

#[test]
fn only_those_whom_the_file_names_may_approve() {
    let others = ["arn:aws:iam::093646564004:role/managers".to_owned()];
    let unfit = judged(|_| {}, &session("deployer", "thandi", None), NOON, &others).unwrap_err();
    assert!(matches!(unfit, Unfit::NotAnApprover(_)));
}

#[test]
fn the_latest_clock_counts_and_one_that_was_set_back_is_not_believed() {
    let (here, later) = (at(NOON), at("2026-11-26T12:04:00Z"));
    assert_eq!(time(here, &[]), Ok(here));
    assert_eq!(time(here, &[("AWS", later), ("the log", at("2026-11-20T00:00:00Z"))]), Ok(later));
    let behind = time(here, &[("AWS", later), ("the last record of the log", at("2026-11-27T00:00:00Z"))]).unwrap_err();
    assert_eq!(behind.to_string(), "here it is 2026-11-26T12:00:00Z, but the last record of the log says 2026-11-27T00:00:00Z");
}

#[test]
fn a_reason_says_something() {
    assert_eq!(reason("  the database is full,\n and nobody answers ").unwrap(), "the database is full, and nobody answers");
    for poor in [
        "",
        "fix",
        "because I want it now",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "a b c d e f g h i j k l",
        ". . . . . . . . . . . . . . . . . . . . . . . .",
    ] {
        assert!(reason(poor).is_err(), "{poor}");
    }
}

#[test]
fn whoever_made_a_plan_does_not_approve_it() {
    let thandi = session("deployer", "thandi", None);
    assert_eq!(not_own(&thandi, None), Ok(()), "nobody says who made it");
    assert_eq!(not_own(&session("approver", "thandi", None), Some(&thandi)), Ok(()), "another role");
    assert!(matches!(not_own(&thandi, Some(&thandi)), Err(OwnPlan::Same(_))));
    assert!(matches!(not_own(&session("deployer", "jan", None), Some(&thandi)), Err(OwnPlan::SameRole(_))), "a session's name is free");
    assert!(
        matches!(not_own(&session("deployer", "jan", Some("jan")), Some(&thandi)), Err(OwnPlan::SameRole(_))),
        "one of them is unknown"
    );
    let (jan, named) = (session("deployer", "jan", Some("jan")), session("deployer", "thandi", Some("thandi")));
    assert_eq!(not_own(&jan, Some(&named)), Ok(()), "two people");
}

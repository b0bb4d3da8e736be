use std::collections::{BTreeMap, BTreeSet};

use bbws_model::{Class, CloudError, Mode, Severity};

use super::*;

fn names(of: &[&str]) -> BTreeSet<String> {
    of.iter().map(|name| (*name).to_owned()).collect()
}

fn database(version: &str, zones: &[&str], multi_az: bool) -> Question {
    Question::Offered { class: "db.t3.micro".into(), version: version.into(), zones: names(zones), multi_az }
}

fn told(question: &Question, answer: Answer) -> Vec<(Severity, String)> {
    judge(question, &Ok(answer), Mode::Apply).into_iter().map(|one| (one.severity, format!("{}: {}", one.summary, one.evidence))).collect()
}

#[test]
fn a_quota_has_room_for_the_last_one_and_for_no_more() {
    let question = Question::Quota { of: Counted::Vpcs, more: BTreeMap::from([(String::new(), 1)]) };
    let answer = |used| Answer::Quota { most: 5.0, used: BTreeMap::from([(String::new(), used)]) };
    assert_eq!(told(&question, answer(4)), []);
    let found = told(&question, answer(5));
    assert_eq!(
        found,
        [(Severity::Error, "a quota leaves no room: VPCs of the region: 5 of 5 are used, and the plan makes 1 more".to_owned())]
    );
    assert!(judge(&question, &Ok(answer(5)), Mode::Apply)[0].advice.contains("vpc/quotas/L-F678F1CE"));
}

#[test]
fn nat_gateways_count_by_their_zone() {
    let more = BTreeMap::from([("af-south-1a".to_owned(), 1), ("af-south-1b".to_owned(), 1)]);
    let question = Question::Quota { of: Counted::NatGateways, more };
    let found = told(&question, Answer::Quota { most: 5.0, used: BTreeMap::from([("af-south-1b".to_owned(), 5)]) });
    assert_eq!(found.len(), 1);
    assert!(found[0].1.contains("(af-south-1b)"), "{found:?}");
}

#[test]
fn a_class_must_be_offered_in_the_version_and_the_zones() {
    let offers = || Answer::Offered(vec![("8.0.42".into(), names(&["a", "b"])), ("8.4.5".into(), names(&["c"]))]);
    assert_eq!(told(&database("8.0", &["a", "b"], true), offers()), []);
    assert_eq!(told(&database("8.4.5", &["a", "c"], false), offers()), []);
    for (version, zones, multi_az, seen) in [
        ("8.4", ["a", "b"], false, "RDS offers it in c"),
        ("8.4", ["a", "c"], true, "RDS offers it in c"),
        ("8", ["c", "d"], true, "RDS offers it in a, b, c"),
        ("5.7", ["a", "b"], false, "RDS offers it with MySQL 8.0.42, 8.4.5"),
    ] {
        let found = told(&database(version, &zones, multi_az), offers());
        assert!(found.len() == 1 && found[0].0 == Severity::Error && found[0].1.ends_with(seen), "{version} {zones:?}: {found:?}");
    }
    let nowhere = told(&database("8.0", &["a"], false), Answer::Offered(vec![]));
    assert!(nowhere[0].1.contains("nowhere"), "{nowhere:?}");
}

#[test]
fn zones_that_are_not_there_stop_it_and_lacking_rights_warn() {
    let question = Question::Zones { needed: names(&["af-south-1a", "af-south-1d"]) };
    let found = told(&question, Answer::Zones(names(&["af-south-1a", "af-south-1b"])));
    assert_eq!(found, [(Severity::Error, "this account has no zone af-south-1d: available are af-south-1a, af-south-1b".to_owned())]);
    let rights = Question::Allowed { probes: vec![] };
    let denied = Answer::Denied(vec![("iam:PassRole".into(), "arn:aws:iam::1:role/r".into())]);
    let found = judge(&rights, &Ok(denied), Mode::Apply);
    assert_eq!(found[0].severity, Severity::Warning);
    assert!(found[0].summary.ends_with("iam:PassRole") && found[0].advice.contains(r#""Resource":"arn:aws:iam::1:role/r""#), "{found:?}");
}

#[test]
fn what_cannot_be_looked_at_is_said_and_stops_nothing() {
    let question = Question::Quota { of: Counted::Databases, more: BTreeMap::new() };
    let error = CloudError::own("servicequotas:GetServiceQuota", Class::Denied, "no");
    let found = judge(&question, &Err(error), Mode::Apply);
    assert_eq!((found.len(), found[0].severity), (1, Severity::Note));
    assert!(found[0].summary.contains("databases of the region"), "{found:?}");
}

#[test]
fn an_applier_who_may_sign_is_told_and_what_is_not_known_is_said() {
    let asked = Question::Signs { key: "arn:aws:kms:af-south-1:093646564004:key/1".into() };
    let told = judge(&asked, &Ok(Answer::Denied(vec![])), Mode::Apply);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].severity, Severity::Warning, "it stops nothing: the key's own policy may keep that role out");
    assert!(told[0].summary.contains("an approval proves less") && told[0].evidence.contains("key/1"), "{told:?}");
    let denied = vec![("kms:Sign".to_owned(), "arn:aws:kms:af-south-1:093646564004:key/1".to_owned())];
    assert!(judge(&asked, &Ok(Answer::Denied(denied)), Mode::Apply).is_empty());
    let shut = CloudError::own("iam:SimulatePrincipalPolicy", bbws_model::Class::Denied, "no");
    let told = judge(&asked, &Err(shut), Mode::Apply);
    assert!(told[0].summary.contains("not known beforehand: whether whoever applies may sign"), "{told:?}");
}

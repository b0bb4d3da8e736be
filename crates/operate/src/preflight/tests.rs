use std::collections::{BTreeMap, BTreeSet};

use bbws_model::{Class, CloudError, Mode, Severity};

use super::*;
use crate::iam::Ground;

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
    const KEY: &str = "arn:aws:kms:af-south-1:093646564004:key/1";
    let asked = Question::Signs { key: KEY.into() };
    let shut = |operation: &str| CloudError::own(operation, bbws_model::Class::Denied, "no");
    let all = |by_iam, by_key, by_grant| looked(&asked, &Ok(Answer::Signs(Box::new(Signing { by_iam, by_key, by_grant }))), Mode::Apply);
    let looked = |by_iam, by_key| all(by_iam, by_key, Ok(false));
    let told = looked(Ok(true), Ok(KeySays::Account));
    assert_eq!(told.severity(), Some(Severity::Warning), "it stops nothing: an approval is by another role all the same");
    assert_eq!(told.told, "IAM's simulation allows it; the key's own policy leaves it to that");
    let finding = &told.findings[0];
    assert!(finding.summary.contains("an approval proves less") && finding.evidence.contains(KEY), "{finding:?}");
    let named = looked(Ok(false), Ok(KeySays::Names));
    assert!(named.findings[0].evidence.contains("policy of the key") && named.findings[0].advice.contains("out of the key's policy"));
    assert_eq!(looked(Ok(false), Ok(KeySays::Account)).findings, []);
    let granted = all(Ok(false), Ok(KeySays::Account), Ok(true));
    assert!(granted.told.ends_with("; a grant allows it") && granted.findings[0].advice.contains("revoke that grant"), "{granted:?}");
    let unlisted = all(Ok(false), Ok(KeySays::Account), Err(shut("kms:ListGrants")));
    assert!(unlisted.findings[0].summary.contains("not known beforehand") && unlisted.severity() == Some(Severity::Note), "{unlisted:?}");
    assert_eq!(looked(Err(shut("iam:SimulatePrincipalPolicy")), Ok(KeySays::Silent)).findings, []);
    let unread = looked(Ok(true), Err(shut("kms:GetKeyPolicy")));
    assert!(unread.findings[0].evidence.contains("and it is not known: kms:GetKeyPolicy"), "{unread:?}");
    let told = looked(Err(shut("iam:SimulatePrincipalPolicy")), Ok(KeySays::Account));
    assert!(told.findings[0].summary.contains("not known beforehand: whether whoever applies may sign"), "{told:?}");
    assert_eq!(told.severity(), Some(Severity::Note));
}

#[test]
fn the_new_ones_are_judged_and_told() {
    let now: Timestamp = "2026-11-26T12:00:00Z".parse().unwrap();
    let support = |ends: &str| {
        let question = Question::Support { version: "8.0".into(), now };
        let found = looked(&question, &Ok(Answer::Support(Some(ends.parse().unwrap()))), Mode::Apply);
        (found.severity(), found.told)
    };
    assert_eq!(support("2026-07-31T00:00:00Z"), (Some(Severity::Warning), "standard support until 2026-07-31".to_owned()));
    assert_eq!(support("2027-02-01T00:00:00Z").0, Some(Severity::Note));
    assert_eq!(support("2029-07-31T00:00:00Z").0, None);
    let region = Question::Region { region: "af-south-1".into() };
    let status = |status: &str| looked(&region, &Ok(Answer::Region(status.into())), Mode::Apply).severity();
    assert_eq!(["opted-in", "opt-in-not-required", "not-opted-in"].map(status), [None, None, Some(Severity::Error)]);
    let probe = Probe { actions: vec!["s3:ListBucket".into()], resource: "arn:b".into(), context: BTreeMap::new() };
    let name = Question::Name { bucket: "wp-logs".into(), probe };
    let whose = |holder| looked(&name, &Ok(Answer::Name(holder)), Mode::Apply).severity();
    assert_eq!([Holder::Nobody, Holder::Us, Holder::Others].map(whose), [None, None, Some(Severity::Error)]);
    let probe = Probe { actions: vec!["iam:CreateServiceLinkedRole".into()], resource: "arn:r".into(), context: BTreeMap::new() };
    let role = Question::ServiceRole { service: "rds.amazonaws.com", role: "AWSServiceRoleForRDS", probe };
    let seen = |there, may| looked(&role, &Ok(Answer::ServiceRole { there, may }), Mode::Apply);
    assert_eq!(seen(true, None).severity(), None);
    assert_eq!(seen(false, Some(true)).severity(), None);
    let lacks = seen(false, Some(false));
    assert_eq!((lacks.id.as_str(), lacks.severity()), ("service-role-AWSServiceRoleForRDS", Some(Severity::Warning)));
    assert!(lacks.findings[0].advice.contains("aws iam create-service-linked-role --aws-service-name rds.amazonaws.com"));
    let unknown = looked(&role, &Err(CloudError::own("iam:GetRole", Class::Denied, "no")), Mode::Apply);
    assert!(unknown.told.starts_with("not known") && unknown.severity() == Some(Severity::Note), "{unknown:?}");
}

/// All that the shipped kinds may run into is asked about at once: one question a sort, and none of a thing that is there.
#[test]
fn what_a_file_declares_is_asked_about_until_it_is_made() {
    let kinds = bbws_kinds::all();
    let spec = |kind: &str| match kind {
        "subnet" => serde_json::json!({"zone": "af-south-1a"}),
        "security-group-rule" => serde_json::json!({"group": {"$ref": "security-group.main", "output": "id"}, "direction": "ingress"}),
        "load-balancer" => serde_json::json!({"subnets": ["a", "b"], "security_groups": ["1", "2", "3", "4", "5", "6"]}),
        "db-instance" => serde_json::json!({"class": "db.t3.micro", "engine_version": "8.0", "multi_az": true}),
        _ => serde_json::json!({"name": "n"}),
    };
    let mut desired = bbws_model::Desired::default();
    let mut declare = |address: String, kind: &str| {
        let wanted = bbws_model::Wanted::new(spec(kind));
        desired.resources.insert(address.parse().unwrap(), wanted);
    };
    for kind in kinds.iter().filter(|kind| kind.name() != "security-group-rule") {
        declare(format!("{}.main", kind.name()), kind.name());
    }
    for rule in 0..61 {
        declare(format!("security-group-rule.r{rule}"), "security-group-rule");
    }
    let ground = Ground {
        environment: "x".into(),
        account: "536580886816".parse().unwrap(),
        region: "af-south-1".into(),
        lineage: None,
        state: None,
        approval_key: None,
        audit_group: None,
        fenced: false,
        resources: vec![],
    };
    let asked = expected(&desired, None, &kinds, &ground, "2026-11-26T12:00:00Z".parse().unwrap());
    let more: BTreeMap<Counted, BTreeMap<String, usize>> = asked
        .iter()
        .filter_map(|question| match question {
            Question::Quota { of, more } => Some((*of, more.clone())),
            _ => None,
        })
        .collect();
    assert_eq!(more.keys().copied().collect::<Vec<_>>(), Counted::ALL, "each sort is met");
    assert_eq!(more[&Counted::GroupRules], BTreeMap::from([("security-group.main, ingress".to_owned(), 61)]));
    assert_eq!(more[&Counted::GroupsOfInterface], BTreeMap::from([("load-balancer.main".to_owned(), 6)]));
    // Two of the load balancer, two of the database, one of the NAT gateway, one of the mount target.
    assert_eq!(more[&Counted::Interfaces][""], 6);
    let sorts = |is: fn(&Question) -> bool| asked.iter().filter(|question| is(question)).count();
    assert_eq!(sorts(|one| matches!(one, Question::ServiceRole { .. })), 4);
    assert_eq!(sorts(|one| matches!(one, Question::Region { .. } | Question::Zones { .. } | Question::Name { .. })), 3);
    assert_eq!(sorts(|one| matches!(one, Question::Offered { .. } | Question::Support { .. })), 2);
    let ids: BTreeSet<String> = asked.iter().map(Question::id).collect();
    assert_eq!(ids.len(), asked.len(), "each has an id of its own");
}

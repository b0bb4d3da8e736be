use super::*;
use bbws_engine::{Addition, Hanging, Marked, Tagged};
use bbws_model::{Class, Intent, IntentId, Op, OpenIntent, Tags, Wanted};
use bbws_testkit::sample;
use serde_json::json;

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn owner(of: &str) -> Ownership {
    Ownership { lineage: "L".into(), address: address(of), intent: IntentId("I".into()) }
}

/// A log group as declared, recorded and seen, by its retention.
struct Case {
    desired: Desired,
    state: State,
    picture: Picture,
}

fn spec(days: u32) -> Value {
    let spec = json!({"name": "/ecs/dev", "retention_days": days, "tags": {"Name": "x"}});
    bbws_kinds::all().get("log-group").unwrap().normal(&spec).unwrap()
}

fn case(declared: Option<u32>, recorded: u32, observed: Option<u32>) -> Case {
    let at = address("log-group.ecs");
    let mut desired = Desired::default();
    if let Some(days) = declared {
        desired.resources.insert(at.clone(), Wanted::new(spec(days)));
    }
    let entry = Entry {
        outputs: json!({"arn": "arn:aws:logs:af-south-1:536580886816:log-group:/ecs/dev"}),
        ..sample::entry("/ecs/dev", spec(recorded))
    };
    let seen = observed.map(|days| Seen {
        id: "/ecs/dev".into(),
        spec: spec(days),
        outputs: json!({}),
        phase: Phase::Ready,
        owner: Some(owner("log-group.ecs")),
    });
    let mut state = State::empty("L");
    state.entries.insert(at.clone(), entry);
    let picture = Picture { recorded: [(at, Ok(seen))].into(), ..Picture::default() };
    Case { desired, state, picture }
}

impl Case {
    fn drift(&self) -> Drift {
        self.drift_with(&BTreeMap::new())
    }

    fn drift_with(&self, instead: &BTreeMap<Address, Found>) -> Drift {
        drift(&bbws_kinds::all(), &self.desired, &self.state, &self.picture, instead)
    }

    fn entry(&mut self) -> &mut Entry {
        self.state.entries.values_mut().next().unwrap()
    }

    fn seen(&mut self) -> &mut Seen {
        self.picture.recorded.values_mut().next().unwrap().as_mut().unwrap().as_mut().unwrap()
    }
}

#[test]
fn drift_edits_and_agreement_are_told_apart() {
    let told = |declared, recorded, observed| {
        let drift = case(declared, recorded, Some(observed)).drift();
        let field = drift.drifted.first().map(|one| {
            let field = &one.fields[0];
            (field.field.as_str().to_owned(), field.declared.clone(), field.recorded.clone(), field.observed.clone(), field.edited)
        });
        (field, drift.agreed.len(), drift.edited.len())
    };
    let days = "retention_days".to_owned();
    assert_eq!(told(Some(7), 7, 7), (None, 0, 0), "nothing has happened");
    assert_eq!(told(Some(14), 7, 7), (None, 0, 1), "only the file was edited");
    assert_eq!(told(Some(7), 7, 30), (Some((days.clone(), Some(json!(7)), json!(7), json!(30), false)), 0, 0), "somebody changed it");
    assert_eq!(told(Some(14), 7, 30), (Some((days.clone(), Some(json!(14)), json!(7), json!(30), true)), 0, 0), "both");
    assert_eq!(told(Some(30), 7, 30), (None, 1, 1), "somebody did what the file says");
    assert_eq!(told(None, 7, 30), (Some((days, None, json!(7), json!(30), false)), 0, 0), "it is no longer in the file");
}

#[test]
fn a_description_that_an_imported_object_keeps_for_ever_is_no_edit() {
    let at = address("security-group.main");
    let spec = |description: &str| {
        let spec = json!({"vpc": "vpc-1", "name": "web", "description": description, "no_default_egress": true, "tags": {}});
        bbws_kinds::all().get("security-group").unwrap().normal(&spec).unwrap()
    };
    let told = |intent: Option<IntentId>, declared: Option<Value>, there: bool| {
        let mut case = case(None, 7, None);
        case.state.entries = [(at.clone(), Entry { intent, ..sample::entry("sg-1", spec("made by hand")) })].into();
        let owner = Some(owner("security-group.main"));
        let seen = Seen { id: "sg-1".into(), spec: spec("made by hand"), outputs: json!({}), phase: Phase::Ready, owner };
        case.picture.recorded = [(at.clone(), Ok(there.then_some(seen)))].into();
        case.desired.resources = declared.into_iter().map(|spec| (at.clone(), Wanted::new(spec))).collect();
        let differs = differing(&bbws_kinds::all(), &case.desired, &case.state, &case.picture, &at);
        let drift = case.drift();
        let edits: Vec<String> = drift.drifted.into_iter().flat_map(|one| one.edits).collect();
        (drift.edited.len(), edits, differs.into_iter().collect::<Vec<_>>())
    };
    let ours = spec("of the web servers");
    let none = (0, vec![], vec![]);
    assert_eq!(told(None, Some(ours.clone()), true), none, "a plan has nothing to do about it either");
    assert_eq!(told(None, Some(ours.clone()), false), none);
    // What bbws made is replaced for it.
    let text = || vec!["description".to_owned()];
    assert_eq!(told(Some(IntentId("I".into())), Some(ours.clone()), true), (1, vec![], text()));
    assert_eq!(told(Some(IntentId("I".into())), Some(ours.clone()), false), (0, text(), vec![]));
    // Whatever else was edited is told.
    let named = Value::Object(ours.as_object().unwrap().clone().into_iter().chain([("tags".into(), json!({"a": "b"}))]).collect());
    assert_eq!(told(None, Some(named), true), (1, vec![], vec!["tags".to_owned()]));
}

#[test]
fn what_is_gone_is_missing_or_replaced() {
    let mut gone_case = case(Some(7), 7, None);
    assert_eq!(gone(&gone_case.state, &gone_case.picture), [address("log-group.ecs")].into());
    assert_eq!(gone_case.drift().drifted[0].standing, Standing::Missing);
    let other = Seen { id: "/ecs/other".into(), spec: spec(7), outputs: json!({}), phase: Phase::Ready, owner: None };
    let instead = BTreeMap::from([(address("log-group.ecs"), Ok(Some(other)))]);
    let replaced = Standing::Replaced { by: "/ecs/other".into(), owner: None };
    assert_eq!(gone_case.drift_with(&instead).drifted[0].standing, replaced);
    gone_case.desired.resources.clear();
    let drift = gone_case.drift();
    assert!(drift.is_none() && drift.agreed.len() == 1, "what was to go anyway is gone: {drift:?}");
}

#[test]
fn marks_and_phases_count() {
    let mut lost = case(Some(7), 7, Some(7));
    lost.seen().owner = None;
    assert_eq!(lost.drift().drifted[0].mark, Mark::Lost);
    lost.entry().existing = true;
    assert!(lost.drift().is_none(), "what existed before bears none");
    let theirs = Ownership { lineage: "M".into(), ..owner("log-group.ecs") };
    lost.seen().owner = Some(theirs.clone());
    assert_eq!(lost.drift().drifted[0].mark, Mark::Of(theirs));
    let mut phase = case(Some(7), 7, Some(7));
    for (is, standing) in [
        (Phase::Leaving, Some(Standing::Leaving)),
        (Phase::Failed("no".into()), Some(Standing::Failed("no".into()))),
        (Phase::Pending("modifying".into()), None),
    ] {
        phase.seen().phase = is;
        assert_eq!(phase.drift().drifted.first().map(|one| one.standing.clone()), standing);
    }
}

#[test]
fn what_could_not_be_read_or_is_not_settled_is_no_drift_and_not_nothing() {
    let mut unread = case(Some(7), 7, Some(30));
    unread.picture.recorded.insert(address("log-group.ecs"), Err(CloudError::own("logs:DescribeLogGroups", Class::Denied, "no")));
    let drift = unread.drift();
    assert!(drift.drifted.is_empty() && !drift.is_none(), "{drift:?}");
    let mut unfinished = case(Some(7), 7, Some(30));
    unfinished.entry().reached = false;
    let drift = unfinished.drift();
    assert!(drift.is_none() && drift.unsettled == [address("log-group.ecs")], "{drift:?}");
}

#[test]
fn what_refers_to_something_unread_or_gone_is_not_edited_by_it() {
    let (of, at) = (address("security-group.main"), address("vpc.main"));
    let spec = |vpc: Value, tags: Value| {
        let spec = json!({"vpc": vpc, "name": "web", "description": "d", "no_default_egress": true, "tags": tags});
        bbws_kinds::all().get("security-group").unwrap().normal(&spec).unwrap()
    };
    let to = json!({"$ref": "vpc.main", "output": "id"});
    let told = |vpc: Found, outputs: Value, declared: Value| {
        let mut case = case(None, 7, None);
        let (kept, none) = (spec(json!("vpc-1"), json!({})), json!({}));
        let seen =
            Seen { id: "sg-1".into(), spec: kept.clone(), outputs: none, phase: Phase::Ready, owner: Some(owner("security-group.main")) };
        let network = Entry { outputs, ..sample::entry("vpc-1", json!({"cidr": "10.0.0.0/16"})) };
        case.state.entries = [(of.clone(), sample::entry("sg-1", kept)), (at.clone(), network)].into();
        case.picture.recorded = [(of.clone(), Ok(Some(seen))), (at.clone(), vpc)].into();
        case.desired.resources.insert(of.clone(), Wanted::new(declared));
        let drift = case.drift();
        assert_eq!(drift.drifted.iter().filter(|one| one.address == of).count(), 0, "{drift:?}");
        drift.edited
    };
    let denied = || Err(CloudError::own("ec2:DescribeVpcs", Class::Denied, "no"));
    let (known, same) = (json!({"id": "vpc-1"}), || spec(to.clone(), json!({})));
    assert_eq!(told(denied(), known.clone(), same()), []);
    assert_eq!(told(Ok(None), known.clone(), same()), []);
    assert_eq!(told(denied(), json!({"id": null}), same()), [], "what nobody knows is no edit");
    // What was edited all the same is told.
    assert_eq!(told(denied(), known.clone(), spec(to.clone(), json!({"a": "b"}))), std::slice::from_ref(&of));
    assert_eq!(told(denied(), known, spec(json!({"$ref": "vpc.other", "output": "id"}), json!({}))), std::slice::from_ref(&of));
}

#[test]
fn a_choice_narrows() {
    let one = case(Some(7), 7, Some(30));
    assert!(one.drift().of(&[address("vpc.main")].into()).is_none());
    assert!(!one.drift().of(&BTreeSet::new()).is_none());
}

#[test]
fn what_stands_beside_ours_is_tenants_or_orphaned() {
    let state = case(Some(7), 7, Some(7)).state;
    let hang = |id: &str, owner| Hanging { what: "ECS service", id: id.into(), name: "banana".into(), owner, adds: None };
    let other = Ownership { lineage: "M".into(), ..owner("vpc.main") };
    let hanging = vec![
        (
            address("vpc.main"),
            Ok(vec![hang("a", None), hang("/ecs/dev", None), hang("b", Some(owner("subnet.x"))), hang("c", Some(other.clone()))]),
        ),
        (address("subnet.a"), Ok(vec![hang("a", None)])),
        (address("subnet.b"), Err(CloudError::own("ec2:X", Class::Denied, "no"))),
    ];
    let mark = |id: &str, owner| Marked { id: id.into(), owner, tags: Tags::default() };
    let marked = vec![("subnet", Ok(vec![mark("b", owner("subnet.x")), mark("/ecs/dev", owner("log-group.ecs")), mark("d", other)]))];
    let found = strangers(&bbws_kinds::all(), &state, Beside { hanging, marked, tagged: vec![] });
    let ids = |list: &[Stranger]| list.iter().map(|one| one.id.as_str().to_owned()).collect::<Vec<_>>();
    assert_eq!((ids(&found.foreign), ids(&found.orphans)), (vec!["a".to_owned(), "c".to_owned()], vec!["b".to_owned()]));
    assert_eq!(found.unlisted[0].0, "what hangs on subnet.b");
}

#[test]
fn what_others_put_into_ours_is_told_apart_from_what_stands_beside_it() {
    let mut state = case(Some(7), 7, Some(7)).state;
    let role = sample::entry("wp-dev-task", json!({}));
    state.entries.insert(address("role.task"), role.clone());
    state.entries.insert(address("role-policy.logs"), Entry { id: "wp-dev-task/logs".into(), ..role.clone() });
    state.entries.insert(address("security-group.taken"), Entry { existing: true, ..role });
    let adds = || Some(Addition { danger: "", undo: "aws".into() });
    let hang = |id: &str, owner, adds| Hanging { what: "x", id: id.into(), name: String::new(), owner, adds };
    for (kind, spec) in [
        ("role-policy", json!({"role": "wp-dev-task", "name": "late"})),
        ("route", json!({"table": "rtb-1", "destination": "10.9.0.0/16"})),
    ] {
        let intent = Intent {
            id: IntentId(kind.into()),
            address: address(&format!("{kind}.new")),
            kind: kind.into(),
            op: Op::Create { spec },
            token: String::new(),
            dependencies: vec![],
            replaces: false,
            renamed: None,
        };
        let open = OpenIntent { intent, seq: 1, at: jiff::Timestamp::UNIX_EPOCH, writer: None, repeated: false };
        state.open.insert(IntentId(kind.into()), open);
    }
    let hanging = vec![
        (
            address("role.task"),
            Ok(vec![
                hang("wp-dev-task/logs", None, adds()),
                hang("wp-dev-task/late", None, adds()),
                hang("wp-dev-task/backdoor", None, adds()),
            ]),
        ),
        (address("route-table.a"), Ok(vec![hang("rtb-1_10.9.0.0/16", None, adds()), hang("rtb-1_10.8.0.0/16", None, adds())])),
        (address("route-table.b"), Err(CloudError::own("ec2:X", Class::Denied, "no"))),
        (address("security-group.a"), Ok(vec![hang("sgr-1", None, None), hang("sgr-2", Some(owner("security-group-rule.x")), adds())])),
        (address("security-group.b"), Ok(vec![hang("sgr-1", None, adds())])),
        (address("security-group.taken"), Ok(vec![hang("sgr-3", None, adds())])),
        (address("vpc.main"), Err(CloudError::own("ec2:X", Class::Denied, "no"))),
    ];
    let found = strangers(&bbws_kinds::all(), &state, Beside { hanging, ..Beside::default() });
    let ids = |list: &[Stranger]| list.iter().map(|one| one.id.as_str().to_owned()).collect::<Vec<_>>();
    assert_eq!(ids(&found.added), ["rtb-1_10.8.0.0/16", "sgr-1", "wp-dev-task/backdoor"], "ours and what a run is at are not");
    assert_eq!((ids(&found.orphans), ids(&found.foreign)), (vec!["sgr-2".to_owned()], vec!["sgr-3".to_owned()]));
    assert_eq!(found.hidden, [address("route-table.b")].into(), "into a VPC nobody puts what it declares");
}

#[test]
fn what_bears_our_tags_and_is_nobodys_we_know_is_listed() {
    let mut state = case(Some(7), 7, Some(7)).state;
    let entry = sample::entry("wp-dev-mysql", json!({}));
    state.entries.insert(address("db-instance.main"), entry.clone());
    let listener = "arn:aws:elasticloadbalancing:af-south-1:1:listener/app/x/1/2";
    state.entries.insert(address("listener.http"), Entry { id: listener.into(), ..entry });
    let one = |arn: &str, owner| Tagged { arn: arn.into(), owner, tags: Tags::default().with("Name", "n") };
    let other = Ownership { lineage: "M".into(), ..owner("vpc.main") };
    let table = "arn:aws:dynamodb:af-south-1:1:table/leftover";
    let queue = "arn:aws:sqs:af-south-1:1:jobs";
    let tagged = vec![
        (
            "af-south-1".to_owned(),
            Ok(vec![
                one(table, None),
                one(queue, None),
                one("arn:aws:rds:af-south-1:1:db:other-wp-dev-mysql", None),
                one("arn:aws:elasticache:af-south-1:1:db:wp-dev-mysql", None),
                // Ours, by name and by ARN, whatever became of their marks.
                one("arn:aws:rds:af-south-1:1:db:wp-dev-mysql", None),
                one("arn:aws:logs:af-south-1:1:log-group:/ecs/dev", None),
                one(listener, None),
                // What hangs on ours is listed with it.
                one("arn:aws:ec2:af-south-1:1:instance/i-1", None),
                // A mark says whose it is.
                one("arn:aws:ec2:af-south-1:1:vpc/vpc-7", Some(other)),
                one("arn:aws:ec2:af-south-1:1:subnet/subnet-7", Some(owner("subnet.x"))),
            ]),
        ),
        ("us-east-1".to_owned(), Err(CloudError::own("tag:GetResources", Class::Denied, "no"))),
    ];
    let instance = Hanging { what: "EC2 instance", id: "i-1".into(), name: String::new(), owner: None, adds: None };
    let hanging = vec![(address("vpc.main"), Ok(vec![instance]))];
    let found = strangers(&bbws_kinds::all(), &state, Beside { hanging, marked: vec![], tagged });
    let told: Vec<_> = found.tagged.iter().map(|one| (one.what.as_str(), one.id.as_str())).collect();
    assert_eq!(
        told,
        [
            ("dynamodb table", table),
            ("elasticache db", "arn:aws:elasticache:af-south-1:1:db:wp-dev-mysql"),
            ("rds db", "arn:aws:rds:af-south-1:1:db:other-wp-dev-mysql"),
            ("sqs queue", queue),
        ]
    );
    assert_eq!(found.unlisted[0].0, "what bears our tags in us-east-1");
}

#[test]
fn the_trail_is_asked_where_the_events_are() {
    let kinds = bbws_kinds::all();
    let mut state = case(Some(7), 7, Some(7)).state;
    let entry = state.entries.values().next().unwrap().clone();
    let mut put = |at: &str, id: &str, spec: Value, outputs: Value| {
        state.entries.insert(address(at), Entry { id: id.into(), spec, outputs, ..entry.clone() });
    };
    put("role.task", "wp-dev-task", json!({"name": "wp-dev-task"}), json!({"arn": "arn:aws:iam::1:role/wp-dev-task"}));
    put("topic.alarms-global", "arn:aws:sns:us-east-1:1:t", json!({}), json!({}));
    put("vpc.main", "vpc-1", json!({}), json!({"id": "vpc-1"}));
    let of = |at: &str| trace(&kinds, &state, &address(at), "af-south-1").unwrap();
    assert_eq!((of("role.task").region.as_str(), of("role.task").names[0].as_str()), ("us-east-1", "wp-dev-task"));
    assert_eq!(of("topic.alarms-global").region, "us-east-1");
    assert_eq!(of("vpc.main"), Trace { region: "af-south-1".into(), names: vec!["vpc-1".into()] });
    assert_eq!(of("log-group.ecs").region, "af-south-1");
    assert!(trace(&kinds, &state, &address("vpc.none"), "af-south-1").is_none());
}

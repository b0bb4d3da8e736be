//! Runs that go well, and runs that do not.

use std::sync::Arc;
use std::time::Duration;

use bbws_engine::{Clock, Control};
use bbws_model::{Action, BackupRule, Class, Counts, Event, Mode, Outcome};
use bbws_testkit::{Call, FakeCloud, Fault, Verb};
use serde_json::json;
use tokio::sync::watch;

use crate::bench::{Bench, to, wanted};

fn house() -> bbws_model::Desired {
    wanted(&[
        ("tag.ground", json!({"colour": "green"})),
        ("name.wall", json!({"name": "wall", "needs": [to("tag.ground", "id")], "colour": "white"})),
        ("token.roof", json!({"name": "roof", "needs": [to("name.wall", "endpoint")], "colour": "red", "tags": {"a": "b"}})),
        ("key.door", json!({"name": "door", "needs": [to("name.wall", "id")]})),
    ])
}

#[tokio::test(start_paused = true)]
async fn a_cluster_is_made_and_then_nothing_is_left_to_do() {
    let bench = Bench::new();
    let report = bench.apply(&house(), Mode::Apply).await;
    assert_eq!((report.outcome, report.done.add), (Outcome::Done, 4), "{report:?}");
    let state = bench.state().await;
    assert_eq!((state.entries.len(), state.open.len(), state.holder), (4, 0, None));
    assert!(state.entries.values().all(|entry| entry.reached));
    let (calls, slots) = (bench.cloud.calls().len(), state.seq);
    assert!(bench.plan(&house()).await.unwrap().is_empty());
    assert_eq!((bench.cloud.calls().len(), bench.state().await.seq), (calls, slots), "a plan changes nothing");
    let again = bench.apply(&house(), Mode::Apply).await;
    assert_eq!((again.outcome, again.done, bench.cloud.calls().len()), (Outcome::Done, Counts::default(), calls));
}

#[tokio::test(start_paused = true)]
async fn a_dependant_starts_when_its_output_is_known() {
    let bench = Bench::new();
    bench.apply(&house(), Mode::Apply).await;
    let started = |name: &str| {
        let of = |event: &Event| matches!(event, Event::StepStarted { address, .. } if address.to_string() == name);
        bench.told().iter().find(|s| of(&s.event)).unwrap().elapsed
    };
    // The wall's id is known at once, its endpoint after 20 s.
    assert!(started("key.door") < Duration::from_secs(5), "{:?}", started("key.door"));
    assert!(started("token.roof") >= Duration::from_secs(20), "{:?}", started("token.roof"));
}

#[tokio::test(start_paused = true)]
async fn a_changed_field_is_updated_and_a_fixed_one_makes_a_successor() {
    let bench = Bench::new();
    bench.apply(&house(), Mode::Apply).await;
    let mut changed = house();
    changed.resources.get_mut(&"name.wall".parse().unwrap()).unwrap().spec["shape"] = json!("round");
    changed.resources.get_mut(&"tag.ground".parse().unwrap()).unwrap().spec["colour"] = json!("brown");
    let report = bench.apply(&changed, Mode::Apply).await;
    assert_eq!((report.outcome, report.done.replace), (Outcome::Done, 1), "{report:?}");
    let state = bench.state().await;
    let wall = &state.entries[&"name.wall".parse().unwrap()];
    assert_eq!((wall.spec["name"].as_str(), wall.deposed.len()), (Some("wall-2"), 0));
    assert_eq!(bench.cloud.objects().len(), 4, "the old wall is gone");
    assert!(bench.plan(&changed).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_was_made_again_under_its_fresh_name_is_left_alone() {
    let bench = Bench::new();
    bench.apply(&house(), Mode::Apply).await;
    let mut changed = house();
    changed.resources.get_mut(&"name.wall".parse().unwrap()).unwrap().spec["shape"] = json!("round");
    bench.apply(&changed, Mode::Apply).await;
    bench.cloud.tamper(|objects| objects.retain(|_, object| object.spec.name != "wall-2"));
    assert_eq!(bench.apply(&changed, Mode::Apply).await.outcome, Outcome::Done);
    assert_eq!(bench.state().await.entries[&"name.wall".parse().unwrap()].spec["name"], "wall-2");
    assert!(bench.plan(&changed).await.unwrap().is_empty(), "the name it got is remembered");
}

#[tokio::test(start_paused = true)]
async fn destroy_leaves_nothing_and_apply_works_again() {
    let bench = Bench::new();
    for _ in 0..2 {
        assert_eq!(bench.apply(&house(), Mode::Apply).await.outcome, Outcome::Done);
        assert_eq!(bench.apply(&house(), Mode::Destroy).await.outcome, Outcome::Done);
        assert!(bench.cloud.objects().is_empty());
        assert!(bench.state().await.entries.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn what_stands_on_a_failure_is_skipped_and_the_next_run_resumes() {
    let bench = Bench::new();
    let mut city = house();
    city.resources.extend(wanted(&[("tag.other", json!({"colour": "blue"}))]).resources);
    // The steps start in the order of their way ahead: the ground first.
    bench.cloud.fault(0, Fault::Refused(Class::Denied));
    let report = bench.apply(&city, Mode::Apply).await;
    assert_eq!(report.outcome, Outcome::Failed);
    assert_eq!((report.failed.len(), report.skipped.len(), report.done.add), (1, 3, 1), "{report:?}");
    assert!(report.skipped.values().all(Option::is_some));
    assert_eq!(bench.state().await.open.len(), 0, "a refusal leaves nothing open");
    assert_eq!(bench.apply(&city, Mode::Apply).await.done.add, 4);
    assert!(bench.plan(&city).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_throttled_request_is_sent_again_under_the_same_intent() {
    let bench = Bench::new();
    bench.cloud.fault(0, Fault::Refused(Class::Throttled));
    assert_eq!(bench.apply(&wanted(&[("tag.a", json!({}))]), Mode::Apply).await.outcome, Outcome::Done);
    let creates: Vec<_> = bench.cloud.calls().into_iter().filter(|call| call.verb == Verb::Create).collect();
    assert_eq!(creates.len(), 2);
    assert_eq!(creates[0].attempt, creates[1].attempt);
}

#[tokio::test(start_paused = true)]
async fn a_delete_waits_until_all_have_let_go() {
    let bench = Bench::new();
    bench.apply(&house(), Mode::Apply).await;
    let delete = bench.cloud.calls().len();
    bench.cloud.fault(delete, Fault::Refused(Class::Dependency));
    assert_eq!(bench.apply(&house(), Mode::Destroy).await.outcome, Outcome::Done);
    assert!(bench.cloud.objects().is_empty());
}

#[tokio::test(start_paused = true)]
async fn drift_is_mended_and_what_is_gone_is_made_again() {
    let bench = Bench::new();
    bench.apply(&house(), Mode::Apply).await;
    bench.cloud.tamper(|objects| {
        let door = objects.iter().find(|(_, o)| o.spec.name == "door").unwrap().0.clone();
        objects.remove(&door);
        objects.values_mut().for_each(|object| object.spec.colour = "grey".into());
    });
    let report = bench.apply(&house(), Mode::Apply).await;
    assert_eq!((report.outcome, report.done.add, report.done.change), (Outcome::Done, 1, 3), "{report:?}");
    assert!(bench.plan(&house()).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_others_made_under_our_name_is_not_touched() {
    let bench = Bench::new();
    bench.apply(&wanted(&[("name.a", json!({"name": "a"}))]), Mode::Apply).await;
    bench.cloud.tamper(|objects| objects.values_mut().for_each(|object| object.owner.as_mut().unwrap().lineage = "other".into()));
    let calls = bench.cloud.calls().len();
    for desired in [wanted(&[("name.a", json!({"name": "a", "colour": "red"}))]), wanted(&[])] {
        let refused = bench.plan(&desired).await.unwrap_err();
        assert!(refused[0].summary.contains("exists already and is not ours"), "{refused:?}");
    }
    assert_eq!(bench.cloud.calls().len(), calls);
}

/// Some APIs answer a create with what somebody else has made under the name meanwhile: whether it is seen before the request is
/// sent again or only in its answer, it is left as it is.
#[tokio::test(start_paused = true)]
async fn what_somebody_makes_while_a_create_waits_is_not_taken_for_ours() {
    for (refused, seen_before) in [(Class::Conflict, true), (Class::Throttled, false)] {
        let bench = Bench::new();
        bench.apply(&wanted(&[("key.b", json!({"name": "b"}))]), Mode::Apply).await;
        let calls = bench.cloud.count();
        bench.cloud.fault(calls, Fault::Refused(refused));
        let both = wanted(&[("key.a", json!({"name": "a", "colour": "red"})), ("key.b", json!({"name": "b"}))]);
        let meanwhile = async {
            while bench.cloud.count() == calls {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            bench.cloud.tamper(|objects| {
                let mut theirs = objects.values().next().unwrap().clone();
                (theirs.owner, theirs.spec.name) = (None, "a".into());
                objects.insert("9-theirs".into(), theirs);
            });
        };
        let (report, ()) = tokio::join!(bench.apply(&both, Mode::Apply), meanwhile);
        let told: Vec<&str> = report.failed.values().map(|error| error.message.as_str()).collect();
        assert!(report.failed.len() == 1 && told[0].contains("9-theirs exists already and bears no mark"), "{report:?}");
        assert_eq!(bench.cloud.count(), calls + if seen_before { 1 } else { 2 }, "{refused}: and nothing was sent to it");
        let (theirs, state) = (bench.cloud.objects()[&"9-theirs".into()].clone(), bench.state().await);
        assert!(theirs.owner.is_none() && theirs.spec.colour.is_empty(), "{theirs:?}");
        assert_eq!((state.open.len(), state.entries.len()), (0, 1), "{refused}");
        assert!(bench.plan(&both).await.unwrap_err()[0].summary.contains("is not ours"));
    }
}

#[tokio::test(start_paused = true)]
async fn told_to_drain_a_run_leaves_its_waits_within_a_second() {
    let bench = Bench::new();
    let (ask, control) = watch::channel(Control::Go);
    let clock = bench.clock.clone();
    let stop = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        ask.send(Control::Drain).unwrap();
        let asked = bbws_engine::Clock::elapsed(clock.as_ref());
        std::future::pending::<()>().await;
        asked
    };
    let began = bbws_engine::Clock::elapsed(bench.clock.as_ref());
    let city = house();
    let report = tokio::select! { report = bench.apply_with(&city, Mode::Apply, control) => report, _ = stop => unreachable!() };
    let took = bbws_engine::Clock::elapsed(bench.clock.as_ref()) - began;
    assert_eq!(report.outcome, Outcome::Stopped);
    assert!(took < Duration::from_secs(6), "{took:?}");
    assert!(report.failed.is_empty() && !report.left.is_empty(), "{report:?}");
    assert_eq!(bench.apply(&city, Mode::Apply).await.outcome, Outcome::Done);
    assert_eq!(bench.cloud.objects().len(), 4, "nothing is made twice");
}

#[tokio::test(start_paused = true)]
async fn told_to_abort_a_run_leaves_a_request_in_flight_and_the_next_settles_it() {
    let bench = Bench::new();
    let (ask, control) = watch::channel(Control::Go);
    bench.cloud.fault(0, Fault::HangsAfter);
    let stop = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        ask.send(Control::Drain).unwrap();
        tokio::time::sleep(Duration::from_secs(5)).await;
        ask.send(Control::Abort).unwrap();
        std::future::pending::<()>().await;
    };
    let city = wanted(&[("tag.a", json!({}))]);
    let report = tokio::select! { report = bench.apply_with(&city, Mode::Apply, control) => report, () = stop => unreachable!() };
    assert_eq!((report.outcome, report.left.len()), (Outcome::Stopped, 1));
    assert_eq!(bench.state().await.open.len(), 1, "the request stays open");
    let report = bench.apply(&city, Mode::Apply).await;
    assert_eq!(report.outcome, Outcome::Done);
    assert_eq!((bench.cloud.objects().len(), bench.state().await.open.len()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_fenced_while_it_waits_ends_with_the_heartbeat_that_learns_it() {
    let bench = Bench::in_which_all_takes(Duration::from_secs(900));
    let fence = async {
        tokio::time::sleep(Duration::from_secs(70)).await;
        bench.open().await.unwrap().close("unlocked").await.unwrap();
        let fenced = bench.clock.elapsed();
        std::future::pending::<()>().await;
        fenced
    };
    let city = house();
    let log = bench.open().await.unwrap();
    let began = bench.clock.elapsed();
    let (_keep, control) = watch::channel(Control::Go);
    let report = tokio::select! { report = bench.apply_until_over(&log, &city, control) => report, _ = fence => unreachable!() };
    let took = bench.clock.elapsed() - began;
    assert_eq!(report.outcome, Outcome::Fenced);
    // It learns it by the next slot that it writes, 20 s after the last one at the latest.
    assert!(took < Duration::from_secs(70 + 20 + 2), "{took:?}");
    assert!(report.failed.is_empty() && !report.left.is_empty() && !report.skipped.is_empty(), "{report:?}");
    assert_eq!(bench.state().await.holder, None, "what has fenced it has given the environment back, and nothing came after that");
}

#[tokio::test(start_paused = true)]
async fn waiting_objects_are_polled_together() {
    let bench = Bench::new();
    let many: Vec<(String, serde_json::Value)> = (0..40).map(|n| (format!("tag.t{n}"), json!({}))).collect();
    let many: Vec<(&str, serde_json::Value)> = many.iter().map(|(a, s)| (a.as_str(), s.clone())).collect();
    let before = bench.cloud.observes();
    assert_eq!(bench.apply(&wanted(&many), Mode::Apply).await.done.add, 40);
    // 20 s at one look a second, whatever their number, and a few at the start.
    let looks = bench.cloud.observes() - before;
    assert!(looks < 30, "{looks} looks for 40 objects");
    assert!(!bench.told().iter().any(|s| matches!(s.event, Event::StepFailed { .. })));
}

#[tokio::test(start_paused = true)]
async fn what_others_have_hung_on_ours_stops_its_end() {
    let bench = Bench::new();
    bench.apply(&house(), Mode::Apply).await;
    let state = bench.state().await;
    let foreign = |plan| {
        let (bench, state) = (&bench, &state);
        async move {
            let picture = bbws_engine::refresh(&bench.drivers, &bench.kinds, &house(), state).await;
            bbws_engine::foreign(&bench.drivers, &bench.kinds, &plan, state, &picture).await
        }
    };
    let destroy = bench.plan_of(&state, &house(), Mode::Destroy).await.unwrap();
    assert!(foreign(destroy.clone()).await.is_empty(), "what is ours hangs there by right");
    bench.cloud.tamper(|objects| {
        let (ground, mut guest) = objects.iter().find(|(_, o)| o.kind == "tag").map(|(id, o)| (id.clone(), o.clone())).unwrap();
        (guest.owner, guest.spec.name, guest.spec.needs) = (None, "tenant".into(), vec![ground.to_string()]);
        objects.insert("9-guest".into(), guest);
    });
    let told = foreign(destroy).await;
    assert_eq!(told.len(), 1);
    assert!(told[0].theirs.len() == 1 && told[0].finding.evidence.contains("tenant (9-guest)"), "{told:?}");
    let calm = bench.plan(&house()).await.unwrap();
    assert!(foreign(calm).await.is_empty(), "a plan that deletes nothing is not stopped");
}

#[tokio::test(start_paused = true)]
async fn the_copy_that_a_delete_leaves_is_kept_in_the_state() {
    let mut bench = Bench::new();
    let rule = BackupRule { kind: "key", spec: |_, name| json!({"name": name}), left_by_delete: Some("id") };
    bench.kinds = Arc::new(bbws_testkit::kinds().with_backup("name", rule));
    let desired = wanted(&[("name.a", json!({"name": "a"}))]);
    bench.apply(&desired, Mode::Apply).await;
    let id = bench.state().await.entries[&"name.a".parse().unwrap()].id.clone();
    bench.apply(&desired, Mode::Destroy).await;
    let state = bench.state().await;
    assert!(state.entries.is_empty(), "{:?}", state.entries);
    let kept: Vec<_> = state.backups.iter().map(|backup| (backup.address.to_string(), backup.id.clone())).collect();
    assert_eq!(kept, [("name.a".to_owned(), id)]);
}

/// A bench on which deleting a `name` leaves a `key` called like the endpoint that it had, and what one of each was called.
async fn leaving_copies() -> (Bench, bbws_model::Desired, bbws_model::PhysicalId) {
    let mut bench = Bench::new();
    let rule = BackupRule { kind: "key", spec: |_, name| json!({"name": name}), left_by_delete: Some("endpoint") };
    bench.kinds = Arc::new(bbws_testkit::kinds().with_backup("name", rule));
    let desired = wanted(&[("name.a", json!({"name": "a"}))]);
    bench.apply(&desired, Mode::Apply).await;
    let id = bench.state().await.entries[&"name.a".parse().unwrap()].id.clone();
    (bench, desired, id)
}

#[tokio::test(start_paused = true)]
async fn a_copy_that_a_killed_run_left_is_kept_in_the_state() {
    for (gone, copied, mode) in [
        (true, true, Mode::Destroy),
        (false, true, Mode::Destroy),
        (true, true, Mode::Apply),
        (true, false, Mode::Destroy),
        (false, false, Mode::Destroy),
    ] {
        let (bench, desired, id) = leaving_copies().await;
        let copy = format!("{id}.example");
        let ends = bench.clock.elapsed() + Duration::from_secs(60);
        bench.cloud.tamper(|objects| {
            let mut object = objects[&id].clone();
            if copied {
                let mut copy_of = object.clone();
                (copy_of.kind, copy_of.spec.name) = ("key", copy.clone());
                objects.insert(copy.as_str().into(), copy_of);
            }
            if gone {
                objects.remove(&id);
            } else {
                object.gone_at = Some(ends);
                objects.insert(id.clone(), object);
            }
        });
        assert_eq!(bench.apply(&desired, mode).await.outcome, Outcome::Done);
        let kept: Vec<String> = bench.state().await.backups.iter().map(|backup| backup.id.to_string()).collect();
        let expected: Vec<String> = copied.then_some(copy).into_iter().collect();
        assert_eq!(kept, expected, "gone {gone}, copied {copied}, {mode:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_copy_of_somebody_elses_is_not_taken_for_ours() {
    let mut bench = Bench::new();
    let rule = BackupRule { kind: "key", spec: |_, name| json!({"name": name}), left_by_delete: None };
    bench.kinds = Arc::new(bbws_testkit::kinds().with_backup("name", rule));
    let desired = wanted(&[("name.a", json!({"name": "a"}))]);
    bench.apply(&desired, Mode::Apply).await;
    let plan = bench.plan_of(&bench.state().await, &desired, Mode::Destroy).await.unwrap();
    let name = plan.steps.iter().find_map(|step| match &step.action {
        Action::Backup { want, .. } => want["name"].as_str().map(str::to_owned),
        _ => None,
    });
    // The serial moves on before the steps are taken: every name that the run may choose is somebody's.
    let (head, serial) = name.as_deref().and_then(|name| name.rsplit_once('-')).unwrap();
    let serial: u64 = serial.parse().unwrap();
    bench.cloud.tamper(|objects| {
        let template = objects.values().next().unwrap().clone();
        for n in serial..serial + 5 {
            let mut theirs = template.clone();
            (theirs.kind, theirs.spec.name) = ("key", format!("{head}-{n}"));
            theirs.owner = theirs.owner.map(|owner| bbws_model::Ownership { lineage: "another".into(), ..owner });
            objects.insert(format!("9{n}-key").as_str().into(), theirs);
        }
    });
    let report = bench.apply(&desired, Mode::Destroy).await;
    assert_ne!(report.outcome, Outcome::Done);
    let state = bench.state().await;
    assert!(state.backups.is_empty() && state.entries.len() == 1, "without a copy nothing is deleted: {state:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_ready_at_once_offers_its_outputs_only_in_its_wanted_form() {
    let mut bench = Bench::new();
    bench.cloud = FakeCloud::new(Duration::ZERO);
    bench.drivers = Arc::new(bbws_testkit::drivers(&bench.cloud));
    bench.apply(&house(), Mode::Apply).await;
    let calls = bench.cloud.calls();
    let place =
        |verb, name: &str| calls.iter().rposition(|call: &Call| call.verb == verb && call.attempt.owner.address.name() == name).unwrap();
    assert!(place(Verb::Update, "wall") < place(Verb::Create, "roof"), "it refers to what the wall offers once it is ready");
}

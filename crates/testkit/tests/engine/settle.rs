//! What waits for a request of an earlier run, and what does not; and what arrives after all.

use std::sync::Arc;
use std::time::Duration;

use bbws_engine::{Clock, Control, Held, Log, LogError, stands_still};
use bbws_model::{Class, Desired, Event, IntentId, Mode, Outcome, RunId};
use bbws_testkit::{Call, Fault, Lasting, Trouble, Verb, Weather};
use serde_json::json;
use tokio::sync::watch;

use crate::bench::{Bench, to, wanted};

/// A run that is killed when its first request has left and nothing has come of it yet.
async fn killed(bench: &Bench, desired: &Desired) {
    bench.cloud.fault(0, Fault::HangsBefore);
    let (ask, control) = watch::channel(Control::Go);
    let stop = async {
        tokio::time::sleep(Duration::from_secs(5)).await;
        ask.send(Control::Abort).unwrap();
        std::future::pending::<()>().await;
    };
    let report = tokio::select! { report = bench.apply_with(desired, Mode::Apply, control) => report, () = stop => unreachable!() };
    assert_eq!(report.outcome, Outcome::Stopped);
    assert_eq!(bench.state().await.open.len(), 1, "its request is open");
}

/// When each step of the last run came to its end, counted from the run's begin.
fn finished(bench: &Bench, address: &str) -> Duration {
    let told = bench.told();
    let mut all = told.iter().filter(|told| matches!(&told.event, Event::StepFinished { address: of, .. } if of.to_string() == address));
    all.next_back().expect("it has come to its end").elapsed
}

#[tokio::test(start_paused = true)]
async fn only_what_needs_an_unsettled_address_waits() {
    let bench = Bench::new();
    killed(&bench, &wanted(&[("tag.lost", json!({"colour": "green"}))])).await;
    let city = wanted(&[
        ("tag.lost", json!({"colour": "green"})),
        ("name.on-it", json!({"name": "on-it", "needs": [to("tag.lost", "id")]})),
        ("tag.free", json!({"colour": "red"})),
        ("name.free", json!({"name": "free", "needs": [to("tag.free", "id")]})),
    ]);
    assert_eq!(bench.apply(&city, Mode::Apply).await.outcome, Outcome::Done);
    assert_eq!(bench.cloud.objects().len(), 4);
    let drain = Duration::from_secs(45 + 300 + 300 + 60);
    for free in ["tag.free", "name.free"] {
        assert!(finished(&bench, free) < Duration::from_secs(60), "{free} waits for nothing of the other");
    }
    for waits in ["tag.lost", "name.on-it"] {
        assert!(finished(&bench, waits) >= drain, "{waits}: a request by tags alone is not repeated before the first has lapsed");
        assert!(finished(&bench, waits) < drain + Duration::from_secs(120), "{waits}");
    }
}

/// Nobody knows what became of the owner: it is on another machine, and has given nothing back.
#[tokio::test(start_paused = true)]
async fn the_environment_of_a_killed_owner_is_opened_in_75_seconds_and_only_what_is_unsettled_waits() {
    let bench = Bench::new();
    bench.cloud.fault(0, Fault::HangsBefore);
    let lost = wanted(&[("tag.lost", json!({"colour": "green"}))]);
    let _ = tokio::time::timeout(Duration::from_secs(90), bench.apply(&lost, Mode::Apply)).await;
    let (state, killed) = (bench.state().await, bench.clock.elapsed());
    assert!(state.holder.is_some() && state.open.len() == 1, "it was killed in the middle");

    // The next run: it is shut out, watches, and takes over, without anybody's help.
    let open = async |may_take: &(dyn Fn(&Held) -> bool + Sync)| {
        Log::open(Arc::new(bench.store.clone()), bench.clock.clone(), bench.ids.clone(), Bench::opening("next"), may_take).await
    };
    let Err(LogError::Held(held)) = open(&|_| false).await else { panic!("it is held") };
    assert!(stands_still(&bench.store, bench.clock.as_ref(), held.seq).await.unwrap());
    let log = open(&|now| now.seq == held.seq).await.unwrap();
    let opened = bench.clock.elapsed();
    assert!(opened - killed <= Duration::from_secs(75), "{:?}", opened - killed);

    let city = wanted(&[
        ("tag.lost", json!({"colour": "green"})),
        ("name.on-it", json!({"name": "on-it", "needs": [to("tag.lost", "id")]})),
        ("tag.free", json!({"colour": "red"})),
        ("name.free", json!({"name": "free", "needs": [to("tag.free", "id")]})),
    ]);
    let (_keep, control) = watch::channel(Control::Go);
    assert_eq!(bench.apply_held(&log, &city, Mode::Apply, control, &Lasting).await.outcome, Outcome::Done);
    let drain = Duration::from_secs(45 + 300 + 300 + 60);
    for free in ["tag.free", "name.free"] {
        assert!(finished(&bench, free) < Duration::from_secs(60), "{free} waits for nothing of the other");
    }
    // The unsettled step is shown as one that waits, from early on, and says what for.
    let told = bench.told();
    let waits = told.iter().find_map(|told| match &told.event {
        Event::StepWaiting { address, phase, .. } if address.to_string() == "tag.lost" => Some((told.elapsed, format!("{phase:?}"))),
        _ => None,
    });
    let (at, phase) = waits.expect("it is shown as waiting");
    assert!(at < Duration::from_secs(60) && phase.contains("what became of a request without an answer"), "{at:?} {phase}");
    let settled = finished(&bench, "name.on-it");
    assert!((drain..drain + Duration::from_secs(120)).contains(&settled), "{settled:?}");
    assert_eq!((bench.cloud.objects().len(), bench.state().await.open.len()), (4, 0));
    println!(
        "opened {:.0} s after the kill, free steps done, the rest settled {:.0} s later",
        (opened - killed).as_secs_f64(),
        settled.as_secs_f64()
    );
}

#[tokio::test(start_paused = true)]
async fn a_create_that_can_do_no_harm_is_sent_again_at_once() {
    for kind in ["name", "token", "key"] {
        let bench = Bench::new();
        let one = wanted(&[(&format!("{kind}.a"), json!({"name": "a", "colour": "green"}))]);
        killed(&bench, &one).await;
        assert_eq!(bench.apply(&one, Mode::Apply).await.outcome, Outcome::Done, "{kind}");
        assert_eq!(bench.cloud.objects().len(), 1, "{kind}");
        assert!(finished(&bench, &format!("{kind}.a")) < Duration::from_secs(90), "{kind}");
        let calls = bench.cloud.calls();
        let creates: Vec<_> = calls.iter().filter(|call| call.verb == Verb::Create).collect();
        assert!(creates.windows(2).all(|two| two[0].attempt == two[1].attempt), "{kind}: the same request, intent and token included");
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_does_not_end_before_nothing_can_arrive_any_more() {
    let bench = Bench::new();
    killed(&bench, &wanted(&[("tag.lost", json!({"colour": "green"}))])).await;
    // It is no longer in the file: no step waits for it.
    let began = bench.clock.elapsed();
    assert_eq!(bench.apply(&wanted(&[("tag.other", json!({}))]), Mode::Apply).await.outcome, Outcome::Done);
    assert!(bench.clock.elapsed() - began >= Duration::from_secs(705));
    assert!(bench.told().iter().any(|told| matches!(told.event, Event::Settling { requests: 1, .. })), "it is told why");
    let state = bench.state().await;
    assert_eq!((state.open.len(), state.abandoned.len()), (0, 1));
}

/// A run whose request of this number is under way when its process dies; answers which run it was.
async fn dies_at(bench: &Bench, call: usize, desired: &Desired) -> RunId {
    bench.cloud.fault(call, Fault::HangsBefore);
    let _ = tokio::time::timeout(Duration::from_secs(20), bench.apply(desired, Mode::Apply)).await;
    let state = bench.state().await;
    assert_eq!((state.open.len(), bench.cloud.count()), (1, call + 1), "it was killed in the middle");
    state.holder.expect("it has given nothing back").run
}

/// That the process which wrote an intent is gone tells nothing of the one that sent the request again.
#[tokio::test(start_paused = true)]
async fn a_request_that_two_runs_have_sent_is_waited_for_as_long_as_either_may_live() {
    let (short, long) = (Duration::from_secs(45 + 60), Duration::from_secs(45 + 300 + 300 + 60));
    for (again, waits) in [(false, short), (true, long)] {
        let bench = Bench::new();
        let one = wanted(&[("key.a", json!({"name": "a", "colour": "green"}))]);
        let first = dies_at(&bench, 0, &one).await;
        bench.gone.lock().unwrap().insert(first.clone());
        if again {
            assert_ne!(dies_at(&bench, 1, &one).await, first, "a second run, on a machine of which nothing is known");
        }
        let began = bench.clock.elapsed();
        assert_eq!(bench.apply(&wanted(&[("tag.other", json!({}))]), Mode::Apply).await.outcome, Outcome::Done);
        let took = bench.clock.elapsed() - began;
        assert!(took >= waits && took < waits + Duration::from_secs(60), "sent again: {again}: {took:?}");
        assert_eq!(bench.state().await.open.len(), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn what_arrives_after_it_was_given_up_is_recorded_and_removed() {
    let bench = Bench::new();
    let one = wanted(&[("tag.a", json!({"colour": "green"}))]);
    killed(&bench, &one).await;
    assert_eq!(bench.apply(&one, Mode::Apply).await.outcome, Outcome::Done);
    let state = bench.state().await;
    let lost: IntentId = state.abandoned.keys().next().cloned().expect("the first create was given up");
    // Against all that AWS says, it is executed now.
    bench.cloud.tamper(|objects| {
        let mut late = objects.values().next().cloned().unwrap();
        late.owner.as_mut().unwrap().intent = lost;
        objects.insert("99-tag".into(), late);
    });
    assert_eq!(bench.apply(&one, Mode::Apply).await.outcome, Outcome::Done);
    let (state, objects) = (bench.state().await, bench.cloud.objects());
    assert_eq!((objects.len(), state.abandoned.len()), (1, 1), "more may come of it: {objects:#?}");
    assert!(objects.contains_key(&state.entries[&"tag.a".parse().unwrap()].id), "the one that was recorded first stays");
    assert!(bench.plan(&one).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_has_not_come_for_days_is_no_longer_looked_for() {
    let bench = Bench::new();
    let one = wanted(&[("tag.a", json!({"colour": "green"}))]);
    killed(&bench, &one).await;
    bench.apply(&one, Mode::Apply).await;
    bench.apply(&one, Mode::Apply).await;
    assert_eq!(bench.state().await.abandoned.len(), 1, "so soon it may still come");
    bench.clock.sleep(Duration::from_secs(7 * 24 * 3600)).await;
    bench.apply(&one, Mode::Apply).await;
    assert_eq!(bench.state().await.abandoned.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_comes_back_after_its_delete_is_found_and_removed() {
    for kind in ["name", "token", "key"] {
        let bench = Bench::new();
        let one = wanted(&[(&format!("{kind}.a"), json!({"name": "a", "colour": "green"}))]);
        // The first request is lost for now, and the same one is sent again.
        bench.cloud.fault(0, Fault::RequestLost);
        assert_eq!(bench.apply(&one, Mode::Apply).await.outcome, Outcome::Done, "{kind}");
        let made = bench.cloud.objects();
        assert_eq!(bench.apply(&one, Mode::Destroy).await.outcome, Outcome::Done, "{kind}");
        assert_eq!((bench.cloud.objects().len(), bench.state().await.abandoned.len()), (0, 1), "{kind}");
        // It arrives after all; and as it may have been sent more than twice, once more.
        for id in ["98", "99"] {
            let made = made.clone().into_values();
            bench.cloud.tamper(|objects| objects.extend(made.map(|object| (format!("{id}-{kind}").as_str().into(), object))));
            assert_eq!(bench.apply(&one, Mode::Destroy).await.outcome, Outcome::Done, "{kind}");
            let state = bench.state().await;
            assert_eq!((bench.cloud.objects().len(), state.entries.len(), state.abandoned.len()), (0, 0, 1), "{kind}");
        }
        bench.clock.sleep(Duration::from_secs(7 * 24 * 3600)).await;
        assert_eq!(bench.apply(&one, Mode::Destroy).await.outcome, Outcome::Done, "{kind}");
        assert_eq!(bench.state().await.abandoned.len(), 0, "{kind}: nothing of it can come any more");
    }
}

/// An open create is settled by what an earlier one for the same name has made: its own request may still come, and is looked for
/// when that object is gone.
#[tokio::test(start_paused = true)]
async fn what_was_settled_by_anothers_work_may_still_come() {
    for kind in ["name", "key"] {
        let bench = Bench::new();
        let one = wanted(&[(&format!("{kind}.a"), json!({"name": "a", "colour": "green"}))]);
        bench.cloud.fault(0, Fault::RequestLost);
        assert_eq!(bench.apply(&one, Mode::Apply).await.outcome, Outcome::Done, "{kind}");
        let first = bench.cloud.objects().into_values().next().unwrap();
        assert_eq!(bench.apply(&one, Mode::Destroy).await.outcome, Outcome::Done, "{kind}");
        // The run is gone before its request has arrived; then the earlier one does.
        bench.cloud.fault(bench.cloud.count(), Fault::HangsBefore);
        let _ = tokio::time::timeout(Duration::from_secs(5), bench.apply(&one, Mode::Apply)).await;
        let open = bench.state().await.open.into_keys().next().expect("a create is open");
        bench.cloud.tamper(|objects| drop(objects.insert(format!("98-{kind}").as_str().into(), first.clone())));
        assert_eq!(bench.apply(&one, Mode::Apply).await.outcome, Outcome::Done, "{kind}");
        assert_eq!((bench.cloud.objects().len(), bench.state().await.entries.len()), (1, 1), "{kind}");
        assert_eq!(bench.apply(&one, Mode::Destroy).await.outcome, Outcome::Done, "{kind}");
        let mut second = first.clone();
        second.owner.as_mut().unwrap().intent = open;
        bench.cloud.tamper(|objects| drop(objects.insert(format!("99-{kind}").as_str().into(), second)));
        assert_eq!(bench.apply(&one, Mode::Destroy).await.outcome, Outcome::Done, "{kind}");
        assert_eq!(bench.cloud.objects().len(), 0, "{kind}");
    }
}

/// Every delete that was sent, each with its number among the calls.
fn deletes(bench: &Bench) -> Vec<(usize, Call)> {
    bench.cloud.calls().into_iter().enumerate().filter(|(_, call)| call.verb == Verb::Delete).collect()
}

/// A bench on which the first of two deletes of a name is under way for five minutes when the second has done its work.
async fn deleted_twice() -> (Bench, Desired) {
    let bench = Bench::in_which_all_takes(Duration::ZERO);
    let one = wanted(&[("label.a", json!({"name": "a"}))]);
    bench.apply(&one, Mode::Apply).await;
    bench.cloud.fault(bench.cloud.count(), Fault::Late(Duration::from_secs(300)));
    (bench, one)
}

/// What is wanted is made again, and nothing that arrives within a quarter of an hour removes it.
async fn made_again(bench: &Bench, one: &Desired) {
    assert_eq!(bench.apply(one, Mode::Apply).await.outcome, Outcome::Done);
    bench.clock.sleep(Duration::from_secs(900)).await;
    assert_eq!((bench.cloud.objects().len(), bench.state().await.open.len()), (1, 0), "it stays");
}

/// The late one would remove the next object of the name.
#[tokio::test(start_paused = true)]
async fn a_name_is_made_again_only_when_no_delete_of_it_may_still_arrive() {
    let (bench, one) = deleted_twice().await;
    let began = bench.clock.elapsed();
    assert_eq!(bench.apply(&one, Mode::Destroy).await.outcome, Outcome::Done);
    let took = bench.clock.elapsed() - began;
    assert!(took >= Duration::from_secs(660) && took < Duration::from_secs(760), "{took:?}");
    let sent = deletes(&bench);
    assert!(sent.len() == 2 && sent[0].1.attempt == sent[1].1.attempt, "one intent: {sent:?}");
    made_again(&bench, &one).await;
    // It is killed when the object is gone, and the next run wants it again, at another address, or not at all.
    let moved = wanted(&[("label.b", json!({"name": "a"}))]);
    for (again, next) in [(true, one.clone()), (true, moved), (false, one)] {
        let (bench, one) = deleted_twice().await;
        let _ = tokio::time::timeout(Duration::from_secs(120), bench.apply(&one, Mode::Destroy)).await;
        let state = bench.state().await;
        assert_eq!((bench.cloud.objects().len(), state.entries.len(), state.open.len()), (0, 1, 1));
        if !again {
            assert_eq!(bench.apply(&wanted(&[]), Mode::Apply).await.outcome, Outcome::Done);
            assert_eq!(bench.state().await.entries.len(), 0);
        }
        made_again(&bench, &next).await;
    }
}

/// AWS takes a delete, and shows its object for so long that it is deleted again: by the same run, or by the next one. The answer to
/// that is lost. Then the object is gone, which is the first one's work: the second is still on its way.
#[tokio::test(start_paused = true)]
async fn a_delete_that_was_taken_is_one_of_two_when_its_object_is_shown_too_long() {
    let mut twice = [0, 0];
    for (seed, killed) in (0..40).flat_map(|seed| [(seed, false), (seed, true)]) {
        let bench = Bench::in_which_all_takes(Duration::ZERO);
        let one = wanted(&[("label.a", json!({"name": "a"}))]);
        bench.apply(&one, Mode::Apply).await;
        bench.cloud.weather(seed, Weather { lag: Duration::from_secs(90), ..Weather::default() }, Trouble::default());
        bench.cloud.fault(bench.cloud.count() + 1, Fault::Late(Duration::from_secs(300)));
        if killed {
            let _ = tokio::time::timeout(Duration::from_secs(5), bench.apply(&one, Mode::Destroy)).await;
        }
        assert_eq!(bench.apply(&one, Mode::Destroy).await.outcome, Outcome::Done, "seed {seed}, killed: {killed}");
        let sent = deletes(&bench);
        assert!(sent.iter().all(|(_, call)| call.attempt == sent[0].1.attempt), "one intent: {sent:?}");
        twice[usize::from(killed)] += usize::from(sent.len() == 2);
        bench.cloud.calm();
        made_again(&bench, &one).await;
    }
    assert!(twice.iter().all(|of| *of > 5), "{twice:?}");
}

/// One that AWS has taken ends with what a look shows of it: not with the answer, and not later.
#[tokio::test(start_paused = true)]
async fn a_delete_ends_when_its_object_is_seen_to_leave() {
    for (takes, ends) in [(0, "seen to be gone"), (600, "seen to leave")] {
        let bench = Bench::in_which_all_takes(Duration::from_secs(takes));
        let one = wanted(&[("label.a", json!({"name": "a"}))]);
        bench.apply(&one, Mode::Apply).await;
        let began = bench.clock.elapsed();
        let _ = tokio::time::timeout(Duration::from_secs(60), bench.apply(&one, Mode::Destroy)).await;
        let state = bench.state().await;
        assert_eq!((state.open.len(), state.entries.len()), (0, usize::from(takes > 0)), "{ends}");
        assert_eq!(bench.apply(&one, Mode::Destroy).await.outcome, Outcome::Done, "{ends}");
        assert!(bench.clock.elapsed() - began < Duration::from_secs(takes + 120), "nothing else is waited for");
        assert_eq!(deletes(&bench).len(), 1, "{ends}");
    }
}

/// One that was sent once is over when its object is gone: nobody waits.
#[tokio::test(start_paused = true)]
async fn a_delete_whose_answer_alone_was_lost_is_over_when_its_object_is_gone() {
    let bench = Bench::in_which_all_takes(Duration::ZERO);
    let one = wanted(&[("label.a", json!({"name": "a"}))]);
    bench.apply(&one, Mode::Apply).await;
    bench.cloud.fault(bench.cloud.count(), Fault::AnswerLost);
    let began = bench.clock.elapsed();
    assert_eq!(bench.apply(&one, Mode::Destroy).await.outcome, Outcome::Done);
    assert!(bench.clock.elapsed() - began < Duration::from_secs(30), "{:?}", bench.clock.elapsed() - began);
}

/// Of a delete that a killed run has sent the next one knows that it is over soon, as that process is gone; of the one that it sends
/// itself it does not. Two steps are at that address: the one that sends it, and another, which must not end it first.
#[tokio::test(start_paused = true)]
async fn a_delete_that_is_sent_again_is_over_when_the_last_one_has_lapsed() {
    let a = |shape: &str, colour: &str| wanted(&[("key.a", json!({"name": "a", "shape": shape, "colour": colour}))]);
    let whole = Bench::new();
    for shape in ["round", "square"] {
        assert_eq!(whole.apply(&a(shape, "green"), Mode::Apply).await.outcome, Outcome::Done);
    }
    let bench = Bench::new();
    bench.apply(&a("round", "green"), Mode::Apply).await;
    bench.cloud.fault(deletes(&whole)[0].0, Fault::HangsBefore);
    let _ = tokio::time::timeout(Duration::from_secs(120), bench.apply(&a("square", "green"), Mode::Apply)).await;
    let killed = bench.state().await;
    assert_eq!((killed.open.len(), deletes(&bench).len()), (1, 1), "it was killed when its delete had left");
    bench.gone.lock().unwrap().insert(killed.holder.expect("it holds the environment").run);
    // Neither the delete nor the update, whichever is first, arrives before ten minutes.
    (0..2).for_each(|next| bench.cloud.fault(bench.cloud.count() + next, Fault::Late(Duration::from_secs(600))));
    let began = bench.clock.elapsed();
    let report = bench.apply(&a("square", "red"), Mode::Apply).await;
    assert_eq!(report.outcome, Outcome::Done, "{report:?}");
    let took = bench.clock.elapsed() - began;
    assert!(took >= Duration::from_secs(660) && took < Duration::from_secs(760), "{took:?}");
    let sent = deletes(&bench);
    assert!(sent.len() >= 2 && sent.iter().all(|(_, call)| call.attempt == sent[0].1.attempt), "one intent: {sent:?}");
    assert_eq!((bench.cloud.objects().len(), bench.state().await.open.len()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn what_was_given_up_is_not_sent_again() {
    for kind in ["name", "token", "key"] {
        let bench = Bench::new();
        let one = wanted(&[(&format!("{kind}.a"), json!({"name": "a", "colour": "green"}))]);
        // The first request is lost, and each time it is sent again it is refused.
        bench.cloud.fault(0, Fault::RequestLost);
        (1..=5).for_each(|call| bench.cloud.fault(call, Fault::Refused(Class::Conflict)));
        assert_eq!(bench.apply(&one, Mode::Apply).await.outcome, Outcome::Done, "{kind}");
        let (state, calls) = (bench.state().await, bench.cloud.calls());
        assert_eq!((bench.cloud.objects().len(), state.open.len()), (1, 0), "{kind}");
        assert!(calls[1..6].iter().all(|call| call.attempt == calls[0].attempt), "{kind}: the same request");
        assert_ne!(calls[6].attempt, calls[0].attempt, "{kind}: another one, of an intent of its own");
    }
}

/// Twice made, and the run that sent it is killed at any moment: the next one is a destroy.
#[tokio::test(start_paused = true)]
async fn what_arrived_twice_goes_whoever_settled_it() {
    let one = wanted(&[("tag.a", json!({"colour": "green"}))]);
    let mut twins = 0;
    for lives in (0..400).step_by(10) {
        let bench = Bench::new();
        bench.cloud.fault(0, Fault::Twice(Duration::ZERO));
        let _ = tokio::time::timeout(Duration::from_millis(lives), bench.apply(&one, Mode::Apply)).await;
        twins += usize::from(bench.cloud.objects().len() == 2);
        assert_eq!(bench.apply(&one, Mode::Destroy).await.outcome, Outcome::Done, "killed after {lives} ms");
        assert_eq!(bench.apply(&one, Mode::Destroy).await.outcome, Outcome::Done, "killed after {lives} ms");
        assert_eq!(bench.cloud.objects().len(), 0, "killed after {lives} ms");
    }
    assert!(twins > 10, "{twins}");
}

/// A service that is down answers each create with a failure of its own. The run comes to its end, and says what is not known; when
/// the service is well again the next one makes the thing, once.
#[tokio::test(start_paused = true)]
async fn a_service_that_is_down_is_not_asked_for_ever() {
    let (bench, city) = (Bench::new(), wanted(&[("tag.lost", json!({"colour": "green"}))]));
    (0..20).for_each(|call| bench.cloud.fault(call, Fault::RequestLost));
    let report = bench.apply(&city, Mode::Apply).await;
    assert_eq!(report.outcome, Outcome::Failed);
    assert!(report.failed.values().all(|error| error.class == Class::Ambiguous) && report.failed.len() == 1, "{:?}", report.failed);
    let asked = bench.cloud.count();
    assert!((2..=4).contains(&asked), "{asked} requests");
    assert!(bench.clock.elapsed() < Duration::from_secs(30 * 60), "{:?}", bench.clock.elapsed());
    assert_eq!(bench.state().await.open.len(), 1, "what became of the last one is not known yet");
    bench.cloud.calm();
    assert_eq!(bench.apply(&city, Mode::Apply).await.outcome, Outcome::Done);
    assert_eq!(bench.cloud.objects().len(), 1);
}

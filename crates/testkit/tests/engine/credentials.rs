//! Credentials that run out while a run is on its way.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bbws_engine::{Clock, Control, Credentials, log};
use bbws_model::{Class, CloudError, Desired, Event, Mode, Outcome, Record, Why, wire};
use bbws_testkit::Fault;
use serde_json::json;
use tokio::sync::watch;

use crate::bench::{Bench, to, wanted};

/// Credentials that run out, and how often others were looked for.
#[derive(Default)]
struct Session(AtomicUsize);

impl Credentials for Session {
    fn have_run_out(&self, error: &CloudError) -> bool {
        error.class == Class::Credentials
    }

    fn renew(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn tower() -> Desired {
    wanted(&[
        ("tag.a", json!({"colour": "green"})),
        ("tag.b", json!({"colour": "red"})),
        ("name.c", json!({"name": "c", "needs": [to("tag.a", "id")]})),
    ])
}

async fn intents(bench: &Bench) -> usize {
    let slots = bench.store.all();
    let records =
        slots.iter().filter(|(key, _)| key.starts_with(wire::log::PREFIX)).flat_map(|(_, bytes)| wire::log::read(bytes).unwrap().records);
    records.filter(|record| matches!(record, Record::Intent(_))).count()
}

async fn apply(bench: &Bench, session: &dyn Credentials) -> bbws_engine::Report {
    let (_keep, control) = watch::channel(Control::Go);
    bench.apply_signed(&tower(), Mode::Apply, control, session).await
}

#[tokio::test(start_paused = true)]
async fn a_run_waits_for_fresh_ones_and_goes_on_with_the_same_requests() {
    let undisturbed = Bench::new();
    apply(&undisturbed, &Session::default()).await;
    let bench = Bench::new();
    // The second request, and whatever is sent in the minute after it.
    (1..9).for_each(|call| bench.cloud.fault(call, Fault::Refused(Class::Credentials)));
    let session = Session::default();
    let report = apply(&bench, &session).await;
    assert_eq!((report.outcome, bench.cloud.objects().len()), (Outcome::Done, 3), "{report:?}");
    assert!(session.0.load(Ordering::SeqCst) >= 3, "others are looked for");
    assert_eq!(intents(&bench).await, intents(&undisturbed).await, "a refused request is the same one when it is sent again");
}

/// What is made when somebody has signed in again is waited for as long as ever: until then nothing of it was under way.
#[tokio::test(start_paused = true)]
async fn the_wait_for_fresh_ones_is_not_counted_as_the_kinds_own() {
    let bench = Bench::new();
    (0..2_000).for_each(|call| bench.cloud.fault(call, Fault::Refused(Class::Credentials)));
    let away = Duration::from_secs(12 * 60);
    let tag = bench.kinds.get("tag").unwrap().facts().durations.timeout;
    assert!(tag < away, "a kind whose own time would be over: {tag:?}");
    let session = Session::default();
    let (report, ()) = tokio::join!(apply(&bench, &session), async {
        tokio::time::sleep(away).await;
        bench.cloud.calm();
    });
    assert_eq!((report.outcome, bench.cloud.objects().len()), (Outcome::Done, 3), "{report:?}");
}

#[tokio::test(start_paused = true)]
async fn a_run_without_fresh_ones_ends_with_everything_recorded_and_the_next_goes_on() {
    let bench = Bench::new();
    (1..2_000).for_each(|call| bench.cloud.fault(call, Fault::Refused(Class::Credentials)));
    let began = bench.clock.elapsed();
    let report = apply(&bench, &Session::default()).await;
    let took = bench.clock.elapsed() - began;
    assert!(took >= Duration::from_secs(15 * 60) && took < Duration::from_secs(18 * 60), "{took:?}");
    assert_eq!(report.outcome, Outcome::Stopped);
    assert!(!report.failed.is_empty() && report.failed.values().all(|error| error.class == Class::Credentials), "{report:?}");
    assert!(bench.told().iter().any(|told| matches!(told.event, Event::Stopping { why: Why::Credentials })));
    let state = log::read(&bench.store).await.unwrap().unwrap();
    assert_eq!((state.entries.len(), state.open.len(), bench.cloud.objects().len()), (1, 0, 1), "what was made is recorded");
    bench.cloud.calm();
    assert_eq!(apply(&bench, &Session::default()).await.outcome, Outcome::Done);
    assert_eq!(bench.cloud.objects().len(), 3, "nothing is made twice");
}

#[tokio::test(start_paused = true)]
async fn wrong_ones_are_told_at_once() {
    let bench = Bench::new();
    (0..50).for_each(|call| bench.cloud.fault(call, Fault::Refused(Class::Credentials)));
    let began = bench.clock.elapsed();
    let report = apply(&bench, &bbws_testkit::Lasting).await;
    assert!(bench.clock.elapsed() - began < Duration::from_secs(30));
    assert_eq!((report.outcome, bench.cloud.objects().len()), (Outcome::Stopped, 0));
}

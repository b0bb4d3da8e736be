//! Crashes: the engine is dropped at every mutating call, before and after it takes effect, and run again.

use std::time::Duration;

use bbws_model::{Class, Desired, Mode, Outcome};
use bbws_testkit::{Fault, Trouble, Weather};
use serde_json::json;

use crate::bench::{Bench, to, wanted};

/// One of each sort, standing on each other.
fn tower() -> Desired {
    wanted(&[
        ("tag.a", json!({"colour": "green", "tags": {"k": "v"}})),
        ("token.b", json!({"needs": [to("tag.a", "id")], "colour": "white"})),
        ("name.c", json!({"name": "c", "needs": [to("token.b", "endpoint")], "colour": "red"})),
        ("key.d", json!({"name": "d", "needs": [to("name.c", "id")]})),
    ])
}

fn changed() -> Desired {
    let mut tower = tower();
    tower.resources.get_mut(&"name.c".parse().unwrap()).unwrap().spec["shape"] = json!("round");
    tower.resources.get_mut(&"tag.a".parse().unwrap()).unwrap().spec["colour"] = json!("blue");
    tower.resources.remove(&"key.d".parse().unwrap());
    tower
}

/// Runs, is killed by `fault` at the call of this number, and runs again until all is done. Answers whether the fault came
/// to pass.
async fn killed(fault: Fault, at: usize, first: Option<&Desired>, desired: &Desired, mode: Mode) -> bool {
    let bench = Bench::new();
    if let Some(first) = first {
        assert_eq!(bench.apply(first, Mode::Apply).await.outcome, Outcome::Done);
    }
    let at = bench.cloud.calls().len() + at;
    bench.cloud.fault(at, fault);
    // A hanging call is killed; anything else comes to its end by itself.
    let _ = tokio::time::timeout(Duration::from_secs(3600), bench.apply(desired, mode)).await;
    let met = bench.cloud.calls().len() > at;
    while matches!(fault, Fault::Twice(_)) && !bench.cloud.is_still() {
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
    let context = format!("{fault:?} at call {at}");
    for _ in 0..2 {
        if bench.apply(desired, mode).await.outcome == Outcome::Done {
            break;
        }
    }
    let (objects, state) = (bench.cloud.objects(), bench.state().await);
    let wanted = if mode == Mode::Destroy { 0 } else { desired.resources.len() };
    assert_eq!(objects.len(), wanted, "{context}: exactly one of everything: {objects:#?}");
    assert_eq!((state.entries.len(), state.open.len()), (wanted, 0), "{context}");
    for (address, entry) in &state.entries {
        assert_eq!(objects[&entry.id].owner.as_ref().unwrap().address, *address, "{context}: the state points at it");
        assert!(entry.deposed.is_empty(), "{context}");
    }
    if mode == Mode::Apply {
        assert!(bench.plan(desired).await.unwrap().is_empty(), "{context}: the next plan is empty");
    }
    met
}

const FAULTS: [Fault; 4] = [Fault::HangsBefore, Fault::HangsAfter, Fault::AnswerLost, Fault::RequestLost];

/// Each request arrives a second time: right away, and when it is long answered.
const TWICE: [Fault; 2] = [Fault::Twice(Duration::ZERO), Fault::Twice(Duration::from_secs(240))];

#[tokio::test(start_paused = true)]
async fn every_request_may_arrive_twice() {
    let (tower, changed) = (tower(), changed());
    let cases: [(&str, Option<&Desired>, &Desired, Mode); 3] = [
        ("apply", None, &tower, Mode::Apply),
        ("update", Some(&tower), &changed, Mode::Apply),
        ("destroy", Some(&tower), &tower, Mode::Destroy),
    ];
    for (name, first, desired, mode) in cases {
        let mut points = 0;
        for fault in TWICE {
            for at in 0.. {
                if !killed(fault, at, first, desired, mode).await {
                    break;
                }
                points += 1;
            }
        }
        println!("requests of {name} that arrived twice: {points}, failures: 0");
        assert!(points >= 2 * 4, "{name}: {points}");
    }
}

async fn everywhere(first: Option<&Desired>, desired: &Desired, mode: Mode) -> usize {
    let mut points = 0;
    for fault in FAULTS {
        for at in 0.. {
            if !killed(fault, at, first, desired, mode).await {
                break;
            }
            points += 1;
        }
    }
    points
}

#[tokio::test(start_paused = true)]
async fn apply_survives_a_kill_or_a_lost_answer_at_every_call() {
    let points = everywhere(None, &tower(), Mode::Apply).await;
    println!("crash points of apply: {points}, failures: 0");
    assert!(points >= 4 * 8, "{points}");
}

#[tokio::test(start_paused = true)]
async fn an_update_survives_a_kill_or_a_lost_answer_at_every_call() {
    let points = everywhere(Some(&tower()), &changed(), Mode::Apply).await;
    println!("crash points of an update: {points}, failures: 0");
    assert!(points >= 4 * 4, "{points}");
}

#[tokio::test(start_paused = true)]
async fn destroy_survives_a_kill_or_a_lost_answer_at_every_call() {
    let points = everywhere(Some(&tower()), &tower(), Mode::Destroy).await;
    println!("crash points of destroy: {points}, failures: 0");
    assert!(points >= 4 * 4, "{points}");
}

#[tokio::test(start_paused = true)]
async fn every_passing_refusal_is_waited_out() {
    for class in [Class::Throttled, Class::NotVisibleYet, Class::Conflict] {
        for at in 0..10 {
            killed(Fault::Refused(class), at, None, &tower(), Mode::Apply).await;
        }
    }
}

/// A run is killed right after AWS has made something that it does not show yet; the next run comes at once.
async fn killed_before_it_is_shown(seed: u64, mode: Mode) -> usize {
    let bench = Bench::in_which_all_takes(Duration::ZERO);
    bench.cloud.weather(seed, Weather { lag: Duration::from_secs(60), ..Weather::default() }, Trouble::default());
    let desired = wanted(&[("tag.a", json!({})), ("token.b", json!({})), ("key.c", json!({"name": "c"}))]);
    let _ = tokio::time::timeout(Duration::from_secs(1), bench.apply(&desired, Mode::Apply)).await;
    assert_eq!((bench.cloud.objects().len(), bench.state().await.entries.len()), (3, 3));
    assert_eq!(bench.apply(&desired, mode).await.outcome, Outcome::Done);
    bench.cloud.objects().len()
}

#[tokio::test(start_paused = true)]
async fn what_is_not_shown_yet_is_not_taken_for_gone() {
    for seed in 0..10 {
        assert_eq!(killed_before_it_is_shown(seed, Mode::Apply).await, 3, "seed {seed}");
        assert_eq!(killed_before_it_is_shown(seed, Mode::Destroy).await, 0, "seed {seed}");
    }
}

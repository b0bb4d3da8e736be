//! What a person does to the state, and what the next runs make of it: a resource that was given another address, or none.

use bbws_model::{Desired, Entry, Mode, Outcome, Record};
use bbws_testkit::Fault;
use serde_json::json;

use crate::bench::{Bench, wanted};

/// Records this as a command does that edits the state.
async fn edit(bench: &Bench, record: Record) {
    let log = bench.open().await.unwrap();
    log.append(vec![record]).await.unwrap();
    log.close("edited").await.unwrap();
}

async fn mv(bench: &Bench, from: &str, to: &str) {
    edit(bench, Record::Rename { from: from.parse().unwrap(), to: to.parse().unwrap(), reason: String::new() }).await;
}

async fn recorded(bench: &Bench) -> Vec<(String, String)> {
    let state = bench.state().await;
    assert!(state.entries.values().all(|entry: &Entry| entry.deposed.is_empty()));
    state.entries.iter().map(|(address, entry)| (address.to_string(), entry.id.to_string())).collect()
}

async fn applied(bench: &Bench, desired: &Desired) {
    let report = bench.apply(desired, Mode::Apply).await;
    assert_eq!(report.outcome, Outcome::Done, "{report:?}");
    assert!(bench.plan(desired).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_new_resource_under_the_old_address_is_not_what_was_moved_away() {
    for kind in ["tag", "token"] {
        let bench = Bench::new();
        let (a, b) = (format!("{kind}.a"), format!("{kind}.b"));
        applied(&bench, &wanted(&[(&a, json!({"colour": "red"}))])).await;
        let old = recorded(&bench).await[0].1.clone();
        mv(&bench, &a, &b).await;
        let both = wanted(&[(&a, json!({"colour": "green"})), (&b, json!({"colour": "red"}))]);
        applied(&bench, &both).await;
        let now = recorded(&bench).await;
        assert_eq!(bench.cloud.objects().len(), 2, "{kind}: another one is made");
        assert!(now[0].1 != old && now[1] == (b.clone(), old.clone()), "{kind}: {now:?}");
        // What is removed is the new one: the one that was moved stays.
        applied(&bench, &wanted(&[(&b, json!({"colour": "red"}))])).await;
        let left: Vec<String> = bench.cloud.objects().keys().map(ToString::to_string).collect();
        assert_eq!((recorded(&bench).await, left), (vec![(b, old.clone())], vec![old]), "{kind}");
    }
}

/// Its create is watched for a week: should the object go, one of its requests may still make it again. That it was forgotten is
/// no such end.
#[tokio::test(start_paused = true)]
async fn what_was_forgotten_stays_and_is_not_taken_back() {
    for kind in ["tag", "name", "token", "key"] {
        let bench = Bench::new();
        let address = format!("{kind}.a");
        bench.cloud.fault(0, Fault::AnswerLost);
        applied(&bench, &wanted(&[(&address, json!({"name": "a"}))])).await;
        assert_eq!(bench.state().await.echoes.len(), 1, "{kind}: it was settled by a look");
        let (address, reason) = (address.parse().unwrap(), "asked".to_owned());
        edit(&bench, Record::Forget { address, reason, stays: true }).await;
        for _ in 0..2 {
            applied(&bench, &wanted(&[])).await;
            assert_eq!((recorded(&bench).await, bench.cloud.objects().len()), (vec![], 1), "{kind}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_that_another_address_has_is_refused() {
    for kind in ["name", "key"] {
        let bench = Bench::new();
        let (a, b) = (format!("{kind}.a"), format!("{kind}.b"));
        let spec = json!({"name": "n"});
        applied(&bench, &wanted(&[(&a, spec.clone())])).await;
        mv(&bench, &a, &b).await;
        let wrong = bench.plan(&wanted(&[(&a, spec.clone()), (&b, spec.clone())])).await.unwrap_err();
        assert!(wrong[0].summary.contains(&format!("it is recorded as {b} already")), "{wrong:?}");
        applied(&bench, &wanted(&[(&a, json!({"name": "m"})), (&b, spec)])).await;
        assert_eq!(bench.cloud.objects().len(), 2);
    }
}

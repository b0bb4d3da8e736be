//! What the log tells of the past, and a state that is made again from the account.

use bbws_engine::log::{self, collect, collectable};
use bbws_engine::{
    Clock, EntryDifference, Marked, Moment, Store, census, difference, history, meanwhile, rebuild, restoring, states, traces,
};
use bbws_model::{Mode, Record, State, wire};
use bbws_testkit::MemoryStore;
use serde_json::json;
use std::time::Duration;

use crate::bench::{Bench, to, wanted};

fn small(colour: &str) -> bbws_model::Desired {
    wanted(&[
        ("tag.a", json!({"colour": colour})),
        ("name.b", json!({"name": "b", "needs": [to("tag.a", "id")]})),
        ("key.c", json!({"name": "c", "needs": [to("name.b", "id")]})),
        ("token.d", json!({"needs": [to("key.c", "endpoint")]})),
    ])
}

#[tokio::test(start_paused = true)]
async fn history_tells_what_each_run_changed() {
    let bench = Bench::new();
    bench.apply(&small("red"), Mode::Apply).await;
    let first = bench.state().await;
    bench.apply(&small("blue"), Mode::Apply).await;
    let runs = history(&bench.store).await.unwrap();
    assert_eq!(runs.iter().map(|run| run.changed.counts()).collect::<Vec<_>>(), [(4, 0, 0), (0, 1, 0)]);
    assert_eq!(runs[1].serial_before, first.serial);
    assert!(runs.iter().all(|run| run.outcome.as_deref() == Some("over") && run.owner.is_some()));
    let EntryDifference::Changed(fields) = &runs[1].changed.entries[&"tag.a".parse().unwrap()] else { panic!("{runs:#?}") };
    assert_eq!((fields[0].field.as_str(), &fields[0].from, &fields[0].to), ("spec.colour", &json!("red"), &json!("blue")));
    let slots: Vec<u64> = runs.iter().flat_map(|run| &run.slots).map(|slot| slot.seq).collect();
    assert_eq!(slots, (1..=bench.state().await.seq).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn the_log_alone_tells_what_each_run_did_and_when() {
    let bench = Bench::new();
    bench.apply(&small("red"), Mode::Apply).await;
    bench.apply(&wanted(&[("tag.a", json!({"colour": "blue"}))]), Mode::Apply).await;
    let runs = traces(&bench.store).await.unwrap();
    let deeds = |number: usize| {
        let told = |deed: &bbws_engine::Deed| format!("{} {}", deed.verb, deed.address);
        runs[number].deeds.iter().map(told).collect::<std::collections::BTreeSet<_>>().into_iter().collect::<Vec<_>>()
    };
    assert_eq!(deeds(0), ["create key.c", "create name.b", "create tag.a", "create token.d"]);
    assert_eq!(deeds(1), ["delete key.c", "delete name.b", "delete token.d", "update tag.a"]);
    for deed in runs.iter().flat_map(|run| &run.deeds) {
        assert!(deed.ended.is_some_and(|ended| ended >= deed.began) && deed.refused.is_none(), "{deed:?}");
    }
    assert!(runs.iter().all(|run| run.outcome.as_deref() == Some("over") && run.mode == Some(Mode::Apply)));
    let between = meanwhile(&bench.store, &runs[0].run).await.unwrap();
    assert_eq!(between.gone.iter().map(|(address, _)| address.to_string()).collect::<Vec<_>>(), ["key.c", "name.b", "token.d"]);
    assert!(between.imported.is_empty() && between.renamed.is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_state_of_every_moment_is_found() {
    let bench = Bench::new();
    bench.apply(&small("red"), Mode::Apply).await;
    let first = bench.state().await;
    bench.apply(&small("blue"), Mode::Apply).await;
    let runs = history(&bench.store).await.unwrap();
    let second = runs[1].run.0.clone();
    let moments = [
        Moment::Slot(first.seq),
        Moment::Serial(first.serial),
        Moment::Before(second.clone()),
        Moment::After(second),
        Moment::Slot(9_999),
        Moment::After("run".into()),
    ];
    let found = states(&bench.store, &moments).await.unwrap();
    assert_eq!(found[0].as_ref(), Some(&first));
    assert_eq!(found[1].as_ref().map(|state| &state.entries), Some(&first.entries), "the last with that serial");
    assert_eq!(found[2].as_ref(), Some(&first));
    assert_eq!(found[3], Some(bench.state().await));
    assert_eq!((&found[4], &found[5]), (&None, &None), "one that never was, and one that two runs could be");
}

#[tokio::test(start_paused = true)]
async fn a_restore_is_one_more_slot() {
    let bench = Bench::new();
    bench.apply(&small("red"), Mode::Apply).await;
    let then = bench.state().await;
    bench.apply(&small("blue"), Mode::Apply).await;
    let now = bench.state().await;
    let entries = restoring(&now, &then);
    assert_eq!(entries.len(), 1, "only what differs");
    let log = bench.open().await.unwrap();
    log.append(vec![Record::Restore { reason: "as after the first run".into(), entries, outputs: then.outputs.clone() }]).await.unwrap();
    log.close("done").await.unwrap();
    let restored = bench.state().await;
    assert!(difference(&then, &restored).is_empty() && restored.serial == now.serial + 1 && restored.seq > now.seq);
    // What the state says is not what is there: the next plan puts it right.
    assert!(bench.plan(&small("blue")).await.unwrap().is_empty());
}

/// What bears a mark in the account, each with its kind.
async fn marked(bench: &Bench) -> Vec<(String, Marked)> {
    let all = census(&bench.drivers).await.into_iter();
    all.flat_map(|(kind, found)| found.unwrap().into_iter().map(move |one| (kind.to_owned(), one))).collect()
}

#[tokio::test(start_paused = true)]
async fn the_copies_of_data_are_found_again() {
    let bench = Bench::new();
    let desired = wanted(&[("name.a", json!({"name": "a"}))]);
    bench.apply(&desired, Mode::Apply).await;
    bench.cloud.tamper(|objects| {
        let mut copy = objects.values().next().unwrap().clone();
        (copy.kind, copy.spec.name) = ("key", "a-copy".into());
        objects.insert("7-key".into(), copy);
    });
    let lineage = bench.state().await.lineage;
    let found = rebuild(&bench.drivers, &bench.kinds, &desired, &lineage, marked(&bench).await).await;
    let copies: Vec<_> = found.state.backups.iter().map(|copy| (copy.address.to_string(), copy.id.to_string())).collect();
    assert_eq!((copies, found.unplaced.len()), (vec![("name.a".to_owned(), "7-key".to_owned())], 0));
    let begun = MemoryStore::default();
    let opening = Bench::opening("rebuilt");
    log::begin(&begun, bench.clock.as_ref(), bench.ids.as_ref(), opening, "rebuilt", (&found.state, 0)).await.unwrap();
    assert_eq!(log::read(&begun).await.unwrap().unwrap().backups, found.state.backups, "they are in the new log");
}

#[tokio::test(start_paused = true)]
async fn a_lost_state_is_made_again_from_the_account() {
    let bench = Bench::new();
    let desired = small("red");
    bench.apply(&desired, Mode::Apply).await;
    let lost = bench.state().await;
    let marked = marked(&bench).await;
    assert_eq!(marked.len(), 4);
    let calls = bench.cloud.calls().len();
    let found = rebuild(&bench.drivers, &bench.kinds, &desired, &lost.lineage, marked).await;
    assert_eq!(bench.cloud.calls().len(), calls, "nothing but looking");
    assert!(found.findings.is_empty() && found.missing.is_empty() && found.unplaced.is_empty(), "{found:#?}");
    assert_eq!(found.state.entries, lost.entries, "every entry as it was");
    assert!(bench.plan_of(&found.state, &desired, Mode::Apply).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_not_in_the_file_is_listed_and_what_is_foreign_stands_in_the_way() {
    let bench = Bench::new();
    bench.apply(&small("red"), Mode::Apply).await;
    let lineage = bench.state().await.lineage;
    let marked = marked(&bench).await;
    let fewer = wanted(&[("tag.a", json!({"colour": "red"}))]);
    let found = rebuild(&bench.drivers, &bench.kinds, &fewer, &lineage, marked.clone()).await;
    assert_eq!((found.state.entries.len(), found.unplaced.len()), (1, 3));
    let other = rebuild(&bench.drivers, &bench.kinds, &wanted(&[("name.x", json!({"name": "b"}))]), &lineage, marked).await;
    assert!(other.findings[0].summary.contains("exists and is not ours"), "{:?}", other.findings);
}

#[tokio::test(start_paused = true)]
async fn only_old_slots_below_the_oldest_checkpoint_are_collected() {
    let bench = Bench::new();
    bench.apply(&small("red"), Mode::Apply).await;
    let then = bench.state().await;
    let now = bench.clock.now();
    let later = now + Duration::from_secs(31 * 24 * 3600);
    assert!(collectable(&bench.store, later).await.unwrap().is_empty(), "without a checkpoint every slot is needed");
    bench.store.create(&wire::state::checkpoint_key(then.seq), &wire::state::write(&then).unwrap()).await.unwrap();
    bench.apply(&small("blue"), Mode::Apply).await;
    assert!(collectable(&bench.store, now).await.unwrap().is_empty(), "they are young");
    let keys = collectable(&bench.store, later).await.unwrap();
    assert_eq!(keys, (1..then.seq).map(wire::log::key).collect::<Vec<_>>());
    let before = bench.state().await;
    collect(&bench.store, &keys).await.unwrap();
    bench.store.tamper(wire::state::KEY, None);
    assert_eq!(bench.state().await, before);
    assert_eq!(history(&bench.store).await.unwrap().len(), 1, "of the first run nothing is told any more");
    bench.store.tamper(&wire::log::key(then.seq + 2), None);
    assert!(collectable(&bench.store.copy(true), later).await.is_err(), "nothing is collected from a damaged log");
    bbws_engine::log::read(&bench.store.copy(true)).await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn a_log_begun_anew_publishes_no_secret_either() {
    const CANARY: &str = "begin-\"canary\"/7";
    bbws_model::net::remember(CANARY);
    let bench = Bench::new();
    let mut state = State::empty("L");
    state.outputs.insert("told".into(), json!(format!("it is {CANARY}")));
    log::begin(&bench.store, bench.clock.as_ref(), bench.ids.as_ref(), Bench::opening("run"), "lost", (&state, 0)).await.unwrap();
    let outputs = String::from_utf8(bench.store.all()[log::OUTPUTS].clone()).unwrap();
    assert!(outputs.contains("it is <secret>"), "{outputs}");
    assert!(bench.store.all().values().all(|bytes| !String::from_utf8_lossy(bytes).contains("canary")), "nor anything else");
}

//! Damage: every byte of every file of a small stack is changed, every file is cut off at every byte, removed, or put in
//! the place of another. What is read afterwards is the true state, or nothing, with the cause.

use std::collections::BTreeMap;
use std::time::Duration;

use bbws_engine::log::{Cure, Depth, mend, read, survey};
use bbws_engine::{LogError, Store};
use bbws_model::{Desired, Mode, State, wire};
use bbws_testkit::{Fault, MemoryStore};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;

use crate::bench::{Bench, to, wanted};

/// So many of the points are tried where not all are asked for.
const SAMPLE: usize = 300;

fn small(colour: &str) -> Desired {
    wanted(&[
        ("tag.a", json!({"colour": colour})),
        ("name.b", json!({"name": "b", "needs": [to("tag.a", "id")], "shape": colour})),
        ("key.c", json!({"name": "c", "needs": [to("tag.a", "id")]})),
    ])
}

/// A log of two runs, with a checkpoint between them. Where it is interrupted a third run was killed in the middle: nobody
/// has given the environment back, and `state.json` is older than the log.
async fn stack(interrupted: bool) -> (MemoryStore, State) {
    let bench = Bench::new();
    bench.apply(&small("red"), Mode::Apply).await;
    let then = bench.state().await;
    bench.store.create(&wire::state::checkpoint_key(then.seq), &wire::state::write(&then).unwrap()).await.unwrap();
    bench.apply(&small("green"), Mode::Apply).await;
    if interrupted {
        bench.cloud.fault(bench.cloud.calls().len() + 1, Fault::HangsAfter);
        // Not for longer than it takes: a run that hangs says every so often that it is alive, in a slot each.
        let _ = tokio::time::timeout(Duration::from_secs(90), bench.apply(&small("blue"), Mode::Apply)).await;
        assert!(bench.state().await.holder.is_some());
    }
    let state = bench.state().await;
    (bench.store.copy(true), state)
}

/// What is done to one file.
#[derive(Debug, Clone)]
enum Harm {
    /// One byte becomes another.
    Flip(usize, u8),
    /// Only so many bytes are left.
    Cut(usize),
    /// It is removed.
    Remove,
    /// It gets the content of another.
    Replace(String),
}

fn harmed(all: &BTreeMap<String, Vec<u8>>, key: &str, harm: &Harm) -> Option<Vec<u8>> {
    let mut bytes = all[key].clone();
    match harm {
        Harm::Flip(at, mask) => bytes[*at] ^= mask,
        Harm::Cut(length) => bytes.truncate(*length),
        Harm::Remove => return None,
        Harm::Replace(other) => return Some(all[other].clone()),
    }
    Some(bytes)
}

/// How a reader took it.
#[derive(Debug, PartialEq, Eq)]
enum Taken {
    /// As if nothing had happened.
    Recovered,
    /// With the cause.
    Refused,
}

/// Does the harm to a copy of a store, and reads it. `versions` says whether the store keeps what was there before.
async fn tried(whole: &MemoryStore, truth: &State, key: &str, harm: &Harm, versions: bool) -> Result<Taken, String> {
    let wrong = |why: String| Err(format!("{key} {harm:?}, versions {versions}: {why}"));
    let store = whole.copy(!versions);
    store.tamper(key, harmed(&whole.all(), key, harm));
    match read(&store).await {
        Ok(Some(state)) if state == *truth => {}
        Ok(found) => return wrong(format!("a wrong state: {:?} where it is {}", found.map(|s| s.seq), truth.seq)),
        Err(LogError::Damaged { cause, .. }) if !versions && !cause.is_empty() => return Ok(Taken::Refused),
        Err(error) => return wrong(error.to_string()),
    }
    if versions {
        let found = survey(&store, Depth::Whole).await.map_err(|e| e.to_string())?;
        // White space between the fields of a derived state says nothing.
        let meant = wire::state::read(store.all().get(key).map_or(&[], Vec::as_slice)).is_ok();
        if !meant && *harm != Harm::Remove && !found.damage.iter().any(|damage| damage.key == *key) {
            return wrong(format!("it is not told: {:?}", found.damage));
        }
        mend(&store, &found).await.map_err(|e| e.to_string())?;
        let left = survey(&store, Depth::Whole).await.map_err(|e| e.to_string())?;
        let slots = |all: &BTreeMap<String, Vec<u8>>| {
            all.iter().filter(|(k, _)| k.starts_with(wire::log::PREFIX)).map(|(k, b)| (k.clone(), b.clone())).collect::<Vec<_>>()
        };
        // Where the first slots are gone and a checkpoint holds what they said, they were collected.
        let collected = key == wire::log::key(1) && *harm == Harm::Remove;
        if !left.damage.is_empty() || (!collected && slots(&store.all()) != slots(&whole.all())) {
            return wrong(format!("it is not mended: {:?}", left.damage));
        }
    }
    Ok(Taken::Recovered)
}

impl PartialEq for Harm {
    fn eq(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

/// Every byte of every file, flipped and cut off, in a store without versions and in one with them.
fn points(all: &BTreeMap<String, Vec<u8>>) -> Vec<(String, Harm, bool)> {
    let mut dice = ChaCha8Rng::seed_from_u64(5);
    let mut points = vec![];
    for (key, bytes) in all.iter().filter(|(key, _)| key.as_str() != "outputs.json") {
        for place in 0..bytes.len() {
            for versions in [false, true] {
                points.push((key.clone(), Harm::Flip(place, dice.random_range(1..=255)), versions));
                points.push((key.clone(), Harm::Cut(place), versions));
            }
        }
    }
    points
}

/// A sample by `BBWS_SEED`, of so many as `BBWS_POINTS` says; all where that is more than there are.
fn chosen(mut points: Vec<(String, Harm, bool)>) -> Vec<(String, Harm, bool)> {
    let asked = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let count = asked("BBWS_POINTS").unwrap_or(SAMPLE as u64);
    let mut dice = ChaCha8Rng::seed_from_u64(asked("BBWS_SEED").unwrap_or(1));
    let mut sample = vec![];
    while (sample.len() as u64) < count && !points.is_empty() {
        sample.push(points.swap_remove(dice.random_range(0..points.len())));
    }
    sample
}

#[tokio::test(start_paused = true)]
async fn no_spoilt_or_torn_byte_makes_a_wrong_state() {
    let (mut recovered, mut refused, mut wrong, mut all) = (0, 0, vec![], 0);
    for interrupted in [false, true] {
        let (whole, truth) = stack(interrupted).await;
        let points = points(&whole.all());
        all += points.len();
        for (key, harm, versions) in chosen(points) {
            match tried(&whole, &truth, &key, &harm, versions).await {
                Ok(Taken::Recovered) => recovered += 1,
                Ok(Taken::Refused) => refused += 1,
                Err(why) => wrong.push(why),
            }
        }
    }
    let tried = recovered + refused + wrong.len();
    println!("damage: {tried} of {all} points, recovered: {recovered}, refused with the cause: {refused}, wrong: {}", wrong.len());
    if let Ok(path) = std::env::var("BBWS_TALLY") {
        let told = json!({"points": tried, "of": all, "recovered": recovered, "refused": refused, "wrong": wrong});
        std::fs::write(path, told.to_string()).unwrap();
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test(start_paused = true)]
async fn any_file_may_be_removed_or_put_in_the_place_of_another() {
    for interrupted in [false, true] {
        let (whole, truth) = stack(interrupted).await;
        let all = whole.all();
        let files: Vec<&String> = all.keys().filter(|key| key.as_str() != "outputs.json").collect();
        let newest = wire::log::key(truth.seq);
        for (nth, key) in files.iter().enumerate() {
            // Each comes into the place of some: of the next one, and of a few others.
            let some = files.iter().enumerate().filter(|(other, _)| *other == nth + 1 || (other + nth) % 9 == 0);
            let others = some
                .map(|(_, other)| Harm::Replace((*other).clone()))
                .filter(|harm| !matches!(harm, Harm::Replace(other) if other == *key));
            for harm in others.chain([Harm::Remove]) {
                let told = tried(&whole, &truth, key, &harm, true).await;
                assert_eq!(told, Ok(Taken::Recovered), "a store with versions recovers from everything");
                // The end of a log that nobody has closed can be cut off unseen where the store keeps nothing else of it.
                if !(interrupted && **key == newest && harm == Harm::Remove) {
                    tried(&whole, &truth, key, &harm, false).await.unwrap();
                }
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn two_slots_that_are_swapped_are_told_apart() {
    let (whole, truth) = stack(false).await;
    let all = whole.all();
    let slots: Vec<&String> = all.keys().filter(|key| key.starts_with(wire::log::PREFIX)).collect();
    for pair in slots.windows(2) {
        for versions in [false, true] {
            let store = whole.copy(!versions);
            store.tamper(pair[0], Some(all[pair[1]].clone()));
            store.tamper(pair[1], Some(all[pair[0]].clone()));
            match read(&store).await {
                Ok(Some(state)) => assert_eq!(state, truth),
                Err(LogError::Damaged { cause, .. }) => assert!(!versions && cause.contains("it holds slot"), "{cause}"),
                other => panic!("{other:?}"),
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_slot_with_two_bodies_counts_as_it_was_first_written() {
    let (whole, truth) = stack(false).await;
    for seq in 1..=truth.seq {
        let key = wire::log::key(seq);
        let mut slot = wire::log::read(&whole.all()[&key]).unwrap();
        slot.put_id = "forged".into();
        let store = whole.copy(false);
        store.tamper(&key, Some(wire::log::write(&slot).unwrap()));
        assert_eq!(read(&store).await.unwrap().as_ref(), Some(&truth), "slot {seq}");
        let found = survey(&store, Depth::Whole).await.unwrap();
        assert!(matches!(&found.damage[..], [damage] if damage.key == key && matches!(damage.cure, Cure::Version(_))), "{found:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_checkpoint_that_lies_is_told_and_written_anew() {
    let (store, truth) = stack(false).await;
    let key = store.all().keys().find(|key| key.starts_with(wire::state::CHECKPOINTS)).unwrap().clone();
    let sound = store.all()[&key].clone();
    let mut lie = wire::state::read(&sound).unwrap();
    lie.entries.clear();
    store.tamper(&key, Some(wire::state::write(&lie).unwrap()));
    let found = survey(&store, Depth::Needed).await.unwrap();
    assert_eq!((found.state.as_ref(), found.checkpoints, found.damage.len()), (Some(&truth), 0, 1));
    assert_eq!(found.damage[0].cause, "it is not what the log adds up to");
    assert_eq!(mend(&store, &found).await.unwrap(), [key.as_str()]);
    assert_eq!(store.all()[&key], sound, "bit for bit");
}

#[tokio::test(start_paused = true)]
async fn what_is_lost_is_named_and_nothing_is_touched() {
    let (store, truth) = stack(false).await;
    let files: Vec<String> = store.all().into_keys().filter(|key| !key.starts_with(wire::log::PREFIX)).collect();
    files.iter().for_each(|key| store.tamper(key, None));
    let lost = wire::log::key(truth.seq / 2);
    store.tamper(&lost, None);
    let told = read(&store).await.unwrap_err().to_string();
    assert_eq!(told, format!("{lost} is damaged: it is missing"));
    let (before, found) = (store.all(), survey(&store, Depth::Whole).await.unwrap());
    assert_eq!(mend(&store, &found).await.unwrap(), Vec::<String>::new());
    assert_eq!((store.all(), found.state.map(|state| state.seq)), (before, Some(truth.seq / 2 - 1)));
}

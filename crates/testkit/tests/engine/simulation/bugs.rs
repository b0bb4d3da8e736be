//! Seeded bugs: each is put in at a port, in turn, and must be found. So the simulation can fail.
//!
//! The sweep hides bugs. With it switched off every seed would find that it is off, which is one of these bugs, and not the one
//! that was put in: so it stays on for the others, and each is found in spite of it.

use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::json;

use super::lies::Lie;
use super::oracle::Violation;
use super::{Counts, asked, on_every_core, run};

/// How many seeds each bug is looked for in: a test takes few, a soak as many as the issue demands.
const SEEDS: u64 = 300;

/// A bug.
struct Bug {
    name: &'static str,
    /// Where it is put in.
    put: &'static str,
    lie: Lie,
    /// From which seed on a test looks for it: one that is known to be near.
    near: u64,
}

const fn bug(name: &'static str, put: &'static str, lie: Lie, near: u64) -> Bug {
    Bug { name, put, lie, near }
}

const BUGS: [Bug; 28] = [
    bug("no intent record before the call", "store", Lie::IntentsAfter, 0),
    bug("a slot is acknowledged before it is durable", "store", Lie::WritesBehind, 0),
    bug("no read-back by put id", "store", Lie::HidesPutIds, 0),
    bug("the log is written without a condition", "store", Lie::Overwrites, 0),
    bug("412 is taken for 200", "store", Lie::ExistsIsCreated, 0),
    bug("a checkpoint ahead of its ack", "store", Lie::StateAhead, 0),
    bug("a lost answer is taken for a refusal", "driver", Lie::LostIsRefused, 0),
    bug("no token: each send has a new one", "driver", Lie::NewTokens, 0),
    bug("the SDK sends a lost create again", "driver", Lie::SendsAgain, 0),
    bug("the SDK sends a lost delete again", "driver", Lie::DeletesAgain, 0),
    bug("adoption without owner", "driver", Lie::ClaimsAll, 0),
    bug("a partial page is taken for gone", "driver", Lie::PartialPages, 0),
    bug("a failed look is taken for gone", "driver", Lie::ErrorsAreAbsences, 0),
    bug("NotFound right after a create is taken for gone", "driver", Lie::HidesTheNew, 0),
    bug("RESULT before the id", "driver", Lie::MadeUpIds, 0),
    bug("replay rendered from today's configuration", "driver", Lie::TodaysRequest, 0),
    bug("a delete's NotFound in the wrong account", "driver", Lie::OtherAccount, 0),
    bug("no drain before a create is repeated", "clock", Lie::NoDrain, 0),
    bug("a clock that stops while the machine sleeps", "clock", Lie::StopsInSleep, 0),
    bug("no lease check", "gate", Lie::NoGate, 0),
    bug("the lease is checked before signing", "gate", Lie::EarlyGate, 0),
    bug("the lease is renewed from the time of a retry", "gate", Lie::RenewsByRetry, 400),
    bug("no sweep: what was given up is not looked for again", "driver", Lie::NoSweep, 0),
    bug("what a create made twice is not listed", "driver", Lie::NoCensus, 0),
    bug("a secret that the net does not know", "driver", Lie::ForgetsSecrets, 0),
    bug("a living owner is taken for dead", "command", Lie::BuriesTheLiving, 200),
    bug("garbage is collected too early", "command", Lie::CollectsYoung, 0),
    bug("CLOSE before the last RESULT", "command", Lie::ClosesEarly, 0),
];

/// The first of these seeds in which this bug is found.
fn found(lie: Lie, seeds: Range<u64>) -> Option<(u64, Violation)> {
    let (next, first) = (AtomicU64::new(seeds.start), Mutex::new(None::<(u64, Violation)>));
    on_every_core(|| {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end || first.lock().unwrap().as_ref().is_some_and(|(found, _)| *found < seed) {
                return;
            }
            if let Err(violation) = run(seed, Some(lie), &mut Counts::new()) {
                let mut first = first.lock().unwrap();
                if first.as_ref().is_none_or(|(found, _)| seed < *found) {
                    *first = Some((seed, violation));
                }
            }
        }
    });
    first.into_inner().unwrap()
}

#[test]
fn every_seeded_bug_is_found() {
    let soak = asked("BBWS_BUG_SEEDS");
    let (mut table, mut missed) = (vec![], vec![]);
    println!("{:<50} {:<8} {:>6}  by", "bug", "put in", "seeds");
    let only = std::env::var("BBWS_BUG").unwrap_or_default();
    for Bug { name, put, lie, near } in BUGS.into_iter().filter(|bug| bug.name.contains(&only)) {
        let from = if soak.is_some() { 0 } else { near };
        match found(lie, from..from + soak.unwrap_or(SEEDS)) {
            Some((seed, Violation { invariant, told })) => {
                println!("{name:<50} {put:<8} {:>6}  {invariant}", seed - from + 1);
                if asked("BBWS_BUG_TOLD").is_some() {
                    println!("    seed {seed}: {}", told.chars().take(300).collect::<String>());
                }
                table.push(
                    json!({"bug": name, "put_in": put, "first_seed": from, "seeds_until_found": seed - from + 1, "found_by": invariant}),
                );
            }
            None => missed.push(name),
        }
        // After each: a soak may be interrupted.
        if let Ok(path) = std::env::var("BBWS_TALLY") {
            let told = json!({"seeds_at_most": soak.unwrap_or(SEEDS), "bugs": table, "bugs_asked_for": BUGS.len(), "not_found": missed});
            std::fs::write(path, told.to_string()).unwrap();
        }
    }
    assert!(missed.is_empty(), "not found: {missed:?}");
}

//! Real processes that want the same environment at the same time.

use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::{Place, Ran, ran};

const ROUNDS: usize = 25;
/// After so many rounds there is everything to do again.
const RESET: usize = 5;

/// One process, from its start to its end.
fn start(place: &Place) -> Child {
    // The one that comes in keeps it for as long as the others can ask: AWS's minutes are minutes.
    let line = ["apply", "dev", "--sandbox", "--yes", "--sandbox-speed", "1"];
    place.command(line).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it runs")
}

/// How many are started in a round: each number from 2 to 16 comes.
fn rivals(round: usize) -> usize {
    if round < 15 { 2 + round } else { 2 + (round * 7) % 5 }
}

#[test]
fn of_many_processes_exactly_one_proceeds() {
    let place = Place::new();
    let (began, mut started) = (Instant::now(), 0);
    for round in 0..ROUNDS {
        if round % RESET == 0 {
            place.bbws("sandbox reset").exits(0);
        }
        let count = rivals(round);
        started += count;
        let (tell, told) = mpsc::channel();
        let pids: Vec<u32> = (0..count)
            .map(|_| {
                let (child, tell) = (start(&place), tell.clone());
                let pid = child.id();
                thread::spawn(move || tell.send((pid, ran(child.wait_with_output().expect("it ends")))));
                pid
            })
            .collect();
        // All but one give up by themselves.
        let refused: Vec<(u32, Ran)> = (1..count).map(|_| told.recv_timeout(Duration::from_secs(300)).expect("it gives up")).collect();
        let winner = *pids.iter().find(|pid| refused.iter().all(|(other, _)| other != *pid)).expect("one is left");
        for (pid, rival) in &refused {
            assert_eq!(rival.code, 73, "round {round}, {pid} beside {winner}:\n{}\n{}", rival.out, rival.err);
            let says = rival.err.contains("another run is at work in dev") && rival.err.contains(&winner.to_string());
            assert!(says, "it says who holds it: {winner}, not\n{}", rival.err);
        }
        assert!(Command::new("kill").arg("-TERM").arg(winner.to_string()).status().is_ok_and(|status| status.success()));
        let (_, end) = told.recv_timeout(Duration::from_secs(300)).expect("it ends");
        assert_eq!(end.code, 130, "{}\n{}", end.out, end.err);
    }
    place.bbws("apply dev --sandbox --yes").exits(0);
    place.at_rest("dev");
    println!(
        "rivals: {ROUNDS} rounds, {started} processes: exactly one proceeded each time, {} said who holds it, {:.0} s",
        started - ROUNDS,
        began.elapsed().as_secs_f64()
    );
}

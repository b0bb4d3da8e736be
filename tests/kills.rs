//! Real processes against the servers of others, killed at mutating calls: before the request has reached the server, and
//! after the server has done it and before the answer has come back. The next run goes on, and is killed at a later call. In
//! the end everything is there once, as the independent inventory tells, and nobody had to do anything but run it again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::servers::{OPTIONS, RULE, SNAPSHOT, Servers, came, list};
use crate::stand_in;
use crate::support::Place;

/// So many times faster than real time bbws waits: what could still be on its way from a killed run is waited for.
const FASTER: u32 = 20;
/// The kills of a test; `cargo xtask soak kills` asks for more, of every operation.
const KILLS: usize = 40;
/// No run takes this long, however busy the machine is.
const HANGS: Duration = Duration::from_secs(600);

/// One kill: at which call, and when.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Kill {
    operation: String,
    /// `before` or `after` the server had the request.
    phase: String,
}

/// The kills of all stages, and how long it took to go on after one.
struct Campaign<'a> {
    servers: &'a mut Servers,
    place: &'a Place,
    chance: Chance,
    /// How often a run is killed at an operation in each phase.
    limit: usize,
    /// So many calls are passed over at most before the next kill.
    pass: u64,
    made: Vec<Kill>,
    runs: usize,
}

impl Campaign<'_> {
    /// Runs a line until it comes to its end, and kills it up to so many times on the way: twice at each operation, before the
    /// server had the request, and after it had the next one.
    fn stage(&mut self, line: &str, kills: usize) {
        let until = self.made.len() + kills;
        let mut again: Option<String> = None;
        loop {
            match again.take() {
                Some(operation) => self.servers.say(&format!("hold after {} 0 {operation}", self.limit)),
                None if self.made.len() < until => {
                    let skip = self.chance.below(self.pass + 1);
                    self.servers.say(&format!("hold before {} {skip}", self.limit));
                }
                None => self.servers.say("none"),
            }
            self.runs += 1;
            let mut child = self.start(line);
            match self.held(&mut child) {
                Some(kill) => {
                    child.kill().expect("it is killed");
                    child.wait().expect("it has ended");
                    self.servers.say("drop");
                    again = (kill.phase == "before").then(|| kill.operation.clone());
                    self.made.push(kill);
                }
                None => {
                    let status = child.wait().expect("it has ended");
                    assert!(status.success(), "`{line}` after {:?}: {status}\n{}", self.made.last(), self.told());
                    return;
                }
            }
        }
    }

    fn start(&self, line: &str) -> Child {
        let mut command = stand_in::command(self.place, line, None, FASTER);
        self.servers.lead(&mut command);
        let file = |name: &str| File::create(self.place.path(name)).expect("a file");
        command.stdin(Stdio::null()).stdout(file("out.txt")).stderr(file("err.txt")).spawn().expect("it runs")
    }

    /// The call at which the run is held; none when the run comes to its end.
    fn held(&self, child: &mut Child) -> Option<Kill> {
        let began = Instant::now();
        loop {
            if let Some(told) = self.servers.heard(Duration::from_millis(50)) {
                let text = |field: &str| told[field].as_str().expect("text").to_owned();
                return Some(Kill { operation: text("held"), phase: text("phase") });
            }
            if child.try_wait().expect("a process").is_some() {
                return None;
            }
            assert!(began.elapsed() < HANGS, "it hangs:\n{}", self.told());
        }
    }

    /// How many copies of the database are recorded, each another one.
    fn copies(&self) -> usize {
        let state = self.servers.bbws(self.place, "state show dev --json").exits(0).json();
        let copies = state["backups"].as_array().expect("a list");
        copies.iter().map(|copy| copy["id"].as_str().expect("an id")).collect::<BTreeSet<_>>().len()
    }

    /// What the last run said.
    fn told(&self) -> String {
        ["out.txt", "err.txt"].map(|name| fs::read_to_string(self.place.path(name)).unwrap_or_default()).join("\n")
    }

    /// The changing operations that were sent, and at which no run was killed in both phases.
    fn spared(&self, counted: &BTreeMap<String, BTreeMap<String, usize>>) -> Vec<String> {
        let sent: BTreeSet<String> =
            self.servers.requests().iter().filter_map(|request| Some(request["name"].as_str()?.to_owned())).collect();
        let changing = sent.into_iter().filter(|name| name.contains(':') && !bbws_aws::is_read(name));
        changing.filter(|name| counted.get(name).is_none_or(|phases| phases.len() < 2)).collect()
    }

    fn counted(&self) -> BTreeMap<String, BTreeMap<String, usize>> {
        let mut counted: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
        for kill in &self.made {
            *counted.entry(kill.operation.clone()).or_default().entry(kill.phase.clone()).or_default() += 1;
        }
        counted
    }
}

/// Numbers that only look random (splitmix64): the same from the same seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }
}

fn asked_for<T: std::str::FromStr>(name: &str, otherwise: T) -> T {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

#[test]
fn killed_at_every_turn_nothing_is_lost_or_doubled() {
    let (kills, seed) = (asked_for("BBWS_KILLS", KILLS), asked_for("BBWS_SEED", 1_u64));
    let (mut servers, place) = (Servers::start(), Place::new());
    let began = Instant::now();
    let before = servers.inventory();
    // Few kills are spread over the stages; many take every operation in turn.
    let many = kills > KILLS;
    let share = |of: usize| if many { kills } else { kills / of };
    // There are some thirty operations, of two phases each.
    let (limit, pass, chance) = if many { (kills.div_ceil(60), 0, Chance(seed)) } else { (1, 1, Chance(seed)) };
    let mut campaign = Campaign { servers: &mut servers, place: &place, chance, limit, pass, made: vec![], runs: 0 };

    campaign.stage("apply dev --yes", share(2));
    campaign.stage("plan dev --detailed-exitcode", 0);
    came(&before, &campaign.servers.inventory(), &list("dev.txt"));

    for (from, to) in OPTIONS {
        place.edit("dev", from, to);
    }
    place.write("dev", &(place.file("dev") + RULE));
    campaign.stage("apply dev --yes", share(4));
    campaign.stage("plan dev --detailed-exitcode", 0);
    // Every run that is about to change the database copies it first, those that were killed on the way too. Each copy is
    // recorded: what was made and what is known are the same.
    let copies = campaign.copies();
    assert!(copies >= 1);
    came(&before, &campaign.servers.inventory(), &(list("dev.txt") + &list("options.txt") + &SNAPSHOT.repeat(copies)));

    // What an update has no calls for is left to the end.
    let left = if many { kills } else { kills - campaign.made.len() };
    campaign.stage("destroy dev --confirm wp-dev-cluster", left);
    came(&before, &campaign.servers.inventory(), &(list("left.txt") + &SNAPSHOT.repeat(copies)));

    let (made, runs, counted) = (campaign.made.len(), campaign.runs, campaign.counted());
    let twice = counted.values().filter(|phases| phases.len() == 2).count();
    println!(
        "kills: {made} of {runs} runs killed, at {} operations, {twice} of them before and after the server had it, seed {seed}, \
         {:.0} s: 0 orphans, 0 duplicates, 0 steps by hand",
        counted.len(),
        began.elapsed().as_secs_f64()
    );
    if many {
        let spared = campaign.spared(&counted);
        assert_eq!(spared, Vec::<String>::new(), "operations that no run was killed at, before and after");
    } else {
        assert!(made >= kills * 9 / 10 && twice >= kills * 3 / 8, "too few calls to be killed at: {counted:?}");
    }
    if let Ok(path) = std::env::var("BBWS_TALLY") {
        let tally = json!({
            "seed": seed, "kills": made, "runs": runs, "orphans": 0, "duplicates": 0, "steps_by_hand": 0,
            "operations": counted, "operations_twice": twice, "seconds": began.elapsed().as_secs(),
        });
        fs::write(path, serde_json::to_vec_pretty(&tally).expect("JSON")).expect("a file");
    }
    let broken: Vec<Value> = campaign.servers.requests().into_iter().filter(|request| !request["broken"].is_null()).collect();
    assert!(broken.is_empty(), "the proxy failed: {broken:?}");
}

//! Real processes against the servers of others, killed at mutating calls: before the request has reached the server, and
//! after the server has done it and before the answer has come back. The next run goes on, and is killed at a later call. In
//! the end everything is there once, as the independent inventory tells, and nobody had to do anything but run it again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::servers::{OPTIONS, RULE, SNAPSHOT, Servers, list, otherwise};
use crate::stand_in;
use crate::support::Place;

/// So many times faster than real time bbws waits: what could still be on its way from a killed run is waited for.
const FASTER: u32 = 20;
/// The kills of a test; `cargo xtask soak kills` asks for more, of every operation.
const KILLS: usize = 40;
/// So many clusters are made and removed at most until every operation was met.
const CAMPAIGNS: usize = 12;
/// No run takes this long, however busy the machine is.
const HANGS: Duration = Duration::from_secs(600);

/// One kill: at which call, and when.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Kill {
    operation: String,
    /// `before` or `after` the server had the request.
    phase: String,
}

/// What was done so far, over all campaigns.
struct Done {
    chance: Chance,
    made: Vec<Kill>,
    runs: usize,
    /// The changing operations that came to the servers.
    sent: BTreeSet<String>,
    /// What went wrong in the proxy itself.
    broken: Vec<Value>,
    /// The lines that were run.
    lines: BTreeSet<String>,
    /// What the inventory showed otherwise than it is listed: of which line, how many there are, and how many there should be.
    wrong: Vec<(String, i64, i64)>,
}

/// How one campaign kills: a cluster is made, changed and removed.
#[derive(Debug, Clone, Copy)]
struct Plan {
    /// How many runs are killed while it is made, and while it is changed; all but those of `kills` else.
    shares: [usize; 2],
    kills: usize,
    /// How often a run is killed at an operation in each phase.
    limit: usize,
    /// So many calls are passed over at most before the next kill.
    pass: u64,
    /// Whether nothing else gets to the server while a request is held: so no operation is over before its turn comes.
    alone: bool,
}

/// One campaign: servers of its own, and a cluster.
struct Campaign<'a> {
    servers: Servers,
    place: Place,
    plan: Plan,
    done: &'a mut Done,
}

impl Campaign<'_> {
    /// Runs a line until it comes to its end, and kills it up to so many times on the way: twice at each operation, before the
    /// server had the request, and after it had the next one.
    fn stage(&mut self, line: &str, kills: usize) {
        let until = self.done.made.len() + kills;
        let limit = self.plan.limit;
        let mut again: Option<String> = None;
        loop {
            match again.take() {
                Some(operation) => self.servers.say(&format!("hold after {limit} 0 {operation}")),
                None if self.done.made.len() < until => {
                    let skip = self.done.chance.below(self.plan.pass + 1);
                    self.servers.say(&format!("hold before {limit} {skip}"));
                }
                None => self.servers.say("none"),
            }
            self.done.runs += 1;
            self.done.lines.insert(line.to_owned());
            let mut child = self.start(line);
            match self.held(&mut child) {
                Some(kill) => {
                    child.kill().expect("it is killed");
                    child.wait().expect("it has ended");
                    self.servers.say("drop");
                    again = (kill.phase == "before").then(|| kill.operation.clone());
                    self.done.made.push(kill);
                }
                None => {
                    let status = child.wait().expect("it has ended");
                    assert!(status.success(), "`{line}` after {:?}: {status}\n{}", self.done.made.last(), self.told());
                    return;
                }
            }
        }
    }

    fn start(&self, line: &str) -> Child {
        let mut command = stand_in::command(&self.place, line, None, FASTER);
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
        let state = self.servers.bbws(&self.place, "state show dev --json").exits(0).json();
        let copies = state["backups"].as_array().expect("a list");
        copies.iter().map(|copy| copy["id"].as_str().expect("an id")).collect::<BTreeSet<_>>().len()
    }

    /// Holds the inventory against what is listed.
    fn came(&mut self, before: &BTreeMap<String, i64>, listed: &str) {
        self.done.wrong.extend(otherwise(before, &self.servers.inventory(), listed));
    }

    /// What the last run said.
    fn told(&self) -> String {
        ["out.txt", "err.txt"].map(|name| fs::read_to_string(self.place.path(name)).unwrap_or_default()).join("\n")
    }

    /// Makes the cluster, changes it and removes it; each time all must be there once.
    fn whole(&mut self) {
        let before = self.servers.inventory();
        let begun = self.done.made.len();
        if self.plan.alone {
            self.servers.say("alone");
            for operation in self.done.twice() {
                self.servers.say(&format!("covered {operation}"));
            }
        }
        self.stage("apply dev --yes", self.plan.shares[0]);
        self.stage("plan dev --detailed-exitcode", 0);
        self.came(&before, &list("dev.txt"));

        for (from, to) in OPTIONS {
            self.place.edit("dev", from, to);
        }
        self.place.write("dev", &(self.place.file("dev") + RULE));
        self.stage("apply dev --yes", self.plan.shares[1]);
        self.stage("plan dev --detailed-exitcode", 0);
        // Every run that is about to change the database copies it first, those that were killed on the way too. Each copy is
        // recorded: what was made and what is known are the same.
        let copies = self.copies();
        assert!(copies >= 1);
        self.came(&before, &(list("dev.txt") + &list("options.txt") + &SNAPSHOT.repeat(copies)));

        // What a change has no calls for is left to the end.
        self.stage("destroy dev --confirm wp-dev-cluster", self.plan.kills - (self.done.made.len() - begun));
        self.came(&before, &(list("left.txt") + &SNAPSHOT.repeat(copies)));

        let requests = self.servers.requests();
        let names = requests.iter().filter_map(|request| request["name"].as_str());
        self.done.sent.extend(names.filter(|name| name.contains(':') && !bbws_aws::is_read(name)).map(str::to_owned));
        self.done.broken.extend(requests.into_iter().filter(|request| !request["broken"].is_null()));
    }
}

impl Done {
    /// What is there and nobody wanted, and what is there more often than it should be.
    fn surplus(&self) -> (i64, i64) {
        let more = |orphans: bool| {
            let of_this = self.wrong.iter().filter(|(_, there, listed)| there > listed && (*listed == 0) == orphans);
            of_this.map(|(_, there, listed)| there - listed).sum::<i64>()
        };
        (more(true), more(false))
    }

    /// The lines that no user would run for the sake of the cluster itself.
    fn by_hand(&self) -> usize {
        self.lines.iter().filter(|line| !["apply ", "plan ", "destroy "].iter().any(|verb| line.starts_with(verb))).count()
    }

    fn counted(&self) -> BTreeMap<String, BTreeMap<String, usize>> {
        let mut counted: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
        for kill in &self.made {
            *counted.entry(kill.operation.clone()).or_default().entry(kill.phase.clone()).or_default() += 1;
        }
        counted
    }

    /// The operations at which a run was killed in both phases.
    fn twice(&self) -> BTreeSet<String> {
        self.counted().into_iter().filter(|(_, phases)| phases.len() == 2).map(|(operation, _)| operation).collect()
    }

    /// The others.
    fn spared(&self) -> Vec<String> {
        self.sent.difference(&self.twice()).cloned().collect()
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
    let began = Instant::now();
    let mut done =
        Done { chance: Chance(seed), made: vec![], runs: 0, sent: BTreeSet::new(), broken: vec![], lines: BTreeSet::new(), wrong: vec![] };
    // Few kills are spread over the stages.
    let few = Plan { shares: [kills / 2, kills / 4], kills, limit: 1, pass: 1, alone: false };
    // Many take every operation in turn, first as it comes, then until each was met.
    let many = Plan { shares: [kills, kills], kills: 3 * kills, limit: kills.div_ceil(60), pass: 0, alone: false };
    let rest = Plan { limit: 1, alone: true, ..many };
    let plans = if kills > KILLS { [many].into_iter().chain([rest; CAMPAIGNS]).collect() } else { vec![few] };
    for plan in plans {
        if done.made.len() >= kills && done.spared().is_empty() {
            break;
        }
        Campaign { servers: Servers::start(), place: Place::new(), plan, done: &mut done }.whole();
        println!("{} runs killed so far, {} operations to be met in both phases", done.made.len(), done.spared().len());
    }

    let ((orphans, duplicates), by_hand) = (done.surplus(), done.by_hand());
    let (made, counted, twice) = (done.made.len(), done.counted(), done.twice().len());
    println!(
        "kills: {made} of {} runs killed, at {} of {} operations, {twice} of them before and after the server had it, seed {seed}, \
         {:.0} s: {orphans} orphans, {duplicates} duplicates, {by_hand} steps by hand",
        done.runs,
        counted.len(),
        done.sent.len(),
        began.elapsed().as_secs_f64()
    );
    if kills > KILLS {
        assert!(made >= kills && done.spared().is_empty(), "{made} kills; not met in both phases: {:?}", done.spared());
    } else {
        assert_eq!((made, twice), (kills, kills / 2), "too few calls to be killed at: {counted:?}");
    }
    if let Ok(path) = std::env::var("BBWS_TALLY") {
        let tally = json!({
            "seed": seed, "kills": made, "runs": done.runs, "orphans": orphans, "duplicates": duplicates,
            "steps_by_hand": by_hand,
            "operations": counted, "operations_sent": done.sent.len(), "operations_twice": twice, "seconds": began.elapsed().as_secs(),
        });
        fs::write(path, serde_json::to_vec_pretty(&tally).expect("JSON")).expect("a file");
    }
    assert!(done.broken.is_empty(), "the proxy failed: {:?}", done.broken);
    assert_eq!(
        (done.wrong, by_hand),
        (vec![], 0),
        "what is there otherwise than it is listed, and what was done by hand: {:?}",
        done.lines
    );
}

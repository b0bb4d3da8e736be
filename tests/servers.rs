//! Against servers written by others: moto and ministack, behind the proxy of `tests/servers/`. What they get wrong stands in
//! one table there, `faults.py`; what exists is told by `inventory.py`, which knows nothing of bbws.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::support::{Place, Ran, edited, ran};

pub(crate) const ACCOUNT: &str = "536580886816";
const REGIONS: [&str; 2] = ["af-south-1", "us-east-1"];

pub(crate) const SNAPSHOT: &str = "af-south-1 db-snapshot of wp-dev-mysql manual\n";

pub(crate) const OPTIONS: [(&str, &str); 6] = [
    ("class               = \"db.t3.micro\"", "class               = \"db.t3.small\""),
    ("flow_logs = false", "flow_logs = true"),
    ("endpoints = [\"s3\"]", "endpoints = [\"s3\", \"ecr.api\", \"ecr.dkr\"]"),
    ("[network.private]", "[network.private]\nc = { cidr = \"10.0.13.0/24\", zone = \"af-south-1c\" }"),
    ("access_logs          = false", "access_logs          = true"),
    ("[dns.health_check]   # Route 53 asks the load balancer from outside\nenabled = false", "[dns.health_check]\nenabled = true"),
];

/// Edits of the file's sections, and two further tables.
const EDITS: [(&str, &str); 6] = [
    ("alb", "https = true"),
    ("network", "nat = \"per-zone\""),
    ("efs", "backup = true"),
    ("ecs", "db_init_image = \"mysql:8.4\""),
    ("network.public", "x = { cidr = \"10.0.9.0/24\", zone = \"af-south-1a\", spare = true }"),
    ("+", "[[cdn.behaviour]]\npath = \"/static/*\"\n[resource.log-group.extra]\nname = \"/extra\"\nretention_days = 30"),
];

pub(crate) const RULE: &str = r#"
[[rule]]
name        = "office"
group       = "alb"
port        = 443
cidr        = "41.0.0.0/24"
description = "the office"
"#;

/// The servers. They end when this is dropped, and when the test's process does: their input ends then.
pub(crate) struct Servers {
    process: Child,
    says: Receiver<Value>,
    python: PathBuf,
    told: Value,
    logs: tempfile::TempDir,
}

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/servers")
}

/// The interpreter that knows them, installed beside what cargo builds, where it is not yet.
pub(crate) fn interpreter() -> PathBuf {
    let venv = Path::new(env!("CARGO_TARGET_TMPDIR")).join("servers");
    let setup = ran(Command::new("sh").arg(scripts().join("setup.sh")).arg(&venv).output().expect("a shell")).exits(0);
    println!("{}", setup.out);
    venv.join("bin/python")
}

pub(crate) fn python(python: &Path, script: &str) -> Command {
    let mut command = Command::new(python);
    command.arg(scripts().join(script)).env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

impl Servers {
    /// Installs them beside what cargo builds, where they are not yet, and starts them.
    pub(crate) fn start() -> Self {
        let interpreter = interpreter();
        let logs = tempfile::tempdir().expect("a folder");
        let mut command = python(&interpreter, "servers.py");
        let mut process =
            command.arg(logs.path()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("python");
        let lines = BufReader::new(process.stdout.take().expect("piped")).lines();
        let (hear, says) = mpsc::channel();
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if hear.send(serde_json::from_str::<Value>(&line).expect("JSON")).is_err() {
                    return;
                }
            }
        });
        let Ok(told) = says.recv() else {
            let mut why = String::new();
            process.stderr.take().expect("piped").read_to_string(&mut why).expect("text");
            panic!("the servers did not start: {why}");
        };
        Self { process, says, python: interpreter, told, logs }
    }

    /// Tells the proxy what to hold: `tests/servers/holds.py`.
    pub(crate) fn say(&mut self, line: &str) {
        let input = self.process.stdin.as_mut().expect("piped");
        writeln!(input, "{line}").and_then(|()| input.flush()).expect("it listens");
    }

    /// What the proxy has held, if it does so before the time is over.
    pub(crate) fn heard(&self, within: Duration) -> Option<Value> {
        self.says.recv_timeout(within).ok()
    }

    /// Gives a command credentials of the account, and leads it to the proxy. Both servers take the key for the account.
    pub(crate) fn lead(&self, command: &mut Command) {
        command.env("AWS_ENDPOINT_URL", self.url("proxy"));
        command.env("AWS_ACCESS_KEY_ID", ACCOUNT).env("AWS_SECRET_ACCESS_KEY", "any");
    }

    pub(crate) fn url(&self, of: &str) -> &str {
        self.told[of].as_str().expect("a URL")
    }

    /// The binary, towards the proxy.
    pub(crate) fn bbws(&self, place: &Place, line: &str) -> Ran {
        let mut command = place.command(line.split_whitespace());
        self.lead(&mut command);
        ran(command.output().expect("the binary runs"))
    }

    /// A client written by others, with the same credentials. It runs a line of Python that knows `s3`, and answers what that prints.
    pub(crate) fn boto(&self, server: &str, line: &str) -> String {
        let script = format!(
            "import boto3, json, sys\ns3 = boto3.client('s3', endpoint_url=sys.argv[1], region_name='af-south-1', aws_access_key_id='{ACCOUNT}', aws_secret_access_key='any')\n{line}"
        );
        ran(Command::new(&self.python).arg("-c").arg(script).arg(self.url(server)).output().expect("python")).exits(0).out
    }

    /// Runs one of the scripts beside them, and answers what it prints.
    pub(crate) fn script(&self, name: &str, args: &[&str]) -> String {
        ran(python(&self.python, name).args(args).output().expect("python")).exits(0).out
    }

    /// What exists, and how many of each.
    pub(crate) fn inventory(&self) -> BTreeMap<String, i64> {
        let mut command = python(&self.python, "inventory.py");
        let found = command.args([self.url("moto"), self.url("ministack"), ACCOUNT]).args(REGIONS).output().expect("python");
        count(&ran(found).exits(0).out)
    }

    /// All that they say of what exists, tags apart: a line for each answer.
    pub(crate) fn attributes(&self) -> BTreeSet<String> {
        let told = self.script("attributes.py", &[&[self.url("moto"), self.url("ministack"), ACCOUNT], &REGIONS[..]].concat());
        told.lines().map(str::to_owned).collect()
    }

    /// The log of all requests so far.
    pub(crate) fn requests(&self) -> Vec<Value> {
        let log = fs::read_to_string(self.logs.path().join("requests.jsonl")).expect("a log");
        log.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

fn count(lines: &str) -> BTreeMap<String, i64> {
    let mut found = BTreeMap::new();
    for line in lines.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match line.strip_prefix("- ") {
            Some(less) => *found.entry(less.to_owned()).or_default() -= 1,
            None => *found.entry(line.to_owned()).or_default() += 1,
        }
    }
    found
}

pub(crate) fn list(file: &str) -> String {
    fs::read_to_string(scripts().join(file)).expect("a list")
}

/// What has come to `before` otherwise than it is listed: of which line, how many have come, and how many are listed.
pub(crate) fn otherwise(before: &BTreeMap<String, i64>, now: &BTreeMap<String, i64>, listed: &str) -> Vec<(String, i64, i64)> {
    let listed = count(listed);
    let lines: BTreeSet<&String> = before.keys().chain(now.keys()).chain(listed.keys()).collect();
    let of = |what: &BTreeMap<String, i64>, line: &str| what.get(line).copied().unwrap_or(0);
    let all = lines.into_iter().map(|line| (line.clone(), of(now, line) - of(before, line), of(&listed, line)));
    all.filter(|(_, more, expected)| more != expected).collect()
}

/// Demands that what came to `before` is just what is listed.
#[track_caller]
pub(crate) fn came(before: &BTreeMap<String, i64>, now: &BTreeMap<String, i64>, listed: &str) {
    let told = |(line, more, expected): (String, i64, i64)| format!("{line}: {more} more than before, {expected} are listed\n");
    let wrong: String = otherwise(before, now, listed).into_iter().map(told).collect();
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn the_whole_cluster_lives_on_servers_written_by_others() {
    let (servers, place) = (Servers::start(), Place::new());
    let before = servers.inventory();
    servers.bbws(&place, "plan dev --detailed-exitcode").exits(2);
    assert_eq!(servers.inventory(), before, "a plan changes nothing");

    servers.bbws(&place, "apply dev --yes").exits(0);
    servers.bbws(&place, "plan dev --detailed-exitcode").exits(0);
    came(&before, &servers.inventory(), &list("dev.txt"));

    let edits = [
        ("retention_days = 7 ", "retention_days = 14 "),
        ("idle_timeout         = 60 ", "idle_timeout         = 90 "),
        ("ManagedBy = \"bbws\"\n", "ManagedBy = \"bbws\"\nTeam = \"hosting\"\n"),
    ];
    for (from, to) in edits {
        place.edit("dev", from, to);
        servers.bbws(&place, "plan dev --detailed-exitcode").exits(2);
        servers.bbws(&place, "apply dev --yes").exits(0);
        servers.bbws(&place, "plan dev --detailed-exitcode").exits(0);
        came(&before, &servers.inventory(), &list("dev.txt"));
    }

    // Options on and off again. Each change of the database's class takes a snapshot first.
    let shipped = fs::read_to_string(place.path("environments/dev.toml")).expect("an environment");
    for (from, to) in OPTIONS {
        place.edit("dev", from, to);
    }
    let on = fs::read_to_string(place.path("environments/dev.toml")).expect("an environment") + RULE;
    // Edits, one of them a replacement, and back. A deregistered revision is shown on; moto keeps a gateway's interface.
    let edits = edited(&shipped, &EDITS);
    let moved = edits.replace("10.0.9.0/24", "10.0.10.0/24");
    let dev = list("dev.txt") + &SNAPSHOT.repeat(2);
    let after = "af-south-1 task-definition wp-dev-db-init INACTIVE\n".repeat(2);
    for (text, expected) in [
        (on, list("dev.txt") + &list("options.txt") + SNAPSHOT),
        (shipped.clone(), dev.clone()),
        (edits, dev.clone() + &list("edits.txt")),
        (moved, dev.clone() + &list("edits.txt").replace("10.0.9.0/24", "10.0.10.0/24")),
        (shipped, dev + &after + "af-south-1 network-interface wp-dev-vpc interface\n"),
    ] {
        fs::write(place.path("environments/dev.toml"), text).expect("an environment");
        servers.bbws(&place, "apply dev --yes").exits(0);
        servers.bbws(&place, "plan dev --detailed-exitcode").exits(0);
        came(&before, &servers.inventory(), &expected);
    }

    servers.bbws(&place, "destroy dev --confirm wp-dev-cluster").exits(0);
    came(&before, &servers.inventory(), &(list("left.txt") + &after + "af-south-1 network-interface ? interface\n" + &SNAPSHOT.repeat(2)));

    let (mut wrong, mut used) = (String::new(), vec![]);
    for request in servers.requests() {
        if !(request["invalid"].is_null() && request["broken"].is_null()) || request["status"].as_u64() >= Some(500) {
            wrong += &format!("{request}\n");
        }
        used.extend(request["exception"].as_str().map(str::to_owned));
    }
    assert!(wrong.is_empty(), "requests that AWS's models do not allow, or that a server has not:\n{wrong}");
    let unused = servers.told["exceptions"].as_array().expect("a list").iter().filter(|name| !used.iter().any(|used| *name == used));
    assert_eq!(unused.collect::<Vec<_>>(), Vec::<&Value>::new(), "exceptions that nothing needs any more");

    // The judge itself can find fault.
    ran(python(&servers.python, "wire_test.py").output().expect("python")).exits(0);
}

//! A folder with the shipped environments, and the binary run in it.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use bbws_sandbox::{Cloud, CloudFile};
use serde_json::Value;

use crate::json_lines;

/// A folder of its own, with `environments/` as shipped.
pub(crate) struct Place {
    dir: tempfile::TempDir,
}

/// What a run of the binary ended with.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Place {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../environments");
        fs::create_dir(dir.path().join("environments")).expect("a folder");
        for name in ["dev", "sit", "prod"] {
            let file = format!("{name}.toml");
            fs::copy(shipped.join(&file), dir.path().join("environments").join(&file)).expect("a shipped file");
        }
        Self { dir }
    }

    pub(crate) fn path(&self, inside: &str) -> PathBuf {
        self.dir.path().join(inside)
    }

    /// The binary, with no environment variables but what it needs, and none of AWS's files.
    pub(crate) fn command(&self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
        let mut command = self.here(args);
        command.arg("--env-dir").arg(self.path("environments"));
        command
    }

    /// The same, started in the folder, as a user would be.
    pub(crate) fn here(&self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bbws"));
        command.args(args).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", self.dir.path());
        command.current_dir(self.dir.path());
        // Nothing outside the sandbox may be reached from a test.
        command.env("AWS_ENDPOINT_URL", "http://127.0.0.1:9").env("AWS_EC2_METADATA_DISABLED", "true");
        command
    }

    /// Runs it: `"plan dev --sandbox"`.
    pub(crate) fn bbws(&self, line: &str) -> Ran {
        let ran = ran(self.command(line.split_whitespace()).output().expect("the binary runs"));
        // What stands in the simulated cloud, and the calls to it, are lists and no events.
        if line.split_whitespace().any(|word| word == "--json") && !line.starts_with("sandbox ") {
            json_lines::demand(line, &ran.out, &ran.err);
        }
        ran
    }

    /// A command as bbws tells it here: `bbws plan dev --sandbox`, and what leads to these files.
    pub(crate) fn told(&self, command: &str) -> String {
        format!("{command} --env-dir {}", self.path("environments").display())
    }

    /// Runs a command that was told, with more behind it.
    pub(crate) fn pasted(&self, told: &str, more: &str) -> Ran {
        let files = self.told("");
        let line = told.strip_prefix("bbws ").filter(|line| line.contains(&files)).expect("a command that leads to these files");
        self.bbws(&format!("{}{more}", line.replace(&files, "")))
    }

    /// An environment's file as it is now.
    pub(crate) fn file(&self, environment: &str) -> String {
        fs::read_to_string(self.path(&format!("environments/{environment}.toml"))).expect("an environment")
    }

    /// Gives an environment's file another text.
    pub(crate) fn write(&self, environment: &str, text: &str) {
        fs::write(self.path(&format!("environments/{environment}.toml")), text).expect("an environment");
    }

    /// Applies in the sandbox, and answers what the plan's steps did. The run verifies itself: it ends well only if a new plan
    /// is empty.
    #[track_caller]
    pub(crate) fn applied(&self, environment: &str) -> Result<Vec<String>, String> {
        let ran = self.bbws(&format!("apply {environment} --sandbox --yes --json"));
        let events: Vec<Value> = ran.out.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let of = |name: &str| events.iter().find(|event| event["event"] == name);
        match (ran.code, of("plan")) {
            (0, Some(plan)) if steps(&plan["plan"]).is_empty() || of("verified").is_some() => Ok(steps(&plan["plan"])),
            (code, _) => Err(format!("exit {code}: {}\n{}", ran.err, ran.out)),
        }
    }

    /// After an apply: a plan has nothing to do, and nothing has drifted.
    pub(crate) fn at_rest(&self, environment: &str) {
        self.bbws(&format!("plan {environment} --sandbox --detailed-exitcode")).exits(0);
        self.bbws(&format!("drift {environment} --sandbox")).exits(0);
    }

    /// Changes the simulated cloud behind everybody's back.
    pub(crate) fn tamper<T>(&self, change: impl FnOnce(&mut Cloud) -> T) -> T {
        let file = CloudFile::new(self.path("state/sandbox"));
        let mut cloud = file.load().expect("a cloud");
        let done = change(&mut cloud);
        file.save(&cloud).expect("a cloud");
        done
    }

    /// The simulated cloud as its file has it.
    pub(crate) fn cloud(&self) -> Value {
        let bytes = fs::read(self.path("state/sandbox/cloud.json")).expect("a cloud");
        serde_json::from_slice::<Value>(&bytes).expect("a cloud")["cloud"].take()
    }

    /// Changes the simulated cloud's file.
    pub(crate) fn change_cloud(&self, change: impl FnOnce(&mut Value)) {
        let path = self.path("state/sandbox/cloud.json");
        let mut file: Value = serde_json::from_slice(&fs::read(&path).expect("a cloud")).expect("a cloud");
        change(&mut file["cloud"]);
        fs::write(path, file.to_string()).expect("a cloud");
    }

    /// What bbws has recorded of an environment.
    pub(crate) fn state(&self, environment: &str) -> Value {
        self.bbws(&format!("state show {environment} --sandbox --json")).exits(0).json()
    }

    /// Replaces a text in an environment's file that stands there exactly once.
    pub(crate) fn edit(&self, environment: &str, from: &str, to: &str) {
        let path = self.path(&format!("environments/{environment}.toml"));
        let text = fs::read_to_string(&path).expect("an environment");
        assert_eq!(text.matches(from).count(), 1, "`{from}` in {environment}.toml");
        fs::write(path, text.replace(from, to)).expect("an environment");
    }
}

/// A file's text after some edits: `("rds", "class = \"x\"")` sets a line of `[rds]`, `("rds", "-class")` takes it out, and
/// `("+", …)` adds lines at the end.
pub(crate) fn edited(text: &str, edits: &[(&str, &str)]) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for (section, line) in edits {
        if *section == "+" {
            lines.push((*line).to_owned());
            continue;
        }
        let head = lines.iter().position(|l| l.split_whitespace().next() == Some(&format!("[{section}]")));
        let head = head.unwrap_or_else(|| panic!("no [{section}]"));
        let end = (head + 1..lines.len()).find(|at| lines[*at].starts_with('[')).unwrap_or(lines.len());
        let key = line.trim_start_matches('-').split([' ', '=']).next().unwrap_or_default();
        let found = (head + 1..end).find(|at| lines[*at].split([' ', '=']).next() == Some(key));
        match (found, line.starts_with('-')) {
            (Some(at), true) => drop(lines.remove(at)),
            (Some(at), false) => (*line).clone_into(&mut lines[at]),
            (None, true) => panic!("[{section}] has no `{key}`"),
            (None, false) => lines.insert(head + 1, (*line).to_owned()),
        }
    }
    lines.join("\n") + "\n"
}

/// What the steps of a plan do: `+` makes, `-` removes, `~` changes, `±` puts a new object in the place of one, `!` copies
/// data first, `=` forgets, `>` takes over.
#[track_caller]
pub(crate) fn steps(plan: &Value) -> Vec<String> {
    let steps = plan["steps"].as_array().expect("steps");
    let mut told: Vec<String> = steps
        .iter()
        .filter_map(|step| {
            let mark = match (step["action"]["do"].as_str().expect("a verb"), step["pair"].is_null()) {
                ("create", true) => "+",
                ("create", false) => "±",
                ("delete", true) => "-",
                ("delete", false) => return None,
                ("update", _) => "~",
                ("backup", _) => "!",
                ("forget", _) => "=",
                ("adopt", _) => ">",
                (other, _) => panic!("{other}"),
            };
            Some(format!("{mark}{}", step["address"].as_str().expect("an address")))
        })
        .collect();
    told.sort();
    told
}

/// Takes the output apart. Plans in it must fit their schema, whatever the test is about.
#[track_caller]
pub(crate) fn ran(output: Output) -> Ran {
    let ran = Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).expect("text"),
        err: String::from_utf8(output.stderr).expect("text"),
    };
    let is_plan = |document: &Value| document.get("basis").is_some() && document.get("steps").is_some();
    let whole = serde_json::from_str::<Value>(&ran.out).ok().filter(is_plan);
    let events = ran.out.lines().filter(|line| line.contains("\"event\":\"plan\""));
    let told = events.filter_map(|line| serde_json::from_str::<Value>(line).ok()).map(|mut event| event["plan"].take());
    for plan in whole.into_iter().chain(told) {
        assert_eq!(bbws_testkit::misfits(&PLAN_SCHEMA, &plan), Vec::<String>::new(), "a plan does not fit its schema");
    }
    ran
}

/// The schema of plans, as users have it.
pub(crate) static PLAN_SCHEMA: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../docs/schema/plan.schema.json")).expect("a schema"));

impl Ran {
    /// Demands this exit code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "\n--- out\n{}\n--- err\n{}", self.out, self.err);
        self
    }

    /// The output as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}:\n{}", self.out))
    }
}

/// The same command in a terminal of its own, where each of these is typed once its prompt stands there; `^C` is the key.
pub(crate) fn in_a_terminal(plain: &Command, typing: &[(&str, &str)]) -> Command {
    let mut command = Command::new("python3");
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/terminal/in_a_terminal.py"));
    command.args(typing.iter().flat_map(|(prompt, answer)| [prompt, answer])).arg("--");
    command.arg(plain.get_program()).args(plain.get_args()).env_clear();
    for (name, value) in plain.get_envs() {
        command.env(name, value.expect("a value"));
    }
    command.env("TERM", "xterm");
    command
}

//! A folder with the shipped environments, and the binary run in it.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

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
        let mut command = Command::new(env!("CARGO_BIN_EXE_bbws"));
        command.args(args).env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("HOME", self.dir.path());
        command.arg("--env-dir").arg(self.path("environments"));
        // Nothing outside the sandbox may be reached from a test.
        command.env("AWS_ENDPOINT_URL", "http://127.0.0.1:9").env("AWS_EC2_METADATA_DISABLED", "true");
        command
    }

    /// Runs it: `"plan dev --sandbox"`.
    pub(crate) fn bbws(&self, line: &str) -> Ran {
        ran(self.command(line.split_whitespace()).output().expect("the binary runs"))
    }

    /// Replaces a text in an environment's file that stands there exactly once.
    pub(crate) fn edit(&self, environment: &str, from: &str, to: &str) {
        let path = self.path(&format!("environments/{environment}.toml"));
        let text = fs::read_to_string(&path).expect("an environment");
        assert_eq!(text.matches(from).count(), 1, "`{from}` in {environment}.toml");
        fs::write(path, text.replace(from, to)).expect("an environment");
    }
}

/// Takes the output apart.
pub(crate) fn ran(output: Output) -> Ran {
    Ran {
        code: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).expect("text"),
        err: String::from_utf8(output.stderr).expect("text"),
    }
}

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

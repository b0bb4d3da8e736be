//! The cloud on disk: it is kept between commands, shared by all processes that use it, and whole after a kill.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::Cloud;

/// The format of the file. A file of another one is refused.
const FORMAT: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Envelope {
    format: u32,
    cloud: Cloud,
}

/// One call, as `bbws sandbox calls` shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallRecord {
    /// The simulated time, in milliseconds since 1970.
    pub at_ms: u64,
    /// The caller's account.
    pub account: String,
    /// The region called.
    pub region: String,
    /// The service, as the SDK names it.
    pub service: String,
    /// The operation.
    pub operation: String,
    /// `ok`, or the code of the refusal, or what else became of the call.
    pub outcome: String,
    /// The caller's ARN, where the call may have changed something.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub caller: String,
    /// What such a call named: ids, names and ARNs of its request and its answer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
}

/// Where a sandbox is kept.
#[derive(Debug, Clone)]
pub struct CloudFile {
    dir: PathBuf,
}

impl CloudFile {
    /// The sandbox kept in `dir`.
    #[must_use]
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    fn cloud_path(&self) -> PathBuf {
        self.dir.join("cloud.json")
    }

    fn calls_path(&self) -> PathBuf {
        self.dir.join("calls.jsonl")
    }

    /// Keeps other processes out while the lock is held.
    pub(crate) fn lock(&self) -> io::Result<File> {
        fs::create_dir_all(&self.dir)?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(self.dir.join("lock"))?;
        lock.lock()?;
        Ok(lock)
    }

    /// Reads the cloud; an absent file is an empty cloud.
    ///
    /// # Errors
    /// When the file cannot be read, is damaged, or was written by another version of bbws.
    pub fn load(&self) -> io::Result<Cloud> {
        let path = self.cloud_path();
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Cloud::default()),
            Err(error) => return Err(error),
        };
        let damaged =
            |why: String| io::Error::new(io::ErrorKind::InvalidData, format!("{}: {why}; `bbws sandbox reset` clears it", path.display()));
        let envelope: Envelope =
            serde_json::from_slice(&bytes).map_err(|e| damaged(format!("not a sandbox of this version of bbws ({e})")))?;
        if envelope.format != FORMAT {
            return Err(damaged(format!("the sandbox has format {}, this bbws knows {FORMAT}", envelope.format)));
        }
        Ok(envelope.cloud)
    }

    /// What tells whether another process has written since: the file's length and time.
    pub(crate) fn version(&self) -> Option<(u64, std::time::SystemTime)> {
        let about = fs::metadata(self.cloud_path()).ok()?;
        Some((about.len(), about.modified().ok()?))
    }

    /// Writes the cloud: readers see the old or the new one whole.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn save(&self, cloud: &Cloud) -> io::Result<()> {
        fs::create_dir_all(&self.dir)?;
        let temp = self.dir.join(format!(".cloud-{}.tmp", std::process::id()));
        let envelope = Envelope { format: FORMAT, cloud: cloud.clone() };
        fs::write(&temp, serde_json::to_vec(&envelope)?)?;
        fs::rename(&temp, self.cloud_path())
    }

    /// Adds one call to the log of calls.
    pub(crate) fn record(&self, call: &CallRecord) -> io::Result<()> {
        fs::create_dir_all(&self.dir)?;
        let mut line = serde_json::to_vec(call)?;
        line.push(b'\n');
        OpenOptions::new().create(true).append(true).open(self.calls_path())?.write_all(&line)
    }

    /// All calls so far.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn calls(&self) -> io::Result<Vec<CallRecord>> {
        let text = match fs::read_to_string(self.calls_path()) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(vec![]),
            Err(error) => return Err(error),
        };
        // The last line may be torn by a kill.
        Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
    }

    /// When the last call was made, in milliseconds since 1970; none where there was none yet. Reads do not write the cloud,
    /// but time has passed until them: what they saw finished must not be unfinished again for the next process.
    pub(crate) fn last_call_ms(&self) -> io::Result<Option<u64>> {
        /// So much is read at first: more than most lines are long.
        const TAIL: u64 = 4096;
        let mut file = match File::open(self.calls_path()) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let length = file.metadata()?.len();
        let mut back = TAIL;
        loop {
            let from = length.saturating_sub(back);
            file.seek(SeekFrom::Start(from))?;
            let mut tail = vec![];
            file.read_to_end(&mut tail)?;
            let mut calls = tail.split(|byte| *byte == b'\n').rev().filter_map(|line| serde_json::from_slice::<CallRecord>(line).ok());
            match calls.next() {
                Some(call) => return Ok(Some(call.at_ms)),
                None if from == 0 => return Ok(None),
                // A line that is longer than what was read.
                None => back = back.saturating_mul(4),
            }
        }
    }

    /// Forgets the cloud and its calls.
    ///
    /// # Errors
    /// When the files cannot be removed.
    pub fn reset(&self) -> io::Result<()> {
        let _held = self.lock()?;
        for path in [self.cloud_path(), self.calls_path()] {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }

    /// The folder.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_call_is_found_however_long_its_line_is_and_whatever_was_torn() {
        let dir = tempfile::tempdir().unwrap();
        let file = CloudFile::new(dir.path());
        assert_eq!(file.last_call_ms().unwrap(), None);
        let call = |at_ms: u64, names: usize| CallRecord {
            at_ms,
            account: "536580886816".into(),
            region: "af-south-1".into(),
            service: "EC2".into(),
            operation: "DeleteObjects".into(),
            outcome: "ok".into(),
            caller: String::new(),
            names: (0..names).map(|n| format!("a-name-of-some-length-{n:06}")).collect(),
        };
        file.record(&call(1, 1)).unwrap();
        assert_eq!(file.last_call_ms().unwrap(), Some(1));
        for (at_ms, names) in [(2, 300), (3, 5000)] {
            file.record(&call(at_ms, names)).unwrap();
            assert_eq!(file.last_call_ms().unwrap(), Some(at_ms), "{names} names");
        }
        let mut log = OpenOptions::new().append(true).open(dir.path().join("calls.jsonl")).unwrap();
        log.write_all(b"{\"at_ms\": 4, \"acc").unwrap();
        assert_eq!(file.last_call_ms().unwrap(), Some(3), "a torn line is none");
    }
}

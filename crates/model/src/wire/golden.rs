//! Files as each format was first written: kept, added to, never changed. For as long as a file stands here, every bbws reads it.
//!
//! `BBWS_WRITE_GOLDEN=1` writes those of a new format, when there are none yet.

use std::fs;
use std::path::Path;

use super::fuzz::FORMATS;
use super::{approval, event, log, plan, run, spool, state};

/// The formats, in the order of the readers, each with its newest number.
const NAMES: [(&str, u64); 7] = [
    ("approval", approval::FORMAT),
    ("run", run::FORMAT),
    ("log", log::FORMAT),
    ("state", state::FORMAT),
    ("plan", plan::FORMAT),
    ("spool", spool::FORMAT),
    ("event", event::FORMAT),
];

#[test]
fn files_of_every_format_there_was_are_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/wire/golden");
    for ((name, newest), format) in NAMES.iter().zip(&FORMATS) {
        for number in 1..=*newest {
            let path = folder.join(format!("{name}-{number}.json"));
            if std::env::var_os("BBWS_WRITE_GOLDEN").is_some() && number == *newest && !path.exists() {
                fs::create_dir_all(&folder).unwrap();
                let lines: Vec<Vec<u8>> = (format.samples)().into_iter().map(format.seal).collect();
                fs::write(&path, lines.join(&b'\n')).unwrap();
            }
            let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}: each format has a file here", path.display()));
            for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                assert_eq!((format.again)(line), Some(true), "{name} {number} is read no longer: {}", String::from_utf8_lossy(line));
            }
        }
    }
}

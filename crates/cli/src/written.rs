//! Files that a command writes for its user: whole under their name, or not there at all.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Only its owner may read what bbws writes beside a repository.
const MODE: u32 = 0o600;

/// Writes a file under a name of its own, and puts it in the place of what was there. Nobody ever reads half of it, and a link that
/// stands there is not followed.
///
/// # Errors
/// Why it cannot be written.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), String> {
    replace_as(path, bytes, MODE)
}

/// The same, for files that others may read too.
///
/// # Errors
/// Why it cannot be written.
pub(crate) fn replace_as(path: &Path, bytes: &[u8], mode: u32) -> Result<(), String> {
    match fs::symlink_metadata(path) {
        Ok(there) if there.is_symlink() => return Err("it is a symbolic link, and nothing is written through one".into()),
        Ok(there) if !there.is_file() => return Err("what is there is not a file".into()),
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error.to_string()),
        Ok(_) | Err(_) => {}
    }
    let temp = beside(path).ok_or("it is not a file's name")?;
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&temp)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temp, path)
    };
    write().map_err(|error| {
        // Nobody takes it for the file: its name is another.
        drop(fs::remove_file(&temp));
        error.to_string()
    })
}

fn beside(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_string_lossy();
    Some(path.with_file_name(format!(".{name}.{}.tmp", std::process::id())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn a_file_is_replaced_as_a_whole_and_is_its_owners_alone() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.plan");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let held = fs::File::open(&path).unwrap();
        replace(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, MODE);
        assert_eq!(std::io::read_to_string(held).unwrap(), "old", "who has it open still reads the old one");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn a_link_and_what_is_no_file_are_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let (victim, link) = (dir.path().join("victim"), dir.path().join("link"));
        fs::write(&victim, "dear").unwrap();
        symlink(&victim, &link).unwrap();
        assert!(replace(&link, b"new").unwrap_err().contains("symbolic link"));
        assert_eq!(fs::read(&victim).unwrap(), b"dear");
        for path in [dir.path(), Path::new("/dev/null"), Path::new("/"), &dir.path().join("none/a")] {
            assert!(replace(path, b"new").is_err(), "{}", path.display());
        }
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }
}

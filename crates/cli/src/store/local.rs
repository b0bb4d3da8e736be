//! The store on a local disk: files that are made once, whole and durable under their name, or not there at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use bbws_engine::{Boxed, PutOutcome, Store, StoreError};

use super::file_system;

/// What the name of a file that is still being written begins with. A kill can leave one; nobody reads it.
const TEMPORARY: &str = ".tmp-";
/// No write takes this long: an older temporary file has no writer any more.
const ABANDONED: Duration = Duration::from_secs(60 * 60);

static NEXT: AtomicU64 = AtomicU64::new(0);

/// One environment's store in a folder.
///
/// Its calls block the thread for a fraction of a millisecond each: that is less than handing them to another one costs.
#[derive(Debug, Clone)]
pub struct LocalStore {
    root: PathBuf,
}

impl LocalStore {
    /// The store in this folder. It is made when something is first written.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether the folder can hold a log: it is on no network mount, a second name for a file can be made, and none where
    /// there is one already.
    ///
    /// # Errors
    /// Why it cannot.
    pub fn probe(&self) -> Result<(), String> {
        if let Some(sort) = file_system::remote(&self.root) {
            return Err(format!("it is on a network mount ({sort}), where runs on other machines are not kept apart"));
        }
        let temp = self.written("probe", &self.root.join("probe"), b"probe").map_err(|error| error.to_string())?;
        let second = temp.with_extension("second");
        let links = [fs::hard_link(&temp, &second), fs::hard_link(&temp, &second)];
        let synced = sync_folder(&self.root);
        for path in [&second, &temp] {
            // The sweep takes what cannot be removed now.
            drop(fs::remove_file(path));
        }
        judged(links, synced)
    }

    /// Removes temporary files that a killed process left behind. One that cannot be removed harms nobody.
    pub fn sweep(&self) {
        let mut files = vec![];
        if walk(&self.root, &mut files, &|name| name.starts_with(TEMPORARY)).is_err() {
            return;
        }
        for path in files {
            let age = fs::metadata(&path).and_then(|about| about.modified()).map(|at| SystemTime::now().duration_since(at));
            if age.is_ok_and(|age| age.is_ok_and(|age| age > ABANDONED)) {
                drop(fs::remove_file(path));
            }
        }
    }

    /// Where a key's file stands. A key is a path below the root and cannot lead out of it.
    fn path(&self, key: &str) -> Result<PathBuf, StoreError> {
        let inside = Path::new(key);
        let normal = !key.is_empty() && inside.components().all(|part| matches!(part, Component::Normal(_)));
        let hidden = inside.file_name().is_some_and(|name| name.to_string_lossy().starts_with(TEMPORARY));
        if normal && !hidden { Ok(self.root.join(inside)) } else { Err(failed(key, "this is not a key")) }
    }

    fn create_now(&self, key: &str, bytes: &[u8]) -> Result<PutOutcome, StoreError> {
        let path = self.path(key)?;
        let temp = self.written(key, &path, bytes)?;
        let linked = fs::hard_link(&temp, &path);
        drop(fs::remove_file(&temp));
        let outcome = match linked {
            Ok(()) => PutOutcome::Created,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => PutOutcome::Exists,
            // NFS may report an error after it has made the link.
            Err(error) => match fs::read(&path) {
                Ok(there) if there == bytes => PutOutcome::Created,
                _ => return Err(failed(key, error)),
            },
        };
        // Also when it was there: its maker may not have come to this yet.
        self.settle(key, &path)?;
        Ok(outcome)
    }

    fn overwrite_now(&self, key: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.path(key)?;
        let temp = self.written(key, &path, bytes)?;
        if let Err(error) = fs::rename(&temp, &path) {
            drop(fs::remove_file(&temp));
            return Err(failed(key, error));
        }
        self.settle(key, &path)
    }

    /// Writes a temporary file beside `path`, and sees it to the disk.
    fn written(&self, key: &str, path: &Path, bytes: &[u8]) -> Result<PathBuf, StoreError> {
        let dir = path.parent().unwrap_or(&self.root);
        make_folders(dir).map_err(|error| failed(key, error))?;
        let temp = dir.join(format!("{TEMPORARY}{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
        let write = || {
            let mut file = OpenOptions::new().write(true).create_new(true).open(&temp)?;
            file.write_all(bytes).and_then(|()| file.sync_all())
        };
        match write() {
            Ok(()) => Ok(temp),
            Err(error) => {
                drop(fs::remove_file(&temp));
                Err(failed(key, error))
            }
        }
    }

    /// Sees a new name to the disk.
    fn settle(&self, key: &str, path: &Path) -> Result<(), StoreError> {
        let dir = path.parent().unwrap_or(&self.root);
        sync_folder(dir).map_err(|error| StoreError::Unknown { key: key.to_owned(), cause: error.to_string() })
    }

    fn get_now(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        match fs::read(self.path(key)?) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(key, error)),
        }
    }

    fn list_now(&self, prefix: &str, after: &str) -> Result<Vec<String>, StoreError> {
        let folder = prefix.rsplit_once('/').map_or("", |(folder, _)| folder);
        let start = if folder.is_empty() { self.root.clone() } else { self.path(folder)? };
        let mut files = vec![];
        walk(&start, &mut files, &|name| !name.starts_with(TEMPORARY)).map_err(|error| failed(prefix, error))?;
        let mut keys: Vec<String> = files
            .iter()
            .filter_map(|path| path.strip_prefix(&self.root).ok())
            .map(|inside| inside.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/"))
            .filter(|key| key.starts_with(prefix) && key.as_str() > after)
            .collect();
        keys.sort_unstable();
        Ok(keys)
    }

    fn delete_now(&self, key: &str) -> Result<(), StoreError> {
        let path = self.path(key)?;
        match fs::remove_file(&path) {
            Ok(()) => self.settle(key, &path),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            Err(error) => Err(failed(key, error)),
        }
    }
}

/// What two links to the same second name, and a look at the folder's durability, say of a file system.
fn judged([first, second]: [io::Result<()>; 2], synced: io::Result<()>) -> Result<(), String> {
    first.map_err(|error| format!("its file system has no hard links: {error}"))?;
    match second {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        other => return Err(format!("its file system gives a name twice: {other:?}")),
    }
    synced.map_err(|error| format!("its file system cannot see a name to the disk: {error}"))
}

fn failed(key: &str, cause: impl ToString) -> StoreError {
    StoreError::Failed { key: key.to_owned(), cause: cause.to_string() }
}

fn sync_folder(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// Makes a folder and those above it, each durable in its parent before anything is put into it.
fn make_folders(dir: &Path) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    let above = dir.parent().filter(|above| !above.as_os_str().is_empty());
    if let Some(above) = above {
        make_folders(above)?;
    }
    match fs::create_dir(dir) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        Ok(()) | Err(_) => {}
    }
    sync_folder(above.unwrap_or(Path::new(".")))
}

/// Collects the files below a folder whose names are wanted. A folder that is not there is empty.
fn walk(dir: &Path, files: &mut Vec<PathBuf>, wanted: &dyn Fn(&str) -> bool) -> io::Result<()> {
    let entries = match fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            walk(&entry.path(), files, wanted)?;
        } else if wanted(&entry.file_name().to_string_lossy()) {
            files.push(entry.path());
        }
    }
    Ok(())
}

impl Store for LocalStore {
    fn create<'a>(&'a self, key: &'a str, bytes: &'a [u8]) -> Boxed<'a, Result<PutOutcome, StoreError>> {
        Box::pin(async move { self.create_now(key, bytes) })
    }

    fn get<'a>(&'a self, key: &'a str) -> Boxed<'a, Result<Option<Vec<u8>>, StoreError>> {
        Box::pin(async move { self.get_now(key) })
    }

    fn list_after<'a>(&'a self, prefix: &'a str, after: &'a str) -> Boxed<'a, Result<Vec<String>, StoreError>> {
        Box::pin(async move { self.list_now(prefix, after) })
    }

    fn overwrite<'a>(&'a self, key: &'a str, bytes: &'a [u8]) -> Boxed<'a, Result<(), StoreError>> {
        Box::pin(async move { self.overwrite_now(key, bytes) })
    }

    fn delete<'a>(&'a self, key: &'a str) -> Boxed<'a, Result<(), StoreError>> {
        Box::pin(async move { self.delete_now(key) })
    }

    /// A disk keeps none.
    fn earlier<'a>(&'a self, key: &'a str) -> Boxed<'a, Result<Vec<Vec<u8>>, StoreError>> {
        Box::pin(async move { self.path(key).map(|_| vec![]) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;
    use std::thread;

    fn store() -> (tempfile::TempDir, LocalStore) {
        let dir = tempfile::tempdir().unwrap();
        let store = LocalStore::new(dir.path().join("state/dev"));
        (dir, store)
    }

    fn temporaries(store: &LocalStore) -> usize {
        let mut files = vec![];
        walk(store.root(), &mut files, &|name| name.starts_with(TEMPORARY)).unwrap();
        files.len()
    }

    #[test]
    fn the_contract_of_stores_holds() {
        let (_dir, store) = store();
        crate::pace::play(None, bbws_testkit::store_contract(&store)).unwrap();
        assert_eq!(temporaries(&store), 0);
    }

    #[test]
    fn a_file_system_that_cannot_hold_a_log_is_refused() {
        let (_dir, store) = store();
        assert_eq!(store.probe(), Ok(()));
        assert_eq!(fs::read_dir(store.root()).unwrap().count(), 0, "the probe leaves nothing behind");
        let error = |kind: ErrorKind| Err(io::Error::from(kind));
        let exists = || error(ErrorKind::AlreadyExists);
        assert_eq!(judged([Ok(()), exists()], Ok(())), Ok(()));
        for (links, synced, why) in [
            ([error(ErrorKind::Unsupported), error(ErrorKind::Unsupported)], Ok(()), "no hard links"),
            ([Ok(()), Ok(())], Ok(()), "twice"),
            ([Ok(()), exists()], error(ErrorKind::InvalidInput), "to the disk"),
        ] {
            let told = judged(links, synced).unwrap_err();
            assert!(told.contains(why), "{told}");
        }
    }

    #[test]
    fn what_is_there_is_left_as_it_is() {
        let (_dir, store) = store();
        assert_eq!(store.create_now("log/1.json", b"first").unwrap(), PutOutcome::Created);
        assert_eq!(store.create_now("log/1.json", b"second").unwrap(), PutOutcome::Exists);
        assert_eq!(store.get_now("log/1.json").unwrap().unwrap(), b"first");
        assert_eq!(temporaries(&store), 0);
    }

    #[test]
    fn of_many_threads_exactly_one_makes_each_file_and_it_is_whole() {
        const THREADS: usize = 16;
        const SLOTS: usize = 60;
        let (_dir, store) = store();
        let barrier = Barrier::new(THREADS);
        let won: Vec<Vec<usize>> = thread::scope(|scope| {
            let runs: Vec<_> = (0..THREADS)
                .map(|me| {
                    let (store, barrier) = (&store, &barrier);
                    scope.spawn(move || {
                        let mut won = vec![];
                        for slot in 0..SLOTS {
                            barrier.wait();
                            let bytes = format!("{me} ").repeat(4_000);
                            if store.create_now(&format!("log/{slot:020}.json"), bytes.as_bytes()).unwrap() == PutOutcome::Created {
                                won.push(slot);
                            }
                        }
                        won
                    })
                })
                .collect();
            runs.into_iter().map(|run| run.join().unwrap()).collect()
        });
        let mut slots: Vec<usize> = won.iter().flatten().copied().collect();
        slots.sort_unstable();
        assert_eq!(slots, (0..SLOTS).collect::<Vec<_>>(), "one winner a slot");
        for (me, slots) in won.iter().enumerate() {
            for slot in slots {
                let bytes = store.get_now(&format!("log/{slot:020}.json")).unwrap().unwrap();
                assert_eq!(bytes, format!("{me} ").repeat(4_000).into_bytes(), "the winner's bytes, whole");
            }
        }
        assert_eq!(temporaries(&store), 0);
    }

    #[test]
    fn readers_of_an_overwritten_file_see_the_old_or_the_new_one_whole() {
        let (_dir, store) = store();
        let text = |n: usize| format!("{n:05} ").repeat(3_000).into_bytes();
        store.overwrite_now("state.json", &text(0)).unwrap();
        thread::scope(|scope| {
            let writer = scope.spawn(|| (1..100).for_each(|n| store.overwrite_now("state.json", &text(n)).unwrap()));
            while !writer.is_finished() {
                let seen = store.get_now("state.json").unwrap().unwrap();
                let n: usize = std::str::from_utf8(&seen[..5]).unwrap().parse().unwrap();
                assert_eq!(seen, text(n));
            }
        });
        assert_eq!(store.get_now("state.json").unwrap().unwrap(), text(99));
    }

    #[test]
    fn keys_are_listed_in_order_from_one_on() {
        let (_dir, store) = store();
        assert_eq!(store.list_now("log/", "").unwrap(), Vec::<String>::new(), "a store that is not there yet is empty");
        for key in ["log/03", "log/01", "log/02", "state.json", "runs/a/events", "logs/x"] {
            store.create_now(key, b"x").unwrap();
        }
        fs::write(store.root().join("log/.tmp-1-1"), "torn").unwrap();
        assert_eq!(store.list_now("log/", "").unwrap(), ["log/01", "log/02", "log/03"]);
        assert_eq!(store.list_now("log/", "log/01").unwrap(), ["log/02", "log/03"]);
        assert_eq!(store.list_now("log/0", "log/02").unwrap(), ["log/03"]);
        assert_eq!(store.list_now("runs/", "").unwrap(), ["runs/a/events"]);
        assert_eq!(store.list_now("", "logs").unwrap(), ["logs/x", "runs/a/events", "state.json"]);
    }

    #[test]
    fn no_key_leads_out_of_the_store() {
        let (_dir, store) = store();
        for key in ["../x", "/etc/x", "", "log/../../x", "log/.tmp-1-1"] {
            assert!(matches!(store.create_now(key, b"x"), Err(StoreError::Failed { .. })), "{key}");
        }
    }

    #[test]
    fn a_store_that_cannot_be_written_says_so() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("state"), "a file where a folder should be").unwrap();
        let store = LocalStore::new(dir.path().join("state/dev"));
        assert!(matches!(store.create_now("log/1", b"x"), Err(StoreError::Failed { .. })));
        assert!(store.get_now("log/1").is_err(), "an unreadable store is not an empty one");
    }

    #[test]
    fn what_is_removed_is_gone_and_may_be_gone_before() {
        let (_dir, store) = store();
        store.create_now("log/1", b"x").unwrap();
        store.delete_now("log/1").unwrap();
        store.delete_now("log/1").unwrap();
        assert_eq!(store.get_now("log/1").unwrap(), None);
    }

    #[test]
    fn only_temporary_files_that_nobody_writes_any_more_are_swept() {
        let (_dir, store) = store();
        store.create_now("log/1", b"x").unwrap();
        let (old, new) = (store.root().join("log/.tmp-9-1"), store.root().join("log/.tmp-9-2"));
        fs::write(&old, "").unwrap();
        fs::write(&new, "").unwrap();
        File::options().write(true).open(&old).unwrap().set_modified(SystemTime::now() - ABANDONED * 2).unwrap();
        store.sweep();
        assert!(!old.exists() && new.exists() && store.get_now("log/1").unwrap().is_some());
    }
}

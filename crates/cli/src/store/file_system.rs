//! Which file systems cannot hold a log: those that others can write too, past this machine's own locks and order of writes.

use std::fs;
use std::path::Path;

/// Mounts of other machines. FUSE tells after a dot what it is.
const REMOTE: [&str; 15] =
    ["nfs", "nfs4", "cifs", "smb2", "smb3", "smbfs", "afs", "ceph", "lustre", "davfs", "glusterfs", "sshfs", "s3fs", "rclone", "davfs2"];

/// The sort of network mount that a folder stands on, if it does.
pub(super) fn remote(dir: &Path) -> Option<String> {
    sort(dir).filter(|sort| is_remote(sort))
}

/// The sort of file system that a folder stands on. Where the system does not tell (other than on Linux), none.
pub(crate) fn sort(dir: &Path) -> Option<String> {
    // The folder itself need not be there yet.
    let there =
        dir.ancestors().find_map(|above| fs::canonicalize(if above.as_os_str().is_empty() { Path::new(".") } else { above }).ok())?;
    sort_of(&fs::read_to_string("/proc/self/mountinfo").ok()?, &there)
}

/// Whether it is a mount of another machine's.
pub(crate) fn is_remote(sort: &str) -> bool {
    REMOTE.contains(&sort.strip_prefix("fuse.").unwrap_or(sort))
}

/// The sort of the file system that a path stands on: that of the deepest mount above it, and of two at one place the later.
fn sort_of(mounts: &str, path: &Path) -> Option<String> {
    let parsed = mounts.lines().filter_map(|line| {
        let (place, about) = line.split_once(" - ")?;
        // Blanks and the like are written as octal numbers.
        let point = place.split(' ').nth(4)?.replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\");
        Some((point, about.split(' ').next()?.to_owned()))
    });
    let above = parsed.filter(|(point, _)| path.starts_with(point));
    above.max_by_key(|(point, _)| point.len()).map(|(_, sort)| sort)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:40 / /home rw,relatime shared:2 - nfs4 files:/home rw,vers=4.2
31 30 0:41 / /home/jo/local rw - ext4 /dev/sdb1 rw
32 22 0:42 / /mnt/the\\040share rw - cifs //files/share rw
33 22 0:43 / /far rw - fuse.sshfs jo@far:/ rw
34 22 0:44 / /twice rw - ext4 /dev/sdc1 rw
35 34 0:45 / /twice rw - nfs files:/twice rw";

    #[test]
    fn the_deepest_mount_counts() {
        for (path, sort, is) in [
            ("/", "ext4", false),
            ("/homes/x", "ext4", false),
            ("/home/jo/work", "nfs4", true),
            ("/home/jo/local/state", "ext4", false),
            ("/mnt/the share/state", "cifs", true),
            ("/far/state", "fuse.sshfs", true),
            ("/twice/state", "nfs", true),
        ] {
            let found = sort_of(MOUNTS, Path::new(path)).unwrap();
            assert_eq!((found.as_str(), is_remote(&found)), (sort, is), "{path}");
        }
    }

    #[test]
    fn where_nothing_is_told_nothing_is_known() {
        assert_eq!(sort_of("", Path::new("/")), None);
    }

    #[test]
    fn a_folder_that_is_not_there_yet_is_judged_by_what_is_above_it() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(remote(&dir.path().join("not/there/yet")), None);
    }
}

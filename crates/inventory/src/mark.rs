//! By what a file is recognised without reading it.

use rustix::fs::Stat;

/// What `lstat` says of a file. As long as all of it is the same, nobody has written to it, but for who writes
/// through a mapping, or sets times back on purpose: `ctime` can only be set by setting the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, u64),
    changed: (i64, u64),
    mode: u32,
    owner: (u32, u32),
}

impl Mark {
    /// Out of what the kernel says.
    pub(crate) fn of(stat: &Stat) -> Self {
        Self {
            device: stat.st_dev,
            inode: stat.st_ino,
            size: u64::try_from(stat.st_size).unwrap_or(0),
            modified: (stat.st_mtime, stat.st_mtime_nsec),
            changed: (stat.st_ctime, stat.st_ctime_nsec),
            mode: stat.st_mode,
            owner: (stat.st_uid, stat.st_gid),
        }
    }

    /// Its length, in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Its file system and its number there.
    #[must_use]
    pub fn inode(&self) -> (u64, u64) {
        (self.device, self.inode)
    }

    pub(crate) fn permissions(&self) -> u32 {
        self.mode & 0o7777
    }

    pub(crate) fn owner(&self) -> (u32, u32) {
        self.owner
    }
}

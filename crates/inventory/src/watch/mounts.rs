//! What is mounted: a file can be hidden by mounting another one over it, and nothing of it changes.

use std::fs::File;
use std::io::{self, Read as _, Seek as _};

/// Poll this for priority data: the kernel's way to say that mounts changed (proc_pid_mountinfo(5)).
#[derive(Debug)]
pub(super) struct Mounts {
    file: File,
    known: u64,
}

impl Mounts {
    pub(super) fn open() -> io::Result<Self> {
        let mut mounts = Self { file: File::open("/proc/self/mountinfo")?, known: 0 };
        mounts.known = mounts.read();
        Ok(mounts)
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Whether they are others than at the last question. To be read for the next poll in any case.
    pub(super) fn has_changed(&mut self) -> bool {
        let now = self.read();
        std::mem::replace(&mut self.known, now) != now
    }

    fn read(&mut self) -> u64 {
        let mut text = Vec::new();
        let read = self.file.rewind().and_then(|()| self.file.read_to_end(&mut text));
        if read.is_err() {
            return 0;
        }
        let hash = blake3::hash(&text);
        let [a, b, c, d, e, f, g, h, ..] = *hash.as_bytes();
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    }
}

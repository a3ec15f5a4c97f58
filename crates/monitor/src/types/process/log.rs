//! What a program prints, in a file that does not grow without bound.
//!
//! The program has the file itself as its standard output, not a pipe to this monitor: so it does not
//! die of a closed pipe when the monitor does, and nothing it said on its way down is lost. The price is
//! that nobody stands between it and the file. So the file is looked at every second, and more often
//! while it grows fast; when it is too long, its end is copied aside and the file is cut to nothing. The
//! program writes at the file's end wherever that is, and goes on. What it prints between the copy and
//! the cut, some microseconds, is lost.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A day of a talkative service. A thousand such files are a gigabyte, on a disk or in memory.
const LOG_MAX_BYTES: u64 = 1 << 20;

/// What is kept of a file that is cut.
const KEPT_BYTES: u64 = LOG_MAX_BYTES / 2;

/// From one look at the size to the next.
const CALM: Duration = Duration::from_secs(1);

/// The same, of a file that grew much since the last look: a flood of a gigabyte a second is cut down
/// before it takes more than some tens of megabytes.
const FLOOD: Duration = Duration::from_millis(20);

/// The log of a resource.
#[derive(Debug, Clone)]
pub(super) struct Log {
    file: PathBuf,
}

impl Log {
    pub(super) fn new(file: PathBuf) -> Self {
        Self { file }
    }

    /// What the program prints to.
    pub(super) fn path(&self) -> &Path {
        &self.file
    }

    /// A new life begins: what the last one said is laid aside.
    pub(super) fn begin(&self) -> io::Result<()> {
        if let Some(folder) = self.file.parent() {
            fs::create_dir_all(folder)?;
        }
        match fs::rename(&self.file, self.earlier()) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Cuts it, if it is too long; when to look again.
    pub(super) fn keep_short(&self) -> Duration {
        let Ok(length) = fs::metadata(&self.file).map(|found| found.len()) else { return CALM };
        if length > LOG_MAX_BYTES {
            // A log that cannot be copied is cut all the same: a full disk hurts more than a lost line.
            let _ = self.copy_end();
            let _ = File::options().write(true).open(&self.file).and_then(|file| file.set_len(0));
        }
        if length > LOG_MAX_BYTES / 8 { FLOOD } else { CALM }
    }

    /// The end of it, for whoever has to know why the program ended.
    pub(super) fn end(&self) -> String {
        self.last(resource_api::Outcome::OUTPUT_MAX_BYTES as u64)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    /// How long it is.
    pub(super) fn length(&self) -> u64 {
        fs::metadata(&self.file).map_or(0, |found| found.len())
    }

    /// The end of it, but nothing from before it was so long. One that was cut meanwhile is new as a whole.
    pub(super) fn since(&self, length: u64) -> String {
        let now = self.length();
        let new = if now < length { now } else { now - length };
        self.last(new.min(resource_api::Outcome::OUTPUT_MAX_BYTES as u64))
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    fn last(&self, count: u64) -> io::Result<Vec<u8>> {
        let mut file = File::open(&self.file)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(count)))?;
        let mut bytes = Vec::new();
        file.take(count).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn copy_end(&self) -> io::Result<()> {
        fs::write(self.earlier(), self.last(KEPT_BYTES)?)
    }

    fn earlier(&self) -> PathBuf {
        self.file.with_added_extension("1")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_cut_its_end_is_kept_and_a_new_life_begins_with_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let log = Log::new(folder.path().join("log/g+a"));
        log.begin().unwrap();
        assert_eq!(log.end(), "");
        fs::write(log.path(), "calm\n").unwrap();
        assert_eq!((log.keep_short(), log.end().as_str()), (CALM, "calm\n"));
        assert_eq!((log.length(), log.since(2).as_str(), log.since(99).as_str()), (5, "lm\n", "calm\n"));
        let flood = format!("{}the end\n", "x".repeat(LOG_MAX_BYTES as usize));
        fs::write(log.path(), flood).unwrap();
        assert!(log.end().ends_with("xthe end\n"));
        assert_eq!((log.keep_short(), log.end().as_str()), (FLOOD, ""));
        let kept = fs::read(log.earlier()).unwrap();
        assert!(kept.len() as u64 == KEPT_BYTES && kept.ends_with(b"the end\n"));
        fs::write(log.path(), b"\xff\n").unwrap();
        assert_eq!(log.end(), "\u{fffd}\n");
        log.begin().unwrap();
        assert_eq!((log.end().as_str(), fs::read(log.earlier()).unwrap().len()), ("", 2));
    }
}

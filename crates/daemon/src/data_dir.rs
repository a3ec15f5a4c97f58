//! The data directory: one daemon at a time, files that are whole or absent.

use rustix::fs::{FlockOperation, flock};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// The data directory, held by this process until it is dropped.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    _lock: File,
}

/// Why the data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// Another daemon has it.
    #[error(
        "another Steadfast daemon{} already uses {}; two daemons must not share a data directory: \
         stop that one, or give this one another `data_dir`",
        holder.map(|pid| format!(" (process {pid})")).unwrap_or_default(), path.display()
    )]
    InUse {
        /// The directory.
        path: PathBuf,
        /// Its process id, where it can be read.
        holder: Option<u32>,
    },
    /// It cannot be made or opened.
    #[error("cannot use the data directory {}: {source}; check `data_dir`, its owner and free space", path.display())]
    Io {
        /// The directory or file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl DataDir {
    /// Makes the directory if need be, and takes it for this process.
    ///
    /// # Errors
    /// [`DataDirError`].
    pub fn take(path: &Path) -> Result<Self, DataDirError> {
        let io = |source| DataDirError::Io { path: path.to_owned(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(io)?;
        let lock_path = path.join("lock");
        let mut lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .mode(0o600)
            .open(&lock_path)
            .map_err(io)?;
        if flock(&lock, FlockOperation::NonBlockingLockExclusive).is_err() {
            let mut text = String::new();
            let _ = lock.read_to_string(&mut text);
            return Err(DataDirError::InUse { path: path.to_owned(), holder: text.trim().parse().ok() });
        }
        // For people who look, and for the message above. A full disk must not keep us from starting.
        let _ = lock.set_len(0).and_then(|()| writeln!(lock, "{}", std::process::id()));
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// The directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The cluster database.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.path.join("cluster.redb")
    }

    /// The event log.
    #[must_use]
    pub fn events(&self) -> PathBuf {
        self.path.join("events.redb")
    }

    /// The record of plans.
    #[must_use]
    pub fn plans(&self) -> PathBuf {
        self.path.join("plans.redb")
    }

    /// The identity.
    #[must_use]
    pub fn identity(&self) -> PathBuf {
        self.path.join("identity.json")
    }

    /// Every life that this directory has had.
    #[must_use]
    pub fn incarnations(&self) -> PathBuf {
        self.path.join("incarnations.json")
    }

    /// Moves what made this node a member into a directory of its own, so that it can join anew.
    /// Nothing is deleted. Returns where it went.
    ///
    /// # Errors
    /// Those of the file system; then nothing or a part was moved, and moving again completes it.
    pub fn set_aside(&self, label: &str) -> io::Result<PathBuf> {
        let aside = self.path.join(format!("set-aside-{label}"));
        DirBuilder::new().recursive(true).mode(0o700).create(&aside)?;
        // The identity goes last: as long as it is there, the node knows that it was a member.
        for file in [self.database(), self.identity()] {
            match std::fs::rename(&file, aside.join(file.file_name().unwrap_or_default())) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        restore::sync_folder(&self.path)?;
        Ok(aside)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_daemon_is_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let first = DataDir::take(dir.path()).unwrap();
        let error = DataDir::take(dir.path()).unwrap_err().to_string();
        assert!(error.contains(&format!("process {}", std::process::id())), "{error}");
        drop(first);
        DataDir::take(dir.path()).unwrap();
    }

    #[test]
    fn setting_aside_deletes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let data = DataDir::take(dir.path()).unwrap();
        std::fs::write(data.identity(), "i").unwrap();
        std::fs::write(data.database(), "d").unwrap();
        let aside = data.set_aside("1").unwrap();
        assert!(!data.identity().exists() && !data.database().exists());
        assert_eq!(std::fs::read(aside.join("cluster.redb")).unwrap(), b"d");
        assert_eq!(std::fs::read(aside.join("identity.json")).unwrap(), b"i");
    }
}

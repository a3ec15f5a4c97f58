//! Which process a resource is, so that a monitor that comes later finds it.
//!
//! A number alone is not enough: it is given again. With the moment of the start and the boot of the
//! machine it names one process and no other, ever.

use process::Identity;
use std::fs;
use std::io;
use std::path::PathBuf;

/// The file that says which.
#[derive(Debug, Clone)]
pub(super) struct IdentityFile(PathBuf);

impl IdentityFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// What it says; nothing, if it is not there, not whole, or of an earlier boot.
    pub(super) fn read(&self) -> Option<Identity> {
        let text = fs::read_to_string(&self.0).ok()?;
        let mut words = text.split_whitespace();
        let (pid, started) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
        (words.next() == Some(boot()?.as_str())).then_some(Identity { pid, started })
    }

    /// Says so. A reader sees the old words or the new ones, never half of them.
    pub(super) fn write(&self, identity: Identity) -> io::Result<()> {
        if let Some(folder) = self.0.parent() {
            fs::create_dir_all(folder)?;
        }
        // `~` is in no name of a resource, so this is nobody's file.
        let new = self.0.with_added_extension("new~");
        let boot = boot().unwrap_or_default();
        fs::write(&new, format!("{} {} {boot}\n", identity.pid, identity.started))?;
        fs::rename(&new, &self.0)
    }

    /// There is none any more.
    pub(super) fn remove(&self) -> io::Result<()> {
        match fs::remove_file(&self.0) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

fn boot() -> Option<String> {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").ok().map(|text| text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_what_is_broken_or_of_another_boot_is_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("process/g+a");
        let file = IdentityFile::new(path.clone());
        assert!(file.read().is_none());
        file.remove().unwrap();
        let identity = Identity { pid: 7, started: 9 };
        file.write(identity).unwrap();
        assert_eq!(file.read(), Some(identity));
        for broken in ["", "7", "7 9", "7 9 another-boot", "x 9", "\u{0}"] {
            fs::write(&path, broken).unwrap();
            assert!(file.read().is_none(), "{broken:?}");
        }
        file.remove().unwrap();
        assert!(!path.exists());
    }
}

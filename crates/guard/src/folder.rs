//! The guard's files on a node, in `guard/` of the data directory.
//!
//! | File | Written by | Read by |
//! |---|---|---|
//! | `policy.json` | the daemon, whenever another baseline counts | hooks |
//! | `permits.json` | `steadfast guard allow`; the daemon, for its own rollouts | hooks, the daemon |
//! | `notes/*.json` | hooks | the daemon, which tells them and removes them |
//! | `lock` | whoever changes `permits.json` | |

use model::stored::{Baseline, GuardNote, GuardPolicy, Permit, Permits, Versioned};
use model::{ClusterName, NodeName, Timestamp};
use rustix::fs::{FlockOperation, flock};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// So many notes may wait for a daemon that is not there.
const NOTES_MAX: usize = 1_000;

/// No file here is larger.
const FILE_MAX: u64 = 64 << 20;

/// The folder.
#[derive(Debug, Clone)]
pub struct Folder(PathBuf);

/// What a node's packages are held against.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Of which cluster.
    pub cluster: ClusterName,
    /// On which node.
    pub node: NodeName,
    /// What was validated.
    pub baseline: Baseline,
}

/// Why there is no policy.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// Nothing was validated yet, or this node is no member.
    #[error("nothing was validated yet on this node")]
    None,
    /// A file cannot be read.
    #[error("{}: {source}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is not what the daemon wrote.
    #[error("{}: {why}", path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

impl Folder {
    /// Of a node with this data directory.
    #[must_use]
    pub fn of(data_dir: &Path) -> Self {
        Self(data_dir.join("guard"))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// What packages are held against.
    ///
    /// # Errors
    /// [`PolicyError`]: nothing can be decided.
    pub fn policy(&self) -> Result<Policy, PolicyError> {
        let path = self.0.join("policy.json");
        let bytes = match read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(PolicyError::None),
            Err(source) => return Err(PolicyError::Unreadable { path, source }),
        };
        let damaged = |why: String| PolicyError::Damaged { path: path.clone(), why };
        let policy: GuardPolicy = Versioned::decode(&bytes).map_err(|error| damaged(error.to_string()))?;
        let verified = servicing::signature::verify(&policy.baseline, &policy.signers);
        let (baseline, _) = verified.map_err(|error| damaged(error.to_string()))?;
        Ok(Policy { cluster: policy.cluster, node: policy.node, baseline })
    }

    /// Replaces the policy; nothing: this node has none.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn set_policy(&self, policy: Option<&GuardPolicy>) -> io::Result<()> {
        let path = self.0.join("policy.json");
        match policy {
            Some(policy) => {
                self.make()?;
                restore::write_whole(&path, &Versioned::encode(policy))
            }
            None => match std::fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            },
        }
    }

    /// What may be installed all the same. Damaged is as good as none.
    #[must_use]
    pub fn permits(&self) -> Vec<Permit> {
        let read = read(&self.0.join("permits.json")).ok();
        let permits = read.and_then(|bytes| Versioned::<Permits>::decode(&bytes).ok());
        permits.unwrap_or_default().permits
    }

    /// Changes what may be installed all the same. What has run out goes.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn change_permits(&self, now: Timestamp, change: impl FnOnce(&mut Vec<Permit>)) -> io::Result<()> {
        self.make()?;
        let path = self.0.join("lock");
        let lock = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)?;
        flock(&lock, FlockOperation::LockExclusive)?;
        let mut permits = self.permits();
        permits.retain(|permit| now < permit.until);
        change(&mut permits);
        restore::write_whole(&self.0.join("permits.json"), &Versioned::encode(&Permits { permits }))
    }

    /// Leaves word of what was done.
    ///
    /// # Errors
    /// Those of the file system, or too many wait already.
    pub fn note(&self, note: &GuardNote) -> io::Result<()> {
        let notes = self.0.join("notes");
        DirBuilder::new().recursive(true).mode(0o700).create(&notes)?;
        if std::fs::read_dir(&notes)?.take(NOTES_MAX).count() >= NOTES_MAX {
            return Err(io::Error::other("too many wait for the daemon already"));
        }
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let name = format!("{:020}-{}.json", since.as_nanos(), std::process::id());
        restore::write_whole(&notes.join(name), &Versioned::encode(note))
    }

    /// What waits to be told, the oldest first. What cannot be read is removed: it says nothing to anybody.
    #[must_use]
    pub fn notes(&self) -> Vec<(PathBuf, GuardNote)> {
        let entries = std::fs::read_dir(self.0.join("notes")).into_iter().flatten().flatten();
        let is_note = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "json");
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(is_note).collect();
        paths.sort();
        let one = |path: PathBuf| match read(&path).ok().and_then(|bytes| Versioned::decode(&bytes).ok()) {
            Some(note) => Some((path, note)),
            None => {
                let _ = std::fs::remove_file(&path);
                None
            }
        };
        paths.into_iter().filter_map(one).collect()
    }

    fn make(&self) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.0)
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = File::open(path)?;
    io::Read::read_to_end(&mut io::Read::take(file, FILE_MAX), &mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
pub(crate) mod tests;

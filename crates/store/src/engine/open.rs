//! Opening a database file, or refusing it by name.
//!
//! A node that votes on the strength of a damaged file can undo what a majority acknowledged, so a
//! file is trusted only after it was read whole:
//!
//! 1. The file is locked. A second daemon is told so and touches nothing.
//! 2. A *copy in memory* is opened with redb's integrity check, which may recover or assert as it
//!    likes: the file itself is not written to while it is in doubt.
//! 3. Every record of the copy is read: its checksum, its version, its place in the log.
//! 4. What was read is written back, as it is, and synced. After a crash, and worse after a failed
//!    fsync, the operating system shows what was written and not what is on the disk; a vote that
//!    only the page cache remembers must not be built upon.
//! 5. Only then the file itself is opened. If it was not closed cleanly, redb recovers it to its
//!    last complete transaction, as after every power cut.
//!
//! Nothing is repaired that a power cut could not have caused, and a file that is refused is left
//! as it was, byte for byte.
//!
//! One limit cannot be removed within one file: if a file was *not* closed cleanly, damage inside
//! the pages of its very last transaction looks like that transaction never completed, and redb
//! falls back to the one before. The node then is in the same position as after a disk that lied
//! about one fsync, which the other nodes' copies make good.

use super::disk::Disk;
use super::log::Log;
use super::record::{self, Name};
use super::types::{SnapshotData, SnapshotMeta};
use super::verify;
use model::NodeId;
use redb::backends::FileBackend;
use redb::{Builder, Database, DatabaseError, StorageBackend};
use serde::{Deserialize, Serialize};
use std::fs::{OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

/// redb's cache, in bytes. The whole database of a large cluster is a few megabytes, and the state
/// is in memory anyway; its default of 1 GiB is meant for other things.
const CACHE_BYTES: usize = 4 << 20;

/// How the file is laid out. Raised only by a change that older software would misread.
const FORMAT: u32 = 1;

/// The tables of the file.
pub(crate) mod tables {
    use redb::TableDefinition;
    /// Log entries by index.
    pub(crate) const LOG: TableDefinition<'static, u64, &[u8]> = TableDefinition::new("log");
    /// Single records by name. Its own name says whose file this is.
    pub(crate) const SINGLE: TableDefinition<'static, &str, &[u8]> = TableDefinition::new("steadfast");
}

/// Whose file this is.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Marker {
    pub(super) format: u32,
    /// The node whose votes and log these are. Another node must never vote with them.
    pub(super) node: NodeId,
}

/// What to do where there is no file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IfMissing {
    /// Make one: the node is just becoming a member.
    Create,
    /// Refuse: the node is a member, and its votes and log are gone.
    Refuse,
}

/// Why a file was not opened. It is left as it was.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no file.
    #[error("{file} is missing, but this node is a member already; {REPAIR}")]
    Missing {
        /// Which.
        file: String,
    },
    /// It is not a database of this software.
    #[error("{file} is not a Steadfast database: {what}; move it away, or correct `data_dir`")]
    Foreign {
        /// Which.
        file: String,
        /// What it is instead.
        what: String,
    },
    /// It was one.
    #[error("{file} is damaged: {what}; it was not changed; {REPAIR}")]
    Damaged {
        /// Which.
        file: String,
        /// What is wrong, and where.
        what: String,
    },
    /// A newer version of the software wrote it.
    #[error(
        "{file} was written by a newer Steadfast (version {found} of its format, this software reads up to \
         {supported}); upgrade this node before it is started again"
    )]
    TooNew {
        /// Which.
        file: String,
        /// The version found.
        found: u32,
        /// The newest that this software reads.
        supported: u32,
    },
    /// It holds the votes and the log of another node.
    #[error("{file} belongs to node number {found}, and this is node number {expected}; correct `data_dir`")]
    OtherNode {
        /// Which.
        file: String,
        /// Whose it is.
        found: NodeId,
        /// Who asked.
        expected: NodeId,
    },
    /// Another process has it open.
    #[error("{file} is in use by another process; stop it first, or correct `data_dir`")]
    Locked {
        /// Which.
        file: String,
    },
    /// The operating system refused.
    #[error("cannot open {file}: {source}")]
    Io {
        /// Which.
        file: String,
        /// Why.
        #[source]
        source: io::Error,
    },
}

const REPAIR: &str = "restore it from a backup, or have this node rejoin: `steadfast node evict` it on another \
                      member, move its data directory away, and `steadfast join`";

/// A database that was checked and opened, ready to be started.
pub struct OpenStore {
    pub(super) node: NodeId,
    pub(super) disk: Arc<Disk>,
    pub(super) log: Log,
    pub(super) snapshot: Option<(SnapshotMeta, SnapshotData)>,
}

/// What the records say.
pub(super) struct Loaded {
    pub(super) log: Log,
    pub(super) snapshot: Option<(SnapshotMeta, SnapshotData)>,
}

/// Opens the database of `node`, or makes it.
///
/// # Errors
/// [`OpenError`]; the file was not changed.
pub fn open_file(path: &Path, node: NodeId, if_missing: IfMissing) -> Result<OpenStore, OpenError> {
    let label = path.display().to_string();
    let io = |source| OpenError::Io { file: label.clone(), source };
    if !path.try_exists().map_err(io)? {
        match if_missing {
            IfMissing::Refuse => return Err(OpenError::Missing { file: label }),
            IfMissing::Create => create_file(path, node)?,
        }
    }
    let file = OpenOptions::new().read(true).write(true).open(path).map_err(io)?;
    // Held by the open file itself, so redb, which takes the same lock, takes it over.
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(OpenError::Locked { file: label }),
        Err(TryLockError::Error(source)) => return Err(io(source)),
    }
    let backend = FileBackend::new(file).map_err(|error| refused(&label, error))?;
    open_backend(backend, node, &label)
}

/// Opens a database in any storage. `label` names it in errors.
///
/// # Errors
/// [`OpenError`]; the storage was not written to.
pub fn open_backend(backend: impl StorageBackend, node: NodeId, label: &str) -> Result<OpenStore, OpenError> {
    let bytes = read_whole(&backend, label)?;
    let Loaded { log, snapshot } = verify::verify(&bytes, node, label)?;
    let io = |source| OpenError::Io { file: label.to_owned(), source };
    backend.write(0, &bytes).and_then(|()| backend.sync_data()).map_err(io)?;
    drop(bytes);
    let database = guarded(label, || builder().create_with_backend(backend))?;
    Ok(OpenStore { node, disk: Arc::new(Disk::new(database)), log, snapshot })
}

fn read_whole(backend: &impl StorageBackend, label: &str) -> Result<Vec<u8>, OpenError> {
    let io = |source| OpenError::Io { file: label.to_owned(), source };
    let len = backend.len().map_err(io)?;
    let mut bytes = vec![0; usize::try_from(len).map_err(|_| damaged(label, "it is too long"))?];
    backend.read(0, &mut bytes).map_err(io)?;
    Ok(bytes)
}

/// Makes the database of `node` in empty storage.
///
/// # Errors
/// [`OpenError`].
pub fn create_backend(backend: impl StorageBackend, node: NodeId, label: &str) -> Result<(), OpenError> {
    guarded(label, || {
        let database = builder().create_with_backend(backend)?;
        let make = || -> Result<(), redb::Error> {
            let transaction = database.begin_write()?;
            transaction.open_table(tables::LOG)?;
            let marker = record::seal(Name::Marker, &Marker { format: FORMAT, node });
            transaction.open_table(tables::SINGLE)?.insert(Name::Marker.key(), marker.as_slice())?;
            Ok(transaction.commit()?)
        };
        make().map_err(|error| DatabaseError::Storage(super::failure::io_error(error).into()))?;
        database.close()
    })
}

/// A new file appears under its name only when it is complete.
fn create_file(path: &Path, node: NodeId) -> Result<(), OpenError> {
    let label = path.display().to_string();
    let io = |source| OpenError::Io { file: label.clone(), source };
    let unfinished = path.with_extension("new");
    // It holds the cluster's private keys: for its owner alone.
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(true).mode(0o600);
    let file = options.open(&unfinished).map_err(io)?;
    let backend = FileBackend::new(file).map_err(|error| refused(&label, error))?;
    create_backend(backend, node, &label)?;
    std::fs::rename(&unfinished, path).map_err(io)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    OpenOptions::new().read(true).open(folder).and_then(|folder| folder.sync_all()).map_err(io)
}

pub(super) fn builder() -> Builder {
    let mut builder = Database::builder();
    builder.set_cache_size(CACHE_BYTES);
    builder
}

/// Runs redb on a file that may be damaged: where it asserts instead of returning an error, that
/// is an error too.
pub(super) fn guarded<T>(
    label: &str,
    open: impl FnOnce() -> Result<T, DatabaseError>,
) -> Result<T, OpenError> {
    match catch_unwind(AssertUnwindSafe(open)) {
        Ok(opened) => opened.map_err(|error| refused(label, error)),
        Err(_) => Err(damaged(label, "its pages contradict each other")),
    }
}

pub(super) fn damaged(label: &str, what: impl std::fmt::Display) -> OpenError {
    OpenError::Damaged { file: label.to_owned(), what: what.to_string() }
}

pub(super) fn refused(label: &str, error: DatabaseError) -> OpenError {
    let file = label.to_owned();
    match error {
        DatabaseError::DatabaseAlreadyOpen => OpenError::Locked { file },
        DatabaseError::UpgradeRequired(version) => {
            OpenError::Foreign { file, what: format!("its format is redb's old version {version}") }
        }
        DatabaseError::Storage(redb::StorageError::Io(source)) => OpenError::Io { file, source },
        DatabaseError::Storage(redb::StorageError::Corrupted(what)) => OpenError::Damaged { file, what },
        other => OpenError::Damaged { file, what: other.to_string() },
    }
}

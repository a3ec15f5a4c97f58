//! A disk that fails: nothing is acknowledged from then on, and the same process goes on once the
//! disk is well.

use super::support::{NODE, Nowhere, PATIENCE, Told, formed, settings, start, token, write};
use crate::engine::{DedicatedThread, Engine, ProposeError, Role, Stopped, Tokio, open_backend};
use redb::StorageBackend;
use redb::backends::FileBackend;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tempfile::TempDir;

/// What fails, while it fails.
#[derive(Debug, Default)]
struct Faults {
    full: AtomicBool,
    next_sync: AtomicBool,
}

/// A file on a disk that can be full, or fail one fsync.
#[derive(Debug)]
struct Faulty {
    file: FileBackend,
    faults: Arc<Faults>,
}

impl Faulty {
    fn space(&self) -> io::Result<()> {
        // The whole disk: also an overwrite may need space, on a file system that copies on write.
        if self.faults.full.load(Ordering::Relaxed) { Err(io::ErrorKind::StorageFull.into()) } else { Ok(()) }
    }
}

impl StorageBackend for Faulty {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read(offset, out)
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.space()?;
        self.file.set_len(len)
    }
    fn sync_data(&self) -> io::Result<()> {
        if self.faults.next_sync.swap(false, Ordering::Relaxed) {
            return Err(io::Error::other("write-back failed"));
        }
        self.file.sync_data()
    }
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.space()?;
        self.file.write(offset, data)
    }
    fn close(&self) -> io::Result<()> {
        self.file.close()
    }
}

async fn on_faulty_disk(path: &Path) -> (Engine<Tokio>, Arc<Faults>) {
    let faults = Arc::new(Faults::default());
    let file = std::fs::File::options().read(true).write(true).open(path).unwrap();
    let backend = Faulty { file: FileBackend::new(file).unwrap(), faults: Arc::clone(&faults) };
    let store = open_backend(backend, NODE, "cluster.db").unwrap();
    let told = Arc::new(Told::default());
    let engine =
        Engine::start(settings(), store, Arc::new(DedicatedThread), Arc::new(Nowhere), told).await.unwrap();
    (engine, faults)
}

async fn fails_and_recovers(fail: impl FnOnce(&Faults), kind: io::ErrorKind) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("cluster.db");
    let told = Arc::new(Told::default());
    formed(&path, &told).await.shutdown().await;

    let (engine, faults) = on_faulty_disk(&path).await;
    write(&engine, token(1)).await;
    let acknowledged = engine.state();
    fail(&faults);
    let error = engine.propose(token(2), PATIENCE).await.unwrap_err();
    assert!(matches!(error, ProposeError::Stopped(_) | ProposeError::Undecided), "{error}");
    // A disk that works again is not trusted by this engine any more.
    faults.full.store(false, Ordering::Relaxed);
    let error = engine.propose(token(3), PATIENCE).await.unwrap_err();
    assert!(matches!(error, ProposeError::Stopped(_)), "{error}");
    let standing = engine.standing();
    assert_eq!(standing.role, Role::Stopped);
    match standing.stopped.unwrap() {
        Stopped::Storage(failure) => assert_eq!(failure.kind(), kind, "{failure}"),
        other => panic!("{other}"),
    }
    engine.shutdown().await;

    // The same process, the same file.
    let engine = start(&path, &told).await;
    write(&engine, token(4)).await;
    let state = engine.state();
    assert!(acknowledged.tokens.keys().all(|token| state.tokens.contains_key(token)));
    // The write that failed may have reached the disk and may not; the one after it cannot have.
    let more = state.revision.0 - acknowledged.revision.0;
    assert!((1..=2).contains(&more), "{more} more");
    engine.shutdown().await;
}

#[tokio::test]
async fn a_full_disk_stops_the_engine_by_name_and_a_new_one_goes_on_when_there_is_space() {
    fails_and_recovers(|faults| faults.full.store(true, Ordering::Relaxed), io::ErrorKind::StorageFull).await;
}

#[tokio::test]
async fn after_one_failed_fsync_nothing_is_acknowledged_though_the_next_would_succeed() {
    fails_and_recovers(|faults| faults.next_sync.store(true, Ordering::Relaxed), io::ErrorKind::Other).await;
}

//! openraft's own tests of a log store and a state machine, on ours.

use super::support::{NODE, Told};
use crate::engine::Tokio;
use crate::engine::disk::Disk;
use crate::engine::executor::{DedicatedThread, DiskExecutor};
use crate::engine::log::{Log, LogStore};
use crate::engine::machine_store::{Known, MachineStore};
use crate::engine::types::Types;
use crate::engine::{committer, create_backend, open::builder};
use openraft::StorageError;
use openraft::alias::WatchOf;
use openraft::async_runtime::{AsyncRuntime, Watch};
use openraft::testing::log::{StoreBuilder, Suite};
use redb::backends::FileBackend;
use std::sync::Arc;
use tempfile::TempDir;

struct Fresh;

impl StoreBuilder<Types<Tokio>, LogStore, MachineStore<Tokio>, TempDir> for Fresh {
    async fn build(&self) -> Result<(TempDir, LogStore, MachineStore<Tokio>), StorageError<Types<Tokio>>> {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("db");
        let file = std::fs::File::create_new(&path).unwrap();
        create_backend(FileBackend::new(file).unwrap(), NODE, "db").unwrap();
        let disk = Arc::new(Disk::new(builder().open(path).unwrap()));
        let executor: Arc<dyn DiskExecutor> = Arc::new(DedicatedThread);
        executor.run(Box::pin(committer::run(Arc::clone(&disk), Arc::clone(&executor)))).unwrap();
        let (readers, _) = <WatchOf<Types<Tokio>> as Watch>::channel(Known::default());
        let machine = MachineStore::new(Arc::clone(&disk), None, readers, Arc::new(Told::default()));
        Ok((folder, LogStore::new(disk, Log::default()), machine))
    }
}

#[test]
fn the_log_and_the_machine_pass_openrafts_own_tests() {
    Tokio::new(2).block_on(Suite::test_all(Fresh)).unwrap();
}

//! The one task that writes.

use super::disk::Disk;
use super::executor::DiskExecutor;
use super::failure::guarded;
use std::sync::Arc;

/// Takes everything that waits, writes it in one transaction, tells those who wait; until the disk
/// is closed. While it writes, the next batch gathers.
pub(super) async fn run(disk: Arc<Disk>, executor: Arc<dyn DiskExecutor>) {
    while let Some(batch) = disk.next_batch().await {
        executor.latency().await;
        let outcome = guarded("writing the database", || disk.commit(&batch));
        if let Err(failure) = &outcome {
            disk.fail(failure.clone());
        }
        for job in batch.jobs {
            (job.done)(outcome.clone());
        }
    }
    disk.release();
}

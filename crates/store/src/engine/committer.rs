//! The one task that writes.

use super::disk::{Batch, Disk};
use super::executor::DiskExecutor;
use super::failure::Failure;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Takes everything that waits, writes it in one transaction, tells those who wait; until the disk
/// is closed. While it writes, the next batch gathers.
pub(super) async fn run(disk: Arc<Disk>, executor: Arc<dyn DiskExecutor>) {
    while let Some(batch) = disk.next_batch().await {
        executor.latency().await;
        let outcome = commit(&disk, &batch);
        if let Err(failure) = &outcome {
            disk.fail(failure.clone());
        }
        for job in batch.jobs {
            (job.done)(outcome.clone());
        }
    }
    disk.release();
}

/// redb asserts where a file contradicts itself. A panic here must not leave those who wait
/// without an answer, and the file was checked when it was opened: it is a failure like any other.
fn commit(disk: &Disk, batch: &Batch) -> Result<(), Failure> {
    catch_unwind(AssertUnwindSafe(|| disk.commit(batch)))
        .unwrap_or_else(|_| Err(Failure::other("writing the database", "an internal check failed")))
}

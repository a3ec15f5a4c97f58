//! Where the committer runs, and how long its disk takes.

use super::BoxFuture;

/// Runs the one task that blocks on the disk.
///
/// In the daemon it has a thread of its own, so that an fsync delays nobody but those who wait
/// for it. In a simulation it is a task like every other, and the disk is as slow as the
/// simulation says.
pub trait DiskExecutor: Send + Sync + 'static {
    /// Runs `committer` until it is done, which is when the engine is shut down. It blocks inside
    /// its polls.
    ///
    /// # Errors
    /// The operating system's, where it cannot be started.
    fn run(&self, committer: BoxFuture<()>) -> std::io::Result<()>;

    /// Awaited before every transaction.
    fn latency(&self) -> BoxFuture<()>;
}

/// A thread for each database.
#[derive(Debug, Clone, Copy, Default)]
pub struct DedicatedThread;

impl DiskExecutor for DedicatedThread {
    fn run(&self, committer: BoxFuture<()>) -> std::io::Result<()> {
        let thread = std::thread::Builder::new().name("committer".to_owned());
        thread.spawn(move || futures::executor::block_on(committer)).map(drop)
    }

    fn latency(&self) -> BoxFuture<()> {
        Box::pin(std::future::ready(()))
    }
}

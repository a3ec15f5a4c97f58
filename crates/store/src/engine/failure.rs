//! Why storage no longer works.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// The first failure of the disk. From then on the engine acknowledges nothing: after a failed
/// fsync nobody knows what is on the disk, and asking again is known to lie (the kernel reports a
/// failed write-back once and then forgets it).
#[derive(Debug, Clone, thiserror::Error)]
#[error("{what}: {source}")]
pub struct Failure {
    /// What was being done.
    pub what: &'static str,
    /// What happened.
    #[source]
    pub source: Arc<io::Error>,
}

impl Failure {
    pub(crate) fn new(what: &'static str, error: impl Into<redb::Error>) -> Self {
        Self { what, source: Arc::new(io_error(error.into())) }
    }

    pub(crate) fn other(what: &'static str, message: impl Into<String>) -> Self {
        Self { what, source: Arc::new(io::Error::other(message.into())) }
    }

    /// The kind of I/O error; [`io::ErrorKind::StorageFull`] is the one that heals by itself.
    #[must_use]
    pub fn kind(&self) -> io::ErrorKind {
        self.source.kind()
    }
}

impl From<Failure> for io::Error {
    fn from(failure: Failure) -> Self {
        Self::new(failure.kind(), failure)
    }
}

/// redb asserts where a file contradicts itself. Such a panic must not leave those who wait without an
/// answer, nor take a task down that others depend on: it is a failure like any other.
pub(crate) fn guarded<T>(
    what: &'static str,
    work: impl FnOnce() -> Result<T, Failure>,
) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(Failure::other(what, "an internal check failed; the file was altered while it was in use"))
    })
}

/// Keeps the operating system's error, kind included, where redb wraps one.
pub(crate) fn io_error(error: redb::Error) -> io::Error {
    match error {
        redb::Error::Io(error) => error,
        other => io::Error::other(other.to_string()),
    }
}

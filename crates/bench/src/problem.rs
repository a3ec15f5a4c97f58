//! Why something could not be measured.

use api::client::ClientError;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why something could not be measured.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    /// The operating system's refusal.
    #[error("cannot {doing}: {source}")]
    Io { doing: String, source: io::Error },
    /// Cargo did not build the binary.
    #[error("the binary could not be built (`{command}`: {outcome}); name one with --binary FILE")]
    Build { command: String, outcome: String },
    /// There is no such binary.
    #[error("{} is not there; build it with `cargo build --release`, or name another with --binary FILE", .0.display())]
    NoBinary(PathBuf),
    /// A daemon ended by itself.
    #[error("the daemon of {node} ended by itself ({status}); the end of its log:\n{log}")]
    Ended { node: String, status: String, log: String },
    /// A state did not come.
    #[error("{what} did not come within {waited:?}; the last that was seen: {last}")]
    Late { what: String, waited: Duration, last: String },
    /// A request that should have been answered well.
    #[error("{doing}: {source}")]
    Asked { doing: String, source: ClientError },
    /// What keeps a host from doing what it was told.
    #[error(transparent)]
    Lab(#[from] lab::LabError),
    /// A command that should have done well.
    #[error("`{command}` failed: {why}")]
    Command { command: String, why: String },
}

/// Names what was being done.
pub(crate) trait Doing<T> {
    /// Only looked at where it failed.
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, Problem>;
}

impl<T> Doing<T> for io::Result<T> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, Problem> {
        self.map_err(|source| Problem::Io { doing: what(), source })
    }
}

impl<T> Doing<T> for Result<T, ClientError> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, Problem> {
        self.map_err(|source| Problem::Asked { doing: what(), source })
    }
}

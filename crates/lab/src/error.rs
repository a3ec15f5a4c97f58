//! What can go wrong in the lab itself (not in what it runs).

use std::io;
use std::time::Duration;

/// A lab could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// The operating system refused a step.
    #[error("could not {what}: {source}")]
    System {
        /// The step, as the end of "could not …".
        what: String,
        /// The operating system's answer.
        source: io::Error,
    },
    /// A helper program (`ip`, `nft`) ran and failed.
    #[error("`{program}` failed ({status}): {said}; it was given:\n{given}")]
    Tool {
        /// The program.
        program: String,
        /// How it ended.
        status: String,
        /// What it wrote to its standard error.
        said: String,
        /// What it was given on its standard input.
        given: String,
    },
    /// A helper program is not installed.
    #[error("`{program}` is not installed; install the package `{package}` (`cargo xtask prereqs` does)")]
    Missing {
        /// The program or library.
        program: String,
        /// The Debian package that holds it.
        package: String,
    },
    /// Namespaces and mounts need root.
    #[error("hosts are made of namespaces and mounts, which needs root; this is user {uid}")]
    NotRoot {
        /// The effective user.
        uid: u32,
    },
    /// There are addresses for 1 to 250 hosts.
    #[error("a lab has 1 to 250 hosts, not {0}")]
    HostCount(usize),
    /// The host is not running.
    #[error("host {host} is down; start it first")]
    Down {
        /// Its name.
        host: String,
    },
    /// Nothing can be started in a frozen host: it would freeze half-way.
    #[error("host {host} is frozen; thaw it first")]
    Frozen {
        /// Its name.
        host: String,
    },
    /// Daemons are found by name, so a name runs once per host.
    #[error("host {host} already runs a daemon named {daemon}; end that first")]
    AlreadyRuns {
        /// The host's name.
        host: String,
        /// The daemon's name.
        daemon: String,
    },
    /// Something that takes milliseconds did not happen at all.
    #[error("{what}: still waiting after {after:?}")]
    Timeout {
        /// What was waited for.
        what: String,
        /// How long.
        after: Duration,
    },
}

/// Says what was being done when the operating system refused.
pub(crate) trait Doing<T> {
    /// `what` completes "could not …".
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, LabError>;
}

impl<T, E: Into<io::Error>> Doing<T> for Result<T, E> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T, LabError> {
        self.map_err(|source| LabError::System { what: what(), source: source.into() })
    }
}

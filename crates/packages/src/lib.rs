//! Which package a file belongs to, read from the databases of package managers. Nothing of theirs is run, and
//! nothing of theirs is written or locked.
//!
//! * Debian's: [`dpkg`].
//!
//! What it deliberately does not do: it believes no database about what a file *is*. A checksum that a package
//! manager has noted can be edited together with the file, and says nothing of a file that somebody unpacked
//! over it; what a file is, its own content says.

pub mod dpkg;

use std::io;
use std::path::PathBuf;

/// Why a database cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// A file or folder of it cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file of it is not what its package manager writes.
    #[error("{} is damaged at line {line}: {why}; `dpkg --audit` says what its owner thinks of it", path.display())]
    Damaged {
        /// Which.
        path: PathBuf,
        /// Counted from one.
        line: usize,
        /// What is wrong there.
        why: &'static str,
    },
}

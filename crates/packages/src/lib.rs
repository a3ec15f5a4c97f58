//! Which package a file belongs to, by the databases of package managers. Nothing of theirs is written or locked.
//!
//! * [`Packages`]: whatever there is on this machine.
//! * Debian's: [`dpkg`], read as it is.
//! * A package that is not installed yet: [`deb`], read from its file.
//! * RPM's: [`rpm`], asked by its own program: its database has had three formats, and each changes with it.
//!
//! What it deliberately does not do: it believes no database about what a file *is*. A checksum that a package
//! manager has noted can be edited together with the file, and says nothing of a file that somebody unpacked
//! over it; what a file is, its own content says.

pub mod deb;
pub mod dpkg;
pub mod rpm;

mod all;
mod root_links;

pub use all::{Known, Packages};
pub use root_links::RootLinks;

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
    /// Its own program does not say what is in it.
    #[error("rpm does not answer: {why}; `rpm --rebuilddb` mends its database")]
    Rpm {
        /// What it says instead.
        why: String,
    },
}

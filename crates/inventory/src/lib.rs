//! What files hold, and who changed them.
//!
//! * [`Looker`] looks at files: a look at one that has not changed costs one `lstat`. What changed is read again.
//! * [`Watch`] is told by the kernel of changes in folders, and of the files in them by whatever name (a write
//!   through a hard link reaches the file, not its folder); and of changed mounts.
//! * [`Processes`] finds out what processes have loaded, and which still have what was there before a file was
//!   replaced.
//! * [`trace`] sees which files a process and all that it starts really read.
//!
//! The kernel tells of nothing that is written through a shared mapping, and its queue can overflow. So whoever
//! uses this looks every few seconds whatever was told, and reads everything again now and then.
//!
//! What it deliberately does not do: it decides nothing about what it finds, and never follows a link: a link is
//! a thing of its own, and what it leads to is another.

mod hash;
mod look;
mod mark;
mod processes;
pub mod trace;
mod watch;

pub use hash::{HashError, hash_file};
pub use look::{Look, Looker, Raw};
pub use mark::Mark;
pub use processes::{Loaded, Processes, Stale};
pub use watch::{Change, Told, Watch, WatchError};

use std::path::Path;

/// Folders in which programs and libraries are, and not what programs make while they run.
const INSTALLED: [&str; 7] = ["/usr", "/lib", "/lib64", "/bin", "/sbin", "/opt", "/srv"];

/// Whether a file was installed, by where it is, and not made by what runs.
#[must_use]
pub fn is_installed(path: &Path) -> bool {
    INSTALLED.iter().any(|folder| path.starts_with(folder))
}

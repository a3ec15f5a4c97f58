//! What files hold, and who changed them.
//!
//! * [`Looker`] looks at files: a look at one that has not changed costs one `lstat`. What changed is read again.
//! * [`Watch`] is told by the kernel of changes in folders, and of the files in them by whatever name (a write
//!   through a hard link reaches the file, not its folder); and of changed mounts.
//! * [`Processes`] finds processes that still have what was there before a file was replaced.
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
mod watch;

pub use hash::{HashError, hash_file};
pub use look::{Look, Looker, Raw};
pub use mark::Mark;
pub use processes::{Processes, Stale};
pub use watch::{Change, Told, Watch, WatchError};

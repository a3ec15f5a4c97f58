//! Being told by the kernel that files have changed: fanotify(7), and the list of mounts.
//!
//! Folders are marked, which tells of everything that is made, removed, renamed or written in them, by name; and
//! the files themselves, which tells of what reaches them under another name, a hard link. An event says who did
//! it. Nothing is opened for it, and nobody waits for an answer: this program may hang without anybody's program
//! noticing.

mod events;
mod mounts;

use events::Event;
use mounts::Mounts;
use nix::sys::fanotify::{EventFFlags, Fanotify, InitFlags, MarkFlags, MaskFlags};
use rustix::event::{PollFd, PollFlags, poll};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Of `fanotify_init(2)`: names instead of opened files. Values of the kernel's interface, since Linux 5.9.
const REPORT_FID: u32 = 0x200;
const REPORT_DIR_FID: u32 = 0x400;
const REPORT_NAME: u32 = 0x800;

/// Why the kernel does not tell.
#[derive(Debug, thiserror::Error)]
#[error("fanotify is not to be had: {0}")]
pub struct WatchError(io::Error);

/// What the kernel told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// Something changed.
    Change(Change),
    /// Something was mounted or unmounted.
    Mounts,
    /// More happened than the kernel remembers.
    Overflow,
}

/// A change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The name that was used, without its folder: of a file that was reached by another link to it, that one's.
    /// Nothing: it is not known.
    pub name: Option<OsString>,
    /// Who did it.
    pub process: i32,
    /// Whether more is likely to follow at once: something was written, and whoever wrote has not finished; or it
    /// was removed.
    pub goes_on: bool,
}

/// A watch on folders and files.
#[derive(Debug)]
pub struct Watch {
    fanotify: OwnedFd,
    marks: Fanotify,
    mounts: Option<Mounts>,
    folders: BTreeSet<PathBuf>,
}

impl Watch {
    /// One that is told of changed mounts alone until something is watched.
    ///
    /// # Errors
    /// [`WatchError`]: an old kernel, or no right to it.
    pub fn new() -> Result<Self, WatchError> {
        let names = InitFlags::from_bits_retain(REPORT_FID | REPORT_DIR_FID | REPORT_NAME);
        let flags = InitFlags::FAN_CLASS_NOTIF | InitFlags::FAN_CLOEXEC | InitFlags::FAN_NONBLOCK | names;
        let marks = Fanotify::init(flags, EventFFlags::O_RDONLY).map_err(|error| WatchError(error.into()))?;
        let fanotify = marks.as_fd().try_clone_to_owned().map_err(WatchError)?;
        Ok(Self { fanotify, marks, mounts: Mounts::open().ok(), folders: BTreeSet::new() })
    }

    /// Watches these folders and files from now on, besides those that are watched already. What cannot be marked
    /// is passed over: it is not there, or on a file system without names for files.
    pub fn add<'a>(
        &mut self,
        folders: impl IntoIterator<Item = &'a Path>,
        files: impl IntoIterator<Item = &'a Path>,
    ) {
        let in_folder = MaskFlags::FAN_CREATE
            | MaskFlags::FAN_DELETE
            | MaskFlags::FAN_MOVED_FROM
            | MaskFlags::FAN_MOVED_TO
            | MaskFlags::FAN_MODIFY
            | MaskFlags::FAN_CLOSE_WRITE
            | MaskFlags::FAN_ATTRIB
            | MaskFlags::FAN_DELETE_SELF
            | MaskFlags::FAN_MOVE_SELF
            | MaskFlags::FAN_ONDIR
            | MaskFlags::FAN_EVENT_ON_CHILD;
        let of_file = MaskFlags::FAN_MODIFY | MaskFlags::FAN_CLOSE_WRITE | MaskFlags::FAN_ATTRIB;
        for folder in folders {
            self.mark(folder, in_folder, MarkFlags::FAN_MARK_ONLYDIR);
            self.folders.insert(folder.to_owned());
        }
        for file in files {
            self.mark(file, of_file, MarkFlags::FAN_MARK_DONT_FOLLOW);
        }
    }

    fn mark(&self, path: &Path, what: MaskFlags, how: MarkFlags) {
        // A path that was replaced is another file now, so a mark is set anew as often as anybody likes.
        if let Err(error) = self.marks.mark(MarkFlags::FAN_MARK_ADD | how, what, rustix::fs::CWD, Some(path))
        {
            tracing::debug!(path = %path.display(), %error, "not watched");
        }
    }

    /// Waits until something is told, or the time is over. Everything that is there is read.
    ///
    /// # Errors
    /// The kernel takes it away.
    pub fn wait(&mut self, limit: Duration, other: &OwnedFd) -> io::Result<Vec<Told>> {
        let limit = rustix::event::Timespec {
            tv_sec: i64::try_from(limit.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(limit.subsec_nanos()),
        };
        let mut asked = vec![PollFd::new(&self.fanotify, PollFlags::IN), PollFd::new(other, PollFlags::IN)];
        if let Some(mounts) = &self.mounts {
            asked.push(PollFd::new(mounts.file(), PollFlags::PRI | PollFlags::ERR));
        }
        match poll(&mut asked, Some(&limit)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let has_events = asked[0].revents().contains(PollFlags::IN);
        let has_mounts =
            asked.get(2).is_some_and(|it| it.revents().intersects(PollFlags::PRI | PollFlags::ERR));
        let mut told = Vec::new();
        if has_events {
            for event in events::read_all(&self.fanotify)? {
                told.push(match event {
                    Event::Overflow => Told::Overflow,
                    Event::Change(change) => Told::Change(change),
                });
            }
        }
        if has_mounts && self.mounts.as_mut().is_some_and(Mounts::has_changed) {
            told.push(Told::Mounts);
        }
        Ok(told)
    }
}

#[cfg(test)]
mod tests;

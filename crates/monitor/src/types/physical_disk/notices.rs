//! What the kernel says by itself: that something was mounted or unmounted, and that a file system met
//! an error.
//!
//! Of mounts it says only that the list is another one now; so the list is read again. Of errors it says
//! so of file systems that tell it (ext4; others in later kernels), to whoever has marked them, which
//! needs root. Where that is not to be had, the looks find it out.

use super::{Looked, Sight};
use nix::sys::fanotify::{EventFFlags, Fanotify, InitFlags, MarkFlags, MaskFlags};
use resource_api::Outcome;
use rustix::fs::{CWD, Mode, OFlags};
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;
use tokio::io::Interest;
use tokio::net::UnixStream;
use tokio::net::unix::pipe::Receiver;
use tokio::time::sleep;

/// With an error's notice comes the identity of what it struck. The kernel wants that to be asked for.
const WITH_IDENTITY: u32 = 0x200;

/// The kernel gives notice of an error before it acts on it: between them it writes the error down on
/// the disk, which may be slow, or have broken.
const AFTER_AN_ERROR: [Duration; 3] =
    [Duration::from_millis(10), Duration::from_millis(100), Duration::from_secs(1)];

/// Waits until the disk is not mounted any more as it should be, and says how it is.
pub(super) async fn lost(looked: &Looked) -> io::Result<Outcome> {
    // Listens first, so that nothing happens between the look and the wait.
    let mounts = Mounts::open()?;
    let errors = looked.beside(|disk| {
        let Sight::Ours(mount, _) = disk.look()? else { return Ok(None) };
        Ok(errors_of(&mount.at))
    });
    let errors = errors.await.ok().flatten().and_then(|fd| Receiver::from_owned_fd_unchecked(fd).ok());
    loop {
        let state = state(looked).await;
        if !state.is_good() {
            return Ok(state);
        }
        let struck = tokio::select! {
            changed = mounts.changed() => changed.map(|()| false)?,
            () = error(errors.as_ref()) => true,
        };
        for pause in AFTER_AN_ERROR.into_iter().filter(|_| struck) {
            sleep(pause).await;
            let state = self::state(looked).await;
            if !state.is_good() {
                return Ok(state);
            }
        }
    }
}

/// The kernel's list of mounts, as something that says when it is another one.
///
/// It can always be read, and wakes whoever waits for that at each change. So what tokio remembers of it
/// is wiped after each wait. A socket is the form in which tokio lets that be done without `unsafe`;
/// nothing is read from this one, or written to it.
struct Mounts(UnixStream);

impl Mounts {
    fn open() -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let list = rustix::fs::open("/proc/self/mountinfo", flags, Mode::empty())?;
        Ok(Self(UnixStream::from_std(list.into())?))
    }

    async fn changed(&self) -> io::Result<()> {
        self.0.readable().await?;
        let wiped = || io::Result::<()>::Err(io::ErrorKind::WouldBlock.into());
        let _ = self.0.try_io(Interest::READABLE, wiped);
        Ok(())
    }
}

async fn state(looked: &Looked) -> Outcome {
    looked.beside(|disk| Ok(disk.state(false))).await.unwrap_or_else(|outcome| outcome)
}

/// Something that becomes readable when the file system that is mounted there meets an error.
fn errors_of(place: &Path) -> Option<OwnedFd> {
    let flags = InitFlags::FAN_CLOEXEC | InitFlags::FAN_NONBLOCK | InitFlags::from_bits_retain(WITH_IDENTITY);
    let group = Fanotify::init(flags, EventFFlags::O_RDONLY).ok()?;
    let marked = MarkFlags::FAN_MARK_ADD | MarkFlags::FAN_MARK_FILESYSTEM;
    group.mark(marked, MaskFlags::FAN_FS_ERROR, CWD, Some(place)).ok()?;
    Some(group.into())
}

/// The next error. What it was the kernel's log says.
async fn error(errors: Option<&Receiver>) {
    let Some(errors) = errors else { return std::future::pending().await };
    let mut notice = [0; 4096];
    loop {
        if errors.readable().await.is_err() {
            return std::future::pending().await;
        }
        match errors.try_read(&mut notice) {
            Ok(_) => return,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => return std::future::pending().await,
        }
    }
}

//! Any process, by the kernel's own handle on it.

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::io;
use tokio::net::unix::pipe::Receiver;

/// A process that is told apart from a later one of the same number: its number, and when it started,
/// in ticks since the machine did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// Its number.
    pub pid: i32,
    /// When it started.
    pub started: u64,
}

impl Identity {
    /// That of a running process.
    #[must_use]
    pub fn of(pid: i32) -> Option<Self> {
        Self::with_family(pid).map(|(identity, _)| identity)
    }

    /// That of a running process, and whom it belongs to.
    pub(crate) fn with_family(pid: i32) -> Option<(Self, Family)> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name, in brackets, may hold anything; after the last bracket come the numbers, from the
        // third field on. The state is the first of them, the start the twentieth.
        let rest: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        // The first thread may have ended before the others, as after a kill: until the last of them has, its
        // files and ports are held. Their count is the eighteenth.
        let threads = rest.get(17).and_then(|count| count.parse().ok()).unwrap_or(1);
        if matches!((rest.first()?, threads), (&"Z", ..=1) | (&"X", _)) {
            return None;
        }
        let family = Family { parent: rest.get(1)?.parse().ok()?, group: rest.get(2)?.parse().ok()? };
        Some((Self { pid, started: rest.get(19)?.parse().ok()? }, family))
    }

    /// Signals it, and surely nobody else; false: it has ended, or may not be signalled.
    #[must_use]
    pub fn signal(self, signal: Signal) -> bool {
        let Some(pid) = Pid::from_raw(self.pid) else { return false };
        // The handle first, then once more who it is: from then on the number cannot change hands.
        let Ok(handle) = pidfd_open(pid, PidfdFlags::empty()) else { return false };
        Self::of(self.pid) == Some(self) && pidfd_send_signal(&handle, signal).is_ok()
    }
}

/// Whom a process belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Family {
    /// Its parent's number.
    pub(crate) parent: i32,
    /// That of its process group.
    pub(crate) group: i32,
}

/// A process whose end is noticed at once, whoever its parent is.
#[derive(Debug)]
pub struct Watched {
    identity: Identity,
    /// A handle on a process is readable when it has ended. tokio waits for any such thing as it waits
    /// for a pipe, and this is the form in which it takes one without `unsafe`. Nothing is read from it.
    handle: Receiver,
}

impl Watched {
    /// The process of this number; nothing, if there is none.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    #[must_use]
    pub fn of(pid: Pid) -> Option<Self> {
        let handle = pidfd_open(pid, PidfdFlags::NONBLOCK).ok()?;
        let identity = Identity::of(pid.as_raw_nonzero().get())?;
        Some(Self { identity, handle: Receiver::from_owned_fd_unchecked(handle).ok()? })
    }

    /// This very process, if it still runs.
    #[must_use]
    pub fn again(identity: Identity) -> Option<Self> {
        Self::of(Pid::from_raw(identity.pid)?).filter(|found| found.identity == identity)
    }

    /// Which it is.
    #[must_use]
    pub fn identity(&self) -> Identity {
        self.identity
    }

    /// Waits for its end.
    pub async fn ended(&self) {
        // An error means that there is nothing left to wait for.
        let _ = self.handle.readable().await;
    }

    /// Whether it has ended.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        Identity::of(self.identity.pid) != Some(self.identity)
    }

    /// Signals it, and surely nobody else.
    ///
    /// # Errors
    /// If it has ended, or may not be signalled.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        Ok(pidfd_send_signal(&self.handle, signal)?)
    }
}

//! The keeper: a process apart from the daemon that holds a copy of the socket that owns the table of nftables.
//!
//! `nft flush ruleset` leaves a table alone whose owner is there, and the owner is a socket. If the daemon alone
//! had it, the gate could be flushed open as soon as the daemon is gone, while what it opened still runs. So a
//! process that does nothing else has it as well, and hands it to the next daemon.
//!
//! ```text
//!   daemon --(its standard input)--> keeper        at its start: the socket
//!   daemon <--(a byte, SCM_RIGHTS)-- keeper        to each daemon that connects: a copy
//!   daemon --------(connected)------ keeper        as long as both live: each notices the other's end
//! ```
//!
//! There is one daemon at a time, since it holds the lock of its data directory; so the keeper has one
//! connection at a time, and a byte from there tells it that it is not needed any more. When no daemon has come
//! for [`WITHOUT_DAEMON`], it ends: whatever was open has timed out long before.
//!
//! Deliberately absent: deciding anything. The groups are stopped by their monitors when the lease ends; and the
//! daemon, which holds the socket itself, starts another keeper when this one ends.

use rustix::io::Errno;
use rustix::net::sockopt::{self, Timeout};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, recvmsg, sendmsg,
};
use rustix::process::{Signal, geteuid, kill_process};
use std::io::{self, ErrorKind, IoSlice, IoSliceMut, Read as _, Write as _};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a keeper stays without a daemon. A lease lasts a minute at most (`lease::settings::LEASE_MAX`), and
/// what was opened under it twice that.
pub const WITHOUT_DAEMON: Duration = Duration::from_secs(180);

/// How long a keeper may take to hand over what it has, which takes it microseconds. One that is frozen does not.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long one may take to start, on a machine that does a hundred other things.
const STARTS: Duration = Duration::from_secs(5);

/// A keeper that runs, as the daemon has it.
#[derive(Debug)]
pub struct Keeper {
    connection: UnixStream,
    /// Where it is this process's own child.
    child: Option<Child>,
}

impl Keeper {
    /// The keeper that a former daemon left at that path, and the socket that it keeps. One that does not answer
    /// (it is frozen) is killed: the table is then nobody's, and can be taken over.
    #[must_use]
    pub fn find(path: &Path) -> Option<(Self, OwnedFd)> {
        let connection = UnixStream::connect(path).ok()?;
        let peer = sockopt::socket_peercred(&connection).ok()?;
        if !is_ours(peer.uid) {
            return None;
        }
        match receive(&connection) {
            Ok(held) => Some((Self { connection, child: None }, held)),
            Err(error) if is_late(&error) => {
                let _ = kill_process(peer.pid, Signal::KILL);
                // Its end is seen here. The kernel may take longer to let go of the table (`nft::take_over`).
                let _ = (&connection).read(&mut [0]);
                None
            }
            Err(_) => None,
        }
    }

    /// Starts one, which hands out the socket at that path. `program` is told to be a keeper by its arguments,
    /// and calls [`keep`].
    ///
    /// # Errors
    /// If it cannot be started, or does not answer.
    pub fn start(mut program: Command, path: &Path, socket: OwnedFd) -> io::Result<Self> {
        program.stdin(Stdio::from(socket)).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = program.spawn()?;
        let until = Instant::now() + STARTS;
        loop {
            if let Some((mut keeper, _)) = Self::find(path) {
                keeper.child = Some(child);
                return Ok(keeper);
            }
            if let Some(status) = child.try_wait()? {
                return Err(io::Error::other(format!("it ended at once: {status}")));
            }
            if Instant::now() > until {
                child.kill()?;
                child.wait()?;
                return Err(io::Error::other(format!("it does not answer at {}", path.display())));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Whether it has ended.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
        let heard = rustix::net::recv(&self.connection, &mut [0; 1][..], flags);
        !matches!(heard, Err(Errno::AGAIN | Errno::INTR))
    }

    /// What can be read from as soon as it has ended, and not before.
    ///
    /// # Errors
    /// If it cannot be copied.
    pub fn end_notice(&self) -> io::Result<UnixStream> {
        self.connection.try_clone()
    }

    /// It is not needed any more.
    pub fn dismiss(self) {
        // One that has ended already needs no word.
        let _ = (&self.connection).write_all(&[0]);
    }
}

impl Drop for Keeper {
    /// Somebody has to take its exit status. It may live on for long, and longer than this process.
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take()
            && !matches!(child.try_wait(), Ok(Some(_)))
        {
            let _ = std::thread::Builder::new().name("a keeper's end".to_owned()).spawn(move || child.wait());
        }
    }
}

/// The whole work of a keeper: holds what is its standard input, and hands copies of it out at that path, to root
/// and its own user.
///
/// # Errors
/// If there can be no socket at that path.
pub fn keep(path: &Path) -> io::Result<()> {
    let listener = listen(path)?;
    let ended = serve(&listener, io::stdin().as_fd(), WITHOUT_DAEMON);
    // Before the listener is closed, and so before anybody starts a successor, whose it would be.
    let _ = std::fs::remove_file(path);
    ended
}

fn listen(path: &Path) -> io::Result<UnixListener> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Serves one daemon after another, until one says that it is enough, or none comes for so long.
fn serve(listener: &UnixListener, held: BorrowedFd<'_>, without_daemon: Duration) -> io::Result<()> {
    sockopt::set_socket_timeout(listener, Timeout::Recv, Some(without_daemon))?;
    loop {
        let daemon = match listener.accept() {
            Ok((daemon, _)) => daemon,
            Err(error) if is_late(&error) => return Ok(()),
            Err(error) => return Err(error),
        };
        let is_daemon = sockopt::socket_peercred(&daemon).is_ok_and(|peer| is_ours(peer.uid));
        if !is_daemon || hand_out(&daemon, held).is_err() {
            continue;
        }
        if matches!((&daemon).read(&mut [0]), Ok(1)) {
            return Ok(());
        }
    }
}

/// Root, and whoever runs the daemon: who may act on its local socket.
fn is_ours(uid: rustix::process::Uid) -> bool {
    uid.is_root() || uid == geteuid()
}

fn is_late(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

fn hand_out(daemon: &UnixStream, held: BorrowedFd<'_>) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let copies = [held];
    control.push(SendAncillaryMessage::ScmRights(&copies));
    sendmsg(daemon, &[IoSlice::new(&[0])], &mut control, SendFlags::NOSIGNAL)?;
    Ok(())
}

fn receive(keeper: &UnixStream) -> io::Result<OwnedFd> {
    keeper.set_read_timeout(Some(PATIENCE))?;
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0; 1];
    recvmsg(keeper, &mut [IoSliceMut::new(&mut byte)], &mut control, RecvFlags::CMSG_CLOEXEC)?;
    let mut copies = control.drain().filter_map(|message| match message {
        RecvAncillaryMessage::ScmRights(copies) => Some(copies),
        _ => None,
    });
    let held = copies.next().and_then(|mut copies| copies.next());
    held.ok_or_else(|| io::Error::new(ErrorKind::UnexpectedEof, "the keeper ended, or keeps nothing"))
}

#[cfg(test)]
mod tests;

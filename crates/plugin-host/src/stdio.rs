//! The descriptors that the library finds, and the end of the process.
#![allow(unsafe_code, reason = "descriptors are moved and the process is ended by system calls")]

use std::io;
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::os::unix::net::UnixStream;

/// Takes the socket away from standard input, where the library, and what it starts, would meddle with
/// it. In its place comes nothing, and what is printed goes to standard error.
pub(crate) fn take_socket() -> io::Result<UnixStream> {
    // A copy of its own that a program which is started does not get.
    let socket = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    socket.local_addr()?;
    socket.set_nonblocking(false)?;
    let nothing = std::fs::File::open("/dev/null")?;
    // SAFETY: both numbers are open descriptors, and nobody owns 0 and 1: std only borrows them.
    let moved = unsafe { [libc::dup2(nothing.as_raw_fd(), 0), libc::dup2(2, 1)] };
    if moved.contains(&-1) { Err(io::Error::last_os_error()) } else { Ok(socket) }
}

/// Ends the process at once.
pub(crate) fn end(code: u8) -> ! {
    // SAFETY: it runs no code of this process any more, and has no other precondition.
    unsafe { libc::_exit(i32::from(code)) }
}

//! Entering a cgroup between fork and exec.
//!
//! The parent could write the child's number into the cgroup too, but by then the child may have forked,
//! and that grandchild would be outside for ever.
#![allow(unsafe_code, reason = "the one thing that has to happen between fork and exec")]

use std::fs::File;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// Has the program enter the cgroup whose `cgroup.procs` is given.
pub(crate) fn enter(command: &mut Command, procs: File) {
    let enter = move || {
        // "0" is whoever writes it.
        rustix::io::write(procs.as_fd(), b"0").map(drop).map_err(Into::into)
    };
    // SAFETY: after fork in a program with threads only async-signal-safe functions may be called. The
    // closure makes one system call with a file that was opened before, and allocates nothing; an error
    // is a number.
    unsafe { command.pre_exec(enter) };
}

//! What a child does between fork and exec: it enters its cgroup, and leaves its number in its record.
//!
//! The parent could do both too. But by then the child may have forked, and that grandchild would be
//! outside the cgroup for ever; and a parent that is killed in between would leave a run without a record.
#![allow(unsafe_code, reason = "the two things that have to happen between fork and exec")]

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

/// Has the program write its number into this file.
pub(crate) fn record(command: &mut Command, file: File) {
    let record = move || {
        let (mut text, mut rest) =
            ([b'0'; 10], rustix::process::getpid().as_raw_nonzero().get().unsigned_abs());
        for digit in text.iter_mut().rev() {
            // Below ten, so it fits.
            *digit = b'0' + u8::try_from(rest % 10).unwrap_or_default();
            rest /= 10;
        }
        rustix::io::write(file.as_fd(), &text).map(drop).map_err(Into::into)
    };
    // SAFETY: as above. A system call for the number, one to write it to a file that was opened before; the
    // text is on the stack.
    unsafe { command.pre_exec(record) };
}

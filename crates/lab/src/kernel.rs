//! The calls that the compiler cannot check, each with the reason why it is sound.
//!
//! Namespaces belong to threads, not to processes. So whatever the lab does in a host it does on a
//! thread of its own ([`on_own_thread`]) that moves there, does it, and ends; the rest of the
//! process never leaves home, and children started there are direct children with ordinary pids.
//! Only the control group has to be changed between fork and exec ([`Admission`]).
#![allow(unsafe_code)]

use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::{io, panic, thread};

use rustix::thread::{ThreadNameSpaceType, UnshareFlags};

/// Runs `work` on a thread that ends with it, so that whatever namespaces it moved to are left.
pub(crate) fn on_own_thread<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| match scope.spawn(work).join() {
        Ok(value) => value,
        Err(panic) => panic::resume_unwind(panic),
    })
}

/// Gives the calling thread new namespaces. Call it from [`on_own_thread`] only.
pub(crate) fn unshare(flags: UnshareFlags) -> io::Result<()> {
    assert!(!flags.contains(UnshareFlags::FILES), "descriptors must stay valid on every thread");
    // SAFETY: the call is unsafe only for CLONE_FILES, which would make descriptors that are open
    // in one thread invalid in another; the line above excludes it.
    unsafe { rustix::thread::unshare_unsafe(flags)? };
    Ok(())
}

/// How a new process becomes part of a host before it runs its program.
pub(crate) enum Admission {
    /// The first process: it founds the host's control group namespace, then sits down in `leaf`.
    Found {
        /// `cgroup.procs` of the host's group, the root of the new namespace.
        host: File,
        /// `cgroup.procs` of the group it stays in.
        leaf: File,
    },
    /// Every later one.
    Join {
        /// `cgroup.procs` of the group it stays in.
        leaf: File,
        /// The host's first process, whose control group namespace is joined.
        first: OwnedFd,
    },
}

impl Admission {
    /// Zero means "the writer": so the process is in its group before it can run or fork anything.
    fn admit(&self) -> rustix::io::Result<()> {
        match self {
            Self::Found { host, leaf } => {
                rustix::io::write(host, b"0")?;
                // SAFETY: as in `unshare`: no CLONE_FILES, and the process has one thread.
                unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWCGROUP)? };
                rustix::io::write(leaf, b"0")?;
            }
            // Entering the group before the namespace: from inside, its outside has no name.
            Self::Join { leaf, first } => {
                rustix::io::write(leaf, b"0")?;
                rustix::thread::move_into_thread_name_spaces(
                    first.as_fd(),
                    ThreadNameSpaceType::CONTROL_GROUP,
                )?;
            }
        }
        Ok(())
    }

    /// Makes `command`'s process go through this admission.
    pub(crate) fn precede(self, command: &mut Command) {
        let admit = move || self.admit().map_err(io::Error::from);
        // SAFETY: between fork and exec only async-signal-safe work is allowed. `admit` makes
        // plain system calls on descriptors that were opened before the fork; it takes no lock and
        // allocates nothing (an errno becomes an io::Error without allocation).
        unsafe { command.pre_exec(admit) };
    }
}

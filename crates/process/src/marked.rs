//! What a resource started, found by a mark in its environment.
//!
//! Where there are no cgroups of version 2, a program that leaves its process group (`setsid`, a daemon
//! that forks twice) would be lost. What it cannot leave behind by accident is its environment: the
//! kernel shows the one that a process was started with, and children inherit it. So whatever is started
//! for a resource carries a variable that names it.
//!
//! Only processes of this program's own pid namespace are meant: a machine that holds hosts of its own
//! sees their processes too, and the names of their resources may be the same.
//!
//! Deliberately not a fence: a program that clears its environment on purpose is not found. Only a
//! cgroup holds those.

use crate::watched::Identity;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::time::Duration;

/// All running processes that were started with this variable. Reads a file of each process of the
/// machine: some milliseconds, so not for looks that are taken often.
#[must_use]
pub fn marked(name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Vec<Identity> {
    let variable = [name.as_ref().as_bytes(), b"=", value.as_ref().as_bytes()].concat();
    let here = fs::read_link("/proc/self/ns/pid").ok();
    let pids = fs::read_dir("/proc").into_iter().flatten().flatten();
    pids.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        // Of a process that is about to end, the environment is empty.
        .filter(|pid: &i32| {
            fs::read(format!("/proc/{pid}/environ")).is_ok_and(|environment| holds(&environment, &variable))
        })
        .filter(|pid| fs::read_link(format!("/proc/{pid}/ns/pid")).ok() == here)
        .filter_map(Identity::of)
        .collect()
}

/// Signals all that are [`marked`] so, and surely nobody else; how many there were.
pub fn signal_marked(name: impl AsRef<OsStr>, value: impl AsRef<OsStr>, signal: Signal) -> usize {
    let found = marked(name, value);
    for identity in &found {
        let Some(pid) = Pid::from_raw(identity.pid) else { continue };
        // The handle first, then once more who it is: from then on the number cannot change hands.
        if let Ok(handle) = pidfd_open(pid, PidfdFlags::empty())
            && Identity::of(identity.pid) == Some(*identity)
        {
            let _ = pidfd_send_signal(&handle, signal);
        }
    }
    found.len()
}

/// Kills all that are [`marked`] so, and waits until nobody is left; whether that is so. Whoever forks
/// meanwhile is met the next time.
pub async fn kill_marked(name: impl AsRef<OsStr>, value: impl AsRef<OsStr>, at_most: Duration) -> bool {
    let until = tokio::time::Instant::now() + at_most;
    while signal_marked(name.as_ref(), value.as_ref(), Signal::KILL) > 0 {
        if tokio::time::Instant::now() >= until {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    true
}

fn holds(environment: &[u8], variable: &[u8]) -> bool {
    environment.split(|byte| *byte == 0).any(|found| found == variable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_a_whole_variable_and_nothing_like_it() {
        assert!(holds(b"PATH=/bin\0B=x y\n\0A=1\0", b"B=x y\n"));
        for other in [&b"A=1\0"[..], b"B=x y\0", b"BB=x y\n\0", b"AB=x y\n\0", b"B=x y\n2\0", b""] {
            assert!(!holds(other, b"B=x y\n"), "{other:?}");
        }
    }
}

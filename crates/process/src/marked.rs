//! What a resource started, found by a mark in its environment.
//!
//! Where there are no cgroups of version 2, a program that leaves its process group (`setsid`, a daemon
//! that forks twice) would be lost. What it cannot leave behind by accident is its environment: the
//! kernel shows the one that a process was started with, and children inherit it. So whatever is started
//! for a resource carries variables that name it.
//!
//! Only processes of this program's own pid namespace are meant: a machine that holds hosts of its own
//! sees their processes too, and the names of their resources may be the same.
//!
//! Deliberately not a fence: a program that clears its environment on purpose is not found. Only a
//! cgroup holds those.

use crate::watched::Identity;
use rustix::process::Signal;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::OsStrExt as _;

/// Variables that, together, nobody has but what was started for one purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark(Vec<(OsString, OsString)>);

impl Mark {
    /// These variables. Without any, nobody is marked.
    #[must_use]
    pub fn new(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        Self(variables.into_iter().collect())
    }

    /// The variables, for the environment of what is started.
    #[must_use]
    pub fn variables(&self) -> &[(OsString, OsString)] {
        &self.0
    }

    /// All running processes that carry it. Reads a file of each process of the machine: some
    /// milliseconds, so not for looks that are taken often.
    #[must_use]
    pub fn find(&self) -> Vec<Identity> {
        let here = fs::read_link("/proc/self/ns/pid").ok();
        let pids = fs::read_dir("/proc").into_iter().flatten().flatten();
        pids.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            // Of a process that is about to end, the environment is empty.
            .filter(|pid: &i32| {
                fs::read(format!("/proc/{pid}/environ")).is_ok_and(|found| self.is_in(&found))
            })
            .filter(|pid| fs::read_link(format!("/proc/{pid}/ns/pid")).ok() == here)
            .filter_map(Identity::of)
            .collect()
    }

    /// Signals all that carry it, and surely nobody else; how many there were.
    pub fn signal(&self, signal: Signal) -> usize {
        let found = self.find();
        for identity in &found {
            // Whoever has ended meanwhile needs no signal.
            let _ = identity.signal(signal);
        }
        found.len()
    }

    fn is_in(&self, environment: &[u8]) -> bool {
        let has = |name: &OsStr, value: &OsStr| {
            let variable = [name.as_bytes(), b"=", value.as_bytes()].concat();
            environment.split(|byte| *byte == 0).any(|found| found == variable)
        };
        !self.0.is_empty() && self.0.iter().all(|(name, value)| has(name, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_all_of_its_variables_and_nothing_like_them() {
        let mark = Mark::new([("A".into(), "1".into()), ("B".into(), "x y\n".into())]);
        assert!(mark.is_in(b"PATH=/bin\0B=x y\n\0A=1\0"));
        for other in [&b"A=1\0"[..], b"A=1\0B=x y\n2\0", b"AA=1\0B=x y\n\0", b"A=11\0B=x y\n\0", b""] {
            assert!(!mark.is_in(other), "{other:?}");
        }
        assert!(!Mark::new([]).is_in(b"A=1\0"));
    }
}

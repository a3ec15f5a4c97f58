//! A run, ended whole: the process that was started, its process group, and all that descends from it.
//!
//! While a program runs, whatever it waits for descends from it, also what left its process group: `su`
//! makes a session of its own for the command that it runs. What it has made a daemon of, by contrast,
//! has been handed on to another parent by then: that is a service, and stays.
//!
//! Deliberately not for programs that have ended: what they left behind has no common ancestor any more.
//! That is what a cgroup or a mark is for.

use crate::watched::Identity;
use rustix::process::Signal;
use std::collections::BTreeSet;
use std::fs;

/// A tree that goes on forking under our hands is caught by stopping it from its root on; more rounds
/// than this it survives only if somebody wakes it again.
const ROUNDS_MAX: usize = 32;

/// Kills the whole run of this process; returns who that was. Nothing, if it has ended.
pub(crate) fn kill(leader: Identity) -> Vec<Identity> {
    if !leader.signal(Signal::STOP) {
        return Vec::new();
    }
    let (mut found, mut known) = (vec![leader], BTreeSet::from([leader.pid]));
    for _ in 0..ROUNDS_MAX {
        let more = members(leader.pid, &known);
        if more.is_empty() {
            break;
        }
        for identity in more {
            known.insert(identity.pid);
            // One that is stopped forks no more, so a round in which nobody is new is the last.
            if identity.signal(Signal::STOP) {
                found.push(identity);
            }
        }
    }
    for identity in &found {
        // It cannot refuse, and may have been killed by somebody else.
        let _ = identity.signal(Signal::KILL);
    }
    found
}

/// Those of the leader's process group, and those whose parent is known, that are not known yet.
fn members(leader: i32, known: &BTreeSet<i32>) -> Vec<Identity> {
    let pids = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid: &i32| !known.contains(pid))
        .filter_map(Identity::with_family)
        .filter(|(_, family)| family.group == leader || known.contains(&family.parent))
        .map(|(identity, _)| identity)
        .collect()
}

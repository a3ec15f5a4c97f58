//! Programs that a node runs for others, and can end whole.
//!
//! An agent forks, a service daemonises, a script leaves children behind. Whatever it is, it must be
//! possible to say "all of it" and to know when nothing is left:
//!
//! * [`Job`] is a program to be run: its arguments as they are, no shell, only the environment that is
//!   given, standard input from nowhere, a process group of its own, and a cgroup where there is one.
//! * [`run()`] runs one that is to end by itself, under a deadline. Whoever drops the future ends it, and a
//!   later life of this program ends one that was left behind, if it had a [record](Job::record).
//!   Neither that nor a start holds up the thread that asks, also where the program lies on a dead disk.
//! * [`Started`] is one that is to stay; [`Watched`] is any process, also one that a former life of this
//!   program started: its end is noticed by the kernel's word, without polling.
//! * [`Cgroup`] holds all that a resource started, also what left its process group.
//! * [`Mark`] finds processes by what they inherited, where there are no cgroups.
//! * What a program prints is kept up to a bound and read to its end, so that nobody waits for a full
//!   pipe or dies of a closed one while this program lives. One that is to outlive this program prints
//!   to a file instead.
//!
//! Deliberately absent: restarting, which is policy, and any idea of what runs.

mod cgroup;
mod enter;
mod job;
mod marked;
mod output;
mod record;
mod run;
mod start;
mod tree;
mod watched;

pub use cgroup::{Cgroup, CgroupError};
pub use job::{Job, SpawnError, Started, User};
pub use marked::Mark;
pub use output::Output;
pub use run::{Ended, How, run};
pub use watched::{Identity, Watched};

#[cfg(test)]
mod tests;

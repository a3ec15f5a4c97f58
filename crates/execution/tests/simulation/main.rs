//! The whole execution in a bad world: planner, executor, runners, leases, membership and the database's own
//! rules, on nodes whose daemons freeze and die, whose machines stall and lose power, whose clocks drift and
//! jump, whose disks are slow, on a network that loses, delays and is cut in every way, with resources that
//! fail, hang, crash and cannot be stopped.
//!
//! Everything follows from a seed. The code under test is the real one. Around it, imitated as small as they
//! can be and still go wrong like the real ones: a replicated log (`raft`), two networks (`net`), the kernel's
//! gates, watchdogs and the monitors (`machine`, `watchdog`, `monitor`), and the daemon's part (`shell`, `leading`). `faults` is
//! everything that is done to them. The `oracle` stands outside.
//!
//! `cases` runs thousands of seeds. `broken` puts known bugs back in, one at a time, and asks how many seeds
//! the oracle needs to see each.
//!
//! What it does not have: joining and leaving members, changes of the file, clones with primaries, more than
//! one failure of the guards at once (a monitor dies only while nothing else keeps its successor away).

#![allow(clippy::unwrap_used, reason = "a helper of a test fails its test")]
#![allow(clippy::print_stderr, reason = "a seed is told to whoever runs it by command")]

mod broken;
mod cases;
mod clock;
mod cluster;
mod faults;
mod leading;
mod machine;
mod monitor;
mod net;
mod oracle;
mod raft;
mod shell;
mod watchdog;
mod world;

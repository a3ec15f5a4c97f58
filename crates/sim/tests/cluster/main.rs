//! Everything real in a bad world: planner, executor, runners, leases, membership and the whole database
//! (openraft, the machine, redb), on nodes whose daemons freeze and die, whose machines stall and lose power,
//! whose clocks drift and jump, whose disks are slow, fail and fill up, on a network that loses, delays and is
//! cut in every way, with resources that fail, hang, crash and cannot be stopped.
//!
//! Everything follows from a seed. The code under test is the real one. Around it, imitated as small as they
//! can be and still go wrong like the real ones: two networks (`net`), disks (`sim::disk`), the kernel's gates,
//! watchdogs and the monitors (`machine`, `watchdog`, `monitor`), and the daemon's part (`shell`, `leading`;
//! `database` opens and closes the engine as the daemon does). A node's tasks run in a
//! [`sim::runtime::Process`], which can stand still or die between any two steps. `faults` is everything that
//! is done to them. The `oracle` stands outside.
//!
//! In a quarter of the worlds the gates are of nftables (`timeouts`).
//!
//! `cases` runs thousands of seeds. `broken` puts known bugs back in, one at a time, and asks how many seeds
//! the oracle needs to see each.
//!
//! What it does not have: joining and leaving members, changes of the file, clones with primaries, more than
//! one failure of the guards at once (a monitor dies only while nothing else keeps its successor away).

#![allow(clippy::unwrap_used, reason = "a helper of a test fails its test")]
#![allow(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "a seed is asked for and told by command"
)]

mod broken;
mod cases;
mod clock;
mod cluster;
mod database;
mod faults;
mod leading;
mod machine;
mod monitor;
mod net;
mod oracle;
mod shell;
mod timeouts;
mod watchdog;
mod world;

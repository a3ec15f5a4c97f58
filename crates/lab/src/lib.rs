//! Whole hosts on one machine, for the end-to-end tests and the demo.
//!
//! A [`Lab`] is a handful of hosts `n1`, `n2`, … that a program cannot tell from small machines:
//! each has its own network, mount, pid, uts, ipc and control group namespace, and its own disk, a
//! writable layer over what this machine's root shows. Two networks join them through two bridges
//! that live in a namespace of their own, so the machine's own network is never touched.
//!
//! ```no_run
//! # fn main() -> Result<(), lab::LabError> {
//! let lab = lab::Lab::new(3)?;
//! let [n1, n2, _n3] = lab.hosts() else { unreachable!("three were asked for") };
//! n1.command("hostname").output()?;
//! lab.cut(lab::Traffic::between(n1, n2))?; //     nobody hears the other, on either network
//! lab.heal()?;
//! n1.kill()?; //                                  power lost; the disk keeps what it holds
//! n1.start()?;
//! # Ok(()) }
//! ```
//!
//! Process 1 of a host does nothing, unless [`Host::set_init`] makes it systemd.
//!
//! What can go wrong for a host, and where it is done:
//!
//! | Fault | Call |
//! |---|---|
//! | frames lost between hosts: all, some, one way, one network | [`Lab::cut`], [`Lab::lose`], [`Lab::isolate`], [`Lab::split`], [`Lab::heal`] |
//! | a cable pulled (the host sees the carrier go) | [`Lab::link_down`], [`Lab::link_up`] |
//! | power lost, booted again on the same disk | [`Host::kill`], [`Host::start`] |
//! | the whole host, or one daemon, stops running for a while | [`Host::freeze`], [`Daemon::freeze`] |
//! | a daemon dies | [`Daemon::kill`], [`Daemon::terminate`] |
//! | somebody holds the lock of the kernel's network configuration | [`NetworkLock::hold`] |
//! | a full disk | [`Host::small_disk`] |
//! | a wrong clock | [`Host::set_clock_offset`] |
//! | a watchdog that restarts the host | [`Host::watchdog`] |
//!
//! A lab ends with its value, and also when its process is killed: a small shell that waits on a
//! pipe removes everything then (`reaper.rs`). Any number of labs may live on a machine at once.
//!
//! Deliberately absent: a container image (hosts see this machine's own programs), users (all is
//! root), a power cut that loses what was not synced (the page cache survives [`Host::kill`]; the
//! simulator tears writes), and delay (`tc netem` is not in every kernel).
//!
//! # Environment
//! | Variable | Meaning |
//! |---|---|
//! | `STEADFAST_REQUIRE_LAB=1` | [`or_skip`] panics where it would skip |
//! | `STEADFAST_SKIPPED_LOG=FILE` | skipped tests are appended to FILE too |
//! | `STEADFAST_LAB_DIR=DIR` | where disks live; default `/var/lib/steadfast-lab` |
//! | `STEADFAST_LAB_LOGS=DIR` | logs of daemons go to DIR and stay; by default they go with the lab |
//!
//! Read next: `host.rs` (a host's life), `kernel.rs` (most of the unsafe code), `faults.rs`.

mod cgroup;
mod clock;
mod command;
mod daemon;
mod error;
mod faults;
mod fuse;
mod host;
mod init;
mod kernel;
mod network;
mod network_lock;
mod place;
mod reaper;
mod referee;
mod root;
mod skip;
mod small_disk;
mod switch;
mod tool;
mod wait;
mod watchdog;
mod whole;

pub use command::HostCommand;
pub use daemon::Daemon;
pub use error::LabError;
pub use faults::Traffic;
pub use host::Host;
pub use init::Init;
pub use network::Network;
pub use network_lock::NetworkLock;
pub use referee::{Outage, Referee, Verdict};
pub use skip::{kernel_lacks, or_skip, skip};
pub use small_disk::SmallDisk;
pub use wait::{eventually, wait_for};
pub use watchdog::{Breed, Watchdog};
pub use whole::Lab;

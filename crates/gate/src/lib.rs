//! The lease gate: the kernel itself lets packets pass until a deadline, and closes by itself.
//!
//! A node may serve a clustered address, or run the processes of a resource, only as long as its grant
//! lasts: from the moment before it asked, for the length of a lease. A daemon can be frozen, starved of the
//! processor, or killed, and what it runs goes on. So the deadline is given to the kernel, which compares it
//! with CLOCK_BOOTTIME at every packet. Whoever could take over waits for the same deadline, and needs no
//! fencing hardware and no watchdog.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (mut gate, coverage) = gate::Gate::open_or_adopt("n1", gate::Choice::Best, None)?;
//! assert!(coverage.uncovered.is_empty());
//! let address = "10.99.0.100".parse()?;
//! gate.close(address)?; //                         before anything of the group is started
//! gate::destroy_sockets(address)?; //              sessions of an earlier generation
//! let asked = gate::boot_now_ns(); //              before the request for a grant is sent
//! gate.set(address, asked + 1_400_000_000)?; //    when it was granted; and at every renewal
//! # Ok(()) }
//! ```
//!
//! | File | What it is about |
//! |---|---|
//! | `gate.rs` | the gate as the daemon has it, and what it does not see |
//! | `bpf.rs`, `bpf/` | eBPF: the programs (`program.rs`), how they get to interfaces (`border.rs`) and cgroups |
//! | `nft.rs`, `nft/` | nftables, where eBPF is not permitted: weaker, and it says how |
//! | `keeper.rs` | a process that holds the table of nftables when no daemon does |
//! | `probe.rs` | what this machine permits, and why not |
//! | `interfaces.rs` | word of new interfaces |
//! | `look.rs` | seeing where the gate is missing, without holding it up |
//! | `sockets.rs` | ends the sessions of an address |
//! | `lifetime.rs` | beneath it all: addresses that the kernel removes |
//! | `netlink.rs` | messages to and from the kernel |
//! | `watchdog.rs` | the last gate, for what sends no packets: the machine is restarted after the deadline |
//!
//! **A direction each.** Of a gated address, what it *sends* and what is sent *to* it is dropped once its
//! deadline has passed. A node that does not own it is a client of it like any other: what it sends there and
//! hears from there passes. Other addresses are not touched, nor the filters and rules of others.
//!
//! **What has to be so before a gate opens for a new generation**: the old generation's processes are
//! confirmed stopped, and its sessions ended ([`destroy_sockets`]); they would go on where they were.
//!
//! Deliberately absent: a compiler, and a library for eBPF. The programs are a hundred instructions of a
//! dozen sorts, put together by `bpf/assembler.rs`; the kernel verifies them. No files in bpffs either: what
//! a daemon leaves is found again where it is attached. And no decisions: when what may open is the daemon's.

mod bpf;
mod clock;
mod error;
mod gate;
mod interfaces;
mod keeper;
mod lifetime;
mod look;
mod netlink;
mod nft;
mod probe;
mod sockets;
mod watchdog;

pub use clock::{boot_now_ns, until};
pub use error::GateError;
pub use gate::{Choice, Coverage, Gate, Kind, Standing, Uncovered};
pub use interfaces::Watch;
pub use keeper::{Keeper, WITHOUT_DAEMON, keep};
pub use lifetime::set_lifetime;
pub use look::{Look, Looker};
pub use probe::{Permit, Probe, Refusal, probe};
pub use sockets::destroy_sockets;
pub use watchdog::{Watchdog, WatchdogError};

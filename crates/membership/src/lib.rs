//! Who is there, who votes, and how long to wait: pure decisions about members.
//!
//! Time is a [`Moment`], a value that the shell reads from CLOCK_BOOTTIME and passes in; datagrams
//! are byte slices; answers are values. Nothing here opens a socket, reads a clock or draws a
//! random number, so the same code runs in the daemon, in tests and in a simulation.
//!
//! * [`timers`]: every timer of a profile, derived from one figure, with the inequalities that
//!   must hold between them.
//! * [`datagram`]: heartbeats, sealed with the cluster's key.
//! * [`peers`]: which node was heard from, on which network, how long ago.
//! * [`incarnation`]: a node that came back is told from a copy of it.
//! * [`voters`]: which members vote.
//!
//! What it deliberately does not do: leases, which are crate `lease`'s, and fencing.

pub mod datagram;
pub mod incarnation;
pub mod peers;
pub mod timers;
pub mod voters;

pub use model::Moment;

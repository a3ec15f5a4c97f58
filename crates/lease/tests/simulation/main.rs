//! The lease in a bad world: three nodes with drifting clocks, on a network that loses, delays and repeats,
//! frozen between any two of their steps, killed, restarted and suspended, under leaders that change.
//!
//! Everything follows from a seed. The code under test is the real one; around it are a small replicated log
//! (`raft`), the daemon's part as the crate's documentation asks for it (`shell`), and everything that can
//! happen (`world`). The `referee` stands outside: it knows true time and what the kernels' gates let
//! through, and nothing of leases.
//!
//! `cases` runs thousands of seeds, and then breaks the rules one at a time and expects the referee to see.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails its test")]

mod cases;
mod clock;
mod raft;
mod referee;
mod shell;
mod world;

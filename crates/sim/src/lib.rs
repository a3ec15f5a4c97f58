//! The real store under a simulated network, clock and disk, judged by independent oracles.
//!
//! Several nodes run in one thread on openraft's simulation runtime: the real machine, the real
//! engine, real redb, and the voters' and leaders' side of leases as the daemon has it (`leases.rs`).
//! Simulated are only what is injected: the clock and machines that stand still (`runtime.rs`), the
//! network ([`network`]), the disk beneath redb ([`disk`]) and the clients ([`client`]). A [`nemesis`]
//! breaks things, by the dice; then everything is healed, and the [`invariants`] judge what was seen.
//!
//! * Everything follows from the seed: the same seed gives the same [`Report::trace`], in every
//!   process. A failing seed can be run again alone (`tests/one_seed.rs`).
//! * The oracles share no code with the product: they look at what clients were told, at what the
//!   nodes told their event logs, at the states as bytes, at messages as JSON, and at who was granted
//!   what when, in true time.
//! * `tests/mutations.rs` re-introduces known defects (a disk that lies about a sync, a vote that
//!   is forgotten) and expects the oracles to notice. An oracle that has never failed proves nothing.
//!
//! Here only clients write. `tests/cluster` runs the same store under everything else that is real:
//! planner, executor, runners, leases and membership.
//!
//! Beside the dice, `directed.rs` plays single situations whose outcome is known.
//!
//! Read next: [`scenario`] for what is tried, then one file of [`invariants`].

pub mod client;
pub mod dice;
pub mod disk;
mod exchange;
pub mod history;
pub mod invariants;
mod leases;
pub mod nemesis;
pub mod network;
pub mod node;
mod run;
pub mod runtime;
pub mod scenario;
mod world;

#[cfg(test)]
mod directed;

pub use run::{Report, run};
pub use scenario::{Mutation, SCENARIOS, Scenario};

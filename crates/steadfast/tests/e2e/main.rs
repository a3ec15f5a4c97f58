//! Real daemons on real (namespace) hosts: the promises of SPECIFICATION.md, one test each.
//!
//! Every test makes its own hosts (`cluster`), so tests run side by side and none sees another. They
//! wait for states with generous deadlines and never measure time. Where hosts cannot be made, each
//! test says by its name that it was skipped. A test that fails prints the ends of all daemons' logs
//! and what every node says of itself.
#![allow(clippy::unwrap_used, reason = "a helper of a test fails its test")]

#[macro_use]
mod cluster;

mod any_node;
mod awake;
mod clock;
mod clones;
mod components;
mod credentials;
mod damaged_database;
mod declarative_file;
mod demo;
mod events_everywhere;
mod evict;
mod failover;
mod failover_badly;
mod form_and_join;
mod full_disk;
mod gate_of_nftables;
mod guard;
mod hostile_input;
mod network_faults;
mod planning;
mod plugins;
mod postgres;
mod quorum;
mod restart;
mod rights;
mod roles;
mod stalls;
mod start;
mod tokens;
mod types;
mod versions;
mod watchdog;

//! The cluster database.
//!
//! Two halves that meet in one place:
//!
//! * [`machine`] decides what a change *means*: a pure function from a state and a proposal to the
//!   next state, an outcome and the events to tell of it. No clock, no randomness, no I/O, so that
//!   every replica that applies the same proposals holds the same state.
//! * [`engine`] decides *which* proposals are applied, and in which order: openraft over one redb
//!   file, with group commit, checksums on every record, and an opening that refuses damage by
//!   name. It is generic over openraft's async runtime, so that the very same code runs in the
//!   daemon and, on a simulated clock, network and disk, in the `sim` crate.
//!
//! What it does not do: it opens no socket (a [`engine::Transport`] is injected), stores no events
//! (they are handed to a [`engine::NoticeSink`]), and does not decide who should be a voter.
//!
//! Read next: [`machine`], then [`engine`], then a scenario of the `sim` crate.

pub mod engine;
pub mod machine;

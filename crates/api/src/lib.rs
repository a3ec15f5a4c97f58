//! The HTTP API of a node: types, paths and a client.
//!
//! Version 1 lives under [`paths::V1`]. Every node serves all of it and answers for the whole
//! cluster; a write is passed on to the leader. It is served on the local socket (whose peer must
//! be root or the daemon's own user) and over TLS (with a client certificate or a bearer token).
//! The command line has no other way in.
//!
//! The types here are a promise to scripts: fields are added, never renamed or removed
//! (`docs/contract.md`). They are apart from the stored types on purpose: what is shown and what
//! is stored change for different reasons.
//!
//! `openapi.json` beside this crate's manifest is the same promise for programs; a test in the
//! daemon holds it against the routes.

pub mod client;
pub mod paths;
pub mod types;

pub use types::*;

//! Tests of the engine on the daemon's runtime, with real files. Its behaviour in a cluster, under
//! faults, is tested in the `sim` crate.

#![allow(clippy::disallowed_methods, reason = "real files, and disks that take their time")]

mod damage;
mod failing_disk;
mod single;
mod suite;
mod support;
mod wire;

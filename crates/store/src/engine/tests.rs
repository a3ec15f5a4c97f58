//! Tests of the engine on the daemon's runtime, with real files. Its behaviour in a cluster, under
//! faults, is tested in the `sim` crate.

mod damage;
mod failing_disk;
mod single;
mod suite;
mod support;

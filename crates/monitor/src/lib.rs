//! The resource monitor: the process that touches what the cluster runs.
//!
//! The daemon decides and never waits for an agent; a monitor waits and never decides. They talk over a
//! socket pair that the monitor finds as its standard input (crate `resource-api`).
//!
//! * `conversation` reads and writes messages, and hands each to the resource that it is for;
//!   what is not written yet waits in `outbox`, of each resource no more than how it is now.
//! * `deadlines` is the dead-man's switch: what may not run any more is stopped, also without a daemon.
//! * `resource` looks after one resource: one call at a time, each under its deadline, looks at
//!   intervals while it is watched, and the kernel's word where it gives one.
//! * [`kind`] is what a resource type has to be; `types/` holds one folder or file for each.
//! * [`shim`] is what this program is when an OCF agent calls it by the name of a cluster's tool.
//!
//! A monitor keeps nothing over its own end. Its successor is told every resource again and finds out
//! by probing what runs: whatever a type starts must be findable from its instance alone.
//!
//! Deliberately absent: what should run where, how often a failure is met with another try, and any
//! word to another node.

mod conversation;
mod deadlines;
pub mod fuzzing;
pub mod kind;
mod outbox;
mod resource;
pub mod shim;
mod types;

#[cfg(test)]
mod tests;

pub use conversation::serve;
pub use types::Registry;

use std::os::fd::AsFd;
use std::process::ExitCode;
use tokio::net::UnixStream;

/// Serves the daemon at the other end of standard input until it ends, or says so.
#[must_use]
pub fn run() -> ExitCode {
    let served = || -> std::io::Result<()> {
        let socket = std::os::unix::net::UnixStream::from(std::io::stdin().as_fd().try_clone_to_owned()?);
        socket.set_nonblocking(true)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let served = runtime
            .block_on(async { serve(UnixStream::from_std(socket)?, Registry::of_this_machine()).await });
        // Whoever waits for a dead disk beside this thread waits on, and nobody for him.
        runtime.shutdown_background();
        served
    };
    match served() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the resource monitor ends: the daemon cannot be talked to");
            ExitCode::FAILURE
        }
    }
}

//! While something of the cluster is open here, this machine is asked not to sleep.
//!
//! A machine that is suspended is lost to its cluster: its groups are taken over, and it stops them when it wakes. That
//! is safe, and nobody wants it. logind keeps a machine awake for whoever holds an inhibitor lock; `systemd-inhibit`
//! holds one as long as the program that it runs, here one that waits for the end of a pipe which only this daemon
//! has. So the lock ends with the daemon, however that ends.
//!
//! Where there is no logind, nothing is asked, and nobody is alarmed.

use crate::node::Node;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

/// One that ended by itself is asked for again so much later: logind was restarted, or is not there.
const AGAIN: Duration = Duration::from_secs(60);

const PROGRAM: &str = "systemd-inhibit";
const ARGUMENTS: [&str; 5] = [
    "--what=sleep",
    "--mode=block",
    "--who=Steadfast",
    "--why=Groups of the cluster run on this node; `steadfast node drain` moves them away",
    "cat",
];

/// Holds the lock while something is open, for ever.
pub(crate) async fn keep(node: Arc<Node>) {
    let mut changes = node.running.changes.subscribe();
    loop {
        while node.running.is_empty() {
            let _ = changes.changed().await;
        }
        let held = match hold() {
            Ok(held) => held,
            Err(error) => {
                tracing::debug!(%error, "this machine is not asked to stay awake: there is no {PROGRAM}");
                return std::future::pending().await;
            }
        };
        let ended = release(held, async {
            while !node.running.is_empty() {
                let _ = changes.changed().await;
            }
        });
        if ended.await {
            tracing::debug!("{PROGRAM} has ended by itself");
            tokio::time::sleep(AGAIN).await;
        }
    }
}

fn hold() -> std::io::Result<Child> {
    let null = Stdio::null;
    Command::new(PROGRAM).args(ARGUMENTS).stdin(Stdio::piped()).stdout(null()).stderr(null()).spawn()
}

/// Ends it when it is `over`; whether it had ended by itself before.
async fn release(mut held: Child, over: impl Future<Output = ()>) -> bool {
    let pipe = held.stdin.take();
    let mut waiting = tokio::task::spawn_blocking(move || held.wait());
    let by_itself = tokio::select! {
        _ = &mut waiting => true,
        () = over => false,
    };
    drop(pipe);
    if !by_itself {
        let _ = waiting.await;
    }
    by_itself
}

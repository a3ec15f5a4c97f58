//! The daemon is asked to stop: what runs here leaves first.
//!
//! It tells the leader that it leaves, and is from then on like a node that is drained; what can run
//! elsewhere moves there, in order, with the gentle stops that a move has. Where nothing comes of that (no
//! majority, nowhere to go, or it takes too long) the rest is stopped here: nobody must find it running
//! without anybody who looks after it.

use super::{now, with};
use crate::node::Node;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// How long a service manager is asked to wait, and so how long leaving may take: a database may need a
/// minute to stop in order.
pub(crate) const LEAVE: Duration = Duration::from_secs(75);

/// Without a majority nothing moves; then it is only stopped.
const STOP: Duration = Duration::from_secs(60);

/// Leaves, or stops what cannot leave. Returns once nothing of the cluster runs here, or the time is up.
pub(crate) async fn leave(node: &Arc<Node>) {
    if node.running.is_empty() {
        return;
    }
    node.leaves.store(true, Ordering::Relaxed);
    with(node, |runner| runner.leave());
    let until = Instant::now() + LEAVE;
    let mut changes = node.running.changes.subscribe();
    let left = async {
        while !node.running.is_empty() && node.quorum().has && !everything_stays(node) {
            let _ = tokio::time::timeout(Duration::from_millis(100), changes.changed()).await;
        }
    };
    let _ = timeout_at(until, left).await;
    with(node, |runner| runner.close_all(now()));
    let stopped = async {
        while !node.running.is_empty() {
            let _ = tokio::time::timeout(Duration::from_millis(100), changes.changed()).await;
        }
    };
    let _ = timeout_at(Instant::now() + STOP, stopped).await;
}

/// Nobody else is there.
fn everything_stays(node: &Node) -> bool {
    !node.others().iter().any(|other| node.is_up(other.id))
}

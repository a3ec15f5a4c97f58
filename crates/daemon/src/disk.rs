//! Space on the disk of the data directory: watched, told early, waited for.

use crate::node::Node;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Below this, people are told. A snapshot, its predecessor and the log of a large cluster fit
/// into it several times, so there is time to act.
pub(crate) const NEARLY_FULL: u64 = 64 << 20;

/// A database that stopped for want of space is opened again above this: enough for redb to grow
/// its file and for some thousand changes, so that it does not stop again at once.
pub(crate) const ENOUGH: u64 = 8 << 20;

/// How often is looked.
const LOOK: Duration = Duration::from_secs(2);

/// Free space for this process, in bytes.
#[must_use]
pub(crate) fn free_bytes(path: &Path) -> Option<u64> {
    let stat = rustix::fs::statvfs(path).ok()?;
    Some(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Returns once there is space again.
pub(crate) async fn wait_for_space(path: &Path) {
    while free_bytes(path).is_some_and(|free| free < ENOUGH) {
        tokio::time::sleep(LOOK / 4).await;
    }
}

/// Watches the space and tells of it, for ever.
pub(crate) async fn watch(node: Arc<Node>) {
    let path = node.dir.path().display().to_string();
    let mut short = false;
    loop {
        if let Some(free) = free_bytes(node.dir.path()) {
            let free_mib = free >> 20;
            if !short && free < NEARLY_FULL {
                short = true;
                let needed_mib = NEARLY_FULL >> 20;
                node.log.raise(events::DiskNearlyFull { path: path.clone(), free_mib, needed_mib });
            } else if short && free >= NEARLY_FULL {
                short = false;
                node.log.raise(events::DiskSpaceBack { path: path.clone(), free_mib });
            }
        }
        crate::clock::beat(LOOK).await;
    }
}

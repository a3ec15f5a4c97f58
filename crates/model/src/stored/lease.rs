//! What nodes and their leader say to each other about leases. What it means, the `lease` crate says.

use crate::{Incarnation, NodeId, Revision};
use serde::{Deserialize, Serialize};

/// "May I go on?" A node asks its leader, several times within every lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LeaseRequest {
    /// Who asks.
    pub node: NodeId,
    /// Which life of its daemon. The numbers of one life mean nothing in another.
    pub incarnation: Incarnation,
    /// Grows with every request of this life. The node alone knows when it sent it.
    pub number: u64,
}

/// "You may, for so long from the moment before you sent that request."
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LeaseGrant {
    /// The request that it answers.
    pub request: LeaseRequest,
    /// Who grants it.
    pub leader: NodeId,
    /// It counts only for a node that has applied this revision, and speaks for what that node owns as of
    /// the revision that it has applied.
    pub as_of: Revision,
    /// How long it lasts, in nanoseconds of the asking node's CLOCK_BOOTTIME.
    pub lease_ns: u64,
    /// The leader's CLOCK_BOOTTIME when the request arrived, in nanoseconds. A node whose own clock has stood
    /// still since notices by it.
    pub clock_ns: u64,
}

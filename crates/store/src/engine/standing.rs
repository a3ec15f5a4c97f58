//! Where this node stands, for `status` and for those who decide.

use super::failure::Failure;
use model::NodeId;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A node's part in replication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Takes writes, while it has a quorum.
    Leader,
    /// Asks for votes.
    Candidate,
    /// Votes and follows.
    Follower,
    /// Follows without a vote; also a node that belongs to no cluster yet.
    Learner,
    /// Does nothing any more; see [`Standing::stopped`].
    Stopped,
}

/// Why an engine does nothing any more.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Stopped {
    /// It was shut down.
    #[error("it was shut down")]
    Shutdown,
    /// Its disk failed. Once the cause is gone, drop the engine and start a new one on its file.
    #[error("its disk failed: {0}")]
    Storage(Failure),
    /// An internal check failed.
    #[error("an internal check failed: {0}")]
    Internal(String),
}

/// Where a node stands.
#[derive(Debug, Clone)]
pub struct Standing {
    /// This node.
    pub node: NodeId,
    /// Its part. Never take `Leader` alone for authority: a leader that is cut off is one too.
    /// Ask [`Standing::quorum_within`].
    pub role: Role,
    /// The election term.
    pub term: u64,
    /// Who leads, as far as this node knows.
    pub leader: Option<NodeId>,
    /// How long ago there was a quorum: a leader knows when it sent the request that a majority has
    /// acknowledged last, the others have heard it from the leader.
    pub quorum_age: Option<Duration>,
    /// Follower and learner only: how long ago `leader` was heard.
    pub leader_age: Option<Duration>,
    /// Index of the newest entry in the log.
    pub last_log: Option<u64>,
    /// Index of the newest entry that is applied.
    pub applied: Option<u64>,
    /// Who votes. While a change is under way, everybody who votes in either set.
    pub voters: BTreeSet<NodeId>,
    /// Who follows without a vote.
    pub learners: BTreeSet<NodeId>,
    /// Whether a change of voters or learners is not complete yet. One that was cut off is
    /// completed by asking for it again.
    pub changing: bool,
    /// Leader only: what it knows of the others.
    pub peers: BTreeMap<NodeId, PeerStanding>,
    /// Why it stopped, if it has.
    pub stopped: Option<Stopped>,
}

/// What a leader knows of a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerStanding {
    /// The newest entry that is known to be on the peer's disk.
    pub matched: Option<u64>,
    /// How long ago the request was sent that the peer has answered last.
    pub answered_age: Option<Duration>,
}

impl Standing {
    /// Whether there was a quorum within `age`, on the word of this node or of its leader. The time
    /// that the leader's word was under way (at most a heartbeat) is not counted.
    #[must_use]
    pub fn quorum_within(&self, age: Duration) -> bool {
        self.stopped.is_none() && self.quorum_age.is_some_and(|seen| seen <= age)
    }

    /// Leader only: whether a learner has nearly all of the log, so that making it a voter stalls
    /// nobody.
    #[must_use]
    pub fn caught_up(&self, learner: NodeId) -> bool {
        /// Entries that may be under way.
        const LAG_MAX: u64 = 10;
        let matched = self.peers.get(&learner).and_then(|peer| peer.matched);
        matched.is_some_and(|matched| matched + LAG_MAX >= self.last_log.unwrap_or(0))
    }
}

//! What leases need of the messages between nodes, without a message of their own.
//!
//! A leader's messages to its followers, and their answers, are what a quorum is made of. So every node notes
//! a leader's message *before* the engine sees it, refuses those of leaders that it knows to be replaced, and
//! says with each answer how long ago it had last answered an older leader. The rules are crate `lease`'s;
//! here they are only put where they belong.
//!
//! Granting a vote needs no note: a vote that is granted is on the disk first, and from then on the engine
//! itself answers no leader of an older term.

use super::handle::Engine;
use model::NodeId;
use openraft::alias::{InstantOf, WatchReceiverOf};
use openraft::async_runtime::{AsyncRuntime, WatchReceiver};
use openraft::{Instant, RaftMetrics, ServerState};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::types::Types;
use model::stored::ClusterState;

/// Who is told of what leases need.
pub trait LeaseHooks: Send + Sync + 'static {
    /// A message of the leader of `term` has arrived that its quorum may come from. Called before the engine
    /// sees it. False: that leader has been replaced, and must not be answered.
    fn hears(&self, term: u64) -> bool;

    /// How long ago this node last answered a leader of a term before `term`. Called when it is about to
    /// answer the leader of `term`, whose message the engine has accepted.
    fn answered_older(&self, term: u64) -> Option<Duration>;

    /// While this node leads `term`: `voter` says, `age` before it answered, that it had last answered an
    /// older leader then.
    fn evidence(&self, term: u64, voter: NodeId, age: Duration);
}

/// Nobody is told, and every leader is answered: for an engine without leases.
#[derive(Debug, Clone, Copy)]
pub struct NoLeases;

impl LeaseHooks for NoLeases {
    fn hears(&self, _: u64) -> bool {
        true
    }

    fn answered_older(&self, _: u64) -> Option<Duration> {
        None
    }

    fn evidence(&self, _: u64, _: NodeId, _: Duration) {}
}

/// A term that this node leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeadingTerm {
    /// The term.
    pub term: u64,
    /// Who votes: one set, or two while a change of them is under way.
    pub electorates: Vec<BTreeSet<NodeId>>,
}

/// Waits for changes of what a quorum has acknowledged.
pub struct QuorumMoves<R: AsyncRuntime>(WatchReceiverOf<Types<R>, RaftMetrics<Types<R>>>);

impl<R: AsyncRuntime> QuorumMoves<R> {
    /// Waits until something may have changed; `None` once the engine has ended.
    pub async fn next(&mut self) -> Option<()> {
        self.0.changed().await.ok()
    }
}

impl<R: AsyncRuntime> Engine<R> {
    /// The term that this node has been elected for, as far as it knows.
    #[must_use]
    pub fn leading(&self) -> Option<LeadingTerm> {
        let metrics = self.metrics();
        let leads = metrics.state == ServerState::Leader && self.runs(&metrics);
        let electorates = metrics.membership_config.membership().get_joint_config();
        leads.then(|| LeadingTerm {
            term: metrics.current_term,
            electorates: electorates.iter().map(|set| set.iter().copied().collect()).collect(),
        })
    }

    /// A reading of the clock that dates rounds, for comparison with [`Self::quorum_mark`]: nanoseconds.
    #[must_use]
    pub fn mark_now(&self) -> u64 {
        self.mark(<InstantOf<Types<R>> as Instant>::now())
    }

    /// Only while this node leads that term: a round that it sent at this reading has been answered by a
    /// majority, so requests that had arrived before this reading are covered. Of what was sent later it says
    /// nothing. openraft dates an acknowledgement by the moment at which the acknowledged message was sent,
    /// not by that of its arrival.
    #[must_use]
    pub fn quorum_mark(&self, term: u64) -> Option<u64> {
        let metrics = self.metrics();
        let leads = metrics.state == ServerState::Leader && metrics.current_term == term;
        if !leads || !self.runs(&metrics) {
            return None;
        }
        let mut voters = metrics.membership_config.voter_ids();
        // Alone it needs nobody's answer.
        if voters.next() == Some(metrics.id) && voters.next().is_none() {
            return Some(self.mark_now());
        }
        let acked = metrics.last_quorum_acked?;
        Some(self.mark(*acked))
    }

    /// Follows what a quorum has acknowledged.
    #[must_use]
    pub fn quorum_moves(&self) -> QuorumMoves<R> {
        QuorumMoves(self.metrics_receiver())
    }

    /// The state as this node has applied it, and the term of the latest entry in it: of one moment.
    #[must_use]
    pub fn applied(&self) -> (Arc<ClusterState>, Option<u64>) {
        self.known()
    }

    /// The others learn at once what is committed, and answer: not with the next heartbeat.
    pub async fn beat_now(&self) {
        self.trigger_heartbeat().await;
    }
}

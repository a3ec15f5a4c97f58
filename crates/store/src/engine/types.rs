//! The types that openraft is instantiated with.

use model::NodeId;
use model::stored::{Outcome, Proposal};
use openraft::async_runtime::AsyncRuntime;
use openraft::vote::leader_id_std;
use openraft::{EntryPayload, RaftTypeConfig, impls};
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

/// openraft's type configuration, over any runtime `R`. A type alone: it has no values of use.
pub(crate) struct Types<R>(PhantomData<fn() -> R>);

impl<R: AsyncRuntime> RaftTypeConfig for Types<R> {
    type D = Proposal;
    type R = Outcome;
    type NodeId = NodeId;
    // Where a node lives changes without its number changing, and is in the replicated state.
    type Node = ();
    type Term = u64;
    type LeaderId = LeaderId;
    type Vote = Vote;
    type Payload = Payload;
    type Entry = Entry;
    type AsyncRuntime = R;
    type Responder<T>
        = impls::ProgressResponder<Self, T>
    where
        T: openraft::OptionalSend + 'static;
    type Batch<T>
        = impls::InlineBatch<T>
    where
        T: openraft::OptionalSend + 'static;
    type ErrorSource = impls::BoxedErrorSource;
}

/// Standard Raft: at most one leader in a term. openraft's default lets a node replace the leader
/// of a term by one of the same term with a higher id; then "the leader of term 7" names nobody,
/// and neither a lease nor a log entry could be told apart by its term.
pub(crate) type LeaderId = leader_id_std::LeaderId<u64, NodeId>;
pub(crate) type CommittedLeaderId = leader_id_std::CommittedLeaderId<u64>;
pub(crate) type Vote = openraft::Vote<LeaderId>;
pub(crate) type LogId = openraft::LogId<CommittedLeaderId>;
pub(crate) type Payload = EntryPayload<Proposal, NodeId, ()>;
pub(crate) type Entry = openraft::Entry<CommittedLeaderId, Payload>;
pub(crate) type StoredMembership = openraft::StoredMembership<CommittedLeaderId, NodeId, ()>;
pub(crate) type SnapshotMeta = openraft::SnapshotMeta<CommittedLeaderId, NodeId, ()>;
/// A snapshot is the state itself: it is small, so it is kept and sent whole.
pub(crate) type SnapshotData = Arc<model::stored::ClusterState>;
pub(crate) type Snapshot = openraft::Snapshot<CommittedLeaderId, NodeId, (), SnapshotData>;

// Written out, because a derive would ask the same of `R`.
impl<R> fmt::Debug for Types<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Types")
    }
}
impl<R> Clone for Types<R> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<R> Copy for Types<R> {}
impl<R> Default for Types<R> {
    fn default() -> Self {
        Self(PhantomData)
    }
}
impl<R> PartialEq for Types<R> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
impl<R> Eq for Types<R> {}
impl<R> PartialOrd for Types<R> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<R> Ord for Types<R> {
    fn cmp(&self, _: &Self) -> std::cmp::Ordering {
        std::cmp::Ordering::Equal
    }
}

//! What nodes say to each other to replicate, and its bytes.
//!
//! Versioned JSON like everything that crosses versions. The transport carries the bytes and knows
//! nothing of them; here is the one place that reads and writes them.

use super::types::{LogId, SnapshotData, SnapshotMeta, Types, Vote};
use model::NodeId;
use model::stored::{UnreadableDocument, Versioned};
use openraft::async_runtime::AsyncRuntime;
use openraft::entry::RaftEntry;
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, TransferLeaderRequest,
    TransferLeaderResponse, VoteRequest, VoteResponse,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The longest message, in bytes. A snapshot is the whole database in one message, a few megabytes
/// in a large cluster; the rest of the room is for declarations nobody has written yet. A longer
/// one is refused before it is read.
pub const MAX_MESSAGE_BYTES: usize = 64 << 20;

/// The longest proposal, in bytes of JSON: a declaration of some ten thousand resources. It bounds
/// what one entry costs every node's disk and network.
pub const MAX_PROPOSAL_BYTES: usize = 8 << 20;

/// No log gets this long, and no term this high, at a million a second for a hundred thousand
/// years. Above, what comes after the last one may not be a number.
const COUNT_MAX: u64 = 1 << 62;

/// Whether somebody with this vote can know of these entries: those of later terms are not written yet.
fn is_known_in<const N: usize>(vote: &Vote, ids: [Option<LogId>; N]) -> bool {
    let term = vote.leader_id.term;
    let known = |id: &LogId| id.leader_id.term <= term && id.index <= COUNT_MAX;
    term <= COUNT_MAX && ids.iter().flatten().all(known)
}

/// A request to a peer.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", bound = "")]
pub(crate) enum PeerRequest<R: AsyncRuntime> {
    /// Entries, or none: a leader's heartbeat.
    Append {
        /// How long ago the leader had a quorum, in milliseconds; see `quorum.rs`.
        #[serde(default)]
        quorum_age_ms: Option<u64>,
        /// What openraft says.
        request: AppendEntriesRequest<Types<R>>,
    },
    /// A candidate asks for a vote.
    Vote(VoteRequest<Types<R>>),
    /// Would you vote for me? Changes nothing.
    PreVote(VoteRequest<Types<R>>),
    /// The leader asks this node, or tells of another, to take over.
    Transfer(TransferLeaderRequest<Types<R>>),
    /// The whole state, for a node that is too far behind for the log.
    Snapshot {
        /// The leader's vote.
        vote: Vote,
        /// Which entries are in it.
        meta: SnapshotMeta,
        /// The state.
        state: SnapshotData,
    },
}

impl<R: AsyncRuntime> PeerRequest<R> {
    /// Whether it could come from a leader or a candidate that is one. openraft takes that for granted
    /// and stops at a contradiction; one member must not be able to stop the engines of the others.
    ///
    /// Not only liars contradict themselves: a leader that was deposed may find, when it gets round to
    /// sending a snapshot, that it holds a newer leader's; in its own name that means nothing.
    pub(crate) fn is_consistent(&self) -> bool {
        match self {
            Self::Append { request, .. } => {
                let mut last = request.prev_log_id;
                let entries_follow = request.entries.iter().all(|entry| {
                    let (before, id) = (last.replace(entry.log_id()), entry.log_id());
                    let expected = before.map_or(Some(0), |before| before.index.checked_add(1));
                    Some(id.index) == expected && before.is_none_or(|before| before.leader_id <= id.leader_id)
                });
                entries_follow && is_known_in(&request.vote, [last, request.leader_commit])
            }
            Self::Vote(request) | Self::PreVote(request) => is_known_in(&request.vote, [request.last_log_id]),
            Self::Transfer(request) => is_known_in(request.from_leader(), [request.last_log_id().copied()]),
            Self::Snapshot { vote, meta, .. } => {
                let membership = *meta.last_membership.log_id();
                membership <= meta.last_log_id && is_known_in(vote, [meta.last_log_id])
            }
        }
    }

    /// The term of the leader whose message it is; nothing for a candidate's.
    pub(crate) fn term_of_leader(&self) -> Option<u64> {
        match self {
            Self::Append { request, .. } => Some(request.vote.leader_id.term),
            Self::Snapshot { vote, .. } => Some(vote.leader_id.term),
            Self::Vote(_) | Self::PreVote(_) | Self::Transfer(_) => None,
        }
    }

    /// Who says so: every request carries its sender in its vote.
    pub(crate) fn sender(&self) -> NodeId {
        let vote = match self {
            Self::Append { request, .. } => &request.vote,
            Self::Vote(request) | Self::PreVote(request) => &request.vote,
            Self::Transfer(request) => request.from_leader(),
            Self::Snapshot { vote, .. } => vote,
        };
        vote.leader_id.voted_for
    }
}

/// A peer's answer.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", bound = "")]
pub(crate) enum PeerReply<R: AsyncRuntime> {
    /// To entries.
    Append(AppendEntriesResponse<Types<R>>),
    /// To both kinds of request for a vote.
    Vote(VoteResponse<Types<R>>),
    /// To a transfer.
    Transfer(TransferLeaderResponse<Types<R>>),
    /// To a snapshot.
    Snapshot(SnapshotResponse<Types<R>>),
    /// It has nothing to say: its engine has stopped, or the message is one that must not be answered.
    Stopped(String),
}

impl<R: AsyncRuntime> PeerReply<R> {
    /// Whether the quorum of the leader of `term`, who asked, may count on it.
    pub(crate) fn accepts_leader(&self, term: u64) -> bool {
        match self {
            Self::Append(reply) => !matches!(reply, AppendEntriesResponse::HigherVote(_)),
            // A refusal says whom this node follows instead.
            Self::Snapshot(reply) => reply.vote.leader_id.term <= term,
            Self::Vote(_) | Self::Transfer(_) | Self::Stopped(_) => false,
        }
    }
}

/// An answer, with what leases need of it.
#[derive(Serialize, Deserialize)]
#[serde(bound = "")]
pub(crate) struct Answer<R: AsyncRuntime> {
    /// What openraft says.
    #[serde(flatten)]
    pub(crate) reply: PeerReply<R>,
    /// How long ago this node last answered an older leader, in nanoseconds; see `lease_hooks.rs`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) evidence_ns: Option<u64>,
}

/// Why a peer's message was not acted upon.
#[derive(Debug, thiserror::Error)]
pub enum RefusedMessage {
    /// Too long to be read.
    #[error("the message is {0} bytes long; at most {MAX_MESSAGE_BYTES} are accepted")]
    TooLong(usize),
    /// Not a message, or of a newer version.
    #[error("the message is {0}")]
    Unreadable(#[from] UnreadableDocument),
    /// What no leader and no candidate says.
    #[error("node number {0} sent a message that contradicts itself")]
    Contradictory(NodeId),
    /// A peer speaks for another.
    #[error("node number {from} sent a message in the name of node number {claimed}")]
    NotItsOwn {
        /// Who sent it, by its certificate.
        from: NodeId,
        /// Whose it claims to be.
        claimed: NodeId,
    },
}

pub(crate) fn encode<T: Serialize>(message: &T) -> Result<Vec<u8>, RefusedMessage> {
    let bytes = Versioned::encode(message);
    if bytes.len() > MAX_MESSAGE_BYTES { Err(RefusedMessage::TooLong(bytes.len())) } else { Ok(bytes) }
}

pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, RefusedMessage> {
    if bytes.len() > MAX_MESSAGE_BYTES {
        return Err(RefusedMessage::TooLong(bytes.len()));
    }
    Ok(Versioned::decode(bytes)?)
}

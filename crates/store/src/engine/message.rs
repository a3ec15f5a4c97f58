//! What nodes say to each other to replicate, and its bytes.
//!
//! Versioned JSON like everything that crosses versions. The transport carries the bytes and knows
//! nothing of them; here is the one place that reads and writes them.

use super::types::{SnapshotData, SnapshotMeta, Types, Vote};
use model::NodeId;
use model::stored::{UnreadableDocument, Versioned};
use openraft::async_runtime::AsyncRuntime;
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
    /// Whether it could come from a leader that is one. A leader that was deposed may find, when it
    /// gets round to sending a snapshot, that it holds a newer leader's; in its own name that means
    /// nothing, and openraft stops at the contradiction.
    pub(crate) fn is_consistent(&self) -> bool {
        match self {
            Self::Snapshot { vote, meta, .. } => {
                meta.last_log_id.is_none_or(|last| last.leader_id.term <= vote.leader_id.term)
            }
            _ => true,
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
    /// This node's engine has stopped.
    Stopped(String),
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
    /// A snapshot from a leader that was deposed before it was made.
    #[error("node number {0} sent a snapshot that is newer than its term")]
    OutOfTerm(NodeId),
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

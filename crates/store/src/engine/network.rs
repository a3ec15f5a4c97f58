//! openraft's way to its peers: over the injected transport.

use super::BoxFuture;
use super::lease_hooks::LeaseHooks;
use super::message::{Answer, PeerReply, PeerRequest, decode, encode};
use super::quorum::{HOLDS_ELECTIONS, Quorum};
use super::types::{LogId, Snapshot, SnapshotData, Types, Vote};
use model::NodeId;
use openraft::OptionalSend;
use openraft::async_runtime::AsyncRuntime;
use openraft::entry::RaftEntry;
use openraft::errors::{NetworkError, RPCError, ReplicationClosed, StreamingError, Unreachable};
use openraft::network::v2::RaftNetworkV2;
use openraft::network::{RPCOption, RaftNetworkFactory};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, TransferLeaderRequest,
    TransferLeaderResponse, VoteRequest, VoteResponse,
};
use std::sync::Arc;
use std::time::Duration;

/// Carries bytes to another node's [`super::Engine::handle`] and its answer back.
pub trait Transport: Send + Sync + 'static {
    /// Sends `message` to `to`; the answer arrives within `within`, or not at all. A connection is
    /// kept open between calls: a heartbeat has no time for a TLS handshake.
    fn send(
        &self,
        to: NodeId,
        message: Vec<u8>,
        within: Duration,
    ) -> BoxFuture<Result<Vec<u8>, TransportError>>;
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// The node could not be reached at all; it is tried less often for a while.
    #[error("unreachable: {0}")]
    Unreachable(String),
    /// It was reached, and then something went wrong; it is tried again at once.
    #[error("interrupted: {0}")]
    Interrupted(String),
}

/// A longer append is sent in parts, so that a peer far behind is not sent more than it can
/// acknowledge in time. An entry that is longer by itself goes alone.
const APPEND_BYTES: usize = 1 << 20;

/// The slowest link for which a deadline is long enough.
const BYTES_PER_SECOND_MIN: u32 = 1 << 20;

/// How many times openraft's deadline (a heartbeat) an append with entries may take: its peer
/// answers after an fsync, and disks stall. Heartbeats carry no entries and wait for no disk.
const ENTRIES_PATIENCE: u32 = 5;

/// How long a peer may take to install a snapshot that has arrived: an fsync on a slow disk. Not
/// more, because while a lost one is waited for, the peer falls further behind.
const SNAPSHOT_PATIENCE: Duration = Duration::from_secs(2);

fn transfer_time(bytes: usize) -> Duration {
    Duration::from_secs(1) * u32::try_from(bytes).unwrap_or(u32::MAX) / BYTES_PER_SECOND_MIN
}

/// Makes links.
pub(crate) struct Peers<R: AsyncRuntime> {
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) quorum: Arc<Quorum<R>>,
    pub(crate) hooks: Arc<dyn LeaseHooks>,
}

impl<R: AsyncRuntime> RaftNetworkFactory<Types<R>> for Peers<R> {
    type Network = Link<R>;

    async fn new_client(&mut self, target: NodeId, _node: &()) -> Link<R> {
        let (transport, quorum) = (Arc::clone(&self.transport), Arc::clone(&self.quorum));
        Link { target, transport, quorum, hooks: Arc::clone(&self.hooks) }
    }
}

/// The way to one peer.
///
/// `stream_append` stays openraft's own, which asks one thing at a time. With several under way, openraft
/// (`drain_acked`) takes an answer for one also for every later append that ends at the same entry, and
/// dates it by the last of them: an empty append that nobody has answered would count for a quorum.
pub(crate) struct Link<R: AsyncRuntime> {
    target: NodeId,
    transport: Arc<dyn Transport>,
    quorum: Arc<Quorum<R>>,
    hooks: Arc<dyn LeaseHooks>,
}

impl<R: AsyncRuntime> Link<R> {
    async fn ask(
        &self,
        request: PeerRequest<R>,
        within: Duration,
    ) -> Result<PeerReply<R>, RPCError<Types<R>>> {
        self.send(encode(&request).map_err(broken)?, within).await
    }

    /// As the leader of a term, unless it has to be silent.
    async fn lead(
        &self,
        term: u64,
        message: Vec<u8>,
        within: Duration,
    ) -> Result<PeerReply<R>, RPCError<Types<R>>> {
        if self.quorum.is_silent(term) {
            return Err(RPCError::Unreachable(Unreachable::from_string("silent, without a quorum")));
        }
        let Answer { reply, evidence_ns } = self.exchange(message, within).await?;
        if let Some(age) = evidence_ns {
            self.hooks.evidence(term, self.target, Duration::from_nanos(age));
        }
        Ok(reply)
    }

    async fn send(&self, message: Vec<u8>, within: Duration) -> Result<PeerReply<R>, RPCError<Types<R>>> {
        Ok(self.exchange(message, within).await?.reply)
    }

    async fn exchange(&self, message: Vec<u8>, within: Duration) -> Result<Answer<R>, RPCError<Types<R>>> {
        let answer =
            self.transport.send(self.target, message, within).await.map_err(|error| match error {
                TransportError::Unreachable(what) => RPCError::Unreachable(Unreachable::from_string(what)),
                TransportError::Interrupted(what) => broken(what),
            })?;
        match decode(&answer).map_err(broken)? {
            Answer { reply: PeerReply::Stopped(why), .. } => {
                Err(RPCError::Unreachable(Unreachable::from_string(why)))
            }
            answer => Ok(answer),
        }
    }
}

fn broken<R: AsyncRuntime>(what: impl ToString) -> RPCError<Types<R>> {
    RPCError::Network(NetworkError::from_string(what))
}

/// A peer that answers another question than was asked.
fn mismatch<R: AsyncRuntime>() -> RPCError<Types<R>> {
    broken("the answer is to another question")
}

impl<R: AsyncRuntime> RaftNetworkV2<Types<R>> for Link<R> {
    type SnapshotData = SnapshotData;

    async fn append_entries(
        &mut self,
        request: AppendEntriesRequest<Types<R>>,
        option: RPCOption,
    ) -> Result<AppendEntriesResponse<Types<R>>, RPCError<Types<R>>> {
        let term = request.vote.leader_id.term;
        let (message, sent) = shortened(request, self.quorum.age_as_leader())?;
        let patience = if message.entries == 0 { 1 } else { ENTRIES_PATIENCE };
        let within = option.hard_ttl() * patience + transfer_time(message.bytes.len());
        match self.lead(term, message.bytes, within).await? {
            PeerReply::Append(AppendEntriesResponse::Success) if message.shortened => {
                Ok(AppendEntriesResponse::PartialSuccess(sent))
            }
            PeerReply::Append(reply) => Ok(reply),
            _ => Err(mismatch()),
        }
    }

    async fn vote(
        &mut self,
        request: VoteRequest<Types<R>>,
        option: RPCOption,
    ) -> Result<VoteResponse<Types<R>>, RPCError<Types<R>>> {
        match self.ask(PeerRequest::Vote(request), option.hard_ttl()).await? {
            PeerReply::Vote(reply) => Ok(reply),
            _ => Err(mismatch()),
        }
    }

    // The trait's own version grants every pre-vote, which would undo what pre-vote is for.
    async fn pre_vote(
        &mut self,
        request: VoteRequest<Types<R>>,
        option: RPCOption,
    ) -> Result<VoteResponse<Types<R>>, RPCError<Types<R>>> {
        if self.quorum.holds_elections() {
            return Err(RPCError::Unreachable(Unreachable::from_string(HOLDS_ELECTIONS)));
        }
        match self.ask(PeerRequest::PreVote(request), option.hard_ttl()).await? {
            PeerReply::Vote(reply) => Ok(reply),
            _ => Err(mismatch()),
        }
    }

    async fn transfer_leader(
        &mut self,
        request: TransferLeaderRequest<Types<R>>,
        option: RPCOption,
    ) -> Result<TransferLeaderResponse<Types<R>>, RPCError<Types<R>>> {
        match self.ask(PeerRequest::Transfer(request), option.hard_ttl()).await? {
            PeerReply::Transfer(reply) => Ok(reply),
            _ => Err(mismatch()),
        }
    }

    async fn full_snapshot(
        &mut self,
        vote: Vote,
        snapshot: Snapshot,
        _cancel: impl Future<Output = ReplicationClosed> + OptionalSend + 'static,
        option: RPCOption,
    ) -> Result<SnapshotResponse<Types<R>>, StreamingError<Types<R>>> {
        let request = PeerRequest::<R>::Snapshot { vote, meta: snapshot.meta, state: snapshot.snapshot };
        if !request.is_consistent() {
            return Err(streaming(RPCError::Unreachable(Unreachable::from_string("deposed meanwhile"))));
        }
        let message = encode(&request).map_err(|error| streaming(broken(error)))?;
        let within = option.hard_ttl().min(SNAPSHOT_PATIENCE + transfer_time(message.len()));
        match self.lead(vote.leader_id.term, message, within).await.map_err(streaming)? {
            PeerReply::Snapshot(reply) => Ok(reply),
            _ => Err(streaming(mismatch())),
        }
    }
}

/// An append as it is sent.
struct Append {
    bytes: Vec<u8>,
    entries: usize,
    shortened: bool,
}

/// An append of at most [`APPEND_BYTES`] (or of one entry), and the last entry in it.
fn shortened<R: AsyncRuntime>(
    mut request: AppendEntriesRequest<Types<R>>,
    quorum_age: Option<Duration>,
) -> Result<(Append, Option<LogId>), RPCError<Types<R>>> {
    let quorum_age_ms = quorum_age.and_then(|age| u64::try_from(age.as_millis()).ok());
    let mut shortened = false;
    loop {
        let entries = request.entries.len();
        let sent = request.entries.last().map(RaftEntry::log_id);
        let message = PeerRequest::Append { quorum_age_ms, request };
        let bytes = encode(&message);
        if entries <= 1 || bytes.as_ref().is_ok_and(|bytes| bytes.len() <= APPEND_BYTES) {
            return Ok((Append { bytes: bytes.map_err(broken)?, entries, shortened }, sent));
        }
        let PeerRequest::Append { request: mut longer, .. } = message else { return Err(mismatch()) };
        longer.entries.truncate(entries / 2);
        request = longer;
        shortened = true;
    }
}

fn streaming<R: AsyncRuntime>(error: RPCError<Types<R>>) -> StreamingError<Types<R>> {
    match error {
        RPCError::Timeout(error) => StreamingError::Timeout(error),
        RPCError::Unreachable(error) => StreamingError::Unreachable(error),
        RPCError::Network(error) => StreamingError::Network(error),
        RPCError::RemoteError(error) => StreamingError::Network(NetworkError::new(&error)),
    }
}

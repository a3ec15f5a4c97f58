//! The handle of a running engine.

use super::disk::Disk;
use super::executor::DiskExecutor;
use super::lease_hooks::{LeaseHooks, NoLeases};
use super::log::LogStore;
use super::machine_store::{Known, MachineStore, NoticeSink};
use super::message::{Answer, MAX_PROPOSAL_BYTES, PeerReply, PeerRequest, RefusedMessage, decode, encode};
use super::network::{Peers, Transport};
use super::open::OpenStore;
use super::quorum::{HOLDS_ELECTIONS, Quorum};
use super::settings::EngineSettings;
use super::standing::{PeerStanding, Role, Standing, Stopped};
use super::types::Types;
use super::{Failure, committer};
use futures::future::{Either, select};
use model::NodeId;
use model::stored::{ClusterState, Outcome, Proposal, Versioned};
use openraft::alias::{InstantOf, WatchOf, WatchReceiverOf};
use openraft::async_runtime::{AsyncRuntime, Watch, WatchReceiver};
use openraft::errors::{
    ChangeMembershipError, ClientWriteError, Fatal, ForwardReason, ForwardToLeader, InitializeError,
    RaftError,
};
use openraft::metrics::RaftServerMetrics;
use openraft::raft::{AppendEntriesRequest, AppendEntriesResponse};
use openraft::{ChangeMembers, Instant, RaftMetrics, ServerState};
use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

type Raft<R> = openraft::Raft<Types<R>, MachineStore<R>>;
type ServerMetrics<R> = WatchReceiverOf<Types<R>, RaftServerMetrics<Types<R>>>;
type WriteError<R> = RaftError<Types<R>, ClientWriteError<Types<R>>>;

/// A running engine. Clones are the same engine; it ends with [`Engine::shutdown`], or when the
/// last clone is dropped.
pub struct Engine<R: AsyncRuntime>(Arc<Shared<R>>);

struct Shared<R: AsyncRuntime> {
    node: NodeId,
    settings: EngineSettings,
    raft: Raft<R>,
    /// openraft's core has ended. One that panicked says nothing any more, this included.
    ended: Arc<AtomicBool>,
    disk: Arc<Disk>,
    logs: LogStore,
    states: WatchReceiverOf<Types<R>, Known>,
    base: InstantOf<Types<R>>,
    hooks: Arc<dyn LeaseHooks>,
    quorum: Arc<Quorum<R>>,
}

/// Why an engine was not started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The timers contradict each other.
    #[error("the timers contradict each other: {0}")]
    Timers(String),
    /// The committer's thread was not started.
    #[error("cannot start a thread: {0}")]
    Thread(std::io::Error),
    /// The disk failed, or the records contradict each other.
    #[error("the database cannot be used: {0}")]
    Storage(String),
}

/// Why a proposal has no outcome.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ProposeError {
    /// Nothing was written: this node does not lead. Ask `leader`.
    #[error("this node is not the leader")]
    NotLeader {
        /// Who leads, if this node knows.
        leader: Option<NodeId>,
    },
    /// Nothing was written: this node leads, but has no quorum.
    #[error("the leader has no quorum")]
    NoQuorum,
    /// Nothing was written: it is too long.
    #[error("the change is {0} bytes long; at most {MAX_PROPOSAL_BYTES} are accepted")]
    TooLong(usize),
    /// It was written here, and may or may not be applied later. Propose it again with the same
    /// request id: it is applied once.
    #[error("it is not known whether the change was made")]
    Undecided,
    /// The engine has stopped; as for [`Self::Undecided`], what was under way may be applied.
    #[error("the engine of this node has stopped: {0}")]
    Stopped(Stopped),
}

/// Why a change of voters or learners was not made.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ChangeError {
    /// As for a proposal.
    #[error(transparent)]
    Propose(#[from] ProposeError),
    /// Another change is under way, or a new leader has not committed anything yet. Ask again.
    #[error("another change of the members is under way")]
    Busy,
    /// It cannot be made at all: a voter that is no learner yet, no voters left.
    #[error("{0}")]
    Impossible(String),
}

/// Why leadership was not handed over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransferError {
    /// This node does not lead.
    #[error("this node is not the leader")]
    NotLeader,
    /// The other node does not vote, or is this one.
    #[error("node number {0} is not another voter")]
    NotAVoter(NodeId),
    /// The other node has not answered lately, or is behind.
    #[error("node number {0} does not answer, or is behind")]
    NotReady(NodeId),
    /// The engine has stopped.
    #[error("the engine of this node has stopped")]
    Stopped,
}

impl<R: AsyncRuntime> Engine<R> {
    /// Starts on an opened database. Returns when the state is what it was known to be before:
    /// snapshot and log are applied as far as they were known to be committed. No peer is waited for.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(
        settings: EngineSettings,
        store: OpenStore,
        executor: Arc<dyn DiskExecutor>,
        transport: Arc<dyn Transport>,
        sink: Arc<dyn NoticeSink>,
    ) -> Result<Self, StartError> {
        Self::start_with_leases(settings, store, executor, transport, sink, Arc::new(NoLeases)).await
    }

    /// Starts an engine, as [`Self::start`] does; `hooks` is told what leases need of its messages.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start_with_leases(
        settings: EngineSettings,
        store: OpenStore,
        executor: Arc<dyn DiskExecutor>,
        transport: Arc<dyn Transport>,
        sink: Arc<dyn NoticeSink>,
        hooks: Arc<dyn LeaseHooks>,
    ) -> Result<Self, StartError> {
        let OpenStore { node, disk, log, snapshot } = store;
        let config = settings.config().map_err(|error| StartError::Timers(error.to_string()))?;
        executor
            .run(Box::pin(committer::run(Arc::clone(&disk), Arc::clone(&executor))))
            .map_err(StartError::Thread)?;
        let known =
            snapshot.as_ref().map(|(meta, state)| Known::new(state, meta.last_log_id)).unwrap_or_default();
        let (readers, states) = <WatchOf<Types<R>> as Watch>::channel(known);
        let machine = MachineStore::<R>::new(Arc::clone(&disk), snapshot, readers, sink);
        let logs = LogStore::new(Arc::clone(&disk), log);
        let quorum = Quorum::new(&settings);
        let peers = Peers { transport, quorum: Arc::clone(&quorum), hooks: Arc::clone(&hooks) };
        match Raft::<R>::new(node, Arc::new(config), peers, logs.clone(), machine).await {
            Ok(raft) => {
                quorum.runs(raft.metrics());
                let ended = Arc::new(AtomicBool::new(false));
                let _ends_with_the_core =
                    R::spawn(note_the_end::<R>(raft.server_metrics(), Arc::clone(&ended)));
                let base = <InstantOf<Types<R>> as Instant>::now();
                let shared = Shared { node, settings, raft, ended, disk, logs, states, base, hooks, quorum };
                Ok(Self(Arc::new(shared)))
            }
            Err(error) => {
                disk.close().await;
                Err(StartError::Storage(error.to_string()))
            }
        }
    }

    /// Forms a cluster of this node alone. Whether it was this call that did: a second one, also
    /// after a restart, changes nothing.
    ///
    /// # Errors
    /// [`ProposeError::Stopped`].
    pub async fn initialize(&self) -> Result<bool, ProposeError> {
        match self.0.raft.initialize(BTreeSet::from([self.0.node])).await {
            Ok(()) => Ok(true),
            Err(RaftError::APIError(InitializeError::NotAllowed(_) | InitializeError::NotInMembers(_))) => {
                Ok(false)
            }
            Err(RaftError::Fatal(fatal)) => Err(ProposeError::Stopped(self.stopped(&fatal))),
        }
    }

    /// Proposes a change and waits until it is applied here, at most `within`.
    ///
    /// # Errors
    /// [`ProposeError`]. A change that the state refuses is an [`Outcome`], not an error.
    pub async fn propose(&self, proposal: Proposal, within: Duration) -> Result<Outcome, ProposeError> {
        let bytes = Versioned::encode(&proposal).len();
        if bytes > MAX_PROPOSAL_BYTES {
            return Err(ProposeError::TooLong(bytes));
        }
        match R::timeout(within, self.0.raft.client_write(proposal)).await {
            Ok(Ok(written)) => Ok(written.data),
            Ok(Err(error)) => Err(self.not_written(&error)),
            Err(_late) => Err(ProposeError::Undecided),
        }
    }

    /// Acts on a message of the peer `from`, as the transport has authenticated it, and returns the
    /// answer to be sent back.
    ///
    /// # Errors
    /// [`RefusedMessage`]: it was not acted upon.
    pub async fn handle(&self, from: NodeId, message: &[u8]) -> Result<Vec<u8>, RefusedMessage> {
        let request: PeerRequest<R> = decode(message)?;
        let claimed = request.sender();
        if claimed != from {
            return Err(RefusedMessage::NotItsOwn { from, claimed });
        }
        if !request.is_consistent() {
            return Err(RefusedMessage::Contradictory(from));
        }
        let raft = &self.0.raft;
        let now = <InstantOf<Types<R>> as Instant>::now();
        let led_in = request.term_of_leader();
        if let Some(term) = led_in.filter(|term| !self.0.hooks.hears(*term)) {
            let why = format!("the leader of term {term} has been replaced");
            return encode(&Answer { reply: PeerReply::<R>::Stopped(why), evidence_ns: None });
        }
        let reply = match request {
            PeerRequest::Append { quorum_age_ms, request } => {
                let reply = if request.entries.is_empty() {
                    self.answer_heartbeat(request).await
                } else {
                    raft.append_entries(request).await
                };
                reply.map(|reply| {
                    if !matches!(reply, AppendEntriesResponse::HigherVote(_)) {
                        self.0.quorum.hear(from, now, quorum_age_ms.map(Duration::from_millis));
                    }
                    PeerReply::Append(reply)
                })
            }
            PeerRequest::Vote(request) => raft.vote(request).await.map(PeerReply::Vote),
            PeerRequest::PreVote(_) if self.0.quorum.holds_elections() => {
                Ok(PeerReply::Stopped(HOLDS_ELECTIONS.to_owned()))
            }
            PeerRequest::PreVote(request) => raft.pre_vote(request).await.map(PeerReply::Vote),
            PeerRequest::Transfer(request) => {
                raft.handle_transfer_leader(request).await.map(PeerReply::Transfer).map_err(RaftError::Fatal)
            }
            PeerRequest::Snapshot { vote, meta, state } => {
                let snapshot = super::types::Snapshot { meta, snapshot: state };
                raft.install_full_snapshot(vote, snapshot)
                    .await
                    .map(PeerReply::Snapshot)
                    .map_err(RaftError::Fatal)
            }
        };
        let reply = reply.unwrap_or_else(|error| PeerReply::<R>::Stopped(error.to_string()));
        // openraft carries out its commands in their order, and an answer waits for the vote written before
        // it: an answer that accepts implies that the term is on this disk. (A heartbeat that is answered
        // early looks at the vote on the disk itself.) Read last of all: what is accepted is answered now.
        let accepted = led_in.filter(|term| reply.accepts_leader(*term));
        let evidence = accepted.and_then(|term| self.0.hooks.answered_older(term));
        let evidence_ns = evidence.and_then(|age| u64::try_from(age.as_nanos()).ok());
        encode(&Answer { reply, evidence_ns })
    }

    /// openraft answers a heartbeat when everything it accepted before is on the disk, so a disk that
    /// stalls would cost a leader its quorum. A heartbeat asks only whether this node still holds to
    /// its leader. That it does is known as soon as openraft has looked at the heartbeat, provided
    /// that the vote which it holds to is on the disk.
    async fn answer_heartbeat(
        &self,
        request: AppendEntriesRequest<Types<R>>,
    ) -> Result<AppendEntriesResponse<Types<R>>, RaftError<Types<R>>> {
        let vote = request.vote;
        let answer = pin!(self.0.raft.append_entries(request));
        // Asked second, so it is answered when the heartbeat was looked at; polled second, so a
        // heartbeat that is refused is refused.
        let holds = pin!(self.0.raft.with_raft_state(move |state| *state.vote_ref() == vote));
        match select(answer, holds).await {
            Either::Left((answer, _)) => answer,
            Either::Right((Ok(true), _)) if self.0.logs.vote() == Some(vote) => {
                Ok(AppendEntriesResponse::Success)
            }
            Either::Right((_, answer)) => answer.await,
        }
    }

    /// The state as this node has applied it.
    #[must_use]
    pub fn state(&self) -> Arc<ClusterState> {
        Arc::clone(&self.0.states.borrow_watched().state)
    }

    pub(super) fn known(&self) -> (Arc<ClusterState>, Option<u64>) {
        let known = self.0.states.borrow_watched();
        (Arc::clone(&known.state), known.term)
    }

    pub(super) fn metrics(&self) -> RaftMetrics<Types<R>> {
        self.0.raft.metrics().borrow_watched().clone()
    }

    pub(super) fn metrics_receiver(&self) -> WatchReceiverOf<Types<R>, RaftMetrics<Types<R>>> {
        self.0.raft.metrics()
    }

    /// Whether openraft's core goes on. One that panicked leaves its last metrics behind as they were: they
    /// would have it lead for ever.
    pub(super) fn runs(&self, metrics: &RaftMetrics<Types<R>>) -> bool {
        metrics.running_state.is_ok() && !self.0.ended.load(Ordering::Relaxed)
    }

    pub(super) async fn trigger_heartbeat(&self) {
        // One that has ended has nobody to tell.
        let _ = self.0.raft.trigger().heartbeat().await;
    }

    /// Nanoseconds since the engine began, and one: what was before it counts as nothing.
    pub(super) fn mark(&self, at: InstantOf<Types<R>>) -> u64 {
        if at < self.0.base {
            return 0;
        }
        u64::try_from((at - self.0.base).as_nanos()).unwrap_or(u64::MAX).saturating_add(1)
    }

    /// Follows the state from now on.
    #[must_use]
    pub fn changes(&self) -> Changes<R> {
        Changes(self.0.states.clone())
    }

    /// Where this node stands.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let metrics = self.0.raft.metrics().borrow_watched().clone();
        let node = self.0.node;
        let panicked = self.0.ended.load(Ordering::Relaxed).then_some(&Fatal::Panicked);
        let stopped = metrics.running_state.as_ref().err().or(panicked).map(|fatal| self.stopped(fatal));
        let role = match metrics.state {
            _ if stopped.is_some() => Role::Stopped,
            ServerState::Leader => Role::Leader,
            ServerState::Candidate => Role::Candidate,
            ServerState::Follower => Role::Follower,
            ServerState::Learner => Role::Learner,
            ServerState::Shutdown => Role::Stopped,
        };
        let members = metrics.membership_config.membership();
        let voters: BTreeSet<NodeId> = members.voter_ids().collect();
        let quorum = &self.0.quorum;
        let (leader_age, quorum_age) = match role {
            Role::Leader => (None, quorum.age_as_leader()),
            _ => quorum.ages_as_follower(metrics.current_leader),
        };
        Standing {
            node,
            role,
            term: metrics.current_term,
            leader: metrics.current_leader,
            quorum_age,
            leader_age,
            last_log: metrics.last_log_index,
            applied: metrics.last_applied.map(|id| id.index),
            learners: members.learner_ids().collect(),
            changing: members.get_joint_config().len() > 1
                || metrics.membership_config.log_id() != metrics.committed_membership_config.log_id(),
            peers: peers(&metrics),
            voters,
            stopped,
        }
    }

    /// Lets `node` follow without a vote. Returns when that is committed, at most `within`; the
    /// node may still have to catch up ([`Standing::caught_up`]).
    ///
    /// # Errors
    /// [`ChangeError`].
    pub async fn add_learner(&self, node: NodeId, within: Duration) -> Result<(), ChangeError> {
        self.change(ChangeMembers::AddNodes(BTreeMap::from([(node, ())])), true, within).await
    }

    /// Makes these nodes the voters. Each is a learner or a voter already; a voter that is not
    /// named stays as a learner.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub async fn change_voters(&self, voters: BTreeSet<NodeId>, within: Duration) -> Result<(), ChangeError> {
        self.change(ChangeMembers::ReplaceAllVoters(voters), true, within).await
    }

    /// Removes `node`, voter or learner; one that is neither is removed already.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub async fn remove(&self, node: NodeId, within: Duration) -> Result<(), ChangeError> {
        let (standing, gone) = (self.standing(), BTreeSet::from([node]));
        if standing.voters.contains(&node) {
            self.change(ChangeMembers::RemoveVoters(gone), false, within).await
        } else if standing.learners.contains(&node) {
            self.change(ChangeMembers::RemoveNodes(gone), true, within).await
        } else {
            Ok(())
        }
    }

    /// `keep`: whether a voter that loses its vote stays as a learner.
    async fn change(
        &self,
        change: ChangeMembers<NodeId, ()>,
        keep: bool,
        within: Duration,
    ) -> Result<(), ChangeError> {
        let changed = R::timeout(within, self.0.raft.change_membership(change, keep)).await;
        let error = match changed {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(error)) => error,
            Err(_late) => return Err(ProposeError::Undecided.into()),
        };
        match error.api_error() {
            Some(ClientWriteError::ChangeMembershipError(
                ChangeMembershipError::InProgress(_) | ChangeMembershipError::UncommittedLeaderLog(_),
            )) => Err(ChangeError::Busy),
            Some(ClientWriteError::ChangeMembershipError(other)) => {
                Err(ChangeError::Impossible(other.to_string()))
            }
            _ => Err(self.not_written(&error).into()),
        }
    }

    /// Hands leadership to another voter, which takes over within about one round trip.
    ///
    /// Only to a voter that answers and is not behind: from the moment it asks, this leader takes
    /// no more writes, and a node that cannot be elected would leave it so.
    ///
    /// # Errors
    /// [`TransferError`]; nothing was done.
    pub async fn transfer_leadership(&self, to: NodeId) -> Result<(), TransferError> {
        let standing = self.standing();
        if standing.role != Role::Leader {
            return Err(TransferError::NotLeader);
        }
        if to == self.0.node || !standing.voters.contains(&to) {
            return Err(TransferError::NotAVoter(to));
        }
        let lease = self.0.settings.election_max;
        let answers =
            standing.peers.get(&to).and_then(|peer| peer.answered_age).is_some_and(|age| age <= lease);
        if !answers || !standing.caught_up(to) || !standing.quorum_within(lease) || standing.changing {
            return Err(TransferError::NotReady(to));
        }
        self.0.raft.trigger().transfer_leader(to).await.map_err(|_| TransferError::Stopped)
    }

    /// Stops in order, writes what is queued and closes the file: its lock is free when this returns.
    pub async fn shutdown(&self) {
        // The core's task is joined; that it panicked is in `standing` already.
        let _ = self.0.raft.shutdown().await;
        self.0.disk.close().await;
    }

    fn not_written(&self, error: &WriteError<R>) -> ProposeError {
        match error {
            RaftError::Fatal(fatal) => ProposeError::Stopped(self.stopped(fatal)),
            RaftError::APIError(ClientWriteError::ForwardToLeader(ForwardToLeader {
                reason: ForwardReason::LeaseExpired,
                ..
            })) => ProposeError::NoQuorum,
            RaftError::APIError(ClientWriteError::ForwardToLeader(forward)) => {
                // A leader that is handing over names its successor, which may not lead yet.
                ProposeError::NotLeader { leader: forward.leader_id.filter(|leader| *leader != self.0.node) }
            }
            RaftError::APIError(_) => ProposeError::Undecided,
        }
    }

    fn stopped(&self, fatal: &Fatal<Types<R>>) -> Stopped {
        // The disk knows the kind of error, openraft only its text.
        match (self.0.disk.failure(), fatal) {
            (Some(failure), _) => Stopped::Storage(failure),
            (None, Fatal::Stopped) => Stopped::Shutdown,
            (None, Fatal::StorageError(error)) => {
                Stopped::Storage(Failure::other("using the database", error.to_string()))
            }
            (None, Fatal::Panicked) => Stopped::Internal("the replication task panicked".to_owned()),
        }
    }
}

/// Waits until the sender is gone.
async fn note_the_end<R: AsyncRuntime>(mut metrics: ServerMetrics<R>, ended: Arc<AtomicBool>) {
    while metrics.changed().await.is_ok() {}
    ended.store(true, Ordering::Relaxed);
}

fn peers<R: AsyncRuntime>(metrics: &RaftMetrics<Types<R>>) -> BTreeMap<NodeId, PeerStanding> {
    let answered = metrics.heartbeat.as_ref();
    let replicated = metrics.replication.iter().flatten();
    replicated
        .filter(|(node, _)| **node != metrics.id)
        .map(|(node, matched)| {
            let at = answered.and_then(|all| all.get(node).copied().flatten());
            let peer =
                PeerStanding { matched: matched.map(|id| id.index), answered_age: at.map(|at| at.elapsed()) };
            (*node, peer)
        })
        .collect()
}

/// Follows the state. Only the newest is seen; what came in between is skipped.
pub struct Changes<R: AsyncRuntime>(WatchReceiverOf<Types<R>, Known>);

impl<R: AsyncRuntime> Changes<R> {
    /// Waits for a state that was not seen here yet; `None` once the engine has ended.
    pub async fn next(&mut self) -> Option<Arc<ClusterState>> {
        self.0.changed().await.ok()?;
        Some(Arc::clone(&self.0.borrow_watched().state))
    }
}

impl<R: AsyncRuntime> Clone for Engine<R> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<R: AsyncRuntime> Drop for Shared<R> {
    fn drop(&mut self) {
        drop(self.disk.close());
    }
}

//! The state machine, as openraft wants it.
//!
//! The state lives in memory and is shared as an `Arc`; what is on the disk is the log and, now
//! and then, a snapshot. After a restart the state is the snapshot plus the log up to the stored
//! commit pointer; the entries behind that are applied once a leader says that they are committed.

use super::BoxFuture;
use super::disk::{Disk, Write};
use super::record::{self, Name};
use super::types::{LogId, Snapshot, SnapshotData, SnapshotMeta, StoredMembership, Types};
use super::verify::StoredSnapshot;
use crate::machine;
use events::Draft;
use futures::{Stream, TryStreamExt};
use model::stored::Outcome;
use model::{Revision, Timestamp};
use openraft::alias::WatchSenderOf;
use openraft::async_runtime::{AsyncRuntime, WatchSender};
use openraft::storage::{EntryResponder, RaftStateMachine};
use openraft::{EntryPayload, OptionalSend, RaftSnapshotBuilder};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

/// Is told of every accepted change, on every node, in order.
///
/// Changes that were applied before a restart may be told of again, with the same revision, and
/// changes that reached this node inside a snapshot are not told of at all.
pub trait NoticeSink: Send + Sync + 'static {
    /// The change to `revision`, proposed at `at`. Must not block; called before the change is
    /// acknowledged.
    fn deliver(&self, revision: Revision, at: Timestamp, notices: Vec<Draft>);

    /// Ready when everything delivered so far would survive a crash. Awaited before a snapshot
    /// replaces the log, out of which it could have been delivered again.
    fn settled(&self) -> BoxFuture<()>;
}

/// The newest snapshot on the disk, in memory too: it is small, and peers ask for it.
type Newest = Arc<Mutex<Option<(SnapshotMeta, SnapshotData)>>>;

/// A state, and the term of the latest entry in it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    pub(crate) state: SnapshotData,
    pub(crate) term: Option<u64>,
}

impl Known {
    pub(crate) fn new(state: &SnapshotData, applied: Option<LogId>) -> Self {
        Self { state: Arc::clone(state), term: applied.map(|id| id.leader_id.term) }
    }
}

/// The state machine of one node.
pub(crate) struct MachineStore<R: AsyncRuntime> {
    state: SnapshotData,
    applied: Option<LogId>,
    membership: StoredMembership,
    /// Locked only because not every runtime's sender may be shared, and openraft asks for it.
    readers: Mutex<WatchSenderOf<Types<R>, Known>>,
    sink: Arc<dyn NoticeSink>,
    disk: Arc<Disk>,
    newest: Newest,
}

impl<R: AsyncRuntime> MachineStore<R> {
    /// A machine in the state of `snapshot`. Every newer state is sent to `readers`.
    pub(crate) fn new(
        disk: Arc<Disk>,
        snapshot: Option<(SnapshotMeta, SnapshotData)>,
        readers: WatchSenderOf<Types<R>, Known>,
        sink: Arc<dyn NoticeSink>,
    ) -> Self {
        let (meta, state) = snapshot.clone().unwrap_or_default();
        Self {
            state,
            applied: meta.last_log_id,
            membership: meta.last_membership,
            readers: Mutex::new(readers),
            sink,
            disk,
            newest: Arc::new(Mutex::new(snapshot)),
        }
    }

    fn publish(&self) {
        let readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        // Without a reader there is nobody to tell.
        let _ = readers.send(Known::new(&self.state, self.applied));
    }
}

impl<R: AsyncRuntime> RaftStateMachine<Types<R>> for MachineStore<R> {
    type SnapshotData = SnapshotData;
    type SnapshotBuilder = SnapshotBuilder;

    async fn applied_state(&mut self) -> io::Result<(Option<LogId>, StoredMembership)> {
        Ok((self.applied, self.membership.clone()))
    }

    async fn apply<S>(&mut self, mut entries: S) -> io::Result<()>
    where
        S: Stream<Item = io::Result<EntryResponder<Types<R>>>> + Unpin + OptionalSend,
    {
        let mut answers = Vec::new();
        while let Some((entry, responder)) = entries.try_next().await? {
            self.applied = Some(entry.log_id);
            let outcome = match entry.payload {
                EntryPayload::Blank => Outcome::Nothing,
                EntryPayload::Membership(membership) => {
                    self.membership = StoredMembership::new(Some(entry.log_id), membership);
                    Outcome::Nothing
                }
                EntryPayload::Normal(proposal) => {
                    let state = Arc::make_mut(&mut self.state);
                    let (outcome, notices) = machine::apply(state, &proposal);
                    if !notices.is_empty() {
                        let told = |draft: Draft| draft.at_revision(state.revision);
                        self.sink.deliver(
                            state.revision,
                            proposal.at,
                            notices.into_iter().map(told).collect(),
                        );
                    }
                    outcome
                }
            };
            answers.extend(responder.map(|responder| (responder, outcome)));
        }
        // Published first: whoever is answered reads his own write.
        self.publish();
        for (responder, outcome) in answers {
            responder.send(outcome);
        }
        Ok(())
    }

    async fn get_snapshot_builder(&mut self) -> SnapshotBuilder {
        SnapshotBuilder {
            meta: SnapshotMeta { last_log_id: self.applied, last_membership: self.membership.clone() },
            state: Arc::clone(&self.state),
            sink: Arc::clone(&self.sink),
            disk: Arc::clone(&self.disk),
            newest: Arc::clone(&self.newest),
        }
    }

    async fn install_snapshot(&mut self, meta: &SnapshotMeta, state: SnapshotData) -> io::Result<()> {
        store(&self.disk, &self.newest, meta, &state).await?;
        self.applied = meta.last_log_id;
        self.membership = meta.last_membership.clone();
        self.state = state;
        self.publish();
        Ok(())
    }

    async fn get_current_snapshot(&mut self) -> io::Result<Option<Snapshot>> {
        let newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(newest.clone().map(|(meta, snapshot)| Snapshot { meta, snapshot }))
    }
}

/// A view of the state as of one entry, to be written while the machine goes on.
pub(crate) struct SnapshotBuilder {
    meta: SnapshotMeta,
    state: SnapshotData,
    sink: Arc<dyn NoticeSink>,
    disk: Arc<Disk>,
    newest: Newest,
}

impl<R: AsyncRuntime> RaftSnapshotBuilder<Types<R>> for SnapshotBuilder {
    type SnapshotData = SnapshotData;

    async fn build_snapshot(&mut self) -> io::Result<Snapshot> {
        self.sink.settled().await;
        store(&self.disk, &self.newest, &self.meta, &self.state).await?;
        Ok(Snapshot { meta: self.meta.clone(), snapshot: Arc::clone(&self.state) })
    }
}

/// Writes a snapshot, unless a newer one is there: a snapshot that was being built while one from
/// the leader was installed must not bring back a state whose log is gone.
async fn store(disk: &Disk, newest: &Newest, meta: &SnapshotMeta, state: &SnapshotData) -> io::Result<()> {
    let written = {
        // Compared and queued under one lock, so that the queue holds them in their order.
        let mut newest = newest.lock().unwrap_or_else(PoisonError::into_inner);
        if newest.as_ref().is_some_and(|(there, _)| there.last_log_id >= meta.last_log_id) {
            return Ok(());
        }
        *newest = Some((meta.clone(), Arc::clone(state)));
        let document = StoredSnapshot { meta: meta.clone(), state: state.as_ref() };
        disk.write(vec![Write::Single(Name::Snapshot, record::seal(Name::Snapshot, &document))])
    };
    Ok(written.await?)
}

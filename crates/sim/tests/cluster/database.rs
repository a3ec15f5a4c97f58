//! A node's database: the real engine with the real machine and redb, on a simulated disk, with the hooks of
//! leases as the daemon has them.
//!
//! Its tasks belong to the daemon's process: they freeze and die with it. A killed daemon leaves what it has
//! written to the disk's cache, a machine without power what was synced, and of the rest what the dice leave.

use crate::broken::Broken;
use crate::cluster::{id, index};
use crate::world::{Handle, World};
use futures::channel::oneshot;
use futures::future::{Either, pending, select};
use model::stored::{ClusterState, Command, CopyStage, Outcome, Proposal};
use model::{NodeId, RequestId, Revision, Timestamp};
use openraft::async_runtime::AsyncRuntime;
use sim::disk::{Power, SimFile};
use sim::runtime::{Machines, Process};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use store::engine::{
    BoxFuture, DiskExecutor, Engine, EngineSettings, LeaseHooks, NoticeSink, OpenError, Role, StartError,
    Transport, TransportError, open_backend,
};

pub(crate) type SimEngine = Engine<Machines>;

/// By what proposals are told apart that wait for their outcome.
pub(crate) type Waiting = BTreeMap<RequestId, crate::shell::Asker>;

/// How long a daemon waits before it opens a database again whose disk failed.
const REOPEN_US: (u64, u64) = (100_000, 600_000);

/// Runs a task that ends by itself, or with its process.
pub(crate) fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    drop(Machines::spawn(task));
}

pub(crate) async fn sleep_us(us: u64) {
    Machines::sleep(Duration::from_micros(us)).await;
}

impl World {
    pub(crate) fn process(&self, node: usize) -> Process {
        Process { machine: node as u64, life: self.daemons[node].life }
    }

    /// A daemon opens its database.
    pub(crate) fn start_database(&mut self, node: usize) {
        let (handle, process) = (self.handle(), self.process(node));
        process.begin();
        process.enter(|| spawn(run(handle, node)));
    }

    fn engine(&self, node: usize) -> Option<&SimEngine> {
        self.daemons[node].engine.as_ref()
    }

    /// Who leads, as far as this node knows.
    pub(crate) fn leader(&self, node: usize) -> Option<usize> {
        self.engine(node)?.standing().leader.map(index)
    }

    /// The term that this node leads, as far as it knows.
    pub(crate) fn leads(&self, node: usize) -> Option<u64> {
        Some(self.engine(node)?.leading()?.term)
    }

    /// Whether a majority stands behind the leader that this node is, or hears.
    pub(crate) fn has_quorum(&self, node: usize) -> bool {
        let most = self.timers.election_max * 2;
        self.engine(node).is_some_and(|engine| engine.standing().quorum_within(most))
    }

    /// A reading of the clock that dates rounds.
    pub(crate) fn mark(&self, node: usize) -> u64 {
        self.engine(node).map_or(0, SimEngine::mark_now)
    }

    /// As the leader of that term: what was sent at this reading a majority has answered.
    pub(crate) fn quorum_mark(&self, node: usize, term: u64) -> Option<u64> {
        self.engine(node)?.quorum_mark(term)
    }

    /// The state as it is applied here, and the term of its latest entry.
    pub(crate) fn applied_here(&self, node: usize) -> (Arc<ClusterState>, u64) {
        let (state, term) = self.engine(node).map(SimEngine::applied).unwrap_or_default();
        (state, term.unwrap_or(0))
    }

    /// Who votes.
    pub(crate) fn electorates(&self, node: usize) -> Vec<BTreeSet<NodeId>> {
        match self.broken {
            Broken::EvidenceOfOne => vec![BTreeSet::from([id(node)])],
            _ => self.engine(node).and_then(|engine| Some(engine.leading()?.electorates)).unwrap_or_default(),
        }
    }

    /// As the leader: into the log. What becomes of it is told to whoever waits for it.
    pub(crate) fn propose(&mut self, node: usize, proposal: Arc<Proposal>, within: Duration) -> bool {
        let Some(engine) = self.engine(node).cloned().filter(|engine| engine.leading().is_some()) else {
            return false;
        };
        let handle = self.handle();
        self.process(node).enter(|| {
            spawn(async move {
                let request = proposal.request;
                let became = engine.propose((*proposal).clone(), within).await.ok();
                let Some(handle) = handle.get() else { return };
                handle.lock().decided_here(node, request, became.as_ref());
                // The others learn at once what is committed, not with the next heartbeat.
                engine.beat_now().await;
            });
        });
        true
    }

    /// What a node shows of its database goes to the oracle.
    fn shows(&mut self, node: usize, state: &ClusterState) {
        self.oracle.applied(state);
        self.tell_people(node, || {
            let copy = |(owner, copy): (&NodeId, &model::stored::CopyRecord)| {
                let stage = if copy.stage == CopyStage::Held { "" } else { "-" };
                format!("{stage}{owner}:{}", copy.generation)
            };
            let of = |(group, record): (&model::GroupName, &model::stored::GroupRecord)| {
                let copies: Vec<String> = record.copies.iter().map(copy).collect();
                format!("{group} {}", copies.join(" "))
            };
            let groups: Vec<String> = state.groups.iter().map(of).collect();
            format!("shows {}: {}", state.revision, groups.join(", "))
        });
    }
}

/// The database of one life of a daemon. One that its disk has stopped is opened again.
async fn run(handle: Handle, node: usize) {
    loop {
        let Some((engine, power)) = start(&handle, node).await else { return };
        follow(&handle, node, &engine).await;
        let Some(world) = handle.get() else { return };
        let wait_us = {
            let mut world = world.lock();
            world.daemons[node].engine = None;
            world.reopened += 1;
            world.tell_people(node, || "its database stopped".to_owned());
            world.dice.within(REOPEN_US.0, REOPEN_US.1)
        };
        power.cut();
        drop(world);
        engine.shutdown().await;
        drop(engine);
        sleep_us(wait_us).await;
    }
}

/// Opens the database as soon as its disk lets it.
async fn start(handle: &Handle, node: usize) -> Option<(SimEngine, Power)> {
    loop {
        let (file, power, settings) = {
            let world = handle.get()?;
            let world = world.lock();
            let (file, power) = world.machines[node].disk.open();
            (file, power, world.engine_settings())
        };
        match open(handle, node, file, settings).await {
            Ok(engine) => {
                let world = handle.get()?;
                let mut world = world.lock();
                world.daemons[node].engine = Some(engine.clone());
                world.wakes_up(node);
                return Some((engine, power));
            }
            // The disk is full, or fails.
            Err(None) => sleep_us(200_000).await,
            Err(Some(why)) => {
                let world = handle.get()?;
                let mut world = world.lock();
                let at_us = world.now_us;
                world.oracle.violations.push(format!("at {at_us} us node {node} does not open: {why}"));
                return None;
            }
        }
    }
}

async fn open(
    handle: &Handle,
    node: usize,
    file: SimFile,
    settings: EngineSettings,
) -> Result<SimEngine, Option<String>> {
    let store = open_backend(file, id(node), "cluster.db").map_err(|error| match error {
        OpenError::Io { .. } => None,
        error => Some(error.to_string()),
    })?;
    let executor = Arc::new(Spindle { handle: handle.clone(), node });
    let wire = Arc::new(Wire { handle: handle.clone(), node });
    let hooks = Arc::new(Hooks { handle: handle.clone(), node });
    let started =
        SimEngine::start_with_leases(settings, store, executor, wire, Arc::new(Nobody), hooks).await;
    started.map_err(|error| match error {
        StartError::Storage(_) => None,
        error => Some(error.to_string()),
    })
}

/// Follows what the engine shows, until it stops: what the daemon's engine and leases do.
async fn follow(handle: &Handle, node: usize, engine: &SimEngine) {
    let (mut changes, mut moves) = (engine.changes(), engine.quorum_moves());
    let beat = {
        let Some(world) = handle.get() else { return };
        let mut world = world.lock();
        world.leading_moves(node);
        world.timers.heartbeat
    };
    loop {
        let moved = {
            let (change, moved, late) = (changes.next(), moves.next(), Machines::sleep(beat));
            let (change, moved, late) = (pin!(change), pin!(moved), pin!(late));
            match select(change, select(moved, late)).await {
                Either::Left((None, _)) | Either::Right((Either::Left((None, _)), _)) => return,
                Either::Left((Some(state), _)) => Some(state),
                Either::Right(_) => None,
            }
        };
        if engine.standing().role == Role::Stopped {
            return;
        }
        let Some(world) = handle.get() else { return };
        let mut world = world.lock();
        world.leading_moves(node);
        if let Some(state) = moved {
            world.shows(node, &state);
            world.database_changed(node);
        }
    }
}

/// The disk's time.
struct Spindle {
    handle: Handle,
    node: usize,
}

impl DiskExecutor for Spindle {
    fn run(&self, committer: BoxFuture<()>) -> io::Result<()> {
        spawn(committer);
        Ok(())
    }

    fn latency(&self) -> BoxFuture<()> {
        let Some(world) = self.handle.get() else { return Box::pin(pending()) };
        let mut world = world.lock();
        let (least, most) = world.machines[self.node].disk_us;
        Box::pin(sleep_us(world.dice.within(least, most)))
    }
}

/// Nobody reads the events here.
struct Nobody;

impl NoticeSink for Nobody {
    fn deliver(&self, _: Revision, _: Timestamp, _: Vec<events::Draft>) {}

    fn settled(&self) -> BoxFuture<()> {
        Box::pin(std::future::ready(()))
    }
}

/// What the engine tells of its messages.
struct Hooks {
    handle: Handle,
    node: usize,
}

impl LeaseHooks for Hooks {
    fn hears(&self, term: u64) -> bool {
        let Some(world) = self.handle.get() else { return false };
        let mut world = world.lock();
        let now = world.now(self.node);
        // Where it is broken, it notes nothing.
        world.broken == Broken::VoterAnswersBoth || world.daemons[self.node].voter.hears(now, term).is_ok()
    }

    fn answered_older(&self, term: u64) -> Option<Duration> {
        let world = self.handle.get()?;
        let mut world = world.lock();
        let now = world.now(self.node);
        world.daemons[self.node].voter.evidence(now, term)
    }

    fn evidence(&self, term: u64, voter: NodeId, age: Duration) {
        if let Some(world) = self.handle.get() {
            world.lock().evidence(self.node, term, voter, age);
        }
    }
}

/// A node's way to the others' databases.
struct Wire {
    handle: Handle,
    node: usize,
}

impl Transport for Wire {
    fn send(
        &self,
        to: NodeId,
        message: Vec<u8>,
        within: Duration,
    ) -> BoxFuture<Result<Vec<u8>, TransportError>> {
        let (handle, from, to) = (self.handle.clone(), self.node, index(to));
        Box::pin(async move {
            Machines::timeout(within, exchange(handle, from, to, message))
                .await
                .unwrap_or_else(|_| Err(TransportError::Interrupted("no answer in time".to_owned())))
        })
    }
}

async fn exchange(
    handle: Handle,
    from: usize,
    to: usize,
    message: Vec<u8>,
) -> Result<Vec<u8>, TransportError> {
    pass(&handle, from, to).await;
    let answer = {
        let Some(world) = handle.get() else { return pending().await };
        let mut world = world.lock();
        if world.is_bad() && world.dice.per_mille(10) {
            let later_us = world.dice.within(100, 1_000_000);
            spawn(again(handle.clone(), (from, to), message.clone(), later_us));
        }
        world.deliver(from, to, message)
    };
    let Some(answer) = answer else {
        return Err(TransportError::Unreachable("connection refused".to_owned()));
    };
    // It dies before it has answered, or is silent.
    let Ok(answer) = answer.await else { return pending().await };
    pass(&handle, to, from).await;
    answer.map_err(TransportError::Interrupted)
}

/// The same request arrives again, when it may mean nothing any more.
async fn again(handle: Handle, (from, to): (usize, usize), message: Vec<u8>, later_us: u64) {
    sleep_us(later_us).await;
    if let Some(world) = handle.get() {
        // Whatever the answer: nobody waits for it.
        drop(world.lock().deliver(from, to, message));
    }
}

/// One way of a message. One that is cut off never arrives, and its sender waits in vain.
async fn pass(handle: &Handle, from: usize, to: usize) {
    let delay_us = handle.get().and_then(|world| world.lock().delay_us(from, to));
    match delay_us {
        Some(delay_us) => sleep_us(delay_us).await,
        None => pending().await,
    }
}

impl World {
    /// A message reaches a process, which reads it when it is not frozen. Nothing: nobody is there.
    fn deliver(
        &mut self,
        from: usize,
        to: usize,
        message: Vec<u8>,
    ) -> Option<oneshot::Receiver<Result<Vec<u8>, String>>> {
        let daemon = &self.daemons[to];
        let engine = daemon.engine.clone().filter(|_| daemon.up)?;
        let (says, hears) = oneshot::channel();
        self.process(to).enter(|| {
            spawn(async move {
                let answer = engine.handle(id(from), &message).await;
                // Whoever asked may have gone.
                let _ = says.send(answer.map_err(|refused| refused.to_string()));
            });
        });
        Some(hears)
    }

    fn engine_settings(&self) -> EngineSettings {
        let timers = &self.timers;
        EngineSettings {
            // So often that every run has some.
            snapshot_every: 60,
            log_kept: 15,
            ..EngineSettings::with_timers(timers.heartbeat, timers.election_min, timers.election_max)
        }
    }
}

/// Everybody has the database with which all begins: formed, joined, and with the file in it. By the
/// administrator's commands, before anything else happens.
pub(crate) async fn found(handle: &Handle) {
    let engines = loop {
        let Some(world) = handle.get() else { return };
        let engines: Option<Vec<SimEngine>> =
            world.lock().daemons.iter().map(|one| one.engine.clone()).collect();
        if let Some(engines) = engines {
            break engines;
        }
        drop(world);
        sleep_us(1_000).await;
    };
    let first = &engines[0];
    first.initialize().await.expect("a first node forms a cluster");
    let commands = {
        let world = handle.get().expect("the world goes on");
        let mut world = world.lock();
        let spec = (*world.spec).clone();
        let commands = crate::cluster::founding(engines.len(), spec, &world.means());
        let at = Timestamp::from_unix_ms(1_000);
        commands.into_iter().map(|command| world.proposal(0, command, at)).collect::<Vec<Arc<Proposal>>>()
    };
    for proposal in commands {
        loop {
            match first.propose((*proposal).clone(), Duration::from_secs(5)).await {
                Ok(Outcome::Done { .. }) => break,
                Ok(refused) => panic!("{proposal}: {refused:?}"),
                Err(_) => sleep_us(10_000).await,
            }
        }
    }
    let all: BTreeSet<NodeId> = (0..engines.len()).map(id).collect();
    for node in 1..engines.len() {
        first.add_learner(id(node), Duration::from_secs(5)).await.expect("a node learns");
    }
    first.change_voters(all, Duration::from_secs(5)).await.expect("all vote");
    let revision = first.state().revision;
    while engines.iter().any(|engine| engine.state().revision < revision || engine.standing().changing) {
        sleep_us(5_000).await;
    }
}

/// Commands that a broken leader gives out before it may.
pub(crate) fn revoked_first(state: &ClusterState, command: &Command) -> Vec<Command> {
    let Command::Own { group, node, .. } = command else { return Vec::new() };
    let Some(record) = state.groups.get(group) else { return Vec::new() };
    let others = record.copies.iter().filter(|(owner, _)| *owner != node);
    others
        .map(|(owner, copy)| Command::Revoke { node: *owner, copies: vec![(group.clone(), copy.generation)] })
        .collect()
}

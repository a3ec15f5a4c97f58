//! A node: starting its process on its disk, and watching what it shows.

use crate::disk::{Power, SimDisk, Sync};
use crate::history::{Seen, Told};
use crate::leases::Keeper;
use crate::network::Wire;
use crate::scenario::Mutation;
use crate::world::{Machine, Process, SimEngine, World, sleep, spawn};
use events::Draft;
use model::stored::ClusterState;
use model::{NodeId, RequestId, Revision, Timestamp};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use store::engine::{
    BoxFuture, DiskExecutor, NoticeSink, OpenError, Role, StartError, Stopped, create_backend, open_backend,
};

/// How long a transaction takes on a healthy disk, in microseconds at most.
pub const DISK_MICROS: u64 = 2_000;

impl World {
    /// A new machine with an empty database, of a node number never used before.
    pub(crate) fn add_machine(&self) -> NodeId {
        let sync = match self.mutation {
            Some(Mutation::SyncLies) => Sync::Lies,
            Some(Mutation::AcknowledgeBeforeFlush) => Sync::Late,
            Some(Mutation::WriteBackSkipped) => Sync::OfChanges,
            _ => Sync::Honest,
        };
        let disk = SimDisk::new(self.dice.clone(), sync);
        let mut inner = self.lock();
        let node = NodeId(inner.next_node);
        inner.next_node += 1;
        let (file, power) = disk.open();
        create_backend(file, node, "new").expect("an empty disk takes a database");
        power.cut();
        let disk_micros = Arc::new(AtomicU64::new(DISK_MICROS));
        let machine = Machine { disk, disk_micros, lives: 0, process: None, old_vote: None };
        inner.machines.insert(node, machine);
        node
    }

    /// Starts the process of a node. Whether it runs then: a disk may be full.
    pub(crate) async fn start(&self, node: NodeId) -> bool {
        let (file, power, disk_micros, life) = {
            let mut inner = self.lock();
            let Some(machine) = inner.machines.get_mut(&node) else { return false };
            if self.mutation == Some(Mutation::VoteForgotten) {
                crate::scenario::forget_vote(&machine.disk, &mut machine.old_vote);
            }
            machine.lives += 1;
            let (file, power) = machine.disk.open();
            (file, power, Arc::clone(&machine.disk_micros), machine.lives)
        };
        let store = match open_backend(file, node, "cluster.db") {
            Ok(store) => store,
            Err(OpenError::Io { .. }) => return false,
            Err(error) => {
                self.alarm(format!("{node:?} does not open: {error}"));
                return false;
            }
        };
        let executor = Spindle { world: self.clone(), disk_micros };
        let wire = Wire { world: self.clone(), from: node, power: power.clone() };
        let log = EventLog { world: self.clone(), node, life, power: power.clone() };
        let settings = self.lock().settings;
        let keeper = Keeper::new(self, node, power.clone());
        let hooks: Arc<Keeper> = Arc::clone(&keeper);
        let (executor, wire, log) = (Arc::new(executor), Arc::new(wire), Arc::new(log));
        let started = SimEngine::start_with_leases(settings, store, executor, wire, log, hooks).await;
        let engine = match started {
            Ok(engine) => engine,
            // The disk failed meanwhile, or the power.
            Err(StartError::Storage(_)) if !power.is_on() => return false,
            Err(error) => {
                self.note(format_args!("{node} does not start: {error}"));
                return false;
            }
        };
        let process = Process { engine, power, life };
        self.watch(node, &process);
        spawn(keeper.keep(process.engine.clone()));
        self.note(format_args!("{node} runs, life {life}"));
        self.count(if life > 1 { "restarts" } else { "starts" });
        if let Some(machine) = self.lock().machines.get_mut(&node) {
            machine.process = Some(process);
        }
        true
    }

    /// Takes a process off its machine. Its tasks end in the background.
    pub(crate) fn bury(&self, node: NodeId) {
        let process = self.lock().machines.get_mut(&node).and_then(|machine| machine.process.take());
        let Some(process) = process else { return };
        self.note(format_args!("{node} is down, life {}", process.life));
        if process.power.is_on() {
            process.power.cut();
        }
        spawn(async move { process.engine.shutdown().await });
    }

    /// Buries whoever has lost power, and whoever has stopped by itself.
    pub(crate) fn bury_the_dead(&self) {
        let machines: Vec<(NodeId, Process)> = {
            let inner = self.lock();
            inner
                .machines
                .iter()
                .filter_map(|(node, machine)| Some((*node, machine.process.clone()?)))
                .collect()
        };
        for (node, process) in machines {
            let standing = process.engine.standing();
            if let Some(Stopped::Internal(what)) = &standing.stopped {
                self.alarm(format!("{node:?} stopped: {what}"));
            }
            if !process.power.is_on() {
                self.count("power lost or processes killed");
                self.bury(node);
            } else if standing.stopped.is_some() {
                self.count("engines stopped by their disk");
                self.bury(node);
            }
        }
    }

    /// Notes every state that a process shows, as long as it lives.
    fn watch(&self, node: NodeId, process: &Process) {
        let (world, process) = (self.clone(), process.clone());
        spawn(async move {
            let mut changes = process.engine.changes();
            drop(process.engine);
            while let Some(state) = changes.next().await {
                if !process.power.is_on() {
                    break;
                }
                world.see(node, process.life, &state);
            }
        });
    }

    fn see(&self, node: NodeId, life: u32, state: &ClusterState) {
        let Some((last, _)) = state.recent.back() else { return };
        let (last, hash) = (number_of(*last), hash(state));
        self.note(format_args!("{node} shows {} after {last}", state.revision));
        self.lock().history.seen.push(Seen { node, life, revision: state.revision, last, hash });
    }

    /// Notes who says that it leads.
    pub(crate) fn note_leaders(&self) {
        for (node, process) in self.processes() {
            let standing = process.engine.standing();
            if standing.role == Role::Leader {
                self.lock().history.leaders.push((standing.term, node));
            }
        }
    }
}

/// Hash of a state's bytes.
pub(crate) fn hash(state: &ClusterState) -> [u8; 32] {
    *blake3::hash(&serde_json::to_vec(state).expect("a state is JSON")).as_bytes()
}

pub(crate) fn request_of(operation: u64) -> RequestId {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&operation.to_be_bytes());
    RequestId(id)
}

pub(crate) fn number_of(request: RequestId) -> u64 {
    let mut number = [0; 8];
    number.copy_from_slice(&request.0[..8]);
    u64::from_be_bytes(number)
}

/// The disk's time.
struct Spindle {
    world: World,
    disk_micros: Arc<AtomicU64>,
}

impl DiskExecutor for Spindle {
    fn run(&self, committer: BoxFuture<()>) -> io::Result<()> {
        spawn(committer);
        Ok(())
    }

    fn latency(&self) -> BoxFuture<()> {
        let time = self.world.dice.micros(50, self.disk_micros.load(Ordering::Relaxed));
        Box::pin(sleep(time))
    }
}

/// A node's event log: notes what it is told.
struct EventLog {
    world: World,
    node: NodeId,
    life: u32,
    power: Power,
}

impl NoticeSink for EventLog {
    fn deliver(&self, revision: Revision, _at: Timestamp, notices: Vec<Draft>) {
        if !self.power.is_on() {
            return;
        }
        for notice in notices {
            // Every operation is proposed by a credential of its own, `o17`, and every notice says by whom.
            let by = notice.fields.get("by").and_then(|by| by.as_str()).unwrap_or_default();
            let operation = by.rsplit('o').next().and_then(|number| number.parse().ok()).unwrap_or(u64::MAX);
            let told = Told { node: self.node, life: self.life, revision, operation };
            self.world.lock().history.told.push(told);
        }
    }

    fn settled(&self) -> BoxFuture<()> {
        Box::pin(sleep(self.world.dice.micros(10, 1_000)))
    }
}

//! What all parts of a simulation share.

use crate::dice::Dice;
use crate::disk::{Power, SimDisk};
use crate::history::{History, Nanos};
use crate::network::Weather;
use crate::runtime::{self, Machines};
use crate::scenario::{Mutation, settings};
use blake3::Hasher;
use model::NodeId;
use openraft::async_runtime::{AsyncRuntime, Instant};
use openraft_rt_sim::SimInstant;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use store::engine::{Engine, EngineSettings};

pub(crate) type SimEngine = Engine<Machines>;

/// One simulation. Clones are the same one.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) dice: Dice,
    /// For what only looks on, and must not change what is thrown for the rest.
    pub(crate) dice_aside: Dice,
    pub(crate) mutation: Option<Mutation>,
    inner: Arc<Mutex<Inner>>,
}

/// The lock is never held across an await, and there is one thread: it is there for the types.
pub(crate) struct Inner {
    pub(crate) machines: BTreeMap<NodeId, Machine>,
    pub(crate) weather: Weather,
    /// What engines are started with.
    pub(crate) settings: EngineSettings,
    pub(crate) history: History,
    pub(crate) next_operation: u64,
    pub(crate) next_node: u64,
    /// Clients go on until this is set.
    pub(crate) clients_stop: bool,
    /// How often what happened.
    pub(crate) counts: BTreeMap<&'static str, u64>,
    trace: Hasher,
    /// Kept only where somebody reads it.
    story: Option<Vec<String>>,
}

/// A node's hardware, and the process that runs on it, if one does.
pub(crate) struct Machine {
    pub(crate) disk: SimDisk,
    /// How long a transaction takes, in microseconds at most.
    pub(crate) disk_micros: Arc<AtomicU64>,
    pub(crate) lives: u32,
    pub(crate) process: Option<Process>,
    /// An older vote, for the mutation that forgets one.
    pub(crate) old_vote: Option<Vec<u8>>,
}

/// A running process.
#[derive(Clone)]
pub(crate) struct Process {
    pub(crate) engine: SimEngine,
    pub(crate) power: Power,
    pub(crate) life: u32,
}

impl World {
    pub(crate) fn new(seed: u64, mutation: Option<Mutation>, tell_story: bool) -> Self {
        runtime::forget();
        let inner = Inner {
            machines: BTreeMap::new(),
            weather: Weather::fair(),
            settings: settings(),
            history: History::default(),
            next_operation: 0,
            next_node: 1,
            clients_stop: false,
            counts: BTreeMap::new(),
            trace: Hasher::new(),
            story: tell_story.then(Vec::new),
        };
        let (dice, dice_aside) = (Dice::new(seed), Dice::new(!seed));
        Self { dice, dice_aside, mutation, inner: Arc::new(Mutex::new(inner)) }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes an event in the trace, by which two runs are compared.
    pub(crate) fn note(&self, event: fmt::Arguments) {
        let at = now();
        let mut inner = self.lock();
        inner.trace.update(&at.to_be_bytes()).update(event.to_string().as_bytes());
        if let Some(story) = &mut inner.story {
            story.push(format!("{:>9.3} ms  {event}", at as f64 / 1e6));
        }
    }

    /// Counts something that a simulation must have met to be worth anything.
    pub(crate) fn count(&self, what: &'static str) {
        *self.lock().counts.entry(what).or_default() += 1;
    }

    pub(crate) fn alarm(&self, what: String) {
        self.note(format_args!("ALARM {what}"));
        self.lock().history.alarms.push(what);
    }

    /// The process on a node, while its power is on.
    pub(crate) fn process(&self, node: NodeId) -> Option<Process> {
        let inner = self.lock();
        inner.machines.get(&node)?.process.clone().filter(|process| process.power.is_on())
    }

    /// Every running process.
    pub(crate) fn processes(&self) -> Vec<(NodeId, Process)> {
        let nodes: Vec<NodeId> = self.lock().machines.keys().copied().collect();
        nodes.into_iter().filter_map(|node| Some((node, self.process(node)?))).collect()
    }

    pub(crate) fn take_results(&self) -> Results {
        let mut inner = self.lock();
        Results {
            history: std::mem::take(&mut inner.history),
            counts: std::mem::take(&mut inner.counts),
            trace: inner.trace.finalize().to_hex()[..16].to_owned(),
            story: inner.story.take().unwrap_or_default(),
        }
    }
}

/// What is left when a simulation has ended.
pub(crate) struct Results {
    pub(crate) history: History,
    pub(crate) counts: BTreeMap<&'static str, u64>,
    pub(crate) trace: String,
    pub(crate) story: Vec<String>,
}

/// Nanoseconds since the simulation began.
pub(crate) fn now() -> Nanos {
    SimInstant::now().elapsed_since_start().as_nanos() as Nanos
}

pub(crate) async fn sleep(time: Duration) {
    Machines::sleep(time).await;
}

/// Runs a task that ends by itself.
pub(crate) fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    drop(Machines::spawn(task));
}

//! Everything that can happen, in the order of true time.

use crate::broken::Broken;
use crate::clock::Dice;
use crate::cluster;
use crate::database::{found, sleep_us};
use crate::machine::Machine;
use crate::monitor::Work;
use crate::net::{Message, Network};
use crate::oracle::Oracle;
use crate::shell::Daemon;
use crate::timeouts::Write;
use execution::Effect;
use futures::StreamExt as _;
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures::future::select;
use lease::Settings;
use membership::timers::Timers;
use model::Moment;
use model::desired::{ClusterSpec, Profile, StallPolicy};
use openraft::async_runtime::Instant as _;
use openraft_rt_sim::{SimInstant, SimRuntime};
use resource_api::{Outcome, ResourceId};
use sim::runtime;
use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// So long everything that can happen to a cluster happens. From then on nothing is done to anybody any more.
const BAD_US: u64 = 20_000_000;

/// So long after that everything that can run has to run (L1). It is the sum of the longest things that may
/// have just begun: a start that hangs (2.5 s) and is then stopped (1.5 s, and ended at any price), what
/// could not be stopped and is looked at every 10 s, the bound of what only an assumption protects (3.5 s)
/// after 1.4 s of silence, an election or two (1 s), one lost write (5 s) and one lost order (3 s); and all
/// of that at the same time is rarer than any number of seeds would show.
pub(crate) const ONLINE_WITHIN_US: u64 = 25_000_000;

/// So long everything has to stay as it is, in the end.
const SETTLED_US: u64 = 1_000_000;

const LOOK_US: u64 = 250_000;

#[derive(Debug, Clone)]
pub(crate) enum Event {
    /// The daemon's heartbeat.
    Tick,
    /// The leader looks at what there is to do.
    Look,
    Receive {
        from: usize,
        life: u64,
        to_life: Option<u64>,
        message: Message,
    },
    /// Effects that were decided before a freeze.
    CarryOut(Moment, Vec<Effect>),
    /// What was to be written into a gate of nftables before a freeze.
    Written(Write),
    /// A monitor has answered a call.
    Answer(u64, Outcome),
    /// A monitor has noticed something.
    Noticed(ResourceId, Outcome),
    /// In a monitor.
    Work(Work),
    /// The thread that feeds the watchdog looks at the clock.
    Feed,
    /// And feeds it.
    Fed,
    /// The watchdog was not fed since then.
    Bite {
        boot: u64,
        fed: u64,
    },
    StartDaemon,
    StartMachine,
    Fault,
}

/// Who has to be awake for an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Of {
    /// The daemon, in this life.
    Daemon(u64),
    /// Its machine, in this boot.
    Machine(u64),
    /// Nobody.
    World,
}

pub(crate) struct World {
    pub(crate) broken: Broken,
    pub(crate) dice: Dice,
    pub(crate) now_us: u64,
    pub(crate) timers: Timers,
    pub(crate) settings: Settings,
    pub(crate) spec: Arc<ClusterSpec>,
    pub(crate) machines: Vec<Machine>,
    pub(crate) daemons: Vec<Daemon>,
    pub(crate) net: Network,
    pub(crate) oracle: Oracle,
    /// Whether a group is in it that nothing but an assumption protects: then no machine stalls for longer.
    pub(crate) assumed: bool,
    /// Or one that a watchdog protects, which each machine has.
    pub(crate) watched: bool,
    /// How often watchdogs have restarted a machine.
    pub(crate) bites: usize,
    /// The gates are of nftables.
    pub(crate) timeouts: bool,
    /// Nothing is done to anybody, ever.
    pub(crate) quiet: bool,
    /// The longest time between two faults. Where it is short, hardly anything runs that could be hurt; where it
    /// is long, hardly anything happens.
    pub(crate) pause_us: u64,
    /// All have the database with which everything begins.
    pub(crate) founded: bool,
    /// From then on nothing is done to anybody any more.
    pub(crate) healed_us: u64,
    /// How often a database was stopped by its disk.
    pub(crate) reopened: u64,
    /// What happens is told.
    loud: bool,
    events: BTreeMap<(u64, u64), (usize, Of, Event)>,
    last_event: u64,
    pub(crate) trace: u64,
    handle: Handle,
    /// Something is to happen earlier than what is waited for.
    sooner: UnboundedSender<()>,
}

/// A world, for those who do not keep it alive: everything in it.
#[derive(Clone)]
pub(crate) struct Handle(Weak<Mutex<World>>);

impl Handle {
    /// Nothing: it has ended.
    pub(crate) fn get(&self) -> Option<Shared> {
        self.0.upgrade().map(Shared)
    }
}

/// A world. The lock is never held across an await, and there is one thread: it is there for the types.
pub(crate) struct Shared(Arc<Mutex<World>>);

impl Shared {
    pub(crate) fn lock(&self) -> MutexGuard<'_, World> {
        let mut world = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        world.now_us = true_us();
        world
    }
}

/// True time: microseconds since the simulation began.
fn true_us() -> u64 {
    u64::try_from(SimInstant::now().elapsed_since_start().as_micros()).unwrap()
}

/// What a run showed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) violations: Vec<String>,
    pub(crate) moves: usize,
    /// How often a database was stopped by its disk.
    pub(crate) reopened: u64,
    pub(crate) bites: usize,
    /// How long after the healing all was online.
    pub(crate) online_after_us: u64,
    /// A number that differs as soon as anything happened otherwise.
    pub(crate) trace: u64,
    pub(crate) events: u64,
}

/// What kind of world a seed is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) nodes: usize,
    pub(crate) profile: Profile,
    pub(crate) assumed: bool,
    pub(crate) watched: bool,
    pub(crate) timeouts: bool,
    pub(crate) quiet: bool,
}

impl Kind {
    pub(crate) fn of(seed: u64) -> Self {
        let nodes = if seed % 8 == 7 { 5 } else { 3 };
        let profile = if matches!(seed % 16, 3 | 9) { Profile::Fast } else { Profile::Default };
        let (assumed, watched, timeouts) = (seed.is_multiple_of(2), seed % 4 == 1, seed % 4 == 3);
        Self { nodes, profile, assumed, watched, timeouts, quiet: false }
    }
}

/// Runs a seed.
pub(crate) fn run(seed: u64, broken: Broken) -> Shown {
    let kind = Kind::of(seed);
    let kind = if broken.is_of_watchdogs() {
        Kind { assumed: false, watched: true, timeouts: false, ..kind }
    } else {
        kind
    };
    simulate(seed, async move {
        let (world, mut sooner) = World::begin(seed, kind, broken).await;
        let healed_us = world.lock().healed_us;
        world.until(&mut sooner, healed_us).await;
        world.lock().heal();
        let limit = healed_us + ONLINE_WITHIN_US;
        let mut online_us = None;
        while world.lock().goes_on() {
            let look_us = world.lock().now_us + LOOK_US;
            world.until(&mut sooner, look_us).await;
            let mut inner = world.lock();
            match online_us {
                _ if !inner.all_online() => online_us = None,
                None => online_us = Some(inner.now_us),
                Some(since) if inner.now_us >= since + SETTLED_US => break,
                Some(_) => {}
            }
            if inner.now_us >= limit {
                let missing = inner.what_is_missing();
                inner.oracle.violations.push(format!("L1: not all online: {missing}"));
                break;
            }
        }
        world.shown(online_us.unwrap_or(limit).saturating_sub(healed_us))
    })
}

/// Runs a seed in which nothing goes wrong, and nothing may be touched once everything is online.
pub(crate) fn run_quietly(seed: u64, for_us: u64) -> Shown {
    simulate(seed, async move {
        let kind = Kind { quiet: true, ..Kind::of(seed) };
        let (world, mut sooner) = World::begin(seed, kind, Broken::Nothing).await;
        let online_us = world.lock().now_us + 15_000_000;
        world.until(&mut sooner, online_us).await;
        if !world.lock().all_online() {
            world.lock().oracle.violations.push("L1: a quiet cluster is not online".to_owned());
        }
        let touched = world.lock().oracle.touched;
        world.until(&mut sooner, online_us + for_us).await;
        let needless = world.lock().oracle.touched - touched;
        if needless > 0 {
            world.lock().oracle.violations.push(format!("L2: {needless} needless steps"));
        }
        world.shown(0)
    })
}

fn simulate(seed: u64, what: impl Future<Output = Shown>) -> Shown {
    use openraft::async_runtime::AsyncRuntime as _;
    runtime::forget();
    let mut simulation = SimRuntime::with_seed(seed);
    simulation.block_on(what)
}

impl Shared {
    /// Everything until then happens, or until something that must not.
    async fn until(&self, sooner: &mut UnboundedReceiver<()>, end_us: u64) {
        loop {
            let wait_us = {
                let mut world = self.lock();
                world.take_turns();
                if !world.goes_on() || world.now_us >= end_us {
                    return;
                }
                let next = world.events.keys().next().map_or(end_us, |(at_us, _)| *at_us);
                next.min(end_us) - world.now_us
            };
            select(pin!(sleep_us(wait_us)), sooner.next()).await;
        }
    }

    fn shown(&self, online_after_us: u64) -> Shown {
        let mut world = self.lock();
        Shown {
            violations: std::mem::take(&mut world.oracle.violations),
            moves: world.oracle.moves,
            bites: world.bites,
            reopened: world.reopened,
            online_after_us,
            trace: world.trace,
            events: world.last_event,
        }
    }
}

impl World {
    /// A cluster that is founded, and begins to live.
    async fn begin(seed: u64, kind: Kind, broken: Broken) -> (Shared, UnboundedReceiver<()>) {
        let (sooner, receiver) = unbounded();
        let world =
            Arc::new_cyclic(|me| Mutex::new(Self::new(seed, kind, broken, Handle(me.clone()), sooner)));
        let shared = Shared(world);
        for node in 0..kind.nodes {
            shared.lock().start_database(node);
        }
        let handle = shared.lock().handle();
        found(&handle).await;
        let mut world = shared.lock();
        world.founded = true;
        for node in 0..kind.nodes {
            world.begin_life(node);
        }
        if !kind.quiet {
            world.healed_us = world.now_us + BAD_US;
            let first_us = world.now_us + 1_500_000;
            world.push(first_us, 0, Of::World, Event::Fault);
        }
        drop(world);
        (shared, receiver)
    }

    fn new(seed: u64, kind: Kind, broken: Broken, handle: Handle, sooner: UnboundedSender<()>) -> Self {
        let Kind { nodes, profile, assumed, watched, timeouts, quiet } = kind;
        let timers = Timers::of(profile);
        let figures = execution::protection::figures(
            timers.heartbeat,
            timers.election_max,
            timers.lease,
            timers.in_flight,
            StallPolicy::AssumeBelow(cluster::STALL),
            None,
        );
        let mut dice = Dice(seed);
        let spec = Arc::new(cluster::spec(profile, assumed || watched, timeouts));
        let disks = sim::dice::Dice::new(seed);
        let machines = (0..nodes).map(|node| Machine::new(&mut dice, &disks, node, &spec)).collect();
        let mut world = Self {
            broken,
            dice,
            now_us: 0,
            timers,
            settings: Settings::new(figures).unwrap(),
            machines,
            daemons: Vec::new(),
            net: Network::new(nodes),
            oracle: Oracle::new(&spec, nodes),
            spec,
            assumed,
            watched,
            bites: 0,
            timeouts,
            quiet,
            pause_us: [900_000, 1_800_000, 3_600_000][seed as usize / 2 % 3],
            founded: false,
            healed_us: 0,
            reopened: 0,
            loud: std::env::var_os("TELL").is_some(),
            events: BTreeMap::new(),
            last_event: 0,
            trace: 0xcbf2_9ce4_8422_2325,
            handle,
            sooner,
        };
        for node in 0..nodes {
            let daemon = Daemon::new(node, nodes, &world);
            world.daemons.push(daemon);
        }
        world
    }

    pub(crate) fn handle(&self) -> Handle {
        self.handle.clone()
    }

    pub(crate) fn is_bad(&self) -> bool {
        self.now_us < self.healed_us && !self.quiet
    }

    pub(crate) fn push(&mut self, at_us: u64, node: usize, of: Of, event: Event) {
        self.last_event += 1;
        if self.events.keys().next().is_none_or(|(next_us, _)| at_us < *next_us) {
            // Nobody waits for it once the world has ended.
            let _ = self.sooner.unbounded_send(());
        }
        self.events.insert((at_us, self.last_event), (node, of, event));
    }

    /// Something for a daemon in its present life.
    pub(crate) fn push_daemon(&mut self, at_us: u64, node: usize, event: Event) {
        self.push(at_us, node, Of::Daemon(self.daemons[node].life), event);
    }

    /// Something on a machine in its present boot.
    pub(crate) fn push_machine(&mut self, at_us: u64, node: usize, event: Event) {
        self.push(at_us, node, Of::Machine(self.machines[node].boot), event);
    }

    fn goes_on(&self) -> bool {
        self.oracle.violations.is_empty()
    }

    /// What is due happens.
    fn take_turns(&mut self) {
        while self.goes_on() {
            let Some(entry) = self.events.first_entry() else { break };
            if entry.key().0 > self.now_us {
                break;
            }
            let (node, of, event) = entry.remove();
            self.turn(node, of, event);
        }
    }

    fn turn(&mut self, node: usize, of: Of, event: Event) {
        let machine = &self.machines[node];
        let (is_there, thaws_us) = match of {
            Of::World => (true, 0),
            Of::Machine(boot) => (machine.up && machine.boot == boot, machine.stalled_until_us),
            Of::Daemon(life) => {
                let daemon = &self.daemons[node];
                // Messages find whoever lives; whether they are for him he finds out himself.
                let lives = daemon.life == life || matches!(event, Event::Receive { .. });
                (daemon.up && lives, machine.stalled_until_us.max(daemon.frozen_until_us))
            }
        };
        if !is_there {
            return;
        }
        if thaws_us > self.now_us {
            self.push(thaws_us, node, of, event);
            return;
        }
        self.note(node as u64 ^ self.now_us << 4 ^ kind(&event) << 56);
        self.happens(node, event);
    }

    fn happens(&mut self, node: usize, event: Event) {
        match event {
            Event::Tick => self.tick(node),
            Event::Look => self.look(node),
            Event::Receive { from, life, to_life, message } => {
                self.receive(node, from, life, to_life, message);
            }
            Event::CarryOut(decided, effects) => self.carry_out(node, decided, effects),
            Event::Written(write) => self.written_late(node, write),
            Event::Answer(call, outcome) => self.answered_call(node, call, &outcome),
            Event::Noticed(id, outcome) => self.heard_of(node, &id, &outcome),
            Event::Work(work) => self.work(node, work),
            Event::Feed => self.feed(node),
            Event::Fed => self.fed(node),
            Event::Bite { boot, fed } => self.bite(node, boot, fed),
            Event::StartDaemon => self.start_daemon(node),
            Event::StartMachine => self.start_machine(node),
            Event::Fault => self.fault(),
        }
    }

    /// For the number that tells traces apart.
    pub(crate) fn note(&mut self, what: u64) {
        self.trace = (self.trace ^ what).wrapping_mul(0x0000_0100_0000_01b3);
    }

    /// Tells people, if somebody wants to hear it.
    pub(crate) fn tell_people(&self, node: usize, what: impl FnOnce() -> String) {
        if self.loud {
            eprintln!("{:>9} us n{} {}", self.now_us, node + 1, what());
        }
    }

    fn all_online(&self) -> bool {
        (0..self.oracle.groups()).all(|group| self.oracle.online(self.now_us, group).is_some())
    }

    fn what_is_missing(&self) -> String {
        let missing =
            (0..self.oracle.groups()).filter(|group| self.oracle.online(self.now_us, *group).is_none());
        let names: Vec<&str> = missing.map(|group| self.spec.groups[group].name.as_str()).collect();
        format!("{names:?} at {} us", self.now_us)
    }
}

fn kind(event: &Event) -> u64 {
    match event {
        Event::Tick => 1,
        Event::Look => 2,
        Event::Receive { .. } => 3,
        Event::CarryOut(..) => 4,
        Event::Answer(..) => 5,
        Event::Noticed(..) => 6,
        Event::Work(_) => 7,
        Event::StartDaemon => 8,
        Event::StartMachine => 9,
        Event::Fault => 10,
        Event::Feed => 11,
        Event::Fed => 12,
        Event::Bite { .. } => 13,
        Event::Written(_) => 14,
    }
}

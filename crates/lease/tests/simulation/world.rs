//! Everything that can happen, in the order of true time.

use crate::clock::{Clock, Dice};
use crate::raft::Command;
use crate::referee::Referee;
use crate::shell::{Effect, Shell};
use lease::{Bound, Figures, Guard, Need, Settings, Wait};
use model::Moment;
use model::desired::{Exclusive, StallPolicy};
use model::stored::{LeaseGrant, LeaseRequest};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::time::Duration;

pub(crate) const NODES: usize = 3;
pub(crate) const GROUPS: usize = 3;

/// How far clocks drift here, in millionths. Far more than any real one, so that it shows.
pub(crate) const DRIFT_PPM: u64 = 50_000;
pub(crate) const HEARTBEAT_US: u64 = 100_000;

/// Nothing is broken any more from then on; a while later everything has to run.
pub(crate) const HEALED_US: u64 = 12_000_000;
/// A wait that other clocks have to confirm may last some seconds longer where a clock had jumped just before it began,
/// and clocks drift as far apart as here.
const END_US: u64 = 24_000_000;

/// What is done wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Broken {
    Nothing,
    NoDrift,
    NoInFlight,
    NoPause,
    FromReceipt,
    ArrivalDatedEarly,
    NoQuorum,
    RoundBefore,
    RenewedAfterRevocation,
    StartBeforeCommit,
    NewLeaderDoesNotWait,
    EvidenceOfOne,
    RestartedVoterForgets,
    VoterAnswersBoth,
    RelativeGate,
    /// A restarted daemon numbers its requests as if it were still the same life.
    SameLife,
    /// A restarted daemon prolongs what it finds by itself.
    AdoptedForGood,
    /// A node releases before it has closed.
    ReleasedBeforeClosed,
    /// What is written into a gate may overtake its being closed.
    WritesOutOfOrder,
    /// Leases count on a clock that stands still while the machine is suspended.
    MonotonicClock,
    /// A leader relies on its own clock alone.
    NoWitness,
}

#[derive(Debug, Clone)]
pub(crate) enum Message {
    Vote {
        term: u64,
        newest: (u64, usize),
    },
    Voted {
        term: u64,
    },
    Append {
        term: u64,
        log: Vec<(u64, Command)>,
        commit: usize,
        mark: u64,
    },
    Appended {
        term: u64,
        length: usize,
        mark: u64,
        evidence: Option<Duration>,
    },
    Replaced {
        term: u64,
    },
    /// With the sender's life and clock.
    Beat {
        life: u64,
        clock: Moment,
    },
    Request(LeaseRequest),
    Grant(LeaseGrant),
    Propose(Command),
    /// Only where something is broken: start, before anything is committed.
    Start(usize),
}

#[derive(Debug, Clone)]
pub(crate) enum Event {
    Tick,
    Look,
    Receive(usize, Message),
    Effect(Effect),
    Restart { machine: bool },
    Fault,
}

pub(crate) struct World {
    pub(crate) broken: Broken,
    pub(crate) dice: Dice,
    pub(crate) now_us: u64,
    pub(crate) clocks: Vec<Clock>,
    pub(crate) referee: Referee,
    pub(crate) shells: Vec<Shell>,
    /// The generation that each gate was last opened for: it is in the gate's map.
    pub(crate) gate_generations: [[model::Generation; GROUPS]; NODES],
    /// By true time, then by number.
    events: BTreeMap<(u64, u64), (usize, u64, Event)>,
    last_event: u64,
    frozen_until_us: [u64; NODES],
    /// Who hears nothing from whom.
    cut: [[bool; NODES]; NODES],
    paused_us: u64,
    guests: bool,
    /// Whose clock source it is that may fail.
    fails: usize,
    pub(crate) wait: Wait,
    pub(crate) settings: Settings,
}

/// What a run showed.
pub(crate) struct Outcome {
    pub(crate) violations: Vec<String>,
    pub(crate) moves: usize,
    pub(crate) all_run: bool,
}

/// Runs a seed.
pub(crate) fn run(seed: u64, broken: Broken) -> Outcome {
    let mut world = World::new(seed, broken);
    while let Some(((at_us, _), (node, life, event))) = world.events.pop_first() {
        if at_us > END_US || !world.referee.violations.is_empty() {
            break;
        }
        world.now_us = at_us;
        if matches!(event, Event::Fault) {
            world.fault();
        } else if world.frozen_until_us[node] > at_us {
            let thaws = world.frozen_until_us[node];
            world.push(thaws, node, life, event);
        } else if life == world.shells[node].life || matches!(event, Event::Receive(..)) {
            world.happens(node, event);
        }
    }
    let all_run = (0..GROUPS).all(|group| world.referee.owner(END_US, group, &world.clocks).is_some());
    Outcome { violations: world.referee.violations, moves: world.referee.moves, all_run }
}

impl World {
    fn new(seed: u64, broken: Broken) -> Self {
        let mut dice = Dice(seed);
        let clocks: Vec<_> = (0..NODES)
            .map(|_| {
                // As fast or as slow as may be, or right.
                let rate = 1_000 - DRIFT_PPM / 1_000 * dice.within(0, 3) + DRIFT_PPM / 1_000;
                Clock::new(0, dice.within(1, 100) * 1_000_000_000, rate)
            })
            .collect();
        // Every fourth world is one of guests.
        let guests = seed.is_multiple_of(4);
        let settings = settings(u32::try_from(DRIFT_PPM).unwrap(), guests);
        let mut world = Self {
            broken,
            now_us: 0,
            referee: Referee::default(),
            shells: Vec::new(),
            gate_generations: Default::default(),
            events: BTreeMap::new(),
            last_event: 0,
            frozen_until_us: [0; NODES],
            cut: [[false; NODES]; NODES],
            paused_us: 0,
            wait: wait(broken, guests),
            guests,
            fails: usize::try_from(seed / 4 % NODES as u64).unwrap(),
            settings,
            dice,
            clocks,
        };
        for node in 0..NODES {
            world.shells.push(Shell::new(node, world.clocks[node].now(0), settings));
            let first = world.dice.within(0, HEARTBEAT_US);
            world.push(first, node, 1, Event::Tick);
        }
        world.push(1_500_000, 0, 0, Event::Fault);
        world
    }

    pub(crate) fn push(&mut self, at_us: u64, node: usize, life: u64, event: Event) {
        self.last_event += 1;
        self.events.insert((at_us, self.last_event), (node, life, event));
    }

    /// Sends, if the network lets it. A message to oneself always arrives, soon.
    pub(crate) fn send(&mut self, from: usize, to: usize, message: Message) {
        let bad = self.now_us < HEALED_US;
        if from != to && bad && (self.cut[from][to] || self.dice.percent(3)) {
            return;
        }
        let delay = match self.dice.within(0, 100) {
            0..3 if bad && from != to => self.dice.within(1_000, 2_500_000),
            3..20 if from != to => self.dice.within(500, 40_000),
            _ => self.dice.within(20, 1_000),
        };
        if from != to && bad && self.dice.percent(2) {
            let again = self.dice.within(100, 1_000_000);
            self.push(self.now_us + again, to, 0, Event::Receive(from, message.clone()));
        }
        self.push(self.now_us + delay, to, 0, Event::Receive(from, message));
    }

    fn happens(&mut self, node: usize, event: Event) {
        if let Event::Restart { machine } = event {
            self.restart(node, machine);
            return;
        }
        // A daemon that is down hears nothing.
        if !self.shells[node].up {
            return;
        }
        // It may be frozen between any clock that it reads and what it does with it.
        if self.now_us < HEALED_US && self.dice.percent(1) && self.dice.percent(20) {
            let freeze = self.dice.within(1_000, 3_000_000);
            self.freeze(node, freeze);
        }
        self.daemon(node, event);
    }

    fn fault(&mut self) {
        if self.now_us >= HEALED_US {
            self.cut = [[false; NODES]; NODES];
            return;
        }
        let next = self.now_us + self.dice.within(50_000, 900_000);
        self.push(next, 0, 0, Event::Fault);
        let node = usize::try_from(self.dice.within(0, NODES as u64)).unwrap();
        match self.dice.within(0, 11) {
            // Who asks other clocks waits for longer now and then, which would hide what else is broken.
            10 if matches!(self.broken, Broken::Nothing | Broken::NoWitness) => self.jump(),
            0 | 1 => {
                let freeze = self.dice.within(10_000, 3_500_000);
                self.freeze(node, freeze);
            }
            2 => {
                for other in 0..NODES {
                    self.cut[node][other] = true;
                    self.cut[other][node] = self.dice.percent(70);
                }
            }
            3 => self.cut = std::array::from_fn(|_| std::array::from_fn(|_| self.dice.percent(30))),
            4 => self.cut = [[false; NODES]; NODES],
            5 | 6 => self.kill(node, false),
            7 => self.kill(node, true),
            _ => self.stop(node),
        }
    }

    fn freeze(&mut self, node: usize, for_us: u64) {
        let until = &mut self.frozen_until_us[node];
        *until = (self.now_us + for_us).max(*until);
    }

    fn kill(&mut self, node: usize, machine: bool) {
        if !self.shells[node].up {
            return;
        }
        self.shells[node].up = false;
        self.shells[node].life += 1;
        self.frozen_until_us[node] = 0;
        if machine {
            self.referee.gone(self.now_us, node, &self.clocks);
        }
        let back = self.now_us
            + if machine { self.dice.within(300_000, 3_000_000) } else { self.dice.within(5_000, 900_000) };
        self.push(back, node, self.shells[node].life, Event::Restart { machine });
    }

    /// A machine is suspended, which its clock counts; or, once, paused by a hypervisor, which it does not.
    fn stop(&mut self, node: usize) {
        self.referee.settle(self.now_us, &self.clocks);
        if self.broken == Broken::MonotonicClock {
            let suspended = self.dice.within(100_000, 2_500_000);
            self.freeze(node, suspended);
            self.clocks[node].stop(self.now_us, suspended);
        } else if self.guests && self.paused_us == 0 {
            self.paused_us = self.dice.within(PAUSE_US / 2, PAUSE_US);
            self.freeze(node, self.paused_us);
            self.clocks[node].stop(self.now_us, self.paused_us);
        }
    }

    /// A clock source fails: it gains up to some seconds at once, in some worlds again and again. It is one node's
    /// in each world: if all gained the same, no clock could tell.
    fn jump(&mut self) {
        let node = self.fails;
        self.referee.settle(self.now_us, &self.clocks);
        let ahead_us = self.dice.within(20_000, 3_000_000);
        self.clocks[node].jump(self.now_us, ahead_us * 1_000);
    }

    fn restart(&mut self, node: usize, machine: bool) {
        if machine {
            self.clocks[node].reset(self.now_us);
        }
        self.begin_life(node);
        self.push(self.now_us + 1_000, node, self.shells[node].life, Event::Tick);
    }
}

/// No guest is paused for longer.
const PAUSE_US: u64 = 400_000;

fn settings(drift_ppm: u32, guests: bool) -> Settings {
    Settings::new(Figures {
        heartbeat: Duration::from_micros(HEARTBEAT_US),
        election_max: Duration::from_millis(300),
        lease: Duration::from_millis(1_400),
        in_flight: Duration::from_millis(50),
        drift_ppm,
        stall_policy: StallPolicy::Strict,
        assume_pause_below: guests.then_some(Duration::from_micros(PAUSE_US)),
    })
    .unwrap()
}

fn wait(broken: Broken, guests: bool) -> Wait {
    let drift = if broken == Broken::NoDrift { 0 } else { u32::try_from(DRIFT_PPM).unwrap() };
    let means = lease::Means { watchdog: None, guest: guests && broken != Broken::NoPause };
    let need = Need { resource: "ip".parse().unwrap(), exclusive: Exclusive::Gate, guard: Guard::Gate };
    match Bound::of(&settings(drift, guests), means, &[need]).wait() {
        Wait::For(wait) if broken == Broken::NoInFlight => Wait::For(wait - Duration::from_micros(52_500)),
        wait => wait,
    }
}

/// For the least of several.
pub(crate) fn descending(mut marks: Vec<u64>) -> Vec<u64> {
    marks.sort_unstable_by_key(|mark| Reverse(*mark));
    marks
}

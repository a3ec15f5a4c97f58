//! Two networks. What goes over connections takes whichever is open, and is late rather than lost; heartbeats
//! are datagrams, go over each, and are lost.

use crate::world::{Event, Of, World};
use execution::{Order, Report, Sequel};
use model::Incarnation;
use model::stored::{Heartbeat, LeaseGrant, LeaseRequest, Outcome, Proposal};
use model::{GroupName, RequestId};
use std::sync::Arc;

pub(crate) const NETWORKS: usize = 2;

#[derive(Debug, Clone)]
pub(crate) enum Message {
    Beat(Heartbeat),
    Request(LeaseRequest),
    Grant(LeaseGrant),
    Report {
        report: Report,
        number: u64,
    },
    Reported {
        sequel: Sequel,
        number: u64,
    },
    Order {
        order: Order,
        number: u64,
    },
    Ordered {
        answer: Option<(Incarnation, u64)>,
        number: u64,
    },
    Propose(Arc<Proposal>),
    /// Nothing: it was not taken.
    Decided {
        request: RequestId,
        outcome: Option<Outcome>,
    },
    /// Only where something is broken: start, before anything is committed.
    StartEarly(GroupName),
}

impl Message {
    /// Whether it answers something that one life of a daemon has asked over its connection.
    fn is_answer(&self) -> bool {
        matches!(self, Self::Reported { .. } | Self::Ordered { .. } | Self::Decided { .. })
    }

    /// Whether it is nothing new to whoever gets it twice.
    fn may_repeat(&self) -> bool {
        matches!(self, Self::Request(_) | Self::Grant(_))
    }
}

pub(crate) struct Network {
    /// Who hears nothing from whom: by network, from, to.
    pub(crate) cut: Vec<Vec<Vec<bool>>>,
}

impl Network {
    pub(crate) fn new(nodes: usize) -> Self {
        Self { cut: vec![vec![vec![false; nodes]; nodes]; NETWORKS] }
    }

    pub(crate) fn heal(&mut self) {
        self.cut.iter_mut().flatten().flatten().for_each(|cut| *cut = false);
    }

    fn is_open(&self, from: usize, to: usize) -> bool {
        self.cut.iter().any(|cut| !cut[from][to])
    }
}

impl World {
    /// Says something to a node, or to oneself.
    pub(crate) fn say(&mut self, from: usize, to: usize, message: Message) {
        let to_life = message.is_answer().then_some(self.daemons[from].asked_by[to]);
        let event = Event::Receive { from, life: self.daemons[from].life, to_life, message };
        if from == to {
            let soon = self.now_us + self.dice.within(5, 50);
            self.push(soon, to, Of::Daemon(0), event);
            return;
        }
        let Some(delay) = self.delay_us(from, to) else { return };
        let bad = self.is_bad();
        let Event::Receive { message, .. } = &event else { return };
        if bad && message.may_repeat() && self.dice.per_mille(10) {
            let again = self.now_us + self.dice.within(100, 1_000_000);
            self.push(again, to, Of::Daemon(0), event.clone());
        }
        self.push(self.now_us + delay, to, Of::Daemon(0), event);
    }

    /// How long something is under way; nothing: it never arrives.
    pub(crate) fn delay_us(&mut self, from: usize, to: usize) -> Option<u64> {
        if !self.net.is_open(from, to) {
            return None;
        }
        let bad = self.is_bad();
        Some(match self.dice.within(0, 1_000) {
            0..15 if bad => self.dice.within(1_000, 2_000_000),
            15..45 if bad => self.dice.within(200_000, 400_000),
            45..150 => self.dice.within(500, 30_000),
            _ => self.dice.within(50, 1_000),
        })
    }

    /// Sends heartbeats to everybody on every network.
    pub(crate) fn send_beats(&mut self, node: usize, beat: Heartbeat) {
        let (bad, life) = (self.is_bad(), self.daemons[node].life);
        for network in 0..NETWORKS {
            for to in (0..self.daemons.len()).filter(|to| *to != node) {
                if self.net.cut[network][node][to] || bad && self.dice.per_mille(30) {
                    continue;
                }
                let late = if bad && self.dice.per_mille(10) { 500_000 } else { 1_000 };
                let delay = self.dice.within(50, late);
                let beat = Heartbeat { network: u8::try_from(network).unwrap(), ..beat };
                let event = Event::Receive { from: node, life, to_life: None, message: Message::Beat(beat) };
                self.push(self.now_us + delay, to, Of::Daemon(0), event);
            }
        }
    }
}

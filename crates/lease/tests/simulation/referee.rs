//! Who is effective, on true time. It shares nothing with the code under test but the moments in gates.

use crate::clock::Clock;
use crate::world::{GROUPS, NODES};
use model::Moment;

/// What was sent through a gate just before it closed by itself may have an effect for so long.
pub(crate) const IN_FLIGHT_US: u64 = 50_000;

#[derive(Debug, Clone, Copy, Default)]
struct Gate {
    deadline: Option<Moment>,
    /// When what passed it last has arrived.
    quiet_from_us: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Referee {
    gates: [[Gate; GROUPS]; NODES],
    pub(crate) violations: Vec<String>,
    /// How often each group became effective on another node than before.
    pub(crate) moves: usize,
    last: [Option<usize>; GROUPS],
}

impl Referee {
    /// A gate is written, or closed.
    pub(crate) fn write(
        &mut self,
        at_us: u64,
        node: usize,
        group: usize,
        deadline: Option<Moment>,
        clocks: &[Clock],
    ) {
        self.settle(at_us, clocks);
        self.gates[node][group].deadline = deadline.filter(|deadline| *deadline > clocks[node].now(at_us));
        if self.gates[node][group].deadline.is_none() {
            // What a node has closed itself, and says so, is over (design, section 5: "released: at once").
            self.gates[node][group].quiet_from_us = self.gates[node][group].quiet_from_us.min(at_us);
            return;
        }
        for other in (0..NODES).filter(|other| *other != node) {
            let gate = self.gates[other][group];
            if gate.deadline.is_some() || gate.quiet_from_us > at_us {
                self.violations.push(format!("at {at_us} us group {group}: node {node} beside node {other}"));
            }
        }
        if self.last[group].replace(node).is_some_and(|last| last != node) {
            self.moves += 1;
        }
    }

    /// A machine is gone, with what it had sent.
    pub(crate) fn gone(&mut self, at_us: u64, node: usize, clocks: &[Clock]) {
        self.settle(at_us, clocks);
        for gate in &mut self.gates[node] {
            gate.deadline = None;
        }
    }

    /// Closes what has reached its deadline. Called before a clock changes its course, too.
    pub(crate) fn settle(&mut self, at_us: u64, clocks: &[Clock]) {
        for (gates, clock) in self.gates.iter_mut().zip(clocks) {
            for gate in gates {
                let Some(deadline) = gate.deadline else { continue };
                let closes = clock.when(deadline);
                if closes <= at_us {
                    *gate = Gate { deadline: None, quiet_from_us: closes + IN_FLIGHT_US };
                }
            }
        }
    }

    /// The deadline in a gate that stands.
    pub(crate) fn deadline(&self, node: usize, group: usize) -> Option<Moment> {
        self.gates[node][group].deadline
    }

    /// The only node on which a group is effective.
    pub(crate) fn owner(&mut self, at_us: u64, group: usize, clocks: &[Clock]) -> Option<usize> {
        self.settle(at_us, clocks);
        (0..NODES).find(|node| self.gates[*node][group].deadline.is_some())
    }
}

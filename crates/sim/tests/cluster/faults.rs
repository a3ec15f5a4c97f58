//! Everything that is done to the nodes, and what their administrator does meanwhile.

use crate::cluster::STALL;
use crate::machine::DISK_US;
use crate::shell::Daemon;
use crate::world::{Event, Of, World};
use model::stored::{Command, GroupChange, NodeIntent};
use sim::runtime::Process;
use std::time::Duration;

impl World {
    fn any(&mut self) -> usize {
        self.dice.one_of(self.daemons.len())
    }

    pub(crate) fn fault(&mut self) {
        if self.now_us >= self.healed_us {
            self.take_back();
            return;
        }
        let next = self.now_us + self.dice.within(50_000, self.pause_us);
        self.push(next, 0, Of::World, Event::Fault);
        let node = self.any();
        let fault = self.dice.within(0, 26);
        self.tell_people(node, || format!("fault {fault}"));
        match fault {
            0..2 => {
                let freeze = self.dice.within(10_000, 3_500_000);
                self.freeze(node, freeze);
            }
            2 | 3 => self.stall(node),
            4..8 => self.cut(node),
            8..11 => self.net.heal(),
            11 | 12 => self.kill_daemon(node),
            13 | 14 => self.kill_machine(node),
            15 if self.dice.per_mille(300) => {
                (0..self.daemons.len()).for_each(|node| self.kill_machine(node));
            }
            15 | 16 => {
                let most = [10_000, 100_000, 1_500_000][self.dice.one_of(3)];
                self.machines[node].disk_us = (200, most);
            }
            17 => self.set_clock(node),
            18 | 19 => {
                let resource = self.dice.one_of(self.machines[node].monitor.units.len());
                let unit = self.machines[node].monitor.units[resource];
                if self.machines[node].up && unit.runs && !unit.stubborn {
                    self.set_runs(node, resource, false);
                }
            }
            20 if self.daemons[node].up => self.monitor_ends(node),
            20 => {}
            24 => self.machines[node].disk.fail_next_sync(),
            25 => {
                let full = self.dice.per_mille(500);
                self.machines[node].disk.set_full(full);
            }
            _ => self.administer(),
        }
    }

    /// The wall clock, by people or by NTP.
    pub(crate) fn set_clock(&mut self, node: usize) {
        let by_ms = [-3_600_000, -2_000, -300, 300, 2_000, 20_000, 3_600_000][self.dice.one_of(7)];
        self.machines[node].clock.jump(by_ms);
    }

    /// The whole machine does nothing but what its kernel does by itself.
    pub(crate) fn stall(&mut self, node: usize) {
        let most_us = u64::try_from(STALL.as_micros()).unwrap();
        let most_us = if self.assumed { most_us * 8 / 10 } else { most_us * 4 };
        let machine = &mut self.machines[node];
        if self.now_us >= machine.stall_from_us {
            let until = self.now_us + self.dice.within(10_000, most_us);
            machine.stalled_until_us = until;
            Process::freeze(node as u64, Duration::from_micros(until));
            // Two stalls in one wait would be more than what the administrator vouches for.
            machine.stall_from_us = until + most_us * 4;
        }
    }

    fn cut(&mut self, node: usize) {
        let nodes = self.daemons.len();
        let networks = self.net.cut.len();
        match self.dice.within(0, 6) {
            // Nobody hears it, and it hears nobody.
            0 | 1 => self.isolate(node, true, true),
            2 => self.isolate(node, true, false),
            3 => self.isolate(node, false, true),
            4 => {
                for cut in self.net.cut.iter_mut().flatten().flatten() {
                    *cut = self.dice.per_mille(300);
                }
            }
            // One network of two.
            _ => {
                let network = self.dice.one_of(networks);
                for other in 0..nodes {
                    self.net.cut[network][node][other] = true;
                    self.net.cut[network][other][node] = true;
                }
            }
        }
        if self.dice.per_mille(300) {
            // It flaps: soon it is over, and soon after that something else comes.
            self.net.heal();
            self.isolate(node, true, true);
        }
    }

    fn isolate(&mut self, node: usize, out: bool, back: bool) {
        for cut in &mut self.net.cut {
            for other in (0..cut.len()).filter(|other| *other != node) {
                cut[node][other] |= out;
                cut[other][node] |= back;
            }
        }
    }

    pub(crate) fn kill_daemon(&mut self, node: usize) {
        let daemon = &mut self.daemons[node];
        if !daemon.up {
            return;
        }
        daemon.up = false;
        daemon.life += 1;
        daemon.frozen_until_us = 0;
        daemon.engine = None;
        Process::end(node as u64);
        self.machines[node].disk.kill();
        self.machines[node].monitor.orphan();
        if self.watched && self.dice.per_mille(300) {
            // Its monitor with it: what runs there runs on.
            self.machines[node].monitor.forget_deadlines();
        }
        let back = self.now_us + self.dice.within(5_000, 2_500_000);
        self.push_daemon_start(back, node);
    }

    fn push_daemon_start(&mut self, at_us: u64, node: usize) {
        let boot = self.machines[node].boot;
        self.push(at_us, node, Of::Machine(boot), Event::StartDaemon);
    }

    pub(crate) fn kill_machine(&mut self, node: usize) {
        if !self.machines[node].up {
            return;
        }
        self.daemons[node].up = false;
        self.daemons[node].life += 1;
        self.daemons[node].frozen_until_us = 0;
        self.daemons[node].engine = None;
        Process::end(node as u64);
        self.machines[node].lose_power();
        self.oracle.gone(node);
        let back = self.now_us + self.dice.within(300_000, 4_000_000);
        self.push(back, node, Of::World, Event::StartMachine);
    }

    pub(crate) fn start_machine(&mut self, node: usize) {
        self.machines[node].up = true;
        self.machines[node].clock.reset(self.now_us);
        self.start(node);
    }

    pub(crate) fn start_daemon(&mut self, node: usize) {
        self.start(node);
    }

    fn start(&mut self, node: usize) {
        let nodes = self.daemons.len();
        let fresh = Daemon::new(node, nodes, self);
        let before = std::mem::replace(&mut self.daemons[node], fresh);
        self.daemons[node].life = before.life;
        self.start_database(node);
        self.begin_life(node);
    }

    /// Somebody asks for something, at any node.
    fn administer(&mut self) {
        let group = self.dice.one_of(self.spec.groups.len());
        let group = self.spec.groups[group].name.clone();
        let name: model::NodeName = format!("n{}", self.any() + 1).parse().unwrap();
        let command = match self.dice.within(0, 8) {
            0..4 => Command::SetGroup { group, change: GroupChange::Move(Some(name)) },
            4 => Command::SetGroup { group, change: GroupChange::Offline },
            5 => Command::SetGroup { group, change: GroupChange::Online },
            6 => Command::SetNodeIntent { node: name, intent: NodeIntent::Draining },
            _ => Command::SetNodeIntent { node: name, intent: NodeIntent::Active },
        };
        let node = self.any();
        self.ask_for(node, command);
    }

    fn ask_for(&mut self, node: usize, command: Command) {
        if self.daemons[node].up {
            self.write_of_somebody(node, command);
        }
    }

    /// Nothing is broken any more; whoever is down comes back, and what was asked for is taken back.
    pub(crate) fn heal(&mut self) {
        self.net.heal();
        for node in 0..self.daemons.len() {
            self.machines[node].disk_us = DISK_US;
            self.machines[node].disk.heal();
            self.machines[node].monitor.units.iter_mut().for_each(|unit| unit.stubborn = false);
            // Who is frozen or stalled thaws when it was to: what it had decided before comes first, then what
            // was sent to it meanwhile.
        }
        self.take_back();
        // Who was down then is there now.
        self.push(self.healed_us + 4_500_000, 0, Of::World, Event::Fault);
    }

    fn take_back(&mut self) {
        let names: Vec<_> = self.spec.groups.iter().map(|group| group.name.clone()).collect();
        // Whoever still waits for an order of his own gives up: it might come after what takes it back.
        for daemon in &mut self.daemons {
            daemon.gives_up();
        }
        let node = (0..self.daemons.len()).find(|node| self.daemons[*node].up).unwrap_or(0);
        for group in names {
            let online = Command::SetGroup { group: group.clone(), change: GroupChange::Online };
            self.write_of_somebody(node, online);
            self.write_of_somebody(node, Command::ClearFailures { group, resource: None, node: None });
        }
        for other in 0..self.daemons.len() {
            let name = format!("n{}", other + 1).parse().unwrap();
            self.write_of_somebody(node, Command::SetNodeIntent { node: name, intent: NodeIntent::Active });
        }
    }
}

//! A machine: its clocks, its kernel's gates, and what runs on it. It outlives daemons, and not its power.

use crate::clock::{Clock, Dice};
use crate::monitor::Monitor;
use crate::world::World;
use execution::Target;
use model::Moment;
use model::desired::ClusterSpec;
use resource_api::ResourceId;
use sim::disk::{SimDisk, Sync};
use std::net::IpAddr;
use store::engine::create_backend;

/// How far clocks drift here, in millionths: NTP slews by no more.
const DRIFT_PPM: u64 = 500;

pub(crate) struct Machine {
    pub(crate) up: bool,
    /// Counts its boots.
    pub(crate) boot: u64,
    pub(crate) clock: Clock,
    /// Nothing but the kernel does anything until then.
    pub(crate) stalled_until_us: u64,
    /// When it may stall again, so that two stalls are not one.
    pub(crate) stall_from_us: u64,
    pub(crate) monitor: Monitor,
    /// How often its watchdog was fed.
    pub(crate) fed: u64,
    /// By resource: until when its gate is open.
    gates: Vec<Option<Moment>>,
    pub(crate) disk: SimDisk,
    /// How long it takes for a write, in microseconds at the least and before.
    pub(crate) disk_us: (u64, u64),
}

pub(crate) const DISK_US: (u64, u64) = (200, 4_000);

impl Machine {
    pub(crate) fn new(dice: &mut Dice, disks: &sim::dice::Dice, node: usize, spec: &ClusterSpec) -> Self {
        // As fast or as slow as may be, or right.
        let rate = 1_000_000 + DRIFT_PPM - DRIFT_PPM * dice.within(0, 3);
        let off_ms = i64::try_from(dice.within(0, 3_000)).unwrap();
        let resources = spec.groups.iter().map(|group| group.resources.len()).sum();
        let disk = SimDisk::new(disks.clone(), Sync::Honest);
        let (file, power) = disk.open();
        create_backend(file, crate::cluster::id(node), "new").unwrap();
        power.cut();
        Self {
            up: true,
            boot: 1,
            clock: Clock::new(dice.within(1, 100) * 1_000_000_000, rate, off_ms),
            stalled_until_us: 0,
            stall_from_us: 0,
            monitor: Monitor::new(resources),
            fed: 0,
            gates: vec![None; resources],
            disk,
            disk_us: DISK_US,
        }
    }

    /// It is without power: nothing is left but its disk.
    pub(crate) fn lose_power(&mut self) {
        self.up = false;
        self.boot += 1;
        self.stalled_until_us = 0;
        self.disk.cut_power();
        self.monitor = Monitor::new(self.gates.len());
        self.gates.fill(None);
    }
}

impl World {
    pub(crate) fn now(&self, node: usize) -> Moment {
        self.machines[node].clock.now(self.now_us)
    }

    pub(crate) fn clock(&self, node: usize) -> execution::Clock {
        self.machines[node].clock.read(self.now_us)
    }

    /// The number of a resource, in the order of the file.
    pub(crate) fn resource(&self, id: &ResourceId) -> usize {
        let all =
            self.spec.groups.iter().flat_map(|group| group.resources.iter().map(move |one| (group, one)));
        all.into_iter().position(|(group, one)| group.name == id.group && one.name == id.resource).unwrap()
    }

    fn gate_of(&self, target: &Target) -> usize {
        match target {
            Target::Processes(id) => self.resource(id),
            Target::Address(address) => {
                assert_eq!(*address, "10.0.0.9".parse::<IpAddr>().unwrap());
                0
            }
        }
    }

    /// The kernel gets a deadline; one that has passed opens nothing.
    pub(crate) fn open_gate(&mut self, node: usize, target: &Target, until: Moment) {
        let gate = self.gate_of(target);
        let now = self.now(node);
        if until <= now {
            self.close_gate(node, target);
            return;
        }
        self.machines[node].gates[gate] = Some(until);
        let closes_us = self.machines[node].clock.when(until);
        self.oracle.gate(self.now_us, node, gate, Some(closes_us));
    }

    pub(crate) fn close_gate(&mut self, node: usize, target: &Target) {
        let gate = self.gate_of(target);
        // What had closed by itself has been closed before.
        if self.machines[node].gates[gate].take().is_some_and(|until| until > self.now(node)) {
            self.oracle.gate(self.now_us, node, gate, None);
        }
    }

    /// Until when it is open, or was.
    pub(crate) fn gate_until(&self, node: usize, target: &Target) -> Option<Moment> {
        self.machines[node].gates[self.gate_of(target)]
    }

    pub(crate) fn is_gate_open(&self, node: usize, target: &Target) -> bool {
        self.machines[node].gates[self.gate_of(target)].is_some_and(|until| until > self.now(node))
    }
}

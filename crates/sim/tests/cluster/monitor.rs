//! The monitors of a machine: what they are asked, what they do by themselves at a deadline, and the
//! resources that they look after.
//!
//! A resource counts as running from the moment at which its start begins until its stop has ended. Starts
//! and stops take random times, fail, or hang until the deadline of the call. What is `stubborn` cannot be
//! ended at any price; only what a gate is in front of ever is, or what a watchdog ends, since nothing else would be
//! safe from it.

use crate::broken::Broken;
use crate::world::{Event, World};
use model::desired::Exclusive;
use model::{GroupName, Moment};
use resource_api::{Failure, Outcome, ResourceId, Verb};
use std::collections::BTreeMap;
use std::time::Duration;

/// Between two looks at the clock.
const LOOK_US: u64 = 100_000;

/// How long all of a group may take to stop in order once its lease has ended.
const IN_ORDER_US: u64 = 500_000;

/// Something in a monitor.
#[derive(Debug, Clone)]
pub(crate) enum Work {
    /// A call comes to its end, as it was going to.
    Ends(u64, End),
    /// It looks at its clock, for this lease.
    Deadline(GroupName, u64),
    /// What ran under that lease has been stopped.
    Stopped(GroupName, u64),
    /// Somebody looks at whether a resource is alive.
    Look(usize),
    /// A successor has begun.
    Replaced,
}

/// How a call will end.
#[derive(Debug, Clone)]
pub(crate) struct End {
    runs: bool,
    outcome: Outcome,
}

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Unit {
    pub(crate) runs: bool,
    pub(crate) stubborn: bool,
    watched: bool,
}

#[derive(Debug)]
struct Lease {
    until: Moment,
    passed: bool,
    /// Tells it from a later one of the same group.
    number: u64,
}

#[derive(Debug)]
pub(crate) struct Monitor {
    up: bool,
    pub(crate) units: Vec<Unit>,
    leases: BTreeMap<GroupName, Lease>,
    calls: BTreeMap<u64, (ResourceId, Verb)>,
    /// Asked while it was down.
    later: Vec<(u64, ResourceId, Verb, Duration)>,
    last: u64,
}

impl Monitor {
    pub(crate) fn new(resources: usize) -> Self {
        let units = vec![Unit::default(); resources];
        let (leases, calls) = (BTreeMap::new(), BTreeMap::new());
        Self { up: true, units, leases, calls, later: Vec::new(), last: 0 }
    }

    /// Its daemon is gone: nobody waits for answers, and what was being done is cut short.
    pub(crate) fn orphan(&mut self) {
        self.calls.clear();
        self.later.clear();
        self.units.iter_mut().for_each(|unit| unit.watched = false);
    }

    /// Its successor knows of none.
    pub(crate) fn forget_deadlines(&mut self) {
        self.leases.clear();
    }

    /// Nobody wants the answer any more.
    pub(crate) fn cancel(&mut self, call: u64) {
        self.calls.remove(&call);
        self.later.retain(|(later, ..)| *later != call);
    }

    pub(crate) fn unlease(&mut self, group: &GroupName) {
        self.leases.remove(group);
    }
}

impl World {
    /// What is watched is looked at: it may have ended since it was asked for.
    pub(crate) fn watch(&mut self, node: usize, resource: usize, on: bool) {
        self.machines[node].monitor.units[resource].watched = on;
        if on {
            self.look_soon(node, resource);
        }
    }

    fn look_soon(&mut self, node: usize, resource: usize) {
        let later = self.now_us + self.dice.within(10_000, 500_000);
        self.push_machine(later, node, Event::Work(Work::Look(resource)));
    }

    pub(crate) fn lease(&mut self, node: usize, group: &GroupName, until: Moment) {
        let monitor = &mut self.machines[node].monitor;
        monitor.last += 1;
        let number = monitor.last;
        monitor.leases.insert(group.clone(), Lease { until, passed: false, number });
        self.look_at(node, group, until, number);
    }

    fn look_at(&mut self, node: usize, group: &GroupName, until: Moment, number: u64) {
        if self.broken == Broken::MonitorIgnoresDeadline {
            return;
        }
        let at_us = self.machines[node].clock.when(until).max(self.now_us) + self.dice.within(0, LOOK_US);
        self.push_machine(at_us, node, Event::Work(Work::Deadline(group.clone(), number)));
    }

    /// Later deadlines, unless the time is up already.
    pub(crate) fn prolong(&mut self, node: usize, group: &GroupName, until: Moment) {
        let lease = self.machines[node].monitor.leases.get_mut(group);
        if let Some(lease) = lease.filter(|lease| !lease.passed) {
            lease.until = until;
        }
    }

    /// Asks for something.
    pub(crate) fn call(&mut self, node: usize, call: u64, id: ResourceId, verb: Verb, within: Duration) {
        let now = self.now(node);
        let resource = self.resource(&id);
        let monitor = &mut self.machines[node].monitor;
        if !monitor.up {
            // As in the daemon: it waits for the successor.
            monitor.later.push((call, id, verb, within));
            return;
        }
        let passed = monitor.leases.get(&id.group).is_some_and(|lease| lease.passed || lease.until <= now);
        if verb == Verb::Online && passed && self.broken != Broken::MonitorIgnoresDeadline {
            self.answer(node, call, Outcome::failed(Failure::Generic, "its lease has ended"));
            return;
        }
        let (end, takes_us) = match verb {
            Verb::Online => self.online(node, resource),
            Verb::Offline | Verb::Terminate => self.offline(node, resource, verb),
            _ => {
                let runs = monitor.units[resource].runs;
                let outcome = if runs { Outcome::running() } else { Outcome::not_running() };
                (End { runs, outcome }, self.dice.within(500, 30_000))
            }
        };
        let most_us = u64::try_from(within.as_micros()).unwrap();
        let end = match takes_us < most_us {
            true => end,
            false => End { outcome: Outcome::failed(Failure::TimedOut, "it hangs"), ..end },
        };
        self.machines[node].monitor.calls.insert(call, (id, verb));
        let at_us = self.now_us + takes_us.min(most_us);
        self.push_machine(at_us, node, Event::Work(Work::Ends(call, end)));
    }

    fn online(&mut self, node: usize, resource: usize) -> (End, u64) {
        self.oracle.touched += 1;
        self.set_runs(node, resource, true);
        let bad = self.is_bad();
        match self.dice.within(0, 1_000) {
            0..40 if bad => {
                let runs = self.dice.per_mille(500);
                let outcome = Outcome::failed(Failure::Generic, "it does not start");
                (End { runs, outcome }, self.dice.within(5_000, 400_000))
            }
            40..70 if bad => (End { runs: true, outcome: Outcome::done() }, u64::MAX),
            70..150 if bad => {
                (End { runs: true, outcome: Outcome::done() }, self.dice.within(400_000, 2_400_000))
            }
            _ => (End { runs: true, outcome: Outcome::done() }, self.dice.within(3_000, 200_000)),
        }
    }

    fn offline(&mut self, node: usize, resource: usize, verb: Verb) -> (End, u64) {
        self.oracle.touched += 1;
        let bad = self.is_bad();
        let exclusive = self.exclusive(resource);
        let ends_otherwise =
            exclusive == Exclusive::Gate || (exclusive == Exclusive::Process && self.watched);
        let unit = &mut self.machines[node].monitor.units[resource];
        if !unit.runs {
            return (End { runs: false, outcome: Outcome::done() }, self.dice.within(500, 5_000));
        }
        if bad && ends_otherwise && self.dice.per_mille(10) {
            unit.stubborn = true;
        }
        let still = End { runs: true, outcome: Outcome::failed(Failure::Generic, "it does not stop") };
        let stopped = End { runs: false, outcome: Outcome::done() };
        match (unit.stubborn, verb, self.dice.within(0, 1_000)) {
            (true, Verb::Terminate, _) => (still, self.dice.within(5_000, 50_000)),
            (true, _, _) => (still, u64::MAX),
            (false, Verb::Offline, 0..30) if bad => (End { runs: true, ..stopped }, u64::MAX),
            (false, Verb::Offline, 30..60) if bad => (still, self.dice.within(5_000, 300_000)),
            (false, Verb::Offline, _) => (stopped, self.dice.within(3_000, 200_000)),
            (false, ..) => (stopped, self.dice.within(5_000, 50_000)),
        }
    }

    pub(crate) fn exclusive(&self, resource: usize) -> Exclusive {
        self.spec.groups.iter().flat_map(|group| &group.resources).nth(resource).unwrap().exclusive
    }

    fn answer(&mut self, node: usize, call: u64, outcome: Outcome) {
        let soon = self.now_us + self.dice.within(20, 500);
        self.push_daemon(soon, node, Event::Answer(call, outcome));
    }

    pub(crate) fn work(&mut self, node: usize, work: Work) {
        match work {
            Work::Ends(call, end) => self.ends(node, call, end),
            Work::Deadline(group, number) => self.deadline(node, &group, number),
            Work::Stopped(group, number) => {
                let lease = self.machines[node].monitor.leases.get(&group);
                if lease.is_some_and(|lease| lease.number == number) {
                    self.end_group(node, &group);
                }
            }
            Work::Look(resource) => self.look_alive(node, resource),
            Work::Replaced => self.replaced(node),
        }
    }

    fn ends(&mut self, node: usize, call: u64, end: End) {
        let Some((id, verb)) = self.machines[node].monitor.calls.remove(&call) else { return };
        let resource = self.resource(&id);
        let outcome = match verb {
            // It is what it is now, not what it was when the look began.
            Verb::Probe if self.machines[node].monitor.units[resource].runs => Outcome::running(),
            Verb::Probe => Outcome::not_running(),
            // It ended meanwhile.
            Verb::Online if !self.machines[node].monitor.units[resource].runs => {
                Outcome::failed(Failure::Generic, "it ended at once")
            }
            _ => {
                let runs = end.runs && self.machines[node].monitor.units[resource].runs;
                self.set_runs(node, resource, runs);
                end.outcome
            }
        };
        self.answer(node, call, outcome);
    }

    /// The dead-man's switch.
    fn deadline(&mut self, node: usize, group: &GroupName, number: u64) {
        let now = self.now(node);
        let monitor = &mut self.machines[node].monitor;
        let is_up = monitor.up;
        let Some(lease) = monitor.leases.get_mut(group).filter(|lease| lease.number == number) else {
            return;
        };
        if lease.passed || !is_up {
            return;
        }
        if lease.until > now {
            let until = lease.until;
            self.look_at(node, group, until, number);
            return;
        }
        lease.passed = true;
        self.may_hang(node, group);
        let monitor = &mut self.machines[node].monitor;
        let cut: Vec<u64> = monitor
            .calls
            .iter()
            .filter(|(_, (id, verb))| id.group == *group && *verb == Verb::Online)
            .map(|(call, _)| *call)
            .collect();
        for call in cut {
            self.machines[node].monitor.calls.remove(&call);
            self.answer(node, call, Outcome::failed(Failure::Cancelled, "its lease has ended"));
        }
        let takes_us = if self.dice.per_mille(200) {
            IN_ORDER_US + 50_000
        } else {
            self.dice.within(5_000, IN_ORDER_US)
        };
        let work = Work::Stopped(group.clone(), number);
        self.push_machine(self.now_us + takes_us, node, Event::Work(work));
    }

    /// What a watchdog ends may outlast everybody who would stop it.
    fn may_hang(&mut self, node: usize, group: &GroupName) {
        if !(self.watched && self.is_bad() && self.dice.per_mille(500)) {
            return;
        }
        let all = self.spec.clone();
        for one in all.group(group).into_iter().flat_map(|spec| &spec.resources) {
            let id = ResourceId { group: group.clone(), resource: one.name.clone() };
            let resource = self.resource(&id);
            let unit = &mut self.machines[node].monitor.units[resource];
            unit.stubborn |= unit.runs && one.exclusive == Exclusive::Process;
        }
    }

    fn end_group(&mut self, node: usize, group: &GroupName) {
        let all = self.spec.clone();
        let Some(spec) = all.group(group) else { return };
        for one in &spec.resources {
            let id = ResourceId { group: group.clone(), resource: one.name.clone() };
            let resource = self.resource(&id);
            if !self.machines[node].monitor.units[resource].stubborn {
                self.set_runs(node, resource, false);
            }
        }
    }

    /// Processes begin or end.
    pub(crate) fn set_runs(&mut self, node: usize, resource: usize, runs: bool) {
        let unit = &mut self.machines[node].monitor.units[resource];
        let before = std::mem::replace(&mut unit.runs, runs);
        if before && !runs {
            unit.stubborn = false;
        }
        self.oracle.runs(self.now_us, node, resource, runs);
        if before != runs {
            self.tell_people(node, || {
                format!("resource {resource} {}", if runs { "begins" } else { "ends" })
            });
        }
        if before && !runs {
            self.look_soon(node, resource);
        }
    }

    fn look_alive(&mut self, node: usize, resource: usize) {
        let monitor = &self.machines[node].monitor;
        let unit = monitor.units[resource];
        if monitor.up && unit.watched && !unit.runs {
            self.notice(node, resource, Outcome::not_running());
        }
    }

    fn notice(&mut self, node: usize, resource: usize, outcome: Outcome) {
        let all =
            self.spec.groups.iter().flat_map(|group| group.resources.iter().map(move |one| (group, one)));
        let (group, one) = all.into_iter().nth(resource).unwrap();
        let id = ResourceId { group: group.name.clone(), resource: one.name.clone() };
        let soon = self.now_us + self.dice.within(20, 500);
        self.push_daemon(soon, node, Event::Noticed(id, outcome));
    }

    /// A monitor ends; what it was asked is answered for it.
    pub(crate) fn monitor_ends(&mut self, node: usize) {
        let monitor = &mut self.machines[node].monitor;
        monitor.up = false;
        for call in std::mem::take(&mut monitor.calls).into_keys() {
            self.answer(node, call, Outcome::failed(Failure::Crashed, "its monitor ended"));
        }
        let back = self.now_us + self.dice.within(10_000, 300_000);
        self.push_machine(back, node, Event::Work(Work::Replaced));
    }

    /// A successor is told everything, and looks at everything.
    fn replaced(&mut self, node: usize) {
        let monitor = &mut self.machines[node].monitor;
        monitor.up = true;
        let leases: Vec<_> =
            monitor.leases.iter().map(|(group, lease)| (group.clone(), lease.until)).collect();
        let runs: Vec<bool> = monitor.units.iter().map(|unit| unit.runs).collect();
        for (group, until) in leases {
            self.lease(node, &group, until);
        }
        for (resource, runs) in runs.into_iter().enumerate() {
            let outcome = if runs { Outcome::running() } else { Outcome::not_running() };
            self.notice(node, resource, outcome);
        }
        for (call, id, verb, within) in std::mem::take(&mut self.machines[node].monitor.later) {
            self.call(node, call, id, verb, within);
        }
    }
}

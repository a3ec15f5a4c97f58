//! A watchdog of each machine, and the thread of the daemon that feeds it.
//!
//! The device is the machine's: it goes on counting whoever is frozen, stalled or gone, and bites as late as it may. The
//! thread is frozen with its daemon, and also between its look at the clock and the feeding that follows.

use crate::broken::Broken;
use crate::world::{Event, Of, World};
use execution::Feeding;
use model::Moment;
use model::stored::{GateKind, NodeMeans, WatchdogRecord};
use std::time::Duration;

/// W and δ. Short ones, for short worlds.
pub(crate) const TIMEOUT: Duration = Duration::from_millis(1_000);
pub(crate) const GRANULARITY: Duration = Duration::from_millis(100);

/// Between two feedings.
const EVERY_US: u64 = 100_000;

impl World {
    /// What a node has for a guard.
    pub(crate) fn means(&self) -> NodeMeans {
        let ms = |span: Duration| u64::try_from(span.as_millis()).unwrap();
        let watchdog = WatchdogRecord { timeout_ms: ms(TIMEOUT), granularity_ms: ms(GRANULARITY) };
        NodeMeans {
            gate: Some(if self.timeouts { GateKind::Nftables } else { GateKind::Bpf }),
            cgroup_gate: !self.timeouts,
            watchdog: self.watched.then_some(watchdog),
            ..NodeMeans::default()
        }
    }

    /// A life begins: the database promises a watchdog, and this life has none yet.
    pub(crate) fn begin_feeding(&mut self, node: usize) {
        if self.watched {
            self.daemons[node].runner.keeps_its_word(false);
            self.daemons[node].fed_until = Moment::default();
            self.daemons[node].has_fed = false;
            let first = self.now_us + self.dice.within(100, 20_000);
            self.push_daemon(first, node, Event::Feed);
        }
    }

    /// The deadline is moved, before anything that follows is carried out.
    pub(crate) fn follow(&mut self, node: usize) {
        if !self.watched {
            return;
        }
        let means = self.means();
        let feeding = self.daemons[node].runner.feeding(&means);
        self.daemons[node].fed_until = match self.broken {
            Broken::FedWhatIsOverdue if feeding.group.is_some() => Feeding::FOR_EVER.until,
            Broken::FedByANewLifeAtOnce if feeding == Feeding::NOT_YET => Feeding::FOR_EVER.until,
            _ => feeding.until,
        };
    }

    /// The thread looks at the clock.
    pub(crate) fn feed(&mut self, node: usize) {
        if self.now(node) >= self.daemons[node].fed_until {
            self.push_daemon(self.now_us + EVERY_US, node, Event::Feed);
            return;
        }
        // Most of all where it was the last look.
        let was_the_last =
            self.daemons[node].fed_until.since(self.now(node)) < Duration::from_micros(EVERY_US);
        if self.is_bad() && self.dice.per_mille(if was_the_last { 500 } else { 5 }) {
            let freeze = self.dice.within(1_000, if was_the_last { 1_100_000 } else { 3_000_000 });
            self.freeze(node, freeze);
        }
        self.push_daemon(self.now_us.max(self.daemons[node].frozen_until_us), node, Event::Fed);
    }

    /// And feeds; for the first time in its life, that arms it.
    pub(crate) fn fed(&mut self, node: usize) {
        let machine = &mut self.machines[node];
        machine.fed += 1;
        let bite = Event::Bite { boot: machine.boot, fed: machine.fed };
        let span = |span: Duration| u64::try_from(span.as_micros()).unwrap();
        let at = self.now_us + span(TIMEOUT) + self.dice.within(0, span(GRANULARITY));
        self.push(at, node, Of::World, bite);
        self.push_daemon(self.now_us + EVERY_US, node, Event::Feed);
        if !std::mem::replace(&mut self.daemons[node].has_fed, true) {
            self.with(node, |runner| runner.keeps_its_word(true));
        }
    }

    /// The time-out of a feeding is over.
    pub(crate) fn bite(&mut self, node: usize, boot: u64, fed: u64) {
        let machine = &self.machines[node];
        if machine.up && (machine.boot, machine.fed) == (boot, fed) {
            self.tell_people(node, || "its watchdog bites".to_owned());
            self.bites += 1;
            self.kill_machine(node);
        }
    }
}

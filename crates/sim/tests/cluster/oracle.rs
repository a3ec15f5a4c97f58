//! The oracle: who is effective, on true time, and what the log says of ownerships.
//!
//! It shares nothing with the product but the names of things. It is told what the machines do (a process
//! begins or ends, a kernel's gate gets a deadline, already turned into true time by the world) and every
//! state that a database shows; it is never told what a daemon believes.
//!
//! * S1: no two nodes are effective for one exclusive group at the same time.
//! * No group is held by two in a database; a group's generation strictly grows; all nodes show the same.
//! * A node follows no order for another ownership than the one that it has.
//! * L1 and L2 are asked of it: what is online, and how often anything was started or stopped.

use model::desired::{ClusterSpec, Exclusive};
use model::stored::{ClusterState, CopyStage};
use model::{Generation, GroupName, NodeId};
use std::collections::BTreeMap;

/// What was sent through a gate just before it closed by itself may have an effect for so long.
pub(crate) const IN_FLIGHT_US: u64 = 50_000;

/// A resource on a node.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    runs: bool,
    /// When its gate closes by itself, in true time.
    gate_us: Option<u64>,
    /// Until when it has effects, if nothing happens before.
    until_us: u64,
}

#[derive(Debug)]
struct Watched {
    group: usize,
    exclusive: Exclusive,
    /// By node.
    seen: Vec<Seen>,
}

#[derive(Debug)]
pub(crate) struct Oracle {
    resources: Vec<Watched>,
    pub(crate) violations: Vec<String>,
    /// How often each group became effective on another node than before.
    pub(crate) moves: usize,
    /// How often anything was started or stopped.
    pub(crate) touched: u64,
    last: Vec<Option<usize>>,
    /// Of each revision, in a number, what the ownerships are in it.
    log: BTreeMap<u64, u64>,
    generations: BTreeMap<GroupName, Generation>,
    owners: BTreeMap<(GroupName, Generation), NodeId>,
}

impl Oracle {
    pub(crate) fn new(spec: &ClusterSpec, nodes: usize) -> Self {
        let all = spec.groups.iter().enumerate().flat_map(|(group, of)| {
            of.resources.iter().map(move |one| Watched {
                group,
                exclusive: one.exclusive,
                seen: vec![Seen::default(); nodes],
            })
        });
        Self {
            resources: all.collect(),
            violations: Vec::new(),
            moves: 0,
            touched: 0,
            last: vec![None; spec.groups.len()],
            log: BTreeMap::new(),
            generations: BTreeMap::new(),
            owners: BTreeMap::new(),
        }
    }

    /// Processes of a resource begin, or the last of them has ended.
    pub(crate) fn runs(&mut self, at_us: u64, node: usize, resource: usize, runs: bool) {
        if std::mem::replace(&mut self.resources[resource].seen[node].runs, runs) != runs {
            self.judge(at_us, node, resource, !runs);
        }
    }

    /// A gate is open until then, unless it is written again; nothing: it is closed.
    pub(crate) fn gate(&mut self, at_us: u64, node: usize, resource: usize, closes_us: Option<u64>) {
        self.resources[resource].seen[node].gate_us = closes_us;
        self.judge(at_us, node, resource, closes_us.is_none());
    }

    /// A machine is gone, with what it had sent.
    pub(crate) fn gone(&mut self, node: usize) {
        for one in &mut self.resources {
            one.seen[node] = Seen::default();
        }
    }

    fn judge(&mut self, at_us: u64, node: usize, resource: usize, ended: bool) {
        let Watched { group, exclusive, ref mut seen } = self.resources[resource];
        let seen = &mut seen[node];
        let open_us = match exclusive {
            Exclusive::Process | Exclusive::None => seen.runs.then_some(u64::MAX),
            Exclusive::Gate => seen.gate_us.filter(|closes| seen.runs && *closes > at_us),
        };
        match open_us {
            Some(closes_us) => seen.until_us = closes_us.saturating_add(IN_FLIGHT_US),
            // What a node has closed or stopped itself is over (design, section 5: "released: at once").
            None if ended => seen.until_us = seen.until_us.min(at_us),
            // Its gate had closed by itself before.
            None => {}
        }
        if open_us.is_none() || exclusive == Exclusive::None {
            return;
        }
        let beside = |one: &&Watched| one.group == group && one.exclusive != Exclusive::None;
        let others = self.resources.iter().filter(beside).flat_map(|one| one.seen.iter().enumerate());
        if let Some((other, _)) =
            others.into_iter().find(|(other, seen)| *other != node && seen.until_us > at_us)
        {
            self.violations.push(format!("S1: at {at_us} us group {group}: node {node} beside node {other}"));
        }
        if self.last[group].replace(node).is_some_and(|last| last != node) {
            self.moves += 1;
        }
    }

    /// The only node on which all of a group works, as seen from outside.
    pub(crate) fn online(&self, at_us: u64, group: usize) -> Option<usize> {
        let of = || self.resources.iter().filter(|one| one.group == group);
        let nodes = self.resources[0].seen.len();
        let works = |node: usize| {
            of().all(|one| {
                let open = one.seen[node].gate_us.is_some_and(|closes| closes > at_us);
                one.seen[node].runs && (one.exclusive != Exclusive::Gate || open)
            })
        };
        let runs = |node: usize| of().any(|one| one.seen[node].runs);
        let found = (0..nodes).find(|node| works(*node))?;
        (0..nodes).all(|node| node == found || !runs(node)).then_some(found)
    }

    pub(crate) fn groups(&self) -> usize {
        self.last.len()
    }

    /// Somebody shows the database like this.
    pub(crate) fn applied(&mut self, state: &ClusterState) {
        let revision = state.revision.0;
        let is_newest = self.log.keys().next_back().is_none_or(|newest| *newest < revision);
        let mut sum = 0xcbf2_9ce4_8422_2325;
        for (group, record) in &state.groups {
            let mut held = 0;
            for (node, copy) in &record.copies {
                held += usize::from(copy.stage == CopyStage::Held);
                for part in [node.0, copy.generation.0, u64::from(copy.stage == CopyStage::Held)] {
                    sum = (sum ^ part).wrapping_mul(0x0000_0100_0000_01b3);
                }
                self.owned(group, *node, copy.generation, is_newest);
            }
            if held > 1 {
                self.violations.push(format!("revision {revision}: {group} is held by {held}"));
            }
        }
        if *self.log.entry(revision).or_insert(sum) != sum {
            self.violations.push(format!("revision {revision}: nodes differ in what they make of it"));
        }
    }

    /// An ownership is in the database. One that is new there has a generation above all before.
    fn owned(&mut self, group: &GroupName, node: NodeId, generation: Generation, is_newest: bool) {
        let key = (group.clone(), generation);
        let latest = self.generations.entry(group.clone()).or_default();
        match self.owners.get(&key) {
            Some(owner) if *owner != node => {
                let what = format!("{group}: generation {generation} is of {owner} and of {node}");
                self.violations.push(what);
            }
            Some(_) => {}
            None if is_newest && generation <= *latest => {
                self.violations.push(format!("{group}: generation {generation} after {latest}"));
            }
            None => {
                self.owners.insert(key, node);
            }
        }
        *latest = generation.max(*latest);
    }

    /// A node follows an order, while its own database says that it has the group so.
    pub(crate) fn followed(
        &mut self,
        at_us: u64,
        ordered: Generation,
        held: Option<Generation>,
        stops: bool,
    ) {
        if held != Some(ordered) && !(stops && held.is_none()) {
            self.violations.push(format!(
                "at {at_us} us an order for generation {ordered} was followed by a node that has {held:?}"
            ));
        }
    }
}

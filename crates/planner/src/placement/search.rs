//! Finds room for a group by letting others that are free choose differently.
//!
//! Choosing one after the other is not always enough: the small one took the last large place. Those
//! that chose in this pass, run nowhere yet (so that nothing is interrupted), and stand in the way, choose
//! again: the last of them first takes its next best node, then the one before it, and so on, until
//! everybody has a place. So the most important keep what they chose for longest. The search is complete
//! for the few that are usually concerned, and given up after a bounded number of nodes: in a cluster that
//! is too small for all, no search can help, and finding that out must not take long.

use super::room::Room;
use super::{Choice, Chosen, Verdict, Why, keys, single};
use crate::ids::{GroupIx, NodeIx};
use model::desired::Place;
use std::collections::BTreeSet;

/// So many nodes are weighed in all searches of a pass together: some ten milliseconds.
pub(super) const WEIGHINGS_MAX: u32 = 65_536;

/// And so many in one, so that those that come later have something left: enough for every arrangement
/// of six groups on four nodes, which is what the planner is held against (`tests/brute_force.rs`).
const WEIGHINGS_OF_ONE: u32 = WEIGHINGS_MAX / 8;

/// Whether a group that chose a node could as well have chosen another: it has to start anyway, and
/// nobody follows it.
pub(super) fn is_free(room: &Room<'_>, ix: GroupIx) -> bool {
    let group = &room.problem.groups[ix];
    let starts_anyway = |at: &Chosen| super::bars::fixed(room.problem, ix, at.node, true).is_some();
    !group.is_clone() && group.carried.is_empty() && room.current(ix).iter().all(starts_anyway)
}

/// Tries to find an arrangement in which a group that found no place has one.
pub(super) fn make_room(room: &mut Room<'_>, ix: GroupIx) {
    if room.problem.groups[ix].is_clone() {
        return;
    }
    let budget = room.weighings.min(WEIGHINGS_OF_ONE);
    let mut search = Search { room, left: budget };
    search.run(ix);
    let used = budget - search.left;
    room.weighings -= used;
}

struct Search<'s, 'p> {
    room: &'s mut Room<'p>,
    /// So many nodes may still be weighed.
    left: u32,
}

/// A group that may choose again.
struct Level {
    group: GroupIx,
    /// What it had chosen, once it has been tried elsewhere.
    was: Option<Choice>,
    /// Where it has not been tried yet, the best last.
    open: Vec<NodeIx>,
}

impl Search<'_, '_> {
    fn run(&mut self, ix: GroupIx) {
        let concerned = self.concerned(ix).into_iter().chain([ix]);
        let mut levels: Vec<Level> =
            concerned.map(|group| Level { group, was: None, open: Vec::new() }).collect();
        let found = levels.len() > 1 && self.arrange(&mut levels);
        let tried = || levels.iter().filter(|level| level.was.is_some());
        let places: Vec<Option<Choice>> = tried().map(|level| self.room.unsettle(level.group)).collect();
        for (level, place) in tried().zip(places) {
            let at = place.and_then(|choice| choice.places.first().copied()).filter(|_| found);
            let choice = match (at, &level.was) {
                (Some(at), _) => self.chosen(level.group, at.node),
                (None, Some(was)) => was.clone(),
                (None, None) => continue,
            };
            self.room.settle(level.group, choice);
        }
    }

    /// Those that are free to be elsewhere, and could be in a group's way or in the way of those, in the
    /// order of choosing.
    fn concerned(&mut self, ix: GroupIx) -> Vec<GroupIx> {
        let mut nodes = self.reach(ix);
        let mut found: BTreeSet<GroupIx> = BTreeSet::new();
        let mut far = self.room.free.clone();
        loop {
            let is_near = |other: &GroupIx| {
                let places = &self.room.choice(*other).places;
                places.iter().any(|at| nodes.contains(&at.node))
            };
            let (near, rest): (Vec<GroupIx>, Vec<GroupIx>) = far.into_iter().partition(is_near);
            far = rest;
            found.extend(&near);
            for other in &near {
                // Who could be anywhere reaches no more.
                if nodes.len() < self.room.problem.nodes.len() {
                    nodes.extend(self.reach(*other));
                }
            }
            if near.is_empty() {
                return self.room.free.iter().copied().filter(|other| found.contains(other)).collect();
            }
        }
    }

    /// Where a group could be, whoever is there, and where others could be in its way.
    fn reach(&mut self, ix: GroupIx) -> BTreeSet<NodeIx> {
        let problem = self.room.problem;
        if !self.weigh_all() {
            return BTreeSet::new();
        }
        let nodes = || problem.nodes.places();
        let own: Vec<NodeIx> =
            nodes().filter(|node| super::bars::fixed(problem, ix, *node, false).is_none()).collect();
        // Who is kept away from a whole domain is kept away by whoever is anywhere in it.
        let by_domain = problem.groups[ix].apart.iter().any(|(_, place)| *place == Place::FailureDomain);
        let near = |node: &NodeIx| own.iter().any(|one| self.room.is_same(*one, *node, Place::FailureDomain));
        if by_domain { nodes().filter(near).collect() } else { own.into_iter().collect() }
    }

    /// Counts that all nodes are weighed once more, if that is still allowed.
    fn weigh_all(&mut self) -> bool {
        let nodes = u32::try_from(self.room.problem.nodes.len()).unwrap_or(u32::MAX);
        let left = self.left.checked_sub(nodes);
        self.left = left.unwrap_or(0);
        left.is_some()
    }

    /// Lets these choose again, from the last on, until all have a place; whether they do.
    fn arrange(&mut self, levels: &mut [Level]) -> bool {
        let last = levels.len() - 1;
        let mut depth = last;
        let mut is_back = true;
        loop {
            // All before this one have a place; it, and all after it, have none.
            let level = &mut levels[depth];
            let was = self.room.unsettle(level.group);
            let is_first_time = is_back && level.was.is_none();
            if is_first_time || !is_back {
                if !self.weigh_all() {
                    return false;
                }
                level.open = candidates(self.room, level.group);
            }
            if is_first_time {
                let tried = was.as_ref().and_then(|was| was.places.first()).map(|at| at.node);
                level.open.retain(|node| Some(*node) != tried);
                level.was = was;
            }
            match level.open.pop() {
                Some(node) => {
                    let places = vec![Chosen { node, primary: false }];
                    self.room.settle(level.group, Choice { places, why: Why::Best, weighed: Vec::new() });
                    if depth == last {
                        return true;
                    }
                    (depth, is_back) = (depth + 1, false);
                }
                None if depth == 0 => return false,
                None => (depth, is_back) = (depth - 1, true),
            }
        }
    }

    /// The choice of a node, with what became of all of them.
    fn chosen(&self, ix: GroupIx, node: NodeIx) -> Choice {
        let room = &*self.room;
        let best = candidates(room, ix).last().copied();
        let verdict = |other: NodeIx| match single::can_be(room, ix, other) {
            _ if other == node => Verdict::Chosen,
            Err(bar) => Verdict::Barred(bar),
            // It would be better here, and somebody else would find no place.
            Ok(_) if Some(other) == best => Verdict::Yields,
            Ok(makes_room) => {
                let (one, two) =
                    (keys::key(room, ix, node, makes_room), keys::key(room, ix, other, makes_room));
                Verdict::Less(one.differs(&two))
            }
        };
        let weighed = room.problem.nodes.places().map(|other| (other, verdict(other))).collect();
        Choice { places: vec![Chosen { node, primary: false }], why: Why::Best, weighed }
    }
}

/// The nodes where a group can be now, the best last.
fn candidates(room: &Room<'_>, ix: GroupIx) -> Vec<NodeIx> {
    let nodes = room.problem.nodes.places();
    let able = nodes.filter_map(|node| {
        let makes_room = single::can_be(room, ix, node).ok()?;
        Some((keys::key(room, ix, node, makes_room), node))
    });
    let mut able: Vec<_> = able.collect();
    able.sort_unstable_by(|one, other| other.cmp(one));
    able.into_iter().map(|(_, node)| node).collect()
}

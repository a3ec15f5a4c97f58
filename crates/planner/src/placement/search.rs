//! Finds room for a group by letting others that are free choose differently.
//!
//! Choosing one after the other is not always enough: the small one took the last large place. Those
//! that chose in this pass, run nowhere yet (so that nothing is interrupted), and stand in the way, are
//! tried elsewhere, in the order in which they chose, until everybody has a place. The first arrangement
//! found is the one in which the most important choose best. The search is complete for the few that are
//! usually concerned, and given up after a bounded number of attempts.

use super::room::Room;
use super::{Choice, Chosen, Verdict, Why, keys, single};
use crate::ids::{GroupIx, NodeIx};
use model::desired::Place;
use std::collections::BTreeSet;

/// So many nodes are tried in all: some milliseconds.
const ATTEMPTS_MAX: u32 = 20_000;

/// Tries to find an arrangement in which a group that found no place has one.
pub(super) fn make_room(room: &mut Room<'_>, order: &[GroupIx], ix: GroupIx) {
    if room.problem.groups[ix].is_clone() {
        return;
    }
    let concerned = concerned(room, order, ix);
    if concerned.len() < 2 {
        return;
    }
    let before: Vec<Choice> = concerned.iter().filter_map(|group| room.unsettle(*group)).collect();
    let mut attempts = ATTEMPTS_MAX;
    if !arrange(room, &concerned, &mut attempts) {
        for (group, choice) in concerned.iter().zip(before) {
            room.settle(*group, choice);
        }
    }
}

/// The group, and those that are free to be elsewhere and could be in its way or in the way of those, in
/// the order of choosing.
fn concerned(room: &Room<'_>, order: &[GroupIx], ix: GroupIx) -> Vec<GroupIx> {
    let is_free = |other: GroupIx| {
        let group = &room.problem.groups[other];
        other != ix
            && room.is_settled(other)
            && !group.is_clone()
            && group.carried.is_empty()
            && room.choice(other).why == Why::Best
            && room.current(other).is_empty_or_lost(room, other)
    };
    let free: Vec<GroupIx> = order.iter().copied().filter(|other| is_free(*other)).collect();
    let reach = |group: GroupIx| -> Vec<NodeIx> {
        let nodes = || room.problem.nodes.places();
        let own = nodes().filter(|node| super::bars::fixed(room.problem, group, *node, false).is_none());
        let own: Vec<NodeIx> = own.collect();
        // Who is kept away from a whole domain is kept away by whoever is anywhere in it.
        let by_domain =
            room.problem.groups[group].apart.iter().any(|(_, place)| *place == Place::FailureDomain);
        let near = |node: &NodeIx| own.iter().any(|one| room.is_same(*one, *node, Place::FailureDomain));
        if by_domain { nodes().filter(near).collect() } else { own }
    };
    let mut nodes: BTreeSet<NodeIx> = reach(ix).into_iter().collect();
    let mut found: BTreeSet<GroupIx> = BTreeSet::new();
    let mut grew = true;
    while grew {
        grew = false;
        for other in &free {
            let is_there = room.choice(*other).places.iter().any(|at| nodes.contains(&at.node));
            if is_there && found.insert(*other) {
                nodes.extend(reach(*other));
                grew = true;
            }
        }
    }
    let mut all: Vec<GroupIx> = order.iter().copied().filter(|other| found.contains(other)).collect();
    all.push(ix);
    all
}

trait Elsewhere {
    fn is_empty_or_lost(&self, room: &Room<'_>, ix: GroupIx) -> bool;
}

impl Elsewhere for [Chosen] {
    /// Whether it has to start anyway.
    fn is_empty_or_lost(&self, room: &Room<'_>, ix: GroupIx) -> bool {
        self.iter().all(|at| super::bars::fixed(room.problem, ix, at.node, true).is_some())
    }
}

/// Places all of these, each in turn trying its nodes from the best on; takes back what leads nowhere.
/// The depth is the number of groups, so the attempts are kept on a list of our own.
fn arrange(room: &mut Room<'_>, groups: &[GroupIx], attempts: &mut u32) -> bool {
    let mut open: Vec<Vec<NodeIx>> = vec![candidates(room, groups[0])];
    loop {
        let depth = open.len() - 1;
        let Some(node) = open[depth].pop() else {
            open.pop();
            if open.is_empty() {
                return false;
            }
            room.unsettle(groups[depth - 1]);
            continue;
        };
        if *attempts == 0 {
            for group in groups.iter().take(depth) {
                room.unsettle(*group);
            }
            return false;
        }
        *attempts -= 1;
        room.settle(groups[depth], chosen(room, groups[depth], node));
        if depth + 1 == groups.len() {
            return true;
        }
        let next = candidates(room, groups[depth + 1]);
        open.push(next);
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

fn chosen(room: &Room<'_>, ix: GroupIx, node: NodeIx) -> Choice {
    let best = candidates(room, ix).last().copied();
    let verdict = |other: NodeIx| match single::can_be(room, ix, other) {
        _ if other == node => Verdict::Chosen,
        Err(bar) => Verdict::Barred(bar),
        // It would be better here, and somebody else would find no place.
        Ok(_) if Some(other) == best => Verdict::Yields,
        Ok(makes_room) => {
            let (one, two) = (keys::key(room, ix, node, makes_room), keys::key(room, ix, other, makes_room));
            Verdict::Less(one.differs(&two))
        }
    };
    let weighed = room.problem.nodes.places().map(|other| (other, verdict(other))).collect();
    Choice { places: vec![Chosen { node, primary: false }], why: Why::Best, weighed }
}

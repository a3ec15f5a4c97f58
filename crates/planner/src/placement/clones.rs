//! The choice of a group that runs on several nodes.

use super::keys::{self, Key};
use super::primaries;
use super::room::Room;
use super::single::can_be;
use super::{Bar, Choice, Chosen, Verdict, Why};
use crate::ids::{GroupIx, NodeIx};
use crate::problem::Aim;
use model::desired::Place;

/// The best nodes for a group's copies, and which of them are primary.
pub(super) fn choose(room: &mut Room<'_>, ix: GroupIx) -> Choice {
    let problem = room.problem;
    let group = &problem.groups[ix];
    let clones = group.clones.unwrap_or_default();
    let wanted = clones.max.map_or(problem.nodes.len(), |max| max as usize);
    let mut open: Vec<(NodeIx, Key)> = Vec::new();
    let mut weighed = Vec::with_capacity(problem.nodes.len());
    for node in problem.nodes.places() {
        let can = match alone(room, ix, node) {
            Some(bar) => Err(bar),
            None => can_be(room, ix, node),
        };
        match can {
            Err(bar) => weighed.push((node, Verdict::Barred(bar))),
            Ok(makes_room) => open.push((node, keys::key(room, ix, node, makes_room))),
        }
    }
    let mut places: Vec<Chosen> = Vec::new();
    let mut worst = None;
    while places.len() < wanted {
        let in_domain = |node: NodeIx| {
            let domain = problem.nodes[node].domain;
            places.iter().filter(|at| problem.nodes[at.node].domain == domain).count()
        };
        let best = open.iter().map(|(node, key)| (key.in_domain(in_domain(*node)), *node)).min();
        let Some((key, node)) = best else { break };
        open.retain(|(other, _)| *other != node);
        worst = Some(key);
        places.push(Chosen { node, primary: false });
        weighed.push((node, Verdict::Chosen));
        if group.spec.policy.apart_by == Place::FailureDomain {
            let same = |other: &NodeIx| problem.nodes[*other].domain == problem.nodes[node].domain;
            let barred = open.iter().filter(|(other, _)| same(other));
            weighed.extend(barred.map(|(other, _)| (*other, Verdict::Barred(Bar::SameDomain))));
            open.retain(|(other, _)| !same(other));
        }
    }
    for (node, key) in &open {
        let domain = problem.nodes[*node].domain;
        let beside = places.iter().filter(|at| problem.nodes[at.node].domain == domain).count();
        let lost = |worst: Key| Verdict::Less(worst.differs(&key.in_domain(beside)));
        weighed.push((*node, worst.map_or(Verdict::Enough, lost)));
    }
    weighed.sort_unstable_by_key(|(node, _)| *node);
    places.sort_unstable_by_key(|at| at.node);
    primaries::choose(room, ix, &mut places);
    let why = match places.as_slice() {
        [] => Why::Nowhere,
        here if here.iter().all(|at| room.is_here(ix, at.node)) => Why::Stays,
        _ => Why::Best,
    };
    Choice { places, why, weighed }
}

/// A copy that needs only the copy of another group on its own node cannot be where that is not.
fn alone(room: &Room<'_>, ix: GroupIx, node: NodeIx) -> Option<Bar> {
    let group = &room.problem.groups[ix];
    let is_met =
        |aim: &Aim| match room.problem.groups[aim.group].clones.is_some_and(|clones| clones.interleave) {
            true => room.will_serve_on(*aim, node),
            false => room.will_serve(*aim),
        };
    let unmet = |any: &&Vec<Aim>| !any.is_empty() && !any.iter().any(is_met);
    group.start_after.iter().find(unmet).and_then(|any| any.first()).map(|aim| Bar::Elsewhere(*aim))
}

//! What keeps a group from a node, whatever it is worth there.

use super::room::Room;
use crate::ids::{GroupIx, NodeIx, ResourceIx};
use crate::problem::{Aim, Problem, Unfit, Worn, worn_resource};
use crate::view::{Degree, Standing};

/// Why a group cannot be on a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bar {
    /// How the node is.
    Standing(Standing),
    /// A failure of that group empties the node.
    Emptied(GroupIx),
    /// The file says so.
    Unfit(Unfit),
    /// The node is not ready for that resource; which of its reasons.
    NotReady(ResourceIx, usize),
    /// It failed there as often as its policy puts up with.
    Worn(Worn),
    /// A group that it is never with is there.
    Apart(GroupIx),
    /// A group that it runs with is not there.
    Elsewhere(Aim),
    /// Another copy of it is in the same failure domain.
    SameDomain,
    /// There is too little of that measure: needed, and free.
    Room(usize, u64, u64),
}

/// Whether a node can be told to do things.
pub(crate) fn is_there(standing: Standing) -> bool {
    !matches!(standing, Standing::Down | Standing::Joining | Standing::Isolated)
}

/// What keeps a group from a node, wherever all others are.
pub(super) fn fixed(problem: &Problem<'_>, ix: GroupIx, node: NodeIx, is_here: bool) -> Option<Bar> {
    let (group, place) = (&problem.groups[ix], &problem.nodes[node]);
    match place.standing {
        Standing::Up => {}
        Standing::Paused if is_here => {}
        standing => return Some(Bar::Standing(standing)),
    }
    if let Some(unfit) = problem.unfit(group, node) {
        return Some(Bar::Unfit(unfit));
    }
    if let Some(by) = place.emptied_by {
        return Some(Bar::Emptied(by));
    }
    if let Some(bar) = not_ready(problem, ix, node, is_here) {
        return Some(bar);
    }
    crate::problem::worn(problem, ix, node).map(Bar::Worn)
}

/// What of readiness keeps a group from a node.
fn not_ready(problem: &Problem<'_>, ix: GroupIx, node: NodeIx, is_here: bool) -> Option<Bar> {
    // Where no node is ready, what was not validated is better than nothing, and what cannot run is not.
    let least = if problem.groups[ix].none_ready { Degree::Unable } else { Degree::NotReady };
    reason(problem, ix, node, is_here).filter(|(degree, _)| *degree >= least).map(|(_, bar)| bar)
}

/// How far from ready a node is for a group, if it is.
pub(super) fn degree(problem: &Problem<'_>, ix: GroupIx, node: NodeIx, is_here: bool) -> Option<Degree> {
    reason(problem, ix, node, is_here).map(|(degree, _)| degree)
}

/// The worst that speaks against starting a group on a node: what runs there is left alone by it.
fn reason(problem: &Problem<'_>, ix: GroupIx, node: NodeIx, is_here: bool) -> Option<(Degree, Bar)> {
    let (group, reasons) = (&problem.groups[ix], problem.nodes[node].not_ready);
    if reasons.is_empty() {
        return None;
    }
    let mut worst: Option<(Degree, Bar)> = None;
    let copy = group.on(node).filter(|_| is_here);
    for (resource, one) in group.resources() {
        let runs = copy.is_some_and(|copy| copy.states[resource].serves());
        // What is optional, and given up here, will not be started here either.
        let given_up = || one.policy.optional && worn_resource(problem, group, resource, node).is_some();
        if runs || one.policy.unmanaged || given_up() {
            continue;
        }
        let speaks_of_it = |reason: &&crate::view::NotReady| match &reason.resource {
            None => reason.kind == one.kind,
            Some(path) => path.split_once('/').is_some_and(|(in_group, name)| {
                in_group == group.name().as_str() && name == one.name.as_str()
            }),
        };
        for (place, reason) in reasons.iter().enumerate().filter(|(_, reason)| speaks_of_it(reason)) {
            if worst.is_none_or(|(degree, _)| reason.degree > degree) {
                worst = Some((reason.degree, Bar::NotReady(resource, place)));
            }
        }
    }
    worst
}

/// What keeps a group from a node, given those that chose before, and those that stay.
pub(super) fn taken(room: &Room<'_>, ix: GroupIx, node: NodeIx) -> Result<MakesRoom, Bar> {
    let group = &room.problem.groups[ix];
    if let Some(aim) = group.runs_with.iter().find(|aim| !room.has(**aim, node)) {
        return Err(Bar::Elsewhere(*aim));
    }
    let mut makes_room = MakesRoom(false);
    for (other, place) in &group.apart {
        match room.shares(*other, node, *place) {
            Presence::Nowhere => {}
            Presence::Fixed => return Err(Bar::Apart(*other)),
            Presence::Yields if room.problem.groups[*other].priority < group.priority => {
                makes_room = MakesRoom(true);
            }
            Presence::Yields => return Err(Bar::Apart(*other)),
        }
    }
    for (other, place) in &group.apart_from_primary {
        if room.shares_with_primary(*other, node, *place) {
            return Err(Bar::Apart(*other));
        }
    }
    for (measure, needed) in &group.uses {
        let Some(capacity) = room.problem.nodes[node].capacity[*measure] else { continue };
        let (fixed, yields) = room.used(node, *measure, group.priority);
        let free = capacity.saturating_sub(fixed);
        if *needed > free {
            return Err(Bar::Room(*measure, *needed, free));
        }
        makes_room.0 |= *needed > free.saturating_sub(yields);
    }
    Ok(makes_room)
}

/// Whether somebody less important has to leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MakesRoom(pub(super) bool);

/// How another group is at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    /// It is not.
    Nowhere,
    /// It chose to be.
    Fixed,
    /// It is, and has yet to choose.
    Yields,
}

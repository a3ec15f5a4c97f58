//! The choice of a group that runs on one node.

use super::bars::{self, MakesRoom};
use super::keys::{self, Key};
use super::room::Room;
use super::{Bar, Choice, Chosen, Verdict, Why};
use crate::ids::{GroupIx, NodeIx};
use crate::problem::failed_start;

/// The best node for a group, or why there is none.
pub(super) fn choose(room: &mut Room<'_>, ix: GroupIx) -> Choice {
    let chosen = |node| vec![Chosen { node, primary: false }];
    if let Some(node) = stays(room, ix) {
        return Choice { places: chosen(node), why: Why::Stays, weighed: Vec::new() };
    }
    let mut best: Option<(Key, NodeIx)> = None;
    let mut keys = Vec::new();
    let mut weighed = Vec::with_capacity(room.problem.nodes.len());
    for node in room.problem.nodes.places() {
        match can_be(room, ix, node) {
            Err(bar) => weighed.push((node, Verdict::Barred(bar))),
            Ok(makes_room) => {
                let key = keys::key(room, ix, node, makes_room);
                keys.push((node, key));
                if best.is_none_or(|(least, _)| key < least) {
                    best = Some((key, node));
                }
            }
        }
    }
    let left = room.current(ix).first().and_then(|at| {
        weighed.iter().find_map(|(node, verdict)| match verdict {
            Verdict::Barred(bar) if *node == at.node => Some((*node, *bar)),
            _ => None,
        })
    });
    if let Some((node, bar)) = left {
        room.leaves(ix, node, bar);
    }
    let Some((least, node)) = best else { return Choice { places: Vec::new(), why: Why::Nowhere, weighed } };
    weighed.extend(keys.into_iter().map(|(other, key)| match other == node {
        true => (other, Verdict::Chosen),
        false => (other, Verdict::Less(least.differs(&key))),
    }));
    weighed.sort_unstable_by_key(|(node, _)| *node);
    let kept = !room.problem.groups[ix].mobile && room.is_here(ix, node);
    Choice { places: chosen(node), why: if kept { Why::Stays } else { Why::Best }, weighed }
}

/// What keeps a group from a node now.
pub(super) fn can_be(room: &Room<'_>, ix: GroupIx, node: NodeIx) -> Result<MakesRoom, Bar> {
    match bars::fixed(room.problem, ix, node, room.is_here(ix, node)) {
        Some(bar) => Err(bar),
        None => bars::taken(room, ix, node),
    }
}

/// Where a group is, if no other node needs to be looked at: its policy keeps it, and nothing that goes
/// before that speaks against it.
fn stays(room: &Room<'_>, ix: GroupIx) -> Option<NodeIx> {
    let (problem, group) = (room.problem, &room.problem.groups[ix]);
    let node = room.current(ix).first()?.node;
    let is_kept = !group.mobile && room.asked(ix).is_none() && room.focus != Some(ix);
    let carries_all =
        || group.carried.is_empty() || keys::carries(room, ix, node) == keys::carries_all(problem, ix);
    let is_fine = is_kept
        && !room.is_leaving(ix, node)
        && bars::taken(room, ix, node) == Ok(MakesRoom(false))
        && !failed_start(problem, group, node)
        && carries_all();
    is_fine.then_some(node)
}

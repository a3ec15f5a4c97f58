//! Which copies of a group are primary.
//!
//! Only a copy that runs, and has said how well it would do, can become primary: a copy that starts says
//! so when it is up, and the next plan promotes it. A primary that nothing speaks against is kept.

use super::keys;
use super::room::Room;
use super::{Chosen, bars};
use crate::ids::GroupIx;
use crate::problem::is_well;
use crate::view::{State, Takeover};
use model::desired::{OnFail, Place};

/// Marks those that are to be primary.
pub(super) fn choose(room: &Room<'_>, ix: GroupIx, places: &mut [Chosen]) {
    let (problem, group) = (room.problem, &room.problem.groups[ix]);
    let wanted = group.clones.map_or(0, |clones| clones.primaries as usize);
    // A primary that was lost, and may go on, is still one of them.
    let lost = group.copies.iter().filter(|copy| {
        let gone = !bars::is_there(problem.nodes[copy.node].standing);
        gone && copy.view.primary && matches!(copy.view.takeover, Takeover::Never(_))
    });
    let wanted = wanted.saturating_sub(lost.count());
    if wanted == 0 {
        return;
    }
    let mut able: Vec<_> = places
        .iter()
        .enumerate()
        .filter_map(|(place, at)| {
            let copy = group.on(at.node)?;
            let is_well = |(resource, state): (_, &_)| is_well(problem, group, resource, at.node, *state);
            let runs = copy.states.iter().all(is_well);
            let gives_up = copy.states.iter().any(|(resource, state)| {
                *state == State::Failed && group.resource(resource).policy.on_fail == OnFail::Demote
            });
            let says = copy.view.promotion.filter(|score| *score >= 0).or(copy.view.primary.then_some(0))?;
            let worth =
                problem.primary_worth(group, at.node).filter(|_| runs || (copy.view.primary && !gives_up))?;
            // Whoever chose before, and is never with the primary, keeps it away.
            let taken = |(other, place): &(GroupIx, Place)| {
                room.shares(*other, at.node, *place) == bars::Presence::Fixed
            };
            if group.primary_apart.iter().any(taken) {
                return None;
            }
            let is_kept = copy.view.primary && !group.mobile && room.asked(ix).is_none();
            let asked = room.asked(ix) == Some(at.node);
            let score = i64::from(says) + i64::from(worth) + keys::followers(room, ix, at.node);
            let carries = keys::carries(room, ix, at.node);
            Some(((!carries, !asked, !is_kept, -score, !copy.view.primary, at.node), place))
        })
        .collect();
    able.sort_unstable();
    for (_, place) in able.into_iter().take(wanted) {
        places[place].primary = true;
    }
}

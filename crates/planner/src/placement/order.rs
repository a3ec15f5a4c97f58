//! Who chooses when.
//!
//! What nothing is done with is counted first. Then the more important first; among equals, whoever is looked at before who looks; then by name. Where
//! looking goes in a circle (it can, for what is only a wish), the first name breaks it. Nothing here
//! depends on what runs, so the order of two groups does not change from plan to plan.

use crate::ids::{GroupIx, Of};
use crate::problem::{Group, Problem};
use std::collections::BTreeSet;

/// All groups, in the order in which they choose.
pub(super) fn order(problem: &Problem<'_>) -> Vec<GroupIx> {
    let count = problem.groups.len();
    let mut waits_for = Of::<GroupIx, usize>::filled(count, 0);
    let mut waiting = Of::<GroupIx, Vec<GroupIx>>::filled(count, Vec::new());
    for (ix, group) in problem.groups.iter() {
        if group.frozen.is_some() {
            continue;
        }
        let mut first: Vec<GroupIx> = looks_at(group).filter(|other| *other != ix).collect();
        first.sort_unstable();
        first.dedup();
        // One that is less important, and not needed, chooses later whoever looks at it.
        first.retain(|other| problem.groups[*other].priority >= group.priority);
        waits_for[ix] = first.len();
        for other in first {
            waiting[other].push(ix);
        }
    }
    let rank = |ix: GroupIx| {
        let group = &problem.groups[ix];
        (group.frozen.is_none(), std::cmp::Reverse(group.priority), ix)
    };
    let mut open: BTreeSet<_> = problem.groups.places().map(rank).collect();
    let mut free: BTreeSet<_> = open.iter().filter(|(.., ix)| waits_for[*ix] == 0).copied().collect();
    let mut order = Vec::with_capacity(count);
    while let Some(next) = free.pop_first().or_else(|| open.first().copied()) {
        if !open.remove(&next) {
            continue;
        }
        order.push(next.2);
        for other in std::mem::take(&mut waiting[next.2]) {
            waits_for[other] = waits_for[other].saturating_sub(1);
            if waits_for[other] == 0 {
                free.insert(rank(other));
            }
        }
    }
    order
}

/// Whose place matters for where a group goes.
fn looks_at<'a>(group: &'a Group<'_>) -> impl Iterator<Item = GroupIx> + 'a {
    let needed = group.runs_with.iter().chain(group.start_after.iter().flatten());
    let near = group.near.iter().map(|(aim, ..)| aim);
    let primaries = group.apart_from_primary.iter().map(|(other, _)| *other);
    needed.chain(near).map(|aim| aim.group).chain(primaries)
}

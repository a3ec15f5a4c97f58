//! The order of steps of different groups.

use super::continuity::{Continuity, is_alone};
use super::draft::{Draft, Flow};
use crate::ids::{GroupIx, NodeIx, Of};
use crate::placement::Placement;
use crate::problem::{Aim, Group, Problem};
use crate::sequence::{Link, sequence};
use crate::view::State;
use model::desired::Place;

/// Adds the edges.
pub(super) fn order(
    problem: &Problem<'_>,
    placement: &Placement,
    continuity: &Continuity,
    draft: &mut Draft<'_>,
) {
    let rank = rank(problem);
    for (ix, group) in problem.groups.iter() {
        needed(problem, continuity, ix, group, draft);
        one_by_one(group, ix, draft);
        for other in &group.prefer_after {
            // A wish that speaks against what is needed is no order, and neither is one that comes late.
            if rank[*other] < rank[ix] && !is_starting(group, &draft.flows[ix]) {
                waits(draft, |flow| &flow.up_first, ix, |flow| &flow.up_last, *other);
                waits(draft, |flow| &flow.down_first, *other, |flow| &flow.down_last, ix);
            }
        }
    }
    for together in &problem.one_at_a_time {
        let mut starting: Vec<GroupIx> =
            together.iter().copied().filter(|ix| !draft.flows[*ix].up_first.is_empty()).collect();
        // What is starting already goes on first. Whatever it needs is up, so it waits for none of them.
        starting.sort_by_key(|ix| (!is_starting(&problem.groups[*ix], &draft.flows[*ix]), rank[*ix]));
        for pair in starting.windows(2) {
            waits(draft, |flow| &flow.up_first, pair[1], |flow| &flow.up_last, pair[0]);
        }
    }
    make_room(problem, placement, draft);
}

/// An order in which everybody comes after whom it needs online, and, as far as that leaves it open,
/// after whom it would rather come. A circle of needs, which the file cannot have, is broken by name.
fn rank(problem: &Problem<'_>) -> Of<GroupIx, usize> {
    let needs = problem.groups.iter().flat_map(|(then, group)| {
        let needed = group.start_after.iter().flatten();
        needed.map(move |aim| Link { first: aim.group, then, must: true })
    });
    let wishes = problem.groups.iter().flat_map(|(then, group)| {
        group.prefer_after.iter().map(move |first| Link { first: *first, then, must: false })
    });
    let mut rank = Of::filled(problem.groups.len(), 0);
    for (place, ix) in
        sequence(problem.groups.len(), needs.chain(wishes).collect(), |_| ()).into_iter().enumerate()
    {
        rank[ix] = place;
    }
    rank
}

/// Whether a group is being started already, everywhere where something of it has to start, and nothing of
/// it has to be stopped before: what it needs is up then.
fn is_starting(group: &Group<'_>, flow: &Flow) -> bool {
    let starting = |copy: &crate::problem::Copy<'_>| {
        copy.view.owned && copy.states.values().any(|state| *state == State::Starting)
    };
    flow.down_first.is_empty() && flow.up_first.iter().all(|(node, _)| group.on(*node).is_some_and(starting))
}

/// Every step of one group's list waits for every step of another's.
fn waits(
    draft: &mut Draft<'_>,
    list: impl Fn(&Flow) -> &Vec<(NodeIx, usize)>,
    ix: GroupIx,
    first: impl Fn(&Flow) -> &Vec<(NodeIx, usize)>,
    other: GroupIx,
) {
    let (then, first) = (list(&draft.flows[ix]).clone(), first(&draft.flows[other]).clone());
    for (_, step) in &then {
        for (_, before) in &first {
            draft.after(*step, *before);
        }
    }
}

/// What a group needs online is up before it, and down after it.
fn needed(
    problem: &Problem<'_>,
    continuity: &Continuity,
    ix: GroupIx,
    group: &Group<'_>,
    draft: &mut Draft<'_>,
) {
    for any in group.start_after.iter().filter(|any| !any.is_empty()) {
        for (node, step) in draft.flows[ix].up_first.clone() {
            if continuity.goes_on(problem, ix, any, node) {
                continue;
            }
            let counts = |aim: &Aim, on: NodeIx| !is_alone(problem, ix, *aim) || on == node;
            let first = any.iter().find_map(|aim| {
                let up = &draft.flows[aim.group].up_last;
                let up: Vec<usize> =
                    up.iter().filter(|(on, _)| counts(aim, *on)).map(|(_, step)| *step).collect();
                (!up.is_empty()).then_some(up)
            });
            for before in first.into_iter().flatten() {
                draft.after(step, before);
            }
        }
        for (node, step) in draft.flows[ix].down_last.clone() {
            for aim in any {
                for (on, later) in draft.flows[aim.group].down_first.clone() {
                    if !is_alone(problem, ix, *aim) || on == node {
                        draft.after(later, step);
                    }
                }
            }
        }
    }
}

/// Copies that start and stop one after the other.
fn one_by_one(group: &Group<'_>, ix: GroupIx, draft: &mut Draft<'_>) {
    if !group.clones.is_some_and(|clones| clones.one_by_one) {
        return;
    }
    let flow = draft.flows[ix].clone();
    chain(&flow.up_first, &flow.up_last, draft);
    chain(&flow.down_first, &flow.down_last, draft);
}

fn chain(first: &[(NodeIx, usize)], last: &[(NodeIx, usize)], draft: &mut Draft<'_>) {
    let mut nodes: Vec<NodeIx> = first.iter().map(|(node, _)| *node).collect();
    nodes.dedup();
    for pair in nodes.windows(2) {
        for (_, step) in first.iter().filter(|(node, _)| *node == pair[1]) {
            for (_, before) in last.iter().filter(|(node, _)| *node == pair[0]) {
                draft.after(*step, *before);
            }
        }
    }
}

/// Whoever comes to a node waits for those that leave it, if there would be no room, or if they are never
/// together.
fn make_room(problem: &Problem<'_>, placement: &Placement, draft: &mut Draft<'_>) {
    let mut leaving: Vec<Vec<(GroupIx, usize)>> = vec![Vec::new(); problem.nodes.len()];
    for (ix, _) in problem.groups.iter() {
        for (node, step) in &draft.flows[ix].down_last {
            if !placement.choices[ix].places.iter().any(|at| at.node == *node) {
                leaving[node.0].push((ix, *step));
            }
        }
    }
    for (ix, group) in problem.groups.iter() {
        if group.uses.is_empty() && group.apart.is_empty() && group.apart_from_primary.is_empty() {
            continue;
        }
        for (node, step) in draft.flows[ix].up_first.clone() {
            for (place, leaving) in leaving.iter().enumerate() {
                let other_node = NodeIx(place);
                for (other, before) in leaving.iter().filter(|(other, _)| *other != ix) {
                    if is_in_the_way(problem, group, node, *other, other_node) {
                        draft.after(step, *before);
                    }
                }
            }
        }
    }
}

fn is_in_the_way(
    problem: &Problem<'_>,
    group: &Group<'_>,
    node: NodeIx,
    other: GroupIx,
    other_node: NodeIx,
) -> bool {
    let same_domain = problem.nodes[node].domain == problem.nodes[other_node].domain;
    let apart = group.apart.iter().chain(&group.apart_from_primary).any(|(never, place)| {
        *never == other && (node == other_node || (*place == Place::FailureDomain && same_domain))
    });
    let uses = |measure: usize| problem.groups[other].uses.iter().any(|(of, _)| *of == measure);
    let limited = |measure: usize| problem.nodes[node].capacity[measure].is_some();
    apart || (node == other_node && group.uses.iter().any(|(of, _)| limited(*of) && uses(*of)))
}

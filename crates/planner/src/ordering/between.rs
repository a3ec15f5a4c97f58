//! The order of steps of different groups.

use super::continuity::{Continuity, is_alone};
use super::draft::{Draft, Flow};
use crate::ids::{GroupIx, NodeIx, Of};
use crate::placement::Placement;
use crate::plan::Action;
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
    let late = late(problem, &rank, draft);
    for (ix, group) in problem.groups.iter() {
        needed(problem, continuity, ix, group, draft);
        one_by_one(group, ix, draft);
        for other in &group.prefer_after {
            // A wish that speaks against what is needed is no order, and neither is one that comes late.
            if rank[*other] < rank[ix] && !is_starting(group, &draft.flows[ix]) {
                if late[ix] || !late[*other] {
                    waits(draft, |flow| &flow.up_first, ix, |flow| &flow.up_last, *other);
                }
                waits(draft, |flow| &flow.down_first, *other, |flow| &flow.down_last, ix);
            }
        }
    }
    for together in &problem.one_at_a_time {
        let mut starting: Vec<GroupIx> =
            together.iter().copied().filter(|ix| !draft.flows[*ix].up_first.is_empty()).collect();
        // What is starting already goes on first. Whatever it needs is up, so it waits for none of them. What
        // cannot start yet goes last, so that nobody waits for a lease with it.
        starting
            .sort_by_key(|ix| (!is_starting(&problem.groups[*ix], &draft.flows[*ix]), late[*ix], rank[*ix]));
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

/// Who cannot start before somebody's lease has ended, its own former owner's or that of whom it needs.
fn late(problem: &Problem<'_>, rank: &Of<GroupIx, usize>, draft: &Draft<'_>) -> Of<GroupIx, bool> {
    let mut late = Of::filled(problem.groups.len(), false);
    let mut in_order: Vec<GroupIx> = problem.groups.iter().map(|(ix, _)| ix).collect();
    in_order.sort_by_key(|ix| rank[*ix]);
    for ix in in_order {
        let mut first = draft.flows[ix].up_first.iter();
        let waits = first.any(|(_, step)| draft.steps[*step].not_before_ms.is_some());
        let mut needed = problem.groups[ix].start_after.iter().flatten();
        late[ix] = waits || needed.any(|aim| late[aim.group]);
    }
    late
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

/// What has to be done before somebody else may come to a place.
struct Leaving {
    group: GroupIx,
    node: NodeIx,
    step: usize,
    /// Only its primary goes; a replica stays.
    primary_only: bool,
}

/// Whoever comes to a node waits for those that leave it, if there would be no room, or if they are never
/// together.
fn make_room(problem: &Problem<'_>, placement: &Placement, draft: &mut Draft<'_>) {
    let leaving = leaving(problem, placement, draft);
    if leaving.is_empty() {
        return;
    }
    for (ix, group) in problem.groups.iter() {
        let others = || leaving.iter().filter(|one| one.group != ix);
        if !(group.uses.is_empty() && group.apart.is_empty() && group.apart_from_primary.is_empty()) {
            for (node, step) in draft.flows[ix].up_first.clone() {
                for one in others().filter(|one| is_in_the_way(problem, group, node, one)) {
                    draft.after(step, one.step);
                }
            }
        }
        // A primary comes where its copy has been for long.
        let steps = 0..if group.primary_apart.is_empty() { 0 } else { draft.steps.len() };
        for step in steps {
            let (of, node) = (draft.steps[step].group, draft.steps[step].node);
            if of == ix && draft.steps[step].action == Action::Promote {
                let apart =
                    |one: &&Leaving| !one.primary_only && is_apart(problem, &group.primary_apart, node, one);
                for one in others().filter(apart) {
                    draft.after(step, one.step);
                }
            }
        }
    }
}

/// Where somebody leaves, or a primary becomes a replica.
fn leaving(problem: &Problem<'_>, placement: &Placement, draft: &Draft<'_>) -> Vec<Leaving> {
    let mut leaving = Vec::new();
    for (group, _) in problem.groups.iter() {
        let flow = &draft.flows[group];
        let stays = |node: NodeIx| placement.choices[group].places.iter().find(|at| at.node == node);
        let gone = flow.down_last.iter().filter(|(node, _)| stays(*node).is_none());
        leaving.extend(gone.map(|(node, step)| Leaving {
            group,
            node: *node,
            step: *step,
            primary_only: false,
        }));
        // What is handed over while it runs leaves by coming up elsewhere.
        let handed_over =
            flow.up_first.iter().filter(|(_, step)| draft.steps[*step].action == Action::Migrate);
        leaving.extend(handed_over.map(|(_, step)| Leaving {
            group,
            node: draft.steps[*step].node,
            step: *step,
            primary_only: false,
        }));
        let demoted = flow.down_first.iter().filter(|(node, step)| {
            draft.steps[*step].action == Action::Demote && stays(*node).is_some_and(|at| !at.primary)
        });
        leaving.extend(demoted.map(|(node, step)| Leaving {
            group,
            node: *node,
            step: *step,
            primary_only: true,
        }));
    }
    leaving
}

fn is_in_the_way(problem: &Problem<'_>, group: &Group<'_>, node: NodeIx, one: &Leaving) -> bool {
    let uses = |measure: usize| problem.groups[one.group].uses.iter().any(|(of, _)| *of == measure);
    let limited = |measure: usize| problem.nodes[node].capacity[measure].is_some();
    let shares = |(of, _): &(usize, u64)| limited(*of) && uses(*of);
    is_apart(problem, &group.apart_from_primary, node, one)
        || (!one.primary_only && is_apart(problem, &group.apart, node, one))
        || (!one.primary_only && node == one.node && group.uses.iter().any(shares))
}

/// Whether somebody who leaves is among those who are never at a node, or in its failure domain.
fn is_apart(problem: &Problem<'_>, never: &[(GroupIx, Place)], node: NodeIx, one: &Leaving) -> bool {
    let same_domain = problem.nodes[node].domain == problem.nodes[one.node].domain;
    never.iter().any(|(other, place)| {
        *other == one.group && (node == one.node || (*place == Place::FailureDomain && same_domain))
    })
}

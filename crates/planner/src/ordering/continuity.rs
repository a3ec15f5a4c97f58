//! What goes on without a break, and what has to be stopped and started again because something that it
//! needs does not.

use super::draft::Because;
use crate::ids::{GroupIx, NodeIx, Of, ResourceIx};
use crate::placement::{Chosen, Placement, is_there};
use crate::problem::{Aim, Copy, Group, Problem, is_well};
use crate::view::State;
use model::desired::{FoundTwice, OnFail};

/// What is stopped, of what stays where it is.
pub(crate) struct Continuity {
    groups: Of<GroupIx, Vec<Kept>>,
}

/// A copy that stays on its node.
pub(crate) struct Kept {
    pub(crate) node: NodeIx,
    /// Resources to be stopped, and why. They are started again. Empty: nothing is stopped.
    stopped: Of<ResourceIx, Option<Because>>,
    /// It was primary, and stays so.
    primary: bool,
    /// All of it runs, and nothing of it is stopped.
    pub(super) goes_on: bool,
}

impl Kept {
    /// Why a resource is stopped, if it is.
    pub(super) fn stopped(&self, resource: ResourceIx) -> Option<Because> {
        self.stopped.get(resource).copied().flatten()
    }

    /// Why the first that is stopped is.
    pub(super) fn first_stopped(&self) -> Option<Because> {
        self.stopped.values().find_map(|because| *because)
    }
}

impl Continuity {
    /// The copy of a group that stays on a node.
    pub(crate) fn kept(&self, group: GroupIx, node: NodeIx) -> Option<&Kept> {
        self.groups[group].iter().find(|kept| kept.node == node)
    }

    /// Why something of a group that stays is stopped, if it is.
    pub(crate) fn interrupted(&self, group: GroupIx) -> Option<(NodeIx, ResourceIx, Because)> {
        let stopped = self.groups[group].iter().flat_map(|kept| {
            kept.stopped.iter().filter_map(|(ix, because)| Some((kept.node, ix, (*because)?)))
        });
        // What failed by itself is told rather than what needs it.
        let first = |(_, _, because): &(NodeIx, ResourceIx, Because)| {
            matches!(because, Because::NeedsResource(_) | Because::NotRunning)
        };
        stopped.min_by_key(first)
    }

    /// Whether one of these goes on as far as a group, or its copy on that node, needs it.
    pub(super) fn goes_on(&self, problem: &Problem<'_>, group: GroupIx, any: &[Aim], node: NodeIx) -> bool {
        any.iter().any(|aim| {
            let alone = is_alone(problem, group, *aim);
            let counts = |kept: &&Kept| {
                kept.goes_on && (kept.primary || !aim.primary) && (!alone || kept.node == node)
            };
            let min = problem.groups[aim.group].clones.map_or(1, |clones| clones.min.max(1) as usize);
            let needed = if alone || aim.primary { 1 } else { min };
            self.groups[aim.group].iter().filter(counts).count() >= needed
        })
    }
}

/// Whether a copy of a group needs only the copy on its own node of what it aims at.
pub(super) fn is_alone(problem: &Problem<'_>, group: GroupIx, aim: Aim) -> bool {
    let interleaves = |ix: GroupIx| problem.groups[ix].clones.is_some_and(|clones| clones.interleave);
    problem.groups[group].is_clone() && interleaves(aim.group)
}

/// Finds out what goes on.
pub(super) fn find(problem: &Problem<'_>, placement: &Placement) -> Continuity {
    let mut found = Continuity { groups: Of::new(problem.groups.iter().map(|_| Vec::new()).collect()) };
    for ix in needed_first(problem) {
        let group = &problem.groups[ix];
        if group.frozen.is_some() {
            found.groups[ix] = group.copies.iter().map(|copy| frozen(group, copy)).collect();
            continue;
        }
        let places = &placement.choices[ix].places;
        let kept = places.iter().filter_map(|at| {
            let copy = group.on(at.node).filter(|copy| copy.is_here())?;
            Some(kept(problem, &found, ix, copy, *at))
        });
        let kept = kept.collect();
        found.groups[ix] = kept;
    }
    found
}

/// Groups, each after those that it needs online; a circle, which the file cannot have, is broken.
fn needed_first(problem: &Problem<'_>) -> Vec<GroupIx> {
    let mut order = Vec::with_capacity(problem.groups.len());
    let mut state = Of::<GroupIx, u8>::filled(problem.groups.len(), 0);
    let mut open = Vec::new();
    for root in problem.groups.places() {
        open.push((root, false));
        while let Some((ix, is_after)) = open.pop() {
            if is_after {
                order.push(ix);
                continue;
            }
            if state[ix] != 0 {
                continue;
            }
            state[ix] = 1;
            open.push((ix, true));
            open.extend(problem.groups[ix].start_after.iter().flatten().map(|aim| (aim.group, false)));
        }
    }
    order
}

fn frozen(group: &Group<'_>, copy: &Copy<'_>) -> Kept {
    Kept {
        node: copy.node,
        stopped: Of::new(Vec::new()),
        primary: copy.view.primary,
        goes_on: group.frozen_serves(copy),
    }
}

fn kept(problem: &Problem<'_>, found: &Continuity, ix: GroupIx, copy: &Copy<'_>, at: Chosen) -> Kept {
    let group = &problem.groups[ix];
    let by_itself = |resource: ResourceIx, state: State| match state {
        State::Failed if group.resource(resource).policy.on_fail != OnFail::Ignore => Some(Because::Failed),
        State::Stopping => Some(Because::NotRunning),
        State::Changed => Some(Because::Changed),
        _ => None,
    };
    let all_of_it = group_wide(problem, found, ix, copy);
    let because = |(resource, state): (ResourceIx, &State)| {
        by_itself(resource, *state).or(all_of_it.filter(|_| *state != State::Offline))
    };
    let mut stopped = Of::new(Vec::new());
    if copy.states.iter().any(|one| because(one).is_some()) {
        stopped = Of::new(copy.states.iter().map(because).collect());
        stop_what_needs(group, copy, &mut stopped);
    }
    let is_well =
        |(resource, state): (ResourceIx, &State)| is_well(problem, group, resource, copy.node, *state);
    Kept {
        node: copy.node,
        primary: copy.view.primary && at.primary,
        goes_on: stopped.len() == 0 && copy.states.iter().all(is_well),
        stopped,
    }
}

/// Why the whole copy has to be stopped and started again, if it has.
fn group_wide(problem: &Problem<'_>, found: &Continuity, ix: GroupIx, copy: &Copy<'_>) -> Option<Because> {
    let group = &problem.groups[ix];
    let running = |other: &&Copy<'_>| other.stays_up() && is_there(problem.nodes[other.node].standing);
    let twice = !group.is_clone()
        && group.spec.policy.found_twice == FoundTwice::StopAll
        && group.copies.iter().filter(running).count() > 1;
    if twice {
        return Some(Because::FoundTwice);
    }
    let broken =
        group.start_after.iter().find(|any| !any.is_empty() && !found.goes_on(problem, ix, any, copy.node));
    broken.and_then(|any| any.first()).map(|aim| Because::NeedsGroup(aim.group))
}

/// Whatever runs, and has no alternative left that goes on, is stopped too.
fn stop_what_needs(group: &Group<'_>, copy: &Copy<'_>, stopped: &mut Of<ResourceIx, Option<Because>>) {
    let needs = group.needs();
    let mut grew = true;
    while grew {
        grew = false;
        for (resource, needs) in needs.iter() {
            if stopped[resource].is_some() || copy.states[resource] == State::Offline {
                continue;
            }
            let goes_on =
                |other: &ResourceIx| stopped[*other].is_none() && copy.states[*other] != State::Offline;
            let broken = needs.iter().find(|any| {
                !any.is_empty()
                    && !any.iter().any(goes_on)
                    && any.iter().any(|other| stopped[*other].is_some())
            });
            if let Some(other) = broken.and_then(|any| any.iter().find(|other| stopped[**other].is_some())) {
                stopped[resource] = Some(Because::NeedsResource(*other));
                grew = true;
            }
        }
    }
}

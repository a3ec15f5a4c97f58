//! The steps of one group: down where it leaves, up where it comes, and repair where it stays.

use super::continuity::{Continuity, Kept};
use super::draft::{Because, Draft};
use crate::ids::{GroupIx, NodeIx, Of, ResourceIx};
use crate::placement::{Chosen, Placement, is_there};
use crate::plan::Action;
use crate::problem::{Copy, Group, Problem, worn_resource};
use crate::view::{State, Takeover};
use model::desired::OnFail;

/// Adds the steps of a group.
pub(super) fn steps(
    problem: &Problem<'_>,
    placement: &Placement,
    continuity: &Continuity,
    ix: GroupIx,
    draft: &mut Draft,
) {
    let group = &problem.groups[ix];
    if group.frozen.is_some() {
        return;
    }
    let places = &placement.choices[ix].places;
    if let Some((copy, to)) = migration(problem, ix, places) {
        migrate(problem, ix, copy, to, draft);
        return;
    }
    for copy in group.copies.iter().filter(|copy| copy.is_here()) {
        let stays = places.iter().any(|at| at.node == copy.node);
        if is_there(problem.nodes[copy.node].standing) {
            down(problem, continuity, ix, copy, places, stays, draft);
        }
    }
    // Nobody may be up elsewhere before it is down here; copies of a clone do not mind each other.
    let gone: Vec<usize> = match group.is_clone() {
        true => Vec::new(),
        false => draft.flows[ix].down_last.iter().map(|(_, step)| *step).collect(),
    };
    for at in places {
        up(problem, continuity, ix, *at, &gone, draft);
    }
}

/// Stops what has to be stopped on a node.
fn down(
    problem: &Problem<'_>,
    continuity: &Continuity,
    ix: GroupIx,
    copy: &Copy<'_>,
    places: &[Chosen],
    stays: bool,
    draft: &mut Draft,
) {
    let (group, node) = (&problem.groups[ix], copy.node);
    let kept = continuity.kept(ix, node).filter(|_| stays);
    let because = |resource: ResourceIx| match kept {
        Some(kept) => kept.stopped[resource],
        None => copy.states[resource].may_run().then_some(Because::Placed),
    };
    let mut stops = Of::<ResourceIx, Option<usize>>::filled(group.resources.len(), None);
    let mut steps: Vec<usize> = Vec::new();
    for name in &copy.strangers {
        let step = draft.add(Action::Stop, ix, node, Because::Stranger);
        draft.steps[step].resource = Some(name.to_string());
        steps.push(step);
    }
    for resource in group.resources.places().rev() {
        if let Some(because) = because(resource) {
            let step = draft.add(Action::Stop, ix, node, because);
            draft.steps[step].resource = Some(group.resources[resource].spec.name.to_string());
            stops[resource] = Some(step);
            steps.push(step);
        }
    }
    for (resource, one) in group.resources.iter() {
        for needed in one.needs.iter().flatten() {
            if let (Some(first), Some(then)) = (stops[resource], stops[*needed]) {
                draft.after(then, first);
            }
        }
    }
    let stays_primary = places.iter().any(|at| at.node == node && at.primary);
    let demoted = copy.view.primary && (!stays_primary || !steps.is_empty());
    if demoted {
        let stopped = kept.and_then(|kept| kept.stopped.values().find_map(|because| *because));
        let because = stopped.filter(|_| stays_primary).unwrap_or(Because::Placed);
        let step = draft.add(Action::Demote, ix, node, because);
        for stop in &steps {
            draft.after(*stop, step);
        }
        steps.push(step);
    }
    if !stays && copy.view.owned {
        let release = draft.add(Action::Release, ix, node, Because::Placed);
        for step in ends(draft, &steps).1 {
            draft.after(release, step);
        }
        steps.push(release);
    }
    let (first, last) = ends(draft, &steps);
    draft.flows[ix].down_first.extend(first.into_iter().map(|step| (node, step)));
    draft.flows[ix].down_last.extend(last.into_iter().map(|step| (node, step)));
}

/// Starts what has to be started on a node.
fn up(
    problem: &Problem<'_>,
    continuity: &Continuity,
    ix: GroupIx,
    at: Chosen,
    gone: &[usize],
    draft: &mut Draft,
) {
    let (group, node) = (&problem.groups[ix], at.node);
    let copy = group.on(node);
    let kept = continuity.kept(ix, node);
    let mut steps: Vec<usize> = Vec::new();
    if copy.is_none_or(|copy| !copy.view.owned) {
        let acquire = draft.add(Action::Acquire, ix, node, Because::Placed);
        draft.steps[acquire].not_before_ms = not_before(problem, group, node);
        steps.push(acquire);
    }
    if let Some(unknown) = copy.filter(|copy| copy.states.values().any(|state| *state == State::Unknown)) {
        for (resource, _) in unknown.states.iter().filter(|(_, state)| **state == State::Unknown) {
            let step = draft.add(Action::Probe, ix, node, Because::Unknown);
            draft.steps[step].resource = Some(group.resources[resource].spec.name.to_string());
        }
        // What is found out changes nothing; whose the group is does.
        for (step, before) in steps.iter().flat_map(|step| gone.iter().map(move |before| (*step, *before))) {
            draft.after(step, before);
        }
        return;
    }
    let starts = starts(problem, group, ix, node, copy, kept, draft);
    let first_of_all = steps.clone();
    for (resource, step) in starts.iter().filter_map(|(resource, step)| Some((resource, (*step)?))) {
        for any in &group.resources[resource].needs {
            // Where an alternative runs already there is nothing to wait for; else the first that starts.
            let runs = |other: &ResourceIx| starts[*other].is_none() && is_up(copy, kept, *other);
            let starting = any.iter().find_map(|other| starts[*other]);
            if let Some(first) = starting.filter(|_| !any.iter().any(runs)) {
                draft.after(step, first);
            }
        }
        if draft.steps[step].after.is_empty() {
            draft.steps[step].after.extend(&first_of_all);
        }
        steps.push(step);
    }
    if at.primary && (copy.is_none_or(|copy| !copy.view.primary) || !steps.is_empty()) {
        let promote = draft.add(Action::Promote, ix, node, Because::Placed);
        draft.steps[promote].not_before_ms = primary_not_before(problem, group, node);
        for step in ends(draft, &steps).1 {
            draft.after(promote, step);
        }
        let demoted = |step: &&(NodeIx, usize)| draft.steps[step.1].action == Action::Demote;
        let demotions: Vec<usize> =
            draft.flows[ix].down_first.iter().filter(demoted).map(|(_, step)| *step).collect();
        for step in demotions {
            draft.after(promote, step);
        }
        steps.push(promote);
    }
    let (first, last) = ends(draft, &steps);
    let here = draft.flows[ix].down_last.iter().filter(|(on, _)| *on == node).map(|(_, step)| *step);
    let before: Vec<usize> = here.chain(gone.iter().copied()).collect();
    for step in &first {
        for other in &before {
            draft.after(*step, *other);
        }
    }
    draft.flows[ix].up_first.extend(first.into_iter().map(|step| (node, step)));
    draft.flows[ix].up_last.extend(last.into_iter().map(|step| (node, step)));
}

/// The start of each resource that is not up, and can be.
fn starts(
    problem: &Problem<'_>,
    group: &Group<'_>,
    ix: GroupIx,
    node: NodeIx,
    copy: Option<&Copy<'_>>,
    kept: Option<&Kept>,
    draft: &mut Draft,
) -> Of<ResourceIx, Option<usize>> {
    let mut starts = Of::filled(group.resources.len(), None);
    for (resource, one) in group.resources.iter() {
        let ignored = one.on_fail == OnFail::Ignore
            && copy.is_some_and(|copy| copy.states[resource] == State::Failed)
            && kept.is_some_and(|kept| kept.stopped[resource].is_none());
        let given_up = one.spec.policy.optional && worn_resource(problem, group, resource, node).is_some();
        if is_up(copy, kept, resource) || ignored || given_up || one.spec.policy.unmanaged {
            continue;
        }
        let because = match (kept.and_then(|kept| kept.stopped[resource]), copy) {
            (Some(because), _) => because,
            (None, Some(copy)) if copy.view.owned => Because::NotRunning,
            _ => Because::Placed,
        };
        let step = draft.add(Action::Start, ix, node, because);
        draft.steps[step].resource = Some(one.spec.name.to_string());
        starts[resource] = Some(step);
    }
    starts
}

/// Whether a resource runs on a node, and goes on.
fn is_up(copy: Option<&Copy<'_>>, kept: Option<&Kept>, resource: ResourceIx) -> bool {
    copy.is_some_and(|copy| copy.states[resource].serves())
        && kept.is_some_and(|kept| kept.stopped[resource].is_none())
}

/// Those of these steps that wait for none of them, and those that none of them waits for.
fn ends(draft: &Draft, steps: &[usize]) -> (Vec<usize>, Vec<usize>) {
    let waits = |step: &usize| draft.steps[*step].after.iter().any(|first| steps.contains(first));
    let is_waited_for = |step: &usize| steps.iter().any(|other| draft.steps[*other].after.contains(step));
    let first = steps.iter().copied().filter(|step| !waits(step)).collect();
    (first, steps.iter().copied().filter(|step| !is_waited_for(step)).collect())
}

/// When a node that is gone has surely let go of a group of which there is one.
fn not_before(problem: &Problem<'_>, group: &Group<'_>, to: NodeIx) -> Option<u64> {
    let others = group.copies.iter().filter(|copy| !group.is_clone() && copy.node != to && copy.is_here());
    others.filter_map(|copy| lease_end(problem, copy)).max()
}

/// When a primary that is gone is surely primary no more.
fn primary_not_before(problem: &Problem<'_>, group: &Group<'_>, to: NodeIx) -> Option<u64> {
    let others = group.copies.iter().filter(|copy| copy.node != to && copy.view.primary);
    others.filter_map(|copy| lease_end(problem, copy)).max()
}

fn lease_end(problem: &Problem<'_>, copy: &Copy<'_>) -> Option<u64> {
    match copy.view.takeover {
        _ if is_there(problem.nodes[copy.node].standing) => None,
        Takeover::At(at_ms) => Some(at_ms).filter(|at_ms| *at_ms > problem.now.unix_ms),
        Takeover::Now | Takeover::Never(_) => None,
    }
}

/// Where a group is handed over to while it runs, if it is: it is one resource that can be, it runs well,
/// and the node that it leaves is there.
fn migration<'p>(problem: &'p Problem<'_>, ix: GroupIx, places: &[Chosen]) -> Option<(&'p Copy<'p>, NodeIx)> {
    let group = &problem.groups[ix];
    let [to] = places else { return None };
    let [copy] = group.copies.as_slice() else { return None };
    let alone = group.resources.len() == 1 && !group.is_clone();
    let can = group.resources.values().all(|one| one.spec.policy.live_migration);
    let runs = copy.view.owned
        && copy.strangers.is_empty()
        && copy.states.values().all(|state| *state == State::Online)
        && is_there(problem.nodes[copy.node].standing);
    (alone && can && runs && copy.node != to.node).then_some((copy, to.node))
}

fn migrate(problem: &Problem<'_>, ix: GroupIx, copy: &Copy<'_>, to: NodeIx, draft: &mut Draft) {
    let group = &problem.groups[ix];
    let step = draft.add(Action::Migrate, ix, copy.node, Because::Placed);
    draft.steps[step].to = Some(to);
    draft.steps[step].resource = group.resources.values().next().map(|one| one.spec.name.to_string());
    let release = draft.add(Action::Release, ix, copy.node, Because::Placed);
    draft.after(release, step);
    let acquire = draft.add(Action::Acquire, ix, to, Because::Placed);
    draft.after(acquire, release);
    draft.flows[ix].up_first.push((to, step));
    draft.flows[ix].up_last.push((to, acquire));
}

//! The steps of one group: down where it leaves, up where it comes, and repair where it stays.

use super::continuity::{Continuity, Kept};
use super::draft::{Because, Draft};
use crate::ids::{GroupIx, NodeIx, Of, ResourceIx};
use crate::placement::{Chosen, Placement, is_there};
use crate::plan::Action;
use crate::problem::{Copy, Group, Problem, worn_resource};
use crate::view::{State, Takeover};
use model::desired::{OnFail, ResourceSpec};

/// Adds the steps of a group.
pub(super) fn steps<'a>(
    problem: &Problem<'a>,
    placement: &Placement,
    continuity: &Continuity,
    ix: GroupIx,
    draft: &mut Draft<'a>,
) {
    let group = &problem.groups[ix];
    if group.frozen.is_some() {
        return;
    }
    let places = &placement.choices[ix].places;
    if !draft.cold[ix]
        && let Some((from, one, to)) = migration(problem, ix, places)
    {
        migrate(ix, from, one, to, draft);
        return;
    }
    if places.len() == group.copies.len() && places.iter().all(|at| rests(group, continuity, ix, *at)) {
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

/// Whether nothing has to be done with a copy that is to be there: it is, as it should be, and goes on.
fn rests(group: &Group<'_>, continuity: &Continuity, ix: GroupIx, at: Chosen) -> bool {
    let as_it_should =
        |copy: &&Copy<'_>| copy.view.owned && copy.view.primary == at.primary && copy.strangers.is_empty();
    continuity.kept(ix, at.node).is_some_and(|kept| kept.goes_on)
        && group.on(at.node).filter(as_it_should).is_some()
}

/// Stops what has to be stopped on a node.
fn down<'a>(
    problem: &Problem<'a>,
    continuity: &Continuity,
    ix: GroupIx,
    copy: &Copy<'a>,
    places: &[Chosen],
    stays: bool,
    draft: &mut Draft<'a>,
) {
    let (group, node) = (&problem.groups[ix], copy.node);
    let kept = continuity.kept(ix, node).filter(|_| stays);
    let because = |resource: ResourceIx| match kept {
        Some(kept) => kept.stopped(resource),
        None => copy.states[resource].may_run().then_some(Because::Placed),
    };
    let mut stops = Of::<ResourceIx, Option<usize>>::filled(group.spec.resources.len(), None);
    let mut steps: Vec<usize> = Vec::new();
    for name in &copy.strangers {
        steps.push(draft.add_of(Action::Stop, ix, *name, node, Because::Stranger));
    }
    for (resource, one) in group.resources().rev() {
        if let Some(because) = because(resource) {
            // What nobody knows of is looked at, not stopped: on a node that never had it there may be nothing
            // that could be stopped, and an agent that would take long to find that out.
            let step = match copy.states[resource] {
                State::Unknown => draft.add_of(Action::Probe, ix, &one.name, node, Because::Unknown),
                _ => draft.add_of(Action::Stop, ix, &one.name, node, because),
            };
            stops[resource] = Some(step);
            steps.push(step);
        }
    }
    let stopped = if steps.len() > 1 { group.needs() } else { Of::new(Vec::new()) };
    for (resource, needs) in stopped.iter() {
        for needed in needs.iter().flatten() {
            if let (Some(first), Some(then)) = (stops[resource], stops[*needed]) {
                draft.after(then, first);
            }
        }
    }
    let stays_primary = places.iter().any(|at| at.node == node && at.primary);
    let demoted = copy.view.primary && (!stays_primary || !steps.is_empty());
    if demoted {
        let stopped = kept.and_then(|kept| kept.first_stopped());
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
fn up<'a>(
    problem: &Problem<'a>,
    continuity: &Continuity,
    ix: GroupIx,
    at: Chosen,
    gone: &[usize],
    draft: &mut Draft<'a>,
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
        let is_looked_at = |resource| kept.is_some_and(|kept| kept.stopped(resource).is_some());
        let all = unknown.states.iter().filter(|(_, state)| **state == State::Unknown);
        for (resource, _) in all.filter(|(resource, _)| !is_looked_at(*resource)) {
            draft.add_of(Action::Probe, ix, &group.resource(resource).name, node, Because::Unknown);
        }
        // What is found out changes nothing; whose the group is does.
        for (step, before) in steps.iter().flat_map(|step| gone.iter().map(move |before| (*step, *before))) {
            draft.after(step, before);
        }
        return;
    }
    let starts = starts(problem, group, ix, node, copy, kept, draft);
    let first_of_all = steps.clone();
    let needs = if starts.values().any(Option::is_some) { group.needs() } else { Of::new(Vec::new()) };
    for (resource, step) in starts.iter().filter_map(|(resource, step)| Some((resource, (*step)?))) {
        for any in &needs[resource] {
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
fn starts<'a>(
    problem: &Problem<'a>,
    group: &Group<'a>,
    ix: GroupIx,
    node: NodeIx,
    copy: Option<&Copy<'_>>,
    kept: Option<&Kept>,
    draft: &mut Draft<'a>,
) -> Of<ResourceIx, Option<usize>> {
    let mut starts = Of::filled(group.spec.resources.len(), None);
    for (resource, one) in group.resources() {
        let ignored = one.policy.on_fail == OnFail::Ignore
            && copy.is_some_and(|copy| copy.states[resource] == State::Failed)
            && kept.is_some_and(|kept| kept.stopped(resource).is_none());
        let given_up = one.policy.optional && worn_resource(problem, group, resource, node).is_some();
        if is_up(copy, kept, resource) || ignored || given_up || one.policy.unmanaged {
            continue;
        }
        let because = match (kept.and_then(|kept| kept.stopped(resource)), copy) {
            (Some(because), _) => because,
            (None, Some(copy)) if copy.view.owned => Because::NotRunning,
            _ => Because::Placed,
        };
        starts[resource] = Some(draft.add_of(Action::Start, ix, &one.name, node, because));
    }
    starts
}

/// Whether a resource runs on a node, and goes on.
fn is_up(copy: Option<&Copy<'_>>, kept: Option<&Kept>, resource: ResourceIx) -> bool {
    copy.is_some_and(|copy| copy.states[resource].serves())
        && kept.is_some_and(|kept| kept.stopped(resource).is_none())
}

/// Those of these steps that wait for none of them, and those that none of them waits for.
fn ends(draft: &Draft<'_>, steps: &[usize]) -> (Vec<usize>, Vec<usize>) {
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
fn migration<'a>(
    problem: &Problem<'a>,
    ix: GroupIx,
    places: &[Chosen],
) -> Option<(NodeIx, &'a ResourceSpec, NodeIx)> {
    let group = &problem.groups[ix];
    let ([to], [copy], [one]) = (places, group.copies.as_slice(), group.spec.resources.as_slice()) else {
        return None;
    };
    let can = one.policy.live_migration && !group.is_clone();
    let runs = copy.view.owned
        && copy.strangers.is_empty()
        && copy.states.values().all(|state| *state == State::Online)
        && is_there(problem.nodes[copy.node].standing);
    (can && runs && copy.node != to.node).then_some((copy.node, one, to.node))
}

fn migrate<'a>(ix: GroupIx, from: NodeIx, one: &'a ResourceSpec, to: NodeIx, draft: &mut Draft<'a>) {
    let step = draft.add_of(Action::Migrate, ix, &one.name, from, Because::Placed);
    draft.steps[step].to = Some(to);
    let release = draft.add(Action::Release, ix, from, Because::Placed);
    draft.after(release, step);
    let acquire = draft.add(Action::Acquire, ix, to, Because::Placed);
    draft.after(acquire, release);
    draft.flows[ix].up_first.push((to, step));
    draft.flows[ix].up_last.push((to, acquire));
}

//! Are the steps safe in every order that they allow?

use super::{is_left_alone, is_there, known, state};
use crate::plan::{Action, Plan, Step};
use crate::view::{State, View};
use model::desired::{AnyOf, ClusterSpec, GroupSpec};
use model::{NodeName, ResourceName};
use std::collections::BTreeSet;

pub(super) fn check(spec: &ClusterSpec, view: &View, plan: &Plan, faults: &mut Vec<String>) {
    let mut earlier: Vec<BTreeSet<usize>> = Vec::new();
    for (place, step) in plan.steps.iter().enumerate() {
        if step.id != place || step.after.iter().any(|first| *first >= place) {
            faults.push(format!("step {} is out of order", step.id));
            return;
        }
        let mut all: BTreeSet<usize> = step.after.iter().copied().collect();
        for first in &step.after {
            all.extend(&earlier[*first]);
        }
        earlier.push(all);
    }
    for step in &plan.steps {
        let Some(group) = spec.group(&step.group) else {
            faults.push(format!("step {} is about {}, which is no group", step.id, step.group));
            continue;
        };
        let before: Vec<&Step> = earlier[step.id].iter().map(|id| &plan.steps[*id]).collect();
        let mut fault = |what: &str| {
            let resource = step.resource.as_ref().map(ToString::to_string).unwrap_or_default();
            faults.push(format!(
                "step {} ({} {} {resource} on {}): {what}",
                step.id, step.action, step.group, step.node
            ));
        };
        if is_left_alone(spec, view, group) {
            fault("the group is to be left alone");
        }
        let there = |node: &NodeName| {
            use crate::view::Standing::{Down, Isolated, Joining};
            let node = view.nodes.iter().find(|one| one.name == *node);
            node.is_some_and(|node| !matches!(node.standing, Down | Isolated | Joining))
        };
        if !there(&step.node) {
            fault("the node is not there");
        }
        match step.action {
            Action::Start => {
                start(view, group, step, &before, plan, &mut fault);
                company(spec, view, step, &before, &mut fault);
            }
            Action::Stop => stop(view, group, step, &before, &mut fault),
            Action::Acquire => acquire(view, group, step, &before, &mut fault),
            Action::Promote => {
                promote(view, group, step, &before, &mut fault);
                company(spec, view, step, &before, &mut fault);
            }
            Action::Migrate => company(spec, view, step, &before, &mut fault),
            Action::Release | Action::Demote | Action::Probe => {}
        }
    }
}

fn is(
    step: &Step,
    action: Action,
    group: &GroupSpec,
    node: &NodeName,
    resource: Option<&ResourceName>,
) -> bool {
    step.action == action
        && step.group == group.name
        && step.node == *node
        && (resource.is_none() || step.resource.as_ref() == resource)
}

/// Whether a resource is surely not up on a node after a step: it is stopped, or it is found out whether it runs, and
/// whatever comes after that is planned anew if it does.
fn ends(step: &Step, group: &GroupSpec, node: &NodeName, resource: &ResourceName, state: State) -> bool {
    let found_out = state == State::Unknown && is(step, Action::Probe, group, node, Some(resource));
    found_out || is(step, Action::Stop, group, node, Some(resource))
}

/// What a resource needs is up before it; the node has the group; nobody else has anything of it.
fn start(
    view: &View,
    group: &GroupSpec,
    step: &Step,
    before: &[&Step],
    plan: &Plan,
    fault: &mut impl FnMut(&str),
) {
    let known = known(view, &group.name);
    let Some(resource) = group.resources.iter().find(|one| Some(&one.name) == step.resource.as_ref()) else {
        return fault("there is no such resource");
    };
    let stopped = |name: &ResourceName| {
        plan.steps.iter().any(|one| is(one, Action::Stop, group, &step.node, Some(name)))
    };
    for any in &resource.depends_on {
        let up = |name: &ResourceName| {
            before.iter().any(|one| is(one, Action::Start, group, &step.node, Some(name)))
                || (state(&known, &step.node, name).serves() && !stopped(name))
        };
        // A resource whose failures are ignored counts as up; an optional one may have been given up.
        let forgiven = |name: &ResourceName| {
            let one = group.resources.iter().find(|one| one.name == *name);
            one.is_none_or(|one| {
                let ignored = one.policy.on_fail == model::desired::OnFail::Ignore;
                one.policy.optional || one.policy.unmanaged || ignored
            })
        };
        if !any.names().iter().any(|name| up(name) || forgiven(name)) {
            fault(&format!("without {}", AnyOf::to_string(any)));
        }
    }
    let own = known.copies.iter().find(|copy| copy.node == step.node);
    let acquired = before.iter().any(|one| is(one, Action::Acquire, group, &step.node, None));
    if !acquired && !own.is_some_and(|copy| copy.owned) {
        fault("the node does not have the group");
    }
    if group.policy.clones.is_none() {
        for copy in known.copies.iter().filter(|copy| copy.node != step.node && is_there(view, copy)) {
            for (name, state) in copy.resources.iter().filter(|(_, state)| state.may_run()) {
                if !before.iter().any(|one| ends(one, group, &copy.node, name, *state)) {
                    fault(&format!("{name} may run on {} ({state:?})", copy.node));
                }
            }
        }
    }
}

/// Nobody is still there whom a group never shares a place with, or its primary, if that is what comes.
fn company(spec: &ClusterSpec, view: &View, step: &Step, before: &[&Step], fault: &mut impl FnMut(&str)) {
    let domain = |name: &NodeName| {
        let node = spec.nodes.iter().find(|node| node.name == *name);
        node.and_then(|node| node.failure_domain.as_ref())
    };
    let promoted = step.action == Action::Promote;
    let place = step.to.as_ref().unwrap_or(&step.node);
    for one in &spec.groups {
        for target in &one.policy.never_with {
            // Either of the two may say it; of a target's primary, only that one coming or being there counts.
            let other = match (one.name == step.group, target.group == step.group) {
                (true, false) if !promoted => &target.group,
                (false, true) if promoted == target.primary => &one.name,
                _ => continue,
            };
            let Some(other_spec) = spec.group(other).filter(|other| !is_left_alone(spec, view, other)) else {
                continue;
            };
            let by_domain = one.policy.apart_by == model::desired::Place::FailureDomain;
            let same = |node: &NodeName| {
                node == place || (by_domain && domain(node).is_some() && domain(node) == domain(place))
            };
            for copy in
                known(view, other).copies.iter().filter(|copy| same(&copy.node) && is_there(view, copy))
            {
                let only_primary = target.primary && target.group == *other;
                let goes = |resource: &ResourceName, state: State| {
                    let stops = |done: &&Step| {
                        ends(done, other_spec, &copy.node, resource, state)
                            || is(done, Action::Migrate, other_spec, &copy.node, Some(resource))
                    };
                    let demotes = |done: &&Step| is(done, Action::Demote, other_spec, &copy.node, None);
                    before.iter().any(|done| stops(done) || (only_primary && demotes(done)))
                };
                let runs = copy.resources.iter().filter(|(_, state)| state.may_run());
                for (name, _) in
                    runs.filter(|(name, state)| (!only_primary || copy.primary) && !goes(name, **state))
                {
                    fault(&format!("{other}/{name} may run on {}, and they are never together", copy.node));
                }
            }
        }
    }
}

/// What needs a resource is down before it.
fn stop(view: &View, group: &GroupSpec, step: &Step, before: &[&Step], fault: &mut impl FnMut(&str)) {
    let known = known(view, &group.name);
    let Some(name) = step.resource.as_ref() else { return fault("of nothing") };
    for one in &group.resources {
        let needs_it = one.depends_on.iter().any(|any| any.names() == std::slice::from_ref(name));
        let is = state(&known, &step.node, &one.name);
        if needs_it
            && is.may_run()
            && !before.iter().any(|other| ends(other, group, &step.node, &one.name, is))
        {
            fault(&format!("{} needs it and may run", one.name));
        }
    }
}

/// Nobody else has the group, or will have after his lease.
fn acquire(view: &View, group: &GroupSpec, step: &Step, before: &[&Step], fault: &mut impl FnMut(&str)) {
    if group.policy.clones.is_some() {
        return;
    }
    for copy in known(view, &group.name).copies {
        if copy.node == step.node || !copy.owned {
            continue;
        }
        let released = before.iter().any(|one| is(one, Action::Release, group, &copy.node, None));
        let taken = !is_there(view, &copy)
            && match copy.takeover {
                crate::view::Takeover::Now => true,
                crate::view::Takeover::At(at_ms) => {
                    at_ms <= view.now.unix_ms
                        || step.not_before_ms.is_some_and(|not_before| not_before >= at_ms)
                }
                crate::view::Takeover::Never(_) => false,
            };
        if !released && !taken {
            fault(&format!("{} has it", copy.node));
        }
    }
}

/// Another primary is one no more, where only so many may be.
fn promote(view: &View, group: &GroupSpec, step: &Step, before: &[&Step], fault: &mut impl FnMut(&str)) {
    let most = group.policy.clones.map_or(0, |clones| clones.primaries as usize);
    let still = known(view, &group.name).copies.into_iter().filter(|copy| {
        let demoted = before.iter().any(|one| is(one, Action::Demote, group, &copy.node, None));
        let gone = !is_there(view, copy) && !matches!(copy.takeover, crate::view::Takeover::Never(_));
        let is_any = copy.owned || copy.resources.values().any(|state| state.may_run());
        copy.primary && is_any && copy.node != step.node && !demoted && !gone
    });
    if still.count() >= most {
        fault("there are primaries enough");
    }
}
